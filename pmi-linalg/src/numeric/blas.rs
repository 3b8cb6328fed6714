//! Products of blocks by the system's BLAS.
//!
//! Which library that is, the system decides: the one that is called `blas` and has CBLAS, too.

use super::faer_product;
use faer::traits::ComplexField;
use faer::{MatMut, MatRef};
use num_complex::Complex;
use std::ffi::c_int;
use std::sync::Once;

use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE};

#[link(name = "blas")]
unsafe extern "C" {}

/// The types that a BLAS has.
pub(super) trait Blas: ComplexField + Copy {
    /// `c += factor a b` for matrices by rows, as CBLAS's `gemm`.
    ///
    /// # Safety
    /// As CBLAS's: `c` has `m` rows of `n` numbers, `a` and `b`, read as `ops` says, `m` of `k` and `k` of `n`, at distances of
    /// `leads` from one stored row to the next.
    unsafe fn gemm(
        ops: [CBLAS_TRANSPOSE; 2],
        size: [c_int; 3],
        factor: Self,
        a: *const Self,
        b: *const Self,
        c: *mut Self,
        leads: [c_int; 3],
    );
}

macro_rules! blas {
    ($($type:ty: $gemm:path, |$number:ident| $scalar:expr;)*) => {$(
        impl Blas for $type {
            unsafe fn gemm(
                [of_a, of_b]: [CBLAS_TRANSPOSE; 2],
                [m, n, k]: [c_int; 3],
                factor: Self,
                a: *const Self,
                b: *const Self,
                c: *mut Self,
                [lead_a, lead_b, lead_c]: [c_int; 3],
            ) {
                let scalar = |$number: &Self| $scalar;
                let (rows, one) = (CBLAS_LAYOUT::CblasRowMajor, <$type>::from(1.0));
                // SAFETY: the caller's promise is what CBLAS asks for; complex numbers are two real ones each, as in C.
                unsafe {
                    $gemm(
                        rows, of_a, of_b, m, n, k, scalar(&factor), a.cast(), lead_a, b.cast(), lead_b, scalar(&one), c.cast(), lead_c,
                    )
                }
            }
        }
    )*};
}

blas! {
    f32: cblas_sys::cblas_sgemm, |x| *x;
    f64: cblas_sys::cblas_dgemm, |x| *x;
    Complex<f32>: cblas_sys::cblas_cgemm, |z| std::ptr::from_ref(z).cast();
    Complex<f64>: cblas_sys::cblas_zgemm, |z| std::ptr::from_ref(z).cast();
}

/// As [`Numeric::add_product`](super::Numeric::add_product). What no BLAS has (conjugates that are not transposed, matrices
/// with contiguous rows no more than columns, sides beyond a C int) and what would not be worth the call is faer's.
pub(super) fn add_product<T: Blas>(c: MatMut<T>, factor: T, a: MatRef<T>, of_a: bool, b: MatRef<T>, of_b: bool) {
    if c.row_stride() == 1 && c.col_stride() != 1 {
        return add_product(c.transpose_mut(), factor, b.transpose(), of_b, a.transpose(), of_a);
    }
    let lengths = [c.nrows(), c.ncols(), a.ncols()];
    assert!([a.nrows(), b.ncols(), b.nrows()] == lengths, "matrices that can be multiplied into the third");
    let sizes = lengths.map(|len| c_int::try_from(len).ok());
    let (as_a, as_b) = (reading(a, of_a), reading(b, of_b));
    let lead_c = (c.col_stride() == 1)
        .then(|| c_int::try_from(c.row_stride()).ok())
        .flatten()
        .filter(|lead| *lead >= c.ncols() as c_int);
    let ([Some(m), Some(n), Some(k)], Some((op_a, lead_a)), Some((op_b, lead_b)), Some(lead_c)) =
        (sizes, as_a, as_b, lead_c)
    else {
        return faer_product(c, factor, a, of_a, b, of_b);
    };
    if lengths.contains(&0) {
        return;
    }
    one_thread();
    let c_first = c.as_ptr_mut();
    // SAFETY: the views have so many rows and columns, which fit each other as asserted above, and strides as `reading` found
    // them; nobody else has `c`, which is mutably borrowed.
    unsafe { T::gemm([op_a, op_b], [m, n, k], factor, a.as_ptr(), b.as_ptr(), c_first, [lead_a, lead_b, lead_c]) }
}

/// How CBLAS is to read a matrix by rows, and the distance of these.
fn reading<T>(matrix: MatRef<T>, conjugated: bool) -> Option<(CBLAS_TRANSPOSE, c_int)> {
    let lead = |stride: isize, len: usize| {
        c_int::try_from(stride).ok().filter(|lead| usize::try_from(*lead).is_ok_and(|lead| lead >= len.max(1)))
    };
    if matrix.col_stride() == 1 && !conjugated {
        return Some((CBLAS_TRANSPOSE::CblasNoTrans, lead(matrix.row_stride(), matrix.ncols())?));
    }
    let turned = if conjugated { CBLAS_TRANSPOSE::CblasConjTrans } else { CBLAS_TRANSPOSE::CblasTrans };
    (matrix.row_stride() == 1).then_some((turned, lead(matrix.col_stride(), matrix.nrows())?))
}

/// Threads are ours: OpenBLAS is told to use one, as its own would be as many again for each of them.
fn one_thread() {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        // SAFETY: the name is a C string. The function, where the library has it, is OpenBLAS's, of this type.
        unsafe {
            let set = libc::dlsym(libc::RTLD_DEFAULT, c"openblas_set_num_threads".as_ptr());
            if !set.is_null() {
                let set: unsafe extern "C" fn(c_int) = std::mem::transmute(set);
                set(1);
            }
        }
    });
}
