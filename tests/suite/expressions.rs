//! Operators and promotion, against plain Rust and what NumPy prints.

use crate::layouts::distributions;
use crate::{Case, cases};
use ndarray::{Array1, Ix1};
use num_complex::Complex;
use pmi_toolkit::array::{Cast, Element, Promote, array_equal};
use pmi_toolkit::prelude::*;
use std::fmt::Debug;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        integers_wrap_around
        floating_point_arithmetic
        remainders_as_in_numpy
        complex_arithmetic
        bits_and_logic
        integers_and_fractions
        operands_of_every_form
        every_pair_of_types_is_promoted
    ]
}

/// An array of these numbers, every layout having a turn.
pub(crate) fn dealt<T: Element>(numbers: Vec<T>, turn: usize) -> DistArray<T, Ix1> {
    let kinds = distributions(1);
    DistArray::from_array(&Array1::from(numbers)).redistribute(kinds[turn % kinds.len()].clone())
}

/// Compares as printed, so that NaNs are the same and zeros of different sign are not.
#[track_caller]
pub(crate) fn same<T: Debug>(found: &[T], expected: &[T], what: &str) {
    let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
    assert_eq!(found, expected, "{what}");
}

/// All pairs of these numbers.
fn pairs<T: Copy>(numbers: &[T]) -> (Vec<T>, Vec<T>) {
    numbers.iter().flat_map(|x| numbers.iter().map(|y| (*x, *y))).unzip()
}

/// Compares an expression of `a` and `b` with a function of the numbers in them.
macro_rules! check_pairs {
    ($x:ident, $y:ident: $($expression:expr => $f:expr;)*) => {$(
        let expected: Vec<_> = $x.iter().zip(&$y).map(|(x, y)| ($f)(*x, *y)).collect();
        same(&$expression.to_vec().unwrap(), &expected, stringify!($expression));
    )*};
}

fn integers_wrap_around() {
    macro_rules! check {
        ($($type:ident)*) => {$(
            let numbers = [$type::MIN, $type::MIN + 1, 0, 1, 2, 3, 7, 100, $type::MAX / 2, $type::MAX - 1, $type::MAX];
            let (x, y) = pairs(&numbers);
            let (a, b) = (dealt(x.clone(), 1), dealt(y.clone(), 2));
            check_pairs! { x, y:
                (&a + &b) ^ (&a * &b) ^ -(&a - &b) ^ !(&a | &b) ^ (&a & 85) => |x: $type, y: $type| {
                    x.wrapping_add(y) ^ x.wrapping_mul(y) ^ x.wrapping_sub(y).wrapping_neg() ^ !(x | y) ^ (x & 85)
                };
                &a / &b => |x: $type, y: $type| x as f64 / y as f64;
            }
        )*};
    }
    check! { u8 u16 u32 u64 i8 i16 i32 i64 }
}

fn floating_point_arithmetic() {
    macro_rules! check {
        ($($type:ident)*) => {$(
            let numbers = [0.0, -0.0, 1.0, -1.5, 0.1, $type::MAX, $type::MIN_POSITIVE, $type::INFINITY, $type::NEG_INFINITY, $type::NAN];
            let (x, y) = pairs(&numbers);
            let (a, b) = (dealt(x.clone(), 0), dealt(y.clone(), 1));
            check_pairs! { x, y:
                &a + &b => |x: $type, y: $type| x + y;
                &a - &b => |x: $type, y: $type| x - y;
                &a * &b => |x: $type, y: $type| x * y;
                &a / &b => |x: $type, y: $type| x / y;
                -&a => |x: $type, _| -x;
            }
        )*};
    }
    check! { f32 f64 }
}

fn remainders_as_in_numpy() {
    macro_rules! integers {
        ($($type:ident)*) => {$(
            let numbers: Vec<$type> = [$type::MIN, $type::MIN + 1, $type::MAX, 0, 1, 2, 3, 7, 100]
                .into_iter()
                .flat_map(|x| [x, x.wrapping_neg()])
                .collect();
            let (x, y) = pairs(&numbers);
            let (a, b) = (dealt(x.clone(), 1), dealt(y.clone(), 0));
            // The quotient rounded down, in wider numbers; 0 by 0.
            let quotient = |x: $type, y: $type| {
                let (x, y) = (i128::from(x), i128::from(y));
                if y == 0 { 0 } else { x.div_euclid(y) - i128::from(y < 0 && x.rem_euclid(y) != 0) }
            };
            check_pairs! { x, y:
                a.floor_divide(&b) => |x, y| quotient(x, y) as $type;
                &a % &b => |x, y| if y == 0 { 0 } else { (i128::from(x) - quotient(x, y) * i128::from(y)) as $type };
            }
        )*};
    }
    integers! { u8 u16 u32 u64 i8 i16 i32 i64 }
    // As printed by NumPy: x, y, x % y, x // y.
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let known = [
        (7.5, 2.0, 1.5, 3.0),
        (-7.5, 2.0, 0.5, -4.0),
        (7.5, -2.0, -0.5, -4.0),
        (-7.5, -2.0, -1.5, 3.0),
        (6.0, 3.0, 0.0, 2.0),
        (-6.0, 3.0, 0.0, -2.0),
        (6.0, -3.0, -0.0, -2.0),
        (0.0, -3.0, -0.0, -0.0),
        (-0.0, 3.0, 0.0, -0.0),
        (1.0, 0.1, 0.09999999999999995, 9.0),
        (1.0, inf, 1.0, 0.0),
        (-1.0, inf, inf, -1.0),
        (1.0, -inf, -inf, -1.0),
        (-1.0, -inf, -1.0, 0.0),
        (1.0, 0.0, nan, inf),
        (-1.0, 0.0, nan, -inf),
        (0.0, 0.0, nan, nan),
        (inf, 2.0, nan, nan),
        (2.0, nan, nan, nan),
        // Quotients between 2^52 and 2^53, where half of 1 is lost.
        (4503599627370497.0, 1.0, 0.0, 4503599627370497.0),
        (-9007199254740991.0, 1.0, 0.0, -9007199254740991.0),
        (1e300, 1.0, 0.0, 1e300),
    ];
    let column = |f: fn(&(f64, f64, f64, f64)) -> f64| known.iter().map(f).collect::<Vec<_>>();
    let (a, b) = (dealt(column(|row| row.0), 1), dealt(column(|row| row.1), 2));
    same(&(&a % &b).to_vec().unwrap(), &column(|row| row.2), "remainders");
    same(&a.floor_divide(&b).to_vec().unwrap(), &column(|row| row.3), "quotients");
    let (x, y) = pairs(&[-7.5f32, -2.0, -0.5, 0.5, 2.0, 3.25, 1024.0]);
    let (a, b) = (dealt(x.clone(), 0), dealt(y.clone(), 2));
    check_pairs! { x, y:
        a.floor_divide(&b) => |x: f32, y: f32| (x / y).floor();
        &a % &b => |x: f32, y: f32| if x % y == 0.0 { 0f32.copysign(y) } else { x - (x / y).floor() * y };
    }
}

fn complex_arithmetic() {
    macro_rules! check {
        ($($type:ident)*) => {$(
            let parts = [0.0, 1.0, -2.5, 0.125, 300.0];
            let numbers: Vec<_> = pairs(&parts).0.into_iter().zip(pairs(&parts).1).map(|(re, im)| Complex::<$type>::new(re, im)).collect();
            let (x, y) = pairs(&numbers);
            let (a, b) = (dealt(x.clone(), 2), dealt(y.clone(), 0));
            check_pairs! { x, y:
                &a + &b => |x: Complex<$type>, y: Complex<$type>| x + y;
                &a - &b => |x: Complex<$type>, y: Complex<$type>| x - y;
                &a * &b => |x: Complex<$type>, y: Complex<$type>| x * y;
                -&a => |x: Complex<$type>, _| -x;
            }
            let quotients = (&a / &b).to_vec().unwrap();
            for ((x, y), found) in x.iter().zip(&y).zip(quotients).filter(|((_, y), _)| **y != Complex::new(0.0, 0.0)) {
                assert!((found * y - x).norm() <= 8.0 * $type::EPSILON * x.norm(), "{x} / {y} = {found}");
            }
        )*};
    }
    check! { f32 f64 }
    // Where the divisor's square is beyond the range, and where it is 0.
    let by = Complex::new;
    let y = [by(1e200, 1e200), by(-1e-200, 0.0), by(0.0, 1e-310), by(0.0, 0.0)];
    let (x, y) =
        (dealt(vec![by(1e200, 0.0), by(0.0, 1e-200), by(1e-310, 0.0), by(1.0, -1.0)], 1), dealt(y.to_vec(), 2));
    let expected = [by(0.5, -0.5), by(0.0, -1.0), by(0.0, -1.0), by(f64::INFINITY, f64::NEG_INFINITY)];
    assert_eq!((x / y).to_vec().unwrap(), expected);
}

fn bits_and_logic() {
    let (x, y) = pairs(&[false, true]);
    let (a, b) = (dealt(x.clone(), 1), dealt(y.clone(), 2));
    check_pairs! { x, y:
        &a & &b => |x, y| x & y;
        &a | &b => |x, y| x | y;
        &a ^ &b => |x, y| x ^ y;
        !&a => |x: bool, _| !x;
        a.logical_and(&b) => |x, y| x && y;
        a.equal(&b) => |x, y| x == y;
        a.less(&b) => |x: bool, y: bool| !x & y;
    }
    let (x, y) = pairs(&[-1.5, -0.0, 0.0, 2.0, f64::INFINITY, f64::NAN]);
    let (a, b) = (dealt(x.clone(), 1), dealt(y.clone(), 2));
    check_pairs! { x, y:
        a.equal(&b) => |x, y| x == y;
        a.not_equal(&b) => |x, y| x != y;
        a.less(&b) => |x, y| x < y;
        a.less_equal(&b) => |x, y| x <= y;
        a.greater(&b) => |x, y| x > y;
        a.greater_equal(&b) => |x, y| x >= y;
        a.logical_and(&b) => |x, y| x != 0.0 && y != 0.0;
        a.logical_or(&b) => |x, y| x != 0.0 || y != 0.0;
        a.logical_xor(&b) => |x, y| (x != 0.0) != (y != 0.0);
        // A number of another type.
        a.greater(0u8) => |x, _| x > 0.0;
    }
    let z = dealt(vec![Complex::new(0.0, 1.0), Complex::new(0.0, 0.0)], 0);
    assert_eq!(z.equal(Complex::new(0.0, 1.0)).to_vec().unwrap(), [true, false]);
    assert_eq!(z.logical_or(false).to_vec().unwrap(), [true, false]);
}

fn integers_and_fractions() {
    let (a, small) = (dealt(vec![-3i64, 0, 5], 0), dealt(vec![1u8, 2, 255], 1));
    let doubled: Vec<i64> = (&a * 2).to_vec().unwrap();
    assert_eq!(doubled, [-6, 0, 10]);
    assert_eq!((&a * 0.5).to_vec().unwrap(), [-1.5, 0.0, 2.5]);
    assert_eq!((0.5 - &a).to_vec().unwrap(), [3.5, 0.5, -4.5]);
    assert_eq!((1.0 / &small).to_vec().unwrap(), [1.0, 0.5, 1.0 / 255.0]);
    assert_eq!(((&a + 1).eval() % 2.5).to_vec().unwrap(), [0.5, 1.0, 1.0]);
    assert_eq!(((small + 1).eval() * 0.5).to_vec().unwrap(), [1.0, 1.5, 0.0], "1 is a u8, the sum wraps around");
    // A literal whose type nothing says leaves that of an expression open, and still is a number.
    let one = DistArray::linspace(0.0, 1.0, 3).sin() * 0.0 + 1.0;
    assert_eq!((one - 1.0).abs().max(), 0.0);
}

fn operands_of_every_form() {
    macro_rules! check {
        ($($op:tt: $x:expr, $y:expr, $f:expr, |$e:ident| $twice:expr;)*) => {$(
            let (x, y) = (vec![$x; 5], $y);
            let (a, b) = (dealt(x.clone(), 1), dealt(vec![y; 5], 2));
            let twice = |$e: &DistArray<_, _>| $twice;
            let (p, q) = (twice(&a), twice(&b));
            let expected: Vec<_> = x.iter().map(|x| $f(*x, y)).collect();
            for found in [(&a $op &b).to_vec(), (&a $op y).to_vec(), ($x $op &b).to_vec(), (&p $op &q).to_vec()] {
                same(&found.unwrap(), &expected, stringify!($op));
            }
            let shapes = [
                shape(&a $op b.clone()), shape(a.clone() $op &b), shape(a.clone() $op b.clone()),
                shape(&a $op &q), shape(&a $op q.clone()), shape(a.clone() $op &q), shape(a.clone() $op q.clone()),
                shape(&p $op &b), shape(&p $op b.clone()), shape(p.clone() $op &b), shape(p.clone() $op b.clone()),
                shape(&p $op q.clone()), shape(p.clone() $op &q), shape(p.clone() $op q.clone()),
                shape(a.clone() $op y), shape(&p $op y), shape(p.clone() $op y),
                shape($x $op b.clone()), shape($x $op &q), shape($x $op q.clone()),
            ];
            assert!(shapes.iter().all(|shape| shape.ends_with("(shape [5])")), "{shapes:?}");
        )*};
    }
    /// As an expression is printed.
    fn shape(expression: impl Debug) -> String {
        format!("{expression:?}")
    }
    // Not commutative, all of them, or with operands that tell sides apart.
    check! {
        +: 3u8, 254u8, u8::wrapping_add, |a| -(-a);
        -: 3i16, 5i16, |x: i16, y: i16| x - y, |a| -(-a);
        *: 3.5f32, -2.0f32, |x: f32, y: f32| x * y, |a| -(-a);
        /: 3i64, 4i64, |x: i64, y: i64| x as f64 / y as f64, |a| -(-a);
        %: -7.5f64, 2.0f64, |x: f64, y: f64| x.rem_euclid(y), |a| -(-a);
        &: 0b1100u32, 0b1010u32, |x: u32, y: u32| x & y, |a| !(!a);
        |: true, false, |x: bool, y: bool| x | y, |a| !(!a);
        ^: -4i8, 9i8, |x: i8, y: i8| x ^ y, |a| !(!a);
        -: Complex::new(1.0f64, 2.0), Complex::new(0.5, 3.0), |x: Complex<f64>, y: Complex<f64>| x - y, |a| -(-a);
        /: Complex::new(1.0f32, 2.0), Complex::new(0.0, 1.0), |x: Complex<f32>, y: Complex<f32>| x / y, |a| -(-a);
    }
    let a = dealt(vec![1.0f64, 2.0], 0);
    // Expressions are used more than once.
    let e = &a * 2.0;
    assert_eq!((&e + &e - &a).to_vec().unwrap(), [3.0, 6.0]);
    assert_eq!((1.0 - 2.0 / (&e + 2.0) * &a).to_vec().unwrap(), [0.5, 1.0 - 2.0 / 3.0]);
}

type C32 = Complex<f32>;
type C64 = Complex<f64>;

/// The types are checked as this compiles, the numbers by a choice between arrays of two types.
fn every_pair_of_types_is_promoted() {
    fn of<T: Element>(_: impl Expression<Elem = T>) {}
    let condition = dealt(vec![true, false, false, true], 2);
    macro_rules! check {
        ($($left:ident: $($both:ident)*;)*) => {$(
            check! { @row $left, $($both)*, bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 C32 C64 }
            // With numbers that all types have, 0 and 1.
            let (a, b) = (DistArray::<$left, _>::ones(4), DistArray::<i16, _>::zeros(4.distributed([Axis::Cyclic])));
            assert!(array_equal(condition.where_(&a, &b), &condition) && array_equal(condition.where_(&b, &a), !&condition));
        )*};
        (@row $left:ident, $($both:ident)*, $($right:ident)*) => {$(
            of::<$both>(condition.where_(DistArray::<$left, _>::ones(4), DistArray::<$right, _>::ones(4)));
            let one: $both = Promote::<$right>::left(true.cast::<$left>());
            let zero: $both = <$left as Promote<$right>>::right(false.cast());
            assert_eq!((one, zero), (true.cast(), false.cast()));
        )*};
    }
    check! {
        //    bool i8  i16 i32 i64 u8  u16 u32 u64 f32 f64 c32 c64
        bool: bool i8  i16 i32 i64 u8  u16 u32 u64 f32 f64 C32 C64;
        i8:   i8   i8  i16 i32 i64 i16 i32 i64 f64 f32 f64 C32 C64;
        i16:  i16  i16 i16 i32 i64 i16 i32 i64 f64 f32 f64 C32 C64;
        i32:  i32  i32 i32 i32 i64 i32 i32 i64 f64 f64 f64 C64 C64;
        i64:  i64  i64 i64 i64 i64 i64 i64 i64 f64 f64 f64 C64 C64;
        u8:   u8   i16 i16 i32 i64 u8  u16 u32 u64 f32 f64 C32 C64;
        u16:  u16  i32 i32 i32 i64 u16 u16 u32 u64 f32 f64 C32 C64;
        u32:  u32  i64 i64 i64 i64 u32 u32 u32 u64 f64 f64 C64 C64;
        u64:  u64  f64 f64 f64 f64 u64 u64 u64 u64 f64 f64 C64 C64;
        f32:  f32  f32 f32 f64 f64 f32 f32 f64 f64 f32 f64 C32 C64;
        f64:  f64  f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 C64 C64;
        C32:  C32  C32 C32 C64 C64 C32 C32 C64 C64 C32 C64 C32 C64;
        C64:  C64  C64 C64 C64 C64 C64 C64 C64 C64 C64 C64 C64 C64;
    }
    // Numbers that only one of the types has.
    let (bytes, signed) = (dealt(vec![255u8, 1], 1), dealt(vec![-128i8, 1], 0));
    let sum: Vec<i16> = (&bytes + &signed).to_vec().unwrap();
    assert_eq!(sum, [127, 2]);
    let product: Vec<f64> = (dealt(vec![u64::MAX], 0) * dealt(vec![-1i64], 0)).to_vec().unwrap();
    assert_eq!(product, [-18446744073709551616.0]);
    let sum: Vec<f64> = (dealt(vec![16_777_217i32], 0) + dealt(vec![0.5f32], 0)).to_vec().unwrap();
    assert_eq!(sum, [16_777_217.5]);
    let product: Vec<C64> = (dealt(vec![C32::new(0.0, 2.0)], 0) * dealt(vec![0.1f64], 0)).to_vec().unwrap();
    assert_eq!(product, [C64::new(0.0, 0.2)]);
    let quotient: Vec<f64> = (dealt(vec![true], 0) + dealt(vec![1u16], 0) / dealt(vec![4u8], 0)).to_vec().unwrap();
    assert_eq!(quotient, [1.25]);
}
