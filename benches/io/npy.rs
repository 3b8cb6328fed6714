//! `.npy` files of f64, against bare `pwrite` and `pread` of the same bytes in C, by as many ranks.
//!
//! Files are new for each repetition of writing; reading finds them in the system's memory. What is read goes into memory
//! that has been written to before, on both sides. Before each repetition, outside of the time, the system brings to the
//! disk what waits for that: otherwise it does so meanwhile, and takes a core, or stops who writes when too much waits.
//! Neither side waits for the disk within the time. The shortest repetition counts on both sides: memory that a virtual
//! machine has given back to its host, as it does with what is free for two seconds, costs ten times what writing to it
//! does, and a file of 4 GB takes some of it or none, by chance.

use crate::support::{Bench, Figures, Missing, Row, Yardstick, seconds};
use ndarray::Ix1;
use pmi_toolkit::prelude::*;
use std::path::{Path, PathBuf};

const REPETITIONS: usize = 5;
const FOLDERS: [(&str, &str); 2] = [("/dev/shm", "/dev/shm"), ("disk", env!("CARGO_TARGET_TMPDIR"))];
const SIZES: [(&str, usize); 2] = [("512 MB", 64_000_000), ("4 GB", 500_000_000)];

pub(crate) fn compare(bench: &mut Bench) {
    for (place, folder) in FOLDERS {
        for (size, elements) in SIZES {
            for ranks in [1, 2] {
                let what = format!("{size}, {ranks} rank{}, {place}", if ranks > 1 { "s" } else { "" });
                // One of eight names, for as long as the program runs.
                let case: &'static str = Box::leak(format!("npy {what}").into_boxed_str());
                let ours = bench.on_ranks(ranks, case, || measure(Path::new(folder), elements));
                bench.compare(
                    ["write", "read"].map(|way| Row::time(format!("npy {way}, {what}"), "s").figure(way).target(0.95)),
                    ours,
                    Yardstick::mpi("pwrite.c", ranks).args([folder, &elements.to_string(), &REPETITIONS.to_string()]),
                );
            }
        }
    }
}

/// A file that is gone when the benchmark ends.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn measure(folder: &Path, elements: usize) -> Result<Figures, Missing> {
    let _pmi = pmi::Setup::new().start()?;
    let file = Scratch(folder.join(format!("pmi-bench-{}.npy", std::process::id())));
    let array = DistArray::arange(0.0, elements as f64, 1.0);
    let (mut write, mut read) = (Vec::new(), Vec::new());
    for _ in 0..REPETITIONS {
        let _ = std::fs::remove_file(&file.0);
        rustix::fs::sync();
        let mut done = Ok(());
        write.push(seconds(|| done = array.save_npy(&file.0)));
        done?;
    }
    for _ in 0..REPETITIONS {
        rustix::fs::sync();
        let mut loaded = None;
        read.push(seconds(|| loaded = Some(DistArray::<f64, Ix1>::load_npy(&file.0))));
        drop(loaded.transpose()?);
        // What was dropped goes with the next command: outside of the time.
        pmi::exec(|_: &Task, ()| (), ())?;
    }
    let fewest = |seconds: Vec<f64>| seconds.into_iter().fold(f64::INFINITY, f64::min);
    Ok([("write", fewest(write)), ("read", fewest(read))].into())
}
