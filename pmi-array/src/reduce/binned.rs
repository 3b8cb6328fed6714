//! Sums of floating-point numbers that do not depend on the order.
//!
//! The method is that of Demmel and Nguyen, *Parallel reproducible summation*, IEEE Trans. Comput. 64 (2015), with
//! integers in place of their carries. The exponents are cut into bins of [`WIDTH`] bits. Each number is split into its
//! parts in the topmost [`BINS`] bins, counted from the bin of the largest number of all; what is below is dropped. A part
//! is a multiple of its bin's unit, and few enough of them are added in an `f64` for their sum to be exact; these sums
//! are added as integers. So every step is exact but for what is dropped, and that depends on each number and the
//! largest of all alone: neither the order of the numbers nor how they are dealt to tasks and threads plays a part.
//!
//! What is dropped of a number is below 2^-80 of the largest, so that the error of a sum of `n` numbers, rounded once at
//! the end, is at most `n 2^-80 max|x| + 2^-53 |sum|`; that of pairwise summation is `2^-53 log2(n) sum|x|`.

use crate::simd::{Kernel, Vector, dispatch, level};
use serde::{Deserialize, Serialize};

/// Bits of a bin.
const WIDTH: i32 = 40;
/// How many bins a sum has.
pub(super) const BINS: usize = 3;
/// How many numbers are added before their sums become integers: with parts of at most `2^(WIDTH - 1)` units, sums of
/// `f64`s are exact for 2^13 of them.
pub(super) const MOST: usize = 4096;
/// How many vectors are under way at a time.
const UNROLL: usize = 4;
/// The most numbers in these.
pub(super) const LANES: usize = UNROLL * 8;
/// Numbers beyond these are scaled by [`SCALE`], ten bins, so that nothing on the way overflows or is subnormal.
pub(super) const LARGE: f64 = f64::from_bits((1023 + 900) << 52);
pub(super) const SMALL: f64 = f64::from_bits((1023 - 800) << 52);
const SCALE: f64 = f64::from_bits((1023 + 400) << 52);

/// The bins of the numbers that need not be scaled.
const UNSCALED: std::ops::RangeInclusive<i32> = -20..=22;

/// A power of two, of a normal number.
#[inline(always)]
const fn power(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// The bin whose parts a number of at most this magnitude has at the top: all parts in higher bins are 0.
#[inline(always)]
pub(super) fn bin_of(magnitude: f64) -> i32 {
    let exponent = (magnitude.to_bits() >> 52) as i32 - 1023;
    // Below 2^(exponent + 1), hence at most half the unit of bin `k + 1` where `exponent + 2 <= 40 (k + 1)`.
    (exponent + 2 + WIDTH - 1).div_euclid(WIDTH) - 1
}

/// The largest number whose parts are in the bin `bin` and below.
#[inline(always)]
pub(super) fn limit(bin: i32) -> f64 {
    power(WIDTH * (bin + 1) - 1).next_down()
}

/// Adding and taking away this number rounds to a multiple of the unit of the bin.
#[inline(always)]
fn rounder(bin: i32) -> f64 {
    1.5 * power(WIDTH * bin + 52)
}

/// Those of the bin and of the ones below.
#[inline(always)]
pub(super) fn rounders(bin: i32) -> [f64; BINS] {
    [rounder(bin), rounder(bin - 1), rounder(bin - 2)]
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
        for numbers in numbers.chunks(MOST) {
            // Most blocks have no larger numbers than those before: one pass over them will do. Parts in bins below the
            // topmost ones are dropped in any case.
            if let Some(top) = self.unscaled_top()
                && let Some(parts) = parts(numbers, top)
            {
                self.add_parts(top, parts, 0);
                continue;
            }
            let largest = largest(numbers);
            if largest > 0.0 {
                self.add_block(numbers, largest);
            }
        }
    }

    /// The topmost bin, where numbers in it need not be scaled.
    pub(super) fn unscaled_top(&self) -> Option<i32> {
        self.top.filter(|top| UNSCALED.contains(top))
    }

    /// Adds at most [`MOST`] numbers, of which the largest magnitude is given.
    fn add_block(&mut self, numbers: &[f64], largest: f64) {
        if !largest.is_finite() {
            return self.add_special(numbers);
        }
        if largest > LARGE {
            return self.add_scaled(numbers, 1.0 / SCALE, 10);
        }
        if largest < SMALL {
            return self.add_scaled(numbers, SCALE, -10);
        }
        self.add_within(numbers, bin_of(largest), 0);
    }

    /// Adds numbers of which none is beyond the bin `bin`, which are to count as in bins higher by `shift`.
    fn add_within(&mut self, numbers: &[f64], bin: i32, shift: i32) {
        let parts = parts(numbers, bin).expect("no number is beyond the largest one's bin");
        self.add_parts(bin, parts, shift);
    }

    #[cold]
    fn add_special(&mut self, numbers: &[f64]) {
        let mut finite = numbers.to_vec();
        for x in &mut finite {
            if !x.is_finite() {
                self.special.infinite |= *x == f64::INFINITY;
                self.special.minus_infinite |= *x == f64::NEG_INFINITY;
                self.special.nan |= x.is_nan();
                *x = 0.0;
            }
        }
        self.add(&finite);
    }

    #[cold]
    fn add_scaled(&mut self, numbers: &[f64], scale: f64, bins: i32) {
        let scaled: Vec<f64> = numbers.iter().map(|x| x * scale).collect();
        self.add_within(&scaled, bin_of(largest(&scaled)), bins);
    }

    /// Adds sums of parts in bin `bin` and below, which are to count as bins higher by `shift`.
    pub(super) fn add_parts(&mut self, bin: i32, parts: [f64; BINS], shift: i32) {
        let mut sums = [0; BINS];
        for (part, (sum, of)) in parts.iter().zip(sums.iter_mut().zip(0..)) {
            *sum = i128::from((part * power(-WIDTH * (bin - of))) as i64);
        }
        self.add_sums(bin + shift, sums);
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

/// The sums of the numbers' parts in bin `bin` and below; `None` where a number is beyond that bin or is a NaN.
fn parts(numbers: &[f64], bin: i32) -> Option<[f64; BINS]> {
    dispatch(level(), Parts { numbers, limit: limit(bin), rounders: rounders(bin) })
}

struct Parts<'a> {
    numbers: &'a [f64],
    limit: f64,
    rounders: [f64; BINS],
}

impl Kernel for Parts<'_> {
    type Output = Option<[f64; BINS]>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Option<[f64; BINS]> {
        let splitter = Splitter::<V>::new(self.rounders.map(V::splat), V::splat(self.limit), one());
        let (mut sums, mut beyond) = ([[V::splat(0.0); BINS]; UNROLL], V::splat(0.0));
        let groups = self.numbers.chunks_exact(UNROLL * V::LANES);
        let rest = groups.remainder();
        for group in groups {
            add_group(&mut sums, group, &splitter, &mut beyond);
        }
        // Zeros have no parts.
        let mut last = [0.0; LANES];
        last[..rest.len()].copy_from_slice(rest);
        add_group(&mut sums, &last, &splitter, &mut beyond);
        if !is_zero(beyond) {
            return None;
        }
        let mut total = [0.0; BINS];
        for of_vector in sums {
            add_lanes(&mut total, of_vector);
        }
        Some(total)
    }
}

/// Adds the parts of as many numbers as are under way at a time. (A function and not a closure: see
/// [`Kernel::run`].)
#[inline(always)]
fn add_group<V: Vector>(sums: &mut [[V; BINS]; UNROLL], numbers: &[f64], splitter: &Splitter<V>, beyond: &mut V) {
    for (u, sums) in sums.iter_mut().enumerate() {
        splitter.add(sums, V::load(&numbers[u * V::LANES..]), beyond);
    }
}

/// Ones that the compiler does not know to be 1: it would leave out the multiplications of [`Splitter`].
#[inline(always)]
pub(super) fn one<V: Vector>() -> V {
    V::splat(std::hint::black_box(1.0))
}

/// Splits vectors of numbers. `one` comes from the function of that name.
pub(super) struct Splitter<V> {
    rounders: [V; BINS],
    limit: V,
    one: V,
}

impl<V: Vector> Splitter<V> {
    #[inline(always)]
    pub(super) fn new(rounders: [V; BINS], limit: V, one: V) -> Self {
        Self { rounders, limit, one }
    }

    /// Adds the parts of the numbers to sums; sets lanes of `beyond` to 1 where a number is beyond the limit.
    #[inline(always)]
    pub(super) fn add(&self, sums: &mut [V; BINS], numbers: V, beyond: &mut V) {
        *beyond = beyond.select(numbers.abs().le(self.limit), self.one);
        self.add_from(0, sums, numbers);
    }

    /// Adds the parts of numbers below half a unit of the topmost bin, where they have none.
    #[inline(always)]
    pub(super) fn add_small(&self, sums: &mut [V; BINS], numbers: V) {
        self.add_from(1, sums, numbers);
    }

    #[inline(always)]
    fn add_from(&self, from: usize, sums: &mut [V; BINS], numbers: V) {
        let mut x = numbers;
        // Slices: an iterator that skips might stay a call.
        for (rounder, sum) in self.rounders[from..].iter().zip(&mut sums[from..]) {
            let part = self.plus(x, *rounder).sub(*rounder);
            *sum = self.plus(part, *sum);
            x = x.sub(part);
        }
    }

    /// `x + y`, where there are vectors as `x 1 + y`: CPUs that add and multiply in different places then use both, which
    /// saves a quarter of the time. (The baseline may have no such instruction.)
    #[inline(always)]
    fn plus(&self, x: V, y: V) -> V {
        if V::LANES == 1 { x.add(y) } else { x.mul_add(self.one, y) }
    }
}

/// Adds the lanes of sums of parts.
#[inline(always)]
pub(super) fn add_lanes<V: Vector>(total: &mut [f64; BINS], sums: [V; BINS]) {
    for (total, sum) in total.iter_mut().zip(sums) {
        let mut lanes = [0.0; LANES];
        sum.store(&mut lanes);
        *total += lanes.iter().sum::<f64>();
    }
}

/// Whether all lanes are 0.
#[inline(always)]
pub(super) fn is_zero<V: Vector>(x: V) -> bool {
    V::bits(x.eq(V::splat(0.0))) == u64::MAX >> (64 - V::LANES)
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
        assert_eq!(sum(&[1e300, 1.0, -1e300]).value(), 0.0, "2^-80 of the largest is kept");
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
