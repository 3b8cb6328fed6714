//! A window's or server's event loop, and the thread that controls the world: jobs go there, progress comes back.
//!
//! The world belongs to the thread that sets it up, and its verbs block. An event loop must not block, and often insists
//! on the main thread. So the controller gets a thread of its own, and channels join the two:
//!
//! - **Jobs** go one way, **events** (ready, progress, result) the other. `World` and handles stay with the controller.
//! - **Progress** comes from inside a verb: `pmi::with_progress` passes on what task 0 reports.
//! - **Cancelling** is a flag that travels with the job. Only the controller's process sees it, so inside a parallel
//!   function task 0 reads it and broadcasts it, and all tasks stop at the same place.
//! - **Under `mpirun`** all ranks run `main`. The thread that calls `setup` is MPI's, also where it serves; on other
//!   ranks than 0 it ends the process at the end. There the main thread waits for the event `Ready`, in vain.
//! - **The end**: dropping the sender of jobs ends the controller, its world and all other ranks. `main` joins it.
//!
//! ```text
//! PMI_TASKS=2 cargo run --release --example controller_thread
//! cargo build --release --features mpi --example controller_thread
//! mpirun -n 2 target/release/examples/controller_thread
//! ```

use pmi_toolkit::array::fractal::{Formula, View, escape_count};
use pmi_toolkit::prelude::*;
use rayon::prelude::*;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// What the event loop asks for: a frame of a zoom into the Mandelbrot set.
struct Job {
    number: usize,
    view: View,
    /// Set by the event loop, whether the job runs or still waits for its turn.
    cancel: Arc<AtomicBool>,
}

/// What the controller tells the event loop.
enum Event {
    Ready(String),
    Progress(usize, f64),
    /// The counts of all pixels, row by row.
    Done(usize, Vec<u32>),
    Cancelled(usize),
    Failed(usize, pmi::Error),
}

fn main() -> pmi::Result<()> {
    let (submit, jobs) = channel();
    let (tell, events) = channel();
    let controller = thread::spawn(move || control(&jobs, &tell));
    if let Ok(Event::Ready(world)) = events.recv() {
        print!("{world}");
        event_loop(&submit, &events);
    }
    drop(submit);
    controller.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Stands for a toolkit's: wakes up when there is news, or 60 times a second for what else a window has to do.
fn event_loop(submit: &Sender<Job>, events: &Receiver<Event>) {
    // Sizes and rows of the frames. The last one would take all day.
    let frames = [(1.0, 200), (0.4, 200), (0.16, 200), (0.064, 20_000_000)];
    let mut jobs = Vec::new();
    for (number, (size, height)) in frames.into_iter().enumerate() {
        let view = View { corner1: (-0.75 - size, -size), corner2: (-0.75 + size, size), width: 300, height };
        let cancel = Arc::new(AtomicBool::new(false));
        jobs.push(cancel.clone());
        submit.send(Job { number, view, cancel }).expect("the controller lives as long as this can submit");
    }
    let (mut open, mut quarters) = (jobs.len(), 0);
    while open > 0 {
        let (job, end) = match events.recv_timeout(Duration::from_millis(16)) {
            // Nothing new: here a window redraws, and a server looks after its clients.
            Err(RecvTimeoutError::Timeout) | Ok(Event::Ready(_)) => continue,
            // The controller has panicked, which `main` passes on.
            Err(RecvTimeoutError::Disconnected) => return,
            Ok(Event::Progress(job, done)) => {
                if (4.0 * done) as u32 > quarters {
                    quarters = (4.0 * done) as u32;
                    println!("frame {job}: {} %", 25 * quarters);
                }
                if job + 1 == jobs.len() {
                    jobs[job].store(true, Ordering::Relaxed); // As a press on a button does.
                }
                continue;
            }
            Ok(Event::Done(job, counts)) => (job, format!("{} iterations", counts.iter().sum::<u32>())),
            Ok(Event::Cancelled(job)) => (job, "cancelled".into()),
            Ok(Event::Failed(job, error)) => (job, error.to_string()),
        };
        println!("frame {job}: {end}");
        (open, quarters) = (open - 1, 0);
    }
}

thread_local! {
    /// The flag of the job that this thread, the controller, is at. That of other tasks is never set.
    static CANCEL: RefCell<Arc<AtomicBool>> = RefCell::default();
}

/// The controller's life: one job after the other, until nobody can submit any more.
fn control(jobs: &Receiver<Job>, tell: &Sender<Event>) -> pmi::Result<()> {
    let world = pmi::setup()?;
    // An event loop that has gone hears nothing; then there are no further jobs either.
    let send = |event| drop(tell.send(event));
    send(Event::Ready(world.describe()?));
    for Job { number, view, cancel } in jobs {
        CANCEL.set(cancel);
        let progress = tell.clone();
        let hear = move |done| drop(progress.send(Event::Progress(number, done)));
        send(match pmi::with_progress(hear, || pmi::invoke(frame, view)) {
            Ok(parts) => match parts.into_iter().collect::<Option<Vec<_>>>() {
                Some(parts) => Event::Done(number, interleave(&parts, &view)),
                None => Event::Cancelled(number),
            },
            // The world goes on, and takes the next job.
            Err(error) => Event::Failed(number, error),
        });
    }
    Ok(())
}

/// Every `size`-th row of the picture, beginning with row `rank`; `None` where the job is cancelled.
fn frame(task: &Task, view: View) -> Option<Vec<u32>> {
    // So many rows between looks at the flag: some milliseconds of work.
    let mut part = Vec::new();
    for first in (0..view.height).step_by(16 * task.size()) {
        let mut cancelled = [u8::from(CANCEL.with_borrow(|flag| flag.load(Ordering::Relaxed)))];
        task.comm().broadcast(0, &mut cancelled);
        if cancelled != [0] {
            return None;
        }
        task.progress().report(first as f64 / view.height as f64);
        let end = view.height.min(first + 16 * task.size());
        let rows: Vec<usize> = (first + task.rank()..end).step_by(task.size()).collect();
        let count = |i, j| escape_count(Formula::Mandelbrot, (view.x(i), view.y(j)), 1000);
        let row = |j: &usize| (0..view.width).map(|i| count(i, *j)).collect::<Vec<_>>();
        part.extend(rows.par_iter().flat_map_iter(row).collect::<Vec<_>>());
    }
    task.progress().report(1.0);
    Some(part)
}

/// The rows of all tasks in their order.
fn interleave(parts: &[Vec<u32>], view: &View) -> Vec<u32> {
    let row = |j: usize| &parts[j % parts.len()][j / parts.len() * view.width..][..view.width];
    (0..view.height).flat_map(row).copied().collect()
}
