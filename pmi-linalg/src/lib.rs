//! Distributed linear algebra on [`pmi_array::DistArray`].
//!
//! ```
//! use pmi_array::DistArray;
//! use pmi_linalg::{Transpose, matmul};
//! # pmi::with_tasks(3, || {
//! let a = DistArray::from_fn((4, 2), |(i, j)| (i + j) as f64);
//! let gram = matmul(a.t(), &a);
//! assert_eq!(gram.gather().unwrap(), ndarray::array![[14.0, 20.0], [20.0, 30.0]]);
//! # })
//! ```
//!
//! What is to come, with NumPy's and LAPACK's names: factorisations that are
//! objects to reuse (`cholesky`, `lu`, `qr`), solvers (`solve`, `lstsq`), `inv`, `det`, `norm`.

// Bottom-up: a module uses only those above it in this list.
mod error;
mod numeric;
mod scalar;
mod local;
#[cfg(test)]
mod measure;
mod operand;
mod tiles;
mod product;
mod triangular;
mod cholesky;
mod lu;
mod qr;
mod norm;

pub use cholesky::{Cholesky, cholesky, cholesky_with};
pub use error::{Error, Result};
pub use lu::{Lu, Narrow, Pivoting, Solution, SolveOptions, det, inv, lu, lu_with, slogdet, solve, solve_with};
pub use norm::{Norm, cond, norm};
pub use numeric::Numeric;
pub use operand::{Matrix, Operand, Transpose};
pub use product::{
    Contracted, batched_matmul, einsum, kron, matmul, matrix_power, matvec, multi_dot, outer, tensordot, trace,
};
pub use qr::{LeastSquares, Qr, lstsq, matrix_rank, pinv, qr, qr_pivoted, qr_with};
pub use scalar::{Entry, Scalar};
pub use tiles::{Sides, Tuning};
pub use triangular::{Triangle, solve_triangular};
