//! The factorisation of a matrix in tiles, and products with its `Q`, on the tasks of the grid.

use super::panel::{Reflector, Rows, factor_panel};
use crate::local::turn;
use crate::scalar::Scalar;
use crate::tiles::{Factoring, Panel, Seat, Sending, sweep};
use faer::{MatMut, MatRef};
use std::convert::Infallible;
use std::ops::Range;

/// Makes the slabs of a matrix those of `R`, on and above the diagonal, and of the vectors `V` of the reflections below
/// it. Every task of the grid gets the triangles `T` of all steps.
pub(super) fn factor<'t, T: Scalar>(seat: Seat<'t>, slab: &mut [T]) -> Vec<Panel<T>> {
    let mut work = Work { slab, seat, triangles: Vec::new() };
    let Ok(()) = sweep(&mut work);
    work.triangles
}

struct Work<'a, 't, T> {
    slab: &'a mut [T],
    seat: Seat<'t>,
    triangles: Vec<Panel<T>>,
}

/// Which rows of the panel of a step the task has.
fn rows<'a>(seat: &'a Seat, step: usize) -> Rows<'a> {
    let lane = (seat.column.len() > 1).then_some(&seat.column);
    Rows { top: seat.has_rows(step), lane, threads: seat.threads }
}

/// Where that panel is in the slab: its rows, from the diagonal on, and its columns.
fn place(seat: &Seat, step: usize) -> [Range<usize>; 2] {
    let diagonal = seat.tiles.diagonal(step);
    [seat.rows(diagonal.start..seat.tiles.shape[0]), seat.columns(diagonal)]
}

impl<'t, T: Scalar> Factoring<'t> for Work<'_, 't, T> {
    type Panel = Reflector<T>;
    type Number = T;
    type Failure = Infallible;

    fn seat(&self) -> &Seat<'t> {
        &self.seat
    }

    fn factor(&mut self, step: usize) -> (Result<Reflector<T>, Infallible>, Sending<T>) {
        let [rows_of, columns_of] = place(&self.seat, step);
        let ([height, width], rows) = (self.seat.shape(), rows(&self.seat, step));
        let slab = MatMut::from_row_major_slice_mut(self.slab, height, width);
        let place = slab.submatrix_mut(rows_of.start, columns_of.start, rows_of.len(), columns_of.len());
        let (mut panel, mut t) = (Panel::copied(place.as_ref()), Panel::zeros(columns_of.len(), columns_of.len()));
        factor_panel(panel.matrix_mut(), t.matrix_mut(), rows);
        turn(panel.matrix(), place, rows.threads);
        let reflector = Reflector::new(panel, t, rows.top);
        let sending = send(&self.seat, &reflector);
        self.triangles.push(Panel::copied(reflector.t.matrix()));
        (Ok(reflector), sending)
    }

    fn receive(&mut self, step: usize) -> (Result<Reflector<T>, Infallible>, Sending<T>) {
        let (reflector, sending) = receive(&self.seat, step);
        self.triangles.push(Panel::copied(reflector.t.matrix()));
        (Ok(reflector), sending)
    }

    fn update(&mut self, step: usize, reflector: &Reflector<T>, columns: Range<usize>) {
        let [rows_of, _] = place(&self.seat, step);
        let [height, width] = self.seat.shape();
        let slab = MatMut::from_row_major_slice_mut(self.slab, height, width);
        let place = slab.submatrix_mut(rows_of.start, columns.start, rows_of.len(), columns.len());
        reflector.apply(true, place, rows(&self.seat, step));
    }
}

/// Starts to send a reflector along the grid row.
fn send<T: Scalar>(seat: &Seat, reflector: &Reflector<T>) -> Sending<T> {
    let numbers = if seat.row.len() > 1 { reflector.numbers() } else { Vec::new() };
    seat.row.start_broadcast(&numbers)
}

fn receive<T: Scalar>(seat: &Seat, step: usize) -> (Reflector<T>, Sending<T>) {
    let (numbers, sending) = seat.row.receive(step % seat.tiles.grid[1]);
    (Reflector::from_numbers(numbers, seat.tiles.diagonal(step).len()), sending)
}

/// A factored matrix on a task.
pub(super) struct Factored<'a, 't, T> {
    pub(super) seat: &'a Seat<'t>,
    pub(super) slab: &'a [T],
    pub(super) triangles: &'a [Panel<T>],
}

impl<T: Scalar> Factored<'_, '_, T> {
    /// `C := Q C`, or `Q^H C`, for a slab with the same rows and `width` columns. `columns` tells which of these the
    /// reflections of a step change, the same on all tasks of a grid column: those of a unit matrix are zero where they
    /// would not.
    pub(super) fn apply(&self, adjoint: bool, c: &mut [T], width: usize, columns: impl Fn(usize) -> Range<usize>) {
        let (seat, steps) = (self.seat, self.seat.tiles.steps());
        let step = |number: usize| if adjoint { number } else { steps - 1 - number };
        let mut own = Vec::new();
        let mut sendings = Vec::new();
        for number in 0..steps {
            // The next panel travels while this one is used.
            for ahead in number + usize::from(number > 0)..steps.min(number + 2) {
                let step = step(ahead);
                if seat.has_columns(step) {
                    let reflector = self.reflector(step);
                    sendings.push(send(seat, &reflector));
                    own.push(reflector);
                }
            }
            let step = step(number);
            let reflector = if seat.has_columns(step) {
                own.remove(0)
            } else {
                let (reflector, sending) = receive(seat, step);
                sendings.push(sending);
                reflector
            };
            let ([rows_of, _], columns) = (place(seat, step), columns(step));
            let height = seat.shape()[0];
            let slab = MatMut::from_row_major_slice_mut(c, height, width);
            let place = slab.submatrix_mut(rows_of.start, columns.start, rows_of.len(), columns.len());
            reflector.apply(adjoint, place, rows(seat, step));
            if sendings.len() > 2 {
                sendings.remove(0).wait();
            }
        }
        sendings.into_iter().for_each(Sending::wait);
    }

    fn reflector(&self, step: usize) -> Reflector<T> {
        let [rows_of, columns_of] = place(self.seat, step);
        let [height, width] = self.seat.shape();
        let slab = MatRef::from_row_major_slice(self.slab, height, width);
        let v = slab.submatrix(rows_of.start, columns_of.start, rows_of.len(), columns_of.len());
        Reflector::new(Panel::copied(v), Panel::copied(self.triangles[step].matrix()), self.seat.has_rows(step))
    }
}
