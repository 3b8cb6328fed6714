//! Reading.

use super::attribute::{self, H5Value};
use super::file::{Mode, Opened, Options};
use super::info::Info;
use super::raw;
use super::transfer::Transfer;
use super::types::Kind;
use crate::array::DistArray;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::io::failure::{Failure, agree};
use crate::io::load::{bytes_of, layout_as, load};
use crate::layout::{Distribution, Layout};
use hdf5_metno::{Location, LocationType};
use ndarray::Dimension;
use pmi::{Argument, Code, Handle, Portable, Task};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};

/// An HDF5 file that is open for reading.
///
/// The controller has it; the tasks have the file open: all of them where HDF5 has MPI-IO, otherwise the first, which
/// reads for the others. It is closed when this is dropped.
///
/// ```no_run
/// use ndarray::{Ix1, Ix2};
/// use pmi_array::{Axis, H5Reader};
/// # pmi::with_tasks(2, || -> pmi_array::Result<()> {
/// let file = H5Reader::open("run.h5")?;
/// println!("{:?}, {:?}", file.names("/")?, file.shape("temperature")?);
/// let all = file.read::<f64, Ix2>("temperature")?;
/// let edge = file.select("temperature").slice(&[0..1, 0..100]).distributed([Axis::Whole, Axis::Block]);
/// let edge = edge.load::<f64, Ix2>()?;
/// let counts = file.select("counts").convert().load::<f64, Ix1>()?; // integers as f64
/// # Ok(())
/// # });
/// ```
#[derive(Debug)]
pub struct H5Reader {
    pub(super) file: Handle<Opened>,
    pub(super) path: PathBuf,
}

impl H5Reader {
    /// Opens a file that exists. All tasks take part.
    ///
    /// # Errors
    /// Where there is no such file, it cannot be read, is open elsewhere for writing, or is no HDF5 file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_as(path.as_ref(), Options::new(Mode::Read))
    }

    pub(super) fn open_as(path: &Path, options: Options) -> Result<Self> {
        // Serialised as a text.
        if path.to_str().is_none_or(|path| path.contains('\0')) {
            return Err(Error::argument(format!("{path:?} is no path of a file: it is not UTF-8, or has a NUL")));
        }
        let new = Self { file: pmi::create(|_: &Task, ()| Opened::default(), ())?, path: path.to_owned() };
        new.on_tasks(
            |task, file, (path, options): (PathBuf, Options)| file.open(task, path, &options),
            (path.to_owned(), options),
        )?;
        Ok(new)
    }

    /// Runs `f` on all tasks with their open files.
    pub(super) fn on_tasks<A, R, F>(&self, f: F, args: A) -> Result<R>
    where
        A: Argument,
        R: Serialize + DeserializeOwned,
        F: Fn(&Task, &mut Opened, A) -> Result<R, Failure> + Portable,
    {
        let run = |task: &Task, (file, f, args): (Handle<Opened>, Code<F>, A)| {
            (f.get())(task, &mut task.get_mut(&file), args)
        };
        Ok(pmi::first(run, (self.file.clone(), Code::new(f), args))??)
    }

    /// The path that the file was opened with.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn info(&self, name: &str) -> Result<Info> {
        self.on_tasks(|task, file, name: String| file.info(task, &name), self.name(name)?)
    }

    /// A dataset's name, checked.
    pub(super) fn name(&self, name: &str) -> Result<String> {
        let inside = name.strip_prefix('/').unwrap_or(name);
        let good = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
        if inside.split('/').all(good) {
            return Ok(inside.into());
        }
        Err(Error::argument(format!(
            "{name:?} is no name of a dataset: groups and dataset are divided by one slash each, and neither empty nor \
             \".\", \"..\" or with a NUL"
        )))
    }

    /// The shape of a dataset.
    ///
    /// # Errors
    /// Where there is no such dataset.
    pub fn shape(&self, name: &str) -> Result<Vec<usize>> {
        Ok(self.info(name)?.shape)
    }

    /// NumPy's name of the type of a dataset's elements, as `float64` or `bool`; HDF5's where arrays have none such.
    ///
    /// # Errors
    /// Where there is no such dataset.
    pub fn dtype(&self, name: &str) -> Result<String> {
        Ok(self.info(name)?.kind.to_string())
    }

    /// The names of what a group has: groups, datasets and others, in alphabetical order. `"/"` is the file's own
    /// group.
    ///
    /// # Errors
    /// Where there is no such group.
    pub fn names(&self, group: &str) -> Result<Vec<String>> {
        let list = |task: &Task, file: &mut Opened, group: String| {
            file.on_all(task, &group, |open| {
                let mut names = open.file.group(&group)?.member_names()?;
                names.sort_unstable();
                Ok(names)
            })
        };
        self.on_tasks(list, group.into())
    }

    /// The value of an attribute of a dataset or group; `"/"` is the file's own group.
    ///
    /// # Errors
    /// Where there is no such object or attribute, or its type is none that [`H5Value`] has.
    pub fn attribute(&self, of: &str, name: &str) -> Result<H5Value> {
        let read = |task: &Task, file: &mut Opened, (of, name): (String, String)| {
            file.on_all(task, &of, |open| attribute::read(&*object(open, &of)?, &name))
        };
        self.on_tasks(read, (of.into(), name.into()))
    }

    /// Reads a dataset, as `select(name).load()`: see [`select`](H5Reader::select).
    ///
    /// # Errors
    /// As [`load`](H5Selection::load).
    ///
    /// # Panics
    /// As [`load`](H5Selection::load).
    #[track_caller]
    pub fn read<T: Element, D: Dimension + 'static>(&self, name: &str) -> Result<DistArray<T, D>> {
        self.select(name).load()
    }

    /// Reads a box of a dataset, a range of indices along each axis, as `select(name).slice(ranges).load()`.
    ///
    /// # Errors
    /// As [`load`](H5Selection::load).
    ///
    /// # Panics
    /// As [`load`](H5Selection::load).
    #[track_caller]
    pub fn read_slice<T: Element, D: Dimension + 'static>(
        &self,
        name: &str,
        ranges: &[Range<usize>],
    ) -> Result<DistArray<T, D>> {
        self.select(name).slice(ranges).load()
    }

    /// What to read of a dataset, and how: all of it, unless more is said.
    pub fn select(&self, name: &str) -> H5Selection<'_> {
        H5Selection { file: self, name: name.into(), ranges: None, distribution: None, convert: false }
    }

    pub(super) fn close(&self) -> Result<()> {
        self.on_tasks(|task, file, ()| file.close(task), ())
    }

    fn error(&self, name: &str, text: impl std::fmt::Display) -> Error {
        Error::file_on(0, &self.path, None, io::Error::other(format!("\"{name}\": {text}")))
    }
}

impl Drop for H5Reader {
    /// Closes the file; nobody is told of errors.
    fn drop(&mut self) {
        let _ = self.close();
    }
}

/// A dataset or group.
pub(super) fn object(open: &mut super::file::Open, name: &str) -> raw::Result<Box<dyn Deref<Target = Location>>> {
    if name.trim_matches('/').is_empty() {
        return Ok(Box::new(open.file.group("/")?));
    }
    if open.file.loc_type_by_name(name)? == LocationType::Group {
        return Ok(Box::new(open.file.group(name)?));
    }
    struct Found(hdf5_metno::Dataset);
    impl Deref for Found {
        type Target = Location;
        fn deref(&self) -> &Location {
            &self.0
        }
    }
    Ok(Box::new(Found(open.file.dataset(name)?)))
}

/// What to read of a dataset. From [`H5Reader::select`].
#[derive(Debug)]
#[must_use = "nothing is read before load"]
pub struct H5Selection<'a> {
    file: &'a H5Reader,
    name: String,
    ranges: Option<Vec<Range<usize>>>,
    distribution: Option<Distribution>,
    convert: bool,
}

impl H5Selection<'_> {
    /// A box, a range of indices along each axis.
    pub fn slice(mut self, ranges: &[Range<usize>]) -> Self {
        self.ranges = Some(ranges.to_vec());
        self
    }

    /// How the array shall be distributed: as in [`Shape::distributed`](crate::Shape::distributed).
    pub fn distributed(mut self, distribution: impl Into<Distribution>) -> Self {
        self.distribution = Some(distribution.into());
        self
    }

    /// Converts numbers to the array's type: integers to floating-point numbers, and others of any length. What the
    /// type does not have becomes its nearest number, as HDF5 has it.
    pub fn convert(mut self) -> Self {
        self.convert = true;
        self
    }

    /// Reads it: an array whose elements have the type `T`, whatever the order of bytes in the file.
    ///
    /// The tasks read pieces in the order of the file, all together with MPI-IO, otherwise the first for all; what
    /// other tasks have in the array's layout is sent to them in rounds, buffers of 20 MiB on each task. Where each
    /// task has some rows, it reads them into their place.
    ///
    /// # Errors
    /// Where there is no such dataset, its elements are of another type and are not to be converted, it has another
    /// number of axes than `D`, the ranges are not in it, or it cannot be read.
    ///
    /// # Panics
    /// Where the distribution does not fit the shape or the number of tasks.
    #[track_caller]
    pub fn load<T: Element, D: Dimension + 'static>(self) -> Result<DistArray<T, D>> {
        let Self { file, name, ranges, distribution, convert } = self;
        let info = file.info(&name)?;
        let wanted = Kind::of::<T>();
        if info.kind != wanted {
            let remedy = match convert {
                _ if !info.kind.converts_to(&wanted) => "which cannot be converted",
                true => "",
                false => "read them as these, or ask for a conversion with select(name).convert()",
            };
            if !remedy.is_empty() {
                return Err(file.error(&name, format!("its elements are {}, not {wanted}: {remedy}", info.kind)));
            }
        }
        let shape = &info.shape;
        let ranges = ranges.unwrap_or_else(|| shape.iter().map(|len| 0..*len).collect());
        let inside = |(range, len): (&Range<usize>, &usize)| range.start <= range.end && range.end <= *len;
        if ranges.len() != shape.len() || !ranges.iter().zip(shape).all(inside) {
            return Err(file.error(&name, format!("{ranges:?} are no ranges in its shape {shape:?}")));
        }
        let shape: Vec<_> = ranges.iter().map(Range::len).collect();
        bytes_of::<T>(&shape, D::NDIM).map_err(|text| file.error(&name, text))?;
        let layout = layout_as(&shape, distribution)?;
        let origin: Vec<_> = ranges.iter().map(|range| range.start).collect();
        let read = |task: &Task, layout: &Layout, (file, name, origin): (Handle<Opened>, String, Vec<usize>)| {
            let opened = &mut task.get_mut(&file);
            opened.settle(task)?;
            let (info, kind) = (opened.info(task, &name)?, Kind::of::<T>());
            let dataset = opened.open.as_mut().map(|open| open.dataset(&name)).transpose();
            let access = dataset.and_then(|dataset| opened.access(&dataset, &kind));
            let access = agree(task, access.map_err(|cause| opened.failure(task, &name, cause)))?;
            let together = opened.is_together();
            let transfer = Transfer { task, info: &info, origin: &origin, access, together };
            transfer.read(layout).map_err(|cause| opened.failure(task, &name, cause))
        };
        load(&file.path, layout, read, (file.file.clone(), file.name(&name)?, origin))
    }
}

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// Reads a dataset of an HDF5 file, divided along axis 0. Other layouts, a part of it, or other types of numbers:
    /// [`H5Reader::select`].
    ///
    /// ```
    /// use ndarray::{Ix2, array};
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || -> pmi_array::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("pmi-load-hdf5-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("out.h5");
    /// DistArray::from_fn((2, 3), |(i, j)| (10 * i + j) as f64).save_hdf5(&path, "run/y")?;
    /// let y = DistArray::<f64, Ix2>::load_hdf5(&path, "run/y")?;
    /// assert_eq!(y.gather()?, array![[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]);
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok(())
    /// # }).unwrap()
    /// ```
    ///
    /// # Errors
    /// As [`H5Reader::open`] and [`H5Selection::load`].
    pub fn load_hdf5(path: impl AsRef<Path>, name: &str) -> Result<Self> {
        H5Reader::open(path)?.read(name)
    }
}
