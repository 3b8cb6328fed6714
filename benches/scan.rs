//! Running sums of 4000 x 4000 `f64` along either axis: against NumPy, and against what the memory gives to a copy in C,
//! which reads and writes as much.
//!
//! Along axis 0 rows are added to rows; along axis 1 every lane is a chain of additions, each of which waits for the one
//! before. Every result is in memory of the one before, which is dropped.
//!
//! Rates are in GB/s, with each array read and each written counted once. Each figure is the best of some repetitions in
//! one run, on both sides.
//!
//! How to read the table and which arguments there are: see `support`.

mod support;

use pmi_toolkit::prelude::*;
use std::process::ExitCode;
use support::{Bench, Figures, Missing, Row, Script, Yardstick, fewest_seconds};

const SIDE: usize = 4000;
const REPETITIONS: usize = 15;

fn main() -> ExitCode {
    let mut bench = Bench::start();
    let rows = |world: &str, yardstick: &str, against: Option<&str>, target: f64| {
        [("axis_0", 0), ("axis_1", 1)].map(|(figure, axis)| {
            Row::rate(format!("cumsum over axis {axis}, {world}; {yardstick}"), "GB/s")
                .figure(figure)
                .against(against.unwrap_or(figure))
                .target(target)
        })
    };
    let on_threads = || pmi::Setup::new().tasks(1).threads(2).run(scans)?;
    let stream = Yardstick::c("stream.c").flags(["-fopenmp", "-ffast-math"]).args([SIDE * SIDE, 2, REPETITIONS]);
    bench.compare(rows("2 threads", "copy", Some("copy"), 0.7), on_threads, stream.clone());
    let on_ranks = bench.on_ranks(2, "scans", || {
        let _pmi = pmi::Setup::new().threads(1).start()?;
        scans()
    });
    bench.compare(rows("2 ranks", "copy", Some("copy"), 0.7), on_ranks, stream);
    bench.compare(rows("2 threads", "NumPy", None, 4.0), on_threads, Script::numpy("scans.py", [SIDE, 5]));
    bench.finish()
}

fn scans() -> Result<Figures, Missing> {
    let x = DistArray::from_fn((SIDE, SIDE), |(i, j)| ((i * SIDE + j) % 1013) as f64 - 500.0);
    let rate = |axis| 2e-9 * (SIDE * SIDE * size_of::<f64>()) as f64 / fewest_seconds(REPETITIONS, || x.cumsum(axis));
    Ok([("axis_0", rate(0)), ("axis_1", rate(1))].into())
}
