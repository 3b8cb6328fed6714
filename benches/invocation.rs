//! What it costs on two ranks to call a method, and to move 64 MiB through the communicator, against bare MPI in C.
//!
//! - `call`: the controller calls a function of one 8-byte argument on all tasks and gets its own result; every task
//!   runs it. C only sends the messages that this takes, a header, the argument and the results, in three collectives;
//!   the second row compares with header and argument in one broadcast, the least that MPI's collectives can do.
//! - `broadcast`, `gather`, `all-reduce`: 64 MiB a rank, on buffers that are there already; the slowest rank's time.
//!
//! - `idle worker`: the time on a core that a process takes while its controller does nothing, against the twentieth of
//!   a core that we allow; `first call after idling`: against a millisecond. No task has anything to do in between.
//!
//! How to read the table and which arguments there are: see `support`.

mod support;

use pmi::{Comm, Task, op};
use rustix::time::{ClockId, clock_gettime};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;
use support::{Bench, Figures, Missing, Row, Yardstick, median, seconds, timed};

const RANKS: usize = 2;
const ROOT: usize = 0;
const CALLS: u64 = 200_000;
const MIB: usize = 64;
const REPETITIONS: usize = 7;
/// How long workers idle: to see what that costs, and before the first call.
const IDLE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

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
    let idle = bench.on_ranks(RANKS, "idle", || {
        let _pmi = pmi::setup()?;
        idling()
    });
    bench.compare(idle_rows("2 ranks"), idle, idle_limits);
    bench.compare(idle_rows("2 embedded"), || pmi::with_tasks(RANKS, idling), idle_limits);
    bench.finish()
}

fn idle_rows(world: &str) -> [Row; 2] {
    [
        Row::time(format!("idle worker, {world}"), "of a core").figure("share").target(1.0),
        Row::time(format!("first call after idling, {world}"), "us").figure("call").target(1.0),
    ]
}

fn idle_limits() -> Result<Figures, Missing> {
    Ok([("share", 0.05), ("call", 1000.0)].into())
}

/// The share of a core that the busiest process takes while nothing happens, and the microseconds of the call that
/// ends such a pause.
fn idling() -> Result<Figures, Missing> {
    let used = || pmi::invoke(|_: &Task, ()| seconds_on_cores(), ());
    let before = used()?;
    let (idle, ()) = timed(|| sleep(IDLE));
    let share = used()?.iter().zip(before).map(|(after, before)| (after - before) / idle).fold(0.0, f64::max);

    let first_call = |_| {
        sleep(PAUSE);
        let (seconds, done) = timed(|| pmi::call(|_: &Task, x: u64| x + 1, 1));
        done.map(|_| seconds * 1e6)
    };
    let calls = (0..51).map(first_call).collect::<pmi::Result<_>>()?;
    Ok([("share", share), ("call", median(calls))].into())
}

/// The time that all threads of this process have had on cores.
fn seconds_on_cores() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
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
