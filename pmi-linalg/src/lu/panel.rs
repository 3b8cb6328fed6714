//! The LU factorisation of a panel that several tasks have, the tasks of a grid column.

use crate::local::{BASE, Overflow, Triangle, add_product, divide, largest, solve_triangle, subtract};
use crate::scalar::Scalar;
use crate::tiles::{Panel, Seat};
use faer::{MatMut, MatRef};
use std::ops::Range;

/// Makes the tasks' rows of a panel, from the first row of the step on, those of its factors, by partial pivoting. Returns
/// the rows of the matrix that changed places with the panel's first rows, and the pivots; every task has them.
///
/// As [`lu_in_place`](crate::local::lu_in_place), with a message up and one down the grid column's tree for each column,
/// which carry the pivot's whole row. The rows that have been pivots are then known to all tasks.
pub(super) fn lu_across<T: Scalar>(
    seat: &Seat,
    step: usize,
    panel: &mut Panel<T>,
) -> Result<(Vec<usize>, Vec<T>), Overflow> {
    let diagonal = seat.tiles.diagonal(step);
    let (rows, width) = (panel.matrix().nrows(), diagonal.len());
    let mut work = Across {
        seat,
        first: diagonal.start,
        root: step % seat.tiles.grid[0],
        rows,
        width,
        numbers: std::mem::replace(panel, Panel::zeros(0, 0)).into_numbers(),
        top: vec![T::default(); width * width],
        pivots: Vec::with_capacity(width),
    };
    work.factor(0..width)?;
    let Across { mut numbers, top, pivots, .. } = work;
    if seat.has_rows(step) {
        for (column, of_top) in numbers.chunks_exact_mut(rows.max(1)).zip(top.chunks_exact(width)) {
            column[..width].copy_from_slice(of_top);
        }
    }
    *panel = Panel::new(numbers, rows, width);
    Ok((pivots, top.into_iter().step_by(width + 1).collect()))
}

struct Across<'a, 't, T> {
    seat: &'a Seat<'t>,
    /// The panel's first row.
    first: usize,
    /// The grid row that has its diagonal tile.
    root: usize,
    rows: usize,
    width: usize,
    /// The task's rows, by columns.
    numbers: Vec<T>,
    /// The rows that have been pivots, by columns: the same on all tasks.
    top: Vec<T>,
    pivots: Vec<usize>,
}

/// What a task proposes as a pivot; of several, the larger, then the upper.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct Candidate {
    /// As [`largest`] has it; more than any number's where something is none.
    size: u64,
    row: u64,
}

impl<T: Scalar> Across<'_, '_, T> {
    /// The task's rows that have not been pivots, after `done` have.
    fn left(&self, done: usize) -> usize {
        if self.root == self.seat.place[0] { done.min(self.rows) } else { 0 }
    }

    fn factor(&mut self, columns: Range<usize>) -> Result<(), Overflow> {
        if columns.len() <= BASE {
            return columns.clone().try_for_each(|column| self.factor_column(columns.start, column));
        }
        let middle = columns.start + (columns.len() / 2).next_multiple_of(BASE);
        self.factor(columns.start..middle)?;
        let (threads, first, rows, width) = (self.seat.threads, self.left(middle), self.rows, self.width);
        let (left, right) = self.top.split_at_mut(middle * width);
        let done = MatRef::from_column_major_slice(left, width, middle);
        let done = done.submatrix(columns.start, columns.start, middle - columns.start, middle - columns.start);
        let right = MatMut::from_column_major_slice_mut(right, width, width - middle);
        let mut top = right.submatrix_mut(columns.start, 0, middle - columns.start, columns.end - middle);
        solve_triangle(done.into(), Triangle::UnitLower, top.as_mut(), threads);
        let (left, right) = self.numbers.split_at_mut(middle * rows);
        let left = MatRef::from_column_major_slice(left, rows, middle);
        let left = left.submatrix(first, columns.start, rows - first, middle - columns.start);
        let right = MatMut::from_column_major_slice_mut(right, rows, width - middle);
        let right = right.submatrix_mut(first, 0, rows - first, columns.end - middle);
        add_product(right, T::of(-1.0), left, top.as_ref(), threads);
        self.factor(middle..columns.end)
    }

    /// Brings a column up to date with those from `start` on, and makes it one of `L`.
    fn factor_column(&mut self, start: usize, column: usize) -> Result<(), Overflow> {
        let (width, rows, first) = (self.width, self.rows, self.left(column));
        let (done, of_top) = self.top.split_at_mut(column * width);
        let of_top = &mut of_top[..width];
        for k in start..column {
            let factor = of_top[k];
            (k + 1..column).for_each(|row| of_top[row] -= done[k * width + row] * factor);
        }
        let (done, rest) = self.numbers.split_at_mut(column * rows);
        let done: Vec<&[T]> = (start..column).map(|k| &done[k * rows + first..(k + 1) * rows]).collect();
        let mine = &mut rest[first..rows];
        subtract(&done, &of_top[start..column], mine);
        let candidate = match largest(mine) {
            _ if mine.is_empty() => Candidate { size: 0, row: u64::MAX },
            Some((place, size)) => Candidate { size, row: self.row_at(first + place) as u64 },
            None => Candidate { size: u64::MAX, row: 0 },
        };
        self.exchange(column, candidate)?;
        let pivot = self.top[column * width + column];
        let first = self.left(column + 1);
        divide(&mut self.numbers[column * rows + first..(column + 1) * rows], pivot);
        Ok(())
    }

    /// Agrees on the pivot, and has its row and the diagonal's change places.
    fn exchange(&mut self, column: usize, candidate: Candidate) -> Result<(), Overflow> {
        let (lane, width, rows) = (&self.seat.column, self.width, self.rows);
        let diagonal = self.first + column;
        let header = size_of::<Candidate>();
        let of_row = |row: usize| -> Vec<T> {
            let place = self.place(row);
            (0..width).map(|k| self.numbers[k * rows + place]).collect()
        };
        let known = candidate.size < u64::MAX && candidate.row < u64::MAX;
        let row = if known { of_row(candidate.row as usize) } else { vec![T::default(); width] };
        let mut message = bytemuck::bytes_of(&candidate).to_vec();
        message.extend_from_slice(bytemuck::cast_slice(&row));
        let read = |message: &[u8]| bytemuck::pod_read_unaligned::<Candidate>(&message[..header]);
        lane.reduce(self.root, &mut message, |best: &mut [u8], other: &[u8]| {
            let (a, b) = (read(best), read(other));
            if (b.size, a.row) > (a.size, b.row) {
                best.copy_from_slice(other);
            }
        });
        if lane.me() == self.root {
            message.extend_from_slice(bytemuck::cast_slice(&of_row(diagonal)));
        }
        let message = lane.broadcast(self.root, message);
        let chosen = read(&message);
        if chosen.size >= f64::INFINITY.to_bits() {
            return Err(Overflow(column));
        }
        let rows_of: Vec<T> = bytemuck::pod_collect_to_vec(&message[header..]);
        let (of_pivot, of_diagonal) = rows_of.split_at(width);
        let pivot = chosen.row as usize;
        (0..width).for_each(|k| self.top[k * width + column] = of_pivot[k]);
        if pivot != diagonal && self.seat.tiles.row_owner(pivot) == self.seat.place[0] {
            let place = self.place(pivot);
            (0..width).for_each(|k| self.numbers[k * rows + place] = of_diagonal[k]);
        }
        self.pivots.push(pivot);
        Ok(())
    }

    /// The place of a row of the matrix among the task's, and which row is at one.
    fn place(&self, row: usize) -> usize {
        self.seat.rows_before(row) - self.seat.rows_before(self.first)
    }

    fn row_at(&self, place: usize) -> usize {
        self.seat.tiles.row_at(self.seat.rows_before(self.first) + place, self.seat.place[0])
    }
}
