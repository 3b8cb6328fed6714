//! The examples `hdf5_pipeline` and `npy_convert` and their plot in Python, as their users run them.

use crate::faults::Job;
use crate::launch::{World, ensure, equal};
use hdf5_metno::File;
use libtest_mimic::{Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);
const STEPS: usize = 23;
const SIZE: usize = 17;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut trial = |name: String, run: Box<dyn FnOnce() -> Result<(), String> + Send>| {
        trials.push(Trial::test(format!("pipeline::{name}"), move || run().map_err(Failed::from)));
    };
    // Where a run begins, and where it goes on.
    let mut runs =
        vec![(World::Embedded(3), World::Embedded(2), ""), (World::Embedded(2), World::Embedded(5), "--overlap")];
    if cfg!(feature = "mpi") {
        runs.extend([(World::Mpi(3), World::Mpi(2), ""), (World::Mpi(1), World::Embedded(3), "--overlap")]);
    }
    for (before, after, overlap) in runs {
        let name = format!("killed_and_continued::{}_{}{overlap}", before.name(), after.name());
        trial(name, Box::new(move || killed_and_continued(before, after, overlap)));
        trial(format!("npy_and_back::{}{overlap}", before.name()), Box::new(move || npy_and_back(before, after)));
    }
    trial("mistakes".into(), Box::new(mistakes));
    if python().exists() {
        trial("python_plots_it".into(), Box::new(python_plots_it));
    }
    trials
}

/// A folder that does not outlive this.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("pmi-pipeline-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|cause| cause.to_string())?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn pipeline(world: World, folder: &Path, args: &[&str]) -> Result<Job, String> {
    let mut command = world.example("hdf5_pipeline")?;
    let (steps, size) = (STEPS.to_string(), SIZE.to_string());
    command.args(["--every", "5", "--steps", &steps, "--size", &size]).args(args).current_dir(folder);
    Job::start(command)
}

fn finish(job: Job) -> Result<String, String> {
    Ok(job.ends(SOON)?.exits_with(0)?.stdout)
}

/// What a file has: each dataset's numbers, with its name, shape and attributes' names.
type Contents = Vec<(String, Vec<usize>, Vec<u64>, Vec<String>)>;

fn contents(path: &Path) -> Result<Contents, String> {
    let read = || -> hdf5_metno::Result<Contents> {
        let file = File::open(path)?;
        let names = file.member_names()?;
        let of = |name: String| -> hdf5_metno::Result<_> {
            let dataset = file.dataset(&name)?;
            let numbers = dataset.read_raw::<f64>()?.into_iter().map(f64::to_bits).collect();
            Ok((name, dataset.shape(), numbers, dataset.attr_names()?))
        };
        names.into_iter().map(of).collect()
    };
    read().map_err(|cause| format!("{}: {cause}", path.display()))
}

/// What a run that nobody disturbs writes.
fn undisturbed() -> &'static Result<Contents, String> {
    static CONTENTS: OnceLock<Result<Contents, String>> = OnceLock::new();
    CONTENTS.get_or_init(|| {
        let folder = Folder::new("undisturbed")?;
        finish(pipeline(World::Embedded(1), &folder.0, &[])?)?;
        contents(&folder.0.join("pipeline.h5"))
    })
}

fn killed_and_continued(before: World, after: World, overlap: &str) -> Result<(), String> {
    let folder = Folder::new(&format!("killed-{}-{}", before.name(), after.name()))?;
    let options: &[&str] = if overlap.is_empty() { &[] } else { &[overlap] };
    let job = pipeline(before, &folder.0, &[&["--pause-at", "13"], options].concat())?;
    job.says("paused after step 13")?;
    // Every process of it, by a signal that cannot be caught.
    drop(job);
    let said = finish(pipeline(after, &folder.0, options)?)?;
    ensure(said.contains("going on after step 10"), || said.clone())?;
    let got = contents(&folder.0.join("pipeline.h5"))?;
    let expected = undisturbed().clone()?;
    equal(&shapes(&got), &shapes(&expected))?;
    ensure(got == expected, || "the file differs from that of a run that was not killed".into())?;
    equal(&got[1].1, &vec![STEPS + 1, SIZE, SIZE])
}

fn shapes(contents: &Contents) -> Vec<(&String, &Vec<usize>)> {
    contents.iter().map(|(name, shape, ..)| (name, shape)).collect()
}

fn npy_and_back(there: World, back: World) -> Result<(), String> {
    let folder = Folder::new(&format!("npy-{}-{}", there.name(), back.name()))?;
    finish(pipeline(World::Embedded(1), &folder.0, &[])?)?;
    let convert = |world: World, args: [&str; 3]| {
        let mut command = world.example("npy_convert")?;
        command.args(args).current_dir(&folder.0);
        finish(Job::start(command)?)
    };
    let said = convert(there, ["pipeline.h5", "u", "u.npy"])?;
    equal(&said.trim(), &&format!("u.npy: [{}, {SIZE}, {SIZE}] of float64", STEPS + 1)[..])?;
    convert(back, ["u.npy", "again/u", "again.h5"])?;
    let again = File::open(folder.0.join("again.h5")).and_then(|file| file.dataset("again/u")?.read_raw::<f64>());
    let again: Vec<_> = again.map_err(|cause| cause.to_string())?.into_iter().map(f64::to_bits).collect();
    let expected = undisturbed().clone()?;
    let u = expected.iter().find(|(name, ..)| name == "u").ok_or("there is no u")?;
    ensure(again == u.2, || "the numbers are others".into())
}

fn mistakes() -> Result<(), String> {
    let folder = Folder::new("mistakes")?;
    let says = |example: &str, args: &[&str], words: &[&str]| {
        let mut command = World::Embedded(2).example(example)?;
        command.args(args).current_dir(&folder.0);
        let ended = Job::start(command)?.ends(SOON)?;
        ensure(ended.code != Some(0) && !ended.stderr.contains("panicked"), || ended.all())?;
        words.iter().try_for_each(|word| ensure(ended.stderr.contains(word), || ended.all()))
    };
    says("npy_convert", &["a.h5", "u", "b.h5"], &["one of the two files must be an .npy file"])?;
    says("npy_convert", &["missing.h5", "u", "b.npy"], &["missing.h5", "No such file"])?;
    says("npy_convert", &["missing.npy", "u", "b.h5"], &["missing.npy", "No such file"])?;
    says("hdf5_pipeline", &["--out", "missing/a.h5"], &["missing/a.h5", "No such file"])?;
    finish(pipeline(World::Embedded(1), &folder.0, &[])?)?;
    says("hdf5_pipeline", &["--size", "3"], &["pipeline.ckpt has [17, 17] oscillators", "--size 17"])?;
    let size = |size: &str, words: &[&str]| says("hdf5_pipeline", &["--size", size], words);
    size("0", &["--size", "give 1 or more"])?;
    let shorter = || File::open_rw(folder.0.join("pipeline.h5"))?.dataset("u")?.resize((7, SIZE, SIZE));
    shorter().map_err(|cause| cause.to_string())?;
    size("17", &["pipeline.h5 has 7 frames of u", "pipeline.ckpt needs 21", "remove both"])?;
    equal(&contents(&folder.0.join("pipeline.h5"))?[1].1, &vec![7, SIZE, SIZE])?;
    std::fs::remove_file(folder.0.join("pipeline.h5")).map_err(|cause| cause.to_string())?;
    says("hdf5_pipeline", &["--size", "17"], &["pipeline.h5 is gone"])
}

/// Made by `scripts/setup`.
fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python")
}

fn python_plots_it() -> Result<(), String> {
    let folder = Folder::new("python")?;
    finish(pipeline(World::Embedded(2), &folder.0, &[])?)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/python/plot_pipeline.py");
    let mut command = Command::new(python());
    command.arg(script).args(["pipeline.h5", "pipeline.png"]).current_dir(&folder.0);
    let ended = Job::start(command)?.ends(SOON)?.exits_with(0)?;
    let (h5py, xarray) = (format!("h5py: ({}, {SIZE}, {SIZE}) of float64", STEPS + 1), "displacement in m");
    ensure(ended.stdout.contains(&h5py) && ended.stdout.contains(xarray), || ended.all())?;
    let picture = std::fs::read(folder.0.join("pipeline.png")).map_err(|cause| cause.to_string())?;
    ensure(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, || "there is no picture".into())
}
