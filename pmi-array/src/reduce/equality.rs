//! Whether arrays are the same: [`array_equal`], [`allclose`].

use super::truth::All;
use super::whole::Reduce;
use crate::element::Element;
use crate::expr::{Binary, Combine, Equal, Expr, Node, Operand};
use num_complex::Complex;
use serde::{Deserialize, Serialize};

/// Whether two numbers are close.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Close {
    rtol: f64,
    atol: f64,
}

impl<P: Distance> Binary<P> for Close {
    type Output = bool;
    #[inline(always)]
    fn of(&self, a: P, b: P) -> bool {
        a == b
            || (a.distance(b) <= self.atol + self.rtol * b.distance(P::default())
                && b.distance(P::default()).is_finite())
    }
}

/// Numbers with a distance.
pub trait Distance: Element {
    /// The distance, as an `f64`; infinite where either number is and the other is not the same.
    fn distance(self, other: Self) -> f64;
}

macro_rules! distances {
    ($($type:ty: |$a:ident, $b:ident| $distance:expr;)*) => {$(
        impl Distance for $type {
            #[inline(always)]
            fn distance(self, other: Self) -> f64 {
                let ($a, $b) = (self, other);
                $distance
            }
        }
    )*};
}

distances! {
    u8: |a, b| a.abs_diff(b).into();
    u16: |a, b| a.abs_diff(b).into();
    u32: |a, b| a.abs_diff(b).into();
    u64: |a, b| a.abs_diff(b) as f64;
    i8: |a, b| a.abs_diff(b).into();
    i16: |a, b| a.abs_diff(b).into();
    i32: |a, b| a.abs_diff(b).into();
    i64: |a, b| a.abs_diff(b) as f64;
    f32: |a, b| (f64::from(a) - f64::from(b)).abs();
    f64: |a, b| (a - b).abs();
    Complex<f32>: |a, b| f64::from(a.re - b.re).hypot((a.im - b.im).into());
    Complex<f64>: |a, b| (a.re - b.re).hypot(a.im - b.im);
}

/// Whether two operands have the same shape and equal elements: NumPy's `array_equal`. One command, or none where the
/// shapes differ.
///
/// ```
/// use pmi_array::{DistArray, array_equal};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::arange(0, 5, 1);
/// assert!(array_equal(&a, &a) && !array_equal(&a, &a * 2));
/// # })
/// ```
///
/// # Panics
/// Where a closure in them panics, or the calling thread does not control the arrays' world.
#[track_caller]
pub fn array_equal<A, B>(a: A, b: B) -> bool
where
    A: Operand<Node: Combine<Equal, B::Node, Out = bool>>,
    B: Operand,
{
    let (a, b) = (a.operand(), b.operand());
    a.shape() == b.shape() && Expr::<bool, _, _>::new(a.combine(Equal, b)).aggregate(All)
}

/// Whether all elements of two operands are close: `|a - b| <= atol + rtol |b|`, or equal; NaNs are not. NumPy's
/// `allclose`, which has `rtol` 1e-5 and `atol` 1e-8 where they are left out. One command.
///
/// ```
/// use pmi_array::{DistArray, allclose};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::linspace(0.0, 1.0, 5);
/// assert!(allclose(&a, &a * (1.0 + 1e-7), 1e-5, 1e-8) && !allclose(&a, &a + 0.1, 1e-5, 1e-8));
/// # })
/// ```
///
/// # Panics
/// Where the operands cannot be broadcast together, a closure in them panics, or the calling thread does not control the
/// arrays' world.
#[track_caller]
pub fn allclose<A, B>(a: A, b: B, rtol: f64, atol: f64) -> bool
where
    A: Operand<Node: Combine<Close, B::Node, Out = bool>>,
    B: Operand,
{
    Expr::<bool, _, _>::new(a.operand().combine(Close { rtol, atol }, b.operand())).aggregate(All)
}
