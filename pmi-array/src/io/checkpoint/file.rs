//! Making the file, and putting it in the place of others.

use super::array::{Source, Stored};
use super::blocks::Opened;
use super::format::{HEADER, aligned, finish, is_checkpoint, open};
use super::state::{put_together, take_apart};
use crate::error::{Error, Result};
use crate::io::failure::{Failure, agree};
use crate::io::progress::{shown, stage};
use crate::io::unfinished::{FILE, Unfinished, with_suffix};
use pmi::{Handle, Task};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The names of this many checkpoints, the newest first.
pub(super) fn names(path: &Path, count: usize) -> impl Iterator<Item = PathBuf> {
    (0..count).map(|age| if age == 0 { path.to_path_buf() } else { with_suffix(path, &format!(".{age}")) })
}

/// Puts a new file into its place, in which the last `keep - 1` get their next names. There is a whole one by the first
/// name at any moment, where the file system has hard links; otherwise, by the second at the least.
fn replace(new: Unfinished, keep: usize) -> io::Result<()> {
    new.file().sync_all()?;
    let path = new.path().to_path_buf();
    let names: Vec<_> = names(&path, keep).collect();
    // Up to the first name that is free, or the last one.
    let taken = names.iter().position(|name| !name.exists()).unwrap_or(keep - 1);
    for number in (1..taken).rev() {
        fs::rename(&names[number], &names[number + 1])?;
    }
    if taken > 0 {
        // Only that of the oldest may be in use still.
        match fs::remove_file(&names[1]) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => fs::hard_link(&path, &names[1]).or_else(|_| fs::rename(&path, &names[1]))?,
        }
    }
    if let Err(cause) = new.finish() {
        if taken > 0 && !path.exists() {
            fs::rename(&names[1], &path)?;
        }
        return Err(cause);
    }
    // Names are what a folder has. Where it cannot be brought to the disk, the state is in its place all the same.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Removes the checkpoints older than the newest `keep`; nothing that is no checkpoint.
pub(super) fn forget(path: &Path, keep: usize) {
    for number in keep.. {
        let name = with_suffix(path, &format!(".{number}"));
        if !is_checkpoint(&name) || fs::remove_file(name).is_err() {
            break;
        }
    }
}

/// Makes the file of a state, and puts it before the last `keep - 1`.
pub(super) fn write<S: Serialize + ?Sized>(path: &Path, state: &S, keep: usize) -> Result<()> {
    let failed = |cause: io::Error| Error::file(path, cause);
    let (values, arrays) = take_apart(path, state)?;
    let new = Unfinished::create(&FILE, path).map_err(failed)?;
    let open = |task: &Task, (path, name): (PathBuf, PathBuf)| Opened::new(task, path, &name, true);
    let file = pmi::create(open, (path.to_path_buf(), new.name().to_path_buf()))?;
    let total = arrays.iter().map(|(_, array)| array.bytes()).sum();
    shown(path, total, || {
        let (entries, end) = write_arrays(&file, &arrays, total)?;
        finish(new.file(), entries, end, &values).map_err(failed)?;
        Ok::<_, Error>(pmi::first(put_down, file)??)
    })?;
    replace(new, keep).map_err(failed)
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

/// Brings what this task has written to the disk, and closes the file.
fn put_down(task: &Task, file: Handle<Opened>) -> Result<(), Failure> {
    let synced = task.get(&file).with(task, File::sync_all);
    let closed = task.get_mut(&file).close(task);
    agree(task, synced.and(closed))
}

/// The state that a file has.
pub(super) fn read<S: DeserializeOwned>(path: &Path) -> Result<S> {
    let contents = open(path)?;
    let bytes = contents.bytes();
    let source = Source::new(path, contents)?;
    let state = shown(path, bytes, || put_together(path, &source));
    let closed = source.close();
    let state = state?;
    closed.map(|()| state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_stays_until_it_is_replaced() {
        let folder = std::env::temp_dir().join(format!("pmi-checkpoint-names-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("run");
        let new = |text: &str| {
            let new = Unfinished::create(&FILE, &path).unwrap();
            fs::write(new.name(), text).unwrap();
            new
        };
        let texts = || names(&path, 4).map_while(|name| fs::read_to_string(name).ok()).collect::<Vec<_>>();
        for text in ["one", "two", "three", "four"] {
            replace(new(text), 3).unwrap();
        }
        assert_eq!(texts(), ["four", "three", "two"]);
        // One that cannot be put into its place.
        let lost = new("five");
        fs::remove_file(lost.name()).unwrap();
        assert!(replace(lost, 3).is_err());
        assert_eq!(texts(), ["four", "four", "three"]);
        replace(new("six"), 2).unwrap();
        assert_eq!(texts()[..2], ["six", "four"]);
        replace(new("seven"), 1).unwrap();
        assert_eq!((texts()[0].as_str(), fs::read_dir(&folder).unwrap().count()), ("seven", 3));
        fs::remove_dir_all(folder).unwrap();
    }
}
