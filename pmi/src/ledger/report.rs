//! The records of all tasks, to be read.

use super::recorder::{Record, Row, Tally};
use super::trace;
use crate::error::{Error, Result};
use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

/// What all tasks did since the world records, by verb and by operation of the communicator; see
/// [`ledger`](crate::ledger()).
///
/// Its [`Display`](fmt::Display) is a table: messages and bytes of all tasks together, times as the mean of the tasks.
///
/// # What counts as a message
///
/// A verb's messages are its commands and replies: one each way for every task but the controller, with arguments and
/// results among their bytes. For the communicator's operations those count that somebody has to send whatever the
/// algorithm; how many a library needs is its own affair. On `p` tasks, `n` bytes each:
///
/// | operation | messages | bytes | sent by |
/// |---|---|---|---|
/// | `send`, `isend` | 1 | `n` | the sender; `recv` and `irecv` send nothing |
/// | `barrier` | `2 (p - 1)` | 0 | 1 by each, and `p - 1` by task 0 |
/// | `broadcast` | `p - 1` | `(p - 1) n` | root |
/// | `scatter` | `p - 1` | those of the others' parts | root |
/// | `gather`, `reduce` | `p - 1` | those of the others' parts | 1 by each task but root |
/// | `all_reduce` | `2 (p - 1)` | `2 (p - 1) n` | 1 by each, and `p - 1` by task 0 |
/// | `all_gather` | `p (p - 1)` | `p (p - 1) n` | `p - 1` by each |
/// | `all_to_all` | `p (p - 1)` | all but each task's part for itself | `p - 1` by each |
/// | `scan`, `exclusive_scan` | `p - 1` | `(p - 1) n` | 1 by each task but the last |
/// | `split` | 0 | 0 | |
///
/// The forms for ragged data (`_v`) and values (`_object`) count as the operations that they consist of: their sizes
/// travel first. So does `sendrecv`: `isend` and `recv`.
#[derive(Debug)]
pub struct Ledger {
    tasks: Vec<Record>,
}

/// What all tasks did under one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Of the verb, function or operation.
    pub name: String,
    /// The calls of the task that has most: the controller takes part in every verb, and all tasks in a collective.
    pub calls: u64,
    /// The messages that all tasks sent.
    pub messages: u64,
    /// The bytes that all tasks sent.
    pub bytes: u64,
    /// The mean of the tasks' time in functions, outside the communicator.
    pub compute: Duration,
    /// The mean of the tasks' time in the communicator and until others' replies were there.
    pub wait: Duration,
    /// What each task did, by rank.
    pub tasks: Vec<Tally>,
    is_verb: bool,
}

impl Entry {
    /// How evenly the tasks were busy: their mean time over that of the slowest, 1 at best. For verbs the time is
    /// that of computing, for operations of the communicator all of it. 1 where no time was taken.
    pub fn balance(&self) -> f64 {
        let seconds = |tally: &Tally| if self.is_verb { tally.compute } else { tally.wait }.as_secs_f64();
        let slowest = self.tasks.iter().map(seconds).fold(0.0, f64::max);
        let mean = self.tasks.iter().map(seconds).sum::<f64>() / self.tasks.len() as f64;
        if slowest > 0.0 { mean / slowest } else { 1.0 }
    }
}

impl Ledger {
    pub(crate) fn new(tasks: Vec<Record>) -> Self {
        Self { tasks }
    }

    /// How many tasks the world has.
    pub fn size(&self) -> usize {
        self.tasks.len()
    }

    /// The operation of the communicator with this name, as in `of("all_reduce")`; all zeros where it was not used.
    pub fn of(&self, operation: &str) -> Entry {
        self.entry(operation, false, |row| !row.is_verb && row.name == operation)
    }

    /// The verb with this name, as in `verb("call")`; all zeros where it was not used.
    pub fn verb(&self, name: &str) -> Entry {
        self.entry(name, true, |row| row.is_verb && row.name == name)
    }

    /// The functions that a verb ran. Their names are those of their types, shortened; closures that are written in the
    /// same function have the same name, and count together.
    pub fn functions(&self, verb: &str) -> Vec<Entry> {
        let of_verb = |row: &&Row| row.is_verb && row.name == verb && !row.function.is_empty();
        let names = self.names(|row| of_verb(&row).then_some(&row.function));
        let entry = |name: &String| {
            let entry = self.entry(name, true, |row| of_verb(&row) && row.function == *name);
            (entry.calls > 0).then_some(entry)
        };
        names.into_iter().filter_map(entry).collect()
    }

    /// The verbs that were used, in the order of their first use.
    pub fn verbs(&self) -> Vec<Entry> {
        let names = self.names(|row| row.is_verb.then_some(&row.name));
        names.into_iter().map(|name| self.verb(name)).collect()
    }

    /// The operations of communicators that were used.
    pub fn operations(&self) -> Vec<Entry> {
        let names = self.names(|row| (!row.is_verb && row.tally.calls > 0).then_some(&row.name));
        names.into_iter().map(|name| self.of(name)).collect()
    }

    /// How many events are missing in the trace: each task keeps about a million, the last ones. The entries miss
    /// nothing.
    pub fn dropped(&self) -> u64 {
        self.tasks.iter().map(|task| task.dropped).sum()
    }

    /// Writes all events in Chrome's trace format, for `chrome://tracing` or <https://ui.perfetto.dev>: a row a task,
    /// in it the verbs, their functions, and the communicator's operations, on one clock.
    ///
    /// Time starts with the first event. Tasks of one host share its clock; between hosts the difference of the
    /// clocks is estimated when recording starts, to some ten microseconds.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write_trace(&self, path: impl AsRef<Path>) -> Result<()> {
        let write = || {
            let mut out = BufWriter::new(File::create(&path)?);
            trace::write(&self.tasks, &mut out)?;
            out.flush()
        };
        write().map_err(|cause: std::io::Error| Error::file(path.as_ref(), cause))
    }

    /// Different names, in the order in which they come first.
    fn names<'a>(&'a self, name: impl Fn(&'a Row) -> Option<&'a String>) -> Vec<&'a String> {
        let mut names = Vec::new();
        for name in self.tasks.iter().flat_map(|task| &task.rows).filter_map(name) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn entry(&self, name: &str, is_verb: bool, belongs: impl Fn(&Row) -> bool) -> Entry {
        let of_task = |task: &Record| {
            let mut sum = Tally::default();
            for Row { tally, .. } in task.rows.iter().filter(|row| belongs(row)) {
                sum.calls += tally.calls;
                sum.messages += tally.messages;
                sum.bytes += tally.bytes;
                sum.compute += tally.compute;
                sum.wait += tally.wait;
            }
            sum
        };
        let tasks: Vec<_> = self.tasks.iter().map(of_task).collect();
        let mean = |time: fn(&Tally) -> Duration| tasks.iter().map(time).sum::<Duration>() / tasks.len() as u32;
        Entry {
            name: name.to_string(),
            calls: tasks.iter().map(|tally| tally.calls).max().unwrap_or(0),
            messages: tasks.iter().map(|tally| tally.messages).sum(),
            bytes: tasks.iter().map(|tally| tally.bytes).sum(),
            compute: mean(|tally| tally.compute),
            wait: mean(|tally| tally.wait),
            tasks,
            is_verb,
        }
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<(String, Entry)> = Vec::new();
        for verb in self.verbs() {
            let functions = self.functions(&verb.name);
            lines.push((verb.name.clone(), verb));
            lines.extend(functions.into_iter().map(|entry| (format!("  {}", entry.name), entry)));
        }
        lines.extend(self.operations().into_iter().map(|entry| (format!("comm.{}", entry.name), entry)));
        let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).clamp(20, 100);
        writeln!(
            f,
            "{:width$} {:>9} {:>10} {:>14} {:>11} {:>11} {:>7}",
            "operation", "calls", "messages", "bytes", "compute s", "wait s", "balance"
        )?;
        for (name, entry) in lines {
            let (compute, wait) = (entry.compute.as_secs_f64(), entry.wait.as_secs_f64());
            writeln!(
                f,
                "{name:width$} {:>9} {:>10} {:>14} {compute:>11.6} {wait:>11.6} {:>7.2}",
                entry.calls,
                entry.messages,
                entry.bytes,
                entry.balance()
            )?;
        }
        match self.dropped() {
            0 => Ok(()),
            dropped => writeln!(f, "the trace lacks the oldest {dropped} events"),
        }
    }
}
