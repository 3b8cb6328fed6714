//! How the tests start programs, embedded and under `mpirun`.
//!
//! `MPIRUN` in the environment names another launcher.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// How a program is started.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum World {
    Embedded(usize),
    Mpi(usize),
}

impl World {
    pub(crate) fn tasks(self) -> usize {
        match self {
            Self::Embedded(tasks) | Self::Mpi(tasks) => tasks,
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Embedded(tasks) => format!("embedded_{tasks}"),
            Self::Mpi(tasks) => format!("mpi_{tasks}"),
        }
    }

    /// A program, to be given arguments.
    pub(crate) fn command(self, program: &Path) -> Command {
        match self {
            Self::Embedded(tasks) => {
                let mut command = Command::new(program);
                command.env("PMI_TASKS", tasks.to_string());
                command
            }
            Self::Mpi(tasks) => {
                let mut command = launcher();
                command.arg("-n").arg(tasks.to_string()).arg(program);
                command
            }
        }
    }

    /// An example program, in the folder for temporary files.
    pub(crate) fn example(self, example: &str) -> Result<Command, String> {
        let mut command = self.command(&example_path(example)?);
        command.env_remove("PMI_SIMD").current_dir(std::env::temp_dir());
        Ok(command)
    }
}

/// The MPI launcher, to be told what to start.
pub(crate) fn launcher() -> Command {
    let mut command = Command::new(mpirun());
    if is_open_mpi() {
        // As root, which containers have, and on fewer cores than tasks.
        command.arg("--oversubscribe");
        command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    }
    command.env_remove("PMI_TASKS");
    command
}

/// Cargo builds the examples before the tests, beside them.
pub(crate) fn example_path(example: &str) -> Result<PathBuf, String> {
    let suite = std::env::current_exe().map_err(|cause| cause.to_string())?;
    let profile = suite.parent().and_then(Path::parent).ok_or("the suite is in no target directory")?;
    let path = profile.join("examples").join(example);
    let missing = || format!("{} is missing: run `cargo test`, or `cargo build --examples` first", path.display());
    if path.exists() { Ok(path) } else { Err(missing()) }
}

fn mpirun() -> String {
    std::env::var("MPIRUN").unwrap_or_else(|_| "mpirun".into())
}

pub(crate) fn is_open_mpi() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let version = Command::new(mpirun()).arg("--version").output();
        let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        version.contains("Open MPI") || version.contains("OpenRTE")
    })
}

pub(crate) fn ensure(holds: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(message()) }
}

pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(got: &T, expected: &T) -> Result<(), String> {
    ensure(got == expected, || format!("got {got:?}, expected {expected:?}"))
}
