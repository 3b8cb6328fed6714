//! Inverse trigonometric functions.
//!
//! The angle of a point of the first octants is `c + atan t` with `c` one of 0, pi/4, pi/2, so chosen that
//! `|t| <= tan(pi/8)`; `t` is one quotient, whose rounding error is kept. `atan t = t + t^3 A(t^2)`, `A` minimax of degree
//! 10 with error 2^-58. `asin x = x + x^3 B(x^2)` up to 1/2, `B` of degree 12, and beyond
//! `asin x = pi/2 - 2 asin sqrt((1 - x) / 2)` (J.-M. Muller, "Elementary Functions", 3rd ed., chapters 3 and 11).

use super::angle::FRAC_PI_2_LOW;
use super::double::{TWO_54, fast_two_sum, polynomial, scale, two_product, two_sum};
use super::{Acos, Asin, Atan, Atan2, Formula, Formula2};
use std::f64::consts::{FRAC_PI_2, SQRT_2};

const A: [f64; 11] = [
    -0.333333333333332,
    0.19999999999953663,
    -0.14285714280204007,
    0.111111107838129,
    -0.09090897767026634,
    0.07692060360872607,
    -0.06663105446401046,
    0.05847897335387838,
    -0.05039330623856613,
    0.038064950930567866,
    -0.017907340628953265,
];

const B: [f64; 13] = [
    0.16666666666666763,
    0.07499999999970093,
    0.04464285717529044,
    0.03038194267509334,
    0.02237221591058589,
    0.017351595424879677,
    0.013981019343701896,
    0.0113972870997626,
    0.01078935131849088,
    0.0036720813066963595,
    0.021790878583645767,
    -0.021117021228900978,
    0.032702336949748716,
];

/// The angle of the point (x, y) with neither coordinate negative, not both 0, and quotients and squares that do not
/// overflow; `pi` minus that with `left`.
#[inline(always)]
fn angle(y: f64, x: f64, left: bool) -> f64 {
    const TAN_PI_8: f64 = SQRT_2 - 1.0;
    let low = y <= TAN_PI_8 * x;
    let high = x < TAN_PI_8 * y;
    let (difference, over_error) = two_sum(y, -x);
    let (sum, under_error) = two_sum(y, x);
    let over = if high { -x } else { difference };
    let over = if low { y } else { over };
    let under = if high { y } else { sum };
    let under = if low { x } else { under };
    let eighths = if high { 2.0 } else { 1.0 };
    let eighths = if low { 0.0 } else { eighths };

    let reciprocal = 1.0 / under;
    let t = over * reciprocal;
    let inexact = if low || high { 0.0 } else { (-t).mul_add(under_error, over_error) };
    let t_error = ((-t).mul_add(under, over) + inexact) * reciprocal;
    let z = t * t;
    let tail = (t * z).mul_add(polynomial(z, A), t_error);
    let eighths = if left { 4.0 - eighths } else { eighths };
    let sign = if left { -1.0 } else { 1.0 };
    let (corner, corner_error) = two_product(eighths, FRAC_PI_2 / 2.0);
    let (sum, error) = fast_two_sum(corner, sign * t);
    sum + sign.mul_add(tail, eighths.mul_add(FRAC_PI_2_LOW.0 / 2.0, corner_error + error))
}

impl Formula for Atan {
    const NAME: &'static str = "arctan";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        let y = x.abs();
        // Beyond 2^60 the angle is pi/2.
        let bounded = if y > 1.2e18 { 1.2e18 } else { y };
        let atan = angle(bounded, 1.0, false);
        let atan = if y < 7.0e-9 { y } else { atan };
        atan.copysign(x)
    }
}

impl Formula2 for Atan2 {
    const NAME: &'static str = "arctan2";

    #[inline(always)]
    fn value(y: f64, x: f64) -> f64 {
        let both_zero = x == 0.0 && y == 0.0;
        // (0, 1) has the angle that (0, 0) shall have.
        let positive = if both_zero { 1.0 } else { x.abs() };
        angle(y.abs(), positive, x.is_sign_negative()).copysign(y)
    }

    /// Products of other numbers than these and 0 may overflow, or become subnormal.
    #[inline(always)]
    fn is_common(y: f64, x: f64) -> bool {
        const FROM: f64 = 1.0e-140;
        const TO: f64 = 1.0e140;
        let fine = |v: f64| (v == 0.0) | ((v.abs() >= FROM) & (v.abs() <= TO));
        fine(x) & fine(y)
    }

    #[inline(always)]
    fn is_special(y: f64, x: f64) -> bool {
        !Self::is_common(y, x)
    }

    #[inline(always)]
    fn special(y: f64, x: f64) -> f64 {
        if x.is_nan() || y.is_nan() {
            return f64::NAN;
        }
        let large = if x.abs() > y.abs() { x } else { y };
        if large.is_infinite() {
            let one = |v: f64| if v.is_infinite() { 1.0_f64 } else { 0.0 }.copysign(v);
            return Self::value(one(y), one(x));
        }
        if large == x && x > 0.0 && (y / x).abs() < 1.0e-100 {
            return y / x;
        }
        // Scaled to have one coordinate near 1, the other makes no difference where it is tiny.
        let n = -exponent(large);
        let scaled = |v: f64| match scale(v, n) {
            tiny if tiny.abs() < 1.0e-140 => 0.0_f64.copysign(v),
            v => v,
        };
        Self::value(scaled(y), scaled(x))
    }
}

/// The exponent of a finite number; of subnormal ones it is -1074 at least.
#[inline(always)]
fn exponent(x: f64) -> f64 {
    let biased = |x: f64| (x.to_bits() >> 52 & 0x7ff) as f64 - 1023.0;
    if x.abs() < f64::MIN_POSITIVE { biased(x * TWO_54) - 54.0 } else { biased(x) }
}

/// `asin x - x` over `x` for `z = x^2 <= 1/4`.
#[inline(always)]
fn asin_tail(z: f64) -> f64 {
    z * polynomial(z, B)
}

/// `sqrt((1 - x) / 2)` for x from 1/2 to 1 as a pair, and its square, which is exact.
#[inline(always)]
fn half_angle(x: f64) -> ((f64, f64), f64) {
    let z = 0.5 - 0.5 * x;
    let root = z.sqrt();
    let error = (-root).mul_add(root, z) * (0.5 / root);
    ((root, if z == 0.0 { 0.0 } else { error }), z)
}

impl Formula for Asin {
    const NAME: &'static str = "arcsin";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        let a = x.abs();
        let ((root, root_error), half) = half_angle(a);
        let outer = a > 0.5;
        let z = if outer { half } else { a * a };
        let tail = asin_tail(z);
        let (sum, error) = fast_two_sum(FRAC_PI_2, -2.0 * root);
        let rest = root.mul_add(tail, root_error);
        let beyond = sum + (-2.0_f64).mul_add(rest, error + FRAC_PI_2_LOW.0);
        let asin = if outer { beyond } else { a.mul_add(tail, a) };
        asin.copysign(x)
    }
}

impl Formula for Acos {
    const NAME: &'static str = "arccos";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        let a = x.abs();
        let ((root, root_error), half) = half_angle(a);
        let outer = a > 0.5;
        let z = if outer { half } else { x * x };
        let tail = asin_tail(z);
        // acos x = 2 asin sqrt((1 - x) / 2); pi minus that of -x; in the middle pi/2 - asin x.
        let rest = 2.0 * root.mul_add(tail, root_error);
        let right = 2.0f64.mul_add(root, rest);
        let (sum, error) = fast_two_sum(2.0 * FRAC_PI_2, -2.0 * root);
        let left = sum + (error - rest + 2.0 * FRAC_PI_2_LOW.0);
        let (sum, error) = fast_two_sum(FRAC_PI_2, -x);
        let middle = sum + ((-x).mul_add(tail, error) + FRAC_PI_2_LOW.0);
        let beyond = if x < 0.0 { left } else { right };
        if outer { beyond } else { middle }
    }
}
