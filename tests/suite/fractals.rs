//! Fractals against their definition.

use crate::{Case, cases};
use ndarray::Array2;
use pmi_toolkit::array::fractal::{Formula, View, escape_count, escape_smooth};
use pmi_toolkit::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        counts_equal_the_definition
        smooth_equals_the_definition
        zooms_of_every_shape
        zero_sizes_and_iterations
        bad_views_are_refused
        progress_is_reported
    ]
}

fn serial(formula: Formula, view: &View, maxit: u32) -> Array2<u32> {
    Array2::from_shape_fn((view.height, view.width), |(j, i)| escape_count(formula, (view.x(i), view.y(j)), maxit))
}

fn check(fractal: Fractal, formula: Formula, maxit: u32) {
    let expected = serial(formula, &fractal.view(), maxit);
    for shortcuts in [true, false] {
        let counts = fractal.maxit(maxit).shortcuts(shortcuts).counts().unwrap();
        assert_eq!(counts.gather().unwrap(), expected, "{fractal:?}");
    }
}

fn counts_equal_the_definition() {
    check(Fractal::mandelbrot().size(61, 41), Formula::Mandelbrot, 300);
    let c = (-0.8, 0.156);
    check(Fractal::julia(c).size(40, 33), Formula::Julia { c }, 200);
    check(Fractal::burning_ship().size(37, 29), Formula::BurningShip, 150);
    check(Fractal::multibrot(3).size(33, 17), Formula::Multibrot { degree: 3 }, 100);
    let view = Fractal::mandelbrot().size(30, 20).maxit(127);
    let short = DistArray::mandelbrot((-2.0, -1.0), (1.0, 1.0), (30, 20), 127);
    assert_eq!(short.gather().unwrap(), view.counts().unwrap().gather().unwrap());
    assert_eq!(DistArray::julia(c, (-1.0, -1.0), (1.0, 1.0), (5, 4), 9).shape(), [4, 5]);
    assert_eq!(DistArray::burning_ship((-2.0, -1.0), (1.0, 1.0), (5, 4), 9).shape(), [4, 5]);
    assert_eq!(DistArray::multibrot(4, (-2.0, -1.0), (1.0, 1.0), (5, 4), 9).shape(), [4, 5]);
}

fn smooth_equals_the_definition() {
    let fractal = Fractal::mandelbrot().size(45, 31).maxit(200);
    let view = fractal.view();
    let expected = Array2::from_shape_fn((31, 45), |(j, i)| {
        escape_smooth(Formula::Mandelbrot, (view.x(i), view.y(j)), 200).to_bits()
    });
    assert_eq!(fractal.smooth().unwrap().gather().unwrap().mapv(f64::to_bits), expected);
}

fn zooms_of_every_shape() {
    for (width, height) in [(1, 1), (1, 9), (9, 1), (200, 2), (3, 100), (65, 65)] {
        // Symmetric about the real axis, lopsided, and deep.
        for corners in [((-2.0, -1.0), (1.0, 1.0)), ((-2.0, 0.0), (1.0, 2.0)), ((-0.7436, 0.1318), (-0.7434, 0.1319))] {
            check(Fractal::mandelbrot().corners(corners.0, corners.1).size(width, height), Formula::Mandelbrot, 120);
        }
    }
}

fn zero_sizes_and_iterations() {
    for (width, height) in [(0, 0), (0, 5), (5, 0)] {
        let counts = Fractal::mandelbrot().size(width, height).counts().unwrap();
        assert_eq!((counts.shape(), counts.sum()), (&[height, width][..], 0));
    }
    assert_eq!(Fractal::mandelbrot().size(7, 6).maxit(0).counts().unwrap().max(), 0);
    let view = Fractal::mandelbrot().center((-0.5, 0.25), 2.0).size(30, 10).view();
    assert_eq!((view.corner1, view.corner2), ((-1.25, 0.0), (0.25, 0.5)));
    // Equal corners: the same point everywhere.
    let point = Fractal::mandelbrot().corners((0.5, 0.5), (0.5, 0.5)).size(4, 3).maxit(99).counts().unwrap();
    let count = escape_count(Formula::Mandelbrot, (0.5, 0.5), 99);
    assert_eq!((point.min(), point.max()), (count, count));
}

fn bad_views_are_refused() {
    let text = |fractal: Fractal| fractal.size(4, 4).counts().unwrap_err().to_string();
    assert!(text(Fractal::mandelbrot().corners((f64::NAN, 0.0), (1.0, 1.0))).contains("(NaN, 0): it must be finite"));
    assert!(text(Fractal::mandelbrot().corners((0.0, 0.0), (1.0, f64::INFINITY))).contains("second corner"));
    assert!(text(Fractal::julia((f64::NAN, 0.0))).contains("c of the Julia set"));
    assert!(text(Fractal::multibrot(1)).contains("degree of the Multibrot set is 1"));
    assert!(text(Fractal::mandelbrot().center((0.0, 0.0), 0.0)).contains("zoom is 0"));
    let huge = Fractal::mandelbrot().size(usize::MAX, 2).counts().unwrap_err();
    assert!(huge.is_argument(), "{huge}");
    let call = || DistArray::mandelbrot((f64::NAN, 0.0), (1.0, 1.0), (2, 2), 5);
    assert!(std::panic::catch_unwind(call).is_err());
    assert_eq!(Fractal::mandelbrot().size(2, 2).counts().unwrap().len(), 4);
}

fn progress_is_reported() {
    let (calls, full) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (seen, last) = (calls.clone(), full.clone());
    let hook = move |done: f64| {
        seen.fetch_add(1, Ordering::Relaxed);
        last.fetch_max((done * 1000.0) as usize, Ordering::Relaxed);
    };
    pmi::with_progress(hook, || Fractal::mandelbrot().size(10, 50).counts()).unwrap();
    assert!(calls.load(Ordering::Relaxed) >= 50 / 7);
    assert_eq!(full.load(Ordering::Relaxed), 1000);
}
