//! The types of elements that can be multiplied, each with the product of two local blocks: the seam to the crates that
//! compute it.

#[cfg(feature = "blas")]
mod blas;
mod integer;

use faer::{MatMut, MatRef};
use num_complex::Complex;
use pmi_array::expr::Number;
use pmi_array::{Element, Promote};

/// The types of elements that products take: all but `bool`. Products of integers wrap around, as NumPy's.
pub trait Numeric: Element<Bits = Self> + Number + bytemuck::Pod + Promote<Self, Output = Self> {
    /// `c += factor a b` on this thread, of `a` and `b` or their conjugates.
    #[doc(hidden)]
    fn add_product(
        c: MatMut<Self>,
        factor: Self,
        a: MatRef<Self>,
        conjugate_a: bool,
        b: MatRef<Self>,
        conjugate_b: bool,
    );
}

macro_rules! numeric {
    ($add_product:path: $($type:ty)*) => {$(
        impl Numeric for $type {
            fn add_product(c: MatMut<Self>, factor: Self, a: MatRef<Self>, of_a: bool, b: MatRef<Self>, of_b: bool) {
                $add_product(c, factor, a, of_a, b, of_b);
            }
        }
    )*};
}

#[cfg(feature = "blas")]
numeric!(blas::add_product: f32 f64 Complex<f32> Complex<f64>);
#[cfg(not(feature = "blas"))]
numeric!(faer_product: f32 f64 Complex<f32> Complex<f64>);
numeric!(integer::add_product: i8 i16 i32 i64 u8 u16 u32 u64);

/// As [`Numeric::add_product`], by faer.
fn faer_product<T: faer::traits::ComplexField>(
    c: MatMut<T>,
    factor: T,
    a: MatRef<T>,
    of_a: bool,
    b: MatRef<T>,
    of_b: bool,
) {
    use faer::{Accum, Conj, Par};
    let conj = |conjugated| if conjugated { Conj::Yes } else { Conj::No };
    faer::linalg::matmul::matmul_with_conj(c, Accum::Add, a, conj(of_a), b, conj(of_b), factor, Par::Seq);
}
