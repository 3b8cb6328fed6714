//! How much tasks tell each other, as their number grows: the messages and the bytes of array operations on 2 to 16
//! embedded tasks, as the ledger counts them, beside what the documentation of the operation says.
//!
//! Messages are those of commands, replies and the communicator; bytes those of the communicator, that is, of elements and of
//! what is agreed on about them. With `p` tasks a command is `2 (p - 1)` messages, an agreement likewise (with 16 bytes each),
//! and a round of an exchange `p (p - 1)`. A ratio of 1 is what is documented; one below, more.
//!
//! How to read the table and which arguments there are: see `support`.

mod support;

use pmi_toolkit::array::{allclose, histogram};
use pmi_toolkit::prelude::*;
use std::collections::BTreeMap;
use std::process::ExitCode;
use support::{Bench, Figures, Missing, Row};

/// Lengths that all numbers of tasks divide.
const ROWS: usize = 480;
const COLUMNS: usize = 1024;
const BYTES: u64 = (ROWS * COLUMNS * size_of::<f64>()) as u64;
/// Columns that a scan of rows passes on in one message.
const TILE: usize = 512;

/// What an operation sends: messages and bytes.
type Sent = (u64, u64);

fn main() -> ExitCode {
    let mut bench = Bench::start();
    for tasks in [2, 4, 8, 16] {
        let rows = operations(tasks).into_iter().flat_map(|(name, _, (messages, bytes))| {
            [("messages", messages), ("bytes", bytes)].into_iter().filter(|(_, expected)| *expected > 0).map(
                move |(unit, _)| {
                    Row::time(format!("{name}, {tasks} tasks"), unit).figure(&format!("{name} {unit}")).target(1.0)
                },
            )
        });
        let rows: Vec<Row> = rows.collect();
        let documented = move || Ok(figures(operations(tasks).into_iter().map(|(name, _, sent)| (name, sent))));
        bench.compare(rows, || pmi::Setup::new().tasks(tasks).threads(1).run(|| counted(tasks))?, documented);
    }
    bench.finish()
}

fn figures(sent: impl Iterator<Item = (&'static str, Sent)>) -> Figures {
    let named = sent.flat_map(|(name, (messages, bytes))| {
        [(format!("{name} messages"), messages as f64), (format!("{name} bytes"), bytes as f64)]
    });
    Figures::Named(named.collect::<BTreeMap<_, _>>().into_iter().collect())
}

/// The arrays that the operations have.
struct Arrays {
    square: DistArray<f64, ndarray::Ix2>,
    cards: DistArray<f64, ndarray::Ix2>,
    row: DistArray<f64, ndarray::Ix1>,
}

/// Each operation, and what `p` tasks send according to its documentation.
fn operations(tasks: usize) -> Vec<(&'static str, fn(&Arrays), Sent)> {
    let p = tasks as u64;
    let command = 2 * (p - 1);
    // An agreement, and one round for each 4 MiB of a task's buffers: one here.
    let exchange = |bytes: u64| (command + 2 * (p - 1) + p * (p - 1), 2 * (p - 1) * 16 + bytes);
    let (row, moved) = ((COLUMNS * size_of::<f64>()) as u64, BYTES - BYTES / p);
    vec![
        ("eval", |a| drop((&a.square * 2.0 + 1.0).eval()), (command, 0)),
        ("broadcast", |a| drop((&a.square + &a.row).eval()), exchange((p - 1) * row)),
        ("other layout", |a| drop((&a.square + &a.cards).eval()), exchange(moved)),
        ("redistribute", |a| drop(a.square.redistribute([Axis::Cyclic, Axis::Whole])), exchange(moved)),
        ("sum", |a| _ = a.square.sum(), (command, 0)),
        ("argmax", |a| _ = a.square.argmax(), (command, 0)),
        ("histogram", |a| drop(histogram(&a.square, 10, (0.0, 1.0))), (command, 0)),
        ("allclose", |a| _ = allclose(&a.square, &a.square, 1e-5, 1e-8), (command, 0)),
        ("sum over axis 1", |a| drop(a.square.over(1).sum()), (command, 0)),
        ("sum over axis 0", |a| drop(a.square.over(0).sum()), (command + 2 * p * (p - 1), 0)),
        ("diff over axis 0", |a| drop(a.square.diff(0)), exchange((p - 1) * row)),
        ("diff over axis 1", |a| drop(a.square.diff(1)), (command, 0)),
        ("cumsum over axis 1", |a| drop(a.square.cumsum(1)), (command, 0)),
        (
            "cumsum over axis 0",
            |a| drop(a.square.cumsum(0)),
            (command + (p - 1) * COLUMNS.div_ceil(TILE) as u64, (p - 1) * row),
        ),
        ("gather", |a| drop(a.square.gather()), (command + p - 1, moved)),
    ]
}

/// What the operations send.
fn counted(tasks: usize) -> Result<Figures, Missing> {
    let square = DistArray::from_fn((ROWS, COLUMNS), |(i, j)| (i * COLUMNS + j) as f64);
    let cards = square.redistribute([Axis::Cyclic, Axis::Whole]);
    let arrays = Arrays { square, cards, row: DistArray::from_fn(COLUMNS, |j| j as f64) };
    let mut sent = Vec::new();
    for (name, operation, _) in operations(tasks) {
        pmi::record(true)?;
        operation(&arrays);
        let ledger = pmi::ledger()?;
        pmi::record(false)?;
        let operations = ledger.operations();
        let messages = ledger.verbs().iter().chain(&operations).map(|entry| entry.messages).sum();
        sent.push((name, (messages, operations.iter().map(|entry| entry.bytes).sum())));
    }
    Ok(figures(sent.into_iter()))
}
