//! Products of blocks of integers, which wrap around.

use super::Numeric;
use faer::{MatMut, MatRef};
use pulp::{Arch, Simd, WithSimd};

/// How many inner indices and columns of `b` are copied to lie one behind the other: 32 to 256 KiB.
const INNER: usize = 128;
const COLUMNS: usize = 256;
/// How many rows of `c` are computed with one reading of those numbers.
const ROWS: usize = 4;

/// `c += factor a b`. Tiles of `b` are copied to rows; four rows of `c` at a time get multiples of these, in loops that the
/// compiler makes vector instructions of.
pub(super) fn add_product<T: Numeric>(mut c: MatMut<T>, factor: T, a: MatRef<T>, _: bool, b: MatRef<T>, _: bool) {
    let (rows, columns, inner) = (c.nrows(), c.ncols(), a.ncols());
    let mut tile = vec![T::default(); INNER.min(inner) * COLUMNS.min(columns)];
    let mut sums = vec![T::default(); ROWS * COLUMNS.min(columns)];
    for left in (0..columns).step_by(COLUMNS) {
        let width = COLUMNS.min(columns - left);
        for top in (0..inner).step_by(INNER) {
            let height = INNER.min(inner - top);
            let (tile, sums) = (&mut tile[..height * width], &mut sums[..ROWS * width]);
            for (l, row) in tile.chunks_exact_mut(width).enumerate() {
                row.iter_mut().enumerate().for_each(|(j, x)| *x = b[(top + l, left + j)].times(factor));
            }
            for first in (0..rows).step_by(ROWS) {
                let number = |i: usize, l: usize| if i < rows { a[(i, top + l)] } else { T::default() };
                let factors: Vec<_> =
                    (0..height).map(|l| std::array::from_fn(|i| number(first + i, l))).collect::<Vec<[T; ROWS]>>();
                sums.fill(T::default());
                Arch::new().dispatch(Rows { sums, factors: &factors, tile });
                for (i, sum) in (first..rows).zip(sums.chunks_exact(width)) {
                    sum.iter().enumerate().for_each(|(j, x)| c[(i, left + j)] = c[(i, left + j)].plus(*x));
                }
            }
        }
    }
}

/// Adds to each row of `sums` the rows of the tile, each times its factor.
struct Rows<'a, T> {
    sums: &'a mut [T],
    factors: &'a [[T; ROWS]],
    tile: &'a [T],
}

impl<T: Numeric> WithSimd for Rows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let width = self.sums.len() / ROWS;
        let (s0, rest) = self.sums.split_at_mut(width);
        let (s1, rest) = rest.split_at_mut(width);
        let (s2, s3) = rest.split_at_mut(width);
        let s3 = &mut s3[..width];
        for (factors, row) in self.factors.iter().zip(self.tile.chunks_exact(width)) {
            for j in 0..width {
                s0[j] = s0[j].plus(factors[0].times(row[j]));
                s1[j] = s1[j].plus(factors[1].times(row[j]));
                s2[j] = s2[j].plus(factors[2].times(row[j]));
                s3[j] = s3[j].plus(factors[3].times(row[j]));
            }
        }
    }
}
