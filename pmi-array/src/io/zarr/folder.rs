//! Folders that replace others when they are finished.

use crate::io::failure::Failure;
use crate::io::unfinished::beside;
use pmi::Task;
use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file of an array's folder that says what the array is.
pub(super) const METADATA: &str = "zarr.json";

/// The folder of an array that replaces another when it is finished, and goes when it is not.
pub(super) struct UnfinishedFolder {
    name: PathBuf,
    path: PathBuf,
}

impl UnfinishedFolder {
    /// Beside `path`, so that the one can become the other.
    fn create(path: &Path) -> io::Result<Self> {
        // Through a link to what it names; without a slash at the end, behind which a name would be inside.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.components().collect());
        check_replaceable(&path)?;
        let name = beside(&path, "partial");
        fs::create_dir(&name)?;
        Ok(Self { name, path })
    }

    /// As [`create`](Self::create) by task 0; all tasks get the name, or why there is no folder. One broadcast.
    pub(super) fn create_on_first(task: &Task, path: &Path) -> Result<(Option<Self>, PathBuf), Failure> {
        let new = (task.rank() == 0).then(|| Self::create(path).map_err(|cause| Failure::file(task, path, &cause)));
        let name = new.as_ref().map(|new| new.as_ref().map(|new| new.name.clone()).map_err(Failure::clone));
        let name = task.comm().broadcast_object(0, name)?;
        Ok((new.transpose()?, name))
    }

    /// Puts it into its place. A folder that was there has another name until the new one has its own, and goes then.
    pub(super) fn finish(self) -> io::Result<()> {
        if !check_replaceable(&self.path)? {
            return fs::rename(&self.name, &self.path);
        }
        let old = beside(&self.path, "old");
        fs::rename(&self.path, &old)?;
        if let Err(cause) = fs::rename(&self.name, &self.path) {
            fs::rename(&old, &self.path)?;
            return Err(cause);
        }
        fs::remove_dir_all(old)
    }
}

impl Drop for UnfinishedFolder {
    fn drop(&mut self) {
        // Gone already where it has replaced the other.
        let _ = fs::remove_dir_all(&self.name);
    }
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
