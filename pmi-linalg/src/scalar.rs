//! The numbers of matrices.

use num_complex::Complex;
use pmi_array::Element;
use std::ops::{AddAssign, Mul};

/// The types of matrix elements: `f32 f64 Complex<f32> Complex<f64>`.
pub trait Scalar:
    Element<Bits = Self> + AddAssign + Mul<Output = Self> + bytemuck::Pod + faer::traits::ComplexField
{
}

impl Scalar for f32 {}
impl Scalar for f64 {}
impl Scalar for Complex<f32> {}
impl Scalar for Complex<f64> {}
