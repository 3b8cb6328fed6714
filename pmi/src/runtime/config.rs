//! What a world shall be like: options, environment, launcher.

use super::world::Closing;
#[cfg(feature = "mpi")]
use crate::cores;
use crate::error::{Error, Result};
use std::path::PathBuf;

/// Options of a world, before it is set up.
///
/// ```
/// let sum = pmi::Setup::new().tasks(4).threads(1).run(|| {
///     pmi::reduce(|task: &pmi::Task, ()| task.rank(), (), pmi::op::SUM)
/// })??;
/// assert_eq!(sum, 6);
/// # Ok::<(), pmi::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "options do nothing until a world is set up with them"]
pub struct Setup {
    pub(crate) tasks: Option<usize>,
    pub(crate) threads: Option<usize>,
    ledger: Option<bool>,
    trace: Option<PathBuf>,
}

/// More threads than any system starts.
const MOST_TASKS: usize = 1 << 16;

impl Setup {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many tasks an embedded world has; the default is the environment variable `PMI_TASKS`, else 1. An MPI
    /// world has as many as its launcher started.
    pub fn tasks(mut self, tasks: usize) -> Self {
        self.tasks = Some(tasks);
        self
    }

    /// How many threads each task's rayon pool has; the default is the task's share of the cores it may use.
    ///
    /// The pool of one thread is the task's own. MPI is then told that the process has no other threads, unless it has
    /// some already: a program that starts its own later asks for 2 here where MPI must know of them.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Whether the world records from the start what its tasks do, for [`ledger`](crate::ledger()); the default is
    /// whether the environment variable `PMI_LEDGER` is set, and not to `0`. Then the world also prints its ledger to
    /// the standard error when it ends.
    ///
    /// ```
    /// let messages = pmi::Setup::new().tasks(3).ledger(true).run(|| {
    ///     pmi::exec(|_: &pmi::Task, ()| (), ())?;
    ///     Ok::<_, pmi::Error>(pmi::ledger()?.verb("exec").messages)
    /// })??;
    /// assert_eq!(messages, 4);
    /// # Ok::<(), pmi::Error>(())
    /// ```
    pub fn ledger(mut self, on: bool) -> Self {
        self.ledger = Some(on);
        self
    }

    /// Records as with [`ledger`](Setup::ledger), and writes the [trace](crate::Ledger::write_trace) to this file when
    /// the world ends, also where a panic of the controller ends it; not where `process::exit` does. The default is the
    /// environment variable `PMI_TRACE`.
    pub fn trace(mut self, file: impl Into<PathBuf>) -> Self {
        self.trace = Some(file.into());
        self
    }

    /// What to do with the ledger when the world ends; `None` where it does not record.
    pub(crate) fn closing(&self) -> Option<Closing> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let print = set("PMI_LEDGER").is_some_and(|value| value != "0");
        let trace = self.trace.clone().or_else(|| set("PMI_TRACE").map(PathBuf::from));
        let on = self.ledger.unwrap_or(print || trace.is_some());
        on.then_some(Closing { print, trace })
    }

    /// The number of tasks of an embedded world.
    pub(crate) fn embedded_tasks(&self) -> Result<usize> {
        let (tasks, from) = match (self.tasks, std::env::var("PMI_TASKS")) {
            (Some(tasks), _) => (tasks, "Setup::tasks"),
            (None, Err(std::env::VarError::NotPresent)) => (1, ""),
            (None, text) => {
                let text = text.unwrap_or_default();
                let wrong = || Error::setup(format!("PMI_TASKS is {text:?}; it must be a number of tasks, 1 or more"));
                (text.trim().parse().map_err(|_| wrong())?, "PMI_TASKS")
            }
        };
        if tasks == 0 {
            return Err(Error::setup(format!("{from} is 0: a world has 1 task or more")));
        }
        if tasks > MOST_TASKS {
            return Err(Error::setup(format!("{from} is {tasks}: an embedded world has at most {MOST_TASKS} tasks")));
        }
        Ok(tasks)
    }

    /// The number of threads of a task that may use this many cores.
    pub(crate) fn threads_on(&self, cores: usize) -> Result<usize> {
        match self.threads {
            Some(0) => Err(Error::setup("Setup::threads is 0: a task has 1 thread or more")),
            Some(threads) => Ok(threads),
            None => Ok(cores.max(1)),
        }
    }

    /// Whether this process has one thread and PMI will start no other, as far as can be known before MPI is started.
    #[cfg(feature = "mpi")]
    pub(crate) fn has_one_thread(&self) -> bool {
        // One of several tasks that may use all the host's cores has its part of them.
        let sharing = if cores::bound() == cores::of_launcher() { tasks_of_host().unwrap_or(1).max(1) } else { 1 };
        let threads = self.threads.unwrap_or(cores::count(&cores::allowed()) / sharing);
        threads <= 1 && cores::threads_of_process() == Some(1)
    }
}

/// This process's rank, if an MPI launcher started it among others: for programs that say something before
/// [`setup`](crate::setup()), which only one of them should do.
///
/// ```
/// if pmi::launched_rank().is_none_or(|rank| rank == 0) {
///     println!("printed once");
/// }
/// ```
pub fn launched_rank() -> Option<usize> {
    launcher()?;
    let names = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID"];
    names.into_iter().find_map(|name| std::env::var(name).ok()?.parse().ok())
}

/// The MPI launcher that started this process among others, by the variable that gives it away.
pub(crate) fn launcher() -> Option<&'static str> {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<usize>().ok());
    // Open MPI, MPICH and Intel MPI (Hydra), any launcher that speaks PMIx.
    if let Some(name) =
        ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"].into_iter().find(|name| number(name).is_some())
    {
        return Some(name);
    }
    // srun also sets its variables for the one process of a batch script.
    (number("SLURM_STEP_NUM_TASKS")? > 1).then_some("SLURM_STEP_NUM_TASKS")
}

/// How many tasks of the job the launcher started on this host, where it says so.
#[cfg(feature = "mpi")]
fn tasks_of_host() -> Option<usize> {
    // Open MPI; MPICH and Intel MPI (Hydra).
    let names = ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"];
    names.into_iter().find_map(|name| std::env::var(name).ok()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_refused() {
        assert!(Setup::new().tasks(0).embedded_tasks().unwrap_err().to_string().contains("Setup::tasks is 0"));
        assert!(Setup::new().threads(0).threads_on(4).unwrap_err().is_setup());
        assert_eq!(Setup::new().threads_on(0).unwrap(), 1);
        assert_eq!(Setup::new().tasks(5).embedded_tasks().unwrap(), 5);
    }
}
