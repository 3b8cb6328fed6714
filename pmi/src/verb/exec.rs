//! `exec`: run, and nothing comes back.

use super::{Argument, Body, Function, Method, Portable, run_only};
use crate::error::Result;
use crate::handle::Handle;
use crate::ledger::Label;
use crate::remote::Remote;
use crate::runtime::command::{Order, Run};
use crate::runtime::world;
use crate::target::Target;
use crate::task::Task;

/// Runs `f` on every task.
///
/// One command: a broadcast of the arguments, a gather of whether all went well (both along a binomial tree).
///
/// ```
/// # pmi::with_tasks(2, || {
/// pmi::exec(|task: &pmi::Task, name: String| println!("Hello {name}, I'm task {}!", task.rank()), "Olaf".into())?;
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where `f` panics on a task, the arguments cannot be serialised, or the thread controls no world.
pub fn exec<F: Fn(&Task, A) + Portable, A: Argument>(_: F, args: A) -> Result<()> {
    run_only_on::<Function<F, A, ()>>(None, &args)
}

impl<T: 'static> Handle<T> {
    /// Runs `f` on every task with the task's instance. See [`exec`].
    ///
    /// # Errors
    /// As [`exec`].
    pub fn exec<F: Fn(&Task, &mut T, A) + Portable, A: Argument>(&self, _: F, args: A) -> Result<()> {
        run_only_on::<Method<F, T, A, ()>>(Some(self.target()), &(self.clone(), args))
    }
}

/// On the tasks of `target`; `None`: on those that verbs address.
pub(super) fn run_only_on<B: Body>(target: Option<Target>, args: &B::Args) -> Result<()> {
    let body: Run = run_only::<B>;
    let named = || Label { verb: "exec", function: B::name() };
    let world = world::current("exec")?;
    let target = target.unwrap_or_else(|| world.addressed());
    world.issue(named, Order::Run(Remote::new(body)), target, args, body)?;
    Ok(())
}
