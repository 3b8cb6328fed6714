//! Converts a dataset of an HDF5 file to an `.npy` file, or back: which, the ends of the names tell. Arrays may be
//! larger than the memory of one task, and of any of the types that NumPy has, too.
//!
//! ```text
//! cargo run --release --features hdf5 --example npy_convert -- pipeline.h5 u frames.npy
//! cargo run --release --features hdf5 --example npy_convert -- frames.npy u frames.h5
//! ```

use clap::Parser;
use ndarray::IxDyn;
use num_complex::Complex;
use pmi_toolkit::array::{Element, H5Reader, npy_dtype};
use pmi_toolkit::prelude::*;
use std::error::Error;
use std::path::{Path, PathBuf};

#[derive(Parser)]
#[command(about = "Converts a dataset of an HDF5 file to an .npy file, or back")]
struct Args {
    /// The file to read
    from: PathBuf,
    /// The name of the dataset in the HDF5 file
    dataset: String,
    /// The file to write; other datasets of an HDF5 file stay
    to: PathBuf,
}

/// Which way to convert.
#[derive(Clone, Copy)]
enum Way {
    ToNpy,
    ToHdf5,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let _pmi = pmi::setup()?;
    let is_npy = |path: &Path| path.extension().is_some_and(|end| end == "npy");
    let (way, dtype) = match (is_npy(&args.from), is_npy(&args.to)) {
        (false, true) => (Way::ToNpy, H5Reader::open(&args.from)?.dtype(&args.dataset)?),
        (true, false) => (Way::ToHdf5, npy_dtype(&args.from)?),
        _ => return Err("one of the two files must be an .npy file, the other an HDF5 file".into()),
    };
    let convert = match &dtype[..] {
        "float32" => convert::<f32>,
        "float64" => convert::<f64>,
        "int8" => convert::<i8>,
        "int16" => convert::<i16>,
        "int32" => convert::<i32>,
        "int64" => convert::<i64>,
        "uint8" => convert::<u8>,
        "uint16" => convert::<u16>,
        "uint32" => convert::<u32>,
        "uint64" => convert::<u64>,
        "bool" => convert::<bool>,
        "complex64" => convert::<Complex<f32>>,
        "complex128" => convert::<Complex<f64>>,
        _ => return Err(format!("{} has elements of {dtype}, which arrays have not", args.from.display()).into()),
    };
    let shape = convert(way, &args)?;
    println!("{}: {shape:?} of {dtype}", args.to.display());
    Ok(())
}

fn convert<T: Element>(way: Way, args: &Args) -> pmi_toolkit::array::Result<Vec<usize>> {
    let array = match way {
        Way::ToNpy => DistArray::<T, IxDyn>::load_hdf5(&args.from, &args.dataset)?,
        Way::ToHdf5 => DistArray::load_npy(&args.from)?,
    };
    match way {
        Way::ToNpy => array.save_npy(&args.to)?,
        Way::ToHdf5 => array.save_hdf5(&args.to, &args.dataset)?,
    }
    Ok(array.shape().to_vec())
}
