//! Tasks that wait for one that has failed: in collectives, messages and split communicators, whatever the order of events.

use crate::{Case, cases};
use pmi::{Comm, Task, op};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        splits_after_a_failure_on_a_split
        a_split_dropped_before_the_failure
        a_failure_outside_a_split
        an_operator_that_panics_in_a_collective
        a_large_send_to_a_task_that_has_finished
        counts_that_disagree_are_named
        requests_of_a_failed_call_are_void
        stray_messages_are_never_received
    ]
}

fn size() -> usize {
    pmi::size().unwrap()
}

/// The world works: messages, collectives, splits.
fn check() {
    let works = |task: &Task, ()| {
        let (comm, rank, size) = (task.comm(), task.rank(), task.size());
        let half = comm.split(Some(rank as u32 % 2), 0).unwrap();
        assert_eq!(half.all_reduce(&[1], op::SUM)[0], half.size());
        assert_eq!(comm.sendrecv((rank + 1) % size, &[rank], (rank + size - 1) % size, 3), [(rank + size - 1) % size]);
        comm.all_reduce(&[rank], op::SUM)[0]
    };
    assert_eq!(pmi::invoke(works, ()).unwrap(), vec![size() * (size() - 1) / 2; size()]);
}

fn splits_after_a_failure_on_a_split() {
    let fail = |task: &Task, bad: usize| {
        let comm = task.comm().split(Some(0), 0).unwrap();
        comm.all_reduce(&[1.0], op::SUM);
        assert!(task.rank() != bad, "gone");
        comm.barrier();
    };
    for round in 0..20 {
        let error = pmi::exec(fail, round % size()).unwrap_err();
        assert_eq!(error.failures().len(), 1, "{error}");
        check();
    }
}

fn a_split_dropped_before_the_failure() {
    let fail = |task: &Task, bad: usize| {
        let comm = task.comm().split(Some(0), 0).unwrap();
        comm.gather(task.size() - 1, &[task.rank()]);
        drop(comm);
        assert!(task.rank() != bad, "gone");
    };
    for round in 0..20 {
        assert_eq!(pmi::exec(fail, round % size()).unwrap_err().failures().len(), 1);
        check();
    }
}

fn a_failure_outside_a_split() {
    let fail = |task: &Task, ()| {
        let last = task.size() - 1;
        let comm = task.comm().split(Some(u32::from(task.rank() == last)), 0).unwrap();
        assert!(task.rank() != last, "the one that is alone");
        for _ in 0..50 {
            comm.all_reduce(&[1], op::SUM);
        }
        if task.rank() == 0 {
            task.comm().recv::<u8>(last, 5);
        }
    };
    for _ in 0..10 {
        assert_eq!(pmi::exec(fail, ()).unwrap_err().failures()[0].rank, size() - 1);
        check();
    }
}

fn an_operator_that_panics_in_a_collective() {
    let fail = |task: &Task, (how, len): (usize, usize)| {
        let op = |a: u32, b: u32| {
            assert!(b != 3 && a != 3, "no threes");
            a.max(b)
        };
        let mine: Vec<_> = (0..len).map(|i| if i == len - 1 { 3 } else { task.rank() as u32 + 10 }).collect();
        match how {
            0 => drop(task.comm().all_reduce(&mine, op)),
            1 => drop(task.comm().reduce(task.size() - 1, &mine, op)),
            _ => drop(task.comm().scan(&mine, op)),
        }
    };
    for how in 0..3 {
        for len in [10, 10_000] {
            let result = pmi::exec(fail, (how, len));
            assert_eq!(result.is_err(), size() > 1, "{result:?}");
            check();
        }
    }
}

fn a_large_send_to_a_task_that_has_finished() {
    if size() < 3 {
        return;
    }
    let fail = |task: &Task, ()| match task.rank() {
        1 => task.comm().send(0, 1, &vec![1u8; 1 << 20]),
        2 => panic!("elsewhere"),
        _ => {}
    };
    for _ in 0..5 {
        assert_eq!(pmi::exec(fail, ()).unwrap_err().failures()[0].rank, 2);
        check();
    }
}

fn counts_that_disagree_are_named() {
    if size() < 2 {
        return;
    }
    let gather = |task: &Task, expected: usize| {
        let counts: Vec<_> = (0..task.size()).map(|rank| if rank == 1 { expected } else { 1 }).collect();
        let mut out = vec![0u64; counts.iter().sum()];
        let out = (task.rank() == 0).then_some((&mut out[..], &counts[..]));
        task.comm().gather_v_into(0, &[task.rank() as u64], out);
    };
    for expected in [0, 2] {
        assert!(pmi::exec(gather, expected).is_err(), "root expects {expected} of task 1");
        check();
    }
    let exchange = |task: &Task, ()| {
        let ones = vec![1; task.size()];
        let mut expected = ones.clone();
        expected[1] += usize::from(task.rank() == 0);
        let mut out = vec![0u8; expected.iter().sum()];
        task.comm().all_to_all_v_into(&vec![7u8; task.size()], &ones, &mut out, &expected);
    };
    let text = pmi::exec(exchange, ()).unwrap_err().to_string();
    assert!(text.contains("task 1 sends 1 bytes where task 0 expects 2"), "{text}");
    check();
}

fn requests_of_a_failed_call_are_void() {
    let kept = pmi::create(|task: &Task, ()| Some(task.comm().irecv::<u8>(task.rank(), 9, 4)), ()).unwrap();
    pmi::exec(|_: &Task, ()| panic!("x"), ()).unwrap_err();
    let wait = |_: &Task, request: &mut Option<pmi::RecvRequest<u8>>, ()| drop(request.take().unwrap().wait());
    let text = kept.exec(wait, ()).unwrap_err().to_string();
    assert!(text.contains("void"), "{text}");
    check();
}

fn stray_messages_are_never_received() {
    let n = size();
    let stray = |task: &Task, len: usize| {
        let next = (task.rank() + 1) % task.size();
        drop(task.comm().isend(next, 4, vec![0u32; len]));
        task.comm().barrier();
        panic!("with a message under way");
    };
    let fresh = |task: &Task, ()| {
        let (comm, rank, size): (&Comm, _, _) = (task.comm(), task.rank(), task.size());
        comm.send((rank + 1) % size, 4, &[1u32]);
        comm.recv::<u32>((rank + size - 1) % size, 4)
    };
    for len in [1, 100, 100_000] {
        pmi::exec(stray, len).unwrap_err();
        assert_eq!(pmi::invoke(fresh, ()).unwrap(), vec![vec![1]; n]);
        check();
    }
}
