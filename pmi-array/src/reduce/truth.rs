//! Questions about all elements: [`All`], [`Any`], [`Count`].

use super::reducer::{Plain, Reducer};
use crate::element::Element;
use serde::{Deserialize, Serialize};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident -> $out:ty = |$nonzero:ident, $count:ident| $value:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Serialize, Deserialize)]
        pub struct $name;

        impl<T: Element> Reducer<T> for $name {
            /// How many are not 0.
            type State = u64;
            type Output = $out;
            type Columns = Plain<u64>;

            fn start(&self, _: T) -> u64 {
                0
            }
            #[inline(always)]
            fn add(&self, state: &mut u64, elements: &[T], _: &dyn Fn(usize) -> usize) {
                *state += elements.iter().map(|x| u64::from(*x != T::default())).sum::<u64>();
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
