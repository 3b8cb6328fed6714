//! Products of arrays.

// Bottom-up.
mod indexing;
mod grid;
mod strided;
mod contract;
mod matmul;

pub use matmul::matmul;
