//! `process::exit` in the middle of things: the job must end with it.

use super::library::Library;
use super::raw::{self, int, pointer};
use std::ffi::c_int;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// What to do when the process exits while MPI is running.
struct Plan {
    control: raw::MPI_Comm,
    rank: usize,
    /// The only thread that may call MPI.
    thread: libc::pthread_t,
    /// Whether that thread is inside a parallel function.
    inside: fn() -> bool,
    /// What tells the tasks to stop: receiver, tag and message of each.
    farewell: Vec<(usize, u32, Vec<u8>)>,
}

// SAFETY: a communicator of MPI is a pointer or a number that names it; only the thread named beside it uses it, and
// `MPI_Abort`, which ends everything, is the one call that another thread makes.
unsafe impl Send for Plan {}
// SAFETY: as above: the plan is never changed.
unsafe impl Sync for Plan {}

static PLAN: OnceLock<Plan> = OnceLock::new();
static FINISHED: AtomicBool = AtomicBool::new(false);

/// From now on an exit of the controller between its calls tells the tasks to stop, with `farewell`, and one at any
/// other moment, or of any other task, aborts the job. For the thread that started MPI.
pub(super) fn plan(library: &Library, farewell: Vec<(usize, u32, Vec<u8>)>, inside: fn() -> bool) {
    // SAFETY: pthread_self always succeeds.
    let thread = unsafe { libc::pthread_self() };
    let plan = Plan { control: library.control(), rank: library.rank, thread, inside, farewell };
    if PLAN.set(plan).is_ok() {
        // SAFETY: the handler is a function of the executable, which stays; it calls nothing that is gone by then.
        unsafe { libc::atexit(at_exit) };
    }
}

/// MPI has ended as it should.
pub(super) fn finished() {
    FINISHED.store(true, Ordering::Relaxed);
}

extern "C" fn at_exit() {
    let Some(plan) = PLAN.get().filter(|_| !FINISHED.load(Ordering::Relaxed)) else { return };
    // SAFETY: MPI is initialised and not finalised, or `finished` would have been called; on this branch the calling
    // thread is the one that may use it, and the receivers wait for just these messages.
    unsafe {
        if plan.rank == 0 && plan.thread == libc::pthread_self() && !(plan.inside)() {
            for (to, tag, message) in &plan.farewell {
                let (data, len) = (pointer(message), int(message.len()));
                raw::MPI_Send(data, len, raw::RSMPI_UINT8_T, int(*to), *tag as c_int, plan.control);
            }
            raw::MPI_Finalize();
            return;
        }
    }
    eprintln!(
        "pmi: task {} exits in the middle of a call, or from a thread that is not the controller's: the whole job ends",
        plan.rank
    );
    // SAFETY: as above; MPI_Abort is meant for the moment when nothing else can be called.
    unsafe { raw::MPI_Abort(plan.control, 1) };
}
