//! Every element type, layout and dimension, there and back.

use super::{Folder, found};
use crate::layouts::{SHAPES, check_slabs, distributions, number, numbered};
use crate::{Case, cases};
use ndarray::{Array2, Ix2, IxDyn};
use num_complex::Complex;
use pmi_toolkit::array::{Element, H5Options, H5Reader, H5Writer};
use pmi_toolkit::prelude::*;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        every_layout_and_dimension
        every_element_type
        compressed_in_every_layout
        many_elements
        one_writes_for_all
        groups_of_tasks
    ]
}

fn every_layout_and_dimension() {
    layouts_and_dimensions(H5Writer::options());
}

/// Also where all tasks could write together.
fn one_writes_for_all() {
    layouts_and_dimensions(H5Writer::options().one_writer());
    compressed(H5Writer::options().one_writer());
}

fn layouts_and_dimensions(options: H5Options) {
    let folder = Folder::new();
    let path = folder.file("layouts.h5");
    let file = options.create(&path).unwrap();
    let mut names = Vec::new();
    for shape in SHAPES {
        for (of, from) in distributions(shape.len()).into_iter().enumerate() {
            let name = format!("shape{}/{of}", shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x"));
            file.dataset(&name).create(&numbered(shape, from)).unwrap();
            names.push((name, shape));
        }
    }
    file.close().unwrap();
    let file = H5Reader::open(&path).unwrap();
    for (name, shape) in &names {
        for to in distributions(shape.len()) {
            let read = file.select(name).distributed(to.clone()).load::<u64, IxDyn>().unwrap();
            assert_eq!((read.shape(), read.layout().axes()), (*shape, &to[..]));
            check_slabs(&read);
        }
    }
    drop(file);
    for (name, shape) in names {
        let numbers: Vec<u64> = (0..shape.iter().product::<usize>() as u64).collect();
        assert_eq!(found::<u64>(&path, &name), (shape.to_vec(), numbers), "{name}");
    }
}

/// A file of numbers of one type, and what the other side makes of it.
fn there_and_back<T: Element>(
    file: &H5Writer,
    name: &str,
    dtype: &str,
    f: impl Fn((usize, usize)) -> T + pmi::Portable + Send + Sync,
) {
    for (number, axes) in distributions(2).into_iter().enumerate() {
        let a = DistArray::from_fn((5, 7).distributed(axes.clone()), f);
        let name = format!("{name}{number}");
        file.dataset(&name).create(&a).unwrap();
        assert_eq!(file.dtype(&name).unwrap(), dtype);
        let back = file.select(&name).distributed(axes).load::<T, Ix2>().unwrap();
        assert_eq!(back.gather().unwrap(), Array2::from_shape_fn((5, 7), f), "{name}");
    }
}

fn every_element_type() {
    let folder = Folder::new();
    let path = folder.file("types.h5");
    let file = H5Writer::create(&path).unwrap();
    there_and_back(&file, "f32", "float32", |(i, j)| i as f32 - 0.5 * j as f32);
    there_and_back(&file, "f64", "float64", |(i, j)| (i as f64 / (j as f64 + 0.1)).exp());
    there_and_back(&file, "i8", "int8", |(i, j)| i as i8 * 25 - j as i8);
    there_and_back(&file, "i16", "int16", |(i, j)| -300 * i as i16 + j as i16);
    there_and_back(&file, "i32", "int32", |(i, j)| -70_000 * i as i32 + j as i32);
    there_and_back(&file, "i64", "int64", |(i, j)| i64::MIN + (i * j) as i64);
    there_and_back(&file, "u8", "uint8", |(i, j)| (i * 40 + j) as u8);
    there_and_back(&file, "u16", "uint16", |(i, j)| (i * 9000 + j) as u16);
    there_and_back(&file, "u32", "uint32", |(i, j)| u32::MAX - (i * j) as u32);
    there_and_back(&file, "u64", "uint64", |(i, j)| u64::MAX - (i + j) as u64);
    there_and_back(&file, "bool", "bool", |(i, j)| (i * j) % 3 == 1);
    there_and_back(&file, "c64_", "complex64", |(i, j)| Complex::new(i as f32, -(j as f32)));
    there_and_back(&file, "c128_", "complex128", |(i, j)| Complex::new(-(i as f64), 0.1 * j as f64));
    file.close().unwrap();
    assert_eq!(found::<u16>(&path, "u160").1[8], 9001);
    assert!(found::<bool>(&path, "bool0").1[8]);
}

fn compressed_in_every_layout() {
    compressed(H5Writer::options());
}

fn compressed(options: H5Options) {
    let folder = Folder::new();
    let path = folder.file("deflate.h5");
    let file = options.create(&path).unwrap();
    for shape in [&[13][..], &[4, 5], &[3, 2, 4], &[40, 11]] {
        for (number, from) in distributions(shape.len()).into_iter().enumerate() {
            let a = numbered(shape, from.clone());
            let chunk: Vec<_> = shape.iter().map(|len| len.div_ceil(3)).collect();
            let name = |kind: &str| format!("{kind}{}-{number}", shape[0]);
            file.dataset(&name("fit")).deflate(1).shuffle().create(&a).unwrap();
            file.dataset(&name("given")).chunk(&chunk).deflate(6).create(&a).unwrap();
            file.dataset(&name("plain")).chunk(&chunk).create(&a).unwrap();
            file.dataset(&name("shuffled")).chunk(&chunk).shuffle().create(&a).unwrap();
            for kind in ["fit", "given", "plain", "shuffled"] {
                check_slabs(&file.select(&name(kind)).distributed(from.clone()).load::<u64, IxDyn>().unwrap());
            }
        }
    }
    file.close().unwrap();
    let name = "given40-2";
    assert_eq!(found::<u64>(&path, name), (vec![40, 11], (0..440).collect()));
    let dataset = hdf5_metno::File::open(&path).unwrap().dataset(name).unwrap();
    assert_eq!((dataset.chunk(), dataset.filters().len()), (Some(vec![14, 4]), 1));
    assert!(dataset.storage_size() < 440 * 8);
}

/// More than one piece, round and chunk a task.
fn many_elements() {
    let folder = Folder::new();
    let path = folder.file("many.h5");
    let shape = (1500, 2100);
    let f = |(i, j): (usize, usize)| number(&[1500, 2100], &[i, j]) as f64;
    let cyclic = DistArray::from_fn(shape.distributed([Axis::BlockCyclic(3), Axis::Cyclic]), f);
    cyclic.save_hdf5(&path, "plain").unwrap();
    let file = H5Writer::open(&path).unwrap();
    file.dataset("deflated").deflate(1).shuffle().create(&cyclic).unwrap();
    for name in ["plain", "deflated"] {
        let rows = file.read::<f64, Ix2>(name).unwrap();
        assert!(rows.equal(&cyclic).all(), "{name}");
        let columns = file.select(name).distributed([Axis::Whole, Axis::Block]).load::<f64, Ix2>().unwrap();
        assert!(columns.equal(&cyclic).all(), "{name}");
    }
}

fn groups_of_tasks() {
    let tasks = pmi::size().unwrap();
    if tasks < 2 {
        return;
    }
    let folder = Folder::new();
    let path = folder.file("group.h5");
    let group = pmi::Group::new(1..tasks).unwrap();
    let written = path.clone();
    let sum = group.scope(move || {
        let a = DistArray::from_fn((9, 4), |(i, j)| (4 * i + j) as f64);
        a.save_hdf5(&written, "a").unwrap();
        DistArray::<f64, Ix2>::load_hdf5(&written, "a").unwrap().sum()
    });
    assert_eq!(sum.unwrap(), 630.0);
    assert_eq!(DistArray::<f64, Ix2>::load_hdf5(&path, "a").unwrap().sum(), 630.0);
}
