//! A task's rayon pool.

use crate::error::{Error, Result};
use crate::panics::Notes;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    /// The pool that this thread is part of: a thread joins one pool in its life.
    static JOINED: RefCell<Option<Arc<ThreadPool>>> = const { RefCell::new(None) };
}

/// A pool of `threads` threads for the task of the calling thread.
///
/// The calling thread is one of them where it can be, so that a parallel iterator started on it runs in the pool
/// without a hand-over; it cannot where an earlier world on the thread had another number of threads.
pub(crate) fn for_this_thread(threads: usize, notes: &Notes) -> Result<Arc<ThreadPool>> {
    notes.adopt_thread();
    let joined = JOINED.with_borrow(Clone::clone);
    if let Some(pool) = joined.as_ref().filter(|pool| pool.current_num_threads() == threads) {
        return Ok(pool.clone());
    }
    let builder = || {
        let notes = notes.clone();
        let start = move |_| notes.adopt_helper(); // not called for a thread that joins
        ThreadPoolBuilder::new().num_threads(threads).thread_name(|n| format!("pmi-pool-{n}")).start_handler(start)
    };
    let failed = |cause| Error::setup(format!("a pool of {threads} threads cannot be started: {cause}"));
    if joined.is_none() && rayon::current_thread_index().is_none() {
        let pool = Arc::new(builder().use_current_thread().build().map_err(failed)?);
        JOINED.set(Some(pool.clone()));
        return Ok(pool);
    }
    builder().build().map(Arc::new).map_err(failed)
}
