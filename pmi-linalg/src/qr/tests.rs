//! QR factorisations of every kind of matrix, and what rests on them.

use super::*;
use crate::measure::{LAYOUTS, adjoint, matrix, number, product, worst};
use crate::operand::Transpose;
use crate::scalar::Scalar;
use crate::tiles::Tuning;
use ndarray::{Array1, Array2, s};
use num_complex::Complex;
use pmi_array::DistArray;

/// What LAPACK's tests allow; here errors are some units, and small matrices have few roundings.
const BOUND: f64 = 10.0;

fn plain<T: Scalar>(m: usize, n: usize) -> Array2<T> {
    Array2::from_shape_fn((m, n), |(i, j)| number::<T>(i, j))
}

/// `Q^H Q - I`, in units of `n eps`.
fn loss<T: Scalar>(q: &Array2<T>) -> f64 {
    let mut gram = product(&adjoint(q), q);
    gram.diag_mut().iter_mut().for_each(|x| *x -= T::of(1.0));
    worst(&gram) / (q.nrows().max(1) as f64 * T::EPSILON)
}

/// Checks the factors of a matrix against the bounds of their errors, and `Q`'s products.
fn check_factors<T: Scalar>(factor: &Qr<T>, plain: &Array2<T>, told: &str) {
    let (m, n) = plain.dim();
    let k = m.min(n);
    let unit = (m.max(n) as f64 * T::EPSILON * worst(plain)).max(f64::MIN_POSITIVE);
    let (q, r) = (factor.q().unwrap().gather().unwrap(), factor.r().unwrap().gather().unwrap());
    assert_eq!((q.dim(), r.dim()), ((m, k), (k, n)), "{told}");
    assert!(r.indexed_iter().all(|((i, j), x)| i <= j || *x == T::default()), "{told}");
    assert!(r.diag().iter().all(|x| (*x - x.conjugated()).magnitude() == 0.0), "{told}");
    let permuted = plain.select(ndarray::Axis(1), &factor.permutation());
    let error = worst(&(&product(&q, &r) - &permuted)) / unit;
    assert!(error < BOUND, "{error}: {told}");
    assert!(loss(&q) < BOUND, "{}: {told}", loss(&q));

    let complete = factor.q_complete().unwrap().gather().unwrap();
    assert_eq!(complete.dim(), (m, m), "{told}");
    assert!(loss(&complete) < BOUND, "{told}");
    assert!(worst(&(&complete.slice(s![.., ..k]) - &q)) <= BOUND * m as f64 * T::EPSILON, "{told}");
    let b = Array2::from_shape_fn((m, 3), |(i, j)| number::<T>(j, i));
    let vector = Array1::from_shape_fn(m, |i| b[(i, 1)]);
    for axes in &LAYOUTS[..2] {
        let sides = matrix(&b, axes);
        let close = |found: &Array2<T>, expected: &Array2<T>| {
            assert!(worst(&(found - expected)) <= 10.0 * BOUND * m as f64 * T::EPSILON, "{told}, {axes:?}");
        };
        close(&factor.q_mul(&sides).unwrap().gather().unwrap(), &product(&complete, &b));
        close(&factor.q_adjoint_mul(&sides).unwrap().gather().unwrap(), &product(&adjoint(&complete), &b));
        let of_vector = factor.q_adjoint_mul(&DistArray::from_array(&vector)).unwrap().gather().unwrap();
        close(
            &of_vector.insert_axis(ndarray::Axis(1)),
            &product(&adjoint(&complete), &b.slice(s![.., 1..2]).to_owned()),
        );
    }
}

/// Solutions for a matrix of full rank: `A^H (b - A x) = 0`, and `x` is in the span of `A^H`.
fn check_solution<T: Scalar>(plain: &Array2<T>, b: &Array2<T>, x: &Array2<T>, tolerance: f64, told: &str) {
    let residual = b - &product(plain, x);
    let unit = tolerance * worst(plain) * (worst(plain) * worst(x) + worst(b)).max(f64::MIN_POSITIVE);
    let error = worst(&product(&adjoint(plain), &residual)) / unit;
    assert!(error < 10.0 * plain.nrows().max(plain.ncols()) as f64, "{error}: {told}");
}

fn check<T: Scalar>(m: usize, n: usize, tasks: usize, tunings: &[Tuning]) {
    let plain = plain::<T>(m, n);
    let b = Array2::from_shape_fn((m, 2), |(i, j)| number::<T>(j + 9, i));
    for (number, axes) in LAYOUTS.iter().enumerate() {
        let a = matrix(&plain, axes);
        let told = format!("{m} x {n}, {axes:?} on {tasks} tasks, {}", T::NAME);
        let factor = qr(&a).unwrap();
        check_factors(&factor, &plain, &told);
        check_factors(&qr_pivoted(&a).unwrap(), &plain, &format!("{told}, pivoted"));
        // Each tuning with one of the layouts, in turns.
        let tuning = tunings[number % tunings.len()];
        let tuned = qr_with(&a, tuning).unwrap();
        check_factors(&tuned, &plain, &format!("{told}, {tuning:?}"));
        if m > 0 && n > 0 {
            for factor in [&factor, &tuned, &qr_pivoted(&a).unwrap()] {
                let x = factor.solve(&matrix(&b, axes)).unwrap().gather().unwrap();
                assert_eq!(x.dim(), (n, 2));
                check_solution(&plain, &b, &x, T::EPSILON, &told);
            }
        }
    }
    let turned = matrix(&plain, &LAYOUTS[2]);
    check_factors(&qr(turned.h()).unwrap(), &adjoint(&plain), &format!("adjoint of {m} x {n} on {tasks} tasks"));
}

#[test]
fn every_shape_layout_type_and_grid() {
    for tasks in [1, 2, 3, 4, 6, 7] {
        pmi::with_tasks(tasks, || {
            let tunings = [
                Tuning::default().block(4).grid(1, tasks),
                Tuning::default().block(3).grid(tasks, 1),
                Tuning::default().block(5).grid(if tasks % 2 == 0 { 2 } else { 1 }, tasks.div_ceil(2).min(3)),
            ];
            for (m, n) in [(0, 0), (0, 3), (4, 0), (1, 1), (2, 5), (5, 2), (13, 13), (12, 31), (31, 12), (90, 6)] {
                check::<f64>(m, n, tasks, &tunings);
            }
            check::<f32>(20, 9, tasks, &tunings);
            check::<Complex<f64>>(19, 19, tasks, &tunings);
            check::<Complex<f64>>(70, 5, tasks, &tunings);
            check::<Complex<f32>>(9, 14, tasks, &tunings);
        });
    }
}

#[test]
fn larger_than_the_tiles_by_default() {
    for tasks in [1, 4] {
        pmi::with_tasks(tasks, || {
            let plain = plain::<f64>(300, 280);
            check_factors(&qr(&DistArray::from_array(&plain)).unwrap(), &plain, "300 x 280");
            check_factors(&qr_pivoted(&DistArray::from_array(&plain)).unwrap(), &plain, "300 x 280, pivoted");
        });
    }
}

#[test]
fn a_tree_of_several_levels() {
    for tasks in [1, 3, 4] {
        pmi::with_tasks(tasks, || {
            let plain = plain::<f64>(20_000, 60);
            let factor = qr(&DistArray::from_array(&plain)).unwrap();
            let (q, r) = (factor.q().unwrap().gather().unwrap(), factor.r().unwrap().gather().unwrap());
            let errors = [worst(&(&product(&q, &r) - &plain)) / f64::EPSILON, loss(&q)];
            assert!(errors[0] < 1000.0 && errors[1] < 1.0, "{errors:?} on {tasks} tasks");
            let sides = DistArray::from_array(&plain);
            let back = factor.q_adjoint_mul(&sides).unwrap().gather().unwrap();
            assert!(worst(&(&back.slice(s![..60, ..]) - &r)) < 1e-12);
            assert!(worst(&back.slice(s![60.., ..]).to_owned()) < 1e-12);
        });
    }
}

#[test]
fn special_matrices() {
    for tasks in [1, 3, 4] {
        pmi::with_tasks(tasks, || {
            let hilbert = Array2::from_shape_fn((12, 12), |(i, j)| 1.0 / (i + j + 1) as f64);
            let wilkinson = Array2::from_shape_fn((21, 21), |(i, j)| match i.abs_diff(j) {
                0 => i.abs_diff(10) as f64,
                1 => 1.0,
                _ => 0.0,
            });
            let graded = Array2::from_shape_fn((18, 11), |(i, j)| number::<f64>(i, j) * 10f64.powi(-30 * j as i32));
            let tiny = plain::<f64>(17, 9) * 1e-200;
            let huge = plain::<f64>(40, 4) * 1e200;
            let deficient = product(&plain::<f64>(25, 3), &plain::<f64>(3, 14));
            for matrix in
                [hilbert, wilkinson, graded, tiny, huge, deficient, Array2::zeros((9, 9)), Array2::zeros((60, 3))]
            {
                let a = DistArray::from_array(&matrix);
                let tuning = Tuning::default().block(3).grid(tasks, 1);
                for factor in [qr(&a), qr_with(&a, tuning), qr_pivoted(&a)] {
                    check_factors(
                        &factor.unwrap(),
                        &matrix,
                        &format!("{} x {} {tasks}", matrix.nrows(), matrix.ncols()),
                    );
                }
            }
        });
    }
}

#[test]
fn pivots_are_the_largest_columns() {
    for tasks in [1, 2, 5] {
        pmi::with_tasks(tasks, || {
            for (m, n) in [(40, 33), (33, 40), (200, 7)] {
                let plain =
                    Array2::from_shape_fn((m, n), |(i, j)| number::<f64>(i, j) * 2f64.powi(-((j * 7 % n) as i32)));
                let factor = qr_pivoted(&DistArray::from_array(&plain)).unwrap();
                let r = factor.r().unwrap().gather().unwrap();
                for k in 0..m.min(n) {
                    let left = |j: usize| r.slice(s![k.., j]).iter().map(|x| x * x).sum::<f64>().sqrt();
                    assert!((k..n).all(|j| left(j) <= r[(k, k)].abs() * (1.0 + 1e-7)), "{m} x {n}, {k} on {tasks}");
                }
                let mut places = factor.permutation();
                places.sort_unstable();
                assert!(places.iter().enumerate().all(|(i, place)| i == *place));
            }
        });
    }
}

/// The four equations that define a pseudo-inverse.
fn check_inverse<T: Scalar>(a: &Array2<T>, x: &Array2<T>, told: &str) {
    let (ax, xa) = (product(a, x), product(x, a));
    let unit = a.nrows().max(a.ncols()) as f64 * T::EPSILON * (worst(a) * worst(x)).max(1.0) * 100.0;
    for (left, right, scale) in [
        (product(&ax, a), a.clone(), worst(a)),
        (product(&xa, x), x.clone(), worst(x)),
        (adjoint(&ax), ax.clone(), 1.0),
        (adjoint(&xa), xa.clone(), 1.0),
    ] {
        assert!(worst(&(&left - &right)) <= unit * scale, "{told}: {}", worst(&(&left - &right)) / (unit * scale));
    }
}

fn check_rank<T: Scalar>(m: usize, n: usize, rank: usize, tasks: usize) {
    let [left, right] = [plain::<T>(m, rank), plain::<T>(rank, n)];
    let plain = product(&left, &right);
    let told = format!("{m} x {n} of rank {rank} on {tasks} tasks, {}", T::NAME);
    for axes in LAYOUTS {
        let a = matrix(&plain, axes);
        assert_eq!(matrix_rank(&a, None).unwrap(), rank, "{told}");
        let inverse = pinv(&a, None).unwrap().gather().unwrap();
        assert_eq!(inverse.dim(), (n, m));
        check_inverse(&plain, &inverse, &told);
        let b = Array2::from_shape_fn((m, 3), |(i, j)| number::<T>(j, i));
        let found = lstsq(&a, &matrix(&b, axes), None).unwrap();
        let x = found.solution.gather().unwrap();
        assert_eq!(found.rank, rank, "{told}");
        let unit = 1000.0 * m.max(n) as f64 * T::EPSILON * worst(&inverse).max(1.0) * worst(&inverse).max(1.0);
        assert!(worst(&(&x - &product(&inverse, &b))) < unit * worst(&b).max(1.0), "{told}");
        let residual = &b - &product(&plain, &x);
        for (j, squares) in found.residuals.iter().enumerate() {
            let expected: f64 = residual.column(j).iter().map(|x| x.magnitude().powi(2)).sum();
            assert!((squares - expected).abs() < unit * worst(&plain).max(1.0), "{told}: {squares} {expected}");
        }
        let vector = DistArray::from_array(&Array1::from_shape_fn(m, |i| b[(i, 1)]));
        let single = lstsq(&a, &vector, None).unwrap().solution.gather().unwrap();
        assert!(worst(&(&single.insert_axis(ndarray::Axis(1)) - &x.slice(s![.., 1..2]))) < unit, "{told}");
    }
}

#[test]
fn ranks_least_squares_and_pseudo_inverses() {
    for tasks in [1, 2, 3, 4, 7] {
        pmi::with_tasks(tasks, || {
            for (m, n, rank) in [
                (1, 1, 1),
                (5, 5, 0),
                (9, 5, 5),
                (5, 9, 5),
                (12, 12, 12),
                (14, 11, 4),
                (11, 14, 3),
                (80, 6, 2),
                (80, 5, 5),
            ] {
                check_rank::<f64>(m, n, rank, tasks);
            }
            check_rank::<Complex<f64>>(13, 9, 4, tasks);
            check_rank::<Complex<f64>>(64, 4, 4, tasks);
            check_rank::<f32>(10, 8, 3, tasks);
        });
    }
}

#[test]
fn nothing_to_solve() {
    pmi::with_tasks(3, || {
        for (m, n) in [(0, 4), (4, 0), (0, 0)] {
            let a = DistArray::<f64, _>::zeros((m, n));
            let found = lstsq(&a, &DistArray::<f64, _>::ones(m), None).unwrap();
            assert_eq!((found.rank, found.solution.gather().unwrap()), (0, Array1::zeros(n)));
            assert_eq!(found.residuals, [m as f64]);
            assert_eq!(pinv(&a, None).unwrap().shape(), [n, m]);
        }
    });
}

#[test]
fn numbers_that_are_none_are_named() {
    for tasks in [1, 3] {
        pmi::with_tasks(tasks, || {
            for (m, n) in [(20, 18), (300, 10)] {
                let mut plain = plain::<f64>(m, n);
                (plain[(15, 3)], plain[(17, 7)]) = (f64::NAN, f64::INFINITY);
                let a = DistArray::from_array(&plain);
                let b = DistArray::<f64, _>::ones(m);
                for (name, error) in [
                    ("qr", qr(&a).err()),
                    ("qr_pivoted", qr_pivoted(&a).err()),
                    ("lstsq", lstsq(&a, &b, None).err()),
                    ("pinv", pinv(&a, None).err()),
                    ("matrix_rank", matrix_rank(&a, None).err()),
                ] {
                    let error = error.expect("it is not finite");
                    assert!(error.is_not_finite());
                    assert!(error.to_string().contains(&format!("{name}: 2 elements")), "{error}");
                    assert!(error.to_string().contains("[15, 3]"), "{error}");
                }
            }
        });
    }
}

#[test]
fn a_singular_matrix_is_named_when_it_is_used() {
    pmi::with_tasks(2, || {
        let mut plain = Array2::<f64>::eye(6);
        plain[(3, 3)] = 0.0;
        let factor = qr(&DistArray::from_array(&plain)).unwrap();
        let error = factor.solve(&DistArray::<f64, _>::ones(6)).err().unwrap();
        assert!(error.is_singular() && error.to_string().contains("pivot number 4"), "{error}");
    });
}

#[test]
fn threads_do_not_change_a_bit() {
    let (square, tall) = (plain::<f64>(400, 390), plain::<f64>(30_000, 20));
    let of = |threads| {
        let run = || {
            let of = |plain: &Array2<f64>| {
                let a = DistArray::from_array(plain);
                let factor = qr(&a).unwrap();
                let pivoted = qr_pivoted(&a).unwrap();
                [factor.q(), factor.r(), pivoted.q(), pivoted.r()].map(|x| x.unwrap().gather().unwrap())
            };
            (of(&square), of(&tall))
        };
        pmi::Setup::new().tasks(1).threads(threads).run(run).unwrap()
    };
    let one = of(1);
    (2..5).for_each(|threads| assert!(of(threads) == one, "{threads} threads"));
}

#[test]
#[should_panic(expected = "lstsq: the matrix has 2 rows, the right-hand side 3")]
fn sides_that_do_not_fit() {
    pmi::with_tasks(2, || drop(lstsq(&DistArray::<f64, _>::zeros((2, 3)), &DistArray::<f64, _>::zeros(3), None)));
}
