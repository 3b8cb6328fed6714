//! Making the file, and putting it in the place of others.

use super::array::{Source, Stored};
use super::blocks::Opened;
use super::format::{HEADER, aligned, finish, open};
use super::state::{put_together, take_apart};
use crate::error::{Error, Result};
use crate::io::failure::{Failure, agree};
use crate::io::progress::{shown, stage};
use pmi::{Handle, Task};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// `path` with this behind it.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Where a checkpoint is until it is whole.
pub(super) fn partial(path: &Path) -> PathBuf {
    with_suffix(path, ".partial")
}

/// A file that is made beside another, which it replaces when it is whole.
struct New<'a> {
    path: &'a Path,
    name: PathBuf,
    file: File,
}

impl<'a> New<'a> {
    fn create(path: &'a Path) -> io::Result<Self> {
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let name = partial(path);
        // One name for all, so that programs that were killed leave one such file. Its space is free only now.
        match fs::remove_file(&name) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
        let file = File::options().read(true).write(true).create_new(true).open(&name)?;
        Ok(Self { path, name, file })
    }

    /// Replaces the oldest of `keep` files when there are as many. At any moment the last one is there, by one of the names.
    fn replace(&self, keep: usize) -> io::Result<()> {
        self.file.sync_all()?;
        let names: Vec<_> = names(self.path, keep).collect();
        // Up to the first name that is free, or the last one.
        let taken = names.iter().position(|name| !name.exists()).unwrap_or(keep - 1);
        for number in (0..taken).rev() {
            fs::rename(&names[number], &names[number + 1])?;
        }
        fs::rename(&self.name, self.path)?;
        // Names are what a folder has.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

impl Drop for New<'_> {
    fn drop(&mut self) {
        // Gone already where it has replaced the other.
        let _ = fs::remove_file(&self.name);
    }
}

/// The names of this many checkpoints, the newest first.
pub(super) fn names(path: &Path, count: usize) -> impl Iterator<Item = PathBuf> {
    (0..count).map(|age| if age == 0 { path.to_path_buf() } else { with_suffix(path, &format!(".{age}")) })
}

/// Makes the file of a state, and puts it before the last `keep - 1`.
pub(super) fn write<S: Serialize + ?Sized>(path: &Path, state: &S, keep: usize) -> Result<()> {
    let failed = |cause: io::Error| Error::file(path, cause);
    let (values, arrays) = take_apart(path, state)?;
    let new = New::create(path).map_err(failed)?;
    let open = |task: &Task, (path, name): (PathBuf, PathBuf)| Opened::new(task, path, &name, true);
    let file = pmi::create(open, (path.to_path_buf(), new.name.clone()))?;
    let total = arrays.iter().map(|(_, array)| array.bytes()).sum();
    shown(path, total, || {
        let (entries, end) = write_arrays(&file, &arrays, total)?;
        finish(&new.file, entries, end, &values).map_err(failed)?;
        Ok::<_, Error>(pmi::first(sync, file)??)
    })?;
    new.replace(keep).map_err(failed)
}

/// Writes the arrays one behind the other: what the index must know of them, and where the last one ends.
fn write_arrays(
    file: &Handle<Opened>,
    arrays: &[(String, Box<dyn Stored>)],
    total: u64,
) -> Result<(Vec<super::format::Entry>, u64)> {
    let (mut entries, mut end, mut done) = (Vec::new(), HEADER, 0);
    for (name, array) in arrays {
        let (offset, bytes) = (aligned(end), array.bytes());
        entries.push(stage(done, bytes, total, || array.write(file, name, offset))?);
        end = offset + bytes;
        done += bytes;
    }
    Ok((entries, end))
}

/// Brings what this task has written to the disk.
fn sync(task: &Task, file: Handle<Opened>) -> Result<(), Failure> {
    agree(task, task.get(&file).with(task, File::sync_all))
}

/// The state that a file has.
pub(super) fn read<S: DeserializeOwned>(path: &Path) -> Result<S> {
    let contents = open(path)?;
    let bytes = contents.bytes();
    let source = Source::new(path, contents)?;
    shown(path, bytes, || put_together(path, source))
}
