//! QR factorisations, least squares and norms, by their residuals.

use crate::{Case, cases};
use ndarray::{Array1, Array2};
use pmi_toolkit::array::{Axis, DistArray, Products};
use pmi_toolkit::linalg::{
    Norm, Qr, Transpose, Tuning, cond, lstsq, matmul, matrix_rank, norm, pinv, qr, qr_pivoted, qr_with,
};
use pmi_toolkit::prelude::*;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        factors_on_every_grid
        factors_of_tall_matrices
        pivoted_factors
        least_squares_of_any_rank
        norms_and_condition_numbers
        what_is_not_finite_leaves_the_world_usable
        in_the_scope_of_a_group
    ]
}

fn number(i: usize, j: usize) -> f64 {
    let x = ((1013 * i + j) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn matrix(m: usize, n: usize) -> DistArray<f64, ndarray::Ix2> {
    DistArray::from_fn((m, n), |(i, j)| number(i, j))
}

/// Checks `A P = Q R` and `Q^H Q = 1`, in units of the roundings.
fn check(a: &DistArray<f64, ndarray::Ix2>, factor: &Qr<f64>, told: &str) {
    let (q, r) = (factor.q().unwrap(), factor.r().unwrap());
    let (m, n) = (a.shape()[0], a.shape()[1]);
    let permuted = a.gather().unwrap().select(ndarray::Axis(1), &factor.permutation());
    let unit = 10.0 * m.max(n) as f64 * f64::EPSILON;
    let error = matmul(&q, &r).gather().unwrap() - permuted;
    assert!(error.iter().all(|x| x.abs() <= unit), "{told}");
    let gram = matmul(q.h(), &q).gather().unwrap() - Array2::<f64>::eye(m.min(n));
    assert!(gram.iter().all(|x| x.abs() <= unit), "{told}");
}

fn factors_on_every_grid() {
    let tasks = pmi::size().unwrap();
    for (m, n) in [(0, 2), (1, 1), (3, 50), (50, 47), (47, 50), (120, 90)] {
        for axes in [[Axis::Block, Axis::Whole], [Axis::Cyclic, Axis::BlockCyclic(3)]] {
            let a = matrix(m, n).redistribute(axes);
            check(&a, &qr(&a).unwrap(), "qr");
            for grid in [(1, tasks), (tasks, 1), (tasks / 2, 2), (2, tasks / 2)] {
                if (1..=tasks).contains(&(grid.0 * grid.1)) {
                    let tuning = Tuning::default().block(8).grid(grid.0, grid.1);
                    check(&a, &qr_with(&a, tuning).unwrap(), &format!("{m} x {n}, {tuning:?}"));
                }
            }
        }
    }
}

fn factors_of_tall_matrices() {
    for (m, n) in [(100, 3), (5000, 40), (30_000, 1)] {
        let a = matrix(m, n);
        let factor = qr(&a).unwrap();
        check(&a, &factor, &format!("{m} x {n}"));
        let b = DistArray::from_fn(m, |i| number(i, 5000));
        let back = factor.q_mul(&factor.q_adjoint_mul(&b).unwrap()).unwrap();
        assert!((&back - &b).eval().norm() < 1e-12 * b.norm());
    }
}

fn pivoted_factors() {
    for (m, n) in [(40, 33), (33, 40), (500, 9)] {
        let a = matrix(m, n);
        let factor = qr_pivoted(&a).unwrap();
        check(&a, &factor, &format!("{m} x {n}"));
        let r = factor.r().unwrap().gather().unwrap();
        assert!((1..m.min(n)).all(|i| r[(i, i)].abs() <= r[(i - 1, i - 1)].abs() * 1.000_001));
        assert_eq!(factor.rank(1e-12).unwrap(), m.min(n));
    }
}

fn least_squares_of_any_rank() {
    for (m, n, rank) in [(60, 20, 20), (20, 60, 20), (50, 40, 7), (400, 6, 3)] {
        let right = DistArray::from_fn((rank, n), |(i, j)| number(j, i + 500));
        let a = matmul(&matrix(m, rank), &right);
        assert_eq!(matrix_rank(&a, None).unwrap(), rank);
        let b = DistArray::from_fn((m, 2), |(i, j)| number(i, 7000 + j));
        let found = lstsq(&a, &b, None).unwrap();
        assert_eq!(found.rank, rank);
        let by_inverse = matmul(&pinv(&a, None).unwrap(), &b);
        assert!((&found.solution - &by_inverse).eval().norm() < 1e-9, "{m} x {n} of rank {rank}");
        let residual = (&b - &matmul(&a, &found.solution)).eval();
        assert!(matmul(a.h(), &residual).norm() < 1e-9, "{m} x {n} of rank {rank}");
        assert!((found.residuals.iter().sum::<f64>().sqrt() - residual.norm()).abs() < 1e-9);
    }
}

fn norms_and_condition_numbers() {
    let a = DistArray::from_fn((30, 20), |(i, j)| if i == j { 3.0 } else { 0.0 });
    for (kind, expected) in
        [(Norm::One, 3.0), (Norm::Inf, 3.0), (Norm::Max, 3.0), (Norm::Two, 3.0), (Norm::Fro, 180f64.sqrt())]
    {
        assert!((norm(&a, kind).unwrap() - expected).abs() < 1e-13, "{kind:?}");
        assert!((norm(a.t(), kind).unwrap() - expected).abs() < 1e-13, "{kind:?}");
    }
    let diagonal = DistArray::from_fn((30, 30), |(i, j)| if i == j { 1.0 + i as f64 } else { 0.0 });
    for kind in [Norm::One, Norm::Inf, Norm::Two] {
        assert!((cond(&diagonal, kind).unwrap() - 30.0).abs() < 1e-10, "{kind:?}");
    }
}

fn what_is_not_finite_leaves_the_world_usable() {
    for (m, n) in [(30, 20), (300, 5)] {
        let holed = DistArray::from_fn((m, n), |(i, j)| if (i, j) == (17, 3) { f64::NAN } else { number(i, j) });
        for error in [qr(&holed).err(), qr_pivoted(&holed).err(), pinv(&holed, None).err()] {
            let error = error.expect("it is not finite");
            assert!(error.is_not_finite() && error.to_string().contains("[17, 3]"), "{error}");
        }
        let a = matrix(m, n);
        check(&a, &qr(&a).unwrap(), "afterwards");
    }
}

fn in_the_scope_of_a_group() {
    let tasks = pmi::size().unwrap();
    let group = pmi::Group::new((0..tasks).skip(tasks / 2)).unwrap();
    group
        .scope(|| {
            for (m, n) in [(40, 40), (300, 4)] {
                let a = matrix(m, n);
                check(&a, &qr(&a).unwrap(), "in a group");
                check(&a, &qr_pivoted(&a).unwrap(), "in a group, pivoted");
                let b = DistArray::from_array(&Array1::from_shape_fn(m, |i| number(i, 9)));
                let x = lstsq(&a, &b, None).unwrap().solution;
                assert_eq!(x.shape(), [n]);
                assert!(norm(&a, Norm::Two).unwrap() <= norm(&a, Norm::Fro).unwrap());
            }
        })
        .unwrap();
}
