//! Sums and means: [`Sum`], [`Mean`].

use super::binned::Binned;
use super::columns;
use super::reducer::{Columns, Plain, Reducer};
use crate::element::Element;
use crate::expr::BLOCK;
use crate::simd::{Kernel, Vector, dispatch, level};
use num_complex::Complex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Types with sums: all.
pub trait Summable: Element {
    /// A sum under way.
    type Partial: Clone + Default + Send + Serialize + DeserializeOwned;
    /// Sums of columns under way.
    type Columns: Columns<Self, Sum>;
    /// The type of a mean: `f64` for integers and `bool`.
    type Mean: Element;

    /// 1, as a sum.
    const ONE: Self::Sum;

    /// The product of sums; integers wrap around.
    fn multiply(a: Self::Sum, b: Self::Sum) -> Self::Sum;
    /// Adds elements.
    fn add(partial: &mut Self::Partial, elements: &[Self]);
    /// Adds another sum.
    fn join(partial: &mut Self::Partial, other: &Self::Partial);
    /// The sum.
    fn total(partial: &Self::Partial) -> Self::Sum;
    /// The sum divided by the number of elements.
    fn mean(partial: &Self::Partial, count: usize) -> Self::Mean;
}

/// The sum: of integers and `bool` in 64 bits, wrapping around; of floating-point numbers rounded once, the same bits in
/// any order. 0 of no elements.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Sum;

impl<T: Summable> Reducer<T> for Sum {
    type State = T::Partial;
    type Output = T::Sum;
    type Columns = T::Columns;

    fn start(&self, _: T) -> T::Partial {
        T::Partial::default()
    }
    fn add(&self, state: &mut T::Partial, elements: &[T], _: &dyn Fn(usize) -> usize) {
        T::add(state, elements);
    }
    fn join(&self, state: &mut T::Partial, other: &T::Partial) {
        T::join(state, other);
    }
    fn finish(&self, state: &T::Partial, _: usize) -> T::Sum {
        T::total(state)
    }
}

/// The mean: in floating-point numbers, of the exact sum. NaN of no elements.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Mean;

impl<T: Summable> Reducer<T> for Mean {
    type State = T::Partial;
    type Output = T::Mean;
    type Columns = MeanColumns<T>;

    fn start(&self, _: T) -> T::Partial {
        T::Partial::default()
    }
    fn add(&self, state: &mut T::Partial, elements: &[T], _: &dyn Fn(usize) -> usize) {
        T::add(state, elements);
    }
    fn join(&self, state: &mut T::Partial, other: &T::Partial) {
        T::join(state, other);
    }
    fn finish(&self, state: &T::Partial, count: usize) -> T::Mean {
        T::mean(state, count)
    }
}

/// The columns of a mean: those of the sum.
pub struct MeanColumns<T: Summable>(T::Columns);

impl<T: Summable> Columns<T, Mean> for MeanColumns<T> {
    const BYTES: usize = T::Columns::BYTES;
    const BY_RUNS: bool = T::Columns::BY_RUNS;

    fn new(_: &Mean, width: usize, stride: usize, first: T) -> Self {
        Self(T::Columns::new(&Sum, width, stride, first))
    }
    fn add(&mut self, _: &Mean, from: usize, rows: &[&[T]], number: &dyn Fn(usize) -> usize) {
        self.0.add(&Sum, from, rows, number);
    }
    fn into_states(self, _: &Mean) -> Vec<T::Partial> {
        self.0.into_states(&Sum)
    }
}

/// The sums of the lower and of the upper 32 bits of 64-bit integers; the latter as bits, of either signedness.
struct Halves<'a, T>(&'a [T]);

impl<T: Element<Sum: Split>> Kernel for Halves<'_, T> {
    type Output = [u64; 2];

    #[inline(always)]
    fn run<V: Vector>(self) -> [u64; 2] {
        let (mut low, mut high) = (0u64, 0u64);
        for x in self.0 {
            let [l, h] = x.to_sum().split();
            low += l;
            high = high.wrapping_add(h);
        }
        [low, high]
    }
}

/// 64-bit integers in halves.
pub(super) trait Split {
    /// The lower 32 bits, and what is above them, with the sign.
    fn split(self) -> [u64; 2];
}

impl Split for u64 {
    #[inline(always)]
    fn split(self) -> [u64; 2] {
        [self & 0xFFFF_FFFF, self >> 32]
    }
}

impl Split for i64 {
    #[inline(always)]
    fn split(self) -> [u64; 2] {
        [self as u64 & 0xFFFF_FFFF, (self >> 32) as u64]
    }
}

macro_rules! integers {
    ($($type:ty => $sum:ty;)*) => {$(
        impl Summable for $type {
            /// Wide enough to hold the sum of any array, for the mean.
            type Partial = i128;
            type Columns = Plain<Self, i128>;
            type Mean = f64;
            const ONE: $sum = 1;

            #[inline(always)]
            fn multiply(a: $sum, b: $sum) -> $sum {
                a.wrapping_mul(b)
            }
            fn add(partial: &mut i128, elements: &[Self]) {
                // Blocks short enough for the sums of their halves.
                for block in elements.chunks(1 << 20) {
                    let [low, high] = dispatch(level(), Halves(block));
                    *partial += (i128::from(high as $sum) << 32) + i128::from(low);
                }
            }
            fn join(partial: &mut i128, other: &i128) {
                *partial += other;
            }
            fn total(partial: &i128) -> $sum {
                *partial as $sum
            }
            fn mean(partial: &i128, count: usize) -> f64 {
                *partial as f64 / count as f64
            }
        }
    )*};
}

integers! {
    u8 => u64; u16 => u64; u32 => u64; u64 => u64; i8 => i64; i16 => i64; i32 => i64; i64 => i64; bool => u64;
}

/// The columns of floating-point sums.
pub struct FloatColumns(columns::Columns);

/// A block of elements as `f64`s.
#[inline(always)]
pub(super) fn widen<'w, T: Element>(
    elements: &[T],
    wide: &'w mut [f64; BLOCK],
    to_f64: impl Fn(T) -> f64,
) -> &'w mut [f64] {
    let wide = &mut wide[..elements.len()];
    for (to, x) in wide.iter_mut().zip(elements) {
        *to = to_f64(*x);
    }
    wide
}

/// A sum as an `f32`, rounded once: to an odd `f64` first, where it is none, so that nothing looks like a tie.
fn single(sum: &Binned) -> f32 {
    let (high, low) = sum.pair();
    let bits = high.to_bits();
    match low == 0.0 || bits & 1 == 1 {
        true => high as f32,
        false if (low > 0.0) == (high > 0.0) => f64::from_bits(bits + 1) as f32,
        false => f64::from_bits(bits - 1) as f32,
    }
}

/// A sum divided by a number, rounded once but for some 2^-100.
fn quotient(sum: &Binned, count: usize) -> f64 {
    let ((high, low), count) = (sum.pair(), count as f64);
    let quotient = high / count;
    let rest = (-quotient).mul_add(count, high) + low;
    if rest.is_finite() { quotient + rest / count } else { quotient }
}

macro_rules! floats {
    ($($type:ty, |$block:ident, $wide:ident| $widened:expr, $total:expr, $add:ident;)*) => {$(
        impl Summable for $type {
            type Partial = Binned;
            type Columns = FloatColumns;
            type Mean = Self;
            const ONE: Self = 1.0;

            #[inline(always)]
            fn multiply(a: Self, b: Self) -> Self {
                a * b
            }
            fn add(partial: &mut Binned, elements: &[Self]) {
                let $wide = &mut [0.0; BLOCK];
                for $block in elements.chunks(BLOCK) {
                    partial.add($widened);
                }
            }
            fn join(partial: &mut Binned, other: &Binned) {
                partial.join(other);
            }
            fn total(partial: &Binned) -> Self {
                $total(partial)
            }
            fn mean(partial: &Binned, count: usize) -> Self {
                quotient(partial, count) as Self
            }
        }

        impl Columns<$type, Sum> for FloatColumns {
            const BYTES: usize = columns::BYTES;
            const BY_RUNS: bool = false;

            fn new(_: &Sum, width: usize, stride: usize, _: $type) -> Self {
                // Single numbers are made wide elsewhere in memory.
                let is_wide = size_of::<$type>() == size_of::<f64>();
                Self(columns::Columns::new(width, if is_wide { stride } else { 0 }))
            }
            fn add(&mut self, _: &Sum, from: usize, rows: &[&[$type]], _: &dyn Fn(usize) -> usize) {
                self.0.$add(from, rows);
            }
            fn into_states(self, _: &Sum) -> Vec<Binned> {
                self.0.into_sums()
            }
        }

        impl Summable for Complex<$type> {
            type Partial = [Binned; 2];
            type Columns = Plain<Self, [Binned; 2]>;
            type Mean = Self;
            const ONE: Self = Complex { re: 1.0, im: 0.0 };

            #[inline(always)]
            fn multiply(a: Self, b: Self) -> Self {
                a * b
            }
            fn add(partial: &mut [Binned; 2], elements: &[Self]) {
                let wide = &mut [0.0; BLOCK];
                for block in elements.chunks(BLOCK) {
                    partial[0].add(widen(block, wide, |z| z.re.into()));
                    partial[1].add(widen(block, wide, |z| z.im.into()));
                }
            }
            fn join(partial: &mut [Binned; 2], other: &[Binned; 2]) {
                partial.iter_mut().zip(other).for_each(|(mine, other)| mine.join(other));
            }
            fn total([re, im]: &[Binned; 2]) -> Self {
                Self::new($total(re), $total(im))
            }
            fn mean([re, im]: &[Binned; 2], count: usize) -> Self {
                Self::new(quotient(re, count) as $type, quotient(im, count) as $type)
            }
        }
    )*};
}

floats! {
    f32, |block, wide| widen(block, wide, f64::from), single, add_f32;
    f64, |block, _wide| block, Binned::value, add;
}
