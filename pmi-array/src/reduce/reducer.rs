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
    /// Whether [`add`](Reducer::add) asks for the places of elements.
    const NEEDS_NUMBERS: bool = false;

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
    /// How many bytes a group takes, which are loaded and stored for each few rows.
    const BYTES: usize;
    /// Whether rows are turned into runs here: whoever has runs need not make rows of them.
    const BY_RUNS: bool;

    /// Of so many groups, without elements; rows that are in memory lie `stride` elements apart.
    fn new(reducer: &R, width: usize, stride: usize, first: T) -> Self;

    /// Takes in a piece of some rows, of the groups from number `from` on, one element of each row for each; `number(i)` is
    /// the place of row `i` along the reduced axes. The pieces of these rows come from left to right, each of all the rows
    /// and all but the last a multiple of 8 elements wide, before any of the next rows. More than 8 rows come whole.
    fn add(&mut self, reducer: &R, from: usize, rows: &[&[T]], number: &dyn Fn(usize) -> usize);

    /// The states.
    fn into_states(self, reducer: &R) -> Vec<R::State>;
}

/// How many rows are turned into columns before these are added: enough for what is done once for each column.
const DEPTH: usize = 32;

/// States one by one, which get their elements as runs.
pub struct Plain<T, S> {
    states: Vec<S>,
    /// The elements of some rows, column by column, with room for [`DEPTH`] of each.
    turned: Vec<T>,
    /// The places of these rows.
    numbers: Vec<usize>,
    /// How many of them are whole.
    rows: usize,
}

impl<T: Element, S> Plain<T, S> {
    fn flush<R: Reducer<T, State = S>>(&mut self, reducer: &R) {
        for (state, column) in self.states.iter_mut().zip(self.turned.chunks_exact(DEPTH)) {
            reducer.add(state, &column[..self.rows], &|i| self.numbers[i]);
        }
        self.numbers.clear();
        self.rows = 0;
    }
}

impl<T: Element, R: Reducer<T>> Columns<T, R> for Plain<T, R::State> {
    const BYTES: usize = size_of::<R::State>() + DEPTH * size_of::<T>();
    const BY_RUNS: bool = true;

    fn new(reducer: &R, width: usize, _: usize, first: T) -> Self {
        let (states, turned) = (vec![reducer.start(first); width], vec![T::default(); width * DEPTH]);
        Self { states, turned, numbers: Vec::with_capacity(DEPTH), rows: 0 }
    }

    fn add(&mut self, reducer: &R, from: usize, rows: &[&[T]], number: &dyn Fn(usize) -> usize) {
        for (chunk, rows) in rows.chunks(DEPTH).enumerate() {
            if from == 0 {
                if self.rows + rows.len() > DEPTH {
                    self.flush(reducer);
                }
                if R::NEEDS_NUMBERS {
                    self.numbers.extend((0..rows.len()).map(|i| number(chunk * DEPTH + i)));
                }
            }
            let (width, columns) = (rows[0].len(), self.turned[from * DEPTH..].chunks_exact_mut(DEPTH));
            if let [a, b, c, d] = rows {
                for ((((to, a), b), c), d) in columns.zip(*a).zip(*b).zip(*c).zip(*d) {
                    to[self.rows..self.rows + 4].copy_from_slice(&[*a, *b, *c, *d]);
                }
            } else {
                for (column, to) in columns.take(width).enumerate() {
                    to[self.rows..].iter_mut().zip(rows).for_each(|(to, row)| *to = row[column]);
                }
            }
            if from + width == self.states.len() {
                self.rows += rows.len();
            }
        }
    }

    fn into_states(mut self, reducer: &R) -> Vec<R::State> {
        self.flush(reducer);
        self.states
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
            const NEEDS_NUMBERS: bool = $($name::NEEDS_NUMBERS)||+;

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
            const BYTES: usize = 0 $(+ $name::Columns::BYTES)+;
            const BY_RUNS: bool = $($name::Columns::BY_RUNS)||+;

            fn new(reducer: &($($name,)+), width: usize, stride: usize, first: T) -> Self {
                ($($name::Columns::new(&reducer.$n, width, stride, first),)+)
            }
            fn add(&mut self, reducer: &($($name,)+), from: usize, rows: &[&[T]], number: &dyn Fn(usize) -> usize) {
                $(self.$n.add(&reducer.$n, from, rows, number);)+
            }
            #[allow(non_snake_case, reason = "one name for a type and its states")]
            fn into_states(self, reducer: &($($name,)+)) -> Vec<($($name::State,)+)> {
                $(let mut $name = self.$n.into_states(&reducer.$n).into_iter();)+
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
