//! Fronts as arguments and results.

use super::counter::{Counter, CounterParallel};
use super::size;
use crate::{Case, cases};
use pmi::{Handle, Task};
use serde::{Deserialize, Serialize};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        fronts_are_arguments
        fronts_come_back_as_results
    ]
}

/// Sums counters.
struct SumParallel {
    parts: Vec<Counter>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Named {
    name: String,
    counter: Option<Counter>,
}

#[pmi::proxy(Sum)]
impl SumParallel {
    #[pmi(create)]
    fn new(parts: Vec<Counter>) -> Self {
        Self { parts }
    }

    #[pmi(invoke)]
    fn sums(&self, task: &Task) -> usize {
        self.parts.iter().map(|part| task.get(part.handle()).count).sum()
    }

    #[pmi(invoke)]
    fn with(&self, task: &Task, one: Counter, other: &Counter, named: &Named) -> usize {
        let count = |counter: &Counter| task.get(counter.handle()).count;
        count(&one) + count(other) + named.counter.as_ref().map_or(0, count) + named.name.len()
    }

    #[pmi(exec)]
    fn bump(&mut self, task: &Task, handles: Vec<Handle<CounterParallel>>) {
        handles.iter().for_each(|handle| task.get_mut(handle).count += 1);
    }

    #[pmi(call)]
    fn first(&self) -> Counter {
        self.parts[0].clone()
    }

    #[pmi(invoke)]
    fn firsts(&self) -> &Counter {
        &self.parts[0]
    }
}

fn fronts_are_arguments() {
    let n = size();
    let (a, b) = (Counter::new("a").unwrap(), Counter::starting_at("b".into(), 100).unwrap());
    let sum = Sum::new(vec![a.clone(), b.clone(), a.clone()]).unwrap();
    assert_eq!(sum.sums().unwrap(), (0..n).map(|rank| 100 + 2 * rank).collect::<Vec<_>>());
    let named = Named { name: "four".into(), counter: Some(b.clone()) };
    assert_eq!(sum.with(a.clone(), &b, &named).unwrap(), (0..n).map(|rank| 204 + rank).collect::<Vec<_>>());
    sum.bump(vec![a.handle().clone(), Handle::clone(b.handle())]).unwrap();
    assert_eq!(b.counts().unwrap(), vec![101; n]);
    // In plain calls, too.
    let count =
        |task: &Task, list: Vec<Counter>| list.iter().map(|front| task.get(front.handle()).count).sum::<usize>();
    assert_eq!(pmi::call(count, vec![a, b]).unwrap(), 102);
}

fn fronts_come_back_as_results() {
    let counter = Counter::new("a").unwrap();
    let sum = Sum::new(vec![counter.clone()]).unwrap();
    let back = sum.firsts().unwrap().remove(0);
    drop(counter);
    assert_eq!(back.counts().unwrap(), (0..size()).collect::<Vec<_>>());
    assert_eq!(sum.first().unwrap().handle(), back.handle());
}
