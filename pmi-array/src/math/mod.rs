//! docs
#![allow(dead_code, reason = "called by array expressions")]

mod double;
mod exp;
mod log;
mod angle;
mod trigonometric;
mod arc;
mod hyperbolic;
mod root;
mod pow;
#[cfg(test)]
mod tests;

use crate::simd::{Kernel, Level, Vector, dispatch, level};
use std::marker::PhantomData;

/// A function of one argument, on blocks of numbers of a type.
pub(crate) trait Unary<T> {
    /// NumPy's name.
    const NAME: &'static str;

    /// Replaces each number by the function's value.
    fn apply(block: &mut [T]) {
        Self::apply_at(level(), block);
    }

    /// As `apply`, with the instructions of a level.
    fn apply_at(level: Level, block: &mut [T]);
}

/// A function of two arguments, on blocks of numbers of a type.
pub(crate) trait Binary<T> {
    /// NumPy's name.
    const NAME: &'static str;

    /// Replaces each `x` by the function's value of it, the first argument, and the `y` at its place.
    ///
    /// # Panics
    /// Where the lengths differ.
    fn apply(x: &mut [T], y: &[T]) {
        Self::apply_at(level(), x, y);
    }

    /// As `apply`, with the instructions of a level.
    ///
    /// # Panics
    /// Where the lengths differ.
    fn apply_at(level: Level, x: &mut [T], y: &[T]);
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;
    )*};
}

functions! {
    /// `e^x`.
    Exp;
    /// `2^x`.
    Exp2;
    /// `e^x - 1`, accurate near 0.
    Expm1;
    /// The natural logarithm.
    Log;
    /// The logarithm to base 2.
    Log2;
    /// The logarithm to base 10.
    Log10;
    /// `ln(1 + x)`, accurate near 0.
    Log1p;
    /// The sine.
    Sin;
    /// The cosine.
    Cos;
    /// The tangent.
    Tan;
    /// The inverse sine.
    Asin;
    /// The inverse cosine.
    Acos;
    /// The inverse tangent.
    Atan;
    /// The hyperbolic sine.
    Sinh;
    /// The hyperbolic cosine.
    Cosh;
    /// The hyperbolic tangent.
    Tanh;
    /// The inverse hyperbolic sine.
    Asinh;
    /// The inverse hyperbolic cosine.
    Acosh;
    /// The inverse hyperbolic tangent.
    Atanh;
    /// The square root.
    Sqrt;
    /// The cube root.
    Cbrt;
    /// `x^y`.
    Pow;
    /// The angle of the point with ordinate `x`, the first argument, and abscissa `y`.
    Atan2;
    /// `sqrt(x^2 + y^2)`, without overflow on the way.
    Hypot;
}

/// How a function of one argument is computed.
///
/// `common` and `value` have no branches, so that loops over them become vector instructions, and consist of operations
/// that round alike at every level. Where both are right they give the same bits.
trait Formula {
    const NAME: &'static str;

    /// The value for all but special arguments.
    fn value(x: f64) -> f64;

    /// Whether `common` is right for this argument.
    #[inline(always)]
    fn is_common(_: f64) -> bool {
        true
    }

    /// The value for common arguments, with fewer operations than `value` if possible.
    #[inline(always)]
    fn common(x: f64) -> f64 {
        Self::value(x)
    }

    /// Whether the argument, not a common one, needs `special`.
    #[inline(always)]
    fn is_special(_: f64) -> bool {
        false
    }

    /// The value for special arguments.
    fn special(_: f64) -> f64 {
        f64::NAN
    }
}

/// How a function of two arguments is computed: as [`Formula`].
trait Formula2 {
    const NAME: &'static str;

    fn value(x: f64, y: f64) -> f64;

    #[inline(always)]
    fn is_common(_: f64, _: f64) -> bool {
        true
    }

    #[inline(always)]
    fn common(x: f64, y: f64) -> f64 {
        Self::value(x, y)
    }

    #[inline(always)]
    fn is_special(_: f64, _: f64) -> bool {
        false
    }

    fn special(_: f64, _: f64) -> f64 {
        f64::NAN
    }
}

/// Elements computed at a time: few enough that one uncommon argument does not slow down many others.
const CHUNK: usize = 128;

/// A formula's loop over a block.
struct Loop<'a, F>(&'a mut [f64], PhantomData<F>);

impl<F: Formula> Kernel for Loop<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        for chunk in self.0.chunks_mut(CHUNK) {
            if chunk.iter().fold(true, |all, x| all & F::is_common(*x)) {
                for x in chunk {
                    *x = F::common(*x);
                }
                continue;
            }
            let mut original = [0.0; CHUNK];
            original[..chunk.len()].copy_from_slice(chunk);
            for x in &mut *chunk {
                *x = F::value(*x);
            }
            for (value, x) in chunk.iter_mut().zip(original) {
                if F::is_special(x) {
                    *value = F::special(x);
                }
            }
        }
    }
}

/// Likewise with two arguments; the second slice is as long as the first.
struct Loop2<'a, F>(&'a mut [f64], &'a [f64], PhantomData<F>);

impl<F: Formula2> Kernel for Loop2<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        for (chunk, other) in self.0.chunks_mut(CHUNK).zip(self.1.chunks(CHUNK)) {
            if chunk.iter().zip(other).fold(true, |all, (x, y)| all & F::is_common(*x, *y)) {
                for (x, y) in chunk.iter_mut().zip(other) {
                    *x = F::common(*x, *y);
                }
                continue;
            }
            let mut original = [0.0; CHUNK];
            original[..chunk.len()].copy_from_slice(chunk);
            for (x, y) in chunk.iter_mut().zip(other) {
                *x = F::value(*x, *y);
            }
            for ((value, x), y) in chunk.iter_mut().zip(original).zip(other) {
                if F::is_special(x, *y) {
                    *value = F::special(x, *y);
                }
            }
        }
    }
}

impl<F: Formula> Unary<f64> for F {
    const NAME: &'static str = F::NAME;

    fn apply_at(level: Level, block: &mut [f64]) {
        dispatch(level, Loop::<F>(block, PhantomData));
    }
}

impl<F: Formula> Unary<f32> for F {
    const NAME: &'static str = F::NAME;

    fn apply_at(level: Level, block: &mut [f32]) {
        let mut wide = [0.0; 4 * CHUNK];
        for chunk in block.chunks_mut(wide.len()) {
            let wide = &mut wide[..chunk.len()];
            wide.iter_mut().zip(&*chunk).for_each(|(to, x)| *to = f64::from(*x));
            dispatch(level, Loop::<F>(wide, PhantomData));
            chunk.iter_mut().zip(wide).for_each(|(to, x)| *to = *x as f32);
        }
    }
}

impl<F: Formula2> Binary<f64> for F {
    const NAME: &'static str = F::NAME;

    fn apply_at(level: Level, x: &mut [f64], y: &[f64]) {
        assert_eq!(x.len(), y.len(), "blocks of {} of different lengths", F::NAME);
        dispatch(level, Loop2::<F>(x, y, PhantomData));
    }
}

impl<F: Formula2> Binary<f32> for F {
    const NAME: &'static str = F::NAME;

    fn apply_at(level: Level, x: &mut [f32], y: &[f32]) {
        assert_eq!(x.len(), y.len(), "blocks of {} of different lengths", F::NAME);
        let mut wide = [[0.0; 4 * CHUNK]; 2];
        for (chunk, other) in x.chunks_mut(4 * CHUNK).zip(y.chunks(4 * CHUNK)) {
            let [x, y] = &mut wide;
            let (x, y) = (&mut x[..chunk.len()], &mut y[..chunk.len()]);
            x.iter_mut().zip(&*chunk).for_each(|(to, x)| *to = f64::from(*x));
            y.iter_mut().zip(other).for_each(|(to, y)| *to = f64::from(*y));
            dispatch(level, Loop2::<F>(x, y, PhantomData));
            chunk.iter_mut().zip(&*x).for_each(|(to, x)| *to = *x as f32);
        }
    }
}
