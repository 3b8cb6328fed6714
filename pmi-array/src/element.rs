//! What arrays are made of.

use crate::cast::Cast;
use bytemuck::{NoUninit, Pod, Zeroable};
use num_complex::Complex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::convert::identity;

mod sealed {
    pub trait Sealed {}
}

/// The types that array elements can have: `f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 bool Complex<f32> Complex<f64>`.
pub trait Element:
    sealed::Sealed
    + Cast
    + Copy
    + Default
    + PartialEq
    + std::fmt::Debug
    + Send
    + Sync
    + Serialize
    + DeserializeOwned
    + NoUninit
    + Zeroable
    + 'static
{
    /// The type's name, as in the list above.
    const NAME: &'static str;

    /// Plain data with the same bytes: what is sent between tasks.
    type Bits: Pod + Send + Sync;

    /// Elements as plain data.
    fn bits(elements: &[Self]) -> &[Self::Bits];

    /// Plain data as the elements they came from.
    fn from_bits(bits: Vec<Self::Bits>) -> Vec<Self>;

    /// The type of a sum, as in NumPy: 64 bits for integers and `bool`, the type itself otherwise.
    type Sum: Element + std::ops::Add<Output = Self::Sum>;

    /// The element as a sum's first term.
    fn to_sum(self) -> Self::Sum;

    /// `a + b` of sums; integers wrap around.
    fn add_sums(a: Self::Sum, b: Self::Sum) -> Self::Sum;
}

/// Elements with an order: all but the complex ones.
pub trait Real: Element + PartialOrd {
    /// The element as a floating-point number; integers beyond 2^53 are rounded.
    fn to_f64(self) -> f64;

    /// Whether the element is not a number.
    fn is_nan(self) -> bool {
        self.to_f64().is_nan()
    }
}

macro_rules! elements {
    ($($type:ty, $bits:ty, $from_bits:expr, $sum:ty, |$x:ident| $to_sum:expr, |$a:ident, $b:ident| $add:expr;)*) => {$(
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const NAME: &'static str = stringify!($type);
            type Bits = $bits;
            fn bits(elements: &[Self]) -> &[$bits] {
                bytemuck::must_cast_slice(elements)
            }
            fn from_bits(bits: Vec<$bits>) -> Vec<Self> {
                $from_bits(bits)
            }
            type Sum = $sum;
            #[inline(always)]
            fn to_sum(self) -> $sum {
                let $x = self;
                $to_sum
            }
            #[inline(always)]
            fn add_sums($a: $sum, $b: $sum) -> $sum {
                $add
            }
        }
    )*};
}

elements! {
    f32, f32, identity, f32, |x| x, |a, b| a + b;
    f64, f64, identity, f64, |x| x, |a, b| a + b;
    i8, i8, identity, i64, |x| x.into(), |a, b| a.wrapping_add(b);
    i16, i16, identity, i64, |x| x.into(), |a, b| a.wrapping_add(b);
    i32, i32, identity, i64, |x| x.into(), |a, b| a.wrapping_add(b);
    i64, i64, identity, i64, |x| x, |a, b| a.wrapping_add(b);
    u8, u8, identity, u64, |x| x.into(), |a, b| a.wrapping_add(b);
    u16, u16, identity, u64, |x| x.into(), |a, b| a.wrapping_add(b);
    u32, u32, identity, u64, |x| x.into(), |a, b| a.wrapping_add(b);
    u64, u64, identity, u64, |x| x, |a, b| a.wrapping_add(b);
    bool, u8, |bits: Vec<u8>| bits.into_iter().map(|bit| bit != 0).collect(), u64, |x| x.into(), |a, b| a.wrapping_add(b);
    Complex<f32>, Complex<f32>, identity, Complex<f32>, |x| x, |a, b| a + b;
    Complex<f64>, Complex<f64>, identity, Complex<f64>, |x| x, |a, b| a + b;
}

macro_rules! reals {
    ($($type:ty, |$x:ident| $to_f64:expr;)*) => {$(
        impl Real for $type {
            #[inline(always)]
            fn to_f64(self) -> f64 {
                let $x = self;
                $to_f64
            }
        }
    )*};
}

reals! {
    f32, |x| x.into();
    f64, |x| x;
    i8, |x| x.into();
    i16, |x| x.into();
    i32, |x| x.into();
    i64, |x| x as f64;
    u8, |x| x.into();
    u16, |x| x.into();
    u32, |x| x.into();
    u64, |x| x as f64;
    bool, |x| u8::from(x).into();
}
