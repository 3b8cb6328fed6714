//! What it costs to bring an array into another layout on two ranks, against packing by hand around an `MPI_Alltoallv` in
//! C; and the memory that it takes.
//!
//! - `block to block-cyclic`, `block-cyclic to block`: 2^24 f64 in one block a rank, to blocks of 64 and back.
//! - `rows to columns`: 4096 x 4096 f64.
//! - `result kept`: the same figure of ours, against C into memory that has been written to before. Ours is a new array:
//!   the system's first touch of its pages is part of the time, as it is in C's in the rows above.
//! - `extra memory`: the most that a rank has resident while 4 GB are brought from one block a rank to blocks of 64 under
//!   a budget of 64 MiB, without the old and the new array; against 80 MiB.
//!
//! How to read the table and which arguments there are: see `support`.

mod support;

use pmi_toolkit::array::Distribution;
use pmi_toolkit::prelude::*;
use std::fs;
use std::process::ExitCode;
use support::{Bench, Figures, Missing, Row, Yardstick, median, timed};

const RANKS: usize = 2;
const ELEMENTS: usize = 1 << 24;
const BLOCK: usize = 64;
const SIDE: usize = 4096;
const REPETITIONS: usize = 7;

/// Elements of the array whose way is watched for memory: 4 GB.
const MANY: usize = 500_000_000;
const BUDGET: usize = 64 << 20;
const MIB: f64 = 1048576.0;

fn main() -> ExitCode {
    let mut bench = Bench::start();
    let times = bench.on_ranks(RANKS, "times", times);
    bench.compare(
        [
            Row::time("block to block-cyclic, 16 M f64", "s").figure("to_cyclic").target(0.8),
            Row::time("block-cyclic to block, 16 M f64", "s").figure("to_blocks").target(0.8),
            Row::time("rows to columns, 16 M f64", "s").figure("transpose").target(0.8),
            Row::time("block to block-cyclic; result kept in C", "s")
                .figure("to_cyclic")
                .against("to_cyclic_kept")
                .target(0.8),
            Row::time("block-cyclic to block; result kept in C", "s")
                .figure("to_blocks")
                .against("to_blocks_kept")
                .target(0.8),
            Row::time("rows to columns; result kept in C", "s")
                .figure("transpose")
                .against("transpose_kept")
                .target(0.8),
        ],
        times,
        Yardstick::mpi("motion.c", RANKS).args([ELEMENTS, BLOCK, SIDE, REPETITIONS]),
    );
    let memory = bench.on_ranks(RANKS, "memory", memory);
    bench.compare([Row::time("extra memory, 4 GB within 64 MiB", "MiB").target(1.0)], memory, 80.0);
    bench.finish()
}

fn times() -> Result<Figures, Missing> {
    let _pmi = pmi::Setup::new().threads(1).start()?;
    let blocks = DistArray::arange(0.0, ELEMENTS as f64, 1.0);
    let cards = blocks.redistribute([Axis::BlockCyclic(BLOCK)]);
    let rows = DistArray::<f64, _>::ones((SIDE, SIDE));
    Ok([
        ("to_cyclic", seconds(&blocks, [Axis::BlockCyclic(BLOCK)])?),
        ("to_blocks", seconds(&cards, [Axis::Block])?),
        ("transpose", seconds(&rows, [Axis::Whole, Axis::Block])?),
    ]
    .into())
}

/// The median seconds of bringing an array into another layout, once to warm up left out.
fn seconds<D: ndarray::Dimension>(array: &DistArray<f64, D>, to: impl Into<Distribution>) -> Result<f64, Missing> {
    let to = to.into();
    let mut all = Vec::new();
    for _ in 0..=REPETITIONS {
        let (seconds, moved) = timed(|| array.redistribute(to.clone()));
        all.push(seconds);
        drop(moved);
        // What was dropped goes with the next command: outside of the time.
        pmi::exec(|_: &Task, ()| (), ())?;
    }
    Ok(median(all.split_off(1)))
}

/// The MiB that the rank with most of them had resident on the way, beside the arrays themselves.
fn memory() -> Result<f64, Missing> {
    let _pmi = pmi::Setup::new().threads(1).start()?;
    let array = DistArray::full(MANY, 1.0);
    // A first, small move: what the library allocates once is not counted.
    DistArray::full(1 << 20, 1.0).redistribute([Axis::Cyclic]);
    let before = pmi::invoke(
        |_: &Task, ()| {
            // Resets the peak: proc(5).
            let _ = fs::write("/proc/self/clear_refs", "5");
            resident("VmRSS:")
        },
        (),
    )?;
    let moved = array.redistribute_within([Axis::BlockCyclic(BLOCK)], BUDGET);
    let peak = pmi::invoke(|_: &Task, ()| resident("VmHWM:"), ())?;
    let extra = (0..before.len()).map(|rank| {
        let new = (moved.layout().part(rank).len() * size_of::<f64>()) as f64 / MIB;
        Some(peak[rank]? - before[rank]? - new)
    });
    let extra: Option<Vec<f64>> = extra.collect();
    let extra = extra.ok_or_else(|| Missing::because("the system does not tell the memory of a process"))?;
    Ok(extra.into_iter().fold(0.0, f64::max))
}

/// A size of this process in MiB.
fn resident(name: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}
