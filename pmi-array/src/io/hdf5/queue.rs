//! Writing in the background: one frame is on its way to the file while the next is computed.

use std::cell::{Cell, RefCell};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{JoinHandle, spawn};

/// What a thread beside the task's writes, in order. It calls HDF5, which has a lock, and no MPI.
pub(super) struct Queue {
    /// `None` when it comes to its end.
    jobs: Option<Sender<Job>>,
    results: Receiver<Done>,
    thread: Option<JoinHandle<()>>,
    /// What is not to be begun yet.
    held: RefCell<Vec<Job>>,
    /// How many jobs have not been heard of.
    waiting: Cell<usize>,
}

/// Something to write.
type Job = Box<dyn FnOnce() -> Done + Send>;

/// What came of it, and what gives the memory of the elements back where it is from: on the task's own thread.
type Done = (Result<(), String>, Box<dyn FnOnce() + Send>);

impl Queue {
    pub(super) fn new() -> Self {
        let (jobs, todo) = channel::<Job>();
        let (done, results) = channel();
        let work = move || {
            for job in todo {
                if done.send(job()).is_err() {
                    break;
                }
            }
        };
        Self { jobs: Some(jobs), results, thread: Some(spawn(work)), held: RefCell::default(), waiting: Cell::new(0) }
    }

    /// Writes these elements after [`start`](Queue::start), and gives them back on this thread when they are written.
    pub(super) fn push<E: Send + 'static>(
        &self,
        elements: E,
        give_back: impl FnOnce(E) + Send + 'static,
        write: impl FnOnce(&E) -> Result<(), String> + Send + 'static,
    ) {
        let job = move || -> Done { (write(&elements), Box::new(move || give_back(elements))) };
        self.held.borrow_mut().push(Box::new(job));
    }

    /// Begins to write. HDF5's lock is taken while elements are written, so the task should be through with HDF5: it
    /// would wait for them.
    pub(super) fn start(&self) {
        for job in self.held.take() {
            self.waiting.set(self.waiting.get() + 1);
            // A thread that has died is heard of in `finish`.
            let _ = self.jobs.as_ref().expect("the queue has not ended").send(job);
        }
    }

    /// Waits until all is written that was begun. The first failure; what was never begun is one, too, of a call that
    /// was broken off, and goes.
    pub(super) fn finish(&self) -> Result<(), String> {
        let begun = self.held.take().is_empty();
        let mut done = if begun { Ok(()) } else { Err("it was broken off before all was written".into()) };
        for _ in 0..self.waiting.take() {
            let (wrote, give_back) = self
                .results
                .recv()
                .unwrap_or_else(|_| (Err("the thread that writes in the background has died".into()), Box::new(|| ())));
            give_back();
            done = done.and(wrote);
        }
        done
    }
}

impl Drop for Queue {
    /// Writes what is left of what was begun.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    #[test]
    fn jobs_are_done_in_order_and_failures_are_told_once() {
        let queue = Queue::new();
        let (at, back) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        for number in 0..100 {
            let at = at.clone();
            let write = move |elements: &Vec<usize>| {
                assert_eq!((&elements[..], at.fetch_add(1, Ordering::Relaxed)), (&[number][..], number));
                if number % 40 == 39 { Err(format!("number {number}")) } else { Ok(()) }
            };
            let back = back.clone();
            queue.push(vec![number], move |given| back.lock().unwrap().extend(given), write);
        }
        queue.start();
        assert_eq!(queue.finish(), Err("number 39".into()));
        assert_eq!((queue.finish(), at.load(Ordering::Relaxed)), (Ok(()), 100));
        assert_eq!(*back.lock().unwrap(), (0..100).collect::<Vec<_>>());
        queue.push(vec![0], drop, |_| panic!("never begun"));
        assert!(queue.finish().unwrap_err().contains("broken off"));
        queue.push(vec![0], drop, |_| panic!("on purpose"));
        queue.start();
        assert!(queue.finish().unwrap_err().contains("has died"));
    }
}
