//! The programs that the tests with processes run: this binary, told by the environment what to do.

use super::stray;
use pmi::{Code, Task};
use std::hint::black_box;
use std::process::exit;
use std::thread;
use std::time::Duration;

/// The variable that names the program to be.
pub(super) const PROGRAM: &str = "PMI_FAULT";

/// Bytes of the executable that nothing prints: with another letter in it, it is another build.
pub(super) const MARK: &str = "mark of this build: 60b1f2c83a";

/// Longer than any test waits.
const LONG: Duration = Duration::from_secs(100);

/// The program that this process shall be in place of the tests.
pub(crate) fn wanted() -> Option<String> {
    std::env::var(PROGRAM).ok()
}

/// Is the program with this name.
pub(crate) fn program(name: &str) {
    black_box(MARK.as_bytes());
    let world = match pmi::setup() {
        Ok(world) => world,
        Err(error) => {
            // The other tasks have ended, and the launcher must not take that for a reason to end this one, too: Open
            // MPI's would after some two seconds, which a crowded machine may need to get here.
            thread::sleep(Duration::from_secs(3));
            eprintln!("error: {error}");
            exit(1);
        }
    };
    let processes = pmi::invoke(|_: &Task, ()| std::process::id(), ()).expect("nothing fails yet");
    println!("ready {}", processes.iter().map(u32::to_string).collect::<Vec<_>>().join(" "));
    match name {
        "sets_up" => {}
        "is_idle" => thread::sleep(LONG),
        "waits_in_a_call" => wait(|task| thread::sleep(if task.rank() == 1 { LONG } else { Duration::ZERO })),
        "computes" => wait(|_| while black_box(true) {}),
        "panics" => panic!("in serial code"),
        "panics_after_a_failed_call" => {
            let error = pmi::exec(|_: &Task, ()| panic!("on all tasks"), ()).unwrap_err();
            panic!("in serial code, as {error}");
        }
        "exits_with_0" => exit(0),
        "exits_with_3" => exit(3),
        "exits_after_a_failed_call" => {
            pmi::exec(|_: &Task, ()| panic!("on all tasks"), ()).unwrap_err();
            exit(3);
        }
        "exits_on_a_worker" => wait(|task| {
            if task.rank() == 1 {
                exit(7)
            }
        }),
        "exits_on_the_controller" => wait(|task| {
            if task.rank() == 0 {
                exit(7)
            }
        }),
        "exits_on_another_thread" => {
            thread::spawn(|| exit(7));
            thread::sleep(LONG);
        }
        "aborts_on_a_worker" => wait(|task| {
            if task.rank() == 1 {
                std::process::abort()
            }
        }),
        "fails_again_and_again" => memory(),
        #[cfg(feature = "hdf5")]
        "writes_for_long" => crate::hdf5::faults::writes_for_long(),
        _ => crate::checkpoints::program(name),
    }
    drop(world);
    println!("done");
}

/// Runs `first` on all tasks, which then wait for each other.
fn wait<F: Fn(&Task) + Copy + 'static>(first: F) {
    let all = |task: &Task, first: Code<F>| {
        (first.get())(task);
        task.comm().barrier();
    };
    pmi::exec(all, Code::new(first)).expect("nobody gets here");
}

/// Bytes that this process has in memory.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux tells");
    pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0) * 4096
}

/// Prints by how much the memory of each task grew in a thousand failures.
fn memory() {
    let measure = || pmi::invoke(|_: &Task, ()| resident(), ()).expect("nothing fails here");
    stray::rounds(500);
    let before = measure();
    stray::rounds(1000);
    let grown = measure().into_iter().zip(before).map(|(after, before)| after.saturating_sub(before) / 1024);
    println!("grown {} KiB", grown.max().unwrap_or(0));
}
