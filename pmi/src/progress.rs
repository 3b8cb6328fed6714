//! How far a call has come.

use std::cell::RefCell;
use std::sync::Arc;

type Hook = Arc<dyn Fn(f64) + Send + Sync>;

thread_local! {
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
}

/// Runs `calls`, during which functions that report their [`Progress`] do so to `hook`: the fraction of the
/// controller's own share that is done, from 0 to 1. For progress bars; the hook runs on the controller alone, on any of
/// its threads, and should be quick.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// # pmi::with_tasks(2, || {
/// let percent = std::sync::Arc::new(AtomicU32::new(0));
/// let seen = percent.clone();
/// pmi::with_progress(
///     move |done| seen.store((100.0 * done) as u32, Ordering::Relaxed),
///     || pmi::exec(|task: &pmi::Task, ()| task.progress().report(0.5), ()),
/// )?;
/// assert_eq!(percent.load(Ordering::Relaxed), 50);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
pub fn with_progress<R>(hook: impl Fn(f64) + Send + Sync + 'static, calls: impl FnOnce() -> R) -> R {
    /// Puts the hook back that was there before, also when `calls` panics.
    struct Restore(Option<Hook>);
    impl Drop for Restore {
        fn drop(&mut self) {
            HOOK.set(self.0.take());
        }
    }
    let _restore = Restore(HOOK.replace(Some(Arc::new(hook))));
    calls()
}

/// Where a parallel function reports how far it has come; see [`Task::progress`](crate::Task::progress). It can be
/// used from the closures of rayon.
#[derive(Clone)]
pub struct Progress(Option<Hook>);

impl Progress {
    /// To whom the calling thread reports. On the controller, outside of parallel functions, that is for those who do a
    /// thing in several calls, each a part of it.
    pub fn current() -> Self {
        Self(HOOK.with_borrow(Clone::clone))
    }

    /// Says that this fraction of the task's share is done. Nothing happens where nobody listens, as on all tasks but
    /// the controller.
    pub fn report(&self, done: f64) {
        if let Some(hook) = &self.0 {
            hook(done);
        }
    }

    /// Whether anybody listens.
    pub fn is_heard(&self) -> bool {
        self.0.is_some()
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Progress({})", if self.is_heard() { "heard" } else { "unheard" })
    }
}
