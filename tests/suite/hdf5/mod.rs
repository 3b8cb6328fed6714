//! HDF5 files: what was written is read back, by other programs too, and what goes wrong is told.

mod datasets;
pub(crate) mod faults;
mod layouts;
mod others;
mod replacing;
mod steps;

use crate::Case;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) fn cases() -> Vec<Case> {
    [layouts::cases(), datasets::cases(), replacing::cases(), steps::cases(), others::cases(), faults::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// A folder of a test's own, which goes when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("pmi-hdf5-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What `hdf5-metno` finds in the file, in this process alone.
fn found<T: hdf5_metno::H5Type>(path: &Path, name: &str) -> (Vec<usize>, Vec<T>) {
    // A copy: programs that other tests start while it is open would keep its lock.
    let copy = path.with_extension("copy");
    std::fs::copy(path, &copy).unwrap();
    let file = hdf5_metno::File::open(&copy).unwrap();
    let dataset = file.dataset(name).unwrap();
    (dataset.shape(), dataset.read_raw().unwrap())
}
