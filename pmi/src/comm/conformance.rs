//! What every transport must do: one suite that all of them pass, on any number of tasks.

use super::{Comm, MAX_TAG};
use crate::op;

/// What is run by all tasks.
pub type Case = fn(&Comm);

/// The cases: each is run by all tasks of a call, with its communicator, and panics where something is wrong.
pub const CASES: &[(&str, Case)] = &[
    ("messages_keep_their_order", messages_keep_their_order),
    ("messages_from_anyone", messages_from_anyone),
    ("tags_select", tags_select),
    ("receives_match_in_the_order_they_were_posted", receives_match_in_the_order_they_were_posted),
    ("ring_of_sendrecv", ring_of_sendrecv),
    ("message_to_oneself", message_to_oneself),
    ("empty_messages", empty_messages),
    ("abandoned_requests", abandoned_requests),
    ("objects", objects),
    ("barrier_and_broadcast", barrier_and_broadcast),
    ("gather_and_scatter", gather_and_scatter),
    ("ragged_gather_and_scatter", ragged_gather_and_scatter),
    ("all_gather", all_gather),
    ("all_to_all", all_to_all),
    ("reductions_of_every_length", reductions_of_every_length),
    ("reductions_by_functions_keep_rank_order", reductions_by_functions_keep_rank_order),
    ("reductions_of_every_type", reductions_of_every_type),
    ("scans", scans),
    ("split_and_split_again", split_and_split_again),
    ("collectives_and_messages_do_not_mix", collectives_and_messages_do_not_mix),
    ("large_messages", large_messages),
];

/// The ranks after and before this one.
fn neighbours(comm: &Comm) -> (usize, usize) {
    let (rank, size) = (comm.rank(), comm.size());
    ((rank + 1) % size, (rank + size - 1) % size)
}

/// A buffer that differs from task to task.
fn pattern(rank: usize, len: usize) -> Vec<u64> {
    (0..len).map(|i| (rank * 1_000_003 + i * 7) as u64).collect()
}

fn messages_keep_their_order(comm: &Comm) {
    let (next, before) = neighbours(comm);
    let sent: Vec<_> = (0..50u32).map(|n| comm.isend(next, 3, vec![n; n as usize % 7 + 1])).collect();
    for n in 0..50 {
        assert_eq!(comm.recv::<u32>(before, 3), vec![n; n as usize % 7 + 1]);
    }
    sent.into_iter().for_each(|request| drop(request.wait()));
}

fn messages_from_anyone(comm: &Comm) {
    if comm.rank() > 0 {
        return comm.send(0, 9, &[comm.rank()]);
    }
    let mut seen = vec![false; comm.size()];
    for _ in 1..comm.size() {
        let (data, received) = comm.recv_with_source::<usize>(None, 9);
        assert_eq!((data[0], received.tag, received.count), (received.source, 9, 1));
        assert!(!std::mem::replace(&mut seen[received.source], true));
    }
}

fn tags_select(comm: &Comm) {
    let (next, before) = neighbours(comm);
    let first = comm.isend(next, 0, vec![1.5f32]);
    let second = comm.isend(next, MAX_TAG, vec![2.5f32]);
    assert_eq!(comm.recv::<f32>(before, MAX_TAG), [2.5]);
    let mut buffer = [0f32; 4];
    assert_eq!(comm.recv_into(before, 0, &mut buffer).count, 1);
    assert_eq!(buffer, [1.5, 0.0, 0.0, 0.0]);
    [first, second].into_iter().for_each(|request| drop(request.wait()));
    assert!(!comm.probe(before, 0));
}

fn receives_match_in_the_order_they_were_posted(comm: &Comm) {
    let (next, before) = neighbours(comm);
    let first = comm.irecv::<u8>(before, 1, 10);
    let mut second = comm.irecv::<u8>(before, 1, 10);
    comm.barrier();
    let sends = [comm.isend(next, 1, vec![1u8]), comm.isend(next, 1, vec![2u8, 2])];
    while !second.test() {
        std::thread::yield_now();
    }
    assert_eq!(second.wait().0, [2, 2]);
    let (data, received) = first.wait();
    assert_eq!((data, received.source, received.count), (vec![1], before, 1));
    sends.into_iter().for_each(|request| drop(request.wait()));
}

fn ring_of_sendrecv(comm: &Comm) {
    let (next, before) = neighbours(comm);
    for len in [0, 1, 1000, 100_000] {
        assert_eq!(comm.sendrecv(next, &pattern(comm.rank(), len), before, 5), pattern(before, len));
    }
}

fn message_to_oneself(comm: &Comm) {
    let request = comm.isend(comm.rank(), 2, pattern(4, 10_000));
    assert_eq!(comm.recv::<u64>(comm.rank(), 2), pattern(4, 10_000));
    assert_eq!(request.wait(), pattern(4, 10_000));
}

fn empty_messages(comm: &Comm) {
    let (next, before) = neighbours(comm);
    comm.send::<f64>(next, 1, &[]);
    assert!(comm.recv::<f64>(before, 1).is_empty());
}

fn abandoned_requests(comm: &Comm) {
    let (next, before) = neighbours(comm);
    drop(comm.irecv::<u8>(before, 77, 8));
    comm.barrier();
    comm.send(next, 77, &[comm.rank() as u8]);
    assert_eq!(comm.recv::<u8>(before, 77), [before as u8]);
}

fn objects(comm: &Comm) {
    let (next, before) = neighbours(comm);
    let value = |rank: usize| (rank, Some(format!("task {rank}")), vec![rank as f64; rank]);
    comm.send_object(next, 4, &value(comm.rank()));
    assert_eq!(comm.recv_object::<(usize, Option<String>, Vec<f64>)>(before, 4), value(before));
    let last = comm.size() - 1;
    assert_eq!(comm.broadcast_object(last, (comm.rank() == last).then(|| value(last))), value(last));
    let all: Vec<_> = (0..comm.size()).map(value).collect();
    assert_eq!(comm.all_gather_object(&value(comm.rank())), all);
    let gathered = comm.gather_object(last, &value(comm.rank()));
    assert_eq!(gathered, (comm.rank() == last).then(|| all.clone()));
    assert_eq!(comm.scatter_object(last, gathered.as_deref()), value(comm.rank()));
    assert_eq!(comm.all_to_all_object(&vec![value(comm.rank()); comm.size()]), all);
}

fn barrier_and_broadcast(comm: &Comm) {
    for root in 0..comm.size() {
        comm.barrier();
        for len in [0, 1, 7, 5000] {
            let mut buffer = if comm.rank() == root { pattern(root, len) } else { vec![0; len] };
            comm.broadcast(root, &mut buffer);
            assert_eq!(buffer, pattern(root, len));
        }
    }
}

fn gather_and_scatter(comm: &Comm) {
    let size = comm.size();
    for root in 0..size {
        for len in [0, 1, 3000] {
            let all: Vec<_> = (0..size).flat_map(|rank| pattern(rank, len)).collect();
            let is_root = comm.rank() == root;
            assert_eq!(comm.gather(root, &pattern(comm.rank(), len)), is_root.then(|| all.clone()));
            assert_eq!(comm.scatter(root, is_root.then_some(&all[..])), pattern(comm.rank(), len));
        }
    }
}

fn ragged_gather_and_scatter(comm: &Comm) {
    let (rank, size) = (comm.rank(), comm.size());
    let len = |rank: usize| rank * 13 % 5;
    let counts: Vec<_> = (0..size).map(len).collect();
    let all: Vec<_> = (0..size).flat_map(|rank| pattern(rank, len(rank))).collect();
    let mine = pattern(rank, len(rank));
    for root in 0..size {
        let is_root = rank == root;
        assert_eq!(comm.gather_v(root, &mine), is_root.then(|| (all.clone(), counts.clone())));
        assert_eq!(comm.scatter_v(root, is_root.then_some((&all[..], &counts[..]))), mine);
    }
    assert_eq!(comm.all_gather_v(&mine), (all, counts));
}

fn all_gather(comm: &Comm) {
    for len in [0, 1, 100_000] {
        let all: Vec<_> = (0..comm.size()).flat_map(|rank| pattern(rank, len)).collect();
        assert_eq!(comm.all_gather(&pattern(comm.rank(), len)), all);
    }
}

fn all_to_all(comm: &Comm) {
    let (rank, size) = (comm.rank(), comm.size());
    let data: Vec<_> = (0..size).map(|to| (rank * 100 + to) as i16).collect();
    let came: Vec<_> = (0..size).map(|from| (from * 100 + rank) as i16).collect();
    assert_eq!(comm.all_to_all(&data), came);
    // From `a` to `b` go `(a + 2 b) % 4` elements, each `100 a + b`.
    let part = |a: usize, b: usize| vec![(100 * a + b) as u32; (a + 2 * b) % 4];
    let data: Vec<_> = (0..size).flat_map(|to| part(rank, to)).collect();
    let counts: Vec<_> = (0..size).map(|to| part(rank, to).len()).collect();
    let (got, got_counts) = comm.all_to_all_v(&data, &counts);
    assert_eq!(got, (0..size).flat_map(|from| part(from, rank)).collect::<Vec<_>>());
    assert_eq!(got_counts, (0..size).map(|from| part(from, rank).len()).collect::<Vec<_>>());
}

fn reductions_of_every_length(comm: &Comm) {
    let size = comm.size();
    for len in [0, 1, 2, 1000, 1024, 1025, 30_001] {
        let sum = |mut a: Vec<u64>, b: Vec<u64>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        let sums = (0..size).map(|rank| pattern(rank, len)).reduce(sum).expect("there are tasks");
        assert_eq!(comm.all_reduce(&pattern(comm.rank(), len), op::SUM), sums);
        for root in [0, size - 1] {
            let result = comm.reduce(root, &pattern(comm.rank(), len), op::SUM);
            assert_eq!(result, (comm.rank() == root).then(|| sums.clone()));
        }
    }
}

fn reductions_by_functions_keep_rank_order(comm: &Comm) {
    // Affine maps x -> a x + b under composition: associative, not commutative.
    type Affine = [u64; 2];
    let compose = |f: Affine, g: Affine| [f[0].wrapping_mul(g[0]), g[0].wrapping_mul(f[1]).wrapping_add(g[1])];
    let mine = |rank: usize| vec![[rank as u64 + 2, rank as u64], [3, rank as u64 + 1]];
    let fold =
        |ranks: std::ops::Range<usize>| ranks.map(mine).reduce(|a, b| vec![compose(a[0], b[0]), compose(a[1], b[1])]);
    let (rank, size) = (comm.rank(), comm.size());
    assert_eq!(comm.all_reduce(&mine(rank), compose), fold(0..size).unwrap());
    for root in 0..size {
        assert_eq!(comm.reduce(root, &mine(rank), compose), fold(0..size).filter(|_| rank == root));
    }
    assert_eq!(comm.scan(&mine(rank), compose), fold(0..rank + 1).unwrap());
    assert_eq!(comm.exclusive_scan(&mine(rank), compose), fold(0..rank));
}

fn reductions_of_every_type(comm: &Comm) {
    let (rank, size) = (comm.rank(), comm.size());
    macro_rules! check {
        ($($type:ty)*) => {$(
            let values: Vec<$type> = (0..size).map(|rank| ((rank * 5) % 7 + 1) as $type).collect();
            let mine = [values[rank]];
            assert_eq!(comm.all_reduce(&mine, op::SUM)[0], values.iter().copied().fold(0 as $type, |a, b| op::Operator::apply(&op::SUM, a, b)));
            assert_eq!(comm.all_reduce(&mine, op::MIN)[0], values.iter().copied().reduce(|a, b| if b < a { b } else { a }).unwrap());
            assert_eq!(comm.all_reduce(&mine, op::MAX)[0], values.iter().copied().reduce(|a, b| if b > a { b } else { a }).unwrap());
        )*};
    }
    check!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize f32 f64);
    assert_eq!(comm.all_reduce(&[1u8 << (rank % 8)], op::OR)[0], (0..size).fold(0, |a, r| a | 1 << (r % 8)));
    assert_eq!(comm.all_reduce(&[rank as u32 | 4], op::AND)[0], (0..size).fold(u32::MAX, |a, r| a & (r as u32 | 4)));
    assert_eq!(comm.all_reduce(&[rank as i64], op::XOR)[0], (0..size).fold(0, |a, r| a ^ r as i64));
    let nan = if rank == size / 2 { f64::NAN } else { rank as f64 };
    assert!(comm.all_reduce(&[nan], op::MIN)[0].is_nan());
    let z = num_complex::Complex::new(rank as f64, 1.0);
    assert_eq!(comm.all_reduce(&[z], op::SUM)[0].im, size as f64);
}

fn scans(comm: &Comm) {
    let rank = comm.rank() as i32;
    assert_eq!(comm.scan(&[rank, 1], op::SUM), [rank * (rank + 1) / 2, rank + 1]);
    assert_eq!(comm.exclusive_scan(&[rank, 1], op::SUM), (rank > 0).then(|| vec![rank * (rank - 1) / 2, rank]));
}

fn split_and_split_again(comm: &Comm) {
    let (rank, size) = (comm.rank(), comm.size());
    // Odd and even, in reversed order.
    let half = comm.split(Some((rank % 2) as u32), (size - rank) as u32).unwrap();
    let mut members: Vec<_> = (0..size).filter(|other| other % 2 == rank % 2).collect();
    members.reverse();
    assert_eq!(half.all_gather(&[rank]), members);
    assert_eq!(members[half.rank()], rank);
    let alone = half.split(Some(half.rank() as u32), 0).unwrap();
    assert_eq!((alone.size(), alone.all_reduce(&[3], op::SUM)[0]), (1, 3));
    let without_first = comm.split((rank > 0).then_some(8), 0);
    assert_eq!(without_first.map(|comm| comm.size()), (rank > 0).then_some(size - 1));
    assert_eq!(comm.all_reduce(&[1], op::SUM)[0], size);
}

fn collectives_and_messages_do_not_mix(comm: &Comm) {
    let (next, before) = neighbours(comm);
    let other = comm.split(Some(0), comm.rank() as u32).unwrap();
    let sends = [comm.isend(next, 1, vec![1u16]), other.isend(next, 1, vec![2u16])];
    assert_eq!(comm.all_reduce(&[1], op::SUM)[0], comm.size());
    assert_eq!(other.recv::<u16>(before, 1), [2]);
    assert_eq!(comm.recv::<u16>(before, 1), [1]);
    sends.into_iter().for_each(|request| drop(request.wait()));
}

fn large_messages(comm: &Comm) {
    let (next, before) = neighbours(comm);
    let len = 1 << 20;
    let data = pattern(comm.rank(), len);
    let request = comm.isend(next, 6, data.clone());
    assert_eq!(comm.recv::<u64>(before, 6), pattern(before, len));
    request.wait();
    if comm.rank() == 0 && comm.size() > 1 {
        comm.send(comm.size() - 1, 7, &data);
    } else if comm.rank() == comm.size() - 1 && comm.size() > 1 {
        assert_eq!(comm.recv::<u64>(0, 7), pattern(0, len));
    }
}
