//! Arrays in Fortran's order, piece by piece: the C order of the array whose axes are turned round.

use super::pieces::Pieces;
use super::progress::Told;
use crate::array::BUDGET;
use crate::element::Element;
use crate::exchange::{parts, place};
use crate::layout::{Layout, Part};
use crate::memory::{memory, recycle};
use ndarray::{ArrayView, ArrayViewMut, IxDyn};
use pmi::Task;
use std::ops::Range;

/// The layout whose boxes are written: of the turned array, its shape and number of tasks.
fn turned(layout: &Layout) -> Layout {
    let shape: Vec<_> = layout.shape().iter().rev().copied().collect();
    Layout::new(&shape, layout.tasks())
}

/// What a part of the turned array is of the array.
fn turned_part(part: &Part) -> Part {
    Part::new(part.axes().iter().rev().copied().collect::<Vec<_>>())
}

/// The elements of an array of this shape, in C order, to those of the turned one.
fn turn<B: Copy>(shape: &[usize], from: &[B], to: &mut [B]) {
    let turned: Vec<_> = shape.iter().rev().copied().collect();
    let from = ArrayView::from_shape(IxDyn(shape), from).expect("a piece has the elements of its part");
    let to = ArrayViewMut::from_shape(IxDyn(&turned), to);
    to.expect("there are as many elements turned round").assign(&from.reversed_axes());
}

/// As [`write_pieces`](super::pieces::write_pieces), of the turned array: `write` gets ranges of its indices and its
/// elements there. The array has an axis or more.
pub(super) fn write_turned<T: Element, E>(
    task: &Task,
    layout: &Layout,
    slab: &[T],
    mut write: impl FnMut(&[Range<usize>], &[T::Bits]) -> Result<(), E>,
) -> Result<(), E> {
    let turned = turned(layout);
    let pieces = Pieces::cut(&turned, size_of::<T>(), &vec![1; layout.shape().len()]);
    let rank = task.rank();
    let have = parts(task, &|rank| layout.part(rank));
    let told = Told::new(task, pieces.rounds());
    let mut done = Ok(());
    for round in 0..pieces.rounds() {
        let wanted = parts(task, &|rank| turned_part(&pieces.part(rank, round)));
        let (mut piece, mut to_write) = (memory(wanted[rank].len()), memory(wanted[rank].len()));
        place(task, &have, T::bits(slab), &wanted, &mut piece, BUDGET);
        turn(&wanted[rank].shape(), &piece, &mut to_write);
        done = done.and(write(&pieces.ranges(rank, round), &to_write));
        recycle(piece);
        recycle(to_write);
        told.step();
    }
    told.finish();
    done
}

/// As [`read_pieces`](super::pieces::read_pieces), of the turned array.
pub(super) fn read_turned<T: Element, E>(
    task: &Task,
    layout: &Layout,
    mut read: impl FnMut(&[Range<usize>], &mut [T::Bits]) -> Result<(), E>,
) -> Result<Vec<T>, E> {
    let turned = turned(layout);
    let pieces = Pieces::cut(&turned, size_of::<T>(), &vec![1; layout.shape().len()]);
    let rank = task.rank();
    let wanted = parts(task, &|rank| layout.part(rank));
    let mut slab = memory(layout.local_len(rank));
    let told = Told::new(task, pieces.rounds());
    let mut done = Ok(());
    for round in 0..pieces.rounds() {
        let have = parts(task, &|rank| turned_part(&pieces.part(rank, round)));
        let (mut was_read, mut piece) = (memory(have[rank].len()), memory(have[rank].len()));
        done = done.and(read(&pieces.ranges(rank, round), &mut was_read));
        turn(&pieces.part(rank, round).shape(), &was_read, &mut piece);
        place(task, &have, &piece, &wanted, &mut slab, BUDGET);
        recycle(was_read);
        recycle(piece);
        told.step();
    }
    told.finish();
    done.map(|()| T::from_bits(slab))
}
