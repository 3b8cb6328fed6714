//! Pictures of arrays.

mod frames;
mod scale;

use super::Colormap;
use super::progress::shown;
use crate::array::{DistArray, GRAIN};
use crate::element::Real;
use crate::error::{Error, Result};
use frames::Frames;
#[cfg(feature = "plot")]
pub(super) use frames::encode;
use ndarray::{Dimension, Ix2, Ix3};
use pmi::Task;
use rayon::prelude::*;
pub(super) use scale::{Palette, Scale};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The colour of a pixel that is not a number, unless told otherwise.
const NAN: [u8; 3] = [128, 128, 128];

/// How an array becomes a picture, or an animation: from [`DistArray::picture`]. Nothing happens until it is saved.
#[derive(Debug, Clone)]
#[must_use = "a picture is to be saved"]
pub struct Picture<T: Real, D: Dimension + 'static> {
    array: DistArray<T, D>,
    style: Style,
}

/// What the user says of colours.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Style {
    pub(super) map: Colormap,
    pub(super) range: Option<(f64, f64)>,
    pub(super) log: bool,
    pub(super) nan: [u8; 3],
}

impl Default for Style {
    fn default() -> Self {
        Self { map: Colormap::Viridis, range: None, log: false, nan: NAN }
    }
}

impl Style {
    /// Whether it has a meaning.
    pub(super) fn check(&self) -> Result<()> {
        self.range.map_or(Ok(()), |range| Scale::between(range, self.log).map(|_| ()))
    }

    /// The colours of an array of which this task has these elements. One reduction, unless the range is given.
    pub(super) fn palette<T: Real>(&self, task: &Task, elements: &[T]) -> Palette {
        let scale = match self.range {
            Some((min, max)) => Scale { min, max, log: self.log },
            None => Scale::of(task, elements, self.log),
        };
        self.with_scale(scale)
    }

    pub(super) fn with_scale(&self, scale: Scale) -> Palette {
        Palette { table: self.map.table(), nan: self.nan, scale }
    }
}

/// Pixels of these colours.
pub(super) fn pixels<T: Real>(task: &Task, elements: &[T], palette: &Palette) -> Vec<u8> {
    let color = |x: &T| palette.color(x.to_f64());
    let pixels: Vec<[u8; 3]> = task.install(|| elements.par_iter().with_min_len(GRAIN).map(color).collect());
    pixels.into_flattened()
}

impl<T: Real, D: Dimension + 'static> DistArray<T, D> {
    /// The array as a picture, row 0 on top, a pixel an element; with three axes as an animation, its pictures along
    /// axis 0.
    ///
    /// Unless told otherwise, colours are of [`Colormap::Viridis`], from the smallest finite element to the largest,
    /// and NaNs are grey. Where these two are one number, every number has the first colour, as with Matplotlib.
    ///
    /// ```
    /// use pmi_array::{Colormap, DistArray};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("pmi-doc-{}.png", std::process::id()));
    /// # pmi::with_tasks(2, || {
    /// let a = DistArray::from_fn((40, 60), |(i, j)| ((i + 1) * (j + 1)) as f64);
    /// a.picture().colormap(Colormap::Magma).range(1.0, 1000.0).log().nan_color([255, 0, 0]).save(&path)?;
    /// let moving = DistArray::from_fn((5, 40, 60), |(t, i, j)| (i + t * j) as f32);
    /// moving.picture().save_animation(&path, 25.0)?;
    /// # Ok::<(), pmi_array::Error>(())
    /// # })?;
    /// # std::fs::remove_file(path)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn picture(&self) -> Picture<T, D> {
        Picture { array: self.clone(), style: Style::default() }
    }
}

impl<T: Real, D: Dimension + 'static> Picture<T, D> {
    /// Other colours: Matplotlib's `cmap`.
    pub fn colormap(mut self, map: Colormap) -> Self {
        self.style.map = map;
        self
    }

    /// The numbers that have the first and the last colour, and what is beyond them, too: Matplotlib's `vmin` and
    /// `vmax`. Where they are one number, every number has the first colour.
    pub fn range(mut self, min: f64, max: f64) -> Self {
        self.style.range = Some((min, max));
        self
    }

    /// Colours go with the logarithm of the numbers: Matplotlib's `LogNorm`. What is not above 0 is coloured as a NaN.
    pub fn log(mut self) -> Self {
        self.style.log = true;
        self
    }

    /// The colour, as red, green and blue, of what has no place on the scale: NaNs.
    pub fn nan_color(mut self, color: [u8; 3]) -> Self {
        self.style.nan = color;
        self
    }

    #[track_caller]
    fn write(&self, path: &Path, frames: Frames) -> Result<()> {
        self.array.check_tasks();
        self.style.check()?;
        let save = |task: &Task, (array, path, frames, style): (DistArray<T, D>, PathBuf, Frames, Style)| {
            frames::write(task, &path, &array, frames, 3, |elements| {
                let palette = style.palette(task, elements);
                move |elements: &[T]| pixels(task, elements, &palette)
            })
        };
        let args = (self.array.clone(), path.to_owned(), frames, self.style);
        Ok(shown(path, frames.bytes(), || pmi::first(save, args))??)
    }
}

impl<T: Real> Picture<T, Ix2> {
    /// Writes it as a PNG file.
    ///
    /// The tasks colour their rows; each sends three bytes a pixel to task 0, which writes the file. An array in
    /// another layout is first brought into rows. Without a [`range`](Picture::range) the tasks agree on it, two
    /// numbers. The file replaces an older one, whose mode it gets, when it is complete; until then it is
    /// `path.partial`.
    ///
    /// # Errors
    /// Where the file cannot be written, the array has no elements, which no picture can have, or the range has no
    /// meaning; where the calling thread does not control the array's world.
    ///
    /// # Panics
    /// Where the array is one of other tasks: those of a group, outside of its scope.
    #[track_caller]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let shape = self.array.shape();
        self.write(path.as_ref(), Frames::single(shape[0], shape[1], shape)?)
    }
}

impl<T: Real> Picture<T, Ix3> {
    /// Writes it as an animated PNG, `rate` pictures a second, again and again. Programs that do not know animations
    /// show the first picture. All pictures have the same scale of colours.
    ///
    /// As [`save`](Picture::save), picture by picture: task 0 has one of them at a time.
    ///
    /// # Errors
    /// As [`save`](Picture::save), and where the rate is not between 0.02 and 1000.
    ///
    /// # Panics
    /// As [`save`](Picture::save).
    #[track_caller]
    pub fn save_animation(&self, path: impl AsRef<Path>, rate: f64) -> Result<()> {
        let shape = self.array.shape();
        self.write(path.as_ref(), Frames::animation(shape[0], shape[1], shape[2], rate, shape)?)
    }
}

impl<T: Real> DistArray<T, Ix2> {
    /// Writes the array as a PNG picture, row 0 on top, a pixel an element: the smallest number has the first colour of
    /// the map, the largest the last, a NaN is grey, and infinities are as the largest and smallest. See
    /// [`picture`](DistArray::picture) for more, and [`Picture::save`] for what it takes.
    ///
    /// ```no_run
    /// use pmi_array::{Colormap, DistArray};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let _pmi = pmi::setup()?;
    /// let picture = DistArray::mandelbrot((-2.0, -1.0), (1.0, 1.0), (900, 600), 200);
    /// picture.save_png("mandelbrot.png", Colormap::Inferno)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Picture::save`].
    ///
    /// # Panics
    /// As [`Picture::save`].
    #[track_caller]
    pub fn save_png(&self, path: impl AsRef<Path>, map: Colormap) -> Result<()> {
        self.picture().colormap(map).save(path)
    }
}

impl DistArray<u8, Ix3> {
    /// Writes a picture whose colours are the elements, red, green and blue along the last axis, as a PNG file: an
    /// array of shape (height, width, 3), row 0 on top. Otherwise as [`Picture::save`].
    ///
    /// # Errors
    /// As [`Picture::save`], and where the last axis has not three elements.
    ///
    /// # Panics
    /// As [`Picture::save`].
    #[track_caller]
    pub fn save_rgb(&self, path: impl AsRef<Path>) -> Result<()> {
        self.check_tasks();
        let shape = self.shape();
        if shape[2] != 3 {
            let text = format!("an array of shape {shape:?} has no colours: they are (height, width, 3)");
            return Err(Error::argument(text));
        }
        let frames = Frames::single(shape[0], shape[1], shape)?;
        let save = |task: &Task, (array, path, frames): (Self, PathBuf, Frames)| {
            frames::write(task, &path, &array, frames, 1, |_| |bytes: &[u8]| bytes.to_vec())
        };
        let args = (self.clone(), path.as_ref().to_owned(), frames);
        Ok(shown(path.as_ref(), frames.bytes(), || pmi::first(save, args))??)
    }
}
