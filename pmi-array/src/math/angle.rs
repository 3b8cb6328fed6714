//! Angles reduced to a quadrant and a rest: `x = n pi/2 + r` with `|r| <= pi/4`.
//!
//! Up to 2^28 three parts of `n pi/2` are subtracted (W. J. Cody and W. Waite, "Software Manual for the Elementary
//! Functions", 1980): the first difference is exact thanks to the fused multiply-add, of the second the rounding error is
//! kept.
//!
//! Beyond, `x = m 2^e` with a whole `m`. Of `x 2/pi` only the part below 4 matters, so the bits of `2/pi` that stand for
//! multiples of 4 are left out, and the next 192 are enough: no `f64` comes closer to a multiple of `pi/2` than about
//! 2^-62 (M. H. Payne and R. N. Hanek, SIGNUM Newsletter 18, 1983; W. Kahan, "Minimizing q*m - n", 1983).

use super::double::{SHIFT, fast_two_sum, multiply, two_product, two_sum};
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// `pi/2 - FRAC_PI_2`, and what that still lacks.
pub(super) const FRAC_PI_2_LOW: (f64, f64) = (6.123233995736766e-17, -1.4973849048591698e-33);

/// An angle `quadrant * pi/2 + r`. Of the quadrant the two lowest bits count.
#[derive(Clone, Copy)]
pub(super) struct Angle {
    pub(super) quadrant: u64,
    pub(super) r: (f64, f64),
}

/// Whether `reduce` can do it: 2^28 at most, and no NaN.
#[inline(always)]
pub(super) fn is_moderate(x: f64) -> bool {
    x.abs() <= 268_435_456.0
}

/// The angle of a moderate number.
#[inline(always)]
pub(super) fn reduce(x: f64) -> Angle {
    let shifted = x.mul_add(FRAC_2_PI, SHIFT);
    let n = shifted - SHIFT;
    let exact = n.mul_add(-FRAC_PI_2, x);
    let (product, product_error) = two_product(n, -FRAC_PI_2_LOW.0);
    let (hi, error) = two_sum(exact, product);
    let lo = n.mul_add(-FRAC_PI_2_LOW.1, error + product_error);
    Angle { quadrant: shifted.to_bits(), r: fast_two_sum(hi, lo) }
}

/// 64 zeros and the first 1280 bits of `2/pi` behind its point.
const TWO_OVER_PI: [u64; 21] = [
    0,
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c,
    0xfe1d_eb1c_b129_a73e,
    0xe882_35f5_2ebb_4484,
    0xe99c_7026_b45f_7e41,
    0x3991_d639_8353_39f4,
    0x9c84_5f8b_bdf9_283b,
    0x1ff8_97ff_de05_980f,
    0xef2f_118b_5a0a_6d1f,
    0x6d36_7ecf_27cb_09b7,
    0x4f46_3f66_9e5f_ea2d,
    0x7527_bac7_ebe5_f17b,
    0x3d07_39f7_8a52_92ea,
    0x6bfb_5fb1_1f8d_5d08,
    0x5603_3046_fc7b_6bab,
    0xf0cf_bc20_9af4_361d,
];

/// The angle of a number of at least 2^-8 in absolute value; `None` for infinities and NaN.
#[inline(always)]
pub(super) fn reduce_huge(x: f64) -> Option<Angle> {
    if !x.is_finite() {
        return None;
    }
    let bits = x.to_bits();
    let m = bits & ((1 << 52) - 1) | 1 << 52;
    let exponent = (bits >> 52 & 0x7ff) as usize;
    // The first bit of `TWO_OVER_PI` whose product with m 2^e is not a multiple of 4: e - 2, and 64 for the zeros.
    let first = exponent + 62 - 1075;
    let (at, shift) = (first / 64, first % 64);
    let word = |i: usize| {
        let pair = u128::from(TWO_OVER_PI[at + i]) << 64 | u128::from(TWO_OVER_PI[at + i + 1]);
        (pair << shift >> 64) as u64
    };

    // x 2/pi in units of 2^-126, modulo 4; of what the third word adds, only the carry.
    let carry = (u128::from(m) * u128::from(word(2))) >> 64;
    let high = u128::from(m.wrapping_mul(word(0))) << 64;
    let turns = high.wrapping_add(u128::from(m) * u128::from(word(1))).wrapping_add(carry);
    let quadrant = (turns.wrapping_add(1 << 125) >> 126) as u64;
    let rest = turns.wrapping_sub(u128::from(quadrant) << 126) as i128;

    const UNIT: f64 = 1.0 / (1_u128 << 126) as f64;
    let hi = rest as f64;
    let lo = (rest - hi as i128) as f64;
    let (r, low) = multiply((hi * UNIT, lo * UNIT), (FRAC_PI_2, FRAC_PI_2_LOW.0));
    let (r, low) = fast_two_sum(r, low);
    Some(match x < 0.0 {
        true => Angle { quadrant: quadrant.wrapping_neg(), r: (-r, -low) },
        false => Angle { quadrant, r: (r, low) },
    })
}
