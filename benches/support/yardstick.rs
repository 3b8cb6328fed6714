//! Yardsticks: the programs in `benches/yardsticks`, in C, built when they are first run, or in Python.

use super::{Measure, Missing, Outcome, process, ranks};
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// What every program is compiled with; it goes before the source, the flags of a yardstick go behind it.
const FLAGS: [&str; 2] = ["-O3", "-march=native"];

/// A program in C that prints lines of `figure NAME VALUE`.
#[derive(Clone, Debug)]
pub(crate) struct Yardstick {
    source: &'static str,
    compiler: String,
    flags: Vec<String>,
    args: Vec<String>,
    ranks: Option<usize>,
}

impl Yardstick {
    /// A program of one process, compiled by `cc` (or what the environment variable `CC` names).
    pub(crate) fn c(source: &'static str) -> Self {
        let compiler = env::var("CC").unwrap_or("cc".into());
        Self { source, compiler, flags: Vec::new(), args: Vec::new(), ranks: None }
    }

    /// An MPI program on `ranks` ranks, compiled by `mpicc` (or what the environment variable `MPICC` names) and run by
    /// the `mpirun` that belongs to it (or what `MPIRUN` names).
    pub(crate) fn mpi(source: &'static str, ranks: usize) -> Self {
        Self { compiler: ranks::mpicc(), ranks: Some(ranks), ..Self::c(source) }
    }

    /// Another compiler, such as `h5pcc`.
    pub(crate) fn compiler(self, compiler: impl Into<String>) -> Self {
        Self { compiler: compiler.into(), ..self }
    }

    /// Further flags and libraries for the compiler.
    pub(crate) fn flags<S: ToString>(self, flags: impl IntoIterator<Item = S>) -> Self {
        Self { flags: flags.into_iter().map(|flag| flag.to_string()).collect(), ..self }
    }

    /// The arguments to run it with.
    pub(crate) fn args<S: ToString>(self, args: impl IntoIterator<Item = S>) -> Self {
        Self { args: args.into_iter().map(|arg| arg.to_string()).collect(), ..self }
    }

    /// The path of the program, which is built unless it is there and newer than its source.
    fn build(&self) -> Result<PathBuf, Missing> {
        let source = source_of(self.source);
        let mut hasher = DefaultHasher::new();
        (&self.compiler, FLAGS, &self.flags).hash(&mut hasher);
        let stem = self.source.trim_end_matches(".c");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{stem}-{:016x}", hasher.finish()));
        let changed = |file: &Path| -> std::io::Result<SystemTime> { fs::metadata(file)?.modified() };
        if changed(&program).is_ok_and(|built| changed(&source).is_ok_and(|written| written <= built)) {
            return Ok(program);
        }
        // Under another name until it is whole, so that no benchmark runs what another is still building.
        let unfinished = program.with_extension(std::process::id().to_string());
        let mut compile = Command::new(&self.compiler);
        compile.args(FLAGS).arg("-o").arg(&unfinished).arg(&source).args(&self.flags);
        process::output(&mut compile)?;
        fs::rename(&unfinished, &program)?;
        Ok(program)
    }
}

/// A program in Python that prints lines of `figure NAME VALUE`, run by `python3` (or what the environment variable
/// `PYTHON` names).
#[derive(Clone, Debug)]
pub(crate) struct Script {
    source: &'static str,
    /// What it imports, as one installs it and as one imports it.
    package: (&'static str, &'static str),
    args: Vec<String>,
    ranks: Option<usize>,
}

impl Script {
    /// A program with mpi4py on `ranks` ranks, run under `mpirun`. Its first argument is the number of ranks.
    pub(crate) fn mpi4py<S: ToString>(source: &'static str, ranks: usize, args: impl IntoIterator<Item = S>) -> Self {
        let script = Self::of(source, ("mpi4py", "mpi4py.MPI"), [ranks]);
        let args = script.args.into_iter().chain(args.into_iter().map(|arg| arg.to_string())).collect();
        Self { args, ranks: Some(ranks), ..script }
    }

    /// A program with NumPy.
    pub(crate) fn numpy<S: ToString>(source: &'static str, args: impl IntoIterator<Item = S>) -> Self {
        Self::of(source, ("numpy", "numpy"), args)
    }

    /// A program with SciPy.
    pub(crate) fn scipy<S: ToString>(source: &'static str, args: impl IntoIterator<Item = S>) -> Self {
        Self::of(source, ("scipy", "scipy"), args)
    }

    fn of<S: ToString>(
        source: &'static str,
        package: (&'static str, &'static str),
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        Self { source, package, args: args.into_iter().map(|arg| arg.to_string()).collect(), ranks: None }
    }
}

impl Measure for Script {
    fn measure(&mut self) -> Outcome {
        let python = env::var("PYTHON").unwrap_or("python3".into());
        let (package, import) = self.package;
        if process::output(Command::new(&python).args(["-c", &format!("import {import}")])).is_err() {
            return Err(Missing::because(format!("{python} has no {package} (PYTHON names another)")));
        }
        let mut command = match self.ranks {
            Some(ranks) => ranks::mpirun(ranks, Path::new(&python)),
            None => Command::new(&python),
        };
        process::figures(command.arg(source_of(self.source)).args(&self.args))
    }
}

/// The path of a yardstick.
fn source_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/yardsticks").join(name)
}

impl Measure for Yardstick {
    fn measure(&mut self) -> Outcome {
        let program = self.build()?;
        let mut command = match self.ranks {
            Some(ranks) => ranks::mpirun(ranks, &program),
            None => Command::new(&program),
        };
        process::figures(command.args(&self.args))
    }
}
