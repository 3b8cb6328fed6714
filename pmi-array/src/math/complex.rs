//! Functions of complex numbers: principal values, one element after the other, the level making no difference.
//!
//! Most are num-complex's, which are built of the platform's real functions; errors are a few ulp of the result's
//! absolute value, not of each part. `Complex<f32>` is computed as `Complex<f64>`. Square roots follow W. Kahan, "Branch
//! Cuts for Complex Elementary Functions" (1987); whole powers up to 100 are products, as NumPy's.

use super::{Binary, Cos, Cosh, Exp, Formula, Formula2, Log, Pow, Sin, Sinh, Sqrt, Tan, Tanh, Unary};
use crate::simd::Level;
use num_complex::Complex;

macro_rules! unary {
    ($($name:ident: $value:expr;)*) => {$(
        impl Unary<Complex<f64>> for $name {
            const NAME: &'static str = <$name as Formula>::NAME;

            fn apply_at(_: Level, block: &mut [Complex<f64>]) {
                block.iter_mut().for_each(|z| *z = $value(*z));
            }
        }

        impl Unary<Complex<f32>> for $name {
            const NAME: &'static str = <$name as Formula>::NAME;

            fn apply_at(_: Level, block: &mut [Complex<f32>]) {
                block.iter_mut().for_each(|z| *z = narrow($value(widen(*z))));
            }
        }
    )*};
}

unary! {
    Exp: Complex::exp;
    Log: Complex::ln;
    Sin: Complex::sin;
    Cos: Complex::cos;
    Tan: |z: Complex<f64>| by_minus_i(tanh(by_i(z)));
    Sinh: Complex::sinh;
    Cosh: Complex::cosh;
    Tanh: tanh;
    Sqrt: sqrt;
}

impl Binary<Complex<f64>> for Pow {
    const NAME: &'static str = <Pow as Formula2>::NAME;

    fn apply_at(_: Level, x: &mut [Complex<f64>], y: &[Complex<f64>]) {
        assert_eq!(x.len(), y.len(), "blocks of power of different lengths");
        x.iter_mut().zip(y).for_each(|(x, y)| *x = pow(*x, *y));
    }
}

impl Binary<Complex<f32>> for Pow {
    const NAME: &'static str = <Pow as Formula2>::NAME;

    fn apply_at(_: Level, x: &mut [Complex<f32>], y: &[Complex<f32>]) {
        assert_eq!(x.len(), y.len(), "blocks of power of different lengths");
        x.iter_mut().zip(y).for_each(|(x, y)| *x = narrow(pow(widen(*x), widen(*y))));
    }
}

fn widen(z: Complex<f32>) -> Complex<f64> {
    Complex::new(z.re.into(), z.im.into())
}

fn narrow(z: Complex<f64>) -> Complex<f32> {
    Complex::new(z.re as f32, z.im as f32)
}

/// `i z`, without a product that would make NaN of infinities.
fn by_i(z: Complex<f64>) -> Complex<f64> {
    Complex::new(-z.im, z.re)
}

/// `-i z`.
fn by_minus_i(z: Complex<f64>) -> Complex<f64> {
    Complex::new(z.im, -z.re)
}

fn sqrt(z: Complex<f64>) -> Complex<f64> {
    let Complex { re, im } = z;
    if im.is_infinite() {
        return Complex::new(f64::INFINITY, im);
    }
    if re == 0.0 && im == 0.0 {
        return Complex::new(0.0, im);
    }
    if re.is_infinite() {
        let other = if im.is_nan() { f64::NAN } else { 0.0 };
        return if re > 0.0 { Complex::new(re, other.copysign(im)) } else { Complex::new(other, (-re).copysign(im)) };
    }
    // Numbers near the ends of the range are moved to where their absolute value neither overflows nor loses digits.
    let large = re.abs().max(im.abs());
    let (factor, back) = match large {
        _ if large > 1.0e300 => (2.0_f64.powi(-200), 2.0_f64.powi(100)),
        _ if large < 1.0e-280 => (2.0_f64.powi(200), 2.0_f64.powi(-100)),
        _ => (1.0, 1.0),
    };
    let (re, im) = (re * factor, im * factor);
    let greater = (0.5 * (re.abs() + re.hypot(im))).sqrt();
    let smaller = 0.5 * im / greater;
    match re >= 0.0 {
        true => Complex::new(greater, smaller) * back,
        false => Complex::new(smaller.abs(), greater.copysign(im)) * back,
    }
}

/// `(sinh 2a + i sin 2b) / (cosh 2a + cos 2b)`, whose limit replaces it before the numbers overflow.
fn tanh(z: Complex<f64>) -> Complex<f64> {
    if z.re.abs() <= 300.0 || z.is_nan() {
        return z.tanh();
    }
    let sign = if z.im.is_finite() { (2.0 * z.im).sin() } else { z.im };
    Complex::new(1.0_f64.copysign(z.re), 0.0_f64.copysign(sign))
}

fn pow(x: Complex<f64>, y: Complex<f64>) -> Complex<f64> {
    if y.im == 0.0 && y.re.abs() <= 100.0 && y.re.fract() == 0.0 {
        return x.powi(y.re as i32);
    }
    x.powc(y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{FRAC_PI_2, PI};

    const INF: f64 = f64::INFINITY;

    /// Compares both parts, relative to the absolute value, and signs of zeros.
    #[track_caller]
    fn check(name: &str, value: Complex<f64>, expected: (f64, f64), tolerance: f64) {
        let size = expected.0.hypot(expected.1);
        let close = |a: f64, b: f64| {
            let near = a == b || (a - b).abs() <= tolerance * size || a.is_nan() && b.is_nan();
            near && (a != 0.0 || b != 0.0 || a.is_sign_negative() == b.is_sign_negative())
        };
        assert!(close(value.re, expected.0) && close(value.im, expected.1), "{name}: {value}, not {expected:?}");
    }

    #[track_caller]
    fn at<F: Unary<Complex<f64>> + Unary<Complex<f32>>>(re: f64, im: f64, expected: (f64, f64)) {
        let mut block = [Complex::new(re, im)];
        <F as Unary<Complex<f64>>>::apply(&mut block);
        check(<F as Unary<Complex<f64>>>::NAME, block[0], expected, 4.0 * f64::EPSILON);
        let mut block = [Complex::new(re as f32, im as f32)];
        <F as Unary<Complex<f32>>>::apply(&mut block);
        if f64::from(re as f32) == re && f64::from(im as f32) == im && !(re.abs() < 1e-36 && re != 0.0) {
            check(<F as Unary<Complex<f32>>>::NAME, widen(block[0]), expected, f64::from(f32::EPSILON));
        }
    }

    #[test]
    fn values_at_one_plus_i() {
        at::<Exp>(1.0, 1.0, (1.4686939399158851, 2.2873552871788423));
        at::<Log>(1.0, 1.0, (0.34657359027997264, PI / 4.0));
        at::<Sin>(1.0, 1.0, (1.2984575814159773, 0.6349639147847361));
        at::<Cos>(1.0, 1.0, (0.8337300251311491, -0.9888977057628651));
        at::<Tan>(1.0, 1.0, (0.2717525853195118, 1.0839233273386946));
        at::<Sinh>(1.0, 1.0, (0.6349639147847361, 1.2984575814159773));
        at::<Cosh>(1.0, 1.0, (0.8337300251311491, 0.9888977057628651));
        at::<Tanh>(1.0, 1.0, (1.0839233273386946, 0.2717525853195118));
        at::<Sqrt>(1.0, 1.0, (1.09868411346781, 0.45508986056222733));
    }

    #[test]
    fn branch_cuts_zeros_and_infinities() {
        at::<Exp>(0.0, PI, (-1.0, 1.2246467991473532e-16));
        at::<Exp>(-INF, 3.0, (-0.0, 0.0));
        at::<Log>(-1.0, 0.0, (0.0, PI));
        at::<Log>(-1.0, -0.0, (0.0, -PI));
        at::<Log>(0.0, 0.0, (-INF, 0.0));
        at::<Log>(0.0, 2.0, (std::f64::consts::LN_2, FRAC_PI_2));
        at::<Sqrt>(3.0, 4.0, (2.0, 1.0));
        at::<Sqrt>(-3.0, 4.0, (1.0, 2.0));
        at::<Sqrt>(-4.0, 0.0, (0.0, 2.0));
        at::<Sqrt>(-4.0, -0.0, (0.0, -2.0));
        at::<Sqrt>(0.0, -0.0, (0.0, -0.0));
        at::<Sqrt>(-0.0, 0.0, (0.0, 0.0));
        at::<Sqrt>(INF, 1.0, (INF, 0.0));
        at::<Sqrt>(-INF, -1.0, (0.0, -INF));
        at::<Sqrt>(f64::NAN, -INF, (INF, -INF));
        at::<Sqrt>(0.0, 2e300, (1e150, 1e150));
        at::<Sqrt>(1.7e308, 0.0, (1.7e308_f64.sqrt(), 0.0));
        at::<Sqrt>(0.0, 2e-320, (2e-320_f64.sqrt() / 2.0_f64.sqrt(), 2e-320_f64.sqrt() / 2.0_f64.sqrt()));
        at::<Tanh>(1000.0, 1.0, (1.0, 0.0));
        at::<Tanh>(-1000.0, -1.0, (-1.0, -0.0));
        at::<Tanh>(INF, 0.0, (1.0, 0.0));
        at::<Tan>(1.0, 1000.0, (0.0, 1.0));
        at::<Tan>(0.5, 0.0, (0.5_f64.tan(), 0.0));
        at::<Sin>(0.0, 0.0, (0.0, 0.0));
        at::<Cos>(0.0, 0.0, (1.0, -0.0));
        at::<Sinh>(0.0, FRAC_PI_2, (0.0, 1.0));
    }

    #[test]
    fn powers() {
        let power = |x: (f64, f64), y: (f64, f64), expected, tolerance| {
            let mut block = [Complex::new(x.0, x.1)];
            <Pow as Binary<Complex<f64>>>::apply(&mut block, &[Complex::new(y.0, y.1)]);
            check("power", block[0], expected, tolerance);
            let mut block = [Complex::new(x.0 as f32, x.1 as f32)];
            <Pow as Binary<Complex<f32>>>::apply(&mut block, &[Complex::new(y.0 as f32, y.1 as f32)]);
            check("power", widen(block[0]), expected, f64::from(f32::EPSILON));
        };
        power((1.0, 2.0), (2.0, 0.0), (-3.0, 4.0), 0.0);
        power((0.0, 1.0), (3.0, 0.0), (-0.0, -1.0), 0.0);
        power((0.0, 2.0), (-2.0, 0.0), (-0.25, -0.0), 0.0);
        power((0.0, 1.0), (0.0, 1.0), ((-FRAC_PI_2).exp(), 0.0), 1e-15);
        power((1.0, 1.0), (0.5, 0.0), (1.09868411346781, 0.45508986056222733), 1e-15);
        power((1.0, 1.0), (2.0, 1.0), (-0.30974350492849356, 0.8576580125887357), 1e-15);
        power((0.0, 0.0), (0.0, 0.0), (1.0, 0.0), 0.0);
        power((0.0, 0.0), (2.5, 0.0), (0.0, 0.0), 0.0);
        power((3.0, -1.0), (0.0, 0.0), (1.0, 0.0), 0.0);
    }
}
