//! Pivots chosen by a tournament.

use crate::local::{Block, Overflow, Triangle, lu_in_place, solve_triangle};
use crate::scalar::Scalar;
use crate::tiles::{Panel, Seat};
use faer::{MatMut, MatRef};
use std::collections::BTreeMap;

/// What a tournament finds: pivots as [`lu_across`](super::panel::lu_across) has them, and the factors of the rows chosen,
/// `width x width`, by columns.
pub(super) type Chosen<T> = Result<(Vec<usize>, Vec<T>), Overflow>;

/// Chooses the rows to be the first of a panel of which each task has some rows; the panel is not changed. Every task proposes
/// those that partial pivoting would choose of its own; of each two proposals that meet on the way up the grid column's tree,
/// it chooses again. One message up and one down for the whole panel.
///
/// Grigori, Demmel and Xiang, *CALU: a communication optimal LU factorization algorithm*, SIAM J. Matrix Anal. Appl. 32, 2011.
pub(super) fn choose<T: Scalar>(seat: &Seat, step: usize, panel: &Panel<T>) -> Chosen<T> {
    let (tiles, width) = (seat.tiles, seat.tiles.diagonal(step).len());
    let first = tiles.diagonal(step).start;
    let root = step % tiles.grid[0];
    let mine = panel.matrix();
    let rows = (0..mine.nrows()).map(|place| tiles.row_at(seat.rows_before(first) + place, seat.place[0]));
    let (order, _) = ordered(mine, width);
    let rows: Vec<usize> = rows.collect();
    let mut proposal = Proposal { rows: Vec::new(), numbers: Vec::new() };
    order.into_iter().for_each(|place| proposal.push(rows[place], (0..width).map(|k| mine[(place, k)])));
    let mut message = proposal.into_message(width);
    seat.column.reduce(root, &mut message, |best: &mut [T], other: &[T]| {
        let [a, b] = [&*best, other].map(|message| Proposal::read(message, width));
        let both = Proposal { rows: [a.rows, b.rows].concat(), numbers: [a.numbers, b.numbers].concat() };
        let (order, _) = ordered(both.matrix(width), width);
        best.copy_from_slice(&both.chosen(&order, width).into_message(width));
    });
    if seat.column.me() == root {
        let proposal = Proposal::read(&message, width);
        let (order, factors) = ordered(proposal.matrix(width), width);
        message = proposal.chosen(&order, width).into_message(width);
        match factors {
            Ok(factors) => message.extend(factors),
            Err(Overflow(column)) => message = digits(column).to_vec(),
        }
    }
    let mut message = seat.column.broadcast(root, message);
    if message.len() == 2 {
        return Err(Overflow(number(&message)));
    }
    let factors = message.split_off(message.len() - width * width);
    // Which row is by now in a place, and where a row is, if that is not its own.
    let (mut now, mut places) = (BTreeMap::new(), BTreeMap::new());
    let pivots = Proposal::read(&message, width).rows.into_iter().enumerate().map(|(place, row)| {
        let (here, there) = (first + place, *places.get(&row).unwrap_or(&row));
        let moved = *now.get(&here).unwrap_or(&here);
        now.insert(there, moved);
        places.insert(moved, there);
        there
    });
    Ok((pivots.collect(), factors))
}

/// The first of a block's rows as partial pivoting orders them, as many as it has columns or rows, and their factors where it has
/// as many rows as columns.
fn ordered<T: Scalar>(block: MatRef<T>, width: usize) -> (Vec<usize>, Result<Vec<T>, Overflow>) {
    let mut order: Vec<usize> = (0..block.nrows()).collect();
    if order.len() < width {
        return (order, Ok(Vec::new()));
    }
    let mut copy = Panel::copied(block);
    let mut pivots = vec![0; width];
    let done = lu_in_place(copy.matrix_mut(), &mut pivots, 1);
    if done.is_ok() {
        pivots.iter().enumerate().for_each(|(row, pivot)| order.swap(row, *pivot));
    }
    order.truncate(width);
    let factors = done.map(|()| Panel::copied(copy.matrix().subrows(0, width)).into_numbers());
    (order, factors)
}

/// Rows of the matrix, and their numbers, by rows.
struct Proposal<T> {
    rows: Vec<usize>,
    numbers: Vec<T>,
}

impl<T: Scalar> Proposal<T> {
    fn push(&mut self, row: usize, numbers: impl Iterator<Item = T>) {
        self.rows.push(row);
        self.numbers.extend(numbers);
    }

    fn matrix(&self, width: usize) -> MatRef<'_, T> {
        MatRef::from_row_major_slice(&self.numbers, self.rows.len(), width)
    }

    fn chosen(&self, order: &[usize], width: usize) -> Self {
        let mut chosen = Self { rows: Vec::new(), numbers: Vec::new() };
        order.iter().for_each(|place| {
            chosen.push(self.rows[*place], self.numbers[place * width..(place + 1) * width].iter().copied());
        });
        chosen
    }

    /// All messages of a tournament are of one length.
    fn into_message(self, width: usize) -> Vec<T> {
        let mut message = digits(self.rows.len()).to_vec();
        message.extend(self.rows.into_iter().flat_map(digits::<T>));
        message.resize(2 + 2 * width, T::default());
        message.extend(self.numbers);
        message.resize(2 + 2 * width + width * width, T::default());
        message
    }

    fn read(message: &[T], width: usize) -> Self {
        let count = number(&message[..2]);
        let rows = message[2..2 + 2 * count].chunks_exact(2).map(number).collect();
        Self { rows, numbers: message[2 + 2 * width..][..count * width].to_vec() }
    }
}

/// Below this, all whole numbers are exact in every type.
const BASE: usize = 1 << 20;

/// A number as two of the matrix's type.
pub(super) fn digits<T: Scalar>(number: usize) -> [T; 2] {
    [T::of((number / BASE) as f64), T::of((number % BASE) as f64)]
}

/// The number that [`digits`] made two of.
pub(super) fn number<T: Scalar>(digits: &[T]) -> usize {
    digits[0].magnitude() as usize * BASE + digits[1].magnitude() as usize
}

/// Makes `A` the `X` with `X U = A`, for the `U` of square factors; tells the largest magnitude in it, infinite where one
/// is no number.
pub(super) fn right_divide<T: Scalar>(a: MatMut<T>, factors: &[T], threads: usize) -> f64 {
    let width = a.ncols();
    let upper = Block::from(MatRef::from_column_major_slice(factors, width, width)).read(true, false);
    let mut transposed = a.transpose_mut();
    solve_triangle(upper, Triangle::Lower, transposed.as_mut(), threads);
    let found = transposed.as_ref();
    let sizes = (0..found.ncols()).flat_map(|column| (0..width).map(move |row| found[(row, column)].taxicab()));
    sizes.fold(0.0, |largest, size| if size.is_nan() { f64::INFINITY } else { size.max(largest) })
}
