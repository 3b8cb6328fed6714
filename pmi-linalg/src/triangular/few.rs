//! Few right-hand sides: they travel, and the matrix stays where it is.

use super::solve::{Reading, Triangular};
use crate::local::{Block, add_product, solve_triangle};
use crate::scalar::Scalar;
use crate::tiles::{Lane, Seat, Sending};
use faer::{MatMut, MatRef};
use std::ops::Range;

/// As [`solve_in_tiles`](super::solve_in_tiles), for few sides on several tasks. Whoever has a tile of the diagonal solves for
/// its rows of `X`; those with tiles beside it, in the direction in which the matrix is read, take these rows from what is still
/// to come, and send what they have gathered for the next rows to whoever has their tile of the diagonal (fan-in: Heath and
/// Romine, *Parallel solution of triangular systems on distributed-memory multiprocessors*, SIAM J. Sci. Stat. Comput. 9, 1988).
/// The next rows come first, so that their owner goes on while the others are gathered.
///
/// On a grid of `p x q` tasks each gets some `3 n sides (1 / p + 1 / q)` numbers, and a message for each task of its grid row
/// and column and tile of the diagonal.
pub(super) fn solve_few<T: Scalar>(seat: &Seat, a: Triangular<T>, b: &mut [T], sides: usize) {
    let rows = seat.shape()[0];
    let mut work = Few { seat, a, x: vec![T::default(); rows * sides], gathered: Vec::new(), sides, later: None };
    let of_column = pmi_array::Block::new(sides, seat.tiles.grid[1]);
    // Each task has all sides of its rows, while it works.
    for (column, part) in seat.row.all_gather(b.to_vec()).iter().enumerate() {
        let columns = of_column.range(column);
        for row in 0..rows {
            let to = &mut work.x[row * sides + columns.start..row * sides + columns.end];
            to.copy_from_slice(&part[row * columns.len()..(row + 1) * columns.len()]);
        }
    }
    work.run();
    let mine = of_column.range(seat.place[1]);
    for (row, solved) in b.chunks_exact_mut(mine.len().max(1)).enumerate() {
        solved.copy_from_slice(&work.x[row * sides + mine.start..row * sides + mine.end]);
    }
}

struct Few<'a, 't, T> {
    seat: &'a Seat<'t>,
    a: Triangular<'a, T>,
    /// The sides of the task's rows; in the end their solutions, where they are known here.
    x: Vec<T>,
    /// What the found rows take from those to come: of the task's rows, or, where the matrix is read transposed, columns.
    gathered: Vec<T>,
    sides: usize,
    /// The rows found last, of which step they are, and from which rows or columns they are still to be taken.
    later: Option<(Vec<T>, usize, Range<usize>)>,
}

impl<T: Scalar> Few<'_, '_, T> {
    fn is_plain(&self) -> bool {
        self.a.reading == Reading::Plain
    }

    fn run(&mut self) {
        let (seat, steps, sides) = (self.seat, self.seat.tiles.steps(), self.sides);
        self.gathered = vec![T::default(); seat.shape()[if self.is_plain() { 0 } else { 1 }] * sides];
        let down = self.a.goes_down();
        let step = |number: usize| if down { number } else { steps - 1 - number };
        let mut sendings: Vec<Sending<T>> = Vec::new();
        for number in 0..steps {
            let (step, next) = (step(number), (number + 1 < steps).then(|| step(number + 1)));
            // Plainly read, sums come together in the grid row of the tile, and solutions go down its column.
            let (to, along, has_sums, takes) = if self.is_plain() {
                (&seat.row, &seat.column, seat.has_rows(step), seat.has_columns(step))
            } else {
                (&seat.column, &seat.row, seat.has_columns(step), seat.has_rows(step))
            };
            let [of_row, of_column] = [step % seat.tiles.grid[0], step % seat.tiles.grid[1]];
            let (end_of_sums, source) = if self.is_plain() { (of_column, of_row) } else { (of_row, of_column) };
            let mut found = Vec::new();
            if has_sums {
                let sums = self.sums(step, to, end_of_sums, &mut sendings);
                if takes {
                    found = self.solve(step, &sums);
                }
            }
            if takes {
                let found = along.broadcast(source, found);
                if !self.is_plain() {
                    self.keep(step, &found);
                }
                self.take_later();
                self.take(found, step, next);
            } else {
                self.take_later();
            }
        }
        sendings.into_iter().for_each(Sending::wait);
        if self.is_plain() {
            self.share();
        }
    }

    /// Where the rows of a step are among the task's rows, or, where the matrix is read transposed, among its columns.
    fn place(&self, steps: Range<usize>) -> Range<usize> {
        let tiles = self.seat.tiles;
        if steps.is_empty() {
            return 0..0;
        }
        let all = tiles.diagonal(steps.start).start..tiles.diagonal(steps.end - 1).end;
        if self.is_plain() { self.seat.rows(all) } else { self.seat.columns(all) }
    }

    /// All that is to be taken from the rows of a step, on the task that has their tile of the diagonal; the others send it.
    fn sums(&self, step: usize, lane: &Lane, end: usize, sendings: &mut Vec<Sending<T>>) -> Vec<T> {
        let place = self.place(step..step + 1);
        let mine = &self.gathered[place.start * self.sides..place.end * self.sides];
        if lane.me() != end {
            sendings.push(lane.start_sends([end], mine));
            return Vec::new();
        }
        let mut sums = mine.to_vec();
        for other in (0..lane.len()).filter(|other| *other != end) {
            sums.iter_mut().zip(lane.receive_from::<T>(other)).for_each(|(sum, x)| *sum += x);
        }
        sums
    }

    /// The rows of `X` of a step whose tile of the diagonal the task has.
    fn solve(&mut self, step: usize, sums: &[T]) -> Vec<T> {
        let (seat, sides) = (self.seat, self.sides);
        let diagonal = seat.tiles.diagonal(step);
        let (rows, columns) = (seat.rows(diagonal.clone()), seat.columns(diagonal));
        let b = &self.x[rows.start * sides..rows.end * sides];
        let mut found: Vec<T> = b.iter().zip(sums).map(|(b, sum)| *b - *sum).collect();
        let (tile, half) = (self.block(rows.clone(), columns), self.a.half);
        let half = if self.is_plain() { half } else { half.transposed() };
        let unknowns = MatMut::from_row_major_slice_mut(&mut found, rows.len(), sides);
        solve_triangle(tile, half, unknowns, seat.threads);
        self.keep(step, &found);
        found
    }

    /// Notes solutions of the task's own rows.
    fn keep(&mut self, step: usize, found: &[T]) {
        let rows = self.seat.rows(self.seat.tiles.diagonal(step));
        self.x[rows.start * self.sides..rows.end * self.sides].copy_from_slice(found);
    }

    /// Rows and columns of the slab, as they are read.
    fn block(&self, rows: Range<usize>, columns: Range<usize>) -> Block<'_, T> {
        let [height, width] = self.seat.shape();
        let slab = MatRef::from_row_major_slice(self.a.slab, height, width);
        let block = Block::from(slab.submatrix(rows.start, columns.start, rows.len(), columns.len()));
        match self.a.reading {
            Reading::Plain => block,
            Reading::Transposed => block.read(true, false),
            Reading::Adjoint => block.read(true, true),
        }
    }

    /// Takes the found rows from the next ones at once, and notes that they are to be taken from the others.
    fn take(&mut self, found: Vec<T>, step: usize, next: Option<usize>) {
        let Some(next) = next else { return };
        let steps = self.seat.tiles.steps();
        let others = if self.a.goes_down() { next + 1..steps } else { 0..next };
        let (now, later) = (self.place(next..next + 1), self.place(others));
        self.take_from(&found, step, now);
        self.later = Some((found, step, later));
    }

    fn take_later(&mut self) {
        if let Some((found, step, from)) = self.later.take() {
            self.take_from(&found, step, from);
        }
    }

    fn take_from(&mut self, found: &[T], step: usize, from: Range<usize>) {
        let (seat, sides) = (self.seat, self.sides);
        let diagonal = seat.tiles.diagonal(step);
        let mut gathered = std::mem::take(&mut self.gathered);
        let block = if self.is_plain() {
            self.block(from.clone(), seat.columns(diagonal.clone()))
        } else {
            self.block(seat.rows(diagonal.clone()), from.clone())
        };
        let sums =
            MatMut::from_row_major_slice_mut(&mut gathered[from.start * sides..from.end * sides], from.len(), sides);
        let found = MatRef::from_row_major_slice(found, diagonal.len(), sides);
        add_product(sums, T::of(1.0), block, Block::from(found), seat.threads);
        self.gathered = gathered;
    }

    /// Gives the solutions that the task has found to the others of its grid row, which have these rows, too.
    fn share(&mut self) {
        let (seat, sides) = (self.seat, self.sides);
        let found_by = |column: usize| {
            let steps = (0..seat.tiles.steps()).filter(move |step| seat.has_rows(*step));
            steps
                .filter(move |step| step % seat.tiles.grid[1] == column)
                .map(|step| seat.rows(seat.tiles.diagonal(step)))
        };
        let mine = found_by(seat.place[1]).flat_map(|rows| &self.x[rows.start * sides..rows.end * sides]);
        let all = seat.row.all_gather(mine.copied().collect());
        for (column, numbers) in all.iter().enumerate() {
            let mut rest = &numbers[..];
            for rows in found_by(column) {
                let (found, others) = rest.split_at(rows.len() * sides);
                self.x[rows.start * sides..rows.end * sides].copy_from_slice(found);
                rest = others;
            }
        }
    }
}
