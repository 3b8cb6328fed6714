//! An array in its folder, as a task has it open.

use super::folder::METADATA;
use crate::element::Element;
use crate::io::chunks::Cut;
use crate::io::dtype::Dtype;
use crate::io::failure::Failure;
use crate::io::load::bytes_of;
use crate::io::unfinished::close;
use pmi::Task;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zarrs::array::{
    Array, ArrayBytes, ArrayError, ArrayMetadata, ArrayShardedExt, ArraySubset, ArrayToBytesCodecTraits, CodecError,
    CodecOptions,
};
use zarrs::filesystem::FilesystemStore;
use zarrs::storage::{StorageError, StoreKey};

/// An array in its folder.
pub(super) struct Store<'a> {
    task: &'a Task,
    /// What the user calls it.
    path: &'a Path,
    chunks: Chunks,
}

/// Its chunks, which the task's threads write and read.
struct Chunks {
    folder: PathBuf,
    array: Array<FilesystemStore>,
}

/// What a reader must know of an array.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) metadata: String,
    pub(super) shape: Vec<usize>,
    /// For each axis what is read as a whole: the extents of the chunks, or of those in shards.
    pub(super) grain: Vec<usize>,
}

impl<'a> Store<'a> {
    /// The array of this metadata at `path`, in `folder`.
    pub(super) fn open(task: &'a Task, path: &'a Path, folder: &Path, metadata: &str) -> Result<Self, Failure> {
        let damaged = |cause: String| damaged(task, path, METADATA, cause);
        let metadata = ArrayMetadata::try_from(metadata).map_err(|cause| damaged(cause.to_string()))?;
        let file = |cause: io::Error| Failure::file(task, path, &cause);
        if !fs::metadata(folder).map_err(file)?.is_dir() {
            return Err(file(io::ErrorKind::NotADirectory.into()));
        }
        let store = FilesystemStore::new(folder).map_err(|cause| file(io::Error::other(cause)))?;
        let array = Array::new_with_metadata(Arc::new(store), "/", metadata);
        let array = array.map_err(|cause| file(io::Error::other(cause.to_string())).in_part(METADATA))?;
        Ok(Self { task, path, chunks: Chunks { folder: folder.to_owned(), array } })
    }

    /// Writes a box of the array, which divides no chunk, with all threads of the task. Chunks of zeros alone are not
    /// written: what is not there is zero.
    pub(super) fn write(
        &self,
        chunk: &[usize],
        ranges: &[Range<usize>],
        element: usize,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let shape: Vec<_> = ranges.iter().map(Range::len).collect();
        let (cut, chunks) = (Cut { shape: &shape, chunk, element }, &self.chunks);
        let one = |number: usize| {
            let start = cut.start(number);
            let bytes = cut.chunk_at(&start, bytes);
            if bytes.iter().all(|byte| *byte == 0) {
                return Ok(());
            }
            let index: Vec<_> = (start.iter().zip(ranges).zip(chunk))
                .map(|((inside, range), chunk)| ((range.start + inside) / chunk) as u64)
                .collect();
            let key = chunks.array.chunk_key(&index);
            caught(|| chunks.write(&index, &key, bytes)).map_err(|cause| Box::new((key, cause)))
        };
        let written = self.task.install(|| (0..cut.count()).into_par_iter().try_for_each(one));
        written.map_err(|failed| self.failure(failed.0.as_str(), &failed.1))
    }

    /// Fills `bytes` with the elements of a box, whose chunks all threads of the task decode.
    pub(super) fn read(&self, ranges: &[Range<usize>], bytes: &mut [u8]) -> Result<(), Failure> {
        let subset: ArraySubset =
            (ranges.iter().map(|range| range.start as u64..range.end as u64)).collect::<Vec<_>>().into();
        let (chunks, threads) = (&self.chunks, self.task.threads());
        let elements = self.task.install(|| caught(|| chunks.read(&subset, threads)));
        bytes.copy_from_slice(&elements.map_err(|cause| self.failure_of_chunk(&subset, &cause))?);
        Ok(())
    }

    /// The failure to read some elements, with the chunk that cannot be read: the first, which is found by trying.
    fn failure_of_chunk(&self, subset: &ArraySubset, cause: &ArrayError) -> Failure {
        let array = &self.chunks.array;
        let chunks = array.chunks_in_array_subset(subset).ok().flatten();
        let mut chunks = chunks.iter().flat_map(|chunks| chunks.indices().into_iter().map(|index| index.to_vec()));
        let fails = |index: Vec<u64>| {
            let mine = array.chunk_subset(&index).ok()?.overlap(subset).ok()?;
            Some((caught(|| self.chunks.read(&mine, 1)).err()?, array.chunk_key(&index)))
        };
        match chunks.find_map(fails) {
            Some((cause, key)) => self.failure(key.as_str(), &cause),
            None => self.failure("its chunks", cause),
        }
    }

    fn failure(&self, part: &str, cause: &ArrayError) -> Failure {
        match system(cause) {
            Some(cause) => Failure::file(self.task, self.path, cause).in_part(part),
            None => damaged(self.task, self.path, part, cause.to_string()),
        }
    }

    /// Writes the metadata.
    pub(super) fn write_metadata(&self, metadata: &str) -> Result<(), Failure> {
        let written = write_file(&self.chunks.folder.join(METADATA), metadata.as_bytes());
        written.map_err(|cause| Failure::file(self.task, self.path, &cause).in_part(METADATA))
    }
}

impl Chunks {
    /// Writes the chunk of this index in the grid. Not by the store, which waits for the disk after each.
    fn write(&self, index: &[u64], key: &StoreKey, bytes: Vec<u8>) -> Result<(), ArrayError> {
        let (data_type, fill_value) = (self.array.data_type(), self.array.fill_value());
        let shape = self.array.chunk_shape(index)?;
        let encoded = self.array.codecs().encode(bytes.into(), &shape, data_type, fill_value, &options(1))?;
        let file = self.folder.join(key.as_str());
        write_below(&self.folder, &file, &encoded).map_err(|cause| StorageError::from(cause).into())
    }

    /// The bytes of elements.
    fn read(&self, subset: &ArraySubset, threads: usize) -> Result<Vec<u8>, ArrayError> {
        let elements: ArrayBytes<'static> = self.array.retrieve_array_subset_opt(subset, &options(threads))?;
        Ok(elements.into_fixed()?.into_owned())
    }
}

/// What others' code does with a chunk. A panic of it is an error: other tasks wait for this one.
fn caught<R>(code: impl FnOnce() -> Result<R, ArrayError>) -> Result<R, ArrayError> {
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(CodecError::Other(format!("a codec panicked: {}", text.unwrap_or("it says nothing"))).into())
    })
}

/// Makes a file of these bytes, and the folders that it is in below `root`, which is not made again where it has gone.
fn write_below(root: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    match write_file(file, bytes) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        written => return written,
    }
    let mut folders: Vec<_> = file.ancestors().skip(1).take_while(|folder| *folder != root).collect();
    while let Some(folder) = folders.pop() {
        match fs::create_dir(folder) {
            // By another thread, or another task.
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    write_file(file, bytes)
}

/// Makes a file of these bytes.
fn write_file(name: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(name)?;
    file.write_all(bytes)?;
    close(file)
}

impl Found {
    /// Looks at an array, if its elements can be those of one of `T` with so many axes.
    pub(super) fn look<T: Element>(task: &Task, path: &Path, ndim: Option<usize>) -> Result<Self, Failure> {
        let file = |cause: io::Error| Failure::file(task, path, &cause);
        if !fs::metadata(path).map_err(file)?.is_dir() {
            return Err(file(io::ErrorKind::NotADirectory.into()));
        }
        let wrong = |text: String| file(io::Error::new(io::ErrorKind::InvalidData, text));
        let metadata = match fs::read_to_string(path.join(METADATA)) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Err(wrong(format!("it is no Zarr array of version 3: it has no {METADATA}")));
            }
            read => read.map_err(|cause| file(cause).in_part(METADATA))?,
        };
        let json: Value = serde_json::from_str(&metadata).map_err(|e| damaged(task, path, METADATA, e.to_string()))?;
        if json["node_type"] == "group" {
            return Err(wrong("it is a group of Zarr arrays: give the path of one of them".into()));
        }
        let array = Store::open(task, path, path, &metadata)?.chunks.array;
        let name = json["data_type"].as_str().map_or_else(|| json["data_type"].to_string(), String::from);
        match Dtype::with_name(&name) {
            Some(found) => found.is_not(Dtype::of::<T>()).map_or(Ok(()), |text| Err(wrong(text)))?,
            None => return Err(wrong(format!("its elements are {name}, which no element type here is"))),
        }
        let shape: Option<Vec<usize>> = array.shape().iter().map(|len| usize::try_from(*len).ok()).collect();
        let shape = shape.ok_or_else(|| wrong("it does not fit into any memory".into()))?;
        bytes_of::<T>(&shape, ndim).map_err(wrong)?;
        let grain = grain(&array, &json, &shape);
        Ok(Self { metadata, shape, grain })
    }
}

/// For each axis what is read as a whole. Where chunks have different extents, no more than an element: those that
/// tasks have in common are read by each.
fn grain(array: &Array<FilesystemStore>, json: &Value, shape: &[usize]) -> Vec<usize> {
    let inner = array.effective_subchunk_shape();
    let regular = || (json["chunk_grid"]["name"] == "regular").then(|| array.chunk_shape(&vec![0; shape.len()]).ok());
    let Some(chunk) = inner.or_else(|| regular().flatten()) else { return vec![1; shape.len()] };
    let within = |(chunk, len): (&std::num::NonZeroU64, &usize)| {
        usize::try_from(chunk.get()).unwrap_or(usize::MAX).min(*len).max(1)
    };
    chunk.iter().zip(shape).map(within).collect()
}

fn options(threads: usize) -> CodecOptions {
    CodecOptions::default().with_concurrent_target(threads)
}

fn damaged(task: &Task, path: &Path, part: &str, text: String) -> Failure {
    Failure::Damaged { path: path.to_owned(), part: part.into(), rank: task.rank(), text }
}

/// What the system says, where it was that.
fn system(cause: &ArrayError) -> Option<&io::Error> {
    let cause = match cause {
        ArrayError::StorageError(StorageError::IOError(cause))
        | ArrayError::CodecError(CodecError::IOError(cause) | CodecError::StorageError(StorageError::IOError(cause))) => {
            cause
        }
        _ => return None,
    };
    cause.raw_os_error().map(|_| &**cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_of_codecs_are_errors() {
        let text = |error: Result<(), ArrayError>| error.unwrap_err().to_string();
        assert!(text(caught(|| panic!("no {}", "way"))).contains("a codec panicked: no way"));
        assert!(text(caught(|| panic!("never"))).contains("a codec panicked: never"));
        assert!(caught(|| Ok(())).is_ok());
    }

    #[test]
    fn folders_are_made_below_the_root_alone() {
        let root = std::env::temp_dir().join(format!("pmi-zarr-store-{}", std::process::id()));
        let file = root.join("c/0/1");
        assert_eq!(write_below(&root, &file, b"x").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!root.exists());
        fs::create_dir(&root).unwrap();
        for bytes in [b"x", b"y"] {
            write_below(&root, &file, bytes).unwrap();
            assert_eq!(fs::read(&file).unwrap(), bytes);
        }
        fs::remove_dir_all(root).unwrap();
    }
}
