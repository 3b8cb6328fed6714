//! Elements arrive where they are wanted: in worlds of tests, replicated, under any budget.

use super::fetch;
use crate::element::Element;
use crate::layout::{Axis, Indices, Layout, Part};
use pmi::{Code, Portable, Task};

/// The elements of a part of the array whose elements are their numbers in C order, as `f` makes them.
fn numbers<T>(shape: &[usize], part: &Part, f: impl Fn(usize) -> T) -> Vec<T> {
    let rows = part.axes().iter().zip(shape).fold(vec![0], |all, (axis, len)| {
        all.iter().flat_map(|row| axis.iter().map(move |index| row * len + index)).collect()
    });
    rows.into_iter().map(f).take(part.len()).collect()
}

/// Checks on every task that it gets what it wants.
fn check<T: Element, W, F>(layout: &Layout, want: W, number: F)
where
    W: Fn(&Layout, usize) -> Part + Portable,
    F: Fn(usize) -> T + Portable,
{
    let on_task = |task: &Task, (layout, want, number): (Layout, Code<W>, Code<F>)| {
        let (want, number) = (want.get(), number.get());
        let slab = numbers(layout.shape(), &layout.part(task.rank()), number);
        let expected = numbers(layout.shape(), &want(&layout, task.rank()), number);
        for budget in [0, 100, 1 << 20] {
            let got = fetch(task, &layout, &slab, &|rank| want(&layout, rank), budget);
            assert_eq!(got, expected, "task {} of {layout} within {budget} bytes", task.rank());
        }
    };
    pmi::exec(on_task, (layout.clone(), Code::new(want), Code::new(number))).unwrap();
}

const AXES: [Axis; 3] = [Axis::Block, Axis::BlockCyclic(2), Axis::Whole];

/// Runs `check` in worlds of several sizes on layouts of several shapes.
fn everywhere(check: impl Fn(&Layout) + Sync) {
    for tasks in [1, 2, 3, 4, 7] {
        pmi::with_tasks(tasks, || {
            for shape in [&[][..], &[0], &[1], &[13], &[5, 6], &[3, 0], &[2, 3, 4]] {
                for first in AXES {
                    let mut axes = vec![Axis::Cyclic; shape.len()];
                    if let Some(axis) = axes.first_mut() {
                        *axis = first;
                    }
                    check(&Layout::with_axes(shape, &axes, tasks));
                }
            }
        });
    }
}

#[test]
fn every_task_may_want_all() {
    everywhere(|layout| check(layout, |layout: &Layout, _| Part::all(layout.shape()), |n| n as u32));
}

#[test]
fn only_some_tasks_may_want_something() {
    let last = |layout: &Layout, rank: usize| match rank + 1 == layout.tasks() {
        true => Part::all(layout.shape()),
        false => Part::empty(layout.shape().len()),
    };
    everywhere(|layout| check(layout, last, |n| n.is_multiple_of(3)));
    everywhere(|layout| check(layout, |layout: &Layout, _| Part::empty(layout.shape().len()), |n| n as i8));
}

#[test]
fn what_is_wanted_may_overlap_in_part() {
    // A window that moves along axis 0, and every second index of the last axis.
    let window = |layout: &Layout, rank: usize| {
        let ndim = layout.shape().len();
        let axes = layout.shape().iter().enumerate().map(|(axis, len)| match axis {
            0 => Indices::range(rank.min(*len)..(rank + 4).min(*len)),
            axis if axis + 1 == ndim => Indices::block_cyclic(0, 1, 2, len.div_ceil(2)),
            _ => Indices::all(*len),
        });
        Part::new(axes.collect::<Vec<_>>())
    };
    everywhere(|layout| check(layout, window, |n| n as f64));
    everywhere(|layout| check(layout, window, |n| num_complex::Complex::new(n as f32, -1.0)));
}

#[test]
fn what_a_task_has_stays_there() {
    everywhere(|layout| {
        pmi::record(true).unwrap();
        check(layout, |layout: &Layout, rank| layout.part(rank), |n| n as u64);
        assert_eq!(pmi::ledger().unwrap().operations(), [], "{layout}");
    });
}
