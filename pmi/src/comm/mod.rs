//! Talking to the other tasks of a call: [`Comm`], the communicator.
//!
//! A communicator is a group of tasks with ranks `0..size`. Inside a parallel function
//! [`Task::comm`](crate::Task::comm) is the one of all tasks of the call; [`Comm::split`] makes smaller ones.
//! Messages and collectives of one communicator never mix with those of another.
//!
//! Slices of plain numbers (any [`Pod`] type) travel as they are, values of serde types through the `_object`
//! methods. Counts are 64-bit everywhere. What goes wrong (a rank that does not exist, buffers that do not fit)
//! panics, and so becomes the `Err` of the verb on the controller.

mod collective;
pub mod conformance;
#[cfg(feature = "mpi")]
pub(crate) mod mpi;
mod point;
pub(crate) mod thread;
mod transport;

pub(crate) use point::OwnTag;
pub use point::{MAX_TAG, Received, RecvRequest, SendRequest};
pub(crate) use transport::{Envelope, Owned, Pending, Reduction, Revoked, Signature, Transport, VOID};

use bytemuck::Pod;
use std::rc::Rc;

/// A group of tasks that exchange messages.
///
/// It belongs to the thread of its task: it is neither `Send` nor `Sync`, so that a rayon closure cannot use it by
/// accident. Communicate outside of such closures.
#[derive(Clone)]
pub struct Comm {
    transport: Rc<dyn Transport>,
    /// Whether collectives first make sure that every task is there: see [`Comm::guarded`].
    guarded: bool,
}

impl Comm {
    pub(crate) fn new(transport: Rc<dyn Transport>) -> Self {
        Self { transport, guarded: true }
    }

    /// This task's number in the communicator, from 0.
    pub fn rank(&self) -> usize {
        self.transport.rank()
    }

    /// How many tasks the communicator has.
    pub fn size(&self) -> usize {
        self.transport.size()
    }

    /// How its messages travel, in a few words: the embedded world, or the MPI library and its version.
    pub fn describe(&self) -> String {
        self.transport.describe()
    }

    /// The MPI library's communicator behind this one, for libraries that speak MPI themselves (parallel file formats);
    /// `None` in the embedded world.
    ///
    /// This crate's own messages travel on it, so such a library must work on a duplicate, as those made for MPI do.
    /// All tasks must enter its collectives: a task that cannot has to say so to the others before, since nothing sets
    /// free those that wait inside the library. Never free it.
    #[cfg(feature = "mpi")]
    pub fn as_mpi(&self) -> Option<::mpi::ffi::MPI_Comm> {
        self.transport.as_mpi()
    }

    /// The same communicator, its collectives with or without an agreement that all tasks take part.
    ///
    /// With it (the default) a collective cannot hang when another task has panicked: it ends, and so does the call.
    /// Without it a collective costs exactly what the transport's does; use it only where no task can panic between
    /// the start of the call and its last collective.
    #[must_use]
    pub fn guarded(&self, guarded: bool) -> Self {
        Self { transport: self.transport.clone(), guarded }
    }

    /// Splits the communicator: the tasks that give the same `color` form a new one, ranked by `key` (equal keys by
    /// their rank here). A task that gives `None` is in none of them. All tasks must call it.
    ///
    /// After a call that failed, communicators made before it are void; using one panics and says so.
    ///
    /// ```
    /// # pmi::with_tasks(4, || {
    /// let sums = pmi::invoke(
    ///     |task: &pmi::Task, ()| {
    ///         let half = task.comm().split(Some(task.rank() as u32 / 2), task.rank() as u32).unwrap();
    ///         half.all_reduce(&[task.rank()], pmi::op::SUM)[0]
    ///     },
    ///     (),
    /// )?;
    /// assert_eq!(sums, [1, 1, 5, 5]);
    /// # Ok::<(), pmi::Error>(())
    /// # }).unwrap()
    /// ```
    pub fn split(&self, color: Option<u32>, key: u32) -> Option<Comm> {
        self.agree(Signature::new("split"));
        let transport = self.transport.split(color, key)?;
        Some(Self { transport, guarded: self.guarded })
    }

    /// The other side's rank, checked.
    #[track_caller]
    fn peer(&self, rank: usize) -> usize {
        let size = self.size();
        assert!(rank < size, "rank {rank} does not exist: the communicator has {size} tasks, 0 to {}", size - 1);
        rank
    }

    fn agree(&self, signature: Signature) {
        if self.guarded {
            self.transport.agree(&signature);
        }
    }
}

impl std::fmt::Debug for Comm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Comm(rank {} of {})", self.rank(), self.size())
    }
}

/// A vector of `len` zeros that the next call overwrites.
fn zeroed<T: Pod>(len: usize) -> Vec<T> {
    bytemuck::zeroed_vec(len)
}
