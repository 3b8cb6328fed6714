//! The numbers of matrices.

use crate::numeric::Numeric;
use ndarray::Dimension;
use num_complex::Complex;
use pmi_array::{Compare, DistArray, Expression};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// The types of matrix elements: `f32 f64 Complex<f32> Complex<f64>`.
pub trait Scalar:
    Entry<Scalar = Self>
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + SubAssign
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + faer::traits::ComplexField<Real: Send + Sync>
{
    /// The distance from 1 to the next larger number of the real type: LAPACK's `eps` is half of it.
    const EPSILON: f64;

    /// The smallest number that has all its digits.
    const SMALLEST: f64;

    /// `|x|`.
    fn magnitude(self) -> f64;

    /// `|re| + |im|`, LAPACK's `cabs1`: within a factor of 1.42 of the magnitude, and quicker.
    fn taxicab(self) -> f64;

    /// The conjugate; a real number itself.
    fn conjugated(self) -> Self;

    /// The real number nearest to `x`.
    fn of(x: f64) -> Self;

    /// The number times a real one.
    fn scaled(self, by: f64) -> Self;

    /// The quotient, also where the squares of its parts leave the range of numbers: `/` of complex numbers computes those.
    fn divided_by(self, divisor: Self) -> Self;

    /// Whether nothing can be divided by it: it is zero, or so small that it has no reciprocal.
    fn is_no_divisor(self) -> bool {
        !Scalar::is_finite(Self::of(1.0).divided_by(self))
    }

    /// Whether it is neither infinite nor not a number, in either part.
    fn is_finite(self) -> bool;
}

macro_rules! scalars {
    ($($type:ty, $real:ident, |$x:ident| $magnitude:expr, $taxicab:expr, $conjugated:expr, |$f:ident| $of:expr, $finite:expr, |$y:ident, $by:ident| $scaled:expr, |$d:ident| $quotient:expr;)*) => {$(
        impl Scalar for $type {
            const EPSILON: f64 = $real::EPSILON as f64;
            const SMALLEST: f64 = $real::MIN_POSITIVE as f64;
            #[inline(always)]
            fn magnitude(self) -> f64 {
                let $x = self;
                $magnitude
            }
            #[inline(always)]
            fn taxicab(self) -> f64 {
                let $x = self;
                $taxicab
            }
            #[inline(always)]
            fn conjugated(self) -> Self {
                let $x = self;
                $conjugated
            }
            #[inline(always)]
            fn of($f: f64) -> Self {
                $of
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                let $x = self;
                $finite
            }
            #[inline(always)]
            fn scaled(self, $by: f64) -> Self {
                let $y = self;
                $scaled
            }
            #[inline(always)]
            fn divided_by(self, $d: Self) -> Self {
                let $x = self;
                $quotient
            }
        }
    )*};
}

scalars! {
    f32, f32, |x| f64::from(x.abs()), f64::from(x.abs()), x, |x| x as f32, f32::is_finite(x),
        |x, by| (f64::from(x) * by) as f32, |d| x / d;
    f64, f64, |x| x.abs(), x.abs(), x, |x| x, f64::is_finite(x), |x, by| x * by, |d| x / d;
    Complex<f32>, f32, |z| f64::from(z.re).hypot(z.im.into()), f64::from(z.re.abs()) + f64::from(z.im.abs()), z.conj(),
        |x| Self::new(x as f32, 0.0), Self::is_finite(z),
        |z, by| Self::new((f64::from(z.re) * by) as f32, (f64::from(z.im) * by) as f32), |d| wide_quotient(z, d);
    Complex<f64>, f64, |z| z.re.hypot(z.im), z.re.abs() + z.im.abs(), z.conj(), |x| Self::new(x, 0.0),
        Self::is_finite(z), |z, by| z * by, |d| scaled_quotient(z, d);
}

/// The quotient computed in twice the digits, whose range the squares do not leave.
fn wide_quotient(x: Complex<f32>, y: Complex<f32>) -> Complex<f32> {
    let wide = |z: Complex<f32>| Complex::new(f64::from(z.re), f64::from(z.im));
    let quotient = wide(x) / wide(y);
    Complex::new(quotient.re as f32, quotient.im as f32)
}

/// The quotient with a divisor brought near to 1 by a power of two.
fn scaled_quotient(x: Complex<f64>, y: Complex<f64>) -> Complex<f64> {
    let [half, other] = halves(-exponent(y.re.abs().max(y.im.abs())));
    x * half / (y * half * other) * other
}

/// The power of two that is the largest up to a number, 0 of 0, infinity and what is no number.
fn exponent(x: f64) -> i32 {
    if x > 0.0 && x.is_finite() { x.log2().floor() as i32 } else { 0 }
}

/// A power of two that brings numbers up to `largest` near to 1, or as near as both it and its reciprocal allow.
pub(crate) fn near_one<T: Scalar>(largest: f64) -> f64 {
    let bound = if T::EPSILON > 1e-10 { 100 } else { 1000 };
    f64::from((-exponent(largest)).clamp(-bound, bound)).exp2()
}

/// Two numbers whose product is this power of two, which may be outside of the range.
fn halves(exponent: i32) -> [f64; 2] {
    [exponent / 2, exponent - exponent / 2].map(|half| f64::from(half).exp2())
}

/// The product of numbers, which only leaves the range of its type if the result does.
pub(crate) fn product<T: Scalar>(factors: impl IntoIterator<Item = T>) -> T {
    let (mut product, mut power) = (T::of(1.0), 0i64);
    for factor in factors {
        // Both are brought near to 1, then so is their product.
        let of_factor = exponent(factor.magnitude());
        let [half, other] = halves(-of_factor);
        product = product * factor.scaled(half).scaled(other);
        let grown = exponent(product.magnitude());
        product = product.scaled(f64::from(-grown).exp2());
        power += i64::from(of_factor) + i64::from(grown);
    }
    let [half, other] = halves(power.clamp(-4000, 4000) as i32);
    product.scaled(half).scaled(other)
}

/// The types of elements that linear algebra takes: all of arrays but `bool`. Those that are no [`Scalar`] themselves, integers, are
/// promoted to `f64`, as NumPy does.
pub trait Entry: Numeric {
    /// The type computed in.
    type Scalar: Scalar;

    /// The array in that type: itself, or a copy of it.
    fn promoted<D: Dimension + 'static>(array: &DistArray<Self, D>) -> DistArray<Self::Scalar, D>;
}

macro_rules! entries {
    ($($type:ty => $scalar:ty: |$array:ident| $promoted:expr;)*) => {$(
        impl Entry for $type {
            type Scalar = $scalar;
            fn promoted<D: Dimension + 'static>($array: &DistArray<Self, D>) -> DistArray<$scalar, D> {
                $promoted
            }
        }
    )*};
}

entries! {
    f32 => f32: |array| array.clone();
    f64 => f64: |array| array.clone();
    Complex<f32> => Complex<f32>: |array| array.clone();
    Complex<f64> => Complex<f64>: |array| array.clone();
    i8 => f64: |array| array.astype().eval();
    i16 => f64: |array| array.astype().eval();
    i32 => f64: |array| array.astype().eval();
    i64 => f64: |array| array.astype().eval();
    u8 => f64: |array| array.astype().eval();
    u16 => f64: |array| array.astype().eval();
    u32 => f64: |array| array.astype().eval();
    u64 => f64: |array| array.astype().eval();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_of_complex_numbers_of_any_size() {
        for size in [1e-30f32, 1e-21, 1.0, 1e20, 1e37] {
            let (x, y) = (Complex::new(3.0 * size, size), Complex::new(size, -2.0 * size));
            let quotient = x.divided_by(y);
            assert!((quotient - Complex::new(0.2, 1.4)).norm() < 1e-6, "{size}: {quotient}");
        }
        for size in [5e-310f64, 1e-200, 1.0, 1e200, 1e307] {
            let (x, y) = (Complex::new(3.0 * size, size), Complex::new(size, -2.0 * size));
            let quotient = x.divided_by(y);
            assert!((quotient - Complex::new(0.2, 1.4)).norm() < 1e-12, "{size}: {quotient}");
        }
    }

    #[test]
    fn products_that_leave_the_range_in_between() {
        assert_eq!(product([1e200, 1e200, 0.0]), 0.0);
        assert!((product([1e200f64, 1e200, 1e-200, -1e-200]) + 1.0).abs() < 1e-12);
        assert_eq!(product([1e200; 3]), f64::INFINITY);
        assert_eq!(product([1e-200; 3]), 0.0);
        assert_eq!(product(std::iter::empty::<f32>()), 1.0);
        let z = product([Complex::new(0.0f32, 1e30); 4].into_iter().chain([Complex::new(1e-30f32, 0.0); 4]));
        assert!((z - Complex::new(1.0, 0.0)).norm() < 1e-5, "{z}");
        assert!(product([5e-324, 4.0]) == 2e-323);
    }
}
