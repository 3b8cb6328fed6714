//! Handles: names of parallel objects that can be sent anywhere.

use crate::error::{Error, Result};
use crate::target::Target;
use crate::wire;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A parallel object: one instance of `T` on every task.
///
/// [`create`](crate::create) makes the instances and returns their handle. The handle is a small value that can be
/// cloned, stored and given to any parallel function, alone or inside other arguments; there
/// [`Task::get`](crate::Task::get) finds the task's own instance. When the controller drops the last clone the
/// instances are dropped on every task, with the next command.
///
/// ```
/// # use serde::{Serialize, Deserialize};
/// # pmi::with_tasks(3, || {
/// let counter = pmi::create(|task: &pmi::Task, start: usize| start + task.rank(), 10)?;
/// counter.exec(|_, count: &mut usize, n| *count *= n, 2)?;
/// assert_eq!(counter.invoke(|_, count: &mut usize, ()| *count, ())?, [20, 22, 24]);
/// // A handle inside an argument:
/// let sums = pmi::invoke(
///     |task: &pmi::Task, (list, x): (Vec<pmi::Handle<usize>>, usize)| *task.get(&list[0]) + x,
///     (vec![counter.clone()], 1),
/// )?;
/// assert_eq!(sums, [21, 23, 25]);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// Outside of its world a handle means nothing, so serialising one for anything but a verb or the communicator is an
/// error.
pub struct Handle<T> {
    world: u64,
    index: u64,
    /// The number of the group whose tasks have instances; `None` for all tasks.
    group: Option<u64>,
    /// Keeps the instances alive; `None` in the copies that parallel functions get.
    owner: Option<Arc<Owner>>,
    of: PhantomData<fn() -> T>,
}

/// Keeps a parallel object, or a group of tasks, until it is dropped.
pub(crate) struct Owner {
    registry: Arc<Registry>,
    index: u64,
    /// The group that the object's instances are in.
    group: Option<Arc<Owner>>,
    /// The ranks of the group's tasks, ascending; none for an object.
    ranks: Vec<usize>,
}

impl Owner {
    /// Whether it is in the world with this registry.
    pub(crate) fn belongs_to(&self, registry: &Arc<Registry>) -> bool {
        Arc::ptr_eq(&self.registry, registry)
    }

    /// The number of the object or group.
    pub(crate) fn index(&self) -> u64 {
        self.index
    }

    /// The ranks of the group's tasks, ascending.
    pub(crate) fn ranks(&self) -> &[usize] {
        &self.ranks
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let mut objects = self.registry.lock();
        objects.owners.remove(&self.index);
        objects.released.push(self.index);
    }
}

/// The parallel objects of a world, as its controller knows them.
pub(crate) struct Registry {
    pub(crate) world: u64,
    /// How many tasks the world has.
    tasks: usize,
    objects: Mutex<Objects>,
}

#[derive(Default)]
struct Objects {
    next: u64,
    owners: HashMap<u64, Weak<Owner>>,
    /// Objects whose last handle is gone and whose instances are not.
    released: Vec<u64>,
}

thread_local! {
    /// The registry of the world that this thread controls.
    static CONTROLS: RefCell<Option<Arc<Registry>>> = const { RefCell::new(None) };
    /// The group on whose tasks what this thread serialises must have its instances: see [`only_of`].
    static ONLY: RefCell<Option<Arc<Owner>>> = const { RefCell::new(None) };
}

/// Runs `f`, in which a handle can be serialised only where its object has instances on just the tasks of this group.
///
/// What was made for other tasks may have an instance on all of these, and be wrong all the same: a distributed array
/// takes a task's number in the call for its number in the array.
pub(crate) fn only_of<R>(group: Arc<Owner>, f: impl FnOnce() -> R) -> R {
    struct End(Option<Arc<Owner>>);
    impl Drop for End {
        fn drop(&mut self) {
            ONLY.set(self.0.take());
        }
    }
    let _end = End(ONLY.replace(Some(group)));
    f()
}

impl Registry {
    pub(crate) fn new(world: u64, tasks: usize) -> Arc<Self> {
        Arc::new(Self { world, tasks, objects: Mutex::default() })
    }

    /// Makes this the registry that handles on this thread belong to, or ends that.
    pub(crate) fn set_current(registry: Option<Arc<Self>>) {
        CONTROLS.set(registry);
    }

    fn lock(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A handle for an object that is about to be made, by the tasks of a group. Dropped, it releases what was made.
    pub(crate) fn reserve<T>(self: &Arc<Self>, group: Option<Arc<Owner>>) -> Handle<T> {
        let number = group.as_ref().map(|group| group.index);
        let owner = self.own(group, Vec::new());
        let (index, group) = (owner.index, number);
        Handle { world: self.world, index, group, owner: Some(owner), of: PhantomData }
    }

    /// A number for a group of the tasks with these ranks, ascending, that is about to be formed.
    pub(crate) fn own_group(self: &Arc<Self>, ranks: Vec<usize>) -> Arc<Owner> {
        self.own(None, ranks)
    }

    fn own(self: &Arc<Self>, group: Option<Arc<Owner>>, ranks: Vec<usize>) -> Arc<Owner> {
        let mut objects = self.lock();
        let index = objects.next;
        objects.next += 1;
        let owner = Arc::new(Owner { registry: self.clone(), index, group, ranks });
        objects.owners.insert(index, Arc::downgrade(&owner));
        owner
    }

    /// Whether there are objects to drop.
    pub(crate) fn has_released(&self) -> bool {
        !self.lock().released.is_empty()
    }

    /// The objects to drop since this was last asked.
    pub(crate) fn take_released(&self) -> Vec<u64> {
        std::mem::take(&mut self.lock().released)
    }

    fn owner(&self, index: u64) -> Option<Arc<Owner>> {
        self.lock().owners.get(&index)?.upgrade()
    }
}

impl<T> Handle<T> {
    pub(crate) fn index(&self) -> u64 {
        self.index
    }

    /// The tasks that have instances.
    pub(crate) fn target(&self) -> Target {
        self.group.map_or(Target::All, Target::Group)
    }

    /// Checks that the object lives in this world.
    pub(crate) fn check(&self, world: u64) -> Result<()> {
        if self.world == world {
            return Ok(());
        }
        let name = std::any::type_name::<T>();
        Err(Error::handle(format!(
            "the handle of a {name} belongs to another world, or to one that has ended: create it in this world"
        )))
    }

    /// Checks that the object has instances on this group's tasks and no others.
    fn check_tasks(&self, group: &Owner) -> Result<()> {
        let own = self.owner.as_ref().and_then(|owner| owner.group.as_deref());
        let same = match own {
            Some(own) => own.ranks == group.ranks,
            None => group.ranks.len() == group.registry.tasks,
        };
        if same {
            return Ok(());
        }
        let name = std::any::type_name::<T>();
        let made = own.map_or("all tasks".to_string(), |own| format!("the tasks {:?}", own.ranks));
        Err(Error::handle(format!(
            "the handle of a {name} was made for {made}, and the verb runs in the scope of a group of the tasks {:?}: \
             create it in this scope, or use it outside",
            group.ranks
        )))
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self { owner: self.owner.clone(), ..*self }
    }
}

impl<T> PartialEq for Handle<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.world, self.index) == (other.world, other.index)
    }
}

impl<T> Eq for Handle<T> {}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle<{}>({})", std::any::type_name::<T>(), self.index)
    }
}

impl<T> Serialize for Handle<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !wire::writing_what_is_sent() {
            let name = std::any::type_name::<T>();
            let text =
                format!("the handle of a {name} can be sent to tasks, not stored: store what its instances have");
            return Err(ser::Error::custom(text));
        }
        let world = CONTROLS.with_borrow(|registry| registry.as_ref().map(|registry| registry.world));
        let checked = world
            .map_or(Ok(()), |world| self.check(world))
            .and_then(|()| ONLY.with_borrow(|group| group.as_ref().map_or(Ok(()), |group| self.check_tasks(group))));
        if let Err(error) = checked {
            return Err(ser::Error::custom(wire::note(error.to_string())));
        }
        (self.world, self.index, self.group).serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Handle<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (world, index, group) = <(u64, u64, Option<u64>)>::deserialize(deserializer)?;
        // On the controller, a handle that comes back in a result keeps the object alive again.
        let registry = CONTROLS.with_borrow(|registry| registry.clone().filter(|registry| registry.world == world));
        let owner = registry.map(|registry| {
            let gone = || de::Error::custom(wire::note(format!("parallel object {index} has been released")));
            registry.owner(index).ok_or_else(gone)
        });
        Ok(Self { world, index, group, owner: owner.transpose()?, of: PhantomData })
    }
}
