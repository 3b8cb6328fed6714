//! How large tiles are, and on how many tasks.

use super::Tiles;

/// How a factorisation is laid out over the tasks: by default, what was measured to be fast.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::{Tuning, cholesky_with};
/// # pmi::with_tasks(4, || {
/// let a = DistArray::<f64, _>::eye((6, 6), 0);
/// let factor = cholesky_with(&a, Tuning::default().block(2).grid(2, 2))?;
/// assert_eq!(factor.det()?, 1.0);
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tuning {
    block: Option<usize>,
    grid: Option<[usize; 2]>,
}

impl Tuning {
    /// Tiles of `block` rows and columns.
    ///
    /// # Panics
    /// Where `block` is 0.
    #[must_use]
    #[track_caller]
    pub fn block(self, block: usize) -> Self {
        assert!(block > 0, "a tile has 1 row or more");
        Self { block: Some(block), ..self }
    }

    /// On a grid of `rows x columns` tasks, which may be fewer than the world has.
    ///
    /// # Panics
    /// Where either is 0.
    #[must_use]
    #[track_caller]
    pub fn grid(self, rows: usize, columns: usize) -> Self {
        assert!(rows > 0 && columns > 0, "a grid of {rows} x {columns} has no tasks: give 1 or more");
        Self { grid: Some([rows, columns]), ..self }
    }

    /// The same, on a grid of `rows x columns` tasks, unless another one is wanted.
    pub(crate) fn grid_or(self, rows: usize, columns: usize) -> Self {
        Self { grid: self.grid.or(Some([rows, columns])), ..self }
    }

    /// The tiles of a matrix: as wanted, else `block` for a matrix of this size, and as many tasks as that leaves work for.
    #[track_caller]
    pub(crate) fn tiles(self, shape: [usize; 2], tasks: usize, block: usize) -> Tiles {
        let block = self.block.unwrap_or(block);
        let grid = self.grid.unwrap_or_else(|| suited(shape, tasks));
        let places = grid[0].saturating_mul(grid[1]);
        assert!(
            places <= tasks,
            "a grid of {} x {} has {places} tasks, the world only {tasks}: make it smaller",
            grid[0],
            grid[1]
        );
        Tiles::new(shape, block, grid)
    }
}

/// Matrices of so few elements are factored by one task: others would only wait for messages.
const ALONE: usize = 256 * 256;

/// A grid for a matrix of this shape: one task for small ones, one row or column of tasks for those far longer than wide.
fn suited([rows, columns]: [usize; 2], tasks: usize) -> [usize; 2] {
    match tasks {
        _ if rows.saturating_mul(columns) <= ALONE => [1, 1],
        _ if rows / tasks > columns => [tasks, 1],
        _ if columns / tasks > rows => [1, tasks],
        _ => near_square(tasks),
    }
}

/// The grid of all tasks that is nearest to a square, with no more rows than columns: panels are then on few tasks.
fn near_square(tasks: usize) -> [usize; 2] {
    let rows = (1..=tasks.isqrt()).rev().find(|rows| tasks.is_multiple_of(*rows)).unwrap_or(1);
    [rows, tasks / rows]
}
