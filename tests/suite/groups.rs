//! Groups of tasks, and calls on one task.

use crate::folders::Folder;
use crate::{Case, cases};
use ndarray::Array2;
use pmi::{Group, Handle, Task, op};
use pmi_toolkit::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

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
        verbs_in_a_scope_address_the_group
        failures_in_a_scope_name_the_ranks_of_the_world
        scopes_nest
        a_scope_ends_however_its_function_does
        objects_of_a_scope
        arrays_of_a_scope
        arrays_outside_of_their_scope
        bad_scopes_are_refused
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

/// Every group of the first four tasks.
fn subsets() -> impl Iterator<Item = Vec<usize>> {
    let n = size().min(4);
    (1..1usize << n).map(move |bits| (0..n).filter(|rank| bits & (1 << rank) != 0).collect())
}

fn every_subset_is_a_group() {
    for ranks in subsets() {
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
        match ranks[0] {
            0 => assert_eq!(own.unwrap(), 0),
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

fn ranks_and_sizes() -> Vec<(usize, usize)> {
    pmi::invoke(|task: &Task, ()| (task.rank(), task.size()), ()).unwrap()
}

/// What [`ranks_and_sizes`] returns where verbs address so many tasks.
fn of(size: usize) -> Vec<(usize, usize)> {
    (0..size).map(|rank| (rank, size)).collect()
}

/// The message of a panic that `f` must end with.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).err().expect("it panics");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

fn verbs_in_a_scope_address_the_group() {
    let world = size();
    for ranks in subsets() {
        let (group, n) = (Group::new(ranks.iter().copied()).unwrap(), ranks.len());
        let world_rank = pmi::create(|task: &Task, ()| task.rank(), ()).unwrap();
        group
            .scope(|| {
                assert_eq!((pmi::size().unwrap(), ranks_and_sizes()), (n, of(n)));
                assert_eq!(pmi::reduce(|task: &Task, ()| task.comm().size(), (), op::SUM).unwrap(), n * n);
                pmi::exec(|task: &Task, ()| task.comm().barrier(), ()).unwrap();
                assert_eq!(pmi::describe().unwrap().lines().count(), n + 1);
                let sum = |task: &Task, ()| task.comm().reduce(0, &[1], op::SUM);
                assert_eq!(pmi::first(sum, ()).unwrap(), Some(vec![n]));
                let call = pmi::call(|task: &Task, x: usize| x + task.size(), 1);
                match ranks[0] {
                    0 => assert_eq!(call.unwrap(), 1 + n),
                    _ => assert!(call.unwrap_err().to_string().contains("controller is not in the group")),
                }
                for member in 0..n {
                    let place = |task: &Task, ()| (task.rank(), task.size(), task.comm().size());
                    assert_eq!(pmi::call_on(member, place, ()).unwrap(), (member, n, 1));
                }
                let error = pmi::call_on(n, |_: &Task, ()| (), ()).unwrap_err().to_string();
                assert!(error.contains(&format!("the group has {n}")), "{error}");
                for items in [0, 1, 2 * n, 50] {
                    let done = pmi::farm(0..items, |task: &Task, x: usize| (x * x, task.rank() < task.size())).unwrap();
                    assert_eq!(done, (0..items).map(|x| (x * x, true)).collect::<Vec<_>>());
                }
                // An object of all tasks has its verbs on all of them.
                assert_eq!(world_rank.invoke(|_, rank, ()| *rank, ()).unwrap(), (0..world).collect::<Vec<_>>());
            })
            .unwrap();
        assert_eq!(ranks_and_sizes(), of(world));
    }
}

fn failures_in_a_scope_name_the_ranks_of_the_world() {
    let last = size() - 1;
    let group = Group::new([last]).unwrap();
    let failed = |error: pmi::Error| {
        assert_eq!((error.failures().len(), error.failures()[0].rank), (1, last), "{error}");
        assert_eq!(pmi::reduce(|_: &Task, ()| 1, (), op::SUM).unwrap(), 1);
    };
    group
        .scope(|| {
            failed(pmi::exec(|_: &Task, ()| panic!("all of one"), ()).unwrap_err());
            failed(pmi::farm(0..3, |_: &Task, x: usize| assert!(x != 1, "item one")).unwrap_err());
            failed(pmi::call_on(0, |_: &Task, ()| -> () { panic!("the one") }, ()).unwrap_err());
        })
        .unwrap();
    assert_eq!(ranks_and_sizes(), of(size()));
}

fn scopes_nest() {
    let n = size();
    let upper = Group::new(n / 2..n).unwrap();
    let all = Group::new(0..n).unwrap();
    upper
        .scope(|| {
            let m = upper.size();
            assert_eq!(ranks_and_sizes(), of(m));
            // Numbers in the group.
            let last = Group::new([m - 1]).unwrap();
            assert_eq!(last.ranks(), [n - 1]);
            assert!(Group::new([m]).unwrap_err().is_misuse());
            assert_eq!(last.scope(ranks_and_sizes).unwrap(), of(1));
            assert_eq!(ranks_and_sizes(), of(m));
            assert_eq!(all.scope(ranks_and_sizes).unwrap(), of(n));
            assert_eq!(all.group([0]).unwrap().ranks(), [0]);
            assert_eq!(ranks_and_sizes(), of(m));
        })
        .unwrap();
    assert_eq!(ranks_and_sizes(), of(n));
    // The scope keeps what it needs of the group.
    let (first, sizes) = (Group::new([0]).unwrap(), ranks_and_sizes);
    let copy = first.clone();
    assert_eq!(first.scope(|| (drop(copy), sizes()).1).unwrap(), of(1));
}

fn a_scope_ends_however_its_function_does() {
    let last = Group::new([size() - 1]).unwrap();
    let message = panic_of(|| last.scope(|| panic!("in serial code, in a scope of {}", pmi::size().unwrap())));
    assert_eq!(message, "in serial code, in a scope of 1");
    assert_eq!(ranks_and_sizes(), of(size()));
    let result: pmi::Result<()> = last
        .scope(|| {
            pmi::exec(|_: &Task, ()| panic!("in a call"), ())?;
            unreachable!("the call fails")
        })
        .unwrap();
    assert!(result.unwrap_err().is_task_failure());
    assert_eq!(ranks_and_sizes(), of(size()));
    // A nested one ends as the outer does.
    let inner = || last.scope(|| last.scope(|| panic!("twice"))).map(drop);
    panic_of(|| Group::new([0]).unwrap().scope(inner));
    assert_eq!(ranks_and_sizes(), of(size()));
}

fn objects_of_a_scope() {
    let n = size();
    let last = Group::new([n - 1]).unwrap();
    let everywhere = pmi::create(|_: &Task, ()| 5usize, ()).unwrap();
    let object = last
        .scope(|| {
            let object = pmi::create(|task: &Task, x: usize| x + task.rank(), 40).unwrap();
            object.exec(|_, x, y: usize| *x += y, 2).unwrap();
            let read = |task: &Task, object: Handle<usize>| *task.get(&object);
            assert_eq!(pmi::invoke(read, object.clone()).unwrap(), [42]);
            let stranger = pmi::invoke(read, everywhere.clone());
            match n {
                1 => assert_eq!(stranger.unwrap(), [5]),
                _ => {
                    let error = stranger.unwrap_err().to_string();
                    assert!(
                        error.contains("made for all tasks") && error.contains("create it in this scope"),
                        "{error}"
                    );
                }
            }
            object
        })
        .unwrap();
    let (twin, read) = (Group::new([n - 1]).unwrap(), |task: &Task, object: Handle<usize>| *task.get(&object));
    assert_eq!(twin.scope(|| pmi::invoke(read, object.clone()).unwrap()).unwrap(), [42]);
    // Named outright, the group takes what is everywhere.
    assert_eq!(last.invoke(read, everywhere).unwrap(), [5]);
    assert_eq!(object.invoke(|_, x, ()| *x, ()).unwrap(), [42]);
    if n > 1 {
        let error = pmi::invoke(read, object.clone()).unwrap_err().to_string();
        assert!(error.contains("for the tasks of a group") && error.contains("Group::scope"), "{error}");
        let error = Group::new([0]).unwrap().scope(|| pmi::invoke(read, object.clone())).unwrap().unwrap_err();
        assert!(error.to_string().contains(&format!("made for the tasks [{}]", n - 1)), "{error}");
    }
    drop((last, twin, object));
    assert_eq!(ranks_and_sizes(), of(n));
}

fn arrays_of_a_scope() {
    for ranks in subsets() {
        let group = Group::new(ranks.iter().copied()).unwrap();
        let arrays = group.scope(|| {
            [0, 1, 5, 1000].map(|n| {
                let a = DistArray::from_fn((n, 3), |(i, j)| (3 * i + j) as f64);
                let roots = a.map(f64::sqrt);
                let serial = Array2::from_shape_fn((n, 3), |(i, j)| (3 * i + j) as f64);
                assert_eq!(a.layout().tasks(), ranks.len());
                assert_eq!(a.sum(), serial.sum());
                assert_eq!(a.reduce(op::MAX), serial.last().copied());
                if n > 0 {
                    assert_eq!(roots.max(), (3.0 * n as f64 - 1.0).sqrt());
                }
                assert_eq!(roots.gather().unwrap(), serial.map(|x| x.sqrt()));
                let flags = a.map(|x| x % 2.0 == 0.0).gather().unwrap();
                assert_eq!(flags, serial.map(|x| x % 2.0 == 0.0));
                a
            })
        });
        // Back in the scope, dropped outside of it.
        let again = || arrays.as_ref().unwrap().each_ref().map(|a| a.sum());
        assert_eq!(group.scope(again).unwrap(), [0.0, 3.0, 105.0, 4_498_500.0]);
        drop((group, arrays));
        let counts = || DistArray::mandelbrot((-2.0, -1.0), (1.0, 1.0), (30, 20), 50).gather().unwrap();
        let group = Group::new(ranks).unwrap();
        assert_eq!(group.scope(counts).unwrap(), counts());
    }
}

fn arrays_outside_of_their_scope() {
    let n = size();
    let last = Group::new([n - 1]).unwrap();
    let (ours, theirs) = (DistArray::from_fn(100, |i| i as f64), last.scope(|| DistArray::from_fn(100, |i| i as f64)));
    let theirs = theirs.unwrap();
    let folder = Folder::new();
    if n > 1 {
        let picture = last.scope(|| DistArray::from_fn((4, 5), |(i, j)| (i * j) as f64)).unwrap();
        for _ in 0..3 {
            let message = panic_of(|| theirs.sum());
            assert!(message.contains("for the tasks of a group"), "{message}");
            assert!(theirs.gather().unwrap_err().to_string().contains("for the tasks of a group"));
            let message = panic_of(|| last.scope(|| (&ours + 1.0).eval()));
            assert!(message.contains("made for all tasks"), "{message}");
            assert!(last.scope(|| ours.gather()).unwrap().is_err());
            let save = || picture.save_png(folder.file("a.png"), Colormap::Greys);
            for message in [panic_of(save), panic_of(|| theirs.save_npy(folder.file("a.npy")))] {
                assert!(message.contains("distributed over 1 tasks"), "{message}");
            }
            assert!(folder.list().is_empty());
            last.scope(save).unwrap().unwrap();
            std::fs::remove_file(folder.file("a.png")).unwrap();
        }
    }
    assert_eq!((ours.sum(), last.scope(|| theirs.sum()).unwrap()), (4950.0, 4950.0));
}

fn bad_scopes_are_refused() {
    let stranger = pmi::with_tasks(2, || Group::new([0]).unwrap());
    assert!(stranger.scope(|| ()).unwrap_err().is_handle());
    assert!(stranger.group([0]).unwrap_err().is_handle());
    // Another thread's world has scopes of its own.
    let group = Group::new([0]).unwrap();
    assert_eq!(group.scope(|| pmi::with_tasks(3, || pmi::size().unwrap())).unwrap(), 3);
    let inside = pmi::exec(|_: &Task, ()| drop(Group::new([0]).unwrap_err()), ());
    assert!(inside.is_ok());
}
