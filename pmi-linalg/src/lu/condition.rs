//! How far a matrix is from a singular one.

use super::Lu;
use crate::error::Result;
use crate::scalar::Scalar;
use crate::tiles::Seat;
use crate::triangular::Reading;
use ndarray::Ix2;
use pmi_array::DistArray;
use rayon::prelude::*;

/// Fewer columns are not worth a thread's waking up.
const WIDTH: usize = 512;

/// The 1-norm of a matrix in tiles, on all tasks of the grid: the largest sum of a column's magnitudes. Infinite or not a
/// number, if an element is.
pub(super) fn norm<T: Scalar>(seat: &Seat, slab: &[T]) -> f64 {
    let columns = seat.shape()[1];
    let mut sums = vec![0.0; columns];
    let real = T::IS_REAL;
    // Threads take columns, so no sum depends on them.
    let width = columns.div_ceil(seat.threads).max(WIDTH);
    sums.par_chunks_mut(width).enumerate().for_each(|(part, sums)| {
        for row in slab.chunks_exact(columns) {
            let numbers = sums.iter_mut().zip(&row[part * width..]);
            if real {
                numbers.for_each(|(sum, x)| *sum += x.taxicab());
            } else {
                numbers.for_each(|(sum, x)| *sum += x.magnitude());
            }
        }
    });
    let sums = seat.column.all_reduce(sums, |sums, others| sums.iter_mut().zip(others).for_each(|(x, y)| *x += y));
    let largest = sums.into_iter().fold(0.0, greater);
    seat.row.all_reduce(vec![largest], |x, y| x[0] = greater(x[0], y[0]))[0]
}

/// The greater of two numbers, or what is no number.
pub(super) fn greater(x: f64, y: f64) -> f64 {
    if x.is_nan() || x > y { x } else { y }
}

impl<T: Scalar> Lu<T> {
    /// An estimate of the reciprocal of the condition number in the 1-norm, `1 / (|A| |A^-1|)`: of a matrix near to a singular
    /// one it is small, of a singular one 0, and of one whose norm is infinite. Rarely more than three times too large.
    ///
    /// Some solutions, at most eleven (Higham, *FORTRAN codes for estimating the one-norm of a real or complex matrix*, ACM
    /// Trans. Math. Software 14, 1988: LAPACK's `gecon`).
    ///
    /// # Errors
    /// Where a task fails.
    ///
    /// # Panics
    /// Where the matrix is not square.
    #[track_caller]
    pub fn rcond(&self) -> Result<f64> {
        let [n, _] = self.tiles.shape;
        self.check_square("rcond");
        if n == 0 {
            return Ok(1.0);
        }
        if self.zero_pivot().is_some() || !self.norm.is_finite() {
            return Ok(0.0);
        }
        let inverse = self.norm_of_inverse(n)?;
        let reciprocal = 1.0 / inverse / self.norm;
        Ok(if reciprocal.is_finite() { reciprocal.min(1.0) } else { 0.0 })
    }

    fn norm_of_inverse(&self, n: usize) -> Result<f64> {
        const TURNS: usize = 5;
        let vector = |numbers: Vec<T>| -> DistArray<T, Ix2> {
            let numbers = ndarray::Array2::from_shape_vec((n, 1), numbers).expect("a vector has n numbers");
            DistArray::from_array(&numbers)
        };
        let solved = |numbers: Vec<T>, reading| -> Result<Vec<T>> {
            Ok(self.solve_as("rcond", &vector(numbers), reading)?.to_vec()?)
        };
        let size = |numbers: &[T]| numbers.iter().map(|x| x.magnitude()).sum::<f64>();
        let mut x = vec![T::of(1.0 / n as f64); n];
        let mut estimate: f64 = 0.0;
        let mut last = None;
        for _ in 0..TURNS {
            let y = solved(x, Reading::Plain)?;
            let found = size(&y);
            if found.is_nan() || found <= estimate {
                break;
            }
            estimate = found;
            let signs =
                y.into_iter().map(|y| if y == T::default() { T::of(1.0) } else { y.divided_by(T::of(y.magnitude())) });
            let z = solved(signs.collect(), Reading::Adjoint)?;
            let place = (0..n).max_by(|i, j| z[*i].magnitude().total_cmp(&z[*j].magnitude())).unwrap_or(0);
            if last == Some(place) {
                break;
            }
            last = Some(place);
            x = vec![T::default(); n];
            x[place] = T::of(1.0);
        }
        let alternating =
            |i: usize| (1.0 + i as f64 / (n.max(2) - 1) as f64) * if i.is_multiple_of(2) { 1.0 } else { -1.0 };
        let y = solved((0..n).map(|i| T::of(alternating(i))).collect(), Reading::Plain)?;
        Ok(estimate.max(2.0 * size(&y) / (3.0 * n as f64)))
    }
}
