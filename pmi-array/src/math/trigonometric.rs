//! Sine, cosine and tangent.
//!
//! Of the rest `r` of an angle, at most `pi/4`, `sin r = r + r^3 S(r^2)` and `cos r = 1 - r^2/2 + r^4 C(r^2)`, with
//! minimax polynomials of degree 5 and errors below 2^-57 (J.-M. Muller, "Elementary Functions", 3rd ed., chapter 3).
//! Roundings of the leading terms are kept, so that the tangent is a quotient of two pairs.

use super::angle::{Angle, is_moderate, reduce, reduce_huge};
use super::double::{divide, fast_two_sum, polynomial, two_product};
use super::{Cos, Formula, Sin, Tan};

const S: [f64; 6] = [
    -0.16666666666666632,
    0.00833333333332237,
    -0.00019841269829771172,
    2.755731367866806e-06,
    -2.5050755961840936e-08,
    1.5896666535668419e-10,
];

const C: [f64; 6] = [
    0.0416666666666666,
    -0.0013888888888874064,
    2.480158728944345e-05,
    -2.755731434065252e-07,
    2.087572162291273e-09,
    -1.135955929367365e-11,
];

/// The sine and the cosine of `r`, each as a sum of a leading term and what is left.
#[inline(always)]
fn sin_cos((r, r_low): (f64, f64)) -> ((f64, f64), (f64, f64)) {
    let (z, z_error) = two_product(r, r);
    let (cos, cos_error) = fast_two_sum(1.0, -0.5 * z);
    let sin_tail = (r * z).mul_add(polynomial(z, S), r_low * cos);
    let cos_tail = (z * z).mul_add(polynomial(z, C), (-r).mul_add(r_low, z_error.mul_add(-0.5, cos_error)));
    ((r, sin_tail), (cos, cos_tail))
}

/// The sine of an angle.
#[inline(always)]
fn sine(angle: Angle) -> f64 {
    let (sin, cos) = sin_cos(angle.r);
    let odd = angle.quadrant & 1 == 1;
    let hi = if odd { cos.0 } else { sin.0 };
    let lo = if odd { cos.1 } else { sin.1 };
    f64::from_bits((hi + lo).to_bits() ^ (angle.quadrant & 2) << 62)
}

/// The cosine: the sine a quarter further on.
#[inline(always)]
fn cosine(angle: Angle) -> f64 {
    sine(Angle { quadrant: angle.quadrant.wrapping_add(1), ..angle })
}

/// `sin / cos` in even quadrants, `-cos / sin` in odd ones.
#[inline(always)]
fn tangent(angle: Angle) -> f64 {
    let (sin, cos) = sin_cos(angle.r);
    let odd = angle.quadrant & 1 == 1;
    let (sin, cos) = (fast_two_sum(sin.0, sin.1), fast_two_sum(cos.0, cos.1));
    let over = (if odd { -cos.0 } else { sin.0 }, if odd { -cos.1 } else { sin.1 });
    let under = (if odd { sin.0 } else { cos.0 }, if odd { sin.1 } else { cos.1 });
    divide(over, under)
}

/// Where sine and tangent are their argument, -0 and subnormals too.
const TINY: f64 = 7.0e-9;

/// Functions of an angle: the value at the reduced argument, and what it is in the end.
macro_rules! of_an_angle {
    ($($name:ident $text:literal: $of:ident, |$x:ident, $value:ident| $exact:expr;)*) => {$(
        impl Formula for $name {
            const NAME: &'static str = $text;

            #[inline(always)]
            fn value($x: f64) -> f64 {
                let $value = $of(reduce($x));
                $exact
            }

            #[inline(always)]
            fn is_common(x: f64) -> bool {
                is_moderate(x)
            }

            #[inline(always)]
            fn is_special(x: f64) -> bool {
                !is_moderate(x)
            }

            #[inline(always)]
            fn special(x: f64) -> f64 {
                reduce_huge(x).map_or(f64::NAN, $of)
            }
        }
    )*};
}

of_an_angle! {
    Sin "sin": sine, |x, sin| if x.abs() < TINY { x } else { sin };
    Cos "cos": cosine, |x, cos| cos;
    Tan "tan": tangent, |x, tan| if x.abs() < TINY { x } else { tan };
}
