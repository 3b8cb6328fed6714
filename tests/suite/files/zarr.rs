//! Zarr arrays, there and back, and what goes wrong with them.

use super::failures::check;
use super::{come_back, groups_have_them_too};
use crate::folders::{Folder, SmallDisk, list};
use crate::layouts::refusal;
use crate::{Case, cases};
use ndarray::{Array2, Dimension, Ix1, Ix2, IxDyn};
use pmi_toolkit::array::{Element, Error, array_equal};
use pmi_toolkit::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        every_layout_comes_back_in_every_other
        every_type_comes_back
        what_is_in_the_folder
        chunks_of_every_shape
        arrays_of_several_pieces
        groups_have_arrays_too
        what_makes_no_sense
        what_cannot_be_read
        damaged_arrays
        arrays_of_other_types_and_shapes
        what_cannot_be_written
        what_is_no_array_stays
        a_full_disk
        an_older_array_is_there_until_the_new_one
        one_program_at_a_time
    ]
}

type Loaded<T> = Result<DistArray<T, Ix2>, Error>;

fn load(path: impl AsRef<Path>) -> Loaded<f64> {
    DistArray::load_zarr(path)
}

fn every_layout_comes_back_in_every_other() {
    let folder = Folder::new();
    let path = folder.file("a.zarr");
    let save = |number: usize, a: &DistArray<u64, IxDyn>| {
        let (halves, ones): (Vec<_>, Vec<_>) = a.shape().iter().map(|len| (len.div_ceil(2).max(1), 1)).unzip();
        match number % 3 {
            0 => a.save_zarr(&path),
            1 => a.zarr().chunk(halves).save(&path),
            _ => a.zarr().chunk(ones).zstd(1).save(&path),
        }
        .unwrap();
    };
    come_back(save, |layout| match layout {
        Some(layout) => DistArray::load_zarr_as(&path, layout),
        None => DistArray::load_zarr(&path),
    });
    assert_eq!(folder.list(), ["a.zarr"]);
}

fn every_type_comes_back() {
    let folder = Folder::new();
    macro_rules! check {
        ($($type:ty: $f:expr;)*) => {$(
            let path = folder.file(concat!(stringify!($type), ".zarr"));
            let serial = Array2::from_shape_fn((9, 7), |(i, j)| $f(7 * i + j));
            let a = DistArray::from_array(&serial).redistribute([Axis::Cyclic, Axis::Block]);
            a.save_zarr(&path).unwrap();
            assert_eq!(DistArray::<$type, Ix2>::load_zarr(&path).unwrap().gather().unwrap(), serial);
            a.zarr().chunk([4, 3]).gzip(5).save(&path).unwrap();
            let b = DistArray::<$type, Ix2>::load_zarr_as(&path, [Axis::Whole, Axis::Block]).unwrap();
            assert_eq!(b.gather().unwrap(), serial);
        )*};
    }
    all_types!(check);
}

fn what_is_in_the_folder() {
    let folder = Folder::new();
    let path = folder.file("a.zarr");
    let a = DistArray::from_fn((4, 3), |(i, j)| if i < 2 { (10 * i + j) as u16 } else { 0 });
    a.zarr()
        .chunk([2, 2])
        .dims(["y", "x"])
        .attribute("units", "K")
        .attribute("levels", vec![1, 2])
        .save(&path)
        .unwrap();
    // Chunks of zeros are not there.
    assert_eq!((list(&path), list(&path.join("c"))), (vec!["c".into(), "zarr.json".into()], vec!["0".to_string()]));
    assert_eq!(list(&path.join("c/0")), ["0", "1"]);
    let numbers = |numbers: [u16; 4]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>();
    assert_eq!(fs::read(path.join("c/0/0")).unwrap(), numbers([0, 1, 10, 11]));
    assert_eq!(fs::read(path.join("c/0/1")).unwrap(), numbers([2, 0, 12, 0]));
    let metadata: serde_json::Value = serde_json::from_slice(&fs::read(path.join("zarr.json")).unwrap()).unwrap();
    assert_eq!(metadata["shape"], serde_json::json!([4, 3]));
    assert_eq!(metadata["dimension_names"], serde_json::json!(["y", "x"]));
    assert_eq!(metadata["attributes"], serde_json::json!({"units": "K", "levels": [1, 2]}));
    // Another takes its place, none of its chunks are left.
    DistArray::<f64, _>::zeros(5).save_zarr(format!("{}/", path.display())).unwrap();
    assert_eq!((list(&path), folder.list()), (vec!["zarr.json".to_string()], vec!["a.zarr".to_string()]));
    // A link stays one.
    std::os::unix::fs::symlink(&path, folder.file("link")).unwrap();
    a.save_zarr(folder.file("link")).unwrap();
    assert!(folder.file("link").is_symlink());
    assert!(array_equal(&a, &DistArray::<u16, Ix2>::load_zarr(&path).unwrap()));
    assert_eq!(folder.list(), ["a.zarr", "link"]);
}

fn chunks_of_every_shape() {
    let folder = Folder::new();
    let path = folder.file("a.zarr");
    for axes in [[Axis::Block, Axis::Whole], [Axis::BlockCyclic(3), Axis::Cyclic]] {
        let a = DistArray::from_fn((11, 13).distributed(axes), |(i, j)| (100 * i + j) as i32);
        for chunk in [[1, 1], [2, 13], [11, 1], [3, 5], [11, 13], [6, 7]] {
            a.zarr().chunk(chunk).save(&path).unwrap();
            assert!(array_equal(&a, &DistArray::<i32, Ix2>::load_zarr(&path).unwrap()), "{chunk:?}");
            assert!(array_equal(&a, &DistArray::<i32, Ix2>::load_zarr_as(&path, a.layout()).unwrap()), "{chunk:?}");
        }
    }
}

fn arrays_of_several_pieces() {
    let folder = Folder::new();
    let path = folder.file("a.zarr");
    // 40 MB: three pieces of 16 MiB where one task has all.
    let f = |(i, j): (usize, usize)| (i * 1_000_003 + j) as u64;
    let a = DistArray::from_fn((5009, 1009).distributed([Axis::Cyclic, Axis::BlockCyclic(100)]), f);
    let same = |b: Result<DistArray<u64, Ix2>, Error>| array_equal(&a, &b.unwrap());
    a.save_zarr(&path).unwrap();
    assert!(same(DistArray::load_zarr(&path)));
    assert!(same(DistArray::load_zarr_as(&path, a.layout())));
    a.redistribute([Axis::Block, Axis::Whole]).zarr().chunk([1000, 200]).zstd(1).save(&path).unwrap();
    assert!(same(DistArray::load_zarr(&path)));
}

fn groups_have_arrays_too() {
    groups_have_them_too("a.zarr", |a, path| a.save_zarr(path), |path| DistArray::load_zarr(path));
}

fn what_makes_no_sense() {
    let folder = Folder::new();
    let path = folder.file("a.zarr");
    let a = DistArray::<u8, _>::ones((2, 3));
    for (zarr, words) in [
        (a.zarr().chunk([2]), "give 2 numbers"),
        (a.zarr().chunk([0, 1]), "1 or more each"),
        (a.zarr().chunk([1, 4]), "longer along axis 1"),
        (a.zarr().dims(["x"]), "give one for each"),
        (a.zarr().gzip(10), "gzip 10: levels are 0 to 9"),
        (a.zarr().zstd(23), "zstd 23: levels are -7 to 22"),
    ] {
        let error = zarr.save(&path).unwrap_err();
        assert!(error.is_argument() && error.to_string().contains(words), "{error}");
    }
    a.save_zarr(&path).unwrap();
    let bad = || DistArray::<u8, Ix2>::load_zarr_as(&path, [Axis::Bounds(vec![0, 5]), Axis::Whole]);
    assert!(refusal(bad).contains("from 0 to 2, the length of the axis"));
    assert_eq!(DistArray::<u8, Ix2>::load_zarr(&path).unwrap().sum(), 6);
}

fn what_cannot_be_read() {
    let folder = Folder::new();
    let (missing, file, empty) = (folder.file("no/such"), folder.file("file"), folder.file("empty"));
    fs::write(&file, "text").unwrap();
    fs::create_dir(&empty).unwrap();
    check(load(&missing), &missing, &["No such file or directory"]);
    assert!(load(&missing).unwrap_err().is_not_found());
    check(load(&file), &file, &["not a directory"]);
    check(load(&empty), &empty, &["no Zarr array of version 3", "zarr.json"]);
    let nul = PathBuf::from("a\0b");
    check(load(&nul), &nul, &["NUL"]);
    fs::write(empty.join("zarr.json"), r#"{"zarr_format": 3, "node_type": "group", "attributes": {}}"#).unwrap();
    check(load(&empty), &empty, &["a group of Zarr arrays"]);
    // Metadata that nobody may read, not even root.
    let forbidden = Path::new("/proc/sys/vm/compact_memory");
    if forbidden.exists() {
        fs::remove_file(empty.join("zarr.json")).unwrap();
        std::os::unix::fs::symlink(forbidden, empty.join("zarr.json")).unwrap();
        check(load(&empty), &empty, &["zarr.json", "denied"]);
    }
}

fn damaged_arrays() {
    let folder = Folder::new();
    let path = folder.file("a.zarr");
    let a = DistArray::from_fn((6, 5), |(i, j)| (1 + i * j) as f64);
    let bad = |words: &[&str]| {
        for axes in [[Axis::Block, Axis::Whole], [Axis::Cyclic, Axis::Block]] {
            let loaded = DistArray::<f64, Ix2>::load_zarr_as(&path, axes);
            assert!(loaded.as_ref().is_err_and(Error::is_damaged), "{words:?} {loaded:?}");
            check(loaded, &path, words);
        }
    };
    for compress in 0..3 {
        let zarr = a.zarr().chunk([2, 5]);
        match compress {
            0 => zarr.save(&path).unwrap(),
            1 => zarr.gzip(3).save(&path).unwrap(),
            _ => zarr.zstd(3).save(&path).unwrap(),
        }
        // A chunk is cut short, empty, or something else.
        let chunk = path.join("c/2/0");
        let good = fs::read(&chunk).unwrap();
        for bytes in [&good[..good.len() - 9], &good[..1], &[], b"nonsense"] {
            fs::write(&chunk, bytes).unwrap();
            bad(&["c/2/0"]);
        }
        // A folder in its place, and a file that nobody may read, not even root.
        fs::remove_file(&chunk).unwrap();
        fs::create_dir(&chunk).unwrap();
        check(load(&path), &path, &["c/2/0"]);
        fs::remove_dir(&chunk).unwrap();
        let forbidden = Path::new("/proc/sys/vm/compact_memory");
        if forbidden.exists() {
            std::os::unix::fs::symlink(forbidden, &chunk).unwrap();
            check(load(&path), &path, &["c/2/0", "denied"]);
            fs::remove_file(&chunk).unwrap();
        }
        fs::write(&chunk, good).unwrap();
        assert!(array_equal(&a, &load(&path).unwrap()));
    }
    let metadata = fs::read_to_string(path.join("zarr.json")).unwrap();
    let with = |from: &str, to: &str| {
        assert!(metadata.contains(from), "{metadata}");
        fs::write(path.join("zarr.json"), metadata.replacen(from, to, 1)).unwrap();
    };
    for (from, to) in [
        ("{", ""),
        ("\"shape\"", "\"form\""),
        ("\"zarr_format\": 3", "\"zarr_format\": 4"),
        ("\"data_type\"", "\"type\""),
    ] {
        with(from, to);
        bad(&["zarr.json"]);
    }
    // What may have been written so, but is not known here.
    for (from, to, word) in [
        ("\"regular\"", "\"crooked\"", "crooked"),
        ("\"zstd\"", "\"rot13\"", "rot13"),
        ("\"fill_value\": 0.0", "\"fill_value\": \"none\"", "none"),
    ] {
        with(from, to);
        check(load(&path), &path, &["zarr.json", word]);
    }
    fs::write(path.join("zarr.json"), &metadata[..metadata.len() / 2]).unwrap();
    bad(&["zarr.json"]);
    with("{", "{");
    assert!(array_equal(&a, &load(&path).unwrap()));
}

fn arrays_of_other_types_and_shapes() {
    let folder = Folder::new();
    let path = folder.file("a.zarr");
    fn refused<T: Element, D: Dimension + 'static>(path: &Path, words: &[&str]) {
        check(DistArray::<T, D>::load_zarr(path), path, words);
    }
    DistArray::<f32, _>::ones((2, 3)).save_zarr(&path).unwrap();
    refused::<f64, Ix2>(&path, &["float32, not f64", "load them as f32", "astype::<f64>()"]);
    refused::<f32, Ix1>(&path, &["shape [2, 3], 2 axes, not 1", "Ix2"]);
    let metadata = fs::read_to_string(path.join("zarr.json")).unwrap();
    fs::write(path.join("zarr.json"), metadata.replace("float32", "float16")).unwrap();
    refused::<f32, Ix2>(&path, &["float16", "no element type"]);
    let length = metadata.find("\"shape\"").unwrap();
    let huge = metadata[length..].replacen('2', "99999999999", 1).replacen('3', "9999999999", 1);
    fs::write(path.join("zarr.json"), format!("{}{huge}", &metadata[..length])).unwrap();
    refused::<f32, Ix2>(&path, &["does not fit into any memory"]);
}

fn what_cannot_be_written() {
    let folder = Folder::new();
    let a = DistArray::from_fn((40, 50), |(i, j)| (50 * i + j) as f64);
    for a in [a.clone(), a.redistribute([Axis::Cyclic, Axis::Block])] {
        let missing = folder.file("no/such");
        check(a.save_zarr(&missing), &missing, &["No such file or directory"]);
        let nul = PathBuf::from("a\0b");
        check(a.save_zarr(&nul), &nul, &["NUL"]);
        // Nobody can make folders there, not even root.
        if Path::new("/sys/kernel").exists() {
            let forbidden = Path::new("/sys/kernel/array");
            check(a.save_zarr(forbidden), forbidden, &["not permitted"]);
        }
    }
    assert_eq!(folder.list(), [""; 0]);
}

fn what_is_no_array_stays() {
    let folder = Folder::new();
    let a = DistArray::<f64, _>::ones((4, 5));
    fs::write(folder.file("file"), "text").unwrap();
    check(a.save_zarr(folder.file("file")), &folder.file("file"), &["not a directory"]);
    for (name, metadata) in [("folder", None), ("group", Some(r#"{"zarr_format": 3, "node_type": "group"}"#))] {
        let path = folder.file(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("precious"), "text").unwrap();
        if let Some(metadata) = metadata {
            fs::write(path.join("zarr.json"), metadata).unwrap();
        }
        check(a.save_zarr(&path), &path, &["no Zarr array, which is not replaced"]);
        assert_eq!(fs::read_to_string(path.join("precious")).unwrap(), "text");
        // But there is room in it.
        a.save_zarr(path.join("a")).unwrap();
        assert_eq!(load(path.join("a")).unwrap().sum(), 20.0);
    }
    assert_eq!(folder.list(), ["file", "folder", "group"]);
}

fn a_full_disk() {
    let Some(disk) = SmallDisk::new(128 << 10) else { return };
    let path = disk.0.file("a.zarr");
    DistArray::<f64, _>::ones((40, 50)).save_zarr(&path).unwrap();
    for axes in [[Axis::Block, Axis::Whole], [Axis::Cyclic, Axis::Block]] {
        let large = DistArray::<f64, _>::ones((400, 500).distributed(axes));
        check(large.save_zarr(&path), &path, &["No space left on device", "c/"]);
        check(large.zarr().chunk([20, 20]).save(&path), &path, &["No space left on device", "c/"]);
        assert_eq!(disk.0.list(), ["a.zarr"]);
        assert_eq!(load(&path).unwrap().sum(), 2000.0);
    }
}

fn an_older_array_is_there_until_the_new_one() {
    let folder = Folder::new();
    let path = folder.file("a.zarr");
    let a = DistArray::<f32, _>::ones((8, 8));
    a.save_zarr(&path).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut missing = 0;
            while !done.load(Ordering::Relaxed) {
                missing += usize::from(!path.join("zarr.json").exists());
            }
            missing
        });
        (0..100).for_each(|_| a.save_zarr(&path).unwrap());
        done.store(true, Ordering::Relaxed);
        assert_eq!(watching.join().unwrap(), 0, "moments without an array");
    });
    assert_eq!(folder.list(), ["a.zarr"]);
}

fn one_program_at_a_time() {
    let folder = Folder::new();
    let path = folder.file("a.zarr");
    let a = DistArray::<f32, _>::ones((8, 8));
    // What a killed program has left, and what another is writing.
    fs::create_dir_all(folder.file("a.zarr.partial/c")).unwrap();
    let other = fs::File::open(folder.file("a.zarr.partial")).unwrap();
    other.lock().unwrap();
    check(a.save_zarr(&path), &path, &["another program writes it", "a.zarr.partial is locked"]);
    assert_eq!(folder.list(), ["a.zarr.partial"]);
    drop(other);
    a.save_zarr(&path).unwrap();
    assert_eq!(folder.list(), ["a.zarr"]);
}
