//! Which task has which elements: pure index mathematics.

mod block;

pub use block::Block;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// How an array's elements are distributed: axis 0 in blocks, the other axes whole.
///
/// An array without axes is task 0's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    shape: Vec<usize>,
    tasks: usize,
}

impl Layout {
    /// Of an array of this shape over `tasks` tasks.
    ///
    /// # Panics
    /// Where there are no tasks, or the array has more elements than memory can address.
    #[track_caller]
    pub fn new(shape: &[usize], tasks: usize) -> Self {
        assert!(tasks > 0, "an array is distributed over 1 task or more");
        let len = shape.iter().try_fold(1usize, |len, side| len.checked_mul(*side));
        assert!(len.is_some(), "an array of shape {shape:?} has more elements than memory can address");
        Self { shape: shape.to_vec(), tasks }
    }

    /// The array's shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many tasks the array is distributed over.
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

    /// How axis 0 is divided.
    pub fn rows(&self) -> Block {
        Block::new(self.shape.first().copied().unwrap_or(1), self.tasks)
    }

    /// How many elements one index of axis 0 stands for.
    pub fn row_len(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// The shape of task `rank`'s slab.
    pub fn local_shape(&self, rank: usize) -> Vec<usize> {
        let mut shape = self.shape.clone();
        if let Some(rows) = shape.first_mut() {
            *rows = self.rows().range(rank).len();
        }
        shape
    }

    /// How many elements task `rank` has.
    pub fn local_len(&self, rank: usize) -> usize {
        self.elements(rank).len()
    }

    /// The task that has the element at this index.
    pub fn owner(&self, index: &[usize]) -> usize {
        index.first().map_or(0, |row| self.rows().owner(*row))
    }

    /// The index in the array of an element of task `rank`'s slab.
    pub fn global_index(&self, rank: usize, local: &[usize]) -> Vec<usize> {
        let mut index = local.to_vec();
        if let Some(row) = index.first_mut() {
            *row += self.rows().range(rank).start;
        }
        index
    }

    /// The elements of task `rank`'s slab, numbered in C order (the last index runs fastest).
    pub fn elements(&self, rank: usize) -> Range<usize> {
        let rows = self.rows().range(rank);
        rows.start * self.row_len()..rows.end * self.row_len()
    }
}

impl fmt::Display for Layout {
    /// The shape, and the rows of each task.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = self.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
        write!(f, "{shape} in blocks of rows:")?;
        (0..self.tasks).try_for_each(|rank| {
            let rows = self.rows().range(rank);
            write!(f, " task {rank} [{}, {})", rows.start, rows.end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slabs_tile_the_array() {
        for shape in [&[][..], &[0], &[5], &[3, 4], &[7, 0], &[2, 3, 5]] {
            for tasks in 1..8 {
                let layout = Layout::new(shape, tasks);
                let elements: Vec<_> = (0..tasks).flat_map(|rank| layout.elements(rank)).collect();
                assert_eq!(elements, (0..layout.len()).collect::<Vec<_>>(), "{layout}");
                if !shape.is_empty() {
                    let len = |rank| layout.local_shape(rank).iter().product::<usize>();
                    assert!((0..tasks).all(|rank| len(rank) == layout.elements(rank).len()));
                }
            }
        }
        assert_eq!(Layout::new(&[3, 2], 2).to_string(), "3 x 2 in blocks of rows: task 0 [0, 2) task 1 [2, 3)");
    }
}
