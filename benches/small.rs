//! What an operation on 10 elements costs on two ranks beyond a bare `pmi::call`: the expression's way to the tasks, the
//! slabs, the result's handle; against 5 microseconds.
//!
//! Calls and operations take turns in batches, each figure is the difference of the medians. A ratio below 0 says that
//! the operation was no slower than the call.
//!
//! How to read the table and which arguments there are: see `support`.

mod support;

use pmi_toolkit::prelude::*;
use std::process::ExitCode;
use support::{Bench, Figures, Missing, Row, median, seconds};

const ELEMENTS: usize = 10;
const BATCH: usize = 1000;
const BATCHES: usize = 51;
/// Microseconds to be content with.
const LIMIT: f64 = 5.0;

fn main() -> ExitCode {
    let mut bench = Bench::start();
    let on_ranks = bench.on_ranks(2, "operations", || {
        let _pmi = pmi::Setup::new().threads(1).start()?;
        operations()
    });
    bench.compare(
        [
            Row::time("eval of a * 2, 2 ranks, beyond a call", "us").figure("eval").target(1.0),
            Row::time("sum, 2 ranks, beyond a call", "us").figure("sum").target(1.0),
        ],
        on_ranks,
        || Ok([("eval", LIMIT), ("sum", LIMIT)]),
    );
    bench.finish()
}

/// Microseconds an operation beyond those of a call.
fn operations() -> Result<Figures, Missing> {
    let a = DistArray::from_fn(ELEMENTS, |i| i as f64);
    let microseconds = |operation: &dyn Fn()| 1e6 * seconds(|| (0..BATCH).for_each(|_| operation())) / BATCH as f64;
    let call = || assert!(pmi::call(|_: &Task, x: u64| x + 1, 1).is_ok_and(|x| x == 2));
    let eval = || drop((&a * 2.0).eval());
    let sum = || assert!(a.sum() == 45.0);
    let operations: [&dyn Fn(); 3] = [&call, &eval, &sum];
    let mut all = [const { Vec::new() }; 3];
    for _ in 0..BATCHES {
        for (times, operation) in all.iter_mut().zip(operations) {
            times.push(microseconds(operation));
        }
    }
    let [call, eval, sum] = all.map(median);
    Ok([("eval", eval - call), ("sum", sum - call)].into())
}
