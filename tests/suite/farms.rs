//! Farms: items for whoever is free.

use crate::{Case, cases};
use pmi::{Handle, Task, op};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        results_come_in_item_order
        every_item_is_done_once
        items_of_very_different_length
        failing_items_are_named_and_the_others_done
        items_that_do_not_serialise
        farms_report_progress
        with_gives_values_to_closures
    ]
}

fn results_come_in_item_order() {
    for count in [0, 1, 2, 3, 10, 1000] {
        let results = pmi::farm(0..count, |_: &Task, x: u64| (x, format!("{x}"))).unwrap();
        assert_eq!(results, (0..count).map(|x| (x, format!("{x}"))).collect::<Vec<_>>());
    }
}

fn every_item_is_done_once() {
    let counts = pmi::create(|_: &Task, ()| vec![0usize; 500], ()).unwrap();
    let items = (0..500).map(|x| (x, counts.clone()));
    let count = |task: &Task, (x, counts): (usize, Handle<Vec<usize>>)| task.get_mut(&counts)[x] += 1;
    pmi::farm(items, count).unwrap();
    let sum = |a: Vec<usize>, b: Vec<usize>| a.iter().zip(b).map(|(a, b)| a + b).collect();
    assert_eq!(counts.reduce(|_, counts, ()| counts.clone(), (), sum).unwrap(), vec![1; 500]);
}

fn items_of_very_different_length() {
    let work = |task: &Task, x: u64| {
        std::thread::sleep(Duration::from_micros(if x % 17 == 3 { 5000 } else { 50 }));
        (x, task.rank())
    };
    let done = pmi::farm(0..100, work).unwrap();
    assert!(done.iter().enumerate().all(|(index, (x, _))| *x == index as u64));
    let mut ranks: Vec<_> = done.into_iter().map(|(_, rank)| rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    assert_eq!(ranks.len(), pmi::size().unwrap());
}

fn failing_items_are_named_and_the_others_done() {
    let done = pmi::create(|_: &Task, ()| 0usize, ()).unwrap();
    let work = |task: &Task, (x, done): (usize, Handle<usize>)| {
        assert!(x % 10 != 4, "no {x}");
        *task.get_mut(&done) += 1;
    };
    let error = pmi::farm((0..40).map(|x| (x, done.clone())), work).unwrap_err();
    let messages: Vec<_> = error.failures().iter().map(|failure| failure.message.clone()).collect();
    for x in [4, 14, 24, 34] {
        assert!(messages.contains(&format!("item {x}: no {x}")), "{messages:?}");
    }
    assert_eq!(messages.len(), 4);
    assert_eq!(done.reduce(|_, done, ()| *done, (), op::SUM).unwrap(), 36);
    assert_eq!(pmi::farm(0..3, |_: &Task, x: u8| x).unwrap(), [0, 1, 2]);
}

struct OneWay;

impl serde::Serialize for OneWay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

impl<'de> serde::Deserialize<'de> for OneWay {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("cannot be read"))
    }
}

fn items_that_do_not_serialise() {
    let result = pmi::farm((0..50).map(|_| OneWay), |_: &Task, _: OneWay| std::thread::sleep(Duration::from_millis(1)));
    // Alone, the controller sends nothing.
    assert_eq!(result.is_err(), pmi::size().unwrap() > 1);
    assert_eq!(pmi::farm(0..3, |_: &Task, x: u8| x).unwrap(), [0, 1, 2]);
}

fn farms_report_progress() {
    let most = Arc::new(AtomicUsize::new(0));
    let seen = most.clone();
    let hook = move |done: f64| {
        seen.fetch_max((1000.0 * done) as usize, Ordering::Relaxed);
    };
    pmi::with_progress(hook, || pmi::farm(0..20, |_: &Task, x: u8| x)).unwrap();
    assert_eq!(most.load(Ordering::Relaxed), 1000);
}

fn with_gives_values_to_closures() {
    let (a, b) = (vec![1.0, 2.0], 3.0);
    let sums = pmi::with!(a, b => invoke(|task| a.iter().sum::<f64>() * b + task.rank() as f64)).unwrap();
    assert_eq!(sums, (0..pmi::size().unwrap()).map(|rank| 9.0 + rank as f64).collect::<Vec<_>>());
    assert_eq!(pmi::with!(b => call(|_, x: f64| b * x, 2.0)).unwrap(), 6.0);
    pmi::with!(a => exec(|_| assert_eq!(a.len(), 2))).unwrap();
    assert_eq!(a.len(), 2);
}
