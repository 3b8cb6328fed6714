//! Files that replace others when they are finished.

use super::failure::{Failure, agree};
use pmi::Task;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// A name of this program's own beside a path, with this ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    // So that worlds of one process that write the same file do not write into each other's.
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.{}.{ending}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    name.into()
}

/// A file that replaces another when it is finished, and goes when it is not.
pub(super) struct Unfinished {
    file: File,
    name: PathBuf,
    path: PathBuf,
}

impl Unfinished {
    /// Beside the file at `path`, so that the one can become the other.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        // Through a link to what it names.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(&path) {
            Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(there) if !there.is_file() => {
                return Err(io::Error::other("it is no regular file, which another could replace"));
            }
            _ => {}
        }
        let name = beside(&path, "partial");
        Ok(Self { file: File::create(&name)?, name, path })
    }

    /// As [`create`](Unfinished::create) by task 0; all tasks get the name, or why there is no file. One broadcast.
    pub(super) fn create_on_first(task: &Task, path: &Path) -> Result<(Option<Self>, PathBuf), Failure> {
        let new = (task.rank() == 0).then(|| Self::create(path).map_err(|cause| Failure::file(task, path, &cause)));
        let name = new.as_ref().map(|new| new.as_ref().map(|new| new.name.clone()).map_err(Failure::clone));
        let name = task.comm().broadcast_object(0, name)?;
        Ok((new.transpose()?, name))
    }

    /// The file, to be written.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Puts it into its place.
    pub(super) fn finish(self) -> io::Result<()> {
        fs::rename(&self.name, &self.path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already where it has replaced the other.
        let _ = fs::remove_file(&self.name);
    }
}

/// A file of `len` bytes that all tasks write, each its part of it: `write` is called on every task, so that it may be
/// collective, with the file or what kept the task from opening it. Where it fails on a task, or the file cannot be made,
/// that is every task's failure, and an older file is still there.
///
/// Task 0 creates the file, the others open it: a broadcast of its name, and one reduction of a number.
pub(super) fn write_together(
    task: &Task,
    path: &Path,
    len: u64,
    write: impl FnOnce(&io::Result<File>) -> io::Result<()>,
) -> Result<(), Failure> {
    let failure = |cause: io::Error| Failure::file(task, path, &cause);
    let (new, name) = Unfinished::create_on_first(task, path)?;
    let file = match &new {
        // Its length first, so that a part of the file is all that a task adds.
        Some(new) => new.file.set_len(len).and_then(|()| new.file.try_clone()),
        None => OpenOptions::new().write(true).open(name),
    };
    agree(task, write(&file).map_err(failure))?;
    new.map_or(Ok(()), Unfinished::finish).map_err(failure)
}
