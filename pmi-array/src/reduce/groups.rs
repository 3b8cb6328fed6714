//! The elements of a slab in groups: what becomes of those that lie along some axes.
//!
//! The slab's axes, those that are reduced and those that are kept, are merged into as few as have the same memory order.
//! If the last one is kept, elements come in rows that are added to a row of states column by column; if it is reduced,
//! they come in runs that become one state each. Short runs are read many at a time; the shortest, of what adds to many
//! columns at once, are turned into rows: a column is then a run.

use super::columns::ROWS;
use super::reducer::{Columns, Reducer};
use crate::expr::{BLOCK, Cursor, Held, View, blame, read_block, run};
use crate::expr::{Frame, Place};
use std::ops::Range;

/// How many bytes of what is known of columns are added to at a time: so many that memory is read in long runs, so few that
/// they stay in the second-level cache.
const CACHE: usize = 1 << 18;
/// The most columns that are added to at a time.
const TILE: usize = 8 * BLOCK;
/// Runs up to this long are read many at a time.
const SHORT: usize = 64;
/// Runs up to this long are turned into rows, where columns are added to together.
const FEW: usize = 16;

/// The merged axes of a slab: lengths, and whether they are reduced.
struct Groups(Vec<(usize, bool)>);

impl Groups {
    fn new(shape: &[usize], reduced: &[usize]) -> Self {
        let mut groups: Vec<(usize, bool)> = Vec::new();
        for (axis, len) in shape.iter().enumerate().filter(|(_, len)| **len != 1) {
            let is_reduced = reduced.contains(&axis);
            match groups.last_mut() {
                Some((merged, same)) if *same == is_reduced => *merged *= len,
                _ => groups.push((*len, is_reduced)),
            }
        }
        Self(groups)
    }

    /// How many elements lie along the reduced axes, or along the kept ones.
    fn count(&self, reduced: bool) -> usize {
        self.0.iter().filter(|group| group.1 == reduced).map(|group| group.0).product()
    }

    /// The number of the first element with these numbers along the kept and the reduced axes, where the innermost axis
    /// has `inner` elements.
    fn offset(&self, mut kept: usize, mut reduced: usize, inner: usize) -> usize {
        let (mut offset, mut step) = (0, inner);
        for (len, is_reduced) in self.0.iter().rev() {
            let number = if *is_reduced { &mut reduced } else { &mut kept };
            offset += *number % len * step;
            *number /= len;
            step *= len;
        }
        offset
    }
}

/// What is known of each group of a task's elements that differ along the reduced axes only, in the C order of the others.
pub(super) fn states<H: Held, R: Reducer<H::Elem>>(
    held: &H,
    frame: &Frame<'_>,
    reducer: &R,
    first: H::Elem,
    reduced: &[usize],
) -> Vec<R::State> {
    let place = &frame.place;
    let count: usize =
        (0..place.local.len()).filter(|axis| !reduced.contains(axis)).map(|axis| place.local[axis]).product();
    if place.is_empty() {
        return vec![reducer.start(first); if place.owns() { count } else { 0 }];
    }
    let mut outer = Groups::new(&place.local, reduced);
    let (inner, inner_reduced) = outer.0.pop().unwrap_or((1, true));
    let work = Work { view: held.view(), place, reducer, first, reduced, outer, inner, threads: frame.task.threads() };
    match inner_reduced {
        false => work.columns(frame),
        true if inner <= SHORT && work.outer.0.last().is_some_and(|group| !group.1) => work.short_runs(frame),
        true => work.runs(frame),
    }
}

struct Work<'a, W: View, R: Reducer<W::Elem>> {
    view: W,
    place: &'a Place,
    reducer: &'a R,
    first: W::Elem,
    reduced: &'a [usize],
    /// The axes but for the innermost.
    outer: Groups,
    /// The length of the innermost axis.
    inner: usize,
    threads: usize,
}

impl<W: View, R: Reducer<W::Elem>> Work<'_, W, R> {
    /// The number along the reduced axes of the array of an element of the slab.
    fn number(&self, element: usize) -> usize {
        let (index, shape) = (self.place.index(element), self.place.layout.shape());
        self.reduced.iter().fold(0, |number, axis| number * shape[*axis] + index[*axis])
    }

    /// Into how many parts what is reduced is cut, so that `jobs` times as many give each thread `each` or more.
    fn cuts(&self, jobs: usize, len: usize, each: usize) -> usize {
        if R::ORDERED || self.threads == 1 { 1 } else { (each * self.threads).div_ceil(jobs).clamp(1, len.max(1)) }
    }

    /// The states that several jobs have each for the same groups.
    fn join(&self, parts: impl IntoIterator<Item = Vec<R::State>>) -> Vec<R::State> {
        let join = |mut all: Vec<R::State>, part: Vec<R::State>| {
            all.iter_mut().zip(&part).for_each(|(state, part)| self.reducer.join(state, part));
            all
        };
        parts.into_iter().reduce(join).unwrap_or_default()
    }

    /// The innermost axis is kept.
    fn columns(&self, frame: &Frame<'_>) -> Vec<R::State> {
        let (kept, rows) = (self.outer.count(false), self.outer.count(true));
        // Operators whose order matters go along all rows: only tiles keep the threads busy.
        let tiles =
            self.inner.div_ceil(if R::ORDERED { BLOCK } else { (CACHE / R::Columns::BYTES).clamp(BLOCK, TILE) });
        // One tile is cut into a part a thread only, as each part has states of its own for all columns.
        let cuts = self.cuts(kept * tiles, rows, if kept * tiles == 1 { 1 } else { 4 });
        // How many rows lie one behind the other, where they are whole.
        let adjacent = self.outer.0.last().filter(|_| self.inner <= BLOCK).map_or(1, |group| group.0);
        let job = |job: usize| {
            let (cut, tile, kept) = (job % cuts, job / cuts % tiles, job / cuts / tiles);
            let columns = part_of(self.inner, tiles, tile);
            let rows = part_of(rows, cuts, cut);
            let mut states = R::Columns::new(self.reducer, columns.len(), self.inner, self.first);
            let reader = || (self.view.cursor(), [W::Elem::default(); BLOCK]);
            let mut readers = vec![reader()];
            let (width, mut row) = (columns.len(), rows.start);
            while row < rows.end {
                let start = |row| self.outer.offset(kept, row, self.inner) + columns.start;
                // Several rows at a time: in one run of memory, or each with a reader of its own.
                let run = (adjacent - row % adjacent).min(rows.end - row).min(BLOCK / width) / ROWS * ROWS;
                if run > 0 {
                    let (start, (cursor, buffer)) = (start(row), &mut readers[0]);
                    let block = self.read(cursor, start, start + run * width, &mut buffer[..run * width]);
                    let read: Vec<_> = block.chunks_exact(width).collect();
                    states.add(self.reducer, 0, &read, &|i| self.number(start + i * width));
                    row += run;
                    continue;
                }
                let count = ROWS.min(rows.end - row);
                readers.resize_with(readers.len().max(count), reader);
                for from in (0..width).step_by(BLOCK) {
                    let (len, mut read) = (BLOCK.min(width - from), [&[][..]; ROWS]);
                    for (i, (cursor, buffer)) in readers[..count].iter_mut().enumerate() {
                        let start = start(row + i) + from;
                        read[i] = self.read(cursor, start, start + len, &mut buffer[..len]);
                    }
                    states.add(self.reducer, from, &read[..count], &|i| self.number(start(row + i)));
                }
                row += count;
            }
            states.into_states(self.reducer)
        };
        let done = run(frame.task, kept * tiles * cuts, job);
        let mut done = done.into_iter();
        (0..kept * tiles).flat_map(|_| self.join(done.by_ref().take(cuts))).collect()
    }

    /// The innermost axis is reduced, and long.
    fn runs(&self, frame: &Frame<'_>) -> Vec<R::State> {
        let (kept, rows, inner) = (self.outer.count(false), self.outer.count(true), self.inner);
        let cuts = self.cuts(kept, (rows * inner).div_ceil(BLOCK), 4);
        let jobs = kept.min(16 * self.threads).max(1);
        let job = |job: usize| {
            let (cut, groups) = (job % cuts, part_of(kept, jobs, job / cuts));
            let elements = part_of(rows * inner, cuts, cut);
            let (mut cursor, mut buffer) = (self.view.cursor(), [W::Elem::default(); BLOCK]);
            let group = |kept: usize| {
                let (mut state, mut at) = (self.reducer.start(self.first), elements.start);
                while at < elements.end {
                    let (row, from) = (at / inner, at % inner);
                    let len = (inner - from).min(elements.end - at).min(BLOCK);
                    let start = self.outer.offset(kept, row, inner) + from;
                    let block = self.read(&mut cursor, start, start + len, &mut buffer[..len]);
                    self.reducer.add(&mut state, block, &|i| self.number(start + i));
                    at += len;
                }
                state
            };
            groups.map(group).collect::<Vec<_>>()
        };
        let done = run(frame.task, jobs * cuts, job);
        let mut done = done.into_iter();
        (0..jobs).flat_map(|_| self.join(done.by_ref().take(cuts))).collect()
    }

    /// The innermost axis is reduced, and short; the one before it is kept.
    fn short_runs(&self, frame: &Frame<'_>) -> Vec<R::State> {
        let (kept, rows, inner) = (self.outer.count(false), self.outer.count(true), self.inner);
        let adjacent = self.outer.0.last().map_or(1, |group| group.0);
        let (width, tiles) = (BLOCK / inner, adjacent.div_ceil(BLOCK / inner));
        let job = |job: usize| {
            let first_group = job / tiles * adjacent;
            let groups = part_of(adjacent, tiles, job % tiles);
            debug_assert!(groups.len() <= width);
            let (mut cursor, mut buffer) = (self.view.cursor(), [W::Elem::default(); BLOCK]);
            let blocks = (0..rows).map(|row| {
                let start = self.outer.offset(first_group + groups.start, row, inner);
                (start, groups.len() * inner)
            });
            if R::Columns::BY_RUNS || inner > FEW {
                let mut states = vec![self.reducer.start(self.first); groups.len()];
                for (start, len) in blocks {
                    let block = self.read(&mut cursor, start, start + len, &mut buffer[..len]);
                    for (i, (state, run)) in states.iter_mut().zip(block.chunks_exact(inner)).enumerate() {
                        self.reducer.add(state, run, &|k| self.number(start + i * inner + k));
                    }
                }
                return states;
            }
            let mut states = R::Columns::new(self.reducer, groups.len(), 0, self.first);
            let mut column = [W::Elem::default(); BLOCK];
            for (start, len) in blocks {
                let block = self.read(&mut cursor, start, start + len, &mut buffer[..len]);
                for i in 0..inner {
                    let column = &mut column[..groups.len()];
                    column.iter_mut().zip(block[i..].iter().step_by(inner)).for_each(|(to, x)| *to = *x);
                    states.add(self.reducer, 0, &[column], &|_| self.number(start + i));
                }
            }
            states.into_states(self.reducer)
        };
        run(frame.task, kept / adjacent * tiles, job).into_iter().flatten().collect()
    }

    /// A block, as [`read_block`]; a panic of a closure in it says at which element.
    fn read<'b, C: Cursor<Elem = W::Elem>>(
        &self,
        cursor: &'b mut C,
        start: usize,
        next: usize,
        buffer: &'b mut [W::Elem],
    ) -> &'b [W::Elem] {
        let len = buffer.len();
        blame(self.view, self.place, start, len, || read_block(cursor, start, next, buffer))
    }
}

/// Part number `part` of `len` things in `parts` parts of nearly the same size.
fn part_of(len: usize, parts: usize, part: usize) -> Range<usize> {
    len * part / parts..len * (part + 1) / parts
}
