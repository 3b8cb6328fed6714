//! Escape-time fractals: the Mandelbrot set and its relatives.
//!
//! [`Fractal`] says what to compute and how; [`DistArray::mandelbrot`](crate::DistArray::mandelbrot) and the other constructors are short for the
//! usual cases. The count of a pixel is defined by one scalar recurrence, [`escape_count`], and is the same bits for
//! any vector width, number of threads and number of tasks.

mod formula;
mod image;
mod lanes;
mod measure;
mod phases;
mod pool;
mod recurrence;
mod row;
mod shortcut;
mod smooth;
#[cfg(test)]
mod tests;
mod view;

pub use formula::Formula;
pub use image::Fractal;
pub use recurrence::escape_count;
pub use row::{row_counts, row_smooth};
pub use shortcut::mirror;
pub use smooth::escape_smooth;
pub use view::View;
