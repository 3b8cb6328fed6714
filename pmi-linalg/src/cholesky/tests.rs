//! Cholesky factorisations of every kind of matrix.

use super::*;
use crate::measure::{LAYOUTS, adjoint, matrix, number, product, worst};
use ndarray::{Array1, Array2};
use num_complex::Complex;

/// A positive definite matrix.
fn definite<T: Scalar>(n: usize) -> Array2<T> {
    let half = Array2::from_shape_fn((n, n), |(i, j)| number::<T>(i, j));
    let mut square = product(&half, &adjoint(&half));
    square.diag_mut().iter_mut().for_each(|x| *x += T::of(0.1));
    square
}

/// Checks a factor and a solution against the bounds of their errors, in units of `n eps`.
fn check<T: Scalar>(plain: &Array2<T>, tasks: usize, tunings: &[Tuning]) {
    let n = plain.nrows();
    let b = Array2::from_shape_fn((n, 3), |(i, j)| number::<T>(j, i));
    let unit = n as f64 * T::EPSILON;
    for axes in LAYOUTS {
        let (a, sides) = (matrix(plain, axes), matrix(&b, axes));
        for tuning in tunings {
            let told = format!("{n} x {n}, {axes:?}, {tuning:?} on {tasks} tasks, {}", T::NAME);
            let factor = cholesky_with(&a, *tuning).unwrap();
            let l = factor.l().gather().unwrap();
            assert!(l.indexed_iter().all(|((i, j), x)| i >= j || *x == T::default()), "{told}");
            let error = worst(&(&product(&l, &adjoint(&l)) - plain)) / (unit * worst(plain)).max(f64::MIN_POSITIVE);
            assert!(error < 3.0, "{error}: {told}");
            let x = factor.solve(&sides).unwrap().gather().unwrap();
            let scale = (unit * worst(plain) * worst(&x)).max(f64::MIN_POSITIVE);
            let error = worst(&(&product(plain, &x) - &b)) / scale;
            assert!(error < 10.0, "{error}: {told}, solution");
        }
    }
}

#[test]
fn every_size_layout_type_and_grid() {
    for tasks in [1, 2, 3, 4, 6, 7] {
        pmi::with_tasks(tasks, || {
            let wide = Tuning::default().block(4).grid(1, tasks);
            let tall = Tuning::default().block(3).grid(tasks, 1);
            let near = Tuning::default().block(5).grid(if tasks % 2 == 0 { 2 } else { 1 }, tasks.div_ceil(2).min(3));
            for n in [0, 1, 2, 5, 12, 33] {
                check(&definite::<f64>(n), tasks, &[Tuning::default(), wide, tall, near]);
            }
            check(&definite::<f32>(20), tasks, &[wide, near]);
            check(&definite::<Complex<f64>>(19), tasks, &[wide, tall, near]);
            check(&definite::<Complex<f32>>(9), tasks, &[near]);
        });
    }
}

#[test]
fn larger_than_the_tiles_by_default() {
    for tasks in [1, 4] {
        pmi::with_tasks(tasks, || check(&definite::<f64>(300), tasks, &[Tuning::default()]));
    }
}

#[test]
fn hilbert_and_graded_matrices() {
    pmi::with_tasks(3, || {
        let tuning = Tuning::default().block(2).grid(1, 3);
        check(&Array2::from_shape_fn((7, 7), |(i, j)| 1.0 / (i + j + 1) as f64), 3, &[tuning]);
        let scale = |i: usize| 10f64.powi(-(i as i32));
        let graded = Array2::from_shape_fn((12, 12), |(i, j)| scale(i) * scale(j) * if i == j { 2.0 } else { 0.1 });
        check(&graded, 3, &[tuning]);
    });
}

#[test]
fn only_the_lower_triangle_is_read() {
    pmi::with_tasks(2, || {
        let plain = definite::<f64>(11);
        let garbled = Array2::from_shape_fn((11, 11), |(i, j)| if i < j { f64::NAN } else { plain[(i, j)] });
        let tuning = Tuning::default().block(4).grid(1, 2);
        let of =
            |plain: &Array2<f64>| cholesky_with(&DistArray::from_array(plain), tuning).unwrap().l().gather().unwrap();
        assert_eq!(of(&garbled), of(&plain));
    });
}

#[test]
fn determinants_and_inverses() {
    pmi::with_tasks(4, || {
        let plain = definite::<f64>(10);
        let factor = cholesky_with(&DistArray::from_array(&plain), Tuning::default().block(3).grid(2, 2)).unwrap();
        let diagonal: Array1<f64> = factor.l().gather().unwrap().diag().to_owned();
        let expected: f64 = diagonal.iter().map(|x| x * x).product();
        assert!((factor.det().unwrap() / expected - 1.0).abs() < 1e-14);
        assert!((factor.ln_det().unwrap() - expected.ln()).abs() < 1e-13);
        let inverse = factor.inv().unwrap().gather().unwrap();
        let mut error = product(&plain, &inverse);
        error.diag_mut().iter_mut().for_each(|x| *x -= 1.0);
        assert!(worst(&error) < 1e-12, "{}", worst(&error));
    });
}

#[test]
fn the_minor_that_is_not_positive_is_named() {
    for tasks in [1, 2, 4, 7] {
        pmi::with_tasks(tasks, || {
            for minor in [1, 2, 9, 20] {
                let mut plain = definite::<f64>(20);
                plain[(minor - 1, minor - 1)] = -1.0;
                let a = DistArray::from_array(&plain);
                for tuning in [
                    Tuning::default(),
                    Tuning::default().block(3).grid(1, tasks),
                    Tuning::default().block(3).grid(tasks, 1),
                ] {
                    let error = cholesky_with(&a, tuning).err().expect("not positive definite");
                    assert!(error.is_indefinite());
                    let said = format!("its leading {minor} x {minor} minor");
                    assert!(error.to_string().contains(&said), "{error}");
                }
            }
            assert!(cholesky(&DistArray::<f64, _>::zeros((3, 3))).is_err());
            assert!(cholesky(&DistArray::<f64, _>::eye((3, 3), 0)).is_ok(), "the world goes on");
        });
    }
}

#[test]
fn numbers_that_are_none_are_named() {
    pmi::with_tasks(3, || {
        let mut plain = definite::<f64>(20);
        (plain[(15, 3)], plain[(17, 17)]) = (f64::NAN, f64::INFINITY);
        let error = cholesky_with(&DistArray::from_array(&plain), Tuning::default().block(2).grid(1, 3)).err().unwrap();
        assert!(error.is_not_finite());
        assert!(error.to_string().contains("cholesky: 2 elements"), "{error}");
        assert!(error.to_string().contains("[15, 3]"), "{error}");
    });
}

#[test]
fn threads_do_not_change_a_bit() {
    let plain = definite::<f64>(400);
    let of = |threads| {
        pmi::Setup::new()
            .tasks(1)
            .threads(threads)
            .run(|| cholesky(&DistArray::from_array(&plain)).unwrap().l().gather().unwrap())
            .unwrap()
    };
    let one = of(1);
    (2..5).for_each(|threads| assert_eq!(of(threads), one, "{threads} threads"));
}

#[test]
#[should_panic(expected = "cholesky: the matrix is 2 x 3: it must be square")]
fn a_matrix_that_is_not_square() {
    pmi::with_tasks(2, || drop(cholesky(&DistArray::<f64, _>::zeros((2, 3)))));
}
