//! Products and factorisations of 4000 x 4000 `f64`: against ScaLAPACK, NumPy and SciPy, and a product by all threads of one
//! process.
//!
//! - `2 ranks`, `4 ranks`, `8 ranks`: against ScaLAPACK on as many ranks, its best of three block sizes, its matrices being in
//!   its own layout from the start: ours begin in rows, and are moved and checked for infinities in the time that counts. The
//!   library is `-lscalapack-openmpi`, or what the environment variable `SCALAPACK` names.
//! - `2 threads`: one task, against NumPy and SciPy (the environment variable `PYTHON` names a Python that has them), and the
//!   product against the same in `faer` without any array around it.
//! - other sizes: `qr`, `det` and `inv` against what Heat took on a machine of this kind (0.19 s, 2.9 s for 500 x 500, 1.7 s); `solve`
//!   against 50 us.
//!
//! Rates are in GFLOP/s of the usual counts (`2 n^3`, `n^3 / 3`, `2 n^3 / 3`, `4 n^3 / 3`). Each figure is the best of some
//! repetitions in one run, on both sides.
//!
//! How to read the table and which arguments there are: see `support`.

mod support;

use faer::linalg::matmul::matmul as local_matmul;
use faer::{Accum, Mat, Par};
use ndarray::Ix2;
use pmi_toolkit::linalg::{cholesky, det, inv, lu, matmul, qr, solve};
use pmi_toolkit::prelude::*;
use std::process::ExitCode;
use support::{Bench, Figures, Missing, Row, Script, Yardstick, fewest_seconds};

const N: usize = 4000;
const REPETITIONS: usize = 3;
/// With the targets against ScaLAPACK on 2 ranks.
const OPERATIONS: [(&str, f64); 4] = [("matmul", 1.2), ("cholesky", 1.1), ("lu", 1.1), ("qr", 1.1)];

fn main() -> ExitCode {
    let mut bench = Bench::start();
    let library = std::env::var("SCALAPACK").unwrap_or("-lscalapack-openmpi -lopenblas".into());
    let scalapack = |ranks, runs: usize| {
        let flags = library.split(' ').chain(["-lm"]).map(String::from).collect::<Vec<_>>();
        Yardstick::mpi("scalapack.c", ranks).flags(flags).args([N, runs])
    };
    for (ranks, case) in [(2, "on 2 ranks"), (4, "on 4 ranks"), (8, "on 8 ranks")] {
        let rows = OPERATIONS.map(|(name, target)| {
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
        OPERATIONS.map(|(name, _)| Row::rate(format!("{name}, 2 threads; SciPy"), "GFLOP/s").figure(name).target(0.9)),
        || embedded(2, operations),
        Script::scipy("linalg.py", [N, REPETITIONS]),
    );
    bench.compare(
        [Row::rate("matmul, 2 threads; faer", "GFLOP/s").target(0.9)],
        || embedded(2, || Ok(product().into())),
        || Ok(pmi::Setup::new().tasks(1).threads(2).run(local_product)?),
    );
    let on_ranks = bench.on_ranks(2, "of other sizes", || {
        let _pmi = pmi::Setup::new().threads(1).start()?;
        other_sizes()
    });
    let rows = |world: &str, target: Option<f64>| {
        OTHERS.map(|(name, shape, _, wanted)| {
            let row = Row::time(format!("{name}, {shape}, {world}"), "s").figure(name);
            target.map_or(row.clone(), |factor| row.target(factor * wanted))
        })
    };
    let yardsticks = || Ok(OTHERS.map(|(name, _, seconds, _)| (name, seconds)));
    bench.compare(rows("2 ranks", Some(1.0)), on_ranks, yardsticks);
    bench.compare(rows("2 threads", None), || embedded(2, other_sizes), yardsticks);
    bench.finish()
}

/// What else is measured: of which shape, the seconds to compare with, and how many times faster ours is to be.
const OTHERS: [(&str, &str, f64, f64); 4] = [
    ("qr", "200000 x 50, with Q", 0.19, 1.5),
    ("det", "500 x 500", 2.9, 100.0),
    ("inv", "300 x 300", 1.7, 100.0),
    ("solve", "8 x 8", 50e-6, 1.0),
];

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
        ("cholesky", rate(1.0 / 3.0, || cholesky(&a).expect("it is positive definite"))),
        ("lu", rate(2.0 / 3.0, || lu(&a).expect("its elements are finite"))),
        ("qr", rate(4.0 / 3.0, || qr(&a).expect("its elements are finite"))),
    ]
    .into())
}

fn other_sizes() -> Result<Figures, Missing> {
    let dominant = |n: usize| {
        let identity = DistArray::<f64, Ix2>::eye((n, n), 0);
        (DistArray::from_fn((n, n), |(i, j)| ((7 * i + 13 * j) % 101) as f64 / 101.0) + &identity * n as f64).eval()
    };
    let tall = DistArray::from_fn((200_000, 50), |(i, j)| ((i * (j + 7919)) % 1009) as f64 / 1009.0 - 0.5);
    let (large, medium, small) = (dominant(500), dominant(300), dominant(8));
    let b = DistArray::<f64, _>::ones(8);
    let [of_qr, of_det, of_inv, of_solve] = OTHERS.map(|(name, ..)| name);
    Ok([
        (of_qr, fewest_seconds(5, || qr(&tall).and_then(|factors| factors.q()).expect("its elements are finite"))),
        (of_det, fewest_seconds(9, || det(&large).expect("its elements are finite"))),
        (of_inv, fewest_seconds(9, || inv(&medium).expect("it is not singular"))),
        (of_solve, fewest_seconds(2000, || solve(&small, &b).expect("it is not singular"))),
    ]
    .into())
}
