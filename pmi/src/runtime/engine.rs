//! Carrying out commands on a task, the controller included.

use super::command::{Command, Order, Refusal, Reply, children, parent};
use crate::comm::{Comm, Transport};
use crate::error::Failure;
use crate::panics::Notes;
use crate::task::Task;
use crate::wire;
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

/// Tags of the runtime's messages.
const COMMAND: u32 = 2;
const REPLY: u32 = 3;

/// One task's part of a world.
pub(crate) struct Engine {
    pub(crate) task: Task,
    control: Rc<dyn Transport>,
    user: Rc<dyn Transport>,
    /// How many calls have failed when the communicator was last renewed.
    epoch: u64,
    notes: Notes,
    spares: RefCell<Vec<Vec<u8>>>,
}

impl Engine {
    pub(crate) fn new(task: impl FnOnce(Comm) -> Task, control: Rc<dyn Transport>, notes: Notes) -> Self {
        let user = control.renew();
        Self { task: task(Comm::new(user.clone())), control, user, epoch: 0, notes, spares: RefCell::default() }
    }

    fn rank(&self) -> usize {
        self.control.rank()
    }

    fn children(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        children(self.rank(), self.control.size())
    }

    /// The messages that tell the tasks below this one to stop: receiver, tag and frame of each.
    #[cfg(feature = "mpi")]
    pub(crate) fn farewell(control: &dyn Transport) -> Vec<(usize, u32, Vec<u8>)> {
        let frame = Command::stop();
        children(control.rank(), control.size()).rev().map(|child| (child, COMMAND, frame.clone())).collect()
    }

    /// Sends a command to the tasks below this one, the farthest first.
    pub(crate) fn forward(&self, frame: &[u8]) {
        self.children().rev().for_each(|child| self.control.post(child, COMMAND, frame));
    }

    /// Runs `f`; where it fails, what this task has to report: nothing where it gave up as another had.
    fn catch<R>(&self, f: impl FnOnce() -> Result<R, Refusal>) -> Result<R, Option<Failure>> {
        let rank = self.rank();
        match self.notes.catch(f) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(message)) => Err(Some(Failure { rank, message, place: None })),
            Err(caught) => Err(caught.failure(rank)),
        }
    }

    /// Drops an object; its panic is a failure.
    fn discard(&self, object: Box<dyn Any>) -> Option<Failure> {
        let dropped = self.catch(|| {
            drop(object);
            Ok(())
        });
        let failure = dropped.err().flatten()?;
        Some(Failure { message: format!("dropping a parallel object: {}", failure.message), ..failure })
    }

    /// What a task does before it carries out a command: takes a fresh communicator where a call has failed, and drops
    /// the objects that were released.
    pub(crate) fn prepare(&mut self, command: &Command, reply: &mut Reply) {
        if command.epoch != self.epoch {
            self.control.begin_epoch();
            self.user = self.control.renew();
            self.task.comm = Comm::new(self.user.clone());
            self.epoch = command.epoch;
        }
        for index in &command.released {
            let object = self.task.objects.remove(index);
            reply.failures.extend(object.and_then(|object| self.discard(object)));
        }
    }

    /// Runs a function of the command; where it fails, all tasks are told.
    pub(crate) fn attempt<R>(&self, reply: &mut Reply, f: impl FnOnce(&Task) -> Result<R, Refusal>) -> Option<R> {
        match self.catch(|| f(&self.task)) {
            Ok(value) => Some(value),
            Err(failure) => {
                reply.revoked |= failure.is_none();
                reply.failures.extend(failure);
                self.user.revoke();
                None
            }
        }
    }

    /// Keeps a parallel object.
    pub(crate) fn keep(&mut self, index: u64, object: Box<dyn Any>) {
        self.task.objects.insert(index, object);
    }

    /// Adds the replies and results of the tasks below to this one's, in rank order.
    pub(crate) fn gather(&self, order: &Order, reply: &mut Reply, result: &mut Vec<u8>) {
        let mut frame = self.take_spare();
        for child in self.children() {
            self.control.collect(Some(child), REPLY, &mut frame, false);
            let (theirs, bytes): (Reply, _) = wire::take(&frame).expect("tasks run the same program");
            reply.revoked |= theirs.revoked;
            reply.failures.extend(theirs.failures);
            if !reply.ok() {
                result.clear();
                continue;
            }
            match order {
                Order::Reduce(_, combine) => {
                    let failure = self.catch(|| combine.get()(result, bytes)).err().flatten();
                    reply.failures.extend(failure);
                }
                _ => result.extend_from_slice(bytes),
            }
        }
        self.put_back(frame);
    }

    /// An empty buffer to use again: allocating one takes as long as the rest of a small command.
    pub(crate) fn take_spare(&self) -> Vec<u8> {
        self.spares.borrow_mut().pop().unwrap_or_default()
    }

    /// Keeps a buffer for [`take_spare`](Engine::take_spare), but not one that holds much memory.
    pub(crate) fn put_back(&self, mut buffer: Vec<u8>) {
        if buffer.capacity() <= 1 << 16 {
            buffer.clear();
            self.spares.borrow_mut().push(buffer);
        }
    }

    /// Serves the controller until it says to stop.
    pub(crate) fn serve(mut self) {
        let (mut frame, mut answer) = (Vec::new(), Vec::new());
        let parent = parent(self.rank());
        loop {
            self.control.collect(Some(parent), COMMAND, &mut frame, true);
            self.forward(&frame);
            let (command, args) = Command::split(&frame);
            if let Order::Stop = command.order {
                return self.end();
            }
            let mut reply = Reply::default();
            let mut result = Vec::new();
            self.prepare(&command, &mut reply);
            match command.order {
                Order::Run(run) | Order::Reduce(run, _) => {
                    self.attempt(&mut reply, |task| run.get()(task, args, &mut result));
                }
                Order::Make(make, index) => {
                    if let Some(object) = self.attempt(&mut reply, |task| make.get()(task, args)) {
                        self.keep(index, object);
                    }
                }
                Order::Stop => {}
            }
            self.gather(&command.order, &mut reply, &mut result);
            answer.clear();
            wire::append(&reply, &mut answer).expect("a reply can be serialised");
            answer.extend_from_slice(&result);
            self.control.post(parent, REPLY, &answer);
        }
    }

    /// Drops the task's objects; their panics are told to whoever looks at the terminal.
    pub(crate) fn end(mut self) {
        for (_, object) in std::mem::take(&mut self.task.objects) {
            if let Some(failure) = self.discard(object) {
                eprintln!("pmi: {failure}");
            }
        }
    }
}
