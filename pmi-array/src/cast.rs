//! Converting numbers of one type to another.

use num_complex::Complex;

/// Numbers that convert to each other as NumPy's `astype` does:
///
/// | from | to | |
/// |---|---|---|
/// | integer, `bool` | integer | modulo 2^bits (two's complement); `true` is 1 |
/// | floating | integer | towards zero; beyond the range the nearest integer of it, NaN is 0 (C and NumPy leave these open) |
/// | any | floating | the nearest number; beyond the range an infinity |
/// | any | `bool` | whether it is not 0; NaN is `true` |
/// | real | complex | with imaginary part 0 |
/// | complex | real | the real part alone; to `bool`, whether either is not 0 |
///
/// Which type two numbers of different types have in common, NumPy's `promote_types` (`c32` is `Complex<f32>`, `c64` is
/// `Complex<f64>`):
///
/// ```text
///       bool   i8  i16  i32  i64   u8  u16  u32  u64  f32  f64  c32  c64
/// bool  bool   i8  i16  i32  i64   u8  u16  u32  u64  f32  f64  c32  c64
/// i8      i8   i8  i16  i32  i64  i16  i32  i64  f64  f32  f64  c32  c64
/// i16    i16  i16  i16  i32  i64  i16  i32  i64  f64  f32  f64  c32  c64
/// i32    i32  i32  i32  i32  i64  i32  i32  i64  f64  f64  f64  c64  c64
/// i64    i64  i64  i64  i64  i64  i64  i64  i64  f64  f64  f64  c64  c64
/// u8      u8  i16  i16  i32  i64   u8  u16  u32  u64  f32  f64  c32  c64
/// u16    u16  i32  i32  i32  i64  u16  u16  u32  u64  f32  f64  c32  c64
/// u32    u32  i64  i64  i64  i64  u32  u32  u32  u64  f64  f64  c64  c64
/// u64    u64  f64  f64  f64  f64  u64  u64  u64  u64  f64  f64  c64  c64
/// f32    f32  f32  f32  f64  f64  f32  f32  f64  f64  f32  f64  c32  c64
/// f64    f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  c64  c64
/// c32    c32  c32  c32  c64  c64  c32  c32  c64  c64  c32  c64  c32  c64
/// c64    c64  c64  c64  c64  c64  c64  c64  c64  c64  c64  c64  c64  c64
/// ```
///
/// ```
/// use pmi_array::Cast;
/// assert_eq!(((-1i32).cast::<u8>(), (-2.7f64).cast::<i8>(), 1e9f32.cast::<i16>()), (255, -2, i16::MAX));
/// assert!(f64::NAN.cast::<bool>());
/// ```
pub trait Cast: Copy {
    /// The number as a `U`.
    fn cast<U: Cast>(self) -> U;
    /// From an integer with a sign; other types convert through these.
    fn from_signed(x: i64) -> Self;
    /// From an integer without.
    fn from_unsigned(x: u64) -> Self;
    /// From a number in single precision.
    fn from_single(x: f32) -> Self;
    /// From a number in double precision.
    fn from_double(x: f64) -> Self;
    /// From a complex number in single precision.
    fn from_single_complex(x: Complex<f32>) -> Self;
    /// From a complex number in double precision.
    fn from_double_complex(x: Complex<f64>) -> Self;
}

/// How a type converts to others, and what it becomes of a real number and of a complex one.
macro_rules! casts {
    ($($type:ty: |$out:ident, $to:ident| $cast:expr, |$x:ident| $real:expr, |$re:ident, $im:ident| $complex:expr;)*) => {$(
        impl Cast for $type {
            #[inline(always)]
            fn cast<$to: Cast>(self) -> $to {
                let $out = self;
                $cast
            }
            #[inline(always)]
            fn from_signed($x: i64) -> Self {
                $real
            }
            #[inline(always)]
            fn from_unsigned($x: u64) -> Self {
                $real
            }
            #[inline(always)]
            fn from_single($x: f32) -> Self {
                $real
            }
            #[inline(always)]
            fn from_double($x: f64) -> Self {
                $real
            }
            #[inline(always)]
            fn from_single_complex(z: Complex<f32>) -> Self {
                let ($re, $im) = (z.re, z.im);
                $complex
            }
            #[inline(always)]
            fn from_double_complex(z: Complex<f64>) -> Self {
                let ($re, $im) = (z.re, z.im);
                $complex
            }
        }
    )*};
}

casts! {
    i8: |x, U| U::from_signed(x.into()), |x| x as i8, |re, _im| re as i8;
    i16: |x, U| U::from_signed(x.into()), |x| x as i16, |re, _im| re as i16;
    i32: |x, U| U::from_signed(x.into()), |x| x as i32, |re, _im| re as i32;
    i64: |x, U| U::from_signed(x), |x| x as i64, |re, _im| re as i64;
    u8: |x, U| U::from_unsigned(x.into()), |x| x as u8, |re, _im| re as u8;
    u16: |x, U| U::from_unsigned(x.into()), |x| x as u16, |re, _im| re as u16;
    u32: |x, U| U::from_unsigned(x.into()), |x| x as u32, |re, _im| re as u32;
    u64: |x, U| U::from_unsigned(x), |x| x as u64, |re, _im| re as u64;
    f32: |x, U| U::from_single(x), |x| x as f32, |re, _im| re as f32;
    f64: |x, U| U::from_double(x), |x| x as f64, |re, _im| re as f64;
    bool: |x, U| U::from_unsigned(x.into()), |x| x as f64 != 0.0, |re, im| re != 0.0 || im != 0.0;
    Complex<f32>: |z, U| U::from_single_complex(z), |x| Complex::new(x as f32, 0.0), |re, im| Complex::new(re as f32, im as f32);
    Complex<f64>: |z, U| U::from_double_complex(z), |x| Complex::new(x as f64, 0.0), |re, im| Complex::new(re as f64, im as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_wrap_around() {
        assert_eq!((300i32.cast::<u8>(), (-1i64).cast::<u32>(), 200u8.cast::<i8>()), (44, u32::MAX, -56));
        assert_eq!((u64::MAX.cast::<i64>(), i64::MIN.cast::<u64>(), true.cast::<i8>()), (-1, 1 << 63, 1));
    }

    #[test]
    fn floating_numbers_are_rounded_once() {
        assert_eq!((16_777_217i64.cast::<f32>(), u64::MAX.cast::<f64>()), (16_777_216.0, 18_446_744_073_709_551_616.0));
        assert_eq!((1e300f64.cast::<f32>(), 1e-300f64.cast::<f32>()), (f32::INFINITY, 0.0));
        // Through f64 this would be rounded twice, to the number below.
        let x = (1u64 << 54) + (1 << 30) + 1;
        assert_eq!(x.cast::<f32>(), (1u64 << 54) as f32 + (1u64 << 31) as f32);
        assert_eq!((2.9f64.cast::<i64>(), (-2.9f32).cast::<i8>(), f64::NAN.cast::<i32>()), (2, -2, 0));
        assert_eq!((1e10f32.cast::<u32>(), (-5.0f64).cast::<u16>()), (u32::MAX, 0));
    }

    #[test]
    fn truth_is_not_zero() {
        assert!(2i8.cast::<bool>() && f32::NAN.cast::<bool>() && f64::MIN_POSITIVE.cast::<bool>());
        assert!(f32::from_bits(1).cast::<bool>() && u64::MAX.cast::<bool>() && !(-0.0f64).cast::<bool>());
        assert!(Complex::new(0.0f32, 1.0).cast::<bool>() && !Complex::new(0.0f64, -0.0).cast::<bool>());
    }

    #[test]
    fn complex_numbers_lose_their_imaginary_part() {
        let z = Complex::new(-3.7f64, 2.0);
        assert_eq!((z.cast::<i16>(), z.cast::<f32>(), z.cast::<Complex<f32>>().im), (-3, -3.7, 2.0));
        assert_eq!(
            (7u8.cast::<Complex<f64>>(), true.cast::<Complex<f32>>()),
            (Complex::new(7.0, 0.0), Complex::new(1.0, 0.0))
        );
    }
}
