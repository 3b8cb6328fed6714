//! The ledger of the current world.

use crate::error::Result;
use crate::ledger::Ledger;
use crate::runtime::world;

/// Starts (with an empty ledger) or stops to record what the tasks do. One command, and where it starts a few small
/// messages with each task, which compare the clocks.
///
/// [`Setup::ledger`](crate::Setup::ledger) and the environment variable `PMI_LEDGER` start it with the world. What was
/// recorded stays to be [read](ledger()) until recording starts again. A communicator that was split while nothing was
/// recorded stays unrecorded.
///
/// # Errors
/// Where the thread controls no world.
pub fn record(on: bool) -> Result<()> {
    world::current("record")?.record(on)
}

/// What all tasks have done since recording started. One command, whose results have some 20 bytes for each call and
/// each operation of the communicator.
///
/// ```
/// # pmi::with_tasks(4, || {
/// pmi::record(true)?;
/// pmi::exec(|task: &pmi::Task, ()| drop(task.comm().all_reduce(&[1.0; 100], pmi::op::SUM)), ())?;
/// let ledger = pmi::ledger()?;
/// println!("{ledger}");
/// assert_eq!((ledger.verb("exec").calls, ledger.verb("exec").messages), (1, 2 * 3));
/// assert_eq!(ledger.of("all_reduce").bytes, 2 * 3 * 800);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where the thread controls no world, or it has never recorded.
pub fn ledger() -> Result<Ledger> {
    world::current("ledger")?.ledger()
}
