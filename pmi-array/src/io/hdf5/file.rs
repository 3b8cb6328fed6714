//! A file that the tasks of a world have open.

use super::info::Info;
#[cfg(feature = "hdf5-mpio")]
use super::mpio;
use super::queue::Queue;
use super::raw::{self, transfer_list};
use crate::io::failure::{Failure, agree};
use crate::io::unfinished::folder_of;
use hdf5_metno::file::FileBuilder;
use hdf5_metno::{Dataset, File, OpenMode, PropertyList};
use pmi::{Task, op};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

/// What is said of a disk that has not enough room.
pub(super) const FULL: &str = "no space left on the disk";

/// The device and number of a file, whatever its name.
type Identity = (u64, u64);

/// The files that this process has given up, and HDF5 still has open.
static GIVEN_UP: Mutex<Vec<Identity>> = Mutex::new(Vec::new());

fn identity(file: &Metadata) -> Identity {
    (file.dev(), file.ino())
}

/// What shall be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mode {
    Read,
    Change,
    /// Empties it where it exists.
    Create,
    /// Changes it where it exists, creates it where it does not.
    Save,
}

/// How to open a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Options {
    pub(super) mode: Mode,
    /// What is at least as long as the first number begins at a multiple of the second.
    pub(super) alignment: Option<(u64, u64)>,
    /// Hints of MPI-IO.
    pub(super) hints: Vec<(String, String)>,
    /// Whether frames are written in the background.
    pub(super) overlap: bool,
    /// Whether one task writes for all, also where all could.
    pub(super) one_writer: bool,
}

impl Options {
    pub(super) fn new(mode: Mode) -> Self {
        Self { mode, alignment: None, hints: Vec::new(), overlap: false, one_writer: false }
    }
}

/// A task's part in an open file: the instances of one parallel object.
#[derive(Default)]
pub(super) struct Opened {
    path: PathBuf,
    identity: Option<Identity>,
    /// Whether all tasks have it open and do everything together, by MPI-IO. Otherwise task 0 does it for all.
    together: bool,
    /// Whether it may have changed since it was last flushed.
    pub(super) changed: bool,
    /// What is known of datasets, on all tasks.
    pub(super) infos: HashMap<String, Info>,
    /// Datasets that have grown since the file was last flushed.
    pub(super) grown: BTreeSet<String>,
    /// Whether frames are written in the background.
    overlap: bool,
    /// Where one is, on the task that writes: the dataset, and how long it was before.
    pub(super) pending: Option<(String, usize)>,
    /// On the tasks that have it open.
    pub(super) open: Option<Open>,
    /// Why nothing is done with it any more.
    lost: Option<String>,
}

/// A file that is open on this task. Fields are dropped in this order: the file is the last to be closed.
pub(super) struct Open {
    /// Where frames are written in the background.
    pub(super) queue: Option<Rc<Queue>>,
    datasets: HashMap<String, Dataset>,
    pub(super) list: PropertyList,
    pub(super) file: File,
}

impl Open {
    /// A dataset, which is opened once.
    pub(super) fn dataset(&mut self, name: &str) -> raw::Result<Dataset> {
        if let Some(dataset) = self.datasets.get(name) {
            return Ok(dataset.clone());
        }
        let dataset = self.file.dataset(name)?;
        self.datasets.insert(name.into(), dataset.clone());
        Ok(dataset)
    }

    /// Forgets a dataset that is no more.
    pub(super) fn forget(&mut self, name: &str) {
        self.datasets.remove(name);
    }
}

impl Opened {
    /// Opens the file. All tasks take part.
    pub(super) fn open(&mut self, task: &Task, path: PathBuf, options: &Options) -> Result<(), Failure> {
        self.together = together(task, options);
        self.path = path;
        let mine = self.together || task.rank() == 0;
        // One task looks for locks, as those of the others would be found.
        let checked = if mine { check(&self.path, options.mode, task.rank() == 0) } else { Ok(false) };
        let exists = agree(task, checked.map_err(|cause| Failure::file(task, &self.path, &cause)))?;
        // Other tasks may see a file late that task 0 sees.
        let exists = task.comm().broadcast_object(0, Some(exists));
        let mode = match options.mode {
            Mode::Read => OpenMode::Read,
            Mode::Change => OpenMode::ReadWrite,
            Mode::Save if exists => OpenMode::ReadWrite,
            Mode::Save | Mode::Create => OpenMode::Create,
        };
        self.changed = matches!(mode, OpenMode::Create);
        // The thread beside a task's must not call MPI, which the task's own may do meanwhile.
        self.overlap = options.overlap && !self.together;
        let opened = if mine { self.open_mine(task, mode, options).map(Some) } else { Ok(None) };
        // Not dropped where others have failed: all would have to close it.
        self.identity = self.path.metadata().ok().as_ref().map(identity);
        let opened = opened.map(|open| self.open = open).map_err(|cause| self.failure(task, "", cause));
        self.agree_on_structure(task, opened)
    }

    fn open_mine(&self, task: &Task, mode: OpenMode, options: &Options) -> raw::Result<Open> {
        let mut builder = FileBuilder::new();
        builder.with_fapl(|access| {
            // Elements go to the file at once: what waits in HDF5's memory may find no room later, when nobody can tell
            // whose it was.
            access.chunk_cache(1, 0, 0.0);
            if let Some((threshold, alignment)) = options.alignment {
                access.alignment(threshold, alignment);
            }
            access
        });
        #[cfg(feature = "hdf5-mpio")]
        if self.together {
            mpio::set(&mut builder, task.comm(), &options.hints)?;
        }
        #[cfg(not(feature = "hdf5-mpio"))]
        let _ = task;
        let file = builder.open_as(&self.path, mode)?;
        if !self.together {
            raw::keep_from_children(&file)?;
        }
        let queue = self.overlap.then(|| Rc::new(Queue::new()));
        Ok(Open { queue, datasets: HashMap::new(), list: transfer_list(self.together)?, file })
    }

    /// Closes the file. All tasks take part.
    pub(super) fn close(&mut self, task: &Task) -> Result<(), Failure> {
        let settled = self.settle(task);
        if self.check_rest(task).is_err() {
            self.abandon(FULL);
        }
        if let Some(lost) = &self.lost {
            return Err(self.failure(task, "", lost));
        }
        self.infos.clear();
        self.grown.clear();
        let closed = self.open.take().map_or(Ok(()), |open| {
            let Open { queue, datasets, list, file } = open;
            drop((queue, datasets, list));
            file.close()
        });
        let closed = agree(task, closed.map_err(|cause| self.failure(task, "", cause)));
        settled.and(closed)
    }

    /// Waits for the frame that is written in the background. One that cannot be is taken off its dataset again. All
    /// tasks take part.
    pub(super) fn settle(&mut self, task: &Task) -> Result<(), Failure> {
        if !self.overlap {
            return Ok(());
        }
        let mine = (task.rank() == 0).then(|| {
            let (Some((name, len)), Some(open)) = (self.pending.take(), &mut self.open) else { return Ok(()) };
            let Some(Err(cause)) = open.queue.as_ref().map(|queue| queue.finish()) else { return Ok(()) };
            // What went wrong before is what is told.
            let _ = open.dataset(&name).and_then(|dataset| {
                let rest = &dataset.get_shape()?[1..];
                raw::set_extent(&dataset, &[&[len], rest].concat())
            });
            Err((self.failure(task, &name, cause), name))
        });
        let settled: Result<(), (Failure, String)> = task.comm().broadcast_object(0, mine);
        settled.map_err(|(failure, name)| {
            self.infos.remove(&name);
            failure
        })
    }

    /// Checks that the disk has room for new elements of so many bytes that all tasks write together, as they are: not
    /// every library for MPI-IO tells when it has not. Otherwise HDF5 says so by itself.
    pub(super) fn check_room(&self, task: &Task, name: &str, bytes: u64) -> Result<(), Failure> {
        #[cfg(feature = "hdf5-mpio")]
        if self.together {
            let room = (task.rank() == 0).then(|| mpio::has_room(self.folder(), bytes));
            if !task.comm().broadcast_object(0, room) {
                return Err(self.failure(task, name, FULL));
            }
        }
        let _ = (task, name, bytes);
        Ok(())
    }

    /// Checks that the disk has room for what HDF5 still has in memory, before it is written: where ranks write
    /// together, those that could not would leave the others waiting.
    pub(super) fn check_rest(&self, task: &Task) -> Result<(), Failure> {
        #[cfg(feature = "hdf5-mpio")]
        if self.together && self.changed {
            let room = |open: &Open| mpio::has_room_for_rest(self.folder(), &open.file);
            let room = (task.rank() == 0).then(|| self.open.as_ref().is_none_or(room));
            if !task.comm().broadcast_object(0, room) {
                return Err(self.failure(task, "", FULL));
            }
        }
        let _ = task;
        Ok(())
    }

    /// As [`agree`], of what tasks that have the file open together did to its structure. Where that failed on some
    /// only, they have different ideas of it and would wait for each other in what follows, so nothing follows.
    pub(super) fn agree_on_structure<R>(&mut self, task: &Task, mine: Result<R, Failure>) -> Result<R, Failure> {
        let failed = usize::from(mine.is_err());
        let agreed = agree(task, mine);
        if let (Err(_), true) = (&agreed, self.together) {
            let failed = task.comm().all_reduce(&[failed], op::SUM)[0];
            if failed < task.size() {
                self.abandon(&format!("a call failed on {failed} of {} tasks", task.size()));
            }
        }
        agreed
    }

    /// Leaves a file that tasks have open together as it is, neither written nor closed, which all would have to do.
    /// HDF5 does that at the end of the program, in `MPI_Finalize`, into which it has hooked itself: into the file that
    /// it has open, whatever has been written there meanwhile. So this program opens it no more.
    fn abandon(&mut self, cause: &str) {
        self.lost = Some(format!(
            "{cause}: the file is given up, and stays open until the program ends; do not rely on what was changed \
             since it was last flushed"
        ));
        self.infos.clear();
        self.grown.clear();
        GIVEN_UP.lock().unwrap_or_else(PoisonError::into_inner).extend(self.identity);
        std::mem::forget(self.open.take());
    }

    /// The folder of the file.
    #[cfg(feature = "hdf5-mpio")]
    pub(super) fn folder(&self) -> &Path {
        folder_of(&self.path)
    }

    /// Whether all tasks do everything together.
    pub(super) fn is_together(&self) -> bool {
        self.together
    }

    /// What `f` does with the file and finds there, on all tasks; `subject` is what it is about.
    pub(super) fn on_all<R: Serialize + DeserializeOwned>(
        &mut self,
        task: &Task,
        subject: &str,
        f: impl FnOnce(&mut Open) -> raw::Result<R>,
    ) -> Result<R, Failure> {
        self.settle(task)?;
        let mine = self.open.as_mut().map(f);
        let mine = mine.map(|result| result.map_err(|cause| self.failure(task, subject, cause)));
        let closed = || Err(self.failure(task, subject, self.lost.as_deref().unwrap_or("the file is not open")));
        if self.together {
            let mine = mine.unwrap_or_else(closed);
            return self.agree_on_structure(task, mine);
        }
        let mine = mine.or_else(|| (task.rank() == 0).then(closed));
        task.comm().broadcast_object(0, mine)
    }

    /// As [`on_all`](Opened::on_all), where `f` changes the file's structure.
    pub(super) fn change<R: Serialize + DeserializeOwned>(
        &mut self,
        task: &Task,
        subject: &str,
        f: impl FnOnce(&mut Open) -> raw::Result<R>,
    ) -> Result<R, Failure> {
        self.changed = true;
        self.on_all(task, subject, f)
    }

    /// What is known of a dataset.
    pub(super) fn info(&mut self, task: &Task, name: &str) -> Result<Info, Failure> {
        if let Some(info) = self.infos.get(name) {
            return Ok(info.clone());
        }
        let info = self.on_all(task, name, |open| Info::of(&open.dataset(name)?))?;
        self.infos.insert(name.into(), info.clone());
        Ok(info)
    }

    /// What this task says of what went wrong with a dataset, a group, or (where `subject` is empty) the file.
    pub(super) fn failure(&self, task: &Task, subject: &str, cause: impl Display) -> Failure {
        let text = if subject.is_empty() { cause.to_string() } else { format!("\"{subject}\": {cause}") };
        Failure::file(task, &self.path, &io::Error::other(text))
    }
}

/// Whether all tasks write and read together.
#[cfg(feature = "hdf5-mpio")]
fn together(task: &Task, options: &Options) -> bool {
    task.comm().as_mpi().is_some() && !options.one_writer && (task.size() > 1 || !options.hints.is_empty())
}

/// Not without MPI-IO, which is said once where there are several processes.
#[cfg(not(feature = "hdf5-mpio"))]
fn together(task: &Task, _: &Options) -> bool {
    static SAID: std::sync::Once = std::sync::Once::new();
    if task.rank() == 0 && task.size() > 1 && pmi::launched_rank().is_some() {
        SAID.call_once(|| {
            eprintln!(
                "pmi-array: HDF5 without MPI-IO: one task writes and reads for all, in turn; build with the feature hdf5-mpio"
            );
        });
    }
    false
}

/// Looks at the path before HDF5 does: whether there is a file. Its errors are the system's.
fn check(path: &Path, mode: Mode, locks: bool) -> io::Result<bool> {
    let exists = match path.metadata() {
        Ok(found) if found.is_dir() => return Err(io::Error::from_raw_os_error(libc::EISDIR)),
        Ok(found) if GIVEN_UP.lock().unwrap_or_else(PoisonError::into_inner).contains(&identity(&found)) => {
            let text = "this program has given the file up, and HDF5 still writes to it when the program ends: remove \
                        it, or choose another path";
            return Err(io::Error::other(text));
        }
        Ok(_) => true,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound && matches!(mode, Mode::Create | Mode::Save) => false,
        Err(cause) => return Err(cause),
    };
    if exists {
        let file = std::fs::File::options().read(true).write(mode != Mode::Read).open(path)?;
        if locks {
            check_lock(&file, mode)?;
        }
    } else {
        folder_of(path).metadata()?;
    }
    Ok(exists)
}

/// Whether the file is free. HDF5 holds a lock while a file is open, but does not look for one where it uses MPI-IO.
fn check_lock(file: &std::fs::File, mode: Mode) -> io::Result<()> {
    if std::env::var("HDF5_USE_FILE_LOCKING").is_ok_and(|use_it| use_it == "FALSE" || use_it == "0") {
        return Ok(());
    }
    let locked = if mode == Mode::Read { file.try_lock_shared() } else { file.try_lock() };
    match locked {
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(io::Error::other("the file is open elsewhere: close it there first"))
        }
        // Not every file system has locks.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_fails_on_some_tasks_is_the_last() {
        for tasks in [1, 2, 3] {
            pmi::with_tasks(tasks, || {
                let on_task = |task: &Task, failing: usize| {
                    let mut file = Opened { together: true, path: "some.h5".into(), ..Opened::default() };
                    let mine = if task.rank() < failing { Err(file.failure(task, "a", "no")) } else { Ok(()) };
                    let text = |failure| crate::Error::from(failure).to_string();
                    let first = file.agree_on_structure(task, mine).map_err(text);
                    let then = file.on_all(task, "b", |_| Ok(())).map_err(text);
                    (first, then, file.close(task).map_err(text))
                };
                for failing in 0..=tasks {
                    for (first, then, closed) in pmi::invoke(on_task, failing).unwrap() {
                        let no = || Err("some.h5: \"a\": no, on task 0".to_string());
                        assert_eq!(first, if failing == 0 { Ok(()) } else { no() });
                        let (then, lost) = (then.unwrap_err(), format!("failed on {failing} of {tasks} tasks"));
                        if failing == 0 || failing == tasks {
                            assert!(then.contains("not open"), "{then}");
                            assert_eq!(closed, Ok(()));
                        } else {
                            assert!(then.contains(&lost) && closed.clone().unwrap_err().contains(&lost), "{then}");
                        }
                    }
                }
            });
        }
    }
}
