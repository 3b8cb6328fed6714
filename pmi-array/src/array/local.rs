//! A task's own part of an array.

use super::{DistArray, Slab};
use crate::element::Element;
use ndarray::{Array, Dimension};
use pmi::Task;
use std::cell::{Ref, RefMut};
use std::ops::Range;

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// Inside a parallel function: this task's slab, without a copy.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// let a = DistArray::from_fn(5, |i| i as f64);
    /// let firsts = pmi::invoke(|task: &pmi::Task, a: DistArray<f64, _>| a.local(task)[0], a.clone()).unwrap();
    /// assert_eq!(firsts, [0.0, 3.0]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// While the slab is mutably borrowed.
    #[track_caller]
    pub fn local<'t>(&self, task: &'t Task) -> Ref<'t, Array<T, D>> {
        Ref::map(task.get(&self.slab), Slab::array)
    }

    /// Inside a parallel function: this task's slab, to change its elements.
    ///
    /// # Panics
    /// While the slab is borrowed.
    #[track_caller]
    pub fn local_mut<'t>(&self, task: &'t Task) -> RefMut<'t, Array<T, D>> {
        RefMut::map(task.get_mut(&self.slab), Slab::array_mut)
    }

    /// The indices of axis 0 that are this task's.
    pub fn local_rows(&self, task: &Task) -> Range<usize> {
        self.layout.rows().range(task.rank())
    }
}
