//! Elementary functions on blocks of numbers.
//!
//! `Exp::apply(block)` replaces each number by its exponential, `Pow::apply(x, y)` each `x` by `x^y`; so do the other unit
//! structs here, for f64 and f32 and, a part of them, complex numbers. Blocks can have any length, 0 included; they are
//! fastest in the L1 cache, from some hundred elements on. The level of SIMD is looked up once a block.
//!
//! A function is a formula without branches, of additions, products, fused multiply-adds, comparisons and integer
//! operations on bits, that the compiler turns into vector instructions. Each rounds in one way only, so a value has the
//! same bits at every level and at every place in a block. Blocks are gone through in chunks, and a chunk of common
//! arguments takes a formula that is shorter since, say, no result is subnormal; arguments beyond any vector formula, as the
//! sine's above 2^28, are computed again one by one. f32 is computed as f64 and rounded.
//!
//! The exponential, the logarithm and the power look a part of the value up in tables of 16 numbers, which is what two
//! registers of AVX-512 hold and one instruction picks from; they are written in vectors, two of which are under way at a
//! time, since a processor that waits for one formula's operations has the other's to do.
//!
//! Special values (NaN, infinities, signed zeros, subnormal arguments and results, overflow) are those of C's Annex F, which
//! are NumPy's. The methods are the textbook's (J.-M. Muller, "Elementary Functions", 3rd ed., 2016; J.-M. Muller et al.,
//! "Handbook of Floating-Point Arithmetic", 2nd ed., 2018): each file says which. The coefficients are our own, by Remez'
//! exchange algorithm in 70 digits.
//!
//! The largest errors found in f64, in units in the last place, over 40 000 arguments or more a function from the whole
//! range and where it is hard; those of f32 are all below 0.501. `tests` has the bounds.
//!
//! | function | ulp | function | ulp | function | ulp | function | ulp |
//! |---|---|---|---|---|---|---|---|
//! | exp | 0.76 | exp2 | 0.79 | expm1 | 0.84 | log | 0.76 |
//! | log2 | 0.88 | log10 | 0.75 | log1p | 0.76 | sin | 0.77 |
//! | cos | 0.70 | tan | 0.84 | arcsin | 0.62 | arccos | 0.61 |
//! | arctan | 0.68 | sinh | 0.76 | cosh | 0.81 | tanh | 0.83 |
//! | arcsinh | 0.85 | arccosh | 0.79 | arctanh | 0.59 | sqrt | 0.50 |
//! | cbrt | 0.51 | power | 0.74 | arctan2 | 0.67 | hypot | 0.75 |

/// [`Formula::common`] or [`Formula2::common`] by one expression of vectors, which also serves single numbers.
macro_rules! by_vectors {
    (|$x:ident| $value:expr) => {
        #[inline(always)]
        fn common<V: Vector>(chunk: &mut [f64]) {
            let mut vectors = chunk.chunks_exact_mut(Twice::<V>::LANES);
            for lanes in &mut vectors {
                let $x = Twice::<V>::load(lanes);
                $value.store(lanes);
            }
            for to in vectors.into_remainder() {
                let $x = *to;
                *to = $value;
            }
        }
    };
    (|$x:ident, $y:ident| $value:expr) => {
        #[inline(always)]
        fn common<V: Vector>(chunk: &mut [f64], other: &[f64]) {
            let (mut vectors, mut others) =
                (chunk.chunks_exact_mut(Twice::<V>::LANES), other.chunks_exact(Twice::<V>::LANES));
            for (lanes, other) in (&mut vectors).zip(&mut others) {
                let ($x, $y) = (Twice::<V>::load(lanes), Twice::<V>::load(other));
                $value.store(lanes);
            }
            for (to, other) in vectors.into_remainder().iter_mut().zip(others.remainder()) {
                let ($x, $y) = (*to, *other);
                *to = $value;
            }
        }
    };
}
mod double;
mod exp;
mod log;
mod angle;
mod trigonometric;
mod arc;
mod hyperbolic;
mod root;
mod pow;
mod complex;
#[cfg(test)]
mod tests;

use crate::simd::{Kernel, Level, Vector, dispatch, level};
use std::marker::PhantomData;

/// A function of one argument, on blocks of numbers of a type.
pub trait Unary<T> {
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
pub trait Binary<T> {
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
        pub struct $name;
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

    /// Replaces common arguments by their values, with fewer operations than `value` if possible. By [`by_vectors`], where
    /// the formula looks things up in a table.
    #[inline(always)]
    fn common<V: Vector>(chunk: &mut [f64]) {
        for x in chunk {
            *x = Self::value(*x);
        }
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

    /// Replaces each `x` by the value of it and the `y` at its place; the slices are equally long.
    #[inline(always)]
    fn common<V: Vector>(chunk: &mut [f64], other: &[f64]) {
        for (x, y) in chunk.iter_mut().zip(other) {
            *x = Self::value(*x, *y);
        }
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

/// A formula's loop over at most [`CHUNK`] elements.
#[inline(always)]
fn map<F: Formula, V: Vector>(chunk: &mut [f64]) {
    let mut all_common = true;
    for x in &*chunk {
        all_common &= F::is_common(*x);
    }
    if all_common {
        F::common::<V>(chunk);
        return;
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

/// Likewise with two arguments; the second slice is as long as the first.
#[inline(always)]
fn map2<F: Formula2, V: Vector>(chunk: &mut [f64], other: &[f64]) {
    let mut all_common = true;
    for (x, y) in chunk.iter().zip(other) {
        all_common &= F::is_common(*x, *y);
    }
    if all_common {
        F::common::<V>(chunk, other);
        return;
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

/// `x` as f64, in `room`.
#[inline(always)]
fn widen<'a>(x: &[f32], room: &'a mut [f64; CHUNK]) -> &'a mut [f64] {
    let wide = &mut room[..x.len()];
    for (to, x) in wide.iter_mut().zip(x) {
        *to = f64::from(*x);
    }
    wide
}

/// `wide` as f32, in `x`.
#[inline(always)]
fn narrow(wide: &[f64], x: &mut [f32]) {
    for (to, x) in x.iter_mut().zip(wide) {
        *to = *x as f32;
    }
}

/// A block of f64 or f32.
struct Map<'a, F, T>(&'a mut [T], PhantomData<F>);

impl<F: Formula> Kernel for Map<'_, F, f64> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        // A loop: inside `for_each`, `map` might be compiled for the baseline, 50 times slower.
        for chunk in self.0.chunks_mut(CHUNK) {
            map::<F, V>(chunk);
        }
    }
}

impl<F: Formula> Kernel for Map<'_, F, f32> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let mut room = [0.0; CHUNK];
        for chunk in self.0.chunks_mut(CHUNK) {
            let wide = widen(chunk, &mut room);
            map::<F, V>(wide);
            narrow(wide, chunk);
        }
    }
}

/// Two blocks of one length.
struct Map2<'a, F, T>(&'a mut [T], &'a [T], PhantomData<F>);

impl<F: Formula2> Kernel for Map2<'_, F, f64> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        for (x, y) in self.0.chunks_mut(CHUNK).zip(self.1.chunks(CHUNK)) {
            map2::<F, V>(x, y);
        }
    }
}

impl<F: Formula2> Kernel for Map2<'_, F, f32> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let mut rooms = [[0.0; CHUNK]; 2];
        let [x_room, y_room] = &mut rooms;
        for (x, y) in self.0.chunks_mut(CHUNK).zip(self.1.chunks(CHUNK)) {
            let wide = widen(x, x_room);
            map2::<F, V>(wide, widen(y, y_room));
            narrow(wide, x);
        }
    }
}

macro_rules! real {
    ($($type:ty)*) => {$(
        impl<F: Formula> Unary<$type> for F {
            const NAME: &'static str = F::NAME;

            fn apply_at(level: Level, block: &mut [$type]) {
                dispatch(level, Map::<F, $type>(block, PhantomData));
            }
        }

        impl<F: Formula2> Binary<$type> for F {
            const NAME: &'static str = F::NAME;

            fn apply_at(level: Level, x: &mut [$type], y: &[$type]) {
                assert_eq!(x.len(), y.len(), "blocks of {} of different lengths", F::NAME);
                dispatch(level, Map2::<F, $type>(x, y, PhantomData));
            }
        }
    )*};
}

real! { f64 f32 }
