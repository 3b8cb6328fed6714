//! The numbers of matrices.

use crate::numeric::Numeric;
use ndarray::Dimension;
use num_complex::Complex;
use pmi_array::{Compare, DistArray, Element, Expression};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// The types of matrix elements: `f32 f64 Complex<f32> Complex<f64>`.
pub trait Scalar:
    Numeric
    + Entry<Scalar = Self>
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

    /// `|x|`.
    fn magnitude(self) -> f64;

    /// `|re| + |im|`, LAPACK's `cabs1`: within a factor of 1.42 of the magnitude, and quicker.
    fn taxicab(self) -> f64;

    /// The conjugate; a real number itself.
    fn conjugated(self) -> Self;

    /// The real number nearest to `x`.
    fn of(x: f64) -> Self;

    /// Whether it is neither infinite nor not a number, in either part.
    fn is_finite(self) -> bool;
}

macro_rules! scalars {
    ($($type:ty, $real:ident, |$x:ident| $magnitude:expr, $taxicab:expr, $conjugated:expr, |$f:ident| $of:expr, $finite:expr;)*) => {$(
        impl Scalar for $type {
            const EPSILON: f64 = $real::EPSILON as f64;
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
        }
    )*};
}

scalars! {
    f32, f32, |x| f64::from(x.abs()), f64::from(x.abs()), x, |x| x as f32, f32::is_finite(x);
    f64, f64, |x| x.abs(), x.abs(), x, |x| x, f64::is_finite(x);
    Complex<f32>, f32, |z| f64::from(z.re).hypot(z.im.into()), f64::from(z.re.abs()) + f64::from(z.im.abs()), z.conj(),
        |x| Self::new(x as f32, 0.0), Self::is_finite(z);
    Complex<f64>, f64, |z| z.re.hypot(z.im), z.re.abs() + z.im.abs(), z.conj(), |x| Self::new(x, 0.0),
        Self::is_finite(z);
}

/// The types of elements that linear algebra takes: all of arrays. Those that are no [`Scalar`] themselves are promoted to
/// `f64`, as NumPy does.
pub trait Entry: Element {
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
    bool => f64: |array| array.astype().eval();
}
