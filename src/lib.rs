//! Parallel method invocation: programs that read as serial run their heavy functions, objects and arrays on many
//! tasks, threads of one process or processes of an MPI job.
//!
//! ```
//! use pmi_toolkit::prelude::*;
//!
//! fn main() -> pmi::Result<()> {
//!     let _pmi = pmi::setup()?;
//!     let counts = DistArray::mandelbrot((-2.0, -1.0), (1.0, 1.0), (300, 200), 127);
//!     println!("{} iterations, at most {} a point", counts.sum(), counts.max());
//!     Ok(())
//! }
//! ```
//!
//! | crate | what it has |
//! |---|---|
//! | [`pmi`] | the verbs (`exec call invoke reduce create`), handles, the communicator |
//! | [`mod@array`] | distributed arrays, fractals, pictures |
//! | [`linalg`] | distributed linear algebra |

pub use pmi;
pub use pmi_array as array;
pub use pmi_linalg as linalg;

/// What most programs use.
pub mod prelude {
    pub use pmi::{self, Handle, Task};
    pub use pmi_array::{
        Axis, Checkpoints, Colormap, Compare, DistArray, Expression, Fractal, Math, NanReduce, Products, Reduce, Scan,
        Shape, Zip,
    };
    #[cfg(feature = "hdf5")]
    pub use pmi_array::{H5Reader, H5Writer};
}
