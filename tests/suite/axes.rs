//! Reductions and scans along axes, against ndarray.

use crate::layouts::{distributions, refusal};
use crate::{Case, cases};
use ndarray::{Array2, Array3, ArrayD, Axis as NdAxis, IxDyn};
use pmi_toolkit::array::reduce::{Max, Var};
use pmi_toolkit::prelude::*;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        reductions_along_each_axis_of_every_layout
        several_axes_and_kept_ones
        long_and_short_axes
        floating_point_is_the_same_bits_in_every_layout
        ordered_reductions
        ordered_reductions_over_all_axes
        places_and_ties
        nothing_along_the_axes
        a_closure_that_panics_leaves_nobody_waiting
        wrong_axes
        scans_of_every_layout
        scans_of_few_and_of_many_lanes
        scans_of_special_values
        differences
    ]
}

/// Integers that look random.
fn number(i: usize) -> i64 {
    ((i as u64 + 7).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as i64 % 1000 - 300
}

fn array(shape: &[usize]) -> (DistArray<i64, IxDyn>, ArrayD<i64>) {
    let count = shape.iter().product();
    let serial = ArrayD::from_shape_vec(IxDyn(shape), (0..count).map(number).collect()).unwrap();
    (DistArray::from_array(&serial), serial)
}

const SHAPES: [&[usize]; 11] =
    [&[0], &[1], &[5], &[17], &[3, 4], &[1, 6], &[7, 1], &[0, 3], &[2, 3, 5], &[4, 1, 3], &[2, 3, 2, 4]];

fn reductions_along_each_axis_of_every_layout() {
    for shape in SHAPES {
        let (a, serial) = array(shape);
        for to in distributions(shape.len()) {
            let a = a.redistribute(to);
            for (axis, len) in shape.iter().enumerate() {
                let name = format!("axis {axis} of {:?}", a.layout());
                let sum = serial.sum_axis(NdAxis(axis));
                assert_eq!(a.over_axes(&[axis]).sum().gather().unwrap(), sum, "{name}");
                let count = serial.map_axis(NdAxis(axis), |lane| lane.iter().filter(|x| **x != 0).count() as u64);
                assert_eq!(a.over_axes(&[axis]).count().gather().unwrap(), count, "{name}");
                if *len > 0 {
                    let max = serial.map_axis(NdAxis(axis), |lane| *lane.iter().max().unwrap());
                    assert_eq!(a.over_axes(&[axis]).max().gather().unwrap(), max, "{name}");
                    assert_eq!((&a + 1).over_axes(&[axis]).max().gather().unwrap(), max + 1, "{name}");
                }
            }
        }
    }
}

fn several_axes_and_kept_ones() {
    let (a, serial) = array(&[3, 4, 5, 2]);
    for to in distributions(4) {
        let a = a.redistribute(to);
        let sum =
            |axes: &[usize]| axes.iter().rev().fold(serial.clone(), |serial, axis| serial.sum_axis(NdAxis(*axis)));
        for axes in [&[][..], &[0, 2], &[1, 3], &[0, 1], &[2, 3], &[0, 1, 2], &[0, 1, 2, 3]] {
            assert_eq!(a.over_axes(axes).sum().gather().unwrap(), sum(axes), "{axes:?} of {:?}", a.layout());
        }
        let kept = a.over(2).keepdims().sum();
        assert_eq!(kept.shape(), [3, 4, 1, 2]);
        assert_eq!(kept.gather().unwrap(), serial.sum_axis(NdAxis(2)).insert_axis(NdAxis(2)));
        assert_eq!((&a - a.over(1).keepdims().min()).min(), 0);
    }
    let b = DistArray::from_fn((3, 4), |(i, j)| (i * j) as f64);
    let rows: DistArray<f64, _> = b.over(0).mean();
    assert_eq!(rows.to_vec().unwrap(), [0.0, 1.0, 2.0, 3.0]);
}

fn long_and_short_axes() {
    for shape in [[3000, 2], [2, 3000], [1500, 7], [64, 65], [1, 5000], [5000, 1], [9, 3000], [6, 300], [5, 9000]] {
        let (a, serial) = array(&shape);
        for axis in 0..2 {
            let to = [Axis::Cyclic, Axis::Block];
            for a in [a.clone(), a.redistribute(to)] {
                let sum = a.over_axes(&[axis]).sum().gather().unwrap();
                assert_eq!(sum, serial.sum_axis(NdAxis(axis)), "{shape:?} {axis}");
                let float = (&a / 2).over_axes(&[axis]).sum().gather().unwrap();
                assert_eq!(float, serial.sum_axis(NdAxis(axis)).mapv(|x| x as f64 * 0.5), "{shape:?} {axis}");
                let single = (&a / 2).astype::<f32>().over_axes(&[axis]).sum().gather().unwrap();
                assert_eq!(single, float.mapv(|x| x as f32), "{shape:?} {axis} of f32");
            }
        }
    }
}

/// Numbers of very different size.
fn rough(i: usize) -> f64 {
    number(i) as f64 * 2f64.powi((number(i + 1000) % 60) as i32)
}

fn floating_point_is_the_same_bits_in_every_layout() {
    let serial = Array3::from_shape_fn((30, 20, 40), |(i, j, k)| rough(800 * i + 40 * j + k));
    let a = DistArray::from_array(&serial);
    let bits = |x: DistArray<f64, IxDyn>| x.to_vec().unwrap().into_iter().map(f64::to_bits).collect::<Vec<_>>();
    for axes in [&[0][..], &[1], &[2], &[0, 2]] {
        let (sum, var) = (bits(a.over_axes(axes).sum()), bits(a.over_axes(axes).aggregate(Var { ddof: 1 })));
        for to in distributions(3) {
            let b = a.redistribute(to);
            assert_eq!(bits(b.over_axes(axes).sum()), sum, "{axes:?} {:?}", b.layout());
            assert_eq!(bits(b.over_axes(axes).aggregate(Var { ddof: 1 })), var, "{axes:?} {:?}", b.layout());
        }
    }
    let lane = a.over_axes(&[0, 2]).sum().to_vec().unwrap();
    for (j, sum) in lane.iter().enumerate() {
        let exact: i128 = serial.index_axis(NdAxis(1), j).iter().map(|x| *x as i128).sum();
        assert_eq!(*sum, exact as f64);
    }
}

fn ordered_reductions() {
    let (a, serial) = array(&[6, 5]);
    for to in distributions(2) {
        let a = a.redistribute(to);
        for axis in 0..2 {
            let fold = |a: i64, b: i64| a.wrapping_mul(3).wrapping_sub(b);
            let expected = serial.map_axis(NdAxis(axis), |lane| lane.iter().copied().reduce(fold).unwrap());
            let folded = a.over_axes(&[axis]).reduce(|a: i64, b: i64| a.wrapping_mul(3).wrapping_sub(b));
            assert_eq!(folded.gather().unwrap(), expected);
            let expected = serial.map_axis(NdAxis(axis), |lane| lane.iter().fold(1i64, |a, b| a.wrapping_mul(*b)));
            assert_eq!(a.over_axes(&[axis]).prod().gather().unwrap(), expected);
        }
    }
}

fn ordered_reductions_over_all_axes() {
    for shape in SHAPES {
        let (a, serial) = array(shape);
        let axes: Vec<usize> = (0..shape.len()).collect();
        // Associative, but not commutative: the last element.
        let last = |_: i64, b: i64| b;
        let product = serial.iter().fold(1i64, |all, x| all.wrapping_mul(*x));
        for to in distributions(shape.len()) {
            let a = a.redistribute(to);
            let all = a.over_axes(&axes);
            assert_eq!(all.prod().to_vec().unwrap(), [product]);
            let kept = a.over_axes(&axes).keepdims().prod();
            assert_eq!((kept.shape(), kept.to_vec().unwrap()), (&vec![1; shape.len()][..], vec![product]));
            if let Some(x) = serial.last() {
                assert_eq!(all.reduce(last).to_vec().unwrap(), [*x]);
            }
        }
    }
    // What moves is a few results, not the elements.
    let a = DistArray::from_fn((300, 400), |(i, j)| 1.0 + 1e-6 * (i * j % 7) as f64);
    let bytes = |product: &dyn Fn() -> Vec<f64>| {
        let order = pmi::record(true).and_then(|()| Ok((product(), pmi::ledger()?)));
        let (product, ledger) = order.unwrap();
        pmi::record(false).unwrap();
        (product, ledger.operations().iter().chain(&ledger.verbs()).map(|entry| entry.bytes).sum::<u64>())
    };
    let ((all, moved), (whole, _)) =
        (bytes(&|| a.over_axes(&[0, 1]).prod().to_vec().unwrap()), bytes(&|| vec![a.prod()]));
    assert_eq!(all, whole);
    let tasks = pmi::size().unwrap() as u64;
    assert!(moved <= tasks * (8190 * 8 + 4096), "{moved} bytes moved on {tasks} tasks");
}

fn places_and_ties() {
    let serial = Array2::from_shape_fn((5, 6), |(i, j)| ((i * 7 + j * 3) % 4) as f64);
    for to in distributions(2) {
        let a = DistArray::from_array(&serial).redistribute(to);
        for axis in 0..2 {
            let first = |better: fn(f64, f64) -> bool| {
                serial.map_axis(NdAxis(axis), |lane| {
                    (0..lane.len()).reduce(|best, i| if better(lane[i], lane[best]) { i } else { best }).unwrap() as u64
                })
            };
            assert_eq!(a.over(axis).argmax().gather().unwrap(), first(|x, y| x > y));
            assert_eq!(a.over(axis).argmin().gather().unwrap(), first(|x, y| x < y));
        }
        let mut odd = a.clone();
        odd.assign(a.indexed_map(|(i, j), x| if (i, j) == (2, 3) { f64::NAN } else { x }));
        assert_eq!(odd.over(0).argmax().to_vec().unwrap()[3], 2);
        assert!(odd.over(1).aggregate(Max).to_vec().unwrap()[2].is_nan());
    }
}

fn nothing_along_the_axes() {
    let a = DistArray::<f64, _>::zeros((3, 0));
    assert_eq!(a.over(1).sum().to_vec().unwrap(), [0.0; 3]);
    assert!(a.over(1).mean().to_vec().unwrap().iter().all(|x| x.is_nan()));
    assert!(a.over(0).max().to_vec().unwrap().is_empty());
    let text = refusal(|| a.over(1).max());
    assert!(text.contains("max") && text.contains("[3, 0]"), "{text}");
    let b = DistArray::<f64, _>::ones((0, 4));
    assert_eq!(b.over(0).sum().to_vec().unwrap(), [0.0; 4]);
    assert_eq!(b.over(0).prod().to_vec().unwrap(), [1.0; 4]);
}

/// The axes are divided among tasks, which exchange what they know after the closure has run on all but one of them.
fn a_closure_that_panics_leaves_nobody_waiting() {
    for shape in [(90, 70), (9000, 2)] {
        let a = DistArray::<f64, _>::ones(shape);
        let bad = a.indexed_map(|(i, _), x| if i == 85 { panic!("no 85") } else { x });
        let said = [
            refusal(|| bad.over(0).sum()),
            refusal(|| bad.over_axes(&[0, 1]).max()),
            refusal(|| bad.over(0).reduce(|a: f64, b: f64| a - b)),
            refusal(|| bad.over(0).var()),
            refusal(|| bad.var()),
            refusal(|| bad.cumsum(0)),
            refusal(|| bad.diff(0)),
        ];
        assert!(said.iter().all(|said| said.contains("no 85 (at element [85, 0])")), "{said:?}");
        assert_eq!(a.over(0).sum().get(1), shape.0 as f64);
    }
}

fn wrong_axes() {
    let a = DistArray::<f64, _>::zeros((3, 2));
    assert!(refusal(|| a.over(2).sum()).contains("axis 2 does not exist"));
    assert!(refusal(|| a.over_axes(&[1, 1]).sum()).contains("twice"));
    assert!(refusal(|| a.cumsum(5)).contains("axis 5"));
}

/// Running values of each lane.
fn accumulate<T: Copy>(serial: &ArrayD<T>, axis: usize, next: impl Fn(T, T) -> T) -> ArrayD<T> {
    let mut serial = serial.clone();
    serial.accumulate_axis_inplace(NdAxis(axis), |before, x| *x = next(*before, *x));
    serial
}

fn scans_of_every_layout() {
    for shape in SHAPES {
        let (a, serial) = array(shape);
        for to in distributions(shape.len()) {
            let a = a.redistribute(to);
            for axis in 0..shape.len() {
                let name = format!("axis {axis} of {:?}", a.layout());
                assert_eq!(a.cumsum(axis).gather().unwrap(), accumulate(&serial, axis, |a, b| a + b), "{name}");
                assert_eq!(a.cummax(axis).gather().unwrap(), accumulate(&serial, axis, i64::max), "{name}");
                let products = accumulate(&serial, axis, i64::wrapping_mul);
                assert_eq!(a.cumprod(axis).gather().unwrap(), products, "{name}");
            }
        }
    }
}

fn scans_of_few_and_of_many_lanes() {
    for shape in [&[20_000][..], &[9000, 3], &[3, 9000], &[300, 100], &[100, 300], &[40, 30, 20], &[2, 4096 * 2, 2]] {
        let (a, serial) = array(shape);
        let float = serial.mapv(|x| x as f64 / 7.0);
        let b = DistArray::from_array(&float);
        for axis in 0..shape.len() {
            assert_eq!(a.cumsum(axis).gather().unwrap(), accumulate(&serial, axis, |a, b| a + b), "{shape:?} {axis}");
            let whole = b.cumsum(axis);
            let lanes: usize = float.len() / shape[axis];
            if lanes >= 64 {
                assert_eq!(whole.gather().unwrap(), accumulate(&float, axis, |a, b| a + b), "{shape:?} {axis}");
            }
            let mut axes = vec![Axis::Whole; shape.len()];
            for along in 0..shape.len() {
                axes[along] = Axis::BlockCyclic(5);
                let c = b.redistribute(axes.clone()).cumsum(axis);
                assert_eq!(c.gather().unwrap(), whole.gather().unwrap(), "{shape:?} {axis}");
                axes[along] = Axis::Whole;
            }
        }
    }
}

fn scans_of_special_values() {
    let a = DistArray::from_array(&ndarray::array![1.0, 3.0, f64::NAN, 2.0, 5.0]);
    assert_eq!(format!("{:?}", a.cummax(0).to_vec().unwrap()), "[1.0, 3.0, NaN, NaN, NaN]");
    assert_eq!(
        DistArray::from_array(&ndarray::array![true, true, false, true]).cumsum(0).to_vec().unwrap(),
        [1, 2, 2, 3]
    );
    let z = (&DistArray::<f64, _>::ones(100) * 0.5).cumprod(0);
    assert_eq!(z.get(99), 0.5f64.powi(100));
}

fn differences() {
    for shape in SHAPES {
        let (a, serial) = array(shape);
        for to in distributions(shape.len()) {
            let a = a.redistribute(to);
            for axis in (0..shape.len()).filter(|axis| shape[*axis] > 0) {
                let (mut before, mut after) = (serial.view(), serial.view());
                before.slice_axis_inplace(NdAxis(axis), (..shape[axis] - 1).into());
                after.slice_axis_inplace(NdAxis(axis), (1..).into());
                assert_eq!(a.diff(axis).gather().unwrap(), &after - &before, "{:?} {axis}", a.layout());
            }
        }
    }
}
