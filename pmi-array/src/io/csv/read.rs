//! Reading tables.

use super::text::{Rows, Wrong, parse};
use crate::element::Real;
use crate::io::failure::{Failure, agree};
use crate::io::progress::Told;
use pmi::Task;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::str::FromStr;

/// The bytes that a thread makes numbers of at once.
const PIECE: usize = 1 << 20;
/// The bytes that are read on, at a time, in search of the end of a line.
const LINE: usize = 4096;
/// A line of names that is longer is none.
const LONGEST: u64 = 1 << 20;

/// What a task has of a table.
pub(super) struct Table<T> {
    pub(super) elements: Vec<T>,
    /// Which rows the tasks have.
    pub(super) bounds: Vec<usize>,
    pub(super) columns: usize,
    pub(super) names: Vec<String>,
}

/// What is known of a file before it is read.
#[derive(Serialize, Deserialize)]
struct Start {
    names: Vec<String>,
    /// Where the rows begin, behind how many lines.
    byte: u64,
    lines: u64,
    len: u64,
    /// Whether task 0 has read it all, since it can be read only once.
    read: bool,
}

/// This task's rows. A broadcast, an all-gather of three numbers, two reductions of one.
pub(super) fn read<T: Real + FromStr>(
    task: &Task,
    path: &Path,
    header: bool,
    ndim: usize,
) -> Result<Table<T>, Failure> {
    let failure = |cause: io::Error| Failure::file(task, path, &cause);
    let (start, mut bytes) = match task.rank() {
        0 => start(path, header, ndim)
            .map_or_else(|cause| (Some(Err(failure(cause))), vec![]), |(s, b)| (Some(Ok(s)), b)),
        _ => (None, vec![]),
    };
    let start: Start = task.comm().broadcast_object(0, start)?;
    if !start.read {
        bytes = agree(task, lines(path, &start, task.rank(), task.size()).map_err(failure))?;
    }
    let pieces = pieces(&bytes);
    let told = Told::new(task, pieces.len());
    let rows = task.install(|| rows::<T>(&bytes, pieces, &told));
    // Of each task: its lines, its rows, its columns.
    let mine = rows.as_ref().map_or([0; 2], |rows| [rows.elements.len() / rows.columns.max(1), rows.columns]);
    let (all, _) = task.comm().all_gather_v(&[count_lines(&bytes) as usize, mine[0], mine[1]]);
    let all: Vec<&[usize]> = all.chunks(3).collect();
    let before = start.lines + all[..task.rank()].iter().map(|of| of[0] as u64).sum::<u64>();
    let columns = match start.names.len() {
        0 if ndim == 1 => 1,
        0 => all.iter().map(|of| of[2]).find(|columns| *columns > 0).unwrap_or(0),
        names => names,
    };
    let fits = rows.and_then(|rows| match rows.columns {
        0 => Ok(rows),
        found if found == columns && (ndim == 2 || columns == 1) => Ok(rows),
        found => {
            let wanted = if ndim == 1 { "1, as an array with one axis has".into() } else { columns.to_string() };
            Err(Wrong { line: rows.first, what: format!("it has {found} cells, not {wanted}") })
        }
    });
    let wrong = |Wrong { line, what }| {
        let text = format!("line {}: {what}", before + line + 1);
        failure(io::Error::new(io::ErrorKind::InvalidData, text))
    };
    let rows = agree(task, fits.map_err(wrong))?;
    let mut bounds = vec![0];
    bounds.extend(all.iter().scan(0, |end, of| {
        *end += of[1];
        Some(*end)
    }));
    told.finish();
    Ok(Table { elements: rows.elements, bounds, columns, names: start.names })
}

/// What task 0 knows of a file; and what comes behind the names, where it has read that.
fn start(path: &Path, header: bool, ndim: usize) -> io::Result<(Start, Vec<u8>)> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    // Files that the system makes when they are read have no length.
    let read = !about.is_file() || about.len() == 0;
    let mut bytes = Vec::new();
    if read {
        file.read_to_end(&mut bytes)?;
    }
    let len = if read { bytes.len() as u64 } else { about.len() };
    let mut start = Start { names: Vec::new(), byte: 0, lines: 0, len, read };
    if header {
        if read { start.skip_names(&bytes[..]) } else { start.skip_names(BufReader::new(&file)) }?;
        let names = start.names.len();
        if ndim == 1 && names != 1 {
            let text = format!("line 1: it has {names} names, not 1, as an array with one axis has");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let byte = start.byte as usize;
        let mut before = vec![0; byte];
        match read {
            true => before.copy_from_slice(&bytes[..byte]),
            false => file.read_exact_at(&mut before, 0)?,
        }
        start.lines = count_lines(&before);
        bytes.drain(..byte.min(bytes.len()));
    }
    Ok((start, bytes))
}

impl Start {
    /// Takes the names from the first line.
    fn skip_names(&mut self, table: impl Read) -> io::Result<()> {
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(table.take(LONGEST));
        let mut record = ::csv::ByteRecord::new();
        if !reader.read_byte_record(&mut record)? {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it has no line of names"));
        }
        self.names = record.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        self.byte = reader.position().byte();
        if self.byte == LONGEST {
            let text = format!("its line of names does not end within {LONGEST} bytes: is there a quote too many?");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(())
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The lines that begin in this task's share of the bytes.
fn lines(path: &Path, start: &Start, rank: usize, tasks: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let share = |rank: usize| {
        let len = u128::from(start.len.saturating_sub(start.byte));
        start.byte + (len * rank as u128 / tasks as u128) as u64
    };
    let (from, to) = (line_from(&file, share(rank), start)?, line_from(&file, share(rank + 1), start)?);
    let mut bytes = vec![0; to.saturating_sub(from) as usize];
    let read = file.read_exact_at(&mut bytes, from);
    // The last line of a file that grows may be half of one.
    let len = file.metadata()?.len();
    if len != start.len {
        return Err(io::Error::other(format!(
            "it had {} bytes and has {len}: it is written while it is read; read it when it is finished",
            start.len
        )));
    }
    read.map(|()| bytes)
}

/// Where the first line begins that does so at a place or behind it.
fn line_from(file: &File, mut at: u64, start: &Start) -> io::Result<u64> {
    if at <= start.byte {
        return Ok(start.byte.min(start.len));
    }
    // The byte before tells whether a line begins here.
    at -= 1;
    let mut bytes = [0; LINE];
    while at < start.len {
        let read = file.read_at(&mut bytes, at)?;
        if read == 0 {
            break;
        }
        if let Some(end) = bytes[..read].iter().position(|byte| *byte == b'\n') {
            return Ok((at + end as u64 + 1).min(start.len));
        }
        at += read as u64;
    }
    Ok(start.len)
}

/// The rows of lines, which the task's threads share.
fn rows<T: Real + FromStr>(bytes: &[u8], pieces: Vec<Range<usize>>, told: &Told) -> Result<Rows<T>, Wrong> {
    let parse = |piece: &Range<usize>| {
        let rows = parse(&bytes[piece.clone()]);
        told.step();
        rows
    };
    let parsed: Vec<Result<Rows<T>, Wrong>> = pieces.par_iter().map(parse).collect();
    let mut all = Rows { elements: Vec::new(), columns: 0, first: 0 };
    for (piece, rows) in pieces.into_iter().zip(parsed) {
        let lines = || count_lines(&bytes[..piece.start]);
        let rows = rows.map_err(|Wrong { line, what }| Wrong { line: lines() + line, what })?;
        if all.columns == 0 {
            (all.columns, all.first) = (rows.columns, lines() + rows.first);
        } else if rows.columns > 0 && rows.columns != all.columns {
            let what = format!("it has {} cells, the lines before have {}", rows.columns, all.columns);
            return Err(Wrong { line: lines() + rows.first, what });
        }
        match all.elements.is_empty() {
            true => all.elements = rows.elements,
            false => all.elements.extend(rows.elements),
        }
    }
    Ok(all)
}

/// Ranges of whole lines.
fn pieces(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while from < bytes.len() {
        let least = (from + PIECE).min(bytes.len());
        let rest = bytes[least..].iter().position(|byte| *byte == b'\n');
        let to = rest.map_or(bytes.len(), |end| least + end + 1);
        pieces.push(from..to);
        from = to;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_names_end() {
        let path = std::env::temp_dir().join(format!("pmi-csv-names-{}", std::process::id()));
        let error = |text: &str, ndim| {
            std::fs::write(&path, text).unwrap();
            start(&path, true, ndim).err().map(|cause| cause.to_string())
        };
        let long = format!("a,\"b\n{}", "1,2\n".repeat(1 << 19));
        assert!(error(&long, 2).unwrap().contains("does not end within 1048576 bytes"));
        assert!(error("a,b\n", 1).unwrap().contains("line 1: it has 2 names, not 1"));
        assert_eq!((error("a,b\n", 2), error("a\n", 1)), (None, None));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn files_that_change_are_told_of() {
        let path = std::env::temp_dir().join(format!("pmi-csv-{}", std::process::id()));
        std::fs::write(&path, "1,2\n3,4\n567").unwrap();
        let (start, _) = start(&path, false, 2).unwrap();
        assert_eq!(lines(&path, &start, 1, 2).unwrap(), b"567");
        for text in ["1,2\n3,4\n567,8\n", "1,2\n"] {
            std::fs::write(&path, text).unwrap();
            for rank in 0..2 {
                let error = lines(&path, &start, rank, 2).unwrap_err().to_string();
                assert!(error.contains(&format!("it had 11 bytes and has {}", text.len())), "{error}");
            }
        }
        std::fs::remove_file(path).unwrap();
    }
}
