//! Folders and file systems of a test's own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder of a test's own, which goes with the test. The controller makes it; all tasks see it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let unique = format!("pmi-suite-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A pipe in it.
    pub(crate) fn pipe(&self, name: &str) -> PathBuf {
        let path = self.file(name);
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.is_ok_and(|status| status.success()), "mkfifo is part of every system");
        path
    }

    /// The names of the files in it.
    pub(crate) fn list(&self) -> Vec<String> {
        list(&self.0)
    }
}

/// The names of the files in a folder, in order.
pub(crate) fn list(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in a folder for that.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A file system in memory with room for so many bytes, where the system lets us have one.
pub(crate) struct SmallDisk(pub(crate) Folder);

impl SmallDisk {
    pub(crate) fn new(bytes: usize) -> Option<Self> {
        let folder = Folder::new();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(&folder.0);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("no file system can be mounted here: nothing is said of full disks");
        }
        mounted.then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Also with files open: tasks close those of failures with their next command.
        let _ = Command::new("umount").arg("-l").arg(&self.0.0).status();
    }
}
