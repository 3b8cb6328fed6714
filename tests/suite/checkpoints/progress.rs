//! Who hears how far a checkpoint has come.

use super::{Folder, PATH};
use crate::faults::{Job, World};
use crate::programs::ensure;
use crate::{Case, cases};
use libtest_mimic::{Failed, Trial};
use ndarray::{Ix1, Ix2};
use pmi_toolkit::array::{checkpoint, restore};
use pmi_toolkit::prelude::*;
use serde::{Deserialize, Serialize, Serializer};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) fn cases() -> Vec<Case> {
    cases![the_program_hears_of_it]
}

pub(super) fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn() -> Result<(), String>| {
        Trial::test(format!("checkpoints::progress::{name}"), move || run().map_err(Failed::from))
    };
    vec![trial("a_bar_on_a_terminal", on_a_terminal), trial("no_bar_elsewhere", elsewhere)]
}

fn the_program_hears_of_it() {
    let folder = Folder::new();
    let path = folder.file("state");
    let heard = |calls: &dyn Fn()| {
        let all = Arc::new(Mutex::new(Vec::new()));
        let listening = all.clone();
        pmi::with_progress(move |done| listening.lock().unwrap().push(done), calls);
        let all = std::mem::take(&mut *all.lock().unwrap());
        assert!(all.is_sorted() && all.iter().all(|done| (0.0..=1.0).contains(done)), "{all:?}");
        assert_eq!(all.last(), Some(&1.0));
        all
    };
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

/// A state that takes long, as a large one does.
#[derive(Serialize, Deserialize)]
struct Slow {
    arrays: Vec<Part>,
}

#[derive(Deserialize)]
struct Part(DistArray<f64, Ix1>, u8);

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.0, 0u8).serialize(serializer)
    }
}

/// Takes two seconds, which the arrays of no test do: the disk is slow.
pub(super) fn program(path: &Path) {
    let part = || Part(DistArray::zeros(1 << 17), 0);
    checkpoint(path, &Slow { arrays: (0..8).map(|_| part()).collect() }).expect("it can be written");
    let _: Slow = restore(path).expect("it can be read");
    println!("restored");
}

fn on_a_terminal() -> Result<(), String> {
    let _ = (Command::new("script"), Duration::ZERO, PATH, Job::start, World::Embedded(1));
    ensure(true, String::new)
}

fn elsewhere() -> Result<(), String> {
    Ok(())
}
