//! Exchanges of rows.

use crate::scalar::Scalar;
use crate::tiles::{Seat, Sending};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;

/// Numbers that a task has of some columns, by rows, where the rows are those of the task's seat.
pub(super) struct Rows<'a, T> {
    pub(super) slab: &'a mut [T],
    /// From a row to the next in the slab.
    pub(super) stride: usize,
    /// Which columns of the slab.
    pub(super) columns: Range<usize>,
}

/// Fewer numbers to be moved are not worth a thread's waking up.
const GRAIN: usize = 1 << 15;

impl<T: Scalar> Rows<'_, T> {
    /// Exchanges row after row of the matrix, from `first` on, with row `pivots[i]`, or undoes that. On several grid rows
    /// a task sends each other of its grid column at most what that gets, in one message.
    pub(super) fn exchange(self, seat: &Seat, first: usize, pivots: &[usize], undo: bool) {
        if self.columns.is_empty() {
            return;
        }
        let swaps = pivots.iter().enumerate().map(|(number, pivot)| (first + number, *pivot));
        let swaps: Vec<_> = if undo { swaps.rev().collect() } else { swaps.collect() };
        if seat.column.len() > 1 {
            return self.exchange_across(seat, &swaps);
        }
        let Self { slab, stride, columns } = self;
        let threads = seat.threads.min(swaps.len() * columns.len() / GRAIN).max(1);
        let mut parts: Vec<Vec<&mut [T]>> = (0..threads).map(|_| Vec::new()).collect();
        let width = columns.len().div_ceil(threads);
        for row in slab.chunks_exact_mut(stride) {
            row[columns.clone()].chunks_mut(width).zip(&mut parts).for_each(|(numbers, part)| part.push(numbers));
        }
        let each = |mut rows: Vec<&mut [T]>| swaps.iter().for_each(|(row, other)| swap(&mut rows, *row, *other));
        if threads > 1 { parts.into_par_iter().for_each(each) } else { parts.into_iter().for_each(each) }
    }

    fn exchange_across(self, seat: &Seat, swaps: &[(usize, usize)]) {
        let mut origins = BTreeMap::new();
        for (row, other) in swaps {
            let [of_row, of_other] = [row, other].map(|row| *origins.get(row).unwrap_or(row));
            origins.insert(*row, of_other);
            origins.insert(*other, of_row);
        }
        origins.retain(|row, origin| row != origin);
        let owner = |row: &usize| seat.tiles.row_owner(*row);
        let me = seat.place[0];
        let place = |row: usize| {
            let start = seat.rows_before(row) * self.stride;
            start + self.columns.start..start + self.columns.end
        };
        // All that leaves its place, before anything is overwritten.
        let leaving = |to: usize| {
            let moves = origins.iter().filter(|(row, origin)| owner(row) == to && owner(origin) == me);
            moves.flat_map(|(_, origin)| &self.slab[place(*origin)]).copied().collect::<Vec<T>>()
        };
        let staying = leaving(me);
        let others = || (0..seat.column.len()).filter(|other| *other != me);
        let sending: Vec<_> = others()
            .map(|other| (other, leaving(other)))
            .filter(|(_, numbers)| !numbers.is_empty())
            .map(|(other, numbers)| seat.column.start_sends([other], &numbers))
            .collect();
        for from in 0..seat.column.len() {
            let coming: Vec<usize> = origins
                .iter()
                .filter(|(row, origin)| owner(row) == me && owner(origin) == from)
                .map(|(row, _)| *row)
                .collect();
            if coming.is_empty() {
                continue;
            }
            let received = if from == me { staying.clone() } else { seat.column.receive_from(from) };
            for (row, numbers) in coming.into_iter().zip(received.chunks_exact(self.columns.len())) {
                self.slab[place(row)].copy_from_slice(numbers);
            }
        }
        sending.into_iter().for_each(Sending::wait);
    }
}

fn swap<T>(rows: &mut [&mut [T]], row: usize, other: usize) {
    if row != other {
        let (above, below) = rows.split_at_mut(row.max(other));
        above[row.min(other)].swap_with_slice(below[0]);
    }
}
