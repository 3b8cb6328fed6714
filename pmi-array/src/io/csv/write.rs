//! Writing tables.

use super::text::{append_rows, header};
use crate::array::{BUDGET, GRAIN};
use crate::element::Real;
use crate::exchange::fetch;
use crate::io::failure::{Failure, again};
use crate::io::positioned::write_at;
use crate::io::progress::Told;
use crate::io::unfinished::write_together;
use crate::layout::Layout;
use pmi::Task;
use rayon::prelude::*;
use std::path::Path;

/// This task's part of writing an array below these names, if there are any.
pub(super) fn write<T: Real>(
    task: &Task,
    layout: &Layout,
    slab: &[T],
    path: &Path,
    names: &[String],
) -> Result<(), Failure> {
    let moved;
    let rows = if layout.is_in_rows() {
        slab
    } else {
        let rows = Layout::new(layout.shape(), task.size());
        moved = fetch(task, layout, slab, &|rank| rows.part(rank), BUDGET);
        &moved
    };
    let columns = super::columns(layout.shape());
    let header = if names.is_empty() { Vec::new() } else { header(names) };
    // Whole rows; each piece becomes text twice, so that no more of it than the threads work on is in memory.
    let pieces: Vec<&[T]> = rows.chunks((GRAIN / columns).max(1) * columns).collect();
    let text = |piece: &[T]| {
        let mut text = String::new();
        append_rows(piece, columns, &mut text);
        text
    };
    let told = Told::new(task, 2 * pieces.len());
    let length = |piece: &&[T]| {
        let length = text(piece).len() as u64;
        told.step();
        length
    };
    let lengths: Vec<u64> = task.install(|| pieces.par_iter().map(length).collect());
    let all = task.comm().all_gather(&[lengths.iter().sum::<u64>()]);
    let first = header.len() as u64 + all[..task.rank()].iter().sum::<u64>();
    let places: Vec<_> = lengths.iter().scan(first, |end, len| Some(std::mem::replace(end, *end + len))).collect();
    let written = write_together(task, path, header.len() as u64 + all.iter().sum::<u64>(), |file| {
        let file = file.as_ref().map_err(again)?;
        if task.rank() == 0 {
            write_at(file, 0, &header)?;
        }
        let put = |(piece, at): (&&[T], &u64)| {
            write_at(file, *at, text(piece).as_bytes())?;
            told.step();
            Ok(())
        };
        task.install(|| pieces.par_iter().zip(&places).try_for_each(put))
    });
    told.finish();
    written
}
