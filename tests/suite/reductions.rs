//! Reductions of all elements, in every layout, against exact values.

use crate::expressions::dealt;
use crate::layouts::{SHAPES, distributions, numbered, refusal};
use crate::{Case, cases};
use ndarray::{Array2, Ix1};
use num_complex::Complex;
use pmi_toolkit::array::reduce::{All, Any, ArgMax, ArgMin, Count, Max, Mean, Min, Std, Sum, Var};
use pmi_toolkit::array::{Element, allclose, array_equal};
use pmi_toolkit::prelude::*;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        integers_of_every_type
        floating_point_numbers
        flags
        complex_numbers
        every_shape_and_layout
        sums_are_exact
        sums_of_infinities
        means_and_variances
        variances_far_from_zero
        variances_that_are_zero_or_nothing
        bits_do_not_depend_on_the_layout
        bits_do_not_depend_on_the_tasks
        places_of_ties
        places_of_nans
        zeros_of_either_sign
        no_elements
        several_at_once
        expressions_are_reduced_in_one_go
        equal_arrays
        close_numbers
    ]
}

const SIZES: [usize; 6] = [1, 2, 5, 13, 1025, 3000];

/// The array in every layout.
fn everywhere<T: Element>(numbers: Vec<T>) -> impl Iterator<Item = DistArray<T, Ix1>> {
    let a = dealt(numbers, 0);
    distributions(1).into_iter().map(move |axes| a.redistribute(axes))
}

/// Numbers without order.
fn scattered(i: usize) -> u64 {
    (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_right(23).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

fn integers_of_every_type() {
    macro_rules! check {
        ($($type:ident $sum:ident;)*) => {$(
            for n in SIZES {
                let x: Vec<$type> = (0..n).map(|i| scattered(i) as $type).collect();
                let exact = x.iter().map(|x| i128::from(*x)).sum::<i128>();
                let (min, max) = (*x.iter().min().unwrap(), *x.iter().max().unwrap());
                let place = |y| x.iter().position(|x| *x == y).unwrap();
                let (count, product) = (x.iter().filter(|x| **x != 0).count(), |a, b: &$type| $sum::wrapping_mul(a, (*b).into()));
                for a in everywhere(x.clone()) {
                    let (sum, mean, all, any): ($sum, f64, bool, bool) = a.aggregate((Sum, Mean, All, Any));
                    assert_eq!((sum, mean, all, any), (exact as $sum, exact as f64 / n as f64, count == n, count > 0));
                    assert_eq!(a.aggregate((Min, Max, ArgMin, ArgMax, Count)), (min, max, place(min), place(max), count));
                    assert_eq!(a.prod(), x.iter().fold(1, product));
                }
            }
        )*};
    }
    check! { u8 u64; u16 u64; u32 u64; u64 u64; i8 i64; i16 i64; i32 i64; i64 i64; }
    // The methods are the same by other names.
    for a in everywhere((0..2000).map(|i| scattered(i) as i16).collect()) {
        assert_eq!((a.sum(), a.mean(), a.all(), a.any()), a.aggregate((Sum, Mean, All, Any)));
        assert_eq!(
            (a.min(), a.max(), a.argmin(), a.argmax(), a.count()),
            a.aggregate((Min, Max, ArgMin, ArgMax, Count))
        );
        assert_eq!(a.ptp(), a.max().wrapping_sub(a.min()));
        assert_eq!(a.reduce(|x, y| x ^ y), a.to_vec().unwrap().into_iter().reduce(|x, y| x ^ y));
    }
}

fn floating_point_numbers() {
    macro_rules! check {
        ($($type:ident)*) => {$(
            for n in SIZES {
                let x: Vec<$type> = (0..n).map(|i| (scattered(i) >> 50) as $type - 8000.0).collect();
                let total = |x: &[$type]| x.iter().map(|x| f64::from(*x)).sum::<f64>();
                let (min, max) = (x.iter().copied().reduce($type::min).unwrap(), x.iter().copied().reduce($type::max).unwrap());
                let place = |y| x.iter().position(|x| *x == y).unwrap();
                for a in everywhere(x.clone()) {
                    // Sums of whole numbers are exact on the way.
                    assert_eq!((a.sum(), a.mean()), (total(&x) as $type, (total(&x) / n as f64) as $type));
                    assert_eq!((a.min(), a.max(), a.ptp()), (min, max, max - min));
                    assert_eq!((a.argmin(), a.argmax()), (place(min), place(max)));
                    let powers: Vec<$type> = x.iter().map(|x| if *x < 0.0 { 0.5 } else { 2.0 }).collect();
                    let product = a.map(|x: $type| -> $type { if x < 0.0 { 0.5 } else { 2.0 } }).prod();
                    assert_eq!(product, powers.iter().product::<$type>());
                }
            }
        )*};
    }
    check! { f32 f64 }
}

fn flags() {
    for n in SIZES {
        let x: Vec<bool> = (0..n).map(|i| scattered(i).is_multiple_of(3)).collect();
        let count = x.iter().filter(|x| **x).count();
        for a in everywhere(x.clone()) {
            assert_eq!((a.sum(), a.count(), a.mean()), (count as u64, count, count as f64 / n as f64));
            assert_eq!((a.all(), a.any(), a.prod()), (count == n, count > 0, u64::from(count == n)));
            assert_eq!((a.min(), a.max()), (count == n, count > 0));
            assert_eq!(a.argmax(), x.iter().position(|x| *x).unwrap_or(0));
            let share = count as f64 / n as f64;
            assert!((a.var() - share * (1.0 - share)).abs() < 1e-15);
        }
        // One alone tips the balance, wherever it is.
        for at in [0, n / 2, n - 1] {
            let one = dealt(vec![0u8; n], 2);
            one.set(at, 1);
            assert_eq!((one.any(), one.count(), one.argmax()), (true, 1, at));
            assert_eq!(((&one * 255 - 1).all(), (1 - &one).all()), (true, false));
        }
    }
}

fn complex_numbers() {
    for n in SIZES {
        let z: Vec<_> =
            (0..n).map(|i| Complex::new((scattered(i) >> 44) as f64, -((scattered(i) & 0xFFFF) as f64))).collect();
        let exact: Complex<f64> = z.iter().sum();
        for a in everywhere(z.clone()) {
            assert_eq!((a.sum(), a.mean()), (exact, Complex::new(exact.re / n as f64, exact.im / n as f64)));
            assert_eq!((a.count(), a.any(), a.all()), (n, true, true));
            let turns = a.map(|_| Complex::new(0.0f32, 1.0)).prod();
            assert_eq!(
                turns,
                [Complex::new(1.0, 0.0), Complex::new(0.0, 1.0), Complex::new(-1.0, 0.0), Complex::new(0.0, -1.0)]
                    [n % 4]
            );
        }
    }
}

fn every_shape_and_layout() {
    for shape in SHAPES {
        for axes in distributions(shape.len()) {
            let a = numbered(shape, axes);
            let n = a.len() as u64;
            assert_eq!((a.sum(), a.count() as u64), ((0..n).sum(), n.saturating_sub(1)), "{}", a.layout());
            if n > 0 {
                assert_eq!((a.min(), a.max(), a.ptp()), (0, n - 1, n - 1), "{}", a.layout());
                assert_eq!((a.argmin(), a.argmax() as u64), (0, n - 1), "{}", a.layout());
                let far = a.map(|x| if x % 7 == 3 { 1000 - x } else { x });
                assert_eq!(far.argmax(), if n > 3 { 3 } else { n as usize - 1 }, "{}", a.layout());
                assert_eq!((a.mean(), a.var()), ((n - 1) as f64 / 2.0, ((n * n - 1) as f64) / 12.0), "{}", a.layout());
            }
        }
    }
}

/// Whole numbers of very different size and either sign, below 2^76.
fn rough(i: usize) -> i128 {
    let x = scattered(i);
    i128::from((x >> 28) as i64 - (1 << 35)) << (x % 41)
}

fn sums_are_exact() {
    for n in [1, 2, 5, 1024, 1025, 5000] {
        let exact = (0..n).map(rough).sum::<i128>();
        let a = DistArray::from_fn(n, |i| rough(i) as f64);
        for axes in distributions(1) {
            let a = a.redistribute(axes);
            // Whatever the powers of two that the numbers are multiples of.
            for scale in [-1000, -300, -39, -1, 0, 1, 17, 40, 900] {
                let by = 2f64.powi(scale);
                let sum = a.map_with(by, |by, x| x * by).sum();
                assert_eq!(sum.to_bits(), (exact as f64 * by).to_bits(), "{n} numbers times 2^{scale}");
            }
        }
        // What cancels leaves the rest.
        let rest = DistArray::from_fn(3 * n, |i| [rough(i / 3) as f64, -rough(i / 3) as f64, 0.25][i % 3]);
        assert_eq!((rest.sum(), rest.redistribute([Axis::Cyclic]).sum()), (0.25 * n as f64, 0.25 * n as f64));
    }
    // All that is added one after the other is lost; NumPy's pairwise sum loses some.
    let large = DistArray::from_fn(4001, |i| if i % 2 == 0 { 1e16 } else { -1e16 }) + 1.0;
    let exact: i128 = (0..4001).map(|i| (if i % 2 == 0 { 1e16 + 1.0 } else { -1e16 + 1.0f64 }) as i128).sum();
    assert_eq!(large.sum(), exact as f64);
    // Subnormal numbers, and sums that overflow though no number does.
    let tiny = DistArray::full(3000, 5e-324f64);
    assert_eq!(tiny.sum().to_bits(), 3000);
    let huge = DistArray::from_fn(10, |i| if i < 5 { f64::MAX } else { -f64::MAX });
    assert_eq!((huge.sum(), huge.abs().sum(), (-huge.abs()).sum()), (0.0, f64::INFINITY, f64::NEG_INFINITY));
    // Single precision is rounded once, too: in double precision this is a tie.
    let tie = [16_777_216.0f32, 1.0, 2f32.powi(-40)];
    assert_eq!((dealt(tie.to_vec(), 1).sum(), (-dealt(tie.to_vec(), 1)).sum()), (16_777_218.0, -16_777_218.0));
    let less = dealt(vec![16_777_216.0f32, 3.0, -2f32.powi(-40)], 2);
    assert_eq!((less.sum(), less.map(|x| Complex::new(0.0, x)).sum().im), (16_777_218.0, 16_777_218.0));
    let single = DistArray::from_fn(3000, |i| (scattered(i) >> 40) as f32 * 2f32.powi((i % 30) as i32));
    let exact = (0..3000).map(|i| i128::from(scattered(i) >> 40) << (i % 30)).sum::<i128>();
    assert_eq!(single.sum(), exact as f32);
}

fn sums_of_infinities() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for n in [3, 2500] {
        for (specials, expected) in
            [(vec![inf], inf), (vec![-inf], -inf), (vec![inf, -inf], nan), (vec![nan], nan), (vec![inf, nan], nan)]
        {
            let mut x = vec![1.0; n];
            x[n - specials.len()..].copy_from_slice(&specials);
            for a in everywhere(x) {
                for found in [a.sum(), a.mean()] {
                    assert!(found == expected || (found.is_nan() && expected.is_nan()), "{found}, expected {expected}");
                }
                assert!(a.var().is_nan() && a.std().is_nan());
            }
        }
    }
    assert_eq!(DistArray::full(3, f32::MAX).sum(), f32::INFINITY);
    let z = dealt(vec![Complex::new(inf, 1.0), Complex::new(0.0, 2.0)], 0).sum();
    assert_eq!(z, Complex::new(inf, 3.0));
}

/// The variance of whole numbers: `(n sum x^2 - (sum x)^2) / n^2`.
fn variance(x: &[i64]) -> f64 {
    let (n, sum) = (x.len() as i128, x.iter().map(|x| i128::from(*x)).sum::<i128>());
    let squares = x.iter().map(|x| i128::from(*x) * i128::from(*x)).sum::<i128>();
    (n * squares - sum * sum) as f64 / (n * n) as f64
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(), "{found:e}, expected {expected:e}");
}

fn means_and_variances() {
    for n in SIZES {
        let x: Vec<i64> = (0..n).map(|i| (scattered(i) >> 40) as i64 - (1 << 23)).collect();
        let expected = variance(&x);
        for a in everywhere(x.clone()) {
            near(a.var(), expected);
            near(a.std(), expected.sqrt());
            near(a.astype::<f64>().var(), expected);
            if n > 1 {
                near(a.aggregate(Var { ddof: 1 }) * (n as f64 - 1.0), expected * n as f64);
            }
            let single: f32 = a.astype::<f32>().std();
            assert!((f64::from(single) - expected.sqrt()).abs() <= f64::from(f32::EPSILON) * expected.sqrt());
        }
    }
}

fn variances_far_from_zero() {
    // Where squares of the numbers themselves have lost everything.
    for offset in [1i64 << 30, -(1 << 45), (1 << 52) - (1 << 20)] {
        let x: Vec<i64> = (0..2000).map(|i| offset + (scattered(i) >> 50) as i64).collect();
        let expected = variance(&x.iter().map(|x| x - offset).collect::<Vec<_>>());
        for a in everywhere(x.clone()) {
            near(a.var(), expected);
            near(a.astype::<f64>().std(), expected.sqrt());
        }
        // The first number is far from the others.
        let mut x: Vec<i64> = x.iter().map(|x| x - offset).collect();
        x[0] = offset >> 20;
        let expected = variance(&x);
        everywhere(x).for_each(|a| near(a.astype::<f64>().var(), expected));
    }
}

fn variances_that_are_zero_or_nothing() {
    for x in [0.1, 1e300, -7.3e-200] {
        for n in [1, 3, 1500] {
            assert_eq!((DistArray::full(n, x).var(), DistArray::full(n, x).mean()), (0.0, x));
        }
    }
    // Squares that are too large.
    assert_eq!(dealt(vec![1e200, -1e200, 0.0], 1).var(), f64::INFINITY);
    let one = DistArray::full(1, 2.0f64);
    assert!(one.aggregate(Var { ddof: 1 }).is_nan() && one.aggregate(Std { ddof: 2 }).is_nan());
}

fn measures(a: &DistArray<f64, Ix1>) -> [u64; 6] {
    let product = a.map(|x| 1.0 + x * 2f64.powi(-80)).prod();
    [a.sum(), a.mean(), a.var(), a.std(), (a * 0.1).sum(), product].map(f64::to_bits)
}

fn bits_do_not_depend_on_the_layout() {
    for n in [1, 7, 1024, 4097, 40_000] {
        let a = DistArray::from_fn(n, |i| rough(i) as f64 * 0.7);
        let expected = measures(&a);
        for axes in distributions(1) {
            assert_eq!(measures(&a.redistribute(axes)), expected, "{n} elements");
        }
        let single: DistArray<f32, _> = a.astype().eval();
        let expected = (single.sum().to_bits(), single.mean().to_bits(), single.var().to_bits());
        let dealt = single.redistribute([Axis::BlockCyclic(3)]);
        assert_eq!((dealt.sum().to_bits(), dealt.mean().to_bits(), dealt.var().to_bits()), expected);
    }
    let a = DistArray::from_fn((61, 47), |(i, j)| rough(47 * i + j) as f64 * 0.3);
    for axes in distributions(2) {
        let b = a.redistribute(axes);
        assert_eq!((b.sum().to_bits(), b.var().to_bits()), (a.sum().to_bits(), a.var().to_bits()), "{}", b.layout());
    }
}

fn bits_do_not_depend_on_the_tasks() {
    for n in [1, 5, 5000] {
        let make = move || measures(&DistArray::from_fn(n, |i| rough(i) as f64 * 0.7));
        assert_eq!(make(), pmi::with_tasks(1, make), "{n} elements");
    }
}

fn places_of_ties() {
    for n in [2, 5, 1100, 2600] {
        // Each value many times: the first place counts.
        let x: Vec<i32> = (0..n).map(|i| 3 - (i * 5 + 2) % 7).collect();
        let place = |y: &i32| x.iter().position(|x| x == y).unwrap();
        let (min, max) = (place(x.iter().min().unwrap()), place(x.iter().max().unwrap()));
        for a in everywhere(x.clone()) {
            assert_eq!((a.argmin(), a.argmax()), (min, max));
            assert_eq!((a.astype::<f32>().argmin(), (&a * 0).argmax()), (min, 0));
        }
    }
    for axes in distributions(2) {
        let a = DistArray::from_fn((5, 6).distributed(axes), |(i, j)| (i + j) as u8 % 4);
        assert_eq!((a.argmin(), a.argmax()), (0, 3));
        // The rows upside down: the first place in C order is another.
        let b = DistArray::from_fn((5, 6), |(i, j)| ((4 - i) * 2 + j) as i16 / 3);
        let serial: Vec<_> = b.to_vec().unwrap();
        let most = serial.iter().max().unwrap();
        let moved = b.redistribute(a.layout());
        assert_eq!(moved.argmax(), serial.iter().position(|x| x == most).unwrap());
    }
}

fn places_of_nans() {
    for n in [3, 40, 2100] {
        for places in [vec![0], vec![n - 1], vec![n / 2, n - 1], (0..n).collect()] {
            let mut x: Vec<f64> = (0..n).map(|i| i as f64).collect();
            places.iter().for_each(|i| x[*i] = f64::NAN);
            for a in everywhere(x) {
                assert!(a.min().is_nan() && a.max().is_nan() && a.ptp().is_nan() && a.astype::<f32>().max().is_nan());
                assert_eq!((a.argmin(), a.argmax()), (places[0], places[0]));
                assert_eq!(
                    (a.count(), a.all(), a.isnan().count()),
                    (n - usize::from(places[0] != 0), places[0] == 0, places.len())
                );
            }
        }
        let infinite: Vec<_> = (0..n).map(|i| if i == 1 { f64::NEG_INFINITY } else { f64::INFINITY }).collect();
        for a in everywhere(infinite) {
            assert_eq!((a.min(), a.max(), a.argmin(), a.argmax()), (f64::NEG_INFINITY, f64::INFINITY, 1, 0));
        }
    }
}

fn zeros_of_either_sign() {
    // Equal numbers: which one is the smallest must not depend on who has it.
    for n in [2, 7, 100, 2000] {
        let x: Vec<f64> = (0..n).map(|i| [1.0, -0.0, 0.0, -0.0][scattered(i) as usize >> 7 & 3]).collect();
        let bits = |x: f64| x.to_bits();
        let found: Vec<_> = everywhere(x)
            .map(|a| [bits(a.min()), bits((-&a).max()), bits(a.sum()), a.argmin() as u64, (-&a).argmax() as u64])
            .collect();
        assert!(found.iter().all(|of| *of == found[0]), "{found:?}");
    }
}

fn no_elements() {
    for shape in [&[0][..], &[3, 0], &[0, 0], &[2, 0, 4]] {
        for axes in distributions(shape.len()) {
            let a = DistArray::<f64, _>::zeros(shape.distributed(axes.clone()));
            assert_eq!((a.sum().to_bits(), a.prod(), a.count(), a.all(), a.any()), (0, 1.0, 0, true, false));
            assert!(a.mean().is_nan() && a.var().is_nan() && a.std().is_nan());
            assert_eq!(a.reduce(|x, y| x + y), None);
            for (name, text) in [
                ("min", refusal(|| a.min())),
                ("max", refusal(|| (&a + 1.0).max())),
                ("argmin", refusal(|| a.argmin())),
                ("argmax", refusal(|| a.argmax())),
                ("ptp", refusal(|| a.ptp())),
            ] {
                assert!(text.contains(&format!("{name} of an array without elements (shape {shape:?})")), "{text}");
            }
            let whole = DistArray::<i8, _>::zeros(shape.distributed(axes));
            assert_eq!((whole.sum(), whole.prod(), whole.any()), (0i64, 1i64, false));
            assert!(whole.mean().is_nan() && whole.astype::<Complex<f32>>().mean().re.is_nan());
        }
    }
}

fn several_at_once() {
    for n in SIZES {
        let x: Vec<i32> = (0..n).map(|i| (scattered(i) >> 36) as i32 - 40_000_000).collect();
        for a in everywhere(x.clone()) {
            assert_eq!(a.aggregate((Min, Max, Sum, Mean)), (a.min(), a.max(), a.sum(), a.mean()));
            let (places, truths) = (a.aggregate((ArgMin, ArgMax)), a.aggregate((All, Any, Count)));
            assert_eq!((places, truths), ((a.argmin(), a.argmax()), (a.all(), a.any(), a.count())));
            let (var, std, sum, least, most, count) =
                (&a * 2).aggregate((Var { ddof: 0 }, Std { ddof: 0 }, Sum, ArgMin, Max, Count));
            assert_eq!((var, std), ((&a * 2).var(), (&a * 2).std()));
            assert_eq!((sum, least, most, count), (2 * a.sum(), a.argmin(), 2 * a.max(), a.count()));
            assert_eq!(a.aggregate((Sum,)), (a.sum(),));
        }
    }
}

fn expressions_are_reduced_in_one_go() {
    for axes in distributions(2) {
        let a = DistArray::from_fn((40, 31).distributed(axes), |(i, j)| (31 * i + j) as f64);
        let (row, column) = (DistArray::arange(0.0, 31.0, 1.0), DistArray::from_fn((40, 1), |(i, _)| i as f64));
        let table = Array2::from_shape_fn((40, 31), |(i, j)| (31 * i + j) as f64 * j as f64 - i as f64);
        let expression = &a * &row - &column;
        assert_eq!((expression.sum(), expression.max()), (table.sum(), 1239.0 * 30.0 - 39.0));
        // Broadcast only, so that no operand has the result's layout.
        let grid = &column * &row;
        assert_eq!((grid.sum(), grid.argmax(), grid.count()), (780.0 * 465.0, 40 * 31 - 1, 39 * 30));
        assert!(grid.equal(&grid).all());
    }
}

fn equal_arrays() {
    for axes in distributions(2) {
        let a = DistArray::from_fn((9, 4), |(i, j)| (4 * i + j) as i32);
        let b = a.redistribute(axes);
        assert!(array_equal(&a, &b) && array_equal(&b, &a + 0) && array_equal(a.astype::<f64>(), &b));
        b.set((8, 3), -1);
        assert!(!array_equal(&a, &b) && !array_equal(&b, &a));
        // Shapes that could be broadcast are not the same shape.
        assert!(!array_equal(&a, DistArray::<i32, _>::zeros((1, 4))) && !array_equal(&a * 0, 0));
    }
    assert!(array_equal(DistArray::<u8, _>::zeros((3, 0)), DistArray::<f32, _>::ones((3, 0))));
    assert!(!array_equal(DistArray::<u8, _>::zeros((3, 0)), DistArray::<u8, _>::zeros((0, 3))));
    let nan = dealt(vec![f64::NAN], 0);
    assert!(!array_equal(&nan, &nan) && array_equal(DistArray::full((), true), true));
}

fn close_numbers() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let close = |a: f64, b: f64, rtol, atol| allclose(dealt(vec![1.0, a], 1), dealt(vec![1.0, b], 2), rtol, atol);
    assert!(close(100.0, 101.0, 0.01, 0.0) && !close(100.0, 101.0, 0.0099, 0.0));
    // The second is what the tolerance is relative to.
    assert!(close(101.0, 100.0, 0.0, 1.0) && !close(101.0, 100.0, 0.0099, 0.0) && close(100.0, 110.0, 0.095, 0.0));
    assert!(close(inf, inf, 0.0, 0.0) && !close(inf, -inf, 1.0, 1.0) && !close(1.0, inf, 1.0, 1.0));
    assert!(!close(inf, 1.0, 1.0, 1.0) && !close(nan, nan, 1.0, 1.0) && close(0.0, -0.0, 0.0, 0.0));
    let (bytes, large) = (dealt(vec![200u8, 3], 1), dealt(vec![203i64, 0], 0));
    assert!(allclose(&bytes, &large, 0.0, 3.0) && !allclose(&bytes, &large, 0.0, 2.9));
    let (z, by) = (dealt(vec![Complex::new(3.0, 4.0)], 0), |re| Complex::new(re, 0.0));
    assert!(allclose(&z, &z + by(0.5), 0.1, 0.0) && !allclose(&z, &z + by(0.6), 0.1, 0.0));
    assert!(
        allclose(dealt(vec![2.0; 7], 2), 2.0, 0.0, 0.0) && allclose(dealt(vec![0.5f32], 0) * 0.0, 0.0f32, 0.0, 0.0)
    );
    let text = refusal(|| allclose(DistArray::full(3, 1.0), DistArray::full(4, 1.0), 1.0, 1.0));
    assert!(text.contains("[3] and [4]"), "{text}");
}
