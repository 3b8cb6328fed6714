//! Checkpoints.
//!
//! | module | what it checks |
//! |---|---|
//! | `states` | every element type, layout and shape of state there and back, on any number of tasks; older ones |
//! | `faults` | files that cannot be written or read, altered and truncated ones |
//! | `killed` | programs killed at random moments |
//! | `progress` | who hears how far a checkpoint has come |

mod faults;
mod killed;
mod progress;
mod states;

pub(crate) use progress::heard;

use crate::Case;
use libtest_mimic::Trial;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) fn cases() -> Vec<Case> {
    [states::cases(), faults::cases(), progress::cases()].into_iter().flatten().collect()
}

pub(crate) fn trials() -> Vec<Trial> {
    [killed::trials(), progress::trials()].into_iter().flatten().collect()
}

/// Is the program with this name, which is told by [`PATH`] where its checkpoints are.
pub(crate) fn program(name: &str) {
    let path = std::env::var_os(PATH).expect("the test says where");
    match name {
        "checkpoints" => killed::program(path.as_ref()),
        "slow_checkpoint" => progress::program(path.as_ref()),
        _ => panic!("there is no program {name}"),
    }
}

const PATH: &str = "PMI_CHECKPOINT";

/// A folder that does not outlive this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("pmi-checkpoints-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of its files, in order.
    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in a folder for that.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs `f` in an embedded world of its own, beside this thread's.
fn in_world<R: Send>(tasks: usize, f: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| scope.spawn(|| pmi::with_tasks(tasks, f)).join()).expect("it does not panic")
}
