//! What a task has of an array, or wants of it.

use super::indices::Indices;
use super::overlap::Overlap;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Some of an array's elements: those whose index along each axis is in that axis's set.
///
/// What a task has ([`Layout::part`](crate::Layout::part)) is a part, and so is what it needs for a computation; needs
/// of different tasks may overlap. The elements have the C order of their indices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    axes: Vec<Indices>,
    len: usize,
}

impl Part {
    /// The elements with these indices. Without axes it is the one element of an array without axes.
    pub fn new(axes: impl Into<Vec<Indices>>) -> Self {
        let axes = axes.into();
        let len = axes.iter().map(Indices::len).product();
        Self { axes, len }
    }

    /// All elements of an array of this shape.
    pub fn all(shape: &[usize]) -> Self {
        Self::new(shape.iter().map(|len| Indices::all(*len)).collect::<Vec<_>>())
    }

    /// No element of an array with `ndim` axes.
    pub fn empty(ndim: usize) -> Self {
        Self { axes: vec![Indices::empty(); ndim], len: 0 }
    }

    /// The indices along each axis.
    pub fn axes(&self) -> &[Indices] {
        &self.axes
    }

    /// How many indices there are along each axis.
    pub fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(Indices::len).collect()
    }

    /// How many elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The place of an element of the array; `None` where it is not in the part.
    ///
    /// # Panics
    /// Where `index` has not one number for each axis.
    #[track_caller]
    pub fn position(&self, index: &[usize]) -> Option<usize> {
        assert!(index.len() == self.axes.len(), "index {index:?} of an array with {} axes", self.axes.len());
        let step = |place: usize, (axis, index): (&Indices, &usize)| Some(place * axis.len() + axis.position(*index)?);
        self.axes.iter().zip(index).try_fold(0, step).filter(|_| self.len > 0)
    }

    /// The elements that `other`, a part of the same array, has, too.
    ///
    /// ```
    /// use pmi_array::{Indices, Part};
    /// let rows = Part::new([Indices::range(0..2), Indices::all(4)]);
    /// let columns = Part::new([Indices::all(4), Indices::block_cyclic(0, 1, 2, 2)]);
    /// let mut runs = Vec::new();
    /// let common = rows.overlap(&columns);
    /// common.for_each_run(0..common.len(), |[in_rows, in_columns], len| runs.push((in_rows, in_columns, len)));
    /// assert_eq!(runs, [(0, 0, 1), (2, 1, 1), (4, 2, 1), (6, 3, 1)]);
    /// ```
    ///
    /// # Panics
    /// Where the parts have not as many axes.
    #[track_caller]
    pub fn overlap(&self, other: &Part) -> Overlap {
        Overlap::between(self, other)
    }
}

impl fmt::Display for Part {
    /// The indices along each axis: `[0, 2) x [0, 4)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.axes.as_slice() {
            _ if self.is_empty() => f.write_str("none"),
            [] => f.write_str("the element"),
            axes => f.write_str(&axes.iter().map(Indices::to_string).collect::<Vec<_>>().join(" x ")),
        }
    }
}
