//! Norms and condition numbers.

use super::*;
use crate::measure::{LAYOUTS, adjoint, matrix, number, worst};
use faer::MatRef;
use ndarray::Array2;
use num_complex::Complex;

/// All norms, by one thread; the last by a singular value decomposition.
fn expected<T: Scalar>(a: &Array2<T>) -> [f64; 5] {
    let sum = |numbers: ndarray::ArrayView1<T>| numbers.iter().map(|x| x.magnitude()).sum::<f64>();
    let largest = |sums: Vec<f64>| sums.into_iter().fold(0.0, f64::max);
    let squares: f64 = a.iter().map(|x| x.magnitude().powi(2)).sum();
    let numbers: Vec<T> = a.iter().copied().collect();
    let values = MatRef::from_row_major_slice(&numbers, a.nrows(), a.ncols()).singular_values().unwrap();
    let values = values.into_iter().map(|x| T::from_real_impl(&x).magnitude()).collect();
    [
        largest(a.columns().into_iter().map(sum).collect()),
        largest(a.rows().into_iter().map(sum).collect()),
        squares.sqrt(),
        worst(a),
        largest(values),
    ]
}

const KINDS: [Norm; 5] = [Norm::One, Norm::Inf, Norm::Fro, Norm::Max, Norm::Two];

fn check<T: Scalar>(m: usize, n: usize, tasks: usize) {
    let plain = Array2::from_shape_fn((m, n), |(i, j)| number::<T>(i, j));
    let turned = adjoint(&plain);
    for axes in LAYOUTS {
        let a = matrix(&plain, axes);
        for (kind, [expected, of_adjoint]) in
            KINDS.iter().zip(expected(&plain).into_iter().zip(expected(&turned)).map(|(x, y)| [x, y]))
        {
            let told = format!("{kind:?} of {m} x {n}, {axes:?} on {tasks} tasks, {}", T::NAME);
            let slack = if *kind == Norm::Two && m > 100 { 1e-11 } else { 20.0 * T::EPSILON };
            let close = |x: f64, y: f64| assert!((x - y).abs() <= slack * y, "{x}, not {y}: {told}");
            close(norm(&a, *kind).unwrap(), expected);
            close(norm(a.h(), *kind).unwrap(), of_adjoint);
        }
    }
}

#[test]
fn every_shape_layout_and_type() {
    for tasks in [1, 2, 3, 4, 6, 7] {
        pmi::with_tasks(tasks, || {
            for (m, n) in [(1, 1), (2, 5), (13, 13), (40, 3), (7, 60)] {
                check::<f64>(m, n, tasks);
            }
            check::<f32>(9, 11, tasks);
            check::<Complex<f64>>(12, 8, tasks);
            check::<Complex<f32>>(5, 6, tasks);
        });
    }
}

#[test]
fn larger_matrices_and_clustered_singular_values() {
    pmi::with_tasks(3, || {
        check::<f64>(150, 120, 3);
        let unit = DistArray::<f64, _>::eye((50, 50), 0);
        assert!((norm(&unit, Norm::Two).unwrap() - 1.0).abs() < 1e-14);
        let ramp = DistArray::from_fn((400, 400), |(i, j)| if i == j { 1.0 - i as f64 * 1e-4 } else { 0.0 });
        assert!((norm(&ramp, Norm::Two).unwrap() - 1.0).abs() < 1e-9);
    });
}

#[test]
fn nothing_zeros_and_numbers_that_are_none() {
    pmi::with_tasks(2, || {
        for kind in KINDS {
            assert_eq!(norm(&DistArray::<f64, _>::zeros((0, 3)), kind).unwrap(), 0.0);
            assert_eq!(norm(&DistArray::<f64, _>::zeros((4, 3)), kind).unwrap(), 0.0);
            let holed = DistArray::from_fn((4, 3), |(i, j)| if (i, j) == (3, 1) { f64::NAN } else { 1.0 });
            assert!(norm(&holed, kind).unwrap().is_nan(), "{kind:?}");
        }
        for scale in [1e-300, 1e300] {
            let a = DistArray::from_array(&ndarray::array![[3.0 * scale, 0.0], [4.0 * scale, 0.0]]);
            for kind in [Norm::Fro, Norm::Two] {
                assert!((norm(&a, kind).unwrap() / scale - 5.0).abs() < 1e-13, "{kind:?} {scale}");
            }
        }
    });
}

#[test]
fn condition_numbers() {
    for tasks in [1, 3] {
        pmi::with_tasks(tasks, || {
            let hilbert = DistArray::from_fn((4, 4), |(i, j)| 1.0 / (i + j + 1) as f64);
            // The inverse has integers.
            for (kind, expected) in [(Norm::One, 28375.0), (Norm::Inf, 28375.0), (Norm::Two, 15_513.738_738_928_6)] {
                assert!((cond(&hilbert, kind).unwrap() / expected - 1.0).abs() < 1e-10, "{kind:?}");
            }
            let singular = DistArray::<f64, _>::zeros((3, 3));
            assert!(KINDS.iter().all(|kind| cond(&singular, *kind).unwrap() == f64::INFINITY));
            let tall = DistArray::from_fn((30, 2), |(i, j)| if i == j { 1.0 + 2.0 * j as f64 } else { 0.0 });
            assert!((cond(&tall, Norm::Two).unwrap() - 3.0).abs() < 1e-13);
            assert_eq!(cond(&DistArray::<f64, _>::zeros((0, 0)), Norm::One).unwrap(), 0.0);
        });
    }
}

#[test]
#[should_panic(expected = "cond: the matrix is 2 x 3")]
fn a_condition_number_of_a_wide_matrix() {
    pmi::with_tasks(2, || drop(cond(&DistArray::<f64, _>::zeros((2, 3)), Norm::Two)));
}

#[test]
fn backward_errors_of_good_bad_and_no_solutions() {
    for tasks in [1, 2, 4, 7] {
        pmi::with_tasks(tasks, || {
            let a = DistArray::from_fn((9, 9), |(i, j)| if i == j { 9.0 } else { 1.0 / (1 + i + 2 * j) as f64 });
            let b = DistArray::from_fn((9, 3), |(i, j)| (i + j) as f64).redistribute([Axis::Whole, Axis::Cyclic]);
            let x = crate::lu(&a).unwrap().solve(&b).unwrap();
            assert!(backward_error(&a, &x, &b).unwrap() < 1e-15);
            // Of x + 1 the residual is A 1, known column by column.
            let wrong = (&x + 1.0).eval();
            let (plain, of_x, of_b) = (a.gather().unwrap(), wrong.gather().unwrap(), b.gather().unwrap());
            let size: f64 = norm(&a, Norm::One).unwrap();
            let expected =
                (0..3).map(|j| plain.sum() / (size * of_x.column(j).mapv(f64::abs).sum() + of_b.column(j).sum()));
            let expected = expected.fold(0.0, f64::max);
            let found = backward_error(&a, &wrong, &b).unwrap();
            assert!((found - expected).abs() < 0.01 * expected, "{found} {expected}");
            let none = DistArray::<f64, _>::zeros((0, 2));
            assert_eq!(backward_error(&DistArray::<f64, _>::zeros((0, 0)), &none, &none).unwrap(), 0.0);
            let vector = DistArray::<f64, _>::ones(9);
            assert!(backward_error(&a, &crate::solve(&a, &vector).unwrap(), &vector).unwrap() < 1e-15);
        });
    }
}

#[test]
fn two_norms_at_the_ends_of_the_range() {
    pmi::with_tasks(2, || {
        let of = |x: f64| norm(&DistArray::<f64, _>::full((3, 3), x), Norm::Two).unwrap();
        assert_eq!(of(1.7e308), f64::INFINITY);
        assert!((of(1e300) / 3e300 - 1.0).abs() < 1e-12 && (of(1e-310) / 3e-310 - 1.0).abs() < 1e-9);
        let single = |x: f32| norm(&DistArray::<f32, _>::full((2, 2), x), Norm::Two).unwrap();
        assert!((single(3e38) / 6e38 - 1.0).abs() < 1e-5 && (single(1e-39) / 2e-39 - 1.0).abs() < 1e-3);
    });
}
