//! What a pixel's result is: a count, or a continuous escape time.

use super::Formula;
use super::smooth::{BAILOUT, fraction};

/// How orbits become results.
pub(super) trait Measure: Copy {
    /// A pixel's result.
    type Value: Copy;
    /// The squared radius to escape from.
    const BAILOUT: f64;
    /// Whether `left` looks at the norm.
    const NEEDS_NORM: bool;

    /// The most iterations.
    fn maxit(self) -> u32;
    /// The result of an orbit that left at `n`, with that `|z_n|^2`.
    fn left(self, n: u32, norm: f64) -> Self::Value;
    /// The result of an orbit that did not leave.
    fn stayed(self) -> Self::Value;
}

/// See [`escape_count`](super::escape_count).
#[derive(Clone, Copy)]
pub(super) struct Count {
    pub(super) maxit: u32,
}

impl Measure for Count {
    type Value = u32;
    const BAILOUT: f64 = 4.0;
    const NEEDS_NORM: bool = false;

    #[inline(always)]
    fn maxit(self) -> u32 {
        self.maxit
    }

    #[inline(always)]
    fn left(self, n: u32, _norm: f64) -> u32 {
        n
    }

    #[inline(always)]
    fn stayed(self) -> u32 {
        self.maxit
    }
}

/// See [`escape_smooth`](super::escape_smooth).
#[derive(Clone, Copy)]
pub(super) struct Smooth {
    maxit: u32,
    ln_degree: f64,
}

impl Smooth {
    pub(super) fn new(formula: &Formula, maxit: u32) -> Self {
        Self { maxit, ln_degree: f64::from(formula.degree()).ln() }
    }
}

impl Measure for Smooth {
    type Value = f64;
    const BAILOUT: f64 = BAILOUT;
    const NEEDS_NORM: bool = true;

    #[inline(always)]
    fn maxit(self) -> u32 {
        self.maxit
    }

    #[inline(always)]
    fn left(self, n: u32, norm: f64) -> f64 {
        fraction(n, norm, self.ln_degree)
    }

    #[inline(always)]
    fn stayed(self) -> f64 {
        f64::from(self.maxit)
    }
}
