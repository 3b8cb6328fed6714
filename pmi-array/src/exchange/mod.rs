//! Moving elements between tasks: all of it goes through [`place`].
//!
//! Every task knows what every task has, and what it wants; so each works out for itself which of its elements go where
//! and what will come. Elements are packed in runs, sent in rounds of `all_to_all` that keep within a budget of memory,
//! and unpacked. One number is agreed on before: how many rounds that takes.

mod plan;
mod copy;

#[cfg(test)]
mod tests;

use crate::element::Element;
use crate::layout::{Layout, Part};
use crate::memory::{copied, memory};
use bytemuck::Pod;
use plan::Plan;
use pmi::Task;

/// The elements that this task wants, in C order, of an array of this layout, of which this task's elements are `slab`.
///
/// All tasks of the call take part. `want` says what each task wants, parts of the array that may overlap; it gives the
/// same on all tasks. Buffers take `budget` bytes, or the least that works: an element for each message.
///
/// Each task sends every other at most what that wants of it, once. Where every task wants what it has, nothing is
/// sent at all.
pub(crate) fn fetch<T: Element>(
    task: &Task,
    layout: &Layout,
    slab: &[T],
    want: &dyn Fn(usize) -> Part,
    budget: usize,
) -> Vec<T> {
    let rank = task.rank();
    let (have, wanted) = (parts(task, &|rank| layout.part(rank)), parts(task, want));
    if wanted == have {
        return copied(slab);
    }
    let mut result = memory(wanted[rank].len());
    place(task, &have, T::bits(slab), &wanted, &mut result, budget);
    T::from_bits(result)
}

/// A part for each task.
pub(crate) fn parts(task: &Task, part: &dyn Fn(usize) -> Part) -> Vec<Part> {
    (0..task.size()).map(part).collect()
}

/// Puts elements to their places on the tasks that want them: `have` says what each task has, of which this task's are
/// `source`, `wanted` what each wants, for which this task has the room `result`. What nobody has stays as it was there.
///
/// All tasks of the call take part, with the same parts. Otherwise as [`fetch`].
pub(crate) fn place<B: Pod + Send + Sync>(
    task: &Task,
    have: &[Part],
    source: &[B],
    wanted: &[Part],
    result: &mut [B],
    budget: usize,
) {
    let rank = task.rank();
    copy::straight(&have[rank].overlap(&wanted[rank]), source, result);
    if task.size() > 1 {
        let plan = Plan::new(task, have, wanted, (budget / size_of::<B>()).max(1));
        plan.run(task, source, result);
    }
}
