//! Kernels for the blocks that one task has.

mod gemm;
mod triangle;
mod lu;
mod turn;

pub(crate) use gemm::{Block, add_product};
pub(crate) use lu::{BASE, Overflow, divide, largest, lu_in_place, subtract};
pub use triangle::Triangle;
pub(crate) use triangle::{cholesky_in_place, solve_triangle};
pub(crate) use turn::turn;
