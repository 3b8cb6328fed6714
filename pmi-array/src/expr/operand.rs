//! What methods take as a further operand: an array, an expression or a scalar.

use super::expression::Expression;
use super::leaf::Scalar;
use super::node::Node;
use crate::element::Element;
use ndarray::{Dimension, Ix0};
use num_complex::Complex;

/// An array, an expression (owned or borrowed) or a scalar.
pub trait Operand {
    /// The type of its elements.
    type Elem: Element;
    /// The number of axes, as ndarray's dimension type.
    type Dim: Dimension + 'static;
    /// The operand as it travels.
    #[doc(hidden)]
    type Node: Node<Elem = Self::Elem, Dim = Self::Dim>;

    #[doc(hidden)]
    fn operand(&self) -> Self::Node;
}

impl<X: Expression> Operand for X {
    type Elem = X::Elem;
    type Dim = X::Dim;
    type Node = X::Node;

    fn operand(&self) -> X::Node {
        self.node()
    }
}

macro_rules! scalars {
    ($($type:ty)*) => {$(
        impl Operand for $type {
            type Elem = Self;
            type Dim = Ix0;
            type Node = Scalar<Self>;

            fn operand(&self) -> Scalar<Self> {
                Scalar(*self)
            }
        }
    )*};
}

scalars!(bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 Complex<f32> Complex<f64>);
