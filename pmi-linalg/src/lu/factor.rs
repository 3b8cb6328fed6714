//! The factorisation on the tasks of the grid.

use super::Pivoting;
use super::panel::lu_across;
use super::rows::Rows;
use super::tournament::{choose, digits, number, right_divide};
use crate::local::{Block, Overflow, Triangle, add_product, lu_in_place, solve_triangle, turn};
use crate::scalar::Scalar;
use crate::tiles::{Factoring, Panel, Seat, Sending, sweep};
use faer::{MatMut, MatRef};
use std::ops::Range;

/// Elements of `L` by a tournament are rarely above 10; above this, they would cost digits.
const GROWTH: f64 = 1e3;

/// What all tasks of the grid know of the factors.
pub(super) struct Pivots<T> {
    /// The row that changed places with each in its step.
    pub(super) rows: Vec<usize>,
    /// The diagonal of `U`.
    pub(super) diagonal: Vec<T>,
}

/// Makes the slabs of a matrix those of `L`, without its diagonal of ones, and `U`, in `P A = L U`. `Err` has the column in
/// which numbers grew beyond all bounds.
pub(super) fn factor<T: Scalar>(seat: Seat, slab: &mut [T], pivoting: Pivoting) -> Result<Pivots<T>, usize> {
    let mut work = Work { slab, seat, pivoting, rows: Vec::new(), diagonal: Vec::new() };
    sweep(&mut work)?;
    work.finish();
    Ok(Pivots { rows: work.rows, diagonal: work.diagonal })
}

struct Work<'a, 't, T> {
    slab: &'a mut [T],
    seat: Seat<'t>,
    pivoting: Pivoting,
    rows: Vec<usize>,
    diagonal: Vec<T>,
}

/// Of a step: the task's rows of the panel, those of the diagonal tile first, and where they were before.
struct Step<T> {
    panel: Panel<T>,
    pivots: Vec<usize>,
}

impl<'t, T: Scalar> Work<'_, 't, T> {
    fn matrix(&mut self) -> MatMut<'_, T> {
        let [rows, columns] = self.seat.shape();
        MatMut::from_row_major_slice_mut(self.slab, rows, columns)
    }

    /// These rows and columns of the slab, by columns.
    fn take(&mut self, rows: Range<usize>, columns: Range<usize>) -> Panel<T> {
        let mut panel = Panel::zeros(rows.len(), columns.len());
        let threads = self.seat.threads;
        let place = self.matrix().submatrix_mut(rows.start, columns.start, rows.len(), columns.len());
        turn(place.as_ref(), panel.matrix_mut(), threads);
        panel
    }

    /// Factors a panel by a tournament for all its pivots at once; by partial pivoting where the chosen rows are singular, or so
    /// nearly that elements of `L` would become large.
    fn factor_chosen(&mut self, step: usize, panel: &mut Panel<T>) -> Result<(Vec<usize>, Vec<T>), Overflow> {
        let diagonal = self.seat.tiles.diagonal(step);
        let width = diagonal.len();
        let (pivots, factors) = choose(&self.seat, step, panel)?;
        let values: Vec<T> = factors.iter().copied().step_by(width + 1).collect();
        if values.iter().any(|pivot| pivot.is_no_divisor()) {
            return lu_across(&self.seat, step, panel);
        }
        let rows = self.seat.rows(diagonal.start..self.seat.tiles.shape[0]);
        let columns = self.seat.columns(diagonal.clone());
        let first = diagonal.start;
        self.exchange(first, &pivots, columns.clone());
        *panel = self.take(rows.clone(), columns.clone());
        let top = self.seat.rows(diagonal).len();
        let (mut of_top, below) = panel.matrix_mut().split_at_row_mut(top);
        if top > 0 {
            of_top.copy_from(MatRef::from_column_major_slice(&factors, width, width));
        }
        let largest = right_divide(below, &factors, self.seat.threads);
        // All learn of what one has found.
        let largest = self.seat.column.all_reduce(vec![largest], |all, other| all[0] = all[0].max(other[0]));
        if largest[0] <= GROWTH {
            return Ok((pivots, values));
        }
        // The columns depend on each other but for rounding, and the chosen rows more than others.
        let stride = self.seat.shape()[1];
        Rows { slab: self.slab, stride, columns: columns.clone() }.exchange(&self.seat, first, &pivots, true);
        *panel = self.take(rows, columns);
        lu_across(&self.seat, step, panel)
    }

    fn exchange(&mut self, first: usize, pivots: &[usize], columns: Range<usize>) {
        let stride = self.seat.shape()[1];
        Rows { slab: self.slab, stride, columns }.exchange(&self.seat, first, pivots, false);
    }

    /// Exchanges the rows of `L` as all later steps did: panel after panel, each of which stays in the cache.
    fn finish(&mut self) {
        let (tiles, rows) = (self.seat.tiles, std::mem::take(&mut self.rows));
        if self.seat.column.len() == 1 {
            for step in (self.seat.place[1]..tiles.steps()).step_by(tiles.grid[1]) {
                let (end, columns) = (tiles.diagonal(step).end, self.seat.columns(tiles.diagonal(step)));
                self.exchange(end, &rows[end..], columns);
            }
        } else {
            for diagonal in (1..tiles.steps()).map(|step| tiles.diagonal(step)) {
                let columns = 0..self.seat.columns_before(diagonal.start);
                self.exchange(diagonal.start, &rows[diagonal], columns);
            }
        }
        self.rows = rows;
    }

    /// What a step's message says beside the panel's numbers: pivots, their values, and at the end whether all is well.
    fn keep(&mut self, step: usize, mut numbers: Vec<T>) -> Result<Step<T>, usize> {
        let diagonal = self.seat.tiles.diagonal(step);
        let (rows, width) = (self.seat.rows(diagonal.start..self.seat.tiles.shape[0]).len(), diagonal.len());
        let status = numbers.split_off(numbers.len() - 2);
        if let Some(column) = number(&status).checked_sub(1) {
            return Err(column);
        }
        let tail = numbers.split_off(rows * width);
        let (pivots, values) = tail.split_at(2 * width);
        let pivots: Vec<usize> = pivots.chunks_exact(2).map(number).collect();
        self.rows.extend(&pivots);
        self.diagonal.extend_from_slice(values);
        Ok(Step { panel: Panel::new(numbers, rows, width), pivots })
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
        let rows = self.seat.rows(diagonal.start..self.seat.tiles.shape[0]);
        let (columns, threads) = (self.seat.columns(diagonal.clone()), self.seat.threads);
        let mut panel = self.take(rows.clone(), columns.clone());
        let done = if self.seat.column.len() == 1 {
            let mut pivots = vec![0; columns.len()];
            let done = lu_in_place(panel.matrix_mut(), &mut pivots, threads);
            pivots.iter_mut().for_each(|pivot| *pivot += diagonal.start);
            let values = (0..columns.len()).map(|k| panel.matrix()[(k, k)]).collect();
            done.map(|()| (pivots, values))
        } else if self.pivoting == Pivoting::Tournament {
            self.factor_chosen(step, &mut panel)
        } else {
            lu_across(&self.seat, step, &mut panel)
        };
        let mut numbers = Vec::new();
        match done {
            Ok((pivots, values)) => {
                let place = self.matrix().submatrix_mut(rows.start, columns.start, rows.len(), columns.len());
                turn(panel.matrix(), place, threads);
                numbers = panel.into_numbers();
                numbers.extend(pivots.into_iter().flat_map(digits::<T>));
                numbers.extend::<Vec<T>>(values);
                numbers.extend(digits::<T>(0));
            }
            Err(Overflow(column)) => numbers.extend(digits::<T>(diagonal.start + column + 1)),
        }
        let sending = self.seat.row.start_broadcast(&numbers);
        (self.keep(step, numbers), sending)
    }

    fn receive(&mut self, step: usize) -> (Result<Step<T>, usize>, Sending<T>) {
        let (numbers, sending) = self.seat.row.receive(step % self.seat.tiles.grid[1]);
        (self.keep(step, numbers), sending)
    }

    fn update(&mut self, step: usize, done: &Step<T>, columns: Range<usize>) {
        if columns.is_empty() {
            return;
        }
        let diagonal = self.seat.tiles.diagonal(step);
        self.exchange(diagonal.start, &done.pivots, columns.clone());
        let (threads, here) = (self.seat.threads, self.seat.has_rows(step));
        let (owner, width) = (step % self.seat.tiles.grid[0], diagonal.len());
        let alone = self.seat.column.len() == 1;
        let rows = self.seat.rows(diagonal.clone());
        let matrix = self.matrix().subcols_mut(columns.start, columns.len());
        let (above, below) = matrix.split_at_row_mut(rows.end);
        let mut top = above.subrows_mut(rows.start, rows.len());
        let (of_diagonal, left) = done.panel.matrix().split_at_row(rows.len());
        if here {
            solve_triangle(of_diagonal.into(), Triangle::UnitLower, top.as_mut(), threads);
        }
        if alone {
            return add_product(below, T::of(-1.0), left, top.as_ref(), threads);
        }
        let mut found = Vec::new();
        if here {
            let stride = self.seat.shape()[1];
            found.reserve_exact(width * columns.len());
            rows.for_each(|row| {
                found.extend_from_slice(&self.slab[row * stride + columns.start..row * stride + columns.end]);
            });
        }
        let found = self.seat.column.broadcast(owner, found);
        let first = self.seat.rows(0..diagonal.end).end;
        let [rows, _] = self.seat.shape();
        let below = self.matrix().submatrix_mut(first, columns.start, rows - first, columns.len());
        let left = Block::from(left);
        add_product(
            below,
            T::of(-1.0),
            left,
            Block::from(MatRef::from_row_major_slice(&found, width, columns.len())),
            threads,
        );
    }
}
