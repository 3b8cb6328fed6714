//! What tests measure results by.

use crate::scalar::Scalar;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::{Array2, Ix2};
use pmi_array::{Axis, DistArray};

/// Layouts of matrices.
pub(crate) const LAYOUTS: &[[Axis; 2]] = &[
    [Axis::Block, Axis::Whole],
    [Axis::Whole, Axis::Cyclic],
    [Axis::Block, Axis::Block],
    [Axis::BlockCyclic(2), Axis::BlockCyclic(3)],
];

/// A number between -1 and 1 in each part, as if by chance.
pub(crate) fn number<T: Scalar>(i: usize, j: usize) -> T {
    // Splitmix64 (Steele, Lea and Flood 2014).
    let mut state = (((i as u64) << 32) | j as u64).wrapping_mul(0xd134_2543_de82_ef95);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    let (real, imaginary) = (next(), next());
    // The square root of -1, where there is one.
    let i = T::sqrt_impl(&T::of(-1.0));
    if Scalar::is_finite(i) { T::of(real) + T::of(imaginary) * i } else { T::of(real) }
}

/// The array in a layout.
pub(crate) fn matrix<T: Scalar>(plain: &Array2<T>, axes: &[Axis; 2]) -> DistArray<T, Ix2> {
    DistArray::from_array(plain).redistribute(axes.clone())
}

/// `A B` by one thread.
pub(crate) fn product<T: Scalar>(a: &Array2<T>, b: &Array2<T>) -> Array2<T> {
    let mut c = Array2::from_elem((a.nrows(), b.ncols()), T::default());
    let [a, b] = [a, b].map(|x| x.as_standard_layout().into_owned());
    let view = |x: &Array2<T>| (x.nrows(), x.ncols());
    let ((m, k), (_, n)) = (view(&a), view(&b));
    matmul(
        MatMut::from_row_major_slice_mut(c.as_slice_mut().unwrap(), m, n),
        Accum::Replace,
        MatRef::from_row_major_slice(a.as_slice().unwrap(), m, k),
        MatRef::from_row_major_slice(b.as_slice().unwrap(), k, n),
        T::of(1.0),
        Par::Seq,
    );
    c
}

/// The largest magnitude; infinite where one is not a number.
pub(crate) fn worst<T: Scalar>(a: &Array2<T>) -> f64 {
    a.iter().map(|x| x.magnitude()).fold(0.0, |worst, x| if x.is_nan() { f64::INFINITY } else { worst.max(x) })
}

/// The conjugate transpose.
pub(crate) fn adjoint<T: Scalar>(a: &Array2<T>) -> Array2<T> {
    a.t().mapv(Scalar::conjugated)
}
