//! Choosing columns: the factorisation with column pivoting, on the tasks.

use super::panel::{Reflector, Rows, factor_panel, triangle, unit_lower};
use crate::local::{Block, add_product};
use crate::scalar::Scalar;
use crate::tiles::{Lane, Panel, Seat, Sending};
use faer::{MatMut, MatRef};

/// After so many columns the others are updated.
const BLOCK: usize = 32;

/// Factors a matrix whose tasks are one grid row; afterwards its columns are in the order in which they were chosen,
/// which is returned with the triangles of the steps that are this task's.
pub(super) fn factor_pivoted<T: Scalar>(seat: &Seat, slab: &mut [T]) -> (Vec<Panel<T>>, Vec<usize>) {
    let (tiles, [rows, width]) = (seat.tiles, seat.shape());
    let ids = (0..width).map(|local| tiles.column_at(local, seat.place[1])).collect();
    let matrix = Panel::copied(MatRef::from_row_major_slice(slab, rows, width));
    let lane = (seat.row.len() > 1).then_some(&seat.row);
    let mut work = Columns::new(matrix, ids, lane, seat.threads);
    let taus = work.factor();
    let order = work.order(tiles.shape[1]);
    let matrix = exchanged(seat, &work, &order);
    MatMut::from_row_major_slice_mut(slab, rows, width).copy_from(matrix.matrix());
    let triangle = |step: usize| {
        if !seat.has_columns(step) {
            return Panel::zeros(0, 0);
        }
        let (diagonal, columns) = (tiles.diagonal(step), seat.columns(tiles.diagonal(step)));
        let panel = matrix.matrix().submatrix(diagonal.start, columns.start, rows - diagonal.start, columns.len());
        triangle_of(Panel::copied(panel), &taus[diagonal])
    };
    let triangles = (0..tiles.steps()).map(triangle).collect();
    (triangles, order)
}

/// The columns that a task has when all are in their order.
fn exchanged<T: Scalar>(seat: &Seat, work: &Columns<T>, order: &[usize]) -> Panel<T> {
    let (tiles, [rows, width]) = (seat.tiles, seat.shape());
    let owner = |column: usize| tiles.column_owner(column);
    let mut local_of = vec![usize::MAX; order.len()];
    work.ids.iter().enumerate().for_each(|(local, id)| local_of[*id] = local);
    let numbers_of = |local: usize| &work.matrix.numbers()[local * rows..(local + 1) * rows];
    let for_task = |to: usize| {
        let wanted = order.iter().enumerate().filter(move |(place, _)| owner(*place) == to);
        wanted
            .map(|(_, id)| local_of[*id])
            .filter(|local| *local < usize::MAX)
            .flat_map(numbers_of)
            .copied()
            .collect::<Vec<T>>()
    };
    let others = || (0..seat.row.len()).filter(|other| *other != seat.row.me());
    let sending: Vec<_> = others().map(|other| seat.row.start_sends([other], &for_task(other))).collect();
    let mut received: Vec<std::vec::IntoIter<T>> = (0..seat.row.len()).map(|_| Vec::new().into_iter()).collect();
    others().for_each(|other| received[other] = seat.row.receive_from(other).into_iter());
    received[seat.row.me()] = for_task(seat.row.me()).into_iter();
    let mut numbers = Vec::with_capacity(rows * width);
    for id in order.iter().enumerate().filter(|(place, _)| owner(*place) == seat.place[1]).map(|(_, id)| *id) {
        numbers.extend(received[owner(id)].by_ref().take(rows));
    }
    sending.into_iter().for_each(Sending::wait);
    Panel::new(numbers, rows, width)
}

/// A square block on one task: the order of its columns, the reflections and the triangle.
pub(super) fn pivoted_square<T: Scalar>(square: Panel<T>, threads: usize) -> (Vec<usize>, Reflector<T>, Panel<T>) {
    let n = square.matrix().ncols();
    let mut work = Columns::new(square, (0..n).collect(), None, threads);
    let taus = work.factor();
    let t = triangle_of(Panel::copied(work.matrix.matrix()), &taus);
    let r = triangle(work.matrix.matrix());
    (work.ids, Reflector::new(work.matrix, t, true), r)
}

/// The triangle `T` of reflections, of the vectors `v` below the diagonal of a factored block:
/// column `j` is `-tau_j T (V^H v_j)`.
fn triangle_of<T: Scalar>(mut factored: Panel<T>, taus: &[T]) -> Panel<T> {
    let n = taus.len();
    unit_lower(factored.matrix_mut().subrows_mut(0, n));
    let (mut gram, mut t) = (Panel::zeros(n, n), Panel::zeros(n, n));
    add_product(gram.matrix_mut(), T::of(1.0), Block::adjoint(factored.matrix()), factored.matrix(), 1);
    let (gram, mut of_t) = (gram.matrix(), t.matrix_mut());
    for (j, tau) in taus.iter().enumerate() {
        for i in 0..j {
            let sum = (i..j).fold(T::default(), |sum, k| sum + of_t[(i, k)] * gram[(k, j)]);
            of_t[(i, j)] = -(*tau * sum);
        }
        of_t[(j, j)] = *tau;
    }
    t
}

/// The whole columns that a task has; those that were chosen come first.
struct Columns<'a, T> {
    matrix: Panel<T>,
    /// Which columns of the matrix they are.
    ids: Vec<usize>,
    /// The norms of what is left of them: as downdated, and as last computed.
    norms: Vec<[f64; 2]>,
    chosen: usize,
    /// All tasks' columns in the order in which they were chosen.
    order: Vec<usize>,
    lane: Option<&'a Lane<'a>>,
    threads: usize,
}

/// The columns chosen since the others were updated: these are `A - V F^H`.
struct Pending<T> {
    /// The row of the first.
    start: usize,
    v: Panel<T>,
    f: Panel<T>,
    count: usize,
}

impl<'a, T: Scalar> Columns<'a, T> {
    fn new(matrix: Panel<T>, ids: Vec<usize>, lane: Option<&'a Lane<'a>>, threads: usize) -> Self {
        let rows = matrix.matrix().nrows();
        let norms =
            (0..ids.len()).map(|column| [norm(&matrix.numbers()[column * rows..(column + 1) * rows]); 2]).collect();
        Self { matrix, ids, norms, chosen: 0, order: Vec::new(), lane, threads }
    }

    /// All columns in their order: those not chosen, where there are fewer rows, as they were.
    fn order(&self, columns: usize) -> Vec<usize> {
        let mut left = vec![true; columns];
        self.order.iter().for_each(|id| left[*id] = false);
        self.order.iter().copied().chain((0..columns).filter(|id| left[*id])).collect()
    }

    /// Chooses and reflects columns until there are none or the rows are used up. Returns the reflections' `tau`.
    fn factor(&mut self) -> Vec<T> {
        let rows = self.matrix.matrix().nrows();
        let mut taus = Vec::new();
        while taus.len() < rows {
            let start = taus.len();
            let width = BLOCK.min(rows - start);
            let active = self.ids.len();
            let (v, f) = (Panel::zeros(rows - start, width), Panel::zeros(active, width));
            let mut pending = Pending { start, v, f, count: 0 };
            let mut spoilt = false;
            let mut ended = false;
            while pending.count < width {
                let Some((owner, local, any_spoilt)) = self.choose(spoilt) else {
                    ended = true;
                    break;
                };
                if any_spoilt {
                    break;
                }
                taus.push(self.reflect(&mut pending, owner, local));
                spoilt = self.downdate(start + pending.count - 1);
            }
            self.update(&pending);
            if ended {
                break;
            }
        }
        taus
    }

    /// The column with the largest norm, of all tasks': whose, its place there if it is this task's, and whether a norm
    /// was spoilt on any task. `None` where no columns are left.
    fn choose(&mut self, spoilt: bool) -> Option<(usize, Option<usize>, bool)> {
        let me = self.lane.map_or(0, Lane::me);
        let best = (self.chosen..self.ids.len())
            .max_by(|a, b| self.norms[*a][0].total_cmp(&self.norms[*b][0]).then(self.ids[*b].cmp(&self.ids[*a])));
        let told =
            |local: usize| [self.norms[local][0], self.ids[local] as f64, me as f64, f64::from(u8::from(spoilt))];
        let mine = best.map_or([-1.0, f64::INFINITY, 0.0, f64::from(u8::from(spoilt))], told);
        let larger = |best: &mut [f64], other: &[f64]| {
            let spoilt = best[3].max(other[3]);
            if other[0].total_cmp(&best[0]).then(best[1].total_cmp(&other[1])).is_gt() {
                best.copy_from_slice(other);
            }
            best[3] = spoilt;
        };
        let found = match self.lane {
            Some(lane) => lane.all_reduce(mine.to_vec(), larger),
            None => mine.to_vec(),
        };
        let any_spoilt = found[3] > 0.0;
        if found[0] < 0.0 {
            return None;
        }
        let owner = found[2] as usize;
        if !any_spoilt {
            self.order.push(found[1] as usize);
        }
        Some((owner, best.filter(|_| owner == me), any_spoilt))
    }

    /// Brings the chosen column to its place and up to date, makes its reflection, and applies it to the row of the
    /// diagonal, and to `F`.
    fn reflect(&mut self, pending: &mut Pending<T>, owner: usize, local: Option<usize>) -> T {
        let (rows, number) = (self.matrix.matrix().nrows(), pending.count);
        let row = pending.start + number;
        let mut message = Vec::new();
        if let Some(local) = local {
            self.swap(local, pending);
            let column = self.chosen;
            self.chosen += 1;
            let factors: Vec<T> = (0..number).map(|k| pending.f.matrix()[(column, k)].conjugated()).collect();
            let mut place = self.matrix.matrix_mut().submatrix_mut(row, column, rows - row, 1);
            let (_, v) = pending.v.matrix().subcols(0, number).split_at_row(number);
            add_product(place.as_mut(), T::of(-1.0), v, MatRef::from_column_major_slice(&factors, number, 1), 1);
            let mut tau = [T::default()];
            factor_panel(place.as_mut(), MatMut::from_column_major_slice_mut(&mut tau, 1, 1), Rows::all(1));
            message.extend_from_slice(&self.matrix.numbers()[column * rows + row..(column + 1) * rows]);
            message[0] = tau[0];
        }
        let mut message = match self.lane {
            Some(lane) => lane.broadcast(owner, message),
            None => message,
        };
        let tau = std::mem::replace(&mut message[0], T::of(1.0));
        pending
            .v
            .matrix_mut()
            .col_mut(number)
            .subrows_mut(number, rows - row)
            .iter_mut()
            .zip(&message)
            .for_each(|(v, x)| *v = *x);
        pending.count += 1;
        let (first, columns) = (self.chosen, self.ids.len() - self.chosen);
        if columns == 0 {
            return tau;
        }
        // F gets tau (A - V F^H)^H v, where A is without the updates that are pending.
        let v = MatRef::from_column_major_slice(&message, rows - row, 1);
        let left = self.matrix.matrix().submatrix(row, first, rows - row, columns);
        let (mut before, mut new) = pending.f.matrix_mut().subrows_mut(first, columns).split_at_col_mut(number);
        let mut new = new.as_mut().subcols_mut(0, 1);
        add_product(new.as_mut(), tau, Block::adjoint(left), v, self.threads);
        let mut dots = vec![T::default(); number];
        let (_, of_v) = pending.v.matrix().subcols(0, number).split_at_row(number);
        add_product(MatMut::from_column_major_slice_mut(&mut dots, number, 1), -tau, Block::adjoint(of_v), v, 1);
        add_product(new, T::of(1.0), before.as_mut().as_ref(), MatRef::from_column_major_slice(&dots, number, 1), 1);
        // The row of the diagonal is up to date from now on.
        let of_v: Vec<T> = (0..=number).map(|k| pending.v.matrix()[(number, k)].conjugated()).collect();
        let mut change = vec![T::default(); columns];
        let of_f = pending.f.matrix().submatrix(first, 0, columns, number + 1);
        add_product(
            MatMut::from_column_major_slice_mut(&mut change, columns, 1),
            T::of(1.0),
            of_f,
            MatRef::from_column_major_slice(&of_v, number + 1, 1),
            1,
        );
        let mut matrix = self.matrix.matrix_mut();
        change.iter().enumerate().for_each(|(k, x)| matrix[(row, first + k)] -= x.conjugated());
        tau
    }

    /// Exchanges the first column that is not chosen with another one.
    fn swap(&mut self, local: usize, pending: &mut Pending<T>) {
        let (first, rows) = (self.chosen, self.matrix.matrix().nrows());
        if local == first {
            return;
        }
        let (left, right) = self.matrix.numbers_mut().split_at_mut(local * rows);
        left[first * rows..(first + 1) * rows].swap_with_slice(&mut right[..rows]);
        self.ids.swap(first, local);
        self.norms.swap(first, local);
        let mut f = pending.f.matrix_mut();
        for k in 0..pending.count {
            (f[(first, k)], f[(local, k)]) = (f[(local, k)], f[(first, k)]);
        }
    }

    /// Takes a row that is done out of the norms. Returns whether one is spoilt: its downdated square has lost half its
    /// digits.
    fn downdate(&mut self, row: usize) -> bool {
        let mut spoilt = false;
        let matrix = self.matrix.matrix();
        for column in self.chosen..self.ids.len() {
            let [norm, computed] = self.norms[column];
            if norm > 0.0 {
                let ratio = matrix[(row, column)].magnitude() / norm;
                let rest = (1.0 - ratio * ratio).max(0.0);
                if rest * (norm / computed).powi(2) <= T::EPSILON.sqrt() {
                    // To be computed when the column is up to date.
                    self.norms[column][1] = f64::NAN;
                    spoilt = true;
                } else {
                    self.norms[column][0] = norm * rest.sqrt();
                }
            }
        }
        spoilt
    }

    /// Subtracts what is pending from the columns that are left, and computes spoilt norms anew.
    fn update(&mut self, pending: &Pending<T>) {
        let (first, rows, done) = (self.chosen, self.matrix.matrix().nrows(), pending.start + pending.count);
        let columns = self.ids.len() - first;
        let left = self.matrix.matrix_mut().submatrix_mut(done, first, rows - done, columns);
        let v = pending.v.matrix().submatrix(pending.count, 0, rows - done, pending.count);
        let f = pending.f.matrix().submatrix(first, 0, columns, pending.count);
        add_product(left, T::of(-1.0), v, Block::adjoint(f), self.threads);
        for column in first..self.ids.len() {
            if self.norms[column][1].is_nan() {
                self.norms[column] = [norm(&self.matrix.numbers()[column * rows + done..(column + 1) * rows]); 2];
            }
        }
    }
}

/// The 2-norm, whatever the magnitudes.
fn norm<T: Scalar>(numbers: &[T]) -> f64 {
    let squares = |scale: f64| numbers.iter().map(|x| (x.magnitude() * scale).powi(2)).sum::<f64>();
    let square = squares(1.0);
    if (1e-280..1e300).contains(&square) {
        return square.sqrt();
    }
    let largest = numbers.iter().map(|x| x.magnitude()).fold(0.0, f64::max);
    if largest == 0.0 {
        return 0.0;
    }
    let exponent = largest.log2().floor().clamp(-1000.0, 1000.0);
    squares((-exponent).exp2()).sqrt() * exponent.exp2()
}
