//! What the original PMI got wrong.
//!
//! One of its faults cannot be written down here: an unknown function, class or method, which it found out about after
//! the workers had been told, does not compile.

use super::{failed, size};
use crate::{Case, cases};
use pmi::{Handle, Task, op};
use serde::{Deserialize, Serialize};
use std::cell::Cell;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        the_controller_does_not_go_on_after_a_workers_failure
        results_of_a_failed_call_are_not_those_of_the_next
        a_nested_handle_does_not_delete_the_object
        fronts_are_freed
        a_constructor_that_failed_on_one_task_leaks_on_none
        a_wrong_argument_harms_no_worker
    ]
}

/// Its controller went on with what it had itself.
fn the_controller_does_not_go_on_after_a_workers_failure() {
    let n = size();
    let f = |task: &Task, ()| {
        assert!(task.rank() + 1 < task.size(), "a worker's");
        task.rank()
    };
    // Neither with its own result, nor with those of the tasks that have one.
    failed(pmi::call(f, ()), &[n - 1], "a worker's");
    failed(pmi::invoke(f, ()), &[n - 1], "a worker's");
    failed(pmi::reduce(f, (), op::SUM), &[n - 1], "a worker's");
    failed(pmi::exec(move |task, ()| assert!(f(task, ()) < task.size()), ()), &[n - 1], "a worker's");
    failed(pmi::create(f, ()), &[n - 1], "a worker's");
}

/// Its workers' results stayed in the queue, one call late for ever.
fn results_of_a_failed_call_are_not_those_of_the_next() {
    let n = size();
    for round in 0..50 {
        let f = |task: &Task, (round, bad): (usize, usize)| {
            assert!(task.rank() != bad, "no result");
            (round, vec![task.rank(); 1000])
        };
        failed(pmi::invoke(f, (round, round % n)), &[round % n], "no result");
        let results = pmi::invoke(f, (1000 + round, n)).unwrap();
        assert_eq!(results, (0..n).map(|rank| (1000 + round, vec![rank; 1000])).collect::<Vec<_>>());
        let sum = pmi::reduce(|task: &Task, round: usize| task.rank() + round, round, op::SUM).unwrap();
        assert_eq!(sum, n * (n - 1) / 2 + n * round);
    }
}

thread_local! {
    static ALIVE: Cell<usize> = const { Cell::new(0) };
}

/// Counts the instances on its task's thread.
pub(crate) struct CountedParallel(usize);

#[pmi::proxy(Counted)]
impl CountedParallel {
    #[pmi(create)]
    fn new(task: &Task, bad: usize) -> Self {
        ALIVE.set(ALIVE.get() + 1);
        let counted = Self(task.rank());
        assert!(task.rank() != bad, "no instance");
        counted
    }

    #[pmi(invoke)]
    fn ranks(&self) -> usize {
        self.0
    }
}

impl Drop for CountedParallel {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
    }
}

#[track_caller]
fn alive(count: usize) {
    assert_eq!(pmi::invoke(|_: &Task, ()| ALIVE.get(), ()).unwrap(), vec![count; size()]);
}

#[derive(Clone, Serialize, Deserialize)]
struct Holder {
    handles: Vec<Handle<CountedParallel>>,
    front: Option<Counted>,
}

/// Its copies of a handle inside another argument deleted what they named when they went.
fn a_nested_handle_does_not_delete_the_object() {
    let n = size();
    let front = Counted::new(n).unwrap();
    let holder = Holder { handles: vec![front.handle().clone(); 3], front: Some(front.clone()) };
    let sum = |task: &Task, holder: Holder| {
        let fronts = holder.front.iter().map(|front| task.get(front.handle()).0).sum::<usize>();
        holder.handles.iter().map(|handle| task.get(handle).0).sum::<usize>() + fronts
    };
    for _ in 0..3 {
        assert_eq!(pmi::invoke(sum, holder.clone()).unwrap(), (0..n).map(|rank| 4 * rank).collect::<Vec<_>>());
        alive(1);
    }
    // Kept by a parallel object, and dropped with it.
    let keeper = pmi::create(|_: &Task, holder: Holder| holder, holder.clone()).unwrap();
    drop((keeper, holder));
    alive(1);
    assert_eq!(front.ranks().unwrap(), (0..n).collect::<Vec<_>>());
    drop(front);
    alive(0);
}

fn fronts_are_freed() {
    let n = size();
    for _ in 0..100 {
        let front = Counted::new(n).unwrap();
        let fronts = [front.clone(), front];
        assert_eq!(fronts[1].ranks().unwrap().len(), n);
    }
    alive(0);
    // Also where a call fails with it.
    let front = Counted::new(n).unwrap();
    failed(pmi::exec(|_: &Task, _: Counted| panic!("with a front"), front), &(0..n).collect::<Vec<_>>(), "a front");
    alive(0);
}

fn a_constructor_that_failed_on_one_task_leaks_on_none() {
    for bad in 0..size() {
        failed(Counted::new(bad), &[bad], "no instance");
        alive(0);
    }
}

/// Its worker died of an argument that it could not read.
fn a_wrong_argument_harms_no_worker() {
    #[derive(Serialize)]
    struct Unreadable;
    impl<'de> Deserialize<'de> for Unreadable {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("cannot be read"))
        }
    }
    let all: Vec<_> = (0..size()).collect();
    failed(pmi::exec(|_: &Task, _: Unreadable| (), Unreadable), &all, "");
    failed(pmi::create(|_: &Task, _: Unreadable| (), Unreadable), &all, "");
}
