//! Distributed n-dimensional arrays with serial-looking methods.
//!
//! A [`DistArray`] is created, computed with and saved by a program that reads as serial; its elements lie on the
//! tasks of a [`pmi`] world, and every method runs on all of them, with rayon inside each.
//!
//! ```
//! use pmi_array::{Colormap, DistArray};
//! # pmi::with_tasks(2, || {
//! let counts = DistArray::mandelbrot((-2.0, -1.0), (1.0, 1.0), (60, 40), 100);
//! assert_eq!((counts.shape(), counts.max()), (&[40, 60][..], 100));
//! println!("{} iterations", counts.sum());
//! # })
//! ```

// Bottom-up: a module uses only those above it in this list.
mod error;
mod cast;
mod element;
mod memory;
mod simd;
mod layout;
mod exchange;
mod array;
mod reduce;
pub mod fractal;
mod io;

pub use array::{DistArray, Distributed, Inexact, Shape, Stepped, set_gather_limit};
pub use cast::Cast;
pub use element::{Element, Real};
pub use error::{Error, Result};
pub use fractal::Fractal;
pub use io::Colormap;
pub use layout::{Axis, Block, Distribution, Indices, Layout, Overlap, Part, Span, Spans};
pub use simd::simd_level;
