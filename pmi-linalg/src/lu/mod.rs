//! The LU factorisation.

mod rows;
mod panel;
mod tournament;
mod factor;
mod solve;
mod condition;
mod refine;

pub use refine::{Narrow, Solution, SolveOptions, solve_with};
pub use solve::{det, inv, slogdet, solve};

use crate::error::{Kind, Result};
use crate::operand::{Matrix, Operand, promoted};
use crate::scalar::{Entry, Scalar};
use crate::tiles::{NotFinite, Seat, Tiles, Tuning, not_finite};
use ndarray::{Array2, Ix2, s};
use pmi::Task;
use pmi_array::{DistArray, Part, Shape};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Rows and columns of a tile, for a matrix of this shape: what was fastest of 96, 128, 192 and 256.
fn block([rows, columns]: [usize; 2]) -> usize {
    if rows.min(columns) < 3000 { 128 } else { 192 }
}

/// The LU factorisation `P A = L U` of a matrix, to be used again: see [`lu`].
#[derive(Clone)]
pub struct Lu<T: Scalar> {
    /// `L` below the diagonal, whose ones are left out, and `U`.
    factors: DistArray<T, Ix2>,
    tiles: Tiles,
    pivots: Vec<usize>,
    diagonal: Vec<T>,
    /// The 1-norm of the matrix.
    norm: f64,
}

/// The factorisation `P A = L U` of an `m x n` matrix, by Gaussian elimination with partial pivoting: `L` is `m x k` and unit lower
/// triangular, with no magnitude above 1 (complex: 1.42), `U` is `k x n` and upper triangular, `k` the lesser of `m` and `n`; `P`
/// is a [permutation](Lu::permutation) of the rows. A singular matrix has these factors, too; `U` then has a zero on its diagonal.
///
/// Pivots are the largest of their column over all tasks, by `|re| + |im|`, the uppermost of equals: they do not depend on the
/// tasks. Right-looking on tiles, as LAPACK's `getrf`, with the next panel under way while the last is applied:
/// `2 n^3 / 3` operations for a square matrix. On a grid of `p x q` tasks each gets `n^2 / (2 p) + n^2 / (2 q)` numbers in `2 n / block`
/// messages, and where `p > 1`, rows that change places, and a row of the panel for each column (Choi and others, *The design
/// and implementation of the ScaLAPACK LU, QR, and Cholesky factorization routines*, LAPACK Working Note 80, 1994). The matrix is
/// copied into tiles before.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::lu;
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_array(&ndarray::array![[1.0, 3.0], [2.0, 4.0]]);
/// let factors = lu(&a)?;
/// assert_eq!(factors.permutation(), [1, 0]);
/// assert_eq!(factors.l().gather().unwrap(), ndarray::array![[1.0, 0.0], [0.5, 1.0]]);
/// assert_eq!(factors.u().gather().unwrap(), ndarray::array![[2.0, 4.0], [0.0, 1.0]]);
/// let b = DistArray::from_array(&ndarray::array![7.0, 10.0]);
/// assert_eq!(factors.solve(&b)?.gather().unwrap(), ndarray::array![1.0, 2.0]);
/// assert_eq!(factors.det(), -2.0);
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where elements are infinite or not a number, or become so because they are too large.
///
/// # Panics
/// Where the calling thread does not control the matrix's world.
#[track_caller]
pub fn lu<T: Entry>(a: impl Operand<T>) -> Result<Lu<T::Scalar>> {
    lu_with(a, Tuning::default(), Pivoting::default())
}

/// How pivots are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Pivoting {
    /// Column by column, the largest of all: as LAPACK does.
    #[default]
    Partial,
    /// All of a panel at once, by a tournament between the tasks that share it: a message up and one down for a panel, not for
    /// a column, and factors that are as good in practice. Pivots then depend on the grid, and `L` may have elements above 1. On grids of
    /// one row there is nothing to save, and this is `Partial` (Grigori, Demmel and Xiang, *CALU: a communication optimal LU
    /// factorization algorithm*, SIAM J. Matrix Anal. Appl. 32, 2011).
    Tournament,
}

/// As [`lu`], with pivots, tiles and a grid of one's own choice.
///
/// # Errors
/// As [`lu`].
///
/// # Panics
/// As [`lu`], and where the grid has more tasks than the world.
#[track_caller]
pub fn lu_with<T: Entry>(a: impl Operand<T>, tuning: Tuning, pivoting: Pivoting) -> Result<Lu<T::Scalar>> {
    Lu::of("lu", &promoted(a), tuning, pivoting)
}

/// What the controller learns of a factorisation: pivots, diagonal, norm.
type Outcome<T> = Result<(Vec<usize>, Vec<T>, f64), Fault>;

/// Why there are no factors.
#[derive(Serialize, Deserialize)]
enum Fault {
    NotFinite(NotFinite),
    Overflow(usize),
}

impl<T: Scalar> Lu<T> {
    /// The factors for a function of this name.
    #[track_caller]
    fn of(what: &'static str, a: &Matrix<T>, tuning: Tuning, pivoting: Pivoting) -> Result<Self> {
        let tiles = tuning.tiles(a.shape(), a.array.layout().tasks(), block(a.shape()));
        Self::in_place(what, a.in_tiles(tiles), tiles, pivoting)
    }

    /// The factors in the place of a matrix in tiles.
    fn in_place(what: &'static str, factors: DistArray<T, Ix2>, tiles: Tiles, pivoting: Pivoting) -> Result<Self> {
        let factor = |task: &Task, (factors, tiles, pivoting): (DistArray<T, Ix2>, Tiles, Pivoting)| -> Outcome<T> {
            let Some(seat) = Seat::take(task, tiles) else { return Ok((Vec::new(), Vec::new(), 0.0)) };
            let mut matrix = factors.local_mut(task);
            let slab = matrix.as_slice_mut().expect("a slab has its elements in C order");
            let norm = condition::norm(&seat, slab);
            // A sum may be infinite though no element is.
            if let Some(found) = (!norm.is_finite()).then(|| not_finite(&seat, slab, None)).flatten() {
                return Err(Fault::NotFinite(found));
            }
            let pivots = factor::factor(seat, slab, pivoting).map_err(Fault::Overflow)?;
            // Columns beyond the last panel were updated, but never looked through for pivots.
            if tiles.shape[1] > tiles.shape[0]
                && let Some(found) = Seat::take(task, tiles).and_then(|seat| not_finite(&seat, slab, None))
            {
                return Err(Fault::Overflow(found.column));
            }
            Ok((pivots.rows, pivots.diagonal, norm))
        };
        let (pivots, diagonal, norm) =
            pmi::first(factor, (factors.clone(), tiles, pivoting))?.map_err(|fault| match fault {
                Fault::NotFinite(NotFinite { count, row, column }) => Kind::NotFinite { what, count, row, column },
                Fault::Overflow(column) => Kind::Overflow { what, column },
            })?;
        Ok(Self { factors, tiles, pivots, diagonal, norm })
    }

    /// The rows that changed places: row `i` with row `pivots()[i]`, one after the other, as LAPACK has them, but from 0 on.
    pub fn pivots(&self) -> &[usize] {
        &self.pivots
    }

    /// Which row of the matrix is each row of `L U`: NumPy's `a[permutation]`.
    pub fn permutation(&self) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.tiles.shape[0]).collect();
        self.pivots.iter().enumerate().for_each(|(row, pivot)| rows.swap(row, *pivot));
        rows
    }

    /// The factor `L`, `m x k`, in the layout it was computed in.
    #[track_caller]
    pub fn l(&self) -> DistArray<T, Ix2> {
        let [m, n] = self.tiles.shape;
        self.half([m, m.min(n)], true)
    }

    /// The factor `U`, `k x n`, in the layout it was computed in.
    #[track_caller]
    pub fn u(&self) -> DistArray<T, Ix2> {
        let [m, n] = self.tiles.shape;
        self.half([m.min(n), n], false)
    }

    /// One of the factors: its triangle of the first rows and columns.
    #[track_caller]
    fn half(&self, shape: [usize; 2], lower: bool) -> DistArray<T, Ix2> {
        let of_task = |task: &Task, part: &Part, (factors, tiles, lower): (DistArray<T, Ix2>, Tiles, bool)| {
            let (rows, columns) = (part.shape()[0], part.shape()[1]);
            let Some(seat) = Seat::take(task, tiles) else { return Array2::default((rows, columns)) };
            let mut half = factors.local(task).slice(s![..rows, ..columns]).to_owned();
            for ((row, column), x) in half.indexed_iter_mut() {
                let (row, column) = (tiles.row_at(row, seat.place[0]), tiles.column_at(column, seat.place[1]));
                match (lower, row.cmp(&column)) {
                    (true, Ordering::Equal) => *x = T::of(1.0),
                    (true, Ordering::Less) | (false, Ordering::Greater) => *x = T::default(),
                    _ => {}
                }
            }
            half
        };
        let shape = (shape[0], shape[1]).distributed(Tiles { shape, ..self.tiles }.distribution());
        DistArray::from_local(shape, of_task, (self.factors.clone(), self.tiles, lower))
    }

    /// The number, from 1, of the first pivot that nothing can be divided by.
    fn zero_pivot(&self) -> Option<usize> {
        self.diagonal.iter().position(|x| x.is_no_divisor()).map(|place| place + 1)
    }
}

#[cfg(test)]
mod tests;
