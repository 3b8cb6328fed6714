//! Variances: [`Var`], [`Std`].

use super::binned::{BINS, Binned, LANES, Splitter, add_lanes, is_zero, limit, one, rounders};
use super::reducer::{Plain, Reducer};
use super::sums::widen;
use crate::element::{Element, Real};
use crate::expr::BLOCK;
use crate::simd::{Kernel, Vector, dispatch, level};
use serde::{Deserialize, Serialize};

/// How many vectors are under way at a time.
const UNROLL: usize = 2;

/// The variance with `ddof` degrees of freedom taken off the number of elements: NumPy's `var(ddof=...)`. NaN where
/// nothing is left.
///
/// In one pass, by sums of the elements less the first one and of their squares (Chan, Golub and LeVeque, *Algorithms
/// for computing the sample variance*, The American Statistician 37, 1983); the squares and all sums are exact to 2^-80,
/// so that little is lost where the shift is a bad one.
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
        self.add_rising(widen(elements, &mut [0.0; BLOCK], T::to_f64));
    }

    /// Adds a block with larger numbers than those before.
    #[cold]
    fn add_rising(&mut self, numbers: &[f64]) {
        let (mut off, mut square, mut rest) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let len = numbers.len();
        let (off, square, rest) = (&mut off[..len], &mut square[..len], &mut rest[..len]);
        let exact = dispatch(level(), Squares { numbers, shift: self.shift, off, square, rest });
        self.first.add(off);
        self.second.add(square);
        if exact {
            self.second.add(rest);
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
    type Output = Option<[[f64; BINS]; 2]>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Self::Output {
        let one = one();
        let split = |bin| Splitter::new(rounders(bin).map(V::splat), V::splat(limit(bin)), one);
        let by = (split(self.off), split(self.square), V::splat(self.shift));
        let mut sums = [[[V::splat(0.0); BINS]; 2]; UNROLL];
        let mut beyond = V::splat(0.0);
        let groups = self.elements.chunks_exact(UNROLL * V::LANES);
        let rest = groups.remainder();
        let mut numbers = [0.0; LANES];
        for group in groups {
            // As many as the compiler knows: they are in registers at once.
            for l in 0..UNROLL * V::LANES {
                numbers[l] = group[l].to_f64();
            }
            add_group(&mut sums, &numbers, &by, &mut beyond);
        }
        // The shift stands for what is missing of the last: it adds nothing.
        numbers = [self.shift; LANES];
        for (to, x) in numbers.iter_mut().zip(rest) {
            *to = x.to_f64();
        }
        add_group(&mut sums, &numbers, &by, &mut beyond);
        if !is_zero(beyond) {
            return None;
        }
        let mut total = [[0.0; BINS]; 2];
        for of_vector in sums {
            for (total, sums) in total.iter_mut().zip(of_vector) {
                add_lanes(total, sums);
            }
        }
        Some(total)
    }
}

/// Adds the parts of as many numbers as are under way at a time, split by the first splitter less the shift, by the second
/// squared. (A function and not a closure: see [`Kernel::run`].)
#[inline(always)]
fn add_group<V: Vector>(
    sums: &mut [[[V; BINS]; 2]; UNROLL],
    numbers: &[f64; LANES],
    (off, square, shift): &(Splitter<V>, Splitter<V>, V),
    beyond: &mut V,
) {
    for (u, [first, second]) in sums.iter_mut().enumerate() {
        let x = V::load(&numbers[u * V::LANES..]).sub(*shift);
        let x2 = x.mul(x);
        off.add(first, x, beyond);
        square.add(second, x2, beyond);
        // What is missing of the square is less than half a unit of the topmost bin.
        square.add_small(second, x.mul_add(x, V::splat(-0.0).sub(x2)));
    }
}

/// Numbers less the shift, their squares as rounded, and what is missing from these; whether that is so for all, which
/// it is not where a square overflows.
struct Squares<'a> {
    numbers: &'a [f64],
    shift: f64,
    off: &'a mut [f64],
    square: &'a mut [f64],
    rest: &'a mut [f64],
}

impl Kernel for Squares<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<V: Vector>(self) -> bool {
        let mut exact = true;
        let out = self.off.iter_mut().zip(self.square).zip(self.rest);
        for (x, ((off, square), rest)) in self.numbers.iter().zip(out) {
            let x = x - self.shift;
            (*off, *square) = (x, x * x);
            *rest = x.mul_add(x, -*square);
            exact &= rest.is_finite();
        }
        exact
    }
}

macro_rules! spread {
    ($($name:ident: |$variance:ident| $value:expr;)*) => {$(
        impl<T: Real + Spread> Reducer<T> for $name {
            type State = Moments;
            type Output = T::Real;
            type Columns = Plain<Moments>;
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
