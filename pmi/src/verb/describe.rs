//! What a world consists of, as text.

use super::invoke;
use crate::cores;
use crate::error::Result;
use crate::runtime::{World, world};
use crate::task::Task;

/// How many tasks the verbs address: all of the world that the calling thread controls, or inside
/// [`Group::scope`](crate::Group::scope) those of the group.
///
/// # Errors
/// Where the thread controls no world.
pub fn size() -> Result<usize> {
    let world = world::current("size")?;
    Ok(world.count(&world.addressed()))
}

impl World {
    /// How many tasks the world has.
    pub fn size(&self) -> usize {
        world::current("World::size").map_or(0, |world| world.size())
    }

    /// How many threads the controller's rayon pool has.
    pub fn threads(&self) -> usize {
        world::current("World::threads").map_or(0, |world| world.threads())
    }

    /// As [`describe`](crate::describe()).
    ///
    /// # Errors
    /// Where a task fails.
    pub fn describe(&self) -> Result<String> {
        describe()
    }
}

/// The current world as text: the versions of toolkit and library, the transport, and each task's host, process, cores
/// and threads. One `invoke`.
///
/// ```
/// # pmi::with_tasks(2, || {
/// let text = pmi::describe()?;
/// assert!(text.contains("2 tasks") && text.contains("task 1: host "));
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where the calling thread controls no world, or a task fails.
pub fn describe() -> Result<String> {
    let describe = |task: &Task, ()| {
        let cores = cores::count(&cores::allowed());
        (hostname(), std::process::id(), cores, task.threads(), task.comm().describe())
    };
    let tasks = invoke(describe, ())?;
    let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let threads = tasks.iter().map(|task| task.3).sum();
    let (size, transport) = (plural(tasks.len(), "task"), &tasks[0].4);
    let mut text = format!("pmi {}: {size}, {}, {transport}\n", env!("CARGO_PKG_VERSION"), plural(threads, "thread"));
    for (rank, (host, process, cores, threads, _)) in tasks.iter().enumerate() {
        let (cores, threads) = (plural(*cores, "core"), plural(*threads, "thread"));
        text += &format!("task {rank}: host {host}, process {process}, may use {cores}, {threads}\n");
    }
    Ok(text)
}

fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    name.map_or_else(|| "unknown".into(), |name| name.trim().to_string())
}
