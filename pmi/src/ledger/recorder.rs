//! What one task notes while its world records.

use super::clock::time_of_day;
use super::label::Label;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// How many events a task keeps at most, and all tasks of a world together.
const EVENTS: usize = 1 << 20;
const EVENTS_OF_ALL: usize = 1 << 26;

/// What one task did under one name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many times.
    pub calls: u64,
    /// How many messages it sent: see [`Ledger`](crate::Ledger).
    pub messages: u64,
    /// The bytes of these messages.
    pub bytes: u64,
    /// Time in the function of a verb, but for that in the communicator.
    pub compute: Duration,
    /// Time in the communicator: waiting for others, and moving data. Of a verb also the time until the replies of
    /// other tasks were there.
    pub wait: Duration,
}

/// The operations of a communicator, in the order of [`OPERATIONS`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    Send,
    Receive,
    StartSend,
    StartReceive,
    Barrier,
    Broadcast,
    Gather,
    AllGather,
    Scatter,
    AllToAll,
    Reduce,
    AllReduce,
    Scan,
    ExclusiveScan,
    Split,
}

/// Their names.
const OPERATIONS: [&str; 15] = [
    "send",
    "recv",
    "isend",
    "irecv",
    "barrier",
    "broadcast",
    "gather",
    "all_gather",
    "scatter",
    "all_to_all",
    "reduce",
    "all_reduce",
    "scan",
    "exclusive_scan",
    "split",
];

/// A call or an operation that took place; times are nanoseconds since the record's start.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Event {
    /// The row it belongs to.
    pub(super) row: u32,
    pub(super) start: u64,
    pub(super) length: u64,
    /// Of a verb, when its function ran.
    pub(super) run: Option<(u64, u64)>,
    pub(super) bytes: u64,
}

/// What a task did under one name, and the name.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Whether it is a verb; else it is an operation of the communicator.
    pub(super) is_verb: bool,
    pub(super) name: String,
    /// Of a verb, the function that it ran.
    pub(super) function: String,
    pub(super) tally: Tally,
}

/// All that a task has noted.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record<E = Vec<Event>> {
    /// When it started: the time of day, by the controller's clock.
    pub(super) start: Duration,
    pub(super) rows: Vec<Row>,
    pub(super) events: E,
    /// How many events had to go, the oldest first.
    pub(super) dropped: u64,
}

/// Notes what a task does.
pub(crate) struct Recorder {
    started: Instant,
    start: Duration,
    capacity: usize,
    on: Cell<bool>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// The operations, then the verbs as they come.
    tallies: Vec<Tally>,
    labels: Vec<Label>,
    /// The rows of verbs, by the address of the function that makes their label.
    rows: HashMap<usize, usize>,
    events: VecDeque<Event>,
    dropped: u64,
    call: Call,
    /// When the operation that is under way began.
    opened: Option<u64>,
}

/// The call that is under way.
#[derive(Default)]
struct Call {
    start: u64,
    run: Option<(u64, u64)>,
    waited: u64,
    messages: u64,
    bytes: u64,
}

impl Recorder {
    /// Of one of `size` tasks, whose clock is `ahead` nanoseconds ahead of the controller's.
    pub(crate) fn new(size: usize, ahead: i64) -> Self {
        let (started, now) = (Instant::now(), time_of_day());
        let shift = Duration::from_nanos(ahead.unsigned_abs());
        let start = if ahead < 0 { now + shift } else { now.saturating_sub(shift) };
        let state = State { tallies: vec![Tally::default(); OPERATIONS.len()], ..State::default() };
        let capacity = EVENTS.min(EVENTS_OF_ALL / size);
        Self { started, start, capacity, on: Cell::new(true), state: RefCell::new(state) }
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    /// Notes nothing any more, and keeps what there is.
    pub(crate) fn stop(&self) {
        self.on.set(false);
    }

    /// Whether it still notes what happens.
    pub(crate) fn is_on(&self) -> bool {
        self.on.get()
    }

    /// A call begins.
    pub(crate) fn begin(&self) {
        let mut state = self.state.borrow_mut();
        state.call = Call { start: self.now(), ..Call::default() };
        state.opened = None;
    }

    /// A message of the call under way was sent.
    pub(crate) fn sent(&self, bytes: usize) {
        let call = &mut self.state.borrow_mut().call;
        call.messages += 1;
        call.bytes += bytes as u64;
    }

    /// Runs the function of the call under way; `f` does not unwind.
    pub(crate) fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        let start = self.now();
        let result = f();
        let end = self.now();
        let mut state = self.state.borrow_mut();
        // An operation that was left by unwinding.
        let left = state.opened.take().map_or(0, |opened| end - opened);
        state.call.waited += left;
        state.call.run = Some((start, end - start));
        result
    }

    /// The call under way, with the label that `named` makes, has ended.
    pub(crate) fn end(&self, named: fn() -> Label) {
        let end = self.now();
        let state = &mut *self.state.borrow_mut();
        let call = std::mem::take(&mut state.call);
        let new = OPERATIONS.len() + state.labels.len();
        let row = *state.rows.entry(named as usize).or_insert(new);
        if row == new {
            state.labels.push(named());
            state.tallies.push(Tally::default());
        }
        let (ran, length) = call.run.unwrap_or((call.start, 0));
        let tally = &mut state.tallies[row];
        tally.calls += 1;
        tally.messages += call.messages;
        tally.bytes += call.bytes;
        tally.compute += Duration::from_nanos(length.saturating_sub(call.waited));
        tally.wait += Duration::from_nanos(call.waited.min(length) + (end - ran - length));
        let (start, bytes) = (call.start, call.bytes);
        state.push(Event { row: row as u32, start, length: end - start, run: call.run, bytes }, self.capacity);
    }

    /// An operation of the communicator begins, or goes on after its first step.
    pub(super) fn open(&self) {
        if self.on.get() {
            let now = self.now();
            self.state.borrow_mut().opened.get_or_insert(now);
        }
    }

    /// It has ended, as this one; `calls` is 0 where it was counted before.
    pub(super) fn close(&self, operation: Operation, calls: u64, messages: usize, bytes: usize) {
        let state = &mut *self.state.borrow_mut();
        let Some(start) = state.opened.take().filter(|_| self.on.get()) else { return };
        let length = self.now() - start;
        state.call.waited += length;
        let row = operation as usize;
        let tally = &mut state.tallies[row];
        tally.calls += calls;
        tally.messages += messages as u64;
        tally.bytes += bytes as u64;
        tally.wait += Duration::from_nanos(length);
        state.push(Event { row: row as u32, start, length, run: None, bytes: bytes as u64 }, self.capacity);
    }

    /// Appends a [`Record`] of what was noted, to be sent.
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) -> crate::wire::Result<()> {
        let state = self.state.borrow();
        let operations = OPERATIONS.iter().map(|name| (false, *name, String::new()));
        let verbs = state.labels.iter().map(|label| (true, label.verb, label.short()));
        let row = |((is_verb, name, function), tally): ((bool, &str, String), &Tally)| Row {
            is_verb,
            name: name.to_string(),
            function,
            tally: *tally,
        };
        let rows = operations.chain(verbs).zip(&state.tallies).map(row).collect();
        crate::wire::append(&Record { start: self.start, rows, events: &state.events, dropped: state.dropped }, out)
    }
}

impl State {
    fn push(&mut self, event: Event, capacity: usize) {
        if self.events.len() >= capacity {
            self.events.pop_front();
            self.dropped += 1;
        }
        self.events.push_back(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_beyond_the_capacity_go_the_oldest_first() {
        let recorder = Recorder { capacity: 2, ..Recorder::new(1, 0) };
        for bytes in 1..=5 {
            recorder.open();
            recorder.close(Operation::Send, 1, 1, bytes);
        }
        let mut bytes = Vec::new();
        recorder.append_to(&mut bytes).unwrap();
        let record: Record = crate::wire::decode(&bytes).unwrap();
        assert_eq!(record.events.iter().map(|event| event.bytes).collect::<Vec<_>>(), [4, 5]);
        assert_eq!((record.dropped, record.rows[0].tally.calls, record.rows[0].tally.bytes), (3, 5, 15));
    }
}
