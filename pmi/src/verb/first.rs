//! `first`: run, and the controller gets the first task's result.

use super::call::run_and_keep;
use super::{Argument, Body, Function, Portable, append_result, run};
use crate::error::{Error, Result};
use crate::ledger::Label;
use crate::remote::Remote;
use crate::runtime::command::{Order, Refusal, Run};
use crate::runtime::world;
use crate::task::Task;
use crate::wire;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;

/// Runs `f` on every task and returns what it returned on the first.
///
/// The first task is the controller, and this is [`call`](crate::call()), but in the
/// [`scope`](crate::Group::scope) of a group that leaves the controller out. There the result travels, and must be of a
/// type that can. It is the verb for libraries whose functions gather on task 0 and shall run on any group.
///
/// ```
/// # pmi::with_tasks(3, || {
/// let size = || pmi::first(|task: &pmi::Task, ()| task.comm().reduce(0, &[1], pmi::op::SUM), ());
/// assert_eq!(size()?, Some(vec![3]));
/// assert_eq!(pmi::Group::new([1, 2])?.scope(size)??, Some(vec![2]));
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where `f` panics on a task, arguments or result cannot be serialised, or the thread controls no world.
pub fn first<F, A, R>(_: F, args: A) -> Result<R>
where
    F: Fn(&Task, A) -> R + Portable,
    A: Argument,
    R: Serialize + DeserializeOwned,
{
    let world = world::current("first")?;
    let target = world.addressed();
    let named = || Label { verb: "first", function: type_name::<F>() };
    if world.serves(&target) {
        return run_and_keep::<Function<F, A, R>>(named, Some(target), &args);
    }
    let body: Run = run_and_return_first::<Function<F, A, R>>;
    let (_, bytes) = world.issue(named, Order::Run(Remote::new(body)), target, &args, body)?;
    wire::decode_sent(&bytes).map_err(|cause| Error::wire("first", "result", cause))
}

/// As [`run`], and the first task appends the result to `out`.
fn run_and_return_first<B: Body<Output: Serialize>>(
    task: &Task,
    args: &[u8],
    out: &mut Vec<u8>,
) -> std::result::Result<(), Refusal> {
    let result = run::<B>(task, args)?;
    if task.rank() == 0 { append_result::<B>(&result, out) } else { Ok(()) }
}
