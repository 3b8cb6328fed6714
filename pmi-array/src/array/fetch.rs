//! Any part of an array, on the tasks that want it.

use super::{BUDGET, DistArray};
use crate::element::Element;
use crate::exchange::{fetch, parts};
use crate::layout::Part;
use crate::memory::recycle;
use ndarray::Dimension;
use pmi::Task;
use std::cell::Ref;
use std::ops::Deref;

/// Elements of an array that a task has, or has fetched: see [`DistArray::fetch`].
pub enum Fetched<'t, T: 'static> {
    /// The task's own slab: nothing was copied.
    Own(Ref<'t, [T]>),
    /// A copy.
    Copy(Vec<T>),
}

impl<T: Copy + 'static> Fetched<'_, T> {
    /// The elements as a vector: a copy, if they are the task's own.
    pub fn into_vec(mut self) -> Vec<T> {
        match &mut self {
            Self::Own(elements) => elements.to_vec(),
            Self::Copy(elements) => std::mem::take(elements),
        }
    }
}

impl<T: 'static> Drop for Fetched<'_, T> {
    fn drop(&mut self) {
        if let Self::Copy(elements) = self {
            recycle(std::mem::take(elements));
        }
    }
}

impl<T: 'static> Deref for Fetched<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Own(elements) => elements,
            Self::Copy(elements) => elements,
        }
    }
}

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// Inside a parallel function: the elements of any part of the array, in C order. For algorithms of one's own that need
    /// more of an array than a task [has](DistArray::local).
    ///
    /// All tasks of the call take part, and `want` says what each task wants, by its rank; it gives the same on all of
    /// them. Wants may overlap, and be empty. Each task sends every other at most what that wants of its elements, once, in
    /// rounds of buffers of 4 MiB; where all want just what they have, nothing is sent or copied.
    ///
    /// ```
    /// use pmi_array::{DistArray, Indices, Part};
    /// # pmi::with_tasks(2, || {
    /// // Each task's elements and one more on either side, where there is one.
    /// let with_neighbours = |task: &pmi::Task, a: DistArray<f64, _>| {
    ///     let want = |rank: usize| {
    ///         let mine = a.layout().rows().range(rank);
    ///         Part::new([Indices::range(mine.start.saturating_sub(1)..(mine.end + 1).min(a.len()))])
    ///     };
    ///     a.fetch(task, want).to_vec()
    /// };
    /// let a = DistArray::from_fn(4, |i| i as f64);
    /// assert_eq!(pmi::invoke(with_neighbours, a).unwrap(), [[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where a part has not as many axes as the array, or the slab is mutably borrowed.
    #[track_caller]
    pub fn fetch<'t>(&self, task: &'t Task, want: impl Fn(usize) -> Part) -> Fetched<'t, T> {
        let own = self.elements(task);
        let wanted = parts(task, &want);
        if wanted.iter().enumerate().all(|(rank, part)| *part == self.layout.part(rank)) {
            return Fetched::Own(own);
        }
        Fetched::Copy(fetch(task, &self.layout, &own, &want, BUDGET))
    }
}
