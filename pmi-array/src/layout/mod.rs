//! Which task has which elements: pure index mathematics.

mod block;
mod indices;
mod overlap;
mod part;
mod axis;
mod grid;
mod distribution;
mod picture;

#[cfg(test)]
mod tests;

pub use axis::Axis;
pub use block::Block;
pub use distribution::Distribution;
pub use indices::Indices;
pub use overlap::{Overlap, Span, Spans};
pub use part::Part;

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How an array's elements are distributed: each axis as its [`Axis`] says, over the tasks of a grid.
///
/// The grid has as many axes as the array. Ranks are laid out on it in row-major order; tasks for which it has no place
/// own nothing. A task owns the elements whose index along every axis belongs to the task's place along that axis of
/// the grid. An array without axes, or with none that is divided, is task 0's.
///
/// ```
/// use pmi_array::{Axis, Layout};
/// let layout = Layout::with_grid(&[4, 6], &[Axis::Block, Axis::Cyclic], &[2, 2], 5);
/// assert_eq!(layout.to_string(), "\
/// 4 x 6 as Block x Cyclic on 2 x 2 of 5 tasks
/// 0 1 0 1 0 1
/// 0 1 0 1 0 1
/// 2 3 2 3 2 3
/// 2 3 2 3 2 3");
/// assert_eq!((layout.owner(&[2, 3]), layout.local_index(&[2, 3])), (3, vec![0, 1]));
/// assert_eq!(layout.global_index(3, &[0, 1]), [2, 3]);
/// assert_eq!((layout.local_shape(3), layout.local_shape(4)), (vec![2, 3], vec![0, 0]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    shape: Vec<usize>,
    axes: Vec<Axis>,
    grid: Vec<usize>,
    tasks: usize,
}

impl Layout {
    /// The default: axis 0 in blocks, one a task, the other axes whole.
    ///
    /// # Panics
    /// Where there are no tasks, or the array has more elements than memory can address.
    #[track_caller]
    pub fn new(shape: &[usize], tasks: usize) -> Self {
        let axis = |axis| if axis == 0 { Axis::Block } else { Axis::Whole };
        Self::with_axes(shape, &(0..shape.len()).map(axis).collect::<Vec<_>>(), tasks)
    }

    /// Distributed along the axes as these say, on a near-square grid of at most `tasks` tasks: with `k` axes to divide,
    /// the first gets `floor(tasks^(1/k))` parts, and so on with what is left.
    ///
    /// # Panics
    /// Where there are no tasks or too few for the `Bounds`, the array has more elements than memory can address, or
    /// `axes` do not fit the shape.
    #[track_caller]
    pub fn with_axes(shape: &[usize], axes: &[Axis], tasks: usize) -> Self {
        Self::with_grid(shape, axes, &grid::near_square(axes, tasks), tasks)
    }

    /// Distributed along the axes as these say, on this grid.
    ///
    /// # Panics
    /// As [`with_axes`](Layout::with_axes), and where the grid does not fit the axes or has more places than `tasks`.
    #[track_caller]
    pub fn with_grid(shape: &[usize], axes: &[Axis], grid: &[usize], tasks: usize) -> Self {
        assert!(tasks > 0, "an array is distributed over 1 task or more");
        // An ndarray's elements and strides are counted by an isize, axes of length 0 left out.
        let len = shape.iter().filter(|side| **side > 0).try_fold(1usize, |len, side| len.checked_mul(*side));
        assert!(
            len.is_some_and(|len| isize::try_from(len).is_ok()),
            "an array of shape {shape:?} has more elements than memory can address"
        );
        let ndim = shape.len();
        let count = axes.len();
        assert!(
            count == ndim,
            "{count} axes do not describe an array of shape {shape:?}: give {ndim}, Axis::Whole where it is not divided"
        );
        assert!(grid.len() == ndim, "the grid {grid:?} is not for an array of shape {shape:?}: give {ndim} numbers");
        for (number, axis) in axes.iter().enumerate() {
            if let Some(mistake) = axis.mistake(shape[number]) {
                panic!("axis {number}: {mistake}");
            }
            let (parts, wanted) = (grid[number], axis.parts().unwrap_or(grid[number]));
            assert!(parts > 0, "the grid {grid:?} has no tasks: each axis has 1 part or more");
            assert!(parts == wanted, "axis {number} is {axis}, which has {wanted} parts, not the {parts} of {grid:?}");
        }
        let places = grid.iter().copied().fold(1, usize::saturating_mul);
        assert!(places <= tasks, "a grid of {grid:?} has {places} tasks, the world only {tasks}: make it smaller");
        Self { shape: shape.to_vec(), axes: axes.to_vec(), grid: grid.to_vec(), tasks }
    }

    /// Distributed as `distribution` says.
    ///
    /// # Panics
    /// As [`with_grid`](Layout::with_grid).
    #[track_caller]
    pub fn distributed(shape: &[usize], distribution: impl Into<Distribution>, tasks: usize) -> Self {
        let Distribution { axes, grid } = distribution.into();
        match grid {
            Some(grid) => Self::with_grid(shape, &axes, &grid, tasks),
            None => Self::with_axes(shape, &axes, tasks),
        }
    }

    /// The array's shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How each axis is divided.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The grid of tasks: how many there are along each axis.
    pub fn grid(&self) -> &[usize] {
        &self.grid
    }

    /// How many tasks the array is distributed over; some may own nothing.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// How many elements the array has.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the array has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements of task `rank`.
    ///
    /// # Panics
    /// Where there is no such task.
    #[track_caller]
    pub fn part(&self, rank: usize) -> Part {
        assert!(rank < self.tasks, "task {rank} does not exist: there are {} tasks, from 0", self.tasks);
        let Some(place) = grid::coordinates(&self.grid, rank) else { return Part::empty(self.shape.len()) };
        let indices = |axis: usize| self.axes[axis].indices(self.shape[axis], self.grid[axis], place[axis]);
        Part::new((0..self.shape.len()).map(indices).collect::<Vec<_>>())
    }

    /// The shape of task `rank`'s slab.
    ///
    /// # Panics
    /// Where there is no such task.
    #[track_caller]
    pub fn local_shape(&self, rank: usize) -> Vec<usize> {
        self.part(rank).shape()
    }

    /// How many elements task `rank` has.
    ///
    /// # Panics
    /// Where there is no such task.
    #[track_caller]
    pub fn local_len(&self, rank: usize) -> usize {
        self.part(rank).len()
    }

    /// The task that has the element at an index.
    ///
    /// # Panics
    /// Where the array has no such element.
    #[track_caller]
    pub fn owner(&self, index: &[usize]) -> usize {
        self.check(index);
        (0..index.len()).fold(0, |rank, axis| {
            rank * self.grid[axis] + self.axes[axis].owner(self.shape[axis], self.grid[axis], index[axis])
        })
    }

    /// Where in its owner's slab the element at an index is.
    ///
    /// # Panics
    /// Where the array has no such element.
    #[track_caller]
    pub fn local_index(&self, index: &[usize]) -> Vec<usize> {
        let part = self.part(self.owner(index));
        let local = |(axis, index): (&Indices, &usize)| axis.position(*index).expect("an owner has what it owns");
        part.axes().iter().zip(index).map(local).collect()
    }

    /// The index in the array of an element of task `rank`'s slab.
    ///
    /// # Panics
    /// Where there is no such task, or its slab has no such element.
    #[track_caller]
    pub fn global_index(&self, rank: usize, local: &[usize]) -> Vec<usize> {
        let part = self.part(rank);
        assert!(
            local.len() == self.shape.len() && !part.is_empty(),
            "index {local:?} is not in task {rank}'s slab, which has the shape {:?}",
            part.shape()
        );
        part.axes().iter().zip(local).map(|(axis, local)| axis.get(*local)).collect()
    }

    /// Panics where the array has no such element.
    #[track_caller]
    pub(crate) fn check(&self, index: &[usize]) {
        let inside = index.len() == self.shape.len() && index.iter().zip(&self.shape).all(|(i, len)| i < len);
        assert!(inside, "index {index:?} is outside of an array of shape {:?}", self.shape);
    }

    /// Whether each task has a contiguous range of the elements numbered in C order, those of lower ranks first: axis 0
    /// in contiguous parts, the others whole.
    pub fn is_in_rows(&self) -> bool {
        let first = self.axes.first().is_none_or(|axis| matches!(axis, Axis::Block | Axis::Bounds(_) | Axis::Whole));
        first && self.axes.iter().skip(1).all(|axis| *axis == Axis::Whole)
    }

    /// How axis 0 is divided, where it is in blocks.
    ///
    /// # Panics
    /// Where it is not.
    #[track_caller]
    pub fn rows(&self) -> Block {
        let Some(axis) = self.axes.first() else { return Block::new(1, self.tasks) };
        assert!(*axis == Axis::Block, "axis 0 is {axis}, not Block: ask for the part of a task, or redistribute");
        Block::new(self.shape[0], self.grid[0])
    }

    /// How many elements one index of axis 0 stands for.
    pub fn row_len(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// The elements of task `rank`'s slab, numbered in C order (the last index runs fastest), where these are a range.
    ///
    /// # Panics
    /// Where the layout [is not in rows](Layout::is_in_rows), or there is no such task.
    #[track_caller]
    pub fn elements(&self, rank: usize) -> Range<usize> {
        assert!(self.is_in_rows(), "the elements of a task are no range in this layout: redistribute to rows\n{self}");
        let rows = self.shape.first().copied().unwrap_or(1);
        // Tasks without elements have none at the place where those of the next task begin.
        let first = match self.axes.first() {
            Some(Axis::Block) if rank < self.grid[0] => self.rows().range(rank).start,
            Some(Axis::Bounds(bounds)) if rank < self.grid[0] => bounds[rank],
            _ if rank == 0 => 0,
            _ => rows,
        };
        let first = first * self.row_len();
        first..first + self.part(rank).len()
    }
}
