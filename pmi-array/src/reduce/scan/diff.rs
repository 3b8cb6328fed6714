//! Differences along an axis.

use crate::array::{BUDGET, DistArray};
use crate::exchange::fetch;
use crate::expr::Number;
use crate::layout::{Axis, Indices, Layout, Part};
use crate::memory::{memory, recycle};
use ndarray::Dimension;
use pmi::Task;

/// The differences of neighbours along an axis.
#[track_caller]
pub(super) fn differences<T: Number, D: Dimension + 'static>(array: &DistArray<T, D>, axis: usize) -> DistArray<T, D> {
    let (mut shape, ndim) = (array.shape().to_vec(), array.ndim());
    assert!(axis < ndim, "axis {axis} does not exist: the array has {ndim} axes, from 0");
    assert!(shape[axis] > 0, "diff along axis {axis} of an array of shape {shape:?}: there are no elements along it");
    shape[axis] -= 1;
    let mut axes = array.layout().axes().to_vec();
    axes[axis] = if axes[axis] == Axis::Whole { Axis::Whole } else { Axis::Block };
    let layout = Layout::with_grid(&shape, &axes, array.layout().grid(), array.layout().tasks());
    let make = |task: &Task, (layout, (array, axis)): (Layout, (DistArray<T, D>, usize))| {
        let wanted = |rank: usize| {
            let part = layout.part(rank);
            if part.is_empty() {
                return Part::empty(part.axes().len());
            }
            let mut indices = part.axes().to_vec();
            let range = indices[axis].as_range().expect("blocks are ranges");
            indices[axis] = Indices::range(range.start..range.end + 1);
            Part::new(indices)
        };
        let mine = array.elements(task);
        let moves = (0..task.size()).any(|rank| wanted(rank) != array.layout().part(rank));
        let fetched = moves.then(|| fetch(task, array.layout(), &mine, &wanted, BUDGET));
        let elements = fetched.as_deref().unwrap_or(&mine);
        let local = wanted(task.rank()).shape();
        let mut out = memory::<T>(layout.local_len(task.rank()));
        let inner: usize = local[axis + 1..].iter().product();
        let lane = local[axis] * inner;
        if !out.is_empty() {
            for (out, x) in out.chunks_mut(lane - inner).zip(elements.chunks(lane)) {
                out.iter_mut().zip(x.iter().zip(&x[inner..])).for_each(|(out, (x, next))| *out = next.minus(*x));
            }
        }
        fetched.into_iter().for_each(recycle);
        out
    };
    DistArray::create_in(layout, make, (array.clone(), axis))
}
