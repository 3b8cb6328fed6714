//! The door to the C library, for what `hdf5-metno` has no safe calls for: transfers of parts of a dataset with a
//! transfer list, whole chunks, links of datasets that have been nameless, new names of attributes, texts of fixed
//! length. Every raw call goes through [`check!`], which holds the library's lock and turns an error code into the
//! library's own words.

use bytemuck::Pod;
use hdf5_metno::{Dataset, Dataspace, Datatype, File, Location, PropertyList, from_id};
use hdf5_metno_sys::LOCK;
use hdf5_metno_sys::h5::hsize_t;
use hdf5_metno_sys::h5a::{H5Aclose, H5Acreate2, H5Arename, H5Awrite};
use hdf5_metno_sys::h5d::{H5Dget_space, H5Dread, H5Dset_extent, H5Dwrite, H5Dwrite_chunk};
#[cfg(feature = "hdf5-mpio")]
use hdf5_metno_sys::h5f::H5Fget_mdc_size;
use hdf5_metno_sys::h5f::H5Fget_vfd_handle;
use hdf5_metno_sys::h5o::H5Olink;
use hdf5_metno_sys::h5p::{
    H5P_CLS_DATASET_XFER, H5P_CLS_LINK_CREATE, H5P_DEFAULT, H5Pcreate, H5Pset_create_intermediate_group,
};
use hdf5_metno_sys::h5s::{
    H5S_SELECT_SET, H5Screate, H5Screate_simple, H5Sselect_all, H5Sselect_hyperslab, H5Sselect_none,
};
use hdf5_metno_sys::h5t::{H5T_C_S1, H5Tcopy, H5Tset_size};
use std::ffi::{CString, c_int, c_void};
use std::ptr;

/// What went wrong, in the library's words.
pub(super) type Result<R, E = hdf5_metno::Error> = std::result::Result<R, E>;

/// Calls a function of HDF5 under the library's lock. The SAFETY comment stands where the macro is used.
macro_rules! check {
    ($function:ident($($argument:expr),* $(,)?)) => {{
        let _lock = LOCK.lock();
        let code = $function($($argument),*);
        // The library keeps what went wrong until the next call, which the lock keeps off.
        if code < 0 { Err(hdf5_metno::Error::query().unwrap_or_else(|none| none)) } else { Ok(code) }
    }};
}

/// How elements travel: by themselves, or (`collective`) by MPI-IO with all tasks taking part.
pub(super) fn transfer_list(collective: bool) -> Result<PropertyList> {
    // SAFETY: the class is one of the initialised library's; the list is new.
    let list: PropertyList = unsafe { from_id(check!(H5Pcreate(*H5P_CLS_DATASET_XFER))?)? };
    #[cfg(feature = "hdf5-mpio")]
    if collective {
        use hdf5_metno_sys::h5p::{H5FD_mpio_xfer_t::H5FD_MPIO_COLLECTIVE, H5Pset_dxpl_mpio};
        // SAFETY: the list is alive and of the class that this is for.
        unsafe { check!(H5Pset_dxpl_mpio(list.id(), H5FD_MPIO_COLLECTIVE))? };
    }
    #[cfg(not(feature = "hdf5-mpio"))]
    debug_assert!(!collective, "without MPI-IO a task works by itself");
    Ok(list)
}

fn sizes(numbers: &[usize]) -> Vec<hsize_t> {
    numbers.iter().map(|number| *number as hsize_t).collect()
}

/// The elements of a dataset from `start` on, `count` of them along each axis, none where `len` is 0; and the same
/// number in memory.
fn selections(dataset: &Dataset, start: &[usize], count: &[usize], len: usize) -> Result<(Dataspace, Dataspace)> {
    assert!(start.len() == count.len() && start.len() == dataset.ndim(), "a start and a count for each axis");
    assert!(len == 0 || len == count.iter().product::<usize>(), "as many elements as the counts say");
    let (start, count) = (sizes(start), sizes(count));
    let axes = count.len();
    // SAFETY: the arrays have a number for each axis of the dataspaces, which are new and ours.
    unsafe {
        let file: Dataspace = from_id(check!(H5Dget_space(dataset.id()))?)?;
        let memory: Dataspace = match axes {
            0 => from_id(check!(H5Screate(hdf5_metno_sys::h5s::H5S_class_t::H5S_SCALAR))?)?,
            _ => from_id(check!(H5Screate_simple(axes as i32, count.as_ptr(), ptr::null()))?)?,
        };
        if len == 0 {
            check!(H5Sselect_none(file.id()))?;
            check!(H5Sselect_none(memory.id()))?;
        } else if axes == 0 {
            check!(H5Sselect_all(file.id()))?;
        } else {
            let (start, count) = (start.as_ptr(), count.as_ptr());
            check!(H5Sselect_hyperslab(file.id(), H5S_SELECT_SET, start, ptr::null(), count, ptr::null()))?;
        }
        Ok((file, memory))
    }
}

/// Writes elements of the type `kind`, in C order, to the place in the dataset that begins at `start` and has `count`
/// indices along each axis; nothing where there are none.
pub(super) fn write<B: Pod>(
    dataset: &Dataset,
    list: &PropertyList,
    kind: &Datatype,
    start: &[usize],
    count: &[usize],
    elements: &[B],
) -> Result<()> {
    assert!(kind.size() == size_of::<B>(), "elements of the type in memory");
    let (file, memory) = selections(dataset, start, count, elements.len())?;
    // SAFETY: the memory's dataspace has as many elements of the type's size as the slice, which is only read.
    unsafe {
        let from = elements.as_ptr().cast();
        check!(H5Dwrite(dataset.id(), kind.id(), memory.id(), file.id(), list.id(), from)).map(drop)
    }
}

/// Reads elements: the way back of [`write`].
pub(super) fn read<B: Pod>(
    dataset: &Dataset,
    list: &PropertyList,
    kind: &Datatype,
    start: &[usize],
    count: &[usize],
    elements: &mut [B],
) -> Result<()> {
    assert!(kind.size() == size_of::<B>(), "elements of the type in memory");
    let (file, memory) = selections(dataset, start, count, elements.len())?;
    // SAFETY: the memory's dataspace has as many elements of the type's size as the slice, any bytes of which are good
    // values: they are plain data. The type has no pointers, since it has the size of plain data and is one of ours.
    unsafe {
        let to = elements.as_mut_ptr().cast();
        check!(H5Dread(dataset.id(), kind.id(), memory.id(), file.id(), list.id(), to)).map(drop)
    }
}

/// Writes a chunk that has gone through the dataset's filters, where it begins at `start`.
pub(super) fn write_chunk(dataset: &Dataset, start: &[usize], bytes: &[u8]) -> Result<()> {
    assert!(start.len() == dataset.ndim(), "a start for each axis");
    let start = sizes(start);
    // SAFETY: the start has a number for each axis, the buffer the length that is told.
    unsafe {
        let (start, from) = (start.as_ptr(), bytes.as_ptr().cast());
        check!(H5Dwrite_chunk(dataset.id(), H5P_DEFAULT, 0, start, bytes.len(), from)).map(drop)
    }
}

/// Gives a dataset another extent, within its limits.
pub(super) fn set_extent(dataset: &Dataset, shape: &[usize]) -> Result<()> {
    assert!(shape.len() == dataset.ndim(), "a length for each axis");
    let shape = sizes(shape);
    // SAFETY: the array has a number for each axis.
    unsafe { check!(H5Dset_extent(dataset.id(), shape.as_ptr())).map(drop) }
}

/// Keeps the file, and the lock that HDF5 holds on it, from the programs that this one starts.
pub(super) fn keep_from_children(file: &File) -> Result<()> {
    let mut descriptor: *mut c_void = ptr::null_mut();
    // SAFETY: the file is open by the default driver, whose handle is a pointer to its descriptor, a C int, which lives
    // as long as the file does.
    unsafe {
        check!(H5Fget_vfd_handle(file.id(), H5P_DEFAULT, &mut descriptor))?;
        let descriptor = *descriptor.cast::<c_int>();
        libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC);
    }
    Ok(())
}

/// How many bytes of the file's structure HDF5 has in memory, changed or not.
#[cfg(feature = "hdf5-mpio")]
pub(super) fn structure_of(file: &File) -> Result<usize> {
    let mut bytes = 0;
    let (most, clean, entries) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: the file is open; the pointers are to a live value or null, which means that a number is not wanted.
    unsafe { check!(H5Fget_mdc_size(file.id(), most, clean, &mut bytes, entries))? };
    Ok(bytes)
}

/// Names a dataset that has no name yet; groups in the name are made where they are missing.
pub(super) fn link(dataset: &Dataset, file: &File, name: &str) -> Result<()> {
    let name = CString::new(name).map_err(|error| error.to_string())?;
    // SAFETY: the objects are alive, the list is new and ours, the name ends with a NUL.
    unsafe {
        let list: PropertyList = from_id(check!(H5Pcreate(*H5P_CLS_LINK_CREATE))?)?;
        check!(H5Pset_create_intermediate_group(list.id(), 1))?;
        check!(H5Olink(dataset.id(), file.id(), name.as_ptr(), list.id(), H5P_DEFAULT)).map(drop)
    }
}

/// Gives an attribute another name, which is free.
pub(super) fn rename_attribute(of: &Location, name: &str, new: &str) -> Result<()> {
    let name = CString::new(name).map_err(|error| error.to_string())?;
    let new = CString::new(new).map_err(|error| error.to_string())?;
    // SAFETY: the object is alive, the names end with a NUL.
    unsafe { check!(H5Arename(of.id(), name.as_ptr(), new.as_ptr())).map(drop) }
}

/// Sets an attribute to a text of fixed length that ends with a NUL: the form that HDF5's own convention of dimension
/// scales insists on.
pub(super) fn write_text(to: &Location, name: &str, text: &str) -> Result<()> {
    let name = CString::new(name).map_err(|error| error.to_string())?;
    let text = CString::new(text).map_err(|error| error.to_string())?;
    let bytes = text.as_bytes_with_nul();
    // SAFETY: the type has the length of the text with its NUL, all that is read; the attribute is closed once.
    unsafe {
        let kind: Datatype = from_id(check!(H5Tcopy(*H5T_C_S1))?)?;
        check!(H5Tset_size(kind.id(), bytes.len()))?;
        let space: Dataspace = from_id(check!(H5Screate(hdf5_metno_sys::h5s::H5S_class_t::H5S_SCALAR))?)?;
        let attribute = check!(H5Acreate2(to.id(), name.as_ptr(), kind.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT))?;
        let written = check!(H5Awrite(attribute, kind.id(), bytes.as_ptr().cast()));
        check!(H5Aclose(attribute))?;
        written.map(drop)
    }
}
