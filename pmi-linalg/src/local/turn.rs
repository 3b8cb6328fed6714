//! Copies between blocks that lie by rows and blocks that lie by columns.

use crate::scalar::Scalar;
use faer::{MatMut, MatRef};

/// As many rows, and columns, as fit the first-level cache.
const SQUARE: usize = 32;

/// Copies a block, square after square: elements that are neighbours in one of the two lie far apart in the other.
pub(crate) fn turn<T: Scalar>(from: MatRef<T>, mut to: MatMut<T>, threads: usize) {
    let (rows, columns) = (from.nrows(), from.ncols());
    let threads = threads.min(rows * columns / (SQUARE * SQUARE * 16));
    if threads > 1 {
        let cut = rows * (threads / 2) / threads;
        let ((from_above, from_below), (above, below)) = (from.split_at_row(cut), to.split_at_row_mut(cut));
        rayon::join(|| turn(from_above, above, threads / 2), || turn(from_below, below, threads - threads / 2));
        return;
    }
    for row in (0..rows).step_by(SQUARE) {
        let height = SQUARE.min(rows - row);
        for column in (0..columns).step_by(SQUARE) {
            let width = SQUARE.min(columns - column);
            to.as_mut().submatrix_mut(row, column, height, width).copy_from(from.submatrix(row, column, height, width));
        }
    }
}
