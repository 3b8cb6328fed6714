//! What a user says of how an array is to be distributed.

use super::{Axis, Layout};
use serde::{Deserialize, Serialize};

/// How to distribute an array, whatever its shape and the number of tasks: an [`Axis`] for each of its axes, and
/// perhaps the grid of tasks.
///
/// Functions that take one take whatever says as much:
///
/// ```
/// use pmi_array::{Axis, DistArray};
/// # pmi::with_tasks(4, || {
/// let a = DistArray::from_fn((6, 8), |(i, j)| (i * j) as u64).redistribute([Axis::Whole, Axis::Block]);
/// assert_eq!(a.layout().local_shape(1), [6, 2]);
/// let b = a.redistribute(([Axis::Cyclic, Axis::Block], [2, 2])); // on a grid of 2 x 2 tasks
/// assert_eq!(b.layout().local_shape(1), [3, 4]);
/// let c = a.redistribute(b.layout()); // as another array
/// assert_eq!(c.layout(), b.layout());
/// # })
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    pub(super) axes: Vec<Axis>,
    pub(super) grid: Option<Vec<usize>>,
}

impl From<&[Axis]> for Distribution {
    fn from(axes: &[Axis]) -> Self {
        Self { axes: axes.to_vec(), grid: None }
    }
}

impl From<Vec<Axis>> for Distribution {
    fn from(axes: Vec<Axis>) -> Self {
        Self { axes, grid: None }
    }
}

impl<const N: usize> From<[Axis; N]> for Distribution {
    fn from(axes: [Axis; N]) -> Self {
        Self { axes: axes.into(), grid: None }
    }
}

impl<const N: usize> From<([Axis; N], [usize; N])> for Distribution {
    fn from((axes, grid): ([Axis; N], [usize; N])) -> Self {
        Self { axes: axes.into(), grid: Some(grid.into()) }
    }
}

impl From<(Vec<Axis>, Vec<usize>)> for Distribution {
    fn from((axes, grid): (Vec<Axis>, Vec<usize>)) -> Self {
        Self { axes, grid: Some(grid) }
    }
}

/// The same axes and grid.
impl From<&Layout> for Distribution {
    fn from(layout: &Layout) -> Self {
        Self { axes: layout.axes().to_vec(), grid: Some(layout.grid().to_vec()) }
    }
}

/// The same axes and grid.
impl From<Layout> for Distribution {
    fn from(layout: Layout) -> Self {
        Self::from(&layout)
    }
}
