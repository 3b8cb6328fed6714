//! `farm`: many independent items, each done by whichever task is free.

use super::{Argument, Portable};
use crate::comm::OwnTag;
use crate::error::{Error, Failure, Result};
use crate::ledger::Label;
use crate::remote::{Remote, conjure};
use crate::runtime::command::{Order, Refusal, Run};
use crate::runtime::world;
use crate::task::Task;
use crate::wire;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::any::type_name;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Runs `f` on each item, on whichever task is free, and returns the results in the order of the items.
///
/// The controller hands the items out and works on some itself. A task gets its next items before it has done its last,
/// enough of them to keep it busy while the controller is, and fewer towards the end. An item travels once to the task
/// that does it, and its result back; `f` is not to communicate, since what the other tasks do is left open. Progress
/// is reported to [`with_progress`](crate::with_progress).
///
/// In the [`scope`](crate::Group::scope) of a group without the controller, its first task does this in the controller's
/// place: the items travel to all of the group's tasks first, and nobody hears of progress.
///
/// ```
/// # pmi::with_tasks(3, || {
/// let squares = pmi::farm(0..100u64, |_: &pmi::Task, x| x * x)?;
/// assert_eq!(squares[99], 9801);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
///
/// # Errors
/// Where `f` panics on an item: the error names each such item, by its index, and its task; the others have been done,
/// but their results are lost. Where items or results cannot be serialised, or the thread controls no world.
pub fn farm<F, I, R>(items: impl IntoIterator<Item = I>, f: F) -> Result<Vec<R>>
where
    F: Fn(&Task, I) -> R + Portable,
    I: Argument,
    R: Serialize + DeserializeOwned,
{
    let world = world::current("farm")?;
    let (target, items) = (world.addressed(), items.into_iter());
    let named = || Label { verb: "farm", function: type_name::<F>() };
    let results = if world.serves(&target) {
        let work: Run = work::<F, I, R>;
        let items = items.map(Some).collect();
        let lead = |task: &Task, _: &[u8], _: &mut Vec<u8>| Ok(Lead::new(task, items).run(f));
        world.issue(named, Order::Run(Remote::new(work)), target, &(), lead)?.0
    } else {
        let work: Run = lead_or_work::<F, I, R>;
        let items: Vec<_> = items.collect();
        let (_, bytes) = world.issue(named, Order::Run(Remote::new(work)), target, &items, work)?;
        Some(wire::decode_sent(&bytes).map_err(|cause| Error::wire("farm", "result", cause))?)
    };
    let mut failures = Vec::new();
    let mut values = Vec::new();
    for result in results.into_iter().flatten() {
        match result {
            Ok(value) => values.push(value),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(values) } else { Err(Error::tasks("farm", failures)) }
}

/// What comes of an item, and its index.
type Done<R> = (usize, std::result::Result<R, Failure>);

/// What a task tells the controller when it wants more items.
#[derive(Serialize, Deserialize)]
struct Report<R> {
    done: Vec<Done<R>>,
    /// How long an item takes it, on average.
    pace: Duration,
    /// Whether it has ended, as it was told that there are no more.
    ended: bool,
}

/// What the controller answers: items with their indices; none: there are no more.
type Items<I> = Vec<(usize, I)>;

/// Runs `f` on one item.
fn attempt<I, R>(task: &Task, f: impl Fn(&Task, I) -> R, index: usize, item: I) -> Done<R> {
    let result = task.attempt(|| f(task, item));
    (index, result.map_err(|failure| Failure { message: format!("item {index}: {}", failure.message), ..failure }))
}

/// The part of a task of a group without the controller: the first leads, and returns the results.
fn lead_or_work<F, I, R>(task: &Task, items: &[u8], out: &mut Vec<u8>) -> std::result::Result<(), Refusal>
where
    F: Fn(&Task, I) -> R + Portable,
    I: Argument,
    R: Serialize + DeserializeOwned,
{
    if task.rank() > 0 {
        return work::<F, I, R>(task, items, out);
    }
    let items: Vec<I> = wire::decode_sent(items).map_err(|cause| format!("the items cannot be read: {cause}"))?;
    let results = Lead::new(task, items.into_iter().map(Some).collect()).run(conjure::<F>());
    wire::append(&results, out).map_err(|cause| format!("the results cannot be sent: {cause}"))
}

/// The part of every task but the one that leads.
fn work<F, I, R>(task: &Task, _: &[u8], _: &mut Vec<u8>) -> std::result::Result<(), Refusal>
where
    F: Fn(&Task, I) -> R + Portable,
    I: Argument,
    R: Serialize + DeserializeOwned,
{
    let (f, comm) = (conjure::<F>(), task.comm());
    let mut queue = VecDeque::new();
    let (mut report, mut busy, mut count) =
        (Report::<R> { done: Vec::new(), pace: Duration::ZERO, ended: false }, Duration::ZERO, 0);
    // Whether an answer is under way, how many items the last had, and whether more will come.
    let (mut asked, mut batch, mut more) = (false, 0, true);
    loop {
        if more && !asked && 2 * queue.len() <= batch {
            report.pace = busy.checked_div(count).unwrap_or_default();
            comm.send_own(0, OwnTag::Done, &report);
            report.done.clear();
            asked = true;
        }
        if asked && (queue.is_empty() || comm.has_own(OwnTag::Items)) {
            let (items, _): (Items<I>, _) = comm.recv_own(Some(0), OwnTag::Items);
            (asked, batch, more) = (false, items.len(), !items.is_empty());
            queue.extend(items);
            continue;
        }
        let Some((index, item)) = queue.pop_front() else { break };
        let start = Instant::now();
        report.done.push(attempt(task, f, index, item));
        (busy, count) = (busy + start.elapsed(), count + 1);
    }
    report.ended = true;
    comm.send_own(0, OwnTag::Done, &report);
    Ok(())
}

/// The part of the one that leads, the controller: handing out, and working between whiles.
struct Lead<'t, I, R> {
    task: &'t Task,
    items: Vec<Option<I>>,
    /// The first item that nobody has.
    next: usize,
    results: Vec<Option<std::result::Result<R, Failure>>>,
    done: usize,
    /// Tasks that have not ended.
    working: usize,
    /// The longest that an item has taken here: requests wait no longer for an answer.
    slowest: Duration,
}

impl<'t, I: Argument, R: Serialize + DeserializeOwned> Lead<'t, I, R> {
    fn new(task: &'t Task, items: Vec<Option<I>>) -> Self {
        let results = items.iter().map(|_| None).collect();
        Self { task, items, next: 0, results, done: 0, working: task.size() - 1, slowest: Duration::ZERO }
    }

    fn run(mut self, f: impl Fn(&Task, I) -> R + Copy) -> Vec<std::result::Result<R, Failure>> {
        loop {
            while self.working > 0 && (self.next == self.items.len() || self.task.comm().has_own(OwnTag::Done)) {
                self.answer();
            }
            let Some((index, item)) = self.take(1).pop() else { break };
            let start = Instant::now();
            let done = attempt(self.task, f, index, item);
            self.slowest = self.slowest.max(start.elapsed());
            self.keep(vec![done]);
        }
        self.results.into_iter().map(|result| result.expect("every item was handed out and came back")).collect()
    }

    /// Hears one task and gives it more.
    fn answer(&mut self) {
        let (report, from): (Report<R>, _) = self.task.comm().recv_own(None, OwnTag::Done);
        self.keep(report.done);
        if report.ended {
            self.working -= 1;
            return;
        }
        // Enough for as long as the controller may not answer, and no more than half of a fair share.
        let ahead = self.slowest.as_nanos().checked_div(report.pace.as_nanos()).unwrap_or(0) as usize + 2;
        let fair = (self.items.len() - self.next) / (2 * self.task.size());
        let items = self.take(ahead.min(fair.max(1)));
        self.task.comm().send_own(from, OwnTag::Items, &items);
    }

    /// The next items, at most `count`.
    fn take(&mut self, count: usize) -> Items<I> {
        let range = self.next..(self.next + count).min(self.items.len());
        self.next = range.end;
        range.map(|index| (index, self.items[index].take().expect("an item is handed out once"))).collect()
    }

    fn keep(&mut self, done: Vec<Done<R>>) {
        self.done += done.len();
        for (index, result) in done {
            self.results[index] = Some(result);
        }
        self.task.progress().report(self.done as f64 / self.items.len() as f64);
    }
}
