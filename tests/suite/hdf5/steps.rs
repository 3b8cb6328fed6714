//! Datasets that grow, one frame a step.

use super::{Folder, found};
use crate::{Case, cases};
use ndarray::{Array2, Ix3};
use pmi_toolkit::array::H5Writer;
use pmi_toolkit::prelude::*;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        frames_of_every_layout
        scalars_and_several_at_once
        appending_later
        what_cannot_be_appended
        in_the_background
        lent_to_the_background
        shorter_and_longer
    ]
}

fn frame(step: usize) -> impl Fn((usize, usize)) -> f64 {
    move |(i, j)| (1000 * step + 10 * i + j) as f64
}

fn frames_of_every_layout() {
    let folder = Folder::new();
    let path = folder.file("steps.h5");
    for compressed in [false, true] {
        let file = H5Writer::create(&path).unwrap();
        let dataset = file.dataset("wave").unlimited();
        let dataset = if compressed { dataset.deflate(1).shuffle() } else { dataset };
        dataset.zeros::<f64, _>((0, 7, 5)).unwrap();
        let layouts = crate::layouts::distributions(2);
        for (step, axes) in layouts.iter().enumerate() {
            let a = DistArray::from_array(&Array2::from_shape_fn((7, 5), frame(step))).redistribute(axes.clone());
            file.append("wave", &a).unwrap();
            if step == 2 {
                file.flush().unwrap();
            }
        }
        assert_eq!(file.shape("wave").unwrap(), [layouts.len(), 7, 5]);
        file.close().unwrap();
        let all: Vec<f64> =
            (0..layouts.len()).flat_map(|step| Array2::from_shape_fn((7, 5), frame(step)).into_iter()).collect();
        assert_eq!(found::<f64>(&path, "wave"), (vec![layouts.len(), 7, 5], all));
    }
}

fn scalars_and_several_at_once() {
    let folder = Folder::new();
    let path = folder.file("scalars.h5");
    let file = H5Writer::create(&path).unwrap();
    file.dataset("time").dims(["time"]).units("s").unlimited().zeros::<f64, _>(0).unwrap();
    file.dataset("many").unlimited().create(&DistArray::arange(0, 3, 1)).unwrap();
    for step in 0..5 {
        file.append("time", &DistArray::full((), 0.5 * step as f64)).unwrap();
        file.append("many", &DistArray::arange(3 * step + 3, 3 * step + 6, 1)).unwrap();
    }
    file.append("many", &DistArray::<i32, _>::zeros(0)).unwrap();
    file.close().unwrap();
    assert_eq!(found::<f64>(&path, "time"), (vec![5], vec![0.0, 0.5, 1.0, 1.5, 2.0]));
    assert_eq!(found::<i32>(&path, "many"), (vec![18], (0..18).collect()));
}

fn appending_later() {
    let folder = Folder::new();
    let path = folder.file("later.h5");
    let a = DistArray::from_array(&Array2::from_shape_fn((7, 5), frame(0)));
    let file = H5Writer::create(&path).unwrap();
    file.dataset("wave").dims(["time", "y", "x"]).unlimited().zeros::<f64, _>((0, 7, 5)).unwrap();
    file.append("wave", &a).unwrap();
    drop(file);
    let file = H5Writer::open(&path).unwrap();
    file.append("wave", &(&a + 1000.0).eval()).unwrap();
    let both = file.read::<f64, Ix3>("wave").unwrap();
    assert_eq!((both.shape(), both.get((1, 6, 4))), (&[2, 7, 5][..], 1064.0));
    file.close().unwrap();
    // The axis without coordinates has grown, too.
    assert_eq!(found::<f32>(&path, "time").0, [2]);
}

fn what_cannot_be_appended() {
    let folder = Folder::new();
    let file = H5Writer::create(folder.file("wrong.h5")).unwrap();
    file.dataset("wave").unlimited().zeros::<f64, _>((0, 7, 5)).unwrap();
    file.dataset("fixed").zeros::<f64, _>((2, 7, 5)).unwrap();
    let refused = |result: pmi_toolkit::array::Result<()>, words: &[&str]| {
        let text = result.unwrap_err().to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    };
    refused(file.append("wave", &DistArray::<f64, _>::zeros((7, 6))), &["wave", "[7, 6]", "[0, 7, 5]"]);
    refused(file.append("wave", &DistArray::<f32, _>::zeros((7, 5))), &["wave", "float32", "float64"]);
    refused(file.append("fixed", &DistArray::<f64, _>::zeros((7, 5))), &["fixed"]);
    refused(file.append("missing", &DistArray::<f64, _>::zeros((7, 5))), &["missing", "wrong.h5"]);
    assert_eq!(file.shape("wave").unwrap(), [0, 7, 5]);
}

fn in_the_background() {
    let folder = Folder::new();
    let path = folder.file("background.h5");
    let file = H5Writer::options().overlap(true).create(&path).unwrap();
    file.dataset("plain").unlimited().zeros::<f64, _>((0, 70, 50)).unwrap();
    file.dataset("small").unlimited().deflate(1).chunk([1, 16, 16]).zeros::<f64, _>((0, 70, 50)).unwrap();
    let mut a = DistArray::from_fn((70, 50).distributed([Axis::Cyclic, Axis::Block]), |(i, j)| (10 * i + j) as f64);
    for step in 0..6 {
        file.append("plain", &a).unwrap();
        file.append("small", &a).unwrap();
        // What is on its way is not what the array becomes.
        a += 1000.0;
        if step == 3 {
            assert_eq!(file.read::<f64, Ix3>("plain").unwrap().get((3, 69, 49)), 3739.0);
        }
    }
    file.close().unwrap();
    let all: Vec<f64> = (0..6).flat_map(|step| Array2::from_shape_fn((70, 50), frame(step)).into_iter()).collect();
    for name in ["plain", "small"] {
        assert_eq!(found::<f64>(&path, name), (vec![6, 70, 50], all.clone()));
    }
}

/// Frames that are written as they lie in memory, and what becomes of them meanwhile.
fn lent_to_the_background() {
    let folder = Folder::new();
    let path = folder.file("lent.h5");
    let file = H5Writer::options().overlap(true).create(&path).unwrap();
    for name in ["changed", "dropped", "several"] {
        file.dataset(name).unlimited().zeros::<f64, _>((0, 300, 1000)).unwrap();
    }
    let mut a = DistArray::from_fn((300, 1000), |(i, j)| (1000 * i + j) as f64);
    let first = (0..300_000).map(f64::from).collect::<Vec<_>>();
    let mut expected = Vec::new();
    let mut now = first.clone();
    for step in 0..5 {
        file.append("changed", &a).unwrap();
        expected.extend_from_slice(&now);
        match step % 3 {
            // Where they are, one or all of a task's.
            0 => {
                a.set((299, 999), -1.0);
                now[299_999] = -1.0;
            }
            1 => {
                let negate = |task: &Task, a: DistArray<f64, _>| a.local_mut(task).mapv_inplace(|x| -x);
                pmi::exec(negate, a.clone()).unwrap();
                now.iter_mut().for_each(|x| *x = -*x);
            }
            // In other memory.
            _ => {
                a += 0.5;
                now.iter_mut().for_each(|x| *x += 0.5);
            }
        }
        assert_eq!(a.to_vec().unwrap(), now);
        file.append("dropped", &(&a * 2.0).eval()).unwrap();
    }
    let two = DistArray::from_fn((2, 300, 1000), |(k, i, j)| (k * 300_000 + 1000 * i + j) as f64);
    file.append("several", &two).unwrap();
    drop((two, a));
    file.close().unwrap();
    assert!(found::<f64>(&path, "changed") == (vec![5, 300, 1000], expected));
    let dropped = found::<f64>(&path, "dropped").1;
    assert_eq!((dropped.len(), dropped[0], dropped[1_499_999]), (1_500_000, 0.0, 2.0 * now[299_999]));
    assert!(found::<f64>(&path, "several") == (vec![2, 300, 1000], (0..600_000).map(f64::from).collect()));
}

fn shorter_and_longer() {
    let folder = Folder::new();
    let path = folder.file("resized.h5");
    let file = H5Writer::create(&path).unwrap();
    file.dataset("u").unlimited().create(&DistArray::full((4, 3), 7.0)).unwrap();
    file.dataset("fixed").create(&DistArray::full(4, 7.0)).unwrap();
    file.resize("u", 2).unwrap();
    file.resize("u", 6).unwrap();
    let error = file.resize("fixed", 2).unwrap_err().to_string();
    assert!(error.contains("\"fixed\": axis 0 of [4] is fixed"), "{error}");
    file.close().unwrap();
    // What was cut off is gone.
    let expected = [[7.0; 6].as_slice(), &[0.0; 12]].concat();
    assert_eq!(found::<f64>(&path, "u"), (vec![6, 3], expected));
    let file = H5Writer::open(&path).unwrap();
    file.dataset("x").dims(["x"]).create(&DistArray::arange(0.0, 3.0, 1.0)).unwrap();
    file.dataset("v").dims(["y", "x"]).create(&DistArray::full((2, 3), 1.0)).unwrap();
    // Those that use it would have no coordinates any more.
    let error = file.dataset("x").replace().create(&DistArray::full(3, 1.0)).unwrap_err().to_string();
    assert!(error.contains("coordinates of other datasets"), "{error}");
    file.write_slice("x", &[0], &DistArray::full(3, 1.0)).unwrap();
    file.close().unwrap();
    assert_eq!(found::<f64>(&path, "x"), (vec![3], vec![1.0; 3]));
}
