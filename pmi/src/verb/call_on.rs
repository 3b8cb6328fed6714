//! `call_on`: run on one task.

use super::invoke::run_and_gather;
use super::{Argument, Function, Portable};
use crate::error::{Error, Result};
use crate::ledger::Label;
use crate::runtime::world;
use crate::target::Target;
use crate::task::Task;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;

/// Runs `f` on the task with this rank alone and returns its result. One message there, one back.
///
/// The task keeps its rank, but its communicator has no one else: the others take no part. Inside
/// [`Group::scope`](crate::Group::scope) the rank is the task's number in the group.
///
/// ```
/// # pmi::with_tasks(3, || {
/// assert_eq!(pmi::call_on(2, |task: &pmi::Task, x: usize| task.rank() * x, 10)?, 20);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where there is no such task, `f` panics, or argument or result cannot be serialised.
pub fn call_on<F: Fn(&Task, A) -> R + Portable, A: Argument, R: Serialize + DeserializeOwned>(
    rank: usize,
    _: F,
    args: A,
) -> Result<R> {
    let world = world::current("call_on")?;
    let (target, of) = match world.addressed() {
        Target::Group(number) => (Target::Member(number, rank), "group"),
        _ => (Target::One(rank), "world"),
    };
    let size = world.count(&world.addressed());
    if rank >= size {
        return Err(Error::misuse(format!("call_on: task {rank} does not exist; the {of} has {size}, from 0")));
    }
    let named = || Label { verb: "call_on", function: type_name::<F>() };
    let results = run_and_gather::<Function<F, A, R>>(named, Some(target), &args)?;
    let missing = || Error::wire("call_on", "result", "it did not come");
    results.into_iter().next().ok_or_else(missing)
}
