//! What can be multiplied: matrices as they are, transposed, or conjugated too.

use crate::numeric::Numeric;
use crate::scalar::Entry;
use ndarray::Ix2;
use pmi_array::{DistArray, Indices, Part};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A matrix as an operand: the array, and how its elements are to be read. Nothing is copied.
#[derive(Serialize, Deserialize, Clone)]
#[serde(bound = "")]
pub struct Matrix<T: Numeric> {
    pub(crate) array: DistArray<T, Ix2>,
    pub(crate) transposed: bool,
    pub(crate) conjugated: bool,
}

impl<T: Numeric> Matrix<T> {
    /// The part of the array whose elements are these rows and columns of the matrix.
    pub(crate) fn part(&self, rows: Range<usize>, columns: Range<usize>) -> Part {
        let (rows, columns) = (Indices::range(rows), Indices::range(columns));
        if self.transposed { Part::new([columns, rows]) } else { Part::new([rows, columns]) }
    }

    /// The number of rows and of columns.
    pub fn shape(&self) -> [usize; 2] {
        let &[rows, columns] = self.array.shape() else { unreachable!("a matrix has two axes") };
        if self.transposed { [columns, rows] } else { [rows, columns] }
    }
}

impl<T: Numeric> From<&DistArray<T, Ix2>> for Matrix<T> {
    fn from(array: &DistArray<T, Ix2>) -> Self {
        Self { array: array.clone(), transposed: false, conjugated: false }
    }
}

/// The operand in the type that is computed in.
#[track_caller]
pub(crate) fn promoted<T: Entry>(a: impl Operand<T>) -> Matrix<T::Scalar> {
    let Matrix { array, transposed, conjugated } = a.into();
    Matrix { array: T::promoted(&array), transposed, conjugated }
}

impl<T: Numeric> From<&Matrix<T>> for Matrix<T> {
    fn from(matrix: &Matrix<T>) -> Self {
        matrix.clone()
    }
}

/// What functions take as a matrix: a reference to an array, or what [`Transpose`] makes of one.
pub trait Operand<T: Numeric>: Into<Matrix<T>> {}

impl<T: Numeric, M: Into<Matrix<T>>> Operand<T> for M {}

/// The transposed matrix, as an operand: it is read by columns, and nothing moves.
pub trait Transpose<T: Numeric> {
    /// The transpose.
    fn t(&self) -> Matrix<T>;

    /// The conjugate transpose; of real matrices the transpose.
    fn h(&self) -> Matrix<T>;
}

impl<T: Numeric> Transpose<T> for DistArray<T, Ix2> {
    fn t(&self) -> Matrix<T> {
        Matrix::from(self).t()
    }

    fn h(&self) -> Matrix<T> {
        Matrix::from(self).h()
    }
}

impl<T: Numeric> Transpose<T> for Matrix<T> {
    fn t(&self) -> Matrix<T> {
        Self { transposed: !self.transposed, ..self.clone() }
    }

    fn h(&self) -> Matrix<T> {
        Self { conjugated: !self.conjugated, ..self.t() }
    }
}
