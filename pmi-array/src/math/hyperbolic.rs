//! Hyperbolic functions and their inverses.
//!
//! All from `e^x`, `e^x - 1` and `ln(1 + x)` as pairs; the hyperbolic sine below 1, where its exponentials cancel, is
//! `x + x^3 H(x^2)` with `H` minimax of degree 6 and error 2^-56. `atanh` needs only the series that the logarithm is
//! computed by, at `s` instead of at a quotient.

use super::double::{SHIFT, divide, fast_two_sum, polynomial, power_of_two, two_product, two_sum};
use super::exp::{LN_2_LOW, exp_reduced, expm1_pair, reduce};
use super::log::{log1p_pair, reduce_normal, series};
use super::{Acosh, Asinh, Atanh, Cosh, Formula, Sinh, Tanh};
use std::f64::consts::LN_2;

const H: [f64; 7] = [
    0.16666666666666669,
    0.008333333333333137,
    0.00019841269841438521,
    2.7557319155061576e-06,
    2.505212344372753e-08,
    1.605723672050472e-10,
    7.75942500423004e-13,
];

/// `e^|x| / 4` as a pair, and `e^-|x| / 4`. The quarter keeps both in range wherever the functions are.
#[inline(always)]
fn quarters(x: f64) -> ((f64, f64), f64) {
    let x = x.abs();
    // Beyond 710.6 the functions overflow, a quarter of the exponential does not yet.
    let bounded = if x > 710.6 { 710.6 } else { x };
    let (shifted, r) = reduce((bounded, 0.0));
    let (hi, lo) = exp_reduced(r);
    let (hi, lo) = fast_two_sum(hi, lo);
    let factor = power_of_two(shifted - 2.0);
    let hi = hi * factor;
    ((hi, lo * factor), 0.0625 / hi)
}

impl Formula for Sinh {
    const NAME: &'static str = "sinh";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        let z = x * x;
        let near = (x * z).mul_add(polynomial(z, H), x);
        let ((hi, lo), inverse) = quarters(x);
        let (difference, error) = fast_two_sum(hi, -inverse);
        let far = (2.0 * (difference + (error + lo))).copysign(x);
        if x.abs() < 1.0 { near } else { far }
    }
}

impl Formula for Cosh {
    const NAME: &'static str = "cosh";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        let ((hi, lo), inverse) = quarters(x);
        let (sum, error) = fast_two_sum(hi, inverse);
        2.0 * (sum + (error + lo))
    }
}

impl Formula for Tanh {
    const NAME: &'static str = "tanh";

    /// `E / (E + 2)` with `E = e^(2 |x|) - 1`.
    #[inline(always)]
    fn value(x: f64) -> f64 {
        let a = x.abs();
        let bounded = if a > 22.0 { 22.0 } else { a };
        let (hi, lo) = expm1_pair(2.0 * bounded, 0.0);
        let (hi, lo) = fast_two_sum(hi, lo);
        let (sum, error) = two_sum(hi, 2.0);
        let tanh = divide((hi, lo), (sum, error + lo));
        // Below 2^-28 the function is its argument.
        if a < 3.7e-9 { x } else { tanh.copysign(x) }
    }
}

impl Formula for Asinh {
    const NAME: &'static str = "arcsinh";

    /// `ln(1 + |x| + x^2 / (1 + sqrt(1 + x^2)))`.
    #[inline(always)]
    fn value(x: f64) -> f64 {
        let a = x.abs();
        // There 1 is nothing against x, and the function is ln(2 |x|).
        let large = a > 1.0e17;
        let bounded = if large { 1.0 } else { a };
        let (square, square_error) = two_product(bounded, bounded);
        let (radicand, error) = two_sum(1.0, square);
        let root = radicand.sqrt();
        let root_error = ((-root).mul_add(root, radicand) + (error + square_error)) * (0.5 / root);
        let quotient = divide((square, square_error), fast_two_sum(1.0 + root, root_error));
        let (hi, lo) = fast_two_sum(bounded, quotient);
        let hi = if large { a } else { hi };
        let lo = if large { 0.0 } else { lo };
        let asinh = log1p_pair((hi, lo), if large { 1.0 } else { 0.0 });
        let asinh = if a < 7.0e-9 { a } else { asinh };
        // The first test fails for NaN, too.
        if a < f64::INFINITY { asinh.copysign(x) } else { x }
    }
}

impl Formula for Acosh {
    const NAME: &'static str = "arccosh";

    /// `ln(1 + t + sqrt(2 t + t^2))` with `t = x - 1`.
    #[inline(always)]
    fn value(x: f64) -> f64 {
        let large = x > 1.0e17;
        let bounded = if large { 2.0 } else { x };
        let (t, t_error) = fast_two_sum(bounded, -1.0);
        let (square, square_error) = two_product(t, t);
        let (radicand, error) = two_sum(2.0 * t, square);
        let root = radicand.sqrt();
        let small = 2.0f64.mul_add(t_error * bounded, error + square_error);
        let root_error = ((-root).mul_add(root, radicand) + small) * (0.5 / root);
        let (hi, lo) = two_sum(t, root);
        let hi = if large { x } else { hi };
        let lo = if large { 0.0 } else { lo + (t_error + root_error) };
        let acosh = log1p_pair((hi, lo), if large { 1.0 } else { 0.0 });
        let acosh = if x < f64::INFINITY { acosh } else { x };
        let acosh = if x == 1.0 { 0.0 } else { acosh };
        if x < 1.0 { f64::NAN } else { acosh }
    }
}

impl Formula for Atanh {
    const NAME: &'static str = "arctanh";

    /// Up to `tan(pi/8)^2` the series itself; beyond `(k ln 2) / 2 + atanh s` where `2^k (1 + s) / (1 - s)` is
    /// `(1 + x) / (1 - x)`.
    #[inline(always)]
    fn value(x: f64) -> f64 {
        let a = x.abs();
        let (above, above_error) = fast_two_sum(1.0, a);
        let (below, below_error) = fast_two_sum(1.0, -a);
        let (k, _) = reduce_normal(above / below);
        let two_k = power_of_two(k + SHIFT);
        let below = (two_k * below, two_k * below_error);
        // The difference is exact, the two being within a factor of 2.
        let over = (above - below.0, above_error - below.1);
        let (under, under_error) = two_sum(above, below.0);
        let reciprocal = 1.0 / under;
        let quotient = over.0 * reciprocal;
        let rest = (-quotient).mul_add(under, over.0) + (over.1 - quotient * (under_error + (above_error + below.1)));
        let near = a < 0.1715;
        let k = if near { 0.0 } else { 0.5 * k };
        let s = if near { a } else { quotient };
        let s_error = if near { 0.0 } else { rest * reciprocal };
        let (whole, whole_error) = two_product(k, LN_2);
        let (sum, error) = fast_two_sum(whole, s);
        let small = k.mul_add(LN_2_LOW, whole_error + error) + s_error;
        let atanh = sum + (0.5 * s).mul_add(series(s), small);
        let atanh = if a == 1.0 { f64::INFINITY } else { atanh };
        let atanh = if a > 1.0 { f64::NAN } else { atanh };
        atanh.copysign(x)
    }
}
