//! The harness of the benchmarks: every one compares what we do with a yardstick measured in the same run.
//!
//! ```text
//! cargo bench --bench fractal                          # the table
//! cargo bench --bench fractal -- --json fractal.json   # the table, and the same as a list of objects
//! cargo bench --bench fractal -- balance --runs 9      # only the rows with "balance" in their name, 9 runs each
//! ```
//!
//! # How to read a table
//!
//! One run of ours and one of the yardstick take turns, so that a machine that slows down slows both. `ours` and
//! `yardstick` are medians over the runs, in `unit`. `ratio` says how many times better ours is: yardstick / ours where
//! less is better (a time), ours / yardstick where more is (a rate); above 1 we are ahead. `target` is the least ratio
//! that we are content with; a row without one is there for information. A row that could not be measured says why:
//! a compiler, a library or a cargo feature is missing; the other rows go on. In JSON what is unknown is `null`.
//!
//! # How to write a benchmark
//!
//! ```text
//! mod support;
//! use support::{Bench, Row, Yardstick, seconds};
//!
//! fn main() -> std::process::ExitCode {
//!     let mut bench = Bench::start();
//!     bench.compare(
//!         [Row::time("sum of 10 M, 2 threads", "s").target(0.9)],
//!         || Ok(seconds(|| x.sum())),
//!         Yardstick::c("sum.c").flags(["-fopenmp"]).args(["10000000", "2"]),
//!     );
//!     let ours = bench.on_ranks(2, "collectives", || {
//!         let _pmi = pmi::setup()?;
//!         Ok([("broadcast", seconds(broadcast)), ("gather", seconds(gather))])
//!     });
//!     bench.compare(
//!         ["broadcast", "gather"].map(|name| Row::time(name, "s").figure(name)),
//!         ours,
//!         Yardstick::mpi("collectives.c", 2).args(["64"]),
//!     );
//!     bench.finish()
//! }
//! ```
//!
//! Either side is a [`Measure`]: a closure, a program in C ([`Yardstick`]) or Python
//! ([`Script`]), this benchmark run again under `mpirun`
//! ([`Bench::on_ranks`]), or a constant. Each run yields [`Figures`]: one nameless figure, or several with names of
//! which every row picks its own.

#![allow(dead_code, reason = "each benchmark uses its own part of the harness")]
#![allow(unused_imports, reason = "as above")]

mod figures;
mod process;
mod ranks;
mod row;
mod yardstick;

pub(crate) use figures::{Figures, Measure, Missing, Outcome, fewest_seconds, median, seconds, timed};
pub(crate) use ranks::OnRanks;
pub(crate) use row::Row;
pub(crate) use yardstick::{Script, Yardstick};

use clap::Parser;
use row::{Finished, Side};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
struct Args {
    /// Measure only the rows whose name contains this
    filter: Option<String>,
    /// Write the rows to this file too, as JSON; a relative path starts at the package's folder
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How many times ours and the yardstick take turns
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
    /// Given by this program to itself, under mpirun: measure this case of ours, once, and print its figures
    #[arg(long, hide = true, value_name = "CASE")]
    measure: Option<String>,
}

/// One benchmark: its command line, and the rows finished so far.
pub(crate) struct Bench {
    args: Args,
    finished: Vec<Finished>,
}

impl Bench {
    /// Reads the command line.
    pub(crate) fn start() -> Self {
        let args = Args::parse();
        if args.measure.is_none() {
            println!("Medians of {} alternating runs; a ratio above 1: ours is better.\n", args.runs);
            println!("{}", Finished::HEADER);
        }
        Self { args, finished: Vec::new() }
    }

    /// `measure`, each time in a new MPI world of `ranks` processes.
    ///
    /// The processes are this benchmark again, told to measure `case`, a name that no other call may use. They get as
    /// far as this call, which then runs `measure` and ends them; so what stands before it in `main` should be cheap.
    pub(crate) fn on_ranks<T: Into<Figures>>(
        &self,
        ranks: usize,
        case: &'static str,
        measure: impl FnOnce() -> Result<T, Missing>,
    ) -> OnRanks {
        if self.args.measure.as_deref() == Some(case) {
            ranks::measure_and_exit(measure);
        }
        OnRanks::new(ranks, case)
    }

    /// Lets `ours` and `yardstick` take turns, and prints the `rows` that come of it.
    pub(crate) fn compare(
        &mut self,
        rows: impl IntoIterator<Item = Row>,
        mut ours: impl Measure,
        mut yardstick: impl Measure,
    ) {
        let wanted = |row: &Row| self.args.filter.as_ref().is_none_or(|part| row.name().contains(part));
        let rows: Vec<Row> = rows.into_iter().filter(wanted).collect();
        if rows.is_empty() || self.args.measure.is_some() {
            return;
        }
        let (mut our_side, mut other_side) = (Side::default(), Side::default());
        for _ in 0..self.args.runs {
            our_side.run(&mut ours);
            if our_side.is_missing() {
                break; // Without ours there is nothing to compare.
            }
            other_side.run(&mut yardstick);
        }
        for row in rows {
            let row = row.finish(&our_side, &other_side);
            println!("{row}");
            self.finished.push(row);
        }
    }

    /// Writes the JSON file, if one is wanted. A target that was missed is no failure: the table says it.
    pub(crate) fn finish(self) -> ExitCode {
        if let Some(case) = self.args.measure {
            eprintln!("there is no case `{case}` to measure");
            return ExitCode::FAILURE;
        }
        let Some(file) = self.args.json else { return ExitCode::SUCCESS };
        let json = serde_json::to_string_pretty(&self.finished).expect("names and numbers always serialise");
        match std::fs::write(&file, json + "\n") {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("cannot write {}: {error}", file.display());
                ExitCode::FAILURE
            }
        }
    }
}
