//! What two types of elements become together.

use crate::cast::Cast;
use crate::element::Element;
use num_complex::Complex;

/// What two element types become together, by NumPy's rule: the smallest type that holds the values of both.
///
/// | | with | becomes |
/// |---|---|---|
/// | `bool` | any type | that type |
/// | an unsigned integer | a shorter or equal signed one | the next longer signed one; with `u64`, `f64` |
/// | an integer of 8 or 16 bits | `f32` | `f32` |
/// | a longer integer | `f32` | `f64` |
/// | a real type | a complex one | complex, of `f32` where the real type goes with `f32`, else of `f64` |
///
/// Operators take scalars of the array's own type, and integer arrays (not expressions) an `f64` as well: `&a * 2` and `&a * 0.5`. A literal
/// has no type of its own, so that more would leave it without one: for other scalars convert the array, as in
/// `a.astype::<f32>() * 0.5`.
///
/// ```
/// use pmi_array::{DistArray, Expression};
/// # pmi::with_tasks(2, || {
/// let (a, b) = (DistArray::from_fn(3, |i| i as i32), DistArray::from_fn(3, |i| i as f32 / 2.0));
/// let sum: DistArray<f64, _> = (&a + &b).eval();
/// assert_eq!(sum.gather().unwrap().to_vec(), [0.0, 1.5, 3.0]);
/// assert_eq!((&a * 0.5 - 1.0).to_vec().unwrap(), [-1.0, -0.5, 0.0]);
/// assert_eq!(((&a * 2).eval() * 0.5).to_vec().unwrap(), [0.0, 1.0, 2.0]);
/// # })
/// ```
#[diagnostic::on_unimplemented(message = "elements of types `{Self}` and `{U}` cannot be combined")]
pub trait Promote<U: Element>: Element {
    /// The common type.
    type Output: Element;
    /// An element of this type as one of the common type.
    fn left(self) -> Self::Output;
    /// An element of the other type as one of the common type.
    fn right(other: U) -> Self::Output;
}

type C32 = Complex<f32>;
type C64 = Complex<f64>;

macro_rules! promotions {
    ($($left:ty: $($right:ty => $both:ty),*;)*) => {$($(
        impl Promote<$right> for $left {
            type Output = $both;
            #[inline(always)]
            fn left(self) -> $both {
                self.cast::<$both>()
            }
            #[inline(always)]
            fn right(other: $right) -> $both {
                other.cast::<$both>()
            }
        }
    )*)*};
}

/// A row of the table: the common types with each type, in the order of the heading below.
macro_rules! row {
    ($left:ty: $a:ty, $b:ty, $c:ty, $d:ty, $e:ty, $f:ty, $g:ty, $h:ty, $i:ty, $j:ty, $k:ty, $l:ty, $m:ty) => {
        promotions! {
            $left: bool => $a, u8 => $b, u16 => $c, u32 => $d, u64 => $e, i8 => $f, i16 => $g, i32 => $h, i64 => $i,
                f32 => $j, f64 => $k, C32 => $l, C64 => $m;
        }
    };
}

//         bool  u8   u16  u32  u64  i8   i16  i32  i64  f32  f64  c32  c64
row!(bool: bool, u8,  u16, u32, u64, i8,  i16, i32, i64, f32, f64, C32, C64);
row!(u8:   u8,   u8,  u16, u32, u64, i16, i16, i32, i64, f32, f64, C32, C64);
row!(u16:  u16,  u16, u16, u32, u64, i32, i32, i32, i64, f32, f64, C32, C64);
row!(u32:  u32,  u32, u32, u32, u64, i64, i64, i64, i64, f64, f64, C64, C64);
row!(u64:  u64,  u64, u64, u64, u64, f64, f64, f64, f64, f64, f64, C64, C64);
row!(i8:   i8,   i16, i32, i64, f64, i8,  i16, i32, i64, f32, f64, C32, C64);
row!(i16:  i16,  i16, i32, i64, f64, i16, i16, i32, i64, f32, f64, C32, C64);
row!(i32:  i32,  i32, i32, i64, f64, i32, i32, i32, i64, f64, f64, C64, C64);
row!(i64:  i64,  i64, i64, i64, f64, i64, i64, i64, i64, f64, f64, C64, C64);
row!(f32:  f32,  f32, f32, f64, f64, f32, f32, f64, f64, f32, f64, C32, C64);
row!(f64:  f64,  f64, f64, f64, f64, f64, f64, f64, f64, f64, f64, C64, C64);
row!(C32:  C32,  C32, C32, C64, C64, C32, C32, C64, C64, C32, C64, C32, C64);
row!(C64:  C64,  C64, C64, C64, C64, C64, C64, C64, C64, C64, C64, C64, C64);
