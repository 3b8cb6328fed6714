//! Which task computes what of a product.

use crate::operand::Matrix;
use crate::scalar::Scalar;
use pmi_array::{Axis, Block, Distribution, Layout, Part};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How many operations take as long as the moving of one number: some tens of GFLOP/s a core against some GB/s.
const OPERATIONS_A_WORD: usize = 200;

/// The tasks as a box of `rows x columns x layers`: task `(i, j, l)` computes the products of block row `i` of `A` with
/// block column `j` of `B`, over its layer's part of the inner index; the layers' results are then added, each layer
/// getting some of the rows.
///
/// One layer is the grid of SUMMA (van de Geijn and Watts, *SUMMA: scalable universal matrix multiplication algorithm*,
/// Concurrency 9, 1997), several are the replication of Solomonik and Demmel (*Communication-optimal parallel 2.5D matrix
/// multiplication and LU factorization algorithms*, Euro-Par 2011).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grid {
    rows: usize,
    columns: usize,
    pub(super) layers: usize,
    /// Of the product: `m x n`, with an inner index of `k`.
    m: usize,
    n: usize,
    k: usize,
}

impl Grid {
    /// The grid for `a b` that takes the least time: each task's operations, and the numbers that it gets.
    pub(super) fn choose<T: Scalar>(a: &Matrix<T>, b: &Matrix<T>, tasks: usize) -> Self {
        let ([m, k], [_, n]) = (a.shape(), b.shape());
        let divisors = |of: usize| (1..=of).filter(move |d| of.is_multiple_of(*d));
        let boxes = divisors(tasks).flat_map(|rows| {
            divisors(tasks / rows).map(move |columns| Self { rows, columns, layers: tasks / rows / columns, m, n, k })
        });
        boxes.min_by_key(|grid| grid.cost(a, b)).expect("1 divides every number of tasks")
    }

    /// The operations of the busiest task, plus as many as could be done while the busiest gets its numbers.
    fn cost<T: Scalar>(&self, a: &Matrix<T>, b: &Matrix<T>) -> usize {
        let tasks = self.rows * self.columns * self.layers;
        let lacking = |matrix: &Matrix<T>, wanted: Part, rank: usize| {
            wanted.len() - matrix.array.layout().part(rank).overlap(&wanted).len()
        };
        let of_task = |rank| {
            let (rows, columns, inner) = (self.block_rows(rank), self.block_columns(rank), self.inner(rank));
            let operations = rows.len() * columns.len() * inner.len();
            let from_layers = (self.layers - 1) * self.own_rows(rank).len() * columns.len();
            let words = lacking(a, a.part(rows, inner.clone()), rank) + lacking(b, b.part(inner, columns), rank);
            operations + OPERATIONS_A_WORD * (words + from_layers)
        };
        (0..tasks).map(of_task).max().unwrap_or(0)
    }

    /// The place of a task: its block row, layer and block column. Layers of a block row follow each other, so that
    /// the rows of the result do, too.
    fn place(&self, rank: usize) -> (usize, usize, usize) {
        let row = rank / self.columns;
        (row / self.layers, row % self.layers, rank % self.columns)
    }

    /// The tasks that compute for the same block of the result as `rank`, one a layer.
    pub(super) fn column_of_layers(&self, rank: usize) -> impl Iterator<Item = usize> + use<> {
        let ((row, _, column), layers, columns) = (self.place(rank), self.layers, self.columns);
        (0..layers).map(move |layer| (row * layers + layer) * columns + column)
    }

    /// The rows of the result that `rank` has in the end.
    pub(super) fn own_rows(&self, rank: usize) -> Range<usize> {
        Block::new(self.m, self.rows * self.layers).range(rank / self.columns)
    }

    /// The rows of `A` that `rank` multiplies.
    pub(super) fn block_rows(&self, rank: usize) -> Range<usize> {
        let rows = Block::new(self.m, self.rows * self.layers);
        let (row, ..) = self.place(rank);
        rows.range(row * self.layers).start..rows.range((row + 1) * self.layers - 1).end
    }

    /// The columns of `B` that it multiplies, and of the result that it has.
    pub(super) fn block_columns(&self, rank: usize) -> Range<usize> {
        Block::new(self.n, self.columns).range(self.place(rank).2)
    }

    /// Its layer's inner indices.
    pub(super) fn inner(&self, rank: usize) -> Range<usize> {
        Block::new(self.k, self.layers).range(self.place(rank).1)
    }

    /// How many inner indices the largest layer has.
    pub(super) fn most_inner(&self) -> usize {
        self.k.div_ceil(self.layers)
    }

    /// How many rows and columns the largest block of the result has.
    pub(super) fn largest_block(&self) -> [usize; 2] {
        [self.layers * self.m.div_ceil(self.rows * self.layers), self.n.div_ceil(self.columns)]
    }

    /// Where the result's elements are.
    pub(super) fn distribution(&self) -> Distribution {
        let tasks = self.rows * self.layers * self.columns;
        let grid = [self.rows * self.layers, self.columns];
        Layout::with_grid(&[self.m, self.n], &[Axis::Block, Axis::Block], &grid, tasks).into()
    }
}
