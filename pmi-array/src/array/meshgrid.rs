//! Coordinates of a grid.

use super::DistArray;
use super::redistribute::BUDGET;
use super::shape::layout_of;
use crate::element::Element;
use crate::exchange::fetch;
use crate::layout::{Layout, Part};
use ndarray::{Ix1, Ix2};
use pmi::Task;

impl<T: Element> DistArray<T, Ix1> {
    /// The coordinates of a grid: of `x` with `n` numbers and `y` with `m` two arrays of shape `(m, n)`, the first with
    /// `x` along every row, the second with `y` down every column. NumPy's `meshgrid` with its default indexing, `xy`.
    ///
    /// Each task gets the numbers that its rows need: all of `x`, its rows' share of `y`.
    ///
    /// ```
    /// use ndarray::array;
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// let (x, y) = DistArray::meshgrid(&DistArray::arange(0, 3, 1), &DistArray::arange(7, 9, 1));
    /// assert_eq!(x.gather().unwrap(), array![[0, 1, 2], [0, 1, 2]]);
    /// assert_eq!(y.gather().unwrap(), array![[7, 7, 7], [8, 8, 8]]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where the calling thread does not control the arrays' world.
    #[track_caller]
    pub fn meshgrid(x: &Self, y: &Self) -> (DistArray<T, Ix2>, DistArray<T, Ix2>) {
        let shape = (y.len(), x.len());
        (x.along(shape, 1), y.along(shape, 0))
    }

    /// The array of this shape whose element at each index is this array's at the index along `axis`.
    #[track_caller]
    fn along(&self, shape: (usize, usize), axis: usize) -> DistArray<T, Ix2> {
        let make = |task: &Task, (layout, (array, axis)): (Layout, (Self, usize))| {
            let want = |rank| match layout.part(rank) {
                part if part.is_empty() => Part::empty(1),
                part => Part::new([part.axes()[axis]]),
            };
            let numbers = fetch(task, &array.layout, &array.elements(task), &want, BUDGET);
            let part = layout.part(task.rank());
            let columns = part.shape()[1];
            match axis {
                _ if part.is_empty() => Vec::new(),
                0 => numbers.iter().flat_map(|number| std::iter::repeat_n(*number, columns)).collect(),
                _ => numbers.repeat(part.len() / columns),
            }
        };
        DistArray::create_in(layout_of(shape), make, (self.clone(), axis))
    }
}
