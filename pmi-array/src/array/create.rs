//! Making arrays.

use super::{DistArray, GRAIN, Slab, expect};
use crate::element::Element;
use ndarray::{Dimension, IntoDimension, IxDyn, NdIndex};
use pmi::{Code, Portable};
use rayon::prelude::*;

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// The array whose element at each index is `f(index)`: NumPy's `fromfunction`. No communication.
    ///
    /// `shape` and the index are as in ndarray: `n` and `i` for one axis, `(rows, columns)` and `(i, j)` for two.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// let table = DistArray::from_fn((3, 4), |(i, j)| (10 * i + j) as u32);
    /// assert_eq!(table.gather().unwrap()[(2, 3)], 23);
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where the calling thread controls no world, or `f` panics.
    #[track_caller]
    pub fn from_fn<S, F>(shape: S, f: F) -> Self
    where
        S: IntoDimension<Dim = D>,
        D::Pattern: NdIndex<D>,
        F: Fn(D::Pattern) -> T + Portable + Send + Sync,
    {
        let shape = shape.into_dimension();
        let make = |task: &pmi::Task, (layout, f): (crate::Layout, Code<F>)| {
            let (f, range) = (f.get(), layout.elements(task.rank()));
            let at = |element: usize| f(index::<D>(layout.shape(), element).into_pattern());
            let elements = task.install(|| range.into_par_iter().with_min_len(GRAIN / 16).map(at).collect());
            Slab::from_elements(&layout, task.rank(), elements)
        };
        let layout = crate::Layout::new(shape.slice(), expect(pmi::size()));
        Self::create_in(layout, make, Code::new(f))
    }
}

/// The index of an element that is numbered in C order.
fn index<D: Dimension>(shape: &[usize], mut element: usize) -> D {
    let mut index = IxDyn::zeros(shape.len());
    for axis in (0..shape.len()).rev() {
        index[axis] = element % shape[axis];
        element /= shape[axis];
    }
    D::from_dimension(&index).expect("an array has as many axes as its type says")
}
