//! A task's part of an array.

use crate::element::Element;
use crate::layout::Layout;
use crate::memory::{copied, memory, recycle, slab_dropped, slab_made};
use ndarray::{Array, Dimension, IxDyn};
use std::sync::Arc;

/// A task's part of an array.
pub(crate) struct Slab<T: Element, D: Dimension> {
    /// In standard layout. An ndarray without axes has an element: also on tasks that have none of the array's.
    array: Arc<Array<T, D>>,
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
        Self { array: Arc::new(array), count }
    }

    /// The same elements, for another thread to read. They stay as they are: whoever changes the one or the other slab
    /// gets a copy. To be dropped on the task's own thread, where the memory is recycled when both are gone; it counts
    /// once.
    #[cfg(feature = "hdf5")]
    pub(crate) fn share(&self) -> Self {
        Self { array: self.array.clone(), count: self.count }
    }

    /// What stands for a slab that is still to come.
    pub(crate) fn absent() -> Self {
        let array =
            Array::from_shape_vec(D::zeros(D::NDIM.unwrap_or(1)), vec![T::default(); usize::from(D::NDIM == Some(0))]);
        Self { array: Arc::new(array.expect("one element without axes, none with some")), count: 0 }
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
        let count = self.count;
        &mut self.array_mut().as_slice_mut().expect("slabs are kept in C order")[..count]
    }

    /// As an ndarray.
    pub(crate) fn array(&self) -> &Array<T, D> {
        &self.array
    }

    /// As an ndarray, to be written.
    pub(crate) fn array_mut(&mut self) -> &mut Array<T, D> {
        if Arc::get_mut(&mut self.array).is_none() {
            let copy = copied(self.array.as_slice().expect("slabs are kept in C order"));
            let copy = Array::from_shape_vec(self.array.raw_dim(), copy).expect("it has as many elements");
            self.array = Arc::new(copy);
            slab_made(self.count * size_of::<T>());
        }
        Arc::get_mut(&mut self.array).expect("nobody shares what was just made")
    }
}

impl<T: Element, D: Dimension> Drop for Slab<T, D> {
    fn drop(&mut self) {
        // Whoever still shares it recycles it.
        let Some(array) = Arc::get_mut(&mut self.array) else { return };
        slab_dropped(self.count * size_of::<T>());
        // An ndarray without axes is never empty; it has nothing to recycle.
        let empty = Array::from_shape_vec(IxDyn(&vec![0; array.ndim()]), Vec::new());
        let Some(empty) = empty.ok().and_then(|empty| empty.into_dimensionality().ok()) else { return };
        let (elements, _) = std::mem::replace(array, empty).into_raw_vec_and_offset();
        recycle(elements);
    }
}

/// The bits of the elements, in C order.
#[cfg(feature = "hdf5")]
impl<T: Element, D: Dimension> AsRef<[T::Bits]> for Slab<T, D> {
    fn as_ref(&self) -> &[T::Bits] {
        T::bits(self.elements())
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

#[cfg(all(test, feature = "hdf5"))]
mod tests {
    use super::*;
    use crate::memory::living;
    use ndarray::{Ix0, Ix2};

    #[test]
    fn what_is_shared_stays_as_it_is_and_is_recycled_once() {
        let layout = Layout::new(&[100, 200], 1);
        let mut slab = Slab::<f64, Ix2>::from_elements(&layout, 0, vec![1.0; 20_000]);
        let place = slab.elements().as_ptr();
        let shared = slab.share();
        assert_eq!(shared.elements().as_ptr(), place);
        slab.elements_mut()[7] = 2.0;
        slab.array_mut()[[0, 8]] = 3.0;
        assert_eq!((slab.elements()[7], slab.elements()[8], slab.array().sum()), (2.0, 3.0, 20_003.0));
        assert!(shared.elements().iter().all(|x| *x == 1.0));
        let other = shared.share();
        drop(shared);
        let fresh = memory::<f64>(20_000);
        assert!(fresh.as_ptr() != place);
        drop(other);
        let recycled = memory::<f64>(20_000);
        assert_eq!(recycled.as_ptr(), place);
        // What is not shared is changed where it is.
        let place = slab.elements().as_ptr();
        slab.elements_mut()[0] = 4.0;
        assert_eq!(slab.elements().as_ptr(), place);
        let mut scalar = Slab::<f64, Ix0>::from_elements(&Layout::new(&[], 1), 0, vec![1.0]);
        let shared = scalar.share();
        scalar.elements_mut()[0] = 2.0;
        assert_eq!((scalar.elements(), shared.elements()), (&[2.0][..], &[1.0][..]));
    }

    #[test]
    fn what_is_shared_counts_once() {
        let before = living();
        let counted = || living() - before;
        let mut slab = Slab::<f64, Ix2>::from_elements(&Layout::new(&[10, 10], 1), 0, vec![1.0; 100]);
        let shared = [slab.share(), slab.share(), slab.share()];
        assert_eq!(counted(), 800);
        // Now there are two.
        slab.elements_mut()[0] = 2.0;
        slab.elements_mut()[1] = 2.0;
        assert_eq!(counted(), 1600);
        drop(shared);
        assert_eq!(counted(), 800);
        let other = Slab::<f64, Ix2>::fresh(&Layout::new(&[10, 10], 1), 0);
        let shared = other.share();
        drop(other);
        assert_eq!(counted(), 1600);
        drop((shared, slab));
        assert_eq!(counted(), 0);
    }
}
