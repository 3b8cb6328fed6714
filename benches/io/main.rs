//! Files, against what C does with the same library or none, in the same folders: one in memory (`/dev/shm`), one on
//! disk.
//!
//! How to read the table and which arguments there are: see `support`.

mod hdf5;
mod npy;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut bench = support::Bench::start();
    hdf5::compare(&mut bench);
    npy::compare(&mut bench);
    bench.finish()
}
