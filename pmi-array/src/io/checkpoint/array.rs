//! One array of a checkpoint: written and read by all tasks.

use super::blocks::{self, Block, Opened, join};
use super::format::{Contents, Entry, block_count, part};
use crate::array::DistArray;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::io::failure::{Failure, agree};
use crate::io::load::{bytes_of, load as load_array};
use crate::io::pieces::{PIECE, first_element, read_pieces, write_pieces};
use crate::io::progress::stage;
use crate::layout::Layout;
use ndarray::Dimension;
use pmi::{Handle, Task};
use std::cell::Cell;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

/// An array of any type.
pub(super) trait Stored {
    /// How many bytes its elements have.
    fn bytes(&self) -> u64;

    /// Writes the elements to this place of the file; what the index must know of them.
    fn write(&self, file: &Handle<Opened>, name: &str, offset: u64) -> Result<Entry>;
}

impl<T: Element, D: Dimension + 'static> Stored for DistArray<T, D> {
    fn bytes(&self) -> u64 {
        self.nbytes() as u64
    }

    fn write(&self, file: &Handle<Opened>, name: &str, offset: u64) -> Result<Entry> {
        let args = (self.clone(), file.clone(), offset, part(name));
        let blocks: Vec<Block> = pmi::first(write::<T, D>, args)??;
        Ok(Entry {
            name: name.into(),
            element: T::NAME.into(),
            layout: self.layout.clone(),
            offset,
            len: self.bytes(),
            sums: blocks.into_iter().map(|block| block.sum).collect(),
        })
    }
}

type Target<T, D> = (DistArray<T, D>, Handle<Opened>, u64, String);

/// Writes this task's share of the elements. The first task has all blocks then.
fn write<T: Element, D: Dimension + 'static>(
    task: &Task,
    (array, file, offset, name): Target<T, D>,
) -> Result<Vec<Block>, Failure> {
    let (layout, file, elements) = (&array.layout, task.get(&file), array.elements(task));
    let mut pieces = Vec::new();
    let done = write_pieces(task, layout, &elements, &grain(layout), PIECE, |ranges, bits| {
        let start = first_byte::<T>(layout, ranges);
        let write = |file: &_| blocks::write(task, file, offset, start, bytemuck::cast_slice(bits));
        file.with(task, write).map(|new| pieces.extend(new))
    });
    agree(task, done.map_err(|failure| failure.in_part(&name)))?;
    Ok(join(task, pieces))
}

/// Boxes may be any ranges of the elements in C order.
fn grain(layout: &Layout) -> Vec<usize> {
    vec![1; layout.shape().len()]
}

/// Where a box begins.
fn first_byte<T>(layout: &Layout, ranges: &[Range<usize>]) -> u64 {
    (first_element(layout.shape(), ranges) * size_of::<T>()) as u64
}

/// A checkpoint whose arrays are read.
#[derive(Clone)]
pub(super) struct Source(Rc<Inner>);

struct Inner {
    contents: Contents,
    file: Handle<Opened>,
    path: std::path::PathBuf,
    /// The bytes that have been read, and those of all arrays.
    done: Cell<u64>,
    total: u64,
}

impl Source {
    /// The arrays of this file.
    pub(super) fn new(path: &Path, contents: Contents) -> Result<Self> {
        let path = path.to_path_buf();
        let open = |task: &Task, path: std::path::PathBuf| Opened::new(task, path.clone(), &path, false);
        let file = pmi::create(open, path.clone())?;
        let total = contents.bytes();
        Ok(Self(Rc::new(Inner { contents, file, path, done: Cell::new(0), total })))
    }

    /// Closes the file on all tasks, which would have it open until the next command otherwise.
    pub(super) fn close(&self) -> Result<()> {
        let close = |task: &Task, file: Handle<Opened>| task.get_mut(&file).close(task);
        Ok(pmi::first(close, self.0.file.clone())??)
    }

    /// The values beside the arrays.
    pub(super) fn values(&self) -> &[u8] {
        &self.0.contents.values
    }
}

/// The array with this number.
pub(super) fn load<T: Element, D: Dimension + 'static>(source: &Source, number: usize) -> Result<DistArray<T, D>> {
    let Inner { contents, file, path, done, total } = &*source.0;
    let wrong = |text: String| Error::argument(format!("{}: {text}", path.display()));
    let Some(entry) = contents.arrays.get(number) else {
        return Err(wrong(format!("there is no array with the number {number}")));
    };
    let part = entry.part();
    if entry.element != T::NAME {
        return Err(wrong(format!("{part} has elements of type {}, not {}", entry.element, T::NAME)));
    }
    let bytes = bytes_of::<T>(entry.layout.shape(), D::NDIM).map_err(|text| wrong(format!("{part}: {text}")))? as u64;
    if (bytes, block_count(bytes)) != (entry.len, entry.sums.len()) {
        return Err(Error::damaged(path, part, format!("does not have the {bytes} bytes of its shape"), None));
    }
    let layout = entry.layout_on(pmi::size()?);
    let args = (file.clone(), entry.offset, part, entry.sums.clone());
    let array = stage(done.get(), entry.len, *total, || load_array(path, layout, read::<T>, args));
    done.set(done.get() + entry.len);
    array
}

/// This task's elements. The first task checks the blocks.
fn read<T: Element>(
    task: &Task,
    layout: &Layout,
    (file, offset, name, sums): (Handle<Opened>, u64, String, Vec<u64>),
) -> Result<Vec<T>, Failure> {
    let file = task.get(&file);
    let mut pieces = Vec::new();
    let elements = read_pieces(task, layout, &grain(layout), PIECE, |ranges, bits| {
        let start = first_byte::<T>(layout, ranges);
        let read = |file: &_| blocks::read(task, file, offset, start, bytemuck::cast_slice_mut(bits));
        file.with(task, read).map(|new| pieces.extend(new))
    });
    let elements = agree(task, elements.map_err(|failure: Failure| failure.in_part(&name)))?;
    let blocks = join(task, pieces);
    match blocks.iter().zip(&sums).position(|(block, sum)| block.sum != *sum) {
        Some(number) => {
            let text = format!("block {number} of {} (of 1 MiB) has been altered", sums.len());
            Err(Failure::Damaged { path: file.path().clone(), part: name, rank: blocks[number].rank, text })
        }
        None => Ok(elements),
    }
}
