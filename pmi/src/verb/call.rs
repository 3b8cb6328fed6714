//! `call`: run, and the controller keeps its own result.

use super::{Argument, Body, Function, Method, Portable, run, run_only};
use crate::error::Result;
use crate::handle::Handle;
use crate::ledger::Label;
use crate::remote::Remote;
use crate::runtime::command::{Named, Order, Run};
use crate::runtime::world;
use crate::target::Target;
use crate::task::Task;
use std::any::type_name;

/// Runs `f` on every task and returns what it returned on the controller.
///
/// The results of the other tasks are dropped where they are. One command, as [`exec`](crate::exec()).
///
/// A function that panics on a task makes this an error; parallel objects it was changing then are as it left them.
///
/// ```
/// # pmi::with_tasks(4, || {
/// let total = pmi::call(
///     |task: &pmi::Task, scale: f64| task.comm().all_reduce(&[task.rank() as f64 * scale], pmi::op::SUM)[0],
///     0.5,
/// )?;
/// assert_eq!(total, 3.0);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// A closure that captures variables does not compile: their values would not be known to the other tasks. They are
/// passed as arguments.
///
/// ```compile_fail
/// # pmi::with_tasks(2, || {
/// let scale = 0.5;
/// pmi::call(move |task: &pmi::Task, ()| task.rank() as f64 * scale, ());
/// # })
/// ```
///
/// # Errors
/// Where `f` panics on a task, the arguments cannot be serialised, or the thread controls no world.
pub fn call<F: Fn(&Task, A) -> R + Portable, A: Argument, R>(_: F, args: A) -> Result<R> {
    run_and_keep::<Function<F, A, R>>(called::<F>, None, &args)
}

impl<T: 'static> Handle<T> {
    /// Runs `f` on every task with the task's instance, and returns what it returned on the controller. See [`call`].
    ///
    /// # Errors
    /// As [`call`].
    pub fn call<F: Fn(&Task, &mut T, A) -> R + Portable, A: Argument, R>(&self, _: F, args: A) -> Result<R> {
        run_and_keep::<Method<F, T, A, R>>(called::<F>, Some(self.target()), &(self.clone(), args))
    }
}

/// The label of a call.
pub(super) fn called<F>() -> Label {
    Label { verb: "call", function: type_name::<F>() }
}

/// The controller's own result, of the tasks of `target`; `None`: of those that verbs address.
pub(super) fn run_and_keep<B: Body>(named: Named, target: Option<Target>, args: &B::Args) -> Result<B::Output> {
    let order = Order::Run(Remote::new(run_only::<B> as Run));
    let world = world::current(named().verb)?;
    let target = target.unwrap_or_else(|| world.addressed());
    world.check_member(named().verb, &target)?;
    let (value, _) = world.issue(named, order, target, args, |task, args, _| run::<B>(task, args))?;
    Ok(value.expect("the controller takes part"))
}
