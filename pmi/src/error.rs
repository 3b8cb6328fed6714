//! The one error type of the crate.

use std::fmt;
use std::path::{Path, PathBuf};

/// The result of a verb.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a verb, or setting up a world, failed.
///
/// The error is opaque: its text names what went wrong and what to do, the `is_*` methods tell the kinds apart,
/// and [`failures`](Error::failures) lists what each task that failed had to say.
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
    #[error("{verb} failed on {}", Failures(.failures))]
    Tasks { verb: &'static str, failures: Vec<Failure> },
    #[error("{verb}: the {what} cannot be sent between tasks: {cause}")]
    Wire { verb: &'static str, what: &'static str, cause: String },
    #[error("{0}")]
    Setup(String),
    #[error("{0}")]
    Misuse(String),
    #[error("{0}")]
    Handle(String),
    #[error("{}: {cause}", .path.display())]
    File { path: PathBuf, cause: std::io::Error },
}

/// What one task says of its failure.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    /// The task, by its rank.
    pub rank: usize,
    /// The message of the panic, or of the error.
    pub message: String,
    /// Where the panic was raised, as `file:line:column`.
    pub place: Option<String>,
}

impl Error {
    pub(crate) fn tasks(verb: &'static str, mut failures: Vec<Failure>) -> Self {
        failures.sort_by_key(|failure| failure.rank);
        Self(Box::new(Kind::Tasks { verb, failures }))
    }

    pub(crate) fn wire(verb: &'static str, what: &'static str, cause: impl fmt::Display) -> Self {
        Self(Box::new(Kind::Wire { verb, what, cause: cause.to_string() }))
    }

    pub(crate) fn setup(message: impl Into<String>) -> Self {
        Self(Box::new(Kind::Setup(message.into())))
    }

    pub(crate) fn misuse(message: impl Into<String>) -> Self {
        Self(Box::new(Kind::Misuse(message.into())))
    }

    pub(crate) fn handle(message: impl Into<String>) -> Self {
        Self(Box::new(Kind::Handle(message.into())))
    }

    pub(crate) fn file(path: &Path, cause: std::io::Error) -> Self {
        Self(Box::new(Kind::File { path: path.to_path_buf(), cause }))
    }

    /// Whether the function panicked, failed or could not run, on one task or more.
    pub fn is_task_failure(&self) -> bool {
        matches!(*self.0, Kind::Tasks { .. })
    }

    /// Whether an argument or a result could not be serialised or deserialised on the controller.
    pub fn is_wire(&self) -> bool {
        matches!(*self.0, Kind::Wire { .. })
    }

    /// Whether the world could not be set up.
    pub fn is_setup(&self) -> bool {
        matches!(*self.0, Kind::Setup(_))
    }

    /// Whether a verb was used where it cannot be: without a world, or inside a parallel function.
    pub fn is_misuse(&self) -> bool {
        matches!(*self.0, Kind::Misuse(_))
    }

    /// Whether a handle belongs to another world, or to one that has ended.
    pub fn is_handle(&self) -> bool {
        matches!(*self.0, Kind::Handle(_))
    }

    /// Whether a file could not be written.
    pub fn is_file(&self) -> bool {
        matches!(*self.0, Kind::File { .. })
    }

    /// What each task that failed reported, by rank; empty where no task failed.
    pub fn failures(&self) -> &[Failure] {
        match &*self.0 {
            Kind::Tasks { failures, .. } => failures,
            _ => &[],
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}: {}", self.rank, self.message)?;
        match &self.place {
            Some(place) => write!(f, " (at {place})"),
            None => Ok(()),
        }
    }
}

/// Failures as one text; tasks that say the same are named together.
struct Failures<'a>(&'a [Failure]);

impl fmt::Display for Failures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups: Vec<(&Failure, Vec<usize>)> = Vec::new();
        for failure in self.0 {
            let same = |(first, _): &&mut (&Failure, Vec<usize>)| {
                first.message == failure.message && first.place == failure.place
            };
            match groups.iter_mut().find(same) {
                Some((_, ranks)) => ranks.push(failure.rank),
                None => groups.push((failure, vec![failure.rank])),
            }
        }
        if groups.is_empty() {
            f.write_str("a task that did not say why")?;
        }
        for (n, (first, ranks)) in groups.iter().enumerate() {
            if n > 0 {
                f.write_str("; ")?;
            }
            match &ranks[..] {
                [_] => write!(f, "{first}")?,
                _ => {
                    let list = ranks.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
                    write!(f, "tasks {list}: {}", first.message)?;
                    if let Some(place) = &first.place {
                        write!(f, " (at {place})")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_that_say_the_same_are_named_together() {
        let failure = |rank, message: &str| Failure { rank, message: message.into(), place: None };
        let error = Error::tasks("call", vec![failure(2, "a"), failure(0, "a"), failure(1, "b")]);
        assert_eq!(error.to_string(), "call failed on tasks 0, 2: a; task 1: b");
        assert!(error.is_task_failure() && !error.is_misuse());
        assert_eq!(error.failures().len(), 3);
    }
}
