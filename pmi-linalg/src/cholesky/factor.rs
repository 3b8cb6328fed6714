//! The factorisation on the tasks of the grid.

use crate::local::{Block, Triangle, add_product, cholesky_in_place, solve_triangle};
use crate::scalar::Scalar;
use crate::tiles::{Factoring, Panel, Seat, Sending, sweep};
use faer::{MatMut, MatRef};
use std::ops::Range;

/// Makes the slabs of a Hermitian matrix those of its factor `L`, and of zeros above the diagonal. Only the lower triangle is
/// read. `Err` has the order of the first leading minor that is not positive.
pub(super) fn factor<T: Scalar>(seat: Seat, slab: &mut [T]) -> Result<(), usize> {
    let tiles = seat.tiles;
    let mut work = Work { slab, seat };
    sweep(&mut work)?;
    for column in 0..work.seat.shape()[1] {
        let above = work.seat.rows_before(tiles.column_at(column, work.seat.place[1]));
        work.matrix().submatrix_mut(0, column, above, 1).fill(T::default());
    }
    Ok(())
}

struct Work<'a, 't, T> {
    slab: &'a mut [T],
    seat: Seat<'t>,
}

/// Of a step: the rows of the panel below the diagonal tile, `L`, that the task's rows need, and those that its columns
/// need.
struct Step<T> {
    of_rows: Panel<T>,
    of_columns: Panel<T>,
}

impl<T: Scalar> Work<'_, '_, T> {
    fn matrix(&mut self) -> MatMut<'_, T> {
        let [rows, columns] = self.seat.shape();
        MatMut::from_row_major_slice_mut(self.slab, rows, columns)
    }

    /// The panel that the task's rows have, together with what its columns need of that: rows that others of the grid
    /// column have.
    fn step(&self, step: usize, of_rows: Panel<T>) -> Step<T> {
        let (seat, tiles) = (&self.seat, self.seat.tiles);
        let (end, width) = (tiles.diagonal(step).end, tiles.diagonal(step).len());
        let first = end / tiles.block + usize::from(end % tiles.block > 0);
        let [grid_rows, grid_columns] = tiles.grid;
        let in_columns = |tile: &usize| tile % grid_columns == seat.place[1];
        let of_tile = |tile: usize| tiles.diagonal(tile);
        // Those rows of a task of this grid column that the grid column wants.
        let wanted = |grid_row: usize| {
            (first..tiles.steps()).filter(in_columns).filter(move |tile| tile % grid_rows == grid_row)
        };
        let start = seat.rows_before(end);
        let mut mine = Vec::new();
        for column in 0..width {
            for tile in wanted(seat.place[0]) {
                let rows = seat.rows(of_tile(tile));
                let numbers = &of_rows.numbers()[column * of_rows.matrix().nrows()..];
                mine.extend_from_slice(&numbers[rows.start - start..rows.end - start]);
            }
        }
        let all = seat.column.all_gather(mine);
        let columns = seat.shape()[1] - seat.columns_before(end);
        let mut of_columns = Panel::zeros(columns, width);
        for (grid_row, numbers) in all.iter().enumerate() {
            let rows = wanted(grid_row).map(|tile| of_tile(tile).len()).sum::<usize>();
            let part = MatRef::from_column_major_slice(numbers, rows, width);
            let (mut from, offset) = (0, seat.columns_before(end));
            for tile in wanted(grid_row) {
                let to = seat.columns(of_tile(tile));
                of_columns
                    .matrix_mut()
                    .submatrix_mut(to.start - offset, 0, to.len(), width)
                    .copy_from(part.subrows(from, to.len()));
                from += to.len();
            }
        }
        Step { of_rows, of_columns }
    }

    /// `C -= L L^H` for these columns of the slab, from the diagonal down to row `bottom`: the rectangle below the first half
    /// of the columns, then what is left of both halves. Tiles on the diagonal are computed as a whole.
    fn subtract(&mut self, end: usize, panel: &Step<T>, columns: Range<usize>, bottom: usize) {
        if columns.is_empty() {
            return;
        }
        let (block, threads) = (self.seat.tiles.block, self.seat.threads);
        let offsets = [self.seat.rows_before(end), self.seat.columns_before(end)];
        let top = |work: &Self, column| work.seat.rows_before(work.seat.tiles.column_at(column, work.seat.place[1]));
        let below = |work: &mut Self, first: usize, columns: Range<usize>| {
            let target = work.matrix().subrows_mut(first, bottom - first).subcols_mut(columns.start, columns.len());
            let left = panel.of_rows.matrix().subrows(first - offsets[0], bottom - first);
            let right = panel.of_columns.matrix().subrows(columns.start - offsets[1], columns.len());
            add_product(target, T::of(-1.0), Block::from(left), Block::adjoint(right), threads);
        };
        let first = top(self, columns.start);
        if columns.len() <= block {
            return below(self, first, columns);
        }
        let half = columns.start + columns.len().div_ceil(2).next_multiple_of(block);
        let middle = top(self, half);
        below(self, middle, columns.start..half);
        self.subtract(end, panel, columns.start..half, middle);
        self.subtract(end, panel, half..columns.end, bottom);
    }
}

impl<'t, T: Scalar> Factoring<'t> for Work<'_, 't, T> {
    type Panel = Step<T>;
    type Number = T;
    type Failure = usize;

    fn seat(&self) -> &Seat<'t> {
        &self.seat
    }

    fn factor(&mut self, step: usize) -> (Result<Step<T>, usize>, Sending<T>) {
        let diagonal = self.seat.tiles.diagonal(step);
        let (rows, columns) = (self.seat.rows(diagonal.clone()), self.seat.columns(diagonal.clone()));
        let width = diagonal.len();
        let mut tile = Vec::new();
        if self.seat.has_rows(step) {
            let place = self.matrix().submatrix_mut(rows.start, columns.start, width, width);
            let mut factor = Panel::copied(place.as_ref());
            let failed = cholesky_in_place(factor.matrix_mut()).err();
            tile = factor.into_numbers();
            tile.push(status(failed.map(|pivot| diagonal.start + pivot + 1)));
        }
        let mut tile = self.seat.column.broadcast(step % self.seat.tiles.grid[0], tile);
        let failed = minor(tile.pop());
        if failed.is_some() {
            return (Err(failed.unwrap_or_default()), self.seat.row.start_broadcast(&[status::<T>(failed)]));
        }
        let tile = Panel::new(tile, width, width);
        if self.seat.has_rows(step) {
            self.matrix().submatrix_mut(rows.start, columns.start, width, width).copy_from(tile.matrix());
        }
        let (threads, below) = (self.seat.threads, self.seat.rows(diagonal.end..self.seat.tiles.shape[0]));
        let mut place = self.matrix().subrows_mut(below.start, below.len()).subcols_mut(columns.start, width);
        let mut panel = Panel::copied(place.as_ref());
        // X L^H = A is conj(L) X^T = A^T.
        let conjugated = Block::from(tile.matrix()).read(false, true);
        solve_triangle(conjugated, Triangle::Lower, panel.matrix_mut().transpose_mut(), threads);
        place.copy_from(panel.matrix());
        let mut numbers = panel.into_numbers();
        numbers.push(status(None));
        let sending = self.seat.row.start_broadcast(&numbers);
        numbers.pop();
        (Ok(self.step(step, Panel::new(numbers, below.len(), width))), sending)
    }

    fn receive(&mut self, step: usize) -> (Result<Step<T>, usize>, Sending<T>) {
        let (mut numbers, sending) = self.seat.row.receive(step % self.seat.tiles.grid[1]);
        if let Some(failed) = minor(numbers.pop()) {
            return (Err(failed), sending);
        }
        let diagonal = self.seat.tiles.diagonal(step);
        let rows = self.seat.rows(diagonal.end..self.seat.tiles.shape[0]).len();
        (Ok(self.step(step, Panel::new(numbers, rows, diagonal.len()))), sending)
    }

    fn update(&mut self, step: usize, panel: &Step<T>, columns: Range<usize>) {
        let bottom = self.seat.shape()[0];
        self.subtract(self.seat.tiles.diagonal(step).end, panel, columns, bottom);
    }
}

/// The number that ends a message: the minor that is not positive, or 0.
fn status<T: Scalar>(failed: Option<usize>) -> T {
    T::of(failed.unwrap_or(0) as f64)
}

fn minor<T: Scalar>(status: Option<T>) -> Option<usize> {
    status.map(|status| status.magnitude() as usize).filter(|minor| *minor > 0)
}
