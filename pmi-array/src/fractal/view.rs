//! The rectangle of the complex plane that an image shows.

use serde::{Deserialize, Serialize};

/// A rectangle of the complex plane and the grid of points, one a pixel, laid over it.
///
/// The points are `numpy.linspace(corner1, corner2, n)` along each axis, to the last bit: `start + i * step` with
/// `step = (stop - start) / (n - 1)`, and exactly `stop` at the end. Both corners are points of the grid. Row 0 lies at
/// `corner1`'s imaginary part, column 0 at its real part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The point of row 0, column 0, as (real, imaginary).
    pub corner1: (f64, f64),
    /// The point of the last row and column.
    pub corner2: (f64, f64),
    /// Columns: pixels along the real axis.
    pub width: usize,
    /// Rows: pixels along the imaginary axis.
    pub height: usize,
}

impl View {
    /// The real part of column `i`, for `i` below the width.
    #[must_use]
    pub fn x(&self, i: usize) -> f64 {
        self.columns().at(i)
    }

    /// The imaginary part of row `j`, for `j` below the height.
    #[must_use]
    pub fn y(&self, j: usize) -> f64 {
        self.rows().at(j)
    }

    pub(super) fn columns(&self) -> Axis {
        Axis::new(self.corner1.0, self.corner2.0, self.width)
    }

    pub(super) fn rows(&self) -> Axis {
        Axis::new(self.corner1.1, self.corner2.1, self.height)
    }
}

/// `len` evenly spaced values from `start` to `stop`, both included.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    start: f64,
    stop: f64,
    step: f64,
    len: usize,
}

impl Axis {
    fn new(start: f64, stop: f64, len: usize) -> Self {
        let step = if len > 1 { (stop - start) / (len - 1) as f64 } else { 0.0 };
        Self { start, stop, step, len }
    }

    /// The value at `i`, below the length.
    #[inline(always)]
    pub(super) fn at(&self, i: usize) -> f64 {
        if i + 1 == self.len && i > 0 { self.stop } else { self.start + i as f64 * self.step }
    }

    /// The values at `first`, `first + 1`, ...; places past the end repeat the last value.
    #[inline(always)]
    pub(super) fn block<const L: usize>(&self, first: usize, lanes: usize) -> [f64; L] {
        let mut values = [0.0; L];
        for (l, value) in values[..lanes].iter_mut().enumerate() {
            *value = self.start + (first + l) as f64 * self.step;
        }
        if self.len > 1 && first + lanes >= self.len {
            values[self.len - 1 - first..].fill(self.stop);
        }
        values
    }

    /// The place whose value is `value`, to the last bit but for the sign of a zero.
    pub(super) fn position(&self, value: f64) -> Option<usize> {
        // A cast from float to integer saturates, and takes NaN to 0.
        let near = ((value - self.start) / self.step).round() as usize;
        let near = near.min(self.len.checked_sub(1)?);
        (self.at(near) == value).then_some(near)
    }
}

#[cfg(test)]
mod tests {
    use super::{Axis, View};

    #[test]
    fn both_corners_are_points_of_the_grid() {
        let view = View { corner1: (-2.0, -1.0), corner2: (0.1, 0.7), width: 77, height: 3 };
        assert_eq!((view.x(0), view.y(0)), view.corner1);
        assert_eq!((view.x(76), view.y(2)), view.corner2);
        assert_eq!(view.x(10), -2.0 + 10.0 * ((0.1 + 2.0) / 76.0));
        assert_eq!(Axis::new(3.0, 9.0, 1).at(0), 3.0);
        assert_eq!(Axis::new(3.0, 3.0, 5).at(4), 3.0);
    }

    #[test]
    fn blocks_agree_with_single_points_and_repeat_the_last() {
        for len in 1..40 {
            let axis = Axis::new(-0.3, 1.7, len);
            for first in (0..len).step_by(8) {
                let block = axis.block::<8>(first, 8);
                for (l, &value) in block.iter().enumerate().take(len - first) {
                    assert_eq!(value.to_bits(), axis.at(first + l).to_bits());
                }
            }
        }
        assert_eq!(Axis::new(0.0, 1.0, 3).block::<5>(0, 5), [0.0, 0.5, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn position_finds_every_value_and_nothing_else() {
        let axis = Axis::new(-1.25, 2.0, 1000);
        assert!((0..1000).all(|i| axis.position(axis.at(i)) == Some(i)));
        for value in [-1.26, 2.1, f64::NAN, f64::INFINITY, axis.at(10).next_up()] {
            assert_eq!(axis.position(value), None);
        }
        assert_eq!(Axis::new(1.0, 1.0, 0).position(1.0), None);
        assert_eq!(Axis::new(1.0, 1.0, 3).position(1.0), Some(0));
    }
}
