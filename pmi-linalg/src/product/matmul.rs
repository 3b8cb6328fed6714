//! The product of two matrices.

use super::grid::Grid;
use crate::local::{Block, add_product};
use crate::operand::{Matrix, Operand};
use crate::scalar::Scalar;
use faer::MatMut;
use ndarray::{Array2, Ix2};
use pmi::Task;
use pmi_array::{DistArray, Part, Shape};
use std::ops::Range;

/// The bytes of the blocks of `A` and `B` that a task gets at a time, at the most, unless these are narrower than
/// [`NARROW`].
const PANEL: usize = 64 << 20;
/// Products over so few inner indices are slow.
const NARROW: usize = 128;

/// The matrix product `A B` of an `m x k` and a `k x n` matrix, in any layouts, also [transposed or
/// conjugated](crate::Transpose) without a copy.
///
/// The result is in blocks on a grid of tasks: that which needs the least, counting what each task has already. Operands
/// and result that are distributed by rows stay so on a few tasks, and where one side is long: a task then gets the
/// smaller operand. On a grid of `p x p` tasks each gets `(m k + k n) / p` numbers at the most (SUMMA's; see the sources in
/// the code), in messages between two tasks, panel by panel within 64 MiB. Where the inner index is far longer than the
/// others, it is divided, too, and partial results are added.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::{Transpose, matmul};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_fn((2, 3), |(i, j)| (3 * i + j) as f64);
/// let b = DistArray::from_fn((2, 3), |(i, j)| (i * j) as f64);
/// assert_eq!(matmul(&a, b.t()).gather().unwrap(), ndarray::array![[0.0, 5.0], [0.0, 14.0]]);
/// # })
/// ```
///
/// # Panics
/// Where `A` has not as many columns as `B` rows, or the calling thread does not control the world of both.
#[track_caller]
pub fn matmul<T: Scalar>(a: impl Operand<T>, b: impl Operand<T>) -> DistArray<T, Ix2> {
    let (a, b): (Matrix<T>, Matrix<T>) = (a.into(), b.into());
    let ([m, k], [rows, n]) = (a.shape(), b.shape());
    assert!(
        k == rows,
        "a {m} x {k} matrix cannot be multiplied by a {rows} x {n} matrix: the first must have as many columns as the second has rows"
    );
    let grid = Grid::choose(&a, &b, a.array.layout().tasks());
    let multiply = |task: &Task, _: &Part, (a, b, grid): (Matrix<T>, Matrix<T>, Grid)| multiply(task, &a, &b, &grid);
    DistArray::from_local((m, n).distributed(grid.distribution()), multiply, (a, b, grid))
}

/// This task's block of the product.
fn multiply<T: Scalar>(task: &Task, a: &Matrix<T>, b: &Matrix<T>, grid: &Grid) -> Array2<T> {
    let rank = task.rank();
    let (rows, columns) = (grid.block_rows(rank).len(), grid.block_columns(rank).len());
    let mut c = vec![T::default(); rows * columns];
    let threads = task.threads();
    let [most_rows, most_columns] = grid.largest_block();
    let width = (PANEL / size_of::<T>() / (most_rows + most_columns).max(1)).max(NARROW);
    // What is there as a whole is not fetched panel by panel.
    let whole = |matrix: &Matrix<T>, part: &dyn Fn(usize) -> Part| {
        (0..task.size()).all(|rank| matrix.array.layout().part(rank) == part(rank))
    };
    let part_of_a = |rank, panel: Range<usize>| a.part(grid.block_rows(rank), panel);
    let part_of_b = |rank, panel: Range<usize>| b.part(panel, grid.block_columns(rank));
    let own_a = whole(a, &|rank| part_of_a(rank, grid.inner(rank)));
    let own_b = whole(b, &|rank| part_of_b(rank, grid.inner(rank)));
    for start in (0..grid.most_inner()).step_by(width) {
        let panel = |rank| {
            let inner = grid.inner(rank);
            (inner.start + start).min(inner.end)..(inner.start + start + width).min(inner.end)
        };
        let (mine, first) = (panel(rank), grid.inner(rank).start);
        let inside = |own: bool| if own { mine.start - first..mine.end - first } else { 0..mine.len() };
        let of_a = a.array.fetch(task, |rank| part_of_a(rank, if own_a { grid.inner(rank) } else { panel(rank) }));
        let of_b = b.array.fetch(task, |rank| part_of_b(rank, if own_b { grid.inner(rank) } else { panel(rank) }));
        let inner = |own: bool| if own { grid.inner(rank).len() } else { mine.len() };
        let block_a = block(&of_a, a, [rows, inner(own_a)]).columns(inside(own_a));
        let block_b = block(&of_b, b, [inner(own_b), columns]).rows(inside(own_b));
        let block_c = MatMut::from_row_major_slice_mut(&mut c, rows, columns);
        add_product(block_c, T::of(1.0), block_a, block_b, threads);
    }
    let own = add_layers(task, grid, c);
    Array2::from_shape_vec((grid.own_rows(rank).len(), columns), own)
        .expect("a block has as many elements as its shape says")
}

/// Numbers of the array as a block of the matrix, of `shape`.
fn block<'a, T: Scalar>(numbers: &'a [T], matrix: &Matrix<T>, [rows, columns]: [usize; 2]) -> Block<'a, T> {
    let block = if matrix.transposed { Block::new(numbers, columns, rows) } else { Block::new(numbers, rows, columns) };
    block.read(matrix.transposed, matrix.conjugated)
}

/// The sum of all layers' blocks: its own rows on each task. The first layer's comes first.
fn add_layers<T: Scalar>(task: &Task, grid: &Grid, block: Vec<T>) -> Vec<T> {
    if grid.layers == 1 {
        return block;
    }
    let columns = grid.block_columns(task.rank()).len();
    let (mut send, mut receive) = (vec![0; task.size()], vec![0; task.size()]);
    for rank in grid.column_of_layers(task.rank()) {
        send[rank] = grid.own_rows(rank).len() * columns;
        receive[rank] = grid.own_rows(task.rank()).len() * columns;
    }
    // The layers' rows follow each other in the block, as their ranks do.
    let mut parts = vec![T::default(); receive.iter().sum()];
    task.comm().guarded(false).all_to_all_v_into(&block, &send, &mut parts, &receive);
    let mut sum = parts;
    let others = sum.split_off(receive[task.rank()]);
    for part in others.chunks_exact(sum.len().max(1)) {
        sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += *x);
    }
    sum
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
