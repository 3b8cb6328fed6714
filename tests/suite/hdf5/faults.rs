//! What goes wrong with files: an error that names path, dataset and task, and a world that goes on.

use super::{Folder, found};
use crate::{Case, cases};
use ndarray::{Ix1, Ix2, Ix3};
use pmi::{Task, op};
use pmi_toolkit::array::{Error, H5Reader, H5Writer};
use pmi_toolkit::prelude::*;
use std::io::Write;
use std::path::Path;
use std::process::Command;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        what_is_missing
        wrong_type_or_shape
        no_permission
        a_folder
        a_link_to_a_name_of_other_bytes
        no_hdf5_file
        open_elsewhere
        names_that_cannot_be
        a_full_disk
        a_disk_that_is_full_when_the_file_is_closed
        a_disk_that_is_full_in_the_background
        no_room_for_what_is_not_written_yet
        a_writer_that_is_closed_by_a_panic
    ]
}

/// The error has these words, and the world answers, correctly.
#[track_caller]
fn failed<R>(result: Result<R, Error>, words: &[&str]) {
    let text = result.err().expect("this fails").to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
    let n = pmi::size().unwrap();
    let sum = pmi::first(|task: &Task, ()| task.comm().all_reduce(&[task.rank()], op::SUM)[0], ());
    assert_eq!(sum.unwrap(), n * (n - 1) / 2);
}

fn numbers() -> DistArray<f64, Ix2> {
    DistArray::from_fn((6, 5), |(i, j)| (5 * i + j) as f64)
}

fn what_is_missing() {
    let folder = Folder::new();
    let path = folder.file("missing.h5");
    failed(DistArray::<f64, Ix2>::load_hdf5(&path, "a"), &["missing.h5", "No such file", "task 0"]);
    failed(H5Writer::open(&path), &["missing.h5", "No such file"]);
    failed(numbers().save_hdf5(folder.file("no/such/folder.h5"), "a"), &["folder.h5", "No such file"]);
    numbers().save_hdf5(&path, "a").unwrap();
    failed(DistArray::<f64, Ix2>::load_hdf5(&path, "b"), &["missing.h5", "\"b\"", "task 0"]);
    failed(DistArray::<f64, Ix2>::load_hdf5(&path, "g/b"), &["missing.h5", "\"g/b\""]);
    failed(H5Reader::open(&path).unwrap().names("g"), &["missing.h5", "\"g\""]);
    failed(H5Reader::open(&path).unwrap().attribute("a", "units"), &["missing.h5", "\"a\"", "units"]);
    assert_eq!(DistArray::<f64, Ix2>::load_hdf5(&path, "a").unwrap().sum(), 435.0);
}

fn wrong_type_or_shape() {
    let folder = Folder::new();
    let path = folder.file("wrong.h5");
    numbers().save_hdf5(&path, "a").unwrap();
    failed(DistArray::<f32, Ix2>::load_hdf5(&path, "a"), &["wrong.h5", "\"a\"", "float64", "float32", "task 0"]);
    failed(DistArray::<f64, Ix1>::load_hdf5(&path, "a"), &["wrong.h5", "\"a\"", "[6, 5]", "not 1"]);
    failed(DistArray::<f64, Ix1>::load_hdf5(&path, "/"), &["no name"]);
}

fn no_permission() {
    // Where even root may not write.
    let path = "/sys/kernel/pmi.h5";
    failed(numbers().save_hdf5(path, "a"), &[path, "task 0"]);
    failed(H5Writer::create(path), &[path, "task 0"]);
}

fn a_folder() {
    let folder = Folder::new();
    let name = folder.0.display().to_string();
    failed(numbers().save_hdf5(&folder.0, "a"), &[&name, "Is a directory", "task 0"]);
    failed(H5Writer::create(&folder.0), &[&name, "Is a directory"]);
    failed(DistArray::<f64, Ix2>::load_hdf5(&folder.0, "a"), &[&name, "Is a directory"]);
}

/// The path is UTF-8; what it is a link to need not be.
fn a_link_to_a_name_of_other_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new();
    let (link, target) = (folder.file("link.h5"), folder.0.join(std::ffi::OsStr::from_bytes(b"Gr\xf6\xdfe.h5")));
    std::os::unix::fs::symlink(target.file_name().unwrap(), &link).unwrap();
    numbers().save_hdf5(&link, "a").unwrap();
    numbers().save_hdf5(&link, "b").unwrap();
    assert!(target.is_file() && link.is_symlink());
    assert_eq!(DistArray::<f64, Ix2>::load_hdf5(&link, "b").unwrap().sum(), 435.0);
    failed(DistArray::<f64, Ix2>::load_hdf5(&link, "c"), &["link.h5", "\"c\""]);
    failed(DistArray::<f64, Ix2>::load_hdf5(&target, "a"), &["not UTF-8"]);
}

fn no_hdf5_file() {
    let folder = Folder::new();
    let path = folder.file("corrupt.h5");
    std::fs::write(&path, "a text, and no superblock at all").unwrap();
    failed(DistArray::<f64, Ix2>::load_hdf5(&path, "a"), &["corrupt.h5", "task 0"]);
    failed(numbers().save_hdf5(&path, "a"), &["corrupt.h5", "task 0"]);
    // It is left as it is, and a new file may take its place.
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a text, and no superblock at all");
    H5Writer::create(&path).unwrap().dataset("a").create(&numbers()).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8..24].fill(0xff);
    std::fs::write(&path, &bytes).unwrap();
    failed(DistArray::<f64, Ix2>::load_hdf5(&path, "a"), &["corrupt.h5"]);
    bytes[8..24].fill(0);
    std::fs::write(&path, &bytes[..100]).unwrap();
    failed(DistArray::<f64, Ix2>::load_hdf5(&path, "a"), &["corrupt.h5"]);
    failed(H5Writer::open(&path), &["corrupt.h5"]);
    std::fs::write(&path, "").unwrap();
    failed(H5Reader::open(&path), &["corrupt.h5"]);
}

fn open_elsewhere() {
    let folder = Folder::new();
    let path = folder.file("open.h5");
    numbers().save_hdf5(&path, "a").unwrap();
    // As another program has it that writes: HDF5 holds this lock.
    let other = std::fs::File::open(&path).unwrap();
    other.lock().unwrap();
    failed(numbers().save_hdf5(&path, "b"), &["open.h5", "open elsewhere"]);
    failed(H5Writer::create(&path), &["open.h5", "open elsewhere"]);
    failed(H5Reader::open(&path), &["open.h5", "open elsewhere"]);
    drop(other);
    numbers().save_hdf5(&path, "b").unwrap();
    assert_eq!(found::<f64>(&path, "a").0, [6, 5]);
}

fn names_that_cannot_be() {
    let folder = Folder::new();
    let path = folder.file("names.h5");
    let file = H5Writer::create(&path).unwrap();
    for name in ["", "/", "a//b", "a/", "a\0b", "./a", "a/../b"] {
        for result in [file.dataset(name).create(&numbers()), file.group(name), file.shape(name).map(drop)] {
            let error = result.unwrap_err();
            assert!(error.is_argument() && error.to_string().contains(&format!("{name:?}")), "{error}");
        }
    }
    failed(file.set_attribute("/", "a\0b", 1), &["names.h5"]);
    failed(file.set_attribute("/", "a", "b\0c"), &["names.h5"]);
    failed(numbers().save_hdf5("a\0b", "x"), &["NUL"]);
    file.dataset("a/b").create(&numbers()).unwrap();
    failed(file.dataset("a/b/c").create(&numbers()), &["names.h5", "\"a/b/c\"", "no group"]);
    failed(file.dataset("a").create(&numbers()), &["names.h5", "\"a\""]);
    file.dataset("Größe, 大きさ").create(&numbers()).unwrap();
    assert_eq!(file.names("/").unwrap(), ["Größe, 大きさ", "a"]);
}

/// The program that is killed while all its tasks write: it says where, and does not end by itself.
pub(crate) fn writes_for_long() {
    let path = std::env::temp_dir().join(format!("pmi-killed-{}.h5", std::process::id()));
    let file = H5Writer::create(&path).unwrap();
    file.dataset("before").create(&numbers()).unwrap();
    let large = DistArray::<f64, _>::ones((1 << 10, 1 << 10));
    file.dataset("large").create(&large).unwrap();
    file.flush().unwrap();
    println!("file {}", path.display());
    for _ in 0..10_000 {
        file.write_slice("large", &[0, 0], &large).unwrap();
    }
}

/// What the file of a writer that was killed still has, which then goes.
pub(crate) fn whole_after_death(path: &str) -> Result<(), String> {
    let read = hdf5_metno::File::open(path).and_then(|file| file.dataset("before")?.read_raw::<f64>());
    let removed = std::fs::remove_file(path);
    let read = read.map_err(|cause| cause.to_string())?;
    removed.map_err(|cause| cause.to_string())?;
    let expected: Vec<f64> = (0..30).map(f64::from).collect();
    if read == expected { Ok(()) } else { Err(format!("{read:?}")) }
}

/// A file system of a few MiB, where this may be made.
struct Small(Folder);

impl Small {
    fn new() -> Option<Self> {
        let folder = Folder::new();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "pmi"]).arg(&folder.0).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: no small file system can be mounted here");
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0.0).status();
    }
}

fn a_full_disk() {
    let Some(small) = Small::new() else { return };
    let path = small.0.file("full.h5");
    numbers().save_hdf5(&path, "a").unwrap();
    let large = DistArray::<f64, _>::ones((1 << 10, 1 << 10));
    failed(large.save_hdf5(&path, "large"), &["full.h5"]);
    let cyclic = large.redistribute([Axis::Cyclic, Axis::Block]);
    failed(cyclic.save_hdf5(&path, "large"), &["full.h5"]);
    let noise = large.indexed_map(|(i, j), _| ((i * 7919 + j * 104_729) as f64).sin()).eval();
    let compressed = H5Writer::open(&path).and_then(|file| {
        let made = file.dataset("large").deflate(1).create(&noise);
        made.and(file.close())
    });
    failed(compressed, &["full.h5"]);
    // What was there before is whole.
    assert_eq!(DistArray::<f64, Ix2>::load_hdf5(&path, "a").unwrap().gather().unwrap(), numbers().gather().unwrap());
    let file = H5Writer::create(&path).unwrap();
    file.dataset("frames").unlimited().zeros::<f64, _>((0, 1 << 8, 1 << 9)).unwrap();
    let frame = DistArray::<f64, _>::ones((1 << 8, 1 << 9));
    let appended: Vec<_> = (0..5).map(|_| file.append("frames", &frame)).collect();
    assert!(appended[0].is_ok() && appended[4].is_err(), "{appended:?}");
    // Those that could not be written are not there.
    assert_eq!(file.shape("frames").unwrap()[0], appended.iter().filter(|result| result.is_ok()).count());
    file.close().unwrap();
}

/// Takes all the room that is left.
fn fill(path: &Path) {
    let mut file = std::fs::File::create(path).unwrap();
    for bytes in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![1; bytes]).is_ok() {}
    }
}

/// With what HDF5 keeps in memory until then: no rank waits.
fn a_disk_that_is_full_when_the_file_is_closed() {
    // Where one task writes, it is HDF5 that says so, and that crashes when the program ends.
    if cfg!(not(feature = "hdf5-mpio")) || pmi::launched_rank().is_none() || pmi::size().unwrap() == 1 {
        return;
    }
    let Some(small) = Small::new() else { return };
    let (path, rest) = (small.0.file("full.h5"), small.0.file("rest"));
    let file = H5Writer::create(&path).unwrap();
    file.dataset("a").create(&numbers()).unwrap();
    file.flush().unwrap();
    (0..200).for_each(|number| file.group(&format!("group{number}")).unwrap());
    fill(&rest);
    failed(file.flush(), &["full.h5", "no space left"]);
    failed(file.flush(), &["full.h5", "no space left"]);
    // It is not lost where there is room again.
    std::fs::remove_file(&rest).unwrap();
    file.flush().unwrap();
    (200..400).for_each(|number| file.group(&format!("group{number}")).unwrap());
    fill(&rest);
    failed(file.close(), &["full.h5", "no space left", "given up"]);
    std::fs::remove_file(&rest).unwrap();
    numbers().save_hdf5(small.0.file("other.h5"), "a").unwrap();
    // HDF5 still has it open.
    failed(numbers().save_hdf5(&path, "a"), &["full.h5", "given the file up", "remove it"]);
    failed(H5Reader::open(&path), &["full.h5", "given the file up"]);
    std::fs::remove_file(&path).unwrap();
    numbers().save_hdf5(&path, "a").unwrap();
}

/// A frame that fails while the program goes on: who asks next is told, by the name of its dataset, which is without it.
fn a_disk_that_is_full_in_the_background() {
    let Some(small) = Small::new() else { return };
    let (path, rest) = (small.0.file("full.h5"), small.0.file("rest"));
    // For the structure of the file, at the end.
    std::fs::write(&rest, vec![1; 1 << 18]).unwrap();
    let file = H5Writer::options().overlap(true).one_writer().create(&path).unwrap();
    for name in ["large", "small"] {
        file.dataset(name).unlimited().zeros::<f64, _>((0, 1 << 8, 1 << 9)).unwrap();
    }
    let frame = DistArray::<f64, _>::full((1 << 8, 1 << 9), 1.0);
    file.dataset("a").create(&numbers()).unwrap();
    file.append("large", &frame).unwrap();
    file.flush().unwrap();
    let few = DistArray::<f64, _>::ones((1 << 8, 1 << 9));
    // Some are begun that find no room.
    let next: [&dyn Fn() -> Result<(), Error>; 4] = [
        &|| file.append("small", &few),
        &|| file.write_slice("a", &[0, 0], &numbers()),
        &|| file.read::<f64, Ix2>("a").map(drop),
        &|| file.flush(),
    ];
    let four = DistArray::<f64, _>::ones((4, 1 << 8, 1 << 9));
    for next in next {
        file.append("large", &four).unwrap();
        failed(next(), &["full.h5", "\"large\""]);
        assert_eq!((file.shape("large").unwrap()[0], file.shape("small").unwrap()[0]), (1, 0));
    }
    file.append("small", &few).unwrap();
    std::fs::remove_file(&rest).unwrap();
    file.close().unwrap();
    let file = H5Reader::open(&path).unwrap();
    assert_eq!((file.shape("large").unwrap()[0], file.shape("small").unwrap()[0]), (1, 1));
    assert_eq!(file.read::<f64, Ix3>("large").unwrap().sum(), (1 << 17) as f64);
}

/// Chunks are allocated as a whole, and filled, when a dataset gets longer.
fn no_room_for_what_is_not_written_yet() {
    // One task that writes is told by HDF5, when the disk is full.
    if cfg!(not(feature = "hdf5-mpio")) || pmi::launched_rank().is_none() || pmi::size().unwrap() == 1 {
        return;
    }
    let Some(small) = Small::new() else { return };
    let path = small.0.file("full.h5");
    let file = H5Writer::create(&path).unwrap();
    file.dataset("a").unlimited().chunk([1 << 20]).zeros::<f64, _>(0).unwrap();
    file.dataset("b").unlimited().chunk([1 << 10]).zeros::<f64, _>(0).unwrap();
    file.append("b", &DistArray::<f64, _>::ones(10)).unwrap();
    failed(file.append("a", &DistArray::<f64, _>::ones(1)), &["\"a\"", "no space left"]);
    failed(file.resize("b", 1 << 20), &["\"b\"", "no space left"]);
    failed(file.resize("b", usize::MAX / 2), &["\"b\"", "no space left"]);
    failed(file.dataset("c").zeros::<f64, _>((1 << 20, 3)), &["\"c\"", "no space left"]);
    assert_eq!((file.shape("a").unwrap(), file.shape("b").unwrap()), (vec![0], vec![10]));
    file.append("b", &DistArray::<f64, _>::ones(2000)).unwrap();
    file.close().unwrap();
    let b = DistArray::<f64, Ix1>::load_hdf5(&path, "b").unwrap();
    assert_eq!((b.len(), b.sum()), (2010, 2010.0));
}

fn a_writer_that_is_closed_by_a_panic() {
    let folder = Folder::new();
    let path = folder.file("panic.h5");
    let file = H5Writer::create(&path).unwrap();
    file.dataset("a").create(&numbers()).unwrap();
    // A task fails in between; the file is as good as before.
    let failing = |task: &Task, ()| assert!(task.rank() + 1 < task.size(), "the last task fails");
    assert!(pmi::exec(failing, ()).is_err());
    file.dataset("b").create(&numbers()).unwrap();
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        file.dataset("c").create(&numbers()).unwrap();
        panic!("in serial code")
    }));
    assert!(unwound.is_err());
    for name in ["a", "b", "c"] {
        assert_eq!(found::<f64>(&path, name).0, [6, 5]);
    }
}
