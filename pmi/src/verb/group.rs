//! Groups: some of the tasks, with the same verbs.

use super::call::{called, run_and_keep};
use super::create::make;
use super::exec::run_only_on;
use super::invoke::{invoked, run_and_gather};
use super::reduce::run_and_combine;
use super::{Argument, Function, Portable};
use crate::error::{Error, Result};
use crate::handle::{Handle, Owner};
use crate::op::Operator;
use crate::runtime::world::{self, Controller, Scope};
use crate::target::Target;
use crate::task::Task;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::rc::Rc;
use std::sync::Arc;

/// Some of the world's tasks, with a communicator of their own.
///
/// Its verbs run on its tasks alone; the others do nothing. Inside, ranks and sizes are the group's: its tasks are
/// numbered from 0 in the order of their ranks. The group may leave the controller out, which then only waits. What is
/// written with the verbs of the world, as a library's classes are, runs on the group in its [`scope`](Group::scope).
///
/// ```
/// # pmi::with_tasks(4, || {
/// let odd = pmi::Group::new([1, 3])?;
/// let sums = odd.invoke(|task: &pmi::Task, ()| (task.rank(), task.comm().all_reduce(&[1], pmi::op::SUM)[0]), ())?;
/// assert_eq!(sums, [(0, 2), (1, 2)]);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
#[derive(Clone)]
pub struct Group {
    owner: Arc<Owner>,
}

impl Group {
    /// The group of the tasks with these ranks; inside a [`scope`](Group::scope), of its group's tasks with these
    /// numbers. One command to all tasks, which form the communicator.
    ///
    /// # Errors
    /// Where there are no ranks, one twice, or one that does not exist.
    pub fn new(ranks: impl IntoIterator<Item = usize>) -> Result<Self> {
        let world = world::current("Group::new")?;
        match world.scope() {
            Some(group) => Self { owner: group }.group(ranks),
            None => Self::form(&world, ranks.into_iter().collect()),
        }
    }

    /// The group of the world's tasks with these ranks.
    fn form(world: &Controller, mut ranks: Vec<usize>) -> Result<Self> {
        ranks.sort_unstable();
        let size = world.size();
        let wrong = match ranks.last() {
            None => Some("a group has one task or more".to_string()),
            Some(last) if *last >= size => Some(format!("task {last} does not exist; the world has {size}, from 0")),
            _ => {
                ranks.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| format!("task {} is in it twice", pair[0]))
            }
        };
        if let Some(wrong) = wrong {
            return Err(Error::misuse(format!("Group::new: {wrong}")));
        }
        let owner = world.registry.own_group(ranks);
        world.form(owner.index(), owner.ranks())?;
        Ok(Self { owner })
    }

    /// The group of this group's tasks with these numbers in it.
    ///
    /// # Errors
    /// As [`new`](Group::new).
    pub fn group(&self, members: impl IntoIterator<Item = usize>) -> Result<Self> {
        let size = self.size();
        let rank = |member: usize| {
            let missing =
                || Error::misuse(format!("Group::group: task {member} does not exist; the group has {size}, from 0"));
            self.ranks().get(member).copied().ok_or_else(missing)
        };
        Self::form(&*self.world("Group::group")?, members.into_iter().map(rank).collect::<Result<_>>()?)
    }

    /// The ranks of its tasks in the world, ascending.
    pub fn ranks(&self) -> &[usize] {
        self.owner.ranks()
    }

    /// How many tasks it has.
    pub fn size(&self) -> usize {
        self.ranks().len()
    }

    /// The group's world, which the calling thread must control.
    fn world(&self, verb: &str) -> Result<Rc<Controller>> {
        let world = world::current(verb)?;
        if !self.owner.belongs_to(&world.registry) {
            return Err(Error::handle("the group belongs to another world, or to one that has ended"));
        }
        Ok(world)
    }

    fn target(&self, verb: &str) -> Result<Target> {
        self.world(verb)?;
        Ok(Target::Group(self.owner.index()))
    }

    /// Runs `f` on the calling thread, and in it every verb on the group's tasks instead of all: what a library wrote
    /// with `create`, `invoke`, [`size`](crate::size()) and the others, distributed arrays say, it does on the group.
    /// Returns what `f` returned. Nothing is sent.
    ///
    /// Task numbers are the group's, for [`call_on`](crate::call_on()) and [`Group::new`], too. Parallel objects that
    /// are made in it have instances on the group's tasks; their handles' verbs run there wherever they are used. A
    /// verb in the scope takes handles of such objects alone in its arguments: an object of all tasks has an instance
    /// on each of the group's, but these have other numbers in the group than it knows. Scopes nest; however `f` ends,
    /// verbs address what they did before.
    ///
    /// Where the group leaves out the controller, [`call`](crate::call()), whose result is the controller's own, is an
    /// error; [`first`](crate::first()) is what takes its place.
    ///
    /// ```
    /// # pmi::with_tasks(4, || {
    /// let ranks = || pmi::invoke(|task: &pmi::Task, ()| (task.rank(), task.size()), ());
    /// let upper = pmi::Group::new([2, 3])?;
    /// assert_eq!(upper.scope(ranks)??, [(0, 2), (1, 2)]);
    /// assert_eq!(ranks()?.len(), 4);
    /// # Ok::<(), pmi::Error>(())
    /// # }).unwrap()
    /// ```
    ///
    /// # Errors
    /// Where the calling thread does not control the group's world, and inside a parallel function.
    pub fn scope<R>(&self, f: impl FnOnce() -> R) -> Result<R> {
        let _scope = Scope::enter(&self.world("Group::scope")?, self.owner.clone());
        Ok(f())
    }

    /// As [`exec`](crate::exec()), on the group's tasks.
    ///
    /// # Errors
    /// As [`exec`](crate::exec()).
    pub fn exec<F: Fn(&Task, A) + Portable, A: Argument>(&self, _: F, args: A) -> Result<()> {
        run_only_on::<Function<F, A, ()>>(Some(self.target("exec")?), &args)
    }

    /// As [`call`](crate::call()), on the group's tasks, of which the controller must be one.
    ///
    /// # Errors
    /// As [`call`](crate::call()), and where the controller is not in the group.
    pub fn call<F: Fn(&Task, A) -> R + Portable, A: Argument, R>(&self, _: F, args: A) -> Result<R> {
        run_and_keep::<Function<F, A, R>>(called::<F>, Some(self.target("call")?), &args)
    }

    /// As [`invoke`](crate::invoke()), on the group's tasks.
    ///
    /// # Errors
    /// As [`invoke`](crate::invoke()).
    pub fn invoke<F: Fn(&Task, A) -> R + Portable, A: Argument, R: Serialize + DeserializeOwned>(
        &self,
        _: F,
        args: A,
    ) -> Result<Vec<R>> {
        run_and_gather::<Function<F, A, R>>(invoked::<F>, Some(self.target("invoke")?), &args)
    }

    /// As [`reduce`](crate::reduce()), on the group's tasks.
    ///
    /// # Errors
    /// As [`reduce`](crate::reduce()).
    pub fn reduce<F, A, R, O>(&self, _: F, args: A, op: O) -> Result<R>
    where
        F: Fn(&Task, A) -> R + Portable,
        A: Argument,
        R: Serialize + DeserializeOwned,
        O: Operator<R>,
    {
        run_and_combine::<Function<F, A, R>, O>(Some(self.target("reduce")?), &args, op)
    }

    /// As [`create`](crate::create()), with instances on the group's tasks; the handle's verbs run there.
    ///
    /// # Errors
    /// As [`create`](crate::create()).
    pub fn create<F: Fn(&Task, A) -> T + Portable, A: Argument, T: 'static>(&self, _: F, args: A) -> Result<Handle<T>> {
        make::<Function<F, A, T>>(&*self.world("create")?, Some(self.owner.clone()), &args)
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Group({:?})", self.ranks())
    }
}
