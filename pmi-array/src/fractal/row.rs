//! One row of an image: every pixel's escape time, many pixels at a time.
//!
//! A row goes through two phases. *Entry* takes the pixels in order, a block of lanes at a time, through the first few
//! iterations, counting each: where most pixels leave. Those that stay go to a pool. There *laps* of more and more
//! iterations run without counting or testing, two operations in five fewer; after a lap, the pixels found outside are
//! swapped out of the pool and go over that one lap again, packed into full blocks, counted. So lanes stay busy however
//! unlike the counts of neighbours are, and no pixel's orbit is cut short.
//!
//! Why it is enough to test after a lap: an orbit that has left `|z| <= R`, `R >= 2`, stays outside if `|c| < 1.9975`
//! (a *tame* `c`; others are counted step by step to the end). For then `|z'| >= |z|^d (1 - 2^-16) - |c| > |z| + 0.002`
//! where `2^-16` is more than the rounding of a step of any degree `d >= 2` below `2^32`, so that the rounded `|z'|^2`
//! exceeds `R^2` too. And on overflow one part becomes infinite or NaN, hence some part of every later `z` as well,
//! hence `|z|^2`, which then is not `<= R^2`.

use super::lanes::{advance, bits, escape, places};
use super::pool::{FLIGHT, Pixel, Pool, load};
use super::recurrence::{Complex, Parameter, Power, Recurrence, Ship, Square};
use super::shortcut::interior;
use super::smooth::{BAILOUT, fraction};
use super::view::Axis;
use super::{Formula, View};
use crate::simd::{Kernel, Level, Vector, dispatch_at, level};

/// Iterations of the entry phase. Laps are multiples of this, but for the last.
const ENTRY: u32 = 16;
const BLOCK: usize = 4;
/// Laps end at this many iterations, so that going over one again stays cheap.
const LONGEST_LAP: u32 = 256;
/// The squared modulus below which `c` is tame.
const TAME: f64 = 3.99;

/// What a pixel's result is made of.
trait Measure: Copy {
    type Value: Copy;
    /// The squared radius to escape from.
    const BAILOUT: f64;
    /// Whether `left` looks at the norm.
    const NEEDS_NORM: bool;
    /// The result of a pixel that left at `n`, with that `|z_n|^2`; or stayed, if `n` is `end`, for all of `maxit`.
    fn result(self, n: u32, norm: f64, end: u32, maxit: u32) -> Self::Value;
}

#[derive(Clone, Copy)]
struct Count;

impl Measure for Count {
    type Value = u32;
    const BAILOUT: f64 = 4.0;
    const NEEDS_NORM: bool = false;

    #[inline(always)]
    fn result(self, n: u32, _norm: f64, end: u32, maxit: u32) -> u32 {
        if n < end { n } else { maxit }
    }
}

#[derive(Clone, Copy)]
struct Smooth {
    ln_degree: f64,
}

impl Measure for Smooth {
    type Value = f64;
    const BAILOUT: f64 = BAILOUT;
    const NEEDS_NORM: bool = true;

    #[inline(always)]
    fn result(self, n: u32, norm: f64, end: u32, maxit: u32) -> f64 {
        if n < end { fraction(n, norm, self.ln_degree) } else { f64::from(maxit) }
    }
}

/// A row to compute.
struct Row<'a, F, M: Measure> {
    level: Level,
    recurrence: F,
    measure: M,
    /// Whether the points are starting values, not parameters: the `c` of the Julia set, then.
    julia: Option<(f64, f64)>,
    columns: Axis,
    y: f64,
    maxit: u32,
    shortcuts: bool,
    /// Whether the test for the Mandelbrot set's interior applies.
    interior: bool,
    out: &'a mut [M::Value],
}

impl<F: Recurrence, M: Measure> Row<'_, F, M> {
    fn compute(mut self) {
        let mut pool = Pool::default();
        dispatch_at(self.level, Enter { row: &mut self, pool: &mut pool });
        let mut outside = Pool::default();
        let mut n = ENTRY;
        let mut anchored = n;
        while pool.len() > 0 && n < self.maxit {
            let length = (n / 4 / ENTRY * ENTRY).clamp(ENTRY, LONGEST_LAP).min(self.maxit - n);
            dispatch_at(self.level, Lap { row: &self, pool: &mut pool, length });
            pool.finish_lap(&mut outside);
            dispatch_at(self.level, Recount { row: &mut self, outside: &outside, n, length });
            outside.clear();
            n += length;
            if n >= 2 * anchored {
                anchored = n;
                pool.drop_anchor();
            }
        }
    }

    fn c_im(&self) -> f64 {
        self.julia.map_or(self.y, |c| c.1)
    }
}

/// The first iterations of all pixels; those that stay join the pool.
struct Enter<'a, 'b, F, M: Measure> {
    row: &'a mut Row<'b, F, M>,
    pool: &'a mut Pool,
}

impl<F: Recurrence, M: Measure> Kernel for Enter<'_, '_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { row, pool } = self;
        let never = row.measure.result(row.maxit, 0.0, row.maxit, row.maxit);
        for first in (0..row.out.len()).step_by(BLOCK * V::LANES) {
            let lanes = (row.out.len() - first).min(BLOCK * V::LANES);
            let all = u64::MAX >> (64 - lanes);
            let x: [V; BLOCK] = load(&row.columns.block::<MOST>(first, BLOCK * V::LANES));
            let y = V::splat(row.y);
            let (mut z, c) = match row.julia {
                Some(c) => (Complex { re: x, im: [y; BLOCK] }, Parameter::splat(c)),
                None => (Complex::splat((0.0, 0.0)), Parameter { re: x, im: y }),
            };
            let known = if row.interior { bits::<V, BLOCK>(|v| interior(c.re[v], c.im)) } else { 0 };
            if known & all == all {
                row.out[first..][..lanes].fill(never);
                continue;
            }
            let tame = bits::<V, BLOCK>(|v| V::bits(c.re[v].mul_add(c.re[v], c.im.mul(c.im)).le(V::splat(TAME))));
            let tame = tame & all == all;
            let limit = if tame { row.maxit.min(ENTRY) } else { row.maxit };
            let end = if M::NEEDS_NORM || !tame {
                escape::<V, BLOCK, true>(row.recurrence, &mut z, &c, limit, M::BAILOUT)
            } else {
                escape::<V, BLOCK, false>(row.recurrence, &mut z, &c, limit, M::BAILOUT)
            };
            let (count, norm): ([f64; MOST], [f64; MOST]) = (lay_out(&end.count), lay_out(&end.norm));
            let mut results = [never; MOST];
            for l in 0..BLOCK * V::LANES {
                results[l] = row.measure.result(count[l].to_bits() as u32, norm[l], limit, row.maxit);
            }
            row.out[first..][..lanes].copy_from_slice(&results[..lanes]);
            if limit < row.maxit {
                let (re, im, c_re): ([f64; MOST], [f64; MOST], [f64; MOST]) = (lay_out(&z.re), lay_out(&z.im), lay_out(&c.re));
                for l in places(end.stayed & all & !known) {
                    let z = (re[l], im[l]);
                    pool.push(Pixel { z, c_re: c_re[l], anchor: z, column: (first + l) as u32 });
                }
            }
        }
    }
}

/// A lap of the pool.
struct Lap<'a, 'b, F, M: Measure> {
    row: &'a Row<'b, F, M>,
    pool: &'a mut Pool,
    length: u32,
}

impl<F: Recurrence, M: Measure> Kernel for Lap<'_, '_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { row, pool, length } = self;
        let c_im = row.c_im();
        for first in (0..pool.len()).step_by(FLIGHT * V::LANES) {
            let mut z = pool.z::<V, FLIGHT>(first);
            let c = pool.c::<V, FLIGHT>(first, c_im);
            let mut cycles = 0;
            let mut left = length;
            while left > 0 {
                let k = left.min(ENTRY);
                advance(row.recurrence, &mut z, &c, k);
                left -= k;
                if row.shortcuts {
                    let anchor = pool.anchor::<V, FLIGHT>(first);
                    cycles |= bits::<V, FLIGHT>(|v| V::bits(z.re[v].eq(anchor.re[v])) & V::bits(z.im[v].eq(anchor.im[v])));
                }
            }
            let inside = bits::<V, FLIGHT>(|v| V::bits(z.norm(v).le(V::splat(M::BAILOUT))));
            pool.end_lap(first, &z, cycles, !inside);
        }
    }
}

/// The results of pixels that left on the lap from iteration `n` on.
struct Recount<'a, 'b, F, M: Measure> {
    row: &'a mut Row<'b, F, M>,
    outside: &'a Pool,
    n: u32,
    length: u32,
}

impl<F: Recurrence, M: Measure> Kernel for Recount<'_, '_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { row, outside, n, length } = self;
        let c_im = row.c_im();
        for first in (0..outside.len()).step_by(BLOCK * V::LANES) {
            let mut z = outside.z::<V, BLOCK>(first);
            let c = outside.c::<V, BLOCK>(first, c_im);
            let end = if M::NEEDS_NORM {
                escape::<V, BLOCK, true>(row.recurrence, &mut z, &c, length, M::BAILOUT)
            } else {
                escape::<V, BLOCK, false>(row.recurrence, &mut z, &c, length, M::BAILOUT)
            };
            let (count, norm): ([f64; MOST], [f64; MOST]) = (lay_out(&end.count), lay_out(&end.norm));
            for l in 0..(outside.len() - first).min(BLOCK * V::LANES) {
                let n = n + count[l].to_bits() as u32;
                row.out[outside.get(first + l).column as usize] = row.measure.result(n, norm[l], row.maxit, row.maxit);
            }
        }
    }
}

/// The most lanes of a block.
const MOST: usize = 64;

#[inline(always)]
fn lay_out<V: Vector, const N: usize>(vectors: &[V; N]) -> [f64; MOST] {
    let mut values = [0.0; MOST];
    for (v, vector) in vectors.iter().enumerate() {
        vector.store(&mut values[v * V::LANES..]);
    }
    values
}

fn row<M: Measure>(
    level: Level,
    formula: &Formula,
    view: &View,
    row: usize,
    maxit: u32,
    shortcuts: bool,
    measure: M,
    out: &mut [M::Value],
) {
    assert!(row < view.height, "row {row} of an image {} high", view.height);
    assert_eq!(out.len(), view.width, "the row holds one result a column");
    let julia = match *formula { Formula::Julia { c } => Some(c), _ => None };
    let interior = shortcuts && *formula == Formula::Mandelbrot;
    let row = Row { level, recurrence: (), measure, julia, columns: view.columns(), y: view.y(row), maxit, shortcuts, interior, out };
    match *formula {
        Formula::Mandelbrot | Formula::Julia { .. } => row.by(Square).compute(),
        Formula::BurningShip => row.by(Ship).compute(),
        Formula::Multibrot { degree } => row.by(Power::new(degree)).compute(),
    }
}

impl<'a, M: Measure> Row<'a, (), M> {
    fn by<F>(self, recurrence: F) -> Row<'a, F, M> {
        let Self { level, measure, julia, columns, y, maxit, shortcuts, interior, out, .. } = self;
        Row { level, recurrence, measure, julia, columns, y, maxit, shortcuts, interior, out }
    }
}

pub fn row_counts(formula: &Formula, view: &View, row_: usize, maxit: u32, shortcuts: bool, out: &mut [u32]) {
    row(level(), formula, view, row_, maxit, shortcuts, Count, out);
}

pub fn row_smooth(formula: &Formula, view: &View, row_: usize, maxit: u32, shortcuts: bool, out: &mut [f64]) {
    let measure = Smooth { ln_degree: f64::from(formula.degree()).ln() };
    row(level(), formula, view, row_, maxit, shortcuts, measure, out);
}
