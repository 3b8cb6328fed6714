//! What a parallel function knows of the task it runs on.

use crate::comm::{Comm, Revoked};
use crate::error::Failure;
use crate::handle::Handle;
use crate::panics::Notes;
use crate::progress::Progress;
use crate::target::Target;
use rayon::ThreadPool;
use std::any::Any;
use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::HashMap;
use std::sync::Arc;

/// The task that a parallel function runs on: the function's first argument.
///
/// It is bound to the task's own thread (neither `Send` nor `Sync`): a rayon closure takes what it needs of it first.
pub struct Task {
    pub(crate) comm: Comm,
    /// Rank and size of what takes part in the call.
    pub(crate) place: (usize, usize),
    /// The rank in the world, for those who read of failures.
    world_rank: usize,
    pub(crate) objects: HashMap<u64, Box<dyn Any>>,
    pub(crate) world: u64,
    pub(crate) pool: Arc<ThreadPool>,
    notes: Notes,
    /// Whether the other tasks do not take part: see [`alone`](Task::alone).
    alone: Cell<bool>,
}

impl Task {
    pub(crate) fn new(comm: Comm, world: u64, pool: Arc<ThreadPool>, notes: Notes) -> Self {
        let place = (comm.rank(), comm.size());
        let world_rank = place.0;
        Self { comm, place, world_rank, objects: HashMap::new(), world, pool, notes, alone: Cell::new(false) }
    }

    /// Runs `f`, which may panic without an end to the call.
    pub(crate) fn attempt<R>(&self, f: impl FnOnce() -> R) -> Result<R, Failure> {
        // Another task's failure ends the call all the same.
        self.notes.catch(f).map_err(|caught| caught.failure(self.world_rank).unwrap_or_else(|| Revoked::raise()))
    }

    /// Runs `f` on this task and no other.
    pub(crate) fn alone<R>(&self, f: impl FnOnce(&Task) -> R) -> R {
        struct End<'a>(&'a Cell<bool>);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }
        self.alone.set(true);
        let _end = End(&self.alone);
        f(self)
    }

    /// This task's number, from 0. Task 0 is the controller; in a call on a [`Group`](crate::Group), the first of it.
    pub fn rank(&self) -> usize {
        self.place.0
    }

    /// How many tasks the world has; in a call on a [`Group`](crate::Group), the group.
    pub fn size(&self) -> usize {
        self.place.1
    }

    /// The communicator of all tasks of the call; in [`call_on`](crate::call_on()) that is this task alone.
    ///
    /// # Panics
    /// In what the controller runs alone ([`Handle::local`]): the other tasks would not answer.
    #[track_caller]
    pub fn comm(&self) -> &Comm {
        assert!(!self.alone.get(), "the controller runs this alone: there is no task to communicate with");
        &self.comm
    }

    /// How many threads the task's rayon pool has.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs `f` in the task's rayon pool. With one thread, `f` simply runs.
    ///
    /// Parallel iterators inside a parallel function use the task's pool of themselves, save on the controller of a
    /// second world with another number of threads than the thread's first; with `install` they always do.
    pub fn install<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        self.pool.install(f)
    }

    /// Where to report how far this call has come: see [`with_progress`](crate::with_progress).
    pub fn progress(&self) -> Progress {
        Progress::current()
    }

    /// This task's instance of a parallel object.
    ///
    /// # Panics
    /// Where the task has no such instance, or while it is mutably borrowed.
    #[track_caller]
    pub fn get<T: 'static>(&self, handle: &Handle<T>) -> Ref<'_, T> {
        let borrowed = self.instance(handle).try_borrow();
        borrowed.unwrap_or_else(|_| panic!("{handle:?} is already mutably borrowed on task {}", self.rank()))
    }

    /// This task's instance of a parallel object, to change it.
    ///
    /// # Panics
    /// Where the task has no such instance, or while it is borrowed.
    #[track_caller]
    pub fn get_mut<T: 'static>(&self, handle: &Handle<T>) -> RefMut<'_, T> {
        let borrowed = self.instance(handle).try_borrow_mut();
        borrowed.unwrap_or_else(|_| panic!("{handle:?} is already borrowed on task {}", self.rank()))
    }

    #[track_caller]
    fn instance<T: 'static>(&self, handle: &Handle<T>) -> &RefCell<T> {
        if let Err(error) = handle.check(self.world) {
            panic!("{error}");
        }
        let Some(object) = self.objects.get(&handle.index()) else {
            let why = match handle.target() {
                Target::All => "it was released, or its constructor failed",
                _ => "it was made for the tasks of a group: use it in Group::scope, or with the group's verbs",
            };
            panic!("task {} has no instance of {handle:?}: {why}", self.rank());
        };
        object.downcast_ref().unwrap_or_else(|| panic!("{handle:?} names an object of another type"))
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Task({} of {}, {} threads)", self.rank(), self.size(), self.threads())
    }
}
