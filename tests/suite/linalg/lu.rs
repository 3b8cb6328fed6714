//! LU factorisations and what rests on them, by their residuals.

use crate::{Case, cases};
use ndarray::{Array2, Axis as Along, Ix1, Ix2};
use pmi_toolkit::array::{Axis, DistArray};
use pmi_toolkit::linalg::{Pivoting, SolveOptions, Tuning, det, inv, lu, lu_with, solve, solve_with};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        factors_on_every_grid
        solutions_of_every_size
        inverses_and_determinants
        mixed_precision
        what_has_no_solution_leaves_the_world_usable
        in_the_scope_of_a_group
    ]
}

fn plain(m: usize, n: usize) -> Array2<f64> {
    Array2::from_shape_fn((m, n), |(i, j)| {
        let x = ((1013 * i + j) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let x = (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (x >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    })
}

fn worst(a: &Array2<f64>) -> f64 {
    a.iter().fold(0.0, |worst, x| if x.is_nan() { f64::INFINITY } else { x.abs().max(worst) })
}

fn tunings() -> Vec<Tuning> {
    let tasks = pmi::size().unwrap();
    let [wide, tall] = [[1, tasks], [tasks, 1]].map(|[rows, columns]| Tuning::default().block(6).grid(rows, columns));
    let near = Tuning::default().block(7).grid(if tasks > 3 { 2 } else { 1 }, (tasks / 2).max(1));
    vec![Tuning::default(), wide, tall, near]
}

fn factors_on_every_grid() {
    for (m, n) in [(0, 0), (1, 1), (2, 5), (40, 40), (50, 23), (23, 50)] {
        let plain = plain(m, n);
        let a = DistArray::from_array_as(&plain, [Axis::Block, Axis::Block]);
        let mut pivots: Option<Vec<usize>> = None;
        for tuning in tunings() {
            for pivoting in [Pivoting::Partial, Pivoting::Tournament] {
                let factors = lu_with(&a, tuning, pivoting).unwrap();
                let (l, u) = (factors.l().gather().unwrap(), factors.u().gather().unwrap());
                let error = worst(&(l.dot(&u) - plain.select(Along(0), &factors.permutation())));
                assert!(error <= 1e-14 * m.max(n) as f64 * worst(&l), "{error}: {m} x {n}, {tuning:?}, {pivoting:?}");
                if pivoting == Pivoting::Partial {
                    let first = pivots.get_or_insert_with(|| factors.pivots().to_vec());
                    assert_eq!(factors.pivots(), first, "the pivots do not depend on the grid");
                }
            }
        }
    }
}

fn solutions_of_every_size() {
    for n in [0, 1, 2, 8, 60, 300] {
        let a = plain(n, n);
        let x = plain(n, 2);
        let b = a.dot(&x);
        let matrix = DistArray::from_array_as(&a, [Axis::Cyclic, Axis::Whole]);
        let check = |found: &Array2<f64>| {
            let error = worst(&(a.dot(found) - &b));
            assert!(error <= 1e-14 * (n as f64) * worst(&a) * worst(found), "{error}, n = {n}");
        };
        check(&solve(&matrix, &DistArray::from_array(&b)).unwrap().gather().unwrap());
        let sides = b.column(0);
        let found: DistArray<f64, Ix1> = solve(&matrix, &DistArray::from_array(&sides)).unwrap();
        let found = found.gather().unwrap();
        let error = (a.dot(&found) - sides).iter().fold(0.0f64, |worst, x| worst.max(x.abs()));
        assert!(error <= 1e-12 * (n as f64).max(1.0) * worst(&b).max(1.0), "{error}, n = {n}");
        for tuning in tunings().into_iter().filter(|_| n < 100) {
            let factors = lu_with(&matrix, tuning, Pivoting::Partial).unwrap();
            check(&factors.solve(&DistArray::from_array(&b)).unwrap().gather().unwrap());
            let transposed = factors.solve_transposed(&DistArray::from_array(&b)).unwrap().gather().unwrap();
            let error = worst(&(a.t().dot(&transposed) - &b));
            assert!(error <= 1e-14 * (n as f64) * worst(&a) * worst(&transposed), "{error}, n = {n}");
        }
    }
}

fn inverses_and_determinants() {
    for n in [0, 1, 5, 40, 270] {
        let a = plain(n, n);
        let matrix = DistArray::from_array(&a);
        let inverse = inv(&matrix).unwrap().gather().unwrap();
        let error = worst(&(a.dot(&inverse) - Array2::<f64>::eye(n)));
        assert!(error <= 1e-13 * (n as f64).max(1.0) * worst(&inverse).max(1.0), "{error}, n = {n}");
        let factors = lu(&matrix).unwrap();
        let (sign, logarithm) = factors.slogdet();
        let expected = sign * logarithm.exp();
        assert!((det(&matrix).unwrap() - expected).abs() <= 1e-10 * expected.abs(), "n = {n}");
        let rcond = factors.rcond().unwrap();
        assert!(rcond > 0.0 && rcond <= 1.0);
    }
}

fn mixed_precision() {
    let mut a = plain(50, 50);
    a.diag_mut().iter_mut().for_each(|x| *x += 20.0);
    let (matrix, b) = (DistArray::from_array(&a), DistArray::from_array(&plain(50, 3)));
    for tuning in tunings() {
        let solution = solve_with(&matrix, &b, SolveOptions::default().tuning(tuning).mixed_precision()).unwrap();
        assert!(solution.mixed && solution.backward_error < 1e-15, "{}", solution.backward_error);
    }
}

fn what_has_no_solution_leaves_the_world_usable() {
    for tuning in tunings() {
        let options = SolveOptions::default().tuning(tuning);
        let singular = DistArray::from_fn((20, 20), |(i, j)| if j == 13 { 0.0 } else { (i * j + 3 * i + j) as f64 });
        let error = solve_with(&singular, &DistArray::<f64, _>::ones(20), options).err().unwrap();
        assert!(
            error.is_singular() && error.to_string().contains("solve_with: the matrix is singular: pivot"),
            "{error}"
        );
        let infinite = DistArray::from_fn((20, 20), |(i, j)| if i == 7 && j == 9 { f64::INFINITY } else { 1.0 });
        let error = lu_with(&infinite, tuning, Pivoting::Partial).err().unwrap();
        assert!(error.is_not_finite() && error.to_string().contains("[7, 9]"), "{error}");
    }
    assert_eq!(det(&DistArray::<f64, Ix2>::eye((20, 20), 0)).unwrap(), 1.0);
}

fn in_the_scope_of_a_group() {
    let tasks = pmi::size().unwrap();
    let last = pmi::Group::new([tasks - 1]).unwrap();
    let found = last.scope(|| {
        let a = DistArray::from_array(&ndarray::array![[1.0f64, 2.0], [3.0, 5.0]]);
        let b = DistArray::from_array(&ndarray::array![3.0f64, 8.0]);
        (det(&a).unwrap(), solve(&a, &b).unwrap().gather().unwrap())
    });
    let (determinant, x): (f64, ndarray::Array1<f64>) = found.unwrap();
    assert!((determinant + 1.0).abs() < 1e-14 && x.iter().all(|x| (x - 1.0).abs() < 1e-14));
}
