//! Checkpoints.
//!
//! | module | what it checks |
//! |---|---|
//! | `states` | every element type, layout and shape of state there and back, on any number of tasks; older ones |
//! | `faults` | files that cannot be written or read, altered and truncated ones |
//! | `killed` | programs killed at random moments |
//! | `progress` | who hears how far a checkpoint has come |

mod faults;
mod killed;
mod progress;
mod states;

pub(crate) use progress::heard;

use crate::Case;
use libtest_mimic::Trial;

pub(crate) fn cases() -> Vec<Case> {
    [states::cases(), faults::cases(), progress::cases()].into_iter().flatten().collect()
}

pub(crate) fn trials() -> Vec<Trial> {
    [killed::trials(), progress::trials()].into_iter().flatten().collect()
}

/// Is the program with this name, which is told by [`PATH`] where its checkpoints are.
pub(crate) fn program(name: &str) {
    let path = std::env::var_os(PATH).expect("the test says where");
    match name {
        "checkpoints" => killed::program(path.as_ref()),
        "slow_checkpoint" => progress::program(path.as_ref()),
        _ => panic!("there is no program {name}"),
    }
}

const PATH: &str = "PMI_CHECKPOINT";

/// Runs `f` in an embedded world of its own, beside this thread's.
fn in_world<R: Send>(tasks: usize, f: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| scope.spawn(|| pmi::with_tasks(tasks, f)).join()).expect("it does not panic")
}
