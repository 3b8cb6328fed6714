//! Carrying out commands on a task, the controller included.

use super::command::{Command, Order, Refusal, Reply, children};
use crate::comm::{Comm, Transport};
use crate::error::Failure;
use crate::ledger::{self, Metered, Recorder};
use crate::panics::Notes;
use crate::target::Target;
use crate::task::Task;
use crate::wire;
use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
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
    /// The groups of tasks, by number.
    groups: HashMap<u64, Members>,
    /// Whom the task's communicator and rank are set up for; `None` where they must be set up anew.
    serving: Option<Target>,
    /// What was recorded, if anything ever was.
    recorder: Option<Rc<Recorder>>,
    spares: RefCell<Vec<Vec<u8>>>,
}

/// The tasks of a group, as one task of the world sees them.
struct Members {
    /// Ascending.
    ranks: Vec<usize>,
    /// The way of commands: the controller, then the members in order.
    route: Vec<usize>,
    /// The communicator, on members.
    comm: Option<Rc<dyn Transport>>,
}

impl Engine {
    pub(crate) fn new(task: impl FnOnce(Comm) -> Task, control: Rc<dyn Transport>, notes: Notes) -> Self {
        let user = control.renew();
        let (task, groups, spares) = (task(Comm::new(user.clone())), HashMap::new(), RefCell::default());
        let (serving, recorder) = (Some(Target::All), None);
        Self { task, control, user, epoch: 0, notes, groups, serving, recorder, spares }
    }

    pub(crate) fn rank(&self) -> usize {
        self.control.rank()
    }

    /// The ranks of the tasks that carry out commands for `target`; `None` for all.
    fn members(&self, target: &Target) -> Option<Vec<usize>> {
        match target {
            Target::All => None,
            Target::Group(number) => Some(self.group(*number).ranks.clone()),
            Target::One(rank) => Some(vec![*rank]),
            Target::Member(number, member) => Some(vec![self.group(*number).ranks[*member]]),
        }
    }

    /// How many tasks carry out commands for `target`.
    pub(crate) fn count(&self, target: &Target) -> usize {
        self.members(target).map_or(self.control.size(), |members| members.len())
    }

    /// Whether this task carries out commands for `target`.
    pub(crate) fn serves(&self, target: &Target) -> bool {
        self.members(target).is_none_or(|members| members.contains(&self.rank()))
    }

    fn group(&self, number: u64) -> &Members {
        self.groups.get(&number).expect("a group lasts as long as commands name it")
    }

    /// Calls `f` with each of the tasks that this one sends commands for `target` to, and hears from, in order of rank or
    /// the other way round. (No list is made for the common case: it would take as long as the rest of a small command.)
    fn each_below(&self, target: &Target, reversed: bool, mut f: impl FnMut(usize)) {
        fn each(below: impl DoubleEndedIterator<Item = usize>, reversed: bool, f: impl FnMut(usize)) {
            if reversed { below.rev().for_each(f) } else { below.for_each(f) }
        }
        let (rank, size) = (self.rank(), self.control.size());
        let mut alone = |one: usize| {
            if rank == 0 && one != 0 {
                f(one);
            }
        };
        match target {
            Target::All => each(children(rank, size), reversed, f),
            Target::One(one) => alone(*one),
            Target::Member(number, member) => alone(self.group(*number).ranks[*member]),
            Target::Group(number) => {
                let route = &self.group(*number).route;
                let mine = route.iter().position(|other| *other == rank).expect("who hears a command is on its way");
                each(children(mine, route.len()).map(|position| route[position]), reversed, f);
            }
        }
    }

    /// The messages that tell the tasks below this one to stop: receiver, tag and frame of each.
    #[cfg(feature = "mpi")]
    pub(crate) fn farewell(control: &dyn Transport) -> Vec<(usize, u32, Vec<u8>)> {
        let frame = Command::stop();
        children(control.rank(), control.size()).rev().map(|child| (child, COMMAND, frame.clone())).collect()
    }

    /// Sends a command to the tasks below this one, the farthest first.
    pub(crate) fn forward(&self, target: &Target, frame: &[u8]) {
        self.each_below(target, true, |child| {
            self.control.post(child, COMMAND, frame);
            self.sent(frame);
        });
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

    /// What a task does before it carries out a command: goes on from a call that has failed, takes up the communicator
    /// of those who carry it out, and drops the objects that were released.
    pub(crate) fn prepare(&mut self, command: &Command, reply: &mut Reply) {
        if command.epoch == self.epoch {
            self.control.tidy();
        } else {
            self.control.begin_epoch();
            self.epoch = command.epoch;
            self.user = self.control.renew();
            for group in self.groups.values_mut() {
                group.comm = group.comm.as_ref().map(|comm| comm.renew());
            }
            self.serving = None;
        }
        if self.serving == Some(command.target) {
            return self.release(&command.released, reply);
        }
        self.serving = Some(command.target);
        let (rank, size) = (self.rank(), self.control.size());
        let (comm, place) = match command.target {
            Target::All => (Some(self.user.clone()), (rank, size)),
            Target::One(_) => (Some(self.user.alone()), (rank, size)),
            Target::Group(number) => {
                let group = self.group(number);
                let place = group.ranks.iter().position(|other| *other == rank).unwrap_or(0);
                (group.comm.clone(), (place, group.ranks.len()))
            }
            Target::Member(number, member) => (Some(self.user.alone()), (member, self.group(number).ranks.len())),
        };
        // The controller of a group that it is not in runs nothing.
        if let Some(comm) = comm {
            self.task.comm = Comm::new(self.metered(comm));
            self.task.place = place;
        }
        self.release(&command.released, reply);
    }

    /// Drops the objects and groups with these numbers.
    fn release(&mut self, released: &[u64], reply: &mut Reply) {
        for index in released {
            self.groups.remove(index);
            let object = self.task.objects.remove(index);
            reply.failures.extend(object.and_then(|object| self.discard(object)));
        }
    }

    /// Forms a group of the tasks with these ranks. All tasks do so.
    pub(crate) fn form(&mut self, number: u64, ranks: Vec<usize>) {
        let mine = ranks.iter().position(|rank| *rank == self.rank());
        let comm = self.user.split(mine.map(|_| 0), mine.unwrap_or(0) as u32);
        let route = std::iter::once(0).chain(ranks.iter().copied().filter(|rank| *rank != 0)).collect();
        self.groups.insert(number, Members { ranks, route, comm });
    }

    /// Runs a function of the command; where it fails, all tasks are told.
    pub(crate) fn attempt<R>(&self, reply: &mut Reply, f: impl FnOnce(&Task) -> Result<R, Refusal>) -> Option<R> {
        let caught = || self.catch(|| f(&self.task));
        let result = match self.meter() {
            Some(recorder) => recorder.run(caught),
            None => caught(),
        };
        match result {
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

    /// Starts to record, or stops it. All tasks do so.
    pub(crate) fn record(&mut self, on: bool) {
        if on {
            let ahead = ledger::offset(&*self.control);
            self.recorder = Some(Rc::new(Recorder::new(self.control.size(), ahead)));
        } else if let Some(recorder) = &self.recorder {
            recorder.stop();
        }
        self.serving = None;
    }

    /// Whether anything was ever recorded.
    pub(crate) fn has_recorded(&self) -> bool {
        self.recorder.is_some()
    }

    /// Appends what was recorded.
    pub(crate) fn report(&self, result: &mut Vec<u8>) {
        if let Some(recorder) = &self.recorder {
            recorder.append_to(result).expect("a record can be serialised");
        }
    }

    /// The recorder, while it records.
    pub(crate) fn meter(&self) -> Option<&Recorder> {
        self.recorder.as_deref().filter(|recorder| recorder.is_on())
    }

    /// The communicator that parallel functions get instead of `comm`.
    fn metered(&self, comm: Rc<dyn Transport>) -> Rc<dyn Transport> {
        match &self.recorder {
            Some(recorder) if recorder.is_on() => Rc::new(Metered::new(comm, recorder.clone())),
            _ => comm,
        }
    }

    /// Notes a message of the runtime.
    fn sent(&self, frame: &[u8]) {
        if let Some(recorder) = self.meter() {
            recorder.sent(frame.len());
        }
    }

    /// Notes that the task begins to carry out a command.
    pub(crate) fn begin(&self, command: &Command) {
        if let (Some(_), Some(recorder)) = (command.named, self.meter()) {
            recorder.begin();
        }
    }

    /// Notes that it has carried it out.
    pub(crate) fn end_of(&self, command: &Command) {
        if let (Some(named), Some(recorder)) = (command.named, self.meter()) {
            recorder.end(named.get());
        }
    }

    /// Adds the replies and results of the tasks below to this one's, in rank order.
    pub(crate) fn gather(&self, command: &Command, reply: &mut Reply, result: &mut Vec<u8>) {
        let mut frame = self.take_spare();
        let mut first = !self.serves(&command.target);
        self.each_below(&command.target, false, |child| {
            self.control.collect(Some(child), REPLY, &mut frame, false);
            let (theirs, bytes): (Reply, _) = wire::split(&frame).expect("tasks run the same program");
            reply.revoked |= theirs.revoked;
            reply.failures.extend(theirs.failures);
            if !reply.ok() {
                result.clear();
                return;
            }
            match command.order {
                Order::Reduce(_, combine) if !std::mem::take(&mut first) => {
                    let failure = self.catch(|| combine.get()(result, bytes)).err().flatten();
                    reply.failures.extend(failure);
                }
                _ => result.extend_from_slice(bytes),
            }
        });
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
        loop {
            let above = self.control.collect(None, COMMAND, &mut frame, true);
            let (command, args) = Command::split(&frame);
            self.begin(&command);
            self.forward(&command.target, &frame);
            if let Order::Stop = command.order {
                return self.end();
            }
            let mut reply = Reply::default();
            answer.clear();
            self.prepare(&command, &mut reply);
            match command.order {
                Order::Run(run) | Order::Reduce(run, _) => {
                    self.attempt(&mut reply, |task| run.get()(task, args, &mut answer));
                }
                Order::Make(make, index) => {
                    if let Some(object) = self.attempt(&mut reply, |task| make.get()(task, args)) {
                        self.keep(index, object);
                    }
                }
                Order::Form(number) => {
                    self.form(number, wire::decode(args).expect("tasks run the same program"));
                }
                Order::Record(on) => self.record(on),
                Order::Report => self.report(&mut answer),
                Order::Settle | Order::Stop => {}
            }
            self.gather(&command, &mut reply, &mut answer);
            wire::append_behind(&reply, &mut answer).expect("a reply can be serialised");
            self.control.post(above, REPLY, &answer);
            self.sent(&answer);
            self.end_of(&command);
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
