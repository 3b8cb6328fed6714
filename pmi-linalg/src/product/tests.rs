//! Products against serial ones, of small integers, whose sums are exact.

use super::*;
use crate::numeric::Numeric;
use crate::operand::Transpose;
use ndarray::{Array1, Array2, ArrayD, ArrayViewD, Ix1, Ix2, IxDyn};
use num_complex::Complex;
use pmi_array::{Axis, DistArray, Expression, Math, Shape};
use std::collections::BTreeMap;

const TASKS: [usize; 6] = [1, 2, 3, 4, 6, 7];

const AXES: [[Axis; 2]; 4] = [
    [Axis::Block, Axis::Whole],
    [Axis::Whole, Axis::Cyclic],
    [Axis::Block, Axis::Block],
    [Axis::BlockCyclic(2), Axis::BlockCyclic(3)],
];

/// What NumPy's `einsum` does, element by element.
fn plain<T: Numeric>(subscripts: &str, a: ArrayViewD<T>, b: ArrayViewD<T>) -> ArrayD<T> {
    let (operands, result) = subscripts.split_once("->").unwrap();
    let (of_a, of_b) = operands.split_once(',').unwrap();
    let mut lens: BTreeMap<char, usize> = result.chars().map(|label| (label, 1)).collect();
    for (label, len) in of_a.chars().zip(a.shape()).chain(of_b.chars().zip(b.shape())) {
        let known = lens.entry(label).or_insert(1);
        *known = if *len == 1 { *known } else { *len };
    }
    let labels: Vec<char> = lens.keys().copied().collect();
    let mut c = ArrayD::from_elem(IxDyn(&result.chars().map(|label| lens[&label]).collect::<Vec<_>>()), T::default());
    for index in ndarray::indices(IxDyn(&lens.values().copied().collect::<Vec<_>>())) {
        let at = |of: &str, shape: Option<&[usize]>| -> Vec<usize> {
            let place = |label| index[labels.iter().position(|l| *l == label).unwrap()];
            let inside = |axis: usize| shape.map_or(usize::MAX, |shape| shape[axis] - 1);
            of.chars().enumerate().map(|(axis, label)| place(label).min(inside(axis))).collect()
        };
        let product = a[&at(of_a, Some(a.shape()))[..]].times(b[&at(of_b, Some(b.shape()))[..]]);
        let c = &mut c[&at(result, None)[..]];
        *c = c.plus(product);
    }
    c
}

fn matrix_product<T: Numeric>(a: &Array2<T>, b: &Array2<T>) -> Array2<T> {
    plain("ik,kj->ij", a.view().into_dyn(), b.view().into_dyn()).into_dimensionality().unwrap()
}

fn conj<T: Numeric>(a: &Array2<T>, conjugate: fn(T) -> T) -> Array2<T> {
    a.t().mapv(conjugate)
}

fn check<T: Numeric>(tasks: usize, [m, k, n]: [usize; 3], number: fn(usize) -> T, conjugate: fn(T) -> T) {
    for (of_a, of_b) in AXES.iter().zip(AXES.iter().rev()) {
        let matrix = |shape: (usize, usize), axes: &[Axis; 2], seed: usize| {
            let plain = Array2::from_shape_fn(shape, |(i, j)| number(7 * i + 3 * j + seed));
            (DistArray::from_array_as(&plain, axes.to_vec()), plain)
        };
        let ((a, plain_a), (b, plain_b)) = (matrix((m, k), of_a, 0), matrix((k, n), of_b, 1));
        let ((at, turned_a), (bt, turned_b)) = (matrix((k, m), of_a, 0), matrix((n, k), of_b, 1));
        let told = format!("{m} x {k} times {k} x {n} of {}, {of_a:?} and {of_b:?} on {tasks} tasks", T::NAME);
        let same = |x: T| x;
        let [straight, turned, conjugated] = [&plain_b, &conj(&turned_b, same), &conj(&turned_b, conjugate)]
            .map(|b| (matrix_product(&plain_a, b), matrix_product(&conj(&turned_a, same), b)));
        let gathered = |c: DistArray<T, Ix2>| c.gather().unwrap();
        assert_eq!(gathered(matmul(&a, &b)), straight.0, "{told}");
        assert_eq!(gathered(matmul(at.t(), &b)), straight.1, "{told}");
        assert_eq!(gathered(matmul(&a, bt.t())), turned.0, "{told}");
        assert_eq!(gathered(matmul(at.t(), bt.h())), conjugated.1, "{told}");
        let vector = Array1::from_shape_fn(k, |i| number(i + 2));
        let x = DistArray::from_array(&vector);
        let expected = plain("ik,k->i", plain_a.view().into_dyn(), vector.view().into_dyn());
        assert_eq!(matvec(&a, &x).gather().unwrap().into_dyn(), expected, "{told}");
        let expected = plain("ik,k->i", conj(&turned_a, conjugate).view().into_dyn(), vector.view().into_dyn());
        assert_eq!(matvec(at.h(), &x).gather().unwrap().into_dyn(), expected, "{told}");
    }
}

#[test]
fn every_shape_layout_type_and_reading() {
    for tasks in TASKS {
        pmi::with_tasks(tasks, || {
            let real = |i: usize| (i % 11) as f64 - 5.0;
            for shape in [[1, 1, 1], [0, 2, 3], [2, 0, 3], [2, 3, 0], [5, 4, 3], [3, 40, 2], [17, 2, 19], [23, 31, 29]]
            {
                check(tasks, shape, real, |x| x);
            }
            check(tasks, [5, 70, 6], |i| (i % 11) as f32 - 5.0, |x| x);
            check(tasks, [13, 7, 6], |i| Complex::new((i % 11) as f64 - 5.0, (i % 5) as f64), |z| z.conj());
            check(tasks, [4, 9, 12], |i| Complex::new((i % 3) as f32, (i % 5) as f32 - 2.0), |z| z.conj());
            check(tasks, [9, 150, 7], |i| (i % 200) as i8, |x| x);
            check(tasks, [6, 5, 270], |i| (i % 200) as u8, |x| x);
            check(tasks, [8, 9, 10], |i| (7919 * i % 65_537) as i16, |x| x);
            check(tasks, [3, 4, 5], |i| u64::MAX - i as u64, |x| x);
            check(tasks, [7, 3, 9], |i| 40_503 * i as i64 - 99, |x| x);
        });
    }
}

#[test]
fn every_einsum() {
    let cases = [
        ("ijk,kl->ijl", &[3, 4, 5][..], &[5, 6][..]),
        ("ijk,kl->lij", &[3, 4, 5], &[5, 6]),
        ("ijk,lk->jil", &[3, 4, 5], &[6, 5]),
        ("kji,kl->ijl", &[5, 4, 3], &[5, 6]),
        ("ijkl,klm->mij", &[2, 3, 4, 5], &[4, 5, 6]),
        ("ijkl,lkm->ijm", &[2, 3, 4, 5], &[5, 4, 6]),
        ("bij,bjk->bik", &[9, 3, 4], &[9, 4, 2]),
        ("bij,bjk->bik", &[2, 3, 4], &[1, 4, 2]),
        ("ijb,jkb->ikb", &[3, 4, 8], &[4, 2, 8]),
        ("ij,jk->ki", &[8, 9], &[9, 7]),
        ("ij,ij->", &[8, 9], &[8, 9]),
        ("ij,ji->", &[8, 9], &[9, 8]),
        ("ij,ij->ij", &[8, 9], &[8, 9]),
        ("ij,ij->j", &[8, 9], &[8, 9]),
        ("ij,k->k", &[3, 5], &[4]),
        ("ij,jk->k", &[8, 9], &[9, 7]),
        ("ii,i->i", &[7, 7], &[7]),
        ("ii,i->", &[7, 7], &[7]),
        ("iji,ik->jk", &[5, 4, 5], &[5, 3]),
        ("i,j->ij", &[5], &[9]),
        ("i,j->ji", &[5], &[9]),
        ("i,->i", &[5], &[]),
        (",->", &[], &[]),
        (",i->", &[], &[4]),
        ("i,i->", &[2000], &[2000]),
        ("ij,jk->ik", &[0, 4], &[4, 3]),
        ("ij,jk->ik", &[2, 0], &[0, 3]),
        ("ij,jk->ik", &[2, 1], &[5, 3]),
        ("abcd,cdbe->ae", &[2, 3, 4, 5], &[4, 5, 3, 2]),
        ("abc,abd->dc", &[30, 20, 2], &[30, 20, 3]),
        ("ijk,ilk->lj", &[4, 3, 50], &[4, 2, 50]),
    ];
    for tasks in TASKS {
        pmi::with_tasks(tasks, || {
            for (subscripts, shape_a, shape_b) in cases {
                let array = |shape: &[usize], seed: usize| {
                    let numbers =
                        (0..shape.iter().product()).map(|i: usize| ((7 * i + seed) % 13) as f64 - 6.0).collect();
                    ArrayD::from_shape_vec(IxDyn(shape), numbers).unwrap()
                };
                let (a, b) = (array(shape_a, 0), array(shape_b, 4));
                let expected = plain(subscripts, a.view(), b.view());
                for axis in [Axis::Block, Axis::Cyclic] {
                    // The last axis is divided, and the first of the other.
                    let divided = |shape: &[usize], which: usize| {
                        let axis = |number| if number == which { axis.clone() } else { Axis::Whole };
                        (0..shape.len()).map(axis).collect::<Vec<_>>()
                    };
                    let a = DistArray::from_array_as(&a, divided(shape_a, shape_a.len().saturating_sub(1)));
                    let b = DistArray::from_array_as(&b, divided(shape_b, 0));
                    let c: DistArray<f64, IxDyn> = einsum(subscripts, &a, &b);
                    assert_eq!(
                        c.gather().unwrap(),
                        expected,
                        "{subscripts} of {shape_a:?} and {shape_b:?} on {tasks} tasks"
                    );
                }
            }
        });
    }
}

#[test]
fn results_that_are_not_named_and_ellipses() {
    pmi::with_tasks(3, || {
        let a = DistArray::from_fn((2, 3, 4), |(i, j, k)| (i + 2 * j + 3 * k) as i64);
        let b = DistArray::from_fn((4, 5), |(i, j)| (i * j) as i64);
        let named: DistArray<i64, IxDyn> = einsum("zbc,cA->Abz", &a, &b);
        let implicit: DistArray<i64, IxDyn> = einsum("zbc, cA", &a, &b);
        assert_eq!(named.gather().unwrap(), implicit.gather().unwrap());
        let (dots, stacked): (DistArray<i64, IxDyn>, _) =
            (einsum("...ij,...jk->...ik", &a, &b), batched_matmul(&a, &b));
        assert_eq!(dots.gather().unwrap(), stacked.gather().unwrap().into_dyn());
        let dots: DistArray<i64, IxDyn> = einsum("...j,j...", &a, &DistArray::<i64, _>::ones((4, 3)));
        let named: DistArray<i64, IxDyn> = einsum("xyj,jz->xyz", &a, &DistArray::<i64, _>::ones((4, 3)));
        assert_eq!((dots.shape(), named.shape()), (&[2, 3][..], &[2, 3, 3][..]));
    });
}

#[test]
fn stacks_of_matrices_are_broadcast() {
    for tasks in TASKS {
        pmi::with_tasks(tasks, || {
            let a = ndarray::Array4::from_shape_fn((5, 1, 3, 4), |(g, _, i, j)| (g + 2 * i + 3 * j) as f64);
            let b = ndarray::Array3::from_shape_fn((6, 4, 2), |(h, i, j)| (2 * h + i) as f64 - j as f64);
            let c = batched_matmul(&DistArray::from_array(&a), &DistArray::from_array(&b)).gather().unwrap();
            assert_eq!(c.shape(), [5, 6, 3, 2]);
            for (g, h) in (0..5).flat_map(|g| (0..6).map(move |h| (g, h))) {
                let (a, b) = (a.slice(ndarray::s![g, 0, .., ..]), b.slice(ndarray::s![h, .., ..]));
                assert_eq!(c.slice(ndarray::s![g, h, .., ..]), matrix_product(&a.to_owned(), &b.to_owned()));
            }
        });
    }
}

#[test]
fn axes_of_tensordot() {
    pmi::with_tasks(4, || {
        let a = ArrayD::from_shape_fn(IxDyn(&[3, 4, 5]), |index| (index[0] + 2 * index[1]) as f32 - index[2] as f32);
        let b = ArrayD::from_shape_fn(IxDyn(&[4, 5, 3]), |index| (index[0] * index[1]) as f32 - index[2] as f32);
        let (da, db) = (DistArray::from_array(&a), DistArray::from_array(&b));
        let gathered = |c: DistArray<f32, IxDyn>| c.gather().unwrap();
        assert_eq!(gathered(tensordot(&da, &db, 2)), plain("ijk,jkl->il", a.view(), b.view()));
        assert_eq!(gathered(tensordot(&da, &db, 0)), plain("ijk,lmn->ijklmn", a.view(), b.view()));
        assert_eq!(gathered(tensordot(&da, &db, ([0, 2], [2, 1]))), plain("ijk,lki->jl", a.view(), b.view()));
        assert_eq!(gathered(tensordot(&da, &db, ([1, 2, 0], [0, 1, 2]))), plain("ijk,jki->", a.view(), b.view()));
    });
}

#[test]
fn kronecker_products() {
    for tasks in TASKS {
        pmi::with_tasks(tasks, || {
            for [m, n, p, q] in
                [[2, 3, 4, 5], [1, 1, 1, 1], [1, 9, 1, 7], [5, 1, 3, 2], [0, 2, 3, 1], [2, 2, 0, 3], [1, 20, 2, 1]]
            {
                let a = Array2::from_shape_fn((m, n), |(i, j)| (i * 10 + j) as i32);
                let b = Array2::from_shape_fn((p, q), |(i, j)| i as i32 - 3 * j as i32 + 1);
                let c: DistArray<i32, _> = kron(
                    &DistArray::from_array_as(&a, [Axis::Whole, Axis::Block]),
                    &DistArray::from_array_as(&b, [Axis::Cyclic, Axis::Cyclic]),
                );
                let element = |(i, j): (usize, usize)| a[(i / p, j / q)] * b[(i % p, j % q)];
                let expected = Array2::from_shape_fn((m * p, n * q), element);
                assert_eq!(c.gather().unwrap(), expected, "{m} x {n}, {p} x {q} on {tasks} tasks");
            }
        });
    }
}

#[test]
fn chains_powers_and_traces() {
    for tasks in TASKS {
        pmi::with_tasks(tasks, || {
            let matrix = |rows, columns, seed: u64| {
                let number = move |(i, j): (usize, usize)| (i as u64 * 3 + j as u64 * 5 + seed) % 7;
                Array2::from_shape_fn((rows, columns), number)
            };
            let all = [matrix(4, 9, 0), matrix(9, 2, 1), matrix(2, 8, 2), matrix(8, 5, 3)];
            let arrays: Vec<_> = all.iter().map(DistArray::from_array).collect();
            let chain = multi_dot(&arrays.iter().collect::<Vec<_>>()).gather().unwrap();
            assert_eq!(chain, all.iter().skip(1).fold(all[0].clone(), |product, next| matrix_product(&product, next)));
            let (square, array) = (matrix(6, 6, 1), DistArray::from_array(&matrix(6, 6, 1)));
            let mut power = Array2::eye(6);
            for n in 0..6 {
                assert_eq!(matrix_power(&array, n).gather().unwrap(), power, "power {n} on {tasks} tasks");
                power = matrix_product(&power, &square);
            }
            for axes in AXES {
                let wide = DistArray::from_array_as(&matrix(5, 11, 4), axes);
                assert_eq!(trace(&wide), matrix(5, 11, 4).diag().sum());
            }
            assert_eq!(trace(&DistArray::<f32, Ix2>::ones((0, 3))), 0.0);
        });
    }
}

#[test]
fn two_types_are_promoted() {
    pmi::with_tasks(2, || {
        let (a, b) = (
            DistArray::from_fn((2, 3), |(i, j)| (i + j) as i16),
            DistArray::from_fn((3, 2), |(i, j)| (i * j) as f32 / 2.0),
        );
        let expected = ndarray::array![[0.0f32, 2.5], [0.0, 4.0]];
        assert_eq!(matmul(&a, &b).gather().unwrap(), expected);
        let double: DistArray<f64, Ix2> = matmul(&DistArray::from_fn((2, 3), |(i, j)| (i + j) as i64), &b);
        assert_eq!(double.gather().unwrap(), expected.mapv(f64::from));
        let complex = DistArray::from_fn((3, 2), |(i, j)| Complex::new((i * j) as f32 / 2.0, 1.0));
        let product: DistArray<Complex<f32>, _> = matmul(&a, complex.t().t());
        assert_eq!(product.real().gather().unwrap(), expected);
        let (x, y) = (DistArray::arange(0u8, 3, 1), DistArray::arange(0i8, 3, 1));
        let outer: DistArray<i16, Ix2> = outer(&x, &y);
        assert_eq!(outer.get((2, 2)), 4);
    });
}

#[test]
fn several_panels_of_a_divided_and_of_a_whole_operand() {
    pmi::with_tasks(4, || {
        let wide =
            DistArray::from_fn((3, 5000).distributed([Axis::Whole, Axis::Cyclic]), |(i, j)| ((i * j) % 7) as f32);
        let rows = DistArray::from_fn((3000, 3), |(i, j)| ((i + 2 * j) % 5) as f32);
        let product = matmul(&rows, &wide);
        let sum = |numbers: &[f32]| numbers.iter().map(|x| f64::from(*x)).sum::<f64>();
        let (a, b) = (rows.gather().unwrap(), wide.gather().unwrap());
        let expected: f64 = (0..3).map(|l| sum(&a.column(l).to_vec()) * sum(&b.row(l).to_vec())).sum();
        assert_eq!(sum(&product.to_vec().unwrap()), expected);
    });
}

#[test]
fn the_bits_do_not_depend_on_the_threads() {
    let products = |threads: usize| {
        pmi::Setup::new().tasks(2).threads(threads).run(|| {
            let number = |(i, j): (usize, usize)| 1.0 / (1 + (31 * i + 17 * j) % 1009) as f64;
            let shapes =
                [(333, 300, 301), (3, 3, 100_000), (1, 2000, 900), (2000, 1, 900), (17, 17, 9000), (900, 900, 1)];
            shapes.map(|(m, n, k)| {
                matmul(&DistArray::from_fn((m, k), number), &DistArray::from_fn((k, n), number)).to_vec().unwrap()
            })
        })
    };
    let one = products(1).unwrap();
    (2..6).for_each(|threads| assert!(products(threads).unwrap() == one, "{threads} threads"));
}

/// The message of a panic.
fn panics(f: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let caught = std::panic::catch_unwind(f).expect_err("it must panic");
    caught.downcast_ref::<String>().cloned().or_else(|| caught.downcast_ref::<&str>().map(|s| s.to_string())).unwrap()
}

#[test]
fn what_does_not_fit_is_told() {
    pmi::with_tasks(2, || {
        let a = || DistArray::<f64, _>::ones((2, 3));
        let told = |f: fn(DistArray<f64, Ix2>), expected: &str| {
            let message = panics(std::panic::AssertUnwindSafe(|| f(a())));
            assert!(message.contains(expected), "{message}");
        };
        told(|a| drop(matmul(&a, &a)), "a 2 x 3 matrix cannot be multiplied by a 2 x 3 matrix");
        told(|a| drop(matvec(&a, &DistArray::<f64, Ix1>::ones(2))), "a vector of 2 elements: it must have 3");
        told(|a| drop(tensordot::<_, _, _, _, _, IxDyn>(&a, &a, 1)), "axis 1 of length 3 and axis 0 of length 2");
        told(|a| drop(tensordot::<_, _, _, _, _, IxDyn>(&a, &a, 3)), "over 3 axes, and an array has only 2");
        told(|a| drop(tensordot::<_, _, _, _, _, IxDyn>(&a, &a, ([0, 0], [0, 0]))), "axis 0 is named twice");
        told(|a| drop(tensordot::<_, _, _, _, _, IxDyn>(&a, &a, ([2], [0]))), "axis 2, and the shape is [2, 3]");
        told(|a| drop(einsum::<_, _, _, _, _, IxDyn>("ij,jk->ik", &a, &a)), "`j` is 3 here and 2 there");
        told(|a| drop(einsum::<_, _, _, _, _, Ix1>("ij,ij->ij", &a, &a)), "the product has 2 axes");
        told(|a| drop(einsum::<_, _, _, _, _, IxDyn>("ij->ij", &a, &a)), "names 1 operands");
        told(
            |a| drop(einsum::<_, _, _, _, _, IxDyn>("ijk,ij->", &a, &a)),
            "\"ijk\" does not describe an array of 2 axes",
        );
        told(|a| drop(einsum::<_, _, _, _, _, IxDyn>("ij,ij->k", &a, &a)), "`k`, which no operand has");
        told(|a| drop(einsum::<_, _, _, _, _, IxDyn>("ij,ij->ii", &a, &a)), "`i` twice");
        told(|a| drop(einsum::<_, _, _, _, _, IxDyn>("i1,ij", &a, &a)), "'1' is no letter");
        told(|a| drop(matrix_power(&a, 2)), "a 2 x 3 matrix: it must be square");
        told(|a| drop(multi_dot(&[&a, &a])), "matrix 0 has the shape [2, 3]");
        told(|_| drop(multi_dot::<f64>(&[])), "no matrices");
        // More than there is memory: told, and the world goes on.
        let long = || DistArray::<f64, Ix2>::ones((1 << 21, 1));
        let message = panics(std::panic::AssertUnwindSafe(|| drop(matmul(&long(), long().t()))));
        assert!(message.contains("no memory for"), "{message}");
        assert_eq!(matmul(a().t(), &a()).shape(), [3, 3]);
    });
}

#[test]
fn words_moved_are_those_of_summa() {
    const N: usize = 144;
    for (tasks, side) in [(4usize, 2usize), (9, 3), (16, 4)] {
        pmi::with_tasks(tasks, || {
            for axes in AXES {
                let matrix = || DistArray::from_fn((N, N).distributed(axes.clone()), |(i, j)| (i + j) as f64);
                let (a, b) = (matrix(), matrix());
                pmi::record(true).unwrap();
                let product = matmul(&a, &b);
                let ledger = pmi::ledger().unwrap();
                pmi::record(false).unwrap();
                let bytes: u64 = ledger.operations().iter().map(|operation| operation.bytes).sum();
                let words = bytes as f64 / (tasks * size_of::<f64>()) as f64;
                let summa = 2.0 * (N * N) as f64 / side as f64;
                assert!(words <= 1.1 * summa, "{words} words a task of {tasks}, {axes:?}; {summa} are SUMMA's");
                assert_eq!(product.get((1, 2)), (0..N).map(|l| (1 + l) * (l + 2)).sum::<usize>() as f64);
            }
        });
    }
}
