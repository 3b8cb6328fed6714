//! Powers.
//!
//! `|x|^y = e^(y ln |x|)` with the logarithm as a pair to about 2^-68: an error of it is multiplied by up to 745. As for
//! the logarithm, `ln |x| = k ln 2 + 2 atanh s`; here `s` and the terms up to `s^3` of the series are pairs, and only the
//! rest is a polynomial in plain numbers, minimax of degree 6 with error 2^-72 (J.-M. Muller, "Elementary Functions",
//! 3rd ed., chapters 4 and 5).

use super::double::{
    SHIFT, fast_two_sum, is_positive_normal, multiply, polynomial, scale, scale_normal, two_product, whole,
};
use super::exp::{LN_2_LOW, exp_reduced, reduce as reduce_exp};
use super::log::{reduce as reduce_log, reduce_normal};
use super::{Formula2, Pow};
use std::f64::consts::LN_2;

/// `atanh(s) / s = 1 + z / 3 + z^2 / 5 + z^3 P(z)`, `z = s^2`.
const P: [f64; 7] = [
    0.14285714285716594,
    0.11111111110000572,
    0.0909090930362265,
    0.07692286376846016,
    0.0666788469428331,
    0.05842451557419738,
    0.05956104113174133,
];

const THIRD: (f64, f64) = (1.0 / 3.0, 1.850371707708594e-17);

/// `c + x` for pairs with `|c| >= |x|`.
#[inline(always)]
fn add(c: (f64, f64), x: (f64, f64)) -> (f64, f64) {
    let (sum, error) = fast_two_sum(c.0, x.0);
    (sum, error + (c.1 + x.1))
}

/// The natural logarithm of `2^k (1 + f)`.
#[inline(always)]
fn log((k, f): (f64, f64)) -> (f64, f64) {
    let (under, under_error) = fast_two_sum(2.0, f);
    let reciprocal = 1.0 / under;
    let s = f * reciprocal;
    let s_error = (-s).mul_add(under_error, (-s).mul_add(under, f)) * reciprocal;
    let (square, square_error) = two_product(s, s);
    let z = (square, (2.0 * s).mul_add(s_error, square_error));
    let inner = z.0.mul_add(polynomial(z.0, P), 0.2);
    let (product, error) = two_product(z.0, inner);
    let middle = add(THIRD, (product, z.1.mul_add(inner, error)));
    let twice = (2.0 * s, 2.0 * s_error);
    let series = add(twice, multiply(twice, multiply(z, middle)));
    let (whole, whole_error) = two_product(k, LN_2);
    add((whole, k.mul_add(LN_2_LOW, whole_error)), series)
}

/// `y log` for a pair.
#[inline(always)]
fn product(y: f64, log: (f64, f64)) -> (f64, f64) {
    let (product, error) = two_product(y, log.0);
    (product, y.mul_add(log.1, error))
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
        let x_log = product(bounded, log(reduce_log(x.abs())));
        // Beyond these the result is 0 or infinity whatever the low part.
        let high = x_log.0 > 711.0;
        let vanishes = x_log.0 < -750.0;
        let hi = if high { 711.0 } else { x_log.0 };
        let hi = if vanishes { 0.0 } else { hi };
        let lo = if high || vanishes { 0.0 } else { x_log.1 };
        let (shifted, r) = reduce_exp((hi, lo));
        let (hi, lo) = exp_reduced(r);
        let power = scale(hi + lo, shifted - SHIFT);
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

    #[inline(always)]
    fn common(x: f64, y: f64) -> f64 {
        let (shifted, r) = reduce_exp(product(y, log(reduce_normal(x))));
        let (hi, lo) = exp_reduced(r);
        scale_normal(hi + lo, shifted)
    }

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
