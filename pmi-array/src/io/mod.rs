//! Files.

mod failure;
mod pieces;
mod load;
mod colormap;
mod png;

pub use colormap::Colormap;
