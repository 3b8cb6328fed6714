//! What Python reads and writes.
//!
//! With the interpreter in `target/python`, which `scripts/setup` makes; without it these cases are not there.

use crate::folders::Folder;
use crate::{Case, cases};
use ndarray::{Array2, Ix2, IxDyn};
use num_complex::Complex;
use pmi_toolkit::prelude::*;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn cases() -> Vec<Case> {
    if !python().exists() {
        return Vec::new();
    }
    let cases = cases![numpy_reads_ours numpy_writes_for_us];
    #[cfg(feature = "zarr")]
    let cases = cases.into_iter().chain(cases![zarr_reads_ours zarr_writes_for_us]).collect();
    cases
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

#[cfg(feature = "zarr")]
fn zarr_reads_ours() {
    let folder = Folder::new();
    macro_rules! save {
        ($($name:literal, $type:ty, $f:expr;)*) => {$(
            let a = DistArray::from_array(&Array2::from_shape_fn((9, 7), |(i, j)| $f(7 * i + j)));
            a.save_zarr(folder.file($name)).unwrap();
            a.zarr().chunk([4, 3]).gzip(1).save(folder.file(concat!($name, "-gzip"))).unwrap();
            let zarr = a.redistribute([Axis::Cyclic, Axis::Block]).zarr().chunk([9, 2]).zstd(0);
            zarr.dims(["y", "x"]).attribute("units", "K").save(folder.file(concat!($name, "-zstd"))).unwrap();
        )*};
    }
    each_type!(save);
    DistArray::<f64, IxDyn>::ones(vec![]).save_zarr(folder.file("no-axes")).unwrap();
    DistArray::<f64, _>::ones((3, 0)).save_zarr(folder.file("empty")).unwrap();
    let check = "
import zarr
for name, a in arrays.items():
    for suffix in ['', '-gzip', '-zstd']:
        b = zarr.open_array(name + suffix, mode='r')
        assert b.metadata.zarr_format == 3 and b.dtype == a.dtype and b.shape == a.shape, (name, suffix, b)
        assert (a == b[...]).all(), (name, suffix, b[...])
    assert b.chunks == (9, 2) and dict(b.attrs) == {'units': 'K'} and b.metadata.dimension_names == ('y', 'x')
assert zarr.open_array('no-axes', mode='r').shape == () and zarr.open_array('no-axes', mode='r')[()] == 1
assert zarr.open_array('empty', mode='r').shape == (3, 0)
";
    run(&folder, &format!("{ARRAYS}{check}"));
}

#[cfg(feature = "zarr")]
fn zarr_writes_for_us() {
    let folder = Folder::new();
    let save = "
import zarr
from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec
ways = {
    'whole': dict(chunks=(9, 7)),
    'ones': dict(chunks=(1, 1), compressors=None),
    'large': dict(chunks=(20, 4), compressors=[GzipCodec(level=5)]),
    'sums': dict(chunks=(2, 7), compressors=[ZstdCodec(level=1, checksum=True), Crc32cCodec()]),
    'turned': dict(chunks=(4, 3), filters=[TransposeCodec(order=(1, 0))], compressors=None),
    'big': dict(chunks=(5, 5), serializer=BytesCodec(endian='big'), compressors=None),
    'shards': dict(chunks=(2, 3), shards=(6, 6)),
    'plain-shards': dict(chunks=(2, 2), shards=(4, 8), compressors=None),
    'dots': dict(chunks=(3, 3), chunk_key_encoding={'name': 'v2', 'separator': '.'}),
}
group = zarr.create_group('all')
for name, a in arrays.items():
    for way, options in ways.items():
        group.create_array(f'{way}/{name}', shape=a.shape, dtype=a.dtype, **options)[...] = a
    # Chunks that are not there are the fill value.
    b = group.create_array(f'fill/{name}', shape=a.shape, chunks=(2, 3), dtype=a.dtype, fill_value=a[1, 1])
    b[5:, 4:] = a[5:, 4:]
group.create_array('no-axes', shape=(), dtype='f8')[()] = 2.5
group.create_array('empty', shape=(3, 0), dtype='f8', chunks=(2, 2))
group.create_array('nan', shape=(30,), dtype='f4', chunks=(7,), fill_value=np.nan)
";
    run(&folder, &format!("{ARRAYS}{save}"));
    let layouts = [[Axis::Block, Axis::Whole], [Axis::Whole, Axis::Cyclic], [Axis::BlockCyclic(2), Axis::Block]];
    macro_rules! load {
        ($($name:literal, $type:ty, $f:expr;)*) => {$(
            let serial = Array2::from_shape_fn((9, 7), |(i, j)| $f(7 * i + j));
            for way in ["whole", "ones", "large", "sums", "turned", "big", "shards", "plain-shards", "dots"] {
                let path = folder.file(&format!("all/{way}/{}", $name));
                for layout in layouts.clone() {
                    let a = DistArray::<$type, Ix2>::load_zarr_as(&path, layout).unwrap();
                    assert_eq!(a.gather().unwrap(), serial, "{way}");
                }
            }
            let fill = serial[(1, 1)];
            let filled = Array2::from_shape_fn((9, 7), |at| if at.0 >= 5 && at.1 >= 4 { serial[at] } else { fill });
            let a = DistArray::<$type, Ix2>::load_zarr(folder.file(concat!("all/fill/", $name))).unwrap();
            assert_eq!(a.gather().unwrap(), filled);
        )*};
    }
    each_type!(load);
    let single = DistArray::<f64, IxDyn>::load_zarr(folder.file("all/no-axes")).unwrap();
    assert_eq!((single.shape(), single.to_vec().unwrap()), (&[][..], vec![2.5]));
    assert_eq!(DistArray::<f64, Ix2>::load_zarr(folder.file("all/empty")).unwrap().shape(), [3, 0]);
    let nan = DistArray::<f32, ndarray::Ix1>::load_zarr(folder.file("all/nan")).unwrap().to_vec().unwrap();
    assert!(nan.len() == 30 && nan.iter().all(|x| x.is_nan()));
    let error = DistArray::<f64, Ix2>::load_zarr(folder.file("all")).unwrap_err();
    assert!(error.to_string().contains("group of Zarr arrays"), "{error}");
}
