//! Least squares, and what else needs the rank of a matrix.

use super::decomposition::{Form, Qr, qr};
use super::pivoted::factor_with_pivoting;
use crate::error::{Kind, Result};
use crate::local::Triangle;
use crate::operand::{Operand, Transpose, promoted};
use crate::product::matmul;
use crate::scalar::{Entry, Scalar};
use crate::tiles::{Sides, give_sides};
use crate::triangular::solve_triangular;
use ndarray::{Array2, Ix2};
use pmi::Task;
use pmi_array::{Axis, DistArray, Indices, Layout, Part, Shape};

/// What [`lstsq`] finds.
#[derive(Clone)]
pub struct LeastSquares<T: Scalar, D: Sides> {
    /// The `x` with the smallest `||b - A x||`, and of these the one with the smallest `||x||`: a vector, or a column
    /// for each of `b`'s.
    pub solution: DistArray<T, D>,
    /// `||b - A x||^2`, for each column of `b`.
    pub residuals: Vec<f64>,
    /// The numerical rank of the matrix.
    pub rank: usize,
}

/// The solution of `A x = b` in the sense of least squares, for an `m x n` matrix of any shape and rank: of all `x`
/// with the smallest residual the shortest. `b` is a vector of `m` elements, or has a right-hand side in each column.
///
/// By a complete orthogonal decomposition, as LAPACK's `gelsy`: [`qr_pivoted`](crate::qr_pivoted), and where the rank
/// `r` is below `n`, a second factorisation of the first `r` rows of `R`, transposed (Golub and Van Loan, *Matrix
/// Computations*, 4th edition, 5.5). The rank is the number of elements of `R`'s diagonal that are larger than `rcond`
/// times the first; `None` stands for `max(m, n) eps`, as in NumPy.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::lstsq;
/// # pmi::with_tasks(2, || {
/// // A line through three points.
/// let a = DistArray::from_array(&ndarray::array![[1f64, 0.0], [1.0, 1.0], [1.0, 2.0]]);
/// let b = DistArray::from_array(&ndarray::array![1.0, 3.0, 5.0]);
/// let found = lstsq(&a, &b, None)?;
/// let x = found.solution.gather()?;
/// assert!((x[0] - 1.0).abs() < 1e-14 && (x[1] - 2.0).abs() < 1e-14 && found.residuals[0] < 1e-28);
/// assert_eq!(found.rank, 2);
/// # Ok::<(), pmi_linalg::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where elements of the matrix are infinite or not a number, saying how many and where the first is.
///
/// # Panics
/// Where `b` has not as many rows as the matrix, or the calling thread does not control their world.
#[track_caller]
pub fn lstsq<T: Entry, E: Entry<Scalar = T::Scalar>, D: Sides>(
    a: impl Operand<T>,
    b: &DistArray<E, D>,
    rcond: Option<f64>,
) -> Result<LeastSquares<T::Scalar, D>> {
    let a = promoted(a);
    let ([m, n], rows) = (a.shape(), b.shape()[0]);
    assert!(rows == m, "lstsq: the matrix has {m} rows, the right-hand side {rows}: both must have as many");
    let factor = factor_with_pivoting("lstsq", &a)?;
    let rank = factor.rank(rcond.unwrap_or_else(|| default_tolerance::<T::Scalar>([m, n])))?;
    let sides = factor.multiplied("lstsq", true, b)?;
    let residuals = squares_from_row(rank, &sides)?;
    let tasks = b.layout().tasks();
    let x = if rank == n && n > 0 {
        factor.back_substitute(&sides)?.map_err(|zero| Kind::Singular { what: "lstsq", minor: zero + 1 })?;
        sides
    } else {
        let top = give_sides(&sides, &Layout::new(&[rank, sides.shape()[1]], tasks));
        factor.shortest("lstsq", rank, &top)?
    };
    let solution = factor.in_place(&x, &layout_of::<D>(n, x.shape()[1], tasks));
    Ok(LeastSquares { solution, residuals, rank })
}

/// The Moore-Penrose pseudo-inverse of an `m x n` matrix of any shape and rank: the `n x m` matrix that gives
/// [`lstsq`]'s solution for each `b`. Elements of the pivoted `R`'s diagonal below `rcond` times the first count as
/// zero; `None` stands for `max(m, n) eps`.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::pinv;
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_array(&ndarray::array![[2.0, 0.0], [0.0, 0.0], [0.0, 0.0]]);
/// assert_eq!(pinv(&a, None)?.gather()?, ndarray::array![[0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]);
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
pub fn pinv<T: Entry>(a: impl Operand<T>, rcond: Option<f64>) -> Result<DistArray<T::Scalar, Ix2>> {
    let a = promoted(a);
    let ([m, n], tasks) = (a.shape(), a.array.layout().tasks());
    let factor = factor_with_pivoting("pinv", &a)?;
    let rank = factor.rank(rcond.unwrap_or_else(|| default_tolerance::<T::Scalar>([m, n])))?;
    // The columns of Q from the rank on are multiplied by zeros.
    let unit = DistArray::<T::Scalar, Ix2>::eye((rank, m.min(n)), 0);
    let x = factor.shortest("pinv", rank, &unit)?;
    let x: DistArray<_, Ix2> = factor.in_place(&x, &Layout::new(x.shape(), tasks));
    Ok(matmul(&x, factor.q()?.h()))
}

/// The numerical rank of a matrix: how many elements of the diagonal of [`qr_pivoted`](crate::qr_pivoted)'s `R` are
/// larger than `tolerance` times the first; `None` stands for `max(m, n) eps`.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::matrix_rank;
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_fn((5, 4), |(i, j)| (i + j) as f64);
/// assert_eq!(matrix_rank(&a, None)?, 2);
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
pub fn matrix_rank<T: Entry>(a: impl Operand<T>, tolerance: Option<f64>) -> Result<usize> {
    let a = promoted(a);
    factor_with_pivoting("matrix_rank", &a)?
        .rank(tolerance.unwrap_or_else(|| default_tolerance::<T::Scalar>(a.shape())))
}

fn default_tolerance<T: Scalar>(shape: [usize; 2]) -> f64 {
    shape[0].max(shape[1]) as f64 * T::EPSILON
}

/// The layout of `rows` rows of right-hand sides.
fn layout_of<D: Sides>(rows: usize, sides: usize, tasks: usize) -> Layout {
    Layout::new(D::shape(rows, sides).slice(), tasks)
}

impl<T: Scalar> Qr<T> {
    /// The solution of `A x = b` for a matrix of full rank: in the sense of least squares where it has more rows than
    /// columns, the shortest one where it has fewer. In `b`'s layout where the matrix is square, else in the default
    /// one.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// use pmi_linalg::qr;
    /// # pmi::with_tasks(3, || {
    /// let f = qr(&DistArray::from_array(&ndarray::array![[1f64], [1.0]]))?;
    /// let x = f.solve(&DistArray::from_array(&ndarray::array![2.0, 4.0]))?;
    /// assert!((x.gather()?[0] - 3.0).abs() < 1e-14);
    /// # Ok::<(), pmi_linalg::Error>(())
    /// # }).unwrap()
    /// ```
    ///
    /// # Errors
    /// Where the rank is not full and the diagonal of the triangle has a zero, naming the pivot.
    ///
    /// # Panics
    /// Where `b` has not as many rows as the matrix.
    #[track_caller]
    pub fn solve<E: Entry<Scalar = T>, D: Sides>(&self, b: &DistArray<E, D>) -> Result<DistArray<T, D>> {
        let ([m, n], tasks) = (self.shape, b.layout().tasks());
        let sides = self.multiplied("Qr::solve", true, b)?;
        let x = if m < n {
            self.shortest("Qr::solve", m, &sides)?
        } else {
            let singular = |zero| Kind::Singular { what: "Qr::solve", minor: zero + 1 };
            self.back_substitute(&sides)?.map_err(singular)?;
            sides
        };
        if m == n {
            return Ok(self.in_place(&x, b.layout()));
        }
        Ok(self.in_place(&x, &layout_of::<D>(n, x.shape()[1], tasks)))
    }

    /// The `x` with `R x = c`, the first `n` rows of `sides`, in their place; `Err` has the number of a row whose
    /// diagonal element is zero.
    fn back_substitute(&self, sides: &DistArray<T, Ix2>) -> Result<std::result::Result<(), usize>> {
        match &self.form {
            Form::Tiled(tiled) => tiled.back_substitute(sides),
            Form::Tall(tall) => tall.back_substitute(sides),
        }
    }

    /// The shortest `x` with `R x = c` for the first `rank` rows of `R`, before columns go back to their places.
    #[track_caller]
    fn shortest(&self, what: &'static str, rank: usize, c: &DistArray<T, Ix2>) -> Result<DistArray<T, Ix2>> {
        let (n, tasks) = (self.shape[1], c.layout().tasks());
        if rank == 0 {
            return Ok(DistArray::zeros((n, c.shape()[1])));
        }
        let rows: DistArray<T, Ix2> = give_sides(&self.r()?, &Layout::new(&[rank, n], tasks));
        if rank == n {
            return solve_triangular(&rows, Triangle::Upper, c);
        }
        // R = S^H Z^H, with the triangle S.
        let factor = qr(rows.h())?;
        if let Some(zero) = factor.diagonal()?.iter().position(|x| *x == T::default()) {
            return Err(Kind::Singular { what, minor: zero + 1 }.into());
        }
        let y = solve_triangular(factor.r()?.h(), Triangle::Lower, c)?;
        factor.q_mul(&padded(&y, n))
    }

    /// The first rows of `x`, one for each column of the matrix, where its columns were, in a layout.
    #[track_caller]
    fn in_place<D: Sides>(&self, x: &DistArray<T, Ix2>, layout: &Layout) -> DistArray<T, D> {
        let Some(permutation) = &self.permutation else { return give_sides(x, layout) };
        let (n, sides) = (self.shape[1], x.shape()[1]);
        let make = |task: &Task, part: &Part, (x, permutation): (DistArray<T, Ix2>, Vec<usize>)| {
            let (n, sides) = (permutation.len(), x.shape()[1]);
            let columns = |rank| pmi_array::Block::new(sides, task.size()).range(rank);
            let rows = x.fetch(task, |rank| Part::new([Indices::range(0..n), Indices::range(columns(rank))]));
            let (shape, width) = (part.shape(), columns(task.rank()).len());
            let mut placed = Array2::from_elem((shape[0], shape[1]), T::default());
            if width > 0 {
                for (row, place) in rows.chunks_exact(width).zip(permutation) {
                    placed.row_mut(place).iter_mut().zip(row).for_each(|(x, y)| *x = *y);
                }
            }
            placed
        };
        let placed = DistArray::from_local(
            (n, sides).distributed([Axis::Whole, Axis::Block]),
            make,
            (x.clone(), permutation.clone()),
        );
        give_sides(&placed, layout)
    }
}

/// The rows of `y`, and zeros up to `rows`.
#[track_caller]
fn padded<T: Scalar>(y: &DistArray<T, Ix2>, rows: usize) -> DistArray<T, Ix2> {
    let make = |task: &Task, part: &Part, (y, rows): (DistArray<T, Ix2>, usize)| {
        let (shape, [known, sides]) = (part.shape(), [y.shape()[0], y.shape()[1]]);
        let block = pmi_array::Block::new(rows, task.size());
        let of_y = |rank| {
            let range = block.range(rank);
            Part::new([Indices::range(range.start.min(known)..range.end.min(known)), Indices::all(sides)])
        };
        let mut numbers = y.fetch(task, of_y).into_vec();
        numbers.resize(shape[0] * shape[1], T::default());
        Array2::from_shape_vec((shape[0], shape[1]), numbers).expect("it has as many elements")
    };
    DistArray::from_local((rows, y.shape()[1]), make, (y.clone(), rows))
}

/// The sums of the squared magnitudes of each column, from a row on.
fn squares_from_row<T: Scalar>(row: usize, sides: &DistArray<T, Ix2>) -> Result<Vec<f64>> {
    let of_task = |task: &Task, (row, sides): (usize, DistArray<T, Ix2>)| {
        let (part, slab) = (sides.layout().part(task.rank()), sides.local(task));
        let mut sums = vec![0.0; sides.shape()[1]];
        let [rows, columns] = part.axes() else { unreachable!("a matrix has two axes") };
        for (_, numbers) in rows.iter().zip(slab.rows()).filter(|(i, _)| *i >= row) {
            columns.iter().zip(numbers).for_each(|(j, x)| sums[j] += x.magnitude().powi(2));
        }
        sums
    };
    let of_tasks: Vec<Vec<f64>> = pmi::invoke(of_task, (row, sides.clone()))?;
    Ok((0..sides.shape()[1]).map(|j| of_tasks.iter().map(|sums| sums[j]).sum()).collect())
}
