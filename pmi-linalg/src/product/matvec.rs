//! Products with vectors.

use super::contract::{Factor, contract};
use super::indexing::Indexing;
use crate::numeric::Numeric;
use crate::operand::{Matrix, Operand};
use ndarray::{Ix1, Ix2};
use pmi_array::{DistArray, Promote};

/// The product of an `m x n` matrix and a vector of length `n`: NumPy's `A @ x`. The vector times the matrix, `x @ A`, is that
/// of the transposed matrix: `matvec(a.t(), &x)`. What NumPy's `dot` does for two vectors is [`Products::dot`].
///
/// Two operations for each element of the matrix, which stays where it is: each task gets the part of the vector that goes
/// with its own, or sends its part of the result.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::{Transpose, matvec};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_fn((2, 3), |(i, j)| (3 * i + j) as f64);
/// assert_eq!(matvec(&a, &DistArray::<f64, _>::ones(3)).to_vec().unwrap(), [3.0, 12.0]);
/// assert_eq!(matvec(a.t(), &DistArray::<f64, _>::ones(2)).to_vec().unwrap(), [3.0, 5.0, 7.0]);
/// # })
/// ```
///
/// # Panics
/// Where the vector has not as many elements as the matrix columns, or the calling thread does not control the world of both.
///
/// [`Products::dot`]: pmi_array::Products::dot
#[track_caller]
pub fn matvec<T, U, V>(a: impl Operand<T>, x: &DistArray<U, Ix1>) -> DistArray<V, Ix1>
where
    T: Numeric + Promote<U, Output = V>,
    U: Numeric,
    V: Numeric,
{
    let a: Matrix<T> = a.into();
    let ([m, n], len) = (a.shape(), x.len());
    assert!(n == len, "a {m} x {n} matrix cannot be multiplied by a vector of {len} elements: it must have {n}");
    let labels = if a.transposed { [1, 0] } else { [0, 1] };
    let indexing = Indexing::new(
        "matvec",
        &|label| ["m", "n"][label].into(),
        [(&labels, a.array.shape()), (&[1], x.shape())],
        &[0],
    );
    contract(Factor::promoted(&a.array, a.conjugated), Factor::promoted(x, false), indexing)
}

/// The outer product of two vectors: `result[i, j] = a[i] b[j]`. NumPy's `outer`.
///
/// One operation an element of the result, which is in blocks on the grid of tasks that gets the fewest elements of the vectors.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::outer;
/// # pmi::with_tasks(2, || {
/// let (a, b) = (DistArray::arange(1, 3, 1), DistArray::arange(1.0, 4.0, 1.0));
/// assert_eq!(outer(&a, &b).gather().unwrap(), ndarray::array![[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]);
/// # })
/// ```
///
/// # Panics
/// Where the calling thread does not control the world of both.
#[track_caller]
pub fn outer<T, U, V>(a: &DistArray<T, Ix1>, b: &DistArray<U, Ix1>) -> DistArray<V, Ix2>
where
    T: Numeric + Promote<U, Output = V>,
    U: Numeric,
    V: Numeric,
{
    let operands = [(&[0][..], a.shape()), (&[1], b.shape())];
    let indexing = Indexing::new("outer", &|label| label.to_string(), operands, &[0, 1]);
    contract(Factor::promoted(a, false), Factor::promoted(b, false), indexing)
}
