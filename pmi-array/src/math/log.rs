//! Logarithms.
//!
//! `x = 2^k (1 + f)` with `1 + f` from `sqrt(1/2)` to `sqrt 2`. With `s = f / (2 + f)`, `ln(1 + f) = 2 atanh s` is
//! `f - (f^2 / 2 - s (f^2 / 2 + R))`, `R = 2 atanh(s) / s - 2`: the rounding errors of all but `f` are small against the
//! sum (J.-M. Muller, "Elementary Functions", 3rd ed., chapter 5). `R / s^2` is a polynomial of degree 6 in `s^2`,
//! minimax with error 2^-59 of the logarithm.

use super::double::{
    SHIFT, TWO_54, fast_two_sum, is_positive_normal, polynomial, power_of_two, two_product, two_sum, whole,
};
use super::exp::LN_2_LOW;
use super::{Formula, Log, Log1p, Log2, Log10};
use std::f64::consts::{FRAC_1_SQRT_2, LN_2, LOG2_E, LOG10_2, LOG10_E};

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
pub(super) fn reduce(x: f64) -> (f64, f64) {
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

/// The logarithm of a positive normal number.
#[inline(always)]
fn common_logarithm(x: f64, base: &Base) -> f64 {
    let (k, f) = reduce_normal(x);
    combine(k, f, 0.0, base)
}

impl Formula for Log {
    const NAME: &'static str = "log";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        logarithm(x, &NATURAL)
    }

    #[inline(always)]
    fn is_common(x: f64) -> bool {
        is_positive_normal(x)
    }

    #[inline(always)]
    fn common(x: f64) -> f64 {
        common_logarithm(x, &NATURAL)
    }
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
    fn common(x: f64) -> f64 {
        common_logarithm(x, &BINARY)
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
    fn common(x: f64) -> f64 {
        common_logarithm(x, &DECIMAL)
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
