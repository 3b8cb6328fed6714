//! Groups of tasks, and calls on one task.

use crate::{Case, cases};
use pmi::{Group, Handle, Task, op};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        call_on_runs_on_one_task
        call_on_a_task_that_fails
        every_subset_is_a_group
        groups_number_their_own_tasks
        objects_of_a_group
        groups_within_groups
        groups_outlive_failures
        groups_are_released
        bad_groups_are_refused
    ]
}

fn size() -> usize {
    pmi::size().unwrap()
}

fn call_on_runs_on_one_task() {
    for rank in 0..size() {
        let f = |task: &Task, x: usize| (task.rank() * x, task.size(), task.comm().all_reduce(&[7], op::SUM)[0]);
        assert_eq!(pmi::call_on(rank, f, 10).unwrap(), (10 * rank, size(), 7));
    }
    let error = pmi::call_on(size(), |_: &Task, ()| (), ()).unwrap_err();
    assert!(error.is_misuse() && error.to_string().contains("does not exist"), "{error}");
    assert_eq!(pmi::reduce(|task: &Task, ()| task.comm().size(), (), op::MAX).unwrap(), size());
}

fn call_on_a_task_that_fails() {
    let last = size() - 1;
    for _ in 0..5 {
        let error = pmi::call_on(last, |_: &Task, ()| -> u8 { panic!("alone") }, ()).unwrap_err();
        assert_eq!((error.failures().len(), error.failures()[0].rank), (1, last));
        assert_eq!(pmi::call_on(0, |_: &Task, x: u8| x, 5).unwrap(), 5);
    }
    let sum = pmi::call(|task: &Task, ()| task.comm().all_reduce(&[1], op::SUM)[0], ()).unwrap();
    assert_eq!(sum, size());
}

fn every_subset_is_a_group() {
    let n = size().min(4);
    for bits in 1..1usize << n {
        let ranks: Vec<_> = (0..n).filter(|rank| bits & (1 << rank) != 0).collect();
        let group = Group::new(ranks.iter().rev().copied()).unwrap();
        assert_eq!((group.ranks(), group.size()), (&ranks[..], ranks.len()));
        let f = |task: &Task, x: usize| (task.rank(), task.size(), task.comm().all_reduce(&[x], op::SUM)[0]);
        let expected: Vec<_> = (0..ranks.len()).map(|rank| (rank, ranks.len(), 3 * ranks.len())).collect();
        assert_eq!(group.invoke(f, 3).unwrap(), expected);
        let text = |task: &Task, ()| task.rank().to_string();
        let joined: String = (0..ranks.len()).map(|rank| rank.to_string()).collect();
        assert_eq!(group.reduce(text, (), |a: String, b: String| a + &b).unwrap(), joined);
        group.exec(|task: &Task, ()| task.comm().barrier(), ()).unwrap();
        let own = group.call(|task: &Task, ()| task.rank(), ());
        match bits & 1 {
            1 => assert_eq!(own.unwrap(), 0),
            _ => assert!(own.unwrap_err().to_string().contains("controller is not in the group")),
        }
    }
}

fn groups_number_their_own_tasks() {
    let all = Group::new(0..size()).unwrap();
    let world = pmi::invoke(|task: &Task, ()| task.rank(), ()).unwrap();
    assert_eq!(all.invoke(|task: &Task, ()| task.rank(), ()).unwrap(), world);
}

fn objects_of_a_group() {
    let last = size() - 1;
    let group = Group::new([last]).unwrap();
    let object = group.create(|task: &Task, x: usize| x + task.rank(), 40).unwrap();
    drop(group);
    assert_eq!(object.invoke(|_, x, ()| *x, ()).unwrap(), [40]);
    object.exec(|_, x, y: usize| *x += y, 2).unwrap();
    assert_eq!(object.reduce(|_, x, ()| *x, (), op::SUM).unwrap(), 42);
    let elsewhere = pmi::invoke(|task: &Task, object: Handle<usize>| *task.get(&object), object.clone());
    if size() > 1 {
        assert!(elsewhere.unwrap_err().to_string().contains("has no instance"));
    }
}

fn groups_within_groups() {
    let all = Group::new(0..size()).unwrap();
    let upper = all.group(size() / 2..size()).unwrap();
    let last = upper.group([upper.size() - 1]).unwrap();
    assert_eq!(last.ranks(), [size() - 1]);
    assert!(upper.group([upper.size()]).unwrap_err().is_misuse());
}

fn groups_outlive_failures() {
    let upper = Group::new(size() / 2..size()).unwrap();
    for round in 0..6 {
        let error = match round % 3 {
            0 => upper.exec(|task: &Task, ()| assert!(task.rank() > 0, "first of the group"), ()).unwrap_err(),
            1 => pmi::exec(|task: &Task, ()| assert!(task.rank() > 0, "first of all"), ()).unwrap_err(),
            _ => upper
                .exec(
                    |task: &Task, ()| {
                        assert!(task.rank() > 0, "before the barrier");
                        task.comm().barrier();
                    },
                    (),
                )
                .unwrap_err(),
        };
        assert_eq!(error.failures().len(), 1, "{error}");
        let f = |task: &Task, ()| task.comm().all_reduce(&[1], op::SUM)[0];
        assert_eq!(upper.invoke(f, ()).unwrap(), vec![upper.size(); upper.size()]);
        assert_eq!(pmi::call(f, ()).unwrap(), size());
    }
}

fn groups_are_released() {
    // More than an MPI library has communicators; fewer where tasks share cores, on which splitting takes MPICH 10 ms.
    for _ in 0..if size() <= 2 { 3000 } else { 200 } {
        drop(Group::new([size() - 1]).unwrap());
    }
    assert_eq!(Group::new([0]).unwrap().call(|task: &Task, ()| task.size(), ()).unwrap(), 1);
}

fn bad_groups_are_refused() {
    let text = |ranks: Vec<usize>| Group::new(ranks).unwrap_err().to_string();
    assert!(text(vec![]).contains("one task or more"));
    assert!(text(vec![0, size()]).contains("does not exist"));
    assert!(text(vec![0, 0]).contains("task 0 is in it twice"));
    let stranger = pmi::with_tasks(1, || Group::new([0]).unwrap());
    assert!(stranger.exec(|_: &Task, ()| (), ()).unwrap_err().is_handle());
}
