//! `.npy` files, there and back.

use super::{come_back, groups_have_them_too};
use crate::folders::Folder;
use crate::layouts::refusal;
use crate::{Case, cases};
use ndarray::{Array2, Ix1, Ix2, IxDyn};
use num_complex::Complex;
use pmi_toolkit::array::array_equal;
use pmi_toolkit::prelude::*;
use std::fs;
use std::path::Path;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        every_layout_comes_back_in_every_other
        every_type_comes_back
        files_are_those_of_numpy
        files_of_others_are_read
        arrays_of_several_pieces
        groups_have_files_too
        distributions_that_do_not_fit_the_file
    ]
}

fn every_layout_comes_back_in_every_other() {
    let folder = Folder::new();
    let path = folder.file("a.npy");
    type Save = fn(&DistArray<u64, IxDyn>, &Path) -> pmi_toolkit::array::Result<()>;
    let orders: [Save; 2] = [|a, path| a.save_npy(path), |a, path| a.save_npy_fortran_order(path)];
    for save in orders {
        let load = |layout: Option<Vec<Axis>>| match layout {
            Some(layout) => DistArray::load_npy_as(&path, layout),
            None => DistArray::load_npy(&path),
        };
        come_back(|_, a| save(a, &path).unwrap(), load);
    }
    assert_eq!(folder.list(), ["a.npy"]);
}

fn every_type_comes_back() {
    let folder = Folder::new();
    macro_rules! check {
        ($($type:ty: $f:expr;)*) => {$(
            let path = folder.file(concat!(stringify!($type), ".npy"));
            let serial = Array2::from_shape_fn((9, 7), |(i, j)| $f(7 * i + j));
            let a = DistArray::from_array(&serial).redistribute([Axis::Cyclic, Axis::Block]);
            a.save_npy(&path).unwrap();
            assert_eq!(DistArray::<$type, Ix2>::load_npy(&path).unwrap().gather().unwrap(), serial);
            a.save_npy_fortran_order(&path).unwrap();
            let b = DistArray::<$type, Ix2>::load_npy_as(&path, [Axis::Whole, Axis::Block]).unwrap();
            assert_eq!(b.gather().unwrap(), serial);
        )*};
    }
    all_types!(check);
}

/// What stands before the elements.
fn header(version: u8, dictionary: &str) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    match version {
        1 => bytes.extend((dictionary.len() as u16).to_le_bytes()),
        _ => bytes.extend((dictionary.len() as u32).to_le_bytes()),
    }
    bytes.extend(dictionary.as_bytes());
    bytes
}

fn files_are_those_of_numpy() {
    let folder = Folder::new();
    let path = folder.file("a.npy");
    let a = DistArray::from_fn((2, 3), |(i, j)| (10 * i + j) as f64);
    let expected = |fortran_order: &str, numbers: [f64; 6]| {
        let dictionary = format!("{{'descr': '<f8', 'fortran_order': {fortran_order}, 'shape': (2, 3), }}");
        let mut bytes = header(1, &format!("{dictionary:<117}\n"));
        bytes.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
        bytes
    };
    a.save_npy(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), expected("False", [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]));
    a.save_npy_fortran_order(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), expected("True", [0.0, 10.0, 1.0, 11.0, 2.0, 12.0]));
}

fn files_of_others_are_read() {
    let folder = Folder::new();
    let path = folder.file("a.npy");
    let serial = Array2::from_shape_fn((5, 3), |(i, j)| (1000 * i + j) as i32 - 7);
    for version in [1, 2, 3] {
        for (order, fortran_order) in [('<', "False"), ('>', "False"), ('>', "True")] {
            // Not aligned, without blanks: as other writers do it.
            let dictionary = format!("{{'shape':(5,3),'fortran_order':{fortran_order},'descr':'{order}i4'}}\n");
            let mut bytes = header(version, &dictionary);
            let in_order: Vec<i32> = match fortran_order {
                "True" => serial.t().iter().copied().collect(),
                _ => serial.iter().copied().collect(),
            };
            let word = |x: &i32| if order == '<' { x.to_le_bytes() } else { x.to_be_bytes() };
            bytes.extend(in_order.iter().flat_map(word));
            // Another array behind, as repeated saving to an open file leaves it.
            bytes.extend(&bytes.clone());
            fs::write(&path, bytes).unwrap();
            assert_eq!(DistArray::<i32, Ix2>::load_npy(&path).unwrap().gather().unwrap(), serial);
            let cards = DistArray::<i32, Ix2>::load_npy_as(&path, [Axis::Cyclic, Axis::BlockCyclic(2)]).unwrap();
            assert_eq!(cards.gather().unwrap(), serial);
        }
    }
    let halves = [Complex::new(1.5f32, -2.0), Complex::new(0.0, 1e30)];
    let mut bytes = header(1, "{'descr': '>c8', 'fortran_order': True, 'shape': (2,), }");
    bytes.extend(halves.iter().flat_map(|x| [x.re.to_be_bytes(), x.im.to_be_bytes()]).flatten());
    fs::write(&path, bytes).unwrap();
    assert_eq!(DistArray::<Complex<f32>, Ix1>::load_npy(&path).unwrap().to_vec().unwrap(), halves);
}

fn arrays_of_several_pieces() {
    let folder = Folder::new();
    let path = folder.file("a.npy");
    // 40 MB: three pieces of 16 MiB where one task has all, and more than a thread's share of reading.
    let f = |(i, j): (usize, usize)| (i * 1_000_003 + j) as u64;
    let a = DistArray::from_fn((5009, 1009).distributed([Axis::Cyclic, Axis::BlockCyclic(100)]), f);
    let same = |b: DistArray<u64, Ix2>| array_equal(&a, &b);
    a.save_npy(&path).unwrap();
    assert!(same(DistArray::load_npy(&path).unwrap()));
    assert!(same(DistArray::load_npy_as(&path, a.layout()).unwrap()));
    a.save_npy_fortran_order(&path).unwrap();
    assert!(same(DistArray::load_npy(&path).unwrap()));
}

fn groups_have_files_too() {
    groups_have_them_too("a.npy", |a, path| a.save_npy(path), |path| DistArray::load_npy(path));
}

fn distributions_that_do_not_fit_the_file() {
    let folder = Folder::new();
    let path = folder.file("a.npy");
    DistArray::from_fn((2, 3), |(i, j)| (i + j) as u8).save_npy(&path).unwrap();
    let load = || DistArray::<u8, Ix2>::load_npy_as(&path, [Axis::Bounds(vec![0, 5]), Axis::Whole]);
    assert!(refusal(load).contains("from 0 to 2, the length of the axis"));
    assert_eq!(DistArray::<u8, Ix2>::load_npy(&path).unwrap().sum(), 9);
}
