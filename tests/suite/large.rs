//! Collectives of 2^31 elements and more, which a C int does not count.
//!
//! In worlds of two tasks only, one case at a time: a case has up to 10 GiB.

use crate::{Case, cases};
use pmi::{Portable, Task, op};
use std::sync::{Mutex, PoisonError};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        messages_and_broadcasts
        all_reductions_by_a_named_operator
        reductions_by_a_function
        gathers
        all_gathers
        scatters
        all_to_alls
        scans
        exclusive_scans
    ]
}

/// A little more than fits, and no power of two.
const LEN: usize = (1 << 31) + 9;

/// Runs `f` in a world of two tasks while no other case of this module runs.
fn alone(f: impl Fn(&Task, ()) + Portable) {
    static ONE: Mutex<()> = Mutex::new(());
    if pmi::size().unwrap() == 2 {
        let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        pmi::exec(f, ()).unwrap();
    }
}

/// Zeros, but for the first, the middle and the last element, which also tell the rank.
fn elements(rank: usize, len: usize) -> Vec<u8> {
    let mut all = vec![0; len];
    let rank = rank as u8;
    (all[0], all[len / 2], all[len - 1]) = (1 + rank, 3 + rank, 5 + rank);
    all
}

/// These three.
fn told(data: &[u8]) -> (u8, u8, u8) {
    (data[0], data[data.len() / 2], data[data.len() - 1])
}

fn messages_and_broadcasts() {
    alone(|task: &Task, ()| {
        let comm = task.comm();
        let mut mine = elements(task.rank(), LEN);
        if task.rank() == 0 {
            comm.send(1, 1, &mine);
        } else {
            let came = comm.recv::<u8>(0, 1);
            assert_eq!((came.len(), told(&came)), (LEN, (1, 3, 5)));
        }
        comm.broadcast(1, &mut mine);
        assert_eq!(told(&mine), (2, 4, 6));
    });
}

fn all_reductions_by_a_named_operator() {
    alone(|task: &Task, ()| {
        let sum = task.comm().all_reduce(&elements(task.rank(), LEN), op::SUM);
        assert_eq!((sum.len(), told(&sum)), (LEN, (3, 7, 11)));
    });
}

fn reductions_by_a_function() {
    alone(|task: &Task, ()| {
        let minus = task.comm().reduce(1, &elements(task.rank(), LEN), |a: u8, b: u8| (10 * a).wrapping_sub(b));
        let expected = (task.rank() == 1).then_some((LEN, (8, 26, 44)));
        assert_eq!(minus.map(|minus| (minus.len(), told(&minus))), expected);
    });
}

fn gathers() {
    alone(|task: &Task, ()| {
        let all = task.comm().gather(0, &elements(task.rank(), LEN));
        let expected = (task.rank() == 0).then_some(((1, 3, 5), (2, 4, 6)));
        assert_eq!(all.map(|all| (told(&all[..LEN]), told(&all[LEN..]))), expected);
    });
}

fn all_gathers() {
    alone(|task: &Task, ()| {
        let (all, counts) = task.comm().all_gather_v(&elements(task.rank(), [3, LEN][task.rank()]));
        assert_eq!((counts, told(&all[..3]), told(&all[3..])), (vec![3, LEN], (1, 3, 5), (2, 4, 6)));
    });
}

fn scatters() {
    alone(|task: &Task, ()| {
        let (comm, counts) = (task.comm(), [LEN, LEN + 2]);
        let all = (task.rank() == 1).then(|| {
            let mut all = elements(0, counts.iter().sum());
            all[LEN - 1] = 7;
            all[LEN] = 8;
            all
        });
        let mine = comm.scatter_v(1, all.as_deref().map(|all| (all, &counts[..])));
        let expected = [(LEN, 1, 7), (LEN + 2, 8, 5)][task.rank()];
        assert_eq!((mine.len(), mine[0], mine[mine.len() - 1]), expected);
    });
}

fn all_to_alls() {
    alone(|task: &Task, ()| {
        // Three elements stay; the others, before or behind them, change places.
        let (rank, other) = (task.rank(), 1 - task.rank());
        let mut counts = [LEN; 2];
        counts[rank] = 3;
        let range = [3..LEN + 3, 0..LEN][rank].clone();
        let mut data = vec![0; LEN + 3];
        data[range.clone()].copy_from_slice(&elements(rank, LEN));
        let (came, from) = task.comm().all_to_all_v(&data, &counts);
        assert_eq!((from, came.len()), (counts.to_vec(), LEN + 3));
        assert_eq!(told(&came[range]), told(&elements(other, 9)));
    });
}

fn scans() {
    alone(|task: &Task, ()| {
        let through = task.comm().scan(&elements(task.rank(), LEN), |a: u8, b: u8| (10 * a).wrapping_sub(b));
        assert_eq!((through.len(), told(&through)), (LEN, [(1, 3, 5), (8, 26, 44)][task.rank()]));
    });
}

fn exclusive_scans() {
    alone(|task: &Task, ()| {
        let before = task.comm().exclusive_scan(&elements(task.rank(), LEN), op::SUM);
        let expected = (task.rank() == 1).then_some((LEN, (1, 3, 5)));
        assert_eq!(before.map(|before| (before.len(), told(&before))), expected);
    });
}
