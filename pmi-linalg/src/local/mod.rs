//! Kernels for the blocks that one task has.

mod gemm;
mod triangle;

pub(crate) use gemm::{Block, add_product};
pub use triangle::Triangle;
pub(crate) use triangle::{cholesky_in_place, solve_triangle};
