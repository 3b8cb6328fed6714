//! Checkpoints: a program's state in a file, to go on from it.

mod blocks;
mod format;
mod array;
mod nothing;
mod state;
mod file;
mod series;

pub use series::Checkpoints;

use crate::error::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Writes a state to a file, for [`restore`]: any value that serde can serialise, with distributed arrays anywhere in
/// it.
///
/// ```
/// use ndarray::{Ix1, Ix2};
/// use pmi_array::{Axis, DistArray, Reduce, Shape, checkpoint, restore};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct State {
///     step: usize,
///     field: DistArray<f64, Ix2>,
///     particles: Vec<DistArray<f32, Ix1>>,
/// }
///
/// # let path = std::env::temp_dir().join(format!("pmi-doc-checkpoint-{}", std::process::id()));
/// # pmi::with_tasks(3, || {
/// let field = DistArray::from_fn((4, 5).distributed([Axis::Block, Axis::Cyclic]), |(i, j)| (i * j) as f64);
/// let state = State { step: 17, field, particles: vec![DistArray::ones(6), DistArray::ones(2)] };
/// checkpoint(&path, &state)?;
/// # Ok::<(), pmi_array::Error>(())
/// # }).unwrap();
///
/// # pmi::with_tasks(2, || {
/// // Another run, with another number of tasks.
/// let state: State = restore(&path)?;
/// assert_eq!((state.step, state.field.sum(), state.particles[0].sum()), (17, 60.0, 6.0));
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), pmi_array::Error>(())
/// # }).unwrap();
/// ```
///
/// The file replaces an older one in one step, when it is whole and on the disk: whatever happens at whatever moment,
/// `path` is one or the other. Until then it is `path.partial` beside it, which a program that was killed leaves, and
/// in which the next checkpoint begins. Where `path` is a link, what it names is replaced. [`Checkpoints`] keeps older
/// ones, too.
///
/// Each task writes its elements to their places in the file, which all hosts must share; arrays that are not in rows
/// are first brought into the order of the file, in rounds of 16 MiB a task. Arrays and values have checksums, which
/// cost little beside the file system: on two cores of an AMD EPYC (Zen 5) 512 MiB on 2 tasks are written at 2.0 GB/s
/// to a file system in memory, where bare writes and `fsync` by both tasks make 1.8, and at 1.4 to a disk (bare 0.6);
/// they are restored from memory at 7.9, where bare reads make 8.8. An array that is in the state twice is stored
/// twice, and restored as two.
///
/// Where it takes more than a second and standard error is a terminal, a bar there shows bytes, rate, and the time that
/// remains; a program with a display of its own uses [`pmi::with_progress`].
///
/// # Errors
/// Where the file cannot be written: the error names path, array and task. The older file is as it was, and the arrays
/// are. Where another program writes it at the same time. Also where the state has what cannot be stored: a
/// [`Handle`](pmi::Handle) of an object that is no array; a `Some(None)` or `Some(())`, which would come back as `None`;
/// values within more than 256 others.
pub fn checkpoint<S: Serialize + ?Sized>(path: impl AsRef<Path>, state: &S) -> Result<()> {
    file::write(path.as_ref(), state, 1)
}

/// The state that [`checkpoint`] wrote to a file, on any number of tasks.
///
/// Arrays lie as they did where there are as many tasks as there were. On others their axes are divided in the same
/// ways, on a near-square grid, where [`Bounds`](crate::Axis::Bounds), which are for so many parts, become
/// [`Block`](crate::Axis::Block). The file does not depend on how many tasks wrote it.
///
/// The values are in CBOR, which has the names of fields: the type may have other fields meanwhile, those that are new
/// with `#[serde(default)]`. Arrays of fields that are gone are not read.
///
/// The whole file is checked, but for arrays that are not read; each task reads the elements that it gets.
///
/// # Errors
/// Where the file cannot be read; [`is_damaged`](crate::Error::is_damaged) where it has been truncated or altered. The
/// error names path, the part of the file (an array by its field) and task. Where the type is not that of the state, an
/// error says what differs.
pub fn restore<S: DeserializeOwned>(path: impl AsRef<Path>) -> Result<S> {
    file::read(path.as_ref())
}
