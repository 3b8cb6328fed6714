//! Householder's factorisation of a panel, a block of few columns, and block reflectors.

use crate::local::{Block, add_product};
use crate::scalar::{Scalar, near_one};
use crate::tiles::{Lane, Panel};
use faer::traits::RealField;
use faer::{MatMut, MatRef};

/// So many columns are factored one by one; more are halved.
const LEAF: usize = 8;

/// Which of a panel's rows a task has.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// The first rows, as many as the panel has columns: those where `R` comes to lie.
    pub(super) top: bool,
    /// The tasks that have the others; `None` where this one has all.
    pub(super) lane: Option<&'a Lane<'a>>,
    pub(super) threads: usize,
}

impl<'a> Rows<'a> {
    /// All rows.
    pub(super) fn all(threads: usize) -> Self {
        Self { top: true, lane: None, threads }
    }

    fn sum<T: Scalar>(&self, numbers: Vec<T>) -> Vec<T> {
        let add = |sum: &mut [T], others: &[T]| sum.iter_mut().zip(others).for_each(|(sum, x)| *sum += *x);
        match self.lane {
            Some(lane) => lane.all_reduce(numbers, add),
            None => numbers,
        }
    }

    fn largest(&self, number: f64) -> f64 {
        let max = |largest: &mut [f64], others: &[f64]| largest[0] = largest[0].max(others[0]);
        match self.lane {
            Some(lane) => lane.all_reduce(vec![number], max)[0],
            None => number,
        }
    }
}

/// A block of reflections `H_1 H_2 ... = I - V T V^H` (Schreiber and Van Loan, *A storage-efficient WY representation
/// for products of Householder transformations*, 1989): the task's rows of `V`, with the ones of its diagonal and the
/// zeros above, and the upper triangle `T`.
pub(super) struct Reflector<T> {
    pub(super) v: Panel<T>,
    pub(super) t: Panel<T>,
}

impl<T: Scalar> Reflector<T> {
    /// That of a factored panel, which has `V` below the diagonal.
    pub(super) fn new(mut factored: Panel<T>, t: Panel<T>, top: bool) -> Self {
        if top {
            let width = t.matrix().nrows();
            unit_lower(factored.matrix_mut().subrows_mut(0, width));
        }
        Self { v: factored, t }
    }

    /// From what [`numbers`](Reflector::numbers) gave.
    pub(super) fn from_numbers(mut numbers: Vec<T>, width: usize) -> Self {
        let t = numbers.split_off(numbers.len() - width * width);
        let rows = numbers.len() / width.max(1);
        Self { v: Panel::new(numbers, rows, width), t: Panel::new(t, width, width) }
    }

    /// `V` and `T`, for a message.
    pub(super) fn numbers(&self) -> Vec<T> {
        [self.v.numbers(), self.t.numbers()].concat()
    }

    /// `C := Q C`, or `Q^H C`.
    pub(super) fn apply(&self, adjoint: bool, c: MatMut<T>, rows: Rows) {
        apply(self.v.matrix(), self.t.matrix(), adjoint, c, rows);
    }
}

/// `C := (I - V T V^H) C`, or with `T^H`: two large products, and one sum along the lane of as many numbers as the
/// panel has columns times the columns of `C`.
fn apply<T: Scalar>(v: MatRef<T>, t: MatRef<T>, adjoint: bool, mut c: MatMut<T>, rows: Rows) {
    let (width, columns) = (v.ncols(), c.ncols());
    if width == 0 || columns == 0 {
        // No task of the lane has columns of C then.
        return;
    }
    let mut w = vec![T::default(); width * columns];
    add_product(row_major(&mut w, width, columns), T::of(1.0), Block::adjoint(v), c.as_ref(), rows.threads);
    let mut w = rows.sum(w);
    let mut y = vec![T::default(); width * columns];
    let t = if adjoint { Block::adjoint(t) } else { t.into() };
    let of_w = row_major(&mut w, width, columns);
    add_product(row_major(&mut y, width, columns), T::of(1.0), t, of_w.as_ref(), rows.threads);
    add_product(c.as_mut(), T::of(-1.0), v, row_major(&mut y, width, columns).as_ref(), rows.threads);
}

fn row_major<T: Scalar>(numbers: &mut [T], rows: usize, columns: usize) -> MatMut<'_, T> {
    MatMut::from_row_major_slice_mut(numbers, rows, columns)
}

/// Zeros above the diagonal, ones on it.
pub(super) fn unit_lower<T: Scalar>(mut square: MatMut<T>) {
    for j in 0..square.ncols() {
        for i in 0..j {
            square[(i, j)] = T::default();
        }
        square[(j, j)] = T::of(1.0);
    }
}

/// The upper triangle of the first rows of a factored block.
pub(super) fn triangle<T: Scalar>(factored: MatRef<T>) -> Panel<T> {
    let n = factored.ncols();
    let mut r = Panel::copied(factored.subrows(0, n));
    (0..n).for_each(|j| r.matrix_mut().submatrix_mut(j + 1, j, n - j - 1, 1).fill(T::default()));
    r
}

/// Factors a panel that has no fewer rows than columns, in place: `R` comes on and above its diagonal, `V` without its
/// ones below, and `T` into `t`, of zeros before.
///
/// Recursive, so that nearly all is done by products (Elmroth and Gustavson, *Applying recursion to serial and parallel
/// QR factorization leads to better performance*, 2000). The diagonal of `R` is real, and of the sign that avoids
/// cancellation, as LAPACK's. Along the lane: one sum a column, of some 16 numbers, and two for each halving.
pub(super) fn factor_panel<T: Scalar>(mut a: MatMut<T>, mut t: MatMut<T>, rows: Rows) {
    let width = a.ncols();
    if width <= LEAF {
        return factor_columns(a, t, rows);
    }
    let left = (width / 2).next_multiple_of(LEAF);
    let right = width - left;
    let below = if rows.top { left } else { 0 };
    factor_panel(a.as_mut().subcols_mut(0, left), t.as_mut().submatrix_mut(0, 0, left, left), rows);
    let (of_left, mut of_right) = a.as_mut().split_at_col_mut(left);
    let of_left = of_left.as_ref();
    let first = Trapezoid::new(of_left, rows.top);
    let mut w = vec![T::default(); left * right];
    first.add_adjoint_product(row_major(&mut w, left, right), of_right.as_ref(), rows.threads);
    let mut w = rows.sum(w);
    let mut y = vec![T::default(); left * right];
    let of_first = t.as_ref().submatrix(0, 0, left, left);
    let of_w = row_major(&mut w, left, right);
    add_product(row_major(&mut y, left, right), T::of(1.0), Block::adjoint(of_first), of_w.as_ref(), rows.threads);
    first.subtract_product(of_right.as_mut(), row_major(&mut y, left, right).as_ref(), rows.threads);

    let (_, mut lower) = of_right.split_at_row_mut(below);
    factor_panel(lower.as_mut(), t.as_mut().submatrix_mut(left, left, right, right), rows);
    // T of both is that of each, and -T1 (V1^H V2) T2.
    let second = Trapezoid::new(lower.as_ref(), rows.top);
    let mut gram = vec![T::default(); right * left];
    let (_, of_left) = of_left.split_at_row(below);
    second.add_adjoint_product(row_major(&mut gram, right, left), of_left, rows.threads);
    let mut gram = rows.sum(gram);
    let gram = row_major(&mut gram, right, left);
    let of_second = Panel::copied(t.as_ref().submatrix(left, left, right, right));
    let of_first = Panel::copied(t.as_ref().submatrix(0, 0, left, left));
    let mut product = vec![T::default(); left * right];
    add_product(row_major(&mut product, left, right), T::of(1.0), Block::adjoint(gram.as_ref()), of_second.matrix(), 1);
    let corner = t.submatrix_mut(0, left, left, right);
    add_product(corner, T::of(-1.0), of_first.matrix(), row_major(&mut product, left, right).as_ref(), 1);
}

/// `V` as it lies in a factored panel: the first rows, a unit lower triangle, copied from below `R`, and the others in
/// place.
struct Trapezoid<'a, T> {
    triangle: Panel<T>,
    rest: MatRef<'a, T>,
}

impl<'a, T: Scalar> Trapezoid<'a, T> {
    fn new(factored: MatRef<'a, T>, top: bool) -> Self {
        let (first, rest) = factored.split_at_row(if top { factored.ncols() } else { 0 });
        let mut triangle = Panel::copied(first);
        if top {
            unit_lower(triangle.matrix_mut());
        }
        Self { triangle, rest }
    }

    /// `w += V^H C`.
    fn add_adjoint_product(&self, mut w: MatMut<T>, c: MatRef<T>, threads: usize) {
        let (first, rest) = c.split_at_row(self.triangle.matrix().nrows());
        add_product(w.as_mut(), T::of(1.0), Block::adjoint(self.triangle.matrix()), first, threads);
        add_product(w, T::of(1.0), Block::adjoint(self.rest), rest, threads);
    }

    /// `C -= V y`.
    fn subtract_product(&self, c: MatMut<T>, y: MatRef<T>, threads: usize) {
        let (first, rest) = c.split_at_row_mut(self.triangle.matrix().nrows());
        add_product(first, T::of(-1.0), self.triangle.matrix(), y, threads);
        add_product(rest, T::of(-1.0), self.rest, y, threads);
    }
}

/// Column after column. One sum a column tells the tasks the products of its part below the diagonal with all columns,
/// and the row of the diagonal.
fn factor_columns<T: Scalar>(mut a: MatMut<T>, mut t: MatMut<T>, rows: Rows) {
    let width = a.ncols();
    for j in 0..width {
        let (mut upper, mut lower) = a.as_mut().split_at_row_mut(if rows.top { j + 1 } else { 0 });
        let mut dots = products(lower.as_ref(), lower.as_ref().subcols(j, 1));
        dots.extend((0..width).map(|k| if rows.top { upper[(j, k)] } else { T::default() }));
        let mut sums = rows.sum(dots);
        let reflection = if is_safe(&sums[..width], sums[j].magnitude(), sums[width + j]) {
            let reflection = Reflection::new(sums[width + j], sums[j].magnitude().sqrt());
            let below = lower.as_mut().col_mut(j);
            below
                .try_as_col_major_mut()
                .expect("a panel is kept by columns")
                .as_slice_mut()
                .iter_mut()
                .for_each(|x| *x = *x * reflection.scale);
            // From products with the column to products with v, below the diagonal.
            let conjugate = reflection.scale.conjugated();
            sums[..width].iter_mut().enumerate().for_each(|(k, x)| {
                // The products are those of the other columns' conjugates for the columns before.
                *x = if k < j { *x * reflection.scale } else { x.conjugated() * conjugate };
            });
            reflection
        } else {
            let reflection = scaled_reflection(lower.as_mut().subcols_mut(j, 1), sums[width + j], rows);
            let dots = rows.sum(products(lower.as_ref(), lower.as_ref().subcols(j, 1)));
            sums[..width].copy_from_slice(&dots);
            sums[j + 1..width].iter_mut().for_each(|x| *x = x.conjugated());
            reflection
        };
        let tau = reflection.tau;
        // V^H v of the columns before, and v^H C of those behind.
        let (dots, diagonal) = sums.split_at(width);
        for i in 0..j {
            let sum = (i..j).fold(T::default(), |sum, k| sum + t[(i, k)] * (dots[k] + diagonal[k].conjugated()));
            t[(i, j)] = -(tau * sum);
        }
        t[(j, j)] = tau;
        let behind: Vec<T> = (j + 1..width).map(|k| tau.conjugated() * (dots[k] + diagonal[k])).collect();
        if rows.top {
            upper[(j, j)] = reflection.beta;
            behind.iter().enumerate().for_each(|(k, x)| upper[(j, j + 1 + k)] -= *x);
        }
        let (v, columns) = lower.subcols_mut(j, width - j).split_at_col_mut(1);
        add_product(
            columns,
            T::of(-1.0),
            v.as_ref(),
            MatRef::from_row_major_slice(&behind, 1, behind.len()),
            rows.threads,
        );
    }
}

/// The products of the conjugates of all columns with a vector.
fn products<T: Scalar>(columns: MatRef<T>, vector: MatRef<T>) -> Vec<T> {
    let mut products = vec![T::default(); columns.ncols()];
    let of = MatMut::from_column_major_slice_mut(&mut products, columns.ncols(), 1);
    add_product(of, T::of(1.0), Block::adjoint(columns), vector, 1);
    products
}

/// Whether no square was so small, or so large, that what counts of their sums was lost.
fn is_safe<T: Scalar>(products: &[T], square: f64, alpha: T) -> bool {
    let smallest = T::from_real_impl(&T::Real::min_positive_impl()).magnitude() / (T::EPSILON * T::EPSILON);
    square > smallest && (alpha * alpha.conjugated()).is_finite() && products.iter().all(|x| x.is_finite())
}

/// `H = I - tau v v^H`, which makes `H^H (alpha, x) = (beta, 0)`, with `v = (1, scale x)`.
struct Reflection<T> {
    beta: T,
    tau: T,
    scale: T,
}

impl<T: Scalar> Reflection<T> {
    /// Of a column with `alpha` on the diagonal, and the norm of what is below.
    fn new(alpha: T, below: f64) -> Self {
        let norm = alpha.magnitude().hypot(below);
        let negative = faer::traits::math_utils::real(&alpha) < faer::traits::math_utils::zero::<T::Real>();
        let beta = T::of(if negative { norm } else { -norm });
        Self { beta, tau: (beta - alpha).divided_by(beta), scale: T::of(1.0).divided_by(alpha - beta) }
    }

    /// Of a column that is as it shall be: none.
    fn identity(alpha: T) -> Self {
        Self { beta: alpha, tau: T::default(), scale: T::default() }
    }
}

/// As [`Reflection::new`], of a column that is scaled by a power of two meanwhile; it becomes `v`. Two sums along the
/// lane.
fn scaled_reflection<T: Scalar>(mut column: MatMut<T>, alpha: T, rows: Rows) -> Reflection<T> {
    let numbers = column.as_mut().col_mut(0).try_as_col_major_mut().expect("a panel is kept by columns").as_slice_mut();
    let largest = rows.largest(numbers.iter().fold(alpha.magnitude(), |largest, x| largest.max(x.magnitude())));
    let real = (alpha - alpha.conjugated()).magnitude() == 0.0;
    let scale = near_one::<T>(largest);
    numbers.iter_mut().for_each(|x| *x = *x * T::of(scale));
    let square = numbers.iter().fold(T::default(), |sum, x| sum + *x * x.conjugated());
    let square = rows.sum(vec![square])[0].magnitude();
    let reflection = if square == 0.0 && real {
        Reflection::identity(alpha)
    } else {
        let scaled = Reflection::new(alpha * T::of(scale), square.sqrt());
        Reflection { beta: scaled.beta * T::of(1.0 / scale), ..scaled }
    };
    numbers.iter_mut().for_each(|x| *x = *x * reflection.scale);
    reflection
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;
    use num_complex::Complex;

    /// The largest element of `a - Q R`, over that of `a`, and that of `Q^H Q - I`.
    fn errors<T: Scalar>(a: &Mat<T>) -> [f64; 2] {
        let (m, n) = (a.nrows(), a.ncols());
        let mut factored = Panel::copied(a.as_ref());
        let mut t = Panel::zeros(n, n);
        factor_panel(factored.matrix_mut(), t.matrix_mut(), Rows::all(1));
        let reflector = Reflector::new(Panel::copied(factored.matrix()), t, true);
        let mut product = Mat::from_fn(m, n, |i, j| if i <= j { factored.matrix()[(i, j)] } else { T::default() });
        reflector.apply(false, product.as_mut(), Rows::all(1));
        let mut q = Mat::from_fn(m, m, |i, j| T::of(f64::from(u8::from(i == j))));
        reflector.apply(false, q.as_mut(), Rows::all(1));
        let mut back = q.clone();
        reflector.apply(true, back.as_mut(), Rows::all(1));
        (0..m).for_each(|i| back[(i, i)] -= T::of(1.0));
        let mut gram = Mat::zeros(m, m);
        add_product(gram.as_mut(), T::of(1.0), Block::adjoint(q.as_ref()), q.as_ref(), 1);
        (0..m).for_each(|i| gram[(i, i)] -= T::of(1.0));
        let largest = |of: &Mat<T>| {
            (0..of.nrows()).flat_map(|i| (0..of.ncols()).map(move |j| of[(i, j)].magnitude())).fold(0.0, f64::max)
        };
        (0..n).for_each(|i| {
            let diagonal = factored.matrix()[(i, i)];
            assert_eq!((diagonal - diagonal.conjugated()).magnitude(), 0.0);
        });
        let difference = Mat::from_fn(m, n, |i, j| {
            (product[(i, j)] - a[(i, j)]) * T::of(1.0 / largest(a).clamp(f64::MIN_POSITIVE, 1e300))
        });
        [largest(&difference), largest(&gram).max(largest(&back))]
    }

    fn number(i: usize, j: usize) -> f64 {
        ((i * 7919 + j * 104_729 + i * j * 31) % 1009) as f64 / 504.5 - 1.0
    }

    #[test]
    fn panels_of_every_width_and_type() {
        for (m, n) in [(1, 1), (8, 8), (9, 9), (20, 1), (30, 13), (64, 64), (100, 37)] {
            let errors = [
                errors(&Mat::from_fn(m, n, number)),
                errors(&Mat::from_fn(m, n, |i, j| Complex::new(number(i, j), number(j, i + 1)))),
            ];
            assert!(errors.as_flattened().iter().all(|error| *error < 40.0 * f64::EPSILON), "{m} x {n}: {errors:?}");
            let single = self::errors(&Mat::from_fn(m, n, |i, j| number(i, j) as f32));
            assert!(single.iter().all(|error| *error < 40.0 * f64::from(f32::EPSILON)), "{m} x {n}: {single:?}");
        }
    }

    #[test]
    fn columns_of_zeros_and_of_numbers_whose_squares_are_none() {
        for scale in [0.0, 1e-310, 1e-200, 1e-160, 1e160, 1e300] {
            let errors = errors(&Mat::from_fn(40, 11, |i, j| if j % 3 == 1 { 0.0 } else { number(i, j) * scale }));
            assert!(
                errors[1] < 40.0 * f64::EPSILON && (errors[0] < 40.0 * f64::EPSILON || scale < 1e-300),
                "{scale}: {errors:?}"
            );
            let graded = |i, j| Complex::new(number(i, j) * scale.powi(j as i32 % 2), 0.5 * scale);
            let errors = self::errors(&Mat::from_fn(40, 11, graded));
            assert!(errors.iter().all(|error| *error < 40.0 * f64::EPSILON) || scale < 1e-300, "{scale}: {errors:?}");
        }
        let upper = Mat::from_fn(20, 20, |i, j| if i <= j { number(i, j) as f32 * 1e-30 } else { 0.0 });
        assert!(errors(&upper).iter().all(|error| *error < 40.0 * f64::from(f32::EPSILON)));
    }
}
