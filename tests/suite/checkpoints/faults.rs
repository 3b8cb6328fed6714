//! Files that cannot be written or read. The world goes on, and an older checkpoint is whole.

use crate::folders::{Folder, SmallDisk};
use crate::{Case, cases};
use ndarray::{Ix1, Ix2};
use pmi_toolkit::array::{Checkpoints, Error, checkpoint, restore};
use pmi_toolkit::prelude::*;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        what_is_not_there
        folders_and_files_in_each_others_place
        no_permission
        a_full_disk
        truncated
        altered
        what_is_no_checkpoint
        a_path_that_only_some_tasks_find
        what_is_no_file_stays
        one_program_at_a_time
        files_are_closed
    ]
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    step: u32,
    u: DistArray<f64, Ix1>,
    fields: Vec<DistArray<f32, Ix2>>,
}

fn state(step: u32, len: usize) -> State {
    let x = step as f32;
    let field = DistArray::from_fn((20, 31).distributed([Axis::Cyclic, Axis::Block]), |(i, j)| (i * j) as f32);
    State { step, u: DistArray::full(len, f64::from(step)), fields: vec![(&field + x).eval()] }
}

/// The error is of this file and says these words; the world answers.
#[track_caller]
fn says<R>(result: Result<R, Error>, path: &Path, words: &[&str]) -> Error {
    let Err(error) = result else { panic!("{} is found good", path.display()) };
    let text = error.to_string();
    assert!(error.is_file() && text.starts_with(&format!("{}: ", path.display())), "{text}");
    assert!(words.iter().any(|word| text.contains(word)), "{text}");
    let sum = pmi::reduce(|task: &Task, ()| task.comm().all_reduce(&[1], pmi::op::SUM)[0], (), pmi::op::MIN).unwrap();
    assert_eq!(sum, pmi::size().unwrap());
    error
}

fn what_is_not_there() {
    let folder = Folder::new();
    let path = folder.file("none");
    assert!(says(restore::<State>(&path), &path, &["No such file"]).is_not_found());
    let path = folder.file("none/state");
    says(checkpoint(&path, &state(1, 100)), &path, &["No such file"]);
    let path = folder.file("na\0me");
    says(checkpoint(&path, &state(1, 100)), &path, &["NUL", "nul"]);
    says(restore::<State>(&path), &path, &["NUL", "nul"]);
}

fn folders_and_files_in_each_others_place() {
    let folder = Folder::new();
    says(checkpoint(&folder.0, &state(1, 100)), &folder.0, &["irectory"]);
    says(restore::<State>(&folder.0), &folder.0, &["irectory"]);
    assert!(folder.list().is_empty());
    fs::write(folder.file("file"), "").unwrap();
    let path = folder.file("file/state");
    says(checkpoint(&path, &state(1, 100)), &path, &["ot a directory"]);
    says(restore::<State>(&path), &path, &["ot a directory"]);
}

fn no_permission() {
    // Not even root's.
    let path = Path::new("/sys/pmi-checkpoint");
    if path.parent().is_some_and(Path::exists) {
        says(checkpoint(path, &state(1, 100)), path, &["ermission denied", "Read-only"]);
    }
}

fn a_full_disk() {
    let Some(disk) = SmallDisk::new(2 << 20) else { return };
    let path = disk.0.file("state");
    checkpoint(&path, &state(1, 100)).unwrap();
    for axis in [Axis::Block, Axis::Cyclic] {
        let mut large = state(2, 100);
        large.u = DistArray::full(500_000.distributed([axis]), 2.0);
        let error = says(checkpoint(&path, &large), &path, &["array `u`: No space left"]);
        assert!(error.to_string().contains(", on task "), "{error}");
        // The other state is whole, and there is space again.
        assert_eq!((restore::<State>(&path).unwrap().step, disk.0.list()), (1, vec!["state".to_string()]));
        assert_eq!(large.u.sum(), 1e6);
    }
    checkpoint(&path, &state(3, 200_000)).unwrap();
    assert_eq!(restore::<State>(&path).unwrap().u.sum(), 6e5);
    // With room for the arrays, not for the values.
    let long = (state(4, 1000), "x".repeat(3 << 20));
    says(checkpoint(&path, &long), &path, &["No space left"]);
}

/// What a restored state must say.
fn bytes() -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    let path = folder.file("state");
    checkpoint(&path, &state(1, 300)).unwrap();
    let bytes = fs::read(path).unwrap();
    (folder, bytes)
}

fn truncated() {
    let (folder, bytes) = bytes();
    let path = folder.file("short");
    for len in (0..bytes.len()).step_by(499).chain([1, 63, 64, 65, bytes.len() - 1]) {
        fs::write(&path, &bytes[..len]).unwrap();
        let part = if len < 64 { "the header" } else { "the index: the file has been truncated" };
        assert!(says(restore::<State>(&path), &path, &[part]).is_damaged());
    }
    fs::write(&path, [&bytes[..], &[0]].concat()).unwrap();
    assert!(says(restore::<State>(&path), &path, &["prolonged"]).is_damaged());
}

fn altered() {
    let (folder, bytes) = bytes();
    let path = folder.file("other");
    // The arrays are where the documentation of the format says.
    let (u, fields) = (4096..4096 + 300 * 8, 8192..8192 + 20 * 31 * 4);
    let values = fields.end;
    for at in (0..64).chain((64..bytes.len()).step_by(83)).chain([
        u.start,
        u.end - 1,
        u.end,
        fields.start,
        values - 1,
        values,
    ]) {
        let mut other = bytes.clone();
        other[at] ^= 1 << (at % 8);
        fs::write(&path, &other).unwrap();
        let (part, task) = match at {
            0..64 => ("the header: ", false),
            at if u.contains(&at) => ("array `u`: block 0 of 1", true),
            at if fields.contains(&at) => ("array `fields[0]`: block 0 of 1", true),
            at if at < u.start => ("array `u`: what is before it", false),
            at if at < fields.start => ("array `fields[0]`: what is before it", false),
            _ => ("the ", false),
        };
        let error = says(restore::<State>(&path), &path, &[part]);
        assert!(error.is_damaged() && error.to_string().contains(", on task ") == task, "byte {at}: {error}");
    }
    fs::write(&path, &bytes).unwrap();
    assert_eq!(restore::<State>(&path).unwrap().u.sum(), 300.0);
    // Which block, and who has it.
    let tasks = pmi::size().unwrap();
    let path = folder.file("large");
    checkpoint(&path, &DistArray::<u8, _>::zeros(5 << 20)).unwrap();
    let mut other = fs::read(&path).unwrap();
    other[4096 + (4 << 20)] = 1;
    fs::write(&path, other).unwrap();
    let rank = pmi_toolkit::array::Layout::new(&[5 << 20], tasks).owner(&[4 << 20]);
    let text = format!("the array: block 4 of 5 (of 1 MiB) has been altered, on task {rank}");
    says(restore::<DistArray<u8, Ix1>>(&path), &path, &[&text]);
}

fn what_is_no_checkpoint() {
    let folder = Folder::new();
    let path = folder.file("text");
    for len in [0, 10, 1000] {
        fs::write(&path, "x".repeat(len)).unwrap();
        assert!(says(restore::<State>(&path), &path, &["the header"]).is_damaged());
    }
}

fn a_path_that_only_some_tasks_find() {
    let tasks = pmi::size().unwrap();
    if pmi::launched_rank().is_none() || tasks == 1 {
        return; // Threads have one working directory.
    }
    let folder = Folder::new();
    let path = Path::new("state");
    let home = pmi::invoke(|_: &Task, ()| std::env::current_dir().unwrap(), ()).unwrap();
    let go = |task: &Task, places: Vec<std::path::PathBuf>| std::env::set_current_dir(&places[task.rank()]).unwrap();
    pmi::exec(go, vec![folder.0.clone(); tasks]).unwrap();
    checkpoint(path, &state(1, 100)).unwrap();
    let mut places = vec![folder.0.clone(); tasks];
    places[tasks - 1] = "/".into();
    pmi::exec(go, places).unwrap();
    let words = format!("array `u`: No such file or directory (os error 2), on task {}", tasks - 1);
    let (read, written) = (restore::<State>(path), checkpoint(path, &state(2, 100)));
    let newest = Checkpoints::new(path).restore::<State>();
    pmi::exec(go, home).unwrap();
    says(read, path, &[&words]);
    says(newest, path, &[&words]);
    says(written, path, &[&words]);
    assert_eq!((folder.list(), restore::<State>(folder.file("state")).unwrap().step), (vec!["state".into()], 1));
}

fn what_is_no_file_stays() {
    let folder = Folder::new();
    let pipe = folder.pipe("pipe");
    says(checkpoint(&pipe, &state(1, 100)), &pipe, &["a device or a pipe"]);
    assert!(!pipe.is_file());
    fs::remove_file(pipe).unwrap();
    let link = folder.file("link");
    std::os::unix::fs::symlink("state", &link).unwrap();
    let checkpoints = Checkpoints::new(&link);
    for step in 1..=3 {
        checkpoints.save(&state(step, 100)).unwrap();
    }
    assert!(link.is_symlink());
    assert_eq!(folder.list(), ["link", "state", "state.1"]);
    assert_eq!(checkpoints.restore::<State>().unwrap().unwrap().step, 3);
    fs::remove_file(folder.file("state")).unwrap();
    assert_eq!(checkpoints.restore::<State>().unwrap().unwrap().step, 2);
}

fn one_program_at_a_time() {
    let folder = Folder::new();
    let path = folder.file("state");
    checkpoint(&path, &state(1, 100)).unwrap();
    fs::write(folder.file("state.partial"), "another's").unwrap();
    let other = fs::File::open(folder.file("state.partial")).unwrap();
    other.lock().unwrap();
    says(checkpoint(&path, &state(2, 100)), &path, &["another program writes it"]);
    assert_eq!(fs::read(folder.file("state.partial")).unwrap(), b"another's");
    drop(other);
    checkpoint(&path, &state(3, 100)).unwrap();
    assert_eq!((restore::<State>(&path).unwrap().step, folder.list()), (3, vec!["state".to_string()]));
}

fn files_are_closed() {
    if !Path::new("/proc/self/fd").exists() {
        return; // Elsewhere a process does not know what it has open.
    }
    let folder = Folder::new();
    let path = folder.file("state");
    // Without another command, with which what has been dropped would go.
    let open = || {
        let all = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        all.filter(|file| file.starts_with(&folder.0)).collect::<Vec<_>>()
    };
    let first = state(1, 100);
    checkpoint(&path, &first).unwrap();
    assert_eq!(open(), [""; 0].map(Path::new));
    let _restored = restore::<State>(&path).unwrap();
    assert_eq!(open(), [""; 0].map(Path::new));
    let _error = restore::<u8>(&path).unwrap_err();
    assert_eq!(open(), [""; 0].map(Path::new));
}
