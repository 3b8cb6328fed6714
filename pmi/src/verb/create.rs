//! `create`: an instance of a class on every task.

use super::{Argument, Body, Function, Portable, run};
use crate::error::Result;
use crate::handle::{Handle, Owner};
use crate::ledger::Label;
use crate::remote::Remote;
use crate::runtime::command::{Make, Order, Refusal};
use crate::runtime::world::{self, Controller};
use crate::task::Task;
use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;

/// Makes a parallel object: runs the constructor `f` on every task, keeps what it returns there, and returns its
/// [`Handle`].
///
/// ```
/// struct Hello { name: String }
/// # pmi::with_tasks(3, || {
/// let hello = pmi::create(|_: &pmi::Task, name: String| Hello { name }, "Olaf".into())?;
/// let said = hello.invoke(|task, this: &mut Hello, ()| format!("{} on {}", this.name, task.rank()), ())?;
/// assert_eq!(said, ["Olaf on 0", "Olaf on 1", "Olaf on 2"]);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where `f` panics on a task (the instances that other tasks made are dropped with the next command), the arguments
/// cannot be serialised, or the thread controls no world.
pub fn create<F: Fn(&Task, A) -> T + Portable, A: Argument, T: 'static>(_: F, args: A) -> Result<Handle<T>> {
    let world = world::current("create")?;
    make::<Function<F, A, T>>(&world, world.scope(), &args)
}

/// Makes the instances, on the tasks of a group; `None`: on all tasks.
pub(super) fn make<B: Body<Output: 'static>>(
    world: &Controller,
    group: Option<Arc<Owner>>,
    args: &B::Args,
) -> Result<Handle<B::Output>> {
    let handle = world.registry.reserve(group);
    let make: Make = instance::<B>;
    let order = Order::Make(Remote::new(make), handle.index());
    let named = || Label { verb: "create", function: B::name() };
    let (object, _) = world.issue(named, order, handle.target(), args, |task, args, _| make(task, args))?;
    if let Some(object) = object {
        world.keep(handle.index(), object);
    }
    Ok(handle)
}

fn instance<B: Body<Output: 'static>>(task: &Task, args: &[u8]) -> std::result::Result<Box<dyn Any>, Refusal> {
    Ok(Box::new(RefCell::new(run::<B>(task, args)?)))
}
