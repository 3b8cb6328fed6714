//! Exact values, by arithmetic of 256 bits, and distances to them.

use astro_float::{BigFloat, Consts, RoundingMode, Sign};

const BITS: usize = 256;
const ROUND: RoundingMode = RoundingMode::ToEven;

/// Computes functions exactly enough to tell a thousandth of an ulp.
pub(super) struct Reference(Consts);

/// A function by its reference.
pub(super) type Function = fn(&mut Reference, &[f64]) -> BigFloat;

/// `from_f64` of astro-float 0.9.6 gets subnormal numbers wrong by powers of 2, hence the factor.
fn big(x: f64) -> BigFloat {
    let up = BigFloat::from_f64(x * 2.0_f64.powi(if x.abs() < 1.0 { 60 } else { -60 }), BITS);
    up.mul(&BigFloat::from_f64(2.0_f64.powi(if x.abs() < 1.0 { -60 } else { 60 }), BITS), BITS, ROUND)
}

macro_rules! unary {
    ($($name:ident)*) => {$(
        pub(super) fn $name(&mut self, x: &[f64]) -> BigFloat {
            big(x[0]).$name(BITS, ROUND, &mut self.0)
        }
    )*};
}

impl Reference {
    pub(super) fn new() -> Self {
        Self(Consts::new().expect("memory for constants"))
    }

    unary! { exp ln log2 log10 cos tan asin acos atan sinh cosh tanh asinh acosh atanh }

    pub(super) fn sin(&mut self, x: &[f64]) -> BigFloat {
        big(x[0]).sin(BITS, ROUND, &mut self.0)
    }

    pub(super) fn sqrt(&mut self, x: &[f64]) -> BigFloat {
        big(x[0]).sqrt(BITS, ROUND)
    }

    pub(super) fn cbrt(&mut self, x: &[f64]) -> BigFloat {
        big(x[0]).cbrt(BITS, ROUND)
    }

    pub(super) fn exp2(&mut self, x: &[f64]) -> BigFloat {
        self.pow(&[2.0, x[0]])
    }

    pub(super) fn expm1(&mut self, x: &[f64]) -> BigFloat {
        match x[0].abs() < 1.0e-40 {
            true => big(x[0]),
            false => big(x[0]).exp(2 * BITS, ROUND, &mut self.0).sub(&big(1.0), BITS, ROUND),
        }
    }

    pub(super) fn ln_1p(&mut self, x: &[f64]) -> BigFloat {
        match x[0].abs() < 1.0e-40 {
            true => big(x[0]),
            false => big(x[0]).add(&big(1.0), 2048, ROUND).ln(BITS, ROUND, &mut self.0),
        }
    }

    pub(super) fn pow(&mut self, x: &[f64]) -> BigFloat {
        big(x[0]).pow(&big(x[1]), BITS, ROUND, &mut self.0)
    }

    pub(super) fn hypot(&mut self, x: &[f64]) -> BigFloat {
        let square = |x: f64| big(x).mul(&big(x), BITS, ROUND);
        square(x[0]).add(&square(x[1]), BITS, ROUND).sqrt(BITS, ROUND)
    }

    /// For numbers other than 0.
    pub(super) fn atan2(&mut self, x: &[f64]) -> BigFloat {
        let atan = big(x[0]).div(&big(x[1]), BITS, ROUND).atan(BITS, ROUND, &mut self.0);
        let pi = self.0.pi(BITS, ROUND);
        match (x[1] < 0.0, x[0] < 0.0) {
            (true, false) => atan.add(&pi, BITS, ROUND),
            (true, true) => atan.sub(&pi, BITS, ROUND),
            _ => atan,
        }
    }
}

/// A floating-point format: its precision, and its least and greatest exponents as `BigFloat` counts them.
pub(super) struct Format {
    precision: i32,
    least: i32,
    greatest: i32,
}

pub(super) const F64: Format = Format { precision: 53, least: -1021, greatest: 1024 };
pub(super) const F32: Format = Format { precision: 24, least: -125, greatest: 128 };

impl Format {
    /// How many units in the last place a value is from the exact one. An infinity is taken for the power of two that
    /// follows the largest number: where the exact value rounds to it, the distance is half an ulp at most.
    pub(super) fn ulps(&self, value: f64, exact: &BigFloat) -> f64 {
        let value = match value.is_infinite() {
            true => {
                let power = BigFloat::from_raw_parts(&[1 << 63], 64, sign(value), self.greatest + 1, false);
                if exact.exponent().is_some_and(|exponent| exponent > self.greatest) {
                    return if exact.is_negative() == (value < 0.0) { 0.0 } else { f64::INFINITY };
                }
                power
            }
            false => big(value),
        };
        if exact.is_nan() || value.is_nan() {
            return f64::NAN;
        }
        let ulp = exact.exponent().unwrap_or(self.least).clamp(self.least, self.greatest) - self.precision;
        let distance = value.sub(exact, BITS, ROUND);
        match distance.as_raw_parts() {
            None => f64::INFINITY,
            Some((words, ..)) if distance.is_zero() || words.is_empty() => 0.0,
            Some((words, _, _, exponent, _)) => {
                let mantissa = words[words.len() - 1] as f64 / 2.0_f64.powi(64);
                mantissa * 2.0_f64.powi((exponent - ulp).clamp(-200, 200))
            }
        }
    }
}

fn sign(x: f64) -> Sign {
    if x < 0.0 { Sign::Neg } else { Sign::Pos }
}
