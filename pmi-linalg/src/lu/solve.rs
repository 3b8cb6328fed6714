//! What the factors are for.

use super::rows::Rows;
use super::{Lu, Pivoting};
use crate::error::{Kind, Result};
use crate::local::Triangle;
use crate::operand::{Operand, promoted};
use crate::scalar::{Entry, Scalar, product};
use crate::tiles::{Seat, Sides, Tiles, Tuning, give_sides};
use crate::triangular::{Reading, Triangular, solve_in_tiles, square};
use ndarray::Ix2;
use pmi::Task;
use pmi_array::{DistArray, Shape};

/// Solves `A x = b` with a square matrix, by its [LU factorisation](crate::lu()). `b` is a vector or has a right-hand side in each
/// column; the solution has its shape and layout.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::solve;
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_array(&ndarray::array![[1f64, 2.0], [3.0, 4.0]]);
/// let b = DistArray::from_array(&ndarray::array![5.0, 11.0]);
/// let x = solve(&a, &b)?.gather().unwrap();
/// assert!((x[0] - 1.0f64).abs() < 1e-14 && (x[1] - 2.0f64).abs() < 1e-14);
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where the matrix is singular, naming the pivot that is zero, or elements of it are infinite or not a number.
///
/// # Panics
/// Where the matrix is not square, or has not as many rows as `b`.
#[track_caller]
pub fn solve<T: Entry, E: Entry<Scalar = T::Scalar>, D: Sides>(
    a: impl Operand<T>,
    b: &DistArray<E, D>,
) -> Result<DistArray<T::Scalar, D>> {
    let a = promoted(a);
    square("solve", &a, b.shape()[0]);
    Lu::of("solve", &a, Tuning::default(), Pivoting::Partial)?.solve_as("solve", b, Reading::Plain)
}

/// The inverse of a square matrix, in the layout that its [factors](crate::lu()) are computed in.
///
/// # Errors
/// As [`solve`].
///
/// # Panics
/// Where the matrix is not square.
#[track_caller]
pub fn inv<T: Entry>(a: impl Operand<T>) -> Result<DistArray<T::Scalar, Ix2>> {
    let a = factored("inv", a)?;
    a.inverse("inv")
}

/// The determinant of a square matrix, by its [LU factorisation](crate::lu()); infinite or 0 where it leaves the range of the type:
/// then [`slogdet`] tells more. That of a 0 x 0 matrix is 1.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::det;
/// # pmi::with_tasks(2, || {
/// assert_eq!(det(&DistArray::from_array(&ndarray::array![[1f64, 2.0], [4.0, 3.0]]))?, -5.0);
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where elements are infinite or not a number. A singular matrix has determinant 0.
///
/// # Panics
/// Where the matrix is not square.
#[track_caller]
pub fn det<T: Entry>(a: impl Operand<T>) -> Result<T::Scalar> {
    Ok(factored("det", a)?.det())
}

/// The sign of a determinant (complex: the number of magnitude 1) and the natural logarithm of its magnitude, so that
/// `det = sign exp(logarithm)`: of a singular matrix 0 and minus infinity.
///
/// # Errors
/// As [`det`].
///
/// # Panics
/// Where the matrix is not square.
#[track_caller]
pub fn slogdet<T: Entry>(a: impl Operand<T>) -> Result<(T::Scalar, f64)> {
    Ok(factored("slogdet", a)?.slogdet())
}

/// The factors of a matrix that must be square.
#[track_caller]
fn factored<T: Entry>(what: &'static str, a: impl Operand<T>) -> Result<Lu<T::Scalar>> {
    let a = promoted(a);
    square(what, &a, a.shape()[0]);
    Lu::of(what, &a, Tuning::default(), Pivoting::Partial)
}

impl<T: Scalar> Lu<T> {
    /// The `x` with `A x = b`: a vector, or a solution for each column of `b`; it has `b`'s layout.
    ///
    /// `2 n^2` operations a side, and twice the communication of [`solve_triangular`](crate::solve_triangular).
    ///
    /// # Errors
    /// Where the matrix is singular, naming the pivot that is zero.
    ///
    /// # Panics
    /// Where the matrix is not square, or has not as many rows as `b`.
    #[track_caller]
    pub fn solve<E: Entry<Scalar = T>, D: Sides>(&self, b: &DistArray<E, D>) -> Result<DistArray<T, D>> {
        self.solve_as("Lu::solve", b, Reading::Plain)
    }

    /// The `x` with `A^T x = b`, as [`solve`](Lu::solve).
    ///
    /// # Errors
    /// As [`solve`](Lu::solve).
    ///
    /// # Panics
    /// As [`solve`](Lu::solve).
    #[track_caller]
    pub fn solve_transposed<E: Entry<Scalar = T>, D: Sides>(&self, b: &DistArray<E, D>) -> Result<DistArray<T, D>> {
        self.solve_as("Lu::solve_transposed", b, Reading::Transposed)
    }

    /// The `x` with `A^H x = b`, as [`solve`](Lu::solve).
    ///
    /// # Errors
    /// As [`solve`](Lu::solve).
    ///
    /// # Panics
    /// As [`solve`](Lu::solve).
    #[track_caller]
    pub fn solve_adjoint<E: Entry<Scalar = T>, D: Sides>(&self, b: &DistArray<E, D>) -> Result<DistArray<T, D>> {
        self.solve_as("Lu::solve_adjoint", b, Reading::Adjoint)
    }

    /// The inverse of the matrix, in the layout of the factors: the solution for the columns of the identity.
    ///
    /// # Errors
    /// As [`solve`](Lu::solve).
    ///
    /// # Panics
    /// Where the matrix is not square.
    #[track_caller]
    pub fn inv(&self) -> Result<DistArray<T, Ix2>> {
        self.inverse("Lu::inv")
    }

    #[track_caller]
    fn inverse(&self, what: &'static str) -> Result<DistArray<T, Ix2>> {
        let [n, _] = self.tiles.shape;
        self.solve_as(what, &DistArray::<T, Ix2>::eye((n, n).distributed(self.factors.layout()), 0), Reading::Plain)
    }

    #[track_caller]
    pub(super) fn solve_as<E: Entry<Scalar = T>, D: Sides>(
        &self,
        what: &'static str,
        b: &DistArray<E, D>,
        reading: Reading,
    ) -> Result<DistArray<T, D>> {
        square(what, &(&self.factors).into(), b.shape()[0]);
        if let Some(minor) = self.zero_pivot() {
            return Err(Kind::Singular { what, minor }.into());
        }
        let sides = self.tiles.take_sides(b);
        self.solve_sides(&sides, reading)?;
        Ok(give_sides(&sides, b.layout()))
    }

    /// Solves in the place of sides that are laid out for the factors, which have no zeros on the diagonal.
    pub(super) fn solve_sides(&self, sides: &DistArray<T, Ix2>, reading: Reading) -> Result<()> {
        let solve = |task: &Task, (factors, sides, (tiles, pivots, reading)): Call<T>| {
            let Some(seat) = Seat::take(task, tiles) else { return };
            let (factors, mut numbers) = (factors.local(task), sides.local_mut(task));
            let (count, stride) = (sides.shape()[1], numbers.ncols());
            let slab = factors.as_slice().expect("a slab has its elements in C order");
            let b = numbers.as_slice_mut().expect("a slab has its elements in C order");
            let exchange =
                |b: &mut [T], undo| Rows { slab: b, stride, columns: 0..stride }.exchange(&seat, 0, &pivots, undo);
            let solve = |b: &mut [T], half| solve_in_tiles(&seat, Triangular { slab, half, reading }, b, count);
            if reading == Reading::Plain {
                // P A = L U.
                exchange(b, false);
                solve(b, Triangle::UnitLower);
                solve(b, Triangle::Upper);
            } else {
                solve(b, Triangle::Upper);
                solve(b, Triangle::UnitLower);
                exchange(b, true);
            }
        };
        let pivots = self.pivots.clone();
        Ok(pmi::first(solve, (self.factors.clone(), sides.clone(), (self.tiles, pivots, reading)))?)
    }

    /// The determinant; infinite or 0 where it leaves the range of the type. Nothing is sent.
    ///
    /// # Panics
    /// Where the matrix is not square.
    #[track_caller]
    pub fn det(&self) -> T {
        self.check_square("det");
        product(self.diagonal.iter().copied()).scaled(self.parity())
    }

    /// The sign of the determinant and the logarithm of its magnitude: see [`slogdet`]. Nothing is sent.
    ///
    /// # Panics
    /// Where the matrix is not square.
    #[track_caller]
    pub fn slogdet(&self) -> (T, f64) {
        self.check_square("slogdet");
        if self.diagonal.contains(&T::default()) {
            return (T::default(), f64::NEG_INFINITY);
        }
        let unit = |x: T| x.scaled(0.5).divided_by(T::of(0.5 * x.magnitude()));
        let sign = self.diagonal.iter().fold(T::of(self.parity()), |sign, x| sign * unit(*x));
        (sign, self.diagonal.iter().map(|x| x.magnitude().ln()).sum())
    }

    /// The sign of the permutation.
    fn parity(&self) -> f64 {
        let exchanges = self.pivots.iter().enumerate().filter(|(row, pivot)| row != *pivot).count();
        if exchanges.is_multiple_of(2) { 1.0 } else { -1.0 }
    }

    #[track_caller]
    pub(super) fn check_square(&self, what: &str) {
        let [rows, columns] = self.tiles.shape;
        assert!(rows == columns, "{what}: the matrix is {rows} x {columns}: it must be square");
    }
}

/// Factors and sides, and how the factors lie and are read.
type Call<T> = (DistArray<T, Ix2>, DistArray<T, Ix2>, (Tiles, Vec<usize>, Reading));
