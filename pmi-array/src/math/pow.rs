//! Powers.
//!
//! `|x|^y = e^(y ln |x|)` with the logarithm as a pair to about 2^-68: an error of it is multiplied by up to 745. As for
//! the logarithm, `ln |x| = k ln 2 + 2 atanh s`; here `s` and the terms up to `s^5` of the series are pairs, and only the
//! rest is a polynomial in plain numbers, minimax of degree 6 with error 2^-72 (J.-M. Muller, "Elementary Functions",
//! 3rd ed., chapters 4 and 5).

use super::double::{SHIFT, fast_two_sum, multiply, polynomial, scale, two_product};
use super::exp::{LN_2_LOW, exp_reduced, reduce as reduce_exp};
use super::log::reduce as reduce_log;
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
const FIFTH: (f64, f64) = (0.2, -1.1102230246251566e-17);

/// `c + x` for pairs with `|c| >= |x|`.
#[inline(always)]
fn add(c: (f64, f64), x: (f64, f64)) -> (f64, f64) {
    let (sum, error) = fast_two_sum(c.0, x.0);
    (sum, error + (c.1 + x.1))
}

/// The natural logarithm of a positive finite number.
#[inline(always)]
fn log(x: f64) -> (f64, f64) {
    let (k, f) = reduce_log(x);
    let (under, under_error) = fast_two_sum(2.0, f);
    let reciprocal = 1.0 / under;
    let s = f * reciprocal;
    let s_error = ((-s).mul_add(under, f) - s * under_error) * reciprocal;
    let z = multiply((s, s_error), (s, s_error));
    let inner = add(FIFTH, (z.0 * polynomial(z.0, P), 0.0));
    let middle = add(THIRD, multiply(z, inner));
    let twice = (2.0 * s, 2.0 * s_error);
    let series = add(twice, multiply(twice, multiply(z, middle)));
    let (whole, whole_error) = two_product(k, LN_2);
    let (hi, lo) = add((whole, k.mul_add(LN_2_LOW, whole_error)), series);
    fast_two_sum(hi, lo)
}

/// `e^x` for a pair.
#[inline(always)]
fn exp(x: (f64, f64)) -> f64 {
    // Beyond these the result is 0 or infinity whatever the low part, which may have become NaN.
    let high = x.0 > 711.0;
    let low = x.0 < -750.0;
    let hi = if high { 711.0 } else { x.0 };
    let hi = if low { -750.0 } else { hi };
    let lo = if high || low { 0.0 } else { x.1 };
    let (shifted, r) = reduce_exp((hi, lo));
    let (hi, lo) = exp_reduced(r);
    scale(hi + lo, shifted - SHIFT)
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
        let (hi, lo) = log(x.abs());
        // The logarithm is 0 or at least 2^-53: beyond 2^64 only the sign of y matters.
        let bounded = if y > 1.8e19 { 1.8e19 } else { y };
        let bounded = if bounded < -1.8e19 { -1.8e19 } else { bounded };
        let (product, error) = two_product(bounded, hi);
        let power = exp((product, bounded.mul_add(lo, error)));
        let negative = if y.floor() == y { power } else { f64::NAN };
        let negative = if is_odd(y) { -power } else { negative };
        if x < 0.0 { negative } else { power }
    }

    #[inline(always)]
    fn is_rare(x: f64, y: f64) -> bool {
        let fine = (x.abs() < f64::INFINITY) & (x != 0.0) & (y.abs() < f64::INFINITY);
        !fine
    }

    fn rare(x: f64, y: f64) -> f64 {
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
