//! The LU factorisation of a tall block: a panel.

use super::{Triangle, add_product, solve_triangle};
use crate::scalar::Scalar;
use faer::prelude::{Reborrow, ReborrowMut};
use faer::traits::SimdArch;
use faer::traits::pulp::{Simd, WithSimd};
use faer::{ColMut, MatMut};

/// A column in which something infinite, or no number, was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overflow(pub(crate) usize);

/// So many columns are factored one by one.
pub(crate) const BASE: usize = 8;

/// Makes a block `A`, by columns and with no fewer rows than columns, its factors `L` and `U` in `P A = L U`, by partial
/// pivoting: `pivots[j]` is the row that changed places with row `j` in step `j`. Pivots are the largest by `|re| + |im|`, as
/// LAPACK's `izamax` has it, the uppermost of equals. A column of zeros is left as it is.
///
/// Recursive over columns, so that nearly all operations are those of products: Toledo, *Locality of reference in LU
/// decomposition with partial pivoting*, SIAM J. Matrix Anal. Appl. 18, 1997.
pub(crate) fn lu_in_place<T: Scalar>(mut a: MatMut<T>, pivots: &mut [usize], threads: usize) -> Result<(), Overflow> {
    let columns = a.ncols();
    if columns <= BASE {
        return factor_columns(a, pivots);
    }
    let half = (columns / 2).next_multiple_of(BASE);
    let (first, second) = pivots.split_at_mut(half);
    let (mut left, mut right) = a.rb_mut().split_at_col_mut(half);
    lu_in_place(left.rb_mut(), first, threads)?;
    swap_in_columns(right.rb_mut(), first);
    let (mut top, mut bottom) = right.split_at_row_mut(half);
    let (done, below) = left.split_at_row_mut(half);
    solve_triangle(done.rb().into(), Triangle::UnitLower, top.rb_mut(), threads);
    add_product(bottom.rb_mut(), T::of(-1.0), below.rb(), top.rb(), threads);
    lu_in_place(bottom, second, threads).map_err(|Overflow(column)| Overflow(half + column))?;
    swap_in_columns(below, second);
    second.iter_mut().for_each(|pivot| *pivot += half);
    Ok(())
}

/// Exchanges row after row `j` with row `pivots[j]`.
pub(crate) fn swap_in_columns<T: Scalar>(a: MatMut<T>, pivots: &[usize]) {
    for column in a.col_iter_mut() {
        let numbers = slice(column);
        pivots.iter().enumerate().for_each(|(row, pivot)| numbers.swap(row, *pivot));
    }
}

fn slice<T>(column: ColMut<'_, T>) -> &mut [T] {
    column.try_as_col_major_mut().expect("a panel lies by columns").as_slice_mut()
}

/// Column after column, each brought up to date with those before it only when it is its turn.
fn factor_columns<T: Scalar>(a: MatMut<T>, pivots: &mut [usize]) -> Result<(), Overflow> {
    let mut columns: Vec<&mut [T]> = a.col_iter_mut().map(slice).collect();
    for j in 0..columns.len() {
        let (done, rest) = columns.split_at_mut(j);
        let column = &mut *rest[0];
        pivots[..j].iter().enumerate().for_each(|(row, pivot)| column.swap(row, *pivot));
        for k in 0..j {
            let factor = column[k];
            for row in k + 1..j {
                column[row] -= done[k][row] * factor;
            }
        }
        let (factors, rest) = column.split_at_mut(j);
        let done_below: Vec<&[T]> = done.iter().map(|column| &column[j..]).collect();
        subtract(&done_below, factors, rest);
        let (largest, _) = largest(rest).ok_or(Overflow(j))?;
        pivots[j] = j + largest;
        rest.swap(0, largest);
        done.iter_mut().for_each(|column| column.swap(j, j + largest));
        let (pivot, below) = rest.split_first_mut().expect("a panel has no more columns than rows");
        divide(below, *pivot);
    }
    Ok(())
}

/// Divides a column by its pivot, if that is not zero.
pub(crate) fn divide<T: Scalar>(column: &mut [T], pivot: T) {
    // The reciprocal of the smallest numbers is infinite, that of the largest has fewer digits.
    let reciprocal = T::of(1.0).divided_by(pivot);
    if Scalar::is_finite(reciprocal) && reciprocal.magnitude() >= T::SMALLEST {
        T::Arch::default().dispatch(Scale(column, reciprocal));
    } else if pivot != T::default() {
        column.iter_mut().for_each(|x| *x = x.divided_by(pivot));
    }
}

/// Subtracts multiples of columns, fewer than `BASE`, from another that is as long.
pub(crate) fn subtract<T: Scalar>(columns: &[&[T]], factors: &[T], from: &mut [T]) {
    T::Arch::default().dispatch(Subtract { columns, factors, from });
}

/// The place of the first of the largest numbers by `|re| + |im|`, and that size's bits, which have the order of the sizes;
/// `None` where something is infinite or no number. The largest of none is at 0.
pub(crate) fn largest<T: Scalar>(numbers: &[T]) -> Option<(usize, u64)> {
    T::Arch::default().dispatch(Largest(numbers))
}

struct Scale<'a, T>(&'a mut [T], T);

impl<T: Scalar> WithSimd for Scale<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for x in self.0 {
            *x = *x * self.1;
        }
    }
}

struct Subtract<'a, 'c, T> {
    columns: &'a [&'c [T]],
    factors: &'a [T],
    from: &'a mut [T],
}

impl<T: Scalar> WithSimd for Subtract<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        match self.columns.len() {
            1 => self.run::<1>(),
            2 => self.run::<2>(),
            3 => self.run::<3>(),
            4 => self.run::<4>(),
            5 => self.run::<5>(),
            6 => self.run::<6>(),
            7 => self.run::<7>(),
            columns => debug_assert!(columns == 0, "a base case has fewer columns"),
        }
    }
}

impl<T: Scalar> Subtract<'_, '_, T> {
    #[inline(always)]
    fn run<const N: usize>(&mut self) {
        let len = self.from.len();
        let columns: [&[T]; N] = std::array::from_fn(|k| &self.columns[k][..len]);
        let factors: [T; N] = std::array::from_fn(|k| self.factors[k]);
        for (row, x) in self.from.iter_mut().enumerate() {
            for k in 0..N {
                *x -= columns[k][row] * factors[k];
            }
        }
    }
}

struct Largest<'a, T>(&'a [T]);

impl<T: Scalar> WithSimd for Largest<'_, T> {
    type Output = Option<(usize, u64)>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Option<(usize, u64)> {
        /// As many as are looked through again.
        const BLOCK: usize = 256;
        let (mut largest, mut place) = (0, 0);
        for (number, block) in self.0.chunks(BLOCK).enumerate() {
            let of_block = largest_bits(block);
            if of_block > largest {
                (largest, place) = (of_block, number * BLOCK);
            }
        }
        if largest >= f64::INFINITY.to_bits() {
            return None;
        }
        let inside = self.0[place..].iter().position(|x| x.taxicab().to_bits() == largest);
        Some((place + inside.unwrap_or(0), largest))
    }
}

/// The bits of the largest `|re| + |im|`: those of positive numbers are in the order of the numbers, those of infinity are
/// greater, and those of what is no number greatest.
#[inline(always)]
fn largest_bits<T: Scalar>(numbers: &[T]) -> u64 {
    const LANES: usize = 16;
    let mut largest = [0; LANES];
    let (blocks, rest) = numbers.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            largest[lane] = block[lane].taxicab().to_bits().max(largest[lane]);
        }
    }
    rest.iter().map(|x| x.taxicab().to_bits()).chain(largest).max().unwrap_or(0)
}
