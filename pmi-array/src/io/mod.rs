//! Files.

mod failure;
mod unfinished;
mod positioned;
mod dtype;
mod pieces;
mod turned;
mod load;
mod npy;
mod csv;
mod colormap;
mod picture;
#[cfg(feature = "plot")]
pub mod plot;

pub use colormap::Colormap;
pub use csv::Table;
pub use picture::Picture;
