//! The families of fractals.

use serde::{Deserialize, Serialize};

/// What is iterated, and what a pixel's point stands for.
///
/// See B. B. Mandelbrot, "The Fractal Geometry of Nature" (1982), and H.-O. Peitgen and P. H. Richter, "The Beauty of
/// Fractals" (1986). [`escape_count`](super::escape_count) states each recurrence operation by operation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Formula {
    /// `z -> z^2 + c` from `z = 0`, where `c` is the point.
    Mandelbrot,
    /// `z -> z^2 + c` from `z` = the point, with one `c` for the whole image.
    Julia {
        /// The parameter, as (real, imaginary).
        c: (f64, f64),
    },
    /// `z -> (|Re z| + i |Im z|)^2 + c` from `z = 0`, where `c` is the point
    /// (M. Michelitsch and O. E. Rössler, "The 'Burning Ship' and its quasi-Julia sets", 1992).
    BurningShip,
    /// `z -> z^degree + c` from `z = 0`, where `c` is the point.
    Multibrot {
        /// The power, at least 2. At 2 this is the Mandelbrot set, bit for bit.
        degree: u32,
    },
}

impl Formula {
    /// The first `z` and the `c` of a point.
    pub(super) fn seed(&self, point: (f64, f64)) -> ((f64, f64), (f64, f64)) {
        match *self {
            Self::Julia { c } => (point, c),
            _ => ((0.0, 0.0), point),
        }
    }

    /// The power of `z` that dominates far out.
    pub(super) fn degree(&self) -> u32 {
        match *self {
            Self::Multibrot { degree } => degree,
            _ => 2,
        }
    }

    /// Whether conjugate points have conjugate orbits, rounding and all.
    pub(super) fn conjugate_symmetric(&self) -> bool {
        match *self {
            Self::Mandelbrot | Self::Multibrot { .. } => true,
            Self::Julia { c } => c.1 == 0.0,
            Self::BurningShip => false,
        }
    }
}
