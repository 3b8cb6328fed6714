//! Any product of two arrays, on the grid of tasks that needs the least.

use super::grid::{Grid, Share};
use super::indexing::Indexing;
use super::strided::{Strided, add_contraction};
use crate::numeric::Numeric;
use ndarray::{ArrayViewD, ArrayViewMutD, Dimension, IxDyn};
use pmi::Task;
use pmi_array::{Compare, DistArray, Expression, Layout, Part, Shape};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::borrow::Cow;

/// The bytes of the parts of both operands that a task gets at a time, at the most, unless these have fewer inner indices
/// than [`NARROW`].
const PANEL: usize = 64 << 20;
/// Products over so few inner indices are slow.
const NARROW: usize = 128;

/// An operand: an array, perhaps to be conjugated.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Factor<T: Numeric, D: Dimension + 'static> {
    pub(super) array: DistArray<T, D>,
    pub(super) conjugated: bool,
}

impl<T: Numeric, D: Dimension + 'static> Factor<T, D> {
    /// An array as one of another type, which its own is promoted to: itself, if that is the same.
    #[track_caller]
    pub(super) fn promoted<U: Numeric>(array: &DistArray<U, D>, conjugated: bool) -> Self {
        let same = (array as &dyn Any).downcast_ref::<DistArray<T, D>>();
        Self { array: same.cloned().unwrap_or_else(|| array.astype::<T>().eval()), conjugated }
    }
}

/// The product of two arrays: one command. The result is in blocks on the grid.
#[track_caller]
pub(super) fn contract<T, A, B, C>(a: Factor<T, A>, b: Factor<T, B>, of: Indexing) -> DistArray<T, C>
where
    T: Numeric,
    A: Dimension + 'static,
    B: Dimension + 'static,
    C: Dimension + 'static,
{
    let Some(shape) = C::from_dimension(&IxDyn(&of.shape())) else {
        panic!("the product has {} axes, and the type of the result another number: use that, or IxDyn", of.c.len())
    };
    let tasks = a.array.layout().tasks();
    let grid = Grid::choose(&of, [a.array.layout(), b.array.layout()], tasks, size_of::<T>());
    let fill = |task: &Task, _: &Part, c: &mut [T], (a, b, of, grid): (Factor<T, A>, Factor<T, B>, Indexing, Grid)| {
        Product { task, of: &of, grid: &grid, share: grid.share(&of, task.rank()) }.compute(c, &a, &b);
    };
    DistArray::fill_local(shape.distributed(grid.distribution(tasks)), fill, (a, b, of, grid))
}

/// One task's part in it.
struct Product<'t> {
    task: &'t Task,
    of: &'t Indexing,
    grid: &'t Grid,
    share: Share,
}

impl Product<'_> {
    /// Sets this task's elements of the result, which are zeros.
    fn compute<T, A, B>(&self, c: &mut [T], a: &Factor<T, A>, b: &Factor<T, B>)
    where
        T: Numeric,
        A: Dimension + 'static,
        B: Dimension + 'static,
    {
        if self.grid.layers == 1 {
            return self.add_panels(c, a, b);
        }
        let mut block = bytemuck::zeroed_vec(self.block_shape().iter().product());
        self.add_panels(&mut block, a, b);
        self.add_layers(&block, c);
    }

    /// The shape of what this task computes.
    fn block_shape(&self) -> Vec<usize> {
        self.of.c.iter().map(|label| self.share.ranges[*label].len()).collect()
    }

    /// Adds this task's products to its block, panel by panel of the operands.
    fn add_panels<T, A, B>(&self, c: &mut [T], a: &Factor<T, A>, b: &Factor<T, B>)
    where
        T: Numeric,
        A: Dimension + 'static,
        B: Dimension + 'static,
    {
        let (task, inner) = (self.task, self.grid.inner);
        let (whole_a, whole_b) =
            (self.is_here(a.array.layout(), &self.of.a), self.is_here(b.array.layout(), &self.of.b));
        let width = if whole_a && whole_b { usize::MAX } else { self.width(size_of::<T>()) };
        for start in (0..self.grid.most_inner()).step_by(width) {
            let panel = |share: &Share| {
                let all = &share.ranges[inner?];
                let first = (all.start + start).min(all.end);
                Some((inner?, first..first.saturating_add(width).min(all.end)))
            };
            let part = |labels: &[Option<usize>], whole: bool, rank: usize| {
                let share = self.grid.share(self.of, rank);
                share.part(labels, panel(&share).filter(|_| !whole))
            };
            let of_a = a.array.fetch(task, |rank| part(&self.of.a, whole_a, rank));
            let of_b = b.array.fetch(task, |rank| part(&self.of.b, whole_b, rank));
            if self.share.idle {
                continue;
            }
            let mut lens: Vec<_> = self.share.ranges.iter().map(|range| range.len()).collect();
            if let Some((label, range)) = panel(&self.share) {
                lens[label] = range.len();
            }
            let strided = |numbers, labels: &[Option<usize>], whole: bool, conjugated| {
                let part = part(labels, whole, task.rank());
                let strided = Strided { conjugated, ..Strided::new(numbers, labels, &part.shape(), lens.len()) };
                inner.filter(|_| whole).map_or(strided.clone(), |label| strided.skip(label, start))
            };
            let block_a = strided(&of_a, &self.of.a, whole_a, a.conjugated);
            let block_b = strided(&of_b, &self.of.b, whole_b, b.conjugated);
            let threads = task.threads();
            task.install(|| add_contraction(self.of, &lens, c, &block_a, &block_b, threads));
        }
    }

    /// Whether every task has of an operand just what it needs: then nothing is fetched.
    fn is_here(&self, layout: &Layout, labels: &[Option<usize>]) -> bool {
        (0..self.task.size()).all(|rank| layout.part(rank) == self.grid.share(self.of, rank).part(labels, None))
    }

    /// How many inner indices a panel has.
    fn width(&self, bytes: usize) -> usize {
        let len = |label: usize| match self.of.c.iter().position(|of| *of == label) {
            Some(axis) => self.grid.longest_block(axis),
            None if Some(label) == self.grid.inner => 1,
            None => self.of.lens[label],
        };
        let saturating = |lens: &mut dyn Iterator<Item = usize>| lens.fold(1, usize::saturating_mul);
        let numbers = |labels: &[Option<usize>]| saturating(&mut labels.iter().flatten().map(|label| len(*label)));
        // Labels beside the one that is cut make panels wide enough by themselves.
        let both = self.of.a.iter().flatten().filter(|label| self.of.b.contains(&Some(**label)));
        let beside = both.filter(|label| !self.of.c.contains(label) && Some(**label) != self.grid.inner);
        let beside = saturating(&mut beside.map(|label| self.of.lens[*label]));
        let width = PANEL / bytes / numbers(&self.of.a).saturating_add(numbers(&self.of.b)).max(1);
        width.max(NARROW.div_ceil(beside.max(1)))
    }

    /// Sums all layers' blocks: each task gets its own elements. The first layer's come first.
    fn add_layers<T: Numeric>(&self, block: &[T], c: &mut [T]) {
        let (rank, size, shape) = (self.task.rank(), self.task.size(), self.block_shape());
        // The layers' parts follow each other along their axis, as their ranks do: that axis goes first.
        let axis = self.grid.own().unwrap_or(0);
        let mut order: Vec<_> = (0..shape.len()).collect();
        order[..shape.len().min(axis + 1)].rotate_right(1.min(shape.len()));
        let view = ArrayViewD::from_shape(IxDyn(&shape), block).expect("a block has its shape");
        let turned = match axis {
            0 => Cow::Borrowed(block),
            _ => Cow::Owned(view.permuted_axes(IxDyn(&order)).iter().copied().collect()),
        };
        let others: usize = order.iter().skip(1).map(|axis| shape[*axis]).product();
        let (mut send, mut receive) = (vec![0; size], vec![0; size]);
        for other in self.grid.column_of_layers(rank) {
            send[other] = self.grid.share(self.of, other).own.len() * others;
            receive[other] = self.share.own.len() * others;
        }
        let mut parts = vec![T::default(); receive.iter().sum()];
        self.task.comm().guarded(false).all_to_all_v_into(&turned, &send, &mut parts, &receive);
        let mut sum = parts;
        let rest = sum.split_off(receive[rank]);
        for part in rest.chunks_exact(sum.len().max(1)) {
            sum.iter_mut().zip(part).for_each(|(sum, x)| *sum = sum.plus(*x));
        }
        if c.is_empty() {
            return;
        }
        let mut own = shape.clone();
        own.get_mut(axis).into_iter().for_each(|len| *len = self.share.own.len());
        let in_order: Vec<_> = order.iter().map(|axis| own[*axis]).collect();
        let sum = ArrayViewD::from_shape(IxDyn(&in_order), &sum).expect("as many come as are this task's");
        let c = ArrayViewMutD::from_shape(IxDyn(&own), c).expect("the slab has these elements");
        c.permuted_axes(IxDyn(&order)).assign(&sum);
    }
}
