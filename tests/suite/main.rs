//! The integration tests: one suite, two launchers.
//!
//! `cargo test` runs every case in embedded worlds of 1, 2, 3, 4 and 7 tasks. Built with the feature `mpi` and started
//! by `mpirun -n N`, the same binary runs the same cases in the MPI world of N tasks.
//!
//! Index:
//!
//! | module | what it checks |
//! |---|---|
//! | `checkpoints` | checkpoints of every state on any tasks, damaged files, programs killed while they write, progress |
//! | `conformance` | the communicator, on every transport |
//! | `arrays` | distributed arrays against serial ndarray |
//! | `axes` | reductions and scans along axes, against ndarray |
//! | `counting` | products, norms, histograms, reductions without NaNs, what expressions will move |
//! | `evaluation` | broadcasting, operands of every layout, assignment, closures over elements |
//! | `expressions` | operators between elements of all types |
//! | `faults` | failures of every kind, as cases and as processes; what stands for the original's tests |
//! | `farms` | farms of items; `with!` |
//! | `files` | arrays written to files and read; what goes wrong with files |
//! | `fractals` | fractals against their definition |
//! | `functions` | functions of elements against the platform's |
//! | `groups` | groups of tasks, calls on one task |
//! | `hdf5` | HDF5 files (built with that feature): there and back, other programs, faults |
//! | `launch` | how the tests start programs |
//! | `large` | collectives of more elements than a C int counts |
//! | `layouts` | making arrays in every layout, single elements, conversions |
//! | `ledger` | what the ledger counts, its trace |
//! | `linalg` | linear algebra: products exactly, factorisations by their residuals |
//! | `motion` | arrays moved from any layout to any other |
//! | `pipeline` | a simulation that writes HDF5, killed and continued; conversions to npy; what Python reads of it |
//! | `programs` | the example programs, as processes under both launchers |
//! | `proxies` | front classes and front traits |
//! | `reductions` | sums, extremes and the like, of every layout |
//! | `revocation` | tasks that wait for one that has failed |
//! | `verbs` | exec, call, invoke, reduce, create; handles; what comes back when things fail |

mod arrays;
mod axes;
mod checkpoints;
mod conformance;
mod counting;
mod evaluation;
mod expressions;
mod farms;
mod faults;
mod files;
mod folders;
mod fractals;
mod functions;
mod groups;
#[cfg(feature = "hdf5")]
mod hdf5;
mod large;
mod launch;
mod layouts;
mod ledger;
mod linalg;
mod motion;
#[cfg(feature = "hdf5")]
mod pipeline;
mod programs;
mod proxies;
mod reductions;
mod revocation;
mod verbs;

use libtest_mimic::{Arguments, Trial};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// One test: what a controller does in a world of any size.
pub(crate) struct Case {
    name: String,
    run: Box<dyn Fn() + Send + Sync>,
}

/// A case.
pub(crate) fn case(name: &str, run: impl Fn() + Send + Sync + 'static) -> Case {
    Case { name: name.to_string(), run: Box::new(run) }
}

/// Names a list of functions of one module.
macro_rules! cases {
    ($($name:ident)*) => {
        vec![$($crate::case(concat!(module_path!(), "::", stringify!($name)), $name)),*]
    };
}
pub(crate) use cases;

fn all() -> Vec<Case> {
    [
        conformance::cases(),
        verbs::cases(),
        groups::cases(),
        farms::cases(),
        large::cases(),
        ledger::cases(),
        proxies::cases(),
        revocation::cases(),
        faults::cases(),
        arrays::cases(),
        checkpoints::cases(),
        axes::cases(),
        counting::cases(),
        layouts::cases(),
        motion::cases(),
        expressions::cases(),
        evaluation::cases(),
        functions::cases(),
        reductions::cases(),
        fractals::cases(),
        linalg::cases(),
        #[cfg(feature = "hdf5")]
        hdf5::cases(),
        files::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Tests that start processes.
fn processes() -> impl Iterator<Item = Trial> {
    [
        programs::trials(),
        faults::trials(),
        checkpoints::trials(),
        #[cfg(feature = "hdf5")]
        pipeline::trials(),
    ]
    .into_iter()
    .flatten()
}

/// The sizes of the embedded worlds.
const TASKS: [usize; 5] = [1, 2, 3, 4, 7];
const TIMEOUT: Duration = Duration::from_secs(120);

fn main() {
    if let Some(name) = faults::wanted() {
        return faults::program(&name);
    }
    let mut args = Arguments::from_args();
    let launched = pmi::launched_rank().is_some();
    let conclusion = if launched {
        let world = pmi::setup().expect("the suite is built with the feature mpi");
        let tasks = world.size();
        // MPI is the main thread's: one test after the other, here.
        args.test_threads = Some(1);
        let trial = |case| trial(case, tasks, "mpi", |run| run());
        libtest_mimic::run(&args, all().into_iter().map(trial).collect())
    } else {
        let trials = TASKS.into_iter().flat_map(|tasks| {
            let embedded = move |run: &(dyn Fn() + Send + Sync)| pmi::with_tasks(tasks, run);
            all().into_iter().map(move |case| trial(case, tasks, "embedded", embedded))
        });
        libtest_mimic::run(&args, trials.chain(processes()).collect())
    };
    conclusion.exit_if_failed();
}

fn trial(
    case: Case,
    tasks: usize,
    launcher: &str,
    in_world: impl Fn(&(dyn Fn() + Send + Sync)) + Send + 'static,
) -> Trial {
    let name = format!("{}::{launcher}_{tasks}", case.name.trim_start_matches("suite::"));
    Trial::test(name.clone(), move || {
        let (done, watch) = channel::<()>();
        std::thread::spawn(move || {
            if let Err(RecvTimeoutError::Timeout) = watch.recv_timeout(TIMEOUT) {
                eprintln!("{name}: not done after {TIMEOUT:?}; giving up on the whole run");
                std::process::abort();
            }
        });
        in_world(&*case.run);
        drop(done);
        Ok(())
    })
}
