//! Moving an array into another layout.

use super::DistArray;
use crate::element::Element;
use crate::exchange::fetch;
use crate::layout::{Distribution, Layout};
use ndarray::Dimension;
use pmi::Task;

/// The memory, in bytes, that a task's buffers take unless told otherwise. Rounds that fit a core's cache are faster
/// than long ones, whose elements would go to memory and back twice.
pub(crate) const BUDGET: usize = 4 << 20;

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// A copy of the array, its elements distributed in another way: an [`Axis`](crate::Axis) for each axis, perhaps with the grid of
    /// tasks, or the [`Layout`] of another array.
    ///
    /// Each task sends every other what that shall have of its elements, packed, in rounds of `all_to_all`, and one
    /// number before; nothing where the layouts agree. On `p` tasks that is an agreement of `2 (p - 1)` messages of 16 bytes
    /// and `p (p - 1)` messages a round, which have those elements that change tasks. Buffers take 4 MiB on each task: see
    /// [`redistribute_within`](DistArray::redistribute_within).
    ///
    /// ```
    /// use pmi_array::{Axis, DistArray};
    /// # pmi::with_tasks(2, || {
    /// let rows = DistArray::from_fn((4, 6), |(i, j)| (10 * i + j) as u64);
    /// let columns = rows.redistribute([Axis::Whole, Axis::Block]);
    /// assert_eq!(columns.layout().to_string(), "\
    /// 4 x 6 as Whole x Block on 1 x 2 of 2 tasks
    /// 0 0 0 1 1 1
    /// 0 0 0 1 1 1
    /// 0 0 0 1 1 1
    /// 0 0 0 1 1 1");
    /// assert_eq!(columns.gather().unwrap(), rows.gather().unwrap());
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where the distribution does not fit the array's shape or the number of tasks, or the calling thread does not
    /// control the array's world.
    #[track_caller]
    pub fn redistribute(&self, to: impl Into<Distribution>) -> Self {
        self.redistribute_within(to, BUDGET)
    }

    /// As [`redistribute`](DistArray::redistribute), with buffers of at most `bytes` bytes on each task, apart from the
    /// new array itself: less takes more rounds. A round moves one element of each message at the least.
    ///
    /// # Panics
    /// As [`redistribute`](DistArray::redistribute).
    #[track_caller]
    pub fn redistribute_within(&self, to: impl Into<Distribution>, bytes: usize) -> Self {
        let layout = Layout::distributed(self.shape(), to, self.layout.tasks());
        let make = |task: &Task, (layout, (array, bytes)): (Layout, (Self, usize))| {
            fetch(task, &array.layout, &array.elements(task), &|rank| layout.part(rank), bytes)
        };
        Self::create_in(layout, make, (self.clone(), bytes))
    }
}
