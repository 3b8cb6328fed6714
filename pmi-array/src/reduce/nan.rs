//! Reductions that pass over NaNs: [`SkipNan`], [`NanReduce`].

use super::extremes::{ArgMax, ArgMin, Max, Min};
use super::moments::{Spread, Std, Var};
use super::reducer::{Plain, Reducer};
use super::sums::{Mean, Sum, Summable};
use super::whole::Reduce;
use crate::element::{Element, Real};
use crate::expr::Expression;
use serde::{Deserialize, Serialize};

/// What another reducer makes of the elements that are not NaN.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SkipNan<R>(pub R);

impl<T: Real, R: Reducer<T>> Reducer<T> for SkipNan<R> {
    /// The other's, and how many elements it was given.
    type State = (R::State, u64);
    type Output = R::Output;
    type Columns = Plain<T, (R::State, u64)>;
    const ORDERED: bool = R::ORDERED;
    const NEEDS_FIRST: bool = R::NEEDS_FIRST;
    const NEEDS_SOME: bool = R::NEEDS_SOME;
    const NEEDS_NUMBERS: bool = R::NEEDS_NUMBERS;

    fn start(&self, first: T) -> Self::State {
        (self.0.start(first), 0)
    }
    fn add(&self, (state, count): &mut Self::State, elements: &[T], number: &dyn Fn(usize) -> usize) {
        if !elements.iter().any(|x| x.is_nan()) {
            *count += elements.len() as u64;
            return self.0.add(state, elements, number);
        }
        let there: Vec<usize> = (0..elements.len()).filter(|i| !elements[*i].is_nan()).collect();
        let numbers: Vec<T> = there.iter().map(|i| elements[*i]).collect();
        if !numbers.is_empty() {
            *count += numbers.len() as u64;
            self.0.add(state, &numbers, &|i| number(there[i]));
        }
    }
    fn join(&self, state: &mut Self::State, other: &Self::State) {
        self.0.join(&mut state.0, &other.0);
        state.1 += other.1;
    }
    fn finish(&self, (state, count): &Self::State, _: usize) -> R::Output {
        self.0.finish(state, *count as usize)
    }
}

/// Reductions of the elements that are not NaN, under NumPy's names; as [`Reduce`]'s otherwise. For axes,
/// [`Over::aggregate`](super::Over::aggregate) takes [`SkipNan`].
///
/// ```
/// use pmi_array::{DistArray, NanReduce};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_fn(4, |i| if i == 2 { f64::NAN } else { i as f64 });
/// assert_eq!((a.nansum(), a.nanmax(), a.nanargmax()), (4.0, 3.0, 3));
/// # })
/// ```
pub trait NanReduce: Expression {
    /// The sum; 0 where all are NaN.
    #[track_caller]
    fn nansum(&self) -> <Self::Elem as Element>::Sum
    where
        Self::Elem: Real + Summable,
    {
        self.aggregate(SkipNan(Sum))
    }

    /// The mean; NaN where all are.
    #[track_caller]
    fn nanmean(&self) -> <Self::Elem as Summable>::Mean
    where
        Self::Elem: Real + Summable,
    {
        self.aggregate(SkipNan(Mean))
    }

    /// The variance; NaN where all are.
    #[track_caller]
    fn nanvar(&self) -> <Self::Elem as Spread>::Real
    where
        Self::Elem: Real + Spread,
    {
        self.aggregate(SkipNan(Var { ddof: 0 }))
    }

    /// The standard deviation; NaN where all are.
    #[track_caller]
    fn nanstd(&self) -> <Self::Elem as Spread>::Real
    where
        Self::Elem: Real + Spread,
    {
        self.aggregate(SkipNan(Std { ddof: 0 }))
    }

    /// The smallest element.
    ///
    /// # Panics
    /// Where all elements are NaN, or there are none.
    #[track_caller]
    fn nanmin(&self) -> Self::Elem
    where
        Self::Elem: Real,
    {
        self.aggregate(SkipNan(Min))
    }

    /// The largest element.
    ///
    /// # Panics
    /// Where all elements are NaN, or there are none.
    #[track_caller]
    fn nanmax(&self) -> Self::Elem
    where
        Self::Elem: Real,
    {
        self.aggregate(SkipNan(Max))
    }

    /// The place in C order of the smallest element.
    ///
    /// # Panics
    /// Where all elements are NaN, or there are none.
    #[track_caller]
    fn nanargmin(&self) -> usize
    where
        Self::Elem: Real,
    {
        self.aggregate(SkipNan(ArgMin))
    }

    /// The place in C order of the largest element.
    ///
    /// # Panics
    /// Where all elements are NaN, or there are none.
    #[track_caller]
    fn nanargmax(&self) -> usize
    where
        Self::Elem: Real,
    {
        self.aggregate(SkipNan(ArgMax))
    }
}

impl<X: Expression> NanReduce for X {}
