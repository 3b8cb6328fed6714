//! Questions about all elements: [`All`], [`Any`], [`Count`].

use super::reducer::{Plain, Reducer};
use crate::element::Element;
use crate::simd::{Kernel, Vector, dispatch, level};
use serde::{Deserialize, Serialize};

/// How many elements are not 0.
struct Nonzero<'a, T>(&'a [T]);

impl<T: Element> Kernel for Nonzero<'_, T> {
    type Output = u64;

    #[inline(always)]
    fn run<V: Vector>(self) -> u64 {
        let mut count = 0;
        for x in self.0 {
            count += u64::from(*x != T::default());
        }
        count
    }
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident -> $out:ty = |$nonzero:ident, $count:ident| $value:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Serialize, Deserialize)]
        pub struct $name;

        impl<T: Element> Reducer<T> for $name {
            /// How many are not 0.
            type State = u64;
            type Output = $out;
            type Columns = Plain<T, u64>;

            fn start(&self, _: T) -> u64 {
                0
            }
            fn add(&self, state: &mut u64, elements: &[T], _: &dyn Fn(usize) -> usize) {
                *state += dispatch(level(), Nonzero(elements));
            }
            fn join(&self, state: &mut u64, other: &u64) {
                *state += other;
            }
            fn finish(&self, state: &u64, $count: usize) -> $out {
                let $nonzero = *state as usize;
                $value
            }
        }
    )*};
}

counts! {
    /// Whether no element is 0 or `false`; true of no elements.
    All -> bool = |nonzero, count| nonzero == count;
    /// Whether an element is neither 0 nor `false`; false of no elements.
    Any -> bool = |nonzero, _count| nonzero > 0;
    /// How many elements are neither 0 nor `false`: NumPy's `count_nonzero`.
    Count -> usize = |nonzero, _count| nonzero;
}
