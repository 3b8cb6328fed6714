//! Powers.
//!
//! `|x|^y = e^(y ln |x|)` with the logarithm as a pair to about 2^-64: an error of it is multiplied by up to 745. The
//! logarithm is that of `log`, with the rounding errors of `r`, of `k ln 2 - ln c + r` and of `r^2 / 2` kept and with `P` of
//! degree 8 and error 2^-68 of `r` (J.-M. Muller, "Elementary Functions", 3rd ed., chapters 4 and 5).

use super::double::{fast_two_sum, is_positive_normal, polynomial, two_product, whole};
use super::exp::{in_steps, of_steps, of_steps_normal};
use super::log::{Parts, parts};
use super::{Formula2, Pow};
use crate::simd::{Twice, Vector};

/// `(ln(1 + r) - r + r^2 / 2) / r^3`.
const P: [f64; 9] = [
    0.33333333333333326,
    -0.249999999999995,
    0.2000000000010568,
    -0.16666666671061722,
    0.14285713892970425,
    -0.12499986423615941,
    0.11111670330091128,
    -0.10017739310616079,
    0.08826004800254764,
];

/// The natural logarithm.
#[inline(always)]
fn log<V: Vector>(parts: &Parts<V>) -> (V, V) {
    let (m, c) = parts.factors();
    let (product, r_error) = two_product(m, c);
    // Exact: the product is near 1.
    let r = product.sub(V::splat(1.0));
    let (whole, low) = parts.whole();
    let (sum, sum_error) = fast_two_sum(whole, r);
    let (half, half_error) = two_product(r, r.mul(V::splat(-0.5)));
    let (leading, leading_error) = fast_two_sum(sum, half);
    // The derivative of the logarithm times r_error, to two terms.
    let of_error = r_error.sub(r.mul(r_error));
    let small = low.add(sum_error).add(leading_error.add(half_error)).add(of_error);
    let rest = r.mul(r).mul(r).mul_add(polynomial(r, P), small);
    fast_two_sum(leading, rest)
}

/// `y log` for a pair.
#[inline(always)]
fn product<V: Vector>(y: V, log: (V, V)) -> (V, V) {
    let (product, error) = two_product(y, log.0);
    (product, y.mul_add(log.1, error))
}

/// A pair in the steps of [`in_steps`].
#[inline(always)]
fn pair_in_steps<V: Vector>(x: (V, V)) -> (V, V) {
    let (shifted, r) = in_steps(x.0);
    (shifted, r.add(x.1))
}

/// Whether a number is an odd integer.
#[inline(always)]
fn is_odd(y: f64) -> bool {
    let half = 0.5 * y;
    y.floor() == y && half.floor() != half
}

impl Formula2 for Pow {
    const NAME: &'static str = "power";

    #[inline(always)]
    fn value(x: f64, y: f64) -> f64 {
        // The logarithm is 0 or at least 2^-53: beyond 2^64 only the sign of y matters.
        const LARGE: f64 = 1.8e19;
        let bounded = if y > LARGE { LARGE } else { y };
        let bounded = if bounded < -LARGE { -LARGE } else { bounded };
        let x_log = product(bounded, log(&parts(x.abs())));
        // Beyond these the result is 0 or infinity whatever the low part.
        let high = x_log.0 > 711.0;
        let vanishes = x_log.0 < -750.0;
        let hi = if high { 711.0 } else { x_log.0 };
        let hi = if vanishes { 0.0 } else { hi };
        let lo = if high || vanishes { 0.0 } else { x_log.1 };
        let power = of_steps(pair_in_steps((hi, lo)));
        let power = if vanishes { 0.0 } else { power };
        let negative = if y.floor() == y { power } else { f64::NAN };
        let negative = if is_odd(y) { -power } else { negative };
        if x < 0.0 { negative } else { power }
    }

    /// Whether `x` is positive and normal and the result surely is, too: `|log2 x|` is at most the exponent's absolute
    /// value plus 1.
    #[inline(always)]
    fn is_common(x: f64, y: f64) -> bool {
        let exponent = whole(x.to_bits() >> 52) - 1023.0;
        is_positive_normal(x) & (y.abs() * (exponent.abs() + 1.0) < 1021.0)
    }

    by_vectors!(|x, y| of_steps_normal(pair_in_steps(product(y, log(&Parts::of(x))))));

    #[inline(always)]
    fn is_special(x: f64, y: f64) -> bool {
        let fine = (x.abs() < f64::INFINITY) & (x != 0.0) & (y.abs() < f64::INFINITY);
        !fine
    }

    #[inline(always)]
    fn special(x: f64, y: f64) -> f64 {
        let a = x.abs();
        if y == 0.0 || x == 1.0 || (a == 1.0 && y.is_infinite()) {
            1.0
        } else if x.is_nan() || y.is_nan() {
            f64::NAN
        } else {
            let magnitude = if (a > 1.0) == (y > 0.0) { f64::INFINITY } else { 0.0 };
            if x.is_sign_negative() && is_odd(y) { -magnitude } else { magnitude }
        }
    }
}
