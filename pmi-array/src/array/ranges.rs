//! Evenly spaced numbers, by NumPy's formulas.

use super::create::tabulate;
use super::shape::layout_of;
use super::{DistArray, Shape};
use crate::element::Element;
use crate::layout::Layout;
use ndarray::Ix1;
use num_complex::Complex;
use pmi::Task;

/// Elements that [`DistArray::arange`] counts in: integers and floating-point numbers.
pub trait Stepped: Element {
    /// How many numbers there are from `start` on before `stop`: `ceil((stop - start) / step)`, exact for integers.
    /// `None` where that is no number.
    fn count(start: Self, stop: Self, step: Self) -> Option<usize>;

    /// The number with this place: `start + place * ((start + step) - start)`.
    fn at(start: Self, step: Self, place: usize) -> Self;
}

macro_rules! stepped_integers {
    ($($type:ty)*) => {$(
        impl Stepped for $type {
            fn count(start: Self, stop: Self, step: Self) -> Option<usize> {
                let (distance, step) = (i128::from(stop) - i128::from(start), i128::from(step));
                if step == 0 {
                    return None;
                }
                // `div_euclid` rounds down where the step is positive, up where it is negative.
                let whole = distance.div_euclid(step);
                let count = whole + i128::from(step > 0 && whole * step < distance);
                usize::try_from(count.max(0)).ok()
            }
            #[inline(always)]
            fn at(start: Self, step: Self, place: usize) -> Self {
                start.wrapping_add(step.wrapping_mul(place as $type))
            }
        }
    )*};
}

macro_rules! stepped_floats {
    ($($type:ty)*) => {$(
        impl Stepped for $type {
            fn count(start: Self, stop: Self, step: Self) -> Option<usize> {
                let count = ((f64::from(stop) - f64::from(start)) / f64::from(step)).ceil();
                (count.is_finite() && count < isize::MAX as f64).then_some(count.max(0.0) as usize)
            }
            #[inline(always)]
            fn at(start: Self, step: Self, place: usize) -> Self {
                start + place as $type * ((start + step) - start)
            }
        }
    )*};
}

stepped_integers! { i8 i16 i32 i64 u8 u16 u32 u64 }
stepped_floats! { f32 f64 }

/// Elements with fractions: `f32 f64 Complex<f32> Complex<f64>`.
pub trait Inexact: Element {
    /// Number `place` of `count` from `start` to `stop`, the last of which is `stop`.
    fn between(start: Self, stop: Self, place: usize, count: usize) -> Self;

    /// `self` to the power of `exponent`.
    fn power(self, exponent: Self) -> Self;
}

macro_rules! inexact {
    ($($type:ty: |$n:ident| $from:expr, $power:ident;)*) => {$(
        impl Inexact for $type {
            #[inline(always)]
            fn between(start: Self, stop: Self, place: usize, count: usize) -> Self {
                let number = |$n: usize| -> $type { $from };
                if place + 1 == count && count > 1 {
                    return stop;
                }
                let (distance, intervals) = (stop - start, number(count.max(2) - 1));
                let step = distance / intervals;
                // A step too small for the type, as between neighbours: divided last, it does not vanish.
                let zero = <$type>::default();
                let way = if step == zero { number(place) / intervals * distance } else { number(place) * step };
                start + way
            }
            #[inline(always)]
            fn power(self, exponent: Self) -> Self {
                self.$power(exponent)
            }
        }
    )*};
}

inexact! {
    f32: |n| n as f32, powf;
    f64: |n| n as f64, powf;
    Complex<f32>: |n| Complex::new(n as f32, 0.0), powc;
    Complex<f64>: |n| Complex::new(n as f64, 0.0), powc;
}

impl<T: Stepped> DistArray<T, Ix1> {
    /// The numbers `start`, `start + step` and so on before `stop`. No communication.
    ///
    /// There are `ceil((stop - start) / step)` of them, number `i` is `start + i * ((start + step) - start)`, as in
    /// NumPy. With fractions rounding may make that one more or less than expected: [`linspace`](DistArray::linspace)
    /// does not have this problem.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// assert_eq!(DistArray::arange(2, 10, 3).to_vec().unwrap(), [2, 5, 8]);
    /// assert_eq!(DistArray::arange(1.0, 0.0, -0.5).to_vec().unwrap(), [1.0, 0.5]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where `step` is 0, the numbers cannot be counted, or the calling thread controls no world.
    #[track_caller]
    pub fn arange(start: T, stop: T, step: T) -> Self {
        let count = T::count(start, stop, step);
        let Some(count) = count else {
            panic!(
                "arange({start:?}, {stop:?}, {step:?}) is no countable range: give a step that is not 0, finite numbers"
            )
        };
        let make = |task: &Task, (layout, (start, step)): (Layout, (T, T))| {
            tabulate(task, &layout, |index: &Ix1| T::at(start, step, index[0]))
        };
        Self::create_in(layout_of(count), make, (start, step))
    }
}

impl<T: Inexact> DistArray<T, Ix1> {
    /// `n` evenly spaced numbers from `start` to `stop`, both included. No communication.
    ///
    /// Number `i` is `start + i * step` with `step = (stop - start) / (n - 1)`, the last is exactly `stop`, as in NumPy.
    /// `n` is a number or has a [distribution](Shape::distributed).
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// assert_eq!(DistArray::linspace(0.0, 1.0, 5).to_vec().unwrap(), [0.0, 0.25, 0.5, 0.75, 1.0]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// As [`zeros`](DistArray::zeros).
    #[track_caller]
    pub fn linspace(start: T, stop: T, n: impl Shape<Dim = Ix1>) -> Self {
        let make = |task: &Task, (layout, (start, stop)): (Layout, (T, T))| {
            let count = layout.len();
            tabulate(task, &layout, |index: &Ix1| T::between(start, stop, index[0], count))
        };
        Self::create_in(layout_of(n), make, (start, stop))
    }

    /// `n` evenly spaced numbers from `start` on, `stop` being the one after the last: NumPy's `linspace` with
    /// `endpoint=False`, the points of a periodic grid. No communication.
    ///
    /// Number `i` is `start + i * step` with `step = (stop - start) / n`.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// assert_eq!(DistArray::linspace_exclusive(0.0, 1.0, 4).to_vec().unwrap(), [0.0, 0.25, 0.5, 0.75]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// As [`zeros`](DistArray::zeros).
    #[track_caller]
    pub fn linspace_exclusive(start: T, stop: T, n: impl Shape<Dim = Ix1>) -> Self {
        let make = |task: &Task, (layout, (start, stop)): (Layout, (T, T))| {
            let count = layout.len() + 1;
            tabulate(task, &layout, |index: &Ix1| T::between(start, stop, index[0], count))
        };
        Self::create_in(layout_of(n), make, (start, stop))
    }

    /// `n` numbers evenly spaced on a logarithmic scale, from `base` to the `start` to `base` to the `stop`: `base` to
    /// the power of each number of [`linspace`](DistArray::linspace). No communication.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// assert_eq!(DistArray::logspace(0.0, 3.0, 4, 2.0).to_vec().unwrap(), [1.0, 2.0, 4.0, 8.0]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// As [`zeros`](DistArray::zeros).
    #[track_caller]
    pub fn logspace(start: T, stop: T, n: impl Shape<Dim = Ix1>, base: T) -> Self {
        let make = |task: &Task, (layout, (start, stop, base)): (Layout, (T, T, T))| {
            let count = layout.len();
            tabulate(task, &layout, |index: &Ix1| base.power(T::between(start, stop, index[0], count)))
        };
        Self::create_in(layout_of(n), make, (start, stop, base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_ranges_are_counted_exactly() {
        for (start, stop) in (-7..8).flat_map(|start| (-7..8).map(move |stop| (start, stop))) {
            for step in [-9, -3, -2, -1, 1, 2, 3, 9] {
                let expected = if step > 0 {
                    (start..stop).step_by(step as usize).count()
                } else {
                    (stop..start).step_by(-step as usize).count()
                };
                assert_eq!(i32::count(start, stop, step), Some(expected), "{start} {stop} {step}");
            }
        }
        assert_eq!(u64::count(0, u64::MAX, 1), usize::try_from(u64::MAX).ok());
        assert_eq!((i64::count(i64::MIN, i64::MAX, i64::MAX), i8::count(0, 5, 0)), (Some(3), None));
    }

    #[test]
    fn fractions_follow_numpy() {
        // numpy.arange(0, 1, 0.1), numpy.arange(1, 2, 0.3), numpy.arange(0.1, 0.35, 0.05): 10, 4 and 5 numbers.
        let count = |start, stop, step| f64::count(start, stop, step);
        assert_eq!((count(0.0, 1.0, 0.1), count(1.0, 2.0, 0.3), count(0.1, 0.35, 0.05)), (Some(10), Some(4), Some(5)));
        assert_eq!((count(0.0, -1.0, 0.1), count(0.0, 1.0, f64::NAN), count(0.0, 1.0, 0.0)), (Some(0), None, None));
        assert_eq!(f64::at(1.0, 0.3, 3), 1.9000000000000001);
        let last = |n| (0..n).map(|place| f64::between(0.1, 0.7, place, n)).next_back();
        assert_eq!([last(1), last(2), last(7)], [Some(0.1), Some(0.7), Some(0.7)]);
        let tiny = f64::from_bits(1);
        assert_eq!(f64::between(0.0, tiny, 1, 3), 0.5 * tiny);
        assert_eq!(f64::between(0.0, 3.0 * tiny, 4, 7), 2.0 * tiny);
    }
}
