//! What tasks say of files that cannot be read or written.

use crate::error::Error;
use pmi::{Task, op};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong on a task, for the controller.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Failure {
    /// With a file, perhaps with this part of it.
    File { path: PathBuf, part: Option<String>, rank: usize, code: Option<i32>, text: String },
    /// What was read is not what was written.
    Damaged { path: PathBuf, part: String, rank: usize, text: String },
    /// With what the caller wants.
    Argument(String),
}

impl Failure {
    pub(crate) fn file(task: &Task, path: &Path, cause: &io::Error) -> Self {
        let (path, code, text) = (path.to_owned(), cause.raw_os_error(), cause.to_string());
        Self::File { path, part: None, rank: task.rank(), code, text }
    }

    /// The same, with this part of the file.
    pub(crate) fn in_part(self, name: &str) -> Self {
        match self {
            Self::File { path, rank, code, text, .. } => Self::File { path, part: Some(name.into()), rank, code, text },
            other => other,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::File { path, part, rank, code, text } => {
                let cause = code.map_or_else(|| io::Error::other(text), io::Error::from_raw_os_error);
                Self::file_on(rank, &path, part, cause)
            }
            Failure::Damaged { path, part, rank, text } => Self::damaged(&path, part, text, Some(rank)),
            Failure::Argument(text) => Self::argument(text),
        }
    }
}

/// The same cause again, for everything that it keeps from being done.
pub(super) fn again(cause: &io::Error) -> io::Error {
    cause.raw_os_error().map_or_else(|| io::Error::new(cause.kind(), cause.to_string()), io::Error::from_raw_os_error)
}

/// The failure of the first task that has one, on all tasks; otherwise this task's value. One reduction of a number,
/// and where there is a failure, a broadcast of it.
pub(crate) fn agree<R>(task: &Task, mine: Result<R, Failure>) -> Result<R, Failure> {
    let comm = task.comm();
    let failed = if mine.is_err() { task.rank() } else { usize::MAX };
    let first = comm.all_reduce(&[failed], op::MIN)[0];
    if first == usize::MAX {
        return mine;
    }
    Err(comm.broadcast_object(first, mine.err().filter(|_| first == task.rank())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tasks_hear_of_the_first_failure() {
        for tasks in [1, 2, 3, 7] {
            pmi::with_tasks(tasks, || {
                let one_fails = |task: &Task, rank: usize| {
                    let full = io::Error::from_raw_os_error(28);
                    let mine = if task.rank() >= rank {
                        Err(Failure::file(task, Path::new("some/file"), &full))
                    } else {
                        Ok(task.rank())
                    };
                    agree(task, mine).map_err(|failure| Error::from(failure).to_string())
                };
                for rank in 0..tasks {
                    let text = format!("some/file: No space left on device (os error 28), on task {rank}");
                    assert_eq!(pmi::invoke(one_fails, rank).unwrap(), vec![Err(text); tasks]);
                }
                assert_eq!(pmi::invoke(one_fails, tasks).unwrap(), (0..tasks).map(Ok).collect::<Vec<_>>());
            });
        }
    }
}
