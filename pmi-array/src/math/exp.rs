//! Exponentials.
//!
//! `e^x = 2^(n/16) e^r` with `n = round(16 x / ln 2)` and `|r| <= ln 2 / 32`; of the two subtractions that make `r` the
//! first is exact thanks to the fused multiply-add (W. J. Cody and W. Waite, "Software Manual for the Elementary
//! Functions", 1980). The powers `2^(j/16)` are a table of as many numbers as two registers have, with what their
//! rounding left; `e^r = 1 + r + r^2 q(r)` with `q` of degree 4, a minimax polynomial by Remez' exchange algorithm (J.-M.
//! Muller, "Elementary Functions", 3rd ed., chapters 3 and 4) with error 2^-56.
//!
//! What goes on computing with the exponential needs more than its rounded value: there `e^x = 2^n e^r` with `n = round(x / ln 2)` and `|r| <= ln 2 / 2`; the first of the two subtractions that make `r` is
//! exact, too, the second keeps its rounding error, and `q` has degree 10 and an error of 2^-60 relative to `r`.

use super::double::{SHIFT, fast_two_sum, polynomial, power_of_two, scale};
use super::{Exp, Exp2, Expm1, Formula};
use crate::simd::{Twice, Vector};
use std::f64::consts::{LN_2, LOG2_E, SQRT_2};

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

/// `2^(j/16)`, rounded.
const ROOTS: [f64; 16] = [
    1.0,
    1.0442737824274138,
    1.0905077326652577,
    1.1387886347566916,
    1.189207115002721,
    1.241857812073484,
    1.2968395546510096,
    1.3542555469368927,
    SQRT_2,
    1.4768261459394993,
    1.5422108254079407,
    1.6104903319492543,
    1.681792830507429,
    1.7562521603732995,
    1.8340080864093424,
    1.9152065613971474,
];

/// What the rounding left, divided by `2^(j/16)`.
const ROOTS_LOW: [f64; 16] = [
    0.0,
    8.189317638195514e-17,
    -2.7939114859515733e-17,
    7.826573258636075e-17,
    3.3484623336251524e-17,
    3.7508542013031266e-17,
    1.9572585293112036e-17,
    5.68648095791174e-17,
    -6.835808657661923e-17,
    -2.3591094770850053e-17,
    5.1548301170786783e-17,
    1.5341410053603723e-17,
    4.875160526227061e-17,
    1.685487290628973e-17,
    1.790126907604513e-17,
    -5.5450656186394274e-17,
];

/// `q` where the table has done the rest.
const SHORT: [f64; 5] =
    [0.5000000000000006, 0.16666666664408852, 0.04166666665962816, 0.008333472200750543, 0.0013889129486213774];

/// `ln 2 / 16`, and what that lacks; both exact sixteenths.
const STEP: (f64, f64) = (LN_2 / 16.0, LN_2_LOW / 16.0);

/// `x` in steps: `n + SHIFT` and `r`.
#[inline(always)]
pub(super) fn in_steps<V: Vector>(x: V) -> (V, V) {
    let shifted = x.mul_add(V::splat(16.0 * LOG2_E), V::splat(SHIFT));
    let n = shifted.sub(V::splat(SHIFT));
    let exact = n.mul_add(V::splat(-STEP.0), x);
    (shifted, n.mul_add(V::splat(-STEP.1), exact))
}

/// Likewise of `x ln 2`.
#[inline(always)]
fn in_binary_steps<V: Vector>(x: V) -> (V, V) {
    let shifted = x.mul_add(V::splat(16.0), V::splat(SHIFT));
    let n = shifted.sub(V::splat(SHIFT));
    (shifted, n.mul_add(V::splat(-1.0 / 16.0), x).mul(V::splat(LN_2)))
}

/// `2^(j/16) e^r`, `j` being the lowest four bits of `n`.
#[inline(always)]
fn fraction<V: Vector>((shifted, r): (V, V)) -> V {
    let more = r.mul(r).mul_add(polynomial(r, SHORT), r.add(shifted.pick(&ROOTS_LOW)));
    let root = shifted.pick(&ROOTS);
    root.mul_add(more, root)
}

/// `2^(n/16) e^r`, a normal number.
#[inline(always)]
pub(super) fn of_steps_normal<V: Vector>(steps: (V, V)) -> V {
    fraction(steps).add_bits(steps.0.shift_down(4).shift_up(52))
}

/// `2^(n/16) e^r`, whatever it is.
#[inline(always)]
pub(super) fn of_steps(steps: (f64, f64)) -> f64 {
    scale(fraction(steps), ((steps.0 - SHIFT) / 16.0).floor())
}

impl Formula for Exp {
    const NAME: &'static str = "exp";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        let bounded = if x > 710.0 { 710.0 } else { x };
        let vanishes = x < -746.0;
        // 0 is chosen instead of computed, since products that underflow are slow.
        let exp = of_steps(in_steps(if vanishes { 0.0 } else { bounded }));
        if vanishes { 0.0 } else { exp }
    }

    /// Whether 2^n and the value are normal numbers.
    #[inline(always)]
    fn is_common(x: f64) -> bool {
        x.abs() < 708.0
    }

    by_vectors!(|x| of_steps_normal(in_steps(x)));
}

impl Formula for Exp2 {
    const NAME: &'static str = "exp2";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        let bounded = if x > 1025.0 { 1025.0 } else { x };
        let vanishes = x < -1077.0;
        let exp2 = of_steps(in_binary_steps(if vanishes { 0.0 } else { bounded }));
        if vanishes { 0.0 } else { exp2 }
    }

    #[inline(always)]
    fn is_common(x: f64) -> bool {
        x.abs() < 1021.0
    }

    by_vectors!(|x| of_steps_normal(in_binary_steps(x)));
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
