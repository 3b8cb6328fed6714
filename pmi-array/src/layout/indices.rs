//! The indices of one axis that a task has, in closed form.

use super::overlap::Spans;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// Ascending indices of one axis: blocks of equal length at equal distances, the last of which may be cut short.
///
/// Every distribution of an axis gives each task such a set, so that it takes four numbers however long the axis is.
/// The `k`-th block begins at `start + k period`. An index of the axis is called *global*, its place among the task's
/// indices *local*.
///
/// ```
/// use pmi_array::Indices;
/// let mine = Indices::block_cyclic(2, 2, 6, 5); // 2 3 . . . . 8 9 . . . . 14
/// assert_eq!(mine.iter().collect::<Vec<_>>(), [2, 3, 8, 9, 14]);
/// assert_eq!((mine.get(3), mine.position(9), mine.position(10)), (9, Some(3), None));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Indices {
    // Two sets are equal exactly if these are: one block has `period == block == len`, none has a start of 0.
    start: usize,
    block: usize,
    period: usize,
    len: usize,
}

impl Indices {
    /// No index.
    pub fn empty() -> Self {
        Self { start: 0, block: 0, period: 0, len: 0 }
    }

    /// All indices of an axis of length `len`.
    pub fn all(len: usize) -> Self {
        Self::range(0..len)
    }

    /// The indices of a range.
    pub fn range(range: Range<usize>) -> Self {
        if range.is_empty() {
            return Self::empty();
        }
        let len = range.len();
        Self { start: range.start, block: len, period: len, len }
    }

    /// `len` indices in blocks of `block`, the first of which begins at `start`, the others `period` further each.
    /// `block` 1 gives a range with a step.
    ///
    /// # Panics
    /// Where there are indices and `block` is 0 or longer than `period`.
    #[track_caller]
    pub fn block_cyclic(start: usize, block: usize, period: usize, len: usize) -> Self {
        if len == 0 {
            return Self::empty();
        }
        assert!(
            0 < block && block <= period,
            "blocks of {block} indices cannot begin every {period}: a block has 1 index or more and ends before the next"
        );
        if len <= block || block == period {
            return Self::range(start..start + len);
        }
        Self { start, block, period, len }
    }

    /// How many indices.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The index behind the last; 0 where there are none.
    pub fn end(&self) -> usize {
        self.len.checked_sub(1).map_or(0, |last| self.get(last) + 1)
    }

    /// The global index at a local one.
    ///
    /// # Panics
    /// Where `local` is not below [`len`](Indices::len).
    #[track_caller]
    pub fn get(&self, local: usize) -> usize {
        assert!(local < self.len, "local index {local} of {} indices: it must be below", self.len);
        self.start + local / self.block * self.period + local % self.block
    }

    /// The local index of a global one; `None` where it is not among them.
    pub fn position(&self, global: usize) -> Option<usize> {
        let distance = global.checked_sub(self.start).filter(|_| self.len > 0)?;
        let (number, inside) = (distance / self.period, distance % self.period);
        (inside < self.block).then_some(number * self.block + inside).filter(|local| *local < self.len)
    }

    /// The indices as one range, where they are.
    pub fn as_range(&self) -> Option<Range<usize>> {
        (self.len == self.block).then_some(self.start..self.start + self.len)
    }

    /// The contiguous ranges of global indices, each with the local index of its first.
    pub fn runs(&self) -> impl Iterator<Item = (Range<usize>, usize)> + use<> {
        let Self { start, block, period, len } = *self;
        (0..len).step_by(block.max(1)).enumerate().map(move |(number, local)| {
            let first = start + number * period;
            (first..first + block.min(len - local), local)
        })
    }

    /// All global indices, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + use<> {
        self.runs().flat_map(|(run, _)| run)
    }

    /// Which of these indices `other` has, too, and where.
    pub fn overlap(&self, other: &Indices) -> Spans {
        Spans::between(self, other)
    }

    /// What is left, from `global` on, of the first run that does not end before it.
    pub(crate) fn run_from(&self, global: usize) -> Option<Range<usize>> {
        if self.len == 0 {
            return None;
        }
        let distance = global.saturating_sub(self.start);
        let number = distance / self.period + usize::from(distance % self.period >= self.block);
        let left = self.len.checked_sub(number * self.block).filter(|left| *left > 0)?;
        let first = self.start + number * self.period;
        let run = first.max(global)..first + left.min(self.block);
        (!run.is_empty()).then_some(run)
    }

    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// The distance of blocks; `None` where there is only one.
    pub(super) fn period(&self) -> Option<usize> {
        (self.len > self.block).then_some(self.period)
    }

    /// How many of a set that went on for ever lie in `distance` global indices, a multiple of the period.
    pub(super) fn within(&self, distance: usize) -> usize {
        self.period().map_or(distance, |period| distance / period * self.block)
    }
}

impl fmt::Display for Indices {
    /// `[0, 4)`, or `[0, 2) [6, 8) .. [18, 19)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs = self.runs();
        let write = |f: &mut fmt::Formatter<'_>, run: Range<usize>| write!(f, "[{}, {})", run.start, run.end);
        let Some((first, _)) = runs.next() else { return f.write_str("none") };
        write(f, first)?;
        if let Some((second, _)) = runs.next() {
            f.write_str(" ")?;
            write(f, second)?;
        }
        let last = (self.len.max(1) - 1) / self.block;
        if last > 1 {
            f.write_str(if last > 2 { " .. " } else { " " })?;
            let start = self.start + last * self.period;
            write(f, start..self.end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every set of indices below `n`, by its definition.
    pub(in super::super) fn every(n: usize) -> Vec<Indices> {
        let mut all = vec![Indices::empty()];
        for start in 0..n {
            for block in 1..=n {
                for period in block..=n {
                    for len in 1..=n {
                        let set = Indices::block_cyclic(start, block, period, len);
                        if set.end() <= n && !all.contains(&set) {
                            all.push(set);
                        }
                    }
                }
            }
        }
        all
    }

    #[test]
    fn sets_are_what_their_definition_says() {
        for (start, block, period, len) in
            (0..4).flat_map(|s| (1..4).flat_map(move |b| (b..6).flat_map(move |p| (0..9).map(move |n| (s, b, p, n)))))
        {
            let set = Indices::block_cyclic(start, block, period, len);
            let expected: Vec<_> = (0..len).map(|i| start + i / block * period + i % block).collect();
            assert_eq!(set.iter().collect::<Vec<_>>(), expected);
            assert_eq!((set.len(), set.is_empty()), (len, len == 0));
            assert_eq!(set.end(), expected.last().map_or(0, |last| last + 1));
            for global in 0..60 {
                assert_eq!(set.position(global), expected.iter().position(|index| *index == global));
                let rest: Vec<_> = expected.iter().copied().filter(|index| *index >= global).collect();
                let run = rest.iter().enumerate().take_while(|(i, index)| rest[0] + i == **index).count();
                let found = set.run_from(global);
                assert_eq!(found.as_ref().map(|run| run.start), rest.first().copied(), "{set:?} from {global}");
                assert_eq!(found.map_or(0, |run| run.len()), run, "{set:?} from {global}");
            }
            (0..len).for_each(|local| assert_eq!(set.get(local), expected[local]));
            let mut next = 0;
            for (run, local) in set.runs() {
                assert_eq!((local, set.get(local)), (next, run.start));
                next += run.len();
            }
            assert_eq!(next, len);
            let contiguous = len == 0 || expected[len - 1] - expected[0] == len - 1;
            assert_eq!(set.as_range().is_some(), contiguous);
        }
    }

    #[test]
    fn equal_sets_are_equal() {
        for a in every(6) {
            for b in every(6) {
                assert_eq!(a == b, a.iter().eq(b.iter()), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn sets_as_text() {
        assert_eq!(Indices::empty().to_string(), "none");
        assert_eq!(Indices::range(3..7).to_string(), "[3, 7)");
        assert_eq!(Indices::block_cyclic(0, 2, 6, 4).to_string(), "[0, 2) [6, 8)");
        assert_eq!(Indices::block_cyclic(0, 2, 6, 5).to_string(), "[0, 2) [6, 8) [12, 13)");
        assert_eq!(Indices::block_cyclic(0, 2, 6, 7).to_string(), "[0, 2) [6, 8) .. [18, 19)");
    }

    #[test]
    #[should_panic(expected = "blocks of 3 indices cannot begin every 2")]
    fn blocks_that_run_into_each_other_are_refused() {
        Indices::block_cyclic(0, 3, 2, 9);
    }
}
