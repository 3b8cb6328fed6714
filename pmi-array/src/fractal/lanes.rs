//! Blocks of points, iterated at once: the two inner loops.

use super::recurrence::{Complex, Parameter, Recurrence};
use crate::simd::Vector;

/// Iterations between two looks at whether any lane still goes on.
const STRIDE: u32 = 4;

/// `k` steps of every lane, with no test of whether it has left.
#[inline(always)]
pub(super) fn advance<V: Vector, const N: usize>(
    f: impl Recurrence,
    z: &mut Complex<V, N>,
    c: &Parameter<V, N>,
    k: u32,
) {
    for _ in 0..k {
        f.step(z, c);
    }
}

/// How far each lane got.
pub(super) struct Escape<V, const N: usize> {
    /// The steps before the lane left, at most the limit, as the bits of a `u64`.
    pub(super) count: [V; N],
    /// `|z|^2` after `count` steps; only if held.
    pub(super) norm: [V; N],
    /// The lanes that had not left after `limit` steps, or left with the last: bit `l` is lane `l`.
    pub(super) stayed: u64,
}

/// Up to `limit` steps of every lane, counting those before it leaves the disk `|z|^2 <= bailout`. On return, the `z`
/// of a lane that stayed is the one after `limit` steps; that of others means nothing.
///
/// All lanes go on until the last has left. With `HOLD`, a lane's norm stays what it was on leaving, so that the lane
/// stays outside. Without, a lane that came back would count again: the caller knows that none can.
#[inline(always)]
pub(super) fn escape<V: Vector, const N: usize, const HOLD: bool>(
    f: impl Recurrence,
    z: &mut Complex<V, N>,
    c: &Parameter<V, N>,
    limit: u32,
    bailout: f64,
) -> Escape<V, N> {
    let bailout = V::splat(bailout);
    let zero = V::splat(0.0);
    let (mut count, mut held, mut inside) = ([zero; N], [zero; N], [zero.le(zero); N]);
    let mut left = limit;
    while left > 0 {
        let k = left.min(STRIDE);
        left -= k;
        for _ in 0..k {
            for v in 0..N {
                let norm = z.norm(v);
                held[v] = if HOLD { norm.select(inside[v], held[v]) } else { norm };
                inside[v] = held[v].le(bailout);
                count[v] = count[v].tally(inside[v]);
            }
            f.step(z, c);
        }
        if bits::<V, N>(|v| V::bits(inside[v])) == 0 {
            break;
        }
    }
    if HOLD {
        for v in 0..N {
            held[v] = z.norm(v).select(inside[v], held[v]);
        }
    }
    Escape { count, norm: held, stayed: bits::<V, N>(|v| V::bits(inside[v])) }
}

/// The bits of `N` vectors, at most 64 lanes: bit `l` is lane `l`.
#[inline(always)]
pub(super) fn bits<V: Vector, const N: usize>(of: impl Fn(usize) -> u64) -> u64 {
    let mut bits = 0;
    for v in 0..N {
        bits |= of(v) << (v * V::LANES);
    }
    bits
}

/// The places of the set bits.
pub(super) fn places(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (place < 64).then_some(place)
    })
}
