//! Before the first command: whether all tasks are ready and run the same executable.

use crate::comm::Transport;
use crate::error::{Error, Result};
use crate::{remote, wire};

const READY: u32 = 4;

/// What a task says of itself.
type Answer = std::result::Result<u64, String>;

/// On the controller: hears whether every other task is ready, with the same executable.
pub(super) fn ask(control: &dyn Transport) -> Result<()> {
    let mine = remote::fingerprint();
    let mut said = Vec::new();
    let mut refusals = Vec::new();
    for rank in 1..control.size() {
        control.collect(Some(rank), READY, &mut said, false);
        // A task of another build may speak another language.
        let answer: Answer = wire::decode(&said).unwrap_or(Ok(!mine));
        match answer {
            Ok(theirs) if theirs == mine => {}
            Ok(_) => refusals.push(format!(
                "task {rank} runs another executable than task 0: start the same build everywhere, on a cluster from \
                 a path that all hosts share"
            )),
            Err(refusal) => refusals.push(format!("task {rank}: {refusal}")),
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(Error::setup(refusals.join("; "))) }
}

/// On the controller: tells every other task the number of the world they are in, or that there is none.
pub(super) fn tell(control: &dyn Transport, world: Option<u64>) {
    let verdict = wire::encode(&world).expect("a number can be serialised");
    (1..control.size()).for_each(|rank| control.post(rank, READY, &verdict));
}

/// On another task: says that it is ready or why it is not, and hears the number of the world.
pub(super) fn answer(control: &dyn Transport, refusal: Option<String>) -> Option<u64> {
    let answer: Answer = refusal.map_or_else(|| Ok(remote::fingerprint()), Err);
    control.post(0, READY, &wire::encode(&answer).expect("a text can be serialised"));
    let mut verdict = Vec::new();
    control.collect(Some(0), READY, &mut verdict, false);
    wire::decode(&verdict).ok().flatten()
}
