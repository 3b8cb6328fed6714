//! The factorisation with column pivoting as an object.

use super::columns::factor_pivoted;
use super::decomposition::{Form, Qr, Steps, Tiled, Triangles};
use super::tall::Tall;
use crate::error::Result;
use crate::operand::{Matrix, Operand, promoted};
use crate::scalar::{Entry, Scalar};
use crate::tiles::{Seat, Tiles, Tuning, diagonal, not_finite};
use ndarray::Ix2;
use pmi::Task;
use pmi_array::DistArray;

/// Columns of a tile.
const TILE: usize = 64;

/// The QR factorisation with column pivoting, `A P = Q R`, of any `m x n` matrix: each column is the one with the
/// largest part orthogonal to those before, so the magnitudes on the diagonal of `R` do not increase, and drop where
/// the numerical [rank](Qr::rank) ends. `P` is [`Qr::permutation`].
///
/// Norms of what is left of the columns are downdated, and computed anew where cancellation has spoilt them (Drmač and
/// Bujanović, *On the failure of rank-revealing QR factorization software*, LAPACK Working Note 176, 2006); half of the
/// `4 n^2 (m - n / 3)` operations are products of blocks (Quintana-Ortí, Sun and Bischof, *A BLAS-3 version of the QR
/// factorization with column pivoting*, 1998: LAPACK's `geqp3`), the others read the memory once for each column. Each
/// task has whole columns; in each step the tasks agree on a column, and its owner sends `m` numbers to the others. Of
/// a matrix that is tall (see [`qr`](crate::qr)), only the triangle `R` is factored so.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::qr_pivoted;
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_array(&ndarray::array![[1.0, 6.0, 2.0], [2.0, 3.0, 4.0], [2.0, 2.0, 4.0]]);
/// let f = qr_pivoted(&a)?;
/// assert_eq!((f.permutation()[0], f.rank(1e-10)?), (1, 2));
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where elements are infinite or not a number, saying how many and where the first is.
///
/// # Panics
/// Where the calling thread does not control the matrix's world.
#[track_caller]
pub fn qr_pivoted<T: Entry>(a: impl Operand<T>) -> Result<Qr<T::Scalar>> {
    factor_with_pivoting("qr_pivoted", &promoted(a))
}

#[track_caller]
pub(super) fn factor_with_pivoting<T: Scalar>(what: &'static str, a: &Matrix<T>) -> Result<Qr<T>> {
    let (shape, tasks) = (a.shape(), a.array.layout().tasks());
    if Tall::<T>::suits(shape, tasks) {
        let (tall, permutation) = Tall::factor(what, a, true)?;
        return Ok(Qr { shape, form: Form::Tall(tall), permutation });
    }
    let block = TILE.min(shape[1].div_ceil(tasks)).max(1);
    let tiles = Tuning::default().grid_or(1, tasks).tiles(shape, tasks, block);
    let matrix = a.in_tiles(tiles);
    let factor = |task: &Task, (matrix, tiles): (DistArray<T, Ix2>, Tiles)| -> Triangles<T> {
        let Some(seat) = Seat::take(task, tiles) else { return Ok(Steps::default()) };
        let mut matrix = matrix.local_mut(task);
        let slab = matrix.as_slice_mut().expect("a slab has its elements in C order");
        not_finite(&seat, slab, None).map_or(Ok(()), Err)?;
        let (triangles, places) = factor_pivoted(&seat, slab);
        Ok(Steps { triangles, places })
    };
    let triangles = pmi::create(factor, (matrix.clone(), tiles))?;
    let tiled = Tiled { matrix, triangles, tiles };
    tiled.check(what)?;
    let places = |task: &Task, tiled: Tiled<T>| tiled.places(task);
    let permutation = pmi::first(places, tiled.clone())?;
    Ok(Qr { shape, form: Form::Tiled(tiled), permutation: Some(permutation) })
}

impl<T: Scalar> Qr<T> {
    /// How many elements of `R`'s diagonal are larger than `tolerance` times the first, in magnitude: the numerical
    /// rank.
    ///
    /// # Errors
    /// Where a task fails.
    ///
    /// # Panics
    /// Where the columns were not pivoted.
    #[track_caller]
    pub fn rank(&self, tolerance: f64) -> Result<usize> {
        assert!(self.permutation.is_some(), "Qr::rank: the columns must be pivoted for it: use qr_pivoted");
        let sizes: Vec<f64> = self.diagonal()?.into_iter().map(Scalar::magnitude).collect();
        Ok(sizes.iter().take_while(|x| **x > tolerance * sizes[0]).count())
    }

    /// The diagonal of `R`.
    pub(super) fn diagonal(&self) -> Result<Vec<T>> {
        match &self.form {
            Form::Tiled(tiled) => diagonal(&tiled.matrix, tiled.tiles),
            Form::Tall(tall) => tall.diagonal(),
        }
    }
}
