//! Continuous escape time: counts without the steps between them.

use std::f64::consts::LN_2;

use super::Formula;
use super::recurrence::escape;

/// The squared radius to escape from. The larger, the smoother the result at the whole iterations; from here on the
/// jumps are below what an 8-bit colour shows.
pub(super) const BAILOUT: f64 = 65536.0;

const LN_BAILOUT: f64 = 16.0 * LN_2;

/// The continuous escape time of a point: with `n` the iterations it takes to leave the disk of radius `R = 256`, and
/// `d` the formula's degree,
///
/// `n + 1 - ln(ln|z_n| / ln R) / ln d`,
///
/// or `maxit` as `f64` if it does not leave within that many iterations. See `escape_count` for the orbit `z_n`;
/// the formula is that of Peitgen and Richter's "continuous potential" (The Beauty of Fractals, 1986), shifted so that
/// it lies between `n` and `n + 1` for an orbit that left just now.
///
/// An orbit that overflows has the largest finite `|z_n|^2`. `ln` is the platform's mathematics library's, so that the
/// last bit may differ from one system to another.
///
/// ```
/// use pmi_array::fractal::{Formula, escape_smooth};
///
/// let near = escape_smooth(Formula::Mandelbrot, (0.400, 0.4), 1000);
/// let far = escape_smooth(Formula::Mandelbrot, (0.401, 0.4), 1000);
/// assert!(near > far && near - far < 0.1);
/// ```
///
/// # Panics
/// If a Multibrot degree is below 2.
#[must_use]
pub fn escape_smooth(formula: Formula, point: (f64, f64), maxit: u32) -> f64 {
    let (n, norm) = escape(&formula, point, maxit, BAILOUT);
    if n == maxit { f64::from(maxit) } else { fraction(n, norm, f64::from(formula.degree()).ln()) }
}

/// The continuous escape time of an orbit that left at `n` with the given `|z_n|^2`.
pub(super) fn fraction(n: u32, norm: f64, ln_degree: f64) -> f64 {
    // `min` takes the number where one side is NaN. The halves in ln|z| = ln(norm) / 2 and ln R cancel.
    let ratio = norm.min(f64::MAX).ln() / LN_BAILOUT;
    f64::from(n) + 1.0 - ratio.ln() / ln_degree
}

#[cfg(test)]
mod tests {
    use super::{BAILOUT, Formula, escape_smooth, fraction};

    #[test]
    fn one_more_squaring_is_one_more_iteration() {
        let ln2 = 2.0_f64.ln();
        assert_eq!(fraction(7, BAILOUT, ln2), 8.0);
        assert!((fraction(7, BAILOUT * BAILOUT, ln2) - 7.0).abs() < 1e-12);
        assert!(fraction(0, f64::NAN, ln2).is_finite() && fraction(0, f64::INFINITY, ln2).is_finite());
    }

    #[test]
    fn it_is_continuous_where_the_count_jumps() {
        for formula in [Formula::Mandelbrot, Formula::BurningShip, Formula::Multibrot { degree: 3 }] {
            let mut last = escape_smooth(formula, (0.5, 1.4), 100);
            for i in 1..20_000 {
                let next = escape_smooth(formula, (0.5 + f64::from(i) * 1e-4, 1.4), 100);
                assert!((next - last).abs() < 0.02, "{formula:?} at step {i}: {last} then {next}");
                last = next;
            }
        }
        assert_eq!(escape_smooth(Formula::Mandelbrot, (0.0, 0.0), 100), 100.0);
        assert_eq!(escape_smooth(Formula::Mandelbrot, (9.0, 0.0), 0), 0.0);
    }
}
