//! What says how large an array shall be, and where its elements shall lie.

use crate::layout::{Distribution, Layout};
use ndarray::{Dimension, IntoDimension};

/// The shape of an array to be made, with the distribution of its axes if that shall not be the default.
///
/// Shapes are ndarray's: `n`, `(rows, columns)`, `[a, b, c]`, and so on; a `Vec` or slice gives an array of dynamic
/// dimension. [`distributed`](Shape::distributed) adds where the elements go, to any function that makes arrays:
///
/// ```
/// use pmi_array::{Axis, DistArray, Shape};
/// # pmi::with_tasks(4, || {
/// let rows = DistArray::<f64, _>::zeros((6, 8)); // the default: axis 0 in blocks
/// let columns = DistArray::<f64, _>::zeros((6, 8).distributed([Axis::Whole, Axis::Block]));
/// let cards = DistArray::from_fn(vec![6, 8].distributed([Axis::Cyclic, Axis::BlockCyclic(2)]), |index| index[0] as u64);
/// assert_eq!(rows.layout().local_shape(1), [2, 8]);
/// assert_eq!(columns.layout().local_shape(1), [6, 2]);
/// assert_eq!(cards.layout().local_shape(1), [3, 4]);
/// # })
/// ```
pub trait Shape: Sized {
    /// The dimension of arrays of this shape.
    type Dim: Dimension + 'static;

    /// The length of each axis, and the distribution if one was chosen.
    fn into_parts(self) -> (Self::Dim, Option<Distribution>);

    /// This shape, its elements distributed in another way than by default: an [`Axis`](crate::Axis) for each axis,
    /// perhaps with the grid of tasks, or the [`Layout`] of another array.
    ///
    /// Whether the distribution makes sense is found when the array is made.
    fn distributed(self, distribution: impl Into<Distribution>) -> Distributed<Self::Dim> {
        Distributed { shape: self.into_parts().0, distribution: distribution.into() }
    }
}

impl<S: IntoDimension<Dim: 'static>> Shape for S {
    type Dim = S::Dim;

    fn into_parts(self) -> (S::Dim, Option<Distribution>) {
        (self.into_dimension(), None)
    }
}

/// A shape with a distribution: see [`Shape::distributed`].
#[derive(Debug, Clone)]
pub struct Distributed<D> {
    shape: D,
    distribution: Distribution,
}

impl<D: Dimension + 'static> Shape for Distributed<D> {
    type Dim = D;

    fn into_parts(self) -> (D, Option<Distribution>) {
        (self.shape, Some(self.distribution))
    }
}

/// The layout of an array of this shape in the current world.
#[track_caller]
pub(crate) fn layout_of(shape: impl Shape) -> Layout {
    let tasks = super::expect(pmi::size());
    let (shape, distribution) = shape.into_parts();
    match distribution {
        Some(distribution) => Layout::distributed(shape.slice(), distribution, tasks),
        None => Layout::new(shape.slice(), tasks),
    }
}
