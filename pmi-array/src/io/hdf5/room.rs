//! The room on the disk, as far as the file system tells: quotas it does not.

use super::raw;
use hdf5_metno::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What is said of a disk that has not enough room.
pub(super) const FULL: &str = "no space left on the disk";

/// What the disk must have room for beside elements: the structure of the file.
#[cfg(feature = "hdf5-mpio")]
const SLACK: u64 = 1 << 20;
/// What blocks that are begun may take beside the structure itself.
const BLOCKS: u64 = 1 << 16;

/// Whether there is room for new elements of so many bytes in this folder.
#[cfg(feature = "hdf5-mpio")]
pub(super) fn for_elements(folder: &Path, bytes: u64) -> bool {
    available(folder).is_none_or(|available| available > bytes + SLACK)
}

/// Whether there is room for what HDF5 still has in memory of this file.
pub(super) fn for_rest(path: &Path, file: &File) -> bool {
    let (Ok(found), Ok((len, structure))) = (path.metadata(), raw::sizes_of(file)) else { return true };
    // What it may write into: holes, and what is behind the end.
    let rest = len.saturating_sub(found.blocks() * 512).min(len.saturating_sub(found.len()) + structure);
    rest == 0 || available(path).is_none_or(|available| available > rest + BLOCKS)
}

fn available(path: &Path) -> Option<u64> {
    rustix::fs::statvfs(path).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}
