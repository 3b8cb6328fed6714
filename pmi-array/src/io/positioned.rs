//! Reading and writing at places of a file, by the threads of a task.

use pmi::Task;
use rayon::prelude::*;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The bytes that a thread reads or writes at once.
const CHUNK: usize = 8 << 20;

/// Writes `bytes` from place `at` on.
///
/// One thread: systems let one at a time write to a file, so that two take as long as one.
pub(super) fn write_at(file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    file.write_all_at(bytes, at)
}

/// Fills `bytes` with those of the file from place `at` on, which the task's threads share.
pub(super) fn read_at(task: &Task, file: &File, at: u64, bytes: &mut [u8]) -> io::Result<()> {
    if task.threads() == 1 || bytes.len() <= CHUNK {
        return file.read_exact_at(bytes, at);
    }
    let read = |(number, chunk): (usize, &mut [u8])| file.read_exact_at(chunk, at + (number * CHUNK) as u64);
    task.install(|| bytes.par_chunks_mut(CHUNK).enumerate().try_for_each(read))
}
