//! HDF5 files.
//!
//! - `write`, `read`: one contiguous dataset of f64, from before the file is created or opened until it is closed,
//!   against C with parallel HDF5 and collective transfers.
//! - `deflate`: the same, chunks of 1 MiB shuffled and deflated at level 1; 2 ranks, and 1 rank with 2 threads.
//! - `1000 appends of 1 MB`: frames of a dataset that grows, against one write of 1 GB.
//! - `overlap`: steps that compute a frame for as long as writing one takes: how many times shorter they are than one
//!   after the other; and against what C gains, as a busy core may slow the other.
//! - `extra memory`: the most that a rank has resident while a block-cyclic array is written; against 128 MiB.

#[cfg(not(feature = "hdf5-mpio"))]
pub(crate) fn compare(bench: &mut crate::support::Bench) {
    use crate::support::{Missing, Row};
    let missing = || Err::<f64, _>(Missing::because("built without the feature hdf5-mpio"));
    bench.compare([Row::rate("HDF5", "MB/s")], missing, 1.0);
}

#[cfg(feature = "hdf5-mpio")]
pub(crate) use measured::compare;

#[cfg(feature = "hdf5-mpio")]
mod measured {
    use crate::support::{Bench, Figures, Missing, Row, Yardstick, median, timed};
    use ndarray::Ix2;
    use pmi_toolkit::array::H5Writer;
    use pmi_toolkit::prelude::*;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};
    use std::{env, fs};

    const COLUMNS: usize = 1 << 14;
    /// 1 MiB of rows.
    const CHUNK: usize = 8;

    fn disk() -> String {
        env::var("PMI_BENCH_DISK").unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").into())
    }

    /// A figure of every case: where, how large, how often, on how many ranks.
    const CASES: [(&str, usize, usize, usize); 8] = [
        ("/dev/shm", 512, 5, 1),
        ("/dev/shm", 512, 5, 2),
        ("disk", 512, 5, 1),
        ("disk", 512, 5, 2),
        ("/dev/shm", 4096, 1, 1),
        ("/dev/shm", 4096, 1, 2),
        ("disk", 4096, 1, 1),
        ("disk", 4096, 1, 2),
    ];

    pub(crate) fn compare(bench: &mut Bench) {
        for (folder, megabytes, repetitions, ranks) in CASES {
            let (rows, title) = (megabytes << 20 >> 17, format!("{megabytes} MiB, {ranks} ranks, {folder}"));
            let folder = if folder == "disk" { disk() } else { folder.into() };
            let name: &'static str = format!("plain {title}").leak();
            let ours = bench.on_ranks(ranks, name, || there_and_back(&folder, rows, repetitions, 1, None));
            bench.compare(
                [
                    Row::rate(format!("write {title}"), "MB/s").figure("write").target(0.95),
                    Row::rate(format!("read {title}"), "MB/s").figure("read").target(0.95),
                ],
                ours,
                c(&folder, rows, repetitions, 0, ranks),
            );
        }
        deflate(bench);
        steps(bench);
        let memory = bench.on_ranks(2, "memory", memory);
        bench.compare([Row::time("extra memory, block-cyclic 2 GiB written", "MiB").target(1.0)], memory, 128.0);
    }

    fn c(folder: &str, rows: usize, repetitions: usize, chunk: usize, ranks: usize) -> Yardstick {
        let mpi = env::var("HDF5_DIR").unwrap_or("/usr/lib/x86_64-linux-gnu/hdf5/openmpi".into());
        Yardstick::mpi("hdf5.c", ranks)
            .flags([
                format!("-I{mpi}/include"),
                format!("-L{mpi}/lib"),
                format!("-Wl,-rpath,{mpi}/lib"),
                "-lhdf5".into(),
            ])
            .args([
                folder.to_string(),
                rows.to_string(),
                COLUMNS.to_string(),
                repetitions.to_string(),
                chunk.to_string(),
            ])
    }

    fn deflate(bench: &mut Bench) {
        let (folder, rows) = ("/dev/shm", 512 << 20 >> 17);
        for (ranks, threads, target) in [(2, 1, 1.0), (1, 2, 1.5)] {
            let title = format!("deflate, 512 MiB, {ranks} ranks x {threads} threads");
            let name: &'static str = title.clone().leak();
            let ours = bench.on_ranks(ranks, name, || there_and_back(folder, rows, 1, threads, Some(CHUNK)));
            let row = Row::rate(title, "MB/s").figure("write").target(target);
            bench.compare([row], ours, c(folder, rows, 1, CHUNK, ranks));
        }
    }

    fn path(folder: &str) -> PathBuf {
        Path::new(folder).join("pmi-bench.h5")
    }

    /// What was dropped goes with the next command: outside of the time.
    fn tidy() -> Result<(), Missing> {
        Ok(pmi::exec(|_: &Task, ()| (), ())?)
    }

    /// MB/s of writing and reading.
    fn there_and_back(
        folder: &str,
        rows: usize,
        repetitions: usize,
        threads: usize,
        chunk: Option<usize>,
    ) -> Result<Figures, Missing> {
        let _pmi = pmi::Setup::new().threads(threads).start()?;
        let array = DistArray::from_fn((rows, COLUMNS), |(i, j)| ((i * COLUMNS + j) % 1000) as f64);
        let path = path(folder);
        let (mut writes, mut reads) = (Vec::new(), Vec::new());
        for _ in 0..repetitions {
            let _ = fs::remove_file(&path);
            let (seconds, wrote) = timed(|| match chunk {
                None => array.save_hdf5(&path, "x"),
                Some(chunk) => {
                    let file = H5Writer::create(&path)?;
                    file.dataset("x").chunk([chunk, COLUMNS]).shuffle().deflate(1).create(&array)?;
                    file.close()
                }
            });
            wrote?;
            writes.push(seconds);
        }
        // The first goes into new memory, which the others use again.
        for _ in 0..=repetitions {
            let (seconds, read) = timed(|| DistArray::<f64, Ix2>::load_hdf5(&path, "x"));
            drop(read?);
            tidy()?;
            reads.push(seconds);
        }
        fs::remove_file(&path)?;
        let rate = |seconds: Vec<f64>| (rows * COLUMNS * 8) as f64 / 1e6 / median(seconds);
        Ok([("write", rate(writes)), ("read", rate(reads.split_off(1)))].into())
    }

    const FRAMES: usize = 1000;
    const FRAME: (usize, usize) = (256, 512);

    fn steps(bench: &mut Bench) {
        for ranks in [1, 2] {
            let (many, one): (&'static str, &'static str) =
                (format!("appends {ranks}").leak(), format!("one write {ranks}").leak());
            let ours = bench.on_ranks(ranks, many, || appends("/dev/shm"));
            let whole = bench.on_ranks(ranks, one, || one_write("/dev/shm"));
            let row = Row::time(format!("1000 appends of 1 MiB, {ranks} ranks"), "s").target(0.7);
            bench.compare([row], ours, whole);
        }
        for folder in ["/dev/shm", "disk"] {
            let name: &'static str = format!("overlap {folder}").leak();
            let place = if folder == "disk" { disk() } else { folder.into() };
            let ours = bench.on_ranks(1, name, || gain(&place));
            let row =
                |against: &str| Row::rate(format!("overlap of 20 frames of 64 MiB, {folder}; {against}"), "times");
            bench.compare([row("to gain").target(1.6)], ours.clone(), 1.0);
            let c = Yardstick::c("overlap.c").flags(["-O3", "-pthread"]);
            let c = c.args([place.clone(), STEPS.to_string(), "64".into()]);
            bench.compare([row("as C gains").target(0.95)], ours, c);
        }
    }

    fn appends(folder: &str) -> Result<f64, Missing> {
        let _pmi = pmi::Setup::new().threads(1).start()?;
        let frame = DistArray::from_fn(FRAME, |(i, j)| (i + j) as f64);
        let path = path(folder);
        let _ = fs::remove_file(&path);
        let (seconds, wrote) = timed(|| {
            let file = H5Writer::create(&path)?;
            file.dataset("x").unlimited().zeros::<f64, _>((0, FRAME.0, FRAME.1))?;
            for _ in 0..FRAMES {
                file.append("x", &frame)?;
            }
            file.close()
        });
        wrote?;
        fs::remove_file(&path)?;
        Ok(seconds)
    }

    fn one_write(folder: &str) -> Result<f64, Missing> {
        let _pmi = pmi::Setup::new().threads(1).start()?;
        let all = DistArray::from_fn((FRAMES * FRAME.0, FRAME.1), |(i, j)| (i + j) as f64);
        let path = path(folder);
        let _ = fs::remove_file(&path);
        let (seconds, wrote) = timed(|| all.save_hdf5(&path, "x"));
        wrote?;
        fs::remove_file(&path)?;
        Ok(seconds)
    }

    const STEPS: usize = 20;

    /// How many times shorter steps are whose frame is written while the next is computed, which takes as long as
    /// writing one does by itself.
    fn gain(folder: &str) -> Result<f64, Missing> {
        let _pmi = pmi::Setup::new().threads(1).start()?;
        let mut frame = DistArray::from_fn((1 << 13, 1 << 10), |(i, j)| (i + j) as f64);
        let path = path(folder);
        let mut run = |compute: Duration, overlap: bool| {
            let _ = fs::remove_file(&path);
            let (seconds, wrote) = timed(|| {
                let file = H5Writer::options().overlap(overlap).create(&path)?;
                file.dataset("x").unlimited().zeros::<f64, _>((0, 1 << 13, 1 << 10))?;
                for _ in 0..STEPS {
                    let end = Instant::now() + compute;
                    // A new frame, while the last is on its way, and what it takes beside.
                    if !compute.is_zero() {
                        frame += 1.0;
                    }
                    while Instant::now() < end {}
                    file.append("x", &frame)?;
                }
                file.close()
            });
            wrote.map(|()| seconds)
        };
        // The first writes into memory that is new to the machine, too, the others do not.
        run(Duration::ZERO, false)?;
        let compute = Duration::from_secs_f64(run(Duration::ZERO, false)? / STEPS as f64);
        let gain = run(compute, false)? / run(compute, true)?;
        fs::remove_file(&path)?;
        Ok(gain)
    }

    /// The MiB that the rank with most of them had resident while it wrote, beside the array.
    fn memory() -> Result<f64, Missing> {
        let _pmi = pmi::Setup::new().threads(1).start()?;
        let array =
            DistArray::<f64, _>::ones((1 << 14, 1 << 14).distributed([Axis::BlockCyclic(64), Axis::BlockCyclic(64)]));
        let path = path(&disk());
        // A first, small file: what the libraries allocate once is not counted.
        DistArray::<f64, _>::ones((100, 100)).save_hdf5(&path, "x")?;
        let before = pmi::invoke(
            |_: &Task, ()| {
                // Resets the peak: proc(5).
                let _ = fs::write("/proc/self/clear_refs", "5");
                resident("VmRSS:")
            },
            (),
        )?;
        array.save_hdf5(&path, "y")?;
        let peak = pmi::invoke(|_: &Task, ()| resident("VmHWM:"), ())?;
        fs::remove_file(&path)?;
        let extra: Option<Vec<f64>> =
            before.iter().zip(&peak).map(|(before, peak)| Some((*peak)? - (*before)?)).collect();
        let extra = extra.ok_or_else(|| Missing::because("the system does not tell the memory of a process"))?;
        Ok(extra.into_iter().fold(0.0, f64::max))
    }

    /// A line of the process's status, in MiB.
    fn resident(what: &str) -> Option<f64> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(what))?;
        line.trim().strip_suffix(" kB")?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
    }
}
