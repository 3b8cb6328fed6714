//! The error type of the crate.

use std::fmt;
use std::path::{Path, PathBuf};

/// The result of what can fail for reasons outside the program.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation on an array failed.
///
/// Programmer's mistakes (shapes that do not fit, a closure that panics) are panics, as in ndarray; this is for what
/// the environment does.
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
    Pmi(#[from] pmi::Error),
    #[error("{}: {cause}, on task {rank}", path.display())]
    File { path: PathBuf, rank: usize, cause: std::io::Error },
    #[error("{0}")]
    Argument(String),
    #[error(
        "gathering {bytes} bytes on the controller is beyond the limit of {limit}: reduce or slice the array first, or raise the limit with set_gather_limit"
    )]
    GatherLimit { bytes: usize, limit: usize },
}

impl From<pmi::Error> for Error {
    fn from(error: pmi::Error) -> Self {
        Self(Box::new(error.into()))
    }
}

impl Error {
    pub(crate) fn file_on(rank: usize, path: &Path, cause: std::io::Error) -> Self {
        Self(Box::new(Kind::File { path: path.to_owned(), rank, cause }))
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self(Box::new(Kind::Argument(message.into())))
    }

    pub(crate) fn gather_limit(bytes: usize, limit: usize) -> Self {
        Self(Box::new(Kind::GatherLimit { bytes, limit }))
    }

    /// Whether a file could not be written or read.
    pub fn is_file(&self) -> bool {
        matches!(*self.0, Kind::File { .. })
    }

    /// Whether an argument has no meaning.
    pub fn is_argument(&self) -> bool {
        matches!(*self.0, Kind::Argument(_))
    }

    /// Whether a gather would exceed its limit.
    pub fn is_gather_limit(&self) -> bool {
        matches!(*self.0, Kind::GatherLimit { .. })
    }
}
