//! Moving elements between tasks: all of it goes through [`fetch`].
//!
//! Every task knows the layout, and what every task wants; so each works out for itself which of its elements go where
//! and what will come. Elements are packed in runs, sent in rounds of `all_to_all` that keep within a budget of memory,
//! and unpacked. One number is agreed on before: how many rounds that takes.

mod plan;
mod copy;

#[cfg(test)]
mod tests;

use crate::element::Element;
use crate::layout::{Layout, Part};
use crate::memory;
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
    let wanted: Vec<_> = (0..task.size()).map(want).collect();
    if wanted.iter().enumerate().all(|(rank, part)| *part == layout.part(rank)) {
        return slab.to_vec();
    }
    let have = layout.part(rank);
    let source = T::bits(slab);
    let mut result = memory::zeroed(wanted[rank].len());
    copy::straight(&have.overlap(&wanted[rank]), source, &mut result);
    if task.size() > 1 {
        let plan = Plan::new(task, layout, &wanted, (budget / size_of::<T>()).max(1));
        plan.run(task, source, &mut result);
    }
    T::from_bits(result)
}
