//! [`Math`]: NumPy's functions of elements.

use super::arithmetic::{Binary as Pairwise, Combine, Combined, Modulo, Number, pair_methods};
use super::expression::{Expr, Expression};
use super::function::{Common, Floating, Function, Function2};
use super::map::{Apply, Map};

use super::operand::Operand;
use crate::element::{Element, Real};
use crate::math as kernels;
use crate::promote::Promote;
use ndarray::DimMax;
use num_complex::Complex;
use num_complex::ComplexFloat;
use serde::{Deserialize, Serialize};

/// Functions of one element that a closure would do for.
macro_rules! simple {
    ($($name:ident<$p:ident: $($bound:path),+> -> $out:ty = |$x:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        #[derive(Clone, Copy, Serialize, Deserialize)]
        pub struct $name;
        impl<$p: $($bound +)+> Apply<($p,)> for $name {
            type Output = $out;
            #[inline(always)]
            fn apply(&self, ($x,): ($p,)) -> $out {
                $body
            }
        }
    )*};
}

/// Numbers with a magnitude.
pub trait Magnitude: Number {
    /// Its type: that of the parts of a complex number.
    type Real: Real;
    /// The magnitude; of the smallest integer, that integer, as in NumPy.
    fn magnitude(self) -> Self::Real;
}

/// Real numbers that can be rounded; integers are whole already.
pub trait Round: Real + Number {
    /// The largest whole number that is not larger.
    fn floor(self) -> Self;
    /// The smallest whole number that is not smaller.
    fn ceil(self) -> Self;
    /// The nearest whole number, the even one of two.
    fn round(self) -> Self;
    /// The whole number next to it towards 0.
    fn trunc(self) -> Self;
    /// -1, 0 or 1 as it is negative, 0 or positive; NaN of NaN.
    fn sign(self) -> Self;
}

macro_rules! integers {
    ($($type:ty, |$x:ident| $magnitude:expr, $sign:expr;)*) => {$(
        impl Magnitude for $type {
            type Real = $type;
            #[inline(always)]
            fn magnitude(self) -> $type {
                let $x = self;
                $magnitude
            }
        }
        impl Round for $type {
            #[inline(always)]
            fn floor(self) -> Self {
                self
            }
            #[inline(always)]
            fn ceil(self) -> Self {
                self
            }
            #[inline(always)]
            fn round(self) -> Self {
                self
            }
            #[inline(always)]
            fn trunc(self) -> Self {
                self
            }
            #[inline(always)]
            fn sign(self) -> Self {
                let $x = self;
                $sign
            }
        }
    )*};
}

integers! {
    u8, |x| x, x.min(1);
    u16, |x| x, x.min(1);
    u32, |x| x, x.min(1);
    u64, |x| x, x.min(1);
    i8, |x| x.wrapping_abs(), x.signum();
    i16, |x| x.wrapping_abs(), x.signum();
    i32, |x| x.wrapping_abs(), x.signum();
    i64, |x| x.wrapping_abs(), x.signum();
}

macro_rules! floats {
    ($($type:ident)*) => {$(
        impl Magnitude for $type {
            type Real = $type;
            #[inline(always)]
            fn magnitude(self) -> $type {
                $type::abs(self)
            }
        }
        impl Magnitude for Complex<$type> {
            type Real = $type;
            #[inline(always)]
            fn magnitude(self) -> $type {
                self.norm()
            }
        }
        impl Round for $type {
            #[inline(always)]
            fn floor(self) -> Self {
                $type::floor(self)
            }
            #[inline(always)]
            fn ceil(self) -> Self {
                $type::ceil(self)
            }
            #[inline(always)]
            fn round(self) -> Self {
                $type::round_ties_even(self)
            }
            #[inline(always)]
            fn trunc(self) -> Self {
                $type::trunc(self)
            }
            #[inline(always)]
            fn sign(self) -> Self {
                if self > 0.0 { 1.0 } else if self < 0.0 { -1.0 } else { self }
            }
        }
    )*};
}

floats!(f32 f64);

/// Elements that are one number or, complex, two.
pub trait Parts: Element {
    /// Whether that holds for one of the numbers.
    fn any_part(self, holds: impl Fn(f64) -> bool) -> bool;
}

impl<P: Real> Parts for P {
    #[inline(always)]
    fn any_part(self, holds: impl Fn(f64) -> bool) -> bool {
        holds(self.to_f64())
    }
}

impl Parts for Complex<f32> {
    #[inline(always)]
    fn any_part(self, holds: impl Fn(f64) -> bool) -> bool {
        holds(self.re.into()) | holds(self.im.into())
    }
}

impl Parts for Complex<f64> {
    #[inline(always)]
    fn any_part(self, holds: impl Fn(f64) -> bool) -> bool {
        holds(self.re) | holds(self.im)
    }
}

simple! {
    Abs<P: Magnitude> -> P::Real = |x| x.magnitude();
    Floor<P: Round> -> P = |x| x.floor();
    Ceil<P: Round> -> P = |x| x.ceil();
    Rint<P: Round> -> P = |x| x.round();
    Trunc<P: Round> -> P = |x| x.trunc();
    Sign<P: Round> -> P = |x| x.sign();
    Square<P: Number> -> P = |x| x.times(x);
    IsNan<P: Parts> -> bool = |x| x.any_part(f64::is_nan);
    IsFinite<P: Parts> -> bool = |x| !x.any_part(|part| !part.is_finite());
    IsInf<P: Parts> -> bool = |x| x.any_part(f64::is_infinite);
}

/// Functions of the parts of complex numbers.
macro_rules! parts {
    ($($name:ident: |$z:ident| $body:expr => $out:ident;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        #[derive(Clone, Copy, Serialize, Deserialize)]
        pub struct $name;
        parts!(@for f32, $name: |$z| $body => $out);
        parts!(@for f64, $name: |$z| $body => $out);
    )*};
    (@for $type:ty, $name:ident: |$z:ident| $body:expr => real) => {
        impl Apply<(Complex<$type>,)> for $name {
            type Output = $type;
            #[inline(always)]
            fn apply(&self, ($z,): (Complex<$type>,)) -> $type {
                $body
            }
        }
    };
    (@for $type:ty, $name:ident: |$z:ident| $body:expr => complex) => {
        impl Apply<(Complex<$type>,)> for $name {
            type Output = Complex<$type>;
            #[inline(always)]
            fn apply(&self, ($z,): (Complex<$type>,)) -> Complex<$type> {
                $body
            }
        }
    };
}

parts! {
    RealPart: |z| z.re => real;
    ImagPart: |z| z.im => real;
    Angle: |z| z.arg() => real;
    Conj: |z| z.conj() => complex;
}

/// The larger and the smaller of two; NaN where one is.
macro_rules! pairwise {
    ($($name:ident<$p:ident: $bound:path> = |$a:ident, $b:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        #[derive(Clone, Copy, Serialize, Deserialize)]
        pub struct $name;
        impl<$p: $bound> Pairwise<$p> for $name {
            type Output = $p;
            #[inline(always)]
            fn of(&self, $a: $p, $b: $p) -> $p {
                $body
            }
        }
    )*};
}

pairwise! {
    Maximum<P: Real> = |a, b| if a > b || a.is_nan() { a } else { b };
    Minimum<P: Real> = |a, b| if a < b || a.is_nan() { a } else { b };
    Fmax<P: Real> = |a, b| if a > b || b.is_nan() { a } else { b };
    Fmin<P: Real> = |a, b| if a < b || b.is_nan() { a } else { b };
    FloorDivide<P: Modulo> = |a, b| a.floor_over(b);
}

/// A number to a whole power.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct PowI(u32);

impl<P: Number + super::arithmetic::One> Apply<(P,)> for PowI {
    type Output = P;
    #[inline(always)]
    fn apply(&self, (x,): (P,)) -> P {
        if self.0 == 0 {
            return P::ONE;
        }
        // From the topmost bit down, so that no product has a factor 1: an infinite complex number times 1 is not itself.
        let mut power = x;
        for bit in (0..self.0.ilog2()).rev() {
            power = power.times(power);
            if self.0 >> bit & 1 == 1 {
                power = power.times(x);
            }
        }
        power
    }
}

/// The expression of a simple function.
type Simple<X, F> = Expr<
    <F as Apply<(<X as Expression>::Elem,)>>::Output,
    <X as Expression>::Dim,
    Map<F, (<X as Expression>::Node,), <X as Expression>::Dim>,
>;

/// The expression of an elementary function.
type Elementary<X, F> =
    Expr<<<X as Expression>::Elem as Floating>::Float, <X as Expression>::Dim, Function<F, <X as Expression>::Node>>;

/// The expression of an elementary function of two arguments.
type Elementary2<X, O, F> = Expr<
    Common<<X as Expression>::Elem, <O as Operand>::Elem>,
    <<X as Expression>::Dim as DimMax<<O as Operand>::Dim>>::Output,
    Function2<
        F,
        <X as Expression>::Node,
        <O as Operand>::Node,
        <<X as Expression>::Dim as DimMax<<O as Operand>::Dim>>::Output,
    >,
>;

/// Methods that apply an elementary function.
macro_rules! elementary {
    ($($(#[$doc:meta])* $method:ident = $function:ident;)*) => {$(
        $(#[$doc])*
        fn $method(&self) -> Elementary<Self, kernels::$function>
        where
            Self::Elem: Floating,
            kernels::$function: kernels::Unary<<Self::Elem as Floating>::Float>,
        {
            Expr::new(Function::new(self.node()))
        }
    )*};
}

/// Methods that apply an elementary function of two arguments.
macro_rules! elementary2 {
    ($($(#[$doc:meta])* $method:ident = $function:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Panics
        /// Where the operands cannot be broadcast together.
        #[track_caller]
        fn $method<O: Operand>(&self, other: O) -> Elementary2<Self, O, kernels::$function>
        where
            Self::Elem: Promote<O::Elem, Output: Floating>,
            Self::Dim: DimMax<O::Dim, Output: 'static>,
            kernels::$function: kernels::Binary<Common<Self::Elem, O::Elem>>,
        {
            Expr::new(Function2::new(self.node(), other.operand()))
        }
    )*};
}

/// Methods that apply a simple function.
macro_rules! simple_methods {
    ($($(#[$doc:meta])* $method:ident = $function:ident;)*) => {$(
        $(#[$doc])*
        fn $method(&self) -> Simple<Self, $function>
        where
            $function: Apply<(Self::Elem,)>,
        {
            Expr::new(Map::new($function, (self.node(),)))
        }
    )*};
}

/// NumPy's functions of elements, under NumPy's names.
///
/// Integers and `bool` become `f64` where the value is not whole. Special values (NaN, infinities, zeros with signs) are
/// those of C's Annex F, as NumPy's are. All values are the same bits whatever the CPU, the number of tasks and the
/// layout; the errors given are the largest found, in units in the last place of an `f64`; those of `f32` are below 0.501.
///
/// ```
/// use pmi_array::{DistArray, Expression, Math, Reduce};
/// # pmi::with_tasks(2, || {
/// let x = DistArray::linspace(0.0, 3.0, 7);
/// let one = x.sin().square() + x.cos().square();
/// assert!((one - 1.0).abs().max() < 1e-15);
/// assert_eq!(x.floor().gather().unwrap().to_vec(), [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0]);
/// assert_eq!(x.pow(2.0).to_vec().unwrap()[3], 2.25);
/// # })
/// ```
pub trait Math: Expression {
    elementary! {
        /// `e^x`.
        exp = Exp;
        /// `2^x`.
        exp2 = Exp2;
        /// `e^x - 1`, accurate near 0.
        expm1 = Expm1;
        /// The natural logarithm.
        log = Log;
        /// The logarithm to base 2.
        log2 = Log2;
        /// The logarithm to base 10.
        log10 = Log10;
        /// `ln(1 + x)`, accurate near 0.
        log1p = Log1p;
        /// The sine, of radians.
        sin = Sin;
        /// The cosine, of radians.
        cos = Cos;
        /// The tangent, of radians.
        tan = Tan;
        /// The inverse sine, in radians.
        arcsin = Asin;
        /// The inverse cosine, in radians.
        arccos = Acos;
        /// The inverse tangent, in radians.
        arctan = Atan;
        /// The hyperbolic sine.
        sinh = Sinh;
        /// The hyperbolic cosine.
        cosh = Cosh;
        /// The hyperbolic tangent.
        tanh = Tanh;
        /// The inverse hyperbolic sine.
        arcsinh = Asinh;
        /// The inverse hyperbolic cosine.
        arccosh = Acosh;
        /// The inverse hyperbolic tangent.
        arctanh = Atanh;
        /// The square root, correctly rounded.
        sqrt = Sqrt;
        /// The cube root.
        cbrt = Cbrt;
    }

    elementary2! {
        /// `x^y`, in floating-point numbers. See [`powi`](Math::powi) for whole powers of integers.
        pow = Pow;
        /// The angle in radians of the point with this ordinate and the abscissa `other`.
        arctan2 = Atan2;
        /// `sqrt(x^2 + y^2)`, without overflow on the way.
        hypot = Hypot;
    }

    simple_methods! {
        /// The magnitude: of a complex number, a real one.
        abs = Abs;
        /// The largest whole number that is not larger.
        floor = Floor;
        /// The smallest whole number that is not smaller.
        ceil = Ceil;
        /// The nearest whole number, the even one of two.
        rint = Rint;
        /// The whole number next to it towards 0.
        trunc = Trunc;
        /// -1, 0 or 1, as the number is negative, 0 or positive; NaN of NaN.
        sign = Sign;
        /// `x x`.
        square = Square;
        /// Whether it is not a number; of a complex one, whether a part is not.
        isnan = IsNan;
        /// Whether it, or each part of a complex number, is neither infinite nor NaN.
        isfinite = IsFinite;
        /// Whether it, or a part of a complex number, is infinite.
        isinf = IsInf;
        /// The real part of a complex number.
        real = RealPart;
        /// The imaginary part of a complex number.
        imag = ImagPart;
        /// The angle of a complex number, in radians.
        angle = Angle;
        /// The conjugate of a complex number.
        conj = Conj;
    }

    pair_methods! {
        /// The larger of two elements; NaN where one is.
        maximum = Maximum;
        /// The smaller of two elements; NaN where one is.
        minimum = Minimum;
        /// The larger of two elements; the other where one is NaN.
        fmax = Fmax;
        /// The smaller of two elements; the other where one is NaN.
        fmin = Fmin;
        /// The quotient rounded down; 0 where an integer is divided by 0.
        floor_divide = FloorDivide;
    }

    /// `x^n`, by products; integers wrap around.
    fn powi(&self, n: u32) -> Simple<Self, PowI>
    where
        PowI: Apply<(Self::Elem,)>,
    {
        Expr::new(Map::new(PowI(n), (self.node(),)))
    }
}

impl<X: Expression> Math for X {}
