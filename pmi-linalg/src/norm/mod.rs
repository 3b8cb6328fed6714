//! Norms of matrices, and condition numbers.

mod spectral;

use crate::error::Result;
use crate::local::Triangle;
use crate::operand::{Matrix, Operand, Transpose, promoted};
use crate::product::matmul;
use crate::qr::qr;
use crate::scalar::{Entry, Scalar};
use crate::tiles::{Sides, take_sides};
use crate::triangular::solve_triangular;
use ndarray::Ix2;
use pmi::Task;
use pmi_array::{Axis, DistArray, Expression, Products, Reduce};

/// Norms of matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// The largest sum of the magnitudes in a column: what the 1-norm of a vector can grow by.
    One,
    /// The largest sum of the magnitudes in a row: what the largest element of a vector can grow by.
    Inf,
    /// The root of the sum of the squared magnitudes, after Frobenius.
    Fro,
    /// The largest magnitude of an element.
    Max,
    /// The largest singular value: what the 2-norm of a vector can grow by.
    Two,
}

/// A norm of a matrix, also [transposed or conjugated](crate::Transpose); 0 of one without elements, and not a number
/// where an element is none.
///
/// `One`, `Inf`, `Fro` and `Max` read the matrix once where it is; their sums are [reproducible](pmi_array::Reduce).
/// `Two` is found by iteration (Golub and Kahan, *Calculating the singular values and pseudo-inverse of a matrix*,
/// 1965), with vectors kept orthogonal and a fixed first one: until the estimate, which only grows, has grown by less
/// than `1e-12` of itself in eight steps, or 500 steps are done. It is then the norm to ten digits or more; a few more
/// steps than columns, or rows, give it to all. Each step reads the matrix twice (`4 m n` operations), and the tasks
/// sum up a vector as long as its shorter side. Matrices that are not in blocks along the longer side are copied into
/// these before.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::{Norm, norm};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_array(&ndarray::array![[3.0, 0.0], [4.0, 0.0]]);
/// for (kind, expected) in [(Norm::One, 7.0), (Norm::Inf, 4.0), (Norm::Fro, 5.0), (Norm::Max, 4.0), (Norm::Two, 5.0)] {
///     assert!((norm(&a, kind)? - expected).abs() < 1e-14);
/// }
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where a task fails.
///
/// # Panics
/// Where the calling thread does not control the matrix's world.
#[track_caller]
pub fn norm<T: Entry>(a: impl Operand<T>, kind: Norm) -> Result<f64> {
    let a = promoted(a);
    if a.array.is_empty() {
        return Ok(0.0);
    }
    let sizes = a.array.map(|x| x.magnitude());
    // Sums go along an axis of the array, which may be read turned round.
    let sums_along = |axis: usize| sizes.over(if a.transposed { 1 - axis } else { axis }).sum().max();
    Ok(match kind {
        Norm::One => sums_along(0),
        Norm::Inf => sums_along(1),
        Norm::Max => sizes.max(),
        Norm::Fro => {
            let norm = sizes.norm();
            if (1e-140..1e150).contains(&norm) { norm } else { scaled_norm(&a.array) }
        }
        Norm::Two => {
            let largest = sizes.max();
            if largest == 0.0 || !largest.is_finite() {
                return Ok(largest);
            }
            let [rows, columns] = a.shape();
            let tall = if rows < columns { a.h() } else { a };
            let find = |task: &Task, (a, largest): (Matrix<T::Scalar>, f64)| {
                spectral::largest_singular_value(task, &a, largest)
            };
            pmi::first(find, (tall, largest))?
        }
    })
}

/// The Frobenius norm where squares leave the range of numbers.
fn scaled_norm<T: Scalar>(a: &DistArray<T, Ix2>) -> f64 {
    let largest = a.map(|x| x.magnitude()).max();
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * a.map_with(largest, |largest, x: T| x.magnitude() / largest).norm()
}

/// The condition number of a matrix: its norm times that of its inverse. Infinite where it is singular.
///
/// With `Norm::Two` the matrix may have more rows than columns: the ratio of its largest to its smallest singular
/// value. From a [`qr`] factorisation, `A^-1 = R^-1 Q^H`: some `3 n^3` operations with `Norm::Two`, `7 n^3` with the
/// others.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::{Norm, cond};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_array(&ndarray::array![[4.0, 0.0], [0.0, 0.5]]);
/// assert!((cond(&a, Norm::Two)? - 8.0).abs() < 1e-13);
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where elements are infinite or not a number, saying how many and where the first is.
///
/// # Panics
/// Where the matrix is not square, and not taller than wide with `Norm::Two`, or the calling thread does not control
/// its world.
#[track_caller]
pub fn cond<T: Entry>(a: impl Operand<T>, kind: Norm) -> Result<f64> {
    let a = promoted(a);
    let [rows, columns] = a.shape();
    assert!(
        rows == columns || (kind == Norm::Two && rows > columns),
        "cond: the matrix is {rows} x {columns}: it must be square, or with Norm::Two taller (transpose it)"
    );
    if columns == 0 {
        return Ok(0.0);
    }
    let factor = qr(&a)?;
    let unit = DistArray::<T::Scalar, Ix2>::eye((columns, columns), 0);
    let inverse = match solve_triangular(&factor.r()?, Triangle::Upper, &unit) {
        Err(error) if error.is_singular() => return Ok(f64::INFINITY),
        inverse => inverse?,
    };
    let of_inverse = match kind {
        Norm::Two => norm(&inverse, kind)?,
        _ => norm(&matmul(&inverse, factor.q()?.h()), kind)?,
    };
    // What overflows in the inverse is a singular matrix in all but name.
    Ok(if of_inverse.is_finite() { norm(&a, kind)? * of_inverse } else { f64::INFINITY })
}

/// How good a solution is: the largest, over the columns, of `|b - A x| / (|A| |x| + |b|)` in 1-norms, the smallest relative change of
/// `A` and `b` that makes `x` an exact solution (Rigal and Gaches, *On the compatibility of a given solution with the data of
/// a linear system*, J. ACM 14, 1967). A backward stable solver leaves some `eps`, whatever the matrix; for the solution of a
/// least squares problem it says how far `b` is from the matrix's range.
///
/// A product with the matrix.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::{backward_error, cholesky};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_array(&ndarray::array![[4.0, 2.0], [2.0, 5.0]]);
/// let b = DistArray::from_array(&ndarray::array![1.0, 1.0]);
/// let x = cholesky(&a)?.solve(&b)?;
/// assert!(backward_error(&a, &x, &b)? < 1e-15);
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where a task fails.
///
/// # Panics
/// Where the shapes do not fit, or the calling thread does not control their world.
#[track_caller]
pub fn backward_error<T: Entry, E: Entry<Scalar = T::Scalar>, D: Sides>(
    a: impl Operand<T>,
    x: &DistArray<T::Scalar, D>,
    b: &DistArray<E, D>,
) -> Result<f64> {
    let a = promoted(a);
    let [rows, columns] = a.shape();
    let (of_x, of_b) = (x.shape(), b.shape());
    assert!(
        of_x[0] == columns && of_b[0] == rows && of_x[1..] == of_b[1..],
        "backward_error: a {rows} x {columns} matrix, a solution of shape {of_x:?} and a right-hand side of shape {of_b:?} do \
         not fit"
    );
    let (x, b) = (take_sides(x, [Axis::Block, Axis::Whole].into()), take_sides(b, [Axis::Block, Axis::Whole].into()));
    if rows == 0 || b.shape()[1] == 0 {
        return Ok(0.0);
    }
    let residual = (&b - &matmul(&a, &x)).eval();
    let sums = |of: &DistArray<T::Scalar, Ix2>| of.map(|x| x.magnitude()).over(0).sum().to_vec();
    let (residual, x, b) = (sums(&residual)?, sums(&x)?, sums(&b)?);
    let of_a = norm(&a, Norm::One)?;
    let errors = residual.iter().zip(&x).zip(&b).map(|((r, x), b)| if *r == 0.0 { 0.0 } else { r / (of_a * x + b) });
    Ok(errors.fold(0.0, |worst, error| if error > worst || error.is_nan() { error } else { worst }))
}

#[cfg(test)]
mod tests;
