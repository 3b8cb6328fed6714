//! Who hears how far files have come.

use crate::checkpoints::heard;
use crate::folders::Folder;
use crate::{Case, cases};
use ndarray::Ix2;
use pmi_toolkit::prelude::*;

pub(crate) fn cases() -> Vec<Case> {
    cases![files_of_several_pieces]
}

fn files_of_several_pieces() {
    let folder = Folder::new();
    let path = folder.file("a");
    let tasks = pmi::size().unwrap();
    // Some are on their way where a task has several pieces.
    let several = |calls: &dyn Fn()| {
        let all = heard(calls);
        let between = all.iter().filter(|done| (0.05..0.95).contains(*done)).count();
        assert!(between >= 2 || tasks > 2, "{all:?}");
    };
    let cards = DistArray::<f32, _>::ones((2400, 1200 * 7).distributed([Axis::Cyclic, Axis::Whole]));
    several(&|| cards.save_npy_fortran_order(&path).unwrap());
    several(&|| drop(DistArray::<f32, Ix2>::load_npy(&path).unwrap()));
    let table = DistArray::from_fn((200_000, 5), |(i, j)| (i * j) as f64);
    several(&|| table.save_csv(&path).unwrap());
    several(&|| drop(DistArray::<f64, Ix2>::load_csv(&path).unwrap()));
    several(&|| cards.save_png(&path, Colormap::Greys).unwrap());
    let film = DistArray::<u8, _>::ones((5, 4, 3));
    several(&|| film.picture().save_animation(&path, 10.0).unwrap());
    // Nothing is done when nothing is to be done.
    let none = DistArray::<f64, Ix2>::zeros((0, 3));
    assert_eq!(heard(&|| none.save_npy_fortran_order(&path).unwrap()), [1.0]);
    assert_eq!(heard(&|| none.save_csv(&path).unwrap()), [1.0]);
    // Who listens may panic.
    let calls = || table.save_csv(&path);
    let error = pmi::with_progress(|_| panic!("enough"), calls).unwrap_err().to_string();
    assert!(error.contains("enough"), "{error}");
    assert_eq!(table.shape(), [200_000, 5]);
}
