//! The Mandelbrot set of 3000 x 2000 pixels, at most 1000 iterations each, against hand-written AVX-512 (or AVX2) in C.
//!
//! - `every iteration`: both sides do all iterations. The row below it shows how many, hence that the work is the same;
//!   rounding makes them differ in the seventh digit.
//! - `exact shortcuts`: ours as it is by default, without the iterations whose outcome is known; same counts.
//! - `ranks for threads`, `tasks for threads`: ours against ours, the same two cores used as two tasks of one thread
//!   and as one task of two threads.
//! - `balance`: the mean of the tasks' computing times over the longest; 1 is a perfect share. Computing time is CPU
//!   time, as there may be more tasks than cores.
//!
//! How to read the table and which arguments there are: see `support`.

mod support;

use pmi_toolkit::prelude::*;
use std::process::ExitCode;
use support::{Bench, Figures, Missing, Row, Yardstick, timed};

const SIZE: (usize, usize) = (3000, 2000);
const MAXIT: u32 = 1000;

/// Images that a figure of the balance is taken over.
const IMAGES: usize = 5;

/// A rectangle of the complex plane: two opposite corners.
type Corners = [(f64, f64); 2];

const WHOLE: Corners = [(-2.0, -1.0), (1.0, 1.0)];

/// All of the set is in the first half of the rows.
const LOPSIDED: Corners = [(-2.0, 0.0), (1.0, 2.0)];

fn main() -> ExitCode {
    let mut bench = Bench::start();
    let limit = Yardstick::c("fractal.c").flags(["-fopenmp"]).args([SIZE.0, SIZE.1, MAXIT as usize, 2, 3]);
    bench.compare(
        [
            Row::time("every iteration, 2 threads", "s").figure("seconds").target(1.0),
            Row::rate("every iteration, 2 threads: how many", "10^9").figure("giterations"),
        ],
        || embedded(1, 2, || picture(false)),
        limit.clone(),
    );
    bench.compare(
        [Row::time("exact shortcuts, 2 threads", "s").figure("seconds").target(3.0)],
        || embedded(1, 2, || picture(true)),
        limit,
    );
    let (two_ranks, two_threads) =
        (bench.on_ranks(2, "2-ranks", || ranks(1)), bench.on_ranks(1, "2-threads", || ranks(2)));
    bench.compare([Row::time("ranks for threads, MPI", "s").figure("seconds").target(0.97)], two_ranks, two_threads);
    bench.compare(
        [Row::time("tasks for threads, embedded", "s").figure("seconds").target(0.97)],
        || embedded(2, 1, || picture(false)),
        || embedded(1, 2, || picture(false)),
    );
    for (view, corners) in [("whole set", WHOLE), ("lopsided zoom", LOPSIDED)] {
        for tasks in [2, 3, 4, 7] {
            let row = Row::rate(format!("balance, {view}, {tasks} tasks"), "mean/max").target(0.95);
            bench.compare([row], || embedded(tasks, 1, || balance(corners)), 1.0);
        }
    }
    bench.finish()
}

/// `measure` in a new world of this process.
fn embedded<T: Send>(
    tasks: usize,
    threads: usize,
    measure: impl FnOnce() -> Result<T, Missing> + Send,
) -> Result<T, Missing> {
    pmi::Setup::new().tasks(tasks).threads(threads).run(measure)?
}

/// The picture in the MPI world, each rank with so many threads.
fn ranks(threads: usize) -> Result<Figures, Missing> {
    let _pmi = pmi::Setup::new().threads(threads).start()?;
    picture(false)
}

fn mandelbrot([corner1, corner2]: Corners) -> Fractal {
    Fractal::mandelbrot().corners(corner1, corner2).size(SIZE.0, SIZE.1).maxit(MAXIT)
}

/// The seconds that the picture takes, once it has been made to warm up, and its iterations.
fn picture(shortcuts: bool) -> Result<Figures, Missing> {
    let fractal = mandelbrot(WHOLE).shortcuts(shortcuts);
    fractal.counts()?;
    let (seconds, counts) = timed(|| fractal.counts());
    let iterations: f64 = counts?.gather()?.iter().map(|&count| f64::from(count)).sum();
    Ok([("seconds", seconds), ("giterations", iterations / 1e9)].into())
}

/// The mean of the tasks' computing times over the longest.
fn balance(corners: Corners) -> Result<f64, Missing> {
    let fractal = mandelbrot(corners);
    fractal.counts()?;
    let before = busy_seconds()?;
    (0..IMAGES).try_for_each(|_| fractal.counts().map(drop))?;
    let busy: Vec<f64> = busy_seconds()?.iter().zip(before).map(|(after, before)| after - before).collect();
    let mean = busy.iter().sum::<f64>() / busy.len() as f64;
    Ok(mean / busy.iter().copied().fold(0.0, f64::max))
}

/// The CPU time that each task's thread has spent so far.
fn busy_seconds() -> pmi::Result<Vec<f64>> {
    let seconds = |_: &Task, ()| {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
    };
    pmi::invoke(seconds, ())
}
