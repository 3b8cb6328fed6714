//! Functions of elements against the platform's scalar functions.

use crate::expressions::{dealt, same};
use crate::layouts::{distributions, refusal};
use crate::{Case, cases};
use ndarray::{Array1, Array2, Ix1, Ix2};
use num_complex::Complex;
use pmi_toolkit::prelude::*;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        elementary_functions
        elementary_functions_in_single_precision
        elementary_functions_of_integers
        elementary_functions_of_complex_numbers
        special_arguments
        powers
        angles_and_distances
        whole_powers
        rounding
        magnitudes_and_signs
        parts_of_complex_numbers
        the_larger_and_the_smaller
        what_is_not_finite
        values_do_not_depend_on_the_place
    ]
}

/// Whether a value is the expected one: zeros, infinities and NaNs exactly, others to a relative error.
#[track_caller]
fn near(found: f64, expected: f64, bound: f64, what: &str) {
    let special = expected == 0.0 || !expected.is_finite();
    let agree = match special {
        true => found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()),
        false => (found - expected).abs() <= bound * expected.abs(),
    };
    assert!(agree, "{what}: {found:e}, expected {expected:e}");
}

/// Some thousand numbers from `low` to `high`, with many near 0.
fn spread(low: f64, high: f64) -> Vec<f64> {
    let even = (0..=2500).map(|i| low + (high - low) * f64::from(i) / 2500.0);
    let small = (0..150).flat_map(|i| [low, high].map(|x| x * 0.81f64.powi(i)));
    even.chain(small.filter(|x| (low..=high).contains(x))).collect()
}

/// `arccosh`, which Rust's library has less accurately near 1.
fn arccosh(x: f64) -> f64 {
    let t = x - 1.0;
    match x {
        1e8.. => x.ln() + std::f64::consts::LN_2,
        1.0.. => (t + (t * (t + 2.0)).sqrt()).ln_1p(),
        _ => f64::NAN,
    }
}

/// `arctanh`, which Rust's library has less accurately near -1.
fn arctanh(x: f64) -> f64 {
    x.abs().atanh().copysign(x)
}

/// Runs a macro over all elementary functions, with arguments from where they are neither infinite nor NaN.
macro_rules! each_function {
    ($run:ident) => {
        $run! {
            exp(-700.0, 700.0) = f64::exp;
            exp2(-1000.0, 1000.0) = f64::exp2;
            expm1(-40.0, 700.0) = f64::exp_m1;
            log(1e-300, 50.0) = f64::ln;
            log2(1e-300, 50.0) = f64::log2;
            log10(1e-300, 50.0) = f64::log10;
            log1p(-0.999, 50.0) = f64::ln_1p;
            sin(-100.0, 100.0) = f64::sin;
            cos(-100.0, 100.0) = f64::cos;
            tan(-100.0, 100.0) = f64::tan;
            arcsin(-1.0, 1.0) = f64::asin;
            arccos(-1.0, 1.0) = f64::acos;
            arctan(-1000.0, 1000.0) = f64::atan;
            sinh(-700.0, 700.0) = f64::sinh;
            cosh(-700.0, 700.0) = f64::cosh;
            tanh(-25.0, 25.0) = f64::tanh;
            arcsinh(-1e6, 1e6) = f64::asinh;
            arccosh(1.0, 1e6) = arccosh;
            arctanh(-0.9999, 0.9999) = arctanh;
            sqrt(0.0, 1e6) = f64::sqrt;
            cbrt(-1e6, 1e6) = f64::cbrt;
        }
    };
}

fn elementary_functions() {
    macro_rules! check {
        ($($method:ident($low:expr, $high:expr) = $f:expr;)*) => {$(
            let x = spread($low, $high);
            let values = dealt(x.clone(), x.len()).$method().to_vec().unwrap();
            for (x, found) in x.iter().zip(values) {
                near(found, $f(*x), 1e-14, &format!("{}({x:e})", stringify!($method)));
            }
        )*};
    }
    each_function!(check);
}

fn elementary_functions_in_single_precision() {
    macro_rules! check {
        ($($method:ident($low:expr, $high:expr) = $f:expr;)*) => {$(
            let x: Vec<f32> = spread($low, $high).into_iter().step_by(3).map(|x| x as f32).collect();
            let values: Vec<f32> = dealt(x.clone(), 2).$method().to_vec().unwrap();
            for (x, found) in x.iter().zip(values) {
                let expected = $f(f64::from(*x)) as f32;
                // Rounded from twice the precision: at most in the last place.
                let agree = found.to_bits().abs_diff(expected.to_bits()) <= 1 || (found.is_nan() && expected.is_nan());
                assert!(agree, "{}({x:e}) = {found:e}, expected {expected:e}", stringify!($method));
            }
        )*};
    }
    each_function!(check);
}

fn elementary_functions_of_integers() {
    macro_rules! check {
        ($($type:ident)*) => {$(
            let x = [$type::MIN, $type::MIN / 3, 0, 1, 2, 100, $type::MAX];
            let a = dealt(x.to_vec(), 1);
            let roots: DistArray<f64, Ix1> = a.cbrt().eval();
            for (x, root) in x.iter().zip(roots.to_vec().unwrap()) {
                near(root, (*x as f64).cbrt(), 1e-14, stringify!($type));
            }
        )*};
    }
    check! { u8 u16 u32 u64 i8 i16 i32 i64 }
    let flags: Vec<f64> = dealt(vec![true, false], 0).exp2().to_vec().unwrap();
    assert_eq!(flags, [2.0, 1.0]);
    let angles: Vec<f64> = dealt(vec![-1i8, 0], 0).arctan2(true).to_vec().unwrap();
    assert_eq!(angles, [-std::f64::consts::FRAC_PI_4, 0.0]);
}

fn elementary_functions_of_complex_numbers() {
    let parts = [-3.0, -0.7, -0.01, 0.2, 1.0, 2.5];
    let z: Vec<_> = parts.iter().flat_map(|re| parts.iter().map(|im| Complex::new(*re, *im))).collect();
    let (a, single) = (dealt(z.clone(), 1), dealt(z.clone(), 2).astype::<Complex<f32>>().eval());
    let check = |name: &str,
                 values: Vec<Complex<f64>>,
                 singles: Vec<Complex<f32>>,
                 f: fn(Complex<f64>) -> Complex<f64>| {
        for ((z, found), single) in z.iter().zip(values).zip(singles) {
            let expected = f(*z);
            assert!((found - expected).norm() <= 1e-14 * expected.norm(), "{name}({z}) = {found}, expected {expected}");
            let wide = Complex::new(f64::from(single.re), f64::from(single.im));
            // The arguments themselves were rounded.
            assert!((wide - expected).norm() <= 2e-6 * expected.norm(), "{name}({z}) = {single}, expected {expected}");
        }
    };
    fn by(re: f64, im: f64) -> Complex<f64> {
        Complex::new(re, im)
    }
    macro_rules! check {
        ($($method:ident = $f:expr;)*) => {$(
            check(stringify!($method), a.$method().to_vec().unwrap(), single.$method().to_vec().unwrap(), $f);
        )*};
    }
    check! {
        exp = |z| z.re.exp() * Complex::new(z.im.cos(), z.im.sin());
        log = |z| Complex::new(z.re.hypot(z.im).ln(), z.im.atan2(z.re));
        sin = |z| by(z.re.sin() * z.im.cosh(), z.re.cos() * z.im.sinh());
        cos = |z| by(z.re.cos() * z.im.cosh(), -z.re.sin() * z.im.sinh());
        tan = |z| by(z.re.sin() * z.im.cosh(), z.re.cos() * z.im.sinh()) / by(z.re.cos() * z.im.cosh(), -z.re.sin() * z.im.sinh());
        sinh = |z| by(z.re.sinh() * z.im.cos(), z.re.cosh() * z.im.sin());
        cosh = |z| by(z.re.cosh() * z.im.cos(), z.re.sinh() * z.im.sin());
        tanh = |z| by(z.re.sinh() * z.im.cos(), z.re.cosh() * z.im.sin()) / by(z.re.cosh() * z.im.cos(), z.re.sinh() * z.im.sin());
        sqrt = |z| {
            let (size, angle) = (z.re.hypot(z.im).sqrt(), z.im.atan2(z.re) / 2.0);
            Complex::new(size * angle.cos(), size * angle.sin())
        };
    }
    let power: Vec<Complex<f64>> = a.pow(Complex::new(0.5, -1.0)).to_vec().unwrap();
    for (z, found) in z.iter().zip(power) {
        let log = Complex::new(z.re.hypot(z.im).ln(), z.im.atan2(z.re)) * Complex::new(0.5, -1.0);
        let expected = log.re.exp() * Complex::new(log.im.cos(), log.im.sin());
        assert!((found - expected).norm() <= 1e-14 * expected.norm(), "{z}: {found}, expected {expected}");
    }
    // Along the branch cuts the sign of the zero tells the side.
    let cut = dealt(vec![Complex::new(-4.0, 0.0), Complex::new(-4.0, -0.0)], 0);
    assert_eq!(cut.sqrt().to_vec().unwrap(), [Complex::new(0.0, 2.0), Complex::new(0.0, -2.0)]);
    assert_eq!(cut.log().imag().to_vec().unwrap(), [std::f64::consts::PI, -std::f64::consts::PI]);
}

fn special_arguments() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let x = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, inf, -inf, nan, 1e-310, -1e-310, 1e300, -1e300, 710.5, -746.0];
    let a = dealt(x.to_vec(), 1);
    macro_rules! check {
        ($($method:ident($low:expr, $high:expr) = $f:expr;)*) => {$(
            for (x, found) in x.iter().zip(a.$method().to_vec().unwrap()) {
                // One of Rust's has no sign of zero, one overflows before its value does.
                let expected = match stringify!($method) {
                    "arccosh" if *x == 1e300 => arccosh(1e300),
                    "arcsinh" if x.abs() == 1e300 => arccosh(1e300).copysign(*x),
                    _ => $f(*x),
                };
                near(found, expected, 1e-14, &format!("{}({x:e})", stringify!($method)));
            }
        )*};
    }
    each_function!(check);
}

fn powers() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let bases = [0.0, -0.0, 1.0, -1.0, 0.3, -2.5, 1e-5, 7.0, 1e200, inf, -inf, nan, 1.0000001, 123.456, 5e-324];
    let exponents = [0.0, -0.0, 1.0, -1.0, 2.0, 3.0, 0.5, -0.5, 1.0 / 3.0, -7.0, 200.5, inf, -inf, nan, 1e9];
    for axes in distributions(1) {
        let rows = DistArray::from_fn((bases.len(), 1), |(i, _)| i as f64);
        let rows = rows.map_with(bases, |bases, i| bases[i as usize]);
        let columns = dealt(exponents.to_vec(), 0).redistribute(axes);
        let table: DistArray<f64, Ix2> = rows.pow(&columns).eval();
        for ((i, j), found) in table.gather().unwrap().indexed_iter() {
            near(*found, bases[i].powf(exponents[j]), 1e-14, &format!("{:e}^{:e}", bases[i], exponents[j]));
        }
        for (x, found) in bases.iter().zip(rows.pow(2.0).to_vec().unwrap()) {
            near(found, x * x, 1e-14, "squares");
        }
    }
    let x = spread(1e-3, 1e3);
    let y: Vec<f64> = (0..x.len()).map(|i| (i * 37 % 2001) as f64 / 20.0 - 50.0).collect();
    let values = dealt(x.clone(), 1).pow(dealt(y.clone(), 2)).to_vec().unwrap();
    for ((x, y), found) in x.iter().zip(&y).zip(values) {
        near(found, x.powf(*y), 1e-14, &format!("{x:e}^{y}"));
    }
    let roots: Vec<f32> = dealt(vec![4.0f32, 9.0], 0).pow(0.5f32).to_vec().unwrap();
    assert_eq!(roots, [2.0, 3.0]);
    let squares: Vec<f64> = dealt(vec![3i32, -4], 0).pow(2u8).to_vec().unwrap();
    assert_eq!(squares, [9.0, 16.0]);
    let mixed: Vec<f64> = dealt(vec![2.0f32, 3.0], 0).pow(dealt(vec![1000i32, -1], 1)).to_vec().unwrap();
    assert_eq!(mixed, [2f64.powi(1000), 1.0 / 3.0]);
    let text = refusal(|| dealt(vec![1.0, 2.0], 0).pow(dealt(vec![1.0; 3], 0)));
    assert!(text.contains("[2] and [3]"), "{text}");
}

fn angles_and_distances() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let numbers = [0.0, -0.0, 1.0, -1.0, 1e-200, -3e5, 1e300, -1e-310, inf, -inf, nan, 0.5, 1e160];
    let row = dealt(numbers.to_vec(), 1);
    let column = DistArray::from_fn((numbers.len(), 1), |(i, _)| i as u8).map_with(numbers, |x, i| x[i as usize]);
    let (angles, distances) = (column.arctan2(&row).gather().unwrap(), column.hypot(&row).gather().unwrap());
    for ((i, j), angle) in angles.indexed_iter() {
        let (y, x) = (numbers[i], numbers[j]);
        near(*angle, y.atan2(x), 1e-14, &format!("arctan2({y:e}, {x:e})"));
        near(distances[(i, j)], y.hypot(x), 1e-14, &format!("hypot({y:e}, {x:e})"));
    }
    let x = spread(-50.0, 70.0);
    let a = dealt(x.clone(), 2);
    let (angles, distances) = (a.arctan2(-3.0).to_vec().unwrap(), a.hypot(2.0).to_vec().unwrap());
    for ((x, angle), distance) in x.iter().zip(angles).zip(distances) {
        near(angle, x.atan2(-3.0), 1e-14, "arctan2");
        near(distance, x.hypot(2.0), 1e-14, "hypot");
    }
    let single: Vec<f32> = dealt(vec![3.0f32, 1e30], 0).hypot(dealt(vec![4i16, 0], 1)).to_vec().unwrap();
    assert_eq!(single, [5.0, 1e30]);
}

fn whole_powers() {
    macro_rules! check {
        ($($type:ident)*) => {$(
            let x = [$type::MIN, 0, 1, 3, 7, $type::MAX];
            for n in [0, 1, 2, 5, 40] {
                let expected = x.map(|x| x.wrapping_pow(n));
                assert_eq!(dealt(x.to_vec(), 1).powi(n).to_vec().unwrap(), expected);
            }
        )*};
    }
    check! { u8 u16 u32 u64 i8 i16 i32 i64 }
    let x = [-1.5, 0.0, 1.0000001, 20.0, f64::INFINITY];
    for (x, found) in x.iter().zip(dealt(x.to_vec(), 0).powi(11).to_vec().unwrap()) {
        near(found, x.powi(11), 1e-14, "powi");
    }
    let turns = dealt(vec![Complex::new(0.0f32, 1.0), Complex::new(0.0, -2.0)], 0).powi(3).to_vec().unwrap();
    assert_eq!(turns, [Complex::new(0.0, -1.0), Complex::new(0.0, 8.0)]);
}

fn rounding() {
    let x = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, 1e300, -7.25, f64::INFINITY, f64::NAN];
    let single = x.map(|x| x as f32);
    let (a, b) = (dealt(x.to_vec(), 1), dealt(single.to_vec(), 2));
    macro_rules! check {
        ($($method:ident = $f:ident;)*) => {$(
            same(&a.$method().to_vec().unwrap(), &x.map(f64::$f), stringify!($method));
            same(&b.$method().to_vec().unwrap(), &single.map(f32::$f), stringify!($method));
            let whole: Vec<i16> = dealt(vec![-3i16, 0, i16::MAX], 0).$method().to_vec().unwrap();
            assert_eq!(whole, [-3, 0, i16::MAX]);
        )*};
    }
    check! {
        floor = floor;
        ceil = ceil;
        rint = round_ties_even;
        trunc = trunc;
    }
}

fn magnitudes_and_signs() {
    macro_rules! integers {
        ($($type:ident)*) => {$(
            let x = [$type::MIN, 0, 1, 5, $type::MAX];
            let a = dealt(x.to_vec(), 1);
            let abs: Vec<$type> = a.abs().to_vec().unwrap();
            assert_eq!(abs, x.map(|x| if x < 1 { x.wrapping_neg() } else { x }));
            let lowest = $type::from($type::MIN != 0).wrapping_neg();
            assert_eq!(a.sign().to_vec().unwrap(), [lowest, 0, 1, 1, 1]);
            assert_eq!(a.square().to_vec().unwrap(), x.map(|x| x.wrapping_mul(x)));
        )*};
    }
    integers! { u8 u16 u32 u64 i8 i16 i32 i64 }
    let x = [0.0, -0.0, -3.5, 2.0, f64::NEG_INFINITY, f64::NAN];
    let a = dealt(x.to_vec(), 2);
    same(&a.abs().to_vec().unwrap(), &x.map(f64::abs), "abs");
    same(&a.sign().to_vec().unwrap(), &[0.0, -0.0, -1.0, 1.0, -1.0, f64::NAN], "sign");
    same(&a.square().to_vec().unwrap(), &x.map(|x| x * x), "square");
    let single: Vec<f32> = dealt(vec![-1.5f32, 2.0], 0).abs().to_vec().unwrap();
    assert_eq!(single, [1.5, 2.0]);
}

fn parts_of_complex_numbers() {
    let z = [Complex::new(3.0f64, -4.0), Complex::new(-1.0, 0.0), Complex::new(0.0, 1e300), Complex::new(1e300, 1e300)];
    let a = dealt(z.to_vec(), 1);
    same(&a.real().to_vec().unwrap(), &z.map(|z| z.re), "real");
    same(&a.imag().to_vec().unwrap(), &z.map(|z| z.im), "imag");
    same(&a.conj().to_vec().unwrap(), &z.map(|z| Complex::new(z.re, -z.im)), "conj");
    for ((z, size), angle) in z.iter().zip(a.abs().to_vec().unwrap()).zip(a.angle().to_vec().unwrap()) {
        near(size, z.re.hypot(z.im), 1e-15, "abs");
        near(angle, z.im.atan2(z.re), 1e-15, "angle");
    }
    let single = dealt(vec![Complex::new(3.0f32, -4.0)], 0);
    let (size, part): (Vec<f32>, Vec<f32>) = (single.abs().to_vec().unwrap(), single.conj().imag().to_vec().unwrap());
    assert_eq!((size, part), (vec![5.0], vec![4.0]));
    assert_eq!((&single * single.conj()).real().sum(), 25.0f32);
}

fn the_larger_and_the_smaller() {
    let numbers = [-1.5, 0.0, 2.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    let (row, column) = (
        dealt(numbers.to_vec(), 1),
        DistArray::from_fn((6, 1), |(i, _)| i as u8).map_with(numbers, |x, i| x[i as usize]),
    );
    let check = |found: Array2<f64>, f: fn(f64, f64) -> f64| {
        let expected: Vec<f64> = numbers.iter().flat_map(|x| numbers.iter().map(move |y| f(*x, *y))).collect();
        same(&found.into_raw_vec_and_offset().0, &expected, "");
    };
    check(column.maximum(&row).gather().unwrap(), |x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { x.max(y) });
    check(column.minimum(&row).gather().unwrap(), |x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { x.min(y) });
    check(column.fmax(&row).gather().unwrap(), f64::max);
    check(column.fmin(&row).gather().unwrap(), f64::min);
    let large: Vec<i64> = dealt(vec![-5i8, 7], 0).maximum(dealt(vec![6u32, 1], 1)).to_vec().unwrap();
    assert_eq!(large, [6, 7]);
    assert_eq!(dealt(vec![3u8, 200], 0).minimum(100u8).to_vec().unwrap(), [3, 100]);
    assert_eq!(dealt(vec![true, false], 0).maximum(false).to_vec().unwrap(), [true, false]);
}

fn what_is_not_finite() {
    let x = [0.0, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    let (a, single) = (dealt(x.to_vec(), 1), dealt(x.to_vec(), 2).astype::<f32>().eval());
    assert_eq!(a.isnan().to_vec().unwrap(), x.map(f64::is_nan));
    assert_eq!(a.isinf().to_vec().unwrap(), x.map(f64::is_infinite));
    assert_eq!(a.isfinite().to_vec().unwrap(), x.map(f64::is_finite));
    // The largest f64 is beyond the range of f32.
    assert_eq!((single.isnan().count(), single.isinf().count(), single.isfinite().count()), (1, 3, 1));
    let whole = dealt(vec![u64::MAX, 0], 0);
    assert_eq!((whole.isnan().any(), whole.isinf().any(), whole.isfinite().all()), (false, false, true));
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let parts = [(1.0, 2.0), (nan, 0.0), (0.0, nan), (inf, 0.0), (0.0, -inf), (nan, inf)];
    let z = parts.map(|(re, im)| Complex::new(re, im));
    let a = dealt(z.to_vec(), 1);
    assert_eq!(a.isnan().to_vec().unwrap(), [false, true, true, false, false, true]);
    assert_eq!(a.isinf().to_vec().unwrap(), [false, false, false, true, true, true]);
    assert_eq!(a.isfinite().to_vec().unwrap(), [true, false, false, false, false, false]);
    let single = a.astype::<Complex<f32>>();
    assert_eq!((single.isnan().count(), single.isinf().count(), single.isfinite().count()), (3, 3, 1));
}

fn values_do_not_depend_on_the_place() {
    let a = DistArray::from_fn(5003, |i| (i as f64 * 0.731).sin() * 40.0);
    let f = |x: &DistArray<f64, Ix1>| (x.sin() + x.exp() / (x.tan().abs() + 1.0)).arctan2(x.cbrt()).pow(1.7);
    let bits = |values: Array1<f64>| values.mapv(f64::to_bits);
    let expected = bits(f(&a).gather().unwrap());
    for axes in distributions(1) {
        assert_eq!(bits(f(&a.redistribute(axes)).gather().unwrap()), expected);
    }
    // One by one, so that each is at the start of a block.
    for i in [0, 1, 17, 1023, 1024, 5002] {
        assert_eq!(bits(f(&dealt(vec![a.get(i)], 0)).gather().unwrap())[0], expected[i]);
    }
}
