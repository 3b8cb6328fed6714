//! Files that cannot be read or written: an error that names path and task, nobody left waiting, the world usable.

use crate::folders::{Folder, SmallDisk, list};
use crate::{Case, cases};
use ndarray::{Dimension, Ix1, Ix2, IxDyn};
use pmi_toolkit::array::{Element, Error};
use pmi_toolkit::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        what_cannot_be_read
        what_is_no_array
        arrays_of_other_types_and_shapes
        what_cannot_be_written
        a_full_disk
        an_older_file_survives
        links_stay_links
        what_is_no_file_stays
        one_program_at_a_time
    ]
}

/// Checks an error, and that the tasks still work together.
#[track_caller]
pub(super) fn check<R>(result: Result<R, Error>, path: &Path, words: &[&str]) {
    let Err(error) = result else { panic!("{} is no error", path.display()) };
    let text = error.to_string();
    assert!(error.is_file() && text.starts_with(&format!("{}: ", path.display())), "{text}");
    for word in words.iter().chain(&["on task "]) {
        assert!(text.contains(word), "{text} has no {word:?}");
    }
    let tasks = pmi::size().unwrap();
    let sum = pmi::invoke(|task: &Task, ()| task.comm().all_reduce(&[1], pmi::op::SUM)[0], ()).unwrap();
    assert_eq!(sum, vec![tasks; tasks]);
    assert_eq!(DistArray::arange(0, 10, 1).sum(), 45i64);
}

/// Every way to read an array.
const LOADERS: [fn(&Path) -> Result<DistArray<f64, Ix2>, Error>; 3] = [
    |path| DistArray::load_npy(path),
    |path| DistArray::load_csv(path),
    |path| Ok(DistArray::load_csv_with_header(path)?.0),
];

fn load(path: impl AsRef<Path>) -> Result<DistArray<f64, Ix2>, Error> {
    DistArray::load_npy(path)
}

fn what_cannot_be_read() {
    let folder = Folder::new();
    for load in LOADERS {
        let missing = folder.file("no/such.npy");
        check(load(&missing), &missing, &["No such file or directory"]);
        check(load(&folder.0), &folder.0, &["s a directory"]);
        let nul = PathBuf::from("a\0b.npy");
        check(load(&nul), &nul, &["NUL"]);
        // A file that nobody may read, not even root.
        let forbidden = Path::new("/proc/sys/vm/compact_memory");
        if forbidden.exists() {
            check(load(forbidden), forbidden, &["denied"]);
        }
    }
}

fn what_is_no_array() {
    let folder = Folder::new();
    let path = folder.file("a.npy");
    DistArray::from_fn((6, 5), |(i, j)| (i * j) as f64).save_npy(&path).unwrap();
    let good = fs::read(&path).unwrap();
    for (len, words) in [
        (0, "middle of the header"),
        (7, "middle of the header"),
        (9, "middle of the header"),
        (100, "middle of the header"),
        (128, "cut short: an array of shape [6, 5] takes 368 bytes, and there are 128"),
        (367, "and there are 367"),
    ] {
        fs::write(&path, &good[..len]).unwrap();
        check(load(&path), &path, &[words]);
    }
    let with = |at: usize, bytes: &[u8]| {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        fs::write(&path, bad).unwrap();
        load(&path)
    };
    check(with(0, b"P"), &path, &["no .npy file"]);
    check(with(6, &[9]), &path, &["version 9"]);
    check(with(6, &[2, 0, 255, 255, 255, 255]), &path, &["4294967295 bytes: it is corrupt"]);
    check(with(10, b"["), &path, &["makes no sense", "descr"]);
    // The shape begins behind `{'descr': '<f8', 'fortran_order': False, 'shape': `.
    check(with(10 + 50, b"(999999999999, 9999999999), }"), &path, &["does not fit into any memory"]);
    check(with(10 + 50, b"(999999999, 999), }"), &path, &["cut short", "[999999999, 999]"]);
    assert_eq!(with(0, b"\x93").unwrap().sum(), 150.0);
}

fn arrays_of_other_types_and_shapes() {
    let folder = Folder::new();
    let path = folder.file("a.npy");
    fn refused<T: Element, D: Dimension + 'static>(path: &Path, words: &[&str]) {
        check(DistArray::<T, D>::load_npy(path), path, words);
    }
    DistArray::<f32, _>::ones((2, 3)).save_npy(&path).unwrap();
    refused::<f64, Ix2>(&path, &["float32, not f64", "load them as f32", "astype::<f64>()"]);
    refused::<i32, IxDyn>(&path, &["float32, not i32"]);
    refused::<f32, Ix1>(&path, &["shape [2, 3], 2 axes, not 1", "Ix2"]);
    let other = DistArray::<f32, Ix2>::load_npy(&path).unwrap().astype::<f64>();
    assert_eq!(other.sum(), 6.0);
    let mut text = fs::read(&path).unwrap();
    text[21..24].copy_from_slice(b"<U1");
    fs::write(&path, text).unwrap();
    refused::<f32, Ix2>(&path, &["<U1", "no element type"]);
}

/// Every way to write an array.
fn savers() -> Vec<Box<dyn Fn(&Path) -> Result<(), Error>>> {
    let a = DistArray::from_fn((40, 50), |(i, j)| (50 * i + j) as f64);
    let cards = a.redistribute([Axis::Cyclic, Axis::Block]);
    let (e, f) = (a.clone(), cards.clone());
    let (b, c, d) = (a.clone(), cards.clone(), DistArray::<u8, _>::zeros((9, 8, 3)));
    let film = d.clone();
    vec![
        Box::new(move |path| a.save_npy(path)),
        Box::new(move |path| cards.save_npy(path)),
        Box::new(move |path| c.save_npy_fortran_order(path)),
        Box::new(move |path| b.save_png(path, Colormap::Greys)),
        Box::new(move |path| d.save_rgb(path)),
        Box::new(move |path| e.save_csv(path)),
        Box::new(move |path| f.save_csv(path)),
        Box::new(move |path| film.picture().save_animation(path, 10.0)),
    ]
}

fn what_cannot_be_written() {
    let folder = Folder::new();
    for save in savers() {
        let missing = folder.file("no/such");
        check(save(&missing), &missing, &["No such file or directory"]);
        check(save(&folder.0), &folder.0, &["irectory"]);
        let nul = PathBuf::from("a\0b");
        check(save(&nul), &nul, &["NUL"]);
        // Nobody can make files there, not even root.
        if Path::new("/sys/kernel").exists() {
            let forbidden = Path::new("/sys/kernel/array");
            check(save(forbidden), forbidden, &["denied"]);
        }
    }
    assert_eq!(folder.list(), [""; 0]);
}

fn a_full_disk() {
    let Some(disk) = SmallDisk::new(64 << 10) else { return };
    let file = disk.0.file("a.npy");
    // One that fits, and those that do not, whose elements lie on all tasks.
    let small = DistArray::<f64, _>::ones((40, 50));
    small.save_npy(&file).unwrap();
    for axes in [[Axis::Block, Axis::Whole], [Axis::Cyclic, Axis::Block]] {
        let large = DistArray::<f64, _>::zeros((400, 500).distributed(axes));
        check(large.save_npy(&file), &file, &["No space left on device"]);
        check(large.save_npy_fortran_order(&file), &file, &["No space left on device"]);
        check(large.save_csv(&file), &file, &["No space left on device"]);
        assert_eq!(disk.0.list(), ["a.npy"]);
        assert_eq!(load(&file).unwrap().sum(), 2000.0);
    }
    let noise = DistArray::from_fn((500, 500), |(i, j)| ((i * 7919 + j * 104_729) % 65_521) as f64);
    let picture = disk.0.file("a.png");
    check(noise.save_png(&picture, Colormap::Turbo), &picture, &["No space left on device"]);
    assert_eq!(disk.0.list(), ["a.npy"]);
}

fn an_older_file_survives() {
    let folder = Folder::new();
    for (number, save) in savers().into_iter().enumerate() {
        let path = folder.file(&format!("{number}"));
        save(&path).unwrap();
        let old = fs::read(&path).unwrap();
        save(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), old);
    }
    assert_eq!(folder.list(), ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

fn links_stay_links() {
    let folder = Folder::new();
    fs::create_dir(folder.file("there")).unwrap();
    let (link, file) = (folder.file("link.npy"), folder.file("there/file.npy"));
    fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    DistArray::<f64, _>::ones((2, 2)).save_npy(&link).unwrap();
    assert!(link.is_symlink());
    // Also where nothing is there yet.
    fs::remove_file(&file).unwrap();
    DistArray::<f64, _>::ones((2, 2)).save_npy(&link).unwrap();
    assert!(link.is_symlink());
    assert_eq!((load(&file).unwrap().sum(), list(&folder.file("there"))), (4.0, vec!["file.npy".to_string()]));
}

fn what_is_no_file_stays() {
    let folder = Folder::new();
    let pipe = folder.pipe("pipe");
    for save in savers() {
        check(save(&pipe), &pipe, &["a device or a pipe", "choose another path"]);
        assert!(!pipe.is_file() && folder.list() == ["pipe"]);
    }
}

fn one_program_at_a_time() {
    let folder = Folder::new();
    for (number, save) in savers().into_iter().enumerate() {
        let path = folder.file(&number.to_string());
        let partial = folder.file(&format!("{number}.partial"));
        // What a killed program has left, and what another is writing.
        fs::write(&partial, "x".repeat(1 << 20)).unwrap();
        let other = fs::File::open(&partial).unwrap();
        other.lock().unwrap();
        check(save(&path), &path, &["another program writes it", "partial is locked"]);
        drop(other);
        save(&path).unwrap();
        assert!(!partial.exists() && fs::metadata(&path).unwrap().len() < 1 << 20);
    }
    assert_eq!(folder.list().len(), savers().len());
}
