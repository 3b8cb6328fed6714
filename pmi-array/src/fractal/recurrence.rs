//! The recurrences, one operation after another: what every pixel's result is defined by.
//!
//! Each is written once, over `N` vectors: the reference runs it with one lane, the image with as many as the CPU can
//! keep in flight. Rounding is the same in both, for each lane sees the same IEEE 754 operations in the same order; none
//! is fused but where `mul_add` says so.

use super::Formula;
use crate::simd::Vector;

/// `N` vectors of complex numbers.
#[derive(Clone, Copy)]
pub(super) struct Complex<V, const N: usize> {
    pub(super) re: [V; N],
    pub(super) im: [V; N],
}

impl<V: Vector, const N: usize> Complex<V, N> {
    #[inline(always)]
    pub(super) fn splat((re, im): (f64, f64)) -> Self {
        Self { re: [V::splat(re); N], im: [V::splat(im); N] }
    }

    /// `|z|^2 = fma(re, re, im * im)` of vector `v`.
    #[inline(always)]
    pub(super) fn norm(&self, v: usize) -> V {
        self.re[v].mul_add(self.re[v], self.im[v].mul(self.im[v]))
    }
}

/// The parameters of points of one row, or of one Julia set: one imaginary part serves all.
#[derive(Clone, Copy)]
pub(super) struct Parameter<V, const N: usize> {
    pub(super) re: [V; N],
    pub(super) im: V,
}

impl<V: Vector, const N: usize> Parameter<V, N> {
    #[inline(always)]
    pub(super) fn splat((re, im): (f64, f64)) -> Self {
        Self { re: [V::splat(re); N], im: V::splat(im) }
    }

    /// `|c|^2` of vector `v`.
    #[inline(always)]
    pub(super) fn norm(&self, v: usize) -> V {
        self.re[v].mul_add(self.re[v], self.im.mul(self.im))
    }
}

/// One step of an iteration, `z -> f(z) + c`.
pub(super) trait Recurrence: Copy {
    fn step<V: Vector, const N: usize>(self, z: &mut Complex<V, N>, c: &Parameter<V, N>);
}

/// `z^2 + c`: `re' = fma(re, re, c.re - im * im)`, `im' = fma(re + re, im, c.im)`.
#[derive(Clone, Copy)]
pub(super) struct Square;

impl Recurrence for Square {
    #[inline(always)]
    fn step<V: Vector, const N: usize>(self, z: &mut Complex<V, N>, c: &Parameter<V, N>) {
        for v in 0..N {
            let (re, im) = (z.re[v], z.im[v]);
            z.re[v] = re.mul_add(re, c.re[v].sub(im.mul(im)));
            z.im[v] = re.add(re).mul_add(im, c.im);
        }
    }
}

/// As [`Square`], but `im' = fma(|re + re|, |im|, c.im)`.
#[derive(Clone, Copy)]
pub(super) struct Ship;

impl Recurrence for Ship {
    #[inline(always)]
    fn step<V: Vector, const N: usize>(self, z: &mut Complex<V, N>, c: &Parameter<V, N>) {
        for v in 0..N {
            let (re, im) = (z.re[v], z.im[v]);
            z.re[v] = re.mul_add(re, c.re[v].sub(im.mul(im)));
            z.im[v] = re.add(re).abs().mul_add(im.abs(), c.im);
        }
    }
}

/// `z^degree + c` by squaring and multiplying from the degree's second highest bit down, with `w = z` at first: each
/// bit squares `w` as [`Square`] does, and a set bit then multiplies by `z`,
/// `re' = fma(w.re, z.re, a.re - w.im * z.im)`, `im' = fma(w.re, z.im, fma(w.im, z.re, a.im))`.
/// The last of these operations adds `a = c`, the ones before it `a = 0`.
#[derive(Clone, Copy)]
pub(super) struct Power {
    degree: u32,
}

impl Power {
    /// # Panics
    /// If the degree is below 2.
    pub(super) fn new(degree: u32) -> Self {
        assert!(degree >= 2, "a Multibrot set needs a degree of at least 2, not {degree}");
        Self { degree }
    }
}

impl Recurrence for Power {
    #[inline(always)]
    fn step<V: Vector, const N: usize>(self, z: &mut Complex<V, N>, c: &Parameter<V, N>) {
        let zero = Parameter::splat((0.0, 0.0));
        let mut w = *z;
        for bit in (0..self.degree.ilog2()).rev() {
            let multiplies = self.degree >> bit & 1 == 1;
            let last = bit == 0;
            Square.step(&mut w, if last && !multiplies { c } else { &zero });
            if multiplies {
                let a = if last { c } else { &zero };
                for v in 0..N {
                    let (re, im) = (w.re[v], w.im[v]);
                    w.re[v] = re.mul_add(z.re[v], a.re[v].sub(im.mul(z.im[v])));
                    w.im[v] = re.mul_add(z.im[v], im.mul_add(z.re[v], a.im));
                }
            }
        }
        *z = w;
    }
}

/// The number of iterations a point takes to leave the disk `|z| <= 2`, at most `maxit`: the first `n` whose `z_n` has
/// not `|z_n|^2 <= 4`, counting from the seed `z_0`; `maxit` if there is none below it. An orbit that overflows to
/// infinity or NaN has left.
///
/// This is the definition: [`row_counts`](super::row_counts) equals it on every pixel, bit for bit, whatever the CPU.
///
/// With `x, y` the parts of `z` and `a, b` the parts of `c`, and every operation rounded to nearest,
/// - the test is on `fma(x, x, y * y)`;
/// - Mandelbrot and Julia: `x' = fma(x, x, a - y * y)`, `y' = fma(x + x, y, b)`;
/// - Burning Ship: the same but `y' = fma(|x + x|, |y|, b)`;
/// - Multibrot: square-and-multiply from the degree's second highest bit down, `w = z` at first. Each bit squares `w`
///   by the formulas above; a set bit then multiplies by `z`, `u' = fma(u, x, a - v * y)`,
///   `v' = fma(u, y, fma(v, x, b))` with `u, v` the parts of `w`. The last operation adds `c`, those before it add 0 in
///   its place.
///
/// `fma` is one multiplication and addition with one rounding, [`f64::mul_add`]. Where the CPU has no such instruction
/// it is a library call: right, though slow.
///
/// ```
/// use pmi_array::fractal::{Formula, escape_count};
///
/// assert_eq!(escape_count(Formula::Mandelbrot, (1.0, 0.0), 1000), 3); // 0, 1, 2, then 5
/// assert_eq!(escape_count(Formula::Mandelbrot, (-1.0, 0.0), 1000), 1000); // 0, -1, 0, -1, ...
/// ```
///
/// # Panics
/// If a Multibrot degree is below 2.
#[must_use]
pub fn escape_count(formula: Formula, point: (f64, f64), maxit: u32) -> u32 {
    escape(&formula, point, maxit, 4.0).0
}

/// The first `n` whose `z_n` has not `|z_n|^2 <= bailout`, at most `maxit`, and `|z_n|^2`.
pub(super) fn escape(formula: &Formula, point: (f64, f64), maxit: u32, bailout: f64) -> (u32, f64) {
    match *formula {
        Formula::Mandelbrot | Formula::Julia { .. } => iterate(Square, formula.seed(point), maxit, bailout),
        Formula::BurningShip => iterate(Ship, formula.seed(point), maxit, bailout),
        Formula::Multibrot { degree } => iterate(Power::new(degree), formula.seed(point), maxit, bailout),
    }
}

fn iterate(f: impl Recurrence, (z, c): ((f64, f64), (f64, f64)), maxit: u32, bailout: f64) -> (u32, f64) {
    let mut z = Complex::<f64, 1>::splat(z);
    let c = Parameter::splat(c);
    let mut n = 0;
    while n < maxit && z.norm(0) <= bailout {
        f.step(&mut z, &c);
        n += 1;
    }
    (n, z.norm(0))
}

#[cfg(test)]
mod tests {
    use super::{Formula, escape_count};

    /// The powers by plain arithmetic, near enough for orbits that leave soon.
    fn plain(degree: u32, (a, b): (f64, f64), maxit: u32) -> u32 {
        let (mut x, mut y, mut n) = (0.0_f64, 0.0_f64, 0);
        while n < maxit && x * x + y * y <= 4.0 {
            let (mut u, mut v) = (x, y);
            for _ in 1..degree {
                (u, v) = (u * x - v * y, u * y + v * x);
            }
            (x, y, n) = (u + a, v + b, n + 1);
        }
        n
    }

    #[test]
    fn known_points() {
        let count = |point| escape_count(Formula::Mandelbrot, point, 1000);
        assert_eq!(count((0.0, 0.0)), 1000);
        assert_eq!(count((-2.0, 0.0)), 1000, "the tip belongs to the set");
        assert_eq!(count((3.0, 0.0)), 1);
        assert_eq!(count((1.0, 0.0)), 3, "0, 1, 2, then 5");
        assert_eq!(count((0.0, 1.0)), 1000, "0, i, i - 1, -i, i - 1, ...");
        assert_eq!(escape_count(Formula::Julia { c: (0.0, 0.0) }, (2.0, 0.0), 9), 1);
        assert_eq!(escape_count(Formula::Julia { c: (0.0, 0.0) }, (0.0, 3.0), 9), 0);
        assert_eq!(escape_count(Formula::BurningShip, (-1.75, 0.0), 500), 500);
        assert_eq!(escape_count(Formula::Mandelbrot, (0.0, 0.0), 0), 0);
    }

    #[test]
    fn infinity_and_nan_have_left() {
        for point in [(f64::INFINITY, 0.0), (f64::NAN, 0.0), (1e300, -1e300)] {
            assert_eq!(escape_count(Formula::Mandelbrot, point, 10), 1);
            assert_eq!(escape_count(Formula::Julia { c: (0.0, 0.0) }, point, 10), 0);
        }
    }

    #[test]
    fn every_degree_is_a_power() {
        for degree in 2..20 {
            for i in 0..100 {
                let point = (-1.3 + 0.026 * f64::from(i), 0.7 - 0.013 * f64::from(i));
                let count = escape_count(Formula::Multibrot { degree }, point, 12);
                assert_eq!(count, plain(degree, point, 12), "z^{degree} at {point:?}");
                if degree == 2 {
                    assert_eq!(count, escape_count(Formula::Mandelbrot, point, 12));
                }
            }
        }
    }

    #[test]
    #[should_panic = "degree of at least 2"]
    fn degree_one_is_refused() {
        let _ = escape_count(Formula::Multibrot { degree: 1 }, (0.0, 0.0), 1);
    }
}
