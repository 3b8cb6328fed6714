//! Files.

mod colormap;
mod png;

pub use colormap::Colormap;
