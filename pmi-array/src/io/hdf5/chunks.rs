//! Chunks: how large they are made, and compressing them with all of a task's threads, which HDF5 does with one.

use crate::layout::Layout;
use flate2::{Compress, Compression, FlushCompress, Status};
use pmi::Task;
use rayon::prelude::*;

/// The bytes of a chunk of our own choice, at the most and, where the array has as many, at the least.
const LARGEST: usize = 1 << 20;
const SMALLEST: usize = 1 << 14;

/// Chunks for an array of this layout, of elements of `bytes` bytes: the rows of one task, cut along the first axes until
/// they are small enough. Axis 0 is not the layout's but an unlimited one before it where `frames`: a chunk is then in one
/// frame, unless frames are very small.
pub(super) fn fitted(layout: &Layout, frames: bool, bytes: usize) -> Vec<usize> {
    let mut chunk: Vec<usize> = layout.shape().iter().map(|len| (*len).max(1)).collect();
    if let (Some(rows), true) = (chunk.first_mut(), layout.is_in_rows()) {
        // The most that divides every task's share where all are equal.
        *rows = rows.div_ceil(layout.grid()[0]);
    }
    let mut size = bytes * chunk.iter().product::<usize>();
    for len in &mut chunk {
        if size <= LARGEST {
            break;
        }
        let one = size / *len;
        // Equal parts, as far as that goes.
        let parts = len.div_ceil((LARGEST / one.max(1)).clamp(1, *len));
        *len = len.div_ceil(parts);
        size = one * *len;
    }
    if frames {
        chunk.insert(0, (SMALLEST / size.max(1)).max(1));
    }
    chunk
}

/// A box of an array that is cut into chunks.
pub(super) struct Cut<'a> {
    /// The box's and the chunks' extents; where `shape` is no multiple of `chunk`, the last chunks are filled with zeros.
    pub(super) shape: &'a [usize],
    pub(super) chunk: &'a [usize],
    /// The bytes of an element.
    pub(super) element: usize,
    pub(super) shuffle: bool,
    pub(super) level: u8,
}

impl Cut<'_> {
    /// All chunks, compressed, each with the index in the box where it begins. All threads of the task compress.
    pub(super) fn compress(&self, task: &Task, bytes: &[u8]) -> Result<Vec<(Vec<usize>, Vec<u8>)>, String> {
        let along: Vec<_> = self.shape.iter().zip(self.chunk).map(|(len, chunk)| len.div_ceil(*chunk)).collect();
        let number_of_chunks: usize = along.iter().product();
        let one = |number: usize| {
            let mut rest = number;
            let mut start: Vec<_> = (along.iter().zip(self.chunk).rev())
                .map(|(along, chunk)| {
                    let at = rest % along * chunk;
                    rest /= along;
                    at
                })
                .collect();
            start.reverse();
            let chunk = self.chunk_at(&start, bytes);
            deflate(&chunk, self.level).map(|bytes| (start, bytes))
        };
        task.install(|| (0..number_of_chunks).into_par_iter().map(one).collect())
    }

    /// The bytes of a chunk, as the filters before the compression leave them.
    fn chunk_at(&self, start: &[usize], bytes: &[u8]) -> Vec<u8> {
        let axes = self.shape.len();
        let mut chunk = vec![0; self.chunk.iter().product::<usize>() * self.element];
        let count: Vec<_> = (0..axes).map(|axis| self.chunk[axis].min(self.shape[axis] - start[axis])).collect();
        let run = count[axes - 1] * self.element;
        let mut row = vec![0; axes - 1];
        loop {
            let place = |extent: &[usize], offset: &dyn Fn(usize) -> usize| {
                let index = |axis: usize| offset(axis) + row.get(axis).copied().unwrap_or(0);
                (0..axes).fold(0, |place, axis| place * extent[axis] + index(axis)) * self.element
            };
            let (from, to) = (place(self.shape, &|axis| start[axis]), place(self.chunk, &|_| 0));
            chunk[to..to + run].copy_from_slice(&bytes[from..from + run]);
            // The next row: the last axis but one runs fastest.
            let Some(axis) = (0..axes - 1).rev().find(|axis| row[*axis] + 1 < count[*axis]) else { break };
            row[axis] += 1;
            row[axis + 1..].fill(0);
        }
        if self.shuffle { shuffled(&chunk, self.element) } else { chunk }
    }
}

/// All first bytes of the elements, then all second ones, and so on: HDF5's filter.
fn shuffled(bytes: &[u8], element: usize) -> Vec<u8> {
    if element == 1 {
        return bytes.to_vec();
    }
    let count = bytes.len() / element;
    let mut out = vec![0; bytes.len()];
    // In blocks whose planes stay in the first-level cache.
    const BLOCK: usize = 512;
    for first in (0..count).step_by(BLOCK) {
        let block = BLOCK.min(count - first);
        let from = &bytes[first * element..(first + block) * element];
        for (plane, out) in out.chunks_exact_mut(count).enumerate() {
            for (to, of) in out[first..first + block].iter_mut().zip(from.chunks_exact(element)) {
                *to = of[plane];
            }
        }
    }
    out
}

/// Compressed as zlib does.
fn deflate(bytes: &[u8], level: u8) -> Result<Vec<u8>, String> {
    let mut state = Compress::new(Compression::new(level.into()), true);
    let mut out = Vec::with_capacity(bytes.len() / 2 + 1024);
    loop {
        let done = usize::try_from(state.total_in()).expect("it was in memory");
        let status = state.compress_vec(&bytes[done..], &mut out, FlushCompress::Finish);
        match status.map_err(|cause| format!("compressing a chunk: {cause}"))? {
            Status::StreamEnd => return Ok(out),
            Status::Ok | Status::BufError => out.reserve(out.capacity().max(1024)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::ZlibDecoder;
    use std::io::Read;

    fn inflated(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        ZlibDecoder::new(bytes).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn shuffling_brings_equal_bytes_together() {
        assert_eq!(shuffled(&[1, 2, 3, 4, 5, 6], 2), [1, 3, 5, 2, 4, 6]);
        assert_eq!(shuffled(&[1, 2, 3], 1), [1, 2, 3]);
        let many: Vec<u8> = (0..4 * 1300).map(|n| (n % 251) as u8).collect();
        let planes: Vec<u8> = (0..4).flat_map(|plane| many.iter().skip(plane).step_by(4).copied()).collect();
        assert_eq!(shuffled(&many, 4), planes);
    }

    #[test]
    fn chunks_have_their_part_of_the_box_and_zeros() {
        pmi::with_tasks(1, || {
            let on_task = |task: &Task, ()| {
                let numbers: Vec<u8> = (1..=30).collect();
                let cut = Cut { shape: &[2, 3, 5], chunk: &[1, 2, 4], element: 1, shuffle: false, level: 1 };
                let chunks = cut.compress(task, &numbers).unwrap();
                assert_eq!(chunks.len(), 8);
                for (start, bytes) in chunks {
                    let expected: Vec<u8> = (0..8)
                        .map(|n| [start[0], start[1] + n / 4, start[2] + n % 4])
                        .map(|[i, j, k]| if j < 3 && k < 5 { numbers[(i * 3 + j) * 5 + k] } else { 0 })
                        .collect();
                    assert_eq!(inflated(&bytes), expected, "at {start:?}");
                }
                // What does not shrink, in a vector; as words.
                let noise: Vec<u8> = (0..40_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
                let cut = Cut { shape: &[10_000], chunk: &[6000], element: 4, shuffle: true, level: 9 };
                let chunks = cut.compress(task, &noise).unwrap();
                assert_eq!(chunks.iter().map(|(start, _)| start[0]).collect::<Vec<_>>(), [0, 6000]);
                assert_eq!(inflated(&chunks[0].1), shuffled(&noise[..24_000], 4));
            };
            pmi::exec(on_task, ()).unwrap();
        });
    }

    #[test]
    fn chunks_fit_the_tasks_rows() {
        let of = |shape: &[usize], tasks, frames| fitted(&Layout::new(shape, tasks), frames, 8);
        assert_eq!(of(&[10, 10], 2, false), [5, 10]);
        assert_eq!(of(&[1 << 10, 1 << 10], 4, false), [128, 1 << 10]);
        assert_eq!(of(&[3, 1 << 20], 3, false), [1, 1 << 17]);
        assert_eq!(of(&[256, 512], 2, true), [1, 128, 512]);
        assert_eq!(of(&[], 2, true), [2048]);
        assert_eq!(of(&[0, 4], 2, false), [1, 4]);
    }
}
