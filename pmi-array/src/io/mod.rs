//! Files.

mod failure;
mod progress;
mod unfinished;
mod positioned;
mod dtype;
mod pieces;
mod turned;
mod load;
#[cfg(any(feature = "hdf5", feature = "zarr"))]
mod chunks;
mod npy;
mod checkpoint;
#[cfg(feature = "hdf5")]
mod hdf5;
#[cfg(feature = "zarr")]
mod zarr;
mod csv;
mod colormap;
mod picture;
#[cfg(feature = "plot")]
pub mod plot;

pub use checkpoint::{Checkpoints, checkpoint, restore};
pub use colormap::Colormap;
pub use csv::Table;
#[cfg(feature = "hdf5")]
pub use hdf5::{H5Dataset, H5Options, H5Reader, H5Selection, H5Value, H5Writer};
pub use npy::npy_dtype;
pub use picture::Picture;
#[cfg(feature = "zarr")]
pub use zarr::Zarr;
