//! Files that all ranks of an MPI job have open.

use super::raw;
use hdf5_metno::File;
use hdf5_metno::file::FileBuilder;
use mpi_sys::{MPI_Info, MPI_Info_create, MPI_Info_free, MPI_Info_set, MPI_SUCCESS};
use pmi::Comm;
use std::ffi::{CString, c_int};
use std::path::Path;

/// Has the file opened by MPI-IO with these hints, and its structure changed and read by all ranks together: one reads
/// it and tells the others. All tasks of the communicator take part.
pub(super) fn set(builder: &mut FileBuilder, comm: &Comm, hints: &[(String, String)]) -> raw::Result<()> {
    let comm = comm.as_mpi().ok_or("there is no MPI in the embedded world")?;
    let info = Hints::new(hints)?;
    // The list has a copy of these.
    builder.fapl().mpio(comm, Some(info.0)).all_coll_metadata_ops(true).coll_metadata_write(true);
    Ok(())
}

/// What the disk must have room for beside elements: the structure of the file.
const SLACK: u64 = 1 << 20;

/// Whether the file system of this folder has room for new elements of so many bytes, as far as it tells: of quotas it
/// does not.
pub(super) fn has_room(folder: &Path, bytes: u64) -> bool {
    available(folder).is_none_or(|available| available > bytes.saturating_add(SLACK))
}

/// Whether it has room for what HDF5 still has in memory of this file.
pub(super) fn has_room_for_rest(folder: &Path, file: &File) -> bool {
    // What is in memory may be unchanged, but also begin blocks that are longer.
    let rest = raw::structure_of(file).map_or(0, |bytes| 2 * bytes as u64);
    available(folder).is_none_or(|available| available > rest)
}

fn available(folder: &Path) -> Option<u64> {
    rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// An info object of MPI.
struct Hints(MPI_Info);

fn check(what: &str, code: c_int) -> raw::Result<()> {
    if code == MPI_SUCCESS as c_int { Ok(()) } else { Err(format!("{what} failed with code {code}").into()) }
}

impl Hints {
    fn new(hints: &[(String, String)]) -> raw::Result<Self> {
        let text = |text: &str| CString::new(text).map_err(|cause| format!("the hint {text:?}: {cause}"));
        // SAFETY: MPI has been initialised, since there is a communicator; null handles of its are valid zeros, and
        // overwritten.
        let mut info: MPI_Info = unsafe { std::mem::zeroed() };
        // SAFETY: the pointer is to a live value.
        check("MPI_Info_create", unsafe { MPI_Info_create(&mut info) })?;
        let info = Self(info);
        for (key, value) in hints {
            let (key, value) = (text(key)?, text(value)?);
            // SAFETY: the object is alive; the texts end with a NUL, and are only read.
            let code = unsafe { MPI_Info_set(info.0, key.as_ptr().cast_mut(), value.as_ptr().cast_mut()) };
            check("MPI_Info_set", code)?;
        }
        Ok(info)
    }
}

impl Drop for Hints {
    fn drop(&mut self) {
        // SAFETY: the object is ours; those who use it have copies.
        unsafe { MPI_Info_free(&mut self.0) };
    }
}
