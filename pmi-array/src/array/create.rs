//! Making arrays from functions.

use super::shape::layout_of;
use super::{DistArray, GRAIN, Shape};
use crate::element::Element;
use crate::layout::{Indices, Layout, Part};
use crate::memory::{memory, zeros};
use ndarray::{Array, Dimension, NdIndex};
use pmi::{Argument, Code, Portable, Task};
use rayon::prelude::*;

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// The array whose element at each index is `f(index)`: NumPy's `fromfunction`. No communication.
    ///
    /// `shape` and the index are as in ndarray: `n` and `i` for one axis, `(rows, columns)` and `(i, j)` for two. See
    /// [`Shape`] for other layouts than the default.
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
        S: Shape<Dim = D>,
        D::Pattern: NdIndex<D>,
        F: Fn(D::Pattern) -> T + Portable + Send + Sync,
    {
        let make = |task: &Task, (layout, f): (Layout, Code<F>)| {
            let f = f.get();
            tabulate(task, &layout, |index: &D| f(index.clone().into_pattern()))
        };
        Self::create_in(layout_of(shape), make, Code::new(f))
    }

    /// The array whose slabs the tasks make themselves: `f(task, part, args)` returns the elements of `part`, what the
    /// task has of the array, as an ndarray of the part's shape. No communication but what `f` does.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(3, || {
    /// let ranks = DistArray::from_local(
    ///     (5, 2),
    ///     |task, part, scale: f64| Array2::from_elem((part.shape()[0], 2), scale * task.rank() as f64),
    ///     0.5,
    /// );
    /// assert_eq!(ranks.gather().unwrap().column(0).to_vec(), [0.0, 0.0, 0.5, 0.5, 1.0]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where `f` panics or returns an array of another shape, or the calling thread controls no world.
    #[track_caller]
    pub fn from_local<S, A, F>(shape: S, f: F, args: A) -> Self
    where
        S: Shape<Dim = D>,
        A: Argument,
        F: Fn(&Task, &Part, A) -> Array<T, D> + Portable,
    {
        let make = |task: &Task, (layout, (f, args)): (Layout, (Code<F>, A))| {
            let part = layout.part(task.rank());
            let made = (f.get())(task, &part, args);
            let (expected, rank) = (part.shape(), task.rank());
            assert!(
                made.shape() == expected,
                "from_local: task {rank} made a slab of shape {:?}, its part of the array has {expected:?}",
                made.shape()
            );
            if !made.is_standard_layout() {
                return made.iter().copied().take(part.len()).collect::<Vec<_>>();
            }
            let (mut elements, first) = made.into_raw_vec_and_offset();
            elements.drain(..first.unwrap_or(0));
            elements.truncate(part.len());
            elements
        };
        Self::create_in(layout_of(shape), make, (Code::new(f), args))
    }

    /// As [`from_local`](DistArray::from_local), the elements written where they shall be: `f(task, part, elements, args)`
    /// sets `elements`, those of `part` in C order, which are zeros before. They are in recycled memory, which is much faster
    /// than fresh.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(3, || {
    /// let ranks = DistArray::<f64, _>::fill_local((5, 2), |task, _, elements, ()| elements.fill(task.rank() as f64), ());
    /// assert_eq!(ranks.gather().unwrap().column(0).to_vec(), [0.0, 0.0, 1.0, 1.0, 2.0]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where `f` panics, a task has no memory for its part, or the calling thread controls no world.
    #[track_caller]
    pub fn fill_local<S, A, F>(shape: S, f: F, args: A) -> Self
    where
        S: Shape<Dim = D>,
        A: Argument,
        F: Fn(&Task, &Part, &mut [T], A) + Portable,
    {
        let make = |task: &Task, (layout, (f, args)): (Layout, (Code<F>, A))| {
            let part = layout.part(task.rank());
            let mut elements = zeros::<T>(part.len());
            (f.get())(task, &part, &mut elements, args);
            elements
        };
        Self::create_in(layout_of(shape), make, (Code::new(f), args))
    }
}

/// The slab whose element at each index of the array is `f(index)`.
pub(super) fn tabulate<T: Element, D: Dimension>(task: &Task, layout: &Layout, f: impl Fn(&D) -> T + Sync) -> Vec<T> {
    let part = layout.part(task.rank());
    let mut elements = memory::<T>(part.len());
    // As many as make a job of the cheapest functions, few enough that costly ones are shared evenly.
    let chunk = GRAIN / 16;
    let fill = |(number, chunk_of): (usize, &mut [T])| fill(&part, number * chunk, chunk_of, &f);
    task.install(|| elements.par_chunks_mut(chunk).enumerate().for_each(fill));
    elements
}

/// Fills `elements`, those of a part from number `first` on in C order.
fn fill<T, D: Dimension>(part: &Part, first: usize, elements: &mut [T], f: &impl Fn(&D) -> T) {
    let mut index = D::zeros(part.axes().len());
    let Some((columns, others)) = part.axes().split_last() else {
        elements.iter_mut().for_each(|element| *element = f(&index));
        return;
    };
    let (mut row, mut column) = (first / columns.len(), first % columns.len());
    let mut rest = elements;
    while !rest.is_empty() {
        place(others, row, &mut index);
        while column < columns.len() && !rest.is_empty() {
            let start = columns.get(column);
            let run = columns.run_from(start).map_or(0, |run| run.len()).min(rest.len());
            let (now, later) = rest.split_at_mut(run);
            for (step, element) in now.iter_mut().enumerate() {
                index[others.len()] = start + step;
                *element = f(&index);
            }
            (rest, column) = (later, column + run);
        }
        (row, column) = (row + 1, 0);
    }
}

/// Sets the first numbers of an index to those of a row of a part.
fn place<D: Dimension>(axes: &[Indices], mut row: usize, index: &mut D) {
    for (number, axis) in axes.iter().enumerate().rev() {
        index[number] = axis.get(row % axis.len());
        row /= axis.len();
    }
}
