//! Operators for reductions: functions of two values, and the named ones of MPI.

/// Combines two values of a reduction into one.
///
/// Any function or non-capturing closure `fn(T, T) -> T` is an operator, and so are the constants of this module.
/// It must be associative; it need not commute, as values are always combined in the order of the ranks.
pub trait Operator<T>: Copy + Send + Sync + 'static {
    /// What the transport may know this operator as; `None` where it must call [`apply`](Operator::apply).
    #[doc(hidden)]
    const NATIVE: Option<Native> = None;

    /// The combination of `a`, from the lower ranks, with `b`, from the higher ones.
    fn apply(&self, a: T, b: T) -> T;
}

impl<T, F: Fn(T, T) -> T + Copy + Send + Sync + 'static> Operator<T> for F {
    fn apply(&self, a: T, b: T) -> T {
        self(a, b)
    }
}

/// The operators that MPI has built in for numbers.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Native {
    Sum,
    Prod,
    Min,
    Max,
    And,
    Or,
    Xor,
}

macro_rules! operators {
    ($($(#[$doc:meta])* $constant:ident $name:ident;)*) => {$(
        #[doc = concat!("The type of [`", stringify!($constant), "`].")]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        $(#[$doc])*
        pub const $constant: $name = $name;
    )*};
}

operators! {
    /// The sum; integers wrap around, as in MPI.
    SUM Sum;
    /// The product; integers wrap around, as in MPI.
    PROD Prod;
    /// The smaller value; a NaN wins over numbers, as in NumPy.
    MIN Min;
    /// The larger value; a NaN wins over numbers, as in NumPy.
    MAX Max;
    /// Bitwise and; logical for `bool`.
    AND And;
    /// Bitwise or; logical for `bool`.
    OR Or;
    /// Bitwise exclusive or; logical for `bool`.
    XOR Xor;
    /// Of two pairs `(value, index)` the one with the smaller value; of equal values the smaller index.
    MINLOC MinLoc;
    /// Of two pairs `(value, index)` the one with the larger value; of equal values the smaller index.
    MAXLOC MaxLoc;
}

macro_rules! native {
    ($op:ident, $type:ty, |$a:ident, $b:ident| $body:expr) => {
        impl Operator<$type> for $op {
            const NATIVE: Option<Native> = Some(Native::$op);
            #[inline]
            fn apply(&self, $a: $type, $b: $type) -> $type {
                $body
            }
        }
    };
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        native!(Sum, $type, |a, b| a.wrapping_add(b));
        native!(Prod, $type, |a, b| a.wrapping_mul(b));
        native!(Min, $type, |a, b| a.min(b));
        native!(Max, $type, |a, b| a.max(b));
        native!(And, $type, |a, b| a & b);
        native!(Or, $type, |a, b| a | b);
        native!(Xor, $type, |a, b| a ^ b);
    )*};
}
integers!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

macro_rules! floats {
    ($($type:ty)*) => {$(
        native!(Sum, $type, |a, b| a + b);
        native!(Prod, $type, |a, b| a * b);
        // Not native: MPI leaves open what a NaN does in its MIN and MAX.
        impl Operator<$type> for Min {
            #[inline]
            fn apply(&self, a: $type, b: $type) -> $type {
                if a.is_nan() || a < b { a } else { b }
            }
        }
        impl Operator<$type> for Max {
            #[inline]
            fn apply(&self, a: $type, b: $type) -> $type {
                if a.is_nan() || a > b { a } else { b }
            }
        }
    )*};
}
floats!(f32 f64);

macro_rules! complex {
    ($($type:ty)*) => {$(
        impl Operator<num_complex::Complex<$type>> for Sum {
            fn apply(&self, a: num_complex::Complex<$type>, b: num_complex::Complex<$type>) -> num_complex::Complex<$type> {
                a + b
            }
        }
        impl Operator<num_complex::Complex<$type>> for Prod {
            fn apply(&self, a: num_complex::Complex<$type>, b: num_complex::Complex<$type>) -> num_complex::Complex<$type> {
                a * b
            }
        }
    )*};
}
complex!(f32 f64);

macro_rules! logical {
    ($($op:ident |$a:ident, $b:ident| $body:expr;)*) => {$(
        impl Operator<bool> for $op {
            fn apply(&self, $a: bool, $b: bool) -> bool {
                $body
            }
        }
    )*};
}
logical! {
    And |a, b| a & b;
    Or |a, b| a | b;
    Xor |a, b| a ^ b;
}

impl<T: PartialOrd + 'static, I: PartialOrd + 'static> Operator<(T, I)> for MinLoc {
    fn apply(&self, a: (T, I), b: (T, I)) -> (T, I) {
        pick(a, b, |x, y| x < y)
    }
}

impl<T: PartialOrd + 'static, I: PartialOrd + 'static> Operator<(T, I)> for MaxLoc {
    fn apply(&self, a: (T, I), b: (T, I)) -> (T, I) {
        pick(a, b, |x, y| x > y)
    }
}

/// The pair whose value is `better`; a value that is not equal to itself (NaN) beats every other, as in NumPy.
#[allow(clippy::eq_op)] // the test for NaN that any `PartialOrd` has
fn pick<T: PartialOrd, I: PartialOrd>(a: (T, I), b: (T, I), better: fn(&T, &T) -> bool) -> (T, I) {
    let (a_nan, b_nan) = (a.0 != a.0, b.0 != b.0);
    let a_wins = match (a_nan, b_nan) {
        (true, false) => true,
        (false, true) => false,
        (true, true) => a.1 <= b.1,
        (false, false) if a.0 == b.0 => a.1 <= b.1,
        (false, false) => better(&a.0, &b.0),
    };
    if a_wins { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_operators_follow_numpy() {
        assert_eq!(SUM.apply(250u8, 10), 4);
        assert!(MIN.apply(1.0, f64::NAN).is_nan() && MAX.apply(f64::NAN, 1.0).is_nan());
        assert_eq!(MINLOC.apply((2.0, 5u64), (2.0, 3)), (2.0, 3));
        assert_eq!(MAXLOC.apply((2.0, 5u64), (1.0, 3)), (2.0, 5));
        assert_eq!(MAXLOC.apply((2.0, 5u64), (f64::NAN, 9)).1, 9);
        assert!(XOR.apply(true, false) && !AND.apply(true, false));
        assert_eq!((|a: i32, b: i32| a - b).apply(5, 3), 2);
    }
}
