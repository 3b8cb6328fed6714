//! Failures after which the job must end: soon, as a whole, and saying why.

use super::job::{Ended, Job, own};
use super::program::{MARK, PROGRAM};
use crate::launch::{World, ensure, equal, is_open_mpi, launcher};
use libtest_mimic::{Failed, Trial};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a job may go on after what ends it.
const SOON: Duration = Duration::from_secs(5);
/// How long one may take that has yet to begin, or has much to do.
const LATER: Duration = Duration::from_secs(60);

/// All tests of this module, for a suite that is not itself started by a launcher.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut trial = |name: &str, world: World, run: Test| {
        let full = format!("faults::processes::{name}::{}", world.name());
        let trial = Trial::test(full, move || run(world).map_err(Failed::from));
        trials.push(match name {
            "a_rank_that_never_starts" if !is_open_mpi() => {
                trial.with_kind("MPICH's launcher waits for it").with_ignored_flag(true)
            }
            _ => trial,
        });
    };
    for world in [World::Embedded(3), World::Mpi(3)] {
        if cfg!(feature = "mpi") || world == World::Embedded(3) {
            for (name, run) in ANYWHERE {
                trial(name, world, *run);
            }
        }
    }
    if cfg!(feature = "mpi") {
        for (name, run) in LAUNCHED {
            trial(name, World::Mpi(3), *run);
        }
    }
    trials
}

type Test = fn(World) -> Result<(), String>;

/// In both kinds of world.
const ANYWHERE: &[(&str, Test)] = &[
    ("a_plain_end", |world| ends(world, "sets_up")?.exits_with(0)?.mentions(&["done"]).map(drop)),
    ("a_panic_of_the_controller", |world| {
        let ended = ends(world, "panics")?.exits_with(101)?;
        ended.mentions(&["in serial code"]).map(drop)
    }),
    ("a_panic_of_the_controller_after_a_failed_call", |world| {
        ends(world, "panics_after_a_failed_call")?
            .exits_with(101)?
            .mentions(&["in serial code, as exec failed"])
            .map(drop)
    }),
    ("exit_0_of_the_controller", |world| quiet(ends(world, "exits_with_0")?.exits_with(0)?)),
    ("exit_3_of_the_controller", |world| ends(world, "exits_with_3")?.exits_with(3).map(drop)),
    ("exit_3_after_a_failed_call", |world| ends(world, "exits_after_a_failed_call")?.exits_with(3).map(drop)),
    ("exit_inside_a_call_on_a_worker", |world| named(ends(world, "exits_on_a_worker")?, world, 1)),
    ("exit_inside_a_call_on_the_controller", |world| named(ends(world, "exits_on_the_controller")?, world, 0)),
    ("exit_on_another_thread", |world| named(ends(world, "exits_on_another_thread")?, world, 0)),
    ("abort_on_a_worker", |world| ends(world, "aborts_on_a_worker")?.fails().map(drop)),
    ("interrupted_while_idle", |world| signalled(world, "is_idle", Signal::INT)),
    ("interrupted_in_a_call", |world| signalled(world, "waits_in_a_call", Signal::INT)),
    ("interrupted_in_a_computation", |world| signalled(world, "computes", Signal::INT)),
    ("terminated_while_idle", |world| signalled(world, "is_idle", Signal::TERM)),
    ("terminated_in_a_call", |world| signalled(world, "waits_in_a_call", Signal::TERM)),
    ("failures_leak_nothing", failures_leak_nothing),
];

/// Where tasks are processes.
const LAUNCHED: &[(&str, Test)] = &[
    ("the_controller_killed_while_idle", |world| killed(world, "is_idle", 0)),
    ("the_controller_killed_in_a_call", |world| killed(world, "waits_in_a_call", 0)),
    ("a_worker_killed_while_idle", |world| killed(world, "is_idle", 2)),
    ("a_worker_killed_in_a_call", |world| killed(world, "waits_in_a_call", 1)),
    ("a_waiting_worker_killed_in_a_call", |world| killed(world, "waits_in_a_call", 2)),
    ("a_worker_killed_in_a_computation", |world| killed(world, "computes", 1)),
    #[cfg(feature = "hdf5")]
    ("a_rank_killed_in_a_collective_write", killed_writing),
    ("another_executable_on_one_rank", another_executable),
    ("a_rank_that_never_starts", a_rank_that_never_starts),
];

fn start(world: World, program: &str) -> Result<Job, String> {
    Job::start(own(world, program)?)
}

/// A program that ends by itself soon after it has begun.
fn ends(world: World, program: &str) -> Result<Ended, String> {
    let job = start(world, program)?;
    // A plain end's other words come after this line.
    job.ready()?;
    job.ends(SOON)
}

/// Nobody complains of anything.
fn quiet(ended: Ended) -> Result<(), String> {
    let complaints = ["panicked", "abort", "error", "lost", "exits in the middle"];
    ensure(!complaints.iter().any(|word| ended.stderr.to_lowercase().contains(word)), || ended.stderr.clone())
}

/// Embedded the process has its own exit code; under a launcher the job fails and the rank is named.
fn named(ended: Ended, world: World, rank: usize) -> Result<(), String> {
    match world {
        World::Embedded(_) => ended.exits_with(7).map(drop),
        World::Mpi(_) => ended.fails()?.mentions(&[&format!("task {rank} exits")]).map(drop),
    }
}

fn signalled(world: World, program: &str, signal: Signal) -> Result<(), String> {
    let job = start(world, program)?;
    job.ready()?;
    std::thread::sleep(Duration::from_millis(200));
    send(job.process(), signal)?;
    job.ends(SOON)?.fails().map(drop)
}

fn killed(world: World, program: &str, rank: usize) -> Result<(), String> {
    let job = start(world, program)?;
    let process = job.ready()?[rank];
    ends_without(job, process, rank)
}

/// The other tasks do not wait, and what the file had before is whole.
#[cfg(feature = "hdf5")]
fn killed_writing(world: World) -> Result<(), String> {
    let job = start(world, "writes_for_long")?;
    let process = job.ready()?[1];
    let path = job.says("file")?;
    ends_without(job, process, 1)?;
    crate::hdf5::faults::whole_after_death(&path)
}

/// Kills a task of a job, which ends soon, and says so.
fn ends_without(job: Job, process: Pid, rank: usize) -> Result<(), String> {
    // Far enough that who is idle sleeps.
    std::thread::sleep(Duration::from_millis(200));
    send(process, Signal::KILL)?;
    let ended = job.ends(SOON)?.fails()?;
    if is_open_mpi() {
        return ended.mentions(&[&format!("rank {rank} ")]).map(drop);
    }
    // MPICH's ends the others by the same signal, and names the process of any of them.
    ended.mentions(&["exit code: 9", "signal 9"]).map(drop)
}

fn send(to: Pid, signal: Signal) -> Result<(), String> {
    kill_process(to, signal).map_err(|cause| format!("process {to:?}: {cause}"))
}

fn failures_leak_nothing(world: World) -> Result<(), String> {
    let job = start(world, "fails_again_and_again")?;
    let grown = job.says("grown")?;
    let grown = grown.trim_end_matches(" KiB").parse::<u64>().map_err(|_| grown.clone())?;
    job.ends(SOON)?.exits_with(0)?;
    // MPICH's shared-memory transport keeps a segment of 8 KiB for each large message that nobody receives, here one a call.
    let most = if world == World::Embedded(3) || is_open_mpi() { 4096 } else { 4096 + 8 * 1024 };
    ensure(grown < most, || format!("a thousand failed calls take {grown} KiB for good"))
}

/// A copy of this binary with one letter changed, gone with this.
struct OtherBuild(PathBuf);

impl OtherBuild {
    fn new() -> Result<Self, String> {
        let failed = |cause: std::io::Error| cause.to_string();
        let suite = std::env::current_exe().map_err(failed)?;
        let mut bytes = std::fs::read(suite).map_err(failed)?;
        let at: Vec<_> = bytes.windows(MARK.len()).enumerate().filter(|(_, w)| *w == MARK.as_bytes()).collect();
        let at: Vec<_> = at.into_iter().map(|(at, _)| at).collect();
        equal(&at.is_empty(), &false)?;
        for at in at {
            bytes[at] = b'M';
        }
        let other = Self(std::env::temp_dir().join(format!("pmi-other-build-{}", std::process::id())));
        std::fs::write(&other.0, bytes).map_err(failed)?;
        std::fs::set_permissions(&other.0, PermissionsExt::from_mode(0o755)).map_err(failed)?;
        Ok(other)
    }
}

impl Drop for OtherBuild {
    fn drop(&mut self) {
        // What is left is in a folder for that.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Two tasks, the second of which runs `other`.
fn with_other(other: &Path) -> Result<Command, String> {
    let mut command = launcher();
    let suite = std::env::current_exe().map_err(|cause| cause.to_string())?;
    command.args(["-n", "1"]).arg(suite).args([":", "-n", "1"]).arg(other).env(PROGRAM, "sets_up");
    Ok(command)
}

fn another_executable(_: World) -> Result<(), String> {
    let other = OtherBuild::new()?;
    let ended = Job::start(with_other(&other.0)?)?.ends(LATER)?.fails()?;
    ensure(!ended.stdout.contains("ready"), || ended.all())?;
    let ended = ended.mentions(&["error: task 1 runs another executable than task 0"])?;
    equal(&ended.stderr.matches("another executable").count(), &1)
}

fn a_rank_that_never_starts(_: World) -> Result<(), String> {
    let ended = Job::start(with_other(Path::new("/no/such/program"))?)?.ends(LATER)?.fails()?;
    ensure(!ended.stdout.contains("ready"), || ended.all())?;
    ended.mentions(&["/no/such/program"]).map(drop)
}
