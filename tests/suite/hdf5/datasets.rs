//! Groups, attributes, names, slices, conversions.

use super::{Folder, found};
use crate::{Case, cases};
use ndarray::{Array2, Ix0, Ix1, Ix2, array};
use pmi_toolkit::array::{H5Reader, H5Value, H5Writer};
use pmi_toolkit::prelude::*;

pub(crate) fn cases() -> Vec<Case> {
    cases![groups_and_names attributes slices conversions others_stay_whole settings_of_the_file]
}

fn groups_and_names() {
    let folder = Folder::new();
    let file = H5Writer::create(folder.file("groups.h5")).unwrap();
    file.group("runs/first").unwrap();
    file.group("runs/first").unwrap();
    file.dataset("/runs/second/x").create(&DistArray::arange(0, 5, 1)).unwrap();
    file.dataset("a").create(&DistArray::full((), 2.5)).unwrap();
    assert_eq!(file.names("/").unwrap(), ["a", "runs"]);
    assert_eq!(file.names("runs").unwrap(), ["first", "second"]);
    assert_eq!(file.read::<i32, Ix1>("runs/second/x").unwrap().to_vec().unwrap(), [0, 1, 2, 3, 4]);
    assert_eq!(file.read::<f64, Ix0>("/a").unwrap().to_vec().unwrap(), [2.5]);
    assert_eq!((file.shape("a").unwrap(), file.shape("runs/second/x").unwrap()), (vec![], vec![5]));
}

fn attributes() {
    let folder = Folder::new();
    let path = folder.file("attributes.h5");
    let file = H5Writer::create(&path).unwrap();
    file.dataset("x").units("m").attribute("valid", [0.0, 10.0]).create(&DistArray::arange(0, 5, 1)).unwrap();
    let values: [(&str, H5Value); 10] = [
        ("bool", true.into()),
        ("int", (-3).into()),
        ("uint", u64::MAX.into()),
        ("float", 0.1.into()),
        ("text", "Größe, 大きさ".into()),
        ("ints", [1i64, -2, i64::MIN].into()),
        ("uints", vec![1u32, 2].into()),
        ("floats", vec![0.5f32].into()),
        ("texts", ["a", "", "ß"].into()),
        ("none", Vec::<f64>::new().into()),
    ];
    for at in ["/", "x", "deep/group"] {
        file.group("deep/group").unwrap();
        for (name, value) in &values {
            file.set_attribute(at, name, value.clone()).unwrap();
            file.set_attribute(at, name, value.clone()).unwrap();
        }
    }
    file.set_attribute("x", "int", "now a text").unwrap();
    file.close().unwrap();
    let file = H5Reader::open(&path).unwrap();
    for (name, value) in values {
        assert_eq!(file.attribute("/", name).unwrap(), value);
        assert_eq!(file.attribute("deep/group", name).unwrap(), value);
    }
    assert_eq!(file.attribute("x", "units").unwrap(), "m".into());
    assert_eq!(file.attribute("x", "int").unwrap(), "now a text".into());
    assert_eq!(file.attribute("x", "valid").unwrap(), [0.0, 10.0].into());
    let missing = file.attribute("x", "colour").unwrap_err().to_string();
    assert!(missing.contains("attributes.h5") && missing.contains("\"x\""), "{missing}");
}

fn slices() {
    let folder = Folder::new();
    let file = H5Writer::create(folder.file("slices.h5")).unwrap();
    for (name, deflate) in [("plain", false), ("deflated", true)] {
        let dataset = file.dataset(name).chunk([4, 3]);
        let dataset = if deflate { dataset.deflate(1) } else { dataset };
        dataset.zeros::<f64, _>((10, 8)).unwrap();
        let mut expected = Array2::<f64>::zeros((10, 8));
        let boxes = [([1, 2], (3, 5)), ([4, 0], (6, 8)), ([0, 7], (1, 1)), ([9, 3], (0, 2)), ([8, 6], (2, 2))];
        for (number, (start, shape)) in boxes.into_iter().enumerate() {
            for axes in [[Axis::Block, Axis::Whole], [Axis::Cyclic, Axis::Block]] {
                let a = DistArray::full(shape.distributed(axes), number as f64 + 1.0);
                file.write_slice(name, &start, &a).unwrap();
            }
            let [i, j] = start;
            expected.slice_mut(ndarray::s![i..i + shape.0, j..j + shape.1]).fill(number as f64 + 1.0);
        }
        // A row: the axis that the array lacks is the first.
        file.write_slice(name, &[5, 1], &DistArray::full(3, -1.0)).unwrap();
        expected.slice_mut(ndarray::s![5, 1..4]).fill(-1.0);
        assert_eq!(file.read::<f64, Ix2>(name).unwrap().gather().unwrap(), expected);
        for axes in [[Axis::Block, Axis::Whole], [Axis::Whole, Axis::Cyclic]] {
            let part = file.select(name).slice(&[3..9, 1..8]).distributed(axes).load::<f64, Ix2>().unwrap();
            assert_eq!(part.gather().unwrap(), expected.slice(ndarray::s![3..9, 1..8]));
        }
        assert_eq!(file.read_slice::<f64, Ix2>(name, &[2..2, 0..8]).unwrap().shape(), [0, 8]);
        let outside = file.write_slice(name, &[8, 6], &DistArray::<f64, _>::zeros((3, 2))).unwrap_err().to_string();
        assert!(outside.contains(name) && outside.contains("[3, 2]") && outside.contains("[10, 8]"), "{outside}");
        let outside = file.read_slice::<f64, Ix2>(name, &[0..11, 0..8]).unwrap_err().to_string();
        assert!(outside.contains("0..11") && outside.contains("[10, 8]"), "{outside}");
    }
}

fn conversions() {
    let folder = Folder::new();
    let path = folder.file("types.h5");
    DistArray::arange(-3, 4, 1).save_hdf5(&path, "i").unwrap();
    DistArray::arange(0.0, 3.0, 0.75).save_hdf5(&path, "f").unwrap();
    let file = H5Reader::open(&path).unwrap();
    let as_is = file.read::<f64, Ix1>("i").unwrap_err().to_string();
    for words in ["\"i\"", "int32", "float64", "convert()", "types.h5"] {
        assert!(as_is.contains(words), "{as_is}");
    }
    let floats = file.select("i").convert().load::<f64, Ix1>().unwrap();
    assert_eq!(floats.to_vec().unwrap(), [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
    assert_eq!(file.select("f").convert().load::<f32, Ix1>().unwrap().to_vec().unwrap(), [0.0, 0.75, 1.5, 2.25]);
    assert_eq!(file.select("f").convert().load::<u8, Ix1>().unwrap().to_vec().unwrap(), [0, 0, 1, 2]);
    assert!(file.select("f").convert().load::<bool, Ix1>().is_err());
    let axes = file.read::<f64, Ix2>("f").unwrap_err().to_string();
    assert!(axes.contains("[4]") && axes.contains("not 2"), "{axes}");
}

fn others_stay_whole() {
    let folder = Folder::new();
    let path = folder.file("several.h5");
    DistArray::arange(0, 5, 1).save_hdf5(&path, "a").unwrap();
    DistArray::from_array(&array![[1.0, 2.0], [3.0, 4.0]]).save_hdf5(&path, "b/c").unwrap();
    DistArray::arange(0, 2, 1).save_hdf5(&path, "a").unwrap();
    assert_eq!(found::<i32>(&path, "a"), (vec![2], vec![0, 1]));
    assert_eq!(found::<f64>(&path, "b/c"), (vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    let file = H5Writer::open(&path).unwrap();
    let taken = file.dataset("a").create(&DistArray::arange(0, 3, 1)).unwrap_err().to_string();
    assert!(taken.contains("\"a\"") && taken.contains("replace()"), "{taken}");
    assert!(file.dataset("b").replace().create(&DistArray::arange(0, 3, 1)).is_err());
    assert!(file.dataset("a/x").create(&DistArray::arange(0, 3, 1)).is_err());
    let error = file.dataset("wrong").dims(["x", "y"]).create(&DistArray::arange(0, 3, 1)).unwrap_err();
    assert!(error.is_argument(), "{error}");
    assert!(file.dataset("wrong").chunk([0]).create(&DistArray::arange(0, 3, 1)).unwrap_err().is_argument());
    assert!(file.dataset("wrong").chunk([4]).create(&DistArray::arange(0, 3, 1)).unwrap_err().is_argument());
    assert!(file.dataset("wrong").deflate(10).create(&DistArray::arange(0, 3, 1)).unwrap_err().is_argument());
    assert_eq!(file.names("/").unwrap(), ["a", "b"]);
    file.close().unwrap();
    assert_eq!(found::<i32>(&path, "a"), (vec![2], vec![0, 1]));
}

fn settings_of_the_file() {
    let folder = Folder::new();
    let path = folder.file("aligned.h5");
    let options = H5Writer::options().alignment(1000, 4096).hint("romio_cb_write", "enable").hint("cb_nodes", "1");
    let file = options.create(&path).unwrap();
    file.dataset("small").create(&DistArray::arange(0, 5, 1)).unwrap();
    let large = DistArray::from_fn((100, 30), |(i, j)| (i * j) as f64);
    file.dataset("large").create(&large).unwrap();
    file.dataset("larger").create(&large).unwrap();
    file.close().unwrap();
    let file = hdf5_metno::File::open(&path).unwrap();
    for name in ["large", "larger"] {
        assert_eq!(file.dataset(name).unwrap().offset().unwrap() % 4096, 0);
    }
    assert_eq!(found::<f64>(&path, "larger").1, large.to_vec().unwrap());
}
