//! Writing.

use super::attribute::{self, H5Value};
use super::file::{Mode, Open, Opened, Options};
use super::info::{Filters, Info};
use super::queue::Queue;
use super::raw;
use super::reader::{H5Reader, object};
use super::scales::growing;
use super::transfer::{Access, Lent, Transfer};
use super::types::Kind;
use crate::array::DistArray;
use crate::element::Element;
use crate::error::Result;
use crate::io::failure::{Failure, agree};
use crate::io::progress::shown;
use crate::layout::Layout;
use ndarray::Dimension;
use pmi::Task;
use std::ops::Deref;
use std::path::Path;
use std::rc::Rc;

/// An HDF5 file that is open for writing, and for all that [`H5Reader`] does.
///
/// The controller has it; its methods have all tasks write together where HDF5 has MPI-IO, otherwise the first, which
/// writes for the others. Programs look the same, and so do the files. Dropping it closes the file;
/// [`close`](H5Writer::close) also says what went wrong.
///
/// ```
/// use ndarray::Ix3;
/// use pmi_array::{DistArray, Expression, H5Writer};
/// # pmi::with_tasks(2, || -> pmi_array::Result<()> {
/// # let folder = std::env::temp_dir().join(format!("pmi-h5writer-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("run.h5");
/// let file = H5Writer::create(&path)?;
/// file.set_attribute("/", "title", "a test")?;
/// file.dataset("x").dims(["x"]).units("m").create(&DistArray::linspace(0.0, 1.0, 5))?;
/// let frames = file.dataset("wave").dims(["time", "y", "x"]).units("K").deflate(1).shuffle().unlimited();
/// frames.zeros::<f64, _>((0, 4, 5))?;
/// let field = DistArray::from_fn((4, 5), |(y, x)| (y + x) as f64);
/// for step in 0..3 {
///     file.append("wave", &(&field + f64::from(step)).eval())?; // one frame
/// }
/// assert_eq!(file.shape("wave")?, [3, 4, 5]);
/// let last = file.read_slice::<f64, Ix3>("wave", &[2..3, 0..4, 0..5])?;
/// assert_eq!(last.get((0, 3, 4)), 9.0);
/// file.close()?;
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok(())
/// # }).unwrap()
/// ```
///
/// A process that dies leaves the file as it was when it was last [flushed](H5Writer::flush) or closed, if nothing was
/// changed after: HDF5 keeps no journal.
#[derive(Debug)]
pub struct H5Writer {
    file: H5Reader,
}

impl Deref for H5Writer {
    type Target = H5Reader;

    fn deref(&self) -> &H5Reader {
        &self.file
    }
}

/// How to open a file: see [`H5Writer::options`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before create or open"]
pub struct H5Options(Options);

impl H5Options {
    /// What has `threshold` bytes or more begins at a multiple of `alignment` bytes: on parallel file systems that of a
    /// stripe.
    pub fn alignment(mut self, threshold: u64, alignment: u64) -> Self {
        self.0.alignment = Some((threshold, alignment));
        self
    }

    /// A hint of MPI-IO, as `"romio_cb_write"`, `"striping_factor"` or `"cb_nodes"`. The library ignores those it does
    /// not know; so do we where there is no MPI-IO.
    pub fn hint(mut self, key: &str, value: &str) -> Self {
        self.0.hints.push((key.into(), value.into()));
        self
    }

    /// Whether [`append`](H5Writer::append) returns before the frame is written, which happens while the program goes
    /// on; the next one waits until that is done, so there is never more than one on its way. A failure is told by the
    /// next method that uses the file, which does nothing else unless it flushes or closes; the frame is then missing.
    ///
    /// A frame that lies in the tasks' memory as in the file is lent, not copied: what computes the array anew
    /// (`a += 1.0`) takes other memory, and what changes elements where they are ([`set`](DistArray::set),
    /// [`local_mut`](DistArray::local_mut)) makes a copy first. Other frames are copied as they are brought into the
    /// order of the file. The thread that writes needs a core beside those that compute.
    ///
    /// Where ranks write together, by MPI-IO, frames are written before `append` returns all the same: collective
    /// writes are calls of MPI, which belong to the task's own thread. MPI would have to be told that several threads
    /// call it (`MPI_THREAD_MULTIPLE`), and take locks in every poll of every wait; a communicator of HDF5's own,
    /// which it has, does not help. With [`one_writer`](H5Options::one_writer) they are written meanwhile, too.
    pub fn overlap(mut self, overlap: bool) -> Self {
        self.0.overlap = overlap;
        self
    }

    /// One task writes and reads for all, as without MPI-IO: for file systems where MPI-IO does not work well, and
    /// files that are compressed by all threads of few ranks.
    pub fn one_writer(mut self) -> Self {
        self.0.one_writer = true;
        self
    }

    pub(super) fn in_mode(self, mode: Mode, path: &Path) -> Result<H5Writer> {
        Ok(H5Writer { file: H5Reader::open_as(path, Options { mode, ..self.0 })? })
    }

    /// As [`H5Writer::create`].
    ///
    /// # Errors
    /// As [`H5Writer::create`].
    pub fn create(self, path: impl AsRef<Path>) -> Result<H5Writer> {
        self.in_mode(Mode::Create, path.as_ref())
    }

    /// As [`H5Writer::open`].
    ///
    /// # Errors
    /// As [`H5Writer::open`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<H5Writer> {
        self.in_mode(Mode::Change, path.as_ref())
    }
}

impl H5Writer {
    /// Creates a file, in the place of one that is there. All tasks take part.
    ///
    /// # Errors
    /// Where the file cannot be written: it is a folder, its folder is missing, there is no permission, it is open
    /// elsewhere.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        Self::options().create(path)
    }

    /// Opens a file that exists, to change it. All tasks take part.
    ///
    /// # Errors
    /// As [`create`](H5Writer::create), and where there is no such file or it is no HDF5 file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::options().open(path)
    }

    /// How to open a file, where that matters: `H5Writer::options().alignment(1 << 20, 1 << 20).create(path)`.
    pub fn options() -> H5Options {
        H5Options(Options::new(Mode::Create))
    }

    /// Makes a group, and those before the slashes of its name. One that is there stays as it is.
    ///
    /// # Errors
    /// Where that is not possible: a part of the name is a dataset.
    pub fn group(&self, name: &str) -> Result<()> {
        let make = |task: &Task, file: &mut Opened, name: String| {
            file.change(task, &name, |open| match open.file.link_exists(&name) {
                true => open.file.group(&name).map(drop),
                false => open.file.create_group(&name).map(drop),
            })
        };
        self.on_tasks(make, self.name(name)?)
    }

    /// Sets an attribute of a dataset or group, in the place of one of this name; `"/"` is the file's own group.
    ///
    /// # Errors
    /// Where there is no such object.
    pub fn set_attribute(&self, of: &str, name: &str, value: impl Into<H5Value>) -> Result<()> {
        let set = |task: &Task, file: &mut Opened, (of, name, value): (String, String, H5Value)| {
            file.change(task, &of, |open| attribute::write(&*object(open, &of)?, &name, &value))
        };
        self.on_tasks(set, (of.into(), name.into(), value.into()))
    }

    /// Appends to a dataset along its axis 0, which must be [unlimited](super::H5Dataset::unlimited): one frame, an
    /// array with an axis less, or several, with as many axes.
    ///
    /// # Errors
    /// Where there is no such dataset, it cannot grow, has another type or shape, or cannot be written.
    ///
    /// # Panics
    /// Where the array is not one of the tasks that have the file open.
    #[track_caller]
    pub fn append<T: Element, D: Dimension + 'static>(&self, name: &str, frame: &DistArray<T, D>) -> Result<()> {
        frame.check_tasks();
        let append = |task: &Task, file: &mut Opened, (name, frame): (String, DistArray<T, D>)| {
            let at = file.grow(task, &name, &Kind::of::<T>(), frame.shape())?;
            let queue = file.open.as_ref().and_then(|open| open.queue.clone());
            let slab = task.get(&frame.slab);
            let lend = || -> Lent<T::Bits> { Box::new(slab.share()) };
            let later = queue.as_ref().map(|queue| Later { queue: queue.clone(), lend: &lend });
            file.pending = queue.is_some().then(|| (name.clone(), at[0]));
            let wrote = file.write_at(task, &name, frame.layout(), slab.elements(), &at, later);
            // Only now, as whoever uses HDF5 waits for the other.
            if let Some(queue) = queue {
                queue.start();
            }
            wrote.inspect_err(|_| file.shrink(task, &name, at[0]))
        };
        let args = (self.name(name)?, frame.clone());
        shown(self.path(), frame.nbytes() as u64, || self.on_tasks(append, args))
    }

    /// Gives axis 0 of a dataset another length; it must be [unlimited](super::H5Dataset::unlimited). What is behind a
    /// shorter one is gone, what a longer one adds is zeros.
    ///
    /// # Errors
    /// Where there is no such dataset, or its axis 0 is fixed.
    pub fn resize(&self, name: &str, len: usize) -> Result<()> {
        let resize = |task: &Task, file: &mut Opened, (name, len): (String, usize)| {
            let mut info = file.info(task, &name)?;
            if info.unlimited.first() != Some(&true) {
                let text = format!("axis 0 of {:?} is fixed: make the dataset unlimited", info.shape);
                return Err(file.failure(task, &name, text));
            }
            info.shape[0] = len;
            file.set_extent(task, &name, info)
        };
        self.on_tasks(resize, (self.name(name)?, len))
    }

    /// Writes an array into a dataset, its first element at the index `start`. The array may have fewer axes than the
    /// dataset: those that it lacks are the first ones.
    ///
    /// # Errors
    /// Where there is no such dataset, the array does not fit into it, or it cannot be written.
    ///
    /// # Panics
    /// Where the array is not one of the tasks that have the file open.
    #[track_caller]
    pub fn write_slice<T: Element, D: Dimension + 'static>(
        &self,
        name: &str,
        start: &[usize],
        array: &DistArray<T, D>,
    ) -> Result<()> {
        array.check_tasks();
        let write = |task: &Task, file: &mut Opened, (name, start, array): (String, Vec<usize>, DistArray<T, D>)| {
            file.settle(task)?;
            file.check_fits(task, &name, &Kind::of::<T>(), &start, array.shape())?;
            file.write_at(task, &name, array.layout(), &array.elements(task), &start, None)
        };
        let args = (self.name(name)?, start.to_vec(), array.clone());
        shown(self.path(), array.nbytes() as u64, || self.on_tasks(write, args))
    }

    /// Has the system write what HDF5 still has in memory: another program may read the file then, and finds all that
    /// was written so far.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn flush(&self) -> Result<()> {
        self.on_tasks(
            |task, file, ()| {
                // What was written is flushed whatever becomes of these.
                let stretched = file.stretch_scales(task);
                file.check_rest(task)?;
                file.on_all(task, "", |open| open.file.flush())?;
                file.changed = false;
                stretched
            },
            (),
        )
    }

    /// Closes the file. All tasks take part.
    ///
    /// # Errors
    /// Where what HDF5 still had in memory cannot be written: the file is then as it was when it was last flushed, if it
    /// can be opened. Where the disk is full, ranks that write together leave it open, as those that cannot write would
    /// keep the others waiting; HDF5 tries to write and close it when the program ends, so until then it can only be
    /// removed, not opened again. (A single writer is told by HDF5, whose version 1.10 crashes when the program ends.)
    pub fn close(self) -> Result<()> {
        self.finish()
    }

    fn finish(&self) -> Result<()> {
        let close = |task: &Task, file: &mut Opened, ()| {
            let stretched = file.stretch_scales(task);
            let closed = file.close(task);
            stretched.and(closed)
        };
        self.on_tasks(close, ())
    }
}

impl Drop for H5Writer {
    /// Closes the file; nobody is told of errors.
    fn drop(&mut self) {
        let _ = self.finish();
    }
}

/// How a slab is written in the background.
struct Later<'a, T: Element> {
    queue: Rc<Queue>,
    lend: &'a dyn Fn() -> Lent<T::Bits>,
}

impl Opened {
    /// Makes room behind the last index of axis 0 for an array of this shape, and tells where.
    fn grow(&mut self, task: &Task, name: &str, kind: &Kind, array: &[usize]) -> Result<Vec<usize>, Failure> {
        let mut info = self.info(task, name)?;
        let (shape, frame) = (&mut info.shape, if array.len() + 1 == info.unlimited.len() { 0 } else { 1 });
        let fits =
            shape.len() == array.len() + 1 - frame && array[frame.min(array.len())..] == shape[1.min(shape.len())..];
        if !fits || info.kind != *kind || info.unlimited.first() != Some(&true) {
            let axis = if info.unlimited.first() == Some(&true) { "unlimited" } else { "fixed" };
            let text = format!(
                "an array of shape {array:?} and {kind} cannot be appended to {shape:?} of {}, whose axis 0 is {axis}",
                info.kind
            );
            return Err(self.failure(task, name, text));
        }
        let mut start = vec![0; shape.len()];
        start[0] = shape[0];
        shape[0] += if frame == 0 { 1 } else { array[0] };
        self.set_extent(task, name, info)?;
        Ok(start)
    }

    /// Gives the dataset the shape that `info` has. All tasks take part.
    fn set_extent(&mut self, task: &Task, name: &str, info: Info) -> Result<(), Failure> {
        // The last frame is written before the next is taken: no more than one is in memory.
        self.settle(task)?;
        let before = self.info(task, name)?.allocated();
        if info.allocated() > before {
            self.check_room(task, name, info.allocated() - before)?;
        }
        let changed = self.open.as_mut().map_or(Ok(()), |open| raw::set_extent(&open.dataset(name)?, &info.shape));
        let changed = changed.map_err(|cause| self.failure(task, name, cause));
        self.agree_on_structure(task, changed)?;
        self.changed = true;
        self.grown.insert(name.into());
        self.infos.insert(name.into(), info);
        Ok(())
    }

    /// Takes what could not be written off the end of axis 0 again. All tasks take part.
    fn shrink(&mut self, task: &Task, name: &str, len: usize) {
        let Some(mut info) = self.infos.get(name).cloned() else { return };
        info.shape[0] = len;
        // What went wrong before is what is told; that the file is given up for this is told by what follows.
        let _ = self.set_extent(task, name, info);
    }

    /// Whether an array of this shape fits into a dataset from `start` on.
    fn check_fits(
        &mut self,
        task: &Task,
        name: &str,
        kind: &Kind,
        start: &[usize],
        array: &[usize],
    ) -> Result<(), Failure> {
        let info = self.info(task, name)?;
        let shape = &info.shape;
        let lead = shape.len().checked_sub(array.len());
        let fits = lead.is_some_and(|lead| {
            let len = |axis: usize| if axis < lead { 1 } else { array[axis - lead] };
            start.len() == shape.len()
                && (0..shape.len()).all(|axis| start[axis].checked_add(len(axis)).is_some_and(|end| end <= shape[axis]))
        });
        if fits && info.kind == *kind {
            return Ok(());
        }
        let text = format!("an array of shape {array:?} and {kind} at {start:?} is not in {shape:?} of {}", info.kind);
        Err(self.failure(task, name, text))
    }

    /// Writes an array that fits, by itself or in the background. All tasks take part.
    fn write_at<T: Element>(
        &mut self,
        task: &Task,
        name: &str,
        layout: &Layout,
        slab: &[T],
        origin: &[usize],
        later: Option<Later<'_, T>>,
    ) -> Result<(), Failure> {
        let (queue, lend) = later.map(|later| (later.queue, later.lend)).unzip();
        let (info, kind) = (self.info(task, name)?, Kind::of::<T>());
        let dataset = self.open.as_mut().map(|open| open.dataset(name)).transpose();
        let access = dataset.and_then(|dataset| self.access(&dataset, &kind));
        let access = access.map(|access| access.map(|access| Access { queue, ..access }));
        let access = agree(task, access.map_err(|cause| self.failure(task, name, cause)))?;
        self.changed = true;
        let transfer = Transfer { task, info: &info, origin, access, together: self.is_together() };
        let wrote = transfer.write(layout, slab, lend).map_err(|cause| self.failure(task, name, cause));
        // Where chunks are is noted as they are written, if they go through filters; otherwise it has been before.
        if info.filters == Filters::None { agree(task, wrote) } else { self.agree_on_structure(task, wrote) }
    }

    /// Makes the scales of axes that have grown as long as these, where they have no values of their own.
    fn stretch_scales(&mut self, task: &Task) -> Result<(), Failure> {
        let mut done = self.settle(task);
        // In the same order on all tasks.
        for name in self.grown.clone() {
            let len = self.infos.get(&name).and_then(|info| info.shape.first().copied());
            // Never shorter: other datasets may have the same scale.
            let stretch = |open: &mut Open| match (len, growing(&open.dataset(&name)?)) {
                (Some(len), Some(scale)) if scale.get_shape()? < vec![len] => {
                    raw::set_extent(&scale, &[len]).map(|()| true)
                }
                _ => Ok(false),
            };
            let stretched = self.change(task, &name, stretch);
            if matches!(stretched, Ok(true)) {
                // It is known by a name that is not asked for.
                self.infos.retain(|known, _| self.grown.contains(known));
            }
            if stretched.is_ok() {
                self.grown.remove(&name);
            }
            done = done.and(stretched.map(drop));
        }
        done
    }
}
