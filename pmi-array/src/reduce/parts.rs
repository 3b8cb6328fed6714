//! Splitting numbers into parts, and adding these: the kernel of `binned`, which has the method.

use crate::simd::Vector;
use std::array::from_fn;

/// Bits of a bin.
pub(super) const WIDTH: i32 = 40;
/// How many bins a sum has.
pub(super) const BINS: usize = 3;
/// How many numbers are added before their sums might exceed an `i64`: of two parts each of at most `2^(WIDTH - 1)` units.
pub(super) const MOST: usize = 1 << 22;
/// The most lanes of a vector.
pub(super) const LANES: usize = 8;
/// A power of two, of a normal number.
#[inline(always)]
pub(super) const fn power(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// Adding and taking away this number rounds to a multiple of the bin's unit. A quarter of a bin is added to it, so that the
/// bits above half a bin stay as they are where a part is within it: at least `-2^(WIDTH - 2)` units, and below as many.
///
/// Half a bin in place of a quarter would let in numbers just beyond half a unit of the next higher bin, which round to one
/// of that.
#[inline(always)]
pub(super) fn rounder(bin: i32) -> f64 {
    1.5 * power(WIDTH * bin + 52) + power(WIDTH * (bin + 1) - 2)
}

/// From a bin's rounder to that of the next lower one.
pub(super) const LOWER: f64 = power(-WIDTH);

/// The lowest bin that a number is within.
pub(super) fn bin_of(x: f64) -> i32 {
    let exponent = (x.abs().to_bits() >> 52) as i32 - 1023;
    // What is below 2^(exponent + 1) is within a bin where that is at most a quarter of it; not so what is four times as large.
    let lowest = (exponent + 1).div_euclid(WIDTH) - 1;
    let fits = |bin: &i32| is_within(0.0.or_differing(x + rounder(*bin), rounder(*bin)));
    (lowest..).find(fits).unwrap_or(lowest)
}

/// Sums of parts under way.
pub(super) struct Sums<V> {
    /// The bits of numbers that have parts in their lowest bits.
    parts: [V; BINS],
    /// The bits that have changed in the topmost rounder.
    changed: V,
}

impl<V: Vector> Sums<V> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self::from_parts([V::splat(0.0); BINS])
    }

    /// With these parts already in it.
    #[inline(always)]
    pub(super) fn from_parts(parts: [V; BINS]) -> Self {
        Self { parts, changed: V::splat(0.0) }
    }

    /// The parts, with the rounders; `None` where a number was beyond the bin or a NaN.
    #[inline(always)]
    pub(super) fn parts(self) -> Option<[V; BINS]> {
        is_within(self.changed).then_some(self.parts)
    }

    /// Those of `count` numbers, or of their squares; `None` where one was beyond the bin or a NaN.
    #[inline(always)]
    pub(super) fn total<const POWER: i32>(self, bin: i32, count: usize) -> Option<[i64; BINS]> {
        let mut total = [0; BINS];
        for ((total, parts), bin) in total.iter_mut().zip(self.parts()?).zip([bin, bin - 1, bin - 2]) {
            let mut lanes = [0.0; LANES];
            parts.store(&mut lanes);
            *total = lanes.iter().fold(0, |total: i64, lane| total.wrapping_add(lane.to_bits() as i64));
            *total = without_rounders(*total, rounder(bin), count);
        }
        if POWER == 2 {
            // What rounding the squares left is added to these, too.
            for (total, bin) in total[1..].iter_mut().zip([bin - 1, bin - 2]) {
                *total = without_rounders(*total, rounder(bin), count);
            }
        }
        Some(total)
    }
}

/// What `count` additions of a rounder to parts have left of a sum of bits.
#[inline(always)]
pub(super) fn without_rounders(bits: i64, rounder: f64, count: usize) -> i64 {
    bits.wrapping_sub((rounder.to_bits() as i64).wrapping_mul(count as i64))
}

/// Whether no bit has changed but those of parts within the bin.
#[inline(always)]
fn is_within<V: Vector>(changed: V) -> bool {
    changed.is_clear(V::splat(f64::from_bits(u64::MAX << (WIDTH - 1))))
}

/// Splits vectors of numbers.
#[derive(Clone, Copy)]
pub(super) struct Splitter<V> {
    rounders: [V; BINS],
}

impl<V: Vector> Splitter<V> {
    /// In the bin `bin` and the ones below.
    #[inline(always)]
    pub(super) fn new(bin: i32) -> Self {
        Self::with([rounder(bin), rounder(bin - 1), rounder(bin - 2)].map(V::splat))
    }

    /// With these rounders.
    #[inline(always)]
    pub(super) fn with(rounders: [V; BINS]) -> Self {
        Self { rounders }
    }

    #[inline(always)]
    pub(super) fn add_power<const POWER: i32, const N: usize>(&self, sums: &mut Sums<V>, x: [V; N]) {
        if POWER == 1 { self.add(sums, x) } else { self.add_squares(sums, x) }
    }

    /// Adds the parts of numbers: of several vectors at a time, each step of all before the next, as every step waits for
    /// the one before it.
    #[inline(always)]
    pub(super) fn add<const N: usize>(&self, sums: &mut Sums<V>, x: [V; N]) {
        let rounder = self.rounders[0];
        let top = x.map(|x| x.add(rounder));
        for top in top {
            sums.changed = sums.changed.or_differing(top, rounder);
            sums.parts[0] = sums.parts[0].add_bits(top);
        }
        let rounded = top.map(|top| top.sub(rounder));
        self.add_below::<N>(sums, from_fn(|i| x[i].sub(rounded[i])));
    }

    /// Adds the parts of their squares.
    #[inline(always)]
    pub(super) fn add_squares<const N: usize>(&self, sums: &mut Sums<V>, x: [V; N]) {
        let squares = x.map(|x| x.mul(x));
        self.add(sums, squares);
        // Less than half a unit of the topmost bin.
        self.add_below::<N>(sums, from_fn(|i| x[i].mul_sub(x[i], squares[i])));
    }

    /// Adds the parts of numbers that have none in the topmost bin.
    #[inline(always)]
    fn add_below<const N: usize>(&self, sums: &mut Sums<V>, x: [V; N]) {
        let [_, rounder, lowest] = self.rounders;
        let middle = x.map(|x| x.add(rounder));
        for middle in middle {
            sums.parts[1] = sums.parts[1].add_bits(middle);
        }
        let rounded = middle.map(|middle| middle.sub(rounder));
        let low: [V; N] = from_fn(|i| x[i].sub(rounded[i]));
        for low in low.map(|low| low.add(lowest)) {
            sums.parts[2] = sums.parts[2].add_bits(low);
        }
    }
}
