//! [`Compare`]: comparisons, logic and choices.

use super::arithmetic::{Binary, Combine, Combined, pair_methods};
use super::expression::{Expr, Expression};
use super::map::{Apply, Map};
use super::operand::Operand;
use crate::element::{Element, Real};
use crate::promote::Promote;
use ndarray::DimMax;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// Functions of two elements to `bool`.
macro_rules! relations {
    ($($name:ident<$p:ident: $bound:path> = |$a:ident, $b:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        #[derive(Clone, Copy, Serialize, Deserialize)]
        pub struct $name;
        impl<$p: $bound> Binary<$p> for $name {
            type Output = bool;
            #[inline(always)]
            fn of(&self, $a: $p, $b: $p) -> bool {
                $body
            }
        }
    )*};
}

relations! {
    Equal<P: Element> = |a, b| a == b;
    NotEqual<P: Element> = |a, b| a != b;
    Less<P: Real> = |a, b| a < b;
    LessEqual<P: Real> = |a, b| a <= b;
    Greater<P: Real> = |a, b| a > b;
    GreaterEqual<P: Real> = |a, b| a >= b;
    LogicalAnd<P: Element> = |a, b| a != P::default() && b != P::default();
    LogicalOr<P: Element> = |a, b| a != P::default() || b != P::default();
    LogicalXor<P: Element> = |a, b| (a != P::default()) != (b != P::default());
}

/// One element or the other, as a condition says.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Select;

impl<X: Promote<Y>, Y: Element> Apply<(bool, X, Y)> for Select {
    type Output = X::Output;
    #[inline(always)]
    fn apply(&self, (condition, x, y): (bool, X, Y)) -> X::Output {
        if condition { x.left() } else { X::right(y) }
    }
}

/// An element, moved between limits.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Clip<T: Element>(T, T);

impl<T: Real> Apply<(T,)> for Clip<T> {
    type Output = T;
    #[inline(always)]
    fn apply(&self, (x,): (T,)) -> T {
        let x = if x < self.0 { self.0 } else { x };
        if x > self.1 { self.1 } else { x }
    }
}

/// A conversion.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct AsType<U>(#[serde(skip)] PhantomData<fn() -> U>);

impl<U> Clone for AsType<U> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<T: Element, U: Element> Apply<(T,)> for AsType<U> {
    type Output = U;
    #[inline(always)]
    fn apply(&self, (x,): (T,)) -> U {
        x.cast::<U>()
    }
}

/// The expression that [`Compare::where_`] makes.
type Selected<C, X, Y, D> = Expr<
    <<X as Operand>::Elem as Promote<<Y as Operand>::Elem>>::Output,
    D,
    Map<Select, (<C as Expression>::Node, <X as Operand>::Node, <Y as Operand>::Node), D>,
>;

/// Comparisons, logic, choices and conversions of elements, under NumPy's names. Comparisons give arrays of `bool`; with a
/// NaN all but [`not_equal`](Compare::not_equal) are false.
///
/// ```
/// use pmi_array::{Compare, DistArray, Expression, Reduce};
/// # pmi::with_tasks(2, || {
/// let x = DistArray::arange(-2.0, 3.0, 1.0);
/// let positive = x.greater(0.0);
/// assert_eq!(positive.count(), 2);
/// assert_eq!(positive.where_(&x, 9.0).gather().unwrap().to_vec(), [9.0, 9.0, 9.0, 1.0, 2.0]);
/// assert_eq!(x.clip(-1.0, 1.0).sum(), 0.0);
/// assert_eq!(x.astype::<i8>().gather().unwrap()[0], -2);
/// # })
/// ```
pub trait Compare: Expression {
    pair_methods! {
        /// Whether the elements are equal.
        equal = Equal;
        /// Whether the elements differ.
        not_equal = NotEqual;
        /// Whether the element is smaller than the other.
        less = Less;
        /// Whether the element is smaller than the other, or equal.
        less_equal = LessEqual;
        /// Whether the element is larger than the other.
        greater = Greater;
        /// Whether the element is larger than the other, or equal.
        greater_equal = GreaterEqual;
        /// Whether both elements are neither 0 nor `false`.
        logical_and = LogicalAnd;
        /// Whether one of the elements is neither 0 nor `false`.
        logical_or = LogicalOr;
        /// Whether exactly one of the elements is neither 0 nor `false`.
        logical_xor = LogicalXor;
    }

    /// Where the condition holds the element of `x`, elsewhere that of `y`; `y` has no more axes than the other two.
    ///
    /// # Panics
    /// Where the operands cannot be broadcast together, or `y` has more axes than the other two.
    #[track_caller]
    fn where_<X, Y>(&self, x: X, y: Y) -> Selected<Self, X, Y, <Self::Dim as DimMax<X::Dim>>::Output>
    where
        Self: Expression<Elem = bool, Dim: DimMax<X::Dim, Output: 'static>>,
        X: Operand<Elem: Promote<Y::Elem>>,
        Y: Operand,
    {
        Expr::new(Map::fitting(Select, (self.node(), x.operand(), y.operand())))
    }

    /// Elements below `min` become `min`, those above `max` become `max`; NaNs stay.
    ///
    /// # Panics
    /// Where `min` is above `max`.
    #[track_caller]
    fn clip(
        &self,
        min: Self::Elem,
        max: Self::Elem,
    ) -> Expr<Self::Elem, Self::Dim, Map<Clip<Self::Elem>, (Self::Node,), Self::Dim>>
    where
        Self::Elem: Real,
    {
        assert!(min <= max, "clip: the limits {min:?} and {max:?} are not in order");
        Expr::new(Map::new(Clip(min, max), (self.node(),)))
    }

    /// The elements as another type, by the rules of [`Cast`](crate::Cast).
    ///
    /// ```
    /// use pmi_array::{Compare, DistArray, Expression};
    /// # pmi::with_tasks(2, || {
    /// let a = DistArray::linspace(-1.0, 1.0, 5); // -1 -0.5 0 0.5 1
    /// assert_eq!(a.astype::<i8>().to_vec().unwrap(), [-1, 0, 0, 0, 1]);
    /// assert_eq!(a.astype::<bool>().to_vec().unwrap(), [true, true, false, true, true]);
    /// # })
    /// ```
    fn astype<U: Element>(&self) -> Expr<U, Self::Dim, Map<AsType<U>, (Self::Node,), Self::Dim>> {
        Expr::new(Map::new(AsType(PhantomData), (self.node(),)))
    }
}

impl<X: Expression> Compare for X {}
