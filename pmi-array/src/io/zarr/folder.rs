//! Folders of arrays that replace others when they are finished.

use crate::io::unfinished::{Kind, with_suffix};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use serde_json::Value;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The file of an array's folder that says what the array is.
pub(super) const METADATA: &str = "zarr.json";
/// The folder of its chunks, or the file of the only one that an array without axes has.
pub(super) const CHUNKS: &str = "c";

/// The folder of an array.
pub(super) const FOLDER: Kind = Kind {
    check: |path| check_replaceable(path).map(|_| ()),
    open,
    clear: |_, name, path| {
        settle(&old_of(name), path)?;
        clear(name)
    },
    put,
    remove: |name| fs::remove_dir_all(name),
};

fn open(name: &Path) -> io::Result<Option<File>> {
    match fs::create_dir(name) {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(cause),
        _ => {}
    }
    match File::open(name) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

/// The name that an array has while another, unfinished by the name of `name`, gets its place step by step.
fn old_of(name: &Path) -> PathBuf {
    with_suffix(name, ".old")
}

/// Ends what a program that was killed between those steps has begun: the old array is back where no other has its
/// place, and otherwise gone.
fn settle(old: &Path, path: &Path) -> io::Result<()> {
    match (old.exists(), path.exists()) {
        (false, _) => Ok(()),
        (true, false) => fs::rename(old, path),
        (true, true) => {
            // Of one that was being removed, something may be left.
            if check_replaceable(old).is_err() {
                clear(old)?;
            }
            fs::remove_dir_all(old)
        }
    }
}

/// Takes an array out of a folder, in which there may be nothing else.
fn clear(name: &Path) -> io::Result<()> {
    let others = fs::read_dir(name)?.filter(|entry| {
        entry.as_ref().map_or(true, |entry| entry.file_name() != METADATA && entry.file_name() != CHUNKS)
    });
    if others.count() > 0 {
        let text = format!("{} is no unfinished Zarr array: remove it, or choose another name", name.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    for entry in fs::read_dir(name)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) }?;
    }
    Ok(())
}

/// The folder `name` takes the place of an array that is there, which goes.
fn put(name: &Path, path: &Path) -> io::Result<()> {
    if !check_replaceable(path)? {
        return fs::rename(name, path);
    }
    // It will have the name of the unfinished one: until it is gone nobody shall begin there.
    let old = File::open(path)?;
    let _ = old.try_lock();
    let left = match renameat_with(CWD, name, CWD, path, RenameFlags::EXCHANGE) {
        // Not on this file system, or not in this system.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => replace_in_steps(name, path)?,
        exchanged => exchanged.map(|()| name.to_owned())?,
    };
    // The new one is in its place, whatever comes of the old one.
    let _ = fs::remove_dir_all(left);
    Ok(())
}

/// Replaces an array where the system cannot exchange names: for a moment there is nothing at `path`. What the old one
/// is called then.
fn replace_in_steps(name: &Path, path: &Path) -> io::Result<PathBuf> {
    let old = old_of(name);
    fs::rename(path, &old)?;
    if let Err(cause) = fs::rename(name, path) {
        fs::rename(&old, path)?;
        return Err(cause);
    }
    Ok(old)
}

/// Whether something is to be replaced. An error where it is anything but a Zarr array, which nobody wants to lose.
fn check_replaceable(path: &Path) -> io::Result<bool> {
    match fs::metadata(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(cause) => return Err(cause),
        Ok(there) if !there.is_dir() => return Err(io::ErrorKind::NotADirectory.into()),
        Ok(_) => {}
    }
    let metadata = fs::read(path.join(METADATA)).ok();
    let metadata: Option<Value> = metadata.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if metadata.is_some_and(|metadata| metadata["node_type"] == "array") {
        return Ok(true);
    }
    let text = "there is a directory that is no Zarr array, which is not replaced: choose another name, or remove it";
    Err(io::Error::new(io::ErrorKind::AlreadyExists, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::unfinished::Unfinished;

    /// A folder with an array of this text.
    fn array(path: PathBuf, text: &str) -> PathBuf {
        fs::create_dir_all(path.join(CHUNKS)).unwrap();
        fs::write(path.join(METADATA), r#"{"node_type": "array"}"#).unwrap();
        fs::write(path.join(CHUNKS).join("0"), text).unwrap();
        path
    }

    #[test]
    fn arrays_take_the_place_of_arrays() {
        let folder = std::env::temp_dir().join(format!("pmi-zarr-folder-{}", std::process::id()));
        let path = array(folder.join("a.zarr"), "old");
        let text = || fs::read_to_string(path.join(CHUNKS).join("0")).unwrap();
        // Where a killed program has left something.
        array(folder.join("a.zarr.partial"), "unfinished");
        let new = Unfinished::create(&FOLDER, &path).unwrap();
        assert_eq!((fs::read_dir(new.name()).unwrap().count(), text()), (0, "old".into()));
        array(new.name().to_owned(), "new");
        new.finish().unwrap();
        assert_eq!((text(), fs::read_dir(&folder).unwrap().count()), ("new".into(), 1));
        // Step by step; a folder of the user's by a similar name is no matter.
        let (partial, old) = (folder.join("a.zarr.partial"), folder.join("a.zarr.partial.old"));
        fs::create_dir(folder.join("a.zarr.old")).unwrap();
        array(partial.clone(), "other");
        assert_eq!(replace_in_steps(&partial, &path).unwrap(), old);
        assert_eq!((text(), fs::read_dir(&folder).unwrap().count()), ("other".into(), 3));
        // The program was killed after that, or before the new one had its name.
        drop(Unfinished::create(&FOLDER, &path).unwrap());
        assert_eq!((text(), fs::read_dir(&folder).unwrap().count()), ("other".into(), 2));
        fs::rename(&path, &old).unwrap();
        array(partial.clone(), "complete");
        drop(Unfinished::create(&FOLDER, &path).unwrap());
        assert_eq!((text(), fs::read_dir(&folder).unwrap().count()), ("other".into(), 2));
        // What is no array's is nobody's to remove.
        fs::create_dir(folder.join("a.zarr.partial")).unwrap();
        fs::write(folder.join("a.zarr.partial/precious"), "").unwrap();
        let refused = Unfinished::create(&FOLDER, &path).err().unwrap().to_string();
        assert!(refused.contains("is no unfinished Zarr array"), "{refused}");
        assert!(folder.join("a.zarr.partial/precious").exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
