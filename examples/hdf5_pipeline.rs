//! A simulation that writes each step as a frame of one HDF5 file, and goes on where it was when it was killed.
//!
//! A sheet of van der Pol oscillators, `u'' = mu (1 - u^2) u' - w^2 u`, whose frequency `w` differs from place to
//! place. Frames and times are appended; every so often the file is flushed, and then the state is saved. A run that
//! finds a saved state cuts the file back to the frames that belong to it and continues, on any number of tasks: the
//! file is the same in the end.
//!
//! How safe that is: HDF5 has no journal. A file whose writer is killed while it computes, or adds elements, can be
//! opened again and has at least what was there at the last flush. One that is killed just while HDF5 writes the file's
//! structure (in a flush, or where a dataset grows by many chunks) may leave a file that cannot be opened, or has lost
//! frames: a run that finds it so says it, and does not go on. Where that must not be, write a file for each stretch
//! of steps, and keep the checkpoint, which is never half written.
//!
//! ```text
//! cargo run --release --features hdf5 --example hdf5_pipeline -- --steps 400     # kill it, and start it again
//! cargo run --release --features hdf5-mpio --example hdf5_pipeline               # build; then:
//! mpirun -n 4 target/release/examples/hdf5_pipeline --steps 400
//! python examples/python/plot_pipeline.py pipeline.h5 pipeline.png
//! ```

use clap::Parser;
use ndarray::{Ix0, Ix2};
use pmi_toolkit::array::{Checkpoints, H5Writer};
use pmi_toolkit::prelude::*;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::path::{Path, PathBuf};

const MU: f64 = 1.5;
const DT: f64 = 0.05;

#[derive(Parser)]
#[command(about = "A sheet of oscillators: a frame a step, in an HDF5 file; goes on where it was killed")]
struct Args {
    /// Steps to compute in all
    #[arg(long, default_value_t = 200)]
    steps: usize,
    /// Oscillators along each side
    #[arg(long, default_value_t = 128, value_parser = positive)]
    size: usize,
    /// The file of the frames
    #[arg(long, default_value = "pipeline.h5")]
    out: PathBuf,
    /// The file of the saved state
    #[arg(long, default_value = "pipeline.ckpt")]
    checkpoint: PathBuf,
    /// Steps from one saved state to the next
    #[arg(long, default_value_t = 20, value_parser = positive)]
    every: usize,
    /// Write each frame while the next is computed
    #[arg(long)]
    overlap: bool,
    /// Say so after this step, and wait to be killed
    #[arg(long)]
    pause_at: Option<usize>,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(0) => Err("give 1 or more".into()),
        number => number.map_err(|cause| cause.to_string()),
    }
}

/// All that a run needs to go on.
#[derive(Serialize, Deserialize)]
struct State {
    step: usize,
    /// The oscillators' places and velocities.
    u: DistArray<f64, Ix2>,
    v: DistArray<f64, Ix2>,
    /// The squares of their frequencies.
    w2: DistArray<f64, Ix2>,
}

impl State {
    fn start(size: usize) -> Self {
        let side = side(size);
        let (x, y) = DistArray::meshgrid(&side, &side);
        let w2 = (1.0 + &x * 0.5 + (&y * 6.0).sin() * 0.2).square();
        Self { step: 0, u: (&x * 2.0 - 1.0 + &y).eval(), v: DistArray::zeros((size, size)), w2: w2.eval() }
    }

    fn time(&self) -> f64 {
        self.step as f64 * DT
    }

    /// A step of the symplectic Euler method.
    fn advance(&mut self) {
        let Self { u, v, w2, .. } = self;
        let force = (1.0 - u.square()) * &*v * MU - &*w2 * &*u;
        *v += force * DT;
        *u += &*v * DT;
        self.step += 1;
    }
}

/// The coordinates along each side.
fn side(size: usize) -> DistArray<f64, ndarray::Ix1> {
    DistArray::linspace(0.0, 1.0, size)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let _pmi = pmi::setup()?;
    let checkpoints = Checkpoints::new(&args.checkpoint).keep(2);
    let (mut state, file) = match checkpoints.restore::<State>()? {
        Some(state) => go_on(state, &args)?,
        None => start(&args)?,
    };
    while state.step < args.steps {
        state.advance();
        append(&file, &state)?;
        if state.step.is_multiple_of(args.every) {
            // In this order: the file has all frames of the saved state, and perhaps some more.
            file.flush()?;
            checkpoints.save(&state)?;
        }
        if args.pause_at == Some(state.step) {
            println!("paused after step {}", state.step);
            loop {
                std::thread::park();
            }
        }
    }
    println!("{} frames of {:?} in {}", state.step + 1, state.u.shape(), args.out.display());
    println!("the last one: from {:.6} to {:.6}, mean {:.6}", state.u.min(), state.u.max(), state.u.mean());
    file.close()?;
    Ok(())
}

fn writer(overlap: bool) -> pmi_toolkit::array::H5Options {
    H5Writer::options().overlap(overlap)
}

/// A new file, with the frame of the beginning.
fn start(args: &Args) -> Result<(State, H5Writer), Box<dyn Error>> {
    let state = State::start(args.size);
    let file = writer(args.overlap).create(&args.out)?;
    file.set_attribute("/", "title", "van der Pol oscillators")?;
    file.set_attribute("/", "mu", MU)?;
    file.dataset("time").dims(["time"]).units("s").unlimited().zeros::<f64, _>(0)?;
    for axis in ["y", "x"] {
        file.dataset(axis).dims([axis]).units("m").create(&side(args.size))?;
    }
    let frames = file.dataset("u").dims(["time", "y", "x"]).units("m").attribute("long_name", "displacement");
    frames.unlimited().zeros::<f64, _>((0, args.size, args.size))?;
    append(&file, &state)?;
    println!("started: {0} x {0} oscillators, {1} tasks", args.size, pmi::size()?);
    Ok((state, file))
}

/// The file that a run with this state had, without the frames that came after.
fn go_on(state: State, args: &Args) -> Result<(State, H5Writer), Box<dyn Error>> {
    if state.u.shape() != [args.size; 2] {
        let (shape, saved) = (state.u.shape(), args.checkpoint.display());
        return Err(format!("{saved} has {shape:?} oscillators: remove it, or say --size {}", shape[0]).into());
    }
    let file = writer(args.overlap).open(existing(&args.out)?)?;
    let frames = state.step + 1;
    for name in ["time", "u"] {
        let found = file.shape(name)?.first().copied().unwrap_or_default();
        if found < frames {
            let (out, saved) = (args.out.display(), args.checkpoint.display());
            return Err(format!(
                "{out} has {found} frames of {name}, and the state in {saved} needs {frames}: it is not that \
                 run's file, or its writer was killed as it wrote; remove both to start again"
            )
            .into());
        }
    }
    for name in ["time", "u"] {
        file.resize(name, frames)?;
    }
    println!("going on after step {}, {} tasks", state.step, pmi::size()?);
    Ok((state, file))
}

fn existing(path: &Path) -> Result<&Path, String> {
    if path.exists() { Ok(path) } else { Err(format!("{} is gone: remove the saved state, too", path.display())) }
}

fn append(file: &H5Writer, state: &State) -> Result<(), Box<dyn Error>> {
    file.append("time", &DistArray::<f64, Ix0>::full((), state.time()))?;
    file.append("u", &state.u)?;
    Ok(())
}
