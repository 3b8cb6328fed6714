//! Products of several matrices: chains and powers.

use super::matmul::matmul;
use crate::numeric::Numeric;
use ndarray::Ix2;
use pmi_array::DistArray;

/// The product of several matrices, in the order that takes the fewest operations: NumPy's `multi_dot`, of matrices.
///
/// The order is found as in Cormen et al., *Introduction to Algorithms*, section "Matrix-chain multiplication", and costs as many
/// steps as the cube of the number of matrices.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::multi_dot;
/// # pmi::with_tasks(2, || {
/// let (a, b) = (DistArray::from_fn((9, 1), |(i, _)| i as f64), DistArray::<f64, _>::ones((1, 9)));
/// let c = multi_dot(&[&a, &b, &a]); // a (b a): 18 products, not 162
/// assert_eq!(c.get((2, 0)), 72.0);
/// # })
/// ```
///
/// # Panics
/// Where there are no matrices, or they do not fit; otherwise as [`matmul`].
#[track_caller]
pub fn multi_dot<T: Numeric>(matrices: &[&DistArray<T, Ix2>]) -> DistArray<T, Ix2> {
    assert!(!matrices.is_empty(), "multi_dot of no matrices: give one or more");
    let count = matrices.len();
    let side = |of: usize| if of < count { matrices[of].shape()[0] } else { matrices[count - 1].shape()[1] };
    for (number, pair) in matrices.windows(2).enumerate() {
        let [a, b] = [pair[0], pair[1]].map(DistArray::shape);
        assert!(
            a[1] == b[0],
            "multi_dot: matrix {number} has the shape {a:?}, the next {b:?}: they cannot be multiplied"
        );
    }
    // Of each range of matrices, the fewest operations, and after which matrix it is cut.
    let mut best = vec![vec![(0.0, 0); count]; count];
    for length in 1..count {
        for first in 0..count - length {
            let last = first + length;
            let cost = |cut: usize| {
                let operations = side(first) as f64 * side(cut + 1) as f64 * side(last + 1) as f64;
                (best[first][cut].0 + best[cut + 1][last].0 + operations, cut)
            };
            let cheapest = (first..last).map(cost).min_by(|x, y| x.0.total_cmp(&y.0));
            best[first][last] = cheapest.expect("there is a place to cut two matrices or more");
        }
    }
    if count == 1 {
        return matrices[0].redistribute(matrices[0].layout());
    }
    chain(matrices, &best, 0, count - 1)
}

#[track_caller]
fn chain<T: Numeric>(
    of: &[&DistArray<T, Ix2>],
    cuts: &[Vec<(f64, usize)>],
    first: usize,
    last: usize,
) -> DistArray<T, Ix2> {
    if first == last {
        return of[first].clone();
    }
    let (_, cut) = cuts[first][last];
    matmul(&chain(of, cuts, first, cut), &chain(of, cuts, cut + 1, last))
}

/// A square matrix multiplied by itself: `A^n`, by squares of squares, `2 log2(n)` products at the most; the identity for 0.
/// NumPy's `matrix_power` of powers that are not negative: for these take the power of the inverse.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::matrix_power;
/// # pmi::with_tasks(2, || {
/// let step = DistArray::from_array(&ndarray::array![[1u64, 1], [1, 0]]);
/// assert_eq!(matrix_power(&step, 90).get((0, 1)), 2880067194370816120); // Fibonacci's
/// # })
/// ```
///
/// # Panics
/// Where the matrix is not square; otherwise as [`matmul`].
#[track_caller]
pub fn matrix_power<T: Numeric>(a: &DistArray<T, Ix2>, n: u32) -> DistArray<T, Ix2> {
    let &[rows, columns] = a.shape() else { unreachable!("a matrix has two axes") };
    assert!(rows == columns, "matrix_power of a {rows} x {columns} matrix: it must be square");
    if n == 1 {
        return a.redistribute(a.layout());
    }
    let (mut power, mut square, mut left) = (None, a.clone(), n);
    while left > 0 {
        if left & 1 == 1 {
            power = Some(power.map_or_else(|| square.clone(), |power| matmul(&power, &square)));
        }
        left >>= 1;
        if left > 0 {
            square = matmul(&square, &square);
        }
    }
    power.unwrap_or_else(|| DistArray::eye((rows, rows), 0))
}
