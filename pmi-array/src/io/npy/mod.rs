//! NumPy's files.

mod header;

use super::dtype::{Dtype, swap_bytes};
use super::failure::{Failure, again};
use super::load::{bytes_of, load_as};
use super::pieces::{PIECE, first_element, read_pieces, write_pieces};
use super::positioned::{read_at, write_at};
use super::progress::shown;
use super::turned::{read_turned, write_turned};
use super::unfinished::write_together;
use crate::array::DistArray;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::layout::{Distribution, Layout};
use header::{Header, corrupt};
use ndarray::Dimension;
use pmi::Task;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// Writes the array as an `.npy` file, which NumPy's `load` reads: version 1.0 of the format, in C order.
    ///
    /// All tasks write to the one file at the same time, each its own range of it, and nobody has more of the array
    /// than before: they must see the same file system. Where [the layout is in rows](crate::Layout::is_in_rows), as it
    /// is by default, each task writes its slab as it lies in memory; otherwise elements are brought into the order of
    /// the file piece by piece, in buffers of up to 20 MiB a task. The file replaces an older one, whose mode it gets,
    /// when it is complete; until then, and after a failure, the older one is as it was. The new one is `path.partial`
    /// meanwhile.
    ///
    /// Bytes are on their way to the disk when this returns, as after any write.
    ///
    /// ```
    /// use ndarray::Ix2;
    /// use pmi_array::{Axis, DistArray};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("pmi-doc-{}.npy", std::process::id()));
    /// # pmi::with_tasks(3, || {
    /// let a = DistArray::from_fn((4, 5), |(i, j)| (10 * i + j) as f64);
    /// a.save_npy(&path)?;
    /// let b = DistArray::<f64, Ix2>::load_npy_as(&path, [Axis::Whole, Axis::Cyclic])?;
    /// assert_eq!(b.gather()?, a.gather()?);
    /// # Ok::<(), pmi_array::Error>(())
    /// # })?;
    /// # std::fs::remove_file(path)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where a task cannot write the file; the error names the path and the task. Where the calling thread does not
    /// control the array's world.
    ///
    /// # Panics
    /// Where the array is one of other tasks: those of a group, outside of its scope.
    #[track_caller]
    pub fn save_npy(&self, path: impl AsRef<Path>) -> Result<()> {
        self.save_in_order(path.as_ref(), false)
    }

    /// As [`save_npy`](DistArray::save_npy), in Fortran's order (the first index runs fastest): NumPy's
    /// `fortran_order`. Elements are brought into this order piece by piece, whatever the layout, in buffers of up to
    /// 36 MiB a task.
    ///
    /// # Errors
    /// As [`save_npy`](DistArray::save_npy).
    ///
    /// # Panics
    /// As [`save_npy`](DistArray::save_npy).
    #[track_caller]
    pub fn save_npy_fortran_order(&self, path: impl AsRef<Path>) -> Result<()> {
        self.save_in_order(path.as_ref(), true)
    }

    #[track_caller]
    fn save_in_order(&self, path: &Path, fortran_order: bool) -> Result<()> {
        self.check_tasks();
        let save = |task: &Task, (array, path, fortran_order): (Self, PathBuf, bool)| {
            write(task, &array.layout, &array.elements(task), &path, fortran_order)
        };
        let args = (self.clone(), path.to_owned(), fortran_order);
        Ok(shown(path, self.nbytes() as u64, || pmi::first(save, args))??)
    }

    /// The array of an `.npy` file, in the default layout.
    ///
    /// The file may have any version from 1 to 3, C or Fortran order, and numbers of either byte order. Task 0 reads
    /// its header; then all tasks read the file at the same time, each its own ranges, with all its threads: they must
    /// see the same file system. Where the file is in C order and [the layout in rows](crate::Layout::is_in_rows) each
    /// task reads its slab and nothing else; otherwise the tasks read pieces, whose elements they send to where they
    /// belong, in buffers of up to 36 MiB a task.
    ///
    /// The number of axes can be open: `DistArray::<f64, IxDyn>::load_npy(path)`. The type of the elements cannot: load
    /// them as what they are, and convert them by [`astype`](crate::Compare::astype).
    ///
    /// # Errors
    /// Where the file cannot be read, is no whole `.npy` file, or its array has other elements than `T` or another
    /// number of axes than `D`; the error names the path, the task, and what is wrong. Where the calling thread
    /// controls no world.
    pub fn load_npy(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_in_layout(path.as_ref(), None)
    }

    /// As [`load_npy`](DistArray::load_npy), the elements distributed as given: an [`Axis`](crate::Axis) for each axis,
    /// perhaps with the grid of tasks, or the [`Layout`] of another array.
    ///
    /// # Errors
    /// As [`load_npy`](DistArray::load_npy).
    ///
    /// # Panics
    /// Where the distribution does not fit the shape of the file's array or the number of tasks.
    #[track_caller]
    pub fn load_npy_as(path: impl AsRef<Path>, distribution: impl Into<Distribution>) -> Result<Self> {
        Self::load_in_layout(path.as_ref(), Some(distribution.into()))
    }

    #[track_caller]
    fn load_in_layout(path: &Path, distribution: Option<Distribution>) -> Result<Self> {
        let look = |task: &Task, path: &Path| {
            let header = look::<T>(path, D::NDIM).map_err(|cause| Failure::file(task, path, &cause))?;
            Ok((header.shape.clone(), header))
        };
        load_as(path, distribution, look, read)
    }
}

/// NumPy's name of the type of the elements that an `.npy` file has, as `float64` or `bool`; the file's own code where
/// arrays have none such. The controller reads the header.
///
/// # Errors
/// Where the file cannot be read, or is no `.npy` file.
pub fn npy_dtype(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    let header = File::open(path).and_then(|file| Header::read(&file)).map_err(|cause| Error::file(path, cause))?;
    let code = header.descr.trim_start_matches(['<', '>', '=', '|']);
    Ok(Dtype::with_code(code).map_or(header.descr.clone(), |dtype| dtype.name.into()))
}

/// The header of a file, if its elements are all there and can be those of an array of `T` with so many axes.
fn look<T: Element>(path: &Path, ndim: Option<usize>) -> io::Result<Header> {
    let file = File::open(path)?;
    let header = Header::read(&file)?;
    header.swapped::<T>().map_err(corrupt)?;
    let bytes = bytes_of::<T>(&header.shape, ndim).map_err(corrupt)?;
    let (there, needed) = (file.metadata()?.len(), header.start + bytes as u64);
    if there < needed {
        return Err(corrupt(format!(
            "it is cut short: an array of shape {:?} takes {needed} bytes, and there are {there}",
            header.shape
        )));
    }
    Ok(header)
}

/// Where in the file the elements of a box of an array begin.
fn place_of<T>(start: u64, shape: &[usize], ranges: &[Range<usize>]) -> u64 {
    start + (first_element(shape, ranges) * size_of::<T>()) as u64
}

/// This task's part of writing an array.
fn write<T: Element>(
    task: &Task,
    layout: &Layout,
    slab: &[T],
    path: &Path,
    fortran_order: bool,
) -> Result<(), Failure> {
    let header = Header::bytes::<T>(layout.shape(), fortran_order);
    let start = header.len() as u64;
    let len = start + (layout.len() * size_of::<T>()) as u64;
    // Without a second axis both orders are one, and slabs can be written as they are.
    let turned = fortran_order && layout.shape().len() > 1;
    let mut shape = layout.shape().to_vec();
    if turned {
        shape.reverse();
    }
    write_together(task, path, len, |file| {
        let put = |at: u64, bytes: &[u8]| match file {
            Ok(file) if !bytes.is_empty() => write_at(file, at, bytes),
            Ok(_) => Ok(()),
            Err(cause) => Err(again(cause)),
        };
        let first = if task.rank() == 0 { put(0, &header) } else { Ok(()) };
        let piece = |ranges: &[Range<usize>], elements: &[T::Bits]| {
            put(place_of::<T>(start, &shape, ranges), bytemuck::cast_slice(elements))
        };
        let all = match turned {
            true => write_turned(task, layout, slab, piece),
            false => write_pieces(task, layout, slab, &vec![1; shape.len()], PIECE, piece),
        };
        first.and(all)
    })
}

/// This task's elements.
fn read<T: Element>(task: &Task, layout: &Layout, (path, header): (PathBuf, Header)) -> Result<Vec<T>, Failure> {
    let swapped = header.swapped::<T>().map_err(Failure::Argument)?;
    let file = File::open(&path);
    let turned = header.fortran_order && header.shape.len() > 1;
    let mut shape = header.shape;
    if turned {
        shape.reverse();
    }
    let piece = |ranges: &[Range<usize>], elements: &mut [T::Bits]| {
        let bytes = bytemuck::cast_slice_mut(elements);
        let file = file.as_ref().map_err(again)?;
        if !bytes.is_empty() {
            read_at(task, file, place_of::<T>(header.start, &shape, ranges), bytes)?;
        }
        if swapped {
            swap_bytes(bytes, Dtype::of::<T>().word);
        }
        Ok(())
    };
    let elements = match turned {
        true => read_turned(task, layout, piece),
        false => read_pieces(task, layout, &vec![1; shape.len()], PIECE, piece),
    };
    elements.map_err(|cause: io::Error| Failure::file(task, &path, &cause))
}
