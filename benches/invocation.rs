//! What it costs on two ranks to call a method, and to move 64 MiB through the communicator, against bare MPI in C.
//!
//! - `call`: the controller calls a function of one 8-byte argument on all tasks and gets its own result; every task
//!   runs it. C only sends the messages that this takes, a header, the argument and the results, in three collectives;
//!   the second row compares with header and argument in one broadcast, the least that MPI's collectives can do.
//! - `broadcast`, `gather`, `all-reduce`: 64 MiB a rank, on buffers that are there already; the slowest rank's time.
//!
//! How to read the table and which arguments there are: see `support`.

mod support;

use pmi::{Comm, Task, op};
use std::process::ExitCode;
use support::{Bench, Figures, Missing, Row, Yardstick, median, seconds, timed};

const RANKS: usize = 2;
const ROOT: usize = 0;
const CALLS: u64 = 200_000;
const MIB: usize = 64;
const REPETITIONS: usize = 7;

fn main() -> ExitCode {
    let mut bench = Bench::start();
    let calls = bench.on_ranks(RANKS, "calls", calls);
    bench.compare(
        [
            Row::time("call, 2 ranks, 8 bytes", "us").against("three").target(0.75),
            Row::time("call, 2 ranks, 8 bytes; one broadcast in C", "us").against("fused"),
        ],
        calls,
        Yardstick::mpi("call.c", RANKS).args([CALLS]),
    );
    let bulk = bench.on_ranks(RANKS, "collectives", collectives);
    bench.compare(
        [
            Row::time("broadcast, 2 ranks, 64 MiB", "s").figure("broadcast").target(0.95),
            Row::time("gather, 2 ranks, 64 MiB", "s").figure("gather").target(0.95),
            Row::time("all-reduce, 2 ranks, 64 MiB", "s").figure("all_reduce").target(0.95),
        ],
        bulk,
        Yardstick::mpi("collectives.c", RANKS).args([MIB, REPETITIONS]),
    );
    bench.finish()
}

/// Microseconds a call, after a tenth of the calls to warm up.
fn calls() -> Result<f64, Missing> {
    let _pmi = pmi::setup()?;
    let calls = |count| (0..count).try_for_each(|x: u64| pmi::call(|_: &Task, x: u64| x + 1, x).map(drop));
    calls(CALLS / 10)?;
    let (seconds, done) = timed(|| calls(CALLS));
    done?;
    Ok(seconds / CALLS as f64 * 1e6)
}

fn collectives() -> Result<Figures, Missing> {
    let _pmi = pmi::setup()?;
    let (broadcast, gather, all_reduce) = pmi::call(on_every_task, (MIB, REPETITIONS))?;
    Ok([("broadcast", broadcast), ("gather", gather), ("all_reduce", all_reduce)].into())
}

/// The seconds of a broadcast, a gather and an all-reduce of so many MiB a task.
fn on_every_task(task: &Task, (mib, repetitions): (usize, usize)) -> (f64, f64, f64) {
    let comm = task.comm();
    let count = mib * ((1 << 20) / size_of::<f64>());
    let mut mine = vec![1.0; count];
    let mut sum = vec![0.0; count];
    let mut all = (task.rank() == ROOT).then(|| vec![0.0; count * task.size()]);
    (
        slowest(comm, repetitions, || comm.broadcast(ROOT, &mut mine)),
        slowest(comm, repetitions, || comm.gather_into(ROOT, &mine, all.as_deref_mut())),
        slowest(comm, repetitions, || comm.all_reduce_into(&mine, &mut sum, op::SUM)),
    )
}

/// The median over the repetitions of the slowest task's seconds. One more to warm up touches what it writes to.
fn slowest(comm: &Comm, repetitions: usize, mut collective: impl FnMut()) -> f64 {
    collective();
    let repetition = |_| {
        comm.barrier();
        comm.all_reduce(&[seconds(&mut collective)], op::MAX)[0]
    };
    median((0..repetitions).map(repetition).collect())
}
