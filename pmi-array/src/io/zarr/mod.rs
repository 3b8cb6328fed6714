//! Zarr arrays: folders whose files are the array's chunks. From the bottom up: the [folder](folder) that takes the
//! place of another, what a new array shall be like ([recipe](recipe)), and an array as a task has it [open](store).

mod folder;
mod recipe;
mod store;

use super::failure::{Failure, agree};
use super::load::load_as;
use super::pieces::{PIECE, read_pieces, write_pieces};
use super::progress::shown;
use super::unfinished::Unfinished;
use crate::array::DistArray;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::layout::{Distribution, Layout};
use folder::FOLDER;
use ndarray::Dimension;
use pmi::Task;
use recipe::{Compression, Recipe};
use serde_json::Value;
use std::ops::Range;
use std::path::{Path, PathBuf};
use store::{Found, Store};

/// How an array becomes a Zarr array: from [`DistArray::zarr`]. Nothing happens until it is saved.
#[derive(Debug, Clone)]
#[must_use = "a Zarr array is to be saved"]
pub struct Zarr<T: Element, D: Dimension + 'static> {
    array: DistArray<T, D>,
    recipe: Recipe,
}

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// The array as one to be saved in the Zarr format, version 3. Unless told otherwise, its chunks have at most 1
    /// MiB, fit the rows of each task and are not compressed.
    ///
    /// ```
    /// use ndarray::Ix2;
    /// use pmi_array::{Axis, DistArray};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("pmi-doc-{}.zarr", std::process::id()));
    /// # pmi::with_tasks(3, || {
    /// let a = DistArray::from_fn((40, 50), |(i, j)| (10 * i + j) as f64);
    /// a.zarr().chunk([10, 50]).zstd(3).dims(["y", "x"]).attribute("units", "K").save(&path)?;
    /// let b = DistArray::<f64, Ix2>::load_zarr_as(&path, [Axis::Whole, Axis::Cyclic])?;
    /// assert_eq!(b.gather()?, a.gather()?);
    /// # Ok::<(), pmi_array::Error>(())
    /// # })?;
    /// # std::fs::remove_dir_all(path)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn zarr(&self) -> Zarr<T, D> {
        Zarr { array: self.clone(), recipe: Recipe::default() }
    }

    /// Writes the array as a Zarr array: see [`zarr`](DistArray::zarr) for more, and [`Zarr::save`] for what it takes.
    ///
    /// # Errors
    /// As [`Zarr::save`].
    ///
    /// # Panics
    /// As [`Zarr::save`].
    #[track_caller]
    pub fn save_zarr(&self, path: impl AsRef<Path>) -> Result<()> {
        self.zarr().save(path)
    }

    /// The Zarr array in the folder at `path`, in the default layout. An array in a group is a folder in the group's.
    ///
    /// The array may have any chunks, also in shards, any fill value, and numbers of either byte order or transposed;
    /// they may be compressed by gzip or Zstandard, with checksums. Version 3 of the format is read. Task 0 reads
    /// `zarr.json`; then all tasks read chunks at the same time, decoding them with all their threads: they must see
    /// the same file system. Where [the layout is in rows](crate::Layout::is_in_rows) and no task's rows divide a
    /// chunk, each task reads its own; otherwise no chunk is read twice, and elements are sent to where they belong.
    /// Beside the array a task needs 36 MiB, or three chunks where that is more.
    ///
    /// The number of axes can be open: `DistArray::<f64, IxDyn>::load_zarr(path)`. The type of the elements cannot:
    /// load them as what they are, and convert them by [`astype`](crate::Compare::astype).
    ///
    /// # Errors
    /// Where the array cannot be read, is damaged, or has other elements than `T` or another number of axes than `D`;
    /// the error names the path, the chunk, the task, and what is wrong. Where the calling thread controls no world.
    pub fn load_zarr(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_zarr_in(path.as_ref(), None)
    }

    /// As [`load_zarr`](DistArray::load_zarr), the elements distributed as given: an [`Axis`](crate::Axis) for each
    /// axis, perhaps with the grid of tasks, or the [`Layout`] of another array.
    ///
    /// # Errors
    /// As [`load_zarr`](DistArray::load_zarr).
    ///
    /// # Panics
    /// Where the distribution does not fit the shape of the array or the number of tasks.
    #[track_caller]
    pub fn load_zarr_as(path: impl AsRef<Path>, distribution: impl Into<Distribution>) -> Result<Self> {
        Self::load_zarr_in(path.as_ref(), Some(distribution.into()))
    }

    #[track_caller]
    fn load_zarr_in(path: &Path, distribution: Option<Distribution>) -> Result<Self> {
        let look = |task: &Task, path: &Path| {
            let found = Found::look::<T>(task, path, D::NDIM)?;
            Ok((found.shape.clone(), found))
        };
        load_as(path, distribution, look, read)
    }
}

impl<T: Element, D: Dimension + 'static> Zarr<T, D> {
    /// Chunks of this shape.
    pub fn chunk(mut self, chunk: impl AsRef<[usize]>) -> Self {
        self.recipe.chunk = Some(chunk.as_ref().to_vec());
        self
    }

    /// Compresses each chunk by gzip, from 0 (not at all) and 1 (fast) to 9 (small).
    pub fn gzip(mut self, level: u32) -> Self {
        self.recipe.compression = Some(Compression::Gzip(level));
        self
    }

    /// Compresses each chunk by Zstandard, from -7 and 1 (fast) to 22 (small); 0 is its default, 3.
    pub fn zstd(mut self, level: i32) -> Self {
        self.recipe.compression = Some(Compression::Zstd(level));
        self
    }

    /// The names of the axes, which xarray takes for its dimensions.
    pub fn dims<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.recipe.dims = names.into_iter().map(|name| name.as_ref().into()).collect();
        self
    }

    /// An attribute: a text, a number, a `bool`, a vector of these, or any other value of JSON, which knows no NaN.
    pub fn attribute(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.recipe.attributes.insert(name.into(), value.into());
        self
    }

    /// Writes the array into the folder at `path`.
    ///
    /// All tasks write at the same time, each its own chunks, which all its threads encode: they must see the same file
    /// system. Where [the layout is in rows](crate::Layout::is_in_rows), as it is by default, and no task's rows divide
    /// a chunk, nothing is sent; otherwise elements are brought to the tasks that write their chunks, piece by piece,
    /// in buffers of up to 20 MiB a task, or of a chunk where that is more. Chunks of zeros alone are left out, as the
    /// format allows.
    ///
    /// A folder with another Zarr array is replaced when the new one is complete; until then, and after a failure, that
    /// is as it was. No other folder or file is replaced. The new one is `path.partial` beside it until then. Where the
    /// file system cannot exchange two names (NFS), there is for a moment no array at `path`, and the old one is
    /// `path.partial.old`; if the program is killed in that moment, the next save brings it back. Bytes are on their way
    /// to the disk when this returns, as after any write.
    ///
    /// # Errors
    /// Where a task cannot write; the error names the path, the chunk and the task. Where what was asked for makes no
    /// sense of the array, or there is something else at `path`. Where the calling thread does not control the array's
    /// world.
    ///
    /// # Panics
    /// Where the array is one of other tasks: those of a group, outside of its scope.
    #[track_caller]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let Self { array, recipe } = self;
        array.check_tasks();
        if let Some(mistake) = recipe.mistake(array.shape()) {
            return Err(Error::argument(mistake));
        }
        let chunk = recipe.chunk::<T>(array.layout());
        let metadata = recipe.metadata::<T>(array.shape(), &chunk);
        let save = |task: &Task, (array, path, new): (DistArray<T, D>, PathBuf, (String, Vec<usize>))| {
            write(task, &array.layout, &array.elements(task), &path, new)
        };
        let args = (array.clone(), path.as_ref().to_owned(), (metadata, chunk));
        Ok(shown(path.as_ref(), array.nbytes() as u64, || pmi::first(save, args))??)
    }
}

/// This task's part of writing an array.
fn write<T: Element>(
    task: &Task,
    layout: &Layout,
    slab: &[T],
    path: &Path,
    (metadata, chunk): (String, Vec<usize>),
) -> Result<(), Failure> {
    let (new, folder) = Unfinished::create_on_first(task, &FOLDER, path)?;
    let store = agree(task, Store::open(task, path, &folder, &metadata))?;
    let piece = |ranges: &[Range<usize>], elements: &[T::Bits]| {
        if elements.is_empty() {
            return Ok(());
        }
        store.write(&chunk, ranges, size_of::<T>(), bytemuck::cast_slice(elements))
    };
    agree(task, write_pieces(task, layout, slab, &chunk, PIECE, piece))?;
    let Some(new) = new else { return Ok(()) };
    store.write_metadata(&metadata)?;
    new.finish().map_err(|cause| Failure::file(task, path, &cause))
}

/// This task's elements.
fn read<T: Element>(task: &Task, layout: &Layout, (path, found): (PathBuf, Found)) -> Result<Vec<T>, Failure> {
    let store = agree(task, Store::open(task, &path, &path, &found.metadata))?;
    read_pieces(task, layout, &found.grain, PIECE, |ranges: &[Range<usize>], elements: &mut [T::Bits]| {
        if elements.is_empty() {
            return Ok(());
        }
        store.read(ranges, bytemuck::cast_slice_mut(elements))
    })
}
