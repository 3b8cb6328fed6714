//! Systems with a triangular block, and the factorisation of a positive definite one.

use super::Block;
use crate::scalar::Scalar;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor;
use faer::linalg::triangular_solve as solve;
use faer::{MatMut, Par};
use serde::{Deserialize, Serialize};

/// Which half of a matrix is meant: the other is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Triangle {
    /// The lower half, with the diagonal.
    Lower,
    /// The lower half, with ones on the diagonal, whatever is there.
    UnitLower,
    /// The upper half, with the diagonal.
    Upper,
    /// The upper half, with ones on the diagonal, whatever is there.
    UnitUpper,
}

impl Triangle {
    pub(crate) fn transposed(self) -> Self {
        match self {
            Self::Lower => Self::Upper,
            Self::UnitLower => Self::UnitUpper,
            Self::Upper => Self::Lower,
            Self::UnitUpper => Self::UnitLower,
        }
    }
}

/// Fewer columns than this are not worth a thread's waking up.
const COLUMNS: usize = 16;

/// Solves `t x = b` in the place of `b`; threads take columns of it, so the bits do not depend on them.
pub(crate) fn solve_triangle<T: Scalar>(t: Block<T>, half: Triangle, x: MatMut<T>, threads: usize) {
    let (rows, columns) = (x.nrows(), x.ncols());
    if rows == 0 || columns == 0 {
        return;
    }
    let threads = threads.min(columns / COLUMNS);
    if threads < 2 {
        let (matrix, conj) = t.parts();
        return match half {
            Triangle::Lower => solve::solve_lower_triangular_in_place_with_conj(matrix, conj, x, Par::Seq),
            Triangle::UnitLower => solve::solve_unit_lower_triangular_in_place_with_conj(matrix, conj, x, Par::Seq),
            Triangle::Upper => solve::solve_upper_triangular_in_place_with_conj(matrix, conj, x, Par::Seq),
            Triangle::UnitUpper => solve::solve_unit_upper_triangular_in_place_with_conj(matrix, conj, x, Par::Seq),
        };
    }
    // Cut where vectors end.
    let cut = (columns * (threads / 2) / threads).next_multiple_of(COLUMNS);
    let (left, right) = x.split_at_col_mut(cut);
    rayon::join(
        || solve_triangle(t, half, left, threads / 2),
        || solve_triangle(t, half, right, threads - threads / 2),
    );
}

/// Makes the lower triangle of a block that of its factor `L`. `Err` has the number, from 0, of the first pivot that is not
/// positive.
pub(crate) fn cholesky_in_place<T: Scalar>(block: MatMut<T>) -> Result<(), usize> {
    let n = block.nrows();
    let mut memory = MemBuffer::new(factor::cholesky_in_place_scratch::<T>(n, Par::Seq, Default::default()));
    let stack = MemStack::new(&mut memory);
    match factor::cholesky_in_place(block, Default::default(), Par::Seq, stack, Default::default()) {
        Ok(_) => Ok(()),
        Err(factor::LltError::NonPositivePivot { index }) => Err(index),
    }
}
