//! Sums of the columns of a matrix that comes row by row: those of [`binned`](super::binned), all columns at a time.

use super::binned::{Binned, is_unscaled};
use super::parts::{BINS, LANES, LOWER, MOST, Splitter, Sums, bin_of, rounder, without_rounders};
use crate::simd::{Kernel, Vector, dispatch, level, prefetch};

/// Sums of columns.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// For each column, the sum of what is not below.
    sums: Vec<Binned>,
    /// For each column, the bin that is added to, where anything but zeros came.
    bins: Vec<Option<i32>>,
    cells: Vec<Cell>,
    /// How many rows were added to the cells.
    rows: usize,
    /// How many columns have no bin.
    unset: usize,
    /// How far behind a row the next one is in memory.
    stride: usize,
}

/// What the longest vector of columns needs, in whole lines of the cache.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Cell {
    /// The topmost rounders of the bins, or 0.
    rounders: [f64; LANES],
    /// The bits of sums of parts and rounders.
    parts: [[f64; LANES]; BINS],
}

impl Columns {
    pub(super) fn new(width: usize, stride: usize) -> Self {
        Self {
            sums: vec![Binned::default(); width],
            bins: vec![None; width],
            cells: vec![Cell::default(); width.div_ceil(LANES)],
            rows: 0,
            unset: width,
            stride,
        }
    }

    /// Adds a row's numbers, one to each column.
    pub(super) fn add(&mut self, row: &[f64]) {
        if self.rows == MOST {
            (0..self.sums.len()).for_each(|column| self.flush(column));
            self.rows = 0;
        }
        let (whole, rest) = row.as_chunks();
        self.add_whole(0, whole);
        if !rest.is_empty() {
            let mut last = [0.0; LANES];
            last[..rest.len()].copy_from_slice(rest);
            self.add_whole(whole.len(), &[last]);
        }
        self.rows += 1;
    }

    /// Adds numbers to the columns from cell `from` on.
    fn add_whole(&mut self, mut from: usize, mut row: &[[f64; LANES]]) {
        while !row.is_empty() {
            let cells = &mut self.cells[from..from + row.len()];
            let added = dispatch(level(), Row { row, cells, stride: self.stride, unset: self.unset > 0 });
            from += added;
            row = &row[added..];
            let Some((numbers, rest)) = row.split_first() else { break };
            let columns = (from * LANES..self.sums.len()).zip(numbers);
            columns.for_each(|(column, x)| self.add_single(column, *x));
            (from, row) = (from + 1, rest);
        }
    }

    /// Adds a number to a column, whatever it is.
    #[cold]
    fn add_single(&mut self, column: usize, x: f64) {
        let (cell, lane) = (column / LANES, column % LANES);
        let mut part = x;
        if x != 0.0 && !is_unscaled(x) {
            self.sums[column].add(&[x]);
            part = 0.0;
        }
        if part != 0.0 {
            let bin = bin_of(part);
            if self.bins[column].is_none_or(|mine| mine < bin) {
                self.flush(column);
                self.unset -= usize::from(self.bins[column].is_none());
                self.bins[column] = Some(bin);
                let rounder = rounder(bin);
                self.cells[cell].rounders[lane] = rounder;
                // As if a zero had been added in each row.
                for (parts, rounder) in self.cells[cell].parts.iter_mut().zip(lower(rounder)) {
                    parts[lane] = f64::from_bits(rounder.to_bits().wrapping_mul(self.rows as u64));
                }
            }
        }
        let Cell { rounders, parts } = &mut self.cells[cell];
        let mut sums = Sums::from_parts(parts.map(|of| of[lane]));
        Splitter::with(lower(rounders[lane])).add(&mut sums, part);
        let sums = sums.parts().expect("the number is within its bin");
        parts.iter_mut().zip(sums).for_each(|(of, sum)| of[lane] = sum);
    }

    /// Moves what was added to a column's cell to its sum.
    fn flush(&mut self, column: usize) {
        let (Cell { rounders, parts }, lane) = (&mut self.cells[column / LANES], column % LANES);
        let mut sums = [0; BINS];
        for (sum, (of, rounder)) in sums.iter_mut().zip(parts.iter_mut().zip(lower(rounders[lane]))) {
            *sum = without_rounders(std::mem::take(&mut of[lane]).to_bits() as i64, rounder, self.rows);
        }
        if let Some(bin) = self.bins[column] {
            self.sums[column].add_parts(bin, sums, 0);
        }
    }

    /// The sum of each column.
    pub(super) fn into_sums(mut self) -> Vec<Binned> {
        (0..self.sums.len()).for_each(|column| self.flush(column));
        self.sums
    }
}

/// A rounder and those of the next lower bins.
#[inline(always)]
fn lower<V: Vector>(rounder: V) -> [V; BINS] {
    [rounder, rounder.mul(V::splat(LOWER)), rounder.mul(V::splat(LOWER * LOWER))]
}

/// Adds the parts of the numbers in a row to the columns' cells; stops at the first cell with a number that is beyond its
/// column's bin, and says which; at the end otherwise.
struct Row<'a> {
    row: &'a [[f64; LANES]],
    cells: &'a mut [Cell],
    stride: usize,
    /// Whether there may be columns without a bin.
    unset: bool,
}

impl Kernel for Row<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<V: Vector>(self) -> usize {
        let zero = V::splat(0.0);
        for (at, (numbers, cell)) in self.row.iter().zip(self.cells).enumerate() {
            prefetch(numbers.as_ptr().wrapping_add(self.stride), LANES);
            let mut now = *cell;
            for l in (0..LANES).step_by(V::LANES) {
                let (x, rounder) = (V::load(&numbers[l..]), V::load(&cell.rounders[l..]));
                if self.unset && V::bits(rounder.eq(zero)) & !V::bits(x.eq(zero)) != 0 {
                    return at;
                }
                let [p0, p1, p2] = &cell.parts;
                let mut sums = Sums::from_parts([V::load(&p0[l..]), V::load(&p1[l..]), V::load(&p2[l..])]);
                Splitter::with(lower(rounder)).add(&mut sums, x);
                let Some([q0, q1, q2]) = sums.parts() else { return at };
                let [p0, p1, p2] = &mut now.parts;
                q0.store(&mut p0[l..]);
                q1.store(&mut p1[l..]);
                q2.store(&mut p2[l..]);
            }
            cell.parts = now.parts;
        }
        self.row.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(numbers: impl Iterator<Item = f64>) -> f64 {
        let mut sum = Binned::default();
        numbers.for_each(|x| sum.add(&[x]));
        sum.value()
    }

    fn columns<const N: usize>(rows: &[[f64; N]]) -> Vec<f64> {
        let mut columns = Columns::new(N, 0);
        rows.iter().for_each(|row| columns.add(row));
        columns.into_sums().iter().map(Binned::value).collect()
    }

    #[test]
    fn columns_have_the_sums_of_their_numbers() {
        for count in [0, 1, 7, 8, 9, 5000] {
            for spread in [1, 30, 100, 700, 1900] {
                let number = |i: usize| {
                    let x = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    let exponent = (x >> 3) % spread;
                    f64::from_bits((x >> 12) | (1023 - spread / 2 + exponent) << 52 | (x & 1) << 63)
                };
                let rows: Vec<[f64; 11]> =
                    (0..count).map(|row| std::array::from_fn(|column| number(11 * row + column))).collect();
                let sums = columns(&rows);
                for (column, of) in sums.iter().enumerate() {
                    assert_eq!(*of, sum(rows.iter().map(|row| row[column])), "{count} rows, spread {spread}");
                }
            }
        }
    }

    #[test]
    fn what_has_no_parts_follows_ieee() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let sums = columns(&[[1.0, inf, f64::MAX], [nan, 1e300, 1.0], [2.0, 1e-300, -f64::MAX]]);
        assert!(sums[0].is_nan() && sums[1] == inf);
        assert_eq!(sums[2], 0.0, "2^-79 of the largest is kept");
    }
}
