//! `local`: the controller's own instance, and no other.

use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::runtime::world;
use crate::task::Task;

impl<T: 'static> Handle<T> {
    /// Runs `f` on the controller with its own instance, and returns what it returned.
    ///
    /// Nothing is sent, and the other tasks do not take part: `f` may capture what it likes, and must not communicate.
    /// Where all instances hold the same, this reads it for nothing.
    ///
    /// ```
    /// # pmi::with_tasks(3, || {
    /// let list = pmi::create(|task: &pmi::Task, n: usize| vec![task.rank(); n], 2)?;
    /// let more = 5;
    /// let len = list.local(|_, list| {
    ///     list.push(more);
    ///     list.len()
    /// })?;
    /// assert_eq!(len, 3);
    /// assert_eq!(list.invoke(|_, list, ()| list.len(), ())?, [3, 2, 2]);
    /// # Ok::<(), pmi::Error>(())
    /// # }).unwrap()
    /// ```
    ///
    /// # Errors
    /// Where the thread controls no world, the handle belongs to another one or names no instance here, and inside a
    /// parallel function. A panic of `f` is none: it goes on as one of serial code does.
    pub fn local<R>(&self, f: impl FnOnce(&Task, &mut T) -> R) -> Result<R> {
        let world = world::current("local")?;
        world.alone(|task| {
            self.check(task.world)?;
            if !task.objects.contains_key(&self.index()) {
                return Err(Error::handle(format!("the controller has no instance of {self:?}: it was released")));
            }
            Ok(f(task, &mut task.get_mut(self)))
        })
    }
}
