//! Files.

mod failure;
mod unfinished;
mod positioned;
mod dtype;
mod pieces;
mod turned;
mod load;
mod npy;
mod colormap;
mod picture;

pub use colormap::Colormap;
pub use picture::Picture;
