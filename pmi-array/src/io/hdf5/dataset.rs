//! Making datasets.

use super::attribute::H5Value;
use super::create::Recipe;
use super::file::{Mode, Opened};
use super::writer::H5Writer;
use crate::array::{DistArray, Shape, layout_of};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::io::progress::shown;
use crate::layout::Layout;
use ndarray::Dimension;
use pmi::Task;
use std::path::Path;

impl H5Writer {
    /// A dataset to be made. Slashes in its name stand for groups, which are made where they are missing.
    pub fn dataset(&self, name: &str) -> H5Dataset<'_> {
        H5Dataset { file: self, recipe: Recipe { name: name.into(), ..Recipe::default() } }
    }
}

/// A dataset to be made. From [`H5Writer::dataset`].
#[derive(Debug)]
#[must_use = "no dataset is made before create or zeros"]
pub struct H5Dataset<'a> {
    file: &'a H5Writer,
    recipe: Recipe,
}

impl<'a> H5Dataset<'a> {
    /// Divides the dataset into chunks of this shape. Otherwise it has some only where it must, of at most 1 MiB, which
    /// fit the rows of each task.
    pub fn chunk(mut self, chunk: impl AsRef<[usize]>) -> Self {
        self.recipe.chunk = Some(chunk.as_ref().to_vec());
        self
    }

    /// Compresses each chunk, from 0 (not at all) and 1 (fast) to 9 (small). Where one task writes for all, and arrays
    /// begin and end with a chunk, all threads compress.
    pub fn deflate(mut self, level: u8) -> Self {
        self.recipe.deflate = Some(level);
        self
    }

    /// Brings bytes of the same weight together in each chunk, which makes numbers easier to compress.
    pub fn shuffle(mut self) -> Self {
        self.recipe.shuffle = true;
        self
    }

    /// Lets axis 0 grow: see [`H5Writer::append`].
    pub fn unlimited(mut self) -> Self {
        self.recipe.unlimited = true;
        self
    }

    /// The names of the axes. Those named alike in one group have the same coordinates: the dataset of that name, which
    /// is made before those that use it with its own name for its one axis; where there is none the axis has no
    /// coordinates. These are HDF5's dimension scales as netCDF uses them: xarray opens the file labelled.
    pub fn dims<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.recipe.dims = names.into_iter().map(|name| name.as_ref().into()).collect();
        self
    }

    /// The attribute `units`.
    pub fn units(self, units: &str) -> Self {
        self.attribute("units", units)
    }

    /// An attribute.
    pub fn attribute(mut self, name: &str, value: impl Into<H5Value>) -> Self {
        self.recipe.attributes.push((name.into(), value.into()));
        self
    }

    /// Takes the place of a dataset of this name, which is there until the new one is complete, with its attributes and
    /// the names of its axes. HDF5 uses its room again only for what is written before the file is closed.
    pub fn replace(mut self) -> Self {
        self.recipe.replace = true;
        self
    }

    /// Makes the dataset and writes the array. It gets its name when it is complete.
    ///
    /// Pieces of the array in another layout travel to the tasks that write them, buffers of 20 MiB on each.
    ///
    /// # Errors
    /// Where there is something of this name, what was asked for makes no sense of the array, or the file cannot be
    /// written: then there is no such dataset, or the one that was to be replaced, and what else the file has is whole.
    ///
    /// # Panics
    /// Where the array is not one of the tasks that have the file open.
    #[track_caller]
    pub fn create<T: Element, D: Dimension + 'static>(self, array: &DistArray<T, D>) -> Result<()> {
        array.check_tasks();
        let (file, recipe) = self.checked(array.shape())?;
        let create = |task: &Task, file: &mut Opened, (recipe, array): (Recipe, DistArray<T, D>)| {
            recipe.create(task, file, array.layout(), Some(&*array.elements(task)))
        };
        shown(file.path(), array.nbytes() as u64, || file.on_tasks(create, (recipe, array.clone())))
    }

    /// Makes the dataset of this shape, all zeros: to be [written in part](H5Writer::write_slice), or with no index of
    /// axis 0, to be [appended to](H5Writer::append). How the shape is distributed tells what chunks fit.
    ///
    /// # Errors
    /// As [`create`](H5Dataset::create).
    ///
    /// # Panics
    /// Where the distribution does not fit the shape or the number of tasks.
    #[track_caller]
    pub fn zeros<T: Element, S: Shape>(self, shape: S) -> Result<()> {
        let layout = layout_of(shape);
        let (file, recipe) = self.checked(layout.shape())?;
        let create = |task: &Task, file: &mut Opened, (recipe, layout): (Recipe, Layout)| {
            recipe.create::<T>(task, file, &layout, None)
        };
        file.on_tasks(create, (recipe, layout))
    }

    fn checked(self, shape: &[usize]) -> Result<(&'a H5Writer, Recipe)> {
        let Self { file, mut recipe } = self;
        recipe.name = file.name(&recipe.name)?;
        match recipe.mistake(shape) {
            Some(mistake) => Err(Error::argument(mistake)),
            None => Ok((file, recipe)),
        }
    }
}

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// Writes the array as a dataset of an HDF5 file: of a new one, or of one that is there, whose other datasets stay.
    /// A dataset of this name is replaced. More of what HDF5 has: [`H5Writer`]. Example:
    /// [`load_hdf5`](DistArray::load_hdf5).
    ///
    /// # Errors
    /// As [`H5Writer::create`] and [`H5Dataset::create`].
    ///
    /// # Panics
    /// Where the array is not one of the tasks that verbs address.
    #[track_caller]
    pub fn save_hdf5(&self, path: impl AsRef<Path>, name: &str) -> Result<()> {
        let file = H5Writer::options().in_mode(Mode::Save, path.as_ref())?;
        let saved = file.dataset(name).replace().create(self);
        let closed = file.close();
        saved.and(closed)
    }
}
