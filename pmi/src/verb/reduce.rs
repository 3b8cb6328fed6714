//! `reduce`: run, and the controller gets everyone's results combined into one.

use super::{Argument, Body, Function, Method, Portable, run_and_return};
use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::ledger::Label;
use crate::op::Operator;
use crate::remote::{Remote, conjure};
use crate::runtime::command::{Combine, Order, Refusal, Run};
use crate::runtime::world;
use crate::target::Target;
use crate::task::Task;
use crate::wire;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;

/// Runs `f` on every task and returns the results combined by `op`: a constant of [`pmi::op`](crate::op), or any
/// function of two results.
///
/// Neighbours are combined in the order of the ranks along a binomial tree, whose shape depends on nothing but the
/// number of tasks.
///
/// ```
/// # pmi::with_tasks(4, || {
/// let rank = |task: &pmi::Task, ()| task.rank();
/// assert_eq!(pmi::reduce(rank, (), pmi::op::SUM)?, 6);
/// let text = |task: &pmi::Task, ()| task.rank().to_string();
/// assert_eq!(pmi::reduce(text, (), |a: String, b: String| a + &b)?, "0123");
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where `f` or `op` panics on a task, arguments or results cannot be serialised, or the thread controls no world.
pub fn reduce<F, A, R, O>(_: F, args: A, op: O) -> Result<R>
where
    F: Fn(&Task, A) -> R + Portable,
    A: Argument,
    R: Serialize + DeserializeOwned,
    O: Operator<R>,
{
    run_and_combine::<Function<F, A, R>, O>(None, &args, op)
}

impl<T: 'static> Handle<T> {
    /// Runs `f` on every task with the task's instance, and returns the results combined by `op`. See [`reduce`].
    ///
    /// # Errors
    /// As [`reduce`].
    pub fn reduce<F, A, R, O>(&self, _: F, args: A, op: O) -> Result<R>
    where
        F: Fn(&Task, &mut T, A) -> R + Portable,
        A: Argument,
        R: Serialize + DeserializeOwned,
        O: Operator<R>,
    {
        run_and_combine::<Method<F, T, A, R>, O>(Some(self.target()), &(self.clone(), args), op)
    }
}

/// Of the tasks of `target`; `None`: of those that verbs address.
pub(super) fn run_and_combine<B: Body<Output: Serialize + DeserializeOwned>, O: Operator<B::Output>>(
    target: Option<Target>,
    args: &B::Args,
    _: O,
) -> Result<B::Output> {
    let (body, combine): (Run, Combine) = (run_and_return::<B>, combine::<B::Output, O>);
    let order = Order::Reduce(Remote::new(body), Remote::new(combine));
    let named = || Label { verb: "reduce", function: B::name() };
    let world = world::current("reduce")?;
    let target = target.unwrap_or_else(|| world.addressed());
    let (_, bytes) = world.issue(named, order, target, args, body)?;
    let result = wire::decode_sent(&bytes).map_err(|cause| Error::wire("reduce", "result", cause));
    world.recycle(bytes);
    result
}

/// Replaces `low` by its combination with `high`.
fn combine<R: Serialize + DeserializeOwned, O: Operator<R>>(
    low: &mut Vec<u8>,
    high: &[u8],
) -> std::result::Result<(), Refusal> {
    let unreadable = |cause| format!("a result cannot be read as a {}: {cause}", type_name::<R>());
    let (a, b) = (wire::decode_sent(low).map_err(unreadable)?, wire::decode_sent(high).map_err(unreadable)?);
    low.clear();
    let result = conjure::<O>().apply(a, b);
    wire::append(&result, low).map_err(|cause| format!("a {} cannot be sent: {cause}", type_name::<R>()))
}
