//! Reductions of 16 M `f64`, against what the memory gives to loops in C that read as much.
//!
//! - `min`, `max`, `argmax`; `sum`; `mean and var`, both in one pass; `sum over axis`, of 4000 x 4000: against STREAM's
//!   reading of one array.
//! - `dot`, the sum of the products of two arrays: against a dot product in C, that is, reading two.
//!
//! Sums of ours are the same bits in any order (see `pmi_array::reduce`); those in C are whatever the compiler makes of
//! them, which is why we are content with less there.
//!
//! Rates are in GB/s, with each array read counted once. Each figure is the best of some repetitions in one run, on both
//! sides.
//!
//! How to read the table and which arguments there are: see `support`.

mod support;

use pmi_toolkit::array::reduce::{Mean, Var};
use pmi_toolkit::prelude::*;
use std::process::ExitCode;
use support::{Bench, Figures, Missing, Row, Yardstick, fewest_seconds};

const SIDE: usize = 4000;
const ELEMENTS: usize = SIDE * SIDE;
const REPETITIONS: usize = 15;

fn main() -> ExitCode {
    let mut bench = Bench::start();
    let stream = Yardstick::c("stream.c").flags(["-fopenmp", "-ffast-math"]).args([ELEMENTS, 2, REPETITIONS]);
    let rows = |world: &str| {
        let row = |name: &str, figure: &str, target| {
            let against = if figure == "dot" { "read_two" } else { "read" };
            Row::rate(format!("{name}, {world}"), "GB/s").figure(figure).against(against).target(target)
        };
        [
            row("min", "min", 0.9),
            row("max", "max", 0.9),
            row("argmax", "argmax", 0.9),
            row("sum", "sum", 0.7),
            row("dot", "dot", 0.7),
            row("mean and var", "mean_var", 0.7),
            row("sum over axis 0", "axis_0", 0.7),
            row("sum over axis 1", "axis_1", 0.7),
        ]
    };
    bench.compare(rows("2 threads"), || pmi::Setup::new().tasks(1).threads(2).run(reductions)?, stream.clone());
    let on_ranks = bench.on_ranks(2, "reductions", || {
        let _pmi = pmi::Setup::new().threads(1).start()?;
        reductions()
    });
    bench.compare(rows("2 ranks"), on_ranks, stream);
    bench.finish()
}

/// The rate of `work`, which reads so many arrays.
fn rate<R>(arrays: usize, work: impl FnMut() -> R) -> f64 {
    1e-9 * (arrays * ELEMENTS * size_of::<f64>()) as f64 / fewest_seconds(REPETITIONS, work)
}

/// The numbers are neither sorted nor of one sign or size: that would favour what compares and branches.
fn reductions() -> Result<Figures, Missing> {
    let scrambled = |i: usize| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
    let a = DistArray::from_fn(ELEMENTS, scrambled);
    let b = DistArray::from_fn(ELEMENTS, |i| 1e-9 * i as f64);
    let one_dimensional = [
        ("min", rate(1, || a.min())),
        ("max", rate(1, || a.max())),
        ("argmax", rate(1, || a.argmax())),
        ("sum", rate(1, || a.sum())),
        ("dot", rate(2, || (&a * &b).sum())),
        ("mean_var", rate(1, || a.aggregate((Mean, Var { ddof: 0 })))),
    ];
    drop((a, b));
    let square = DistArray::from_fn((SIDE, SIDE), |(i, j)| {
        let number = (i * SIDE + j).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (number >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    });
    let along_axes = [("axis_0", rate(1, || square.over(0).sum())), ("axis_1", rate(1, || square.over(1).sum()))];
    let all = one_dimensional.into_iter().chain(along_axes);
    Ok(Figures::Named(all.map(|(name, rate)| (name.to_owned(), rate)).collect()))
}
