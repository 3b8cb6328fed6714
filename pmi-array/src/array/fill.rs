//! Arrays of the same number everywhere, and the identity.

use super::create::tabulate;
use super::shape::layout_of;
use super::{DistArray, GRAIN, Shape};
use crate::cast::Cast;
use crate::element::Element;
use crate::layout::Layout;
use crate::memory::{memory, zeros};
use ndarray::{Dimension, Ix2};
use pmi::Task;
use rayon::prelude::*;

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// The array of zeros (`false` for `bool`). No communication.
    ///
    /// There is no `empty`: memory fresh from the system has zeros, which cost nothing.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// assert_eq!(DistArray::<f32, _>::zeros((2, 3)).gather().unwrap(), ndarray::Array2::<f32>::zeros((2, 3)));
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where the calling thread controls no world, or the [shape](Shape) or its distribution makes no sense; so do the
    /// other functions that make arrays.
    #[track_caller]
    pub fn zeros(shape: impl Shape<Dim = D>) -> Self {
        Self::full(shape, T::default())
    }

    /// The array of ones (`true` for `bool`). See [`zeros`](DistArray::zeros).
    ///
    /// # Panics
    /// As [`zeros`](DistArray::zeros).
    #[track_caller]
    pub fn ones(shape: impl Shape<Dim = D>) -> Self {
        Self::full(shape, true.cast())
    }

    /// The array with `value` everywhere. See [`zeros`](DistArray::zeros).
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// assert_eq!(DistArray::full(3, -1i8).to_vec().unwrap(), [-1, -1, -1]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// As [`zeros`](DistArray::zeros).
    #[track_caller]
    pub fn full(shape: impl Shape<Dim = D>, value: T) -> Self {
        Self::full_in(layout_of(shape), value)
    }

    /// Zeros in the shape and layout of this array.
    ///
    /// # Panics
    /// Where the calling thread does not control the array's world.
    #[track_caller]
    pub fn zeros_like(&self) -> Self {
        self.full_like(T::default())
    }

    /// Ones in the shape and layout of this array.
    ///
    /// # Panics
    /// As [`zeros_like`](DistArray::zeros_like).
    #[track_caller]
    pub fn ones_like(&self) -> Self {
        self.full_like(true.cast())
    }

    /// `value` everywhere, in the shape and layout of this array.
    ///
    /// ```
    /// use pmi_array::{Axis, DistArray, Reduce, Shape};
    /// # pmi::with_tasks(2, || {
    /// let a = DistArray::<f64, _>::zeros((2, 3).distributed([Axis::Whole, Axis::Cyclic]));
    /// let b = a.full_like(0.5);
    /// assert_eq!((b.layout(), b.sum()), (a.layout(), 3.0));
    /// # })
    /// ```
    ///
    /// # Panics
    /// As [`zeros_like`](DistArray::zeros_like).
    #[track_caller]
    pub fn full_like(&self, value: T) -> Self {
        Self::full_in(self.layout.clone(), value)
    }

    #[track_caller]
    fn full_in(layout: Layout, value: T) -> Self {
        let make = |task: &Task, (layout, value): (Layout, T)| {
            let count = layout.local_len(task.rank());
            // Not compared as numbers: -0.0 equals 0.0.
            if bytemuck::bytes_of(&T::bits(&[value])[0]).iter().all(|byte| *byte == 0) {
                return zeros::<T>(count);
            }
            let mut elements = memory::<T>(count);
            task.install(|| elements.par_chunks_mut(GRAIN).for_each(|chunk| chunk.fill(value)));
            elements
        };
        Self::create_in(layout, make, value)
    }
}

impl<T: Element> DistArray<T, Ix2> {
    /// The array with ones on a diagonal and zeros elsewhere: the main diagonal where `k` is 0, the `k`-th above it where
    /// it is positive, below it where it is negative. No communication.
    ///
    /// ```
    /// use ndarray::array;
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// assert_eq!(DistArray::<u8, _>::eye((2, 2), 0).gather().unwrap(), array![[1, 0], [0, 1]]);
    /// assert_eq!(DistArray::<u8, _>::eye((2, 3), 1).gather().unwrap(), array![[0, 1, 0], [0, 0, 1]]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// As [`zeros`](DistArray::zeros).
    #[track_caller]
    pub fn eye(shape: impl Shape<Dim = Ix2>, k: isize) -> Self {
        let make = |task: &Task, (layout, k): (Layout, isize)| {
            tabulate(task, &layout, |index: &Ix2| (index[0].checked_add_signed(k) == Some(index[1])).cast())
        };
        Self::create_in(layout_of(shape), make, k)
    }
}
