//! The Cholesky factorisation.

mod factor;

use crate::error::{Kind, Result};
use crate::local::Triangle;
use crate::operand::{Matrix, Operand, promoted};
use crate::scalar::{Entry, Scalar, product};
use crate::tiles::{NotFinite, Seat, Sides, Tiles, Tuning, diagonal, not_finite};
use crate::triangular::{Reading, solve_with, square};
use ndarray::Ix2;
use pmi::Task;
use pmi_array::{DistArray, Shape};
use serde::{Deserialize, Serialize};

/// Rows and columns of a tile.
const BLOCK: usize = 128;

/// The Cholesky factorisation of a positive definite matrix, to be used again: see [`cholesky`].
#[derive(Clone)]
pub struct Cholesky<T: Scalar> {
    l: DistArray<T, Ix2>,
    tiles: Tiles,
}

/// The Cholesky factorisation `A = L L^H` of a Hermitian (real: symmetric) positive definite matrix, `L` lower triangular. Only the
/// lower triangle of `a` is read.
///
/// Right-looking on tiles, as LAPACK's `potrf`, with the next panel under way while the last is applied: `n^3 / 3` operations.
/// On a grid of `p x q` tasks each gets `n^2 / (2 p) + n^2 / (2 q)` numbers in `(p + 1) n / block` messages (Choi
/// and others, *The design and implementation of the ScaLAPACK LU, QR, and Cholesky factorization routines*, LAPACK Working Note
/// 80, 1994). The matrix is copied into tiles before.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::cholesky;
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_array(&ndarray::array![[4.0, 2.0], [2.0, 5.0]]);
/// let factor = cholesky(&a)?;
/// assert_eq!(factor.l().gather().unwrap(), ndarray::array![[2.0, 0.0], [1.0, 2.0]]);
/// let b = DistArray::from_array(&ndarray::array![8.0, 12.0]);
/// assert_eq!(factor.solve(&b)?.gather().unwrap(), ndarray::array![1.0, 2.0]);
/// assert_eq!(factor.det()?, 16.0);
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where the matrix is not positive definite, naming the first leading minor that is not positive, or elements of its lower
/// triangle are infinite or not a number.
///
/// # Panics
/// Where the matrix is not square, or the calling thread does not control its world.
#[track_caller]
pub fn cholesky<T: Entry>(a: impl Operand<T>) -> Result<Cholesky<T::Scalar>> {
    cholesky_with(a, Tuning::default())
}

/// As [`cholesky`], on tiles and a grid of one's own choice.
///
/// # Errors
/// As [`cholesky`].
///
/// # Panics
/// As [`cholesky`], and where the grid has more tasks than the world.
#[track_caller]
pub fn cholesky_with<T: Entry>(a: impl Operand<T>, tuning: Tuning) -> Result<Cholesky<T::Scalar>> {
    factored(promoted(a), tuning)
}

#[track_caller]
fn factored<T: Scalar>(a: Matrix<T>, tuning: Tuning) -> Result<Cholesky<T>> {
    let n = square("cholesky", &a, a.shape()[0]);
    let tiles = tuning.tiles([n, n], a.array.layout().tasks(), BLOCK);
    let l = a.in_tiles(tiles);
    let factor = |task: &Task, (l, tiles): (DistArray<T, Ix2>, Tiles)| {
        let Some(seat) = Seat::take(task, tiles) else { return Ok(()) };
        let mut matrix = l.local_mut(task);
        let slab = matrix.as_slice_mut().expect("a slab has its elements in C order");
        if let Some(found) = not_finite(&seat, slab, Some(Triangle::Lower)) {
            return Err(Fault::NotFinite(found));
        }
        factor::factor(seat, slab).map_err(Fault::Minor)
    };
    let what = "cholesky";
    pmi::first(factor, (l.clone(), tiles))?.map_err(|fault| match fault {
        Fault::Minor(minor) => Kind::Indefinite { minor },
        Fault::NotFinite(NotFinite { count, row, column }) => Kind::NotFinite { what, count, row, column },
    })?;
    Ok(Cholesky { l, tiles })
}

/// Why a matrix has no factor.
#[derive(Serialize, Deserialize)]
enum Fault {
    Minor(usize),
    NotFinite(NotFinite),
}

impl<T: Scalar> Cholesky<T> {
    /// The factor `L`, lower triangular with a positive diagonal, in the layout it was computed in: a copy.
    #[track_caller]
    pub fn l(&self) -> DistArray<T, Ix2> {
        self.l.redistribute(self.l.layout())
    }

    /// The `x` with `A x = b`: a vector, or a solution for each column of `b`; it has `b`'s layout.
    ///
    /// `2 n^2` operations a side, and twice the communication of [`solve_triangular`](crate::solve_triangular).
    ///
    /// # Errors
    /// Where a task fails.
    ///
    /// # Panics
    /// Where `b` has not as many rows as the matrix.
    #[track_caller]
    pub fn solve<E: Entry<Scalar = T>, D: Sides>(&self, b: &DistArray<E, D>) -> Result<DistArray<T, D>> {
        square("Cholesky::solve", &(&self.l).into(), b.shape()[0]);
        let factors = [Reading::Plain, Reading::Adjoint].map(|reading| (self.l.clone(), Triangle::Lower, reading));
        solve_with(&factors, self.tiles, b)
    }

    /// The inverse of the matrix, in the layout of the factor: the solution for the columns of the identity.
    ///
    /// # Errors
    /// As [`solve`](Cholesky::solve).
    #[track_caller]
    pub fn inv(&self) -> Result<DistArray<T, Ix2>> {
        let [n, _] = self.tiles.shape;
        self.solve(&DistArray::<T, Ix2>::eye((n, n).distributed(self.l.layout()), 0))
    }

    /// The natural logarithm of the determinant, which is positive: it does not overflow.
    ///
    /// # Errors
    /// As [`solve`](Cholesky::solve).
    pub fn ln_det(&self) -> Result<f64> {
        Ok(diagonal(&self.l, self.tiles)?.into_iter().map(|x| 2.0 * x.magnitude().ln()).sum())
    }

    /// The determinant; infinite or 0 where it leaves the range of `f64`.
    ///
    /// # Errors
    /// As [`solve`](Cholesky::solve).
    pub fn det(&self) -> Result<f64> {
        Ok(product(diagonal(&self.l, self.tiles)?.into_iter().flat_map(|x| [x.magnitude(); 2])))
    }
}

#[cfg(test)]
mod tests;
