//! The smallest and the largest element: [`Min`], [`Max`], [`ArgMin`], [`ArgMax`].

use super::reducer::{Plain, Reducer};
use crate::element::Real;
use crate::expr::BLOCK;
use crate::simd::{Kernel, Vector, dispatch, level, prefetch};
use serde::{Deserialize, Serialize};

/// The lanes that a compiler turns into registers.
const LANES: usize = 32;

/// The best of some elements, by an order in which nothing is better than itself; a NaN is better than all else.
fn best<T: Real>(elements: &[T], better: impl Fn(T, T) -> bool + Copy) -> Option<T> {
    let first = *elements.first()?;
    let best = dispatch(level(), Best { elements, first, better });
    // Whether there are NaNs is found out on the way; which is the first, hardly ever.
    best.or_else(|| elements.iter().copied().find(|x| x.is_nan()))
}

/// The best of some elements; `None` where a NaN is one of them.
struct Best<'a, T, F> {
    elements: &'a [T],
    first: T,
    better: F,
}

impl<T: Real, F: Fn(T, T) -> bool + Copy> Kernel for Best<'_, T, F> {
    type Output = Option<T>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Option<T> {
        let Self { elements, first, better } = self;
        let (groups, rest) = elements.as_chunks::<LANES>();
        let (mut lanes, mut nan) = ([first; LANES], false);
        for group in groups {
            prefetch(group.as_ptr().wrapping_add(BLOCK), LANES);
            let mut nan_in_group = false;
            for l in 0..LANES {
                lanes[l] = if better(group[l], lanes[l]) { group[l] } else { lanes[l] };
                nan_in_group |= group[l].is_nan();
            }
            nan |= nan_in_group;
        }
        for (l, x) in rest.iter().enumerate() {
            lanes[l] = if better(*x, lanes[l]) { *x } else { lanes[l] };
            nan |= x.is_nan();
        }
        let mut half = LANES / 2;
        while half > 0 {
            for l in 0..half {
                lanes[l] = if better(lanes[l + half], lanes[l]) { lanes[l + half] } else { lanes[l] };
            }
            half /= 2;
        }
        if nan { None } else { Some(lanes[0]) }
    }
}

macro_rules! extremes {
    ($($(#[$doc:meta])* $name:ident; $(#[$arg_doc:meta])* $arg:ident: $better:tt;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Serialize, Deserialize)]
        pub struct $name;

        impl<T: Real> Reducer<T> for $name {
            type State = Option<T>;
            type Output = T;
            type Columns = Plain<T, Option<T>>;
            const NEEDS_SOME: bool = true;

            fn start(&self, _: T) -> Option<T> {
                None
            }
            fn add(&self, state: &mut Option<T>, elements: &[T], _: &dyn Fn(usize) -> usize) {
                self.join(state, &best(elements, |a, b| a $better b));
            }
            fn join(&self, state: &mut Option<T>, other: &Option<T>) {
                if let Some(x) = *other
                    && state.is_none_or(|best| !best.is_nan() && (x $better best || x.is_nan()))
                {
                    *state = Some(x);
                }
            }
            fn finish(&self, state: &Option<T>, _: usize) -> T {
                let best = state.expect("there are elements, and not only NaNs to be passed over");
                // Zeros of either sign are equal: which one was found first depends on the layout.
                if best == T::default() { T::default() } else { best }
            }
        }

        $(#[$arg_doc])*
        #[derive(Clone, Copy, Debug, Serialize, Deserialize)]
        pub struct $arg;

        impl<T: Real> Reducer<T> for $arg {
            /// The best and its number.
            type State = Option<(T, u64)>;
            type Output = usize;
            type Columns = Plain<T, Option<(T, u64)>>;
            const NEEDS_SOME: bool = true;
            const NEEDS_NUMBERS: bool = true;

            fn start(&self, _: T) -> Self::State {
                None
            }
            fn add(&self, state: &mut Self::State, elements: &[T], number: &dyn Fn(usize) -> usize) {
                let Some(x) = best(elements, |a, b| a $better b) else { return };
                if state.is_some_and(|(best, _)| best.is_nan() && !x.is_nan() || best $better x) {
                    return;
                }
                let same = |y: &T| *y == x || (x.is_nan() && y.is_nan());
                let i = elements.iter().position(same).expect("the best is one of them");
                Reducer::<T>::join(self, state, &Some((x, number(i) as u64)));
            }
            fn join(&self, state: &mut Self::State, other: &Self::State) {
                let Some((x, number)) = *other else { return };
                let wins = |(best, of): (T, u64)| match (best.is_nan(), x.is_nan()) {
                    (false, false) => x $better best || (x == best && number < of),
                    (true, true) => number < of,
                    (_, wins) => wins,
                };
                if state.is_none_or(wins) {
                    *state = Some((x, number));
                }
            }
            fn finish(&self, state: &Self::State, _: usize) -> usize {
                state.expect("there are elements, and not only NaNs to be passed over").1 as usize
            }
        }
    )*};
}

extremes! {
    /// The smallest element; NaN where there is one, as in NumPy. A zero is a positive one.
    Min;
    /// The place, in C order, of the smallest element: of the first where there are several, of the first NaN where there
    /// is one, as in NumPy.
    ArgMin: <;
    /// The largest element; NaN where there is one, as in NumPy. A zero is a positive one.
    Max;
    /// The place, in C order, of the largest element: of the first where there are several, of the first NaN where there
    /// is one, as in NumPy.
    ArgMax: >;
}
