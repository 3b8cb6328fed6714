//! Triangular systems of every kind.

use super::*;
use crate::measure::{LAYOUTS, matrix, number, product, worst};
use crate::operand::Transpose;
use ndarray::{Array2, Axis, Ix1, s};
use num_complex::Complex;

const HALVES: [Triangle; 4] = [Triangle::Lower, Triangle::UnitLower, Triangle::Upper, Triangle::UnitUpper];

/// The half of a matrix that is meant, with a diagonal that makes the system a good one.
fn half_of<T: Scalar>(a: &Array2<T>, half: Triangle) -> Array2<T> {
    Array2::from_shape_fn(a.dim(), |(i, j)| match half {
        Triangle::UnitLower | Triangle::UnitUpper if i == j => T::of(1.0),
        Triangle::Lower | Triangle::UnitLower if i < j => T::default(),
        Triangle::Upper | Triangle::UnitUpper if i > j => T::default(),
        _ => a[(i, j)],
    })
}

/// `|b - A x| / (n eps |A| |x|)`.
fn error<T: Scalar>(a: &Array2<T>, x: &Array2<T>, b: &Array2<T>) -> f64 {
    let difference = &product(a, x) - b;
    worst(&difference) / (a.nrows() as f64 * T::EPSILON * worst(a) * worst(x)).max(f64::MIN_POSITIVE)
}

fn check<T: Scalar + Entry<Scalar = T>>(tasks: usize, n: usize, sides: usize) {
    // Large diagonals, small others: substitution then does not let errors grow.
    let plain = Array2::from_shape_fn((n, n), |(i, j)| {
        if i == j { T::of(2.0) + number::<T>(i, j) } else { number::<T>(i, j) / T::of(n as f64) }
    });
    let b = Array2::from_shape_fn((n, sides), |(i, j)| number::<T>(j + 3, i));
    for axes in LAYOUTS {
        let (a, b_of) = (matrix(&plain, axes), matrix(&b, axes));
        for half in HALVES {
            for block in [3, 128] {
                let told = format!(
                    "{n} x {n} {half:?}, {sides} sides, {axes:?}, tiles of {block} on {tasks} tasks, {}",
                    T::NAME
                );
                let solve = |a: Matrix<T>, half| {
                    let tiles = Tuning::default().block(block).tiles([n, n], tasks, BLOCK);
                    let tiles = Tiles { grid: Tuning::default().tiles([1000, 1000], tasks, 1).grid, ..tiles };
                    let again = a.in_tiles(tiles);
                    for reading in [Reading::Plain, Reading::Transposed, Reading::Adjoint] {
                        let dense = half_of(&again.gather().unwrap(), half);
                        let read = match reading {
                            Reading::Plain => dense,
                            Reading::Transposed => dense.reversed_axes(),
                            Reading::Adjoint => dense.reversed_axes().mapv(Scalar::conjugated),
                        };
                        let x = solve_with(&[(again.clone(), half, reading)], tiles, &b_of).unwrap();
                        assert_eq!(x.layout(), b_of.layout());
                        let error = error(&read, &x.gather().unwrap(), &b);
                        assert!(error < 3.0, "{error}: {told}, {reading:?}");
                    }
                    solve_tuned(&a, half, &b_of, tiles).unwrap().gather().unwrap()
                };
                let x = solve((&a).into(), half);
                assert!(error(&half_of(&plain, half), &x, &b) < 3.0, "{told}");
                let adjoint = plain.t().mapv(Scalar::conjugated);
                let x = solve(a.h(), half);
                assert!(error(&half_of(&adjoint, half), &x, &b) < 3.0, "{told}, conjugate transpose");
            }
        }
        if sides > 0 {
            let column = DistArray::<T, Ix1>::from_array(&b.index_axis(Axis(1), 0));
            let x = solve_triangular(&a, Triangle::Upper, &column).unwrap().gather().unwrap();
            let x = x.insert_axis(Axis(1));
            assert!(error(&half_of(&plain, Triangle::Upper), &x, &b.slice(s![.., 0..1]).to_owned()) < 3.0);
        }
    }
}

#[test]
fn every_half_reading_layout_and_type() {
    for tasks in [1, 2, 3, 4, 6, 7] {
        pmi::with_tasks(tasks, || {
            for (n, sides) in [(0, 2), (1, 1), (2, 0), (5, 1), (13, 4), (31, 9), (12, 40)] {
                check::<f64>(tasks, n, sides);
            }
            check::<f32>(tasks, 10, 3);
            check::<Complex<f64>>(tasks, 14, 5);
            check::<Complex<f32>>(tasks, 7, 2);
        });
    }
}

#[test]
fn what_is_wrong_is_named() {
    pmi::with_tasks(3, || {
        let mut plain = Array2::<f64>::from_diag_elem(9, 2.0);
        plain[(7, 7)] = 0.0;
        plain[(2, 5)] = f64::NAN;
        let (a, b) = (DistArray::from_array(&plain), DistArray::<f64, _>::ones(9));
        let error = solve_triangular(&a, Triangle::Lower, &b).unwrap_err();
        assert!(error.is_singular());
        assert_eq!(error.to_string(), "solve_triangular: the matrix is singular: its diagonal element [7, 7] is zero");
        assert!(solve_triangular(&a, Triangle::UnitLower, &b).is_ok(), "neither is looked at");
        let tiny = DistArray::from_array(&Array2::from_diag_elem(9, 1e-310));
        assert!(solve_triangular(&tiny, Triangle::Lower, &b).unwrap_err().is_singular(), "1 / 1e-310 is infinite");
        let error = solve_triangular(&a, Triangle::Upper, &b).unwrap_err();
        assert!(error.is_not_finite());
        assert!(error.to_string().contains("1 elements of the matrix"), "{error}");
        assert!(error.to_string().contains("[2, 5]"), "{error}");
    });
}

#[test]
#[should_panic(expected = "solve_triangular: the matrix has 2 rows, the right-hand side 3")]
fn sides_that_do_not_fit() {
    pmi::with_tasks(2, || {
        let _ = solve_triangular(&DistArray::<f64, _>::eye((2, 2), 0), Triangle::Lower, &DistArray::<f64, _>::ones(3));
    });
}
