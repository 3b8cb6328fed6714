//! The phases of a row: kernels over blocks of pixels.
//!
//! Why it is enough to test after a lap: an orbit that has left `|z| <= R`, `R >= 2`, stays outside if `|c| < 1.9975`
//! (a *tame* `c`; blocks with others are counted step by step to the end). The rounded `|z|^2` exceeds `R^2` only if
//! `|z| > R`, as `R^2` is a number. And then
//! `|z'| >= |z|^d (1 - 2^-16) - |c| > |z| + 0.002`, where `2^-16 |z|^d` is more than the rounding of a step of any degree
//! `d >= 2` below `2^32`; and so the rounded `|z'|^2` exceeds `R^2` too. On overflow, one part of `z'` becomes infinite
//! or NaN; so then does some part of every later `z`, and `|z|^2`, which is not `<= R^2`.

use super::lanes::{advance, bits, escape, places};
use super::measure::Measure;
use super::pool::{Pixel, Pool, load};
use super::recurrence::{Complex, Parameter, Recurrence};
use super::row::Row;
use super::shortcut::interior;
use crate::simd::{Kernel, Vector};

/// Iterations of the first phase. Laps are multiples of this, but for the last.
pub(super) const ENTRY: u32 = 16;

/// Vectors in flight while counting.
const COUNTING: usize = 4;

/// Vectors in flight on a lap: enough that the arithmetic of some hides the latency of others, few enough that AVX-512
/// keeps them in registers.
const LAPPING: usize = 8;

/// The squared modulus up to which `c` is tame.
const TAME: f64 = 3.99;

/// The first iterations of all pixels; those that stay join the pool.
pub(super) struct Enter<'a, 'b, F, M: Measure> {
    pub(super) f: F,
    pub(super) row: &'a mut Row<'b, M>,
    pub(super) pool: &'a mut Pool,
}

impl<F: Recurrence, M: Measure> Kernel for Enter<'_, '_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { f, row, pool } = self;
        let (maxit, y) = (row.measure.maxit(), V::splat(row.y));
        for first in (0..row.out.len()).step_by(COUNTING * V::LANES) {
            let lanes = (row.out.len() - first).min(COUNTING * V::LANES);
            let all = u64::MAX >> (64 - lanes);
            let x: [V; COUNTING] = load(&row.columns.block::<MOST>(first, COUNTING * V::LANES));
            let (mut z, c) = match row.julia {
                Some(c) => (Complex { re: x, im: [y; COUNTING] }, Parameter::splat(c)),
                None => (Complex::splat((0.0, 0.0)), Parameter { re: x, im: y }),
            };
            let known = if row.interior { bits::<V, COUNTING>(|v| interior(c.re[v], c.im)) } else { 0 };
            if known & all == all {
                row.out[first..][..lanes].fill(row.measure.stayed());
                continue;
            }
            let tame = bits::<V, COUNTING>(|v| V::bits(c.norm(v).le(V::splat(TAME)))) & all == all;
            let limit = if tame { maxit.min(ENTRY) } else { maxit };
            let end = if M::NEEDS_NORM || !tame {
                escape::<V, COUNTING, true>(f, &mut z, &c, limit, M::BAILOUT)
            } else {
                escape::<V, COUNTING, false>(f, &mut z, &c, limit, M::BAILOUT)
            };
            let (count, norm) = (spread(&end.count), spread(&end.norm));
            let mut results = [row.measure.stayed(); MOST];
            for l in 0..COUNTING * V::LANES {
                let n = count[l].to_bits() as u32;
                results[l] = if n < limit { row.measure.left(n, norm[l]) } else { row.measure.stayed() };
            }
            row.out[first..][..lanes].copy_from_slice(&results[..lanes]);
            if limit < maxit {
                let (re, im, c_re) = (spread(&z.re), spread(&z.im), spread(&c.re));
                for l in places(end.stayed & all & !known) {
                    let z = (re[l], im[l]);
                    pool.push(Pixel { z, c_re: c_re[l], anchor: z, column: (first + l) as u32 });
                }
            }
        }
    }
}

/// A lap of the pool.
pub(super) struct Lap<'a, 'b, F, M: Measure> {
    pub(super) f: F,
    pub(super) row: &'a Row<'b, M>,
    pub(super) pool: &'a mut Pool,
    pub(super) length: u32,
}

impl<F: Recurrence, M: Measure> Kernel for Lap<'_, '_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { f, row, pool, length } = self;
        for first in (0..pool.len()).step_by(LAPPING * V::LANES) {
            let mut z = pool.z::<V, LAPPING>(first);
            let c = pool.c::<V, LAPPING>(first, row.c_im());
            let mut cycles = 0;
            let mut left = length;
            while left > 0 {
                let k = left.min(ENTRY);
                left -= k;
                advance(f, &mut z, &c, k);
                if row.shortcuts {
                    // Zeros of either sign are equal, rightly: the sign of a zero never makes another number differ.
                    let anchor = pool.anchor::<V, LAPPING>(first);
                    cycles |=
                        bits::<V, LAPPING>(|v| V::bits(z.re[v].eq(anchor.re[v])) & V::bits(z.im[v].eq(anchor.im[v])));
                }
            }
            let inside = bits::<V, LAPPING>(|v| V::bits(z.norm(v).le(V::splat(M::BAILOUT))));
            pool.end_lap(first, &z, cycles, !inside);
        }
    }
}

/// The results of the pixels that left on the lap that began at iteration `n`.
pub(super) struct Recount<'a, 'b, F, M: Measure> {
    pub(super) f: F,
    pub(super) row: &'a mut Row<'b, M>,
    pub(super) outside: &'a Pool,
    pub(super) n: u32,
    pub(super) length: u32,
}

impl<F: Recurrence, M: Measure> Kernel for Recount<'_, '_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { f, row, outside, n, length } = self;
        for first in (0..outside.len()).step_by(COUNTING * V::LANES) {
            let mut z = outside.z::<V, COUNTING>(first);
            let c = outside.c::<V, COUNTING>(first, row.c_im());
            let end = if M::NEEDS_NORM {
                escape::<V, COUNTING, true>(f, &mut z, &c, length, M::BAILOUT)
            } else {
                escape::<V, COUNTING, false>(f, &mut z, &c, length, M::BAILOUT)
            };
            let (count, norm) = (spread(&end.count), spread(&end.norm));
            for (l, &column) in outside.columns(first, COUNTING * V::LANES).iter().enumerate() {
                let n = n + count[l].to_bits() as u32;
                // At maxit it was too late to leave.
                if n < row.measure.maxit() {
                    row.out[column as usize] = row.measure.left(n, norm[l]);
                }
            }
        }
    }
}

/// The most lanes of a block.
const MOST: usize = 64;

/// The lanes of a block as an array.
#[inline(always)]
fn spread<V: Vector, const N: usize>(vectors: &[V; N]) -> [f64; MOST] {
    let mut lanes = [0.0; MOST];
    for (v, vector) in vectors.iter().enumerate() {
        vector.store(&mut lanes[v * V::LANES..]);
    }
    lanes
}
