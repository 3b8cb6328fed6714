//! Escape-time fractals as pictures: compute, colour, write, with the serial-looking calls of a distributed array.
//!
//! ```text
//! cargo run --release --example mandelbrot -- --smooth               # all cores, one task
//! cargo run --release --example mandelbrot -- --tasks 4              # four tasks, threads of one process
//! cargo build --release --features mpi --example mandelbrot
//! mpirun -n 4 target/release/examples/mandelbrot                     # four tasks, processes of an MPI job
//! ```
//!
//! `--help` lists the options. Some places to see, each also without `--smooth`:
//!
//! ```text
//! --center -0.7453,0.1127 --zoom 450 --maxit 3000 --smooth           # the valley of the sea horses
//! --kernel julia --c -0.8,0.156 --smooth --colormap magma
//! --kernel burning-ship --center -1.7615,-0.03 --zoom 26 --smooth    # the ship that gave the name
//! --kernel multibrot --degree 4 --smooth --colormap viridis
//! ```
//!
//! The last line of the output says how fast it was: the best time of computing alone, without colouring and writing.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use ndarray::Ix2;
use pmi_toolkit::array::{self, simd_level};
use pmi_toolkit::prelude::*;
use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Computes the picture of a fractal, on many tasks and threads.
#[derive(Parser)]
#[command(name = "mandelbrot")]
struct Args {
    /// Columns and rows of the picture
    #[arg(long, value_name = "WxH", default_value = "3000x2000", value_parser = size)]
    size: (usize, usize),

    /// Iterations at most
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    maxit: u32,

    /// Points of the first and the last pixel [default: the whole fractal]
    #[arg(long, value_name = "X1,Y1,X2,Y2", allow_hyphen_values = true, value_parser = numbers::<4>)]
    #[arg(conflicts_with_all = ["center", "zoom"])]
    corners: Option<[f64; 4]>,

    /// Point in the middle of the picture
    #[arg(long, value_name = "X,Y", allow_hyphen_values = true, value_parser = numbers::<2>)]
    center: Option<[f64; 2]>,

    /// Magnification: the picture shows a width of 3 / Z
    #[arg(long, value_name = "Z", allow_hyphen_values = true, value_parser = zoom)]
    zoom: Option<f64>,

    /// What to compute
    #[arg(long, value_enum, default_value_t = Kernel::Mandelbrot)]
    kernel: Kernel,

    /// Parameter of the Julia set [default: -0.8,0.156]
    #[arg(long, value_name = "X,Y", allow_hyphen_values = true, value_parser = numbers::<2>)]
    c: Option<[f64; 2]>,

    /// Power of the Multibrot set [default: 3]
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(2..))]
    degree: Option<u32>,

    /// Colours: inferno, magma, plasma, viridis, cividis, turbo or greys
    #[arg(long, value_name = "NAME", default_value_t = Colormap::Inferno)]
    colormap: Colormap,

    /// Colour without steps, by continuous escape times
    #[arg(long)]
    smooth: bool,

    /// The PNG file to write
    #[arg(long, value_name = "FILE", default_value = "mandelbrot.png")]
    out: PathBuf,

    /// Compute N times and tell the best time
    #[arg(long, value_name = "N", default_value = "1")]
    repeat: NonZero<usize>,

    /// Tasks, where no launcher says how many [default: $PMI_TASKS, or 1]
    #[arg(long, value_name = "N")]
    tasks: Option<NonZero<usize>>,

    /// Threads of each task [default: its share of the cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,

    /// Do all iterations, also those whose outcome is known
    #[arg(long)]
    no_shortcuts: bool,

    /// Say what the tasks are and where they run
    #[arg(long)]
    verbose: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Kernel {
    Mandelbrot,
    Julia,
    BurningShip,
    Multibrot,
}

fn main() -> ExitCode {
    // The number of tasks is an argument, so they are read before there are tasks. A launcher has started this very
    // function many times then, and one of these processes speaks for all.
    let speaks = pmi::launched_rank().is_none_or(|rank| rank == 0);
    let (error, code) = match Args::try_parse().and_then(Args::checked) {
        Ok(args) => match run(&args) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => (format!("error: {error}\n"), 1),
        },
        Err(error) if !error.use_stderr() => {
            // The help.
            return if speaks { error.exit() } else { ExitCode::SUCCESS };
        }
        Err(error) => (error.render().to_string(), 2),
    };
    if !speaks {
        return ExitCode::SUCCESS;
    }
    eprint!("{error}");
    ExitCode::from(code)
}

fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let mut setup = pmi::Setup::new();
    if let Some(tasks) = args.tasks {
        setup = setup.tasks(tasks.get());
    }
    if let Some(threads) = args.threads {
        setup = setup.threads(threads.get());
    }
    let world = setup.start()?;
    if let Some(tasks) = args.tasks.filter(|tasks| tasks.get() != world.size()) {
        eprintln!("--tasks {tasks} is ignored: the launcher has started {}", world.size());
    }
    // Better now than after a long computation.
    check_writable(&args.out)
        .map_err(|cause| format!("cannot write {}: {cause}; choose another file with --out", args.out.display()))?;
    if args.verbose {
        print!("{}", world.describe()?);
    }

    let fractal = args.fractal();
    let (seconds, escape) = if args.smooth {
        best_of(args.repeat.get(), || fractal.smooth())?
    } else {
        let (seconds, counts) = best_of(args.repeat.get(), || fractal.counts())?;
        (seconds, counts.map(f64::from).eval())
    };
    // A continuous escape time begins with the whole number of iterations that it took.
    let iterations = escape.map(|x| x as u64).sum();
    shade(&escape, f64::from(args.maxit), args.colormap).save_png(&args.out, args.colormap)?;

    println!(
        "best_s={seconds:.4} iterations={iterations} giter_per_s={:.3} tasks={} threads={} simd={}",
        iterations as f64 / seconds / 1e9,
        world.size(),
        world.threads(),
        simd_level(),
    );
    Ok(())
}

/// Computes `times` times, with a progress bar if somebody watches: the shortest time in seconds, and the last result.
fn best_of<T>(times: usize, compute: impl Fn() -> array::Result<T>) -> array::Result<(f64, T)> {
    let once = || {
        let start = Instant::now();
        compute().map(|result| (start.elapsed().as_secs_f64(), result))
    };
    let repeat = || {
        let (mut best, mut result) = once()?;
        for _ in 1..times {
            drop(result);
            let seconds;
            (seconds, result) = once()?;
            best = best.min(seconds);
        }
        Ok((best, result))
    };
    if !io::stderr().is_terminal() {
        return repeat();
    }
    let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {elapsed}").expect("the template is valid");
    let bar = ProgressBar::new(1000).with_style(style);
    let shown = bar.clone();
    let result = pmi::with_progress(move |done| shown.set_position((1000.0 * done) as u64), repeat);
    bar.finish_and_clear();
    result
}

/// What to paint: the darkest colour for points that do not escape, lighter ones for the others, the longer they take.
///
/// Escape times span orders of magnitude, so the scale is logarithmic, `s = ln(1 + x - min)`. How these spread differs
/// from picture to picture; a logistic curve through their mean, as steep as their deviation asks for, gives each the
/// whole range of colours.
fn shade(escape: &DistArray<f64, Ix2>, maxit: f64, colormap: Colormap) -> DistArray<f64, Ix2> {
    let log = |&(min, maxit): &(f64, f64), x: f64| if x < maxit { (1.0 + x - min).ln() } else { f64::NEG_INFINITY };
    let log = escape.map_with((escape.min(), maxit), log).eval();
    let moment = |n: i32| log.map_with(n, |n, s| if s.is_finite() { s.powi(*n) } else { 0.0 }).sum();
    let escaped = moment(0).max(1.0);
    let mean = moment(1) / escaped;
    let deviation = (moment(2) / escaped - mean * mean).max(f64::MIN_POSITIVE).sqrt();

    let curve = |(mean, deviation): &(f64, f64), s: f64| (1.0 + (1.4 * (mean - s) / deviation).exp()).powf(-1.5);
    let light = log.map_with((mean, deviation), curve);
    let brightness = |t| colormap.color(t).iter().map(|part| u32::from(*part)).sum::<u32>();
    if brightness(0.0) < brightness(1.0) { light.eval() } else { light.map(|t| -t).eval() }
}

/// Checks that a file can be written, and leaves all as it was.
fn check_writable(path: &Path) -> io::Result<()> {
    let existed = path.try_exists()?;
    OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    if existed { Ok(()) } else { fs::remove_file(path) }
}

impl Args {
    /// Refuses options that would be ignored.
    fn checked(self) -> Result<Self, clap::Error> {
        let refuse = |message| Err(Self::command().error(ErrorKind::ArgumentConflict, message));
        if self.c.is_some() && self.kernel != Kernel::Julia {
            return refuse("--c is the parameter of the Julia set: give --kernel julia too");
        }
        if self.degree.is_some() && self.kernel != Kernel::Multibrot {
            return refuse("--degree is the power of the Multibrot set: give --kernel multibrot too");
        }
        Ok(self)
    }

    fn fractal(&self) -> Fractal {
        let (fractal, center, zoom) = match self.kernel {
            Kernel::Mandelbrot => (Fractal::mandelbrot(), [-0.5, 0.0], 1.0),
            Kernel::Julia => (Fractal::julia(self.c.unwrap_or([-0.8, 0.156]).into()), [0.0, 0.0], 0.9),
            Kernel::BurningShip => (Fractal::burning_ship(), [-0.4, -0.55], 0.8),
            Kernel::Multibrot => (Fractal::multibrot(self.degree.unwrap_or(3)), [0.0, 0.0], 0.8),
        };
        let fractal = fractal.size(self.size.0, self.size.1).maxit(self.maxit).shortcuts(!self.no_shortcuts);
        match self.corners {
            Some([x1, y1, x2, y2]) => fractal.corners((x1, y1), (x2, y2)),
            None => fractal.center(self.center.unwrap_or(center).into(), self.zoom.unwrap_or(zoom)),
        }
    }
}

/// `3000x2000` as columns and rows.
fn size(text: &str) -> Result<(usize, usize), String> {
    let side = |text: &str| text.trim().parse().ok().filter(|side| (1..=u32::MAX as usize).contains(side));
    let sides = text.split_once(['x', 'X']).and_then(|(width, height)| Some((side(width)?, side(height)?)));
    sides.ok_or_else(|| "it must be columns and rows, 1 or more of each, as in 3000x2000".into())
}

/// `N` finite numbers with commas between them.
fn numbers<const N: usize>(text: &str) -> Result<[f64; N], String> {
    let number = |part: &str| part.trim().parse().ok().filter(|x: &f64| x.is_finite());
    let numbers: Option<Vec<f64>> = text.split(',').map(number).collect();
    let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
    numbers.ok_or_else(|| format!("it must be {N} finite numbers with commas between them"))
}

/// A magnification.
fn zoom(text: &str) -> Result<f64, String> {
    let zoom = text.trim().parse().ok().filter(|zoom: &f64| zoom.is_finite() && *zoom > 0.0);
    zoom.ok_or_else(|| "it must be a positive number".into())
}
