//! Files.

mod failure;
mod progress;
mod pieces;
mod load;
mod checkpoint;
mod colormap;
mod png;
#[cfg(feature = "hdf5")]
mod hdf5;

pub use checkpoint::{Checkpoints, checkpoint, restore};
pub use colormap::Colormap;
#[cfg(feature = "hdf5")]
pub use hdf5::{H5Dataset, H5Options, H5Reader, H5Selection, H5Value, H5Writer};
