//! Moving elements between the tasks of an array and a dataset.
//!
//! The array is cut into [pieces](crate::io::pieces) in the order of the file. Where all tasks have the file open, all
//! write or read their pieces together, by MPI-IO's two phases. Otherwise task 0 writes and reads for the others, one
//! after the other: each sends its piece when it is asked to, so that no more than one is on its way.

use super::deflate::Deflate;
use super::file::FULL;
use super::info::{Filters, Info};
#[cfg(feature = "hdf5-mpio")]
use super::mpio;
use super::queue::Queue;
use super::raw;
use crate::element::Element;
use crate::io::chunks::Cut;
use crate::io::pieces::{PIECE, read_pieces, write_pieces};
use crate::layout::Layout;
use crate::memory::{memory, recycle};
use bytemuck::Pod;
use hdf5_metno::{Dataset, Datatype, PropertyList};
use pmi::{Task, op};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::Range;
#[cfg(feature = "hdf5-mpio")]
use std::path::PathBuf;
use std::rc::Rc;

/// The bytes of a part of a piece that travels, or that is compressed at once.
const PART: usize = 16 << 20;
/// The bytes of a task that one collective call writes. In each, tasks wait for the slowest; so there are few, as far
/// as progress can still be told, and the counts of MPI libraries allow, C ints.
const COLLECTIVE: usize = 256 << 20;

const GO: u32 = 0;
const PARCEL: u32 = 1;
const ELEMENTS: u32 = 2;

/// What a task that has the file open has of a dataset.
pub(super) struct Access {
    pub(super) dataset: Dataset,
    pub(super) list: PropertyList,
    /// Of the elements in memory.
    pub(super) kind: Datatype,
    /// What writes in the background, where that is wanted.
    pub(super) queue: Option<Rc<Queue>>,
    /// The folder of the file.
    #[cfg(feature = "hdf5-mpio")]
    pub(super) folder: PathBuf,
}

/// Where an array is in a dataset, and who writes or reads it.
pub(super) struct Transfer<'a> {
    pub(super) task: &'a Task,
    pub(super) info: &'a Info,
    /// The index in the dataset of the array's first element. The dataset may have more axes than the array, before the
    /// array's, along which it is at this index.
    pub(super) origin: &'a [usize],
    /// `None` on tasks for which task 0 does it.
    pub(super) access: Option<Access>,
    /// Whether all tasks do it together.
    pub(super) together: bool,
}

/// A part of a task's piece: a box in the dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Place {
    start: Vec<usize>,
    count: Vec<usize>,
    len: usize,
}

/// A task's slab, which may be lent to what writes in the background.
struct Loan<'a, B> {
    elements: &'a [B],
    lend: &'a dyn Fn() -> Lent<B>,
}

/// Elements that stay as they are as long as this lives.
pub(super) type Lent<B> = Box<dyn AsRef<[B]> + Send>;

impl<B> Loan<'_, B> {
    /// These elements, where they are in the slab: it, and where they are.
    fn of(&self, elements: &[B]) -> Option<(Lent<B>, Range<usize>)> {
        let (slab, part) = (self.elements.as_ptr_range(), elements.as_ptr_range());
        if elements.is_empty() || part.start < slab.start || part.end > slab.end {
            return None;
        }
        let start = (part.start.addr() - slab.start.addr()) / size_of::<B>();
        Some(((self.lend)(), start..start + elements.len()))
    }
}

/// What tasks do in a round of a transfer.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(not(feature = "hdf5-mpio"), allow(dead_code, reason = "one task that writes goes on"))]
enum Round {
    Go,
    /// The disk has not enough room.
    Full,
    /// A task has failed before.
    Stop,
}

/// What a task sends of its piece.
#[derive(Serialize, Deserialize)]
enum Parcel {
    Nothing,
    /// The elements of a box.
    Elements(Place),
    /// Chunks that are compressed: where each begins, and how many bytes it has.
    Chunks(Vec<(Vec<usize>, usize)>),
}

impl Transfer<'_> {
    /// Writes an array. All tasks take part; the result is this task's own. What is written in the background is lent
    /// where it is in the slab as it is, and otherwise copied.
    pub(super) fn write<T: Element>(
        &self,
        layout: &Layout,
        slab: &[T],
        lend: Option<&dyn Fn() -> Lent<T::Bits>>,
    ) -> Result<(), String> {
        let loan = lend.map(|lend| Loan { elements: T::bits(slab), lend });
        let direct = self.compresses(layout);
        let grain = self.grain(layout);
        let limit = self.limit::<T::Bits>(direct.is_some());
        let mut failed = false;
        write_pieces(self.task, layout, slab, &grain, self.piece(), |ranges, elements| {
            let parts = self.parts(ranges, elements.len(), &grain, size_of::<T>(), limit);
            let mut rest = elements;
            let mut done = Ok(());
            for round in 0..self.rounds(parts.len()) {
                let part = parts.get(round);
                let elements = rest.split_off(..part.map_or(0, |part| part.len)).expect("parts add up to the piece");
                let wrote = match (self.goes_on(size_of_val(elements), failed), part, direct) {
                    (Round::Stop, ..) => break,
                    (Round::Full, ..) => Err(FULL.into()),
                    (Round::Go, Some(part), Some((shuffle, level))) => {
                        self.write_chunks(part, elements, shuffle, level)
                    }
                    (Round::Go, ..) => self.write_part(part, elements, loan.as_ref()),
                };
                failed |= wrote.is_err();
                done = done.and(wrote);
            }
            done
        })
    }

    /// Reads an array. All tasks take part; the result is this task's own.
    pub(super) fn read<T: Element>(&self, layout: &Layout) -> Result<Vec<T>, String> {
        let grain = self.grain(layout);
        read_pieces(self.task, layout, &grain, self.piece(), |ranges, elements| {
            let parts = self.parts(ranges, elements.len(), &grain, size_of::<T>(), self.limit::<T::Bits>(false));
            let mut rest = elements;
            let mut done = Ok(());
            for round in 0..self.rounds(parts.len()) {
                let part = parts.get(round);
                let elements =
                    rest.split_off_mut(..part.map_or(0, |part| part.len)).expect("parts add up to the piece");
                done = done.and(self.read_part(part, elements));
            }
            done
        })
    }

    /// How many axes the dataset has before those of the array.
    fn lead(&self, layout: &Layout) -> usize {
        self.origin.len() - layout.shape().len()
    }

    /// What pieces shall not divide: the chunks, where they go through filters and the array begins with one.
    fn grain(&self, layout: &Layout) -> Vec<usize> {
        let lead = self.lead(layout);
        match &self.info.chunk {
            Some(chunk) if self.info.filters != Filters::None && self.starts_with_chunk(chunk) => {
                chunk[lead..].to_vec()
            }
            _ => vec![1; layout.shape().len()],
        }
    }

    fn starts_with_chunk(&self, chunk: &[usize]) -> bool {
        self.origin.iter().zip(chunk).all(|(start, chunk)| start.is_multiple_of(*chunk))
    }

    /// Whether whole chunks are compressed here, by all threads, and how: where one task writes, and the array fills
    /// all the chunks that it touches, but for those at the dataset's edge.
    fn compresses(&self, layout: &Layout) -> Option<(bool, u8)> {
        let (Some(chunk), Filters::Deflate { shuffle, level }) = (&self.info.chunk, self.info.filters) else {
            return None;
        };
        let lead = self.lead(layout);
        let whole = (lead..chunk.len()).all(|axis| {
            let end = self.origin[axis] + layout.shape()[axis - lead];
            end.is_multiple_of(chunk[axis]) || end == self.info.shape[axis]
        });
        let in_one = chunk[..lead].iter().all(|len| *len == 1);
        (!self.together && whole && in_one && lead < chunk.len() && self.starts_with_chunk(chunk))
            .then_some((shuffle, level))
    }

    /// How many bytes of a piece are handled at once.
    fn limit<B>(&self, compressed: bool) -> usize {
        let chunk = self.info.chunk.as_ref().map_or(0, |chunk| chunk.iter().product::<usize>() * size_of::<B>());
        if compressed {
            // Enough for all threads.
            PART.max(4 * self.task.threads() * chunk)
        } else if self.together {
            if self.info.filters == Filters::None { COLLECTIVE } else { PART.max(chunk) }
        } else if self.task.rank() == 0 {
            usize::MAX
        } else {
            PART
        }
    }

    /// How many bytes a piece has that is in the task's slab as it is.
    fn piece(&self) -> usize {
        if self.together && self.info.filters == Filters::None { COLLECTIVE } else { PIECE }
    }

    /// Cuts a piece, a box of the array, along its first axes into parts that are contiguous in it and divide no grain.
    fn parts(&self, ranges: &[Range<usize>], len: usize, grain: &[usize], element: usize, limit: usize) -> Vec<Place> {
        if len == 0 {
            return Vec::new();
        }
        let lead = self.origin.len() - ranges.len();
        let mut step: Vec<_> = ranges.iter().map(Range::len).collect();
        let mut size = element * len;
        for (step, grain) in step.iter_mut().zip(grain) {
            let one = size / *step;
            *step = (limit / one.max(1) / grain * grain).clamp(*grain, (*step).max(*grain)).min(*step);
            size = one * *step;
            if size <= limit || *step > 1 {
                break;
            }
        }
        let mut parts = Vec::new();
        let mut at: Vec<_> = ranges.iter().map(|range| range.start).collect();
        loop {
            let count: Vec<_> = (0..at.len()).map(|axis| step[axis].min(ranges[axis].end - at[axis])).collect();
            let start =
                (0..self.origin.len()).map(|axis| self.origin[axis] + if axis < lead { 0 } else { at[axis - lead] });
            let len = count.iter().product();
            parts.push(Place { start: start.collect(), count: [vec![1; lead], count].concat(), len });
            let Some(axis) = (0..at.len()).rev().find(|axis| at[*axis] + step[*axis] < ranges[*axis].end) else {
                break;
            };
            at[axis] += step[axis];
            for axis in axis + 1..at.len() {
                at[axis] = ranges[axis].start;
            }
        }
        parts
    }

    /// How many rounds it takes until all tasks are through their parts.
    fn rounds(&self, parts: usize) -> usize {
        if self.task.size() == 1 { parts } else { self.task.comm().all_reduce(&[parts], op::MAX)[0] }
    }

    /// What to do in a round in which this task has a part of so many bytes: whether tasks have `failed` before, and
    /// whether the disk has room for what all have.
    ///
    /// Ranks that compress together note where their chunks are as these are written. A rank that could not write
    /// notes less than the others, who would wait for it in the next call and when the file is closed; so room is asked
    /// for before, and after a failure nothing more is written. Both are the same on all. Tasks that have not failed
    /// themselves do not say so, which tells whether all have.
    #[cfg(feature = "hdf5-mpio")]
    fn goes_on(&self, bytes: usize, failed: bool) -> Round {
        if !self.together || self.info.filters == Filters::None {
            return Round::Go;
        }
        let comm = self.task.comm();
        let sums = comm.reduce(0, &[bytes as u64, failed.into()], op::SUM);
        let round = sums.map(|sums| match (sums[1], mpio::has_room(&self.access().folder, sums[0])) {
            (1.., _) => Round::Stop,
            (0, false) => Round::Full,
            (0, true) => Round::Go,
        });
        comm.broadcast_object(0, round)
    }

    /// The library says to the one task that writes what there is no room for.
    #[cfg(not(feature = "hdf5-mpio"))]
    fn goes_on(&self, _: usize, _: bool) -> Round {
        Round::Go
    }

    fn access(&self) -> &Access {
        self.access.as_ref().expect("the file is open on a task that writes or reads")
    }

    fn write_here<B: Pod + Send>(&self, place: Option<&Place>, elements: &[B]) -> Result<(), String> {
        let Access { dataset, list, kind, .. } = self.access();
        let nothing = vec![0; self.origin.len()];
        let (start, count) = place.map_or((&nothing, &nothing), |place| (&place.start, &place.count));
        raw::write(dataset, list, kind, start, count, elements).map_err(|cause| cause.to_string())
    }

    /// Has these elements written in the background.
    fn write_later<B: Pod + Send>(
        &self,
        queue: &Queue,
        place: &Place,
        elements: Cow<'_, [B]>,
        loan: Option<&Loan<'_, B>>,
    ) {
        let Access { dataset, list, kind, .. } = self.access();
        let (dataset, list, kind, place) = (dataset.clone(), list.clone(), kind.clone(), place.clone());
        let write = move |elements: &[B]| {
            let wrote = raw::write(&dataset, &list, &kind, &place.start, &place.count, elements);
            wrote.map_err(|cause| cause.to_string())
        };
        if let Some((lent, range)) = loan.and_then(|loan| loan.of(&elements)) {
            return queue.push(lent, drop, move |lent| write(&(**lent).as_ref()[range]));
        }
        let own = match elements {
            Cow::Owned(own) => own,
            Cow::Borrowed(elements) => {
                let mut copy = memory::<B>(elements.len());
                copy.copy_from_slice(elements);
                copy
            }
        };
        queue.push(own, recycle, move |own| write(own));
    }

    fn read_here<B: Pod>(&self, place: Option<&Place>, elements: &mut [B]) -> Result<(), String> {
        let Access { dataset, list, kind, .. } = self.access();
        let nothing = vec![0; self.origin.len()];
        let (start, count) = place.map_or((&nothing, &nothing), |place| (&place.start, &place.count));
        raw::read(dataset, list, kind, start, count, elements).map_err(|cause| cause.to_string())
    }

    /// Writes a part of every task.
    fn write_part<B: Pod + Send>(
        &self,
        part: Option<&Place>,
        elements: &[B],
        loan: Option<&Loan<'_, B>>,
    ) -> Result<(), String> {
        if self.together {
            return self.write_here(part, elements);
        }
        let parcel = part.map_or(Parcel::Nothing, |part| Parcel::Elements(part.clone()));
        if self.task.rank() > 0 {
            self.send(&parcel, elements);
            return Ok(());
        }
        let mine = match (part, &self.access().queue) {
            (None, _) => Ok(()),
            (Some(_), None) => self.write_here(part, elements),
            (Some(place), Some(queue)) => {
                self.write_later(queue, place, elements.into(), loan);
                Ok(())
            }
        };
        mine.and(self.write_for_others::<B>())
    }

    /// Compresses a part of this task's, and writes those of every task.
    fn write_chunks<B: Pod + Send>(
        &self,
        part: &Place,
        elements: &[B],
        shuffle: bool,
        level: u8,
    ) -> Result<(), String> {
        let chunk = self.info.chunk.as_deref().unwrap_or_default();
        let cut = Cut { shape: &part.count, chunk, element: size_of::<B>() };
        let deflate = Deflate { shuffle, level };
        let chunks = deflate.compress(self.task, &cut, bytemuck::must_cast_slice(elements));
        let place = |(start, bytes): (Vec<usize>, Vec<u8>)| {
            (start.iter().zip(&part.start).map(|(inside, start)| inside + start).collect::<Vec<_>>(), bytes)
        };
        let chunks: Result<Vec<_>, _> = chunks.map(|chunks| chunks.into_iter().map(place).collect());
        if self.task.rank() == 0 {
            let mine = chunks
                .and_then(|chunks| chunks.into_iter().try_for_each(|(start, bytes)| self.write_chunk(&start, bytes)));
            return mine.and(self.write_for_others::<B>());
        }
        let mine = chunks.as_ref().map(drop).map_err(Clone::clone);
        let (starts, bytes): (Vec<_>, Vec<_>) = chunks.unwrap_or_default().into_iter().unzip();
        let lengths = bytes.iter().map(Vec::len);
        self.send(&Parcel::Chunks(starts.into_iter().zip(lengths).collect()), &bytes.concat());
        mine
    }

    fn write_chunk(&self, start: &[usize], bytes: Vec<u8>) -> Result<(), String> {
        let (dataset, start) = (self.access().dataset.clone(), start.to_vec());
        let write = move |bytes: &[u8]| raw::write_chunk(&dataset, &start, bytes).map_err(|cause| cause.to_string());
        match &self.access().queue {
            Some(queue) => queue.push(bytes, drop, move |bytes| write(bytes)),
            None => return write(&bytes),
        }
        Ok(())
    }

    /// Sends a parcel to task 0 when it asks.
    fn send<B: Pod>(&self, parcel: &Parcel, data: &[B]) {
        let comm = self.task.comm();
        comm.recv::<u8>(0, GO);
        comm.send_object(0, PARCEL, parcel);
        comm.send(0, ELEMENTS, data);
    }

    /// On task 0: takes and writes a parcel of every other task.
    fn write_for_others<B: Pod + Send>(&self) -> Result<(), String> {
        let comm = self.task.comm();
        let mut done = Ok(());
        for other in 1..self.task.size() {
            comm.send(other, GO, &[0u8]);
            let wrote = match comm.recv_object(other, PARCEL) {
                Parcel::Nothing => {
                    comm.recv::<B>(other, ELEMENTS);
                    Ok(())
                }
                Parcel::Elements(place) => {
                    let elements = comm.recv::<B>(other, ELEMENTS);
                    match &self.access().queue {
                        None => self.write_here(Some(&place), &elements),
                        Some(queue) => {
                            self.write_later(queue, &place, elements.into(), None);
                            Ok(())
                        }
                    }
                }
                Parcel::Chunks(chunks) => {
                    let bytes = comm.recv::<u8>(other, ELEMENTS);
                    let mut rest = &bytes[..];
                    chunks.iter().try_for_each(|(start, len)| {
                        self.write_chunk(start, rest.split_off(..*len).expect("lengths add up").to_vec())
                    })
                }
            };
            done = done.and(wrote);
        }
        done
    }

    /// Reads a part of every task.
    fn read_part<B: Pod>(&self, part: Option<&Place>, elements: &mut [B]) -> Result<(), String> {
        if self.together {
            return self.read_here(part, elements);
        }
        let comm = self.task.comm();
        if self.task.rank() > 0 {
            comm.recv::<u8>(0, GO);
            comm.send_object(0, PARCEL, &part);
            comm.recv_into(0, ELEMENTS, elements);
            return Ok(());
        }
        let mut done = if part.is_some() { self.read_here(part, elements) } else { Ok(()) };
        for other in 1..self.task.size() {
            comm.send(other, GO, &[0u8]);
            let place: Option<Place> = comm.recv_object(other, PARCEL);
            let mut buffer = bytemuck::zeroed_vec::<B>(place.as_ref().map_or(0, |place| place.len));
            if place.is_some() {
                done = done.and(self.read_here(place.as_ref(), &mut buffer));
            }
            comm.send(other, ELEMENTS, &buffer);
        }
        done
    }
}
