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
/// The result is in blocks on a grid of tasks: that which needs the least, counting what each task has already. Operands
/// and result that are distributed by rows stay so on a few tasks, and where one side is long: a task then gets the
/// smaller operand. On a grid of `p x p` tasks each gets `(m k + k n) / p` numbers at the most (SUMMA's; see the sources in
/// the code), in messages between two tasks, panel by panel within 64 MiB. Where the inner index is far longer than the
/// others, it is divided, too, and partial results are added: as many tasks as there are layers compute the same elements,
/// where these take no more than 64 MiB or twice the task's share of all three matrices.
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
    let operands = [
        (&of(a.transposed, [0, 1])[..], a.array.shape()),
        (&of(b.transposed, [1, 2])[..], b.array.shape()),
    ];
    // An axis of length 1 is none to be repeated here: its mate has length 1, too.
    let indexing = Indexing::new("matmul", &|label| ["m", "k", "n"][label].into(), operands, &[0, 2]);
    contract(Factor::promoted(&a.array, a.conjugated), Factor::promoted(&b.array, b.conjugated), indexing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operand::Transpose;
    use ndarray::ArrayView2;
    use num_complex::Complex;
    use pmi_array::{Axis, Cast};

    const AXES: [[Axis; 2]; 4] = [
        [Axis::Block, Axis::Whole],
        [Axis::Whole, Axis::Cyclic],
        [Axis::Block, Axis::Block],
        [Axis::BlockCyclic(2), Axis::BlockCyclic(3)],
    ];

    fn plain<T: Scalar>(a: ArrayView2<T>, b: ArrayView2<T>) -> Array2<T> {
        Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
            (0..a.ncols())
                .fold(T::default(), |sum, l| T::add_sums(sum.to_sum(), (a[(i, l)] * b[(l, j)]).to_sum()).cast())
        })
    }

    /// Small integers, whose products have exact sums.
    fn check<T: Scalar>(tasks: usize, [m, k, n]: [usize; 3], number: fn(usize) -> T) {
        for (of_a, of_b) in AXES.iter().zip(AXES.iter().rev()) {
            let matrix = |shape: (usize, usize), axes: &[Axis; 2], seed: usize| {
                let plain = Array2::from_shape_fn(shape, |(i, j)| number(7 * i + 3 * j + seed));
                (DistArray::from_array(&plain).redistribute(axes.to_vec()), plain)
            };
            let ((a, plain_a), (b, plain_b)) = (matrix((m, k), of_a, 0), matrix((k, n), of_b, 1));
            let ((at, _), (bt, _)) = (matrix((k, m), of_a, 0), matrix((n, k), of_b, 1));
            let (turned_a, turned_b) = (at.gather().unwrap(), bt.gather().unwrap());
            let told = format!("{m} x {k} times {k} x {n}, {of_a:?} and {of_b:?} on {tasks} tasks");
            assert_eq!(matmul(&a, &b).gather().unwrap(), plain(plain_a.view(), plain_b.view()), "{told}");
            assert_eq!(matmul(at.t(), &b).gather().unwrap(), plain(turned_a.t(), plain_b.view()), "{told}");
            assert_eq!(matmul(&a, bt.t()).gather().unwrap(), plain(plain_a.view(), turned_b.t()), "{told}");
            let conjugate = turned_a.mapv(|x| T::conj_impl(&x));
            assert_eq!(matmul(at.h(), bt.t()).gather().unwrap(), plain(conjugate.t(), turned_b.t()), "{told}");
        }
    }

    #[test]
    fn every_shape_layout_type_and_reading() {
        for tasks in [1, 2, 3, 4, 6, 7] {
            pmi::with_tasks(tasks, || {
                let real = |i: usize| (i % 11) as f64 - 5.0;
                for shape in
                    [[1, 1, 1], [0, 2, 3], [2, 0, 3], [2, 3, 0], [5, 4, 3], [3, 40, 2], [17, 2, 19], [23, 31, 29]]
                {
                    check(tasks, shape, real);
                }
                check(tasks, [5, 70, 6], |i| (i % 11) as f32 - 5.0);
                check(tasks, [13, 7, 6], |i| Complex::new((i % 11) as f64 - 5.0, (i % 5) as f64));
                check(tasks, [4, 9, 12], |i| Complex::new((i % 3) as f32, (i % 5) as f32 - 2.0));
            });
        }
    }

    #[test]
    fn an_inner_index_far_longer_than_the_others_is_divided() {
        pmi::with_tasks(4, || {
            let long = DistArray::from_fn((4000, 3), |(i, j)| ((i + j) % 5) as f64);
            let grid = Grid::choose(&long.t(), &(&long).into(), 4);
            assert_eq!(grid.layers, 4);
            let gathered = long.gather().unwrap();
            assert_eq!(matmul(long.t(), &long).gather().unwrap(), plain(gathered.t(), gathered.view()));
        });
    }

    #[test]
    fn several_panels_of_a_divided_and_of_a_whole_operand() {
        pmi::with_tasks(4, || {
            let wide =
                DistArray::from_fn((3, 5000).distributed([Axis::Whole, Axis::Cyclic]), |(i, j)| ((i * j) % 7) as f32);
            let rows = DistArray::from_fn((3000, 3), |(i, j)| ((i + 2 * j) % 5) as f32);
            let product = matmul(&rows, &wide);
            assert_eq!(product.shape(), [3000, 5000]);
            let sum = |numbers: &[f32]| numbers.iter().map(|x| f64::from(*x)).sum::<f64>();
            let (a, b) = (rows.gather().unwrap(), wide.gather().unwrap());
            let expected: f64 = (0..3).map(|l| sum(&a.column(l).to_vec()) * sum(&b.row(l).to_vec())).sum();
            assert_eq!(sum(&product.to_vec().unwrap()), expected);
        });
    }

    #[test]
    #[should_panic(expected = "a 2 x 3 matrix cannot be multiplied by a 2 x 3 matrix")]
    fn shapes_that_do_not_fit() {
        pmi::with_tasks(2, || {
            let a = DistArray::<f64, _>::ones((2, 3));
            matmul(&a, &a);
        });
    }
}
