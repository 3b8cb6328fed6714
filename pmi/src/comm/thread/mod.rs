//! The embedded world's transport: tasks are threads of this process.
//!
//! A communicator is a [`Hub`] that its tasks share. Messages are copied into the receiver's [mailbox](mailbox);
//! collectives [meet](Hub::meet) and read each other's buffers where they are, with no copy in between.

mod doorbell;
mod mailbox;
mod phase;

pub(crate) use doorbell::Doorbells;

use super::{Envelope, Owned, Pending, Reduction, Revoked, Signature, Transport, VOID};
use mailbox::{Mailbox, Posted};
use phase::Phase;
use std::cell::{Cell, UnsafeCell};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What the tasks of one communicator share.
struct Hub {
    doorbells: Arc<Doorbells>,
    /// The rank in the world of each member: whose doorbell to ring.
    members: Vec<usize>,
    slots: Vec<Slot>,
    enter: Phase,
    leave: Phase,
    mailboxes: Vec<Mailbox>,
    /// Hubs made by a split that not all their members have fetched, by the split's number and the color.
    unfetched: Mutex<HashMap<(u64, u32), Unfetched>>,
    /// The last epoch in which a task gave up; all hubs of a world share it.
    revoked: Arc<AtomicU64>,
}

/// A hub that some of its members have yet to fetch, and how many.
type Unfetched = (Arc<Hub>, usize);

/// Where a task shows the others its buffers during a collective.
struct Slot(UnsafeCell<Shown>);

// SAFETY: a slot is written by its own task before `Hub::enter` completes and read by the others only between the
// completion of `enter` and that of `leave`. Both phases order these accesses (acquire/release on one atomic), and no
// task writes its slot again before it has passed `leave`.
unsafe impl Sync for Slot {}
// SAFETY: a slot owns nothing: it only says where a task's buffers are, under the rule above.
unsafe impl Send for Slot {}

/// What a task shows: borrowed for as long as it stays in the meeting.
#[derive(Clone, Copy)]
struct Shown {
    signature: Option<Signature>,
    bytes: *const [u8],
    counts: *const [usize],
}

/// What a task shows, to the others during the meeting.
struct Meeting<'a>(&'a Hub);

impl Meeting<'_> {
    fn shown(&self, rank: usize) -> Shown {
        // SAFETY: see `Slot`: a `Meeting` exists between the two phases only, when no slot is written.
        unsafe { *self.0.slots[rank].0.get() }
    }

    fn bytes(&self, rank: usize) -> &[u8] {
        // SAFETY: the task of `rank` holds a shared borrow of the slice from before `enter` completed until it has
        // passed `leave`, which cannot complete before this task, too, leaves and so ends this `Meeting`.
        unsafe { &*self.shown(rank).bytes }
    }

    fn counts(&self, rank: usize) -> &[usize] {
        // SAFETY: as for `bytes`.
        unsafe { &*self.shown(rank).counts }
    }
}

/// Passes the second phase of a meeting, also when what is done in it panics.
struct Leave<'a>(&'a ThreadTransport);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let hub = &*self.0.hub;
        // Everyone who entered leaves; nobody else counts. So this wait always ends.
        let passed = hub.leave.pass(hub, self.0.rank, || false);
        debug_assert!(passed);
    }
}

impl Hub {
    fn new(doorbells: Arc<Doorbells>, members: Vec<usize>, revoked: Arc<AtomicU64>) -> Arc<Self> {
        let size = members.len();
        let empty = || Slot(UnsafeCell::new(Shown { signature: None, bytes: &[], counts: &[] }));
        Arc::new(Self {
            doorbells,
            members,
            slots: (0..size).map(|_| empty()).collect(),
            enter: Phase::new(size),
            leave: Phase::new(size),
            mailboxes: (0..size).map(|_| Mailbox::default()).collect(),
            unfetched: Mutex::default(),
            revoked,
        })
    }

    /// Rings member `rank`'s doorbell.
    fn ring(&self, rank: usize) {
        self.doorbells.ring(self.members[rank]);
    }

    fn ring_all(&self) {
        (0..self.members.len()).for_each(|rank| self.ring(rank));
    }

    /// Blocks task `rank`, the calling one, until `done`.
    fn wait(&self, rank: usize, done: impl FnMut() -> bool) {
        self.doorbells.wait(self.members[rank], done);
    }
}

/// A [`Hub`] as one of its tasks sees it.
pub(crate) struct ThreadTransport {
    hub: Arc<Hub>,
    rank: usize,
    /// What the coming collective was agreed to be.
    agreed: Cell<Option<Signature>>,
    /// How many splits and renewals there have been.
    splits: Cell<u64>,
    /// This task's epoch now, from 1, and when this communicator was made.
    epoch: Rc<Cell<u64>>,
    born: u64,
}

impl ThreadTransport {
    /// The communicator of all tasks of a world.
    pub(crate) fn world(doorbells: &Arc<Doorbells>, tasks: usize) -> impl Fn(usize) -> Self + Clone + use<> {
        let hub = Hub::new(doorbells.clone(), (0..tasks).collect(), Arc::default());
        move |rank| Self::new(hub.clone(), rank, Rc::new(Cell::new(1)))
    }

    fn new(hub: Arc<Hub>, rank: usize, epoch: Rc<Cell<u64>>) -> Self {
        Self { hub, rank, agreed: Cell::new(None), splits: Cell::new(0), born: epoch.get(), epoch }
    }

    /// Whether a task has given up; panics where that was in an earlier call.
    fn revoked(&self) -> bool {
        assert!(self.born == self.epoch.get(), "{VOID}");
        self.hub.revoked.load(Ordering::Acquire) >= self.born
    }

    /// Shows `bytes` and `counts` to the others, runs `body` when all are there, and waits until all have run theirs.
    fn meet<R>(&self, bytes: &[u8], counts: &[usize], body: impl FnOnce(&Meeting<'_>) -> R) -> R {
        let hub = &*self.hub;
        let signature = self.agreed.take();
        if self.revoked() {
            Revoked::raise();
        }
        // SAFETY: see `Slot`: this is the slot's own task, and it is in no meeting.
        unsafe { *hub.slots[self.rank].0.get() = Shown { signature, bytes, counts } };
        if !hub.enter.pass(hub, self.rank, || self.revoked()) {
            Revoked::raise();
        }
        let leave = Leave(self);
        let meeting = Meeting(hub);
        let other = (0..self.size()).find(|rank| meeting.shown(*rank).signature != signature);
        let other = other.map(|rank| (rank, meeting.shown(rank).signature));
        if let (Some(mine), Some((rank, Some(theirs)))) = (signature, other) {
            drop(leave);
            panic!("tasks disagree on the collective: task {} calls {mine}, task {rank} calls {theirs}", self.rank);
        }
        let result = body(&meeting);
        drop(leave);
        result
    }

    /// Makes or fetches the hub that tasks `members` of this one share, the split's number and color being `key`.
    fn fetch(&self, key: (u64, u32), members: &[usize]) -> Rc<dyn Transport> {
        let hub = &*self.hub;
        let mut unfetched = hub.unfetched.lock().unwrap_or_else(PoisonError::into_inner);
        let (fetched, left) = unfetched.entry(key).or_insert_with(|| {
            let worlds = members.iter().map(|member| hub.members[*member]).collect();
            (Hub::new(hub.doorbells.clone(), worlds, hub.revoked.clone()), members.len())
        });
        let fetched = fetched.clone();
        *left -= 1;
        if *left == 0 {
            unfetched.remove(&key);
        }
        let rank = members.iter().position(|member| *member == self.rank).expect("a task fetches its own hub");
        Rc::new(ThreadTransport::new(fetched, rank, self.epoch.clone()))
    }

    fn next_split(&self) -> u64 {
        self.splits.replace(self.splits.get() + 1)
    }

    /// Combines everyone's bytes `range`, in rank order, into `out`.
    fn fold(
        &self,
        meeting: &Meeting<'_>,
        ranks: Range<usize>,
        range: Range<usize>,
        out: &mut [u8],
        how: &Reduction<'_>,
    ) {
        for rank in ranks.clone() {
            let theirs = &meeting.bytes(rank)[range.clone()];
            if rank == ranks.start {
                out.copy_from_slice(theirs);
            } else {
                (how.into_low)(out, theirs);
            }
        }
    }
}

/// Where each of the parts, `counts` long, lies.
fn ranges(counts: &[usize]) -> impl Iterator<Item = Range<usize>> {
    counts.iter().scan(0, |start, count| {
        let range = *start..*start + count;
        *start = range.end;
        Some(range)
    })
}

impl Transport for ThreadTransport {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.hub.members.len()
    }

    fn describe(&self) -> String {
        "embedded in one process".into()
    }

    fn go_on(&self) {
        if self.revoked() {
            Revoked::raise();
        }
    }

    fn send(&self, to: usize, tag: u32, bytes: &[u8]) {
        self.go_on();
        self.post(to, tag, bytes);
    }

    fn probe(&self, from: Option<usize>, tag: u32) -> Envelope {
        let mut found = None;
        self.hub.wait(self.rank, || {
            found = self.try_probe(from, tag);
            found.is_some() || self.revoked()
        });
        found.unwrap_or_else(|| Revoked::raise())
    }

    fn try_probe(&self, from: Option<usize>, tag: u32) -> Option<Envelope> {
        self.hub.mailboxes[self.rank].find(from, tag)
    }

    fn receive(&self, envelope: Envelope, into: &mut [u8]) {
        let message = self.hub.mailboxes[self.rank].take(Some(envelope.source), envelope.tag);
        into.copy_from_slice(&message.expect("a message stays until its only reader takes it").bytes);
    }

    fn start_send(&self, to: usize, tag: u32, data: Box<dyn Owned>) -> Box<dyn Pending> {
        self.send(to, tag, data.bytes());
        let envelope = Envelope { source: self.rank, tag, bytes: data.bytes().len() };
        Box::new(Sent { data, envelope })
    }

    fn start_receive(&self, from: Option<usize>, tag: u32, into: Box<dyn Owned>) -> Box<dyn Pending> {
        if self.revoked() {
            Revoked::raise();
        }
        let posted = self.hub.mailboxes[self.rank].post(from, tag);
        Box::new(Receiving {
            hub: self.hub.clone(),
            rank: self.rank,
            epoch: self.epoch.clone(),
            born: self.born,
            posted,
            into,
        })
    }

    fn agree(&self, signature: &Signature) {
        // The collective itself meets, and compares.
        self.agreed.set(Some(*signature));
    }

    fn barrier(&self) {
        self.meet(&[], &[], |_| ());
    }

    fn broadcast(&self, root: usize, buffer: &mut [u8]) {
        if self.rank == root {
            self.meet(buffer, &[], |_| ());
        } else {
            self.meet(&[], &[], |meeting| buffer.copy_from_slice(meeting.bytes(root)));
        }
    }

    fn gather(&self, _root: usize, mine: &[u8], out: Option<(&mut [u8], &[usize])>) {
        self.meet(mine, &[], |meeting| {
            let Some((out, counts)) = out else { return };
            for (rank, range) in ranges(counts).enumerate() {
                out[range].copy_from_slice(meeting.bytes(rank));
            }
        });
    }

    fn all_gather(&self, mine: &[u8], out: &mut [u8], counts: &[usize]) {
        self.gather(0, mine, Some((out, counts)));
    }

    fn scatter(&self, root: usize, parts: Option<(&[u8], &[usize])>, mine: &mut [u8]) {
        let (bytes, counts) = parts.unwrap_or((&[], &[]));
        self.meet(bytes, counts, |meeting| {
            let range = ranges(meeting.counts(root)).nth(self.rank).expect("root gives a count for each task");
            mine.copy_from_slice(&meeting.bytes(root)[range]);
        });
    }

    fn all_to_all(&self, send: &[u8], send_counts: &[usize], receive: &mut [u8], receive_counts: &[usize]) {
        self.meet(send, send_counts, |meeting| {
            for (rank, range) in ranges(receive_counts).enumerate() {
                let theirs = ranges(meeting.counts(rank)).nth(self.rank).expect("each task gives a count for each");
                assert!(
                    theirs.len() == range.len(),
                    "all_to_all_v: task {rank} sends {} bytes where task {} expects {}",
                    theirs.len(),
                    self.rank,
                    range.len()
                );
                receive[range].copy_from_slice(&meeting.bytes(rank)[theirs]);
            }
        });
    }

    fn reduce(&self, root: Option<usize>, mine: &[u8], out: &mut [u8], reduction: &Reduction<'_>) {
        /// Below this everyone who wants the result combines everything: one meeting less.
        const SMALL: usize = 8192;
        let (size, wanted) = (self.size(), root.is_none_or(|root| root == self.rank));
        if mine.len() <= SMALL {
            return self.meet(mine, &[], |meeting| {
                if wanted {
                    self.fold(meeting, 0..size, 0..mine.len(), out, reduction);
                }
            });
        }
        let elements = mine.len() / reduction.element;
        let share = |rank| elements * rank / size * reduction.element;
        let my_share = share(self.rank)..share(self.rank + 1);
        let mut part = vec![0; my_share.len()];
        self.meet(mine, &[], |meeting| self.fold(meeting, 0..size, my_share, &mut part, reduction));
        self.meet(&part, &[], |meeting| {
            if wanted {
                (0..size).for_each(|rank| out[share(rank)..share(rank + 1)].copy_from_slice(meeting.bytes(rank)));
            }
        });
    }

    fn scan(&self, exclusive: bool, mine: &[u8], out: &mut [u8], reduction: &Reduction<'_>) {
        let ranks = 0..self.rank + usize::from(!exclusive);
        self.meet(mine, &[], |meeting| self.fold(meeting, ranks, 0..mine.len(), out, reduction));
    }

    fn split(&self, color: Option<u32>, key: u32) -> Option<Rc<dyn Transport>> {
        let number = self.next_split();
        let shown = [usize::from(color.is_some()), color.unwrap_or(0) as usize, key as usize];
        let mut members = Vec::new();
        self.meet(&[], &shown, |meeting| {
            let same = |rank: &usize| meeting.counts(*rank)[..2] == shown[..2];
            members.extend((0..self.size()).filter(same));
            members.sort_by_key(|rank| (meeting.counts(*rank)[2], *rank));
        });
        Some(self.fetch((number, color?), &members))
    }

    fn begin_epoch(&self) {
        self.epoch.set(self.epoch.get() + 1);
    }

    fn renew(&self) -> Rc<dyn Transport> {
        let members: Vec<_> = (0..self.size()).collect();
        self.fetch((self.next_split(), 0), &members)
    }

    fn alone(&self) -> Rc<dyn Transport> {
        let hub = Hub::new(self.hub.doorbells.clone(), vec![self.hub.members[self.rank]], self.hub.revoked.clone());
        Rc::new(Self::new(hub, 0, self.epoch.clone()))
    }

    fn revoke(&self) {
        self.hub.revoked.fetch_max(self.born, Ordering::AcqRel);
        self.hub.ring_all();
    }

    fn post(&self, to: usize, tag: u32, bytes: &[u8]) {
        self.hub.mailboxes[to].deliver(self.rank, tag, bytes);
        self.hub.ring(to);
    }

    fn collect(&self, from: Option<usize>, tag: u32, into: &mut Vec<u8>, _idle: bool) -> usize {
        let mailbox = &self.hub.mailboxes[self.rank];
        let mut found = None;
        self.hub.wait(self.rank, || {
            found = mailbox.take(from, tag);
            found.is_some()
        });
        let message = found.expect("the wait ends with a message");
        *into = message.bytes;
        message.source
    }
}

/// A send: done when it starts.
struct Sent {
    data: Box<dyn Owned>,
    envelope: Envelope,
}

impl Pending for Sent {
    fn test(&mut self) -> bool {
        true
    }
    fn go_on(&self) {}
    fn wait(&mut self) {}
    fn finish(self: Box<Self>) -> (Box<dyn Owned>, Envelope) {
        (self.data, self.envelope)
    }
}

struct Receiving {
    hub: Arc<Hub>,
    rank: usize,
    /// The task's epoch, and that of the receive.
    epoch: Rc<Cell<u64>>,
    born: u64,
    posted: Posted,
    into: Box<dyn Owned>,
}

impl Pending for Receiving {
    fn test(&mut self) -> bool {
        self.posted.arrived(&self.hub.mailboxes[self.rank])
    }

    fn go_on(&self) {
        if self.hub.revoked.load(Ordering::Acquire) >= self.born {
            Revoked::raise();
        }
    }

    fn wait(&mut self) {
        assert!(self.test() || self.born == self.epoch.get(), "{VOID}");
        let mut here = false;
        let (hub, rank, born, posted) = (&self.hub, self.rank, self.born, &mut self.posted);
        hub.wait(rank, || {
            here = posted.arrived(&hub.mailboxes[rank]);
            here || hub.revoked.load(Ordering::Acquire) >= born
        });
        if !here {
            Revoked::raise();
        }
    }

    fn finish(mut self: Box<Self>) -> (Box<dyn Owned>, Envelope) {
        let message = self.posted.take_message().expect("a receive is finished when it is done");
        let (len, capacity) = (message.bytes.len(), self.into.bytes().len());
        assert!(
            len <= capacity,
            "the message from task {} has {len} bytes, the receive only {capacity}: give irecv a larger capacity",
            message.source
        );
        self.into.bytes_mut()[..len].copy_from_slice(&message.bytes);
        let envelope = Envelope { source: message.source, tag: message.tag, bytes: len };
        let into = std::mem::replace(&mut self.into, Box::new(Vec::<u8>::new()));
        (into, envelope)
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.hub.mailboxes[self.rank].withdraw(&self.posted);
    }
}
