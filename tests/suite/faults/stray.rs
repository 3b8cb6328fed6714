//! What a failed call leaves behind: nothing that a later one could receive, and no memory.

use super::{failed, size};
use crate::{Case, cases};
use pmi::{Handle, Task, op};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        messages_of_a_failed_call_are_not_received
        receives_of_a_failed_call_take_no_messages
        communicators_of_failed_calls_are_not_used_up
        a_split_after_a_failed_call_has_no_stray_messages
        hundreds_of_failures_in_a_row
    ]
}

fn messages_of_a_failed_call_are_not_received() {
    let n = size();
    // Sizes that are sent in the background, at once, and from the user's buffer.
    for len in [1, 5000, 100_000] {
        for round in 0..8 {
            let fail = |task: &Task, (len, value): (usize, u64)| {
                let (comm, to) = (task.comm(), (task.rank() + 1) % task.size());
                // A long one would wait for its receiver.
                match len {
                    1 => comm.send(to, 7, &[value]),
                    _ => drop(comm.isend(to, 7, vec![value; len])),
                }
                assert!(task.rank() != 0, "after sending");
                comm.barrier();
            };
            failed(pmi::exec(fail, (len, round)), &[0], "after sending");
            let swap = |task: &Task, (len, value): (usize, u64)| {
                let (to, from) = ((task.rank() + 1) % task.size(), (task.rank() + task.size() - 1) % task.size());
                assert!(!task.comm().probe(None, 7), "there is a message of an earlier call");
                task.comm().barrier();
                let sent = task.comm().isend(to, 7, vec![value; len]);
                let came = task.comm().recv::<u64>(from, 7);
                sent.wait();
                (came.len(), came[0], came[len - 1])
            };
            assert_eq!(pmi::invoke(swap, (len, 100 + round)).unwrap(), vec![(len, 100 + round, 100 + round); n]);
        }
    }
}

fn receives_of_a_failed_call_take_no_messages() {
    let n = size();
    for _ in 0..10 {
        let fail = |task: &Task, ()| {
            let mut posted: Vec<_> = (0..5).map(|_| task.comm().irecv::<u64>(None, 7, 10)).collect();
            assert!(task.rank() + 1 < task.size() || posted[0].test(), "with receives posted");
            posted.pop().unwrap().wait();
        };
        failed(pmi::exec(fail, ()), &[n - 1], "with receives posted");
        let ring = |task: &Task, ()| {
            let to = (task.rank() + 1) % task.size();
            task.comm().sendrecv(to, &[task.rank() as u64], None, 7)[0]
        };
        let came: Vec<_> = (0..n).map(|rank| ((rank + n - 1) % n) as u64).collect();
        assert_eq!(pmi::invoke(ring, ()).unwrap(), came);
    }
}

/// More than MPICH has, which are 2048.
fn communicators_of_failed_calls_are_not_used_up() {
    let n = size();
    let f = |task: &Task, bad: usize| {
        let parts: Vec<_> = (0..50).map(|_| task.comm().split(Some(0), 0).unwrap()).collect();
        assert!(task.rank() != bad, "with communicators");
        parts[7].barrier();
    };
    for round in 0..45 {
        failed(pmi::exec(f, round % n), &[round % n], "with communicators");
    }
}

/// The communicator may be one of the failed call's, used again: by halves of the tasks or all, with others still there.
fn a_split_after_a_failed_call_has_no_stray_messages() {
    let n = size();
    let mut kept = Vec::new();
    for round in 0..12 {
        let fail = |task: &Task, (round, bad): (usize, usize)| {
            let color = [task.rank() as u32 % 2, 0][round % 2];
            let part = task.comm().split(Some(color), task.rank() as u32).unwrap();
            let to = (part.rank() + 1) % part.size();
            part.send(to, 7, &[round]);
            drop(part.isend(to, 7, vec![round; 5000]));
            assert!(task.rank() != bad, "with a stray message");
            part.all_reduce(&[1], op::SUM);
            part.recv::<usize>(None, 9);
        };
        failed(pmi::exec(fail, (round, round % n)), &[round % n], "with a stray message");
        let ring = |task: &Task, round: usize| {
            // Every third time the other parts than in the call that failed.
            let color = [task.rank() as u32 % 2, 0][(round + round / 3) % 2];
            let stays_out = task.rank() == 1 && round.is_multiple_of(4);
            let part = task.comm().split((!stays_out).then_some(color), task.rank() as u32)?;
            let (rank, size) = (part.rank(), part.size());
            assert!(!part.probe(None, 7), "there is a message of an earlier call");
            part.barrier();
            let came = part.sendrecv((rank + 1) % size, &[100 * round + rank], (rank + size - 1) % size, 7);
            assert_eq!(came, [100 * round + (rank + size - 1) % size]);
            assert_eq!(part.all_reduce(&[rank + 1], op::SUM), [size * (size + 1) / 2]);
            Some(size)
        };
        let sizes = pmi::invoke(ring, round).unwrap();
        assert_eq!(sizes.iter().filter(|size| size.is_none()).count(), usize::from(n > 1 && round.is_multiple_of(4)));
        if round.is_multiple_of(5) {
            // Some keep theirs while calls fail.
            let keep = |task: &Task, ()| task.comm().split(Some(0), 0).filter(|_| task.rank().is_multiple_of(2));
            kept.push(pmi::create(keep, ()).unwrap());
        }
    }
}

/// A thousand, with an eye on the memory, are a test with processes.
fn hundreds_of_failures_in_a_row() {
    rounds(200);
}

/// Calls that fail in one way after the other, each followed by one that does not.
pub(super) fn rounds(count: usize) {
    let n = size();
    let kept = pmi::create(|task: &Task, ()| task.rank(), ()).unwrap();
    let f = |task: &Task, (round, bad): (usize, usize)| {
        let (comm, next) = (task.comm(), (task.rank() + 1) % task.size());
        // A stray message, and in some rounds one that stays with its sender.
        comm.send(next, 1, &[round; 100]);
        let large = (round % 5 == 0).then(|| comm.isend(next, 1, vec![round; 1 << 15]));
        assert!(task.rank() != bad, "round {round}");
        match round % 7 {
            0 => comm.barrier(),
            1 => drop(comm.recv::<u8>(bad, 2)),
            2 => drop(comm.all_reduce(&[0.5; 2000], op::SUM)),
            3 => drop(comm.irecv::<u8>(bad, 2, 100_000).wait()),
            4 => drop(comm.split(Some(0), 0)),
            5 => drop(comm.sendrecv(bad, &[1u8; 20_000], bad, 2)),
            _ => comm.send(bad, 2, &[1u8; 20_000]),
        }
        drop(large);
        comm.barrier();
    };
    for round in 0..count {
        let bad = round % n;
        let error = if round % 3 == 0 {
            let make = |task: &Task, bad: usize| {
                assert!(task.rank() != bad, "no instance");
                vec![0u8; 10_000]
            };
            pmi::create(make, bad).err().unwrap()
        } else {
            pmi::exec(f, (round, bad)).unwrap_err()
        };
        assert_eq!((error.failures().len(), error.failures()[0].rank), (1, bad), "{error}");
        let sum = |task: &Task, (x, kept): (usize, Handle<usize>)| {
            task.comm().all_reduce(&[x + *task.get(&kept)], op::SUM)[0]
        };
        assert_eq!(pmi::call(sum, (round, kept.clone())).unwrap(), n * round + n * (n - 1) / 2);
    }
}
