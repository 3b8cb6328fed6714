//! What the communicators of a process share: the library's state, how to wait, and who has given up.

use super::kept::{Shelf, Split};
use super::pending::OwnedRequest;
use super::raw::{self, check, filled, int, pointer, pointer_mut};
use super::{SMALL, exit};
use crate::comm::Pending;
use crate::cores::{self, Mask};
use crate::wire;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_int;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Messages that say a task has given up, on the control communicator.
const LEFT: c_int = 1;
/// Added to a tag of the runtime for the part of a message that its first piece has no room for.
const REST: c_int = 64;
/// The longest first piece of a message of the runtime; one of this length is followed by the rest.
const PIECE: usize = 2048;

/// How many polls a wait makes before it looks at who has given up and lets others run.
const POLLS: u32 = 128;
/// The same where cores are to be spared: with more tasks than cores, and between naps. Some transports of Open MPI are
/// looked at in every eighth poll only.
const FEW_POLLS: u32 = 8;
/// After this long an idle task sleeps between polls, for `NAP`: a timer that goes off takes up to 20 us of a core on a
/// virtual machine, so shorter naps would take more than the twentieth of a core that idling may cost.
const AWAKE: Duration = Duration::from_millis(2);
const NAP: Duration = Duration::from_micros(500);

/// Bits of a tag that are the user's or this module's; the epoch is above them.
const TAG_BITS: u32 = 15;

/// How many epochs fit above them.
fn epochs(comm: raw::MPI_Comm) -> u64 {
    let (mut largest, mut known): (*mut c_int, c_int) = (std::ptr::null_mut(), 0);
    // SAFETY: the attribute of the largest tag is a pointer to an int that lives as long as MPI.
    let largest = unsafe {
        check!(MPI_Comm_get_attr(comm, raw::MPI_TAG_UB as c_int, (&raw mut largest).cast(), &mut known));
        if known != 0 { *largest } else { c_int::from(i16::MAX) }
    };
    ((largest as u64 + 1) >> TAG_BITS).max(1)
}

/// For each communicator, how many agreements were entered on it.
type Entered = HashMap<u64, u64>;

/// One task's part of the MPI library, from initialisation to finalisation.
pub(crate) struct Library {
    /// Carries the runtime's messages.
    control: raw::MPI_Comm,
    /// Carries those of parallel functions.
    user: Cell<raw::MPI_Comm>,
    /// Communicators that nobody uses any more.
    pub(super) shelf: Shelf,
    pub(super) rank: usize,
    pub(super) size: usize,
    /// This task's share of its host's cores.
    pub(crate) cores: f64,
    /// How many cores this host's tasks are bound to together, and how many their launcher had to give.
    pub(crate) host_cores: (usize, usize),
    /// How many calls have failed, as far as this task has gone on from them.
    epoch: Cell<u64>,
    /// The tasks that have given up: in which epoch, and what they had entered. Others may be ahead of this task.
    left: RefCell<HashMap<usize, (u64, Entered)>>,
    /// Whether this task has given up in this epoch.
    i_left: Cell<bool>,
    /// The agreements that this task has entered, for each of its communicators.
    entered: RefCell<HashMap<u64, Rc<Cell<u64>>>>,
    /// How many epochs tags can tell apart.
    epochs: u64,
    /// Messages that are on their way: small ones, and those whose requests were dropped.
    background: RefCell<Vec<OwnedRequest>>,
}

/// What a wait is for: when it may end early, and how it passes the time.
#[derive(Clone, Copy)]
pub(super) enum Wait<'a> {
    /// For something that is certain to come soon.
    Certain,
    /// For the runtime's next message; this task is not inside a parallel function. It naps where that may take long.
    Outside { nap: bool },
    /// Ends early when this says so.
    Revocable(&'a dyn Fn(&Library) -> bool),
}

impl Library {
    /// Initialises MPI; `None` where that was done before. `alone` says that the process has one thread and gets no
    /// more: Open MPI 4 takes locks where it may have others, though only the task's own calls MPI.
    pub(crate) fn start(alone: bool) -> Option<Rc<Self>> {
        let level = if alone { mpi::Threading::Single } else { mpi::Threading::Funneled };
        // The value finalises on drop, which `finish` does instead.
        let (universe, _) = mpi::initialize_with_threading(level)?;
        std::mem::forget(universe);
        let (mine, bound) = (cores::allowed(), cores::bound());
        // SAFETY: MPI is initialised; all tasks make the same calls in the same order; the gathered masks fit their
        // buffer, which has one for each task of the host.
        unsafe {
            check!(MPI_Comm_set_errhandler(raw::RSMPI_COMM_WORLD, raw::RSMPI_ERRORS_RETURN));
            let control = filled(|to| check!(MPI_Comm_dup(raw::RSMPI_COMM_WORLD, to)));
            let user = filled(|to| check!(MPI_Comm_dup(raw::RSMPI_COMM_WORLD, to)));
            let mut host: raw::MPI_Comm = filled(|to| {
                let kind = raw::RSMPI_COMM_TYPE_SHARED;
                check!(MPI_Comm_split_type(raw::RSMPI_COMM_WORLD, kind, 0, raw::RSMPI_INFO_NULL, to));
            });
            let local = filled::<c_int>(|to| check!(MPI_Comm_size(host, to))) as usize;
            let of_all = |mine: &Mask| {
                let mut masks = vec![[0; size_of::<Mask>()]; local];
                let (len, byte) = (int(size_of::<Mask>()), raw::RSMPI_UINT8_T);
                let into = pointer_mut(masks.as_flattened_mut());
                check!(MPI_Allgather(pointer(mine), len, byte, into, len, byte, host));
                masks
            };
            let (masks, bound) = (of_all(&mine), of_all(&bound));
            check!(MPI_Comm_free(&mut host));
            Some(Rc::new(Self {
                control,
                user: Cell::new(user),
                shelf: Shelf::default(),
                epochs: epochs(control),
                background: RefCell::default(),
                rank: filled::<c_int>(|to| check!(MPI_Comm_rank(control, to))) as usize,
                size: filled::<c_int>(|to| check!(MPI_Comm_size(control, to))) as usize,
                cores: cores::share(&mine, &masks),
                host_cores: (cores::count_of_all(&bound), cores::count(&cores::of_launcher())),
                epoch: Cell::new(0),
                left: RefCell::default(),
                i_left: Cell::new(false),
                entered: RefCell::default(),
            }))
        }
    }

    /// Ends MPI: all tasks must do so. Nothing of MPI may be used after it.
    pub(crate) fn finish(&self) {
        // SAFETY: MPI is initialised and not finalised: the runtime finishes a world once.
        unsafe { check!(MPI_Finalize()) };
        exit::finished();
    }

    /// What happens when the process exits before [`finish`](Library::finish): see [`exit::plan`].
    pub(crate) fn plan_exit(&self, farewell: Vec<(usize, u32, Vec<u8>)>, inside: fn() -> bool) {
        exit::plan(self, farewell, inside);
    }

    pub(super) fn control(&self) -> raw::MPI_Comm {
        self.control
    }

    /// The library's name and version, in one line.
    pub(crate) fn version() -> String {
        let mut text = [0u8; 8192]; // MPI_MAX_LIBRARY_VERSION_STRING of MPICH; Open MPI has 256
        let mut len = 0;
        // SAFETY: the buffer is as long as any library's longest version text.
        unsafe { check!(MPI_Get_library_version(text.as_mut_ptr().cast(), &mut len)) };
        // Open MPI: "Open MPI v4.1.4, package: ...". MPICH: "MPICH Version:<tab>4.0.2" and more lines.
        let text = String::from_utf8_lossy(&text[..len as usize]).replace("Version:", "");
        let name = text.split([',', '\n']).next().unwrap_or_default();
        name.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// More tasks than cores: whoever waits must let others run.
    pub(super) fn crowded(&self) -> bool {
        self.cores < 0.99
    }

    /// Polls `done` until it is true; false where the wait ended early.
    pub(super) fn wait(&self, how: Wait<'_>, mut done: impl FnMut() -> bool) -> bool {
        let mut round = if self.crowded() { FEW_POLLS } else { POLLS };
        let mut polls = 0;
        let mut since = None;
        loop {
            if done() {
                return true;
            }
            polls += 1;
            if polls < round {
                continue;
            }
            polls = 0;
            self.hear();
            match how {
                Wait::Certain => std::thread::yield_now(),
                Wait::Revocable(revoked) if revoked(self) => return false,
                Wait::Revocable(_) => std::thread::yield_now(),
                Wait::Outside { nap } => {
                    // Who waits here will do nothing more for a call that has failed elsewhere.
                    if self.anyone_left() {
                        self.leave();
                    }
                    if nap && since.get_or_insert_with(Instant::now).elapsed() > AWAKE {
                        round = FEW_POLLS;
                        std::thread::sleep(NAP);
                    } else {
                        std::thread::yield_now();
                    }
                }
            }
        }
    }

    /// Receives what others say about giving up.
    pub(super) fn hear(&self) {
        loop {
            let mut found: c_int = 0;
            // SAFETY: MPI is initialised, the pointers are to live values, and the message probed for is received by
            // the same thread, so that the buffer has its length.
            let (source, bytes) = unsafe {
                let status = filled(|to| {
                    check!(MPI_Iprobe(raw::RSMPI_ANY_SOURCE, LEFT, self.control, &mut found, to));
                });
                if found == 0 {
                    return;
                }
                let mut bytes = vec![0; raw::bytes_of(&status)];
                let (source, byte) = (status.MPI_SOURCE, raw::RSMPI_UINT8_T);
                let (into, len) = (pointer_mut(&mut bytes), int(bytes.len()));
                check!(MPI_Recv(into, len, byte, source, LEFT, self.control, raw::RSMPI_STATUS_IGNORE));
                (source as usize, bytes)
            };
            let (epoch, entered): (u64, Entered) = wire::decode(&bytes).expect("tasks run the same program");
            if epoch >= self.epoch.get() {
                self.left.borrow_mut().insert(source, (epoch, entered));
            }
        }
    }

    /// Gives up: tells all others, once an epoch, how many agreements this task has entered.
    pub(super) fn leave(&self) {
        if self.i_left.replace(true) {
            return;
        }
        let entered: Entered = self.entered.borrow().iter().map(|(id, count)| (*id, count.get())).collect();
        let bytes = wire::encode(&(self.epoch.get(), entered)).expect("numbers can be serialised");
        for to in (0..self.size).filter(|to| *to != self.rank) {
            self.send_all(to, LEFT, &bytes);
        }
    }

    /// Whether any task has given up in this epoch.
    pub(super) fn anyone_left(&self) -> bool {
        self.left.borrow().values().any(|(epoch, _)| *epoch == self.epoch.get())
    }

    /// Whether a task has given up in this epoch.
    pub(super) fn has_left(&self, rank: usize) -> bool {
        self.left.borrow().get(&rank).is_some_and(|(epoch, _)| *epoch == self.epoch.get())
    }

    /// Whether one of `members` has given up before it entered agreement number `count` of communicator `id`.
    pub(super) fn left_before(&self, members: &[usize], id: u64, count: u64) -> bool {
        let left = self.left.borrow();
        let left = members.iter().filter_map(|member| left.get(member)).filter(|(epoch, _)| *epoch == self.epoch.get());
        left.map(|(_, entered)| entered.get(&id)).any(|entered| entered.is_none_or(|n| *n < count))
    }

    /// Counts the agreements of communicator `id` from now on; to the end of the call also where it is dropped before,
    /// as others may still be in one of them.
    pub(super) fn register(&self, id: u64) -> Rc<Cell<u64>> {
        let count = Rc::new(Cell::new(0));
        self.entered.borrow_mut().insert(id, count.clone());
        count
    }

    /// The last call has ended well on all tasks: what was left of it can go.
    pub(super) fn tidy(&self) {
        let retired = self.shelf.take_retired();
        if retired.is_empty() {
            return;
        }
        for Split { raw: mut comm, .. } in retired {
            self.drain(comm, |_| true);
            // SAFETY: nobody uses the communicator any more, and the other tasks have come as far. Freeing is local in
            // Open MPI and MPICH although the standard calls it collective; all members do it.
            unsafe { check!(MPI_Comm_free(&mut comm)) };
        }
        self.entered.borrow_mut().retain(|_, count| Rc::strong_count(count) > 1);
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.get()
    }

    /// The communicator of all tasks that parallel functions use.
    pub(super) fn user(&self) -> raw::MPI_Comm {
        self.user.get()
    }

    /// A tag of this epoch: those of two epochs differ.
    pub(super) fn tag(&self, tag: u32) -> c_int {
        ((self.epoch.get() % self.epochs) << TAG_BITS) as c_int | tag as c_int
    }

    /// The tag that [`tag`](Library::tag) was given.
    pub(super) fn user_tag(tag: c_int) -> u32 {
        tag as u32 & ((1 << TAG_BITS) - 1)
    }

    /// Begins a new epoch: messages of the earlier ones match nothing any more. All tasks do so between two calls.
    pub(super) fn begin_epoch(&self) {
        let epoch = self.epoch.get() + 1;
        self.epoch.set(epoch);
        self.left.borrow_mut().retain(|_, (of, _)| *of >= epoch);
        self.i_left.set(false);
        self.entered.borrow_mut().clear();
        self.shelf.begin_epoch(epoch, self.epochs);
        if epoch.is_multiple_of(self.epochs) {
            // Tags begin again: a fresh communicator, for the same reason.
            // SAFETY: all tasks do this, at the same epoch.
            self.user.set(unsafe { filled(|to| check!(MPI_Comm_dup(self.control, to))) });
        }
        self.drain_stale(self.user());
        self.background.borrow_mut().retain_mut(|request| !request.test() && !request.expire(epoch));
    }

    /// Throws away messages of earlier epochs.
    pub(super) fn drain_stale(&self, comm: raw::MPI_Comm) {
        self.drain(comm, |tag| tag != self.tag(Self::user_tag(tag)));
    }

    /// Throws away small messages with stale tags, as far as they are in front. A large one stays: the buffer it would
    /// be read from may be gone.
    fn drain(&self, comm: raw::MPI_Comm, stale: impl Fn(c_int) -> bool) {
        loop {
            let mut found: c_int = 0;
            // SAFETY: MPI is initialised, the pointers are to live values, and the message probed for is received by
            // the same thread, so that the buffer has its length; its sender has kept a copy until it is received.
            unsafe {
                let (any, tags) = (raw::RSMPI_ANY_SOURCE, raw::RSMPI_ANY_TAG);
                let status = filled(|to| check!(MPI_Iprobe(any, tags, comm, &mut found, to)));
                if found == 0 {
                    return;
                }
                let (len, tag) = (raw::bytes_of(&status), status.MPI_TAG);
                if len > SMALL || !stale(tag) {
                    return;
                }
                let mut bytes = vec![0; len];
                let (into, source, byte) = (pointer_mut(&mut bytes), status.MPI_SOURCE, raw::RSMPI_UINT8_T);
                check!(MPI_Recv(into, int(len), byte, source, tag, comm, raw::RSMPI_STATUS_IGNORE));
            }
        }
    }

    /// Keeps a send until it is done.
    pub(super) fn keep_until_done(&self, mut request: OwnedRequest) {
        let mut background = self.background.borrow_mut();
        background.retain_mut(|request| !request.test());
        if !request.test() {
            background.push(request);
        }
    }

    /// Sends a message of the runtime.
    pub(super) fn post(&self, to: usize, tag: u32, bytes: &[u8]) {
        let tag = tag as c_int;
        let (first, rest) = bytes.split_at(bytes.len().min(PIECE));
        let (data, len) = (pointer(first), int(first.len()));
        // SAFETY: the buffer has that length. Messages this short are sent at once; the receiver is waiting for it.
        unsafe { check!(MPI_Send(data, len, raw::RSMPI_UINT8_T, int(to), tag, self.control)) };
        if first.len() == PIECE {
            self.send_all(to, tag + REST, rest);
        }
    }

    /// Receives a message of the runtime; its sender.
    pub(super) fn collect(&self, from: Option<usize>, tag: u32, into: &mut Vec<u8>, idle: bool) -> usize {
        let tag = tag as c_int;
        let how = Wait::Outside { nap: idle };
        into.clear();
        into.reserve(PIECE);
        // SAFETY: the buffer has room for that many bytes, and lives until the request is done: the wait does not end
        // early. Then as many bytes as the message had are initialised.
        let (source, len) = unsafe {
            let from = from.map_or(raw::RSMPI_ANY_SOURCE, int);
            let (data, room, byte) = (into.as_mut_ptr().cast(), int(PIECE), raw::RSMPI_UINT8_T);
            let request = filled(|to| check!(MPI_Irecv(data, room, byte, from, tag, self.control, to)));
            let status = self.finish_request(request, how);
            let len = filled::<c_int>(|to| check!(MPI_Get_count(&status, byte, to))) as usize;
            into.set_len(len);
            (status.MPI_SOURCE, len)
        };
        if len == PIECE {
            self.collect_rest(source, tag + REST, into);
        }
        source as usize
    }

    /// Receives the rest of a message of the runtime.
    fn collect_rest(&self, source: c_int, tag: c_int, into: &mut Vec<u8>) {
        let mut status: raw::MPI_Status = filled(|_| ());
        self.wait(Wait::Certain, || {
            let mut found: c_int = 0;
            // SAFETY: MPI is initialised and the pointers are to live values.
            unsafe { check!(MPI_Iprobe(source, tag, self.control, &mut found, &mut status)) };
            found != 0
        });
        let rest = raw::bytes_of(&status);
        into.resize(PIECE + rest, 0);
        // SAFETY: the buffer has that length, and lives until the request is done: the wait does not end early.
        unsafe {
            let data = pointer_mut(&mut into[PIECE..]);
            let request = raw::with_type(rest, |count, kind| {
                filled(|to| check!(MPI_Irecv(data, count, kind, source, tag, self.control, to)))
            });
            self.finish_request(request, Wait::Certain);
        }
    }

    /// Sends bytes of any number on the control communicator and waits until they have left.
    fn send_all(&self, to: usize, tag: c_int, bytes: &[u8]) {
        // SAFETY: the buffer has that length, and lives until the request is done: the wait does not end early.
        unsafe {
            let request = raw::with_type(bytes.len(), |count, kind| {
                filled(|r| check!(MPI_Isend(pointer(bytes), count, kind, int(to), tag, self.control, r)))
            });
            self.finish_request(request, Wait::Outside { nap: false });
        }
    }

    /// Waits until the request is done.
    ///
    /// # Safety
    /// The request is valid, and so is its buffer; `how` is not `Revocable`.
    unsafe fn finish_request(&self, mut request: raw::MPI_Request, how: Wait<'_>) -> raw::MPI_Status {
        filled(|status: *mut raw::MPI_Status| {
            self.wait(how, || {
                let mut done = 0;
                // SAFETY: the caller's; a request that is done becomes null, which Test accepts.
                unsafe { check!(MPI_Test(&mut request, &mut done, status)) };
                done != 0
            });
        })
    }
}
