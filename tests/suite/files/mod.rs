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
use crate::layouts::{SHAPES, check_slabs, distributions, numbered};
use ndarray::IxDyn;
use pmi_toolkit::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

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

/// A folder of a test's own, which goes with the test. The controller makes it; all tasks see it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let unique = format!("pmi-suite-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of the files in it.
    fn list(&self) -> Vec<String> {
        list(&self.0)
    }
}

fn list(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Checks that arrays of every shape and layout, which `save` gets with their number, come back in every other: `load` gets
/// the layout, or none.
fn come_back(
    save: impl Fn(usize, &DistArray<u64, IxDyn>),
    load: impl Fn(Option<Vec<Axis>>) -> pmi_toolkit::array::Result<DistArray<u64, IxDyn>>,
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
