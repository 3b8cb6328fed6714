//! Moving arrays from any layout to any other.

use crate::layouts::{SHAPES, check_slabs, distributions, numbered, refusal};
use crate::{Case, cases};
use ndarray::Array2;
use num_complex::Complex;
use pmi_toolkit::array::Layout;
use pmi_toolkit::prelude::*;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        every_layout_to_every_other
        bounds_of_any_kind
        grids_of_any_kind
        every_budget
        element_types
        a_copy_is_a_copy
        only_what_must_move_is_sent
        other_operations_take_any_layout
        many_elements
        distributions_that_do_not_fit
    ]
}

fn every_layout_to_every_other() {
    for shape in SHAPES {
        for from in distributions(shape.len()) {
            let a = numbered(shape, from);
            for to in distributions(shape.len()) {
                let b = a.redistribute(to.clone());
                assert_eq!((b.layout().axes(), b.shape()), (&to[..], shape));
                check_slabs(&b);
            }
        }
    }
}

/// Contiguous parts for all tasks: all indices on the last, with a gap in the middle, ascending lengths.
fn bounds(len: usize) -> Vec<Vec<usize>> {
    let tasks = pmi::size().unwrap();
    let last = (0..tasks).map(|_| 0).chain([len]).collect();
    let middle = (0..=tasks).map(|part| if 2 * part <= tasks { 0 } else { len }).collect();
    let ascending = (0..=tasks).map(|part| len * part * part / (tasks * tasks)).collect();
    vec![last, middle, ascending]
}

fn bounds_of_any_kind() {
    for len in [0, 1, 5, 40] {
        for from in bounds(len) {
            let a = numbered(&[len], vec![Axis::Bounds(from.clone())]);
            check_slabs(&a);
            assert_eq!(a.sum(), (0..len as u64).sum::<u64>());
            for to in bounds(len) {
                check_slabs(&a.redistribute([Axis::Bounds(to)]));
            }
            check_slabs(&a.redistribute([Axis::Cyclic]));
            check_slabs(&a.redistribute([Axis::Cyclic]).redistribute([Axis::Bounds(from)]));
        }
    }
}

fn grids_of_any_kind() {
    let tasks = pmi::size().unwrap();
    let grids: Vec<_> = (1..=tasks).flat_map(|p| (1..=tasks / p).map(move |q| [p, q])).collect();
    let a = numbered(&[7, 9], vec![Axis::Block, Axis::Whole]);
    for grid in grids {
        for axes in [[Axis::Block, Axis::Cyclic], [Axis::BlockCyclic(2), Axis::Block]] {
            let b = a.redistribute((axes, grid));
            assert_eq!(b.layout().grid(), grid);
            check_slabs(&b);
            check_slabs(&b.redistribute(a.layout()));
        }
    }
}

fn every_budget() {
    let a = numbered(&[23, 17], vec![Axis::Block, Axis::Whole]);
    for bytes in [0, 1, 8, 100, 999, 1 << 30] {
        check_slabs(&a.redistribute_within([Axis::Cyclic, Axis::BlockCyclic(3)], bytes));
    }
}

fn element_types() {
    macro_rules! check {
        ($($f:expr;)*) => {$(
            let serial = Array2::from_shape_fn((9, 7), |(i, j)| $f(7 * i + j));
            let a = DistArray::from_array(&serial).redistribute([Axis::Cyclic, Axis::Block]);
            assert_eq!(a.gather().unwrap(), serial);
            assert_eq!(a.redistribute([Axis::Whole, Axis::Block]).gather().unwrap(), serial);
        )*};
    }
    check! {
        |n| n as f32; |n| n as f64; |n| n as i8; |n| n as i16; |n| n as i32; |n| n as i64; |n| n as u8; |n| n as u16;
        |n| n as u32; |n| n as u64; |n: usize| n.is_multiple_of(3);
        |n| Complex::new(n as f32, 0.5); |n| Complex::new(0.25, n as f64);
    }
}

fn a_copy_is_a_copy() {
    let a = DistArray::arange(0, 9, 1);
    let b = a.redistribute([Axis::Block]);
    b.set(4, -1);
    assert_eq!((a.get(4), b.get(4)), (4, -1));
}

fn only_what_must_move_is_sent() {
    let tasks = pmi::size().unwrap() as u64;
    let a = numbered(&[12 * 12, 5], vec![Axis::Block, Axis::Whole]);
    let bytes = |to: Vec<Axis>| {
        pmi::record(true).unwrap();
        a.redistribute(to);
        let ledger = pmi::ledger().unwrap();
        pmi::record(false).unwrap();
        ledger
            .operations()
            .iter()
            .filter(|entry| entry.name.contains("all_to_all"))
            .map(|entry| entry.bytes)
            .sum::<u64>()
    };
    assert_eq!(bytes(vec![Axis::Block, Axis::Whole]), 0);
    // All on one task: it has its own share.
    let all = 8 * a.len() as u64;
    assert_eq!(bytes(vec![Axis::Whole, Axis::Whole]), all - 8 * a.layout().part(0).len() as u64);
    if 12 % tasks == 0 {
        // Every task has the same share of what every other has.
        assert_eq!(bytes(vec![Axis::Cyclic, Axis::Whole]), all - all / tasks);
    }
}

fn other_operations_take_any_layout() {
    for n in [1, 5, 4096, 10_007] {
        let a = DistArray::from_fn(n, |i| 1.0 / (i + 1) as f64);
        for to in distributions(1) {
            let b = a.redistribute(to);
            assert_eq!(b.sum().to_bits(), a.sum().to_bits(), "{}", b.layout());
            assert_eq!((b.min(), b.max()), (a.min(), a.max()));
            assert_eq!(b.reduce(|x, y| x - 0.5 * y), a.reduce(|x, y| x - 0.5 * y));
            let twice = b.map(|x| 2.0 * x).eval();
            assert_eq!((twice.layout(), twice.gather().unwrap()), (b.layout(), a.gather().unwrap() * 2.0));
        }
    }
    let path = std::env::temp_dir().join(format!(
        "pmi-suite-motion-{}-{:?}.png",
        std::process::id(),
        std::thread::current().id()
    ));
    let mut pictures = distributions(2).into_iter().map(|axes| {
        let picture = DistArray::from_fn((6, 5).distributed(axes), |(i, j)| (i * j) as f32);
        picture.save_png(&path, Colormap::Magma).unwrap();
        std::fs::read(&path).unwrap()
    });
    let first = pictures.next().unwrap();
    assert!(pictures.all(|picture| picture == first));
    std::fs::remove_file(&path).unwrap();
}

fn many_elements() {
    // More than one round of the default budget, and messages packed by several jobs.
    let f = |(i, j): (usize, usize)| (i * 1_000_003 + j) as u64;
    let a = DistArray::from_fn((997, 1009), f);
    let columns = a.redistribute([Axis::Whole, Axis::Block]);
    let cards = columns.redistribute([Axis::BlockCyclic(64), Axis::Cyclic]);
    assert_eq!([columns.sum(), cards.sum()], [a.sum(); 2]);
    // As bytes, since a case lowers the limit of gathers.
    let bytes = cards.astype::<u8>().gather().unwrap();
    assert_eq!(bytes, Array2::from_shape_fn((997, 1009), |index| f(index) as u8));
}

fn distributions_that_do_not_fit() {
    let a = numbered(&[4, 5], vec![Axis::Block, Axis::Whole]);
    let tasks = pmi::size().unwrap();
    assert!(refusal(|| a.redistribute([Axis::Block])).contains("give 2, Axis::Whole where it is not divided"));
    assert!(refusal(|| a.redistribute([Axis::Bounds(vec![0, 3]), Axis::Whole])).contains("from 0 to 4"));
    assert!(refusal(|| a.redistribute(Layout::new(&[4, 5], tasks + 1))).contains("make it smaller"));
    check_slabs(&a);
}
