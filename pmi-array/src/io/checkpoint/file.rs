//! Making the file, and putting it in the place of others.

use super::array::{Source, Stored};
use super::blocks::Opened;
use super::format::{HEADER, aligned, finish, is_checkpoint, open};
use super::state::{put_together, take_apart};
use crate::error::{Error, Result};
use crate::io::failure::{Failure, agree};
use crate::io::progress::{shown, stage};
use crate::io::unfinished::{FILE, Unfinished, folder_of, with_suffix};
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

/// An error where what has the name of an older checkpoint is none, and would be lost. One that is empty has nothing.
fn check(names: &[PathBuf]) -> io::Result<()> {
    for name in names {
        let Ok(there) = fs::metadata(name) else { continue };
        if !there.is_file() || (there.len() > 0 && !is_checkpoint(name)) {
            let text = format!("{} is in the way, which is no checkpoint: move it, or keep fewer", name.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
    }
    Ok(())
}

/// Puts a new file into its place, in which the last `keep - 1` get their next names. There is a whole one by the first
/// name at any moment, and none of the others goes before, where the file system has hard links; otherwise there is one
/// by the second name at the least. What is no checkpoint gets no other name: it is replaced.
fn replace(new: Unfinished, keep: usize) -> io::Result<()> {
    new.file().sync_all()?;
    let path = new.path().to_path_buf();
    let names: Vec<_> = names(&path, keep).collect();
    // Up to the first name that is free, or the last one.
    let taken = names.iter().position(|name| !name.exists()).unwrap_or(keep - 1);
    let taken = if is_checkpoint(&path) { taken } else { 0 };
    let shift = |newest: &Path| {
        (1..taken).rev().try_for_each(|number| fs::rename(&names[number], &names[number + 1]))?;
        fs::rename(newest, &names[1])
    };
    // The name of the newest while the new one gets its own.
    let old = with_suffix(new.name(), ".old");
    if is_checkpoint(&old) {
        fs::remove_file(&old)?;
    }
    let linked = taken > 0 && fs::hard_link(&path, &old).is_ok();
    if taken > 0 && !linked {
        shift(&path)?;
    }
    if let Err(cause) = new.finish() {
        if linked {
            let _ = fs::remove_file(&old);
        } else if taken > 0 {
            fs::rename(&names[1], &path)?;
        }
        return Err(cause);
    }
    if linked {
        shift(&old)?;
    }
    // Names are what a folder has. Where it cannot be brought to the disk, the state is in its place all the same.
    let _ = File::open(folder_of(&path)).and_then(|folder| folder.sync_all());
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
    let older: Vec<_> = names(path, keep).skip(1).collect();
    check(&older).map_err(failed)?;
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
    use super::super::format::MAGIC;
    use super::*;

    #[test]
    fn a_state_stays_until_it_is_replaced() {
        let folder = std::env::temp_dir().join(format!("pmi-checkpoint-names-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("run");
        let with_magic = |text: &str| [&MAGIC[..], text.as_bytes()].concat();
        let new = |text: &str| {
            let new = Unfinished::create(&FILE, &path).unwrap();
            fs::write(new.name(), with_magic(text)).unwrap();
            new
        };
        let texts = || {
            let files = names(&path, 4).map_while(|name| fs::read(name).ok());
            files.map(|bytes| String::from_utf8(bytes[MAGIC.len()..].to_vec()).unwrap()).collect::<Vec<_>>()
        };
        for text in ["one", "two", "three", "four"] {
            replace(new(text), 3).unwrap();
        }
        assert_eq!(texts(), ["four", "three", "two"]);
        // One that cannot be put into its place.
        let lost = new("five");
        fs::remove_file(lost.name()).unwrap();
        assert!(replace(lost, 3).is_err());
        assert_eq!(
            (texts(), fs::read_dir(&folder).unwrap().count()),
            (["four", "three", "two"].map(String::from).to_vec(), 3)
        );
        // A program was killed before the one had its next name.
        fs::write(folder.join("run.partial.old"), with_magic("left")).unwrap();
        replace(new("six"), 2).unwrap();
        assert_eq!(texts(), ["six", "four", "two"]);
        replace(new("seven"), 1).unwrap();
        assert_eq!((texts()[0].as_str(), fs::read_dir(&folder).unwrap().count()), ("seven", 3));
        // What is no checkpoint pushes out none.
        fs::write(&path, "damaged beyond recognition").unwrap();
        replace(new("eight"), 3).unwrap();
        assert_eq!(texts(), ["eight", "four", "two"]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_no_checkpoint_stays() {
        let folder = std::env::temp_dir().join(format!("pmi-checkpoint-other-{}", std::process::id()));
        fs::create_dir_all(folder.join("run.2")).unwrap();
        let names: Vec<_> = names(&folder.join("run"), 4).skip(1).collect();
        fs::write(&names[0], "").unwrap();
        assert!(check(&names[..1]).is_ok());
        let text = check(&names).unwrap_err().to_string();
        assert!(text.contains("run.2 is in the way"), "{text}");
        fs::write(&names[0], "notes").unwrap();
        let text = check(&names).unwrap_err().to_string();
        assert!(text.contains("run.1 is in the way"), "{text}");
        fs::remove_dir_all(folder).unwrap();
    }
}
