//! The largest singular value.

use crate::local::{Block, add_product};
use crate::operand::Matrix;
use crate::scalar::{Scalar, near_one};
use faer::{MatMut, MatRef};
use pmi::Task;
use pmi::op;

/// More steps are not done.
const STEPS: usize = 500;
/// The estimate is good when it has grown by less than this part of itself in some steps.
const GROWTH: f64 = 1e-12;
/// In so many steps.
const CALM: usize = 8;

/// The largest singular value of a matrix that has no fewer rows than columns, and `largest` as the largest magnitude.
///
/// Bidiagonalisation from a fixed first vector: `A v_k = beta_{k-1} u_{k-1} + alpha_k u_k`, `A^H u_k = alpha_k v_k +
/// beta_k v_{k+1}`. All `v` are kept orthogonal, which suffices (Simon and Zha, *Low-rank matrix approximation using
/// the Lanczos bidiagonalization process with applications*, 2000). Every task has all of each `v`, and its rows of
/// `u`.
pub(super) fn largest_singular_value<T: Scalar>(task: &Task, a: &Matrix<T>, largest: f64) -> f64 {
    let [m, n] = a.shape();
    let rows = |rank| pmi_array::Block::new(m, task.size()).range(rank);
    let numbers = a.array.fetch(task, |rank| a.part(rows(rank), 0..n));
    let mine = rows(task.rank()).len();
    let block = match a.transposed {
        true => Block::new(&numbers, n, mine),
        false => Block::new(&numbers, mine, n),
    };
    let (plain, adjoint) = (block.read(a.transposed, a.conjugated), block.read(!a.transposed, !a.conjugated));
    // Of a matrix whose largest element is about 1 all squares are numbers. Its products are those of the smaller vector.
    let scale = near_one::<T>(largest);
    let times = |block: Block<T>, x: &[T], rows: usize| {
        let mut y = vec![T::default(); rows];
        let x: Vec<T> = x.iter().map(|x| x.scaled(scale)).collect();
        let x = MatRef::from_column_major_slice(&x, x.len(), 1);
        add_product(MatMut::from_column_major_slice_mut(&mut y, rows, 1), T::of(1.0), block, x, task.threads());
        y
    };
    let comm = task.comm().guarded(false);
    let mut all_v = vec![first::<T>(n)];
    let (mut u, mut beta) = (vec![T::default(); mine], 0.0);
    let (mut alphas, mut betas, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..STEPS.min(n) {
        let mut next = times(plain, &all_v[step], mine);
        next.iter_mut().zip(&u).for_each(|(x, u)| *x -= T::of(beta) * *u);
        let alpha = comm.all_reduce(&[squares(&next)], op::SUM)[0].sqrt();
        if !alpha.is_finite() {
            return f64::INFINITY;
        }
        alphas.push(alpha);
        found.push(of_bidiagonal(&alphas, &betas));
        let calm = step >= CALM && found[step] - found[step - CALM] <= GROWTH * found[step];
        if alpha == 0.0 || calm {
            break;
        }
        next.iter_mut().for_each(|x| *x = *x * T::of(1.0 / alpha));
        u = next;
        let parts = times(adjoint, &u, n);
        let mut v = comm.all_reduce(&parts, |a: T, b: T| a + b);
        v.iter_mut().zip(&all_v[step]).for_each(|(x, v)| *x -= T::of(alpha) * *v);
        // Twice is enough.
        for _ in 0..2 {
            for other in &all_v {
                let dot = other.iter().zip(&v).fold(T::default(), |sum, (x, y)| sum + x.conjugated() * *y);
                v.iter_mut().zip(other).for_each(|(y, x)| *y -= dot * *x);
            }
        }
        beta = squares(&v).sqrt();
        // What is left are roundings: the vectors so far span all that A makes of them.
        if beta <= T::EPSILON * found[step] {
            break;
        }
        betas.push(beta);
        v.iter_mut().for_each(|x| *x = *x * T::of(1.0 / beta));
        all_v.push(v);
    }
    found.last().copied().unwrap_or(0.0) / scale
}

fn squares<T: Scalar>(numbers: &[T]) -> f64 {
    numbers.iter().map(|x| x.magnitude().powi(2)).sum()
}

/// A unit vector that no matrix is likely to be orthogonal to: numbers as if by chance.
fn first<T: Scalar>(n: usize) -> Vec<T> {
    let number = |i: usize| {
        // The finaliser of a well-mixing hash (Steele, Lea and Flood, *Fast splittable pseudorandom number generators*,
        // 2014).
        let mut bits = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        T::of((bits >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
    };
    let mut vector: Vec<T> = (0..n).map(number).collect();
    let norm = squares(&vector).sqrt();
    vector.iter_mut().for_each(|x| *x = *x * T::of(1.0 / norm));
    vector
}

/// The largest singular value of the upper bidiagonal matrix with these diagonals: the root of the largest eigenvalue
/// of `B^T B`, by bisection on the number of negative pivots of `B^T B - x` (Golub and Van Loan, 8.4).
fn of_bidiagonal(diagonal: &[f64], above: &[f64]) -> f64 {
    let square = |i: usize| diagonal[i] * diagonal[i] + if i > 0 { above[i - 1] * above[i - 1] } else { 0.0 };
    let beside = |i: usize| diagonal[i] * above[i];
    let last = diagonal.len() - 1;
    let reach = |i: usize| (if i > 0 { beside(i - 1) } else { 0.0 }) + (if i < last { beside(i) } else { 0.0 });
    let (mut low, mut high) = (0.0, (0..=last).map(|i| square(i) + reach(i)).fold(0.0, f64::max));
    let all_below = |x: f64| {
        let mut pivot = 1.0;
        (0..=last).all(|i| {
            let off = if i > 0 { beside(i - 1) } else { 0.0 };
            pivot = square(i) - x - off * off / pivot;
            pivot < 0.0
        })
    };
    while high - low > f64::EPSILON * high {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if all_below(middle) { high = middle } else { low = middle }
    }
    high.sqrt()
}
