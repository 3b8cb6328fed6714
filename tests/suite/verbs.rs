//! The verbs, handles, and what comes back when a function fails.

use crate::{Case, cases};
use pmi::{Handle, Task, op};
use serde::{Deserialize, Serialize};
use std::cell::Cell;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        results_come_in_rank_order
        functions_and_closures_are_equal
        call_returns_the_controllers_result
        a_result_of_call_need_not_be_serialisable
        reduce_combines_in_rank_order
        named_operators
        tasks_talk_inside_a_call
        handles_nest_in_arguments
        instances_are_dropped_once_when_the_last_handle_goes
        a_constructor_that_fails_leaves_nothing_behind
        a_handle_returned_by_a_call_keeps_the_object
        a_panic_is_one_error_and_the_world_goes_on
        a_panic_frees_tasks_that_wait
        a_panic_in_a_drop_is_reported
        a_panic_in_an_operator_is_reported
        failures_name_ranks_and_places
        values_that_do_not_serialise
        verbs_inside_a_parallel_function_are_refused
        one_world_a_thread
        large_arguments_and_results
        mismatched_collectives_are_named
        rayon_runs_in_the_tasks_pool
        communicators_die_with_a_failed_call
        describe_lists_the_tasks
    ]
}

fn size() -> usize {
    pmi::invoke(|_: &Task, ()| (), ()).unwrap().len()
}

fn results_come_in_rank_order() {
    let v = pmi::invoke(|task: &Task, (a, b)| a * task.rank() as f64 + b, (2.0, 1.0)).unwrap();
    let expected: Vec<_> = (0..v.len()).map(|rank| 2.0 * rank as f64 + 1.0).collect();
    assert_eq!(v, expected);
    let sizes = pmi::invoke(|task: &Task, ()| task.size(), ()).unwrap();
    assert_eq!(sizes, vec![v.len(); v.len()]);
}

fn functions_and_closures_are_equal() {
    fn double(_: &Task, x: u32) -> u32 {
        2 * x
    }
    assert_eq!(pmi::call(double, 21).unwrap(), 42);
    assert_eq!(pmi::call(|_: &Task, x: u32| 2 * x, 21).unwrap(), 42);
}

fn call_returns_the_controllers_result() {
    assert_eq!(pmi::call(|task: &Task, x: String| (task.rank(), x), "x".to_string()).unwrap(), (0, "x".to_string()));
    pmi::exec(|_: &Task, ()| (), ()).unwrap();
}

fn a_result_of_call_need_not_be_serialisable() {
    struct Opaque(std::rc::Rc<usize>);
    assert_eq!(*pmi::call(|task: &Task, ()| Opaque(std::rc::Rc::new(task.rank())), ()).unwrap().0, 0);
}

fn reduce_combines_in_rank_order() {
    let text = pmi::reduce(|task: &Task, ()| format!("{},", task.rank()), (), |a: String, b: String| a + &b).unwrap();
    assert_eq!(text, (0..size()).map(|rank| format!("{rank},")).collect::<String>());
}

fn named_operators() {
    let (n, rank) = (size(), |task: &Task, ()| task.rank() + 1);
    assert_eq!(pmi::reduce(rank, (), op::SUM).unwrap(), n * (n + 1) / 2);
    assert_eq!(pmi::reduce(rank, (), op::PROD).unwrap(), (1..=n).product::<usize>());
    assert_eq!(pmi::reduce(rank, (), op::MIN).unwrap(), 1);
    assert_eq!(pmi::reduce(rank, (), op::MAX).unwrap(), n);
    assert!(!pmi::reduce(|task: &Task, ()| task.rank() > 0, (), op::AND).unwrap());
    assert!(pmi::reduce(|task: &Task, ()| task.rank() == 0, (), op::OR).unwrap());
    let peak = pmi::reduce(|task: &Task, ()| ((task.rank() % 3) as f64, task.rank()), (), op::MAXLOC).unwrap();
    assert_eq!(peak.1, (n - 1).min(2));
}

fn tasks_talk_inside_a_call() {
    let n = size();
    let ring = |task: &Task, tag: u32| {
        let (rank, size) = (task.rank(), task.size());
        task.comm().sendrecv((rank + 1) % size, &[rank], (rank + size - 1) % size, tag)[0]
    };
    let before: Vec<_> = (0..n).map(|rank| (rank + n - 1) % n).collect();
    assert_eq!(pmi::invoke(ring, 5).unwrap(), before);
}

#[derive(Serialize, Deserialize, Clone)]
struct Nested {
    name: String,
    handles: Vec<Handle<Vec<f64>>>,
}

fn handles_nest_in_arguments() {
    let a = pmi::create(|task: &Task, x: f64| vec![x; task.rank() + 1], 1.5).unwrap();
    let b = pmi::create(|task: &Task, other: Handle<Vec<f64>>| task.get(&other).clone(), a.clone()).unwrap();
    let nested = Nested { name: "sum".into(), handles: vec![a.clone(), b.clone(), a.clone()] };
    let add = |task: &Task, nested: Nested| nested.handles.iter().map(|h| task.get(h).iter().sum::<f64>()).sum::<f64>();
    let expected: Vec<_> = (1..=size()).map(|n| 4.5 * n as f64).collect();
    assert_eq!(pmi::invoke(add, nested.clone()).unwrap(), expected);
    assert_eq!(nested.name, "sum");
    b.exec(|task, this, a: Handle<Vec<f64>>| this.extend(task.get(&a).iter()), a.clone()).unwrap();
    drop(nested);
    // The nested copies were no owners.
    let lens = b.invoke(|_, this, ()| this.len(), ()).unwrap();
    assert_eq!(lens, (1..=size()).map(|n| 2 * n).collect::<Vec<_>>());
    // One object, borrowed twice.
    let error = a.call(|task, _, a: Handle<Vec<f64>>| task.get(&a).len(), a.clone()).unwrap_err();
    assert!(error.to_string().contains("already mutably borrowed"), "{error}");
}

thread_local! {
    static ALIVE: Cell<isize> = const { Cell::new(0) };
    static DROPPED: Cell<usize> = const { Cell::new(0) };
}

/// Counts the instances on its task's thread.
struct Counted;

impl Counted {
    fn new() -> Self {
        ALIVE.set(ALIVE.get() + 1);
        Counted
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
        DROPPED.set(DROPPED.get() + 1);
    }
}

fn counts() -> Vec<(isize, usize)> {
    pmi::invoke(|_: &Task, ()| (ALIVE.get(), DROPPED.get()), ()).unwrap()
}

fn instances_are_dropped_once_when_the_last_handle_goes() {
    let before = counts();
    let shifted =
        |alive: isize, dropped: usize| -> Vec<_> { before.iter().map(|(a, d)| (a + alive, d + dropped)).collect() };
    let a = pmi::create(|_: &Task, ()| Counted::new(), ()).unwrap();
    let b = a.clone();
    assert_eq!(counts(), shifted(1, 0));
    drop(a);
    assert_eq!(counts(), shifted(1, 0));
    // Moved into a call: gone with its arguments.
    pmi::exec(|task: &Task, b: Handle<Counted>| drop(task.get(&b)), b).unwrap();
    assert_eq!(counts(), shifted(0, 1));
}

fn a_constructor_that_fails_leaves_nothing_behind() {
    let before = counts();
    let last = size() - 1;
    let make = |task: &Task, bad: usize| {
        assert!(task.rank() != bad, "no instance here");
        Counted::new()
    };
    let error = pmi::create(make, last).unwrap_err();
    assert_eq!(error.failures().len(), 1);
    assert_eq!(error.failures()[0].rank, last);
    let after = counts();
    for rank in 0..=last {
        let made = usize::from(rank != last);
        assert_eq!(after[rank], (before[rank].0, before[rank].1 + made));
    }
}

fn a_handle_returned_by_a_call_keeps_the_object() {
    let a = pmi::create(|_: &Task, ()| 7usize, ()).unwrap();
    let back = pmi::invoke(|_: &Task, a: Handle<usize>| a, a.clone()).unwrap().remove(0);
    drop(a);
    assert_eq!(back.call(|_, x, ()| *x, ()).unwrap(), 7);
}

fn a_panic_is_one_error_and_the_world_goes_on() {
    let n = size();
    for round in 0..20 {
        let bad = round % n;
        let f = |task: &Task, bad: usize| {
            if task.rank() == bad {
                panic!("no {bad}");
            }
        };
        let error = pmi::exec(f, bad).unwrap_err();
        assert!(error.is_task_failure());
        assert_eq!(error.failures().len(), 1);
        assert_eq!((error.failures()[0].rank, error.failures()[0].message.clone()), (bad, format!("no {bad}")));
        assert_eq!(pmi::invoke(|task: &Task, ()| task.rank(), ()).unwrap(), (0..n).collect::<Vec<_>>());
    }
}

fn a_panic_frees_tasks_that_wait() {
    let n = size();
    let f = |task: &Task, how: usize| {
        let (rank, size) = (task.rank(), task.size());
        assert!(rank != how % size, "gone");
        match how % 3 {
            0 => drop(task.comm().all_reduce(&[1.0], op::SUM)),
            1 => drop(task.comm().recv::<u8>(how % size, 1)),
            _ => {
                let pair = task.comm().split(Some(0), 0);
                pair.unwrap().barrier();
            }
        }
    };
    for how in 0..12 {
        let error = pmi::exec(f, how).unwrap_err();
        assert_eq!(error.failures().len(), 1, "{error}");
        assert_eq!(error.failures()[0].rank, how % n);
        let sum = pmi::call(|task: &Task, ()| task.comm().all_reduce(&[task.rank()], op::SUM)[0], ()).unwrap();
        assert_eq!(sum, n * (n - 1) / 2);
    }
}

struct Grumpy;

impl Drop for Grumpy {
    fn drop(&mut self) {
        panic!("will not go");
    }
}

fn a_panic_in_a_drop_is_reported() {
    drop(pmi::create(|_: &Task, ()| Grumpy, ()).unwrap());
    let error = pmi::exec(|_: &Task, ()| (), ()).unwrap_err();
    assert_eq!(error.failures().len(), size());
    assert!(error.to_string().contains("dropping a parallel object: will not go"), "{error}");
    pmi::exec(|_: &Task, ()| (), ()).unwrap();
}

fn a_panic_in_an_operator_is_reported() {
    let op = |a: usize, b: usize| if b < 100 { panic!("no sum") } else { a };
    let result = pmi::reduce(|task: &Task, ()| task.rank(), (), op);
    assert_eq!(result.is_err(), size() > 1);
    assert_eq!(pmi::reduce(|task: &Task, ()| task.rank(), (), op::SUM).unwrap(), size() * (size() - 1) / 2);
}

fn failures_name_ranks_and_places() {
    let error = pmi::exec(|_: &Task, ()| panic!("all of us"), ()).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("exec failed on task") && text.contains("all of us"), "{text}");
    assert!(error.failures().iter().all(|f| f.place.as_ref().is_some_and(|p| p.contains("verbs.rs:"))), "{error:?}");
    let error = pmi::exec(|_: &Task, ()| std::panic::panic_any(5u8), ()).unwrap_err();
    assert!(error.to_string().contains("not a text"), "{error}");
}

/// Serialises nowhere.
#[derive(Clone)]
struct Stubborn;

impl Serialize for Stubborn {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("will not be sent"))
    }
}

impl<'de> Deserialize<'de> for Stubborn {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("cannot be read"))
    }
}

/// Serialises, but does not come back.
#[derive(Serialize)]
struct OneWay;

impl<'de> Deserialize<'de> for OneWay {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("cannot be read"))
    }
}

fn values_that_do_not_serialise() {
    let error = pmi::exec(|_: &Task, _: Stubborn| (), Stubborn).unwrap_err();
    assert!(error.is_wire() && error.to_string().contains("argument"), "{error}");
    let error = pmi::exec(|_: &Task, _: OneWay| (), OneWay).unwrap_err();
    assert!(error.is_task_failure() && error.failures().len() == size(), "{error}");
    let error = pmi::invoke(|_: &Task, ()| Stubborn, ()).err().unwrap();
    assert!(error.to_string().contains("result of type"), "{error}");
    let error = pmi::invoke(|_: &Task, ()| OneWay, ()).err().unwrap();
    assert!(error.is_wire(), "{error}");
    assert_eq!(pmi::call(|_: &Task, x: u8| x, 3).unwrap(), 3);
}

fn verbs_inside_a_parallel_function_are_refused() {
    let inner = |_: &Task, ()| pmi::call(|_: &Task, ()| (), ()).unwrap_err().is_misuse();
    assert_eq!(pmi::invoke(inner, ()).unwrap(), vec![true; size()]);
    let inner = |_: &Task, ()| pmi::setup().err().unwrap().is_misuse();
    assert_eq!(pmi::invoke(inner, ()).unwrap(), vec![true; size()]);
    let error = std::thread::spawn(|| pmi::exec(|_: &Task, ()| (), ()).unwrap_err()).join().unwrap();
    assert!(error.is_misuse() && error.to_string().contains("pmi::setup()"), "{error}");
}

fn one_world_a_thread() {
    assert!(pmi::setup().err().unwrap().is_misuse());
    // A world of another thread is another world: its handles are strangers here.
    let handle = pmi::with_tasks(2, || pmi::create(|_: &Task, ()| 1u8, ()).unwrap());
    assert!(handle.exec(|_, _, ()| (), ()).unwrap_err().to_string().contains("another world"));
    let error = pmi::exec(|_: &Task, _: Vec<Handle<u8>>| (), vec![handle]).unwrap_err();
    assert!(error.to_string().contains("another world"), "{error}");
}

fn large_arguments_and_results() {
    for len in [0, 100, 250, 5000, 3_000_000] {
        let data: Vec<u16> = (0..len).map(|i| i as u16).collect();
        let sums = pmi::invoke(|_: &Task, data: Vec<u16>| data, data.clone()).unwrap();
        assert!(sums.iter().all(|back| *back == data));
    }
}

fn mismatched_collectives_are_named() {
    if size() == 1 {
        return;
    }
    let f = |task: &Task, how: u8| match (how, task.rank()) {
        (0, 0) => task.comm().barrier(),
        (0, _) => drop(task.comm().all_reduce(&[1.0f64], op::SUM)),
        (1, rank) => task.comm().broadcast(0, &mut vec![0u8; 3 + rank]),
        (_, rank) => task.comm().broadcast(rank.min(1), &mut [0u8; 3]),
    };
    for (how, parts) in
        [(0, ["barrier", "all_reduce of 1 f64"]), (1, ["of 3 u8", "of 4 u8"]), (2, ["root 0", "root 1"])]
    {
        let text = pmi::exec(f, how).unwrap_err().to_string();
        assert!(text.contains("tasks disagree") && parts.iter().all(|part| text.contains(part)), "{text}");
        pmi::exec(|task: &Task, ()| task.comm().barrier(), ()).unwrap();
    }
}

fn rayon_runs_in_the_tasks_pool() {
    let same = |task: &Task, ()| {
        task.install(rayon::current_num_threads) == task.threads() && rayon::current_num_threads() == task.threads()
    };
    assert!(pmi::invoke(same, ()).unwrap().into_iter().all(|same| same));
    let error = pmi::exec(|task: &Task, ()| task.install(|| rayon::join(|| (), || panic!("in rayon"))).0, ());
    assert!(error.unwrap_err().to_string().contains("in rayon"));
}

fn communicators_die_with_a_failed_call() {
    let kept = pmi::create(|task: &Task, ()| task.comm().split(Some(0), 0).unwrap(), ()).unwrap();
    let sum = |_: &Task, comm: &mut pmi::Comm, ()| comm.all_reduce(&[1], op::SUM)[0];
    assert_eq!(kept.call(sum, ()).unwrap(), size());
    pmi::exec(|_: &Task, ()| panic!("x"), ()).unwrap_err();
    let error = kept.call(sum, ()).unwrap_err().to_string();
    assert!(error.contains("void"), "{error}");
}

fn describe_lists_the_tasks() {
    let text = pmi::describe().unwrap();
    let process = std::process::id().to_string();
    assert!(text.lines().count() == size() + 1 && text.contains(&process), "{text}");
    let names: Vec<_> = text.lines().skip(1).map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(names, (0..size()).map(|rank| format!("task {rank}")).collect::<Vec<_>>());
}
