//! Programs killed at random moments: what they leave is whole, and no older than what they have said to be done.

use super::PATH;
use crate::faults::{Job, own};
use crate::folders::Folder;
use crate::launch::{World, ensure, equal, is_open_mpi};
use libtest_mimic::{Failed, Trial};
use ndarray::Ix1;
use num_complex::Complex;
use pmi_toolkit::array::{Checkpoints, array_equal};
use pmi_toolkit::prelude::*;
use rustix::process::{Signal, kill_process};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

pub(super) fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn() -> Result<(), String>| {
        Trial::test(format!("checkpoints::killed::{name}"), move || run().map_err(Failed::from))
    };
    let mut trials = vec![trial("at_100_moments::embedded_3", || moments(World::Embedded(3), 100, 1))];
    if cfg!(feature = "mpi") {
        trials.push(trial("at_20_moments::mpi_3", || moments(World::Mpi(3), 20, 2)));
    }
    trials
}

#[derive(Serialize, Deserialize)]
struct State {
    step: u64,
    u: DistArray<u64, Ix1>,
    v: DistArray<Complex<f64>, Ix1>,
}

/// All there is of a step: more than one block, and an array that has to be brought in order.
fn state(step: u64) -> State {
    let u = DistArray::from_fn(200_000, |i| i as u64).map_with(step, |step, i| i ^ (step * 0x9e37_79b9)).eval();
    let v = DistArray::full(5_000.distributed([Axis::Cyclic]), Complex::new(step as f64, -1.0));
    State { step, u, v }
}

/// One checkpoint after the other, from where the last program was.
pub(super) fn program(path: &Path) {
    let checkpoints = Checkpoints::new(path);
    let found: Option<State> = checkpoints.restore().expect("one is whole");
    let mut step = found.map_or(0, |state| state.step);
    loop {
        step += 1;
        checkpoints.save(&state(step)).expect("it can be written");
        println!("done {step}");
    }
}

/// Numbers that look random (Steele, Lea and Flood, *Fast splittable pseudorandom number generators*, 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % n
    }
}

fn moments(world: World, count: usize, seed: u64) -> Result<(), String> {
    let folder = Folder::new();
    let path = folder.file("run");
    let mut random = Random(seed);
    let (mut reported, mut unfinished) = (0, 0);
    for _ in 0..count {
        let mut command = own(world, "checkpoints")?;
        command.env(PATH, &path);
        let job = Job::start(command)?;
        let processes = job.ready()?;
        std::thread::sleep(Duration::from_micros(random.below(60_000)));
        // One rank, or all of them.
        let one = random.below(2 * processes.len() as u64) as usize;
        for (rank, process) in processes.iter().enumerate() {
            if one >= processes.len() || one == rank || world == World::Embedded(3) {
                kill_process(*process, Signal::KILL).ok();
            }
        }
        let ended = job.ends(SOON)?;
        let mut ended = ended.fails()?;
        if one < processes.len() && world != World::Embedded(3) && is_open_mpi() {
            // The others do not wait for it, and the launcher says whom it misses.
            ended = ended.mentions(&[&format!("rank {one} ")])?;
        }
        let steps = ended.stdout.lines().filter_map(|line| line.strip_prefix("done ")?.parse::<u64>().ok());
        reported = steps.max().unwrap_or(reported).max(reported);
        unfinished += usize::from(folder.list().contains(&"run.partial".into()));
        let tasks = 1 + random.below(4) as usize;
        let found = pmi::with_tasks(tasks, || check(&path, reported))?;
        reported = reported.max(found);
    }
    let most = ["run", "run.1", "run.partial", "run.partial.old"];
    ensure(folder.list().iter().all(|name| most.contains(&&name[..])), || format!("{:?}", folder.list()))?;
    // Otherwise the moments were not those that matter.
    ensure(reported > 0 && unfinished > 0, || {
        format!("{reported} steps, {unfinished} of {count} checkpoints unfinished")
    })
}

/// Checks that what can be restored is a step's, and not before `reported`; the step.
fn check(path: &Path, reported: u64) -> Result<u64, String> {
    let found: Option<State> = Checkpoints::new(path).restore().map_err(|error| error.to_string())?;
    let Some(found) = found else {
        equal(&reported, &0)?;
        return Ok(0);
    };
    let expected = state(found.step);
    ensure(found.step >= reported, || format!("step {} is restored, {reported} was reported", found.step))?;
    let whole = array_equal(&found.u, &expected.u) && array_equal(&found.v, &expected.v);
    ensure(whole, || format!("what is restored as step {} is not its state", found.step))?;
    Ok(found.step)
}
