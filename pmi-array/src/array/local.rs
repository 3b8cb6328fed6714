//! A task's own part of an array.

use super::{DistArray, Slab};
use crate::element::Element;
use ndarray::{Array, Dimension};
use pmi::Task;
use std::cell::{Ref, RefMut};
use std::ops::Range;

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// Inside a parallel function: this task's slab, without a copy: the elements of
    /// [its part](crate::Layout::part).
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

    /// The indices of axis 0 that are this task's, in layouts that give it a range of them.
    ///
    /// # Panics
    /// Where they are no range: then [`Layout::part`](crate::Layout::part) tells.
    #[track_caller]
    pub fn local_rows(&self, task: &Task) -> Range<usize> {
        if self.layout.is_in_rows() && self.layout.row_len() > 0 {
            let (elements, row) = (self.layout.elements(task.rank()), self.layout.row_len());
            return elements.start / row..elements.end / row;
        }
        let part = self.layout.part(task.rank());
        let Some(rows) = part.axes()[0].as_range() else {
            panic!("the rows of task {} are no range: ask for its part of the layout\n{}", task.rank(), self.layout)
        };
        rows
    }
}
