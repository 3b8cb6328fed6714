//! Products and factorisations of 4000 x 4000 `f64`: against ScaLAPACK, NumPy and SciPy, and a product by all threads of one
//! process.
//!
//! - `2 ranks`, `4 ranks`, `8 ranks`: against ScaLAPACK on as many ranks, its best of three block sizes, its matrices being in
//!   its own layout from the start: ours begin in rows, and are moved and checked for infinities in the time that counts. The
//!   library is `-lscalapack-openmpi`, or what the environment variable `SCALAPACK` names.
//! - `2 threads`: one task, against NumPy and SciPy (the environment variable `PYTHON` names a Python that has them), and the
//!   product against the same in `faer` without any array around it.
//! - `tall`, `det`, `inv`: against what Heat took on a machine of this kind (0.19 s, 2.9 s, 1.7 s); `small`: against 50 us.
//!
//! Rates are in GFLOP/s of the usual counts (`2 n^3`, `n^3 / 3`, `2 n^3 / 3`, `4 n^3 / 3`). Each figure is the best of some
//! repetitions in one run, on both sides.
//!
//! How to read the table and which arguments there are: see `support`.

mod support;

use faer::linalg::matmul::matmul as local_matmul;
use faer::{Accum, Mat, Par};
use ndarray::Ix2;
use pmi_toolkit::linalg::{cholesky, matmul};
use pmi_toolkit::prelude::*;
use std::process::ExitCode;
use support::{Bench, Figures, Missing, Row, Script, Yardstick, fewest_seconds};

const N: usize = 4000;
const REPETITIONS: usize = 3;
const OPERATIONS: [(&str, f64, f64, f64); 2] = [("matmul", 1.2, 0.9, 2.0), ("cholesky", 1.1, 0.9, 1.0 / 3.0)];

fn main() -> ExitCode {
    let mut bench = Bench::start();
    let library = std::env::var("SCALAPACK").unwrap_or("-lscalapack-openmpi -lopenblas".into());
    let scalapack = |ranks, runs: usize| {
        let flags = library.split(' ').chain(["-lm"]).map(String::from).collect::<Vec<_>>();
        Yardstick::mpi("scalapack.c", ranks).flags(flags).args([N, runs])
    };
    for (ranks, case) in [(2, "on 2 ranks"), (4, "on 4 ranks"), (8, "on 8 ranks")] {
        let rows = OPERATIONS.map(|(name, target, ..)| {
            let target = if ranks == 2 { target } else { 1.0 };
            Row::rate(format!("{name}, {ranks} ranks; ScaLAPACK"), "GFLOP/s").figure(name).target(target)
        });
        let ours = bench.on_ranks(ranks, case, || {
            let _pmi = pmi::Setup::new().threads(1).start()?;
            operations()
        });
        bench.compare(rows, ours, scalapack(ranks, if ranks == 2 { REPETITIONS } else { 1 }));
    }
    bench.compare(
        OPERATIONS.map(|(name, _, target, _)| {
            Row::rate(format!("{name}, 2 threads; SciPy"), "GFLOP/s").figure(name).target(target)
        }),
        || embedded(2, operations),
        Script::scipy("linalg.py", [N, REPETITIONS]),
    );
    bench.compare(
        [Row::rate("matmul, 2 threads; faer", "GFLOP/s").target(0.9)],
        || embedded(2, || Ok(product().into())),
        || Ok(pmi::Setup::new().tasks(1).threads(2).run(local_product)?),
    );
    bench.finish()
}

/// Runs `measure` in an embedded world of one task.
fn embedded(threads: usize, measure: fn() -> Result<Figures, Missing>) -> Result<Figures, Missing> {
    pmi::Setup::new().tasks(1).threads(threads).run(measure)?
}

/// Symmetric, and positive definite.
fn matrix() -> DistArray<f64, Ix2> {
    DistArray::from_fn((N, N), |(i, j)| {
        let (least, most) = (i.min(j), i.max(j));
        ((least * 7919 + most * 104_729) % 1009) as f64 / 1009.0 - 0.5 + if i == j { N as f64 } else { 0.0 }
    })
}

fn rate<R>(operations: f64, work: impl FnMut() -> R) -> f64 {
    1e-9 * operations * (N as f64).powi(3) / fewest_seconds(REPETITIONS, work)
}

fn product() -> f64 {
    let a = matrix();
    rate(2.0, || matmul(&a, &a))
}

/// The same by `faer` alone, into memory that is there.
fn local_product() -> f64 {
    let a = Mat::from_fn(N, N, |i, j| (i as f64 - j as f64) / N as f64);
    let mut c = Mat::zeros(N, N);
    rate(2.0, || local_matmul(&mut c, Accum::Replace, &a, &a, 1.0, Par::rayon(2)))
}

fn operations() -> Result<Figures, Missing> {
    let a = matrix();
    Ok([
        ("matmul", rate(2.0, || matmul(&a, &a))),
        ("cholesky", rate(1.0 / 3.0, || cholesky(&a).expect("positive definite"))),
    ]
    .into())
}
