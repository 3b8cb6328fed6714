//! Right-hand sides: one vector, or the columns of a matrix.

use super::Tiles;
use crate::scalar::{Entry, Scalar};
use ndarray::{Array, Array2, Dimension, Ix1, Ix2};
use pmi::Task;
use pmi_array::{Axis, DistArray, Distribution, Indices, Layout, Part, Shape};

mod sealed {
    pub trait Sealed {}
}

/// The dimensions of right-hand sides: `Ix1`, one vector, or `Ix2`, the columns of a matrix.
pub trait Sides: Dimension + sealed::Sealed + 'static {
    /// How many sides an array of this shape has.
    #[doc(hidden)]
    fn count(shape: &[usize]) -> usize;

    /// The part of the array that is these rows of these sides.
    #[doc(hidden)]
    fn part(rows: Indices, sides: Indices) -> Part;

    /// The shape of an array of so many sides of `rows` rows.
    #[doc(hidden)]
    fn shape(rows: usize, sides: usize) -> Self;
}

impl sealed::Sealed for Ix1 {}
impl sealed::Sealed for Ix2 {}

impl Sides for Ix1 {
    fn count(_: &[usize]) -> usize {
        1
    }

    fn part(rows: Indices, sides: Indices) -> Part {
        if sides.is_empty() { Part::empty(1) } else { Part::new([rows]) }
    }

    fn shape(rows: usize, _: usize) -> Self {
        ndarray::Dim(rows)
    }
}

impl Sides for Ix2 {
    fn count(shape: &[usize]) -> usize {
        shape[1]
    }

    fn part(rows: Indices, sides: Indices) -> Part {
        Part::new([rows, sides])
    }

    fn shape(rows: usize, sides: usize) -> Self {
        ndarray::Dim((rows, sides))
    }
}

impl Tiles {
    /// Where the right-hand sides of a system lie whose matrix lies so: rows where the matrix's are, sides in blocks.
    pub(crate) fn sides(&self) -> Distribution {
        ([Axis::BlockCyclic(self.block), Axis::Block], self.grid).into()
    }

    /// A copy of right-hand sides, laid out for a matrix in these tiles.
    #[track_caller]
    pub(crate) fn take_sides<E: Entry, D: Sides>(&self, sides: &DistArray<E, D>) -> DistArray<E::Scalar, Ix2> {
        take_sides(sides, self.sides())
    }
}

/// A copy of right-hand sides in a layout.
#[track_caller]
pub(crate) fn take_sides<E: Entry, D: Sides>(
    sides: &DistArray<E, D>,
    distribution: Distribution,
) -> DistArray<E::Scalar, Ix2> {
    let array = E::promoted(sides);
    let (rows, count) = (array.shape()[0], D::count(array.shape()));
    let layout = Layout::distributed(&[rows, count], distribution, array.layout().tasks());
    let make = |task: &Task, part: &Part, (array, layout): (DistArray<E::Scalar, D>, Layout)| {
        let want = |rank: usize| {
            let part = layout.part(rank);
            D::part(part.axes()[0], part.axes()[1])
        };
        let shape = (part.shape()[0], part.shape()[1]);
        Array2::from_shape_vec(shape, array.fetch(task, want).into_vec())
            .expect("a part has as many elements as its shape says")
    };
    DistArray::from_local((rows, count).distributed(&layout), make, (array, layout))
}

/// The sides in another layout, which may have fewer rows: those that come first.
#[track_caller]
pub(crate) fn give_sides<T: Scalar, D: Sides>(sides: &DistArray<T, Ix2>, layout: &Layout) -> DistArray<T, D> {
    let make = |task: &Task, part: &Part, (sides, layout): (DistArray<T, Ix2>, Layout)| {
        let want = |rank: usize| {
            let part = layout.part(rank);
            let all = Indices::all(sides.shape()[1]);
            Part::new([part.axes()[0], part.axes().get(1).copied().unwrap_or(all)])
        };
        let shape = D::shape(part.shape()[0], part.shape().get(1).copied().unwrap_or(1));
        Array::from_shape_vec(shape, sides.fetch(task, want).into_vec())
            .expect("a part has as many elements as its shape says")
    };
    let shape = D::shape(layout.shape()[0], sides.shape()[1]);
    DistArray::from_local(shape.distributed(layout), make, (sides.clone(), layout.clone()))
}
