//! What the controller sends to the tasks and what comes back, and the tree both travel along.

use crate::error::Failure;
use crate::ledger::Label;
use crate::remote::{Pointer, Remote};
use crate::target::Target;
use crate::task::Task;
use crate::wire;
use serde::{Deserialize, Serialize};
use std::any::Any;

/// Why a task did not run its function to the end, apart from panics.
pub(crate) type Refusal = String;

/// Runs a function: decodes the arguments, appends the result.
pub(crate) type Run = fn(&Task, &[u8], &mut Vec<u8>) -> Result<(), Refusal>;
/// Makes an instance of a parallel object.
pub(crate) type Make = fn(&Task, &[u8]) -> Result<Box<dyn Any>, Refusal>;
/// Combines the result of lower ranks with that of higher ones.
pub(crate) type Combine = fn(&mut Vec<u8>, &[u8]) -> Result<(), Refusal>;

/// Makes the label of a call.
pub(crate) type Named = fn() -> Label;

// SAFETY: all four are fn pointers.
unsafe impl Pointer for Run {}
// SAFETY: as above.
unsafe impl Pointer for Make {}
// SAFETY: as above.
unsafe impl Pointer for Combine {}
// SAFETY: as above.
unsafe impl Pointer for Named {}

/// A command, but for the arguments of its function. On the wire these come first: they are written before it is
/// certain that there will be a command.
#[derive(Serialize, Deserialize)]
pub(crate) struct Command {
    pub(crate) order: Order,
    pub(crate) target: Target,
    /// How many calls have failed so far: a task that has counted fewer renews its communicator first.
    pub(crate) epoch: u64,
    /// Parallel objects that no handle names any more.
    pub(crate) released: Vec<u64>,
    /// The call's label, where it is recorded.
    pub(crate) named: Option<Remote<Named>>,
}

impl Command {
    /// Adds the command to the bytes of its arguments.
    pub(crate) fn append_to(&self, frame: &mut Vec<u8>) {
        wire::append_behind(self, frame).expect("a command can be serialised");
    }

    /// The command and the bytes of its arguments.
    pub(crate) fn split(frame: &[u8]) -> (Self, &[u8]) {
        wire::split(frame).expect("tasks run the same program")
    }

    /// The bytes of the command to end.
    pub(crate) fn stop() -> Vec<u8> {
        let mut frame = Vec::new();
        Self { order: Order::Stop, target: Target::All, epoch: 0, released: Vec::new(), named: None }
            .append_to(&mut frame);
        frame
    }
}

#[derive(Serialize, Deserialize, Clone, Copy)]
pub(crate) enum Order {
    /// Run; the results, if any, are sent back one behind the other in rank order.
    Run(Remote<Run>),
    /// Run; the results are combined on the way.
    Reduce(Remote<Run>, Remote<Combine>),
    /// Make the instance with this number.
    Make(Remote<Make>, u64),
    /// Form the group with this number; the arguments are the ranks of its members.
    Form(u64),
    /// Start or stop to record.
    Record(bool),
    /// Send back what was recorded.
    Report,
    /// Go on from a call that failed and drop what was released, as before every order, and no more.
    Settle,
    /// End.
    Stop,
}

/// How a command ended on a task and on those below it in the tree; on the wire, results' bytes come before it.
#[derive(Serialize, Deserialize, Default)]
pub(crate) struct Reply {
    pub(crate) failures: Vec<Failure>,
    /// Whether a task gave up as another had.
    pub(crate) revoked: bool,
}

impl Reply {
    pub(crate) fn ok(&self) -> bool {
        self.failures.is_empty() && !self.revoked
    }
}

/// The positions that `rank` sends commands to, in a binomial tree of `size` positions rooted at 0. The subtree of a
/// position is a run of positions from it on; the children are in ascending order.
pub(crate) fn children(rank: usize, size: usize) -> impl DoubleEndedIterator<Item = usize> {
    let bits = if rank == 0 { usize::BITS } else { rank.trailing_zeros() };
    (0..bits.min(size.next_power_of_two().trailing_zeros()))
        .map(move |bit| rank + (1 << bit))
        .filter(move |c| *c < size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_has_one_parent_and_subtrees_are_runs_of_ranks() {
        for size in 1..70 {
            let mut seen = vec![false; size];
            seen[0] = true;
            for rank in 0..size {
                let mut next = rank + 1;
                for child in children(rank, size) {
                    assert_eq!(child, next);
                    assert!(!std::mem::replace(&mut seen[child], true));
                    next = child + (child - rank).min(size - child);
                }
            }
            assert!(seen.into_iter().all(|seen| seen));
        }
    }
}
