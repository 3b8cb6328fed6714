//! Rows against the definition: every pixel, bit for bit, at every SIMD level, with and without shortcuts.

use super::measure::{Count, Measure, Smooth};
use super::row::row_values;
use super::{Formula, View, escape_count, escape_smooth, mirror, row_counts, row_smooth};
use crate::simd::tests::levels;

/// A small generator of reproducible numbers (G. Marsaglia, "Xorshift RNGs", 2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> usize {
        (self.next() >> 11) as usize % n as usize
    }

    /// From -1 to 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    fn formula(&mut self) -> Formula {
        match self.below(6) {
            0 | 1 => Formula::Mandelbrot,
            2 => Formula::Julia { c: (1.5 * self.unit(), self.unit()) },
            3 => Formula::Julia { c: (4.0 * self.unit(), 0.0) },
            4 => Formula::BurningShip,
            _ => Formula::Multibrot { degree: 2 + self.below(8) as u32 },
        }
    }

    /// A view at any depth around a point that is often near some boundary.
    fn view(&mut self) -> View {
        let angle = 3.2 * self.unit();
        let (sin, cos) = angle.sin_cos();
        let (x, y) = match self.below(5) {
            // Around the cardioid, ...
            0 => (0.5 * cos - 0.25 * (2.0 * angle).cos(), 0.5 * sin - 0.25 * (2.0 * angle).sin()),
            // ... the period-2 disk, ...
            1 => (-1.0 + 0.25 * cos, 0.25 * sin),
            // ... the tip, where tame and other parameters meet, ...
            2 => (-2.0, 0.0),
            3 => (2.0 * cos, 2.0 * sin),
            _ => (2.2 * self.unit(), 1.5 * self.unit()),
        };
        let radius = 10.0_f64.powi(-(self.below(17) as i32)) * (1.5 + self.unit());
        let (rx, ry) = (radius * self.unit(), radius * self.unit());
        let (width, height) = (1 + self.below(150), 1 + self.below(4));
        View { corner1: (x - rx, y - ry), corner2: (x + rx, y + ry), width, height }
    }
}

fn bits<T>(values: &[T], to_bits: impl Fn(&T) -> u64) -> Vec<u64> {
    values.iter().map(to_bits).collect()
}

fn check<M: Measure>(
    formula: Formula,
    view: View,
    measure: M,
    bits_of: fn(&M::Value) -> u64,
    one: impl Fn((f64, f64)) -> M::Value,
) {
    for row in 0..view.height {
        let expected: Vec<_> = (0..view.width).map(|i| one((view.x(i), view.y(row)))).collect();
        for level in levels() {
            for shortcuts in [false, true] {
                let mut out = vec![measure.stayed(); view.width];
                row_values(level, &formula, &view, row, shortcuts, measure, &mut out);
                let (out, expected) = (bits(&out, bits_of), bits(&expected, bits_of));
                let wrong = (0..view.width).find(|&i| out[i] != expected[i]);
                assert_eq!(wrong, None, "{formula:?} {view:?} row {row}, {level}, shortcuts {shortcuts}");
            }
        }
    }
}

fn check_counts(formula: Formula, view: View, maxit: u32) {
    check(formula, view, Count { maxit }, |&n| u64::from(n), |point| escape_count(formula, point, maxit));
}

fn check_smooth(formula: Formula, view: View, maxit: u32) {
    let measure = Smooth::new(&formula, maxit);
    check(formula, view, measure, |n| n.to_bits(), |point| escape_smooth(formula, point, maxit));
}

#[test]
fn rows_equal_the_definition_on_random_views() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..300 {
        let (formula, view) = (random.formula(), random.view());
        let maxit = [0, 1, 2, 15, 16, 17, 31, 100, 333, 1000][random.below(10)];
        check_counts(formula, view, maxit);
        check_smooth(formula, view, maxit);
    }
}

#[test]
fn rows_equal_the_definition_at_the_edges() {
    let formulas = [
        Formula::Mandelbrot,
        Formula::Julia { c: (-0.75, 0.1) },
        Formula::Julia { c: (-3.0, -0.0) },
        Formula::BurningShip,
        Formula::Multibrot { degree: 3 },
        Formula::Multibrot { degree: u32::MAX },
    ];
    let huge = f64::MAX;
    let corners = [
        ((0.0, 0.0), (0.0, 0.0)),
        ((-2.0, 0.0), (-2.0, -0.0)),
        ((-0.0, -0.0), (0.3, 0.0)),
        ((1.0, 1.0), (-2.0, -1.0)),
        ((-1e3, -1e3), (1e3, 1e3)),
        ((-1e154, -1e154), (1e154, 2e154)),
        ((-huge, 0.0), (0.0, huge)),
        ((f64::NAN, 0.0), (1.0, f64::INFINITY)),
    ];
    for formula in formulas {
        for (corner1, corner2) in corners {
            for (width, height) in [(1, 1), (2, 2), (31, 1), (32, 2), (33, 3), (129, 1), (0, 2)] {
                let view = View { corner1, corner2, width, height };
                check_counts(formula, view, 40);
                check_smooth(formula, view, 40);
            }
        }
    }
}

#[test]
fn long_orbits_equal_the_definition() {
    let mut random = Random(12345);
    for i in 0..8 {
        let view = View { width: 17, height: 1, ..random.view() };
        check_counts(if i % 2 == 0 { Formula::Mandelbrot } else { random.formula() }, view, 100_000);
    }
}

/// Just within and without the margin of the interior test, where its proof has the least to spare.
#[test]
fn no_shortcut_into_the_set_is_wrong() {
    for i in 0..400 {
        let (sin, cos) = (f64::from(i) * 0.01571).sin_cos();
        for k in [0.0, 1e-6, 2.0_f64.powi(-12), 2.5e-4, 1e-3] {
            let r = 1.0 - k;
            let m = (r * cos, r * sin);
            let c = (m.0 / 2.0 - (m.0 * m.0 - m.1 * m.1) / 4.0, m.1 / 2.0 - m.0 * m.1 / 2.0);
            for point in [c, (r * cos / 4.0 - 1.0, r * sin / 4.0)] {
                let view = View { corner1: point, corner2: point, width: 2, height: 1 };
                let mut out = [0; 2];
                row_counts(&Formula::Mandelbrot, &view, 0, 3000, true, &mut out);
                assert_eq!(out, [escape_count(Formula::Mandelbrot, point, 3000); 2], "{point:?}");
            }
        }
    }
}

#[test]
fn mirrored_rows_are_the_same() {
    let mut random = Random(99);
    let mut pairs = 0;
    for formula in
        [Formula::Mandelbrot, Formula::Multibrot { degree: 5 }, Formula::Julia { c: (-1.3, 0.0) }, Formula::BurningShip]
    {
        for height in [1, 2, 9, 64, 101] {
            let top = 1.0 + 0.1 * random.unit();
            for corner2 in [(0.6, top), (0.6, 0.5 * top)] {
                let view = View { corner1: (-2.0, -top), corner2, width: 50, height };
                for row in 0..height {
                    let Some(twin) = mirror(&formula, &view, row) else { continue };
                    let (mut a, mut b) = ([0.0; 50], [0.0; 50]);
                    row_smooth(&formula, &view, row, 200, true, &mut a);
                    row_smooth(&formula, &view, twin, 200, true, &mut b);
                    assert_eq!(a.map(f64::to_bits), b.map(f64::to_bits), "{formula:?} {view:?} {row} {twin}");
                    assert!(
                        twin != row && mirror(&formula, &view, twin) == Some(row) && formula != Formula::BurningShip
                    );
                    pairs += 1;
                }
            }
        }
    }
    assert!(pairs > 200, "many rows have a twin: {pairs}");
}

#[test]
#[should_panic = "row 3 of an image 3 high"]
fn a_row_past_the_end_is_refused() {
    let view = View { corner1: (0.0, 0.0), corner2: (1.0, 1.0), width: 1, height: 3 };
    row_counts(&Formula::Mandelbrot, &view, 3, 1, true, &mut [0]);
}
