//! Distributed linear algebra on [`pmi_array::DistArray`].
//!
//! What is to come, with NumPy's and LAPACK's names: products (`matmul`, `dot`, `outer`, `tensordot`), factorisations
//! that are objects to reuse (`cholesky`, `lu`, `qr`), solvers (`solve`, `lstsq`), `inv`, `det`, `norm`. So far there is
//! the error type that they share.

mod error;

pub use error::{Error, Result};
