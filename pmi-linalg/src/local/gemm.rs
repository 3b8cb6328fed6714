//! Products of blocks that one task has.

use crate::numeric::Numeric;
use faer::{Conj, MatMut, MatRef};

/// A block to be read: its numbers where they lie, perhaps conjugated.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a, T> {
    matrix: MatRef<'a, T>,
    conjugated: bool,
}

impl<'a, T: Numeric> Block<'a, T> {
    /// The block of `rows x columns` numbers.
    pub(crate) fn new(numbers: &'a [T], rows: usize, columns: usize) -> Self {
        Self { matrix: MatRef::from_row_major_slice(numbers, rows, columns), conjugated: false }
    }

    /// The columns of a range.
    pub(crate) fn columns(self, range: std::ops::Range<usize>) -> Self {
        Self { matrix: self.matrix.subcols(range.start, range.len()), ..self }
    }

    /// The rows of a range.
    pub(crate) fn rows(self, range: std::ops::Range<usize>) -> Self {
        Self { matrix: self.matrix.subrows(range.start, range.len()), ..self }
    }

    /// The block read by columns, where `transposed`, and conjugated, where `conjugated`.
    pub(crate) fn read(self, transposed: bool, conjugated: bool) -> Self {
        Self { matrix: if transposed { self.matrix.transpose() } else { self.matrix }, conjugated }
    }

    /// The matrix, and whether it is to be conjugated.
    pub(super) fn parts(self) -> (MatRef<'a, T>, Conj) {
        (self.matrix, if self.conjugated { Conj::Yes } else { Conj::No })
    }

    /// The conjugate transpose of a matrix.
    pub(crate) fn adjoint(matrix: MatRef<'a, T>) -> Self {
        Self { matrix: matrix.transpose(), conjugated: true }
    }
}

impl<'a, T> From<MatRef<'a, T>> for Block<'a, T> {
    fn from(matrix: MatRef<'a, T>) -> Self {
        Self { matrix, conjugated: false }
    }
}

/// `c += factor a b`, on so many of rayon's threads, each of which computes a rectangle of `c`, of [`SIDE`] rows and columns at
/// least: no sum is divided, and none becomes another kernel's, so the bits do not depend on the threads.
pub(crate) fn add_product<'a, T: Numeric>(
    c: MatMut<T>,
    factor: T,
    a: impl Into<Block<'a, T>>,
    b: impl Into<Block<'a, T>>,
    threads: usize,
) {
    let (a, b) = (a.into(), b.into());
    if c.nrows() > 0 && c.ncols() > 0 && a.matrix.ncols() > 0 {
        add_divided(c, factor, a, b, threads);
    }
}

/// The rows or columns of what a thread computes are as many at least: some kernels' tiles, and more than one, which would be a
/// vector's product.
const SIDE: usize = 16;
/// Fewer operations than this are not worth a thread's waking up.
const GRAIN: usize = 1 << 18;

fn add_divided<T: Numeric>(c: MatMut<T>, factor: T, a: Block<T>, b: Block<T>, threads: usize) {
    let (rows, columns) = (c.nrows(), c.ncols());
    let threads = threads.min(rows * columns * a.matrix.ncols() / GRAIN);
    if threads < 2 {
        return T::add_product(c, factor, a.matrix, a.conjugated, b.matrix, b.conjugated);
    }
    let (first, second) = (threads.div_ceil(2), threads / 2);
    let cut = |len: usize| (len * first / threads).next_multiple_of(SIDE).min(len - SIDE);
    if rows >= columns && rows >= 2 * SIDE {
        let cut = cut(rows);
        let (upper, lower) = c.split_at_row_mut(cut);
        rayon::join(
            || add_divided(upper, factor, a.rows(0..cut), b, first),
            || add_divided(lower, factor, a.rows(cut..rows), b, second),
        );
    } else if columns >= 2 * SIDE {
        let cut = cut(columns);
        let (left, right) = c.split_at_col_mut(cut);
        rayon::join(
            || add_divided(left, factor, a, b.columns(0..cut), first),
            || add_divided(right, factor, a, b.columns(cut..columns), second),
        );
    } else {
        T::add_product(c, factor, a.matrix, a.conjugated, b.matrix, b.conjugated);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex;

    #[test]
    fn every_reading_of_both_operands_on_any_number_of_threads() {
        let number = |i: usize| Complex::new((i % 7) as f64 - 3.0, (i % 5) as f64 - 2.0);
        for [m, n, k] in [[1, 1, 1], [0, 3, 2], [3, 0, 2], [3, 2, 0], [5, 4, 3], [70, 90, 110]] {
            let (a, b): (Vec<_>, Vec<_>) =
                ((0..m * k).map(number).collect(), (0..k * n).map(|i| number(3 * i + 1)).collect());
            for reading in 0..16 {
                let [ta, ca, tb, cb] = [1, 2, 4, 8].map(|bit| reading & bit != 0);
                let conj = |z: Complex<f64>, conjugated| if conjugated { z.conj() } else { z };
                let at = |i: usize, l: usize| conj(if ta { a[l * m + i] } else { a[i * k + l] }, ca);
                let bt = |l: usize, j: usize| conj(if tb { b[j * k + l] } else { b[l * n + j] }, cb);
                let plain: Vec<_> = (0..m * n)
                    .map(|ij| {
                        Complex::new(1.0, 0.0) + (0..k).map(|l| at(ij / n, l) * bt(l, ij % n)).sum::<Complex<f64>>()
                    })
                    .collect();
                let shaped = |numbers, rows, columns, transposed| match transposed {
                    true => Block::new(numbers, columns, rows),
                    false => Block::new(numbers, rows, columns),
                };
                for threads in [1, 2, 3, 8] {
                    let mut c = vec![Complex::new(1.0, 0.0); m * n];
                    let (a, b) = (shaped(&a, m, k, ta).read(ta, ca), shaped(&b, k, n, tb).read(tb, cb));
                    add_product(MatMut::from_row_major_slice_mut(&mut c, m, n), Complex::new(1.0, 0.0), a, b, threads);
                    assert_eq!(c, plain, "{m} x {k} times {k} x {n}, reading {reading}, {threads} threads");
                }
            }
        }
    }

    #[test]
    fn the_bits_do_not_depend_on_the_threads() {
        let numbers: Vec<f64> = (0..300 * 300).map(|i| 1.0 / (1 + i % 1009) as f64).collect();
        let product = |threads| {
            let mut c = vec![0.0; 300 * 300];
            let block = Block::new(&numbers, 300, 300);
            add_product(MatMut::from_row_major_slice_mut(&mut c, 300, 300), 1.0, block, block, threads);
            c
        };
        let one = product(1);
        (2..9).for_each(|threads| assert_eq!(product(threads), one, "{threads} threads"));
    }
}
