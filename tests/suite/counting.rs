//! Products, norms, averages, histograms, reductions without NaNs, and what expressions will move.

use crate::layouts::{distributions, refusal};
use crate::{Case, cases};
use ndarray::{Array1, Array2};
use num_complex::Complex;
use pmi_toolkit::array::reduce::{ArgMax, Max, Mean, Min, SkipNan, Sum};
use pmi_toolkit::array::{bincount, histogram};
use pmi_toolkit::prelude::*;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        dot_vdot_norm_average
        reducers_without_elements
        histograms
        bincounts
        nans_are_passed_over
        explanations
    ]
}

fn dot_vdot_norm_average() {
    for n in [0, 1, 5, 3001] {
        let (a, b) = (Array1::from_shape_fn(n, |i| i as f64 - 7.0), Array1::from_shape_fn(n, |i| (i % 13) as f64));
        let (da, db) = (DistArray::from_array(&a), DistArray::from_array(&b));
        for to in distributions(1) {
            assert_eq!(da.dot(db.redistribute(to)), a.dot(&b));
        }
        assert_eq!(da.norm(), a.dot(&a).sqrt());
        assert_eq!(da.dot(db.astype::<i32>()), a.dot(&b));
        let z = da.zip_with(&db);
        let sum = a.iter().zip(&b).map(|(x, y)| Complex::new(*x, *y)).map(|z| (z * z, z.norm_sqr()));
        let (dot, vdot) = sum.fold((Complex::new(0.0, 0.0), 0.0), |(d, v), (zz, n)| (d + zz, v + n));
        assert_eq!((z.dot(&z), z.vdot(&z)), (dot, Complex::new(vdot, 0.0)));
        if n > 1 {
            assert_eq!(da.average(&db), a.dot(&b) / b.sum());
        }
    }
    let a = DistArray::from_fn(3, |i| i as f32);
    assert!(refusal(|| a.dot(DistArray::<f32, _>::ones(4))).contains("[3] and [4]"));
    assert_eq!(DistArray::from_fn(4, |i| 2f32.powi(100) * i as f32).norm(), 14f64.sqrt() * 2f64.powi(100));
}

/// Complex numbers of two parts.
trait ZipWith {
    fn zip_with(&self, other: &Self) -> DistArray<Complex<f64>, ndarray::Ix1>;
}

impl ZipWith for DistArray<f64, ndarray::Ix1> {
    fn zip_with(&self, other: &Self) -> DistArray<Complex<f64>, ndarray::Ix1> {
        (self, other).zip_map(Complex::new).eval()
    }
}

fn reducers_without_elements() {
    let none = DistArray::<f64, _>::zeros((3, 0));
    let whole = refusal(|| none.aggregate((Sum, Min)));
    assert!(whole.contains("aggregate") && whole.contains("[3, 0]"), "{whole}");
    assert!(refusal(|| none.aggregate(SkipNan(ArgMax))).contains("[3, 0]"));
    let along = refusal(|| none.over(1).aggregate(Max));
    assert!(along.contains("over axes [1]") && along.contains("[3, 0]"), "{along}");
    assert_eq!(none.aggregate((Sum, Mean)).0, 0.0);
    assert!(none.over(0).aggregate(Max).is_empty());
}

fn histograms() {
    // numpy.histogram([0.1, 0.2, 0.3, 0.7, 1.0, 1.5, nan], bins=10, range=(0, 1))
    let x = DistArray::from_array(&ndarray::array![0.1, 0.2, 0.3, 0.7, 1.0, 1.5, f64::NAN]);
    assert_eq!(histogram(&x, 10, (0.0, 1.0)), [0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
    for n in [0, 1, 10_000] {
        let x = DistArray::from_fn(n, |i| (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) as f64 / 2f64.powi(64));
        let counts = histogram(&x, 7, (0.25, 0.75));
        let inside = x.greater_equal(0.25).logical_and(x.less_equal(0.75)).count() as u64;
        assert_eq!(counts.iter().sum::<u64>(), inside);
        for (bin, count) in counts.iter().enumerate() {
            let edge = |bin: usize| 0.25 + 0.5 * (bin as f64 / 7.0);
            let (from, to) = (edge(bin), edge(bin + 1));
            assert_eq!(*count, x.greater_equal(from).logical_and(x.less(to)).count() as u64);
        }
    }
    assert!(refusal(|| histogram(&x, 0, (0.0, 1.0))).contains("1 bin or more"));
    assert!(refusal(|| histogram(&x, 3, (1.0, 0.0))).contains("from 1 to 0"));
}

fn bincounts() {
    for n in [0, 1, 100] {
        let counts = bincount(DistArray::from_fn(n, |i| (i % 7) as i32), 9);
        let expected: Vec<u64> = (0..9).map(|k| (0..n).filter(|i| i % 7 == k).count() as u64).collect();
        assert_eq!(counts, expected);
    }
    let negative = DistArray::from_fn(5, |i| 2 - i as i32);
    assert!(refusal(|| bincount(&negative, 0)).contains("-2"));
    assert!(refusal(|| bincount(&negative / 4 + 1.0, 0)).contains("not whole"));
}

fn nans_are_passed_over() {
    let odd = |i: usize, j: usize| if (i + j) % 3 == 1 { f64::NAN } else { (10 * i + j) as f64 - 20.0 };
    let serial = Array2::from_shape_fn((7, 5), |(i, j)| odd(i, j));
    let there: Vec<f64> = serial.iter().copied().filter(|x| !x.is_nan()).collect();
    for to in distributions(2) {
        let a = DistArray::from_array(&serial).redistribute(to);
        let mean = there.iter().sum::<f64>() / there.len() as f64;
        assert_eq!((a.nansum(), a.nanmean()), (there.iter().sum(), mean));
        let var = there.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / there.len() as f64;
        assert!((a.nanvar() - var).abs() < 1e-12 * var && (a.nanstd() - var.sqrt()).abs() < 1e-12 * var);
        assert_eq!((a.nanmin(), a.nanmax(), a.nanargmin()), (-20.0, there.iter().copied().fold(f64::MIN, f64::max), 0));
        let columns = a.over(0).aggregate(SkipNan(Sum)).to_vec().unwrap();
        for (j, sum) in columns.into_iter().enumerate() {
            assert_eq!(sum, serial.column(j).iter().filter(|x| !x.is_nan()).sum::<f64>());
        }
    }
    let nothing = DistArray::from_fn(3, |_| f64::NAN);
    assert!(nothing.nanmean().is_nan() && nothing.aggregate(SkipNan(Mean)).is_nan());
    assert_eq!(nothing.nansum(), 0.0);
    assert!(refusal(|| nothing.nanmax()).contains("not only NaNs"));
}

fn explanations() {
    let tasks = pmi::size().unwrap();
    let n = 12 * tasks;
    let rows = DistArray::<f64, _>::ones((n, n));
    let columns = DistArray::<f64, _>::ones((n, n).distributed([Axis::Whole, Axis::Block]));
    assert_eq!((&rows * 2.0 + &rows).explain().bytes(), 0);
    let moves = (&rows + &columns).explain();
    // All but the blocks on the diagonal.
    assert_eq!((moves.bytes(), moves.messages()), (8 * n * n / tasks * (tasks - 1), tasks * (tasks - 1)));
    assert!(moves.to_string().lines().count() == 4 && moves.layout == *rows.layout());
    // A row goes to everyone.
    let row = DistArray::<f64, _>::ones((1, n));
    assert_eq!((&rows + &row).explain().bytes(), 8 * n * (tasks - 1));
    assert_eq!(rows.explain().memory(), 0);
}
