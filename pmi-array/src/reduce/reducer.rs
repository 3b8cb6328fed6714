//! [`Reducer`]: how elements become one value.

use crate::element::Element;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A rule that makes one value of many elements, in any order and any grouping.
///
/// The constants of [`crate::reduce`] and tuples of them are reducers; [`Reduce::aggregate`](super::Reduce::aggregate)
/// applies them.
pub trait Reducer<T: Element>: Clone + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// What is known of some of the elements.
    type State: Clone + Send + Serialize + DeserializeOwned;
    /// The value.
    type Output;
    /// The states of many groups of elements.
    type Columns: Columns<T, Self>;

    /// Whether elements must be added in C order, and states never be joined.
    const ORDERED: bool = false;
    /// Whether [`start`](Reducer::start) looks at the first element.
    const NEEDS_FIRST: bool = false;
    /// Whether there is no value of no elements.
    const NEEDS_SOME: bool = false;

    /// What is known of no elements; `first` is the one at index 0 of all, or any.
    fn start(&self, first: T) -> Self::State;

    /// Takes in a block of elements; `number(i)` is the place of element `i` in the C order of all. These ascend.
    fn add(&self, state: &mut Self::State, elements: &[T], number: &dyn Fn(usize) -> usize);

    /// Takes in what is known of other elements.
    fn join(&self, state: &mut Self::State, other: &Self::State);

    /// The value of `count` elements.
    fn finish(&self, state: &Self::State, count: usize) -> Self::Output;
}

/// The states of a row of groups that get elements together, one each.
pub trait Columns<T: Element, R: Reducer<T>>: Send {
    /// Of so many groups, without elements; rows that are in memory lie `stride` elements apart.
    fn new(reducer: &R, width: usize, stride: usize, first: T) -> Self;

    /// Takes in a piece of some rows, of the groups from number `from` on, one element of each row for each; `number(i)` is
    /// the place of row `i` along the reduced axes. The pieces of these rows come from left to right, each of all the rows
    /// and all but the last a multiple of 8 elements wide, before any of the next rows.
    fn add(&mut self, reducer: &R, from: usize, rows: &[&[T]], number: &dyn Fn(usize) -> usize);

    /// The states.
    fn into_states(self) -> Vec<R::State>;
}

/// States one by one.
pub struct Plain<S>(Vec<S>);

impl<T: Element, R: Reducer<T>> Columns<T, R> for Plain<R::State> {
    fn new(reducer: &R, width: usize, _: usize, first: T) -> Self {
        Self(vec![reducer.start(first); width])
    }

    fn add(&mut self, reducer: &R, from: usize, rows: &[&[T]], number: &dyn Fn(usize) -> usize) {
        for (i, row) in rows.iter().enumerate() {
            for (state, x) in self.0[from..].iter_mut().zip(*row) {
                reducer.add(state, std::slice::from_ref(x), &|_| number(i));
            }
        }
    }

    fn into_states(self) -> Vec<R::State> {
        self.0
    }
}

macro_rules! tuples {
    ($(($($name:ident $n:tt),+))*) => {$(
        impl<T: Element, $($name: Reducer<T>),+> Reducer<T> for ($($name,)+) {
            type State = ($($name::State,)+);
            type Output = ($($name::Output,)+);
            type Columns = ($($name::Columns,)+);
            const ORDERED: bool = $($name::ORDERED)||+;
            const NEEDS_FIRST: bool = $($name::NEEDS_FIRST)||+;
            const NEEDS_SOME: bool = $($name::NEEDS_SOME)||+;

            fn start(&self, first: T) -> Self::State {
                ($(self.$n.start(first),)+)
            }
            fn add(&self, state: &mut Self::State, elements: &[T], number: &dyn Fn(usize) -> usize) {
                $(self.$n.add(&mut state.$n, elements, number);)+
            }
            fn join(&self, state: &mut Self::State, other: &Self::State) {
                $(self.$n.join(&mut state.$n, &other.$n);)+
            }
            fn finish(&self, state: &Self::State, count: usize) -> Self::Output {
                ($(self.$n.finish(&state.$n, count),)+)
            }
        }

        impl<T: Element, $($name: Reducer<T>),+> Columns<T, ($($name,)+)> for ($($name::Columns,)+) {
            fn new(reducer: &($($name,)+), width: usize, stride: usize, first: T) -> Self {
                ($($name::Columns::new(&reducer.$n, width, stride, first),)+)
            }
            fn add(&mut self, reducer: &($($name,)+), from: usize, rows: &[&[T]], number: &dyn Fn(usize) -> usize) {
                $(self.$n.add(&reducer.$n, from, rows, number);)+
            }
            #[allow(non_snake_case, reason = "one name for a type and its states")]
            fn into_states(self) -> Vec<($($name::State,)+)> {
                $(let mut $name = self.$n.into_states().into_iter();)+
                std::iter::from_fn(|| Some(($($name.next()?,)+))).collect()
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, E 3)
    (A 0, B 1, C 2, E 3, F 4)
    (A 0, B 1, C 2, E 3, F 4, G 5)
}
