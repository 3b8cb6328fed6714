//! Who hears how far a checkpoint has come.

use super::PATH;
use crate::faults::{Ended, Job, own};
use crate::folders::Folder;
use crate::launch::{World, ensure};
use crate::{Case, cases};
use libtest_mimic::{Failed, Trial};
use ndarray::{Ix1, Ix2};
use pmi_toolkit::array::{checkpoint, restore};
use pmi_toolkit::prelude::*;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(super) fn cases() -> Vec<Case> {
    cases![the_program_hears_of_it]
}

pub(super) fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn() -> Result<(), String>| {
        Trial::test(format!("checkpoints::progress::{name}"), move || run().map_err(Failed::from))
    };
    vec![trial("a_bar_on_a_terminal", on_a_terminal), trial("no_bar_elsewhere", elsewhere)]
}

/// What a program hears during these calls.
pub(crate) fn heard(calls: &dyn Fn()) -> Vec<f64> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let listening = all.clone();
    pmi::with_progress(move |done| listening.lock().unwrap().push(done), calls);
    let all = std::mem::take(&mut *all.lock().unwrap());
    assert!(all.is_sorted() && all.iter().all(|done| (0.0..=1.0).contains(done)), "{all:?}");
    assert_eq!(all.last(), Some(&1.0));
    all
}

fn the_program_hears_of_it() {
    let folder = Folder::new();
    let path = folder.file("state");
    // 3, 1 and 0 parts in 4, of which the first is written in rows, the second piece by piece.
    let columns = DistArray::<f32, _>::ones((50, 5).distributed([Axis::Whole, Axis::Cyclic]));
    let state = (DistArray::<f64, Ix1>::zeros(375), columns, DistArray::<f64, Ix1>::zeros(0));
    let all = heard(&|| checkpoint(&path, &state).unwrap());
    assert!(all.contains(&0.75), "{all:?}");
    let all =
        heard(&|| drop(restore::<(DistArray<f64, Ix1>, DistArray<f32, Ix2>, DistArray<f64, Ix1>)>(&path).unwrap()));
    assert!(all.contains(&0.75), "{all:?}");
    // An array of several pieces on its way.
    let tasks = pmi::size().unwrap();
    let large = DistArray::<u8, _>::zeros((40 << 20) * tasks.min(2));
    let all = heard(&|| checkpoint(&path, &large).unwrap());
    assert!(all.iter().filter(|done| (0.1..0.9).contains(*done)).count() >= 2 || tasks > 2, "{all:?}");
}

/// Checkpoints of more and more arrays, until one takes long.
pub(super) fn program(path: &Path) {
    let array = DistArray::from_fn(100.distributed([Axis::Cyclic]), |i| i as f64);
    for doubled in 0.. {
        let start = Instant::now();
        checkpoint(path, &vec![array.clone(); 500 << doubled]).expect("it can be written");
        if start.elapsed() > Duration::from_millis(1500) {
            break;
        }
    }
    println!("written");
    let _: Vec<DistArray<f64, Ix1>> = restore(path).expect("it can be read");
    println!("read");
}

/// The words of the program on a terminal, or elsewhere.
fn output(terminal: bool) -> Result<Ended, String> {
    let folder = Folder::new();
    let mut command = own(World::Embedded(4), "slow_checkpoint")?;
    command.env(PATH, folder.file("state")).env("TERM", "xterm");
    if terminal {
        let mut on_terminal = Command::new("script");
        on_terminal.arg("-qec").arg(command.get_program()).arg("/dev/null");
        on_terminal.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command = on_terminal;
    }
    Job::start(command)?.ends(Duration::from_secs(60))?.exits_with(0)
}

fn on_a_terminal() -> Result<(), String> {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("no terminal tested: script of util-linux is not here");
        return Ok(());
    }
    let all = output(true)?.all();
    let (writing, reading) = all.split_once("written").ok_or_else(|| all.clone())?;
    for part in [writing, reading] {
        ensure(["state", "iB/s", "iB/"].iter().all(|word| part.contains(word)), || all.clone())?;
    }
    Ok(())
}

fn elsewhere() -> Result<(), String> {
    let ended = output(false)?;
    ensure(ended.stdout.contains("read") && !ended.all().contains("iB"), || ended.all())
}
