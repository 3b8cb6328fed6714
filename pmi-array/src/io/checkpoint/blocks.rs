//! Elements in a file, in blocks with checksums.
//!
//! The elements of an array, in C order, are blocks of 1 MiB. A task has any range of them, so it has a checksum of
//! what it has of each block; checksums of neighbours join into that of both, so the first task has those of whole
//! blocks without anybody reading what is another's. CRC-64/NVME finds any change within 64 bits, and other changes but
//! one in 2^64.

use crate::io::failure::Failure;
use crate::io::unfinished::close;
use crc_fast::{CrcAlgorithm, checksum_combine};
use pmi::Task;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// The bytes of a block.
pub(super) const BLOCK: u64 = 1 << 20;

/// The checksum of bytes.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    crc_fast::checksum(CrcAlgorithm::Crc64Nvme, bytes)
}

/// A file as a task has it open.
pub(super) struct Opened {
    /// As the caller calls it.
    path: PathBuf,
    file: Result<File, Failure>,
}

impl Opened {
    /// The file `name`, which the caller calls `path`.
    pub(super) fn new(task: &Task, path: PathBuf, name: &PathBuf, write: bool) -> Self {
        let file = File::options().read(!write).write(write).open(name);
        let file = file.map_err(|cause| Failure::file(task, &path, &cause));
        Self { path, file }
    }

    /// What `f` does with the file; on this task's behalf.
    pub(super) fn with<R>(&self, task: &Task, f: impl FnOnce(&File) -> io::Result<R>) -> Result<R, Failure> {
        let file = self.file.as_ref().map_err(Clone::clone)?;
        f(file).map_err(|cause| Failure::file(task, &self.path, &cause))
    }

    /// Closes it: there is nothing to be done with it any more.
    pub(super) fn close(&mut self, task: &Task) -> Result<(), Failure> {
        let closed = Err(Failure::file(task, &self.path, &io::Error::other("it has been closed")));
        let file = std::mem::replace(&mut self.file, closed)?;
        close(file).map_err(|cause| Failure::file(task, &self.path, &cause))
    }

    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }
}

/// Some bytes of an array, within a block, and their checksum.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Piece {
    start: u64,
    len: u64,
    sum: u64,
}

/// A whole block, and the task that has its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Block {
    pub(super) sum: u64,
    pub(super) rank: usize,
}

/// Ranges of `len` bytes from `start` on, which no block divides.
fn cuts(start: u64, len: usize) -> impl Iterator<Item = Range<usize>> {
    let (first, end) = (start / BLOCK, start + len as u64);
    let blocks = if len == 0 { 0..0 } else { first..end.div_ceil(BLOCK) };
    let inside = move |byte: u64| (byte.clamp(start, end) - start) as usize;
    blocks.map(move |block| inside(block * BLOCK)..inside((block + 1) * BLOCK))
}

/// Writes bytes of an array, from its byte `start` on; the array is at `offset` of the file.
pub(super) fn write(task: &Task, file: &File, offset: u64, start: u64, bytes: &[u8]) -> io::Result<Vec<Piece>> {
    let write = |cut: Range<usize>| {
        let (start, part) = (start + cut.start as u64, &bytes[cut]);
        let sum = checksum(part); // first: it brings the block into the cache
        file.write_all_at(part, offset + start)?;
        Ok(Piece { start, len: part.len() as u64, sum })
    };
    let cuts: Vec<_> = cuts(start, bytes.len()).collect();
    task.install(|| cuts.into_par_iter().map(write).collect())
}

/// Reads bytes of an array: the way back of [`write`].
pub(super) fn read(task: &Task, file: &File, offset: u64, start: u64, bytes: &mut [u8]) -> io::Result<Vec<Piece>> {
    let mut parts = Vec::new();
    let mut rest = &mut *bytes;
    for cut in cuts(start, rest.len()).collect::<Vec<_>>() {
        let (part, behind) = rest.split_at_mut(cut.len());
        parts.push((start + cut.start as u64, part));
        rest = behind;
    }
    let read = |(start, part): (u64, &mut [u8])| {
        file.read_exact_at(part, offset + start)?;
        Ok(Piece { start, len: part.len() as u64, sum: checksum(part) })
    };
    task.install(|| parts.into_par_iter().map(read).collect())
}

/// The blocks of an array, on the first task, none elsewhere: from the pieces of all tasks.
pub(super) fn join(task: &Task, pieces: Vec<Piece>) -> Vec<Block> {
    let gathered = task.comm().gather_object(0, &pieces).unwrap_or_default();
    let ranked = gathered.into_iter().enumerate().flat_map(|(rank, pieces)| pieces.into_iter().map(move |p| (rank, p)));
    let mut all: Vec<(usize, Piece)> = ranked.collect();
    all.sort_unstable_by_key(|(_, piece)| piece.start);
    all.chunk_by(|(_, a), (_, b)| a.start / BLOCK == b.start / BLOCK)
        .map(|block| {
            let both =
                |sum, (_, next): &(usize, Piece)| checksum_combine(CrcAlgorithm::Crc64Nvme, sum, next.sum, next.len);
            Block { sum: block[1..].iter().fold(block[0].1.sum, both), rank: block[0].0 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_those_of_blocks() {
        assert_eq!(cuts(5, 0).count(), 0);
        assert_eq!(cuts(BLOCK, 0).count(), 0);
        assert!(cuts(0, 1).eq(std::iter::once(0..1)));
        assert_eq!(cuts(BLOCK - 3, 10).collect::<Vec<_>>(), [0..3, 3..10]);
        let block = BLOCK as usize;
        assert_eq!(
            cuts(7, 2 * block).collect::<Vec<_>>(),
            [0..block - 7, block - 7..2 * block - 7, 2 * block - 7..2 * block]
        );
    }

    #[test]
    fn checksums_join() {
        // The check value of the catalogue of CRCs.
        assert_eq!(checksum(b"123456789"), 0xae8b14860a799888);
        let bytes: Vec<u8> = (0..3 * BLOCK as usize + 17).map(|i| (i * i / 7 + i) as u8).collect();
        for tasks in [1, 2, 3, 7] {
            pmi::with_tasks(tasks, || {
                let blocks = |task: &Task, bytes: Vec<u8>| {
                    let mine = crate::Block::new(bytes.len(), task.size()).range(task.rank());
                    let pieces: Vec<_> = cuts(mine.start as u64, mine.len())
                        .map(|cut| {
                            let part = &bytes[mine.clone()][cut.clone()];
                            Piece {
                                start: (mine.start + cut.start) as u64,
                                len: part.len() as u64,
                                sum: checksum(part),
                            }
                        })
                        .collect();
                    join(task, pieces)
                };
                let blocks = pmi::first(blocks, bytes.clone()).unwrap();
                let expected: Vec<_> = bytes.chunks(BLOCK as usize).map(checksum).collect();
                assert_eq!(blocks.iter().map(|block| block.sum).collect::<Vec<_>>(), expected);
                assert_eq!((blocks[0].rank, blocks[3].rank), (0, tasks - 1));
            });
        }
    }
}
