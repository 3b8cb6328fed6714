//! The Mandelbrot set, computed by all tasks.

use ndarray::Array2;
use pmi_toolkit::prelude::*;

type Point = (f64, f64);

/// The serial function, which a user's script calls: the counts of `(w, h)` points, two or more
/// each way, from corner to corner; a row of the array is a row of the picture.
pub(crate) fn mandelbrot(c1: Point, c2: Point, size: (usize, usize), maxit: u32) -> pmi::Result<Array2<u32>> {
    let counts = pmi::call(mandelbrot_parallel, (c1, c2, size, maxit))?;
    let counts = counts.expect("the controller is task 0, which gathers");
    Ok(Array2::from_shape_vec((size.1, size.0), counts).expect("the slices make up the picture"))
}

/// The parallel function, which `mandelbrot` calls: computes the local slice of the rows, and gathers all slices on
/// task 0. It may use anything a communicator has.
fn mandelbrot_parallel(
    task: &Task,
    ((x1, y1), (x2, y2), (w, h), maxit): (Point, Point, (usize, usize), u32),
) -> Option<Vec<u32>> {
    let (dx, dy) = ((x2 - x1) / (w - 1) as f64, (y2 - y1) / (h - 1) as f64);
    let first_row = |rank| rank * h / task.size();

    let mut slice = Vec::new();
    for row in first_row(task.rank())..first_row(task.rank() + 1) {
        for column in 0..w {
            slice.push(escape_count(x1 + column as f64 * dx, y1 + row as f64 * dy, maxit));
        }
    }
    task.comm().gather_v(0, &slice).map(|(counts, _)| counts)
}

/// The first `n` for which `z_n`, with `z -> z^2 + c` from 0 and `c = x + iy`, is outside the disk of radius 2; `maxit` if
/// there is none below it.
fn escape_count(x: f64, y: f64, maxit: u32) -> u32 {
    let (mut re, mut im, mut n) = (0.0, 0.0, 0);
    while n < maxit && re * re + im * im <= 4.0 {
        (re, im) = (re * re - im * im + x, 2.0 * re * im + y);
        n += 1;
    }
    n
}
