//! Products of matrices.

mod grid;
mod matmul;

pub use matmul::matmul;
