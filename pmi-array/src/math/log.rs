//! Logarithms.
//!
//! The natural one: `x = 2^k m` with `m` from 0.73 to 1.46, in 16 intervals with a number `c` of few digits near `1/m`
//! each, which is 1 around `m = 1`. `ln x = k ln 2 - ln c + ln(1 + r)` with `r = m c - 1`, which the fused multiply-add
//! gives exactly where the sum might cancel; `k ln 2 - ln c` is exact up to 2^-42, the rest is added in the end. `ln(1 + r)`
//! is `r - r^2 / 2 + r^3 P(r)` with `P` of degree 6, minimax with error 2^-55 of `r`. `c` and `-ln c` are tables of as many
//! numbers as two registers have (J.-M. Muller, "Elementary Functions", 3rd ed., chapter 4).
//!
//! The others: `x = 2^k (1 + f)` with `1 + f` from `sqrt(1/2)` to `sqrt 2`. With `s = f / (2 + f)`, `ln(1 + f) = 2 atanh s` is
//! `f - (f^2 / 2 - s (f^2 / 2 + R))`, `R = 2 atanh(s) / s - 2`: the rounding errors of all but `f` are small against the
//! sum (J.-M. Muller, "Elementary Functions", 3rd ed., chapter 5). `R / s^2` is a polynomial of degree 6 in `s^2`,
//! minimax with error 2^-59 of the logarithm.

use super::double::{
    SHIFT, TWO_52, TWO_54, fast_two_sum, is_positive_normal, polynomial, power_of_two, two_product, two_sum, whole,
};
use super::exp::LN_2_LOW;
use super::{Formula, Log, Log1p, Log2, Log10};
use crate::simd::{Twice, Vector};
use std::f64::consts::{FRAC_1_SQRT_2, LN_2, LOG2_E, LOG10_2, LOG10_E};

/// The first interval of `m`.
const FIRST: u64 = 1.0_f64.to_bits() - 5 * (1 << 45) - 8 * (1 << 48);

/// `c`.
const INVERSE: [f64; 16] = [
    1.33984375, 1.28515625, 1.23828125, 1.19140625, 1.1484375, 1.109375, 1.0703125, 1.03125, 1.0, 0.953125, 0.89453125,
    0.84765625, 0.8046875, 0.765625, 0.73046875, 0.69921875,
];

/// `-ln c`, a multiple of 2^-42.
const LOG: [f64; 16] = [
    -0.29255300268641804,
    -0.2508803062858078,
    -0.21372432939779173,
    -0.17513433212775453,
    -0.13840232285906495,
    -0.10379679368156758,
    -0.06795066190852594,
    -0.03077165866670839,
    0.0,
    0.04800921918626955,
    0.11145544092528326,
    0.16528009093917717,
    0.21730127569003344,
    0.2670627852489815,
    0.3140688276250785,
    0.3577916386389006,
];

/// What that lacks.
const LOG_LOW: [f64; 16] = [
    4.0599978860151284e-14,
    -1.5973663463624904e-15,
    7.359580186440514e-14,
    -9.461516580665081e-14,
    -5.4183331379008994e-14,
    -7.598636597194141e-14,
    1.8195060030168815e-14,
    -4.529814257790929e-14,
    0.0,
    9.106054379130929e-14,
    3.957125899799804e-14,
    -7.424679100316254e-14,
    -5.204008743405884e-14,
    6.371947269815667e-14,
    -1.0263280755261064e-13,
    -9.314286694228276e-14,
];

/// `ln 2` likewise.
const LN_2_SHORT: (f64, f64) = (0.6931471805598903, 5.497923018708371e-14);

/// `(ln(1 + r) - r) / r^2`.
const SHORT: [f64; 8] = [
    -0.5,
    0.33333333333356363,
    -0.2500000000178579,
    0.19999999807604366,
    -0.1666665667100319,
    0.14286134179933904,
    -0.12517640519411297,
    0.10850348115159902,
];

/// A positive normal number taken apart.
pub(super) struct Parts<V> {
    /// The power of 2.
    pub(super) k: V,
    /// The rest.
    m: V,
    /// The number of its interval, in the lowest four bits.
    interval: V,
}

impl<V: Vector> Parts<V> {
    #[inline(always)]
    pub(super) fn of(x: V) -> Self {
        const MANTISSA: u64 = (1 << 52) - 1;
        let bits = |bits: u64| V::splat(f64::from_bits(bits));
        // The power is 1024 too great, so that no bits are negative.
        let offset = x.add_bits(bits((1024_u64 << 52).wrapping_sub(FIRST)));
        let k = offset.shift_down(52).or_bits(V::splat(TWO_52)).sub(V::splat(TWO_52 + 1024.0));
        Self { k, m: offset.and_bits(bits(MANTISSA)).add_bits(bits(FIRST)), interval: offset.shift_down(48) }
    }

    /// `m` and `c`.
    #[inline(always)]
    pub(super) fn factors(&self) -> (V, V) {
        (self.m, self.interval.pick(&INVERSE))
    }

    /// `k ln 2 - ln c` as a sum of a multiple of 2^-42 and a small number.
    #[inline(always)]
    pub(super) fn whole(&self) -> (V, V) {
        let whole = self.k.mul_add(V::splat(LN_2_SHORT.0), self.interval.pick(&LOG));
        (whole, self.k.mul_add(V::splat(LN_2_SHORT.1), self.interval.pick(&LOG_LOW)))
    }

    /// The natural logarithm.
    #[inline(always)]
    fn log(&self) -> V {
        let (m, c) = self.factors();
        let r = m.mul_sub(c, V::splat(1.0));
        let (whole, low) = self.whole();
        let (sum, error) = fast_two_sum(whole, r);
        sum.add(r.mul(r).mul_add(polynomial(r, SHORT), low.add(error)))
    }
}

/// The parts of a positive finite number.
#[inline(always)]
pub(super) fn parts(x: f64) -> Parts<f64> {
    let tiny = x < f64::MIN_POSITIVE;
    let parts = Parts::of(if tiny { x * TWO_54 } else { x });
    Parts { k: if tiny { parts.k - 54.0 } else { parts.k }, ..parts }
}

/// `R / s^2`.
const R: [f64; 7] = [
    0.6666666666666735,
    0.3999999999941109,
    0.2857142874326311,
    0.22222198475955784,
    0.18183569740750702,
    0.15313903236519277,
    0.14797507692233355,
];

/// A base `b`, by `log_b 2` and `log_b e` as pairs.
struct Base {
    two: (f64, f64),
    e: (f64, f64),
}

const NATURAL: Base = Base { two: (LN_2, LN_2_LOW), e: (1.0, 0.0) };
const BINARY: Base = Base { two: (1.0, 0.0), e: (LOG2_E, 2.0355273740931033e-17) };
const DECIMAL: Base = Base { two: (LOG10_2, -2.8037281277851704e-18), e: (LOG10_E, 1.098319650216765e-17) };

/// `(k, f)` for a positive finite number.
#[inline(always)]
fn reduce(x: f64) -> (f64, f64) {
    let tiny = x < f64::MIN_POSITIVE;
    let (k, f) = reduce_normal(if tiny { x * TWO_54 } else { x });
    (if tiny { k - 54.0 } else { k }, f)
}

/// `(k, f)` for a positive normal number.
#[inline(always)]
pub(super) fn reduce_normal(x: f64) -> (f64, f64) {
    // The exponent of x / sqrt(1/2), 1024 too great.
    const OFFSET: u64 = (1024_u64 << 52).wrapping_sub(FRAC_1_SQRT_2.to_bits());
    let exponent = x.to_bits().wrapping_add(OFFSET) & !((1 << 52) - 1);
    let one_f = f64::from_bits(x.to_bits().wrapping_sub(exponent).wrapping_add(1024 << 52));
    (whole(exponent >> 52) - 1024.0, one_f - 1.0)
}

/// `R`: `(2 atanh s - 2 s) / s`.
#[inline(always)]
pub(super) fn series(s: f64) -> f64 {
    let z = s * s;
    z * polynomial(z, R)
}

/// `ln(1 + f) - f`.
#[inline(always)]
fn tail(f: f64) -> f64 {
    let s = f / (2.0 + f);
    let half = 0.5 * f * f;
    s.mul_add(half + series(s), -half)
}

/// `log_b(2^k (1 + f)) + extra`, `extra` being small against the rest.
#[inline(always)]
fn combine(k: f64, f: f64, extra: f64, base: &Base) -> f64 {
    let (whole, whole_error) = two_product(k, base.two.0);
    let (part, part_error) = match base.e.0 == 1.0 {
        true => (f, extra),
        false => {
            let (part, error) = two_product(f, base.e.0);
            (part, f.mul_add(base.e.1, error))
        }
    };
    let (sum, error) = fast_two_sum(whole, part);
    let small = k.mul_add(base.two.1, whole_error) + part_error + error;
    sum + tail(f).mul_add(base.e.0, small)
}

/// The values where there is no logarithm of a positive number.
#[inline(always)]
fn with_limits(x: f64, log: f64) -> f64 {
    // The first test fails for NaN, too.
    let log = if x < f64::INFINITY { log } else { x };
    let log = if x < 0.0 { f64::NAN } else { log };
    if x == 0.0 { f64::NEG_INFINITY } else { log }
}

/// The logarithm of any number.
#[inline(always)]
fn logarithm(x: f64, base: &Base) -> f64 {
    let (k, f) = reduce(x);
    with_limits(x, combine(k, f, 0.0, base))
}

/// The logarithms of positive normal numbers.
#[inline(always)]
fn common_logarithm(chunk: &mut [f64], base: &Base) {
    for x in chunk {
        let (k, f) = reduce_normal(*x);
        *x = combine(k, f, 0.0, base);
    }
}

impl Formula for Log {
    const NAME: &'static str = "log";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        with_limits(x, parts(x).log())
    }

    #[inline(always)]
    fn is_common(x: f64) -> bool {
        is_positive_normal(x)
    }

    by_vectors!(|x| Parts::of(x).log());
}

impl Formula for Log2 {
    const NAME: &'static str = "log2";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        logarithm(x, &BINARY)
    }

    #[inline(always)]
    fn is_common(x: f64) -> bool {
        is_positive_normal(x)
    }

    #[inline(always)]
    fn common<V: Vector>(chunk: &mut [f64]) {
        common_logarithm(chunk, &BINARY);
    }
}

impl Formula for Log10 {
    const NAME: &'static str = "log10";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        logarithm(x, &DECIMAL)
    }

    #[inline(always)]
    fn is_common(x: f64) -> bool {
        is_positive_normal(x)
    }

    #[inline(always)]
    fn common<V: Vector>(chunk: &mut [f64]) {
        common_logarithm(chunk, &DECIMAL);
    }
}

/// `ln(2^doublings (1 + x))` for a pair `x > -1`; with no doublings and `x` below 2^-54, `x`.
#[inline(always)]
pub(super) fn log1p_pair(x: (f64, f64), doublings: f64) -> f64 {
    let (u, error) = two_sum(1.0, x.0);
    let (k, f) = reduce_normal(u);
    // Near 0 the argument itself is f, without the rounding of 1 + x.
    let near = x.0 > -0.29 && x.0 < 0.41;
    let (k, f) = if near { (0.0, x.0) } else { (k, f) };
    // What is missing, divided by the argument of the logarithm: 1 / u off the region near 0, from s to three digits.
    let lost = if near { x.1 } else { error + x.1 };
    let s = f / (2.0 + f);
    let inverse = (1.0 - s) * (1.0 - s) * s.mul_add(s, 1.0);
    // 2^-k, which beyond 2^60 only has to be finite.
    let bounded = if k > 1000.0 { 1000.0 } else { k };
    let two_k = power_of_two(SHIFT - bounded);
    combine(k + doublings, f, lost * inverse * two_k, &NATURAL)
}

impl Formula for Log1p {
    const NAME: &'static str = "log1p";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        let log = log1p_pair((x, 0.0), 0.0);
        let log = if x.abs() < 5.5e-17 { x } else { log };
        let log = if x < f64::INFINITY { log } else { x };
        let log = if x < -1.0 { f64::NAN } else { log };
        if x == -1.0 { f64::NEG_INFINITY } else { log }
    }
}
