//! States there and back.

use super::in_world;
use crate::folders::Folder;
use crate::layouts::{SHAPES, distributions, numbered};
use crate::{Case, cases};
use ndarray::{Ix1, Ix2, IxDyn};
use num_complex::Complex;
use pmi_toolkit::array::{Checkpoints, Element, Layout, array_equal, checkpoint, restore};
use pmi_toolkit::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        every_type_in_every_layout_on_any_tasks
        many_blocks
        layouts_on_other_tasks
        values_of_every_kind
        types_that_have_changed
        a_state_without_arrays
        in_the_scope_of_a_group
        an_object_that_is_not_an_array
        the_last_few
        the_newest_that_is_whole
        fewer_than_before
        values_that_would_come_back_as_others
        values_within_values
    ]
}

type Arrays<T> = Vec<DistArray<T, IxDyn>>;

fn arrays<T: Element>() -> Arrays<T> {
    let all = SHAPES.iter().flat_map(|shape| distributions(shape.len()).into_iter().map(|axes| (*shape, axes)));
    all.map(|(shape, axes)| numbered(shape, axes).astype::<T>().eval()).collect()
}

fn same<T: Element>(restored: &Arrays<T>, same_tasks: bool) {
    let expected = arrays::<T>();
    assert_eq!(restored.len(), expected.len());
    for (a, b) in restored.iter().zip(&expected) {
        assert_eq!(a.gather().unwrap(), b.gather().unwrap(), "{a:?}");
        assert!(!same_tasks || a.layout() == b.layout(), "{a:?} was {b:?}");
        assert_eq!(a.layout().axes(), b.layout().axes());
    }
}

fn every_type_in_every_layout_on_any_tasks() {
    fn there_and_back<T: Element>(others: &[usize]) {
        let folder = Folder::new();
        let path = folder.file("state");
        checkpoint(&path, &arrays::<T>()).unwrap();
        same(&restore::<Arrays<T>>(&path).unwrap(), true);
        for tasks in others {
            in_world(*tasks, || same(&restore::<Arrays<T>>(&path).unwrap(), false));
        }
    }
    there_and_back::<f64>(&[1, 2, 5]);
    there_and_back::<bool>(&[3]);
    there_and_back::<Complex<f32>>(&[2]);
    there_and_back::<Complex<f64>>(&[]);
    there_and_back::<f32>(&[]);
    there_and_back::<i8>(&[]);
    there_and_back::<i16>(&[]);
    there_and_back::<i32>(&[]);
    there_and_back::<i64>(&[]);
    there_and_back::<u8>(&[]);
    there_and_back::<u16>(&[]);
    there_and_back::<u32>(&[]);
    there_and_back::<u64>(&[]);
    // Written by other tasks than those that restore it.
    let folder = Folder::new();
    let path = folder.file("theirs");
    in_world(3, || checkpoint(&path, &arrays::<i64>()).unwrap());
    same(&restore::<Arrays<i64>>(&path).unwrap(), pmi::size().unwrap() == 3);
    assert_eq!(folder.list(), ["theirs"]);
}

fn many_blocks() {
    let folder = Folder::new();
    let path = folder.file("state");
    let axes = [[Axis::Block, Axis::Whole], [Axis::Cyclic, Axis::BlockCyclic(7)], [Axis::Whole, Axis::Block]];
    for shape in [(1001, 700), (1, 400_003), (300_007, 1)] {
        let make = |axes| DistArray::from_fn(shape.distributed(axes), |(i, j)| (i * 1_000_003 + j) as u64);
        let state = || axes.iter().cloned().map(make).collect::<Vec<_>>();
        checkpoint(&path, &state()).unwrap();
        let check = || {
            let restored: Vec<DistArray<u64, Ix2>> = restore(&path).unwrap();
            assert_eq!(restored.len(), axes.len());
            for (a, b) in restored.iter().zip(&state()) {
                assert!(array_equal(a, b), "{a:?}");
            }
        };
        check();
        in_world(3, check);
    }
}

fn layouts_on_other_tasks() {
    let folder = Folder::new();
    let path = folder.file("state");
    let tasks = pmi::size().unwrap();
    let bounds: Vec<_> = (0..=tasks).map(|i| if i == tasks { 9 } else { i.min(1) }).collect();
    let state = DistArray::from_fn((9, 4).distributed([Axis::Bounds(bounds), Axis::Whole]), |(i, j)| (i + j) as f32);
    checkpoint(&path, &state).unwrap();
    let again: DistArray<f32, Ix2> = restore(&path).unwrap();
    assert_eq!(again.layout(), state.layout());
    let whole = state.gather().unwrap();
    in_world(tasks + 1, || {
        let there: DistArray<f32, Ix2> = restore(&path).unwrap();
        assert_eq!(there.layout(), &Layout::new(&[9, 4], tasks + 1));
        assert_eq!(there.gather().unwrap(), whole);
    });
}

#[derive(Serialize, Deserialize)]
enum Phase {
    Early,
    Late { since: f64, flags: DistArray<bool, Ix1> },
}

#[derive(Serialize, Deserialize)]
struct State {
    step: usize,
    time: f64,
    odd: (f32, Option<u8>, Option<u8>, char, i64, u64, String, Vec<f64>, [i8; 3], ()),
    named: BTreeMap<String, DistArray<i16, Ix1>>,
    pair: (DistArray<f64, Ix2>, Option<DistArray<f64, Ix1>>, Option<DistArray<f64, Ix1>>),
    phases: Vec<Phase>,
}

fn values_of_every_kind() {
    let folder = Folder::new();
    let path = folder.file("state");
    let odd =
        (f32::NAN, None, Some(7), 'ß', i64::MIN, u64::MAX, "tëxt".into(), vec![-0.0, f64::INFINITY], [-1, 0, 1], ());
    let state = State {
        step: 12,
        time: 0.1,
        odd,
        named: BTreeMap::from([("x".into(), DistArray::arange(0, 5, 1)), ("y".into(), DistArray::arange(7, 3, -1))]),
        pair: (DistArray::eye((4, 3), 0), None, Some(DistArray::linspace(0.0, 1.0, 11))),
        phases: vec![Phase::Early, Phase::Late { since: 1e300, flags: DistArray::ones(6) }],
    };
    checkpoint(&path, &state).unwrap();
    let check = |again: State| {
        assert_eq!((again.step, again.time), (12, 0.1));
        let odd = again.odd;
        assert!(odd.0.is_nan() && odd.7[0].is_sign_negative());
        assert_eq!((odd.1, odd.2, odd.3, odd.4, odd.5, &odd.6[..]), (None, Some(7), 'ß', i64::MIN, u64::MAX, "tëxt"));
        assert_eq!((odd.7[1], odd.8), (f64::INFINITY, [-1, 0, 1]));
        assert_eq!(again.named["y"].to_vec().unwrap(), [7, 6, 5, 4]);
        assert_eq!((again.pair.0.sum(), again.pair.1.is_none()), (3.0, true));
        assert_eq!(again.pair.2.unwrap().max(), 1.0);
        assert!(matches!(again.phases[0], Phase::Early));
        let Phase::Late { since, flags } = &again.phases[1] else { panic!("another phase") };
        assert_eq!((*since, flags.sum()), (1e300, 6));
    };
    check(restore(&path).unwrap());
    in_world(2, || check(restore(&path).unwrap()));
    // The arrays of before are whole.
    assert_eq!(state.named["x"].sum(), 10);
}

fn types_that_have_changed() {
    #[derive(Serialize, Deserialize)]
    struct Old {
        step: u8,
        gone: DistArray<f64, Ix1>,
        field: DistArray<f64, Ix1>,
    }
    #[derive(Serialize, Deserialize)]
    struct New {
        #[serde(default)]
        extra: Vec<u8>,
        field: DistArray<f64, Ix1>,
        step: u64,
    }
    #[derive(Debug, Serialize, Deserialize)]
    struct Other {
        step: u64,
        needed: f64,
    }
    #[derive(Debug, Serialize, Deserialize)]
    struct Field<A> {
        field: A,
    }
    let folder = Folder::new();
    let path = folder.file("state");
    checkpoint(&path, &Old { step: 3, gone: DistArray::zeros(4), field: DistArray::ones(5) }).unwrap();
    let new: New = restore(&path).unwrap();
    assert_eq!((new.step, new.field.sum(), new.extra.len()), (3, 5.0, 0));
    let wrong = |error: pmi_toolkit::array::Error, words: &[&str]| {
        let text = error.to_string();
        assert!(error.is_argument() && text.contains(path.to_str().unwrap()), "{text}");
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    };
    wrong(restore::<Other>(&path).unwrap_err(), &["needed"]);
    wrong(restore::<Field<DistArray<f32, Ix1>>>(&path).unwrap_err(), &["array `field`", "type f64, not f32"]);
    wrong(restore::<Field<DistArray<f64, Ix2>>>(&path).unwrap_err(), &["array `field`", "[5], 1 axes, not 2"]);
    wrong(restore::<Field<u32>>(&path).unwrap_err(), &["not those of a"]);
    assert_eq!(restore::<Field<DistArray<f64, IxDyn>>>(&path).unwrap().field.sum(), 5.0);
}

fn a_state_without_arrays() {
    let folder = Folder::new();
    let path = folder.file("state");
    checkpoint(&path, &(1, "two")).unwrap();
    assert_eq!(restore::<(u8, String)>(&path).unwrap(), (1, "two".into()));
    // Another, longer or shorter, takes its place.
    checkpoint(&path, "x").unwrap();
    assert_eq!(restore::<String>(&path).unwrap(), "x");
    assert_eq!(folder.list(), ["state"]);
}

fn in_the_scope_of_a_group() {
    let folder = Folder::new();
    let path = folder.file("state");
    // Also one without the controller, where there are so many.
    let tasks = pmi::size().unwrap();
    let group = pmi::Group::new(1.min(tasks - 1)..tasks).unwrap();
    let there = || {
        let a = DistArray::from_fn((7, 3).distributed([Axis::Cyclic, Axis::Whole]), |(i, j)| (i * j) as i32);
        checkpoint(&path, &(2.5, &a)).unwrap();
        let (x, b): (f64, DistArray<i32, Ix2>) = restore(&path).unwrap();
        assert_eq!((x, b.layout(), b.gather().unwrap()), (2.5, a.layout(), a.gather().unwrap()));
        a.gather().unwrap()
    };
    let whole = group.scope(there).unwrap();
    let (_, everywhere): (f64, DistArray<i32, Ix2>) = restore(&path).unwrap();
    assert_eq!(everywhere.gather().unwrap(), whole);
}

fn an_object_that_is_not_an_array() {
    let folder = Folder::new();
    let handle = pmi::create(|task: &Task, ()| task.rank(), ()).unwrap();
    let error = checkpoint(folder.file("state"), &("x", &handle)).unwrap_err();
    assert!(error.is_argument() && error.to_string().contains("cannot be stored"), "{error}");
    assert!(folder.list().is_empty());
    assert_eq!(handle.reduce(|_, rank: &mut usize, ()| *rank, (), pmi::op::MAX).unwrap(), pmi::size().unwrap() - 1);
}

fn the_last_few() {
    let folder = Folder::new();
    let checkpoints = Checkpoints::new(folder.file("run")).keep(3);
    assert!(checkpoints.restore::<(u32, DistArray<u64, Ix1>)>().unwrap().is_none());
    for step in 0..5u32 {
        checkpoints.save(&(step, DistArray::full(10, u64::from(step)))).unwrap();
        let (last, array): (u32, DistArray<u64, Ix1>) = checkpoints.restore().unwrap().unwrap();
        assert_eq!((last, array.sum()), (step, 10 * u64::from(step)));
    }
    assert_eq!(folder.list(), ["run", "run.1", "run.2"]);
    let steps =
        ["run", "run.1", "run.2"].map(|name| restore::<(u32, DistArray<u64, Ix1>)>(folder.file(name)).unwrap().0);
    assert_eq!(steps, [4, 3, 2]);
    // A name that is free is taken before any is given up.
    std::fs::remove_file(folder.file("run.1")).unwrap();
    checkpoints.save(&(5, DistArray::full(10, 5u64))).unwrap();
    assert_eq!(restore::<(u32, DistArray<u64, Ix1>)>(folder.file("run.2")).unwrap().0, 2);
    assert!(std::panic::catch_unwind(|| Checkpoints::new("run").keep(0)).is_err());
}

fn the_newest_that_is_whole() {
    let folder = Folder::new();
    let checkpoints = Checkpoints::new(folder.file("run")).keep(3);
    for step in 0..3u32 {
        checkpoints.save(&(step, DistArray::full(1000, step))).unwrap();
    }
    let newest = || checkpoints.restore::<(u32, DistArray<u32, Ix1>)>().map(|found| found.unwrap().0);
    let truncate =
        |name: &str| std::fs::File::options().write(true).open(folder.file(name)).unwrap().set_len(5000).unwrap();
    truncate("run");
    assert_eq!(newest().unwrap(), 1);
    // As of a program that was killed between two names.
    std::fs::remove_file(folder.file("run")).unwrap();
    assert_eq!(newest().unwrap(), 1);
    truncate("run.1");
    assert_eq!(newest().unwrap(), 0);
    truncate("run.2");
    let error = newest().unwrap_err();
    assert!(error.is_damaged() && error.to_string().contains("run.1: the index: "), "{error}");
    // Who removes them begins anew, whatever a program that was killed has left.
    checkpoints.save(&(7u32, DistArray::full(1000, 7u32))).unwrap();
    std::fs::rename(folder.file("run"), folder.file("run.partial")).unwrap();
    std::fs::remove_file(folder.file("run.1")).unwrap();
    std::fs::remove_file(folder.file("run.2")).unwrap();
    assert!(checkpoints.restore::<(u32, DistArray<u32, Ix1>)>().unwrap().is_none());
    // A type that does not fit is no damage.
    checkpoints.save(&1u32).unwrap();
    assert!(checkpoints.restore::<(u32, DistArray<u32, Ix1>)>().unwrap_err().is_argument());
}

fn fewer_than_before() {
    let folder = Folder::new();
    let checkpoints = |keep| Checkpoints::new(folder.file("run")).keep(keep);
    (0..5u32).for_each(|step| checkpoints(5).save(&step).unwrap());
    // What is no checkpoint is nobody's to remove.
    std::fs::write(folder.file("run.5"), "notes").unwrap();
    assert_eq!(folder.list(), ["run", "run.1", "run.2", "run.3", "run.4", "run.5"]);
    checkpoints(2).save(&5u32).unwrap();
    assert_eq!(folder.list(), ["run", "run.1", "run.5"]);
    assert_eq!(["run", "run.1"].map(|name| restore::<u32>(folder.file(name)).unwrap()), [5, 4]);
    std::fs::write(folder.file("run.2"), "notes").unwrap();
    let error = checkpoints(3).save(&6u32).unwrap_err().to_string();
    assert!(error.contains("run.2 is in the way"), "{error}");
    std::fs::remove_file(folder.file("run.2")).unwrap();
    // One alone has no older ones.
    checkpoint(folder.file("run"), &6u32).unwrap();
    assert_eq!(folder.list(), ["run", "run.1", "run.5"]);
}

fn values_that_would_come_back_as_others() {
    let folder = Folder::new();
    let path = folder.file("state");
    let x = DistArray::<f64, Ix1>::ones(3);
    let error = checkpoint(&path, &(&x, Some(None::<u8>))).unwrap_err();
    assert!(error.is_argument() && error.to_string().contains("[1]: a Some(None) or Some(())"), "{error}");
    assert!(folder.list().is_empty());
    checkpoint(&path, &(&x, Some(Some(1u8)), None::<Option<u8>>)).unwrap();
    let (y, some, none): (DistArray<f64, Ix1>, Option<Option<u8>>, Option<Option<u8>>) = restore(&path).unwrap();
    assert_eq!((y.sum(), some, none), (3.0, Some(Some(1)), None));
}

#[derive(Serialize, Deserialize)]
struct Chain {
    next: Option<Box<Chain>>,
    end: Vec<Phase>,
}

fn values_within_values() {
    let folder = Folder::new();
    let path = folder.file("state");
    let chain = |len: usize| {
        (1..len).fold(Chain { next: None, end: vec![Phase::Early] }, |chain, _| Chain {
            next: Some(Box::new(chain)),
            end: Vec::new(),
        })
    };
    // The phase at the end is within a Vec.
    checkpoint(&path, &chain(255)).unwrap();
    let restored: Chain = restore(&path).unwrap();
    let links = std::iter::successors(Some(&restored), |chain| chain.next.as_deref());
    assert_eq!(links.map(|chain| chain.end.len()).collect::<Vec<_>>(), [vec![0; 254], vec![1]].concat());
    // Neither end of the last is for the stack.
    let longer = std::mem::ManuallyDrop::new(chain(1_000_000));
    for chain in [&chain(256), &*longer] {
        let error = checkpoint(&path, chain).unwrap_err();
        assert!(error.is_argument() && error.to_string().contains("more than 256 others"), "{error}");
    }
}
