//! The factorisation on the tasks of the grid.

use crate::local::{Block, Triangle, add_product, cholesky_in_place, solve_triangle};
use crate::scalar::Scalar;
use crate::tiles::{Factoring, Panel, Seat, Sending, sweep};
use faer::{MatMut, MatRef};
use std::ops::Range;

/// Makes the slabs of a Hermitian matrix those of its factor `L`, and of zeros above the diagonal. Only the lower triangle is
/// read. `Err` has the order of the first leading minor that is not positive.
pub(super) fn factor<T: Scalar>(seat: Seat, slab: &mut [T]) -> Result<(), usize> {
    let mut work = Work { slab, seat };
    sweep(&mut work)?;
    let Work { slab, seat } = work;
    for (row, numbers) in slab.chunks_exact_mut(seat.shape()[1].max(1)).enumerate() {
        numbers[seat.columns_before(seat.tiles.row_at(row, seat.place[0]) + 1)..].fill(T::default());
    }
    Ok(())
}

struct Work<'a, 't, T> {
    slab: &'a mut [T],
    seat: Seat<'t>,
}

/// Of a step: the rows of the panel below the diagonal tile, `L`, that the task's rows need, and those that its columns
/// need. They are kept by rows, as in the slab: copying is then four times as fast as turning them.
struct Step<T> {
    of_rows: Vec<T>,
    of_columns: Vec<T>,
    width: usize,
}

/// The numbers of some rows, by rows, from a list of so wide rows.
fn rows_of<T: Scalar>(numbers: &[T], width: usize, rows: Range<usize>) -> MatRef<'_, T> {
    MatRef::from_row_major_slice(&numbers[rows.start * width..rows.end * width], rows.len(), width)
}

impl<T: Scalar> Work<'_, '_, T> {
    fn matrix(&mut self) -> MatMut<'_, T> {
        let [rows, columns] = self.seat.shape();
        MatMut::from_row_major_slice_mut(self.slab, rows, columns)
    }

    /// The panel that the task's rows have, together with what its columns need of that: rows that others of the grid
    /// column have.
    fn step(&self, step: usize, of_rows: Vec<T>) -> Step<T> {
        let (seat, tiles) = (&self.seat, self.seat.tiles);
        let (end, width) = (tiles.diagonal(step).end, tiles.diagonal(step).len());
        // Those tiles below the diagonal that a task of this grid column has, and the grid column wants.
        let wanted = |grid_row: usize| {
            (step + 1..tiles.steps()).filter(move |tile| tile % tiles.grid[0] == grid_row && seat.has_columns(*tile))
        };
        let (first_row, first_column) = (seat.rows_before(end), seat.columns_before(end));
        let mut mine = Vec::new();
        for tile in wanted(seat.place[0]) {
            let rows = seat.rows(tiles.diagonal(tile));
            mine.extend_from_slice(&of_rows[(rows.start - first_row) * width..(rows.end - first_row) * width]);
        }
        let mut of_columns = vec![T::default(); (seat.shape()[1] - first_column) * width];
        for (grid_row, numbers) in seat.column.all_gather(mine).iter().enumerate() {
            let mut rest = &numbers[..];
            for tile in wanted(grid_row) {
                let columns = seat.columns(tiles.diagonal(tile));
                let to = &mut of_columns[(columns.start - first_column) * width..(columns.end - first_column) * width];
                let (tile, others) = rest.split_at(to.len());
                to.copy_from_slice(tile);
                rest = others;
            }
        }
        Step { of_rows, of_columns, width }
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
            let left = rows_of(&panel.of_rows, panel.width, first - offsets[0]..bottom - offsets[0]);
            let right = rows_of(&panel.of_columns, panel.width, columns.start - offsets[1]..columns.end - offsets[1]);
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
        let stride = self.seat.shape()[1];
        let place = |row: usize| row * stride + columns.start..row * stride + columns.start + width;
        let mut numbers = Vec::with_capacity(below.len() * width + 1);
        below.clone().for_each(|row| numbers.extend_from_slice(&self.slab[place(row)]));
        // X L^H = A is conj(L) X^T = A^T.
        let conjugated = Block::from(tile.matrix()).read(false, true);
        let turned = MatMut::from_column_major_slice_mut(&mut numbers, width, below.len());
        solve_triangle(conjugated, Triangle::Lower, turned, threads);
        for (row, solved) in below.zip(numbers.chunks_exact(width)) {
            self.slab[place(row)].copy_from_slice(solved);
        }
        numbers.push(status(None));
        let sending = self.seat.row.start_broadcast(&numbers);
        numbers.pop();
        (Ok(self.step(step, numbers)), sending)
    }

    fn receive(&mut self, step: usize) -> (Result<Step<T>, usize>, Sending<T>) {
        let (mut numbers, sending) = self.seat.row.receive(step % self.seat.tiles.grid[1]);
        if let Some(failed) = minor(numbers.pop()) {
            return (Err(failed), sending);
        }
        (Ok(self.step(step, numbers)), sending)
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
