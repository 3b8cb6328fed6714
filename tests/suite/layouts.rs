//! Making arrays, in every layout, and looking at their elements.

use crate::{Case, cases};
use ndarray::{Array, Array1, Array2, ArrayD, Dimension, Ix1, Ix2, IxDyn, array};
use num_complex::Complex;
use pmi::Task;
use pmi_toolkit::array::{Element, Indices, Layout, Part};
use pmi_toolkit::prelude::*;
use std::panic::{RefUnwindSafe, catch_unwind};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        functions_of_the_index_in_every_layout
        slabs_have_the_elements_of_their_part
        constants
        the_identity
        ranges_of_integers
        ranges_of_fractions
        coordinates_of_grids
        arrays_of_the_controller
        slabs_made_by_the_tasks
        single_elements
        every_type_converts_to_every_other
        what_makes_no_sense_is_refused
    ]
}

/// Distributions for arrays with so many axes, on however many tasks there are.
pub(crate) fn distributions(ndim: usize) -> Vec<Vec<Axis>> {
    use Axis::{Block, BlockCyclic, Cyclic, Whole};
    let kinds = [Block, Cyclic, BlockCyclic(2), Whole];
    match ndim {
        0 => vec![vec![]],
        1 => kinds.into_iter().map(|kind| vec![kind]).collect(),
        _ => [
            [Block, Whole],
            [Whole, Block],
            [Cyclic, Block],
            [BlockCyclic(2), BlockCyclic(3)],
            [Whole, Whole],
            [Whole, Cyclic],
        ]
        .into_iter()
        // Further axes are divided as the first one, so that all kinds have neighbours of all kinds.
        .map(|pair| pair.iter().cycle().take(ndim).cloned().collect())
        .collect(),
    }
}

pub(crate) const SHAPES: [&[usize]; 9] = [&[], &[0], &[1], &[2], &[13], &[4, 5], &[1, 9], &[5, 0], &[3, 2, 4]];

/// The number of an element in C order.
pub(crate) fn number(shape: &[usize], index: &[usize]) -> usize {
    shape.iter().zip(index).fold(0, |number, (len, i)| number * len + i)
}

fn functions_of_the_index_in_every_layout() {
    for shape in SHAPES {
        let f = |index: IxDyn| (0..index.ndim()).fold(1.0, |x, axis| 31.0 * x + index[axis] as f64);
        let serial = ArrayD::from_shape_fn(shape, f);
        for axes in distributions(shape.len()) {
            let a = DistArray::from_fn(shape.distributed(axes.clone()), f);
            assert_eq!((a.gather().unwrap(), a.layout().axes()), (serial.clone(), &axes[..]), "{}", a.layout());
            assert_eq!((a.shape(), a.len(), a.ndim()), (shape, serial.len(), shape.len()));
        }
    }
    // Six axes.
    let cube = DistArray::from_fn((2, 3, 1, 2, 2, 3).distributed(vec![Axis::Block; 6]), |(a, b, c, d, e, f)| {
        (((((a * 3 + b) + c) * 2 + d) * 2 + e) * 3 + f) as u64
    });
    assert_eq!(cube.to_vec().unwrap(), (0..72).collect::<Vec<_>>());
    // More elements than one job of rayon.
    let a =
        DistArray::from_fn((77, 101).distributed([Axis::Cyclic, Axis::BlockCyclic(7)]), |(i, j)| (i * 1000 + j) as u32);
    assert_eq!(a.gather().unwrap(), Array2::from_shape_fn((77, 101), |(i, j)| (i * 1000 + j) as u32));
}

/// Checks each task's slab against the layout.
pub(crate) fn check_slabs(a: &DistArray<u64, IxDyn>) {
    let check = |task: &Task, a: DistArray<u64, IxDyn>| {
        let (slab, layout) = (a.local(task), a.layout());
        assert_eq!(slab.shape(), layout.local_shape(task.rank()));
        if !layout.part(task.rank()).is_empty() {
            for (local, x) in slab.indexed_iter() {
                let index = layout.global_index(task.rank(), local.slice());
                assert_eq!(*x, number(layout.shape(), &index) as u64, "{index:?} of {layout}");
            }
        }
    };
    pmi::exec(check, a.clone()).unwrap();
}

pub(crate) fn numbered(shape: &[usize], axes: Vec<Axis>) -> DistArray<u64, IxDyn> {
    let counted: Vec<_> = shape.to_vec();
    let make = |_: &Task, part: &Part, shape: Vec<usize>| {
        ArrayD::from_shape_fn(part.shape(), |local| {
            let index: Vec<_> = part.axes().iter().enumerate().map(|(axis, set)| set.get(local[axis])).collect();
            number(&shape, &index) as u64
        })
    };
    DistArray::from_local(shape.distributed(axes), make, counted)
}

fn slabs_have_the_elements_of_their_part() {
    for shape in SHAPES {
        for axes in distributions(shape.len()) {
            let a = numbered(shape, axes);
            check_slabs(&a);
            assert_eq!(a.to_vec().unwrap(), (0..a.len() as u64).collect::<Vec<_>>());
        }
    }
}

fn constants() {
    for shape in SHAPES {
        for axes in distributions(shape.len()) {
            let zeros = DistArray::<f32, _>::zeros(shape.distributed(axes.clone()));
            assert_eq!(zeros.gather().unwrap(), ArrayD::<f32>::zeros(shape));
            let ones = DistArray::<bool, _>::ones(shape.distributed(axes.clone()));
            assert_eq!(ones.gather().unwrap(), ArrayD::from_elem(shape, true));
            let z = Complex::new(1.5, -2.0);
            let full = DistArray::full(shape.distributed(axes.clone()), z);
            assert_eq!(full.gather().unwrap(), ArrayD::from_elem(shape, z));
            for like in [full.zeros_like(), full.ones_like(), full.full_like(z)] {
                assert_eq!(like.layout(), full.layout());
            }
            assert_eq!(full.ones_like().gather().unwrap(), ArrayD::from_elem(shape, Complex::new(1.0, 0.0)));
        }
    }
}

fn the_identity() {
    for (n, m) in [(0, 0), (1, 1), (4, 4), (3, 5), (5, 2)] {
        for k in -6..=6 {
            for axes in distributions(2) {
                let eye = DistArray::<i32, _>::eye((n, m).distributed(axes), k);
                let on = |(i, j)| i32::from(i as isize + k == j as isize);
                assert_eq!(eye.gather().unwrap(), Array2::from_shape_fn((n, m), on));
            }
        }
    }
}

fn ranges_of_integers() {
    assert_eq!(DistArray::arange(0i64, 10, 1).gather().unwrap(), Array1::from_iter(0..10));
    assert_eq!(DistArray::arange(5u8, 250, 50).to_vec().unwrap(), [5, 55, 105, 155, 205]);
    assert_eq!(DistArray::arange(5i16, -6, -5).to_vec().unwrap(), [5, 0, -5]);
    assert_eq!(DistArray::arange(3i32, 3, 1).to_vec().unwrap(), [0; 0]);
    assert_eq!(DistArray::arange(4i32, 3, 1).len(), 0);
}

fn ranges_of_fractions() {
    // As printed by NumPy 2.
    assert_eq!(DistArray::arange(1.0, 2.0, 0.3).to_vec().unwrap(), [1.0, 1.3, 1.6, 1.9000000000000001]);
    for n in [0, 1, 2, 3, 10, 1001] {
        let step = (0.8 - 0.1) / (n.max(2) - 1) as f64;
        let expected = |i: usize| if i + 1 == n && n > 1 { 0.8 } else { 0.1 + i as f64 * step };
        for axes in distributions(1) {
            let x = DistArray::linspace(0.1, 0.8, n.distributed(axes));
            assert_eq!(x.gather().unwrap(), Array1::from_shape_fn(n, expected));
            let x = DistArray::linspace_exclusive(0.1, 0.8, n.distributed([Axis::Cyclic]));
            let step = (0.8 - 0.1) / n as f64;
            assert_eq!(x.to_vec().unwrap(), (0..n).map(|i| 0.1 + i as f64 * step).collect::<Vec<_>>());
        }
    }
    let z = DistArray::linspace(Complex::new(0.0f32, 0.0), Complex::new(1.0, -2.0), 3).to_vec().unwrap();
    assert_eq!(z, [Complex::new(0.0, 0.0), Complex::new(0.5, -1.0), Complex::new(1.0, -2.0)]);
    assert_eq!(DistArray::logspace(-1.0f32, 2.0, 4, 10.0).to_vec().unwrap(), [0.1, 1.0, 10.0, 100.0]);
}

fn coordinates_of_grids() {
    for (n, m) in [(0, 3), (1, 1), (4, 3), (3, 11), (5, 0)] {
        for axes in distributions(1) {
            let x = DistArray::arange(0.0, n as f64, 1.0).redistribute(axes.clone());
            let y = DistArray::linspace(0.0, 1.0, m.distributed(axes));
            let (along, down) = DistArray::meshgrid(&x, &y);
            let (x, y) = (x.gather().unwrap(), y.gather().unwrap());
            assert_eq!(along.gather().unwrap(), Array2::from_shape_fn((m, n), |(_, j)| x[j]));
            assert_eq!(down.gather().unwrap(), Array2::from_shape_fn((m, n), |(i, _)| y[i]));
        }
    }
}

fn arrays_of_the_controller() {
    for shape in SHAPES {
        let serial = ArrayD::from_shape_fn(shape, |index| number(shape, index.slice()) as u64);
        let a = DistArray::from_array(&serial);
        check_slabs(&a);
        assert_eq!(a.gather().unwrap(), serial);
        for axes in distributions(shape.len()) {
            let same = a.redistribute(axes.clone());
            let a = DistArray::from_array_as(&serial, axes);
            check_slabs(&a);
            assert_eq!((a.layout(), a.gather().unwrap()), (same.layout(), serial.clone()));
        }
    }
    let columns = array![[1, 2, 3], [4, 5, 6]].reversed_axes();
    let a = DistArray::<i32, Ix2>::from_array(&columns);
    assert_eq!((a.shape(), a.gather().unwrap()), (&[3, 2][..], columns));
    assert_eq!(DistArray::from_array(&array![true, false].view()).to_vec().unwrap(), [true, false]);
}

fn slabs_made_by_the_tasks() {
    // In another order than C's.
    let make = |_: &Task, part: &Part, ()| {
        let (rows, columns) = (part.axes()[0], part.axes()[1]);
        let turned = Array2::from_shape_fn((columns.len(), rows.len()), |(j, i)| {
            10 * rows.get(i) as u16 + columns.get(j) as u16
        });
        turned.reversed_axes()
    };
    let a = DistArray::from_local((4, 3).distributed([Axis::Cyclic, Axis::Block]), make, ());
    assert_eq!(a.gather().unwrap(), Array2::from_shape_fn((4, 3), |(i, j)| (10 * i + j) as u16));
    let wrong = || DistArray::<u8, Ix1>::from_local(5, |_: &Task, _: &Part, ()| Array::zeros(17), ());
    assert!(refusal(wrong).contains("made a slab of shape [17], its part of the array has ["));
}

fn single_elements() {
    for shape in SHAPES {
        for axes in distributions(shape.len()) {
            let a = numbered(shape, axes);
            for index in ndarray::indices(shape) {
                let at = number(shape, index.slice()) as u64;
                assert_eq!(a.get(index.clone()), at);
                a.set(index.clone(), 1000 + at);
                assert_eq!(a.get(index), 1000 + at);
            }
            assert_eq!(a.to_vec().unwrap(), (1000..1000 + a.len() as u64).collect::<Vec<_>>());
        }
    }
    let a = DistArray::<f64, _>::zeros((3, 2));
    assert!(refusal(|| a.get((3, 0))).contains("index [3, 0] is outside of an array of shape [3, 2]"));
    assert!(refusal(|| a.set((0, 2), 1.0)).contains("index [0, 2] is outside"));
}

fn every_type_converts_to_every_other() {
    fn to_all<T: Element>() {
        let a = DistArray::<T, _>::ones(5.distributed([Axis::Cyclic]));
        macro_rules! check {
            ($($type:ty)*) => {$(
                let converted = a.astype::<$type>().eval();
                assert_eq!((converted.gather().unwrap(), converted.layout()), (DistArray::ones(5).gather().unwrap(), a.layout()));
                assert_eq!(a.zeros_like().astype::<$type>().to_vec().unwrap(), [<$type>::default(); 5]);
            )*};
        }
        check! { f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 bool Complex<f32> Complex<f64> }
    }
    to_all::<f32>();
    to_all::<f64>();
    to_all::<i8>();
    to_all::<i16>();
    to_all::<i32>();
    to_all::<i64>();
    to_all::<u8>();
    to_all::<u16>();
    to_all::<u32>();
    to_all::<u64>();
    to_all::<bool>();
    to_all::<Complex<f32>>();
    to_all::<Complex<f64>>();
    let x = DistArray::from_array(&array![-1.5, 0.0, 300.7, f64::NAN]);
    assert_eq!(x.astype::<i32>().to_vec().unwrap(), [-1, 0, 300, 0]);
    assert_eq!(x.astype::<i32>().astype::<u8>().to_vec().unwrap(), [255, 0, 44, 0]);
    assert_eq!(x.astype::<bool>().to_vec().unwrap(), [true, false, true, true]);
}

/// What a call panics with.
pub(crate) fn refusal<R>(call: impl FnOnce() -> R) -> String {
    let call = std::panic::AssertUnwindSafe(|| drop(call()));
    let panic = catch_unwind(call).expect_err("this is refused");
    let text = panic.downcast_ref::<String>().cloned();
    text.or(panic.downcast_ref::<&str>().map(ToString::to_string)).expect("panics have a text")
}

fn what_makes_no_sense_is_refused() {
    fn make(axes: Vec<Axis>) -> impl FnOnce() -> DistArray<f64, Ix2> + RefUnwindSafe {
        move || DistArray::zeros((4, 6).distributed(axes))
    }
    let tasks = pmi::size().unwrap();
    assert!(refusal(make(vec![Axis::Block])).contains("1 axes do not describe an array of shape [4, 6]"));
    assert!(refusal(make(vec![Axis::BlockCyclic(0), Axis::Whole])).contains("BlockCyclic(0)"));
    assert!(refusal(make(vec![Axis::Whole, Axis::Bounds(vec![0, 4])])).contains("[0, 4] do not ascend from 0 to 6"));
    let bounds = Axis::Bounds((0..tasks).chain([4, 4]).map(|bound| bound.min(4)).collect());
    let text = refusal(make(vec![bounds, Axis::Whole]));
    assert!(text.contains(&format!("has {} tasks, the world only {tasks}", tasks + 1)), "{text}");
    let grid = || DistArray::<f64, _>::zeros((4, 6).distributed(([Axis::Block, Axis::Block], [tasks, 2])));
    assert!(refusal(grid).contains("make it smaller"));
    assert!(refusal(|| DistArray::arange(0, 5, 0)).contains("arange(0, 5, 0) is no countable range"));
    assert!(refusal(|| DistArray::arange(0.0, f64::INFINITY, 1.0)).contains("arange(0.0, inf, 1.0)"));
    assert!(refusal(|| DistArray::<f64, _>::zeros((usize::MAX, 2))).contains("more elements than memory"));
    let a = DistArray::<f64, _>::zeros(7.distributed([Axis::Cyclic]));
    if (2..7).contains(&tasks) {
        let rows = |task: &Task, a: DistArray<f64, Ix1>| a.local_rows(task).len();
        let error = pmi::invoke(rows, a.clone()).unwrap_err().to_string();
        assert!(error.contains("are no range: ask for its part of the layout"), "{error}");
    }
    assert_eq!((a.len(), a.layout()), (7, &Layout::with_axes(&[7], &[Axis::Cyclic], tasks)));
    assert_eq!(a.layout().part(0).axes()[0], Indices::block_cyclic(0, 1, tasks, 7usize.div_ceil(tasks)));
}
