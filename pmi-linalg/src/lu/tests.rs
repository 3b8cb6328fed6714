//! LU factorisations of every kind of matrix.

use super::*;
use crate::measure::{LAYOUTS, adjoint, matrix, number, product, worst};
use crate::operand::Transpose;
use ndarray::Axis as NdAxis;
use num_complex::Complex;

fn random<T: Scalar>(m: usize, n: usize) -> Array2<T> {
    Array2::from_shape_fn((m, n), |(i, j)| number(1013 * i + j, 0))
}

fn tunings(tasks: usize) -> [Tuning; 4] {
    let near = Tuning::default().block(5).grid(if tasks.is_multiple_of(2) { 2 } else { 1 }, tasks.div_ceil(2).min(3));
    let wide = Tuning::default().block(4).grid(1, tasks);
    [Tuning::default(), wide, Tuning::default().block(3).grid(tasks, 1), near]
}

/// The pivots of elimination column by column, the largest that is left each time.
fn plain_pivots<T: Scalar>(plain: &Array2<T>) -> Vec<usize> {
    let mut a = plain.clone();
    let (m, n) = a.dim();
    (0..m.min(n))
        .map(|k| {
            let larger =
                |best: usize, row: usize| if a[(row, k)].taxicab() > a[(best, k)].taxicab() { row } else { best };
            let pivot = (k..m).fold(k, larger);
            (0..n).for_each(|column| a.swap((k, column), (pivot, column)));
            for row in k + 1..m {
                if a[(k, k)] != T::default() {
                    let factor = a[(row, k)] / a[(k, k)];
                    (k..n).for_each(|column| {
                        let x = a[(k, column)];
                        a[(row, column)] -= factor * x;
                    });
                }
            }
            pivot
        })
        .collect()
}

/// `P A - L U` in units of `max(m, n) eps |A|`, with factors that are triangles.
fn residual<T: Scalar>(factors: &Lu<T>, plain: &Array2<T>) -> f64 {
    let (l, u) = (factors.l().gather().unwrap(), factors.u().gather().unwrap());
    assert!(l.indexed_iter().all(|((i, j), x)| if i == j { *x == T::of(1.0) } else { i > j || *x == T::default() }));
    assert!(l.iter().all(|x| x.taxicab() <= 1.0 + T::EPSILON || x.magnitude() < 1.4143));
    assert!(u.indexed_iter().all(|((i, j), x)| i <= j || *x == T::default()));
    let permuted = plain.select(NdAxis(0), &factors.permutation());
    let unit = plain.nrows().max(plain.ncols()) as f64 * T::EPSILON * worst(plain);
    worst(&(&product(&l, &u) - &permuted)) / unit.max(f64::MIN_POSITIVE)
}

fn check<T: Scalar>(plain: &Array2<T>, tasks: usize, tunings: &[Tuning]) {
    let pivots = plain_pivots(plain);
    for axes in LAYOUTS {
        let a = matrix(plain, axes);
        for tuning in tunings {
            let told = format!("{:?}, {axes:?}, {tuning:?} on {tasks} tasks, {}", plain.dim(), T::NAME);
            let factors = lu_with(&a, *tuning, Pivoting::Partial).unwrap();
            assert_eq!(factors.pivots(), pivots, "{told}");
            let error = residual(&factors, plain);
            assert!(error < 4.0, "{error}: {told}");
        }
    }
}

#[test]
fn every_shape_layout_type_and_grid() {
    for tasks in [1, 2, 3, 4, 6, 7] {
        pmi::with_tasks(tasks, || {
            let all = tunings(tasks);
            for (m, n) in [(0, 0), (0, 3), (3, 0), (1, 1), (2, 2), (5, 5), (12, 12), (33, 33), (30, 9), (9, 30)] {
                check(&random::<f64>(m, n), tasks, &all);
            }
            check(&random::<f32>(20, 20), tasks, &all[1..]);
            check(&random::<Complex<f64>>(19, 17), tasks, &all[1..]);
            check(&random::<Complex<f32>>(9, 9), tasks, &all[3..]);
        });
    }
}

#[test]
fn larger_than_the_tiles_by_default() {
    for tasks in [1, 4] {
        pmi::with_tasks(tasks, || {
            check(&random::<f64>(300, 300), tasks, &[Tuning::default(), Tuning::default().block(40).grid(tasks, 1)]);
        });
    }
}

#[test]
fn special_matrices() {
    pmi::with_tasks(4, || {
        let all = tunings(4);
        check(&Array2::from_shape_fn((7, 7), |(i, j)| 1.0 / (i + j + 1) as f64), 4, &all[1..]);
        let graded = Array2::from_shape_fn((12, 12), |(i, j)| number::<f64>(i, j) * 10f64.powi(-((i + j) as i32)));
        check(&graded, 4, &all[1..]);
        // Wilkinson's, whose elements grow as much as they can.
        let wilkinson = |(i, j): (usize, usize)| {
            if i == j || j == 29 {
                1.0
            } else if i > j {
                -1.0
            } else {
                0.0
            }
        };
        let plain = Array2::from_shape_fn((30, 30), wilkinson);
        let factors = lu_with(&DistArray::from_array(&plain), all[3], Pivoting::Partial).unwrap();
        assert_eq!(factors.u().gather().unwrap()[(29, 29)], 2f64.powi(29));
        // Ties go to the uppermost row, and zeros are left.
        check(&Array2::from_elem((9, 9), 1.0), 4, &all[1..]);
        check(&Array2::<f64>::zeros((9, 9)), 4, &all[1..]);
        // Pivots whose reciprocals are infinite.
        check(&random::<f64>(9, 9).mapv(|x| x * 1e-310), 4, &all[1..]);
    });
}

#[test]
fn solutions_of_all_readings() {
    for tasks in [1, 2, 3, 4, 7] {
        pmi::with_tasks(tasks, || {
            fn check<T: Scalar>(n: usize, tuning: Tuning) {
                let (plain, b) = (random::<T>(n, n), Array2::from_shape_fn((n, 3), |(i, j)| number::<T>(j, i)));
                let axes = &LAYOUTS[n % LAYOUTS.len()];
                let factors = lu_with(&matrix(&plain, axes), tuning, Pivoting::Partial).unwrap();
                let sides = matrix(&b, axes);
                let transposed = plain.t().to_owned();
                for (x, of) in [
                    (factors.solve(&sides), &plain),
                    (factors.solve_transposed(&sides), &transposed),
                    (factors.solve_adjoint(&sides), &adjoint(&plain)),
                ] {
                    let x = x.unwrap().gather().unwrap();
                    let unit = n as f64 * T::EPSILON * worst(&plain) * worst(&x);
                    let error = worst(&(&product(of, &x) - &b)) / unit.max(f64::MIN_POSITIVE);
                    assert!(error < 10.0, "{error}: n = {n}, {tuning:?}, {}", T::NAME);
                }
                let x = factors.solve(&DistArray::from_array(&b.column(0))).unwrap().gather().unwrap();
                let whole = factors.solve(&sides).unwrap().gather().unwrap();
                let apart = x.iter().zip(whole.column(0)).map(|(x, y)| (*x - *y).magnitude()).fold(0.0, f64::max);
                assert!(apart <= 1e4 * T::EPSILON * worst(&whole), "{apart}");
            }
            for tuning in tunings(tasks) {
                [0, 1, 3, 20].into_iter().for_each(|n| check::<f64>(n, tuning));
                check::<Complex<f64>>(11, tuning);
                check::<f32>(10, tuning);
                check::<Complex<f32>>(7, tuning);
            }
        });
    }
}

#[test]
fn operands_that_are_transposed() {
    pmi::with_tasks(3, || {
        let plain = random::<Complex<f64>>(10, 10);
        let a = DistArray::from_array(&plain);
        let b = DistArray::from_array(&plain.column(3));
        let x = solve(a.h(), &b).unwrap().gather().unwrap();
        let y = lu(&a).unwrap().solve_adjoint(&b).unwrap().gather().unwrap();
        assert!(x.iter().zip(&y).all(|(x, y)| (x - y).norm() < 1e-12));
    });
}

#[test]
fn determinants_and_inverses() {
    for tasks in [1, 4] {
        pmi::with_tasks(tasks, || {
            let plain = random::<f64>(30, 30);
            let a = DistArray::from_array(&plain);
            let d = det(&a).unwrap();
            let (sign, logarithm) = slogdet(&a).unwrap();
            assert!((sign * logarithm.exp() / d - 1.0).abs() < 1e-12);
            // A row more exchanged: the other sign.
            let mut swapped = plain.clone();
            (0..30).for_each(|j| swapped.swap((2, j), (17, j)));
            assert!((det(&DistArray::from_array(&swapped)).unwrap() / d + 1.0).abs() < 1e-12);
            let mut error = product(&plain, &inv(&a).unwrap().gather().unwrap());
            error.diag_mut().iter_mut().for_each(|x| *x -= 1.0);
            assert!(worst(&error) < 1e-11, "{}", worst(&error));
            let turned = DistArray::from_array(&ndarray::array![[Complex::new(0.0, 2.0)]]);
            assert_eq!(det(&turned).unwrap(), Complex::new(0.0, 2.0));
            assert_eq!(slogdet(&turned).unwrap(), (Complex::new(0.0, 1.0), 2f64.ln()));
            assert_eq!(det(&DistArray::<f64, _>::zeros((0, 0))).unwrap(), 1.0);
            // No determinant of this size is a number of the type, but its logarithm is.
            let large = DistArray::<f64, _>::eye((200, 200), 0);
            let large = pmi_array::Expression::eval(&(&large * 1e100));
            assert!((slogdet(&large).unwrap().1 - 200.0 * 1e100f64.ln()).abs() < 1e-6);
            assert_eq!(det(&large).unwrap(), f64::INFINITY);
        });
    }
}

#[test]
fn singular_matrices_have_factors_but_no_solutions() {
    for tasks in [1, 2, 4] {
        pmi::with_tasks(tasks, || {
            for tuning in tunings(tasks) {
                let plain = Array2::from_shape_fn((12, 12), |(i, j)| if j == 4 { 0.0 } else { number::<f64>(i, j) });
                let a = DistArray::from_array(&plain);
                let factors = lu_with(&a, tuning, Pivoting::Partial).unwrap();
                assert!(residual(&factors, &plain) < 4.0);
                assert_eq!((factors.det(), factors.slogdet()), (0.0, (0.0, f64::NEG_INFINITY)));
                assert_eq!(factors.rcond().unwrap(), 0.0);
                let error = factors.solve(&DistArray::<f64, _>::ones(12)).err().unwrap();
                assert!(error.is_singular() && error.to_string().contains("pivot number 5"), "{error}");
            }
            let error = inv(&DistArray::<f64, _>::zeros((3, 3))).err().unwrap();
            assert!(error.to_string().starts_with("inv: the matrix is singular: pivot number 1"), "{error}");
        });
    }
}

#[test]
fn tournaments() {
    fn check<T: Scalar>(plain: &Array2<T>, tasks: usize) {
        let a = matrix(plain, &LAYOUTS[1]);
        for tuning in tunings(tasks) {
            let factors = lu_with(&a, tuning, Pivoting::Tournament).unwrap();
            let permuted = plain.select(NdAxis(0), &factors.permutation());
            let l = factors.l().gather().unwrap();
            let product = product(&l, &factors.u().gather().unwrap());
            let unit = plain.nrows().max(plain.ncols()) as f64 * T::EPSILON * worst(plain) * worst(&l);
            let error = worst(&(&product - &permuted)) / unit.max(f64::MIN_POSITIVE);
            assert!(error < 4.0, "{error}: {:?}, {tuning:?} on {tasks} tasks, {}", plain.dim(), T::NAME);
        }
    }
    for tasks in [1, 2, 3, 4, 6, 7] {
        pmi::with_tasks(tasks, || {
            for (m, n) in [(0, 0), (3, 0), (1, 1), (12, 12), (33, 33), (30, 9), (9, 30)] {
                check(&random::<f64>(m, n), tasks);
            }
            check(&random::<f32>(20, 20), tasks);
            check(&random::<Complex<f64>>(19, 17), tasks);
            // Chosen rows that are singular.
            check(&Array2::<f64>::zeros((9, 9)), tasks);
            check(&Array2::from_elem((9, 9), 1.0), tasks);
        });
    }
    // Of one row a tournament has nothing to choose.
    pmi::with_tasks(2, || {
        let a = DistArray::from_array(&random::<f64>(20, 20));
        let of = |pivoting| lu_with(&a, Tuning::default().block(4).grid(1, 2), pivoting).unwrap().pivots().to_vec();
        assert_eq!(of(Pivoting::Tournament), of(Pivoting::Partial));
    });
}

#[test]
fn refinement_and_mixed_precision() {
    for tasks in [1, 2, 4] {
        pmi::with_tasks(tasks, || {
            let tuning = tunings(tasks)[3];
            let mut plain = random::<f64>(30, 30);
            let b = matrix(&random::<f64>(30, 3), &LAYOUTS[2]);
            let options = SolveOptions::default().tuning(tuning);
            let solved = |plain: &Array2<f64>, options| {
                let solution = solve_with(&matrix(plain, &LAYOUTS[1]), &b, options).unwrap();
                assert_eq!(solution.x.layout(), b.layout());
                let x = solution.x.gather().unwrap();
                let norm = |a: ndarray::ArrayView1<f64>| a.iter().map(|x| x.abs()).sum::<f64>();
                let of_a = plain.columns().into_iter().map(norm).fold(0.0, f64::max);
                let residual = &product(plain, &x) - &b.gather().unwrap();
                let of_side = |k: usize| norm(residual.column(k)) / (of_a * norm(x.column(k)) + 1e-300);
                let expected = (0..3).map(of_side).fold(0.0, f64::max);
                assert!(
                    solution.backward_error <= expected + 1e-16 && solution.backward_error > expected / 50.0 - 1e-16
                );
                assert!(solution.backward_error < 1e-15, "{}", solution.backward_error);
                (solution.mixed, solution.refinements)
            };
            assert_eq!(solved(&plain, options), (false, 0));
            assert!(!solved(&plain, options.refined(3)).0);
            let (mixed, steps) = solved(&plain, options.mixed_precision());
            assert!(mixed && (1..6).contains(&steps), "{steps} steps");
            // Too near to a singular matrix for single precision, and beyond its range.
            let nearly = 1e-10;
            (0..30).for_each(|i| plain[(i, 1)] = plain[(i, 0)] + nearly * plain[(i, 1)]);
            assert!(!solved(&plain, options.mixed_precision()).0);
            plain[(3, 4)] = 1e60;
            assert!(!solved(&plain, options.mixed_precision()).0);
            let zeros = DistArray::<Complex<f32>, _>::zeros((4, 4));
            let sides = DistArray::<Complex<f32>, _>::ones(4);
            let error = solve_with(&zeros, &sides, SolveOptions::default().mixed_precision()).err().unwrap();
            assert!(error.is_singular());
        });
    }
}

#[test]
fn condition_numbers() {
    for tasks in [1, 3] {
        pmi::with_tasks(tasks, || {
            for n in [1, 2, 5, 40] {
                let plain = random::<f64>(n, n);
                let factors = lu_with(
                    &DistArray::from_array(&plain),
                    Tuning::default().block(4).grid(1, tasks),
                    Pivoting::Partial,
                )
                .unwrap();
                let norm =
                    |a: &Array2<f64>| a.columns().into_iter().map(|c| c.mapv(f64::abs).sum()).fold(0.0, f64::max);
                let exact = 1.0 / norm(&plain) / norm(&factors.inv().unwrap().gather().unwrap());
                let estimate = factors.rcond().unwrap();
                assert!(estimate > 0.9 * exact && estimate < 3.0 * exact, "{estimate} and {exact}, n = {n}");
            }
            assert_eq!(lu(&DistArray::<f32, _>::eye((8, 8), 0)).unwrap().rcond().unwrap(), 1.0);
            assert_eq!(lu(&DistArray::<f64, _>::eye((0, 0), 0)).unwrap().rcond().unwrap(), 1.0);
        });
    }
}

#[test]
fn numbers_that_are_none_are_named() {
    pmi::with_tasks(3, || {
        let mut plain = random::<f64>(20, 20);
        (plain[(15, 3)], plain[(17, 17)]) = (f64::NAN, f64::INFINITY);
        for tuning in tunings(3) {
            let error = lu_with(&DistArray::from_array(&plain), tuning, Pivoting::Partial).err().unwrap();
            assert!(error.is_not_finite());
            assert!(error.to_string().contains("lu: 2 elements"), "{error}");
            assert!(error.to_string().contains("[15, 3]"), "{error}");
        }
        // Finite, but the first elimination is not.
        let huge = DistArray::from_array(&ndarray::array![[1e308, 1e308], [-1e308, 1e308]]);
        for tuning in tunings(3) {
            let error = lu_with(&huge, tuning, Pivoting::Partial).err().unwrap();
            assert!(error.is_not_finite() && error.to_string().contains("in column 1"), "{error}");
        }
        assert_eq!(det(&DistArray::<f64, _>::eye((3, 3), 0)).unwrap(), 1.0, "the world goes on");
    });
}

#[test]
fn threads_do_not_change_a_bit() {
    let plain = random::<f64>(400, 400);
    let of = |threads| {
        let solve = || {
            let factors = lu(&DistArray::from_array(&plain)).unwrap();
            (factors.u().gather().unwrap(), factors.l().gather().unwrap(), factors.inv().unwrap().gather().unwrap())
        };
        pmi::Setup::new().tasks(1).threads(threads).run(solve).unwrap()
    };
    let one = of(1);
    (2..5).for_each(|threads| assert_eq!(of(threads), one, "{threads} threads"));
}

#[test]
#[should_panic(expected = "det: the matrix is 2 x 3: it must be square")]
fn a_determinant_of_a_matrix_that_is_not_square() {
    pmi::with_tasks(2, || drop(det(&DistArray::<f64, _>::zeros((2, 3)))));
}

#[test]
#[should_panic(expected = "solve: the matrix has 2 rows, the right-hand side 3")]
fn a_side_that_does_not_fit() {
    pmi::with_tasks(2, || drop(solve(&DistArray::<f64, _>::eye((2, 2), 0), &DistArray::<f64, _>::ones(3))));
}

#[test]
fn integers_are_promoted() {
    pmi::with_tasks(3, || {
        let a = DistArray::from_array(&ndarray::array![[2i32, 1], [1, 3]]);
        let b = DistArray::from_array(&ndarray::array![4u8, 7]);
        let x = solve(&a, &b).unwrap().gather().unwrap();
        assert!((x[0] - 1.0).abs() < 1e-15 && (x[1] - 2.0).abs() < 1e-15);
        assert_eq!((det(&a).unwrap(), inv(&a).unwrap().shape()), (5.0, &[2, 2][..]));
        let turned = solve(a.t(), &b).unwrap().gather().unwrap();
        assert_eq!(turned, x, "the matrix is symmetric");
    });
}

#[test]
fn complex_numbers_whose_squares_leave_the_range() {
    for tasks in [1, 3] {
        pmi::with_tasks(tasks, || {
            for size in [1e-30f32, 1e-21, 1e20] {
                let z = |re: f32, im: f32| Complex::new(re * size, im * size);
                let plain = ndarray::array![[z(1.0, 1.0), z(1.0, 0.0)], [z(1.0, 0.0), z(0.0, 2.0)]];
                let factors = lu_with(&DistArray::from_array(&plain), tall(tasks), Pivoting::Tournament).unwrap();
                let l = factors.l().gather().unwrap()[(1, 0)];
                assert!((l - Complex::new(0.5, -0.5)).norm() < 1e-6, "{size}: {l}");
                let (sign, ln) = factors.slogdet();
                // (1 + i) 2i - 1 = -3 + 2i.
                let expected = Complex::new(-3.0f32, 2.0) / 13f32.sqrt();
                assert!((sign - expected).norm() < 1e-5, "{size}: {sign}");
                assert!((ln - 13f64.sqrt().ln() - 2.0 * f64::from(size).ln()).abs() < 1e-4, "{size}: {ln}");
            }
            let huge = DistArray::from_array(&ndarray::array![[1e200f64, 0.0], [0.0, 1e-200]]);
            assert!((det(&huge).unwrap() - 1.0f64).abs() < 1e-12);
            let singular = DistArray::from_array(&Array2::from_diag(&ndarray::array![1e200f64, 1e200, 0.0]));
            assert_eq!(det(&singular).unwrap(), 0.0f64);
        });
    }
}

/// Small tiles on a column of tasks.
fn tall(tasks: usize) -> Tuning {
    Tuning::default().block(1).grid(tasks.min(2), 1)
}

#[test]
fn what_overflows_beside_the_last_panel_is_found() {
    pmi::with_tasks(2, || {
        let a = DistArray::from_array(&ndarray::array![[1f64, 0.0, 1.7e308], [-1.0, 1.0, 1.7e308]]);
        assert!(lu(&a).is_err());
    });
}

#[test]
fn pivots_without_a_reciprocal_are_no_divisors() {
    pmi::with_tasks(2, || {
        let a = DistArray::from_array(&Array2::from_diag(&ndarray::array![1f64, 1e-310]));
        assert!(solve(&a, &DistArray::<f64, _>::ones(2)).err().unwrap().is_singular());
    });
}

#[test]
fn a_tournament_of_rows_that_depend_on_each_other() {
    pmi::with_tasks(2, || {
        // Of rank 2, but for rounding.
        let plain =
            Array2::from_shape_fn((12, 12), |(i, j)| (0.1 + i as f64) * (1.0 + j as f64) + (i * i) as f64 / 3.0);
        let tuning = Tuning::default().block(4).grid(2, 1);
        let factors = lu_with(&DistArray::from_array(&plain), tuning, Pivoting::Tournament).unwrap();
        let (l, u) = (factors.l().gather().unwrap(), factors.u().gather().unwrap());
        let permuted = plain.select(ndarray::Axis(0), &factors.permutation());
        let error = worst(&(&product(&l, &u) - &permuted)) / (12.0 * f64::EPSILON * worst(&plain));
        assert!(error < 30.0 && worst(&l) <= 1e3, "{error}");
    });
}
