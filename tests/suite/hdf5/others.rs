//! Files of other programs, and what these make of ours: h5py and xarray, in the Python that `scripts/setup` prepares.

use super::Folder;
use crate::{Case, cases};
use ndarray::{Array2, Ix1, Ix2, Ix3};
use num_complex::Complex;
use pmi_toolkit::array::{H5Reader, H5Writer};
use pmi_toolkit::prelude::*;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn cases() -> Vec<Case> {
    cases![files_of_h5py h5py_reads_our_types xarray_opens_labelled]
}

/// The Python with h5py and xarray; `None` where it is missing, which is said.
fn python() -> Option<PathBuf> {
    let prepared = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python");
    let python = std::env::var_os("PMI_PYTHON").map_or(prepared, PathBuf::from);
    if !python.exists() {
        eprintln!("skipped: no Python with h5py and xarray at {}: scripts/setup makes it", python.display());
        return None;
    }
    Some(python)
}

/// Runs a program with a path as its argument; it must end well.
fn run(python: &Path, program: &str, path: &Path) {
    let mut command = Command::new(python);
    command.arg("-c").arg(program).arg(path);
    // It is no rank of this job.
    for (name, _) in std::env::vars() {
        if ["OMPI_", "PMIX_", "PMI_", "PRTE_", "HYDRA_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn files_of_h5py() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let path = folder.file("theirs.h5");
    let program = r#"
import h5py, numpy as np, sys
with h5py.File(sys.argv[1], "w") as f:
    a = np.arange(77 * 53, dtype="f8").reshape(77, 53)
    f["plain"] = a
    f.create_dataset("chunks", data=a, chunks=(10, 7))
    f.create_dataset("gzip", data=a, chunks=(13, 53), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("auto", data=a, compression="gzip", maxshape=(None, None))
    f["big"] = a.astype(">f8")
    f["big_int"] = np.arange(-5, 6).astype(">i4")
    f["bool"] = np.arange(9) % 3 == 1
    f["complex"] = (np.arange(5) + 1j).astype("c16")
    f["big_complex"] = (np.arange(5) - 2j).astype(">c8")
    f["text"] = "no numbers"
    f["plain"].attrs["units"] = "K"
    f["plain"].attrs["offset"] = np.float32(0.5)
    f["plain"].attrs["fixed"] = np.bytes_("bytes")
    f["plain"].attrs["flags"] = np.array([1, 2], dtype="i2")
"#;
    run(&python, program, &path);
    let file = H5Reader::open(&path).unwrap();
    let expected = Array2::from_shape_fn((77, 53), |(i, j)| (53 * i + j) as f64);
    for name in ["plain", "chunks", "gzip", "auto", "big"] {
        for axes in crate::layouts::distributions(2) {
            let read = file.select(name).distributed(axes).load::<f64, Ix2>().unwrap();
            assert_eq!(read.gather().unwrap(), expected, "{name}");
        }
        let part = file.read_slice::<f64, Ix2>(name, &[9..31, 6..8]).unwrap();
        assert_eq!(part.gather().unwrap(), expected.slice(ndarray::s![9..31, 6..8]), "{name}");
    }
    assert_eq!(file.read::<i32, Ix1>("big_int").unwrap().to_vec().unwrap(), (-5..6).collect::<Vec<_>>());
    let floats = file.select("big_int").convert().load::<f32, Ix1>().unwrap();
    assert_eq!(floats.to_vec().unwrap(), (-5..6).map(|i| i as f32).collect::<Vec<_>>());
    let bools: Vec<_> = (0..9).map(|i| i % 3 == 1).collect();
    assert_eq!(file.read::<bool, Ix1>("bool").unwrap().to_vec().unwrap(), bools);
    let complex: Vec<_> = (0..5).map(|i| Complex::new(i as f64, 1.0)).collect();
    assert_eq!(file.read::<Complex<f64>, Ix1>("complex").unwrap().to_vec().unwrap(), complex);
    let complex: Vec<_> = (0..5).map(|i| Complex::new(i as f32, -2.0)).collect();
    assert_eq!(file.read::<Complex<f32>, Ix1>("big_complex").unwrap().to_vec().unwrap(), complex);
    let text = file.read::<f64, Ix1>("text").unwrap_err().to_string();
    assert!(text.contains("\"text\"") && text.contains("cannot be converted"), "{text}");
    assert_eq!(file.attribute("plain", "units").unwrap(), "K".into());
    assert_eq!(file.attribute("plain", "offset").unwrap(), 0.5.into());
    assert_eq!(file.attribute("plain", "fixed").unwrap(), "bytes".into());
    assert_eq!(file.attribute("plain", "flags").unwrap(), [1i64, 2].into());
}

fn h5py_reads_our_types() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let path = folder.file("ours.h5");
    let file = H5Writer::create(&path).unwrap();
    let shape = || (6, 4).distributed([Axis::Cyclic, Axis::BlockCyclic(3)]);
    file.dataset("bool").create(&DistArray::from_fn(shape(), |(i, j)| (i + j) % 3 == 0)).unwrap();
    file.dataset("c8").create(&DistArray::from_fn(shape(), |(i, j)| Complex::new(i as f32, j as f32))).unwrap();
    file.dataset("c16")
        .deflate(3)
        .create(&DistArray::from_fn(shape(), |(i, j)| Complex::new(i as f64, j as f64)))
        .unwrap();
    file.dataset("u2").create(&DistArray::from_fn(shape(), |(i, j)| (4 * i + j) as u16)).unwrap();
    file.dataset("f4").deflate(1).shuffle().create(&DistArray::from_fn(shape(), |(i, j)| (4 * i + j) as f32)).unwrap();
    file.dataset("empty").create(&DistArray::<f64, _>::zeros((3, 0))).unwrap();
    file.set_attribute("u2", "units", "K").unwrap();
    file.set_attribute("u2", "valid", true).unwrap();
    file.set_attribute("/", "names", ["a", "b"]).unwrap();
    file.close().unwrap();
    let program = r#"
import h5py, numpy as np, sys
with h5py.File(sys.argv[1], "r") as f:
    i, j = np.indices((6, 4))
    for name, dtype, values in [("bool", "?", (i + j) % 3 == 0), ("c8", "c8", i + 1j * j), ("c16", "c16", i + 1j * j),
                                ("u2", "u2", 4 * i + j), ("f4", "f4", 4 * i + j)]:
        assert f[name].dtype == np.dtype(dtype), f[name]
        assert (f[name][...] == values).all(), f[name][...]
    assert f["empty"].shape == (3, 0)
    assert f["f4"].compression == "gzip" and f["f4"].shuffle and f["f4"].compression_opts == 1
    assert f["u2"].attrs["units"] == "K" and f["u2"].attrs["valid"] == True
    assert list(f.attrs["names"]) == ["a", "b"]
"#;
    run(&python, program, &path);
}

fn xarray_opens_labelled() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let path = folder.file("labelled.h5");
    let file = H5Writer::create(&path).unwrap();
    file.set_attribute("/", "title", "waves").unwrap();
    file.dataset("x").dims(["x"]).units("m").create(&DistArray::linspace(0.0, 1.0, 5)).unwrap();
    file.dataset("time").dims(["time"]).unlimited().zeros::<f64, _>(0).unwrap();
    file.dataset("wave")
        .dims(["time", "y", "x"])
        .units("K")
        .deflate(1)
        .shuffle()
        .unlimited()
        .zeros::<f64, _>((0, 4, 5))
        .unwrap();
    file.dataset("mask").dims(["y", "x"]).create(&DistArray::from_fn((4, 5), |(y, x)| (y + x) as i32)).unwrap();
    file.dataset("runs/count").dims(["step"]).unlimited().zeros::<i64, _>(0).unwrap();
    for step in 0..3i64 {
        file.append("time", &DistArray::full((), 0.25 * step as f64)).unwrap();
        let frame = DistArray::from_fn((4, 5), |(y, x)| (10 * y + x) as f64);
        file.append("wave", &(&frame + step as f64 * 100.0).eval()).unwrap();
        file.append("runs/count", &DistArray::full((), step)).unwrap();
    }
    assert_eq!(file.read::<f64, Ix3>("wave").unwrap().get((2, 3, 4)), 234.0);
    file.close().unwrap();
    let program = r#"
import numpy as np, sys, xarray
with xarray.open_dataset(sys.argv[1], engine="h5netcdf") as ds:
    assert ds.attrs["title"] == "waves"
    assert ds["wave"].dims == ("time", "y", "x") and ds["wave"].shape == (3, 4, 5), ds
    assert ds["mask"].dims == ("y", "x")
    assert set(ds.coords) == {"x", "time"}, ds.coords
    assert ds["wave"].attrs["units"] == "K" and ds["x"].attrs["units"] == "m"
    assert (ds["time"].values == [0, 0.25, 0.5]).all()
    assert float(ds["wave"].sel(time=0.5, x=1.0)[3]) == 234.0
    assert float(ds["wave"].mean()) == 117.0
with xarray.open_dataset(sys.argv[1], engine="h5netcdf", group="runs") as ds:
    assert ds["count"].dims == ("step",) and (ds["count"].values == [0, 1, 2]).all(), ds
import h5py
with h5py.File(sys.argv[1]) as f:
    assert [d.label for d in f["wave"].dims] == ["", "", ""]
    assert f["wave"].dims[2][0].name == "/x" and f["x"].is_scale
"#;
    run(&python, program, &path);
}
