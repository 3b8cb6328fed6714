//! Files.

mod failure;
mod progress;
mod pieces;
mod load;
mod checkpoint;
mod colormap;
mod png;

pub use checkpoint::{Checkpoints, checkpoint, restore};
pub use colormap::Colormap;
