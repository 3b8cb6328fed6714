//! Layouts, parts and overlaps, by counting.

use super::*;

/// All layouts of a shape that the tests look at.
fn layouts(shape: &[usize], tasks: usize) -> Vec<Layout> {
    let of_axis = |axis: usize| {
        let len = shape[axis];
        let parts = if axis == 0 { 1 + tasks / 2 } else { 1 };
        let bounds = (0..=parts).map(|part| len * part * part / (parts * parts)).collect();
        [Axis::Block, Axis::Cyclic, Axis::BlockCyclic(2), Axis::Bounds(bounds), Axis::Whole]
    };
    let mut all = vec![Vec::new()];
    for axis in 0..shape.len() {
        let longer = |axes: Vec<Axis>| of_axis(axis).map(|next| axes.iter().cloned().chain([next]).collect::<Vec<_>>());
        all = all.into_iter().flat_map(longer).collect();
    }
    // Of many axes some combinations will do.
    let few = [1, 1, 1, 7, 41][shape.len()];
    all.into_iter().step_by(few).map(|axes| Layout::with_axes(shape, &axes, tasks)).collect()
}

fn indices_of(part: &Part) -> Vec<Vec<usize>> {
    if part.is_empty() {
        return Vec::new();
    }
    part.axes().iter().fold(vec![Vec::new()], |all, axis| {
        all.iter().flat_map(|head| axis.iter().map(move |i| [&head[..], &[i]].concat())).collect()
    })
}

const SHAPES: [&[usize]; 9] = [&[], &[0], &[1], &[7], &[3, 4], &[5, 0], &[1, 6], &[2, 3, 2], &[2, 1, 3, 2]];

#[test]
fn parts_tile_the_array_and_owners_agree() {
    for shape in SHAPES {
        for tasks in [1, 2, 3, 4, 7] {
            for layout in layouts(shape, tasks) {
                let mut seen = vec![];
                for rank in 0..tasks {
                    let part = layout.part(rank);
                    assert_eq!(layout.local_shape(rank), part.shape());
                    let mine = indices_of(&part);
                    assert_eq!(mine.len(), part.len());
                    for (place, index) in mine.iter().enumerate() {
                        assert_eq!((layout.owner(index), part.position(index)), (rank, Some(place)));
                        assert_eq!(layout.global_index(rank, &layout.local_index(index)), *index);
                    }
                    seen.extend(mine);
                }
                seen.sort();
                assert_eq!(seen, indices_of(&Part::all(shape)), "{layout}");
            }
        }
    }
}

#[test]
fn rows_are_ranges() {
    for shape in SHAPES {
        for tasks in 1..8 {
            for layout in layouts(shape, tasks).iter().filter(|layout| layout.is_in_rows()) {
                let mut next = 0;
                for rank in 0..tasks {
                    let range = layout.elements(rank);
                    assert_eq!((range.start, range.len()), (next, layout.part(rank).len()), "{layout}");
                    next = range.end;
                }
                assert_eq!(next, layout.len());
            }
        }
    }
}

#[test]
fn overlaps_of_axes_are_what_both_have() {
    let sets: Vec<_> = (0..3)
        .flat_map(|s| (1..4).flat_map(move |b| (b..6).flat_map(move |p| [1, 4, 13].map(|n| (s, b, p, n)))))
        .map(|(start, block, period, len)| Indices::block_cyclic(start, block, period, len))
        .chain([Indices::empty(), Indices::range(5..30), Indices::range(17..18)])
        .collect();
    for a in &sets {
        for b in &sets {
            let spans = a.overlap(b);
            let both: Vec<_> = a.iter().filter(|index| b.position(*index).is_some()).collect();
            let found: Vec<_> =
                spans.iter().flat_map(|span| (0..span.len).map(move |i| span.start.map(|s| s + i))).collect();
            let expected: Vec<_> = both.iter().map(|i| [a.position(*i).unwrap(), b.position(*i).unwrap()]).collect();
            assert_eq!((found, spans.len()), (expected, both.len()), "{a:?} {b:?}");
            // Spans are as long as can be.
            let mut pairs = spans.iter().zip(spans.iter().skip(1));
            let end = |span: Span| a.get(span.start[0] + span.len - 1) + 1;
            assert!(pairs.all(|(span, next)| end(span) != a.get(next.start[0])), "{a:?} {b:?}");
            if a == b && !a.is_empty() {
                assert!(spans.iter().count() <= 3, "{a:?}");
            }
        }
    }
}

#[test]
fn overlaps_take_no_memory_that_grows_with_the_axis() {
    let n = 1 << 50;
    let mine = Indices::range(n / 3..n);
    let cards = Axis::Cyclic.indices(n, 7, 5);
    let blocks = Axis::BlockCyclic(64).indices(n, 3, 1);
    assert_eq!(Indices::all(n).overlap(&cards).len(), cards.len());
    let whole: usize = (0..7).map(|part| mine.overlap(&Axis::Cyclic.indices(n, 7, part)).len()).sum();
    assert_eq!(whole, mine.len());
    let whole: usize = (0..7).map(|part| blocks.overlap(&Axis::Cyclic.indices(n, 7, part)).len()).sum();
    assert_eq!(whole, blocks.len());
}

/// Checks an overlap against its definition, in pieces of every length.
fn check(a: &Part, b: &Part) {
    let overlap = a.overlap(b);
    let common = indices_of(a).into_iter().filter(|index| b.position(index).is_some());
    let expected: Vec<_> = common.map(|index| [a.position(&index).unwrap(), b.position(&index).unwrap()]).collect();
    assert_eq!(overlap.len(), expected.len(), "{a} and {b}");
    for piece in [1, 2, 3, 5, 1000] {
        let mut found = Vec::new();
        for start in (0..overlap.len()).step_by(piece) {
            let range = start..overlap.len().min(start + piece);
            overlap.for_each_run(range, |places, len| found.extend((0..len).map(|i| places.map(|place| place + i))));
        }
        assert_eq!(found, expected, "{a} and {b} in pieces of {piece}");
    }
}

#[test]
fn overlaps_of_parts_are_what_both_have() {
    for shape in SHAPES {
        for (tasks, others) in [(1, 3), (4, 3), (6, 4)] {
            for (from, to) in layouts(shape, tasks)
                .iter()
                .flat_map(|from| layouts(shape, others).into_iter().step_by(3).map(move |to| (from.clone(), to)))
            {
                for rank in 0..tasks {
                    (0..others).for_each(|other| check(&from.part(rank), &to.part(other)));
                }
            }
        }
    }
    // Wants that overlap: all, and nothing.
    let layout = Layout::with_axes(&[4, 5], &[Axis::Cyclic, Axis::Block], 4);
    for rank in 0..4 {
        check(&layout.part(rank), &Part::all(&[4, 5]));
        check(&layout.part(rank), &Part::empty(2));
        check(&layout.part(rank), &Part::new([Indices::range(2..3), Indices::block_cyclic(1, 1, 2, 2)]));
    }
}

#[test]
fn runs_are_as_long_as_both_sides_allow() {
    // Rows whose other axes are whole on both sides are one run.
    let (a, b) =
        (Part::new([Indices::range(0..6), Indices::all(5)]), Part::new([Indices::range(2..9), Indices::all(5)]));
    let mut runs = Vec::new();
    a.overlap(&b).for_each_run(0..20, |places, len| runs.push((places, len)));
    assert_eq!(runs, [([10, 0], 20)]);
}

#[test]
fn layouts_as_text() {
    let text = |shape: &[usize], axes: &[Axis], tasks| Layout::with_axes(shape, axes, tasks).to_string();
    assert_eq!(text(&[7], &[Axis::Block], 3), "7 as Block on 3 of 3 tasks\n0 0 0 1 1 2 2");
    assert_eq!(text(&[], &[], 2), "a scalar on task 0 of 2 tasks\ntask 0: the element\ntask 1: none");
    assert_eq!(
        text(&[100, 3], &[Axis::BlockCyclic(5), Axis::Whole], 2),
        "100 x 3 as BlockCyclic(5) x Whole on 2 x 1 of 2 tasks\n\
         task 0: [0, 5) [10, 15) .. [90, 95) x [0, 3)\ntask 1: [5, 10) [15, 20) .. [95, 100) x [0, 3)"
    );
    assert!(text(&[1000], &[Axis::Cyclic], 40).ends_with("\n.. 40 tasks in all"));
    assert_eq!(text(&[0], &[Axis::Block], 1), "0 as Block on 1 of 1 task\ntask 0: none");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refusal = |shape: &'static [usize], axes: &'static [Axis], grid: Option<&'static [usize]>, tasks| {
        let make = || match grid {
            Some(grid) => Layout::with_grid(shape, axes, grid, tasks),
            None => Layout::with_axes(shape, axes, tasks),
        };
        *std::panic::catch_unwind(make).unwrap_err().downcast::<String>().unwrap()
    };
    use Axis::{Block, BlockCyclic, Whole};
    assert!(refusal(&[4, 4], &[Block], None, 2).contains("1 axes do not describe an array of shape [4, 4]: give 2"));
    assert!(refusal(&[4], &[BlockCyclic(0)], None, 2).contains("axis 0: BlockCyclic(0) deals out no indices"));
    assert!(refusal(&[4], &[Block], Some(&[5]), 2).contains("has 5 tasks, the world only 2: make it smaller"));
    assert!(refusal(&[4], &[Block], Some(&[0]), 2).contains("each axis has 1 part or more"));
    assert!(refusal(&[4], &[Whole], Some(&[2]), 2).contains("axis 0 is Whole, which has 1 parts, not the 2 of [2]"));
    assert!(refusal(&[4], &[Block], Some(&[2, 1]), 2).contains("the grid [2, 1] is not for an array of shape [4]"));
    assert!(refusal(&[usize::MAX, 2], &[Block, Whole], None, 2).contains("more elements than memory can address"));
    assert!(refusal(&[usize::MAX, 2, 0], &[Block, Whole, Whole], None, 2).contains("more elements than memory"));
    let bounds = |bounds: &[usize], tasks| {
        let (axes, tasks) = ([Axis::Bounds(bounds.to_vec())], tasks);
        *std::panic::catch_unwind(|| Layout::with_axes(&[9], &axes, tasks)).unwrap_err().downcast::<String>().unwrap()
    };
    for wrong in [&[][..], &[0], &[9], &[1, 9], &[0, 8], &[0, 5, 4, 9], &[0, 9, 10]] {
        assert!(bounds(wrong, 4).contains("do not ascend from 0 to 9, the length of the axis"), "{wrong:?}");
    }
    assert!(bounds(&[0, 1, 2, 9], 2).contains("the world only 2"));
    let layout = Layout::new(&[3, 2], 2);
    let panics = |f: &(dyn Fn() + std::panic::RefUnwindSafe)| {
        *std::panic::catch_unwind(f).unwrap_err().downcast::<String>().unwrap()
    };
    assert!(
        panics(&|| drop(layout.owner(&[3, 0]).to_string()))
            .contains("index [3, 0] is outside of an array of shape [3, 2]")
    );
    assert!(panics(&|| drop(layout.part(2))).contains("task 2 does not exist: there are 2 tasks"));
    assert!(panics(&|| drop(layout.global_index(0, &[0]))).contains("index [0] is not in task 0's slab"));
}
