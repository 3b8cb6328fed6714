//! The controller's side of a world: issuing commands.

use super::command::{Command, Named, Order, Refusal, Reply};
use super::engine::Engine;
use crate::error::{Error, Result};
use crate::handle::{Owner, Registry, only_of};
use crate::ledger::{Label, Ledger, Record};
use crate::remote::Remote;
use crate::target::Target;
use crate::task::Task;
use crate::wire;
use serde::Serialize;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::{Rc, Weak};
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
    /// How many calls have failed, and how many of these all tasks know of.
    failed: Cell<u64>,
    settled: Cell<u64>,
    /// The group that verbs address; `None` where they address all tasks.
    scope: RefCell<Option<Arc<Owner>>>,
    closing: RefCell<Closing>,
}

/// What to do with the ledger when the world ends.
#[derive(Default)]
pub(crate) struct Closing {
    /// Print it.
    pub(crate) print: bool,
    /// Write the trace to this file.
    pub(crate) trace: Option<PathBuf>,
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

/// Makes verbs address a group, until it is dropped.
pub(crate) struct Scope {
    /// The world may end before.
    world: Weak<Controller>,
    before: Option<Arc<Owner>>,
}

impl Scope {
    pub(crate) fn enter(world: &Rc<Controller>, group: Arc<Owner>) -> Self {
        Self { before: world.scope.replace(Some(group)), world: Rc::downgrade(world) }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if let Some(world) = self.world.upgrade() {
            world.scope.replace(self.before.take());
        }
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
        let registry = Registry::new(world, engine.count(&Target::All));
        Registry::set_current(Some(registry.clone()));
        let (engine, failed, settled) = (RefCell::new(engine), Cell::new(0), Cell::new(0));
        let (scope, closing) = (RefCell::default(), RefCell::default());
        CURRENT.set(Some(Rc::new(Self { engine, registry, failed, settled, scope, closing })));
    }

    /// Ends the world of the calling thread: tells the tasks to stop.
    pub(crate) fn stop() {
        let Some(controller) = CURRENT.take() else { return };
        controller.close_ledger();
        Registry::set_current(None);
        controller.engine.borrow().forward(&Target::All, &Command::stop());
        if let Some(controller) = Rc::into_inner(controller) {
            controller.engine.into_inner().end();
        }
    }

    /// How many tasks the world has.
    pub(crate) fn size(&self) -> usize {
        self.count(&Target::All)
    }

    /// The group that verbs address; `None` where they address all tasks.
    pub(crate) fn scope(&self) -> Option<Arc<Owner>> {
        self.scope.borrow().clone()
    }

    /// The tasks that a verb addresses which is not a group's or an object's.
    pub(crate) fn addressed(&self) -> Target {
        self.scope.borrow().as_ref().map_or(Target::All, |group| Target::Group(group.index()))
    }

    /// How many tasks carry out commands for `target`.
    pub(crate) fn count(&self, target: &Target) -> usize {
        self.engine.borrow().count(target)
    }

    /// Whether the controller carries out commands for `target`.
    pub(crate) fn serves(&self, target: &Target) -> bool {
        self.engine.borrow().serves(target)
    }

    /// Refuses a verb whose result is the controller's own where the controller is not one of the target's tasks.
    pub(crate) fn check_member(&self, verb: &str, target: &Target) -> Result<()> {
        if self.serves(target) {
            return Ok(());
        }
        Err(Error::misuse(format!(
            "{verb} returns the controller's own result, and the controller is not in the group: use first, invoke or reduce"
        )))
    }

    pub(crate) fn threads(&self) -> usize {
        self.engine.borrow().task.threads()
    }

    /// Sends an order with its arguments to `target`, runs `local`, the controller's part, if it has one, and waits for
    /// the others. Returns what `local` did, and the results of all tasks as the order says, the controller's own that
    /// `local` wrote among them.
    pub(crate) fn issue<A: Serialize + ?Sized, R>(
        &self,
        named: Named,
        order: Order,
        target: Target,
        args: &A,
        local: impl FnOnce(&Task, &[u8], &mut Vec<u8>) -> Result<R, Refusal>,
    ) -> Result<(Option<R>, Vec<u8>)> {
        if target != Target::All && (self.settled.get() != self.failed.get() || self.registry.has_released()) {
            // What all tasks must hear does not travel with a command for some.
            self.issue(named, Order::Settle, Target::All, &(), nothing)?;
        }
        let mut frame = self.engine.borrow().take_spare();
        let appended = match target.group().and_then(|number| self.scope().filter(|group| group.index() == number)) {
            Some(group) => only_of(group, || wire::append(args, &mut frame)),
            None => wire::append(args, &mut frame),
        };
        appended.map_err(|cause| Error::wire(named().verb, "argument", cause))?;
        let args = frame.len();
        let mut engine = self.engine.borrow_mut();
        let everyone = target == Target::All;
        let released = if everyone { self.registry.take_released() } else { Vec::new() };
        self.settled.set(self.failed.get());
        let noted = matches!(order, Order::Run(_) | Order::Reduce(..) | Order::Make(..) | Order::Form(_));
        let named_there = engine.meter().filter(|_| noted).map(|_| Remote::new(named));
        let command = Command { order, target, epoch: self.settled.get(), released, named: named_there };
        engine.begin(&command);
        command.append_to(&mut frame);
        engine.forward(&target, &frame);

        let (mut reply, mut results, mut value) = (Reply::default(), engine.take_spare(), None);
        let inside = Inside::enter(engine.rank());
        engine.prepare(&command, &mut reply);
        match order {
            Order::Form(number) => {
                engine.form(number, wire::decode(&frame[..args]).expect("the ranks have just been encoded"));
            }
            Order::Record(on) => engine.record(on),
            Order::Report => engine.report(&mut results),
            _ => {}
        }
        if engine.serves(&target) {
            value = engine.attempt(&mut reply, |task| local(task, &frame[..args], &mut results));
        }
        engine.gather(&command, &mut reply, &mut results);
        engine.end_of(&command);
        drop(inside);
        engine.put_back(frame);
        if results.is_empty() {
            engine.put_back(std::mem::take(&mut results));
        }
        if reply.ok() {
            return Ok((value, results));
        }
        self.failed.set(self.failed.get() + 1);
        Err(Error::tasks(named().verb, reply.failures))
    }

    /// Takes back the results that [`issue`](Controller::issue) returned, for their memory.
    pub(crate) fn recycle(&self, results: Vec<u8>) {
        self.engine.borrow().put_back(results);
    }

    /// Has all tasks form a group of those with these ranks.
    pub(crate) fn form(&self, number: u64, ranks: &[usize]) -> Result<()> {
        self.issue(|| Label { verb: "Group::new", function: "" }, Order::Form(number), Target::All, ranks, nothing)?;
        Ok(())
    }

    /// Has all tasks start or stop to record.
    pub(crate) fn record(&self, on: bool) -> Result<()> {
        self.issue(|| Label { verb: "record", function: "" }, Order::Record(on), Target::All, &(), nothing)?;
        Ok(())
    }

    /// What all tasks have recorded.
    pub(crate) fn ledger(&self) -> Result<Ledger> {
        if !self.engine.borrow().has_recorded() {
            return Err(Error::misuse(
                "ledger: nothing was recorded: use pmi::record(true) or Setup::ledger(true), or set PMI_LEDGER=1",
            ));
        }
        let named = || Label { verb: "ledger", function: "" };
        let (_, bytes) = self.issue(named, Order::Report, Target::All, &(), nothing)?;
        let mut rest = &bytes[..];
        let mut records: Vec<Record> = Vec::with_capacity(self.size());
        for _ in 0..self.size() {
            let record;
            (record, rest) = wire::take(rest).map_err(|cause| Error::wire("ledger", "record", cause))?;
            records.push(record);
        }
        Ok(Ledger::new(records))
    }

    /// What to do with the ledger when the world ends.
    pub(crate) fn at_end(&self, closing: Closing) {
        self.closing.replace(closing);
    }

    /// Does it.
    fn close_ledger(&self) {
        let Closing { print, trace } = self.closing.take();
        if !print && trace.is_none() {
            return;
        }
        let write = |ledger: Ledger| {
            if print {
                eprint!("{ledger}");
            }
            trace.map_or(Ok(()), |path| ledger.write_trace(path))
        };
        if let Err(error) = self.ledger().and_then(write) {
            eprintln!("pmi: {error}");
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

/// The controller's part of an order that runs no function.
fn nothing(_: &Task, _: &[u8], _: &mut Vec<u8>) -> std::result::Result<(), Refusal> {
    Ok(())
}
