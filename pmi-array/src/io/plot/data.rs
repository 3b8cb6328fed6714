//! What a figure shows of arrays.

use super::super::picture::{Palette, Style};
use crate::array::{BUDGET, DistArray};
use crate::element::Real;
use crate::error::{Error, Result};
use crate::exchange::fetch;
use crate::layout::{Indices, Part};
use ndarray::{Ix1, Ix2};
use pmi::{Packed, Task};

/// A line or points.
pub(super) struct Layer {
    pub(super) x: DistArray<f64, Ix1>,
    pub(super) y: DistArray<f64, Ix1>,
    pub(super) label: String,
    /// Whether its points are not joined.
    pub(super) points: bool,
}

impl Layer {
    pub(super) fn points(&self) -> Result<Vec<(f64, f64)>> {
        Ok(self.x.to_vec()?.into_iter().zip(self.y.to_vec()?).collect())
    }
}

/// An array of any type as an image.
pub(super) trait Source {
    /// As much of it as is seen on so many pixels.
    fn image(&self, style: Style, size: (u32, u32)) -> Result<Image>;
}

/// The elements of an array that are seen.
pub(super) struct Image {
    /// The shape of the array.
    shape: [usize; 2],
    /// How far the elements that are seen are apart, and how many there are, along each axis.
    step: [usize; 2],
    count: [usize; 2],
    elements: Vec<f64>,
    pub(super) palette: Palette,
}

impl Image {
    /// Left, right, bottom and top where the axes count elements: the middle of an element has its number.
    pub(super) fn edges(&self) -> [f64; 4] {
        let [height, width] = self.shape.map(|len| len as f64);
        [-0.5, width - 0.5, height - 0.5, -0.5]
    }

    /// Height over width.
    pub(super) fn aspect(&self) -> f64 {
        self.shape[0] as f64 / self.shape[1] as f64
    }

    /// The colour at a place: from 0 to 1 down from the top, and from the left.
    pub(super) fn color(&self, down: f64, right: f64) -> [u8; 3] {
        let element = |axis: usize, place: f64| {
            ((place * self.shape[axis] as f64) as usize / self.step[axis]).min(self.count[axis] - 1)
        };
        self.palette.color(self.elements[element(0, down) * self.count[1] + element(1, right)])
    }
}

impl<T: Real> Source for DistArray<T, Ix2> {
    fn image(&self, style: Style, (width, height): (u32, u32)) -> Result<Image> {
        let &[rows, columns] = self.shape() else { unreachable!("an Ix2 array has two axes") };
        if self.is_empty() {
            return Err(Error::argument(format!("an array of shape {:?} is no image", [rows, columns])));
        }
        let step = [rows.div_ceil(height as usize), columns.div_ceil(width as usize)];
        let count = [rows.div_ceil(step[0]), columns.div_ceil(step[1])];
        let see = |task: &Task, (array, style, step, count): (Self, Style, [usize; 2], [usize; 2])| {
            let mine = array.elements(task);
            let palette = style.palette(task, &mine);
            let some = |axis: usize| Indices::block_cyclic(0, 1, step[axis], count[axis]);
            let seen = |rank| if rank == 0 { Part::new([some(0), some(1)]) } else { Part::empty(2) };
            let seen = fetch(task, &array.layout, &mine, &seen, BUDGET);
            (palette.scale, Packed(seen.into_iter().map(Real::to_f64).collect::<Vec<_>>()))
        };
        let (scale, elements) = pmi::first(see, (self.clone(), style, step, count))?;
        let palette = style.with_scale(scale);
        Ok(Image { shape: [rows, columns], step, count, elements: elements.0, palette })
    }
}
