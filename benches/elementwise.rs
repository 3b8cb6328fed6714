//! Expressions of 16 M `f64`, evaluated element by element: against what the memory gives to the same loops in C, against
//! NumPy, and against the C library's functions.
//!
//! - `triad`: `a * 2 + b`, into an array that is there (`assign`), and into a new one that is dropped at once, so that the
//!   next one gets its memory (`eval`); against the triad of STREAM.
//! - `chain and sum`: the sum of five operations on one array, without a temporary; against STREAM's reading of one.
//! - `closure`: a polynomial of ten operations by `map`; against the same loop in C on as many threads.
//! - `exp`, `sin`, `log`, `pow`: two threads against NumPy, which has one (the row with one thread says what is due to
//!   that); one thread against a loop over scalar calls of the C library.
//!
//! Rates are in GB/s, with each array read and each written counted once. Each figure is the best of some repetitions in
//! one run, on both sides.
//!
//! How to read the table and which arguments there are: see `support`.

mod support;

use pmi_toolkit::prelude::*;
use std::process::ExitCode;
use support::{Bench, Figures, Missing, Row, Script, Yardstick, fewest_seconds};

const ELEMENTS: usize = 16_000_000;
const REPETITIONS: usize = 15;
const FUNCTIONS: [&str; 4] = ["exp", "sin", "log", "pow"];

fn main() -> ExitCode {
    let mut bench = Bench::start();
    let stream = Yardstick::c("stream.c").args([ELEMENTS, 2, REPETITIONS]);
    let fast = stream.clone().flags(["-fopenmp", "-ffast-math"]);
    let strict = stream.flags(["-fopenmp"]);
    let rows = |world: &str| {
        [
            Row::rate(format!("triad, assign, {world}"), "GB/s").figure("assign").against("triad").target(0.9),
            Row::rate(format!("triad, eval, {world}"), "GB/s").figure("eval").against("triad").target(0.9),
            Row::rate(format!("chain and sum, {world}"), "GB/s").figure("chain").against("read").target(0.9),
        ]
    };
    bench.compare(rows("2 threads"), || embedded(2, in_memory), fast.clone());
    let on_ranks = bench.on_ranks(2, "in memory", || {
        let _pmi = pmi::Setup::new().threads(1).start()?;
        in_memory()
    });
    bench.compare(rows("2 ranks"), on_ranks, fast);
    bench.compare(
        [Row::rate("closure, 2 threads", "GB/s").figure("closure").against("polynomial").target(0.95)],
        || embedded(2, closure),
        strict,
    );

    let numpy = Script::numpy("functions.py", [ELEMENTS, 3]);
    bench.compare(
        FUNCTIONS.map(|name| Row::time(format!("{name}, 2 threads; NumPy"), "ns/element").figure(name).target(1.5)),
        || embedded(2, functions),
        numpy.clone(),
    );
    bench.compare(
        FUNCTIONS.map(|name| Row::time(format!("{name}, 1 thread; NumPy"), "ns/element").figure(name)),
        || embedded(1, functions),
        numpy,
    );
    bench.compare(
        FUNCTIONS.map(|name| Row::time(format!("{name}, 1 thread; scalar C"), "ns/element").figure(name).target(4.0)),
        || embedded(1, functions),
        Yardstick::c("libm.c").flags(["-fno-tree-vectorize", "-lm"]).args([ELEMENTS, 3]),
    );
    bench.finish()
}

/// Runs `measure` in an embedded world of one task.
fn embedded(threads: usize, measure: fn() -> Result<Figures, Missing>) -> Result<Figures, Missing> {
    pmi::Setup::new().tasks(1).threads(threads).run(measure)?
}

/// The rate of `work`, which reads or writes so many arrays.
fn rate<R>(arrays: usize, work: impl FnMut() -> R) -> f64 {
    1e-9 * (arrays * ELEMENTS * size_of::<f64>()) as f64 / fewest_seconds(REPETITIONS, work)
}

fn in_memory() -> Result<Figures, Missing> {
    let a = DistArray::from_fn(ELEMENTS, |i| 1e-9 * i as f64);
    let b = DistArray::<f64, _>::ones(ELEMENTS);
    let mut c = DistArray::<f64, _>::zeros(ELEMENTS);
    let chain = ((&a * 2.0 + 1.0) * &a - 3.0).abs();
    Ok([
        ("assign", rate(3, || c.assign(&a * 2.0 + &b))),
        ("eval", rate(3, || (&a * 2.0 + &b).eval())),
        ("chain", rate(1, || chain.sum())),
    ]
    .into())
}

fn closure() -> Result<Figures, Missing> {
    let a = DistArray::from_fn(ELEMENTS, |i| 1e-9 * i as f64);
    let polynomial = a.map(|x| ((((0.5 * x - 0.25) * x + 0.125) * x - 2.0) * x + 3.0) * x - 1.0);
    Ok([("closure", rate(2, || polynomial.eval()))].into())
}

/// The nanoseconds that each function takes, of numbers from 0.5 to 20; exponents are from -2 to 2.
fn functions() -> Result<Figures, Missing> {
    let x = DistArray::from_fn(ELEMENTS, |i| 0.5 + 19.5 * i as f64 / ELEMENTS as f64);
    let y = DistArray::from_fn(ELEMENTS, |i| 4.0 * i as f64 / ELEMENTS as f64 - 2.0);
    let nanoseconds = |seconds: f64| 1e9 * seconds / ELEMENTS as f64;
    Ok([
        ("exp", nanoseconds(fewest_seconds(3, || x.exp().eval()))),
        ("sin", nanoseconds(fewest_seconds(3, || x.sin().eval()))),
        ("log", nanoseconds(fewest_seconds(3, || x.log().eval()))),
        ("pow", nanoseconds(fewest_seconds(3, || x.pow(&y).eval()))),
    ]
    .into())
}
