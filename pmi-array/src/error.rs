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
    #[error("{}: {}{cause}{}", path.display(), Before(part), On(*rank))]
    File { path: PathBuf, part: Option<String>, rank: Option<usize>, cause: std::io::Error },
    #[error("{}: {part}: {text}{}", path.display(), On(*rank))]
    Damaged { path: PathBuf, part: String, rank: Option<usize>, text: String },
    #[error("{0}")]
    Argument(String),
    #[error(
        "gathering {bytes} bytes on the controller is beyond the limit of {limit}: reduce or slice the array first, or raise the limit with set_gather_limit"
    )]
    GatherLimit { bytes: usize, limit: usize },
}

/// The part of a file, where it is known.
struct Before<'a>(&'a Option<String>);

impl fmt::Display for Before<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |part| write!(f, "{part}: "))
    }
}

/// The task that failed, where it is known.
struct On(Option<usize>);

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |rank| write!(f, ", on task {rank}"))
    }
}

impl From<pmi::Error> for Error {
    fn from(error: pmi::Error) -> Self {
        Self(Box::new(error.into()))
    }
}

impl Error {
    pub(crate) fn file(path: &Path, cause: impl Into<std::io::Error>) -> Self {
        Self(Box::new(Kind::File { path: path.to_owned(), part: None, rank: None, cause: cause.into() }))
    }

    pub(crate) fn file_on(rank: usize, path: &Path, part: Option<String>, cause: std::io::Error) -> Self {
        Self(Box::new(Kind::File { path: path.to_owned(), part, rank: Some(rank), cause }))
    }

    pub(crate) fn damaged(path: &Path, part: String, text: String, rank: Option<usize>) -> Self {
        Self(Box::new(Kind::Damaged { path: path.to_owned(), part, rank, text }))
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self(Box::new(Kind::Argument(message.into())))
    }

    pub(crate) fn gather_limit(bytes: usize, limit: usize) -> Self {
        Self(Box::new(Kind::GatherLimit { bytes, limit }))
    }

    /// Whether a file could not be written or read.
    pub fn is_file(&self) -> bool {
        matches!(*self.0, Kind::File { .. } | Kind::Damaged { .. })
    }

    /// Whether a file is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(&*self.0, Kind::File { cause, .. } if cause.kind() == std::io::ErrorKind::NotFound)
    }

    /// Whether a checkpoint, or the metadata or a chunk of a Zarr array, has been truncated or altered: what has checksums or
    /// can be decoded in one way only. An `.npy` file has neither; one that is cut short is an error that says so.
    pub fn is_damaged(&self) -> bool {
        matches!(*self.0, Kind::Damaged { .. })
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
