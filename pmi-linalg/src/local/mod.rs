//! Kernels for the blocks that one task has.

mod gemm;

pub(crate) use gemm::{Block, add_product};
