//! Panics anywhere: one error on the controller, and a world that goes on.

use super::{failed, size, works};
use crate::{Case, cases};
use pmi::{Comm, Group, Task, op};
use rayon::prelude::*;
use std::cell::Cell;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        on_one_several_or_all_tasks
        before_and_after_a_collective
        in_the_operator_of_a_collective
        while_others_receive
        while_others_send_what_nobody_receives
        while_others_poll
        while_others_make_instances
        in_rayon
        in_groups
        outside_of_a_subcommunicator
        in_nested_subcommunicators
    ]
}

fn on_one_several_or_all_tasks() {
    let n = size();
    let f = |task: &Task, bits: u64| assert!(bits >> task.rank() & 1 == 0, "one of {bits}");
    for bits in 1..1u64 << n.min(5) {
        let ranks: Vec<_> = (0..n).filter(|rank| bits >> rank & 1 == 1).collect();
        let words = format!("one of {bits}");
        failed(pmi::exec(f, bits), &ranks, &words);
        failed(pmi::call(f, bits), &ranks, &words);
        failed(pmi::invoke(f, bits), &ranks, &words);
        let value = |task: &Task, bits: u64| {
            assert!(bits >> task.rank() & 1 == 0, "one of {bits}");
            task.rank()
        };
        failed(pmi::reduce(value, bits, op::SUM), &ranks, &words);
    }
    failed(pmi::exec(|_: &Task, ()| std::panic::panic_any(vec![1]), ()), &(0..n).collect::<Vec<_>>(), "not a text");
}

/// Every collective there is; the buffers are larger than what is handed over in one piece.
const COLLECTIVES: [fn(&Comm); 13] = [
    |comm| comm.barrier(),
    |comm| comm.broadcast(0, &mut [1u8; 70_000]),
    |comm| drop(comm.broadcast_object(0, Some(vec![5u8]))),
    |comm| drop(comm.gather(0, &[1u64; 9000])),
    |comm| drop(comm.gather_v(0, &vec![1u64; comm.rank()])),
    |comm| drop(comm.all_gather(&[1u64; 9000])),
    |comm| drop(comm.all_gather_object(&5u8)),
    |comm| drop(comm.scatter(0, Some(&vec![1u32; 3000 * comm.size()][..]))),
    |comm| drop(comm.all_to_all(&vec![1u16; 5000 * comm.size()])),
    |comm| drop(comm.all_reduce(&[1.0f64; 3000], op::SUM)),
    |comm| drop(comm.reduce(0, &[1.0f64; 3000], |a: f64, b: f64| a + b)),
    |comm| drop(comm.scan(&[1i32], op::SUM)),
    |comm| drop(comm.split(Some(0), 0)),
];

fn before_and_after_a_collective() {
    let n = size();
    let f = |task: &Task, (which, bad, before): (usize, usize, bool)| {
        let collective = COLLECTIVES[which];
        if before {
            assert!(task.rank() != bad, "before");
        }
        collective(task.comm());
        assert!(task.rank() != bad, "after");
        // The others go on to the next one.
        collective(task.comm());
    };
    for which in 0..COLLECTIVES.len() {
        for before in [true, false] {
            let bad = which % n;
            failed(pmi::exec(f, (which, bad, before)), &[bad], if before { "before" } else { "after" });
        }
    }
}

/// Some of the tasks apply it, in the middle of the collective.
fn in_the_operator_of_a_collective() {
    thread_local! {
        static RANK: Cell<usize> = const { Cell::new(0) };
    }
    let f = |task: &Task, (which, bad, len): (usize, usize, usize)| {
        RANK.set(if task.rank() == bad { 1 } else { 0 });
        let sum = |a: u64, b: u64| {
            assert!(RANK.get() == 0, "in the operator");
            a + b
        };
        let mine = vec![1; len];
        match which {
            0 => drop(task.comm().all_reduce(&mine, sum)),
            1 => drop(task.comm().reduce(task.size() - 1, &mine, sum)),
            2 => drop(task.comm().scan(&mine, sum)),
            _ => drop(task.comm().exclusive_scan(&mine, sum)),
        }
        task.comm().barrier();
    };
    for which in 0..4 {
        for len in [1, 5000] {
            for bad in 0..size() {
                // Which tasks combine what is the transport's affair; nobody waits for ever in either.
                if let Err(error) = pmi::exec(f, (which, bad, len)) {
                    assert_eq!((error.failures().len(), error.failures()[0].rank), (1, bad), "{error}");
                    assert!(error.to_string().contains("in the operator"), "{error}");
                }
                works();
            }
        }
    }
    let all = |_: u64, _: u64| -> u64 { panic!("nowhere") };
    assert_eq!(pmi::exec(move |task: &Task, ()| drop(task.comm().all_reduce(&[1], all)), ()).is_err(), size() > 1);
    works();
}

fn while_others_receive() {
    let n = size();
    let f = |task: &Task, (how, bad): (u8, usize)| {
        let (comm, rank, size) = (task.comm(), task.rank(), task.size());
        assert!(rank != bad, "gone");
        match how {
            0 => drop(comm.recv::<u8>(bad, 1)),
            1 => drop(comm.recv::<u8>(None, 1)),
            2 => drop(comm.recv_into(bad, 1, &mut [0u8; 4])),
            3 => drop(comm.irecv::<u64>(bad, 1, 1 << 17).wait()),
            4 => drop(comm.irecv::<u64>(None, 1, 8).wait()),
            5 => drop(comm.sendrecv(bad, &[1u8], bad, 1)),
            6 => drop(comm.sendrecv(bad, &vec![1u8; 1 << 20], bad, 1)),
            7 => drop(comm.recv_object::<String>(bad, 1)),
            // In a ring, where each waits for the next.
            _ => drop(comm.recv::<u8>((rank + 1) % size, 1)),
        }
    };
    for how in 0..=8 {
        for bad in [0, n / 2, n - 1] {
            failed(pmi::exec(f, (how, bad)), &[bad], "gone");
        }
    }
}

fn while_others_send_what_nobody_receives() {
    let n = size();
    let f = |task: &Task, (how, bad): (u8, usize)| {
        let (comm, rank) = (task.comm(), task.rank());
        assert!(rank != bad, "gone");
        let to = match how % 2 {
            0 => bad,
            // It does not panic itself.
            _ => (bad + 1) % task.size(),
        };
        let large = vec![rank as u8; 1 << 20];
        match how / 2 {
            0 => comm.send(to, 1, &large),
            1 => drop(comm.isend(to, 1, large).wait()),
            2 => drop(comm.isend(to, 1, large)),
            _ => (0..100).for_each(|_| comm.send(to, 1, &large[..1000])),
        }
        comm.barrier();
    };
    for how in 0..8 {
        for bad in [0, n / 2, n - 1] {
            failed(pmi::exec(f, (how, bad)), &[bad], "gone");
        }
    }
}

/// Loops of the user's own over what does not block.
fn while_others_poll() {
    let n = size();
    let f = |task: &Task, (how, bad): (u8, usize)| {
        let comm = task.comm();
        assert!(task.rank() != bad, "gone");
        if how == 0 {
            while !comm.probe(bad, 1) {
                std::thread::yield_now();
            }
        } else {
            let mut request = comm.irecv::<u8>(bad, 1, 10);
            while !request.test() {
                std::thread::yield_now();
            }
        }
    };
    for how in 0..2 {
        for bad in 0..n {
            failed(pmi::exec(f, (how, bad)), &[bad], "gone");
        }
    }
}

thread_local! {
    static ALIVE: Cell<usize> = const { Cell::new(0) };
}

struct Counted;

impl Counted {
    fn new() -> Self {
        ALIVE.set(ALIVE.get() + 1);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
    }
}

fn while_others_make_instances() {
    let n = size();
    let make = |task: &Task, (how, bad): (u8, usize)| {
        let half_made = Counted::new();
        match how {
            0 => assert!(task.rank() != bad, "no instance"),
            1 => {
                assert!(task.rank() != bad, "no instance");
                task.comm().barrier();
            }
            _ => {
                task.comm().barrier();
                assert!(task.rank() != bad, "no instance");
            }
        }
        (half_made, Counted::new())
    };
    for how in 0..3 {
        for bad in 0..n {
            failed(pmi::create(make, (how, bad)), &[bad], "no instance");
            assert_eq!(pmi::invoke(|_: &Task, ()| ALIVE.get(), ()).unwrap(), vec![0; n]);
        }
    }
    drop(pmi::create(make, (0, n)).unwrap());
    assert_eq!(pmi::invoke(|_: &Task, ()| ALIVE.get(), ()).unwrap(), vec![0; n]);
}

fn in_rayon() {
    let n = size();
    let f = |task: &Task, (how, bad): (u8, usize)| {
        let bad = task.rank() == bad;
        let each = |i: u32| assert!(!bad || i != 777, "item {i}");
        match how {
            0 => (0..1000).into_par_iter().for_each(each),
            1 => task.install(|| (0..1000).into_par_iter().for_each(each)),
            _ => rayon::scope(|scope| scope.spawn(|_| each(777))),
        }
        task.comm().barrier();
    };
    for how in 0..3 {
        for bad in 0..n {
            failed(pmi::exec(f, (how, bad)), &[bad], "item 777");
        }
    }
}

fn in_groups() {
    let n = size();
    let group = Group::new(n / 2..n).unwrap();
    let object = group.create(|task: &Task, ()| task.rank(), ()).unwrap();
    for round in 0..12 {
        let bad = round % group.size();
        let f = |task: &Task, bad: usize| {
            assert!(task.rank() != bad, "one of the group");
            task.comm().all_reduce(&[1], op::SUM)[0]
        };
        let here = group.ranks()[bad];
        match round % 4 {
            0 => failed(group.invoke(f, bad), &[here], "one of the group"),
            1 => {
                failed(
                    object.exec(|task, _, bad: usize| assert!(task.rank() != bad, "method"), bad),
                    &[here],
                    "method",
                );
            }
            2 => failed(pmi::invoke(f, here), &[here], "one of the group"),
            _ => failed(pmi::call_on(here, |_: &Task, ()| -> u8 { panic!("alone") }, ()), &[here], "alone"),
        }
        assert_eq!(group.reduce(f, group.size(), op::MAX).unwrap(), group.size());
        assert_eq!(object.invoke(|_, rank, ()| *rank, ()).unwrap(), (0..group.size()).collect::<Vec<_>>());
    }
}

/// The task that panics is not a member; the members are in collectives, or wait for it.
fn outside_of_a_subcommunicator() {
    let n = size();
    if n == 1 {
        return;
    }
    let f = |task: &Task, (how, bad): (u8, usize)| {
        let outside = task.rank() == bad;
        let part = task.comm().split((!outside).then_some(0), 0);
        let Some(part) = part else { panic!("outside") };
        match how {
            // The members alone: this may well succeed before they hear.
            0 => (0..50).for_each(|_| part.barrier()),
            1 => {
                part.all_reduce(&[1u64; 5000], op::SUM);
                drop(task.comm().recv::<u8>(bad, 3));
            }
            2 if part.rank() == 0 => drop(task.comm().recv::<u8>(bad, 3)),
            2 => part.barrier(),
            _ => {
                part.barrier();
                task.comm().barrier();
            }
        }
    };
    for how in 0..4 {
        for bad in 0..n {
            failed(pmi::exec(f, (how, bad)), &[bad], "outside");
        }
    }
}

fn in_nested_subcommunicators() {
    let n = size();
    let f = |task: &Task, bad: usize| {
        let half = task.comm().split(Some(task.rank() as u32 % 2), 0).unwrap();
        let quarter = half.split(Some(half.rank() as u32 % 2), 0).unwrap();
        quarter.barrier();
        assert!(task.rank() != bad, "deep inside");
        quarter.barrier();
        half.barrier();
        task.comm().barrier();
    };
    for round in 0..3 * n {
        failed(pmi::exec(f, round % n), &[round % n], "deep inside");
    }
}
