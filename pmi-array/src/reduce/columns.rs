//! Sums of the columns of a matrix that comes row by row: those of [`binned`](super::binned), all columns at a time.

use super::binned::{BINS, Binned, LANES, LOWER, MOST, Splitter, Sums, bin_of, is_unscaled, rounder, without_rounders};
use crate::simd::{Kernel, Vector, dispatch, level, prefetch};

/// Sums of columns.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// For each column, the sum of what is not below.
    sums: Vec<Binned>,
    /// The bins that are added to, where anything but zeros came.
    bins: Vec<Option<i32>>,
    /// The topmost rounders of the bins, or 0. These have room for whole vectors.
    rounders: Vec<f64>,
    /// The bits of sums of parts and rounders.
    parts: [Vec<f64>; BINS],
    /// How many rows were added to `parts`.
    rows: usize,
    /// How many columns have no bin.
    unset: usize,
    /// How far behind a row the next one is in memory.
    stride: usize,
}

impl Columns {
    pub(super) fn new(width: usize, stride: usize) -> Self {
        let zeros = || vec![0.0; width.next_multiple_of(LANES)];
        Self {
            sums: vec![Binned::default(); width],
            bins: vec![None; width],
            rounders: zeros(),
            parts: [zeros(), zeros(), zeros()],
            rows: 0,
            unset: width,
            stride,
        }
    }

    /// Adds a row's numbers, one to each column.
    pub(super) fn add(&mut self, row: &[f64]) {
        debug_assert_eq!(row.len(), self.sums.len());
        if self.rows == MOST {
            (0..row.len()).for_each(|column| self.flush(column));
            self.rows = 0;
        }
        let mut from = 0;
        while from < row.len() {
            let parts = self.parts.each_mut().map(|of| &mut of[..]);
            let (stride, unset) = (self.stride, self.unset > 0);
            let kernel = Row { row, rounders: &self.rounders, parts, from, stride, unset };
            let stopped = dispatch(level(), kernel);
            from = (stopped + LANES).min(row.len());
            (stopped..from).for_each(|column| self.add_single(column, row[column]));
        }
        self.rows += 1;
    }

    /// Adds a number to a column, whatever it is.
    #[cold]
    fn add_single(&mut self, column: usize, x: f64) {
        let mut part = x;
        if x != 0.0 && !is_unscaled(x) {
            self.sums[column].add(&[x]);
            part = 0.0;
        }
        if part != 0.0 {
            let bin = bin_of::<1>(part);
            if self.bins[column].is_none_or(|mine| mine < bin) {
                self.unset -= usize::from(self.bins[column].is_none());
                self.flush(column);
                self.bins[column] = Some(bin);
                self.rounders[column] = rounder(bin);
                // As if so many zeros had been added.
                let rounders = [rounder(bin), rounder(bin - 1), rounder(bin - 2)];
                for (parts, rounder) in self.parts.iter_mut().zip(rounders) {
                    parts[column] = f64::from_bits((rounder.to_bits()).wrapping_mul(self.rows as u64));
                }
            }
        }
        let splitter = Splitter::with(lower(self.rounders[column]));
        let mut sums = Sums::from_parts(self.parts.each_ref().map(|parts| parts[column]));
        splitter.add(&mut sums, part);
        let parts = sums.parts().expect("the number is within its bin");
        self.parts.iter_mut().zip(parts).for_each(|(parts, part)| parts[column] = part);
    }

    /// Moves what was added to a column to its sum.
    fn flush(&mut self, column: usize) {
        let rounders = lower(self.rounders[column]);
        let mut sums = [0; BINS];
        for (sum, (parts, rounder)) in sums.iter_mut().zip(self.parts.iter_mut().zip(rounders)) {
            let bits = std::mem::take(&mut parts[column]).to_bits();
            *sum = without_rounders(bits as i64, rounder, self.rows);
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

/// Adds the parts of the numbers in a row to those of their columns, from column `from` on; stops at the first vector with
/// a number that is beyond its column's bin, and says where; at the end otherwise.
struct Row<'a> {
    row: &'a [f64],
    rounders: &'a [f64],
    parts: [&'a mut [f64]; BINS],
    from: usize,
    stride: usize,
    /// Whether there may be columns without a bin.
    unset: bool,
}

impl Kernel for Row<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<V: Vector>(self) -> usize {
        let Self { row, rounders, parts: [p0, p1, p2], from, stride, unset } = self;
        let zero = V::splat(0.0);
        for at in (from..row.len()).step_by(V::LANES) {
            prefetch(row.as_ptr().wrapping_add(at + stride), V::LANES);
            let mut last = [0.0; LANES];
            let numbers = match row.get(at..at + V::LANES) {
                Some(numbers) => V::load(numbers),
                None => {
                    last[..row.len() - at].copy_from_slice(&row[at..]);
                    V::load(&last)
                }
            };
            let rounder = V::load(&rounders[at..]);
            if unset && V::bits(rounder.eq(zero)) & !V::bits(numbers.eq(zero)) != 0 {
                return at;
            }
            let mut sums = Sums::from_parts([V::load(&p0[at..]), V::load(&p1[at..]), V::load(&p2[at..])]);
            Splitter::with(lower(rounder)).add(&mut sums, numbers);
            let Some([q0, q1, q2]) = sums.parts() else { return at };
            q0.store(&mut p0[at..]);
            q1.store(&mut p1[at..]);
            q2.store(&mut p2[at..]);
        }
        row.len()
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
        assert_eq!(sums[2], 0.0, "2^-80 of the largest is kept");
    }
}
