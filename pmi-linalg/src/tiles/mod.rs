//! Matrices in square tiles that are dealt out over a grid of tasks, row by row and column by column: the block-cyclic layout
//! of ScaLAPACK (Choi and others, *ScaLAPACK: a portable linear algebra library for distributed memory computers*, LAPACK
//! Working Note 95, 1995), in which every task has its share of the work until the end of a factorisation.

mod lane;
mod seat;
mod sides;
mod source;
mod sweep;
mod tuning;

pub(crate) use lane::{Lane, Sending};
pub(crate) use seat::{Panel, Seat};
pub use sides::Sides;
pub(crate) use sides::{give_sides, take_sides};
pub(crate) use source::{NotFinite, add_not_finite, diagonal, no_divisor, not_finite};
pub(crate) use sweep::{Factoring, sweep};
pub use tuning::Tuning;

use pmi_array::{Axis, Distribution};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How a matrix is cut into tiles, and which task of the grid has which of them: tile `(i, j)` is task
/// `(i mod grid rows, j mod grid columns)`'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tiles {
    /// Rows and columns of the matrix.
    pub(crate) shape: [usize; 2],
    /// Rows, and columns, of a tile; the last ones may have fewer.
    pub(crate) block: usize,
    /// Rows and columns of the grid of tasks.
    pub(crate) grid: [usize; 2],
}

impl Tiles {
    pub(crate) fn new(shape: [usize; 2], block: usize, grid: [usize; 2]) -> Self {
        Self { shape, block, grid }
    }

    /// The same tiling of a matrix that has so many columns.
    pub(crate) fn with_columns(self, columns: usize) -> Self {
        Self { shape: [self.shape[0], columns], ..self }
    }

    /// What makes an array of this layout.
    pub(crate) fn distribution(&self) -> Distribution {
        ([Axis::BlockCyclic(self.block), Axis::BlockCyclic(self.block)], self.grid).into()
    }

    /// How many tiles are on the diagonal.
    pub(crate) fn steps(&self) -> usize {
        self.shape[0].min(self.shape[1]).div_ceil(self.block)
    }

    /// The rows, and columns, of the tile number `step` of the diagonal.
    pub(crate) fn diagonal(&self, step: usize) -> Range<usize> {
        let end = self.shape[0].min(self.shape[1]);
        (step * self.block).min(end)..((step + 1) * self.block).min(end)
    }

    /// The grid row of the task that has a row of the matrix.
    pub(crate) fn row_owner(&self, row: usize) -> usize {
        row / self.block % self.grid[0]
    }

    /// The grid column of the task that has a column of the matrix.
    pub(crate) fn column_owner(&self, column: usize) -> usize {
        column / self.block % self.grid[1]
    }

    /// How many of the matrix's rows before `row` are in a grid row: the place of `row` there, if it has it.
    pub(crate) fn rows_before(&self, row: usize, grid_row: usize) -> usize {
        before(row.min(self.shape[0]), self.block, grid_row, self.grid[0])
    }

    /// How many of the matrix's columns before `column` are in a grid column.
    pub(crate) fn columns_before(&self, column: usize, grid_column: usize) -> usize {
        before(column.min(self.shape[1]), self.block, grid_column, self.grid[1])
    }

    /// The row of the matrix that is at a place in a grid row.
    pub(crate) fn row_at(&self, local: usize, grid_row: usize) -> usize {
        (local / self.block * self.grid[0] + grid_row) * self.block + local % self.block
    }

    /// The column of the matrix that is at a place in a grid column.
    pub(crate) fn column_at(&self, local: usize, grid_column: usize) -> usize {
        (local / self.block * self.grid[1] + grid_column) * self.block + local % self.block
    }
}

/// How many of the indices `0..index`, dealt out in blocks, part number `part` gets.
fn before(index: usize, block: usize, part: usize, parts: usize) -> usize {
    let (whole, rest) = (index / block, index % block);
    let (rounds, turn) = (whole / parts, whole % parts);
    rounds * block
        + match part.cmp(&turn) {
            std::cmp::Ordering::Less => block,
            std::cmp::Ordering::Equal => rest,
            std::cmp::Ordering::Greater => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pmi_array::Layout;

    #[test]
    fn places_are_those_of_the_layout() {
        for (shape, block, grid) in
            [([0, 0], 3, [2, 2]), ([10, 7], 3, [2, 3]), ([1, 20], 4, [1, 3]), ([13, 13], 2, [3, 2])]
        {
            let tiles = Tiles::new(shape, block, grid);
            let layout = Layout::distributed(&shape, tiles.distribution(), grid[0] * grid[1]);
            for row in 0..shape[0] {
                for column in 0..shape[1] {
                    let (i, j) = (tiles.row_owner(row), tiles.column_owner(column));
                    assert_eq!(layout.owner(&[row, column]), i * grid[1] + j);
                    let local = vec![tiles.rows_before(row, i), tiles.columns_before(column, j)];
                    assert_eq!(layout.local_index(&[row, column]), local);
                    assert_eq!((tiles.row_at(local[0], i), tiles.column_at(local[1], j)), (row, column));
                }
            }
            for rank in 0..grid[0] * grid[1] {
                let local =
                    [tiles.rows_before(shape[0], rank / grid[1]), tiles.columns_before(shape[1], rank % grid[1])];
                assert_eq!(layout.part(rank).is_empty(), local.contains(&0));
                assert!(local.contains(&0) || layout.local_shape(rank) == local);
            }
        }
    }
}
