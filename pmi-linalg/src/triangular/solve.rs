//! Systems with a triangular matrix in tiles: the matrix travels.

use crate::local::{Block, Triangle, add_product, solve_triangle};
use crate::scalar::Scalar;
use crate::tiles::{Panel, Seat, Sending};
use faer::{MatMut, MatRef};
use pmi_array as arrays;
use std::ops::Range;

/// How a triangular matrix is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Reading {
    Plain,
    Transposed,
    Adjoint,
}

/// A triangular matrix in tiles: the task's slab of it.
#[derive(Clone, Copy)]
pub(crate) struct Triangular<'a, T> {
    pub(crate) slab: &'a [T],
    pub(crate) half: Triangle,
    pub(crate) reading: Reading,
}

/// As [`solve_in_tiles`](super::solve_in_tiles), on one task, or for many sides.
///
/// `A`'s columns, a panel at a time, go to those of their grid row that have columns of `B`; then each grid column works on
/// its own columns of `B`. Read plainly, a panel takes the found rows of `X` from the rows to come (right-looking);
/// transposed, it gathers what the found rows add to the next ones (left-looking). On a grid of `p x q` tasks each gets
/// `n^2 / (2 p)` numbers of `A` and `n sides / q` of `X`, in `2 n / block` messages.
pub(super) fn solve_many<T: Scalar>(seat: &Seat, a: Triangular<T>, b: &mut [T], sides: usize) {
    let tiles = seat.tiles;
    let of_grid_column = arrays::Block::new(sides, tiles.grid[1]);
    let columns = of_grid_column.range(seat.place[1]).len();
    let working = (0..tiles.grid[1]).take_while(|column| !of_grid_column.range(*column).is_empty()).count();
    let order: Vec<usize> =
        if a.goes_down() { (0..tiles.steps()).collect() } else { (0..tiles.steps()).rev().collect() };
    let mut sending: Option<Sending<T>> = None;
    for (number, step) in order.iter().copied().enumerate() {
        // The next panel travels while this one is used.
        let news =
            if number == 0 { &order[..order.len().min(2)] } else { &order[number + 1..order.len().min(number + 2)] };
        let sent: Vec<_> = news.iter().filter_map(|step| a.send(seat, *step, working)).collect();
        if columns > 0 {
            a.step(seat, step, b, columns);
        }
        sending.take().into_iter().for_each(Sending::wait);
        sending = sent.into_iter().reduce(Sending::and);
    }
    sending.into_iter().for_each(Sending::wait);
}

impl<T: Scalar> Triangular<'_, T> {
    fn is_lower(&self) -> bool {
        matches!(self.half, Triangle::Lower | Triangle::UnitLower)
    }

    /// Whether the first unknown is found first.
    pub(super) fn goes_down(&self) -> bool {
        self.is_lower() == (self.reading == Reading::Plain)
    }

    /// The rows of the slab in the panel of a step: those of the diagonal tile, and those off it.
    fn rows(&self, seat: &Seat, step: usize) -> [Range<usize>; 2] {
        let diagonal = seat.tiles.diagonal(step);
        let others = if self.is_lower() { diagonal.end..seat.tiles.shape[0] } else { 0..diagonal.start };
        [seat.rows(diagonal), seat.rows(others)]
    }

    /// The panel of a step in the task's own slab.
    fn panel(&self, seat: &Seat, step: usize) -> MatRef<'_, T> {
        let [rows, columns] = seat.shape();
        let [on, off] = self.rows(seat, step);
        let of_columns = seat.columns(seat.tiles.diagonal(step));
        MatRef::from_row_major_slice(self.slab, rows, columns)
            .subrows(on.start.min(off.start), on.len() + off.len())
            .subcols(of_columns.start, of_columns.len())
    }

    /// Starts to send the panel of a step to those of the grid row that work, if it is this task's.
    fn send(&self, seat: &Seat, step: usize, working: usize) -> Option<Sending<T>> {
        let wanted = seat.has_columns(step) && (0..working).any(|column| column != seat.place[1]);
        wanted.then(|| seat.row.start_sends(0..working, Panel::copied(self.panel(seat, step)).numbers()))
    }

    /// Finds the rows of `X` of one step.
    fn step(&self, seat: &Seat, step: usize, b: &mut [T], columns: usize) {
        let (tiles, threads) = (seat.tiles, seat.threads);
        let [on, off] = self.rows(seat, step);
        let width = tiles.diagonal(step).len();
        let received = (!seat.has_columns(step))
            .then(|| Panel::new(seat.row.receive_from(step % tiles.grid[1]), on.len() + off.len(), width));
        let panel = received.as_ref().map_or_else(|| self.panel(seat, step), Panel::matrix);
        let (of_on, of_off) = if self.is_lower() {
            panel.split_at_row(on.len())
        } else {
            let (off, on) = panel.split_at_row(off.len());
            (on, off)
        };
        let (owner, mine) = (step % tiles.grid[0], seat.has_rows(step));
        let mut matrix = MatMut::from_row_major_slice_mut(b, seat.shape()[0], columns);
        if self.reading != Reading::Plain {
            let conjugated = self.reading == Reading::Adjoint;
            let mut gathered = Panel::zeros(width, columns);
            let found = matrix.as_ref().subrows(off.start, off.len());
            add_product(
                gathered.matrix_mut(),
                T::of(1.0),
                Block::from(of_off).read(true, conjugated),
                Block::from(found),
                threads,
            );
            let mut gathered = gathered.into_numbers();
            seat.column.reduce(owner, &mut gathered, |sum: &mut [T], part| {
                sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += *x);
            });
            if mine {
                let gathered = Panel::new(gathered, width, columns);
                let mut here = matrix.as_mut().subrows_mut(on.start, width);
                here -= gathered.matrix();
                solve_triangle(Block::from(of_on).read(true, conjugated), self.half.transposed(), here, threads);
            }
            return;
        }
        let mut found = Vec::new();
        if mine {
            let mut here = matrix.as_mut().subrows_mut(on.start, width);
            solve_triangle(of_on.into(), self.half, here.as_mut(), threads);
            if seat.column.len() == 1 {
                // Neighbours in one slab: nothing is copied.
                let (above, below) = matrix.split_at_row_mut(if self.is_lower() { on.end } else { on.start });
                let (found, others) = if self.is_lower() {
                    (above.subrows_mut(on.start, width), below)
                } else {
                    (below.subrows_mut(0, width), above)
                };
                return add_product(others, T::of(-1.0), of_off, found.as_ref(), threads);
            }
            found = Panel::copied(here.as_ref()).into_numbers();
        }
        let found = Panel::new(seat.column.broadcast(owner, found), width, columns);
        let others = matrix.subrows_mut(off.start, off.len());
        add_product(others, T::of(-1.0), of_off, found.matrix(), threads);
    }
}
