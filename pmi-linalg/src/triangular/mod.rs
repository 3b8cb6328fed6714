//! Triangular systems.

mod solve;
mod few;

pub(crate) use solve::{Reading, Triangular};

use crate::error::{Kind, Result};
pub use crate::local::Triangle;
use crate::operand::{Matrix, Operand, promoted};
use crate::scalar::{Entry, Scalar};
use crate::tiles::{NotFinite, Seat, Sides, Tiles, Tuning, give_sides, no_divisor, not_finite};
use ndarray::Ix2;
use pmi::Task;
use pmi_array::DistArray;

/// Rows and columns of a tile where a triangular matrix is put into tiles.
pub(crate) const BLOCK: usize = 128;

/// Solves `A x = b` with a triangular `n x n` matrix: one half of `a`, also [transposed or conjugated](crate::Transpose), whose
/// other half is not looked at. `b` is a vector or has a right-hand side in each column; the solution has its shape and layout.
///
/// Substitution, a block of rows at a time (Golub and Van Loan, *Matrix Computations*, 4th edition, 3.1.4): `n^2` operations
/// for each side. The matrix is copied into tiles on a grid of `p x q` tasks; each then gets `n^2 / (2 p)` numbers of the
/// matrix; up to 32 right-hand sides travel instead.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::{Triangle, solve_triangular};
/// # pmi::with_tasks(2, || {
/// let l = DistArray::from_array(&ndarray::array![[2.0, 9.0], [1.0, 4.0]]);
/// let b = DistArray::from_array(&ndarray::array![4.0, 10.0]);
/// let x = solve_triangular(&l, Triangle::Lower, &b)?;
/// assert_eq!(x.gather().unwrap(), ndarray::array![2.0, 2.0]);
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where a diagonal element is zero, or too small to have a reciprocal, naming its row, or elements are infinite or not a number.
///
/// # Panics
/// Where the matrix is not square, or has not as many rows as `b`.
#[track_caller]
pub fn solve_triangular<T: Entry, E: Entry<Scalar = T::Scalar>, D: Sides>(
    a: impl Operand<T>,
    half: Triangle,
    b: &DistArray<E, D>,
) -> Result<DistArray<T::Scalar, D>> {
    let a = promoted(a);
    let n = square("solve_triangular", &a, b.shape()[0]);
    solve_tuned(&a, half, b, Tuning::default().tiles([n, n], a.array.layout().tasks(), BLOCK))
}

fn solve_tuned<T: Scalar, E: Entry<Scalar = T>, D: Sides>(
    a: &Matrix<T>,
    half: Triangle,
    b: &DistArray<E, D>,
    tiles: Tiles,
) -> Result<DistArray<T, D>> {
    let a = a.in_tiles(tiles);
    check(&a, half, tiles)?;
    solve_with(&[(a, half, Reading::Plain)], tiles, b)
}

/// More sides are worth sending the matrix for.
const FEW: usize = 32;

/// On the tasks of the grid: solves `op(A) X = B` in the place of `B`, which has its rows where `A` has them, and its `sides` columns
/// in blocks.
pub(crate) fn solve_in_tiles<T: Scalar>(seat: &Seat, a: Triangular<T>, b: &mut [T], sides: usize) {
    if sides <= FEW && seat.tiles.grid != [1, 1] {
        few::solve_few(seat, a, b, sides);
    } else {
        solve::solve_many(seat, a, b, sides);
    }
}

/// The side of a square matrix; panics where it is none, or has not as many rows as there are right-hand sides.
#[track_caller]
pub(crate) fn square<T: Scalar>(what: &str, a: &Matrix<T>, rows_of_sides: usize) -> usize {
    let [rows, columns] = a.shape();
    assert!(rows == columns, "{what}: the matrix is {rows} x {columns}: it must be square (lstsq takes any)");
    assert!(
        rows == rows_of_sides,
        "{what}: the matrix has {rows} rows, the right-hand side {rows_of_sides}: both must have as many"
    );
    rows
}

/// A triangular matrix in tiles, and how it is read.
pub(crate) type Factor<T> = (DistArray<T, Ix2>, Triangle, Reading);

/// Solves with one triangular matrix after the other, all in the same tiles, where nothing can go wrong but the calls:
/// diagonals have no zeros, all elements are finite.
#[track_caller]
pub(crate) fn solve_with<T: Scalar, E: Entry<Scalar = T>, D: Sides>(
    factors: &[Factor<T>],
    tiles: Tiles,
    b: &DistArray<E, D>,
) -> Result<DistArray<T, D>> {
    let sides = tiles.take_sides(b);
    let solve = |task: &Task, (factors, sides, tiles): (Vec<Factor<T>>, DistArray<T, Ix2>, Tiles)| {
        let Some(seat) = Seat::take(task, tiles) else { return };
        let (count, mut slab) = (sides.shape()[1], sides.local_mut(task));
        let b = slab.as_slice_mut().expect("a slab has its elements in C order");
        for (matrix, half, reading) in factors {
            let matrix = matrix.local(task);
            let slab = matrix.as_slice().expect("a slab has its elements in C order");
            solve_in_tiles(&seat, Triangular { slab, half, reading }, b, count);
        }
    };
    pmi::first(solve, (factors.to_vec(), sides.clone(), tiles))?;
    Ok(give_sides(&sides, b.layout()))
}

/// Says what is wrong with a triangular matrix, if anything is.
fn check<T: Scalar>(a: &DistArray<T, Ix2>, half: Triangle, tiles: Tiles) -> Result<()> {
    let look = |task: &Task, (a, half, tiles): (DistArray<T, Ix2>, Triangle, Tiles)| {
        let seat = Seat::take(task, tiles)?;
        let matrix = a.local(task);
        let slab = matrix.as_slice().expect("a slab has its elements in C order");
        let not_finite = not_finite(&seat, slab, Some(half));
        Some((not_finite, no_divisor(&seat, slab)))
    };
    let what = "solve_triangular";
    match pmi::first(look, (a.clone(), half, tiles))? {
        Some((Some(NotFinite { count, row, column }), _)) => Err(Kind::NotFinite { what, count, row, column }.into()),
        Some((None, Some(row))) if matches!(half, Triangle::Lower | Triangle::Upper) => {
            Err(Kind::ZeroDiagonal { row }.into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
