//! Files of arrays, and what goes wrong with them.

mod csv;
mod failures;
mod npy;
mod pictures;
#[cfg(feature = "plot")]
mod plots;
mod python;
#[cfg(feature = "zarr")]
mod zarr;

use crate::Case;
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
    let cases = [npy::cases(), csv::cases(), pictures::cases(), plots, failures::cases(), zarr, python::cases()];
    cases.into_iter().flatten().collect()
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
