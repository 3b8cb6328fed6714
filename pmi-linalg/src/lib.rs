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
//! Names are those of `numpy.linalg`, `scipy.linalg` and LAPACK. Matrices are arrays of any layout, of real or complex numbers in single
//! or double precision; integers are promoted to `f64` where NumPy does that. Factorisations are objects:
//!
//! ```
//! use pmi_array::DistArray;
//! use pmi_linalg::lu;
//! # pmi::with_tasks(3, || {
//! let a = DistArray::from_array(&ndarray::array![[1, 2], [3, 4]]);
//! let factors = lu(&a)?;
//! let x = factors.solve(&DistArray::from_array(&ndarray::array![5.0, 11.0]))?;
//! println!("{:?}, determinant {}, condition {:.1}", x.gather()?, factors.det(), 1.0 / factors.rcond()?);
//! # Ok::<(), pmi_linalg::Error>(())
//! # }).unwrap()
//! ```
//!
//! | what | functions |
//! |---|---|
//! | products | [`matmul`], [`matvec`], [`batched_matmul`], [`multi_dot`], [`outer`], [`kron`], [`tensordot`], [`einsum`], [`matrix_power`]; vectors: [`Products::dot`](pmi_array::Products::dot) |
//! | factorisations | [`cholesky`], [`lu`](lu()), [`qr`](qr()), [`qr_pivoted`] |
//! | systems of equations | [`solve`], [`solve_with`] (refined, mixed precision), [`solve_triangular`], [`lstsq`], [`inv`], [`pinv`] |
//! | numbers of a matrix | [`det`], [`slogdet`], [`trace`], [`norm`](norm()), [`cond`], [`matrix_rank`], [`backward_error`] |
//!
//! Shapes that do not fit panic, as in the array crate; what lies in the numbers (a singular or indefinite matrix, elements that
//! are infinite or not a number) is an [`Error`].

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
pub use norm::{Norm, backward_error, cond, norm};
pub use numeric::Numeric;
pub use operand::{Matrix, Operand, Transpose};
pub use product::{
    Contracted, batched_matmul, einsum, kron, matmul, matrix_power, matvec, multi_dot, outer, tensordot, trace,
};
pub use qr::{LeastSquares, Qr, lstsq, matrix_rank, pinv, qr, qr_pivoted, qr_with};
pub use scalar::{Entry, Scalar};
pub use tiles::{Sides, Tuning};
pub use triangular::{Triangle, solve_triangular};
