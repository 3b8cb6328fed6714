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

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error(transparent)]
    Array(#[from] pmi_array::Error),
}

impl From<pmi_array::Error> for Error {
    fn from(error: pmi_array::Error) -> Self {
        Self(Box::new(error.into()))
    }
}
