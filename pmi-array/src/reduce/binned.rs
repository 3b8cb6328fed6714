//! Sums of floating-point numbers, and of their squares, that do not depend on the order.
//!
//! The method is that of Demmel and Nguyen, *Parallel reproducible summation*, IEEE Trans. Comput. 64 (2015), with
//! integers in place of their sums and carries. The exponents are cut into bins of [`WIDTH`] bits. Each number is split
//! into its parts in the topmost [`BINS`] bins, counted from the highest bin that any number needs; what is below is
//! dropped. A part is a multiple of its bin's unit. Adding a constant, the bin's rounder, to a number leaves its part in
//! the lowest bits of the result; these bits are added as integers, and those of the rounders are taken away at the end. So
//! every step is exact but for what is dropped, and that depends on each number and the topmost bin alone: neither the order
//! of the numbers nor how they are dealt to tasks and threads plays a part. (So a bin must not take parts that would be in
//! the next higher one if that were the topmost, though there are bits left for them.)
//!
//! What is dropped of a number is below 2^-79 of the largest, so that the error of a sum of `n` numbers, rounded once at
//! the end, is at most `n 2^-79 max|x| + 2^-53 |sum|`; that of pairwise summation is `2^-53 log2(n) sum|x|`. A square
//! counts as two numbers, the rounded one and what rounding has left.

use super::parts::{BINS, LANES, MOST, Splitter, Sums, WIDTH, bin_of, power};
use crate::expr::BLOCK;
use crate::simd::{Kernel, Vector, dispatch, level, prefetch};
use serde::{Deserialize, Serialize};
use std::array::from_fn;

/// How many vectors are under way at a time.
const UNROLL: usize = 4;
/// Numbers beyond these are scaled by a power of two of [`SHIFT`] bins, so that nothing on the way overflows or is subnormal.
const LARGE: f64 = power(900);
const SMALL: f64 = power(-800);
const SHIFT: i32 = 10;
/// Squares below this, of scaled numbers, are far below the smallest `f64`.
const NOTHING: f64 = power(-960);
/// The bins of the numbers that need not be scaled.
const UNSCALED: std::ops::RangeInclusive<i32> = -20..=22;

/// Whether the magnitude of a number is one of those that need not be scaled.
pub(super) fn is_unscaled(x: f64) -> bool {
    (SMALL..=LARGE).contains(&x.abs())
}

/// A sum of `f64`s.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Binned {
    /// The topmost bin, where anything but zeros was added.
    top: Option<i32>,
    /// The sum of the parts in it and in the next lower ones, in their units.
    sums: [i128; BINS],
    special: Special,
}

/// Which numbers were among those added that have no parts.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Special {
    infinite: bool,
    minus_infinite: bool,
    nan: bool,
}

impl Binned {
    /// Adds numbers.
    pub(super) fn add(&mut self, numbers: &[f64]) {
        self.add_powers::<1>(numbers);
    }

    /// Adds the squares of numbers.
    pub(super) fn add_squares(&mut self, numbers: &[f64]) {
        self.add_powers::<2>(numbers);
    }

    fn add_powers<const POWER: i32>(&mut self, numbers: &[f64]) {
        for numbers in numbers.chunks(MOST) {
            // Most blocks have no larger numbers than those before, or than the first of their own: one pass over them will
            // do. Parts in bins below the topmost ones are dropped in any case.
            if let Some(top) = self.unscaled_top().or_else(|| likely_bin::<POWER>(numbers))
                && let Some(parts) = parts::<POWER>(numbers, top)
            {
                self.add_parts(top, parts, 0);
                continue;
            }
            let largest = largest(numbers);
            if largest > 0.0 {
                self.add_block::<POWER>(numbers, largest);
            }
        }
    }

    /// The topmost bin, where numbers in it need not be scaled.
    pub(super) fn unscaled_top(&self) -> Option<i32> {
        self.top.filter(|top| UNSCALED.contains(top))
    }

    /// Adds powers of at most [`MOST`] numbers, of which the largest magnitude is given.
    fn add_block<const POWER: i32>(&mut self, numbers: &[f64], largest: f64) {
        let size = largest.powi(POWER);
        if !size.is_finite() {
            return self.add_special::<POWER>(numbers);
        }
        if size > LARGE {
            return self.add_scaled::<POWER>(numbers, largest, -SHIFT);
        }
        if size < SMALL {
            return self.add_scaled::<POWER>(numbers, largest, SHIFT);
        }
        self.add_within::<POWER>(numbers, largest, 0);
    }

    /// Adds powers of numbers, none of them to be scaled, which are to count as in bins higher by `shift`.
    fn add_within<const POWER: i32>(&mut self, numbers: &[f64], largest: f64, shift: i32) {
        // A bin has room for one negative part more than positive ones.
        let sign = if POWER == 1 { -1.0 } else { 1.0 };
        let lowest = bin_of(sign * largest.powi(POWER));
        let fitting = |bin| Some((bin, parts::<POWER>(numbers, bin)?));
        let (bin, parts) = (lowest..=lowest + 1).find_map(fitting).expect("the largest number is in one of these bins");
        self.add_parts(bin, parts, shift);
    }

    #[cold]
    fn add_special<const POWER: i32>(&mut self, numbers: &[f64]) {
        let mut finite = numbers.to_vec();
        for x in &mut finite {
            let power = x.powi(POWER);
            if !power.is_finite() {
                self.special.infinite |= power == f64::INFINITY;
                self.special.minus_infinite |= power == f64::NEG_INFINITY;
                self.special.nan |= power.is_nan();
                *x = 0.0;
            }
        }
        self.add_powers::<POWER>(&finite);
    }

    /// Adds powers of numbers that are scaled first, which moves the powers up by so many bins.
    #[cold]
    fn add_scaled<const POWER: i32>(&mut self, numbers: &[f64], largest: f64, bins: i32) {
        let scale = power(bins * WIDTH / POWER);
        let scaled: Vec<f64> = numbers.iter().map(|x| x * scale).collect();
        let largest = largest * scale;
        if largest.powi(POWER) > NOTHING {
            self.add_within::<POWER>(&scaled, largest, -bins);
        }
    }

    /// Adds sums of parts in bin `bin` and below, which are to count as bins higher by `shift`.
    pub(super) fn add_parts(&mut self, bin: i32, parts: [i64; BINS], shift: i32) {
        self.add_sums(bin + shift, parts.map(i128::from));
    }

    fn add_sums(&mut self, bin: i32, sums: [i128; BINS]) {
        let top = self.top.map_or(bin, |top| top.max(bin));
        if let Some(mine) = self.top.filter(|mine| *mine != top) {
            self.sums = lowered(self.sums, top - mine);
        }
        self.top = Some(top);
        let sums = if bin == top { sums } else { lowered(sums, top - bin) };
        self.sums.iter_mut().zip(sums).for_each(|(mine, sum)| *mine += sum);
    }

    /// Adds another sum's numbers.
    pub(super) fn join(&mut self, other: &Self) {
        if let Some(top) = other.top {
            self.add_sums(top, other.sums);
        }
        self.special.infinite |= other.special.infinite;
        self.special.minus_infinite |= other.special.minus_infinite;
        self.special.nan |= other.special.nan;
    }

    /// The sum, rounded to an `f64`, and what that is less than the sum.
    pub(super) fn pair(&self) -> (f64, f64) {
        let high = self.value();
        if !high.is_finite() {
            return (high, 0.0);
        }
        let mut rest = *self;
        rest.add(&[-high]);
        (high, rest.value())
    }

    /// The sum, rounded to an `f64`.
    pub(super) fn value(&self) -> f64 {
        let Special { infinite, minus_infinite, nan } = self.special;
        if nan || (infinite && minus_infinite) {
            return f64::NAN;
        }
        if infinite || minus_infinite {
            return if infinite { f64::INFINITY } else { f64::NEG_INFINITY };
        }
        let Some(top) = self.top else { return 0.0 };
        // The integer `high 2^80 + low` with `0 <= low < 2^80`, in units of the lowest bin.
        let [first, second, third] = self.sums;
        let unit = 1i128 << WIDTH;
        let second = second + third.div_euclid(unit);
        let (high, low) = (first + second.div_euclid(unit), second.rem_euclid(unit) * unit + third.rem_euclid(unit));
        // Its sign and magnitude.
        let whole = 1u128 << (2 * WIDTH);
        let (negative, high, low) = match (high < 0, low) {
            (false, low) => (false, high as u128, low as u128),
            (true, 0) => (true, high.unsigned_abs(), 0),
            (true, low) => (true, high.unsigned_abs() - 1, whole - low as u128),
        };
        // The conversion of an integer rounds correctly; where one is too long, its lowest bit stands for all below.
        let lowest = WIDTH * (top - 2);
        let (integer, exponent) = match high < 1 << 47 {
            true => (high << (2 * WIDTH) | low, lowest),
            false => (high << 16 | low >> 64 | u128::from(low as u64 != 0), lowest + 64),
        };
        let magnitude = scaled(integer as f64, exponent);
        if negative { -magnitude } else { magnitude }
    }
}

/// Sums in bins higher by `by`: those that have become too low are dropped.
#[inline(always)]
fn lowered(sums: [i128; BINS], by: i32) -> [i128; BINS] {
    let mut lowered = [0; BINS];
    for (to, sum) in lowered.iter_mut().skip(by as usize).zip(sums) {
        *to = sum;
    }
    lowered
}

/// `x 2^exponent`, of an integer `x` with an exponent of at most some 1200: in two steps, of which the first is exact.
fn scaled(x: f64, exponent: i32) -> f64 {
    x * power(exponent / 2) * power(exponent - exponent / 2)
}

/// The largest magnitude; where there are NaNs or infinities, infinity.
fn largest(numbers: &[f64]) -> f64 {
    let largest = f64::from_bits(dispatch(level(), Largest(numbers)));
    if largest.is_nan() { f64::INFINITY } else { largest }
}

/// The largest magnitude's bits. As integers, magnitudes have the same order, and NaNs are above infinity.
struct Largest<'a>(&'a [f64]);

impl Kernel for Largest<'_> {
    type Output = u64;

    #[inline(always)]
    fn run<V: Vector>(self) -> u64 {
        self.0.iter().fold(0, |largest, x| largest.max(x.to_bits() & (u64::MAX >> 1)))
    }
}

/// A bin for a block that has none yet: that of the largest of its first numbers.
fn likely_bin<const POWER: i32>(numbers: &[f64]) -> Option<i32> {
    let larger = |a: f64, b: f64| if b.abs() > a.abs() { b } else { a };
    let first = numbers.iter().take(LANES).copied().fold(0.0, larger);
    let first = first.powi(POWER);
    is_unscaled(first).then(|| bin_of(first))
}

/// The sums of the parts of the numbers, or of their squares, in bin `bin` and below; `None` where one is beyond that bin
/// or is a NaN.
fn parts<const POWER: i32>(numbers: &[f64], bin: i32) -> Option<[i64; BINS]> {
    dispatch(level(), Parts::<POWER> { numbers, bin })
}

struct Parts<'a, const POWER: i32> {
    numbers: &'a [f64],
    bin: i32,
}

impl<const POWER: i32> Kernel for Parts<'_, POWER> {
    type Output = Option<[i64; BINS]>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Option<[i64; BINS]> {
        let splitter = Splitter::<V>::new(self.bin);
        let mut sums = Sums::new();
        let groups = self.numbers.chunks_exact(UNROLL * V::LANES);
        let rest = groups.remainder();
        for group in groups {
            prefetch(group.as_ptr().wrapping_add(BLOCK), UNROLL * V::LANES);
            let vectors: [V; UNROLL] = from_fn(|i| V::load(&group[i * V::LANES..]));
            splitter.add_power::<POWER, UNROLL>(&mut sums, vectors);
        }
        for numbers in rest.chunks(V::LANES) {
            // Zeros have no parts.
            let mut last = [0.0; LANES];
            last[..numbers.len()].copy_from_slice(numbers);
            splitter.add_power::<POWER, 1>(&mut sums, [V::load(&last)]);
        }
        sums.total::<POWER>(self.bin, self.numbers.len().next_multiple_of(V::LANES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(numbers: &[f64]) -> Binned {
        let mut sum = Binned::default();
        sum.add(numbers);
        sum
    }

    /// Numbers whose exponents are spread over `spread` bits.
    fn rough(count: usize, spread: u64) -> Vec<f64> {
        let number = |i: usize| {
            let x = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let sign = if x & 1 == 0 { 1.0 } else { -1.0 };
            sign * (1.0 + (x >> 12) as f64 / (1u64 << 52) as f64) * 2f64.powi((x >> 3) as i32 % spread as i32)
        };
        (0..count).map(number).collect()
    }

    #[test]
    fn sums_of_integers_are_exact() {
        let numbers: Vec<f64> = (0..100_003).map(|i| f64::from(i) - 40_000.0).collect();
        assert_eq!(sum(&numbers).value(), (0..100_003).map(|i| i64::from(i) - 40_000).sum::<i64>() as f64);
        assert_eq!(sum(&[]).value(), 0.0);
        assert_eq!(sum(&[0.0, -0.0]).value(), 0.0);
        assert_eq!(sum(&[1e300, 1.0, -1e300]).value(), 0.0, "2^-79 of the largest is kept");
        assert_eq!(sum(&[1e20, 1.0, -1e20]).value(), 1.0);
        assert_eq!(sum(&[1e16, 1.0, 1.0]).value(), 1e16 + 2.0);
    }

    #[test]
    fn single_numbers_come_back() {
        let extremes =
            [f64::MAX, f64::MIN_POSITIVE, f64::from_bits(1), f64::from_bits(0x000F_FFFF_FFFF_FFFF), 1e-250, 1e280];
        for x in rough(1000, 900).into_iter().chain(extremes) {
            for x in [x, -x, x / 3.0, 1.0 / x] {
                assert_eq!(sum(&[x]).value(), x, "{x:e}");
            }
        }
    }

    #[test]
    fn the_order_does_not_matter() {
        for spread in [1, 30, 100, 700] {
            let numbers = rough(20_000, spread);
            let whole = sum(&numbers).value();
            let mut shuffled = numbers.clone();
            shuffled.sort_by_key(|x| x.to_bits() % 1009);
            assert_eq!(sum(&shuffled).value(), whole);
            shuffled.sort_by(f64::total_cmp);
            assert_eq!(sum(&shuffled).value(), whole);
            for pieces in [2, 3, 7, 500] {
                let mut joined = Binned::default();
                let parts: Vec<_> = shuffled.chunks(shuffled.len().div_ceil(pieces)).map(sum).collect();
                parts.iter().rev().for_each(|part| joined.join(part));
                assert_eq!(joined.value(), whole);
            }
        }
    }

    #[test]
    fn what_rounds_to_the_end_of_a_bin_is_in_one_bin_only() {
        // Just beyond half a unit of the bin above, in a sum whose topmost bin rises by three.
        for x in [power(39) + 0.25, power(39) - 0.25, power(38) + 0.25, power(38) - 0.25, power(40) - 0.5] {
            for (x, large) in [(x, power(130)), (-x, power(130)), (-x, power(90)), (x, power(50))] {
                let mut joined = sum(&[x]);
                joined.join(&sum(&[large, -large]));
                assert_eq!(joined.value(), sum(&[large, x, -large]).value(), "{x:e} and {large:e}");
                let mut later = sum(&[x]);
                later.add(&[large, -large]);
                assert_eq!(later.value(), joined.value(), "{x:e} before {large:e}");
            }
        }
    }

    #[test]
    fn the_error_is_below_that_of_pairwise_summation() {
        // Parts of at most 20 bits: the exact sum is that of integers.
        for spread in [1, 60] {
            let numbers: Vec<f64> =
                rough(50_000, spread).iter().map(|x| f64::from_bits(x.to_bits() >> 33 << 33)).collect();
            let exact: i128 = numbers.iter().map(|x| (x * 2f64.powi(20)) as i128).sum();
            assert_eq!(sum(&numbers).value(), exact as f64 * 2f64.powi(-20));
        }
    }

    #[test]
    fn what_has_no_parts_follows_ieee() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_eq!(sum(&[1.0, inf]).value(), inf);
        assert_eq!(sum(&[-inf, 1.0]).value(), -inf);
        assert!(sum(&[-inf, inf]).value().is_nan() && sum(&[nan, 1.0]).value().is_nan());
        assert_eq!(sum(&[f64::MAX, f64::MAX]).value(), inf, "rounded once, at the end");
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]).value(), f64::MAX);
    }
}
