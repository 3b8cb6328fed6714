//! Programs on several ranks: the MPI launcher, and this benchmark under it.

use super::{Figures, Measure, Missing, Outcome, process as run};
use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{self, Command};
use std::thread;

/// A case of this benchmark, measured by the benchmark itself on several ranks. From [`super::Bench::on_ranks`].
#[derive(Clone, Debug)]
pub(crate) struct OnRanks {
    ranks: usize,
    case: &'static str,
}

impl OnRanks {
    pub(super) fn new(ranks: usize, case: &'static str) -> Self {
        Self { ranks, case }
    }
}

impl Measure for OnRanks {
    fn measure(&mut self) -> Outcome {
        if cfg!(not(feature = "mpi")) {
            return Err(Missing::because("built without the feature mpi"));
        }
        let itself = env::current_exe()?;
        run::figures(mpirun(self.ranks, &itself).args(["--measure", self.case]))
    }
}

/// What the processes under `mpirun` do for [`OnRanks`].
pub(super) fn measure_and_exit<T: Into<Figures>>(measure: impl FnOnce() -> Result<T, Missing>) -> ! {
    match measure() {
        Ok(figures) => print!("{}", figures.into()),
        Err(missing) => {
            eprintln!("error: {missing}");
            process::exit(1);
        }
    }
    process::exit(0);
}

/// The compiler wrapper of the MPI in use: what the environment says now or said when this was built, else `mpicc`.
pub(super) fn mpicc() -> String {
    env::var("MPICC").ok().or(option_env!("MPICC").map(Into::into)).unwrap_or("mpicc".into())
}

/// The command that runs `program` on `ranks` ranks of this machine, which it may spread its threads over as it likes.
pub(super) fn mpirun(ranks: usize, program: &Path) -> Command {
    let launcher = env::var("MPIRUN").unwrap_or_else(|_| launcher_beside(&mpicc()));
    let mut command = Command::new(launcher);
    command.arg("-n").arg(ranks.to_string()).arg(program);
    // Open MPI refuses to run as root, as containers do; it binds each rank to one core, where all its threads would
    // be; and it refuses more ranks than cores. Version 4 reads the names in OMPI, version 5 those in PRTE.
    for (name, value) in [
        ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
        ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
        ("PRTE_ALLOW_RUN_AS_ROOT", "1"),
        ("PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
        ("OMPI_MCA_hwloc_base_binding_policy", "none"),
        ("PRTE_MCA_hwloc_default_binding_policy", "none"),
    ] {
        command.env(name, value);
    }
    if ranks > thread::available_parallelism().map_or(1, Into::into) {
        command.env("OMPI_MCA_rmaps_base_oversubscribe", "1");
        command.env("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe");
    }
    command
}

/// The launcher that belongs to a compiler wrapper: `/opt/mpi/bin/mpirun` to `/opt/mpi/bin/mpicc`, `mpirun.mpich` to
/// `mpicc.mpich`, and `mpirun` to a name of another kind.
fn launcher_beside(mpicc: &str) -> String {
    let path = Path::new(mpicc);
    match path.file_name().and_then(OsStr::to_str).and_then(|name| name.strip_prefix("mpicc")) {
        Some(suffix) => path.with_file_name(format!("mpirun{suffix}")).to_string_lossy().into_owned(),
        None => "mpirun".into(),
    }
}
