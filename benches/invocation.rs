//! What it costs on two ranks to call a method, and to move 64 MiB through the communicator, against bare MPI in C.
//!
//! - `call`, `invoke`, `reduce`: the controller has all tasks run a function of one argument and gets its own result,
//!   everyone's, or the sum. C only sends the messages that this takes: a header, the argument and the results, in three
//!   collectives; the row `one broadcast in C` compares with header and argument in one, the least that MPI's collectives
//!   can do.
//! - `invoke ... in mpi4py`: the same `invoke` as one writes it in Python, with a broadcast and a gather of pickled objects.
//! - `all_reduce`: inside a call, of 8 bytes, with and without the agreement that lets no task wait for one that failed.
//! - `broadcast`, `gather`, `all-reduce`: 64 MiB a rank, on buffers that are there already; the slowest rank's time.
//! - `embedded`: the same verbs where the tasks are threads, against 2 microseconds.
//! - `farm`: 10 000 items of about 100 microseconds, against the time they take in a serial loop divided by the cores.
//!
//! - `call, embedded tasks: P` and `call, ranks: P`: how the cost of a call grows. The command goes down a binomial tree
//!   of log2(P) levels and the replies come up again, so where every task has a core a call should cost
//!   t(1) + (t(2) - t(1)) log2(P), with t(1) and t(2) as measured in the same run. That is the yardstick: a ratio of 1 is
//!   growth by that law, 0.5 twice the time. Where the tasks take turns on fewer cores the law does not hold, and the
//!   ratio falls to some hundredths: no task can spin for its command, each has to be woken (embedded) or to wait until
//!   the others yield (ranks), one after the other. Then look at the times: with all tasks on the same cores P calls for
//!   P such turns, so that they may grow as P and no faster.
//!
//! - `idle worker`: the time on a core that a process takes while its controller does nothing, against the twentieth of
//!   a core that we allow; `first call after idling`: against a millisecond. No task has anything to do in between.
//!
//! How to read the table and which arguments there are: see `support`.

mod support;

use pmi::{Comm, Packed, Task, op};
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::{Bench, Figures, Measure, Missing, Outcome, Row, Script, Yardstick, median, seconds, timed};

const RANKS: usize = 2;
const ROOT: usize = 0;
const CALLS: u64 = 200_000;
const ITEMS: u64 = 10_000;
const STEPS: u64 = 80_000;
const MIB: usize = 64;
const REPETITIONS: usize = 7;
/// How long workers idle: to see what that costs, and before the first call.
const IDLE: Duration = Duration::from_secs(2);
/// How long calls are counted to tell their cost on many tasks.
const COUNTED: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    let mut bench = Bench::start();
    let in_mpi = bench.on_ranks(RANKS, "verbs", verbs_in_mpi);
    bench.compare(
        [
            Row::time("call, 2 ranks, 8 bytes", "us").figure("call").against("three").target(0.75),
            Row::time("call, 2 ranks, 8 bytes; one broadcast in C", "us").figure("call").against("fused"),
            Row::time("invoke, 2 ranks, 8 bytes", "us").figure("invoke").against("three").target(0.75),
            Row::time("invoke, 2 ranks, 1 KiB", "us").figure("kib").target(0.75),
            Row::time("reduce, 2 ranks, an f64", "us").figure("reduce").target(0.75),
            Row::time("all_reduce in a call, 8 bytes, agreed", "us").figure("agreed").against("all_reduce").target(0.3),
            Row::time("all_reduce in a call, 8 bytes, not agreed", "us")
                .figure("plain")
                .against("all_reduce")
                .target(0.9),
        ],
        in_mpi.clone(),
        Yardstick::mpi("call.c", RANKS).args([CALLS]),
    );
    bench.compare(
        [Row::time("invoke, 2 ranks, 8 bytes; in mpi4py", "us").figure("invoke").target(4.0)],
        in_mpi,
        Script::mpi4py("invoke.py", RANKS, [CALLS]),
    );
    bench.compare(
        ["call", "invoke", "kib", "reduce"]
            .map(|name| Row::time(format!("embedded, 2 tasks: {name}"), "us").figure(name).target(1.0)),
        || pmi::Setup::new().tasks(2).threads(1).run(verbs)?,
        2.0,
    );
    for tasks in [2, 4] {
        bench.compare(
            [Row::time(format!("farm, {tasks} embedded tasks"), "s").target(0.95)],
            move || pmi::Setup::new().tasks(tasks).threads(1).run(farm)?,
            move || Ok(seconds(serial_items) / cores().min(tasks) as f64),
        );
    }
    growth(&mut bench);
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

/// The rows about a call on more and more tasks.
fn growth(bench: &mut Bench) {
    let in_world = |tasks: usize| pmi::Setup::new().tasks(tasks).threads(1).run(cost_of_call)?;
    let embedded = [1, 2, 4, 8, 16, 32, 64];
    grow(bench, "embedded tasks", &embedded, |tasks| in_world(tasks).map(Figures::from));

    let ranks = [(1, "call_1"), (2, "call_2"), (4, "call_4"), (8, "call_8"), (16, "call_16")].map(|(ranks, case)| {
        let measured = bench.on_ranks(ranks, case, || {
            let _pmi = pmi::setup()?;
            cost_of_call()
        });
        (ranks, measured)
    });
    let on_ranks = |wanted| {
        let (_, measure) = ranks.iter().find(|(ranks, _)| *ranks == wanted).expect("it is one of the sizes");
        measure.clone().measure()
    };
    grow(bench, "ranks", &ranks.each_ref().map(|(ranks, _)| *ranks), on_ranks);
}

/// Compares the figures of worlds of these sizes, from 1 and 2 on, with logarithmic growth.
fn grow(bench: &mut Bench, what: &str, sizes: &[usize], measure: impl Fn(usize) -> Outcome) {
    let name = |size: usize| format!("call, {what}: {size}");
    let first = Cell::new([0.0; 2]);
    let ours = || {
        let one = |size| Ok((name(size), measure(size)?.get(None)?));
        let all: BTreeMap<_, _> = sizes.iter().map(|size| one(*size)).collect::<Result<_, Missing>>()?;
        first.set([1, 2].map(|size| all[&name(size)]));
        Ok(Figures::Named(all))
    };
    let law = || {
        let [one, two] = first.get();
        let cost = |size: &usize| (name(*size), one + (two - one) * (*size as f64).log2());
        Ok(Figures::Named(sizes.iter().map(cost).collect()))
    };
    bench.compare(sizes.iter().map(|size| Row::time(name(*size), "us").figure(&name(*size))), ours, law);
}

/// Microseconds a call, with 8 bytes.
fn cost_of_call() -> Result<f64, Missing> {
    let call = || pmi::call(|_: &Task, x: u64| x + 1, 1);
    let calls_for = |time| {
        let (start, mut calls) = (Instant::now(), 0);
        while start.elapsed() < time {
            call()?;
            calls += 1;
        }
        Ok::<_, pmi::Error>(start.elapsed().as_secs_f64() / f64::from(calls) * 1e6)
    };
    calls_for(COUNTED / 10)?;
    Ok(calls_for(COUNTED)?)
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

fn verbs_in_mpi() -> Result<Figures, Missing> {
    let _pmi = pmi::setup()?;
    let Figures::Named(mut figures) = verbs()? else { unreachable!("the verbs have names") };
    for (name, guarded) in [("agreed", true), ("plain", false)] {
        let all_reduce = |task: &Task, guarded: bool| {
            let comm = task.comm().guarded(guarded);
            let mut sum = [0.0];
            comm.barrier();
            let (seconds, ()) = timed(|| (0..CALLS).for_each(|_| comm.all_reduce_into(&[1.0], &mut sum, op::SUM)));
            seconds / CALLS as f64 * 1e6
        };
        figures.insert(name.to_string(), pmi::call(all_reduce, guarded)?);
    }
    Ok(Figures::Named(figures))
}

/// Microseconds a call of each verb, after a tenth of the calls to warm up.
fn verbs() -> Result<Figures, Missing> {
    let call = |x: u64| pmi::call(|_: &Task, x: u64| x + 1, x).map(drop);
    let invoke = |x: u64| pmi::invoke(|_: &Task, x: u64| x + 1, x).map(drop);
    let kib = |_: u64| pmi::invoke(|_: &Task, x: Packed<f64>| x, Packed(vec![1.0; 128])).map(drop);
    let reduce = |_: u64| pmi::reduce(|_: &Task, x: f64| x, 1.0, op::SUM).map(drop);
    Ok([
        ("call", microseconds(call)?),
        ("invoke", microseconds(invoke)?),
        ("kib", microseconds(kib)?),
        ("reduce", microseconds(reduce)?),
    ]
    .into())
}

fn microseconds(call: impl Fn(u64) -> pmi::Result<()>) -> Result<f64, Missing> {
    let calls = |count| (0..count).try_for_each(&call);
    calls(CALLS / 10)?;
    let (seconds, done) = timed(|| calls(CALLS));
    done?;
    Ok(seconds / CALLS as f64 * 1e6)
}

/// The seconds of the farm.
fn farm() -> Result<f64, Missing> {
    let (seconds, done) = timed(|| pmi::farm(0..ITEMS, |_: &Task, item: u64| work(item)));
    std::hint::black_box(done?);
    Ok(seconds)
}

fn serial_items() {
    for item in 0..ITEMS {
        std::hint::black_box(work(item));
    }
}

/// About 100 microseconds of arithmetic.
fn work(seed: u64) -> u64 {
    (0..STEPS).fold(seed | 1, |x, _| (x ^ (x >> 7)).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
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
