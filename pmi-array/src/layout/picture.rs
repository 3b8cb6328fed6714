//! A layout as text: who owns what.

use super::{Axis, Layout};
use std::fmt::{self, Display, Write};

/// How many columns and rows are drawn element by element.
const DRAWN: (usize, usize) = (32, 16);
/// How many tasks are listed where the elements are not drawn.
const LISTED: usize = 16;

impl Display for Layout {
    /// A line that says what the layout is; below it, for arrays of one or two axes that are small enough, the owner of
    /// each element, otherwise the indices of each task.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        let (rows, columns) = match self.shape.as_slice() {
            [columns] => (1, *columns),
            [rows, columns] => (*rows, *columns),
            _ => (0, 0),
        };
        if (1..=DRAWN.0).contains(&columns) && (1..=DRAWN.1).contains(&rows) {
            let width = (self.tasks - 1).to_string().len();
            return (0..rows).try_for_each(|row| {
                f.write_char('\n')?;
                (0..columns).try_for_each(|column| {
                    let space = if column > 0 { " " } else { "" };
                    write!(f, "{space}{:width$}", self.owner(&[row, column][2 - self.shape.len()..]))
                })
            });
        }
        (0..self.tasks.min(LISTED)).try_for_each(|rank| write!(f, "\ntask {rank}: {}", self.part(rank)))?;
        if self.tasks > LISTED { write!(f, "\n.. {} tasks in all", self.tasks) } else { Ok(()) }
    }
}

impl Layout {
    /// The layout in one line: `4 x 6 as Block x Cyclic on 2 x 2 of 5 tasks`.
    pub(crate) fn summary(&self) -> String {
        let shape = product(&self.shape);
        let tasks = if self.tasks == 1 { "task" } else { "tasks" };
        if self.axes.iter().all(|axis| *axis == Axis::Whole) {
            return format!("{shape} on task 0 of {} {tasks}", self.tasks);
        }
        format!("{shape} as {} on {} of {} {tasks}", product(&self.axes), product(&self.grid), self.tasks)
    }
}

/// `4 x 6`; a scalar is a shape, too.
fn product(factors: &[impl Display]) -> String {
    if factors.is_empty() {
        return "a scalar".into();
    }
    factors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ")
}
