//! A module whose function looks serial and runs in parallel: the paper's `mandelbrot_pmi`.
//!
//! This file is the user's script, which knows nothing of tasks but for the line that sets them up; the module is
//! `mandelbrot_pmi.rs`. To compute fractals in earnest, use `Fractal`: see the example `mandelbrot`.
//!
//! ```text
//! cargo run --release --example mandelbrot_pmi                  # one task
//! PMI_TASKS=4 cargo run --release --example mandelbrot_pmi      # four, threads of one process
//! cargo build --release --features mpi --example mandelbrot_pmi
//! mpirun -n 4 target/release/examples/mandelbrot_pmi            # four, processes of an MPI job
//! ```

mod mandelbrot_pmi;

use ndarray::s;
use pmi_toolkit::prelude::*;

fn main() -> pmi::Result<()> {
    let _pmi = pmi::setup()?;

    // Call the parallel function.
    let m = mandelbrot_pmi::mandelbrot((-2.0, -1.0), (1.0, 1.0), (300, 200), 127)?;

    for row in m.slice(s![4..;8, ..;4]).rows() {
        println!("{}", row.iter().map(|&count| shade(count)).collect::<String>());
    }
    println!("sum {}", m.sum());
    Ok(())
}

/// A character, the darker the more iterations.
fn shade(count: u32) -> char {
    match count {
        0..3 => ' ',
        3..5 => '.',
        5..8 => ':',
        8..14 => '+',
        14..127 => '*',
        _ => '@',
    }
}
