//! What takes the place of something: all of it, or nothing.

use super::{Folder, found};
use crate::{Case, cases};
use ndarray::{Ix1, Ix2};
use pmi_toolkit::array::{H5Reader, H5Value, H5Writer};
use pmi_toolkit::prelude::*;
use std::path::Path;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        a_dataset_that_cannot_be_replaced_stays
        attributes_that_cannot_be_set_stay
        scales_forget_what_is_replaced
        scales_that_others_have_deleted
        axes_that_grow_have_scales_that_grow
    ]
}

fn numbers() -> DistArray<f64, Ix2> {
    DistArray::from_fn((6, 5), |(i, j)| (5 * i + j) as f64)
}

/// More than HDF5 takes for an attribute.
fn too_long() -> Vec<f64> {
    vec![1.0; 10_000]
}

fn a_dataset_that_cannot_be_replaced_stays() {
    let folder = Folder::new();
    let path = folder.file("replaced.h5");
    let file = H5Writer::create(&path).unwrap();
    file.dataset("x").dims(["x"]).create(&DistArray::arange(0.0, 5.0, 1.0)).unwrap();
    file.dataset("a").dims(["y", "x"]).units("m").create(&numbers()).unwrap();
    file.dataset("g/a").create(&numbers()).unwrap();
    let other = DistArray::<f64, _>::ones((4, 5));
    let failed = |made: pmi_toolkit::array::Result<()>, words: &str| {
        let text = made.unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    };
    failed(file.dataset("a").replace().units("s").dims(["z", "x"]).create(&DistArray::full((4, 4), 1.0)), "\"x\"");
    for name in ["a", "g/a", "new/group/a"] {
        let new = || file.dataset(name).replace().units("s");
        failed(new().dims(["z", "w"]).attribute("text", "a\0b").create(&other), "a\\0b");
        failed(new().dims(["z", "w"]).attribute("long", too_long()).create(&other), name);
        failed(new().dims(["z", "a"]).create(&DistArray::<f64, _>::ones((4, 6))), name);
    }
    assert_eq!(file.names("/").unwrap(), ["a", "g", "x", "y"]);
    assert_eq!(file.attribute("a", "units").unwrap(), "m".into());
    assert_eq!(file.read::<f64, Ix2>("a").unwrap().gather().unwrap(), numbers().gather().unwrap());
    // It is still a user of its scales, which can grow no users of what failed.
    file.close().unwrap();
    assert_eq!((users(&path, "x"), users(&path, "y")), (1, 1));
    assert_eq!(found::<f64>(&path, "g/a").0, [6, 5]);
}

fn attributes_that_cannot_be_set_stay() {
    let folder = Folder::new();
    let file = H5Writer::create(folder.file("attributes.h5")).unwrap();
    file.dataset("a").attribute("valid", [0.0, 1.0]).create(&numbers()).unwrap();
    for of in ["/", "a"] {
        file.set_attribute(of, "valid", [0.0, 1.0]).unwrap();
        for value in [H5Value::from("a\0b"), H5Value::from(["a", "a\0b"]), H5Value::from(too_long())] {
            file.set_attribute(of, "valid", value.clone()).unwrap_err();
            file.set_attribute(of, "other", value).unwrap_err();
        }
        assert_eq!(file.attribute(of, "valid").unwrap(), [0.0, 1.0].into());
        file.set_attribute(of, "valid", "of another type").unwrap();
        file.set_attribute(of, "valid.new", 1).unwrap();
        file.set_attribute(of, "valid", 2).unwrap();
        let both = ["valid", "valid.new"].map(|name| file.attribute(of, name).unwrap());
        assert_eq!(both, [H5Value::Int(2), H5Value::Int(1)]);
        file.attribute(of, "other").unwrap_err();
    }
}

fn scales_forget_what_is_replaced() {
    let folder = Folder::new();
    let path = folder.file("scales.h5");
    for _ in 0..2 {
        let file = H5Writer::options();
        let file = if path.exists() { file.open(&path) } else { file.create(&path) }.unwrap();
        let x = DistArray::arange(0.0, 5.0, 1.0);
        file.dataset("x").dims(["x"]).replace().create(&x).unwrap();
        for _ in 0..3 {
            file.dataset("a").dims(["y", "x"]).replace().create(&numbers()).unwrap();
            file.dataset("b").dims(["y", "x"]).replace().create(&numbers()).unwrap();
            file.dataset("square").dims(["x", "x"]).replace().zeros::<f64, _>((5, 5)).unwrap();
        }
        file.flush().unwrap();
        assert!(file.dataset("x").replace().create(&x).unwrap_err().to_string().contains("coordinates"));
        assert_eq!((users(&path, "x"), users(&path, "y")), (4, 2));
        // Other axes, or none with names.
        file.dataset("a").dims(["y", "z"]).replace().create(&numbers()).unwrap();
        file.dataset("b").replace().create(&numbers()).unwrap();
        file.dataset("square").replace().zeros::<f64, _>((5, 5)).unwrap();
        file.flush().unwrap();
        assert_eq!((users(&path, "x"), users(&path, "y"), users(&path, "z")), (0, 1, 1));
        // Now nobody refers to it.
        file.dataset("x").dims(["x"]).replace().create(&x).unwrap();
        file.close().unwrap();
    }
    let file = H5Reader::open(&path).unwrap();
    assert_eq!(file.names("/").unwrap(), ["a", "b", "square", "x", "y", "z"]);
    assert_eq!(file.read::<f64, Ix1>("x").unwrap().sum(), 10.0);
}

/// With the references to them left behind.
fn scales_that_others_have_deleted() {
    let folder = Folder::new();
    let path = folder.file("deleted.h5");
    let frame = DistArray::<f64, _>::ones(5);
    let file = H5Writer::create(&path).unwrap();
    file.dataset("u").dims(["t", "x"]).unlimited().zeros::<f64, _>((0, 5)).unwrap();
    file.append("u", &frame).unwrap();
    file.close().unwrap();
    let other = hdf5_metno::File::append(&path).unwrap();
    ["t", "x"].iter().for_each(|name| other.unlink(name).unwrap());
    other.close().unwrap();
    let file = H5Writer::open(&path).unwrap();
    file.append("u", &frame).unwrap();
    file.flush().unwrap();
    assert_eq!(found::<f64>(&path, "u").0, [2, 5]);
    file.dataset("u").dims(["t", "x"]).unlimited().replace().zeros::<f64, _>((0, 5)).unwrap();
    file.append("u", &frame).unwrap();
    file.close().unwrap();
    assert_eq!((users(&path, "t"), found::<f32>(&path, "t").0), (1, vec![1]));
}

fn axes_that_grow_have_scales_that_grow() {
    let folder = Folder::new();
    let path = folder.file("scales.h5");
    let file = H5Writer::create(&path).unwrap();
    file.dataset("fixed").dims(["t", "y"]).zeros::<f64, _>((3, 2)).unwrap();
    let refused = file.dataset("u").dims(["t", "y"]).unlimited().zeros::<f64, _>((3, 2));
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("\"t\" cannot: make them unlimited"), "{text}");
    // One that two datasets have is as long as the longer of them.
    for name in ["a", "b"] {
        file.dataset(name).dims(["time", "y"]).unlimited().zeros::<f64, _>((0, 2)).unwrap();
    }
    assert_eq!(file.shape("time").unwrap(), [0]);
    let frame = DistArray::<f64, _>::ones(2);
    (0..3).for_each(|_| file.append("a", &frame).unwrap());
    file.append("b", &frame).unwrap();
    file.flush().unwrap();
    file.append("b", &frame).unwrap();
    file.flush().unwrap();
    assert_eq!(file.shape("time").unwrap(), [3]);
    // Nothing takes the place of a scale of its own.
    file.dataset("x").dims(["x"]).create(&DistArray::<f64, _>::ones(2)).unwrap();
    for name in ["x", "new"] {
        let made = file.dataset(name).dims(["y", name]).replace().zeros::<f64, _>((2, 2));
        let text = made.unwrap_err().to_string();
        assert!(text.contains("its own name is that of an axis"), "{text}");
    }
    file.close().unwrap();
    assert_eq!(found::<f64>(&path, "x").1, [1.0; 2]);
}

/// How many axes of datasets a scale says it belongs to.
fn users(path: &Path, name: &str) -> usize {
    let copy = path.with_extension("copy");
    std::fs::copy(path, &copy).unwrap();
    let scale = hdf5_metno::File::open(&copy).unwrap().dataset(name).unwrap();
    scale.attr("REFERENCE_LIST").map_or(0, |list| list.size())
}
