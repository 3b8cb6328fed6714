//! The file of a checkpoint.
//!
//! | bytes | what |
//! |---|---|
//! | 0 to 64 | the header: 8 bytes of magic, then numbers of 64 bits: version, place, length and checksum of the index, length of the file, 0, checksum of the header so far |
//! | from multiples of 4096 | the arrays: elements in C order, zeros between them |
//! | behind them | the values, in CBOR; an array among them is a map `{"$array": number}` |
//! | behind them | the index, in CBOR: of each array name, element type, layout, place, checksums of its blocks; place, length and checksum of the values |
//!
//! All numbers are little-endian. Nothing in it depends on the tasks that wrote it but the layouts, which say how the
//! arrays lay.

use super::blocks::{BLOCK, checksum};
use crate::error::{Error, Result};
use crate::layout::{Axis, Layout};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

pub(super) const MAGIC: [u8; 8] = *b"\x89PMIckp\n";
const VERSION: u64 = 1;
pub(super) const HEADER: u64 = 64;
const ALIGNMENT: u64 = 4096;

/// What an array in the file is.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) element: String,
    pub(super) layout: Layout,
    /// Where it begins.
    pub(super) offset: u64,
    /// How many bytes it has.
    pub(super) len: u64,
    /// Of its blocks.
    pub(super) sums: Vec<u64>,
}

impl Entry {
    /// What an error calls it.
    pub(super) fn part(&self) -> String {
        part(&self.name)
    }

    /// The layout on so many tasks: as it was where they are as many, otherwise with the same axes on a near-square
    /// grid, and `Block` in place of `Bounds`, which are of so many parts.
    pub(super) fn layout_on(&self, tasks: usize) -> Layout {
        let old = &self.layout;
        if old.tasks() == tasks {
            return old.clone();
        }
        let axes = old.axes().iter().map(|axis| match axis {
            Axis::Bounds(_) => Axis::Block,
            other => other.clone(),
        });
        Layout::with_axes(old.shape(), &axes.collect::<Vec<_>>(), tasks)
    }
}

/// What an error calls an array.
pub(super) fn part(name: &str) -> String {
    if name.is_empty() { "the array".into() } else { format!("array `{name}`") }
}

/// The next place for an array.
pub(super) fn aligned(at: u64) -> u64 {
    at.next_multiple_of(ALIGNMENT)
}

/// Bytes of the file with their checksum.
#[derive(Debug, Serialize, Deserialize)]
struct Section {
    offset: u64,
    len: u64,
    sum: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Index {
    arrays: Vec<Entry>,
    values: Section,
}

/// Writes all but the arrays; the last of them ends at `end`.
pub(super) fn finish(file: &File, arrays: Vec<Entry>, end: u64, values: &[u8]) -> io::Result<()> {
    let values_at = Section { offset: end, len: values.len() as u64, sum: checksum(values) };
    file.write_all_at(values, end)?;
    let mut index = Vec::new();
    let (offset, contents) = (end + values.len() as u64, Index { arrays, values: values_at });
    ciborium::into_writer(&contents, &mut index).expect("an index is plain data");
    file.write_all_at(&index, offset)?;
    let len = index.len() as u64;
    let mut header = MAGIC.to_vec();
    for number in [VERSION, offset, len, checksum(&index), offset + len, 0] {
        header.extend(number.to_le_bytes());
    }
    header.extend(checksum(&header).to_le_bytes());
    file.write_all_at(&header, 0)
}

/// What a file has: its arrays, and the values.
pub(super) struct Contents {
    pub(super) arrays: Vec<Entry>,
    pub(super) values: Vec<u8>,
}

impl Contents {
    /// The bytes of all arrays.
    pub(super) fn bytes(&self) -> u64 {
        self.arrays.iter().map(|entry| entry.len).sum()
    }
}

/// Whether a file begins as checkpoints do.
pub(super) fn is_checkpoint(path: &Path) -> bool {
    let mut start = [0; MAGIC.len()];
    // Opening a pipe would wait for who writes it.
    path.is_file() && File::open(path).is_ok_and(|file| file.read_exact_at(&mut start, 0).is_ok()) && start == MAGIC
}

/// Reads and checks all but the arrays.
pub(super) fn open(path: &Path) -> Result<Contents> {
    let failed = |cause: io::Error| Error::file(path, cause);
    let file = File::open(path).map_err(failed)?;
    let has = file.metadata().map_err(failed)?.len();
    let damaged = |part: &str, text: String| Error::damaged(path, part.into(), text, None);
    let bytes = |part: &str, offset: u64, len: u64| {
        let (start, len) = (offset.min(has), len.min(has));
        let mut bytes = vec![0; len as usize];
        match file.read_exact_at(&mut bytes, start) {
            Ok(()) => Ok(bytes),
            Err(short) if short.kind() == io::ErrorKind::UnexpectedEof => {
                Err(damaged(part, format!("is not all there: the file ends after {has} bytes")))
            }
            Err(cause) => Err(failed(cause)),
        }
    };
    let altered = |part: &str| damaged(part, "has been altered".into());

    let header = bytes("the header", 0, HEADER)?;
    if header.len() < HEADER as usize {
        return Err(damaged("the header", format!("is not all there: the file has {has} bytes")));
    }
    let numbers: Vec<_> = header.as_chunks().0.iter().map(|number| u64::from_le_bytes(*number)).collect();
    if header[..8] != MAGIC {
        return Err(damaged("the header", "is not that of a checkpoint".into()));
    }
    let [_, version, offset, len, sum, length, _, own] = numbers[..] else { unreachable!("64 bytes are 8 numbers") };
    if checksum(&header[..56]) != own {
        return Err(altered("the header"));
    }
    if version != VERSION {
        let text = format!("{}: version {version} of checkpoints is not known, only {VERSION}", path.display());
        return Err(Error::argument(text));
    }
    if length != has {
        let how = if has < length { "truncated" } else { "prolonged" };
        return Err(damaged("the index", format!("the file has been {how} from {length} to {has} bytes")));
    }
    let index = bytes("the index", offset, len)?;
    if checksum(&index) != sum {
        return Err(altered("the index"));
    }
    let Index { arrays, values: section } =
        ciborium::from_reader(&index[..]).map_err(|cause| damaged("the index", cause.to_string()))?;
    let values = bytes("the values", section.offset, section.len)?;
    if checksum(&values) != section.sum {
        return Err(altered("the values"));
    }
    // Nobody reads what is between the arrays, but who alters a file shall hear of it.
    let mut end = HEADER;
    for entry in &arrays {
        if bytes(&entry.part(), end, entry.offset.saturating_sub(end))?.iter().any(|byte| *byte != 0) {
            return Err(damaged(&entry.part(), "what is before it has been altered".into()));
        }
        end = entry.offset + entry.len;
    }
    Ok(Contents { arrays, values })
}

/// The blocks of an array of so many bytes.
pub(super) fn block_count(len: u64) -> usize {
    len.div_ceil(BLOCK) as usize
}
