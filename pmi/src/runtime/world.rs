//! The controller's side of a world: issuing commands.

use super::command::{Command, Order, Refusal, Reply};
use super::engine::Engine;
use crate::error::{Error, Result};
use crate::handle::Registry;
use crate::task::Task;
use crate::wire;
use serde::Serialize;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

thread_local! {
    /// The world that this thread controls.
    static CURRENT: RefCell<Option<Rc<Controller>>> = const { RefCell::new(None) };
    /// The rank of the task whose parallel function this thread runs.
    static INSIDE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// What the controller knows and does.
pub(crate) struct Controller {
    engine: RefCell<Engine>,
    pub(crate) registry: Arc<Registry>,
    /// How many calls have failed.
    failed: Cell<u64>,
}

/// Marks this thread as running a parallel function.
pub(crate) struct Inside(Option<usize>);

impl Inside {
    pub(crate) fn enter(rank: usize) -> Self {
        Self(INSIDE.replace(Some(rank)))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

/// Whether this thread runs a parallel function.
#[cfg(feature = "mpi")]
pub(crate) fn is_inside() -> bool {
    INSIDE.get().is_some()
}

/// The world that the calling thread controls, for `verb`.
pub(crate) fn current(verb: &str) -> Result<Rc<Controller>> {
    if let Some(rank) = INSIDE.get() {
        return Err(Error::misuse(format!(
            "{verb} was used on task {rank} inside a parallel function: verbs are the controller's, between the calls; \
             inside, tasks talk through task.comm()"
        )));
    }
    let missing = || {
        Error::misuse(format!(
            "{verb} was used on a thread that controls no world: call pmi::setup() first, on the thread that uses the \
             verbs, and keep what it returns"
        ))
    };
    CURRENT.with_borrow(Clone::clone).ok_or_else(missing)
}

/// Whether the calling thread can set up a world.
pub(crate) fn vacant() -> Result<()> {
    if let Some(rank) = INSIDE.get() {
        return Err(Error::misuse(format!("pmi::setup was used on task {rank} inside a parallel function")));
    }
    if CURRENT.with_borrow(Option::is_some) {
        return Err(Error::misuse("this thread already controls a world: drop it before setting up another"));
    }
    Ok(())
}

impl Controller {
    /// Makes the calling thread the controller of a world whose other tasks serve already.
    pub(crate) fn start(world: u64, engine: Engine) {
        let registry = Registry::new(world);
        Registry::set_current(Some(registry.clone()));
        CURRENT.set(Some(Rc::new(Self { engine: RefCell::new(engine), registry, failed: Cell::new(0) })));
    }

    /// Ends the world of the calling thread: tells the tasks to stop.
    pub(crate) fn stop() {
        let Some(controller) = CURRENT.take() else { return };
        Registry::set_current(None);
        controller.engine.borrow().forward(&Command::stop());
        if let Some(controller) = Rc::into_inner(controller) {
            controller.engine.into_inner().end();
        }
    }

    pub(crate) fn size(&self) -> usize {
        self.engine.borrow().task.size()
    }

    pub(crate) fn threads(&self) -> usize {
        self.engine.borrow().task.threads()
    }

    /// Sends an order with its arguments to all tasks, runs `local`, the controller's part, and waits for the others.
    /// Returns what `local` did, and the results of all tasks as the order says, after the controller's own that
    /// `local` wrote.
    pub(crate) fn issue<A: Serialize, R>(
        &self,
        verb: &'static str,
        order: Order,
        args: &A,
        local: impl FnOnce(&Task, &[u8], &mut Vec<u8>) -> Result<R, Refusal>,
    ) -> Result<(R, Vec<u8>)> {
        let mut frame = self.engine.borrow().take_spare();
        wire::append(args, &mut frame).map_err(|cause| Error::wire(verb, "argument", cause))?;
        let args = frame.len();
        let mut engine = self.engine.borrow_mut();
        let command = Command { order, epoch: self.failed.get(), released: self.registry.take_released() };
        command.append_to(&mut frame);
        engine.forward(&frame);

        let inside = Inside::enter(engine.task.rank());
        let (mut reply, mut results) = (Reply::default(), Vec::new());
        engine.prepare(&command, &mut reply);
        let value = engine.attempt(&mut reply, |task| local(task, &frame[..args], &mut results));
        drop(inside);
        engine.gather(&order, &mut reply, &mut results);
        engine.put_back(frame);
        match value {
            Some(value) if reply.ok() => Ok((value, results)),
            _ => {
                self.failed.set(self.failed.get() + 1);
                Err(Error::tasks(verb, reply.failures))
            }
        }
    }

    /// Runs `f` on the controller alone.
    pub(crate) fn alone<R>(&self, f: impl FnOnce(&Task) -> R) -> R {
        let engine = self.engine.borrow();
        let _inside = Inside::enter(engine.task.rank());
        engine.task.alone(f)
    }

    /// Keeps the controller's own instance of a parallel object.
    pub(crate) fn keep(&self, index: u64, object: Box<dyn Any>) {
        self.engine.borrow_mut().keep(index, object);
    }
}
