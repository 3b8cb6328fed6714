//! Parallel method invocation: programs that read as serial run their heavy functions and objects on many tasks.
//!
//! The thread that sets up a world is its **controller**. Every task of the world, the controller included, is a
//! **worker**. The controller's verbs run a function on all of them; inside it the tasks talk through a communicator;
//! when it returns, control is serial again: fork and join over message passing.
//!
//! | verb | the controller gets |
//! |---|---|
//! | [`exec`](exec()) | that all went well |
//! | [`call`](call()) | its own result |
//! | [`first`](first()) | the first task's result: its own, unless a group leaves it out |
//! | [`invoke`](invoke()) | everyone's results, in the order of the ranks |
//! | [`reduce`](reduce()) | the results combined by an operator |
//! | [`call_on`](call_on()) | the result of one task |
//! | [`farm`](farm()) | the result of each item, done by whichever task is free |
//! | [`create`](create()) | a [`Handle`] of an object with an instance on every task, with the same verbs as methods |
//!
//! A [`Group`] has the verbs for some of the tasks, and a [scope](Group::scope) in which the others address it.
//!
//! [`ledger`](ledger()) tells what the tasks did, how long it took, and what they sent.
//!
//! [`proxy`](macro@proxy) makes a serial class of a parallel one, whose methods are these verbs.
//!
//! ```
//! fn main() -> pmi::Result<()> {
//!     let _pmi = pmi::setup()?;
//!     let squares = pmi::invoke(|task: &pmi::Task, x: f64| (task.rank() as f64 + x).powi(2), 1.0)?;
//!     println!("{squares:?}");
//!     Ok(())
//! }
//! ```
//!
//! Without features the tasks are threads of one process, `PMI_TASKS` of them. Built with the feature `mpi` and
//! started by `mpirun` the same program runs as processes of an MPI job.
//!
//! The idea is Olaf Lenz's Python module `pmi` of the molecular dynamics package ESPResSo++.

// Bottom-up: a module uses only those above it in this list.
mod error;
mod wire;
mod packed;
pub mod op;
mod cores;
mod comm;
mod target;
mod handle;
mod panics;
mod progress;
mod pool;
mod remote;
mod code;
mod ledger;
mod task;
mod runtime;
mod verb;
mod proxy;

pub use bytemuck::Pod;
pub use code::Code;
#[doc(hidden)]
pub use comm::conformance;
pub use comm::{Comm, MAX_TAG, Received, RecvRequest, SendRequest};
pub use error::{Error, Failure, Result};
pub use handle::Handle;
pub use ledger::{Entry, Ledger, Tally};
pub use packed::Packed;
pub use progress::{Progress, with_progress};
#[doc(hidden)]
pub use proxy::support as __proxy;
pub use proxy::{Front, proxy};
pub use runtime::{Setup, World, launched_rank, setup, with_tasks};
pub use task::Task;
pub use verb::{
    Argument, Group, Portable, call, call_on, create, describe, exec, farm, first, invoke, ledger, record, reduce, size,
};
#[doc(hidden)]
pub use wire::{reading_what_was_sent, writing_what_is_sent};
