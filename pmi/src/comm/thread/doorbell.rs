//! Waiting: a task spins for a moment, then parks its thread until somebody rings.

use std::sync::OnceLock;
use std::thread::Thread;
use std::time::{Duration, Instant};

/// How long a wait spins before it parks, where each task has a core: waking a thread takes longer than most answers.
const SPIN: Duration = Duration::from_micros(50);

/// The threads of a world's tasks.
pub(crate) struct Doorbells {
    threads: Vec<OnceLock<Thread>>,
    spin: Duration,
}

impl Doorbells {
    /// For this many tasks; they spin only where there are cores for all.
    pub(crate) fn new(tasks: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let spin = if tasks <= cores { SPIN } else { Duration::ZERO };
        Self { threads: (0..tasks).map(|_| OnceLock::new()).collect(), spin }
    }

    /// Says that the calling thread is task `rank`'s. Rings before this find a task that has not begun to wait.
    pub(crate) fn answer(&self, rank: usize) {
        self.threads[rank].set(std::thread::current()).expect("a task has one thread");
    }

    /// Makes task `rank` look again at what it waits for. What it waits for must have been changed before.
    pub(crate) fn ring(&self, rank: usize) {
        if let Some(thread) = self.threads[rank].get() {
            thread.unpark();
        }
    }

    /// Blocks the calling thread, task `rank`'s, until `done`.
    pub(crate) fn wait(&self, rank: usize, mut done: impl FnMut() -> bool) {
        if done() {
            return;
        }
        debug_assert_eq!(self.threads[rank].get().map(Thread::id), Some(std::thread::current().id()));
        if self.spin > Duration::ZERO {
            let start = Instant::now();
            while start.elapsed() < self.spin {
                for _ in 0..32 {
                    std::hint::spin_loop();
                    if done() {
                        return;
                    }
                }
            }
        }
        // A ring between a look and the park makes the park return at once.
        while !done() {
            std::thread::park();
        }
    }
}
