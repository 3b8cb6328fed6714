//! A task's part of an array.

use crate::element::Element;
use crate::layout::Layout;
use crate::memory::{memory, recycle, slab_dropped, slab_made};
use ndarray::{Array, Dimension, IxDyn};

/// A task's part of an array.
pub(crate) struct Slab<T: Element, D: Dimension> {
    /// In standard layout. An ndarray without axes has an element: also on tasks that have none of the array's.
    array: Array<T, D>,
    /// How many of its elements are the array's.
    count: usize,
}

impl<T: Element, D: Dimension> Slab<T, D> {
    /// Task `rank`'s slab of an array, with these elements in C order.
    pub(crate) fn from_elements(layout: &Layout, rank: usize, mut elements: Vec<T>) -> Self {
        let (shape, count) = (layout.local_shape(rank), layout.local_len(rank));
        if shape.is_empty() {
            elements.resize(1, T::default());
        }
        let array =
            Array::from_shape_vec(IxDyn(&shape), elements).expect("there are as many elements as the shape says");
        let array = array.into_dimensionality().expect("an array has as many axes as its type says");
        slab_made(count * size_of::<T>());
        Self { array, count }
    }

    /// What stands for a slab that is still to come.
    pub(crate) fn absent() -> Self {
        let array =
            Array::from_shape_vec(D::zeros(D::NDIM.unwrap_or(1)), vec![T::default(); usize::from(D::NDIM == Some(0))]);
        Self { array: array.expect("one element without axes, none with some"), count: 0 }
    }

    /// A slab whose elements are to be written: they have any values.
    pub(crate) fn fresh(layout: &Layout, rank: usize) -> Self {
        Self::from_elements(layout, rank, memory(layout.local_len(rank)))
    }

    /// The elements, in C order.
    pub(crate) fn elements(&self) -> &[T] {
        &self.array.as_slice().expect("slabs are kept in C order")[..self.count]
    }

    /// The elements, to be written.
    pub(crate) fn elements_mut(&mut self) -> &mut [T] {
        &mut self.array.as_slice_mut().expect("slabs are kept in C order")[..self.count]
    }

    /// As an ndarray.
    pub(crate) fn array(&self) -> &Array<T, D> {
        &self.array
    }

    /// As an ndarray, to be written.
    pub(crate) fn array_mut(&mut self) -> &mut Array<T, D> {
        &mut self.array
    }
}

impl<T: Element, D: Dimension> Drop for Slab<T, D> {
    fn drop(&mut self) {
        slab_dropped(self.count * size_of::<T>());
        // An ndarray without axes is never empty; it has nothing to recycle.
        let empty = Array::from_shape_vec(IxDyn(&vec![0; self.array.ndim()]), Vec::new());
        let Some(empty) = empty.ok().and_then(|empty| empty.into_dimensionality().ok()) else { return };
        let (elements, _) = std::mem::replace(&mut self.array, empty).into_raw_vec_and_offset();
        recycle(elements);
    }
}

/// What a task can make its part of an array of.
pub(crate) trait IntoSlab<T: Element, D: Dimension> {
    /// Task `rank`'s slab of an array of this layout.
    fn into_slab(self, layout: &Layout, rank: usize) -> Slab<T, D>;
}

impl<T: Element, D: Dimension> IntoSlab<T, D> for Slab<T, D> {
    fn into_slab(self, _: &Layout, _: usize) -> Slab<T, D> {
        self
    }
}

/// The elements, in C order.
impl<T: Element, D: Dimension> IntoSlab<T, D> for Vec<T> {
    fn into_slab(self, layout: &Layout, rank: usize) -> Slab<T, D> {
        Slab::from_elements(layout, rank, self)
    }
}
