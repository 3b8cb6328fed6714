//! What Python reads and writes.
//!
//! With the interpreter in `target/python`, which `scripts/setup` makes; without it these cases are not there.

use super::Folder;
use crate::{Case, cases};
use ndarray::{Array2, Ix2, IxDyn};
use num_complex::Complex;
use pmi_toolkit::prelude::*;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn cases() -> Vec<Case> {
    if python().exists() { cases![numpy_reads_ours numpy_writes_for_us] } else { Vec::new() }
}

fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python")
}

/// Runs a script in a folder.
pub(super) fn run(folder: &Folder, script: &str) {
    let output = Command::new(python()).args(["-c", script]).current_dir(&folder.0).output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// One array of each type: `each!(name, |n| element, ...)`.
macro_rules! each_type {
    ($check:ident) => {
        $check! {
            "float32", f32, |n| n as f32 / 2.0; "float64", f64, |n| n as f64 / 2.0; "int8", i8, |n| n as i8 - 9;
            "int16", i16, |n| n as i16 - 9; "int32", i32, |n| n as i32 - 9; "int64", i64, |n| n as i64 - 9;
            "uint8", u8, |n| n as u8; "uint16", u16, |n| n as u16; "uint32", u32, |n| n as u32;
            "uint64", u64, |n| n as u64; "bool", bool, |n: usize| n.is_multiple_of(3);
            "complex64", Complex<f32>, |n| Complex::new(n as f32, 0.5);
            "complex128", Complex<f64>, |n| Complex::new(n as f64, -0.5);
        }
    };
}

/// The same in NumPy.
const ARRAYS: &str = "
import numpy as np
n = np.arange(63).reshape(9, 7)
arrays = {'float32': n / 2, 'float64': n / 2, 'bool': n % 3 == 0, 'complex64': n + 0.5j, 'complex128': n - 0.5j}
for name in 'int8 int16 int32 int64'.split(): arrays[name] = n - 9
for name in 'uint8 uint16 uint32 uint64'.split(): arrays[name] = n
arrays = {name: a.astype(name) for name, a in arrays.items()}
";

fn numpy_reads_ours() {
    let folder = Folder::new();
    macro_rules! save {
        ($($name:literal, $type:ty, $f:expr;)*) => {$(
            let a = DistArray::from_array(&Array2::from_shape_fn((9, 7), |(i, j)| $f(7 * i + j)));
            a.save_npy(folder.file(concat!($name, ".npy"))).unwrap();
            a.save_npy_fortran_order(folder.file(concat!($name, "-f.npy"))).unwrap();
        )*};
    }
    each_type!(save);
    DistArray::<f64, IxDyn>::ones(vec![]).save_npy(folder.file("no-axes.npy")).unwrap();
    DistArray::<f64, _>::ones((3, 0)).save_npy(folder.file("empty.npy")).unwrap();
    let check = "
for name, a in arrays.items():
    for suffix in ['', '-f']:
        b = np.load(name + suffix + '.npy', mmap_mode='r')
        assert b.dtype == a.dtype and b.shape == a.shape and (a == b).all(), (name, suffix, b)
        assert b.flags.f_contiguous == (suffix == '-f')
assert np.load('no-axes.npy').shape == () and np.load('no-axes.npy') == 1
assert np.load('empty.npy').shape == (3, 0)
";
    run(&folder, &format!("{ARRAYS}{check}"));
}

fn numpy_writes_for_us() {
    let folder = Folder::new();
    let save = "
for name, a in arrays.items():
    np.save(name + '.npy', a)
    np.save(name + '-f.npy', np.asfortranarray(a))
    np.save(name + '-big.npy', a.astype(a.dtype.newbyteorder('>')))
    for version in [2, 3]:
        with open(f'{name}-{version}.npy', 'wb') as file: np.lib.format.write_array(file, a, (version, 0))
";
    run(&folder, &format!("{ARRAYS}{save}"));
    macro_rules! load {
        ($($name:literal, $type:ty, $f:expr;)*) => {$(
            let serial = Array2::from_shape_fn((9, 7), |(i, j)| $f(7 * i + j));
            for suffix in ["", "-f", "-big", "-2", "-3"] {
                let path = folder.file(&format!("{}{suffix}.npy", $name));
                assert_eq!(DistArray::<$type, Ix2>::load_npy(path).unwrap().gather().unwrap(), serial);
            }
        )*};
    }
    each_type!(load);
}
