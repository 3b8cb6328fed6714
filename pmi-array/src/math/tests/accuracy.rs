//! The largest errors over the whole range, and the same bits at every level and place in a block.

use super::super::*;
use super::reference::{F32, F64, Function, Reference};
use super::{Random, same};
use crate::simd::tests::levels;

/// Numbers to draw arguments from.
#[derive(Clone, Copy)]
enum Draw {
    /// Evenly between two numbers.
    Even(f64, f64),
    /// Evenly by magnitude: powers of 2 with exponents between two numbers, either sign.
    Scales(f64, f64),
    /// Likewise, positive ones only.
    Positive(f64, f64),
}

use Draw::{Even, Positive, Scales};

impl Draw {
    fn from(self, random: &mut Random) -> f64 {
        let mut between = |low: f64, high: f64| low + (high - low) * random.uniform();
        match self {
            Even(low, high) => between(low, high),
            // In two factors, the result may be subnormal.
            Positive(low, high) => {
                let exponent = between(low, high) / 2.0;
                exponent.exp2() * exponent.exp2()
            }
            Scales(low, high) => {
                let magnitude = Positive(low, high).from(random);
                if random.uniform() < 0.5 { -magnitude } else { magnitude }
            }
        }
    }
}

/// A function under test: how to compute a block, its exact value, the largest error allowed, in ulp, and what to try.
struct Case {
    name: &'static str,
    f64: fn(Level, &mut [f64], &[f64]),
    f32: fn(Level, &mut [f32], &[f32]),
    exact: Function,
    bound: f64,
    draws: &'static [[Draw; 2]],
}

macro_rules! one {
    ($name:ident, $exact:ident, $bound:expr, [$($draw:expr),*]) => {
        Case {
            name: <$name as Unary<f64>>::NAME,
            f64: |level, x, _| <$name as Unary<f64>>::apply_at(level, x),
            f32: |level, x, _| <$name as Unary<f32>>::apply_at(level, x),
            exact: Reference::$exact,
            bound: $bound,
            draws: &[$([$draw, Even(0.0, 0.0)]),*],
        }
    };
}

macro_rules! two {
    ($name:ident, $exact:ident, $bound:expr, [$($draw:expr),*]) => {
        Case {
            name: <$name as Binary<f64>>::NAME,
            f64: |level, x, y| <$name as Binary<f64>>::apply_at(level, x, y),
            f32: |level, x, y| <$name as Binary<f32>>::apply_at(level, x, y),
            exact: Reference::$exact,
            bound: $bound,
            draws: &[$($draw),*],
        }
    };
}

/// The table of the module's documentation, and where the functions are hard: near zeros, at the borders between
/// methods, of overflow and underflow.
const CASES: &[Case] = &[
    one!(Exp, exp, 0.8, [Even(-1.0, 1.0), Even(-750.0, 710.0), Even(-746.0, -708.0), Scales(-60.0, 2.0)]),
    one!(Exp2, exp2, 0.8, [Even(-1.0, 1.0), Even(-1080.0, 1025.0), Even(-1080.0, -1020.0), Scales(-60.0, 2.0)]),
    one!(Expm1, expm1, 0.95, [Even(-1.0, 1.0), Even(-60.0, 60.0), Even(30.0, 710.0), Scales(-1074.0, 0.0)]),
    one!(Log, ln, 0.8, [Even(0.5, 2.0), Even(0.99, 1.01), Positive(-1074.0, 1023.9)]),
    one!(Log2, log2, 0.9, [Even(0.5, 2.0), Even(0.99, 1.01), Positive(-1074.0, 1023.9)]),
    one!(Log10, log10, 0.8, [Even(0.5, 2.0), Even(0.99, 1.01), Positive(-1074.0, 1023.9)]),
    one!(Log1p, ln_1p, 0.8, [Even(-0.999, 3.0), Even(-0.5, 0.5), Scales(-1074.0, -1.0), Positive(0.0, 1023.9)]),
    one!(
        Sin,
        sin,
        0.8,
        [Even(-7.0, 7.0), Even(-1e6, 1e6), Scales(-1074.0, 3.0), Scales(3.0, 1023.9), Scales(26.0, 30.0)]
    ),
    one!(
        Cos,
        cos,
        0.75,
        [Even(-7.0, 7.0), Even(-1e6, 1e6), Scales(-30.0, 3.0), Scales(3.0, 1023.9), Scales(26.0, 30.0)]
    ),
    one!(
        Tan,
        tan,
        0.9,
        [Even(-7.0, 7.0), Even(-1e6, 1e6), Scales(-1074.0, 3.0), Scales(3.0, 1023.9), Scales(26.0, 30.0)]
    ),
    one!(Asin, asin, 0.65, [Even(-1.0, 1.0), Even(0.45, 0.55), Even(0.9999, 1.0), Scales(-1074.0, 0.0)]),
    one!(Acos, acos, 0.65, [Even(-1.0, 1.0), Even(0.45, 0.55), Even(0.9999, 1.0), Scales(-100.0, 0.0)]),
    one!(Atan, atan, 0.7, [Even(-1.0, 1.0), Even(-4.0, 4.0), Scales(-1074.0, 1023.9)]),
    one!(Sinh, sinh, 0.8, [Even(-1.2, 1.2), Even(-4.0, 4.0), Even(-711.0, 711.0), Scales(-1074.0, 0.0)]),
    one!(Cosh, cosh, 0.85, [Even(-1.2, 1.2), Even(-4.0, 4.0), Even(-711.0, 711.0), Scales(-100.0, 0.0)]),
    one!(Tanh, tanh, 0.9, [Even(-1.2, 1.2), Even(-24.0, 24.0), Scales(-1074.0, 10.0)]),
    one!(Asinh, asinh, 0.9, [Even(-1.2, 1.2), Even(-9.0, 9.0), Scales(-1074.0, 1023.9), Positive(30.0, 36.0)]),
    one!(Acosh, acosh, 0.85, [Even(1.0, 1.1), Even(1.0, 9.0), Positive(0.0, 1023.9), Positive(30.0, 36.0)]),
    one!(Atanh, atanh, 0.65, [Even(-0.99, 0.99), Even(0.1, 0.2), Even(0.99, 1.0), Scales(-1074.0, -0.01)]),
    one!(Sqrt, sqrt, 0.501, [Even(0.0, 2.0), Positive(-1074.0, 1023.9)]),
    one!(Cbrt, cbrt, 0.501, [Even(-8.0, 8.0), Scales(-1074.0, 1023.9)]),
    two!(
        Pow,
        pow,
        0.7,
        [
            [Positive(-8.0, 8.0), Even(-4.0, 4.0)],
            [Positive(-8.0, 8.0), Even(-140.0, 140.0)],
            [Even(0.99, 1.01), Scales(-3.0, 16.0)],
            [Positive(-1074.0, 1023.9), Scales(-3.0, 0.1)],
            [Positive(-1074.0, 1023.9), Scales(-60.0, 10.0)]
        ]
    ),
    two!(
        Atan2,
        atan2,
        0.7,
        [
            [Even(-2.0, 2.0), Even(-2.0, 2.0)],
            [Scales(-1074.0, 1023.9), Scales(-1074.0, 1023.9)],
            [Scales(1000.0, 1023.9), Scales(1000.0, 1023.9)],
            [Scales(-1074.0, -1000.0), Scales(-1074.0, -1000.0)],
            [Scales(-470.0, -460.0), Scales(-470.0, -460.0)]
        ]
    ),
    two!(
        Hypot,
        hypot,
        0.8,
        [
            [Even(-2.0, 2.0), Even(-2.0, 2.0)],
            [Scales(-1074.0, 1023.9), Scales(-1074.0, 1023.9)],
            [Scales(1000.0, 1023.9), Scales(1000.0, 1023.9)],
            [Scales(-1074.0, -1000.0), Scales(-1074.0, -1000.0)],
            [Scales(490.0, 500.0), Scales(490.0, 500.0)],
            [Scales(-342.0, -322.0), Scales(-342.0, -322.0)]
        ]
    ),
];

/// Arguments that a function is defined for.
fn arguments(case: &Case, count: usize) -> (Vec<f64>, Vec<f64>) {
    let mut random = Random(case.name.len() as u64 * 977 + u64::from(case.name.as_bytes()[0]));
    let draws = case.draws.iter().flat_map(|draw| std::iter::repeat_n(draw, count));
    draws.map(|[x, y]| (x.from(&mut random), y.from(&mut random))).unzip()
}

/// The largest error of a case in f64, with its argument, and likewise in f32.
fn largest_errors(case: &Case, count: usize) -> [(f64, [f64; 2]); 2] {
    let (x, y) = arguments(case, count);
    let mut reference = Reference::new();
    let mut worst = [(0.0, [0.0; 2]); 2];
    let mut note = |slot: usize, error: f64, at: [f64; 2]| {
        if error.is_nan() || error > worst[slot].0 {
            worst[slot] = (error, at);
        }
    };
    let mut values = x.clone();
    (case.f64)(level(), &mut values, &y);
    for ((x, y), value) in x.iter().zip(&y).zip(values) {
        note(0, F64.ulps(value, &(case.exact)(&mut reference, &[*x, *y])), [*x, *y]);
    }
    let narrow = |x: &[f64]| x.iter().map(|x| *x as f32).collect::<Vec<_>>();
    let (x, y) = (narrow(&x), narrow(&y));
    let mut values = x.clone();
    (case.f32)(level(), &mut values, &y);
    for ((x, y), value) in x.iter().zip(&y).zip(values).step_by(2) {
        let at = [f64::from(*x), f64::from(*y)];
        let defined = |x: f64| x != 0.0 && x.is_finite();
        if defined(at[0]) && (case.draws[0][1].from(&mut Random(1)) == 0.0 || defined(at[1])) {
            note(1, F32.ulps(f64::from(value), &(case.exact)(&mut reference, &at)), at);
        }
    }
    worst
}

/// `MATH_SAMPLES` sets the number of arguments; 20 000 in a release build give the table.
#[test]
fn errors_are_within_their_bounds() {
    let samples = std::env::var("MATH_SAMPLES").ok().and_then(|n| n.parse().ok());
    let mut failures = Vec::new();
    for case in CASES {
        let [double, single] = largest_errors(case, samples.unwrap_or(100));
        if samples.is_some() {
            println!("{:8} f64 {:.3} at {:e} {:e}; f32 {:.4}", case.name, double.0, double.1[0], double.1[1], single.0);
        }
        if double.0.is_nan() || double.0 > case.bound {
            failures.push(format!("{}: {} ulp at {:?}", case.name, double.0, double.1));
        }
        if single.0.is_nan() || single.0 > 0.501 {
            failures.push(format!("{} of f32: {} ulp at {:?}", case.name, single.0, single.1));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Ordinary arguments, rare ones, and anything bits can be.
fn anything(case: &Case) -> (Vec<f64>, Vec<f64>) {
    let (mut x, mut y) = arguments(case, 100);
    let mut random = Random(7);
    let special = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1.0, -1.0, 5e-324, f64::MAX, f64::MIN];
    for a in special {
        for b in special {
            x.push(a);
            y.push(b);
        }
    }
    for _ in 0..500 {
        x.push(f64::from_bits(random.next()));
        y.push(f64::from_bits(random.next()));
    }
    (x, y)
}

#[test]
fn every_level_has_the_same_bits() {
    for case in CASES {
        let (x, y) = anything(case);
        let mut expected = x.clone();
        (case.f64)(Level::Baseline, &mut expected, &y);
        for level in levels() {
            let mut values = x.clone();
            (case.f64)(level, &mut values, &y);
            let differs = (0..x.len()).find(|&i| !same(values[i], expected[i]));
            let show = |i: usize| format!("{level}: {}({:e}, {:e})", case.name, x[i], y[i]);
            assert_eq!(differs.map(show), None);
        }
    }
}

#[test]
fn values_do_not_depend_on_the_place_in_a_block() {
    for case in CASES {
        let (x, y) = anything(case);
        let mut whole = x.clone();
        (case.f64)(level(), &mut whole, &y);
        for length in [0, 1, 3, 8, 129] {
            let mut parts = x.clone();
            for (part, other) in parts.chunks_mut(length.max(1)).zip(y.chunks(length.max(1))) {
                let empty = length == 0;
                (case.f64)(level(), if empty { &mut [] } else { part }, if empty { &[] } else { other });
            }
            let expected = if length == 0 { &x } else { &whole };
            assert!((0..x.len()).all(|i| same(parts[i], expected[i])), "{} by {length}", case.name);
        }
    }
}

#[test]
fn single_precision_is_the_rounded_double() {
    for case in CASES {
        let (x, y) = anything(case);
        let narrow = |x: &[f64]| x.iter().map(|x| *x as f32).collect::<Vec<_>>();
        let (x, y) = (narrow(&x), narrow(&y));
        let widen = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
        let (mut double, other) = (widen(&x), widen(&y));
        (case.f64)(level(), &mut double, &other);
        for at in levels() {
            let mut single = x.clone();
            (case.f32)(at, &mut single, &y);
            assert!((0..x.len()).all(|i| same(f64::from(single[i]), f64::from(double[i] as f32))), "{}", case.name);
        }
    }
}
