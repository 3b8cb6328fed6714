//! Compressing chunks with all of a task's threads, which HDF5 does with one.

use crate::io::chunks::Cut;
use flate2::{Compress, Compression, FlushCompress, Status};
use pmi::Task;
use rayon::prelude::*;

/// What chunks go through.
#[derive(Clone, Copy)]
pub(super) struct Deflate {
    pub(super) shuffle: bool,
    pub(super) level: u8,
}

impl Deflate {
    /// All chunks of a box, compressed, each with the index in the box where it begins. All threads of the task
    /// compress.
    pub(super) fn compress(
        self,
        task: &Task,
        cut: &Cut<'_>,
        bytes: &[u8],
    ) -> Result<Vec<(Vec<usize>, Vec<u8>)>, String> {
        let one = |number: usize| {
            let start = cut.start(number);
            let chunk = cut.chunk_at(&start, bytes);
            let chunk = if self.shuffle { shuffled(&chunk, cut.element) } else { chunk };
            deflate(&chunk, self.level).map(|bytes| (start, bytes))
        };
        task.install(|| (0..cut.count()).into_par_iter().map(one).collect())
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
    fn chunks_are_compressed_one_by_one() {
        pmi::with_tasks(1, || {
            let on_task = |task: &Task, ()| {
                let numbers: Vec<u8> = (1..=30).collect();
                let cut = Cut { shape: &[2, 3, 5], chunk: &[1, 2, 4], element: 1 };
                let chunks = Deflate { shuffle: false, level: 1 }.compress(task, &cut, &numbers).unwrap();
                assert_eq!(chunks.len(), 8);
                for (start, bytes) in chunks {
                    assert_eq!(inflated(&bytes), cut.chunk_at(&start, &numbers), "at {start:?}");
                }
                // What does not shrink, in a vector; as words.
                let noise: Vec<u8> = (0..40_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
                let cut = Cut { shape: &[10_000], chunk: &[6000], element: 4 };
                let chunks = Deflate { shuffle: true, level: 9 }.compress(task, &cut, &noise).unwrap();
                assert_eq!(chunks.iter().map(|(start, _)| start[0]).collect::<Vec<_>>(), [0, 6000]);
                assert_eq!(inflated(&chunks[0].1), shuffled(&noise[..24_000], 4));
            };
            pmi::exec(on_task, ()).unwrap();
        });
    }
}
