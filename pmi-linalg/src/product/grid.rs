//! Which task computes what of a product.

use super::indexing::{Indexing, Role};
use pmi_array::{Axis, Block, Distribution, Indices, Layout, Part};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How many operations take as long as the moving of one number: some tens of GFLOP/s a core against some GB/s.
const OPERATIONS_A_WORD: usize = 200;
/// Layers, each with results of its own for the same elements, may take so many bytes on a task, or as many as twice its
/// share of the operands and the result.
const REPLICATION: usize = 64 << 20;
/// The cost of a grid is that of so many of its tasks at the most, which lie evenly among all.
const SAMPLES: usize = 64;

/// The tasks as a box of batches, rows, columns and layers: of each kind of label (see [`Role`]) the longest is divided.
/// Task `(g, i, j, l)` computes the products of its rows of `A` with its columns of `B`, over its layer's part of the inner
/// index; the layers' results are then added, each layer getting some of the rows.
///
/// One layer is the grid of SUMMA (van de Geijn and Watts, *SUMMA: scalable universal matrix multiplication algorithm*,
/// Concurrency 9, 1997), several are the replication of Solomonik and Demmel (*Communication-optimal parallel 2.5D matrix
/// multiplication and LU factorization algorithms*, Euro-Par 2011).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grid {
    /// The length of each of the result's axes, and in how many blocks it is divided.
    axes: Vec<(usize, usize)>,
    /// The label that layers divide, if any, and its length.
    pub(super) inner: Option<usize>,
    inner_len: usize,
    pub(super) layers: usize,
    /// The axis whose blocks the layers share in the end.
    own: Option<usize>,
}

/// What one task computes: the indices of each label, and those of the axis that layers share that the task has in the end.
pub(super) struct Share {
    pub(super) ranges: Vec<Range<usize>>,
    /// Whether the task has nothing to do.
    pub(super) idle: bool,
    pub(super) own: Range<usize>,
}

impl Grid {
    /// The grid that takes the least time: each task's operations, and the numbers that it gets.
    pub(super) fn choose(of: &Indexing, layouts: [&Layout; 2], tasks: usize, bytes: usize) -> Self {
        let longest = |role| of.with_role(role).into_iter().rev().max_by_key(|label| of.lens[*label]);
        let divided = [Role::Batch, Role::Row, Role::Column].map(longest);
        let axis = |label| of.c.iter().position(|of| Some(*of) == label);
        let [batch, row, column] = divided.map(axis);
        let inner = longest(Role::Inner);
        let divisors = |of: usize| (1..=of).rev().filter(move |d| of.is_multiple_of(*d));
        // What is not there has one part; layers without an inner index are tasks with nothing to do.
        let parts = |of: usize, axis: Option<usize>| divisors(of).filter(move |parts| *parts == 1 || axis.is_some());
        let own = row.or(column).or(batch);
        let grid = |parts: [usize; 3], layers: usize| {
            let mut axes: Vec<_> = of.shape().into_iter().map(|len| (len, 1)).collect();
            for (axis, parts) in [batch, row, column].into_iter().zip(parts) {
                axis.into_iter().for_each(|axis| axes[axis].1 = parts);
            }
            Self { axes, inner, inner_len: inner.map_or(1, |label| of.lens[label]), layers, own }
        };
        let mut best = None;
        for batches in parts(tasks, batch) {
            for rows in parts(tasks / batches, row) {
                for columns in parts(tasks / batches / rows, column) {
                    let layers = tasks / batches / rows / columns;
                    if layers > 1 && inner.is_none() && own.is_some() {
                        continue;
                    }
                    let grid = grid([batches, rows, columns], layers);
                    let cost = grid.cost(of, layouts, tasks, bytes);
                    if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                        best = Some((cost, grid));
                    }
                }
            }
        }
        best.expect("1 divides every number of tasks").1
    }

    /// The operations of the busiest task, plus as many as could be done while the busiest gets its numbers.
    fn cost(&self, of: &Indexing, [a, b]: [&Layout; 2], tasks: usize, bytes: usize) -> usize {
        if self.layers > 1 {
            let result = of.shape().iter().copied().fold(1, usize::saturating_mul);
            let share = (a.len() + b.len()).saturating_add(result).saturating_mul(2 * bytes) / tasks;
            let block = (0..self.axes.len()).map(|axis| self.longest_block(axis)).fold(1, usize::saturating_mul);
            if block.saturating_mul(bytes) > share.max(REPLICATION) {
                return usize::MAX;
            }
        }
        let lacking =
            |layout: &Layout, wanted: Part, rank: usize| wanted.len() - layout.part(rank).overlap(&wanted).len();
        let of_task = |rank| {
            let share = self.share(of, rank);
            let [of_a, of_b] = [&of.a, &of.b].map(|labels| share.part(labels, None));
            let words = lacking(a, of_a, rank) + lacking(b, of_b, rank);
            let results = of.c.iter().map(|label| share.ranges[*label].len()).fold(1, usize::saturating_mul);
            // What is computed is in every layer, what the task has in the end comes from the others.
            let operations = share.ranges.iter().map(Range::len).fold(1, usize::saturating_mul);
            let from_layers = (self.layers - 1).saturating_mul(results / self.layers);
            operations.saturating_add(OPERATIONS_A_WORD.saturating_mul(words.saturating_add(from_layers)))
        };
        (0..tasks).step_by(tasks.div_ceil(SAMPLES)).map(of_task).max().unwrap_or(0)
    }

    /// The parts of an axis of the result in the end.
    fn parts(&self, axis: usize) -> usize {
        self.axes[axis].1 * if self.own == Some(axis) { self.layers } else { 1 }
    }

    /// A task's place along each axis of the result, and its layer. Layers of a block follow each other along the axis that
    /// they share, so that what they have in the end does, too.
    fn place(&self, rank: usize) -> (Vec<usize>, usize) {
        let mut rest = rank;
        let mut place = vec![0; self.axes.len()];
        for axis in (0..self.axes.len()).rev() {
            (place[axis], rest) = (rest % self.parts(axis), rest / self.parts(axis));
        }
        match self.own {
            Some(own) => {
                let layer = place[own] % self.layers;
                place[own] /= self.layers;
                (place, layer)
            }
            None => (place, rest),
        }
    }

    /// The tasks that compute for the same elements as `rank`, one a layer.
    pub(super) fn column_of_layers(&self, rank: usize) -> impl Iterator<Item = usize> {
        let (_, layer) = self.place(rank);
        let step: usize = self.own.map_or(1, |own| (own + 1..self.axes.len()).map(|axis| self.parts(axis)).product());
        (0..self.layers).map(move |other| rank + other * step - layer * step)
    }

    /// The axis that the layers share; without axes, the one element is task 0's.
    pub(super) fn own(&self) -> Option<usize> {
        self.own
    }

    /// What `rank` computes.
    pub(super) fn share(&self, of: &Indexing, rank: usize) -> Share {
        let (place, layer) = self.place(rank);
        if layer > 0 && self.inner.is_none() {
            return Share { ranges: vec![0..0; of.lens.len()], idle: true, own: 0..0 };
        }
        let mut ranges: Vec<_> = of.lens.iter().map(|len| 0..*len).collect();
        let mut own = if layer == 0 { 0..1 } else { 0..0 };
        for (axis, label) in of.c.iter().enumerate() {
            let (blocks, layers) =
                (Block::new(self.axes[axis].0, self.parts(axis)), self.parts(axis) / self.axes[axis].1);
            let first = place[axis] * layers;
            ranges[*label] = blocks.range(first).start..blocks.range(first + layers - 1).end;
            if self.own == Some(axis) {
                own = blocks.range(first + layer);
            }
        }
        if let Some(inner) = self.inner {
            ranges[inner] = Block::new(self.inner_len, self.layers).range(layer);
        }
        Share { ranges, idle: false, own }
    }

    /// How many indices the largest layer has, of the label that layers divide.
    pub(super) fn most_inner(&self) -> usize {
        self.inner_len.div_ceil(self.layers)
    }

    /// How many indices of an axis of the result the busiest task computes.
    pub(super) fn longest_block(&self, axis: usize) -> usize {
        let (len, _) = self.axes[axis];
        let layers = if self.own == Some(axis) { self.layers } else { 1 };
        layers * len.div_ceil(self.parts(axis))
    }

    /// Where the result's elements are.
    pub(super) fn distribution(&self, tasks: usize) -> Distribution {
        let shape: Vec<_> = self.axes.iter().map(|(len, _)| *len).collect();
        let parts: Vec<_> = (0..shape.len()).map(|axis| self.parts(axis)).collect();
        let divided = |(axis, parts): (usize, &usize)| if axis == 0 || *parts > 1 { Axis::Block } else { Axis::Whole };
        let axes: Vec<_> = parts.iter().enumerate().map(divided).collect();
        Layout::with_grid(&shape, &axes, &parts, tasks).into()
    }
}

impl Share {
    /// The part of an operand with these labels that the task needs; of label `panel.0` these indices only.
    pub(super) fn part(&self, labels: &[Option<usize>], panel: Option<(usize, Range<usize>)>) -> Part {
        if self.idle {
            return Part::empty(labels.len());
        }
        let indices = |label: &Option<usize>| match (label, &panel) {
            (Some(label), Some((of, range))) if label == of => Indices::range(range.clone()),
            (Some(label), _) => Indices::range(self.ranges[*label].clone()),
            (None, _) => Indices::range(0..1),
        };
        Part::new(labels.iter().map(indices).collect::<Vec<_>>())
    }
}
