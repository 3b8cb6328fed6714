//! Error-free sums and products, whole numbers held in floating-point numbers, and polynomials: what the functions are
//! built of.
//!
//! A pair `(hi, lo)` stands for `hi + lo`, with `lo` no more than a few units in the last place of `hi`.

use crate::simd::Vector;

/// 1.5 * 2^52. A number of at most 2^51 plus this is rounded to a whole one, whose low bits end the sum's bits in two's
/// complement.
pub(super) const SHIFT: f64 = 6_755_399_441_055_744.0;

/// 2^52: a whole number below it, in the bits beneath those of this, is added to it.
pub(super) const TWO_52: f64 = 4_503_599_627_370_496.0;

/// 2^54: what subnormal numbers are multiplied by to be normal ones.
pub(super) const TWO_54: f64 = 18_014_398_509_481_984.0;

/// `a + b` and its rounding error, for `|a| >= |b|` or `a = 0` (T. J. Dekker, Numer. Math. 18, 1971).
#[inline(always)]
pub(super) fn fast_two_sum<V: Vector>(a: V, b: V) -> (V, V) {
    let sum = a.add(b);
    (sum, b.sub(sum.sub(a)))
}

/// `a + b` and its rounding error (D. E. Knuth, "The Art of Computer Programming", 4.2.2).
#[inline(always)]
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// `a * b` and its rounding error, which is exact unless it underflows.
#[inline(always)]
pub(super) fn two_product<V: Vector>(a: V, b: V) -> (V, V) {
    let product = a.mul(b);
    (product, a.mul_sub(b, product))
}

/// The product of two pairs.
#[inline(always)]
pub(super) fn multiply(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let (product, error) = two_product(a.0, b.0);
    (product, a.0.mul_add(b.1, a.1.mul_add(b.0, error)))
}

/// The quotient of two pairs, rounded once more than needed: within 0.6 ulp.
#[inline(always)]
pub(super) fn divide(a: (f64, f64), b: (f64, f64)) -> f64 {
    let reciprocal = 1.0 / b.0;
    let quotient = a.0 * reciprocal;
    let rest = (-quotient).mul_add(b.0, a.0) + (-quotient).mul_add(b.1, a.1);
    rest.mul_add(reciprocal, quotient)
}

/// `c[0] + c[1] x + c[2] x^2 + ...`, as two polynomials in `x^2` by Horner's rule: the processor works on both at a time.
#[inline(always)]
pub(super) fn polynomial<V: Vector, const N: usize>(x: V, c: [f64; N]) -> V {
    let square = x.mul(x);
    let mut top = V::splat(c[N - 1]);
    let mut next = V::splat(c[N - 2]);
    for i in (2..N).step_by(2) {
        top = top.mul_add(square, V::splat(c[N - 1 - i]));
        if i + 1 < N {
            next = next.mul_add(square, V::splat(c[N - 2 - i]));
        }
    }
    if N % 2 == 1 { next.mul_add(x, top) } else { top.mul_add(x, next) }
}

/// 2^n from `n + SHIFT`, for n from -1022 to 1023; 2^1024 is infinity, 2^-1023 is 0.
#[inline(always)]
pub(super) fn power_of_two(shifted: f64) -> f64 {
    f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// `x * 2^n` for any whole `|n| <= 2000`, with one rounding where the result is subnormal: two factors, since 2^n alone
/// may not be representable.
#[inline(always)]
pub(super) fn scale(x: f64, n: f64) -> f64 {
    let half = n.mul_add(0.5, SHIFT);
    x * power_of_two(half) * power_of_two((n - (half - SHIFT)) + SHIFT)
}

/// Whether a number is positive, normal and finite.
#[inline(always)]
pub(super) fn is_positive_normal(x: f64) -> bool {
    const FIRST: u64 = f64::MIN_POSITIVE.to_bits();
    x.to_bits().wrapping_sub(FIRST) < f64::INFINITY.to_bits() - FIRST
}

/// The whole number of 0 to 2^52 - 1 that bits are.
#[inline(always)]
pub(super) fn whole(bits: u64) -> f64 {
    f64::from_bits(bits | TWO_52.to_bits()) - TWO_52
}
