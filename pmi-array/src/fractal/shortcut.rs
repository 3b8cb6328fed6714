//! Points whose result is known without iterating them to the end. Every shortcut is exact: it changes no result.

use super::{Formula, View};
use crate::simd::Vector;

/// No point as far as this from the real axis lies in the cardioid, whose height is `3 sqrt(3) / 8`, or in the disk.
pub(super) const INTERIOR_HEIGHT: f64 = 0.65;

/// Lanes whose `c` lies so far within the Mandelbrot set's main cardioid or period-2 disk that the orbit of 0, with
/// every operation rounded, never leaves `|z| <= 2`. Bit `l` is lane `l`.
///
/// The cardioid holds the `c` whose `z^2 + c` has a fixed point of multiplier `|m| < 1`; with `p = |c - 1/4|` and
/// `m = 1 - sqrt(1 - 4c)`, `|m| <= 1 - k` is implied by `(2p + k)^2 <= 2 (p - Re(c - 1/4))`. The disk holds those with a
/// 2-cycle of multiplier `m = 4 (c + 1)`, `|m| < 1` (Peitgen and Richter, 1986). Both tests keep a margin `k`.
///
/// Why no rounded orbit gets out. Let `f` be the map (twice the map, for the disk), `a` its fixed point whose basin's
/// immediate component `B` holds 0, and `g: D -> B` the Riemann map from the unit disk with `g(0) = a`. `f` maps `B`
/// onto itself two to one, so in `D` it is `w (w - b) / (1 - b* w)` up to a rotation, `|b| = |m|` (J. Milnor, "Dynamics
/// in One Complex Variable", 2006, section 15).
/// 1. It maps `|w| <= r` into `|w| <= r (r + |m|) / (1 + |m| r) <= r - r (1 - r) k / 2`.
/// 2. Its critical point, where `z = 0`, has `|w| = |m| / (1 + sqrt(1 - |m|^2))`. Take `r` as that, or 1/2 if larger:
///    then `1 - r >= sqrt(k)` (as `k` is small).
/// 3. `|g'(0)| >= k / 9`, for `f` maps the disk of that radius around `a` into itself (write `f(a + w) - a` out as
///    a polynomial in `w`), so `B` contains it. By Koebe's distortion and quarter theorems, a point of `f(g(|w| <= r))`
///    has a clearance of at least `r (1 - r) k / 2 * |g'(0)| (1 - r) / 8 / 4 >= r k^3 / 576` to the edge of
///    `g(|w| <= r)`.
/// 4. On the filled Julia set `|z| <= 1.73`, so one rounded step is within `10 u` of `f`, `u = 2^-53`; two steps are
///    within `50 u < 6e-15`.
///
/// With `k = 2^-12` the clearance is at least `0.5 * 1.4e-11 / 576 > 1e-14`, so that no rounded step leaves the region
/// `g(|w| <= r)`, which lies in the filled Julia set. Rounding in the tests themselves, some `1e-15`, is nothing to `k`.
#[inline(always)]
pub(super) fn interior<V: Vector>(re: V, im: V) -> u64 {
    const K: f64 = 1.0 / 4096.0;
    let yy = im.mul(im);
    let x = re.sub(V::splat(0.25));
    let p = x.mul_add(x, yy).sqrt();
    let q = p.add(p).add(V::splat(K));
    let d = p.sub(x);
    // As a difference, so that overflow makes it NaN or infinite, which is outside.
    let cardioid = q.mul(q).sub(d.add(d)).le(V::splat(0.0));
    let x = re.add(V::splat(1.0));
    let disk = x.mul_add(x, yy).le(V::splat((1.0 - K) * (1.0 - K) / 16.0));
    V::bits(cardioid) | V::bits(disk)
}

/// The row of the view whose results are those of `row`, bit for bit: the one at exactly the negative imaginary part,
/// where the formula's orbits come in conjugate pairs. `None` if there is no other such row, for instance as rounding of
/// `start + j * step` made the two parts differ in their last bit.
///
/// Rounding to nearest keeps the symmetry, for every operation of these formulas takes operands of opposite signs to
/// results of opposite signs.
///
/// ```
/// use pmi_array::fractal::{Formula, View, mirror};
///
/// let view = View { corner1: (-2.0, -1.0), corner2: (1.0, 1.0), width: 7, height: 5 };
/// assert_eq!(mirror(&Formula::Mandelbrot, &view, 0), Some(4));
/// assert_eq!(mirror(&Formula::Mandelbrot, &view, 2), None); // the real axis is its own image
/// assert_eq!(mirror(&Formula::BurningShip, &view, 0), None);
/// ```
///
/// # Panics
/// If the view has no such row.
#[must_use]
pub fn mirror(formula: &Formula, view: &View, row: usize) -> Option<usize> {
    assert!(row < view.height, "row {row} of an image {} high", view.height);
    let twin = formula.conjugate_symmetric().then(|| view.rows().position(-view.y(row)))?;
    twin.filter(|&twin| twin != row)
}
