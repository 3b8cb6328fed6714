//! The error type of the crate.

use std::fmt;

/// The result of what can fail for reasons that lie in the numbers, or outside the program.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation of linear algebra failed.
///
/// Shapes that do not fit are programmer's mistakes and panic; this is for what only the computation finds out.
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Kind>);

impl fmt::Debug for Error {
    /// The text: a `main` that returns the error prints this form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// Whether a matrix was singular: a pivot was zero, or too small to be divided by.
    pub fn is_singular(&self) -> bool {
        matches!(*self.0, Kind::Singular { .. } | Kind::ZeroDiagonal { .. })
    }

    /// Whether a matrix was not positive definite.
    pub fn is_indefinite(&self) -> bool {
        matches!(*self.0, Kind::Indefinite { .. })
    }

    /// Whether there were numbers that are infinite, or not a number, in a matrix, or became so.
    pub fn is_not_finite(&self) -> bool {
        matches!(*self.0, Kind::NotFinite { .. } | Kind::Overflow { .. })
    }
}

impl Error {
    /// Whether other numbers would have gone well: no task has failed.
    pub(crate) fn lies_in_the_numbers(&self) -> bool {
        !matches!(*self.0, Kind::Array(_) | Kind::Call(_))
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error(transparent)]
    Array(#[from] pmi_array::Error),
    #[error(transparent)]
    Call(#[from] pmi::Error),
    #[error(
        "{what}: {count} elements of the matrix are infinite or not a number, the first of them at [{row}, {column}]: replace \
         or remove them"
    )]
    NotFinite { what: &'static str, count: usize, row: usize, column: usize },
    #[error(
        "cholesky: the matrix is not positive definite: its leading {minor} x {minor} minor is not positive; use lu, or add \
         to the diagonal"
    )]
    Indefinite { minor: usize },
    #[error(
        "{what}: numbers grow beyond the range of their type in column {column}: divide the matrix by its largest element, or \
         use a wider type"
    )]
    Overflow { what: &'static str, column: usize },
    #[error("solve_triangular: the matrix is singular: its diagonal element [{row}, {row}] is zero")]
    ZeroDiagonal { row: usize },
    #[error(
        "{what}: the matrix is singular: pivot number {minor} is zero (the first {minor} columns depend on each \
         other); lstsq solves such systems"
    )]
    Singular { what: &'static str, minor: usize },
}

impl<K: Into<Kind>> From<K> for Error {
    fn from(kind: K) -> Self {
        Self(Box::new(kind.into()))
    }
}
