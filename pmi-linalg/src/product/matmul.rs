//! The product of two matrices.

use super::contract::{Factor, contract};
use super::indexing::Indexing;
use crate::numeric::Numeric;
use crate::operand::{Matrix, Operand};
use ndarray::Ix2;
use pmi_array::{DistArray, Promote};

/// The matrix product `A B` of an `m x k` and a `k x n` matrix, in any layouts, also [transposed or
/// conjugated](crate::Transpose) without a copy. Two types are promoted as by [`Promote`]; integers wrap around, as NumPy's.
///
/// `2 m n k` operations, shared evenly by the tasks and by the threads of each. The result is in blocks on a grid of tasks: that
/// which needs the least, counting what each task has already. Operands and result that are distributed by rows stay so on a few
/// tasks, and where one side is long: a task then gets the smaller operand. On a grid of `p x p` tasks each gets `(m k + k n) / p`
/// numbers at the most, in messages between two tasks, panel by panel within 64 MiB (van de Geijn and Watts, *SUMMA: scalable
/// universal matrix multiplication algorithm*, Concurrency 9, 1997). Where the inner index is far longer than the others, it is
/// divided, too, and partial results are added (Solomonik and Demmel, *Communication-optimal parallel 2.5D matrix multiplication
/// and LU factorization algorithms*, Euro-Par 2011): as many tasks as there are layers compute the same elements, where these take
/// no more than 64 MiB or twice the task's share of all three matrices.
///
/// In the words of those who classify such algorithms by the matrix that does not move: square matrices on a grid are
/// "stationary `C`"; a small `B` that all get is "stationary `A`" and the reverse; a long inner index is "stationary `A` and `B`".
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::{Transpose, matmul};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_fn((2, 3), |(i, j)| (3 * i + j) as f64);
/// let b = DistArray::from_fn((2, 3), |(i, j)| (i * j) as f64);
/// assert_eq!(matmul(&a, b.t()).gather().unwrap(), ndarray::array![[0.0, 5.0], [0.0, 14.0]]);
/// let counts = DistArray::from_fn((3, 1), |(i, _)| i as i32);
/// assert_eq!(matmul(&a, &counts).gather().unwrap(), ndarray::array![[5.0], [14.0]]);
/// # })
/// ```
///
/// # Panics
/// Where `A` has not as many columns as `B` rows, a task has no memory for its block, or the calling thread does not control
/// the world of both.
#[track_caller]
pub fn matmul<T, U, V>(a: impl Operand<T>, b: impl Operand<U>) -> DistArray<V, Ix2>
where
    T: Numeric + Promote<U, Output = V>,
    U: Numeric,
    V: Numeric,
{
    let (a, b): (Matrix<T>, Matrix<U>) = (a.into(), b.into());
    let ([m, k], [rows, n]) = (a.shape(), b.shape());
    assert!(
        k == rows,
        "a {m} x {k} matrix cannot be multiplied by a {rows} x {n} matrix: the first must have as many columns as the second has rows"
    );
    let of = |transposed: bool, labels: [usize; 2]| if transposed { [labels[1], labels[0]] } else { labels };
    let operands = [(&of(a.transposed, [0, 1])[..], a.array.shape()), (&of(b.transposed, [1, 2])[..], b.array.shape())];
    // An axis of length 1 is none to be repeated here: its mate has length 1, too.
    let indexing = Indexing::new("matmul", &|label| ["m", "k", "n"][label].into(), operands, &[0, 2]);
    contract(Factor::promoted(&a.array, a.conjugated), Factor::promoted(&b.array, b.conjugated), indexing)
}
