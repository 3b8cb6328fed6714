//! Matrices from wherever they are into tiles.

use super::{Seat, Tiles};
use crate::error::Result;
use crate::local::Triangle;
use crate::operand::Matrix;
use crate::scalar::Scalar;
use ndarray::{Array2, Ix2};
use pmi::Task;
use pmi_array::{DistArray, Layout, Part, Shape};

impl<T: Scalar> Matrix<T> {
    /// A copy of the matrix in tiles. Each task gets its tiles from those who have their elements, once.
    #[track_caller]
    pub(crate) fn in_tiles(&self, tiles: Tiles) -> DistArray<T, Ix2> {
        if !self.transposed && !self.conjugated {
            return self.array.redistribute(tiles.distribution());
        }
        let make = |task: &Task, _: &Part, (matrix, layout): (Self, Layout)| {
            let of_array = |rank: usize| {
                let part = layout.part(rank);
                let [rows, columns] = part.axes() else { unreachable!("a matrix has two axes") };
                Part::new(if matrix.transposed { [*columns, *rows] } else { [*rows, *columns] })
            };
            let shape = of_array(task.rank()).shape();
            let fetched = matrix.array.fetch(task, of_array).into_vec();
            let read = Array2::from_shape_vec((shape[0], shape[1]), fetched)
                .expect("a part has as many elements as its shape says");
            let read = if matrix.transposed { read.reversed_axes() } else { read };
            if matrix.conjugated { read.mapv(Scalar::conjugated) } else { read }
        };
        let layout = Layout::distributed(&self.shape(), tiles.distribution(), self.array.layout().tasks());
        let [rows, columns] = self.shape();
        DistArray::from_local((rows, columns).distributed(&layout), make, (self.clone(), layout))
    }
}

/// The diagonal of a matrix in tiles, on the controller.
///
/// # Errors
/// Where the call fails.
pub(crate) fn diagonal<T: Scalar>(matrix: &DistArray<T, Ix2>, tiles: Tiles) -> Result<Vec<T>> {
    let of_task = |task: &Task, (matrix, tiles): (DistArray<T, Ix2>, Tiles)| {
        let Some(seat) = Seat::take(task, tiles) else { return Vec::new() };
        let slab = matrix.local(task);
        let mine = (0..tiles.steps()).filter(|step| seat.has_rows(*step) && seat.has_columns(*step));
        let places = mine.flat_map(|step| tiles.diagonal(step));
        places.map(|place| (place, slab[(seat.rows_before(place), seat.columns_before(place))])).collect()
    };
    let mut all = pmi::invoke(of_task, (matrix.clone(), tiles))?.concat();
    all.sort_unstable_by_key(|(place, _)| *place);
    Ok(all.into_iter().map(|(_, element)| element).collect())
}

/// The first row of a square matrix, or of the first rows of one, whose diagonal element nothing can be divided by; the tasks of the
/// grid get the same answer.
pub(crate) fn no_divisor<T: Scalar>(seat: &Seat, slab: &[T]) -> Option<usize> {
    let columns = seat.shape()[1];
    let of_task =
        (0..columns).map(|local| (local, seat.tiles.column_at(local, seat.place[1]))).find(|(local, column)| {
            let row = seat.rows(*column..column + 1);
            !row.is_empty() && slab[row.start * columns + local].is_no_divisor()
        });
    let least = |first: &mut [usize], other: &[usize]| first[0] = first[0].min(other[0]);
    let first = vec![of_task.map_or(usize::MAX, |(_, column)| column)];
    let first = seat.row.all_reduce(seat.column.all_reduce(first, least), least)[0];
    (first < usize::MAX).then_some(first)
}

/// How many elements of a matrix are infinite or not a number, and which is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct NotFinite {
    pub(crate) count: usize,
    pub(crate) row: usize,
    pub(crate) column: usize,
}

/// Looks for such elements in all slabs, in one half of the matrix or in both; the tasks of the grid get the same answer.
pub(crate) fn not_finite<T: Scalar>(seat: &Seat, slab: &[T], half: Option<Triangle>) -> Option<NotFinite> {
    let columns = seat.shape()[1];
    let mut found = vec![0, usize::MAX, usize::MAX];
    for (local, numbers) in slab.chunks_exact(columns.max(1)).enumerate() {
        let row = seat.tiles.row_at(local, seat.place[0]);
        let looked_at = match half {
            None => 0..columns,
            Some(Triangle::Lower) => 0..seat.columns_before(row + 1),
            Some(Triangle::UnitLower) => 0..seat.columns_before(row),
            Some(Triangle::Upper) => seat.columns_before(row)..columns,
            Some(Triangle::UnitUpper) => seat.columns_before(row + 1)..columns,
        };
        let numbers = &numbers[looked_at.clone()];
        // Without an early end the loop becomes vector instructions.
        if !numbers.iter().fold(true, |all, x| all & x.is_finite()) {
            let first = looked_at.start + numbers.iter().position(|x| !x.is_finite()).unwrap_or(0);
            let count = numbers.iter().filter(|x| !x.is_finite()).count();
            add_not_finite(&mut found, &[count, row, seat.tiles.column_at(first, seat.place[1])]);
        }
    }
    let found = seat.row.all_reduce(seat.column.all_reduce(found, add_not_finite), add_not_finite);
    (found[0] > 0).then(|| NotFinite { count: found[0], row: found[1], column: found[2] })
}

/// Counts them together, and keeps the place of the first.
pub(crate) fn add_not_finite(found: &mut [usize], others: &[usize]) {
    found[0] += others[0];
    if others[1..] < found[1..] {
        found[1..].copy_from_slice(&others[1..]);
    }
}
