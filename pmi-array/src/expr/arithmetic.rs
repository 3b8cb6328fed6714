//! The operators `+ - * / % & | ^`, negation and `!`, between arrays, expressions and scalars.
//!
//! Elements of two types are first [promoted](Promote) to a common one. As in NumPy: integers wrap around; `/` of
//! integers is the true quotient, an `f64`; `%` has the sign of the divisor, and is 0 by 0 for integers; `& | ^ !` are for
//! integers and `bool`.

use super::expression::{Expr, Expression};
use super::leaf::{Leaf, Scalar};
use super::map::{Apply, Map, broadcast};
use super::node::Node;
use crate::array::DistArray;
use crate::cast::Cast;
use crate::element::Element;
use crate::promote::Promote;
use ndarray::{DimMax, Dimension};
use num_complex::Complex;
use serde::{Deserialize, Serialize};
use std::ops;

/// The types with `+ - *`: all but `bool`.
pub trait Number: Element {
    /// The type of a quotient: `f64` for integers.
    type Quotient: Element;
    /// The sum; integers wrap around.
    fn plus(self, y: Self) -> Self;
    /// The difference; integers wrap around.
    fn minus(self, y: Self) -> Self;
    /// The product; integers wrap around.
    fn times(self, y: Self) -> Self;
    /// The quotient.
    fn over(self, y: Self) -> Self::Quotient;
    /// The negative; integers wrap around.
    fn negative(self) -> Self;
}

/// The types with a 1.
pub trait One {
    /// 1.
    const ONE: Self;
}

/// The types with `%`: real numbers.
pub trait Modulo: Number {
    /// What is left of `self` by `y`, with the sign of `y`: NumPy's `remainder`.
    fn modulo(self, y: Self) -> Self;
    /// The largest whole number of times that `y` goes into `self`: NumPy's `floor_divide`. Integers by 0 are 0.
    fn floor_over(self, y: Self) -> Self;
}

/// The types with `& | ^ !`: integers and `bool`.
pub trait Bitwise:
    Element + ops::BitAnd<Output = Self> + ops::BitOr<Output = Self> + ops::BitXor<Output = Self> + ops::Not<Output = Self>
{
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Number for $type {
            type Quotient = f64;
            #[inline(always)]
            fn plus(self, y: Self) -> Self {
                self.wrapping_add(y)
            }
            #[inline(always)]
            fn minus(self, y: Self) -> Self {
                self.wrapping_sub(y)
            }
            #[inline(always)]
            fn times(self, y: Self) -> Self {
                self.wrapping_mul(y)
            }
            #[inline(always)]
            fn over(self, y: Self) -> f64 {
                self.cast::<f64>() / y.cast::<f64>()
            }
            #[inline(always)]
            fn negative(self) -> Self {
                self.wrapping_neg()
            }
        }
        impl One for $type {
            const ONE: Self = 1;
        }
        impl Modulo for $type {
            #[inline(always)]
            fn modulo(self, y: Self) -> Self {
                self.wrapping_sub(self.floor_over(y).wrapping_mul(y)) * Self::from(y != 0)
            }
            #[inline(always)]
            fn floor_over(self, y: Self) -> Self {
                if y == 0 {
                    return 0;
                }
                let (quotient, rest) = (self.wrapping_div(y), self.wrapping_rem(y));
                #[allow(unused_comparisons, reason = "unsigned types share the formula")]
                if rest != 0 && (rest < 0) != (y < 0) { quotient.wrapping_sub(1) } else { quotient }
            }
        }
        impl Bitwise for $type {}
    )*};
}

integers!(u8 u16 u32 u64 i8 i16 i32 i64);
impl Bitwise for bool {}

macro_rules! floats {
    ($($type:ty)*) => {$(
        floats!(@number $type, |x, y| x / y);
        floats!(@number Complex<$type>, |x, y| {
            // R. L. Smith's method (Comm. ACM 5, 1962), as in NumPy: |y|^2 may be beyond the range.
            let swap = y.re.abs() < y.im.abs();
            let (large, small) = if swap { (y.im, y.re) } else { (y.re, y.im) };
            let (ratio, large) = if large == 0.0 { (0.0, 0.0) } else { (small / large, large) };
            let scale = large + small * ratio;
            let (re, im) = if swap {
                (x.re * ratio + x.im, x.im * ratio - x.re)
            } else {
                (x.re + x.im * ratio, x.im - x.re * ratio)
            };
            Complex::new(re / scale, im / scale)
        });
        impl One for $type {
            const ONE: Self = 1.0;
        }
        impl One for Complex<$type> {
            const ONE: Self = Complex { re: 1.0, im: 0.0 };
        }
        impl Modulo for $type {
            #[inline(always)]
            fn modulo(self, y: Self) -> Self {
                let rest = self % y;
                if rest == 0.0 { (0.0 as $type).copysign(y) } else if (rest < 0.0) != (y < 0.0) { rest + y } else { rest }
            }
            #[inline(always)]
            fn floor_over(self, y: Self) -> Self {
                if y == 0.0 {
                    return self / y;
                }
                let rest = self % y;
                // Whole, but for rounding.
                let whole = (self - rest) / y;
                let quotient = if rest != 0.0 && (rest < 0.0) != (y < 0.0) { whole - 1.0 } else { whole };
                let floor = quotient.floor();
                if quotient == 0.0 {
                    (0.0 as $type).copysign(self / y)
                } else if quotient - floor > 0.5 {
                    floor + 1.0
                } else {
                    floor
                }
            }
        }
    )*};
    (@number $type:ty, |$x:ident, $y:ident| $over:expr) => {
        impl Number for $type {
            type Quotient = Self;
            #[inline(always)]
            fn plus(self, y: Self) -> Self {
                self + y
            }
            #[inline(always)]
            fn minus(self, y: Self) -> Self {
                self - y
            }
            #[inline(always)]
            fn times(self, y: Self) -> Self {
                self * y
            }
            #[inline(always)]
            fn over(self, y: Self) -> Self {
                let ($x, $y) = (self, y);
                $over
            }
            #[inline(always)]
            fn negative(self) -> Self {
                -self
            }
        }
    };
}

floats!(f32 f64);

/// A function of two elements of one type.
pub trait Binary<P>: Copy + Serialize + serde::de::DeserializeOwned + Sync + 'static {
    /// The type of its results.
    type Output: Element;
    /// The result.
    fn of(&self, a: P, b: P) -> Self::Output;
}

/// A function of two elements of any types: promotes them first.
#[derive(Clone, Serialize, Deserialize)]
pub struct Promoted<O>(O);

impl<A: Promote<B>, B: Element, O: Binary<A::Output>> Apply<(A, B)> for Promoted<O> {
    type Output = O::Output;
    #[inline(always)]
    fn apply(&self, (a, b): (A, B)) -> O::Output {
        self.0.of(a.left(), A::right(b))
    }
}

/// Nodes that a function of two elements can be applied to.
#[diagnostic::on_unimplemented(message = "`{O}` is not defined for elements of these types")]
pub trait Combine<O, M: Node>: Node {
    /// The type of the result's elements.
    type Out: Element;
    /// The dimension of the result.
    type Both: Dimension + 'static;
    /// The result.
    type Result: Node<Elem = Self::Out, Dim = Self::Both>;
    /// The node of the function of both.
    fn combine(self, op: O, other: M) -> Self::Result;
}

impl<N, M, O> Combine<O, M> for N
where
    N: Node<Elem: Promote<M::Elem>, Dim: DimMax<M::Dim, Output: 'static>>,
    M: Node,
    O: Binary<<N::Elem as Promote<M::Elem>>::Output>,
{
    type Out = O::Output;
    type Both = <N::Dim as DimMax<M::Dim>>::Output;
    type Result = Map<Promoted<O>, (N, M), Self::Both>;

    #[track_caller]
    fn combine(self, op: O, other: M) -> Self::Result {
        Map::new(Promoted(op), (self, other))
    }
}

/// The expression that a function of two nodes gives.
pub(super) type Combined<N, M, O> =
    Expr<<N as Combine<O, M>>::Out, <N as Combine<O, M>>::Both, <N as Combine<O, M>>::Result>;

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident<$p:ident: $bound:path> -> $out:ty = |$a:ident, $b:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Serialize, Deserialize)]
        pub struct $name;
        impl<$p: $bound> Binary<$p> for $name {
            type Output = $out;
            #[inline(always)]
            fn of(&self, $a: $p, $b: $p) -> $out {
                $body
            }
        }
    )*};
}

functions! {
    /// `+`
    Add<P: Number> -> P = |a, b| a.plus(b);
    /// `-`
    Sub<P: Number> -> P = |a, b| a.minus(b);
    /// `*`
    Mul<P: Number> -> P = |a, b| a.times(b);
    /// `/`
    Div<P: Number> -> P::Quotient = |a, b| a.over(b);
    /// `%`
    Rem<P: Modulo> -> P = |a, b| a.modulo(b);
    /// `&`
    BitAnd<P: Bitwise> -> P = |a, b| a & b;
    /// `|`
    BitOr<P: Bitwise> -> P = |a, b| a | b;
    /// `^`
    BitXor<P: Bitwise> -> P = |a, b| a ^ b;
}

/// Methods that apply a simple function of two elements.
macro_rules! pair_methods {
    ($($(#[$doc:meta])* $method:ident = $function:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Panics
        /// Where the operands cannot be broadcast together.
        #[track_caller]
        fn $method<O: Operand>(&self, other: O) -> Combined<Self::Node, O::Node, $function>
        where
            Self::Node: Combine<$function, O::Node>,
        {
            Expr::new(self.node().combine($function, other.operand()))
        }
    )*};
}

pub(super) use pair_methods;

/// One operator between two kinds of operands that have elements.
macro_rules! pair {
    ($op:ident $method:ident, [$($lt:tt)*] $left:ty, $ln:ty, [$($rt:tt)*] $right:ty, $rn:ty) => {
        impl<$($lt)* $($rt)*> ops::$op<$right> for $left
        where
            $ln: Combine<$op, $rn>,
        {
            type Output = Combined<$ln, $rn, $op>;
            #[track_caller]
            fn $method(self, other: $right) -> Self::Output {
                Expr::new(Expression::node(&self).combine($op, Expression::node(&other)))
            }
        }
    };
}

/// One operator with one kind of left operand.
macro_rules! left {
    ($op:ident $method:ident, [$($lt:tt)*] $left:ty, $ln:ty) => {
        pair!($op $method, [$($lt)*] $left, $ln, [U: Element, E: Dimension + 'static,] DistArray<U, E>, Leaf<U, E>);
        pair!($op $method, [$($lt)*] $left, $ln, [U: Element, E: Dimension + 'static,] &DistArray<U, E>, Leaf<U, E>);
        pair!($op $method, [$($lt)*] $left, $ln, [U: Element, E: Dimension + 'static, M: Node<Elem = U, Dim = E>,] Expr<U, E, M>, M);
        pair!($op $method, [$($lt)*] $left, $ln, [U: Element, E: Dimension + 'static, M: Node<Elem = U, Dim = E>,] &Expr<U, E, M>, M);
        impl<$($lt)*> ops::$op<T> for $left
        where
            $ln: Combine<$op, Scalar<T>>,
        {
            type Output = Combined<$ln, Scalar<T>, $op>;
            fn $method(self, other: T) -> Self::Output {
                Expr::new(Expression::node(&self).combine($op, Scalar(other)))
            }
        }
    };
}

/// One operator with scalars of one type on the left.
macro_rules! scalar {
    ($op:ident $method:ident, $scalar:ty: $([$($rt:tt)*] $right:ty, $rn:ty;)*) => {$(
        impl<$($rt)*> ops::$op<$right> for $scalar
        where
            Scalar<$scalar>: Combine<$op, $rn>,
        {
            type Output = Combined<Scalar<$scalar>, $rn, $op>;
            fn $method(self, other: $right) -> Self::Output {
                Expr::new(Scalar(self).combine($op, Expression::node(&other)))
            }
        }
    )*};
}

macro_rules! operators {
    ($($op:ident $method:ident: $($scalar:ty),*;)*) => {$(
        left!($op $method, [T: Element, D: Dimension + 'static,] DistArray<T, D>, Leaf<T, D>);
        left!($op $method, [T: Element, D: Dimension + 'static,] &DistArray<T, D>, Leaf<T, D>);
        left!($op $method, [T: Element, D: Dimension + 'static, N: Node<Elem = T, Dim = D>,] Expr<T, D, N>, N);
        left!($op $method, [T: Element, D: Dimension + 'static, N: Node<Elem = T, Dim = D>,] &Expr<T, D, N>, N);
        $(
            scalar!($op $method, $scalar:
                [D: Dimension + 'static] DistArray<$scalar, D>, Leaf<$scalar, D>;
                [D: Dimension + 'static] &DistArray<$scalar, D>, Leaf<$scalar, D>;
                [D: Dimension + 'static, N: Node<Elem = $scalar, Dim = D>] Expr<$scalar, D, N>, N;
                [D: Dimension + 'static, N: Node<Elem = $scalar, Dim = D>] &Expr<$scalar, D, N>, N;
            );
        )*
    )*};
}

operators! {
    Add add: u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, Complex<f32>, Complex<f64>;
    Sub sub: u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, Complex<f32>, Complex<f64>;
    Mul mul: u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, Complex<f32>, Complex<f64>;
    Div div: u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, Complex<f32>, Complex<f64>;
    Rem rem: u8, u16, u32, u64, i8, i16, i32, i64, f32, f64;
    BitAnd bitand: bool, u8, u16, u32, u64, i8, i16, i32, i64;
    BitOr bitor: bool, u8, u16, u32, u64, i8, i16, i32, i64;
    BitXor bitxor: bool, u8, u16, u32, u64, i8, i16, i32, i64;
}

/// The operators between arrays of integers and an `f64`. Not other types, so that a literal has but one; and not
/// expressions, whose elements' type may only be known when that of a literal in them is.
macro_rules! fractions {
    ($($integer:ty),*) => {$(
        fractions!(@of $integer: Add add, Sub sub, Mul mul, Div div, Rem rem);
    )*};
    (@of $integer:ty: $($op:ident $method:ident),*) => {$(
        fractions!(@with $op $method:
            [D: Dimension + 'static] DistArray<$integer, D>, Leaf<$integer, D>;
            [D: Dimension + 'static] &DistArray<$integer, D>, Leaf<$integer, D>;
        );
    )*};
    (@with $op:ident $method:ident: $([$($t:tt)*] $array:ty, $node:ty;)*) => {$(
        impl<$($t)*> ops::$op<f64> for $array
        where
            $node: Combine<$op, Scalar<f64>>,
        {
            type Output = Combined<$node, Scalar<f64>, $op>;
            fn $method(self, other: f64) -> Self::Output {
                Expr::new(Expression::node(&self).combine($op, Scalar(other)))
            }
        }
        scalar!($op $method, f64: [$($t)*] $array, $node;);
    )*};
}

fractions!(u8, u16, u32, u64, i8, i16, i32, i64);

/// Functions of one element with an operator's name.
macro_rules! unary {
    ($($op:ident $method:ident<$p:ident: $bound:path> = |$x:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($method), "`")]
        #[derive(Clone, Copy, Serialize, Deserialize)]
        pub struct $op;
        impl<$p: $bound> Apply<($p,)> for $op {
            type Output = $p;
            #[inline(always)]
            fn apply(&self, ($x,): ($p,)) -> $p {
                $body
            }
        }
        unary!(@for $op $method $bound, [T: $bound, D: Dimension + 'static] DistArray<T, D>, Leaf<T, D>);
        unary!(@for $op $method $bound, [T: $bound, D: Dimension + 'static] &DistArray<T, D>, Leaf<T, D>);
        unary!(@for $op $method $bound, [T: $bound, D: Dimension + 'static, N: Node<Elem = T, Dim = D>] Expr<T, D, N>, N);
        unary!(@for $op $method $bound, [T: $bound, D: Dimension + 'static, N: Node<Elem = T, Dim = D>] &Expr<T, D, N>, N);
    )*};
    (@for $op:ident $method:ident $bound:path, [$($t:tt)*] $type:ty, $node:ty) => {
        impl<$($t)*> ops::$op for $type {
            type Output = Expr<T, D, Map<$op, ($node,), D>>;
            fn $method(self) -> Self::Output {
                Expr::new(Map::new($op, (Expression::node(&self),)))
            }
        }
    };
}

unary! {
    Neg neg<P: Number> = |x| x.negative();
    Not not<P: Bitwise> = |x| !x;
}

/// `op=`: the array takes the values of the expression; its type and shape stay.
macro_rules! compound {
    ($($op:ident $method:ident $by:ident;)*) => {$(
        compound!(@for $op $method $by, [U: Element, E: Dimension + 'static,] DistArray<U, E>, Leaf<U, E>);
        compound!(@for $op $method $by, [U: Element, E: Dimension + 'static,] &DistArray<U, E>, Leaf<U, E>);
        compound!(@for $op $method $by, [U: Element, E: Dimension + 'static, M: Node<Elem = U, Dim = E>,] Expr<U, E, M>, M);
        compound!(@for $op $method $by, [U: Element, E: Dimension + 'static, M: Node<Elem = U, Dim = E>,] &Expr<U, E, M>, M);
        impl<T: Element, D: Dimension + 'static> ops::$op<T> for DistArray<T, D>
        where
            Leaf<T, D>: Combine<$by, Scalar<T>, Out = T>,
        {
            #[track_caller]
            fn $method(&mut self, other: T) {
                let node = Expression::node(self).combine($by, Scalar(other));
                self.assign_node(node);
            }
        }
    )*};
    (@for $op:ident $method:ident $by:ident, [$($t:tt)*] $right:ty, $node:ty) => {
        impl<T: Element, D: Dimension + 'static, $($t)*> ops::$op<$right> for DistArray<T, D>
        where
            Leaf<T, D>: Combine<$by, $node, Out = T>,
        {
            #[track_caller]
            fn $method(&mut self, other: $right) {
                let both = broadcast(&[self.shape().to_vec(), Expression::node(&other).shape()]);
                assert!(
                    both == self.shape(),
                    "an array of shape {:?} cannot take the values of an expression of shape {both:?}: assign it to a new \
                     one",
                    self.shape()
                );
                let node = Expression::node(self).combine($by, Expression::node(&other));
                self.assign_node(node);
            }
        }
    };
}

compound! {
    AddAssign add_assign Add;
    SubAssign sub_assign Sub;
    MulAssign mul_assign Mul;
    DivAssign div_assign Div;
    RemAssign rem_assign Rem;
    BitAndAssign bitand_assign BitAnd;
    BitOrAssign bitor_assign BitOr;
    BitXorAssign bitxor_assign BitXor;
}
