//! Tables: text with commas.

mod read;
mod text;
mod write;

use super::load::layout_as;
use super::progress::shown;
use crate::array::{DistArray, Slab};
use crate::element::Real;
use crate::error::{Error, Result};
use crate::layout::{Axis, Distribution, Layout};
use ndarray::{Dimension, Ix1, Ix2};
use pmi::Task;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The dimensions that tables have: a column, or rows and columns.
pub trait Table: Dimension + sealed::Sealed + 'static {}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for Ix1 {}
impl sealed::Sealed for Ix2 {}
impl Table for Ix1 {}
impl Table for Ix2 {}

impl<T: Real, D: Table> DistArray<T, D> {
    /// Writes the array as a table, a line for each row; with one axis, for each element. Numbers are as short as can
    /// be read back exactly, and what is missing is `NaN`.
    ///
    /// Each task makes text of its rows, with all its threads, and writes it to its place in the one file: twice, since
    /// the lengths must be known, of which the tasks tell each other one number. They must see the same file system. An
    /// array in another layout is first brought into rows. The file replaces an older one, whose mode it gets,
    /// when it is complete; until then it is `path.partial`.
    ///
    /// ```
    /// use ndarray::Ix2;
    /// use pmi_array::DistArray;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("pmi-doc-{}.csv", std::process::id()));
    /// # pmi::with_tasks(3, || {
    /// let a = DistArray::from_fn((3, 2), |(i, j)| i as f64 / 2.0 + j as f64);
    /// a.save_csv_with_header(&path, &["time", "height"])?;
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), "time,height\n0.0,1.0\n0.5,1.5\n1.0,2.0\n");
    /// let (b, names) = DistArray::<f64, Ix2>::load_csv_with_header(&path)?;
    /// assert_eq!((b.gather()?, names), (a.gather()?, vec!["time".to_string(), "height".to_string()]));
    /// # Ok::<(), pmi_array::Error>(())
    /// # })?;
    /// # std::fs::remove_file(path)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where a task cannot write the file; the error names path and task. Where the array has rows but no columns.
    /// Where the calling thread does not control the array's world.
    ///
    /// # Panics
    /// Where the array is one of other tasks: those of a group, outside of its scope.
    #[track_caller]
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        self.save_table(path.as_ref(), &[])
    }

    /// As [`save_csv`](DistArray::save_csv), below a line of names.
    ///
    /// # Errors
    /// As [`save_csv`](DistArray::save_csv), and where there are not as many names as columns.
    ///
    /// # Panics
    /// As [`save_csv`](DistArray::save_csv).
    #[track_caller]
    pub fn save_csv_with_header(&self, path: impl AsRef<Path>, names: &[&str]) -> Result<()> {
        let columns = columns(self.shape());
        if names.len() != columns {
            let text = format!("{} names are not for {columns} columns: {names:?}", names.len());
            return Err(Error::argument(text));
        }
        self.save_table(path.as_ref(), names)
    }

    #[track_caller]
    fn save_table(&self, path: &Path, names: &[&str]) -> Result<()> {
        self.check_tasks();
        if columns(self.shape()) == 0 {
            return Err(Error::argument(format!("an array of shape {:?} has no columns to write", self.shape())));
        }
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let save = |task: &Task, (array, path, names): (Self, PathBuf, Vec<String>)| {
            write::write(task, &array.layout, &array.elements(task), &path, &names)
        };
        let args = (self.clone(), path.to_owned(), names);
        Ok(shown(path, self.nbytes() as u64, || pmi::first(save, args))??)
    }
}

/// How many cells a line has.
fn columns(shape: &[usize]) -> usize {
    shape.get(1).copied().unwrap_or(1)
}

impl<T: Real + FromStr, D: Table> DistArray<T, D> {
    /// The array of a table without a header, in the default layout: a row for each line, with one axis an element.
    /// Empty lines are none. Cells may be quoted; one that is empty is NaN, where `T` has it.
    ///
    /// All tasks read the file at the same time, as many bytes each, up to the end of a line, and make numbers of it,
    /// with all their threads: a cell with a line break is no number. They must see the same file system. Rows are then
    /// brought to the tasks that shall have them. What can be read only once, as a pipe, task 0 reads to its end.
    ///
    /// # Errors
    /// Where the file cannot be read, its length changes meanwhile, a cell is no `T`, or lines have not as many cells,
    /// with one axis one; the error names the path, the task, the line and the column. Where the calling thread
    /// controls no world.
    pub fn load_csv(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_table(path.as_ref(), false)?.0.in_layout(None)
    }

    /// As [`load_csv`](DistArray::load_csv), the elements distributed as given.
    ///
    /// # Errors
    /// As [`load_csv`](DistArray::load_csv).
    ///
    /// # Panics
    /// Where the distribution does not fit the table's shape or the number of tasks.
    #[track_caller]
    pub fn load_csv_as(path: impl AsRef<Path>, distribution: impl Into<Distribution>) -> Result<Self> {
        Self::load_table(path.as_ref(), false)?.0.in_layout(Some(distribution.into()))
    }

    /// As [`load_csv`](DistArray::load_csv), of a table whose first line has names: these, too.
    ///
    /// # Errors
    /// As [`load_csv`](DistArray::load_csv), and where there is no first line.
    pub fn load_csv_with_header(path: impl AsRef<Path>) -> Result<(Self, Vec<String>)> {
        let (array, names) = Self::load_table(path.as_ref(), true)?;
        Ok((array.in_layout(None)?, names))
    }

    /// As [`load_csv_with_header`](DistArray::load_csv_with_header), the elements distributed as given.
    ///
    /// # Errors
    /// As [`load_csv_with_header`](DistArray::load_csv_with_header).
    ///
    /// # Panics
    /// Where the distribution does not fit the table's shape or the number of tasks.
    #[track_caller]
    pub fn load_csv_with_header_as(
        path: impl AsRef<Path>,
        distribution: impl Into<Distribution>,
    ) -> Result<(Self, Vec<String>)> {
        let (array, names) = Self::load_table(path.as_ref(), true)?;
        Ok((array.in_layout(Some(distribution.into()))?, names))
    }

    /// The array as tasks have read it: in rows, as many as the bytes of each had.
    fn load_table(path: &Path, header: bool) -> Result<(Self, Vec<String>)> {
        let slab = pmi::create(|_: &Task, ()| Slab::<T, D>::absent(), ())?;
        let read = |task: &Task, (slab, path, header): (pmi::Handle<Slab<T, D>>, PathBuf, bool)| {
            let ndim = D::NDIM.unwrap_or(1);
            let table = read::read::<T>(task, &path, header, ndim)?;
            let layout = rows(&table.bounds, table.columns, ndim);
            *task.get_mut(&slab) = Slab::from_elements(&layout, task.rank(), table.elements);
            Ok::<_, super::failure::Failure>((table.bounds, table.columns, table.names))
        };
        // Nobody knows how long a pipe is.
        let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
        let args = (slab.clone(), path.to_owned(), header);
        let (bounds, columns, names) = shown(path, bytes, || pmi::first(read, args))??;
        let layout = rows(&bounds, columns, D::NDIM.unwrap_or(1));
        Ok((Self { slab, layout }, names))
    }

    #[track_caller]
    fn in_layout(self, distribution: Option<Distribution>) -> Result<Self> {
        let layout = layout_as(self.shape(), distribution)?;
        Ok(self.redistribute(layout))
    }
}

/// The layout of tasks that have the rows between these bounds.
fn rows(bounds: &[usize], columns: usize, ndim: usize) -> Layout {
    let (tasks, len) = (bounds.len() - 1, bounds[bounds.len() - 1]);
    let shape = &[len, columns][..ndim];
    let axes = &[Axis::Bounds(bounds.to_vec()), Axis::Whole][..ndim];
    Layout::with_axes(shape, axes, tasks)
}
