//! Arrays in the order of a file, piece by piece.
//!
//! A file has its elements in C order, or in chunks; the tasks of an array have theirs in any layout. So the array is
//! cut into boxes, ranges along each axis, which the tasks handle in rounds: elements are moved to the task that writes
//! them, or from the one that has read them, within a budget of memory (the two phases of collective I/O: Thakur, Gropp
//! and Lusk, *Data sieving and collective I/O in ROMIO*, Frontiers of Massively Parallel Computation, 1999). Where each
//! task has such boxes as they are, they are handed on without a copy. After each round a task reports its progress.

use crate::array::BUDGET;
use crate::element::Element;
use crate::exchange::{parts, place};
use crate::io::progress::Told;
use crate::layout::{Block, Indices, Layout, Part};
use crate::memory::{memory, recycle};
use pmi::Task;
use std::ops::Range;

/// The bytes of a piece, at the most, unless the grain is larger.
pub(crate) const PIECE: usize = 16 << 20;

/// The number, in C order, of the first element in a box of an array of this shape.
pub(super) fn first_element(shape: &[usize], ranges: &[Range<usize>]) -> usize {
    shape.iter().zip(ranges).fold(0, |number, (len, range)| number * len + range.start)
}

/// How an array is cut.
#[derive(Debug)]
enum Cut {
    /// Each task's own part, so many indices of axis 0 at a time, so that tasks can tell how far they have come.
    Rows(usize),
    /// Boxes with so many indices along each axis; the last of an axis may have fewer.
    Boxes(Vec<usize>),
}

/// How an array is cut into boxes.
///
/// The tasks' boxes are in the order of their ranks. With a grain of one index along each axis a box is a range of the
/// array's elements in C order.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    layout: &'a Layout,
    cut: Cut,
}

impl<'a> Pieces<'a> {
    /// Boxes of elements of `bytes` bytes. `grain` gives for each axis what no box may divide, counted from index 0:
    /// the extent of a chunk, or 1. `own` is how many bytes a piece may have that is of a task's own part as it is,
    /// without a copy.
    pub(crate) fn new(layout: &'a Layout, bytes: usize, grain: &[usize], own: usize) -> Self {
        let row = bytes * layout.row_len();
        let rows = grain.first().copied().unwrap_or(1);
        // Where a grain divides a row, and many rows are in a grain, boxes are smaller.
        let small = rows.saturating_mul(row) <= own.max(PIECE)
            || grain.iter().skip(1).zip(&layout.shape()[1..]).all(|(grain, len)| grain >= len);
        if layout.is_in_rows() && small && Self::respects(layout, grain) {
            return Self { layout, cut: Cut::Rows((own / row.max(1) / rows * rows).max(rows)) };
        }
        Self::cut(layout, bytes, grain)
    }

    /// As [`new`](Pieces::new), but no task's part is taken as it is.
    pub(crate) fn cut(layout: &'a Layout, bytes: usize, grain: &[usize]) -> Self {
        // Whole along the last axes, the grain along the first, and what the budget gives along one in between.
        let mut step = layout.shape().to_vec();
        let mut size = bytes * layout.len();
        // What one task has, where each has its share of axis 0.
        let limit = PIECE.min(size.div_ceil(layout.tasks()));
        for (step, grain) in step.iter_mut().zip(grain) {
            if size <= limit {
                break;
            }
            let one = size / *step;
            *step = (limit / one.max(1) / grain * grain).clamp(*grain, (*step).max(*grain));
            size = one * *step;
        }
        Self { layout, cut: Cut::Boxes(step) }
    }

    /// Whether no task's part divides a grain of axis 0; the other axes are whole.
    fn respects(layout: &Layout, grain: &[usize]) -> bool {
        let Some(grain) = grain.first() else { return true };
        (0..layout.tasks()).all(|rank| {
            let part = layout.part(rank);
            let Some(rows) = part.axes()[0].as_range().filter(|_| !part.is_empty()) else { return true };
            rows.start.is_multiple_of(*grain) && (rows.end.is_multiple_of(*grain) || rows.end == layout.shape()[0])
        })
    }

    /// How many rounds there are: the same on every task, some of whose last boxes may be empty.
    pub(crate) fn rounds(&self) -> usize {
        match &self.cut {
            Cut::Rows(step) => {
                let rows = |rank| self.rows(rank).map_or(0, |rows| rows.len());
                let most = (0..self.layout.tasks()).map(rows).max().unwrap_or(0);
                most.div_ceil(*step).max(1)
            }
            Cut::Boxes(step) => self.boxes(step).div_ceil(self.layout.tasks()),
        }
    }

    /// The indices of axis 0 of a task, where there is such an axis and the task has any.
    fn rows(&self, rank: usize) -> Option<Range<usize>> {
        self.layout.part(rank).axes().first()?.as_range()
    }

    fn boxes(&self, step: &[usize]) -> usize {
        self.layout.shape().iter().zip(step).map(|(len, step)| len.div_ceil((*step).max(1))).product()
    }

    /// The ranges of a task's box in a round.
    pub(crate) fn ranges(&self, rank: usize, round: usize) -> Vec<Range<usize>> {
        let shape = self.layout.shape();
        let step = match &self.cut {
            Cut::Boxes(step) => step,
            Cut::Rows(step) => {
                let part = self.layout.part(rank);
                let mut ranges: Vec<_> = part.axes().iter().map(|axis| axis.as_range().unwrap_or(0..0)).collect();
                if let Some(rows) = ranges.first_mut() {
                    let start = (rows.start + round * step).min(rows.end);
                    *rows = start..(start + step).min(rows.end);
                }
                return ranges;
            }
        };
        let mine = Block::new(self.boxes(step), self.layout.tasks()).range(rank);
        let number = mine.start + round;
        if number >= mine.end {
            return vec![0..0; shape.len()];
        }
        let mut rest = number;
        let mut ranges: Vec<_> = (shape.iter().zip(step).rev())
            .map(|(len, step)| {
                let along = len.div_ceil(*step);
                let start = rest % along * step;
                rest /= along;
                start..(start + step).min(*len)
            })
            .collect();
        ranges.reverse();
        ranges
    }

    /// Where the elements of a task's box in a round are in its slab, where that has them in this order.
    fn in_slab(&self, rank: usize, round: usize, slab: usize) -> Option<Range<usize>> {
        let Cut::Rows(step) = &self.cut else { return None };
        let at = |round: usize| (round * step * self.layout.row_len()).min(slab);
        Some(if self.rows(rank).is_some() { at(round)..at(round + 1) } else { 0..slab })
    }

    /// A task's box in a round, as a part of the array.
    pub(crate) fn part(&self, rank: usize, round: usize) -> Part {
        Part::new(self.ranges(rank, round).into_iter().map(Indices::range).collect::<Vec<_>>())
    }
}

/// Hands the elements of this task's boxes to `write`, round by round. All tasks of the call take part; `write` is
/// called in every round on each of them, also for empty boxes and after it has failed, so that it may be collective.
/// The first failure is returned.
///
/// `write` gets the ranges of a box and its elements, of which there may be none (also of an array without axes): of no
/// more than [`PIECE`] bytes, or `own` where they are in the task's slab as they are.
pub(crate) fn write_pieces<T: Element, E>(
    task: &Task,
    layout: &Layout,
    slab: &[T],
    grain: &[usize],
    own: usize,
    mut write: impl FnMut(&[Range<usize>], &[T::Bits]) -> Result<(), E>,
) -> Result<(), E> {
    let pieces = Pieces::new(layout, size_of::<T>(), grain, own);
    let (rank, slab) = (task.rank(), T::bits(slab));
    let have = parts(task, &|rank| layout.part(rank));
    let told = Told::new(task, pieces.rounds());
    let mut done = Ok(());
    for round in 0..pieces.rounds() {
        if let Some(mine) = pieces.in_slab(rank, round, slab.len()) {
            done = done.and(write(&pieces.ranges(rank, round), &slab[mine]));
            told.step();
            continue;
        }
        let wanted = parts(task, &|rank| pieces.part(rank, round));
        let mut piece = memory(wanted[rank].len());
        place(task, &have, slab, &wanted, &mut piece, BUDGET);
        done = done.and(write(&pieces.ranges(rank, round), &piece));
        recycle(piece);
        told.step();
    }
    told.finish();
    done
}

/// This task's elements of an array whose boxes `read` fills: the way back of [`write_pieces`].
pub(crate) fn read_pieces<T: Element, E>(
    task: &Task,
    layout: &Layout,
    grain: &[usize],
    own: usize,
    mut read: impl FnMut(&[Range<usize>], &mut [T::Bits]) -> Result<(), E>,
) -> Result<Vec<T>, E> {
    let pieces = Pieces::new(layout, size_of::<T>(), grain, own);
    let rank = task.rank();
    let mut slab = memory(layout.local_len(rank));
    let wanted = parts(task, &|rank| layout.part(rank));
    let told = Told::new(task, pieces.rounds());
    let mut done = Ok(());
    for round in 0..pieces.rounds() {
        let len = slab.len();
        if let Some(mine) = pieces.in_slab(rank, round, len) {
            done = done.and(read(&pieces.ranges(rank, round), &mut slab[mine]));
            told.step();
            continue;
        }
        let have = parts(task, &|rank| pieces.part(rank, round));
        let mut piece = memory(have[rank].len());
        done = done.and(read(&pieces.ranges(rank, round), &mut piece));
        place(task, &have, &piece, &wanted, &mut slab, BUDGET);
        recycle(piece);
        told.step();
    }
    told.finish();
    done.map(|()| T::from_bits(slab))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DistArray;
    use crate::layout::Axis;
    use ndarray::IxDyn;
    use pmi::Task;

    const SHAPES: [&[usize]; 8] = [&[], &[0], &[1], &[29], &[6, 5], &[3, 0, 2], &[3, 4, 5], &[2, 3, 2, 3]];
    const AXES: [Axis; 4] = [Axis::Block, Axis::Cyclic, Axis::BlockCyclic(2), Axis::Whole];

    fn layouts(tasks: usize) -> impl Iterator<Item = Layout> {
        SHAPES.iter().flat_map(move |shape| {
            AXES.iter().flat_map(move |first| {
                AXES.iter().map(move |second| {
                    let axis = |i| if i == 0 { first.clone() } else { second.clone() };
                    Layout::with_axes(shape, &(0..shape.len()).map(axis).collect::<Vec<_>>(), tasks)
                })
            })
        })
    }

    #[test]
    fn boxes_tile_the_array_in_order_and_divide_no_grain() {
        for tasks in [1, 2, 3, 7] {
            for layout in layouts(tasks) {
                for grain in [1, 2, 5] {
                    let shape = layout.shape();
                    let grains = vec![grain; shape.len()];
                    let pieces = Pieces::new(&layout, 8, &grains, PIECE);
                    let boxes = (0..tasks).flat_map(|rank| (0..pieces.rounds()).map(move |round| (rank, round)));
                    let boxes: Vec<_> = boxes
                        .filter(|(rank, _)| matches!(pieces.cut, Cut::Boxes(_)) || layout.local_len(*rank) > 0)
                        .map(|(rank, round)| pieces.ranges(rank, round))
                        .filter(|ranges| ranges.iter().all(|range| !range.is_empty()))
                        .collect();
                    let size = |ranges: &Vec<Range<usize>>| ranges.iter().map(Range::len).product::<usize>();
                    assert_eq!(boxes.iter().map(size).sum::<usize>(), layout.len(), "{layout}");
                    let starts: Vec<Vec<_>> = boxes.iter().map(|one| one.iter().map(|r| r.start).collect()).collect();
                    assert!(starts.is_sorted() && starts.iter().all(|at| at.iter().all(|at| at % grain == 0)));
                    for (range, len) in boxes.iter().flat_map(|one| one.iter().zip(shape)) {
                        assert!(range.end % grain == 0 || range.end == *len, "{layout}");
                    }
                }
            }
        }
    }

    #[test]
    fn large_arrays_are_cut_to_the_budget() {
        let cyclic = [Axis::Cyclic, Axis::Cyclic, Axis::Whole];
        for shape in [[1 << 14, 1 << 10, 1], [3, 5, 1 << 21], [1, 1 << 24, 1], [1 << 24, 1, 1]] {
            let layout = Layout::with_axes(&shape, &cyclic, 4);
            let pieces = Pieces::new(&layout, 8, &[1; 3], PIECE);
            let longest = |rank| (0..pieces.rounds()).map(move |round| (rank, round));
            let longest = (0..4).flat_map(longest).map(|(rank, round)| 8 * pieces.part(rank, round).len()).max();
            assert!((PIECE / 4..=PIECE).contains(&longest.unwrap()), "{longest:?} bytes of {shape:?}");
        }
    }

    #[test]
    fn parts_in_rows_are_cut_to_the_budget_without_a_move() {
        let bounds = |bounds: &[usize]| vec![Axis::Bounds(bounds.to_vec()), Axis::Whole];
        let cases = [(vec![Axis::Block, Axis::Whole], 1), (bounds(&[0, 700_000, 700_000, 1_000_003]), 7)];
        for (axes, grain) in cases {
            let layout = Layout::with_axes(&[1_000_003, 10], &axes, 3);
            let pieces = Pieces::new(&layout, 8, &[grain, 1], PIECE);
            assert!(pieces.rounds() > 1);
            for rank in (0..3).filter(|rank| layout.local_len(*rank) > 0) {
                let (mut row, mut element) = (layout.elements(rank).start / 10, 0);
                for round in 0..pieces.rounds() {
                    let ranges = pieces.ranges(rank, round);
                    let mine = pieces.in_slab(rank, round, layout.local_len(rank)).unwrap();
                    assert_eq!((ranges[0].start, mine.start, mine.len()), (row, element, 10 * ranges[0].len()));
                    assert!(ranges[0].is_empty() || ranges[0].start.is_multiple_of(grain));
                    assert!(ranges[1] == (0..10) && 8 * mine.len() <= PIECE);
                    (row, element) = (ranges[0].end, mine.end);
                }
                assert_eq!((10 * row, element), (layout.elements(rank).end, layout.local_len(rank)));
            }
        }
    }

    #[test]
    fn elements_come_in_the_order_of_the_file_and_go_back() {
        for tasks in [1, 2, 3, 7] {
            pmi::with_tasks(tasks, || layouts(tasks).for_each(|layout| there_and_back(&layout)));
        }
    }

    fn there_and_back(layout: &Layout) {
        let on_task = |task: &Task, layout: Layout| {
            let shape = layout.shape();
            let number = |index: &[usize]| index.iter().zip(shape).fold(0, |n, (i, len)| n * len + i) as u32;
            let part = layout.part(task.rank());
            let all = ndarray::ArrayD::from_shape_fn(IxDyn(shape), |index| number(ndarray::Dimension::slice(&index)));
            let mine: Vec<u32> = (all.indexed_iter())
                .filter(|(index, _)| part.position(ndarray::Dimension::slice(index)).is_some())
                .map(|(_, number)| *number)
                .collect();
            for grain in [1, 2] {
                let grain = vec![grain; shape.len()];
                // What a box has, as the elements of the array at its ranges.
                let expected = |ranges: &[Range<usize>]| -> Vec<u32> {
                    let inside = |index: &[usize]| index.iter().zip(ranges).all(|(i, range)| range.contains(i));
                    let of_box = all.indexed_iter().filter(|(index, _)| inside(ndarray::Dimension::slice(index)));
                    of_box.map(|(_, number)| *number).collect()
                };
                let mut seen = 0;
                let written = write_pieces(task, &layout, &mine, &grain, PIECE, |ranges, numbers| {
                    seen += numbers.len();
                    let all = numbers.is_empty() || numbers == expected(ranges);
                    all.then_some(()).ok_or_else(|| format!("{numbers:?} are not the elements at {ranges:?}"))
                });
                written.unwrap();
                assert_eq!(task.comm().all_reduce(&[seen], pmi::op::SUM), [layout.len()]);
                let read = read_pieces::<u32, ()>(task, &layout, &grain, PIECE, |ranges, numbers| {
                    if !numbers.is_empty() {
                        numbers.copy_from_slice(&expected(ranges));
                    }
                    Ok(())
                });
                assert_eq!(read.unwrap(), mine, "task {} of {layout}", task.rank());
            }
        };
        pmi::exec(on_task, layout.clone()).unwrap();
    }

    #[test]
    fn a_failure_does_not_end_the_rounds() {
        pmi::with_tasks(3, || {
            let array =
                DistArray::<f64, _>::zeros(crate::Shape::distributed((5000, 2000), [Axis::Cyclic, Axis::Whole]));
            let rounds = |task: &Task, array: DistArray<f64, _>| {
                let mut calls = 0;
                let done = write_pieces(task, array.layout(), &array.elements(task), &[1, 1], PIECE, |_, _| {
                    calls += 1;
                    if task.rank() == 1 { Err(calls) } else { Ok(()) }
                });
                assert_eq!(done, if task.rank() == 1 { Err(1) } else { Ok(()) });
                calls
            };
            let calls = pmi::invoke(rounds, array).unwrap();
            assert!(calls[0] > 1 && calls.iter().all(|count| *count == calls[0]), "{calls:?}");
        });
    }
}
