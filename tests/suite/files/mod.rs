//! Files of arrays, and what goes wrong with them.

/// Checks all types of real elements, or all types: `$check` gets each with a function from a number to an element.
macro_rules! real_types {
    ($check:ident) => {
        $check! {
            f32: |n| n as f32 / 3.0; f64: |n| n as f64 / 3.0; i8: |n| n as i8 - 9; i16: |n| n as i16 - 300;
            i32: |n| n as i32 - 1; i64: |n| n as i64 - (1 << 60); u8: |n| n as u8 + 190; u16: |n| n as u16 * 999;
            u32: |n| n as u32 * 99_999; u64: |n| n as u64 + (1 << 63); bool: |n: usize| n.is_multiple_of(3);
        }
    };
}
macro_rules! all_types {
    ($check:ident) => {
        real_types!($check);
        $check! {
            num_complex::Complex<f32>: |n| num_complex::Complex::new(n as f32, 0.5);
            num_complex::Complex<f64>: |n| num_complex::Complex::new(0.25, n as f64);
        }
    };
}

mod csv;
mod failures;
mod npy;
mod pictures;
#[cfg(feature = "plot")]
mod plots;
mod progress;
mod python;
#[cfg(feature = "zarr")]
mod zarr;

use crate::Case;
use crate::folders::Folder;
use crate::layouts::{SHAPES, check_slabs, distributions, numbered};
use ndarray::IxDyn;
use pmi_toolkit::array::Error;
use pmi_toolkit::prelude::*;
use std::path::Path;

pub(crate) fn cases() -> Vec<Case> {
    #[cfg(feature = "plot")]
    let plots = plots::cases();
    #[cfg(not(feature = "plot"))]
    let plots = Vec::new();
    #[cfg(feature = "zarr")]
    let zarr = zarr::cases();
    #[cfg(not(feature = "zarr"))]
    let zarr = Vec::new();
    let first = [npy::cases(), csv::cases(), pictures::cases(), plots, progress::cases()];
    first.into_iter().chain([failures::cases(), zarr, python::cases()]).flatten().collect()
}

/// Checks that arrays of every shape and layout, which `save` gets with their number, come back in every other: `load` gets
/// the layout, or none.
fn come_back(
    save: impl Fn(usize, &DistArray<u64, IxDyn>),
    load: impl Fn(Option<Vec<Axis>>) -> Result<DistArray<u64, IxDyn>, Error>,
) {
    for shape in SHAPES {
        for (number, from) in distributions(shape.len()).into_iter().enumerate() {
            save(number, &numbered(shape, from));
            let b = load(None).unwrap();
            assert_eq!((b.shape(), b.layout().is_in_rows()), (shape, true));
            check_slabs(&b);
            for to in distributions(shape.len()) {
                let c = load(Some(to.clone())).unwrap();
                assert_eq!((c.shape(), c.layout().axes()), (shape, &to[..]));
                check_slabs(&c);
            }
        }
    }
}

/// Checks that groups, also without the controller, save and load at `name`; and hear of what is not there.
fn groups_have_them_too(
    name: &str,
    save: impl Fn(&DistArray<u64, IxDyn>, &Path) -> Result<(), Error>,
    load: impl Fn(&Path) -> Result<DistArray<u64, IxDyn>, Error>,
) {
    let folder = Folder::new();
    let path = folder.file(name);
    let tasks = pmi::size().unwrap();
    // Without the controller, where there is another task.
    let group = pmi::Group::new(tasks.min(2) - 1..tasks).unwrap();
    let scope = || {
        save(&numbered(&[7, 3], vec![Axis::Whole, Axis::Block]), &path).unwrap();
        check_slabs(&load(&path).unwrap());
        load(&folder.file("other")).unwrap_err().to_string()
    };
    let error = group.scope(scope).unwrap();
    assert!(error.ends_with("other: No such file or directory (os error 2), on task 0"), "{error}");
    check_slabs(&load(&path).unwrap());
}
