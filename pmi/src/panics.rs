//! Panics inside parallel functions: caught, with message and place, and reported to the controller instead of printed.

use crate::error::Failure;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Arc, Mutex, Once, PoisonError};

/// Where the threads of a task note their last panic.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Option<Note>>>);

#[derive(Debug)]
struct Note {
    message: String,
    place: Option<String>,
}

thread_local! {
    /// Where a panic on this thread is noted.
    static NOTES: RefCell<Option<Notes>> = const { RefCell::new(None) };
    /// Whether this thread is in a parallel function: elsewhere panics are printed, as ever.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// What a function unwinds with that ends with an error: the error's text.
struct Failed(String);

/// Ends the parallel function that this is in as failed. Unlike a panic it is not a mistake in the program: it has no
/// place, and is never printed.
pub(crate) fn fail(message: String) -> ! {
    std::panic::resume_unwind(Box::new(Failed(message)))
}

/// How a function that was caught ended.
pub(crate) enum Caught {
    /// It unwound as another task had given up.
    Revoked,
    /// It panicked, or failed.
    Panicked { message: String, place: Option<String> },
}

impl Caught {
    /// The failure to report; none where another task reports it.
    pub(crate) fn failure(self, rank: usize) -> Option<Failure> {
        match self {
            Caught::Revoked => None,
            Caught::Panicked { message, place } => Some(Failure { rank, message, place }),
        }
    }
}

impl Notes {
    /// Notes panics of this thread's parallel functions here.
    pub(crate) fn adopt_thread(&self) {
        install_hook();
        NOTES.set(Some(self.clone()));
    }

    /// As [`adopt_thread`](Notes::adopt_thread), for a thread that does nothing else than run parallel functions.
    pub(crate) fn adopt_helper(&self) {
        self.adopt_thread();
        INSIDE.set(true);
    }

    /// Runs `f`, on an adopted thread, and catches its panic.
    pub(crate) fn catch<R>(&self, f: impl FnOnce() -> R) -> Result<R, Caught> {
        let before = INSIDE.replace(true);
        // What the function leaves half done is the user's own: a parallel object's state, as documented at `call`.
        let result = catch_unwind(AssertUnwindSafe(f));
        INSIDE.set(before);
        result.map_err(|payload| {
            if payload.is::<crate::comm::Revoked>() {
                return Caught::Revoked;
            }
            let payload = match payload.downcast::<Failed>() {
                Ok(failed) => return Caught::Panicked { message: failed.0, place: None },
                Err(payload) => payload,
            };
            let message = text(&*payload);
            // The last note may be of a panic that the function itself has caught; one that went on may say more by now.
            let note = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
            let place = note.filter(|note| message.starts_with(&note.message)).and_then(|note| note.place);
            Caught::Panicked { message, place }
        })
    }
}

/// What a panic's payload says.
fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_string());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "panicked with a value that is not a text".to_string())
}

/// Puts a hook before the one there is: panics inside parallel functions are noted, and printed only where
/// `RUST_BACKTRACE` asks for a backtrace.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = std::panic::take_hook();
        let verbose = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            // A thread that is going away has no more notes.
            let notes = NOTES.try_with(|notes| notes.borrow().clone()).ok().flatten();
            let Some(notes) = notes.filter(|_| INSIDE.get()) else { return before(info) };
            let place = info.location().map(ToString::to_string);
            let note = Note { message: text(info.payload()), place };
            notes.0.lock().unwrap_or_else(PoisonError::into_inner).replace(note);
            if verbose {
                before(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_and_place_are_caught() {
        let notes = Notes::default();
        notes.adopt_thread();
        let Err(Caught::Panicked { message, place }) = notes.catch(|| panic!("no {}", 7)) else {
            panic!("not caught");
        };
        assert_eq!(message, "no 7");
        assert!(place.unwrap().contains("panics.rs"));
        let more: Result<(), _> = notes.catch(|| {
            let payload = catch_unwind(|| panic!("no 7")).unwrap_err();
            std::panic::resume_unwind(Box::new(format!("{}, at 3", text(&*payload))))
        });
        assert!(matches!(more, Err(Caught::Panicked { message, place: Some(_) }) if message == "no 7, at 3"));
        let odd = notes.catch(|| std::panic::panic_any(7u8));
        assert!(matches!(odd, Err(Caught::Panicked { message, .. }) if message.contains("not a text")));
        assert!(matches!(notes.catch(|| crate::comm::Revoked::raise()), Err(Caught::Revoked)));
        let failed = notes.catch(|| fail("no 7".into()));
        assert!(matches!(failed, Err(Caught::Panicked { message, place: None }) if message == "no 7"));
        assert_eq!(notes.catch(|| 3).ok(), Some(3));
    }
}
