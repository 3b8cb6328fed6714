//! One row of an image.
//!
//! A row goes through two phases. [`Enter`] takes the pixels in order through the first few iterations, counting each:
//! where most pixels leave. Those that stay go to a pool. There, [`Lap`]s of more and more iterations run without
//! counting or testing, which saves three operations in eight; after a lap, the pixels found outside are taken out of
//! the pool and [`Recount`] takes them over that one lap again, counting. Pool and recount work on full blocks, so lanes
//! stay busy however unlike the counts of neighbours are.

use std::cell::Cell;

use super::measure::{Count, Measure, Smooth};
use super::phases::{ENTRY, Enter, Lap, Recount};
use super::pool::Pool;
use super::recurrence::{Power, Recurrence, Ship, Square};
use super::shortcut::INTERIOR_HEIGHT;
use super::view::Axis;
use super::{Formula, View};
use crate::simd::{Level, dispatch, level};

/// Laps grow with the iterations made, a quarter of these each, up to this length: going over one again stays cheap.
const LONGEST_LAP: u32 = 256;

thread_local! {
    /// The memory of the last row's pool and of those outside, for the next: an allocation a row would cost more than
    /// some rows do.
    static POOLS: Cell<[Pool; 2]> = Cell::default();
}

/// The escape counts of a row of the image: `out[i]` is [`escape_count`](super::escape_count) of the point
/// (`view.x(i)`, `view.y(row)`), bit for bit, on every CPU.
///
/// `shortcuts` allows to tell without iterating on that a point never escapes: as it lies well within the Mandelbrot
/// set's cardioid or period-2 disk, or as its orbit came back to exactly an earlier `z` (R. P. Brent, "An improved Monte
/// Carlo factorization algorithm", 1980, finds cycles like this, by comparing with the `z` of a power of two). The
/// result is the same; without, every iteration that counts is made.
///
/// Computes on the calling thread, and sends nothing. Rows are independent, and cost very different times.
///
/// ```
/// use pmi_array::fractal::{Formula, View, row_counts};
///
/// let view = View { corner1: (-2.0, -1.0), corner2: (1.0, 1.0), width: 7, height: 5 };
/// let mut counts = [0; 7];
/// row_counts(&Formula::Mandelbrot, &view, 2, 100, true, &mut counts);
/// assert_eq!(counts, [100, 100, 100, 100, 100, 5, 3]); // -2, -1.5, ..., 1 on the real axis
/// ```
///
/// # Panics
/// If the view has no such row, `out` is not as long as the view is wide, or a Multibrot degree is below 2.
pub fn row_counts(formula: &Formula, view: &View, row: usize, maxit: u32, shortcuts: bool, out: &mut [u32]) {
    row_values(level(), formula, view, row, shortcuts, Count { maxit }, out);
}

/// The continuous escape times of a row of the image: `out[i]` is [`escape_smooth`](super::escape_smooth) of the point
/// (`view.x(i)`, `view.y(row)`), bit for bit. Otherwise as [`row_counts`].
///
/// # Panics
/// If the view has no such row, `out` is not as long as the view is wide, or a Multibrot degree is below 2.
pub fn row_smooth(formula: &Formula, view: &View, row: usize, maxit: u32, shortcuts: bool, out: &mut [f64]) {
    row_values(level(), formula, view, row, shortcuts, Smooth::new(formula, maxit), out);
}

pub(super) fn row_values<M: Measure>(
    level: Level,
    formula: &Formula,
    view: &View,
    row: usize,
    shortcuts: bool,
    measure: M,
    out: &mut [M::Value],
) {
    assert!(row < view.height, "row {row} of an image {} high", view.height);
    assert_eq!(out.len(), view.width, "the row holds one result a column");
    let y = view.y(row);
    let row = Row {
        julia: if let Formula::Julia { c } = *formula { Some(c) } else { None },
        columns: view.columns(),
        y,
        shortcuts,
        interior: shortcuts && *formula == Formula::Mandelbrot && y.abs() < INTERIOR_HEIGHT,
        measure,
        out,
    };
    match *formula {
        Formula::Mandelbrot | Formula::Julia { .. } => row.compute(level, Square),
        Formula::BurningShip => row.compute(level, Ship),
        Formula::Multibrot { degree } => row.compute(level, Power::new(degree)),
    }
}

/// A row to compute.
pub(super) struct Row<'a, M: Measure> {
    /// The `c` of a Julia set, whose pixels are starting values; in the other sets they are the `c`.
    pub(super) julia: Option<(f64, f64)>,
    pub(super) columns: Axis,
    pub(super) y: f64,
    /// Whether to look for cycles.
    pub(super) shortcuts: bool,
    /// Whether to look for the interior of the Mandelbrot set.
    pub(super) interior: bool,
    pub(super) measure: M,
    pub(super) out: &'a mut [M::Value],
}

impl<M: Measure> Row<'_, M> {
    fn compute(mut self, level: Level, f: impl Recurrence) {
        let maxit = self.measure.maxit();
        let [mut pool, mut outside] = POOLS.take();
        pool.clear();
        dispatch(level, Enter { f, row: &mut self, pool: &mut pool });
        let mut n = ENTRY;
        let mut anchored = n;
        while pool.len() > 0 && n < maxit {
            let length = (n / 4 / ENTRY * ENTRY).clamp(ENTRY, LONGEST_LAP).min(maxit - n);
            dispatch(level, Lap { f, row: &self, pool: &mut pool, length });
            pool.finish_lap(&mut outside);
            dispatch(level, Recount { f, row: &mut self, outside: &outside, n, length });
            outside.clear();
            n += length;
            if self.shortcuts && n / 2 >= anchored {
                anchored = n;
                pool.drop_anchor();
            }
        }
        POOLS.set([pool, outside]);
    }

    /// The imaginary part of every pixel's `c`.
    #[inline(always)]
    pub(super) fn c_im(&self) -> f64 {
        self.julia.map_or(self.y, |c| c.1)
    }
}
