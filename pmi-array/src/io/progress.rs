//! How far reads and writes have come.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pmi::{Progress, Task};
use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What takes no longer shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs `calls`, in which tasks read or write so many bytes of a file and [report](Progress::report) how far they have
/// come. Where the program listens ([`pmi::with_progress`]) it hears of it; otherwise, where standard error is a
/// terminal, it shows a bar there if this takes more than a second.
pub(crate) fn shown<R>(path: &Path, bytes: u64, calls: impl FnOnce() -> R) -> R {
    if Progress::current().is_heard() || bytes == 0 || !std::io::stderr().is_terminal() {
        return calls();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden())
        .with_style(style.expect("the template is one"))
        .with_message(name);
    let (start, hidden) = (Instant::now(), bar.clone());
    let report = move |done: f64| {
        if hidden.is_hidden() && start.elapsed() > PATIENCE {
            hidden.set_draw_target(ProgressDrawTarget::stderr());
        }
        hidden.set_position((done * bytes as f64) as u64);
    };
    let result = pmi::with_progress(report, calls);
    bar.finish_and_clear();
    result
}

/// Runs `calls`, which report on `bytes` of `total`, behind those `before`: who listens hears of the whole.
pub(crate) fn stage<R>(before: u64, bytes: u64, total: u64, calls: impl FnOnce() -> R) -> R {
    let whole = Progress::current();
    if !whole.is_heard() || total == 0 {
        return calls();
    }
    let report = move |done: f64| whole.report((before as f64 + done * bytes as f64) / total as f64);
    pmi::with_progress(report, calls)
}

/// Progress that a task reports between collectives, and from its threads, in so many steps: what listens may panic,
/// and shall do so when all is done.
pub(super) struct Told {
    progress: Progress,
    steps: usize,
    done: AtomicUsize,
    /// How many steps who listens has heard of. A thread that finds it locked says nothing: what listens may wait for
    /// the threads of the task.
    heard: Mutex<thread::Result<usize>>,
}

impl Told {
    pub(super) fn new(task: &Task, steps: usize) -> Self {
        Self { progress: task.progress(), steps, done: AtomicUsize::new(0), heard: Mutex::new(Ok(0)) }
    }

    /// One step more is done.
    pub(super) fn step(&self) {
        self.advance(1);
    }

    /// So many steps more are done.
    pub(super) fn advance(&self, steps: usize) {
        if !self.progress.is_heard() {
            return;
        }
        self.done.fetch_add(steps, Relaxed);
        let Ok(mut heard) = self.heard.try_lock() else { return };
        if heard.is_ok() {
            let done = self.done.load(Relaxed);
            let part = done as f64 / self.steps.max(1) as f64;
            *heard = catch_unwind(AssertUnwindSafe(|| self.progress.report(part.min(1.0)))).map(|()| done);
        }
    }

    /// All is done, also where there was nothing to do.
    pub(super) fn finish(self) {
        match self.heard.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Err(panic) => resume_unwind(panic),
            Ok(heard) if heard < self.steps.max(1) => self.progress.report(1.0),
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;
    use std::sync::Arc;

    #[test]
    fn who_listens_may_panic_when_all_is_done() {
        pmi::with_tasks(3, || {
            let steps = |task: &Task, steps: usize| {
                let told = Told::new(task, steps);
                // With no step left out nobody waits in the collective.
                (0..steps).for_each(|_| {
                    told.step();
                    task.comm().barrier();
                });
                told.finish();
            };
            for (count, expected) in [(0, vec![1.0]), (2, vec![0.5, 1.0])] {
                let seen = Arc::new(Mutex::new(Vec::new()));
                let heard = seen.clone();
                pmi::with_progress(move |done| heard.lock().unwrap().push(done), || pmi::exec(steps, count)).unwrap();
                assert_eq!(*seen.lock().unwrap(), expected);
            }
            let error = pmi::with_progress(|_| panic!("no more"), || pmi::exec(steps, 3)).unwrap_err().to_string();
            assert!(error.contains("no more"), "{error}");
            assert_eq!(pmi::invoke(|task: &Task, ()| task.rank(), ()).unwrap(), [0, 1, 2]);
        });
    }

    #[test]
    fn who_listens_may_use_the_threads_that_tell() {
        let steps = |task: &Task, ()| {
            let told = Told::new(task, 64);
            task.install(|| (0..64).into_par_iter().for_each(|_| told.step()));
            told.finish();
        };
        let last = Arc::new(Mutex::new(0.0));
        let heard = last.clone();
        let busy = move |done: f64| {
            // Who waits here does the other steps.
            (0..8).into_par_iter().for_each(|_| thread::sleep(Duration::from_micros(100)));
            *heard.lock().unwrap() = done;
        };
        let calls = || pmi::with_progress(busy, || pmi::exec(steps, ()));
        pmi::Setup::new().tasks(1).threads(2).run(calls).unwrap().unwrap();
        assert_eq!(*last.lock().unwrap(), 1.0);
    }

    #[test]
    fn parts_are_parts_of_the_whole() {
        pmi::with_tasks(2, || {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let heard = seen.clone();
            let half =
                || pmi::exec(|task: &Task, ()| [0.5, 1.0].iter().for_each(|done| task.progress().report(*done)), ());
            let calls = || {
                shown(Path::new("p"), 100, || {
                    stage(0, 20, 100, half).unwrap();
                    stage(20, 80, 100, half).unwrap();
                    stage(0, 0, 0, || ());
                });
            };
            pmi::with_progress(move |done| heard.lock().unwrap().push(done), calls);
            assert_eq!(*seen.lock().unwrap(), [0.1, 0.2, 0.6, 1.0]);
        });
    }
}
