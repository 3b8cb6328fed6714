//! What evaluating an expression will move: [`Explanation`].

use super::evaluate::result_layout;
use super::expression::Expression;
use super::leaf::demand;
use super::node::Node;
use crate::array::{BUDGET, expect};
use crate::layout::Layout;
use std::fmt;

/// What it takes to compute an expression: from [`Expression::explain`].
///
/// Nothing has run. `Display` prints it as a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The layout of the result.
    pub layout: Layout,
    /// Each array in the expression, from left to right.
    pub operands: Vec<OperandMove>,
}

/// What becomes of an array in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperandMove {
    /// Its layout.
    pub layout: Layout,
    /// How many bytes tasks send each other.
    pub bytes: usize,
    /// In how many messages, at the least: as many as there are pairs of tasks of which one has what the other needs.
    /// Where a task sends more than its buffers hold, each takes several rounds.
    pub messages: usize,
    /// The most memory that a task needs beside its slabs, in bytes: for the elements it gets, and for buffers.
    pub memory: usize,
}

impl Explanation {
    /// How many bytes tasks send each other in all.
    pub fn bytes(&self) -> usize {
        self.operands.iter().map(|operand| operand.bytes).sum()
    }

    /// How many messages they send at the least.
    pub fn messages(&self) -> usize {
        self.operands.iter().map(|operand| operand.messages).sum()
    }

    /// The most memory that a task needs beside its slabs, in bytes.
    pub fn memory(&self) -> usize {
        self.operands.iter().map(|operand| operand.memory).sum()
    }

    #[track_caller]
    pub(super) fn of<X: Expression>(expression: &X) -> Self {
        let node = expression.node();
        let layout = result_layout(&node, expect(pmi::size()));
        let mut operands = Vec::new();
        node.operands(&mut |operand, size| operands.push(OperandMove::new(operand, &layout, size)));
        Self { layout, operands }
    }
}

impl OperandMove {
    fn new(operand: &Layout, result: &Layout, size: usize) -> Self {
        let tasks = result.tasks();
        let parts: Vec<_> = (0..tasks).map(|rank| operand.part(rank)).collect();
        let wanted: Vec<_> = (0..tasks).map(|rank| demand(operand.shape(), result, rank)).collect();
        let still = Self { layout: operand.clone(), bytes: 0, messages: 0, memory: 0 };
        if parts == wanted {
            return still;
        }
        let (mut bytes, mut messages) = (0, 0);
        for (from, part) in parts.iter().enumerate() {
            for (_, wanted) in wanted.iter().enumerate().filter(|(to, _)| *to != from) {
                let count = part.overlap(wanted).len();
                bytes += count * size;
                messages += usize::from(count > 0);
            }
        }
        let elements = wanted.iter().map(|part| part.len() * size).max().unwrap_or(0);
        let buffers = if bytes > 0 { BUDGET.min(2 * elements) } else { 0 };
        Self { bytes, messages, memory: elements + buffers, ..still }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "result {}", self.layout.summary())?;
        for operand in &self.operands {
            let layout = operand.layout.summary();
            match operand {
                OperandMove { memory: 0, .. } => writeln!(f, "  {layout}: stays")?,
                OperandMove { bytes, messages, memory, .. } => {
                    writeln!(f, "  {layout}: moves {bytes} bytes in {messages} messages, takes {memory} bytes a task")?;
                }
            }
        }
        write!(f, "in all {} bytes in {} messages", self.bytes(), self.messages())
    }
}
