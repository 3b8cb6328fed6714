//! Pictures.

use super::Colormap;
use super::unfinished::Unfinished;
use crate::array::{DistArray, GRAIN, expect};
use crate::element::Real;
use crate::error::{Error, Result};
use crate::expr::Expression;
use crate::reduce::Reduce;
use ndarray::Ix2;
use pmi::Task;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// The colour of a pixel that is not a number.
const NAN: [u8; 3] = [128, 128, 128];

/// The finite numbers between which the colours run.
#[derive(Serialize, Deserialize, Clone, Copy)]
struct Scale {
    min: f64,
    max: f64,
}

impl Scale {
    /// The step of the colour table for a number.
    fn step(&self, x: f64, steps: usize) -> usize {
        let span = self.max - self.min;
        let t = if span > 0.0 { ((x - self.min) / span).clamp(0.0, 1.0) } else { 0.0 };
        (t * (steps - 1) as f64).round() as usize
    }
}

impl<T: Real> DistArray<T, Ix2> {
    /// Writes the array as a PNG picture, row 0 on top, a pixel an element: the smallest number has the first colour of
    /// the map, the largest the last, a NaN is grey, and infinities are as the largest and smallest.
    ///
    /// The tasks colour their rows; each sends three bytes a pixel to the controller, which writes the file. An array in
    /// another layout is first brought into rows.
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
    /// Where the file cannot be written, or the array has no elements, which no picture can have.
    ///
    /// # Panics
    /// Where the calling thread does not control the array's world.
    #[track_caller]
    pub fn save_png(&self, path: impl AsRef<Path>, map: Colormap) -> Result<()> {
        let path = path.as_ref();
        let &[height, width] = self.shape() else { unreachable!("an Ix2 array has two axes") };
        let side = |len: usize| u32::try_from(len).ok().filter(|len| *len > 0);
        let (Some(width), Some(height)) = (side(width), side(height)) else {
            let shape = self.shape();
            return Err(Error::argument(format!(
                "an array of shape {shape:?} is no picture: PNG has 1 to 2^32 - 1 pixels a side"
            )));
        };
        // First of all, so that a wrong path costs no work; beside the file, so that a failure leaves an old one whole.
        let new = Unfinished::create(path).map_err(|cause| Error::file_on(0, path, cause))?;
        let scale = self.finite_range();
        let colors = |task: &Task, (array, scale, map): (Self, Scale, Colormap)| array.gather_colors(task, scale, map);
        let pixels = expect(pmi::first(colors, (self.in_rows(), scale, map)));
        encode(new.file(), width, height, &pixels)
            .and_then(|()| new.finish())
            .map_err(|cause| Error::file_on(0, path, cause))
    }

    /// The smallest and largest finite element; 0 and 0 where there is none.
    fn finite_range(&self) -> Scale {
        if self.is_empty() {
            return Scale { min: 0.0, max: 0.0 };
        }
        let min = self.map(|x| Some(x.to_f64()).filter(|x| x.is_finite()).unwrap_or(f64::INFINITY)).min();
        let max = self.map(|x| Some(x.to_f64()).filter(|x| x.is_finite()).unwrap_or(f64::NEG_INFINITY)).max();
        if min <= max { Scale { min, max } } else { Scale { min: 0.0, max: 0.0 } }
    }

    /// The colours of all pixels on task 0, none elsewhere.
    fn gather_colors(&self, task: &Task, scale: Scale, map: Colormap) -> Vec<u8> {
        let table = map.table();
        let values = &*self.elements(task);
        let color = |x: &T| match x.to_f64() {
            nan if nan.is_nan() => NAN,
            x => table[scale.step(x, table.len())],
        };
        let mine: Vec<[u8; 3]> = task.install(|| values.par_iter().with_min_len(GRAIN).map(color).collect());
        let mine = mine.into_flattened();
        if task.size() == 1 {
            return mine;
        }
        let counts: Vec<_> = (0..task.size()).map(|rank| 3 * self.layout.elements(rank).len()).collect();
        let mut all = vec![0; if task.rank() == 0 { 3 * self.len() } else { 0 }];
        let out = (task.rank() == 0).then_some((&mut all[..], &counts[..]));
        task.comm().gather_v_into(0, &mine, out);
        all
    }
}

fn encode(file: &File, width: u32, height: u32, pixels: &[u8]) -> std::io::Result<()> {
    let mut file = BufWriter::new(file);
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    file.flush()
}
