//! Products of arrays against serial ndarray, exactly: small integers.

use crate::{Case, cases};
use ndarray::{Array2, Ix2, Ix3};
use pmi_toolkit::array::{Axis, DistArray, Shape};
use pmi_toolkit::linalg::{Transpose, batched_matmul, einsum, kron, matmul, matrix_power, matvec, outer, trace};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        matrices_of_every_layout
        stacks_and_einsum
        vectors_and_blocks
        what_does_not_fit_leaves_the_world_usable
        in_the_scope_of_a_group
    ]
}

const AXES: [[Axis; 2]; 4] = [
    [Axis::Block, Axis::Whole],
    [Axis::Whole, Axis::Cyclic],
    [Axis::Block, Axis::Block],
    [Axis::BlockCyclic(2), Axis::BlockCyclic(3)],
];

fn matrix(rows: usize, columns: usize, seed: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| ((7 * i + 3 * j + seed) % 11) as f64 - 5.0)
}

fn matrices_of_every_layout() {
    for [m, k, n] in [[1, 1, 1], [0, 2, 3], [2, 0, 3], [5, 4, 3], [3, 400, 2], [17, 2, 19], [40, 31, 29]] {
        for (of_a, of_b) in AXES.iter().zip(AXES.iter().rev()) {
            let (a, b, bt) = (matrix(m, k, 0), matrix(k, n, 1), matrix(n, k, 2));
            let array = |plain: &Array2<f64>, axes: &[Axis; 2]| DistArray::from_array_as(plain, axes.clone());
            let (da, db, dbt) = (array(&a, of_a), array(&b, of_b), array(&bt, of_b));
            let told = format!("{m} x {k} x {n}, {of_a:?}, {of_b:?}");
            assert_eq!(matmul(&da, &db).gather().unwrap(), a.dot(&b), "{told}");
            assert_eq!(matmul(&da, dbt.t()).gather().unwrap(), a.dot(&bt.t()), "{told}");
            assert_eq!(matmul(db.t(), da.t()).gather().unwrap(), b.t().dot(&a.t()), "{told}");
        }
    }
}

fn stacks_and_einsum() {
    let stack = DistArray::from_fn((6, 3, 4), |(g, i, j)| (g + i) as f64 - j as f64);
    let b = matrix(4, 5, 1);
    let array = DistArray::from_array(&b);
    let product = batched_matmul(&stack, &array).gather().unwrap();
    let named: DistArray<f64, Ix3> = einsum("gij,jk->gik", &stack, &array);
    assert_eq!(named.gather().unwrap(), product);
    for (of_stack, of_product) in stack.gather().unwrap().outer_iter().zip(product.outer_iter()) {
        assert_eq!(of_stack.dot(&b), of_product);
    }
    let summed: DistArray<f64, Ix2> = einsum("gij,gik->kj", &stack, &stack);
    assert_eq!(summed.shape(), [4, 4]);
    assert_eq!(summed.gather().unwrap(), summed.gather().unwrap().t());
}

fn vectors_and_blocks() {
    for axes in AXES {
        let plain = matrix(9, 13, 3);
        let a = DistArray::from_array_as(&plain, axes);
        let (x, y) = (DistArray::arange(0.0, 13.0, 1.0), DistArray::arange(0.0, 9.0, 1.0));
        assert_eq!(matvec(&a, &x).gather().unwrap(), plain.dot(&x.gather().unwrap()));
        assert_eq!(matvec(a.t(), &y).gather().unwrap(), y.gather().unwrap().dot(&plain));
        assert_eq!(outer(&y, &x).get((3, 4)), 12.0);
        assert_eq!(trace(&a), plain.diag().sum());
        let (p, q) = (DistArray::from_array(&matrix(2, 3, 1)), DistArray::from_array(&matrix(4, 1, 2)));
        assert_eq!(kron(&p, &q).gather().unwrap(), ndarray::linalg::kron(&matrix(2, 3, 1), &matrix(4, 1, 2)));
    }
    let square = DistArray::from_fn((5, 5), |(i, j)| (i * j % 3) as i64);
    let plain = square.gather().unwrap();
    assert_eq!(matrix_power(&square, 3).gather().unwrap(), plain.dot(&plain).dot(&plain));
}

fn what_does_not_fit_leaves_the_world_usable() {
    let a = DistArray::<f64, _>::ones((2, 3));
    assert!(catch_unwind(AssertUnwindSafe(|| matmul(&a, &a))).is_err());
    let long = DistArray::<f64, Ix2>::ones((1 << 21, 1));
    assert!(catch_unwind(AssertUnwindSafe(|| matmul(&long, long.t()))).is_err());
    assert_eq!(matmul(&a, a.t()).gather().unwrap(), Array2::from_elem((2, 2), 3.0));
}

fn in_the_scope_of_a_group() {
    let size = pmi::size().unwrap();
    let product = || {
        let a = DistArray::from_fn((7, 5).distributed([Axis::Whole, Axis::Cyclic]), |(i, j)| (i * j) as f64);
        assert_eq!(matmul(a.t(), &a).get((1, 2)), 2.0 * 91.0);
        assert_eq!(trace(&a), 30.0);
    };
    pmi::Group::new(size / 2..size).unwrap().scope(product).unwrap();
}
