//! Sums of the columns of a matrix that comes row by row: those of [`binned`](super::binned), all columns at a time.

use super::binned::{Binned, is_unscaled};
use super::parts::{BINS, LANES, LOWER, MOST, Splitter, Sums, bin_of, rounder, without_rounders};
use crate::simd::{Kernel, Vector, dispatch, level, prefetch};
use std::array::from_fn;

/// How many rows are added to a cell at a time.
pub(super) const ROWS: usize = 4;

/// What a column takes of the cells.
pub(super) const BYTES: usize = size_of::<Cell>() / LANES;

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
    /// Where the numbers of rows of `f32` become `f64`s.
    wide: Vec<f64>,
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
            wide: Vec::new(),
        }
    }

    /// Adds numbers of some rows, one of each to each column from number `from` on: see [`Columns::add`](super::reducer::Columns::add).
    pub(super) fn add(&mut self, from: usize, rows: &[&[f64]]) {
        debug_assert!(from.is_multiple_of(LANES) && rows.len() <= MOST);
        if from == 0 && self.rows + rows.len() > MOST {
            (0..self.sums.len()).for_each(|column| self.flush(column, self.rows));
            self.rows = 0;
        }
        let (groups, rest) = rows.as_chunks::<ROWS>();
        for (i, rows) in groups.iter().enumerate() {
            self.add_group(from, rows, self.rows + i * ROWS);
        }
        for (i, row) in rest.iter().enumerate() {
            self.add_group(from, &[row], self.rows + groups.len() * ROWS + i);
        }
        if rows.first().is_some_and(|row| from + row.len() == self.sums.len()) {
            self.rows += rows.len();
        }
    }

    /// As [`add`](Columns::add).
    pub(super) fn add_f32(&mut self, from: usize, rows: &[&[f32]]) {
        let mut wide = std::mem::take(&mut self.wide);
        wide.clear();
        wide.extend(rows.iter().flat_map(|row| *row).map(|x| f64::from(*x)));
        let len = rows.first().map_or(1, |row| row.len()).max(1);
        self.add(from, &wide.chunks_exact(len).collect::<Vec<_>>());
        self.wide = wide;
    }

    /// Adds pieces of rows, before which so many were added.
    fn add_group<const N: usize>(&mut self, from: usize, rows: &[&[f64]; N], before: usize) {
        let (cell, len) = (from / LANES, rows[0].len());
        let whole = len / LANES;
        self.add_cells(cell, rows.map(|row| &row.as_chunks().0[..whole]), before);
        if !len.is_multiple_of(LANES) {
            let mut last = [[[0.0; LANES]]; N];
            for (last, row) in last.iter_mut().zip(rows) {
                last[0][..len % LANES].copy_from_slice(&row[whole * LANES..]);
            }
            self.add_cells::<N>(cell + whole, from_fn(|row| &last[row][..]), before);
        }
    }

    /// Adds rows' numbers to the columns from cell `from` on, before which so many rows were added.
    fn add_cells<const N: usize>(&mut self, mut from: usize, mut rows: [&[[f64; LANES]]; N], before: usize) {
        while !rows[0].is_empty() {
            let cells = &mut self.cells[from..from + rows[0].len()];
            let added = dispatch(level(), Rows { rows, cells, ahead: N * self.stride, unset: self.unset > 0 });
            (from, rows) = (from + added, rows.map(|row| &row[added..]));
            if rows[0].is_empty() {
                break;
            }
            for (row, numbers) in rows.iter().enumerate() {
                if N > 1 {
                    self.add_cells(from, [&numbers[..1]], before + row);
                } else {
                    let columns = (from * LANES..self.sums.len()).zip(numbers[0]);
                    columns.for_each(|(column, x)| self.add_single(column, x, before + row));
                }
            }
            (from, rows) = (from + 1, rows.map(|row| &row[1..]));
        }
    }

    /// Adds a number, whatever it is, to a column that `before` numbers were added to.
    #[cold]
    fn add_single(&mut self, column: usize, x: f64, before: usize) {
        let (cell, lane) = (column / LANES, column % LANES);
        let mut part = x;
        if x != 0.0 && !is_unscaled(x) {
            self.sums[column].add(&[x]);
            part = 0.0;
        }
        if part != 0.0 {
            let bin = bin_of(part);
            if self.bins[column].is_none_or(|mine| mine < bin) {
                self.flush(column, before);
                self.unset -= usize::from(self.bins[column].is_none());
                self.bins[column] = Some(bin);
                let rounder = rounder(bin);
                self.cells[cell].rounders[lane] = rounder;
                // As if a zero had been added in each row.
                for (parts, rounder) in self.cells[cell].parts.iter_mut().zip(lower(rounder)) {
                    parts[lane] = f64::from_bits(rounder.to_bits().wrapping_mul(before as u64));
                }
            }
        }
        let Cell { rounders, parts } = &mut self.cells[cell];
        let mut sums = Sums::from_parts(parts.map(|of| of[lane]));
        Splitter::with(lower(rounders[lane])).add(&mut sums, [part]);
        let sums = sums.parts().expect("the number is within its bin");
        parts.iter_mut().zip(sums).for_each(|(of, sum)| of[lane] = sum);
    }

    /// Moves what was added to a column's cell, so many numbers, to its sum.
    fn flush(&mut self, column: usize, count: usize) {
        let (Cell { rounders, parts }, lane) = (&mut self.cells[column / LANES], column % LANES);
        let mut sums = [0; BINS];
        for (sum, (of, rounder)) in sums.iter_mut().zip(parts.iter_mut().zip(lower(rounders[lane]))) {
            *sum = without_rounders(std::mem::take(&mut of[lane]).to_bits() as i64, rounder, count);
        }
        if let Some(bin) = self.bins[column] {
            self.sums[column].add_parts(bin, sums, 0);
        }
    }

    /// The sum of each column.
    pub(super) fn into_sums(mut self) -> Vec<Binned> {
        (0..self.sums.len()).for_each(|column| self.flush(column, self.rows));
        self.sums
    }
}

/// A rounder and those of the next lower bins.
#[inline(always)]
fn lower<V: Vector>(rounder: V) -> [V; BINS] {
    [rounder, rounder.mul(V::splat(LOWER)), rounder.mul(V::splat(LOWER * LOWER))]
}

/// Adds the parts of the numbers in rows to the columns' cells; stops at the first cell with a number that is beyond its
/// column's bin, and says which; at the end otherwise.
struct Rows<'a, const N: usize> {
    rows: [&'a [[f64; LANES]]; N],
    cells: &'a mut [Cell],
    /// How far ahead in memory the numbers are that will be wanted next.
    ahead: usize,
    /// Whether there may be columns without a bin.
    unset: bool,
}

impl<const N: usize> Kernel for Rows<'_, N> {
    type Output = usize;

    #[inline(always)]
    fn run<V: Vector>(self) -> usize {
        let zero = V::splat(0.0);
        for (at, cell) in self.cells.iter_mut().enumerate() {
            for row in self.rows {
                prefetch(row[at].as_ptr().wrapping_add(self.ahead), LANES);
            }
            let mut now = *cell;
            for l in (0..LANES).step_by(V::LANES) {
                let (mut x, rounder) = ([zero; N], V::load(&cell.rounders[l..]));
                for (x, row) in x.iter_mut().zip(self.rows) {
                    *x = V::load(&row[at][l..]);
                    if self.unset && V::bits(rounder.eq(zero)) & !V::bits(x.eq(zero)) != 0 {
                        return at;
                    }
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
        self.cells.len()
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
        columns.add(0, &rows.iter().map(|row| &row[..]).collect::<Vec<_>>());
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
                let rows: Vec<[f64; 11]> = (0..count).map(|row| from_fn(|column| number(11 * row + column))).collect();
                let sums = columns(&rows);
                for (column, of) in sums.iter().enumerate() {
                    assert_eq!(*of, sum(rows.iter().map(|row| row[column])), "{count} rows, spread {spread}");
                }
            }
        }
    }

    #[test]
    fn rows_may_come_in_pieces_and_in_any_number() {
        const WIDTH: usize = 2051;
        let number = |row: usize, column: usize| {
            let x = ((row * WIDTH + column) as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            // Larger in later rows, in some columns: bins rise within a group of rows.
            let scale = if column.is_multiple_of(3) { 1e12_f64.powi(row as i32 % 5) } else { 1.0 };
            scale * ((x >> 11) as f64 / (1u64 << 53) as f64 - 0.5)
        };
        let rows: Vec<Vec<f64>> = (0..9).map(|row| (0..WIDTH).map(|column| number(row, column)).collect()).collect();
        let narrow: Vec<Vec<f32>> = rows.iter().map(|row| row.iter().map(|x| *x as f32).collect()).collect();
        let (mut columns, mut of_f32) = (Columns::new(WIDTH, 0), Columns::new(WIDTH, 0));
        // As if many zeros had come before: there is no room for all these rows.
        (columns.rows, of_f32.rows) = (MOST - 6, MOST - 6);
        for group in [0..4, 4..8, 8..9] {
            for from in [0, 1024, 2048] {
                let piece = from..WIDTH.min(from + 1024);
                columns.add(from, &rows[group.clone()].iter().map(|row| &row[piece.clone()]).collect::<Vec<_>>());
                of_f32.add_f32(from, &narrow[group.clone()].iter().map(|row| &row[piece.clone()]).collect::<Vec<_>>());
            }
        }
        for (column, (of, of_f32)) in columns.into_sums().iter().zip(of_f32.into_sums()).enumerate() {
            assert_eq!(of.value(), sum(rows.iter().map(|row| row[column])), "column {column}");
            assert_eq!(of_f32.value(), sum(narrow.iter().map(|row| row[column].into())), "column {column} of f32");
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
