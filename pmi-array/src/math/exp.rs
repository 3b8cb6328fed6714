//! Exponentials.
//!
//! `e^x = 2^n e^r` with `n = round(x / ln 2)` and `|r| <= ln 2 / 2`; the first of the two subtractions that make `r` is
//! exact thanks to the fused multiply-add, the second keeps its rounding error (W. J. Cody and W. Waite, "Software Manual
//! for the Elementary Functions", 1980). `e^r = 1 + r + r^2 q(r)` with `q` of degree 10, a minimax polynomial by Remez'
//! exchange algorithm (J.-M. Muller, "Elementary Functions", 3rd ed., chapter 3) with error 2^-60 relative to `r`.

use super::double::{SHIFT, fast_two_sum, polynomial, power_of_two, scale, scale_normal, two_product};
use super::{Exp, Exp2, Expm1, Formula};
use std::f64::consts::{LN_2, LOG2_E};

/// `ln 2 - LN_2`, and what that still lacks.
pub(super) const LN_2_LOW: f64 = 2.3190468138462996e-17;

/// `q`.
const Q: [f64; 11] = [
    0.5,
    0.16666666666666677,
    0.0416666666666667,
    0.008333333333321615,
    0.001388888888886684,
    0.00019841269886158739,
    2.480158736054408e-05,
    2.7557244181718566e-06,
    2.7557242772281264e-07,
    2.5109044962902056e-08,
    2.0924438946227886e-09,
];

/// `(n + SHIFT, r)` for the pair `x` of at most 2^11, `r` as a pair.
#[inline(always)]
pub(super) fn reduce(x: (f64, f64)) -> (f64, (f64, f64)) {
    let shifted = x.0.mul_add(LOG2_E, SHIFT);
    let n = shifted - SHIFT;
    let exact = n.mul_add(-LN_2, x.0);
    let r = n.mul_add(-LN_2_LOW, exact);
    let error = n.mul_add(-LN_2_LOW, exact - r);
    (shifted, fast_two_sum(r, error + x.1))
}

/// `e^r - 1 - r` for a pair of at most `ln 2 / 2`.
#[inline(always)]
pub(super) fn tail(r: (f64, f64)) -> f64 {
    (r.0 * r.0).mul_add(polynomial(r.0, Q), r.1)
}

/// `e^r` as a sum of `1 + r`, rounded, and what is left.
#[inline(always)]
pub(super) fn exp_reduced(r: (f64, f64)) -> (f64, f64) {
    let (sum, error) = fast_two_sum(1.0, r.0);
    (sum, error + tail(r))
}

/// `e^x - 1` times `2^-halvings`, as a sum of a leading term and what is left; for x from -50 to 710.
#[inline(always)]
pub(super) fn expm1_pair(x: f64, halvings: f64) -> (f64, f64) {
    let (shifted, r) = reduce((x, 0.0));
    let two_n = power_of_two(shifted - halvings);
    let one = power_of_two(SHIFT - halvings);
    let less = two_n - one;
    let lost = (two_n - less) - one;
    let (sum, error) = fast_two_sum(less, two_n * r.0);
    let low = r.1.mul_add(r.0, r.1);
    (sum, two_n.mul_add(tail((r.0, low)), error + lost))
}

/// `n + SHIFT` and `e^r` of [`reduce`].
#[inline(always)]
fn exp_parts(x: f64) -> (f64, f64) {
    let shifted = x.mul_add(LOG2_E, SHIFT);
    let n = shifted - SHIFT;
    let exact = n.mul_add(-LN_2, x);
    let r = n.mul_add(-LN_2_LOW, exact);
    let (hi, lo) = exp_reduced((r, n.mul_add(-LN_2_LOW, exact - r)));
    (shifted, hi + lo)
}

/// `n + SHIFT` and `e^(r ln 2)` with `n = round(x)`, `x = n + r`.
#[inline(always)]
fn exp2_parts(x: f64) -> (f64, f64) {
    let shifted = x + SHIFT;
    let r = x - (shifted - SHIFT);
    let (product, error) = two_product(r, LN_2);
    let (hi, lo) = exp_reduced((product, r.mul_add(LN_2_LOW, error)));
    (shifted, hi + lo)
}

impl Formula for Exp {
    const NAME: &'static str = "exp";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        let bounded = if x > 710.0 { 710.0 } else { x };
        let vanishes = x < -746.0;
        // 0 is chosen instead of computed, since products that underflow are slow.
        let (n, value) = exp_parts(if vanishes { 0.0 } else { bounded });
        let exp = scale(value, n - SHIFT);
        if vanishes { 0.0 } else { exp }
    }

    /// Whether 2^n and the value are normal numbers.
    #[inline(always)]
    fn is_common(x: f64) -> bool {
        x.abs() < 708.0
    }

    #[inline(always)]
    fn common(x: f64) -> f64 {
        let (n, value) = exp_parts(x);
        scale_normal(value, n)
    }
}

impl Formula for Exp2 {
    const NAME: &'static str = "exp2";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        let bounded = if x > 1025.0 { 1025.0 } else { x };
        let vanishes = x < -1077.0;
        let (n, value) = exp2_parts(if vanishes { 0.0 } else { bounded });
        let exp2 = scale(value, n - SHIFT);
        if vanishes { 0.0 } else { exp2 }
    }

    #[inline(always)]
    fn is_common(x: f64) -> bool {
        x.abs() < 1021.0
    }

    #[inline(always)]
    fn common(x: f64) -> f64 {
        let (n, value) = exp2_parts(x);
        scale_normal(value, n)
    }
}

impl Formula for Expm1 {
    const NAME: &'static str = "expm1";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        let bounded = if x > 710.0 { 710.0 } else { x };
        let bounded = if bounded < -50.0 { -50.0 } else { bounded };
        let (hi, lo) = expm1_pair(bounded, 1.0);
        // Below 2^-54 the function is its argument: -0 and subnormals, too.
        if x.abs() < 5.5e-17 { x } else { 2.0 * (hi + lo) }
    }
}
