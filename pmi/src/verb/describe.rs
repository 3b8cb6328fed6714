//! What a world consists of, as text.

use super::invoke;
use crate::error::Result;
use crate::runtime::{World, world};
use crate::task::Task;
use crate::{cores, op, reduce};

/// How many tasks the current world has: the one that the calling thread controls.
///
/// # Errors
/// Where the thread controls no world.
pub fn size() -> Result<usize> {
    Ok(world::current("size")?.size())
}

impl World {
    /// How many tasks the world has.
    pub fn size(&self) -> usize {
        size().unwrap_or(0)
    }

    /// How many threads the controller's rayon pool has.
    pub fn threads(&self) -> usize {
        world::current("World::threads").map_or(0, |world| world.threads())
    }

    /// The tasks, their hosts, processes, cores and threads, the transport and the versions of library and toolkit.
    ///
    /// # Errors
    /// Where a task fails.
    pub fn describe(&self) -> Result<String> {
        let describe = |task: &Task, ()| {
            let cores = cores::count(&cores::allowed());
            (hostname(), std::process::id(), cores, task.threads())
        };
        let tasks = invoke(describe, ())?;
        let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let threads = reduce(|task: &Task, ()| task.threads(), (), op::SUM)?;
        let mut text = format!(
            "pmi {}: {}, {}, {}\n",
            env!("CARGO_PKG_VERSION"),
            plural(tasks.len(), "task"),
            plural(threads, "thread"),
            self.transport(),
        );
        for (rank, (host, process, cores, threads)) in tasks.into_iter().enumerate() {
            let (cores, threads) = (plural(cores, "core"), plural(threads, "thread"));
            text += &format!("task {rank}: host {host}, process {process}, may use {cores}, {threads}\n");
        }
        Ok(text)
    }
}

fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    name.map_or_else(|| "unknown".into(), |name| name.trim().to_string())
}
