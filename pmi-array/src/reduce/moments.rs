//! Variances: [`Var`], [`Std`].

use super::binned::Binned;
use super::parts::{BINS, LANES, Splitter, Sums};
use super::reducer::{Plain, Reducer};
use crate::element::{Element, Real};
use crate::expr::BLOCK;
use crate::simd::{Kernel, Vector, dispatch, level, prefetch};
use serde::{Deserialize, Serialize};
use std::array::from_fn;

/// How many vectors are under way at a time.
const UNROLL: usize = 2;

/// The variance with `ddof` degrees of freedom taken off the number of elements: NumPy's `var(ddof=...)`. NaN where
/// nothing is left.
///
/// In one pass, by sums of the elements less the first one and of their squares (Chan, Golub and LeVeque, *Algorithms
/// for computing the sample variance*, The American Statistician 37, 1983). The squares and all
/// sums are exact to 2^-79, so that little is lost where the shift is a bad one.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Var {
    /// How many degrees of freedom the elements do not have.
    pub ddof: usize,
}

/// The standard deviation: the square root of [`Var`].
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Std {
    /// How many degrees of freedom the elements do not have.
    pub ddof: usize,
}

/// What is known of some elements: the shift, the sum of their differences from it, and that of the squares of these.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Moments {
    shift: f64,
    first: Binned,
    second: Binned,
}

impl Moments {
    fn of(shift: f64) -> Self {
        Self { shift, first: Binned::default(), second: Binned::default() }
    }

    /// Adds a block.
    fn add<T: Real>(&mut self, elements: &[T]) {
        // Where no number is larger than those before, one pass will do, as in a sum.
        if let (Some(off), Some(square)) = (self.first.unscaled_top(), self.second.unscaled_top())
            && let Some([first, second]) = dispatch(level(), Powers { elements, shift: self.shift, off, square })
        {
            self.first.add_parts(off, first, 0);
            self.second.add_parts(square, second, 0);
            return;
        }
        // In short pieces: there may be few elements, and many such states.
        let mut numbers = [0.0; 64];
        for elements in elements.chunks(numbers.len()) {
            let numbers = &mut numbers[..elements.len()];
            for (number, x) in numbers.iter_mut().zip(elements) {
                *number = x.to_f64() - self.shift;
            }
            self.first.add(numbers);
            self.second.add_squares(numbers);
        }
    }

    fn join(&mut self, other: &Self) {
        self.first.join(&other.first);
        self.second.join(&other.second);
    }

    fn variance(&self, count: usize, ddof: usize) -> f64 {
        let n = count as f64;
        let ((first, first_low), (second, second_low)) = (self.first.pair(), self.second.pair());
        // second - first^2 / n in twice the precision, as they cancel where the shift is far from the mean.
        let mean = first / n;
        let mean_low = ((-mean).mul_add(n, first) + first_low) / n;
        let product = first * mean;
        let product_low = first.mul_add(mean, -product) + (first * mean_low + first_low * mean);
        let sum = (second - product) + (second_low - product_low);
        // A square was too large.
        let sum = if first.is_finite() && second.is_infinite() { second } else { sum };
        if sum < 0.0 { 0.0 } else { sum / (n - ddof as f64).max(0.0) }
    }
}

/// The sums of the parts of the elements less the shift and of those of their squares, in bins `off` and `square` and
/// below; `None` where one is beyond that bin.
struct Powers<'a, T> {
    elements: &'a [T],
    shift: f64,
    off: i32,
    square: i32,
}

impl<T: Real> Kernel for Powers<'_, T> {
    type Output = Option<[[i64; BINS]; 2]>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Self::Output {
        let mut sums = PowerSums {
            shift: V::splat(self.shift),
            off: Splitter::new(self.off),
            square: Splitter::new(self.square),
            first: Sums::new(),
            second: Sums::new(),
        };
        let groups = self.elements.chunks_exact(UNROLL * V::LANES);
        // The shift stands for what is missing of the last: it adds nothing.
        let (mut numbers, mut last) = ([0.0; UNROLL * LANES], [self.shift; UNROLL * LANES]);
        for (number, x) in last.iter_mut().zip(groups.remainder()) {
            *number = x.to_f64();
        }
        for group in groups {
            prefetch(group.as_ptr().wrapping_add(BLOCK), UNROLL * V::LANES);
            for (number, x) in numbers.iter_mut().zip(group) {
                *number = x.to_f64();
            }
            sums.add(&numbers);
        }
        sums.add(&last);
        let count = (self.elements.len() / (UNROLL * V::LANES) + 1) * UNROLL * V::LANES;
        Some([sums.first.total::<1>(self.off, count)?, sums.second.total::<2>(self.square, count)?])
    }
}

/// The sums under way.
struct PowerSums<V> {
    shift: V,
    off: Splitter<V>,
    square: Splitter<V>,
    first: Sums<V>,
    second: Sums<V>,
}

impl<V: Vector> PowerSums<V> {
    #[inline(always)]
    fn add(&mut self, numbers: &[f64; UNROLL * LANES]) {
        let x: [V; UNROLL] = from_fn(|i| V::load(&numbers[i * V::LANES..]).sub(self.shift));
        self.off.add(&mut self.first, x);
        self.square.add_squares(&mut self.second, x);
    }
}

macro_rules! spread {
    ($($name:ident: |$variance:ident| $value:expr;)*) => {$(
        impl<T: Real + Spread> Reducer<T> for $name {
            type State = Moments;
            type Output = T::Real;
            type Columns = Plain<T, Moments>;
            const NEEDS_FIRST: bool = true;

            fn start(&self, first: T) -> Moments {
                let first = first.to_f64();
                Moments::of(if first.is_finite() { first } else { 0.0 })
            }
            fn add(&self, state: &mut Moments, elements: &[T], _: &dyn Fn(usize) -> usize) {
                elements.chunks(BLOCK).for_each(|block| state.add(block));
            }
            fn join(&self, state: &mut Moments, other: &Moments) {
                state.join(other);
            }
            fn finish(&self, state: &Moments, count: usize) -> T::Real {
                let $variance = state.variance(count, self.ddof);
                T::narrow($value)
            }
        }
    )*};
}

spread! {
    Var: |variance| variance;
    Std: |variance| variance.sqrt();
}

/// Real types and the type of their variance.
pub trait Spread: Element {
    /// `f32` for itself, `f64` for all others.
    type Real: Element;
    /// An `f64` as one.
    fn narrow(x: f64) -> Self::Real;
}

macro_rules! narrow {
    ($($type:ty => $real:ty;)*) => {$(
        impl Spread for $type {
            type Real = $real;
            fn narrow(x: f64) -> $real {
                x as $real
            }
        }
    )*};
}

narrow! {
    f32 => f32; f64 => f64; u8 => f64; u16 => f64; u32 => f64; u64 => f64; i8 => f64; i16 => f64; i32 => f64; i64 => f64;
    bool => f64;
}
