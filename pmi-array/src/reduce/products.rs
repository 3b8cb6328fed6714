//! Products of arrays that end in one number, averages and norms: [`Products`].

use super::sums::{Sum, Summable};
use super::whole::Reduce;
use crate::element::Element;
use crate::expr::{Apply, Combine, Expr, Expression, Map, Mul, Node, Number, Operand};
use num_complex::Complex;
use serde::{Deserialize, Serialize};

/// The square of a magnitude, as an `f64`.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct SquaredMagnitude;

/// The conjugate; a real number itself.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Conjugate;

/// Numbers of a vector space with an inner product: all but `bool`.
pub trait Inner: Number {
    /// `|x|^2`.
    fn squared_magnitude(self) -> f64;
    /// The conjugate; a real number itself.
    fn conjugate(self) -> Self;
}

macro_rules! inner {
    ($($type:ty: |$x:ident| $square:expr, $conjugate:expr;)*) => {$(
        impl Inner for $type {
            #[inline(always)]
            fn squared_magnitude(self) -> f64 {
                let $x = self;
                $square
            }
            #[inline(always)]
            fn conjugate(self) -> Self {
                let $x = self;
                $conjugate
            }
        }
    )*};
}

inner! {
    u8: |x| f64::from(x) * f64::from(x), x;
    u16: |x| f64::from(x) * f64::from(x), x;
    u32: |x| f64::from(x) * f64::from(x), x;
    u64: |x| x as f64 * x as f64, x;
    i8: |x| f64::from(x) * f64::from(x), x;
    i16: |x| f64::from(x) * f64::from(x), x;
    i32: |x| f64::from(x) * f64::from(x), x;
    i64: |x| x as f64 * x as f64, x;
    f32: |x| f64::from(x) * f64::from(x), x;
    f64: |x| x * x, x;
    Complex<f32>: |z| f64::from(z.re) * f64::from(z.re) + f64::from(z.im) * f64::from(z.im), z.conj();
    Complex<f64>: |z| z.re * z.re + z.im * z.im, z.conj();
}

impl<T: Inner> Apply<(T,)> for SquaredMagnitude {
    type Output = f64;
    #[inline(always)]
    fn apply(&self, (x,): (T,)) -> f64 {
        x.squared_magnitude()
    }
}

impl<T: Inner> Apply<(T,)> for Conjugate {
    type Output = T;
    #[inline(always)]
    fn apply(&self, (x,): (T,)) -> T {
        x.conjugate()
    }
}

/// The node of the conjugates of another.
type Conjugates<X> = Map<Conjugate, (<X as Expression>::Node,), <X as Expression>::Dim>;

/// The type of a sum of the products of two nodes' elements.
type SumOfProducts<A, B> = <<A as Combine<Mul, B>>::Out as Element>::Sum;

/// Inner products, weighted averages and norms: one command and one pass each, reproducible as [`Reduce`]'s sums; a task
/// sends one message.
///
/// ```
/// use pmi_array::{DistArray, Products};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_fn(3, |i| i as f64);
/// assert_eq!((a.dot(&a), a.norm()), (5.0, 5f64.sqrt()));
/// let weights = DistArray::from_fn(3, |i| if i == 0 { 0.0 } else { 0.5 });
/// assert_eq!(a.average(&weights), 1.5);
/// # })
/// ```
///
/// # Panics
/// All methods panic as [`Reduce`]'s.
pub trait Products: Expression {
    /// The sum of the products of the elements of two operands of one shape, which are promoted first: NumPy's `dot` of
    /// vectors.
    ///
    /// # Panics
    /// Where the shapes differ.
    #[track_caller]
    fn dot<O: Operand>(&self, other: O) -> SumOfProducts<Self::Node, O::Node>
    where
        Self::Node: Combine<Mul, O::Node, Out: Summable>,
    {
        let (node, other) = (self.node(), other.operand());
        same_shape("dot", &node.shape(), &other.shape());
        Expr::new(node.combine(Mul, other)).aggregate(Sum)
    }

    /// As [`dot`](Products::dot), of the conjugates of these elements: NumPy's `vdot`.
    ///
    /// # Panics
    /// Where the shapes differ.
    #[track_caller]
    fn vdot<O: Operand>(&self, other: O) -> SumOfProducts<Conjugates<Self>, O::Node>
    where
        Self::Elem: Inner,
        Conjugates<Self>: Combine<Mul, O::Node, Out: Summable>,
    {
        let (node, other) = (Conjugates::<Self>::new(Conjugate, (self.node(),)), other.operand());
        same_shape("vdot", &node.shape(), &other.shape());
        Expr::new(node.combine(Mul, other)).aggregate(Sum)
    }

    /// The root of the sum of the squared magnitudes: the 2-norm of a vector, the Frobenius norm of a matrix.
    #[track_caller]
    fn norm(&self) -> f64
    where
        Self::Elem: Inner,
    {
        let squares: Expr<f64, Self::Dim, Map<_, _, Self::Dim>> = Expr::new(Map::new(SquaredMagnitude, (self.node(),)));
        squares.aggregate(Sum).sqrt()
    }

    /// The mean weighted by the elements of an operand of the same shape: the sum of the products divided by that of the
    /// weights. Two commands.
    ///
    /// # Panics
    /// Where the shapes differ.
    #[track_caller]
    fn average<O: Operand<Elem = Self::Elem>>(&self, weights: O) -> Self::Elem
    where
        Self::Node: Combine<Mul, O::Node, Out = Self::Elem>,
        Self::Elem: Summable + Number<Quotient = Self::Elem> + Element<Sum = Self::Elem>,
    {
        let (node, weights) = (self.node(), weights.operand());
        same_shape("average", &node.shape(), &weights.shape());
        let total: Self::Elem = Expr::new(weights.clone()).aggregate(Sum);
        let sum: Self::Elem = Expr::new(node.combine(Mul, weights)).aggregate(Sum);
        sum.over(total)
    }
}

impl<X: Expression> Products for X {}

#[track_caller]
fn same_shape(name: &str, a: &[usize], b: &[usize]) {
    assert!(a == b, "{name}: the operands have the shapes {a:?} and {b:?}: they must be equal");
}
