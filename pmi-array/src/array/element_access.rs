//! One element at a time.

use super::{DistArray, expect};
use crate::element::Element;
use ndarray::{Dimension, IntoDimension};
use pmi::Task;

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// The element at an index, which is as in ndarray: `i`, `(i, j)`, and so on. One message to its owner, one back; for
    /// many elements [`gather`](DistArray::gather) or a parallel function are better.
    ///
    /// ```
    /// use pmi_array::{DistArray, Reduce};
    /// # pmi::with_tasks(3, || {
    /// let a = DistArray::<i32, _>::zeros((4, 5));
    /// a.set((3, 1), 7);
    /// assert_eq!((a.get((3, 1)), a.get((3, 2)), a.sum()), (7, 0, 7));
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where there is no such element, or the calling thread does not control the array's world.
    #[track_caller]
    pub fn get(&self, index: impl IntoDimension<Dim = D>) -> T {
        let (owner, place) = self.place(index.into_dimension());
        let get = |task: &Task, (array, place): (Self, usize)| array.elements(task)[place];
        expect(pmi::call_on(owner, get, (self.clone(), place)))
    }

    /// Sets the element at an index. Messages and panics are as in [`get`](DistArray::get).
    ///
    /// # Panics
    /// As [`get`](DistArray::get).
    #[track_caller]
    pub fn set(&self, index: impl IntoDimension<Dim = D>, value: T) {
        let (owner, place) = self.place(index.into_dimension());
        let set = |task: &Task, (array, place, value): (Self, usize, T)| {
            array.local_mut(task).as_slice_mut().expect("slabs are kept in C order")[place] = value;
        };
        expect(pmi::call_on(owner, set, (self.clone(), place, value)));
    }

    /// The task that has an element, and where in its slab.
    #[track_caller]
    fn place(&self, index: D) -> (usize, usize) {
        self.check_tasks();
        let owner = self.layout.owner(index.slice());
        let place = self.layout.part(owner).position(index.slice());
        (owner, place.expect("an owner has what it owns"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn arrays_of_a_group_are_not_taken_for_arrays_of_all() {
        pmi::with_tasks(3, || {
            let group = pmi::Group::new([1, 2]).unwrap();
            let a = group.scope(|| DistArray::arange(0, 5, 1)).unwrap();
            for i in 0..5 {
                assert!(catch_unwind(AssertUnwindSafe(|| a.get(i))).is_err());
                assert!(catch_unwind(AssertUnwindSafe(|| a.set(i, 7))).is_err());
            }
            assert_eq!(group.scope(|| a.to_vec().unwrap()).unwrap(), [0, 1, 2, 3, 4]);
        });
    }
}
