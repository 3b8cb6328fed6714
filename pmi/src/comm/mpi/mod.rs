//! The MPI transport.
//!
//! A task that fails must not leave the others waiting, but an MPI operation on a user's buffer cannot be taken back.
//! So nothing blocks in MPI before it is certain to end (the method was tried out with Open MPI and MPICH; the idea of
//! revoking a communicator is User Level Failure Mitigation's, Bland et al., *Post-failure recovery of MPI
//! communication capability*, IJHPCA 27, 2013):
//!
//! - Before a collective all tasks [agree](MpiTransport::agree): a dissemination barrier (Hensgen, Finkel and Manber,
//!   1988) of short messages from buffers of our own, which a task may abandon. Then the blocking collective of the
//!   library runs, which ends as all are in it.
//! - A task that fails, or sees that another did, [leaves](Library::leave): it tells everyone, with the number of
//!   agreements it had entered on each communicator. A task waits in an agreement until it completes or a member is
//!   known to have left before it entered this one, or in the middle of it, which it does only for the same reason, or
//!   as the others are in another collective. A task that completes the agreement has heard, directly or through
//!   others, from all members that they entered the same; so either all complete it or none does.
//! - A small message is copied and sent in the background. A large one is sent from the user's buffer: a send that is
//!   not done when somebody has left goes on until it is done or its receiver has left, after which nobody reads the
//!   buffer.
//! - A buffer that a user's large send has been given up on is no longer read by its receiver. A library that reads it
//!   late on the sender's side, from a full queue of a socket, would send stale bytes into a communicator that nobody
//!   receives from: harmless where the memory is still mapped, as heap memory is.
//! - Communicators are freed between two calls that went well. One that was there when a call failed is [kept](kept) and
//!   used again: libraries deliver what is still on its way to the next communicator that gets the same number.
//! - Messages carry the number of failed calls, the epoch, in the upper bits of their tags. Before the next call all
//!   tasks begin a new one, so that stray messages match nothing any more; the small ones are [received and thrown
//!   away](Library::drain). A fresh communicator each time would use them up, or meet the danger above.

mod collective;
mod exit;
mod kept;
mod library;
mod pending;
mod raw;

pub(crate) use library::Library;

use super::{Envelope, Owned, Pending, Reduction, Revoked, Signature, Transport, VOID};
use kept::Split;
use library::Wait;
use pending::{OwnedRequest, Request, Route};
use raw::{check, filled, int};
use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::c_int;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

/// Tags of this module's own messages, above those of users.
const AGREE: u32 = super::MAX_TAG + 1;
const COLLECTIVE: u32 = super::MAX_TAG + 2;

/// The longest message that is copied and sent in the background.
const SMALL: usize = 1 << 14;

/// The number of the communicator of all tasks, and of that of one.
const WORLD: u64 = 0;
const ALONE: u64 = 1;

/// A communicator of the library.
struct Communicator {
    library: Rc<Library>,
    raw: raw::MPI_Comm,
    /// Where it was split from another, what becomes of it when nobody uses it any more.
    split: Option<Split>,
}

impl Drop for Communicator {
    fn drop(&mut self) {
        if let Some(split) = self.split.take() {
            self.library.shelf.put(split, self.library.epoch());
        }
    }
}

/// A communicator in one epoch.
pub(crate) struct MpiTransport {
    library: Rc<Library>,
    comm: Rc<Communicator>,
    rank: usize,
    /// The rank in the world of each member.
    members: Vec<usize>,
    /// The same number on all members, another for each communicator.
    id: u64,
    /// How many agreements this task has entered.
    entered: Rc<Cell<u64>>,
    epoch: u64,
    splits: Cell<u64>,
}

impl MpiTransport {
    /// The communicator of all tasks.
    pub(crate) fn world(library: Rc<Library>) -> Self {
        let (rank, members) = (library.rank, (0..library.size).collect());
        let (epoch, entered) = (library.epoch(), library.register(WORLD));
        let comm = Rc::new(Communicator { library: library.clone(), raw: library.user(), split: None });
        Self { comm, rank, members, id: WORLD, entered, epoch, splits: Cell::new(0), library }
    }

    /// A communicator of this epoch.
    fn again(&self, comm: Rc<Communicator>, rank: usize, members: Vec<usize>, id: u64) -> Self {
        let library = self.library.clone();
        let (entered, epoch) = (library.register(id), library.epoch());
        Self { library, comm, rank, members, id, entered, epoch, splits: Cell::new(0) }
    }

    fn check_alive(&self) {
        assert!(self.epoch == self.library.epoch(), "{VOID}");
    }

    fn route(&self, peer: Option<usize>, tag: u32) -> Route {
        // SAFETY: a constant of the initialised library.
        let any = unsafe { raw::RSMPI_ANY_SOURCE };
        Route { comm: self.comm.raw, peer: peer.map_or(any, int), tag: self.library.tag(tag) }
    }

    /// Raises where somebody is known to have left: nothing good comes of starting something.
    fn begin(&self) {
        self.check_alive();
        if self.library.anyone_left() {
            Revoked::raise();
        }
    }

    /// In place of a split: a kept communicator of these members, none on a task without a color; `None` unless all tasks
    /// of this communicator have one that its members have. `all` are their colors, as [`split`](Transport::split)
    /// gathered them. All tasks do this.
    fn again_by_all(&self, color: Option<u32>, members: &[usize], all: &[[u32; 4]]) -> Option<Option<raw::MPI_Comm>> {
        let mine = color.map_or(0, |_| self.library.shelf.offer(members, self.epoch));
        let mut marks = vec![0u64; self.size()];
        let counts = vec![size_of_val(&mine); self.size()];
        collective::all_gather(self, bytemuck::bytes_of(&mine), bytemuck::must_cast_slice_mut(&mut marks), &counts);
        let mut of_color = HashMap::new();
        let agreed = all.iter().zip(&marks).filter(|(task, _)| task[0] != 0).all(|(task, mark)| {
            // The first of a color says which.
            *mark != 0 && of_color.entry(task[1]).or_insert(*mark) == mark
        });
        agreed.then(|| {
            color.map(|_| {
                let comm = self.library.shelf.take(mine);
                self.library.drain_stale(comm);
                comm
            })
        })
    }

    /// Sends a copy of the bytes, in the background.
    fn send_copy(&self, to: usize, tag: u32, bytes: &[u8]) {
        let request = OwnedRequest::send(self.library.clone(), self.route(Some(to), tag), Box::new(bytes.to_vec()));
        self.library.keep_until_done(request);
    }
}

/// A number that is the same on all tasks that give the same.
fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

impl Transport for MpiTransport {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.members.len()
    }

    fn describe(&self) -> String {
        Library::version()
    }

    fn as_mpi(&self) -> Option<raw::MPI_Comm> {
        self.check_alive();
        Some(self.comm.raw)
    }

    fn go_on(&self) {
        self.library.hear();
        self.begin();
    }

    fn send(&self, to: usize, tag: u32, bytes: &[u8]) {
        self.begin();
        if bytes.len() <= SMALL || to == self.rank {
            return self.send_copy(to, tag, bytes);
        }
        // SAFETY: the slice is borrowed until this returns or unwinds, which happens when the request is done, or when
        // the receiver has left: it has then finished the receives it had matched, and starts no more.
        let mut request = unsafe { Request::send(self.route(Some(to), tag), bytes) };
        let receiver = self.members[to];
        if !request.wait(&self.library, Wait::Revocable(&|library| library.has_left(receiver))) {
            request.forget_send();
        }
        if self.library.anyone_left() {
            Revoked::raise();
        }
    }

    fn probe(&self, from: Option<usize>, tag: u32) -> Envelope {
        self.begin();
        let mut found = None;
        let probe = || {
            found = self.try_probe(from, tag);
            found.is_some()
        };
        if !self.library.wait(Wait::Revocable(&Library::anyone_left), probe) {
            Revoked::raise();
        }
        found.expect("the wait ends with a message")
    }

    fn try_probe(&self, from: Option<usize>, tag: u32) -> Option<Envelope> {
        self.check_alive();
        let Route { comm, peer, tag: wanted } = self.route(from, tag);
        let mut found: c_int = 0;
        // SAFETY: the communicator is alive and the pointers are to live values.
        let status: raw::MPI_Status = unsafe { filled(|to| check!(MPI_Iprobe(peer, wanted, comm, &mut found, to))) };
        (found != 0).then(|| Envelope { source: status.MPI_SOURCE as usize, tag, bytes: raw::bytes_of(&status) })
    }

    fn receive(&self, envelope: Envelope, into: &mut [u8]) {
        // SAFETY: the buffer is borrowed until the request is done: its message is here, so the wait ends.
        let mut request = unsafe { Request::receive(self.route(Some(envelope.source), envelope.tag), into) };
        request.wait(&self.library, Wait::Certain);
    }

    fn start_send(&self, to: usize, tag: u32, data: Box<dyn Owned>) -> Box<dyn Pending> {
        self.begin();
        Box::new(OwnedRequest::send(self.library.clone(), self.route(Some(to), tag), data))
    }

    fn start_receive(&self, from: Option<usize>, tag: u32, into: Box<dyn Owned>) -> Box<dyn Pending> {
        self.begin();
        Box::new(OwnedRequest::receive(self.library.clone(), self.route(from, tag), into))
    }

    fn agree(&self, signature: &Signature) {
        self.check_alive();
        let count = self.entered.get() + 1;
        self.entered.set(count);
        let (rank, size) = (self.rank, self.size());
        let given_up = |library: &Library| library.left_before(&self.members, self.id, count);
        let mut distance = 1;
        while distance < size {
            let (to, from) = ((rank + distance) % size, (rank + size - distance) % size);
            self.send_copy(to, AGREE, bytemuck::bytes_of(signature));
            let mut theirs = Signature::new("");
            let into = bytemuck::bytes_of_mut(&mut theirs);
            // SAFETY: the buffer outlives the request, which is done or cancelled before it goes.
            let mut receiving = unsafe { Request::receive(self.route(Some(from), AGREE), into) };
            if !receiving.wait(&self.library, Wait::Revocable(&given_up)) {
                receiving.cancel_receive(&self.library);
                self.entered.set(count - 1);
                Revoked::raise();
            }
            if theirs != *signature {
                self.entered.set(count - 1);
                panic!("tasks disagree on the collective: task {rank} calls {signature}, task {from} calls {theirs}");
            }
            distance *= 2;
        }
    }

    fn barrier(&self) {
        collective::barrier(self);
    }

    fn broadcast(&self, root: usize, buffer: &mut [u8]) {
        collective::broadcast(self, root, buffer);
    }

    fn gather(&self, root: usize, mine: &[u8], out: Option<(&mut [u8], &[usize])>) {
        collective::gather(self, root, mine, out);
    }

    fn all_gather(&self, mine: &[u8], out: &mut [u8], counts: &[usize]) {
        collective::all_gather(self, mine, out, counts);
    }

    fn scatter(&self, root: usize, parts: Option<(&[u8], &[usize])>, mine: &mut [u8]) {
        collective::scatter(self, root, parts, mine);
    }

    fn all_to_all(&self, send: &[u8], send_counts: &[usize], receive: &mut [u8], receive_counts: &[usize]) {
        collective::all_to_all(self, send, send_counts, receive, receive_counts);
    }

    fn reduce(&self, root: Option<usize>, mine: &[u8], out: &mut [u8], reduction: &Reduction<'_>) {
        collective::reduce(self, root, mine, out, reduction);
    }

    fn scan(&self, exclusive: bool, mine: &[u8], out: &mut [u8], reduction: &Reduction<'_>) {
        collective::scan(self, exclusive, mine, out, reduction);
    }

    fn split(&self, color: Option<u32>, key: u32) -> Option<Rc<dyn Transport>> {
        let number = self.splits.get();
        self.splits.set(number + 1);
        // The members and their ranks, gathered by ourselves: the communicator's id needs the world's ranks anyway.
        let shelf = &self.library.shelf;
        let mine =
            [u32::from(color.is_some()), color.unwrap_or(0), key, u32::from(shelf.has_kept(self.library.epoch()))];
        let mut all = vec![[0u32; 4]; self.size()];
        let counts = vec![size_of_val(&mine); self.size()];
        let bytes = bytemuck::must_cast_slice_mut(all.as_mut_slice());
        collective::all_gather(self, bytemuck::must_cast_slice(&mine), bytes, &counts);
        let mut ranks: Vec<_> = (0..self.size()).filter(|rank| all[*rank][..2] == mine[..2]).collect();
        ranks.sort_by_key(|rank| (all[*rank][2], *rank));
        let rank = ranks.iter().position(|rank| *rank == self.rank).expect("a task is in its own group");
        let members: Vec<_> = ranks.into_iter().map(|rank| self.members[rank]).collect();
        let again = if all.iter().any(|task| task[3] != 0) { self.again_by_all(color, &members, &all) } else { None };
        let comm = match again {
            Some(again) => again,
            // SAFETY: all members of this communicator make this call.
            None => unsafe {
                let group = color.map_or(raw::RSMPI_UNDEFINED, |_| int(members[0]));
                Some(filled(|to| check!(MPI_Comm_split(self.comm.raw, group, int(rank), to))))
            },
        };
        color?;
        let raw = comm?;
        let id = hash((self.id, number, &members));
        let mark = hash((id, self.epoch)).max(1);
        let split = shelf.split(raw, members.clone(), mark, self.epoch, again.is_some());
        let comm = Rc::new(Communicator { library: self.library.clone(), raw, split: Some(split) });
        Some(Rc::new(self.again(comm, rank, members, id)))
    }

    fn begin_epoch(&self) {
        self.library.begin_epoch();
    }

    fn tidy(&self) {
        self.library.tidy();
    }

    fn renew(&self) -> Rc<dyn Transport> {
        if self.id == WORLD {
            return Rc::new(Self::world(self.library.clone()));
        }
        Rc::new(self.again(self.comm.clone(), self.rank, self.members.clone(), self.id))
    }

    fn alone(&self) -> Rc<dyn Transport> {
        // SAFETY: a constant of the initialised library.
        let raw = unsafe { raw::RSMPI_COMM_SELF };
        let comm = Rc::new(Communicator { library: self.library.clone(), raw, split: None });
        let member = self.members[self.rank];
        Rc::new(self.again(comm, 0, vec![member], ALONE))
    }

    fn revoke(&self) {
        self.library.leave();
    }

    fn post(&self, to: usize, tag: u32, bytes: &[u8]) {
        self.library.post(to, tag, bytes);
    }

    fn collect(&self, from: Option<usize>, tag: u32, into: &mut Vec<u8>, idle: bool) -> usize {
        self.library.collect(from, tag, into, idle)
    }
}
