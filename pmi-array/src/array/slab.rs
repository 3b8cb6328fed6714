//! A task's part of an array, and the memory for the next.
//!
//! The memory of slabs is recycled: pages that the system has just given cost several times what writing to them does
//! (a triad into fresh memory runs at a quarter of the bandwidth), and a large slab freed goes back to the system at
//! once. A task keeps the memory of dropped slabs for new ones of the same element type, as long as it is no more than
//! what its living slabs have, or [`SPARE`].

use crate::element::Element;
use crate::layout::Layout;
use ndarray::{Array, Dimension, IxDyn};
use std::any::{Any, TypeId};
use std::cell::RefCell;

/// How many bytes of dropped slabs a task keeps in any case.
const SPARE: usize = 64 << 20;
/// Slabs of fewer bytes are left to the allocator.
const SMALL: usize = 64 << 10;

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
        POOL.with_borrow_mut(|pool| pool.living += count * size_of::<T>());
        Self { array, count }
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
        let empty = Array::from_shape_vec(IxDyn(&vec![0; self.array.ndim()]), Vec::new());
        let Some(empty) = empty.ok().and_then(|empty| empty.into_dimensionality().ok()) else { return };
        let (elements, _) = std::mem::replace(&mut self.array, empty).into_raw_vec_and_offset();
        let bytes = self.count * size_of::<T>();
        // A thread that is going away has no more pool.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            pool.living -= bytes.min(pool.living);
            pool.keep(elements);
        });
    }
}

/// A vector of this length, of any values: of recycled memory, or zeros.
pub(crate) fn memory<T: Element>(len: usize) -> Vec<T> {
    POOL.with_borrow_mut(|pool| pool.take(len)).unwrap_or_else(|| T::from_bits(bytemuck::zeroed_vec(len)))
}

/// Gives a vector's memory back, for [`memory`].
pub(crate) fn recycle<T: Element>(elements: Vec<T>) {
    let _ = POOL.try_with(|pool| pool.borrow_mut().keep(elements));
}

thread_local! {
    /// The memory of this task's dropped slabs.
    static POOL: RefCell<Pool> = RefCell::default();
}

#[derive(Default)]
struct Pool {
    /// The bytes of the task's slabs.
    living: usize,
    /// The bytes of what is kept.
    spare: usize,
    /// What is kept, oldest first.
    kept: Vec<Kept>,
}

struct Kept {
    of: TypeId,
    capacity: usize,
    bytes: usize,
    /// A vector of that type.
    elements: Box<dyn Any>,
}

impl Pool {
    fn take<T: Element>(&mut self, len: usize) -> Option<Vec<T>> {
        let fits = |kept: &Kept| kept.of == TypeId::of::<T>() && (len..=2 * len).contains(&kept.capacity);
        let best = (0..self.kept.len()).filter(|i| fits(&self.kept[*i])).min_by_key(|i| self.kept[*i].capacity)?;
        let kept = self.kept.remove(best);
        self.spare -= kept.bytes;
        let mut elements = *kept.elements.downcast::<Vec<T>>().ok()?;
        elements.resize(len, T::default());
        Some(elements)
    }

    fn keep<T: Element>(&mut self, elements: Vec<T>) {
        let (capacity, bytes) = (elements.capacity(), elements.capacity() * size_of::<T>());
        if bytes < SMALL {
            return;
        }
        self.spare += bytes;
        self.kept.push(Kept { of: TypeId::of::<T>(), capacity, bytes, elements: Box::new(elements) });
        let limit = self.living.max(SPARE);
        let mut excess = self.spare.saturating_sub(limit);
        let oldest = self.kept.iter().take_while(|kept| {
            let goes = excess > 0;
            excess = excess.saturating_sub(kept.bytes);
            goes
        });
        let count = oldest.count();
        self.spare -= self.kept.drain(..count).map(|kept| kept.bytes).sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Ix1;

    #[test]
    fn memory_is_recycled_by_type_and_size_and_not_hoarded() {
        let layout = |len| Layout::new(&[len], 1);
        let slab = Slab::<f64, Ix1>::fresh(&layout(100_000), 0);
        let place = slab.elements().as_ptr();
        drop(slab);
        assert_ne!(Slab::<u64, Ix1>::fresh(&layout(100_000), 0).elements().as_ptr().cast(), place);
        assert_ne!(Slab::<f64, Ix1>::fresh(&layout(10_000), 0).elements().as_ptr(), place);
        assert_eq!(Slab::<f64, Ix1>::fresh(&layout(90_000), 0).elements().as_ptr(), place);
        for _ in 0..3 {
            let slabs: Vec<_> = (0..5).map(|_| Slab::<f64, Ix1>::fresh(&layout(4 << 20), 0)).collect();
            drop(slabs);
            POOL.with_borrow(|pool| assert!(pool.living == 0 && pool.spare <= SPARE && pool.kept.len() <= 4));
        }
    }
}
