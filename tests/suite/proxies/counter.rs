//! Verbs, properties and local methods of a front class, and the life of its instances.

use super::size;
use crate::{Case, cases};
use pmi::{Task, op};
use std::cell::Cell;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        each_verb_does_what_it_says
        properties_are_read_here_and_written_everywhere
        local_methods_run_on_the_controller_alone
        local_is_refused_where_it_cannot_be
        a_local_panic_is_an_ordinary_one
        operators_of_any_kind
        the_last_front_releases_the_instances
        a_constructor_that_fails_leaves_nothing_behind
        hand_written_methods_stand_beside
    ]
}

/// Counts, differently on each task.
pub(crate) struct CounterParallel {
    name: String,
    pub(super) count: usize,
    calls: usize,
}

/// A counter on every task.
#[pmi::proxy(pub(crate) Counter)]
impl CounterParallel {
    /// Counts from the rank on.
    #[pmi(create)]
    pub(super) fn new(task: &Task, name: &str) -> Self {
        Self::starting_at(name.to_string(), task.rank())
    }

    #[pmi(create)]
    pub(super) fn starting_at(name: String, count: usize) -> CounterParallel {
        Self { name, count, calls: 0 }
    }

    #[pmi(create)]
    fn except_on(task: &Task, bad: usize) -> Result<Self, String> {
        ALIVE.set(ALIVE.get() + 1);
        let counter = Self { name: COUNTED.into(), count: 0, calls: 0 };
        if task.rank() == bad { Err(format!("none on {bad}")) } else { Ok(counter) }
    }

    #[pmi(exec)]
    fn add(&mut self, n: usize) -> usize {
        self.calls += 1;
        self.count += n;
        self.count
    }

    #[pmi(call)]
    fn total(&self, task: &Task) -> usize {
        task.comm().all_reduce(&[self.count], op::SUM)[0]
    }

    #[pmi(invoke)]
    pub(super) fn counts(&self) -> usize {
        self.count
    }

    #[pmi(reduce = op::MAX)]
    fn largest(&self) -> usize {
        self.count
    }

    #[pmi(reduce = join)]
    fn listed(&self, separator: char) -> String {
        format!("{}{separator}", self.count)
    }

    #[pmi(reduce = Self::mix)]
    fn mixed(&self) -> (usize, usize) {
        (self.count, 1)
    }

    #[pmi(reduce = |a: usize, b: usize| a.max(b) - a.min(b))]
    fn folded(&mut self) -> usize {
        self.count
    }

    fn mix(a: (usize, usize), b: (usize, usize)) -> (usize, usize) {
        (a.0 + b.0, a.1 + b.1)
    }

    #[pmi(local)]
    fn here(&mut self, task: &Task, log: &mut Vec<usize>, more: impl Fn(usize) -> usize) -> usize {
        self.calls += 1;
        log.push(task.rank());
        more(self.count)
    }

    #[pmi(invoke)]
    fn calls(&self) -> usize {
        self.calls
    }

    #[pmi(property)]
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    #[pmi(property)]
    fn set_name(&mut self, name: &str) {
        self.name = name.to_string();
    }

    #[pmi(invoke)]
    fn names(&self) -> String {
        self.name.clone()
    }

    #[pmi(property)]
    pub(super) fn count(&self) -> Result<usize, &'static str> {
        if self.count < 1000 { Ok(self.count) } else { Err("too many to count") }
    }

    #[pmi(property)]
    fn set_count(&mut self, count: usize) -> Result<(), String> {
        if count == 13 {
            return Err("not 13".into());
        }
        self.count = count;
        Ok(())
    }

    #[pmi(call)]
    #[cfg(any())]
    fn never_there(&self, _: NoSuchType) {}
}

fn join(a: String, b: String) -> String {
    a + &b
}

thread_local! {
    static ALIVE: Cell<isize> = const { Cell::new(0) };
}

/// The name of counters that count themselves.
const COUNTED: &str = "counted";

impl Drop for CounterParallel {
    fn drop(&mut self) {
        if self.name == COUNTED {
            ALIVE.set(ALIVE.get() - 1);
        }
    }
}

fn alive() -> Vec<isize> {
    pmi::invoke(|_: &Task, ()| ALIVE.get(), ()).unwrap()
}

fn each_verb_does_what_it_says() {
    let n = size();
    let counter = Counter::new("a").unwrap();
    counter.add(10).unwrap();
    assert_eq!(counter.counts().unwrap(), (10..10 + n).collect::<Vec<_>>());
    assert_eq!(counter.total().unwrap(), n * 10 + n * (n - 1) / 2);
    assert_eq!(counter.largest().unwrap(), 9 + n);
    assert_eq!(Counter::starting_at("b".into(), 7).unwrap().counts().unwrap(), vec![7; n]);
}

fn properties_are_read_here_and_written_everywhere() {
    let counter = Counter::new("a").unwrap();
    assert_eq!(counter.name().unwrap(), "a");
    counter.set_name("b").unwrap();
    assert_eq!(counter.names().unwrap(), vec!["b"; size()]);
    assert_eq!(counter.name().unwrap(), "b");
    counter.set_count(5).unwrap();
    assert_eq!(counter.counts().unwrap(), vec![5; size()]);
    let error = counter.set_count(13).unwrap_err();
    assert!(error.is_task_failure() && error.failures().len() == size(), "{error}");
    assert_eq!(counter.count().unwrap(), 5);
    counter.set_count(1000).unwrap();
    let error = counter.count().unwrap_err();
    assert!(error.is_task_failure(), "{error:?}");
    assert_eq!(error.to_string(), "local failed on task 0: too many to count");
}

fn local_methods_run_on_the_controller_alone() {
    let counter = Counter::new("a").unwrap();
    counter.add(4).unwrap();
    let (mut log, ten) = (Vec::new(), 10);
    assert_eq!(counter.here(&mut log, |count| count * ten).unwrap(), 40);
    assert_eq!(log, [0]);
    let mut expected = vec![1; size()];
    expected[0] = 2;
    assert_eq!(counter.calls().unwrap(), expected);
}

fn local_is_refused_where_it_cannot_be() {
    let counter = Counter::new("a").unwrap();
    // Inside a parallel function, on a thread without a world, in another world.
    let inside = |_: &Task, counter: Counter| counter.name().unwrap_err().is_misuse();
    assert_eq!(pmi::invoke(inside, counter.clone()).unwrap(), vec![true; size()]);
    assert!(counter.here(&mut Vec::new(), |_| usize::from(counter.name().unwrap_err().is_misuse())).unwrap() == 1);
    let elsewhere = counter.clone();
    assert!(std::thread::spawn(move || elsewhere.name().unwrap_err().is_misuse()).join().unwrap());
    let elsewhere = counter.clone();
    assert!(pmi::with_tasks(2, move || elsewhere.name().unwrap_err().is_handle()));
}

fn a_local_panic_is_an_ordinary_one() {
    let counter = Counter::new("a").unwrap();
    let caught = |f: &dyn Fn(&Task)| {
        let result =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| counter.handle().local(|task, _| f(task))));
        *result.unwrap_err().downcast::<String>().unwrap()
    };
    assert_eq!(caught(&|task| panic!("here on {}", task.rank())), "here on 0");
    let text = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        counter.handle().local(|task, _| task.comm().barrier())
    }));
    assert!(text.unwrap_err().downcast::<&str>().unwrap().contains("alone"));
    assert_eq!(counter.total().unwrap(), size() * (size() - 1) / 2);
}

fn operators_of_any_kind() {
    let n = size();
    let counter = Counter::starting_at("a".into(), 3).unwrap();
    assert_eq!(counter.largest().unwrap(), 3);
    assert_eq!(counter.listed(',').unwrap(), "3,".repeat(n));
    assert_eq!(counter.mixed().unwrap(), (3 * n, n));
    assert_eq!(counter.folded().unwrap(), (1..n).fold(3, |sum: usize, _| sum.abs_diff(3)).min(3));
}

fn the_last_front_releases_the_instances() {
    let before = alive();
    let shifted = |by: isize| before.iter().map(|alive| alive + by).collect::<Vec<_>>();
    let a = Counter::except_on(size()).unwrap();
    let b = a.clone();
    let handle = a.handle().clone();
    drop(a);
    drop(b);
    assert_eq!(alive(), shifted(1));
    let again = Counter::from(handle);
    assert_eq!(again.name().unwrap(), COUNTED);
    drop(again);
    assert_eq!(alive(), before);
    // A front that an instance holds keeps the object until that instance goes.
    let holder = pmi::create(|_: &Task, front: Counter| front, Counter::except_on(size()).unwrap()).unwrap();
    assert_eq!(alive(), shifted(1));
    drop(holder);
    alive();
    assert_eq!(alive(), before);
    // One of two: the other stays.
    let (a, b) = (Counter::except_on(size()).unwrap(), Counter::except_on(size()).unwrap());
    drop(a);
    assert_eq!(alive(), shifted(1));
    assert_eq!(b.largest().unwrap(), 0);
}

fn a_constructor_that_fails_leaves_nothing_behind() {
    let before = alive();
    let error = Counter::except_on(size() - 1).unwrap_err();
    assert_eq!(error.to_string(), format!("create failed on task {0}: none on {0}", size() - 1));
    assert_eq!(alive(), before);
}

impl Counter {
    /// Twice a generated method.
    fn add_twice(&self, n: usize) -> pmi::Result<()> {
        self.add(n)?;
        self.handle().exec(|_, this, n| this.count += n, n)
    }
}

fn hand_written_methods_stand_beside() {
    let counter = Counter::starting_at("a".into(), 1).unwrap();
    counter.add_twice(10).unwrap();
    assert_eq!(counter.counts().unwrap(), vec![21; size()]);
}
