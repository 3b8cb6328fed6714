//! Products of arrays of any number of axes: over given axes, and of stacks of matrices.

use super::contract::{Factor, contract};
use super::indexing::Indexing;
use crate::numeric::Numeric;
use ndarray::{DimMax, Dimension};
use pmi_array::{DistArray, Promote};

/// Over which axes of two arrays [`tensordot`] sums: a number `n` for the last `n` of the first and the first `n` of the
/// second, or a list for each.
#[derive(Debug, Clone)]
pub enum Contracted {
    /// The last of the first array and the first of the second.
    Number(usize),
    /// These of the first array and those of the second, in pairs.
    Lists(Vec<usize>, Vec<usize>),
}

impl From<usize> for Contracted {
    fn from(number: usize) -> Self {
        Self::Number(number)
    }
}

impl<A: AsRef<[usize]>, B: AsRef<[usize]>> From<(A, B)> for Contracted {
    fn from((a, b): (A, B)) -> Self {
        Self::Lists(a.as_ref().to_vec(), b.as_ref().to_vec())
    }
}

/// The sums of the products over some axes of both arrays: NumPy's `tensordot`. The result has the other axes, those of `a`
/// first; its dimension is that of the type asked for, `IxDyn` will always do.
///
/// It is [`matmul`](crate::matmul) with several axes for each index, and costs as much: no array is copied for it, except
/// blocks whose axes cannot be taken together where they lie.
///
/// ```
/// use ndarray::Ix2;
/// use pmi_array::DistArray;
/// use pmi_linalg::tensordot;
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_fn((2, 3, 4), |(i, j, k)| (12 * i + 4 * j + k) as f64);
/// let b = DistArray::<f64, _>::ones((4, 3, 5));
/// let c: DistArray<f64, Ix2> = tensordot(&a, &b, ([1, 2], [1, 0]));
/// assert_eq!(c.gather().unwrap().column(4).to_vec(), [66.0, 210.0]);
/// # })
/// ```
///
/// # Panics
/// Where an array has not these axes, or one is named twice; where their lengths differ; where the result has not as many axes
/// as its type; where the calling thread does not control the world of both.
#[track_caller]
pub fn tensordot<T, U, V, A, B, C>(
    a: &DistArray<T, A>,
    b: &DistArray<U, B>,
    axes: impl Into<Contracted>,
) -> DistArray<V, C>
where
    T: Numeric + Promote<U, Output = V>,
    U: Numeric,
    V: Numeric,
    A: Dimension + 'static,
    B: Dimension + 'static,
    C: Dimension + 'static,
{
    let (of_a, of_b) = match axes.into() {
        Contracted::Number(number) => {
            let least = a.ndim().min(b.ndim());
            assert!(number <= least, "tensordot over {number} axes, and an array has only {least}");
            ((a.ndim() - number..a.ndim()).collect(), (0..number).collect())
        }
        Contracted::Lists(of_a, of_b) => (of_a, of_b),
    };
    let (count, other) = (of_a.len(), of_b.len());
    assert!(count == other, "tensordot over {count} axes of the first array and {other} of the second: give as many");
    for (axes, shape) in [(&of_a, a.shape()), (&of_b, b.shape())] {
        for (number, axis) in axes.iter().enumerate() {
            assert!(*axis < shape.len(), "tensordot over axis {axis}, and the shape is {shape:?}: axes count from 0");
            assert!(!axes[..number].contains(axis), "tensordot: axis {axis} is named twice in {axes:?}");
        }
    }
    for (&x, &y) in of_a.iter().zip(&of_b) {
        let (len, other) = (a.shape()[x], b.shape()[y]);
        assert!(
            len == other,
            "tensordot over axis {x} of length {len} and axis {y} of length {other}: they must be equal"
        );
    }
    // Axes of a have their numbers, those of b follow.
    let labels_a: Vec<_> = (0..a.ndim()).collect();
    let label_b = |axis: usize| of_b.iter().position(|of| *of == axis).map_or(a.ndim() + axis, |pair| of_a[pair]);
    let labels_b: Vec<_> = (0..b.ndim()).map(label_b).collect();
    let free_a = labels_a.iter().filter(|label| !of_a.contains(label));
    let result: Vec<_> = free_a.chain(labels_b.iter().filter(|label| **label >= a.ndim())).copied().collect();
    let operands = [(&labels_a[..], a.shape()), (&labels_b, b.shape())];
    let indexing = Indexing::new("tensordot", &|label| format!("axis {label}"), operands, &result);
    contract(Factor::promoted(a, false), Factor::promoted(b, false), indexing)
}

/// The matrix products of two stacks of matrices, in the last two axes; the axes before are broadcast: NumPy's `matmul` of
/// arrays with more than two axes. Each operand has two axes or more.
///
/// Whole products are shared out among the tasks where there are enough of them; otherwise these divide the matrices, too.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::batched_matmul;
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_fn((5, 2, 3), |(n, i, j)| (n + i + j) as f64);
/// let b = DistArray::<f64, _>::ones((3, 1)); // the same for all
/// let c = batched_matmul(&a, &b);
/// assert_eq!((c.shape(), c.get((4, 1, 0))), (&[5, 2, 1][..], 18.0));
/// # })
/// ```
///
/// # Panics
/// Where an operand has fewer than two axes, the matrices or the axes before do not fit, or the calling thread does not
/// control the world of both.
#[track_caller]
pub fn batched_matmul<T, U, V, A, B, C>(a: &DistArray<T, A>, b: &DistArray<U, B>) -> DistArray<V, C>
where
    T: Numeric + Promote<U, Output = V>,
    U: Numeric,
    V: Numeric,
    A: Dimension + DimMax<B, Output = C> + 'static,
    B: Dimension + 'static,
    C: Dimension + 'static,
{
    let (shape_a, shape_b) = (a.shape(), b.shape());
    let (Some((stack_a, [m, k])), Some((stack_b, [rows, n]))) =
        (shape_a.split_last_chunk(), shape_b.split_last_chunk())
    else {
        panic!("batched_matmul of shapes {shape_a:?} and {shape_b:?}: a stack of matrices has two axes or more")
    };
    assert!(
        k == rows,
        "batched_matmul of shapes {shape_a:?} and {shape_b:?}: a {m} x {k} matrix cannot be multiplied by a {rows} x {n} matrix"
    );
    // Labels 0, 1, 2 are the matrices'; the axes before are counted from the last, as they are broadcast.
    let of_stack = |stack: &[usize]| (0..stack.len()).rev().map(|axis| 3 + axis).collect::<Vec<_>>();
    let (batch_a, batch_b) = (of_stack(stack_a), of_stack(stack_b));
    let batch = if batch_a.len() >= batch_b.len() { &batch_a } else { &batch_b };
    let [labels_a, labels_b, result] =
        [[&batch_a[..], &[0, 1]], [&batch_b, &[1, 2]], [batch, &[0, 2]]].map(|of| of.concat());
    let operands = [(&labels_a[..], shape_a), (&labels_b, shape_b)];
    let label = |label: usize| format!("axis {} from the last", label);
    contract(
        Factor::promoted(a, false),
        Factor::promoted(b, false),
        Indexing::new("batched_matmul", &label, operands, &result),
    )
}
