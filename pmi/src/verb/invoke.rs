//! `invoke`: run, and the controller gets everyone's result.

use super::{Argument, Body, Function, Method, Portable, append_result, run, run_and_return};
use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::ledger::Label;
use crate::remote::Remote;
use crate::runtime::command::{Named, Order, Run};
use crate::runtime::world;
use crate::target::Target;
use crate::task::Task;
use crate::wire;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;

/// Runs `f` on every task and returns all results, in the order of the ranks.
///
/// One command; results travel up the tree, so that they suit small values: leave large data on the tasks, in
/// parallel objects.
///
/// ```
/// # pmi::with_tasks(3, || {
/// let v = pmi::invoke(|task: &pmi::Task, (a, b)| a * task.rank() as f64 + b, (2.0, 1.0))?;
/// assert_eq!(v, [1.0, 3.0, 5.0]);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where `f` panics on a task, arguments or results cannot be serialised, or the thread controls no world.
pub fn invoke<F: Fn(&Task, A) -> R + Portable, A: Argument, R: Serialize + DeserializeOwned>(
    _: F,
    args: A,
) -> Result<Vec<R>> {
    run_and_gather::<Function<F, A, R>>(invoked::<F>, None, &args)
}

impl<T: 'static> Handle<T> {
    /// Runs `f` on every task with the task's instance, and returns all results. See [`invoke`].
    ///
    /// # Errors
    /// As [`invoke`].
    pub fn invoke<F: Fn(&Task, &mut T, A) -> R + Portable, A: Argument, R: Serialize + DeserializeOwned>(
        &self,
        _: F,
        args: A,
    ) -> Result<Vec<R>> {
        run_and_gather::<Method<F, T, A, R>>(invoked::<F>, Some(self.target()), &(self.clone(), args))
    }
}

/// The label of an invocation.
pub(super) fn invoked<F>() -> Label {
    Label { verb: "invoke", function: type_name::<F>() }
}

/// The results of the tasks of `target`, in the order of their ranks; `None`: of those that verbs address.
pub(super) fn run_and_gather<B: Body<Output: Serialize + DeserializeOwned>>(
    named: Named,
    target: Option<Target>,
    args: &B::Args,
) -> Result<Vec<B::Output>> {
    let verb = named().verb;
    let body: Run = run_and_return::<B>;
    let world = world::current(verb)?;
    let target = target.unwrap_or_else(|| world.addressed());
    let alone = world.count(&target) == 1;
    // The controller's own result, the first where it takes part, stays as it is; not alone, as what other tasks could
    // not send shall be refused there, too.
    let local = |task: &Task, args: &[u8], out: &mut Vec<u8>| {
        let result = run::<B>(task, args)?;
        if alone { append_result::<B>(&result, out).map(|()| None) } else { Ok(Some(result)) }
    };
    let (own, bytes) = world.issue(named, Order::Run(Remote::new(body)), target, args, local)?;
    let mut rest = &bytes[..];
    let mut results = Vec::with_capacity(world.count(&target));
    results.extend(own.flatten());
    for _ in results.len()..world.count(&target) {
        let (result, behind) = wire::take_sent(rest).map_err(|cause| Error::wire(verb, "result", cause))?;
        results.push(result);
        rest = behind;
    }
    world.recycle(bytes);
    Ok(results)
}
