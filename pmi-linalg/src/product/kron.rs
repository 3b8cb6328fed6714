//! The Kronecker product.

use super::contract::Factor;
use crate::numeric::Numeric;
use ndarray::Ix2;
use pmi::Task;
use pmi_array::{Axis, DistArray, Indices, Layout, Part, Promote, Shape};
use rayon::prelude::*;
use std::ops::Range;

/// The Kronecker product of an `m x n` matrix `A` and a `p x q` matrix `B`: the `m p x n q` matrix of the blocks
/// `A[i, j] B`. NumPy's `kron` of matrices.
///
/// The result is in blocks of rows, or of columns where it has fewer rows than there are tasks. A task gets the elements of `A`
/// and `B` that its part is made of, and computes one operation an element.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::kron;
/// # pmi::with_tasks(2, || {
/// let (a, b) = (DistArray::eye((2, 2), 0), DistArray::from_fn((1, 2), |(_, j)| j as i64 + 1));
/// assert_eq!(kron::<i64, _, _>(&a, &b).gather().unwrap(), ndarray::array![[1, 2, 0, 0], [0, 0, 1, 2]]);
/// # })
/// ```
///
/// # Panics
/// Where the result has more elements than memory can address, or the calling thread does not control the world of both.
#[track_caller]
pub fn kron<T, U, V>(a: &DistArray<T, Ix2>, b: &DistArray<U, Ix2>) -> DistArray<V, Ix2>
where
    T: Numeric + Promote<U, Output = V>,
    U: Numeric,
    V: Numeric,
{
    let side = |axis: usize| {
        let (len, other) = (a.shape()[axis], b.shape()[axis]);
        len.checked_mul(other).unwrap_or_else(|| panic!("kron: {len} times {other} is more than memory can address"))
    };
    let shape = (side(0), side(1));
    let by_columns = shape.0 < a.layout().tasks() && shape.0 < shape.1;
    let axes = if by_columns { [Axis::Whole, Axis::Block] } else { [Axis::Block, Axis::Whole] };
    let layout = Layout::with_axes(&[shape.0, shape.1], &axes, a.layout().tasks());
    let (a, b) = (Factor::<V, _>::promoted(a, false).array, Factor::<V, _>::promoted(b, false).array);
    type Matrix<V> = DistArray<V, Ix2>;
    let fill = |task: &Task, _: &Part, c: &mut [V], (a, b, layout): (Matrix<V>, Matrix<V>, Layout)| {
        // The rows and columns of the result that a task has, and what these are made of.
        let mine = |rank: usize| [0, 1].map(|axis| layout.part(rank).axes()[axis].as_range().unwrap_or(0..0));
        let origin = |rank: usize, of: usize| {
            let axis = |axis: usize| origins(&mine(rank)[axis], b.shape()[axis])[of].clone();
            [axis(0), axis(1)]
        };
        let part = |rank, of| Part::new(origin(rank, of).map(Indices::range));
        let (of_a, of_b) = (a.fetch(task, |rank| part(rank, 0)), b.fetch(task, |rank| part(rank, 1)));
        let [[rows_a, columns_a], [rows_b, columns_b]] = [origin(task.rank(), 0), origin(task.rank(), 1)];
        let ([rows, columns], [p, q]) = (mine(task.rank()), [b.shape()[0], b.shape()[1]]);
        if c.is_empty() {
            return;
        }
        let (of_a, of_b) = (&of_a[..], &of_b[..]);
        let row = |(row, c): (usize, &mut [V])| {
            let (i, k) = ((rows.start + row) / p - rows_a.start, (rows.start + row) % p - rows_b.start);
            let (of_a, of_b) = (&of_a[i * columns_a.len()..], &of_b[k * columns_b.len()..]);
            let mut column = columns.start;
            while column < columns.end {
                // What one element of a goes into.
                let end = ((column / q + 1) * q).min(columns.end);
                let (x, first) = (of_a[column / q - columns_a.start], column % q - columns_b.start);
                let c = &mut c[column - columns.start..end - columns.start];
                c.iter_mut().zip(&of_b[first..]).for_each(|(c, y)| *c = x.times(*y));
                column = end;
            }
        };
        task.install(|| c.par_chunks_exact_mut(columns.len()).enumerate().for_each(row));
    };
    DistArray::fill_local(shape.distributed(&layout), fill, (a, b, layout))
}

/// Which indices of an axis of `A`, and of `B`, indices of the result's are made of, where `B`'s has `len`.
fn origins(of: &Range<usize>, len: usize) -> [Range<usize>; 2] {
    if of.is_empty() {
        return [0..0, 0..0];
    }
    let blocks = of.start / len..(of.end - 1) / len + 1;
    let inside = if blocks.len() > 1 { 0..len } else { of.start % len..(of.end - 1) % len + 1 };
    [blocks, inside]
}
