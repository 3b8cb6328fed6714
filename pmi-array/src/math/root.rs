//! Roots, and the hypotenuse, which is one.
//!
//! `x = 2^(3 q) d` with `d` from 1 to 8. A polynomial of degree 5 approximates `d^(-1/3)` to 2^-17; one step of third
//! order and one of Newton's, whose residual `d - c^3` is computed from exact products, give the root to about half an
//! ulp without a division (J.-M. Muller, "Elementary Functions", 3rd ed., chapter 5).

use super::double::{SHIFT, TWO_54, fast_two_sum, polynomial, power_of_two, two_product, whole};
use super::{Cbrt, Formula, Formula2, Hypot, Sqrt};

impl Formula for Sqrt {
    const NAME: &'static str = "sqrt";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        x.sqrt()
    }
}

/// `m^(-1/3)` for m from 1 to 2.
const RECIPROCAL: [f64; 6] = [
    1.7810577621357861,
    -1.566028903957523,
    1.2437857079308625,
    -0.5978728234318021,
    0.15607153191225112,
    -0.017019023308209227,
];

impl Formula for Cbrt {
    const NAME: &'static str = "cbrt";

    #[inline(always)]
    fn value(x: f64) -> f64 {
        let a = x.abs();
        let tiny = a < f64::MIN_POSITIVE;
        let normal = if tiny { a * TWO_54 } else { a };
        let exponent = whole(normal.to_bits() >> 52) - if tiny { 1023.0 + 54.0 } else { 1023.0 };
        let shifted = (exponent - 1.0).mul_add(1.0 / 3.0, SHIFT);
        let q = shifted - SHIFT;
        let rest = (-3.0f64).mul_add(q, exponent);
        let m = f64::from_bits(normal.to_bits() & ((1 << 52) - 1) | 1.0_f64.to_bits());
        let d = m * if rest == 0.0 { 1.0 } else { 2.0 };
        let d = d * if rest == 2.0 { 2.0 } else { 1.0 };
        let correction = if rest == 1.0 { 0.7937005259840998 } else { 1.0 };
        let correction = if rest == 2.0 { 0.6299605249474366 } else { correction };

        let y = polynomial(m, RECIPROCAL) * correction;
        let h = (-d * y).mul_add(y * y, 1.0);
        let y = (y * h).mul_add(h.mul_add(h.mul_add(14.0 / 81.0, 2.0 / 9.0), 1.0 / 3.0), y);
        let c = d * y * y;
        let (square, square_error) = two_product(c, c);
        let residual = (-square).mul_add(c, d) - square_error * c;
        let root = (residual * (1.0 / 3.0)).mul_add(y * y, c) * power_of_two(shifted);
        let finite = a > 0.0 && a < f64::INFINITY;
        if finite { root.copysign(x) } else { x }
    }
}

impl Formula2 for Hypot {
    const NAME: &'static str = "hypot";

    #[inline(always)]
    fn value(x: f64, y: f64) -> f64 {
        let (x, y) = (x.abs(), y.abs());
        let swap = x < y;
        let large = if swap { y } else { x };
        let small = if swap { x } else { y };
        // 2^-600 and 2^600: squares neither overflow nor lose digits.
        const DOWN: f64 = f64::from_bits((1023 - 600) << 52);
        const UP: f64 = f64::from_bits((1023 + 600) << 52);
        let down = large > 1.0e150;
        let up = large < 1.0e-100;
        let factor = if down { DOWN } else { 1.0 };
        let factor = if up { UP } else { factor };
        let back = if down { UP } else { 1.0 };
        let back = if up { DOWN } else { back };
        let (a, b) = (large * factor, small * factor);
        let (square, square_error) = two_product(a, a);
        let (other, other_error) = two_product(b, b);
        let (sum, error) = fast_two_sum(square, other);
        let root = sum.sqrt();
        let rest = (-root).mul_add(root, sum) + (error + (square_error + other_error));
        let hypot = rest.mul_add(0.5 / root, root) * back;
        // 0, or the NaN that no comparison finds to be larger than 0.
        let hypot = if large == 0.0 { small } else { hypot };
        let infinite = x == f64::INFINITY || y == f64::INFINITY;
        if infinite { f64::INFINITY } else { hypot }
    }
}
