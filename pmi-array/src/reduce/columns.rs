//! Sums of the columns of a matrix that comes row by row: those of [`binned`](super::binned), several rows at a time.

use super::binned::{BINS, Binned, LARGE, MOST, SMALL, Splitter, bin_of, is_zero, limit, one, rounders};
use crate::simd::{Kernel, Vector, dispatch, level};

/// How many rows wait until they are added together: what is known of a column is then loaded and stored once for all of
/// them.
const ROWS: usize = 8;
/// The number of columns is rounded up to a multiple of this, the longest vector.
const LANES: usize = 8;

/// Sums of columns.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// For each column, the sum of what is not below.
    sums: Vec<Binned>,
    /// For each column, what a row's number may be at most without a higher bin.
    limits: Vec<f64>,
    bins: Vec<i32>,
    rounders: [Vec<f64>; BINS],
    parts: [Vec<f64>; BINS],
    /// How many rows were added to `parts`.
    rows: usize,
    /// Rows that wait, and zeros.
    waiting: Vec<f64>,
    /// How many wait.
    count: usize,
}

impl Columns {
    pub(super) fn new(width: usize) -> Self {
        let padded = width.next_multiple_of(LANES);
        let zeros = || vec![0.0; padded];
        Self {
            sums: vec![Binned::default(); width],
            limits: zeros(),
            bins: vec![0; padded],
            rounders: [zeros(), zeros(), zeros()],
            parts: [zeros(), zeros(), zeros()],
            rows: 0,
            waiting: vec![0.0; ROWS * padded],
            count: 0,
        }
    }

    /// Adds a row's numbers to the columns from `first` on; the others get zeros.
    pub(super) fn add(&mut self, first: usize, row: &[f64]) {
        let start = self.count * self.limits.len() + first;
        self.waiting[start..start + row.len()].copy_from_slice(row);
    }

    /// Ends a row: all columns have got as many numbers.
    pub(super) fn end_row(&mut self) {
        self.count += 1;
        if self.count == ROWS {
            self.add_waiting();
        }
    }

    /// Adds the rows that wait.
    fn add_waiting(&mut self) {
        if self.rows + ROWS > MOST {
            (0..self.sums.len()).for_each(|column| self.flush(column));
            self.rows = 0;
        }
        self.rows += ROWS;
        let mut from = 0;
        loop {
            let parts = self.parts.each_mut().map(|of| &mut of[..]);
            let rounders = self.rounders.each_ref().map(|of| &of[..]);
            let rows = Rows { rows: &self.waiting, limits: &self.limits, rounders, parts, from };
            let Some(stopped) = dispatch(level(), rows) else { break };
            (stopped..(stopped + LANES).min(self.sums.len())).for_each(|column| self.raise(column));
            from = stopped;
        }
        self.waiting.fill(0.0);
        self.count = 0;
    }

    /// Brings a column to the bin of the largest number that waits. What cannot be split as it is does not wait any longer.
    #[cold]
    fn raise(&mut self, column: usize) {
        let mut largest = 0.0;
        for x in self.waiting[column..].iter_mut().step_by(self.limits.len()) {
            let magnitude = x.abs();
            if magnitude <= self.limits[column] {
                continue;
            }
            if (SMALL..=LARGE).contains(&magnitude) {
                largest = magnitude.max(largest);
            } else {
                self.sums[column].add(&[*x]);
                *x = 0.0;
            }
        }
        if largest > 0.0 {
            self.flush(column);
            let bin = bin_of(largest);
            (self.bins[column], self.limits[column]) = (bin, limit(bin));
            for (all, rounder) in self.rounders.iter_mut().zip(rounders(bin)) {
                all[column] = rounder;
            }
        }
    }

    fn flush(&mut self, column: usize) {
        let parts = self.parts.each_mut().map(|of| std::mem::take(&mut of[column]));
        if self.limits[column] > 0.0 {
            self.sums[column].add_parts(self.bins[column], parts, 0);
        }
    }

    /// The sum of each column.
    pub(super) fn into_sums(mut self) -> Vec<Binned> {
        self.add_waiting();
        (0..self.sums.len()).for_each(|column| self.flush(column));
        self.sums
    }
}

/// Adds the parts of the numbers in some rows to those of their columns, from column `from` on; stops at the first
/// columns where a number is beyond the limit, and says which.
struct Rows<'a> {
    rows: &'a [f64],
    limits: &'a [f64],
    rounders: [&'a [f64]; BINS],
    parts: [&'a mut [f64]; BINS],
    from: usize,
}

impl Kernel for Rows<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Option<usize> {
        let Self { rows, limits, rounders: [r0, r1, r2], parts: [p0, p1, p2], from } = self;
        let (width, one) = (limits.len(), one());
        for at in (from..width).step_by(V::LANES) {
            let rounders = [V::load(&r0[at..]), V::load(&r1[at..]), V::load(&r2[at..])];
            let splitter = Splitter::new(rounders, V::load(&limits[at..]), one);
            let mut parts = [V::load(&p0[at..]), V::load(&p1[at..]), V::load(&p2[at..])];
            let mut beyond = V::splat(0.0);
            for row in 0..ROWS {
                splitter.add(&mut parts, V::load(&rows[row * width + at..]), &mut beyond);
            }
            if !is_zero(beyond) {
                return Some(at);
            }
            let [q0, q1, q2] = parts;
            q0.store(&mut p0[at..]);
            q1.store(&mut p1[at..]);
            q2.store(&mut p2[at..]);
        }
        None
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

    /// The sums of the columns, which begin at column 1 of all.
    fn columns<const N: usize>(rows: &[[f64; N]]) -> Vec<f64> {
        let mut columns = Columns::new(1 + N);
        for row in rows {
            columns.add(1, row);
            columns.end_row();
        }
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
                assert_eq!(sums[0], 0.0);
                for (column, of) in sums[1..].iter().enumerate() {
                    assert_eq!(*of, sum(rows.iter().map(|row| row[column])), "{count} rows, spread {spread}");
                }
            }
        }
    }

    #[test]
    fn what_has_no_parts_follows_ieee() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let sums = columns(&[[1.0, inf, f64::MAX], [nan, 1e300, 1.0], [2.0, 1e-300, -f64::MAX]]);
        assert!(sums[1].is_nan() && sums[2] == inf);
        assert_eq!(sums[3], 0.0, "2^-80 of the largest is kept");
    }
}
