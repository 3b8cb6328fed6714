//! The last few checkpoints of a program.

use super::file::{forget, names, read, write};
use crate::error::{Error, Result};
use crate::io::unfinished::followed;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::PathBuf;

/// The last few checkpoints of a program: `run.ckpt` is the newest, `run.ckpt.1` the one before, and so on.
///
/// ```
/// use ndarray::Ix1;
/// use pmi_array::{Checkpoints, DistArray, Math, Reduce};
///
/// # let path = std::env::temp_dir().join(format!("pmi-doc-checkpoints-{}", std::process::id()));
/// # pmi::with_tasks(2, || {
/// let checkpoints = Checkpoints::new(&path).keep(3);
/// // From the newest that is whole, or from the beginning.
/// let (mut step, mut x) = checkpoints.restore()?.unwrap_or_else(|| (0, DistArray::<f64, Ix1>::ones(1000)));
/// while step < 5 {
///     x = (&x * 2.0).eval();
///     step += 1;
///     checkpoints.save(&(step, &x))?;
/// }
/// # use pmi_array::Expression;
/// # let again: Option<(i32, DistArray<f64, Ix1>)> = checkpoints.restore()?;
/// # let again = again.unwrap();
/// # assert_eq!((again.0, again.1.max()), (5, 32.0));
/// # for end in ["", ".1", ".2"] { std::fs::remove_file(format!("{}{end}", path.display())).unwrap(); }
/// # Ok::<(), pmi_array::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Checkpoints {
    path: PathBuf,
    keep: usize,
}

impl Checkpoints {
    /// Those at this path; two of them, unless [`keep`](Checkpoints::keep) says otherwise.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), keep: 2 }
    }

    /// How many there are, at the most.
    ///
    /// # Panics
    /// Where it is 0.
    #[track_caller]
    pub fn keep(self, keep: usize) -> Self {
        assert!(keep > 0, "Checkpoints::keep(0) keeps nothing: 1 is the newest alone");
        Self { keep, ..self }
    }

    /// Writes a state as the newest, as [`checkpoint`](crate::checkpoint) does. When it is whole the others get their
    /// next names, and those that are too many go.
    ///
    /// # Errors
    /// As [`checkpoint`](crate::checkpoint): then the newest is as it was. Where what has the name of an older one is no
    /// checkpoint, before anything is written.
    pub fn save<S: Serialize + ?Sized>(&self, state: &S) -> Result<()> {
        let path = self.followed()?;
        write(&path, state, self.keep)?;
        forget(&path, self.keep);
        Ok(())
    }

    /// The newest state that is whole, as [`restore`](crate::restore) reads it; `None` where there is none at all, so
    /// that a program begins. Each that is damaged or cannot be read is told of on standard error.
    ///
    /// # Errors
    /// Where there are checkpoints and none can be read: what is wrong with the newest. Where one is whole, but not of
    /// this type.
    pub fn restore<S: DeserializeOwned>(&self) -> Result<Option<S>> {
        let mut newest: Option<Error> = None;
        for path in names(&self.followed()?, self.keep) {
            match read(&path) {
                Ok(state) => {
                    if let Some(error) = newest {
                        eprintln!("pmi: {error}; going back to {}", path.display());
                    }
                    return Ok(Some(state));
                }
                // A task that does not find what is there makes no beginning: that is an error.
                Err(error) if error.is_not_found() && !path.exists() => {}
                Err(error) if !error.is_file() => return Err(error),
                Err(error) => match &newest {
                    Some(_) => eprintln!("pmi: {error}"),
                    None => newest = Some(error),
                },
            }
        }
        newest.map_or(Ok(None), Err)
    }

    /// Where they are: where the path is a link, older ones are beside what it names.
    fn followed(&self) -> Result<PathBuf> {
        followed(&self.path).map_err(|cause| Error::file(&self.path, cause))
    }
}
