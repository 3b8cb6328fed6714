//! HDF5 files. From the bottom up: the [door](raw) to the C library, [types](types) of elements, writing in the
//! [background](queue), what is [known](info) of a dataset, the [file](file) that the
//! tasks have open (by [MPI-IO](mpio)), [compression](deflate) and the [transfer](transfer) of elements,
//! [attributes](attribute) and [names of axes](scales), [making](create) datasets on the tasks, [reader](reader),
//! [writer](writer), and what the writer has for new [datasets](dataset).

mod raw;
mod types;
mod queue;
mod info;
#[cfg(feature = "hdf5-mpio")]
mod mpio;
mod file;
mod deflate;
mod transfer;
mod attribute;
mod scales;
mod create;
mod reader;
mod writer;
mod dataset;

pub use attribute::H5Value;
pub use dataset::H5Dataset;
pub use reader::{H5Reader, H5Selection};
pub use writer::{H5Options, H5Writer};
