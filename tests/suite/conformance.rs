//! The communicator's conformance suite, in this world.

use crate::{Case, case};
use pmi::Task;
use pmi::conformance::CASES;

pub(crate) fn cases() -> Vec<Case> {
    let run = |index: usize| move || pmi::exec(|task: &Task, index: usize| CASES[index].1(task.comm()), index).unwrap();
    CASES.iter().enumerate().map(|(index, (name, _))| case(&format!("conformance::{name}"), run(index))).collect()
}
