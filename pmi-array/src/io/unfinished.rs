//! Files and folders that replace others when they are finished.

use super::failure::{Failure, again, agree};
use pmi::Task;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::fd::IntoRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// `path` with this behind it.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The folder that a path is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What a link names, whether it is there or not; without a slash at the end, behind which a name would be inside. Not
/// made absolute: folders may have other names on other hosts.
pub(super) fn followed(path: &Path) -> io::Result<PathBuf> {
    const MOST: usize = 40;
    let mut path: PathBuf = path.components().collect();
    for _ in 0..MOST {
        let Ok(target) = fs::read_link(&path) else { return Ok(path) };
        path.pop();
        path.push(target);
        path = path.components().collect();
    }
    Err(io::Error::other(format!("more than {MOST} links lead from one to the other")))
}

/// Closes a file that has been written. Network file systems tell only now what could not be.
pub(super) fn close(file: File) -> io::Result<()> {
    // SAFETY: the file has given its descriptor up, so nobody else uses it or closes it again.
    match unsafe { libc::close(file.into_raw_fd()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What can be unfinished: files, or folders.
pub(super) struct Kind {
    /// Says why what is at a path cannot be replaced.
    pub(super) check: fn(&Path) -> io::Result<()>,
    /// Makes one of this name where there is none, and opens it; `None` where it went meanwhile.
    pub(super) open: fn(&Path) -> io::Result<Option<File>>,
    /// Takes from an open one of this name, for this path, what a program that was killed has left.
    pub(super) clear: fn(&File, &Path, &Path) -> io::Result<()>,
    /// Gives it another name, in place of what has that name.
    pub(super) put: fn(&Path, &Path) -> io::Result<()>,
    pub(super) remove: fn(&Path) -> io::Result<()>,
}

/// Files.
pub(super) const FILE: Kind = Kind {
    check: check_file,
    open: |name| open_file(name).map(Some),
    clear: clear_file,
    put: put_file,
    remove: |name| fs::remove_file(name),
};

/// Opens a file, nothing else that has its name.
fn open_file(name: &Path) -> io::Result<File> {
    let mut how = OpenOptions::new();
    how.read(true).write(true).create(true).truncate(false).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = how.open(name);
    if fs::symlink_metadata(name).is_ok_and(|there| !there.is_file()) {
        let text = format!("{} is in the way, which is no file: remove it, or choose another path", name.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    file
}

/// Takes all bytes from a file, where there are any: ext4 brings what is written to a truncated file to the disk when
/// that is closed, also where it was empty. Who may not read the one at `path` may not read this one.
fn clear_file(file: &File, _: &Path, path: &Path) -> io::Result<()> {
    if file.metadata()?.len() > 0 {
        file.set_len(0)?;
    }
    if let Some(mode) = mode_of(path) {
        // All tasks are to write it. Not every file system has modes.
        let _ = file.set_permissions(Permissions::from_mode(mode | 0o600));
    }
    Ok(())
}

/// The file `name` takes the place and the mode of one that is there.
fn put_file(name: &Path, path: &Path) -> io::Result<()> {
    if let Some(mode) = mode_of(path) {
        let _ = fs::set_permissions(name, Permissions::from_mode(mode));
    }
    fs::rename(name, path)
}

/// Who may read and write a file, if it is there.
fn mode_of(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|there| there.mode() & 0o777)
}

fn check_file(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => {
            Err(io::Error::other("it is a device or a pipe, which no file can replace: choose another path"))
        }
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

/// A file or folder that replaces another when it is finished, and goes when it is not.
///
/// It is beside the other, as `path.partial`: one name for all, so that programs that were killed leave one of them, in
/// which the next begins. A lock, which ends with its program, keeps a second one out; where the file system has no
/// locks, nothing does.
pub(super) struct Unfinished {
    kind: &'static Kind,
    /// What holds the lock, until the other has been replaced.
    file: File,
    name: PathBuf,
    path: PathBuf,
    finished: bool,
}

/// How often another may be made where the first has gone. There are file systems that give an open file other numbers
/// than its name.
const ROUNDS: usize = 100;

impl Unfinished {
    /// One that shall be at `path`, which has a name; where that is a link, in place of what it names.
    pub(super) fn create(kind: &'static Kind, path: &Path) -> io::Result<Self> {
        let path = followed(path)?;
        (kind.check)(&path)?;
        if path.file_name().is_none() {
            let text = format!("{:?} is no name: give the path of a file", path.display().to_string());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let name = with_suffix(&path, ".partial");
        for _ in 0..ROUNDS {
            let Some(file) = (kind.open)(&name)? else { continue };
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                let text = format!("another program writes it: {} is locked", name.display());
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
            }
            // Who had the lock may have finished it, or removed it.
            if is_named(&file, &name)? {
                (kind.clear)(&file, &name, &path)?;
                return Ok(Self { kind, file, name, path, finished: false });
            }
        }
        let text = format!("{} is another file at every look: choose another path", name.display());
        Err(io::Error::new(io::ErrorKind::ResourceBusy, text))
    }

    /// As [`create`](Unfinished::create) by task 0; all tasks get the name, or why there is none. One broadcast.
    pub(super) fn create_on_first(
        task: &Task,
        kind: &'static Kind,
        path: &Path,
    ) -> Result<(Option<Self>, PathBuf), Failure> {
        let new =
            (task.rank() == 0).then(|| Self::create(kind, path).map_err(|cause| Failure::file(task, path, &cause)));
        let name = new.as_ref().map(|new| new.as_ref().map(|new| new.name.clone()).map_err(Failure::clone));
        let name = task.comm().broadcast_object(0, name)?;
        Ok((new.transpose()?, name))
    }

    /// The file, to be written.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Where it is until it is finished.
    pub(super) fn name(&self) -> &Path {
        &self.name
    }

    /// Where it will be.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it into its place. Nobody else has it open any more.
    pub(super) fn finish(mut self) -> io::Result<()> {
        // The lock stays.
        close(self.file.try_clone()?)?;
        (self.kind.put)(&self.name, &self.path)?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // When it is finished the name may be another program's.
        if !self.finished {
            let _ = (self.kind.remove)(&self.name);
        }
    }
}

/// Whether an open file still has this name.
fn is_named(file: &File, name: &Path) -> io::Result<bool> {
    let open = file.metadata()?;
    Ok(fs::metadata(name).is_ok_and(|there| (there.dev(), there.ino()) == (open.dev(), open.ino())))
}

/// A file of `len` bytes that all tasks write, each its part of it: `write` is called on every task, so that it may be
/// collective, with the file or what kept the task from opening it. Where it fails on a task, or the file cannot be
/// made, that is every task's failure, and an older file is still there. The system writes to the disk when it likes
/// to, but all that it tells of failures until a file is closed is heard.
///
/// Task 0 creates the file, the others open it; it gets its place when all have closed it: a broadcast of its name, and
/// one reduction of a number.
pub(super) fn write_together(
    task: &Task,
    path: &Path,
    len: u64,
    write: impl FnOnce(&io::Result<File>) -> io::Result<()>,
) -> Result<(), Failure> {
    let failure = |cause: io::Error| Failure::file(task, path, &cause);
    let (new, name) = Unfinished::create_on_first(task, &FILE, path)?;
    let file = match &new {
        // Its length first, so that a part of the file is all that a task adds.
        Some(new) => new.file.set_len(len).and_then(|()| new.file.try_clone()),
        None => OpenOptions::new().write(true).open(name),
    };
    let written = write(&file);
    let closed = file.map_or_else(|cause| Err(again(&cause)), close);
    agree(task, written.and(closed).map_err(failure))?;
    new.map_or(Ok(()), Unfinished::finish).map_err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A folder that goes with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("pmi-unfinished-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<_> = names.collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn one_program_at_a_time() {
        let folder = Folder::new("lock");
        let path = folder.0.join("a");
        let first = Unfinished::create(&FILE, &path).unwrap();
        let second = Unfinished::create(&FILE, &path).err().unwrap().to_string();
        assert!(second.contains("another program writes it: ") && second.contains("a.partial is locked"), "{second}");
        // Its end is not the end of the first.
        assert_eq!(folder.names(), ["a.partial"]);
        fs::write(first.name(), "first").unwrap();
        first.finish().unwrap();
        // What a killed program has left is where the next begins.
        fs::write(folder.0.join("a.partial"), "left, and longer").unwrap();
        let next = Unfinished::create(&FILE, &path).unwrap();
        assert_eq!((fs::read(next.name()).unwrap().len(), fs::read(&path).unwrap()), (0, b"first".to_vec()));
        drop(next);
        assert_eq!(folder.names(), ["a"]);
    }

    #[test]
    fn links_lead_to_what_is_replaced() {
        let folder = Folder::new("links");
        let at = |name: &str| folder.0.join(name);
        fs::create_dir(at("there")).unwrap();
        symlink("there/file", at("link")).unwrap();
        symlink(at("link"), at("other")).unwrap();
        symlink("round", at("round")).unwrap();
        symlink("there/file/", at("slash")).unwrap();
        assert_eq!(followed(&at("slash")).unwrap(), at("there/file"));
        for text in ["new", "old"] {
            // The first time nothing is there.
            let new = Unfinished::create(&FILE, &at("other")).unwrap();
            assert_eq!(new.name(), at("there/file.partial"));
            fs::write(new.name(), text).unwrap();
            new.finish().unwrap();
            assert_eq!(fs::read_to_string(at("other")).unwrap(), text);
        }
        assert!(at("link").is_symlink() && at("other").is_symlink());
        let round = Unfinished::create(&FILE, &at("round")).err().unwrap().to_string();
        assert!(round.contains("links lead"), "{round}");
        // Nothing is made beside it.
        let refused = Unfinished::create(&FILE, Path::new("/dev/null")).err().unwrap().to_string();
        assert!(refused.contains("a device or a pipe"), "{refused}");
        for nameless in ["", ".."] {
            assert!(Unfinished::create(&FILE, Path::new(nameless)).is_err());
        }
    }

    #[test]
    fn what_is_no_file_is_not_taken_for_an_unfinished_one() {
        let folder = Folder::new("strange");
        let at = |name: &str| folder.0.join(name);
        fs::write(at("precious"), "text").unwrap();
        symlink("precious", at("a.partial")).unwrap();
        fs::create_dir(at("b.partial")).unwrap();
        for name in ["a", "b"] {
            let refused = Unfinished::create(&FILE, &at(name)).err().unwrap().to_string();
            assert!(refused.contains(&format!("{name}.partial is in the way")), "{refused}");
        }
        assert_eq!(fs::read_to_string(at("precious")).unwrap(), "text");
        assert_eq!(folder.names(), ["a.partial", "b.partial", "precious"]);
    }

    #[test]
    fn modes_stay() {
        let folder = Folder::new("modes");
        let path = folder.0.join("a");
        fs::write(&path, "old").unwrap();
        for mode in [0o600, 0o444, 0o660] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let new = Unfinished::create(&FILE, &path).unwrap();
            assert_eq!(mode_of(new.name()), Some(mode | 0o600));
            new.finish().unwrap();
            assert_eq!(mode_of(&path), Some(mode));
        }
    }
}
