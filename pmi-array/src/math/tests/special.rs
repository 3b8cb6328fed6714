//! The special values of C's Annex F, which are NumPy's.

use super::super::*;
use super::same;
use crate::simd::tests::levels;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[track_caller]
fn check<F: Unary<f64> + Unary<f32>>(pairs: &[(f64, f64)]) {
    for level in levels() {
        for &(x, expected) in pairs {
            let mut block = [x];
            <F as Unary<f64>>::apply_at(level, &mut block);
            assert!(same(block[0], expected), "{level}: {}({x:e}) = {:e}", <F as Unary<f64>>::NAME, block[0]);
            if f64::from(x as f32) == x || x.is_nan() {
                let mut block = [x as f32];
                <F as Unary<f32>>::apply_at(level, &mut block);
                let expected = f64::from(expected as f32);
                assert!(same(block[0].into(), expected), "{level}: {}({x:e}f32)", <F as Unary<f32>>::NAME);
            }
        }
    }
}

#[test]
fn exponentials() {
    check::<Exp>(&[
        (0.0, 1.0),
        (-0.0, 1.0),
        (INF, INF),
        (-INF, 0.0),
        (NAN, NAN),
        (709.79, INF),
        (1e300, INF),
        (-746.0, 0.0),
    ]);
    check::<Exp2>(&[
        (0.0, 1.0),
        (-0.0, 1.0),
        (INF, INF),
        (-INF, 0.0),
        (NAN, NAN),
        (1024.0, INF),
        (1e300, INF),
        (-1e300, 0.0),
    ]);
    check::<Exp2>(&[(10.0, 1024.0), (-3.0, 0.125), (1023.0, 2.0_f64.powi(1023)), (-1074.0, 5e-324), (-1076.0, 0.0)]);
    check::<Expm1>(&[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (-60.0, -1.0), (709.79, INF)]);
    check::<Expm1>(&[(5e-324, 5e-324), (-5e-324, -5e-324), (1e-300, 1e-300)]);
}

#[test]
fn logarithms() {
    let common =
        [(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (INF, INF), (-INF, NAN), (-1.0, NAN), (-5e-324, NAN), (NAN, NAN)];
    check::<Log>(&common);
    check::<Log2>(&common);
    check::<Log10>(&common);
    check::<Log2>(&[(1024.0, 10.0), (0.125, -3.0), (5e-324, -1074.0), (2.0_f64.powi(1023), 1023.0)]);
    check::<Log10>(&[(10.0, 1.0), (1000.0, 3.0), (1e22, 22.0)]);
    check::<Log1p>(&[(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (INF, INF), (-2.0, NAN), (-INF, NAN), (NAN, NAN)]);
    check::<Log1p>(&[(5e-324, 5e-324), (-5e-324, -5e-324), (f64::MAX, f64::MAX.ln())]);
}

#[test]
fn trigonometric() {
    let common = [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN), (5e-324, 5e-324), (-5e-324, -5e-324)];
    check::<Sin>(&common);
    check::<Tan>(&common);
    check::<Cos>(&[(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN), (5e-324, 1.0)]);
    // Known hard: 10^22, and 6381956970095103 * 2^797, the number nearest to a multiple of pi/2.
    let hard = 6381956970095103.0 * 2.0_f64.powi(797);
    check::<Sin>(&[(1e22, -0.8522008497671888), (PI, 1.2246467991473532e-16), (hard, 1.0), (-hard, -1.0)]);
    check::<Cos>(&[(1e22, 0.523214785395139), (hard, -4.687165924254628e-19), (-hard, -4.687165924254628e-19)]);
    check::<Asin>(&[
        (0.0, 0.0),
        (-0.0, -0.0),
        (1.0, FRAC_PI_2),
        (-1.0, -FRAC_PI_2),
        (1.5, NAN),
        (-INF, NAN),
        (NAN, NAN),
    ]);
    check::<Asin>(&[(5e-324, 5e-324), (-5e-324, -5e-324)]);
    check::<Acos>(&[(1.0, 0.0), (-1.0, PI), (0.0, FRAC_PI_2), (-0.0, FRAC_PI_2), (1.5, NAN), (-INF, NAN), (NAN, NAN)]);
    check::<Atan>(&[(0.0, 0.0), (-0.0, -0.0), (INF, FRAC_PI_2), (-INF, -FRAC_PI_2), (1.0, FRAC_PI_4), (NAN, NAN)]);
    check::<Atan>(&[(5e-324, 5e-324), (-5e-324, -5e-324), (f64::MAX, FRAC_PI_2)]);
}

#[test]
fn hyperbolic() {
    let odd = [(0.0, 0.0), (-0.0, -0.0), (NAN, NAN), (5e-324, 5e-324), (-5e-324, -5e-324), (1e-300, 1e-300)];
    check::<Sinh>(&odd);
    check::<Tanh>(&odd);
    check::<Asinh>(&odd);
    check::<Atanh>(&odd);
    check::<Sinh>(&[(INF, INF), (-INF, -INF), (711.0, INF), (-711.0, -INF)]);
    check::<Cosh>(&[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, INF), (NAN, NAN), (711.0, INF), (-1e300, INF)]);
    check::<Tanh>(&[(INF, 1.0), (-INF, -1.0), (30.0, 1.0), (-1e300, -1.0)]);
    check::<Asinh>(&[(INF, INF), (-INF, -INF)]);
    check::<Acosh>(&[(1.0, 0.0), (INF, INF), (0.5, NAN), (-1.0, NAN), (-INF, NAN), (NAN, NAN)]);
    check::<Atanh>(&[(1.0, INF), (-1.0, -INF), (1.5, NAN), (-INF, NAN), (INF, NAN)]);
}

#[test]
fn roots() {
    check::<Sqrt>(&[(0.0, 0.0), (-0.0, -0.0), (4.0, 2.0), (-1.0, NAN), (INF, INF), (-INF, NAN), (NAN, NAN)]);
    check::<Cbrt>(&[(0.0, 0.0), (-0.0, -0.0), (27.0, 3.0), (-8.0, -2.0), (INF, INF), (-INF, -INF), (NAN, NAN)]);
    check::<Cbrt>(&[(1e-300, 1e-100), (1e300, 1e100), (-1000.0, -10.0)]);
}

/// The value at `(x, y)` at every level, f64, and f32 where the arguments allow.
#[track_caller]
fn check2<F: Binary<f64> + Binary<f32>>(x: f64, y: f64, expected: f64) {
    for level in levels() {
        let mut block = [x];
        <F as Binary<f64>>::apply_at(level, &mut block, &[y]);
        assert!(same(block[0], expected), "{level}: {}({x:e}, {y:e}) = {:e}", <F as Binary<f64>>::NAME, block[0]);
        let exact = |x: f64| f64::from(x as f32) == x || x.is_nan();
        if exact(x) && exact(y) {
            let mut block = [x as f32];
            <F as Binary<f32>>::apply_at(level, &mut block, &[y as f32]);
            assert!(
                same(block[0].into(), f64::from(expected as f32)),
                "{level}: {}({x:e}f32, {y:e}f32)",
                <F as Binary<f32>>::NAME
            );
        }
    }
}

#[test]
fn powers() {
    let all = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 2.5, 1e300, 5e-324, INF, -INF, NAN];
    // x^0 and 1^y are 1 even with NaN; (-1)^(+-inf) is 1.
    for v in all {
        check2::<Pow>(v, 0.0, 1.0);
        check2::<Pow>(v, -0.0, 1.0);
        check2::<Pow>(1.0, v, 1.0);
        check2::<Pow>(NAN, v, if v == 0.0 { 1.0 } else { NAN });
        check2::<Pow>(v, NAN, if v == 1.0 { 1.0 } else { NAN });
        // Greater and smaller than 1 to infinite powers.
        if !v.is_nan() && v.abs() != 1.0 {
            check2::<Pow>(v, INF, if v.abs() > 1.0 { INF } else { 0.0 });
            check2::<Pow>(v, -INF, if v.abs() > 1.0 { 0.0 } else { INF });
        }
    }
    check2::<Pow>(-1.0, INF, 1.0);
    check2::<Pow>(-1.0, -INF, 1.0);
    // Zeros and infinities: the sign is kept by odd powers only. 2^53 - 1 is odd, 2^53 + 2 is not.
    for odd in [1.0, 3.0, 9007199254740991.0] {
        for sign in [1.0, -1.0] {
            check2::<Pow>(0.0 * sign, odd, 0.0 * sign);
            check2::<Pow>(0.0 * sign, -odd, INF * sign);
            check2::<Pow>(INF * sign, odd, INF * sign);
            check2::<Pow>(INF * sign, -odd, 0.0 * sign);
        }
        check2::<Pow>(-1.0, odd, -1.0);
    }
    for other in [2.0, 0.5, 2.5, 9007199254740994.0, 1e300] {
        for sign in [1.0, -1.0] {
            check2::<Pow>(0.0 * sign, other, 0.0);
            check2::<Pow>(0.0 * sign, -other, INF);
            check2::<Pow>(INF * sign, other, INF);
            check2::<Pow>(INF * sign, -other, 0.0);
        }
        let integer = other.floor() == other;
        check2::<Pow>(-1.0, other, if integer { 1.0 } else { NAN });
        check2::<Pow>(-2.0, 0.5, NAN);
    }
    // Exact values, overflow, underflow, and sizes where only the sign of the power matters.
    for (x, y, power) in [
        (2.0, 10.0, 1024.0),
        (-2.0, 3.0, -8.0),
        (-3.0, 2.0, 9.0),
        (-2.0, -3.0, -0.125),
        (2.0, -1074.0, 5e-324),
        (-2.0, -1074.0, 5e-324),
        (-2.0, -1073.0, -1e-323),
        (2.0, 1024.0, INF),
        (-2.0, 1025.0, -INF),
        (2.0, -1076.0, 0.0),
        (-2.0, -1077.0, -0.0),
        (5e-324, 1.0, 5e-324),
        (9.0, 0.5, 3.0),
        (1.5, f64::MAX, INF),
        (1.5, f64::MIN, 0.0),
        (1.0 - f64::EPSILON, f64::MAX, 0.0),
        (1.0 - f64::EPSILON, f64::MIN, INF),
        (-1.0, f64::MAX, 1.0),
    ] {
        check2::<Pow>(x, y, power);
    }
}

#[test]
fn arctan2() {
    for zero in [0.0, -0.0] {
        let pi = PI.copysign(zero);
        for positive in [0.0, 5e-324, 1.0, f64::MAX, INF] {
            check2::<Atan2>(zero, positive, zero);
            check2::<Atan2>(zero, -positive, pi);
        }
        let tiny = 1.0_f64.copysign(zero);
        check2::<Atan2>(tiny, INF, zero);
        check2::<Atan2>(tiny, -INF, pi);
        check2::<Atan2>(INF.copysign(zero), INF, FRAC_PI_4.copysign(zero));
        check2::<Atan2>(INF.copysign(zero), -INF, (3.0 * FRAC_PI_4).copysign(zero));
        for other in [0.0, -0.0, 1.0, -1.0, f64::MAX, -5e-324] {
            check2::<Atan2>(INF.copysign(zero), other, FRAC_PI_2.copysign(zero));
        }
        for nonzero in [5e-324, 1.0, f64::MAX] {
            check2::<Atan2>(nonzero.copysign(zero), 0.0, FRAC_PI_2.copysign(zero));
            check2::<Atan2>(nonzero.copysign(zero), -0.0, FRAC_PI_2.copysign(zero));
        }
    }
    for v in [0.0, 1.0, -INF, NAN] {
        check2::<Atan2>(NAN, v, NAN);
        check2::<Atan2>(v, NAN, NAN);
    }
    check2::<Atan2>(1.0, 1.0, FRAC_PI_4);
    check2::<Atan2>(-1.0, -1.0, -3.0 * FRAC_PI_4);
    check2::<Atan2>(f64::MAX, -f64::MAX, 3.0 * FRAC_PI_4);
    check2::<Atan2>(5e-324, 5e-324, FRAC_PI_4);
    check2::<Atan2>(5e-324, 2.0, 0.0);
    check2::<Atan2>(3e-320, 3.0, 1e-320);
}

#[test]
fn hypotenuses() {
    for (x, y, h) in [
        (3.0, 4.0, 5.0),
        (-3.0, 4.0, 5.0),
        (3e200, -4e200, 5e200),
        (3e-200, 4e-200, 5e-200),
        (0.0, 0.0, 0.0),
        (-0.0, -0.0, 0.0),
        (0.0, -7.0, 7.0),
        (5e-324, 0.0, 5e-324),
        (f64::MAX, 0.0, f64::MAX),
        (f64::MAX, f64::MAX, INF),
        (INF, NAN, INF),
        (NAN, -INF, INF),
        (NAN, 1.0, NAN),
        (1.0, NAN, NAN),
        (INF, -INF, INF),
    ] {
        check2::<Hypot>(x, y, h);
    }
}

#[test]
#[should_panic(expected = "different lengths")]
fn blocks_of_two_arguments_are_of_one_length() {
    <Hypot as Binary<f64>>::apply(&mut [1.0, 2.0], &[1.0]);
}
