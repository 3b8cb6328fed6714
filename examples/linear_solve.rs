//! A plate whose edges are held at given temperatures: Laplace's equation on a grid, as a dense system of equations, solved by
//! Cholesky's and by LU factorisation on all tasks.
//!
//! `cargo run --release --example linear_solve [M] [FILE.png]`: M x M points inside the plate, 40 unless given, so a matrix of
//! M^2 rows. The picture shows the temperatures.

use ndarray::{Array1, Array2, Ix1, Ix2};
use pmi_toolkit::array::{Indices, Part};
use pmi_toolkit::linalg::{SolveOptions, cholesky, solve_with};
use pmi_toolkit::prelude::*;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let m: usize = match arguments.next() {
        Some(text) => text.parse().map_err(|_| format!("{text:?} is not a number of points"))?,
        None => 40,
    };
    let _pmi = pmi::setup()?;
    let n = m * m;
    let (matrix, edges) = plate(m);
    println!("{n} equations on {} tasks, {:.1} MB of matrix", pmi::size()?, 1e-6 * matrix.nbytes() as f64);

    // Factors are objects: more right-hand sides would only take `factor.solve`.
    let start = Instant::now();
    let factor = cholesky(&matrix)?;
    let temperatures = factor.solve(&edges)?;
    report("cholesky", start, (n as f64).powi(3) / 3.0, (&temperatures - exact(m)).abs().max());

    // The matrix is not singular, and LU can factor it in single precision: refinement makes up for that.
    let start = Instant::now();
    let mixed = solve_with(&matrix, &edges, SolveOptions::default().mixed_precision())?;
    report("mixed LU", start, 2.0 * (n as f64).powi(3) / 3.0, (&mixed.x - exact(m)).abs().max());
    println!("backward error {:.0e} after {} refinements", mixed.backward_error, mixed.refinements);

    if let Some(file) = arguments.next() {
        on_grid(&temperatures, m).picture().colormap(Colormap::Inferno).save(&file)?;
        println!("{file}: the temperatures");
    }
    Ok(())
}

fn report(name: &str, start: Instant, operations: f64, error: f64) {
    let seconds = start.elapsed().as_secs_f64();
    println!("{name}: {seconds:.3} s, {:.1} GFLOP/s, largest error {error:.0e}", 1e-9 * operations / seconds);
}

/// The temperature at a point of the plate, whose sides have length 1: a solution of Laplace's equation that the five-point
/// formula has no error for.
fn temperature(x: f64, y: f64) -> f64 {
    x.powi(3) - 3.0 * x * y * y + y
}

/// Where a point of the grid is, whose number 0 is on the edge.
fn place(i: usize, m: usize) -> f64 {
    i as f64 / (m + 1) as f64
}

/// The system of equations: four times each temperature, less those of its neighbours, is 0; what is known of neighbours on
/// the edge stands on the right.
fn plate(m: usize) -> (DistArray<f64, Ix2>, DistArray<f64, Ix1>) {
    let n = m * m;
    let matrix = |_: &Task, part: &Part, m: usize| {
        let (rows, columns) = (&part.axes()[0], &part.axes()[1]);
        Array2::from_shape_fn((rows.len(), columns.len()), |(row, column)| {
            let (row, column) = (rows.get(row), columns.get(column));
            match row.abs_diff(column) {
                0 => 4.0,
                // Neighbours in a line of the grid, unless one line ends and the next begins between them.
                1 if row / m == column / m => -1.0,
                distance if distance == m => -1.0,
                _ => 0.0,
            }
        })
    };
    let edges = |_: &Task, part: &Part, m: usize| {
        let rows = &part.axes()[0];
        Array1::from_shape_fn(rows.len(), |row| {
            let (i, j) = (rows.get(row) / m + 1, rows.get(row) % m + 1);
            let neighbours = [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)];
            let known = neighbours.into_iter().filter(|(i, j)| [*i, *j].iter().any(|k| *k == 0 || *k == m + 1));
            known.map(|(i, j)| temperature(place(i, m), place(j, m))).sum()
        })
    };
    (DistArray::from_local((n, n), matrix, m), DistArray::from_local(n, edges, m))
}

/// The temperatures as they should be.
fn exact(m: usize) -> DistArray<f64, Ix1> {
    let values = |_: &Task, part: &Part, m: usize| {
        let rows = &part.axes()[0];
        let value = |row: usize| temperature(place(row / m + 1, m), place(row % m + 1, m));
        Array1::from_shape_fn(rows.len(), |row| value(rows.get(row)))
    };
    DistArray::from_local(m * m, values, m)
}

/// A vector of m^2 elements as a table of m rows: each task fetches the elements of its rows.
fn on_grid(vector: &DistArray<f64, Ix1>, m: usize) -> DistArray<f64, Ix2> {
    let rows = |task: &Task, part: &Part, (vector, m): (DistArray<f64, Ix1>, usize)| {
        let layout = pmi_toolkit::array::Layout::new(&[m, m], task.size());
        let mine = vector.fetch(task, |rank| Part::new([Indices::range(layout.elements(rank))]));
        Array2::from_shape_vec((part.shape()[0], m), mine.to_vec()).expect("a task's rows have its elements")
    };
    DistArray::from_local((m, m), rows, (vector.clone(), m))
}
