//! The example programs, run as processes the way their users run them.
//!
//! Embedded, and under `mpirun` where the suite is built with the feature `mpi`. `MPIRUN` in the environment names
//! another launcher.

use crate::launch::{World, ensure, equal};
use libtest_mimic::{Failed, Trial};
use pmi_toolkit::array::fractal::{Formula, View, escape_count};
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeSet;
use std::io::{BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A program that takes longer hangs.
const TIMEOUT: Duration = Duration::from_secs(120);

/// All tests of this module. They start processes: for a suite that is not itself started by a launcher.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for world in worlds() {
        let name = world.name();
        trials.push(trial(format!("hello::{name}"), move || hello(world, "hello")));
        trials.push(trial(format!("hello_proxy::{name}"), move || hello(world, "hello_proxy")));
        trials.push(trial(format!("hello::traced::{name}"), move || traced(world)));
        trials.push(trial(format!("mandelbrot_pmi::{name}"), move || mandelbrot_pmi(world)));
        trials.push(trial(format!("controller_thread::{name}"), move || controller_thread(world)));
        trials.push(trial(format!("mandelbrot::{name}"), move || mandelbrot(world)));
        trials.push(trial(format!("statistics::{name}"), move || statistics(world)));
        trials.push(trial(format!("linear_solve::{name}"), move || linear_solve(world)));
        if cfg!(feature = "plot") {
            trials.push(trial(format!("least_squares::{name}"), move || least_squares(world)));
        }
        trials.push(trial(format!("mandelbrot::a_task_has_no_row::{name}"), move || fewer_rows_than_tasks(world)));
        trials.push(trial(format!("mandelbrot::mistakes_are_told_once::{name}"), move || told_once(world)));
    }
    trials.push(trial("hello::embedded_32".into(), || hello(World::Embedded(32), "hello")));
    if cfg!(feature = "mpi") {
        trials.push(trial("hello::mpi_32".into(), || hello(World::Mpi(32), "hello")));
    }
    trials.push(trial("mandelbrot::same_picture::plain".into(), || same_picture(&[])));
    trials.push(trial("mandelbrot::same_picture::smooth".into(), || same_picture(&["--smooth"])));
    trials.push(trial("mandelbrot::every_option".into(), every_option));
    for (args, words) in MISTAKES {
        let name = args.join("_").replace("--", "");
        trials.push(trial(format!("mandelbrot::mistake::{name}"), || mistake(args, words)));
    }
    trials.push(trial("mandelbrot::mistake::out".into(), unwritable));
    trials.push(trial("mandelbrot::help".into(), help));
    trials.push(trial("tasks_that_are_no_number".into(), tasks_that_are_no_number));
    if !cfg!(feature = "mpi") {
        trials.push(trial("launched_without_mpi".into(), launched_without_mpi));
    }
    trials
}

fn trial(name: String, run: impl Fn() -> Result<(), String> + Send + 'static) -> Trial {
    Trial::test(format!("programs::{name}"), move || run().map_err(Failed::from))
}

fn hello(world: World, example: &str) -> Result<(), String> {
    let output = run(&mut world.example(example)?)?.succeeded()?;
    let said: BTreeSet<&str> = output.lines().collect();
    let expected: Vec<String> = (0..world.tasks()).map(|rank| format!("Hello Olaf, I'm task {rank}!")).collect();
    equal(&output.lines().count(), &world.tasks())?;
    equal(&said, &expected.iter().map(String::as_str).collect())
}

/// Any program, through the environment.
fn traced(world: World) -> Result<(), String> {
    let file = Scratch::new();
    let mut command = world.example("hello")?;
    command.env("PMI_TRACE", &file.0).env("PMI_LEDGER", "1");
    let output = run(&mut command)?;
    ensure(output.stderr.contains("balance") && output.stderr.contains("create"), || output.stderr.clone())?;
    output.succeeded()?;
    let trace = std::fs::read_to_string(&file.0).map_err(|cause| cause.to_string())?;
    let trace: serde_json::Value = serde_json::from_str(&trace).map_err(|cause| cause.to_string())?;
    let of = |rank: usize| move |event: &&serde_json::Value| event["ph"] == "X" && event["tid"] == rank;
    let events = trace["traceEvents"].as_array().ok_or("a trace has events")?;
    for rank in 0..world.tasks() {
        ensure(events.iter().filter(of(rank)).count() > 0, || format!("task {rank} has no row"))?;
    }
    Ok(())
}

fn mandelbrot_pmi(world: World) -> Result<(), String> {
    let output = run(&mut world.example("mandelbrot_pmi")?)?.succeeded()?;
    // In plain arithmetic, which no compiler may round differently.
    equal(&output.lines().last(), &Some("sum 2218572"))?;
    equal(&output.lines().count(), &26)
}

fn controller_thread(world: World) -> Result<(), String> {
    let output = run(&mut world.example("controller_thread")?)?.succeeded()?;
    let lines: Vec<&str> = output.lines().collect();
    // Who they are, four quarters and a result of three frames each, and the end of the one that was cancelled.
    equal(&lines.len(), &(1 + world.tasks() + 3 * 5 + 1))?;
    let iterations = lines.iter().filter_map(|line| line.strip_suffix(" iterations"));
    equal(&iterations.collect(), &vec!["frame 0: 21288190", "frame 1: 44031042", "frame 2: 56031462"])?;
    equal(&lines.last(), &Some(&"frame 3: cancelled"))
}

fn statistics(world: World) -> Result<(), String> {
    let output = run(world.example("statistics")?.arg("301"))?.succeeded()?;
    let expected = [
        &format!("[301, 301] points, {} tasks", world.tasks()),
        "wave: mean 0.000000, deviation 0.498339, from -1.000 to 1.000",
        "energy: mean 0.124171, norm 56.250",
        "most energy at x = 0.167",
        "half of it left of x = 0.500",
        "largest mean of a centred column 1e-16",
        "above one half: 16648 of 90601 points",
    ];
    equal(&output.lines().collect(), &expected.to_vec())
}

fn linear_solve(world: World) -> Result<(), String> {
    let file = Scratch::new();
    let output = run(world.example("linear_solve")?.arg("17").arg(&file.0))?.succeeded()?;
    let lines: Vec<&str> = output.lines().collect();
    equal(&lines[0], &&*format!("289 equations on {} tasks, 0.7 MB of matrix", world.tasks()))?;
    for (line, name) in lines[1..3].iter().zip(["cholesky", "mixed LU"]) {
        let error = line.rsplit(' ').next().and_then(|error| error.parse::<f64>().ok());
        if !line.starts_with(name) || error.is_none_or(|error| error > 1e-13) {
            return Err(format!("a solution that is not exact: {line}"));
        }
    }
    equal(&picture(&file.0)?.size, &(17, 17))
}

fn least_squares(world: World) -> Result<(), String> {
    let file = Scratch::new();
    let output = run(world.example("least_squares")?.arg(&file.0))?.succeeded()?;
    let lines: Vec<&str> = output.lines().collect();
    equal(&lines[0], &&*format!("400 measurements, degree 9, rank 10 on {} tasks", world.tasks()))?;
    let difference = lines[2].rsplit(' ').next().and_then(|number| number.parse::<f64>().ok());
    if difference.is_none_or(|difference| difference > 0.05) {
        return Err(format!("a polynomial far from the truth: {}", lines[2]));
    }
    equal(&std::fs::metadata(&file.0).is_ok_and(|file| file.len() > 10_000), &true)
}

fn mandelbrot(world: World) -> Result<(), String> {
    let file = Scratch::new();
    let mut command = world.example("mandelbrot")?;
    command.args(["--size", "120x80", "--maxit", "300", "--repeat", "2", "--threads", "2", "--verbose", "--out"]);
    let output = run(command.arg(&file.0))?.succeeded()?;

    let last = output.lines().last().unwrap_or_default();
    let fields: Vec<(&str, &str)> = last.split(' ').filter_map(|field| field.split_once('=')).collect();
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    equal(&names.join(" "), &"best_s iterations giter_per_s tasks threads simd".into())?;
    let view = View { corner1: (-2.0, -1.0), corner2: (1.0, 1.0), width: 120, height: 80 };
    let pixels = (0..80).flat_map(|j| (0..120).map(move |i| (i, j)));
    let counts = pixels.map(|(i, j)| u64::from(escape_count(Formula::Mandelbrot, (view.x(i), view.y(j)), 300)));
    equal(&fields[1].1.to_string(), &counts.sum::<u64>().to_string())?;
    equal(&fields[3].1.to_string(), &world.tasks().to_string())?;
    equal(&fields[4].1, &"2")?;
    for figure in [fields[0].1, fields[2].1] {
        let digits = figure.split_once('.').map(|(_, digits)| digits.len());
        ensure(figure.parse::<f64>().is_ok_and(|x| x >= 0.0) && digits >= Some(3), || format!("{figure} in {last}"))?;
    }
    equal(&picture(&file.0)?.size, &(120, 80))
}

fn fewer_rows_than_tasks(world: World) -> Result<(), String> {
    let file = Scratch::new();
    for size in ["5x1", "1x1", "1x2"] {
        let args = ["--size", size, "--maxit", "1", "--out"];
        run(world.example("mandelbrot")?.args(args).arg(&file.0))?.succeeded()?;
        let (width, height) = picture(&file.0)?.size;
        equal(&format!("{width}x{height}"), &size.to_string())?;
    }
    Ok(())
}

/// However many processes there are: once, with the exit code of a failure.
fn told_once(world: World) -> Result<(), String> {
    let cases: [(&[&str], &str); 3] = [
        (&["--size", "0x5"], "invalid value '0x5'"),
        (&["--colormap", "jet"], "there is no colour map"),
        (&["--out", "/no/such/directory/a.png"], "/no/such/directory/a.png"),
    ];
    for (args, words) in cases {
        let said = run(world.example("mandelbrot")?.args(args))?.failed()?;
        ensure(said.matches(words).count() == 1, || format!("not once {words:?}: {said}"))?;
    }
    Ok(())
}

fn same_picture(args: &[&str]) -> Result<(), String> {
    let mut first: Option<Picture> = None;
    for world in worlds() {
        let file = Scratch::new();
        let mut command = world.example("mandelbrot")?;
        command.args(["--size", "151x97", "--maxit", "400", "--center", "-0.7453,0.1127", "--zoom", "450"]);
        run(command.args(args).arg("--out").arg(&file.0))?.succeeded()?;
        let picture = picture(&file.0)?;
        let colors: BTreeSet<&[u8]> = picture.pixels.chunks(3).collect();
        ensure(colors.len() > 30, || format!("only {} colours", colors.len()))?;
        match &first {
            None => first = Some(picture),
            Some(first) => ensure(picture == *first, || format!("another picture with {}", world.name()))?,
        }
    }
    Ok(())
}

fn every_option() -> Result<(), String> {
    let file = Scratch::new();
    let cases: [&[&str]; 6] = [
        &["--kernel", "julia", "--c", "-0.4,0.6", "--colormap", "greys"],
        &["--kernel", "julia", "--c=-0.4,0.6", "--smooth", "--no-shortcuts"],
        &["--kernel", "burning-ship", "--colormap", "Viridis"],
        &["--kernel", "multibrot", "--degree", "5"],
        &["--corners", "-2,-1,1,1", "--tasks", "2", "--threads", "1"],
        &["--center", "-0.1, 0.9", "--colormap", "turbo"],
    ];
    for args in cases {
        let mut command = World::Embedded(3).example("mandelbrot")?;
        let output = run(command.args(["--size", "60X40", "--out"]).arg(&file.0).args(args))?.succeeded()?;
        let tasks = if args.contains(&"--tasks") { "tasks=2 threads=1" } else { "tasks=3" };
        ensure(output.contains(tasks), || output.clone())?;
        equal(&picture(&file.0)?.size, &(60, 40))?;
    }
    Ok(())
}

/// Arguments, and what is said of them.
const MISTAKES: &[(&[&str], &[&str])] = &[
    (&["--colormap", "jet"], &["jet", "inferno", "viridis"]),
    (&["--kernel", "newton"], &["newton", "mandelbrot", "burning-ship"]),
    (&["--size", "0x5"], &["0x5", "3000x2000"]),
    (&["--size", "12"], &["12", "3000x2000"]),
    (&["--size", "99999999999x2"], &["99999999999x2"]),
    (&["--corners", "nan,-1,1,1"], &["nan,-1,1,1", "finite"]),
    (&["--corners", "-2,-1,1"], &["-2,-1,1", "4 finite numbers"]),
    (&["--corners", "-2,-1,1,1", "--zoom", "2"], &["--corners", "--zoom"]),
    (&["--zoom", "0"], &["--zoom", "positive"]),
    (&["--zoom", "1e-320"], &["finite"]),
    (&["--maxit", "0"], &["0", "--maxit"]),
    (&["--repeat", "0"], &["0", "--repeat"]),
    (&["--tasks", "0"], &["0", "--tasks"]),
    (&["--threads", "-1"], &["-1"]),
    (&["--degree", "1", "--kernel", "multibrot"], &["1", "--degree"]),
    (&["--degree", "3"], &["--degree", "--kernel multibrot"]),
    (&["--c", "0,1"], &["--c", "--kernel julia"]),
    (&["--c", "inf,0", "--kernel", "julia"], &["inf,0", "finite"]),
];

fn mistake(args: &[&str], words: &[&str]) -> Result<(), String> {
    let said = run(World::Embedded(2).example("mandelbrot")?.args(args))?.failed()?;
    ensure(said.starts_with("error: "), || said.clone())?;
    words.iter().try_for_each(|word| ensure(said.contains(word), || format!("nothing of {word:?} in: {said}")))
}

/// A path is found wrong before the computation, here one of hours.
fn unwritable() -> Result<(), String> {
    for path in ["/no/such/directory/a.png", "/", ""] {
        let args = ["--size", "30000x20000", "--maxit", "1000000", "--no-shortcuts", "--out", path];
        let said = run(World::Embedded(1).example("mandelbrot")?.args(args))?.failed()?;
        ensure(said.contains("--out") && said.contains(path), || said.clone())?;
    }
    Ok(())
}

fn help() -> Result<(), String> {
    for world in worlds() {
        let said = run(world.example("mandelbrot")?.arg("--help"))?.succeeded()?;
        ensure(said.matches("Usage:").count() == 1 && said.contains("--colormap"), || said.clone())?;
    }
    Ok(())
}

fn tasks_that_are_no_number() -> Result<(), String> {
    for program in ["hello", "mandelbrot"] {
        let said = run(World::Embedded(1).example(program)?.env("PMI_TASKS", "abc"))?.failed()?;
        ensure(said.contains("PMI_TASKS is") && said.contains("abc"), || said.clone())?;
    }
    Ok(())
}

/// As `mpirun -n 2` starts them.
fn launched_without_mpi() -> Result<(), String> {
    for rank in ["0", "1"] {
        let mut command = World::Embedded(1).example("mandelbrot")?;
        let ended = run(command.env("OMPI_COMM_WORLD_SIZE", "2").env("OMPI_COMM_WORLD_RANK", rank))?;
        match rank {
            "0" => ensure(ended.failed()?.contains("--features mpi"), || "the remedy is not told".into())?,
            _ => equal(&ended.succeeded()?, &String::new())?,
        }
    }
    let said = run(World::Embedded(1).example("hello")?.env("OMPI_COMM_WORLD_SIZE", "2"))?.failed()?;
    ensure(said.contains("--features mpi"), || said.clone())
}

fn worlds() -> Vec<World> {
    let mpi = [World::Mpi(2), World::Mpi(3)];
    [World::Embedded(1), World::Embedded(3)]
        .into_iter()
        .chain(mpi.into_iter().filter(|_| cfg!(feature = "mpi")))
        .collect()
}

/// What a program that ended has left.
struct Ended {
    success: bool,
    stdout: String,
    stderr: String,
}

impl Ended {
    /// What it printed.
    fn succeeded(self) -> Result<String, String> {
        if self.success { Ok(self.stdout) } else { Err(format!("it failed: {}", self.stderr)) }
    }

    /// What it complained of. A panic is no way to complain.
    fn failed(self) -> Result<String, String> {
        ensure(!self.success, || format!("it should fail, but prints: {}", self.stdout))?;
        ensure(!self.stderr.contains("panicked"), || self.stderr.clone())?;
        Ok(self.stderr)
    }
}

/// Runs `command` to its end, in a process group of its own, which is ended after [`TIMEOUT`].
fn run(command: &mut Command) -> Result<Ended, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|cause| format!("{program}: {cause}"))?;
    // A full pipe would stop the program.
    let stdout = read_all(child.stdout.take().expect("it is piped"));
    let stderr = read_all(child.stderr.take().expect("it is piped"));
    let group = Pid::from_child(&child);
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|cause| format!("{program}: {cause}"))? {
            let text = |reader: thread::JoinHandle<String>| reader.join().unwrap_or_default();
            return Ok(Ended { success: status.success(), stdout: text(stdout), stderr: text(stderr) });
        }
        if start.elapsed() > TIMEOUT {
            // A launcher that is asked to end ends its ranks, which are in other groups.
            for signal in [Signal::TERM, Signal::KILL] {
                // An error says that the group is gone, which is what we want.
                let _ = kill_process_group(group, signal);
                thread::sleep(Duration::from_secs(2));
            }
            let _ = child.wait();
            return Err(format!("{program} is not done after {TIMEOUT:?}"));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What could be read is told.
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The path of a file that does not outlive this.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("pmi-programs-{}-{number}.png", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Not there where the test has failed.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[derive(PartialEq)]
struct Picture {
    size: (u32, u32),
    pixels: Vec<u8>,
}

fn picture(path: &Path) -> Result<Picture, String> {
    let failed = |cause: &dyn std::fmt::Display| format!("{}: {cause}", path.display());
    let file = std::fs::File::open(path).map_err(|cause| failed(&cause))?;
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().map_err(|cause| failed(&cause))?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("the picture is too large")?];
    let info = reader.next_frame(&mut pixels).map_err(|cause| failed(&cause))?;
    equal(&info.color_type, &png::ColorType::Rgb)?;
    Ok(Picture { size: (info.width, info.height), pixels })
}
