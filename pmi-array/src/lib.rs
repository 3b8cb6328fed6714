//! Distributed n-dimensional arrays with serial-looking methods.
//!
//! A [`DistArray`] is created, computed with and saved by a program that reads as serial; its elements lie on the
//! tasks of a [`pmi`] world, and every method runs on all of them, with rayon inside each.
//!
//! ```
//! use pmi_array::{Colormap, DistArray, Reduce};
//! # pmi::with_tasks(2, || {
//! let counts = DistArray::mandelbrot((-2.0, -1.0), (1.0, 1.0), (60, 40), 100);
//! assert_eq!((counts.shape(), counts.max()), (&[40, 60][..], 100));
//! println!("{} iterations", counts.sum());
//! # })
//! ```
//!
//! By default axis 0 is divided into blocks, one a task. A [`Shape`] can say otherwise, and an array can be
//! [moved](DistArray::redistribute) into any other layout:
//!
//! ```
//! use pmi_array::{Axis, DistArray, Reduce, Shape};
//! # pmi::with_tasks(4, || {
//! let a = DistArray::<f64, _>::ones((6, 8).distributed([Axis::Block, Axis::Cyclic]));
//! println!("{}", a.layout()); // who owns which element
//! let columns = a.redistribute([Axis::Whole, Axis::Block]);
//! assert_eq!((columns.layout().local_shape(0), columns.sum()), (vec![6, 2], 48.0));
//! # })
//! ```

// Bottom-up: a module uses only those above it in this list.
mod error;
mod cast;
mod element;
mod memory;
mod simd;
pub mod math;
mod layout;
mod exchange;
mod array;
mod promote;
pub mod expr;
pub mod reduce;
pub mod fractal;
mod io;

pub use array::{DistArray, Distributed, Fetched, Inexact, Shape, Stepped, set_gather_limit};
pub use cast::Cast;
pub use element::{Element, Real};
pub use error::{Error, Result};
pub use expr::{Compare, Expr, Expression, Math, Operand, Zip};
pub use fractal::Fractal;
#[cfg(feature = "zarr")]
pub use io::Zarr;
#[cfg(feature = "plot")]
pub use io::plot;
pub use io::{Checkpoints, Colormap, Picture, Table, checkpoint, npy_dtype, restore};
#[cfg(feature = "hdf5")]
pub use io::{H5Dataset, H5Options, H5Reader, H5Selection, H5Value, H5Writer};
pub use layout::{Axis, Block, Distribution, Indices, Layout, Overlap, Part, Span, Spans};
pub use promote::Promote;
pub use reduce::{NanReduce, Products, Reduce, Scan, allclose, array_equal, bincount, histogram};
pub use simd::{Level, simd_level};
