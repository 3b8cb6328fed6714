//! What one task has of a matrix in tiles, and whom it talks to.

use super::{Lane, Tiles};
use crate::local::turn;
use crate::scalar::Scalar;
use faer::{MatMut, MatRef};
use pmi::Task;
use std::ops::Range;

/// The tags of the messages of lanes, below those of the library's other messages.
const ROW: u32 = 32_001;
const COLUMN: u32 = 32_002;

/// A task's place in the grid.
pub(crate) struct Seat<'t> {
    pub(crate) tiles: Tiles,
    /// Its grid row and grid column.
    pub(crate) place: [usize; 2],
    /// The tasks of its grid row: this task's number there is its grid column.
    pub(crate) row: Lane<'t>,
    /// The tasks of its grid column: this task's number there is its grid row.
    pub(crate) column: Lane<'t>,
    pub(crate) threads: usize,
}

impl<'t> Seat<'t> {
    /// `None` for tasks beyond the grid.
    pub(crate) fn take(task: &'t Task, tiles: Tiles) -> Option<Self> {
        let ([rows, columns], rank) = (tiles.grid, task.rank());
        if rank >= rows * columns {
            return None;
        }
        let place = [rank / columns, rank % columns];
        let row = (0..columns).map(|column| place[0] * columns + column).collect();
        let column = (0..rows).map(|row| row * columns + place[1]).collect();
        let (row, column) = (Lane::new(task.comm(), row, ROW), Lane::new(task.comm(), column, COLUMN));
        Some(Self { tiles, place, row, column, threads: task.threads() })
    }

    /// The rows and columns of its slab.
    pub(crate) fn shape(&self) -> [usize; 2] {
        [self.rows_before(self.tiles.shape[0]), self.columns_before(self.tiles.shape[1])]
    }

    /// How many rows before `row` of the matrix the task has: the place of `row` in its slab, or of the next row that it has.
    pub(crate) fn rows_before(&self, row: usize) -> usize {
        self.tiles.rows_before(row, self.place[0])
    }

    /// How many columns before `column` it has.
    pub(crate) fn columns_before(&self, column: usize) -> usize {
        self.tiles.columns_before(column, self.place[1])
    }

    /// Where rows of the matrix are in its slab.
    pub(crate) fn rows(&self, rows: Range<usize>) -> Range<usize> {
        self.rows_before(rows.start)..self.rows_before(rows.end)
    }

    /// Where columns of the matrix are in its slab.
    pub(crate) fn columns(&self, columns: Range<usize>) -> Range<usize> {
        self.columns_before(columns.start)..self.columns_before(columns.end)
    }

    /// Whether its grid row has the rows of a step.
    pub(crate) fn has_rows(&self, step: usize) -> bool {
        step % self.tiles.grid[0] == self.place[0]
    }

    /// Whether its grid column has the columns of a step.
    pub(crate) fn has_columns(&self, step: usize) -> bool {
        step % self.tiles.grid[1] == self.place[1]
    }
}

/// Some columns of a matrix that a task has taken out of its slab or received, by columns without gaps.
pub(crate) struct Panel<T> {
    numbers: Vec<T>,
    rows: usize,
    columns: usize,
}

impl<T: Scalar> Panel<T> {
    pub(crate) fn new(numbers: Vec<T>, rows: usize, columns: usize) -> Self {
        assert!(numbers.len() == rows * columns, "a panel has as many numbers as its shape says");
        Self { numbers, rows, columns }
    }

    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        Self::new(vec![T::default(); rows * columns], rows, columns)
    }

    pub(crate) fn copied(matrix: MatRef<T>) -> Self {
        let mut panel = Self::zeros(matrix.nrows(), matrix.ncols());
        turn(matrix, panel.matrix_mut(), 1);
        panel
    }

    pub(crate) fn matrix(&self) -> MatRef<'_, T> {
        MatRef::from_column_major_slice(&self.numbers, self.rows, self.columns)
    }

    pub(crate) fn matrix_mut(&mut self) -> MatMut<'_, T> {
        MatMut::from_column_major_slice_mut(&mut self.numbers, self.rows, self.columns)
    }

    pub(crate) fn numbers(&self) -> &[T] {
        &self.numbers
    }

    pub(crate) fn numbers_mut(&mut self) -> &mut [T] {
        &mut self.numbers
    }

    pub(crate) fn into_numbers(self) -> Vec<T> {
        self.numbers
    }
}
