//! Products of arrays.

// Bottom-up.
mod indexing;
mod grid;
mod strided;
mod contract;
mod matmul;
mod matvec;
mod tensordot;
mod einsum;
mod kron;
mod chain;
mod trace;

#[cfg(test)]
mod tests;

pub use chain::{matrix_power, multi_dot};
pub use einsum::einsum;
pub use kron::kron;
pub use matmul::matmul;
pub use matvec::{matvec, outer};
pub use tensordot::{Contracted, batched_matmul, tensordot};
pub use trace::trace;
