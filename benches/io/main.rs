//! Files, against the same in C.
//!
//! - [`hdf5`]: whole arrays, compressed ones, frames of a time series, overlap, memory. Needs the feature `hdf5-mpio`.
//!
//! Everything is done in `/dev/shm` and in `PMI_BENCH_DISK`, or cargo's folder for such things, and removed again.
//!
//! How to read the table and which arguments there are: see `support`.

mod hdf5;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;
use support::Bench;

fn main() -> ExitCode {
    let mut bench = Bench::start();
    hdf5::rows(&mut bench);
    bench.finish()
}
