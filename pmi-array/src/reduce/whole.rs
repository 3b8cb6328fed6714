//! Reductions of all elements to one value.

use super::axes::Over;
use super::extremes::{ArgMax, ArgMin, Max, Min};
use super::moments::{Spread, Std, Var};
use super::ordered::{Fold, Multiply, in_order};
use super::reducer::Reducer;
use super::sums::{Mean, Sum, Summable};
use super::truth::{All, Any, Count};
use crate::array::expect;
use crate::element::{Element, Real};
use crate::expr::{Expression, Frame, Node, Number, first_element, fold, result_layout};
use crate::layout::Layout;
use ndarray::{Dimension, IxDyn, RemoveAxis};
use pmi::op::Operator;
use pmi::{Code, Task};
use serde::{Deserialize, Serialize};

/// What a task knows, on its way up.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Partial<T: Element, R: Reducer<T>> {
    reducer: R,
    state: R::State,
}

impl<T: Element, R: Reducer<T>> Partial<T, R> {
    fn join(mut self, other: Self) -> Self {
        self.reducer.join(&mut self.state, &other.state);
        self
    }
}

/// Reductions: what makes one value of all elements of an array or an expression, or of those along [some
/// axes](Reduce::over).
///
/// Each is one command and one pass over the operands; a task sends one message of some bytes. Nothing depends on the
/// number of tasks and threads, nor on the layout: floating-point sums, and means, variances, dot products and norms,
/// which are made of them, are exact but for what is below 2^-79 of the largest term, and rounded once (Demmel and
/// Nguyen, *Parallel reproducible summation*, IEEE Trans. Comput. 64, 2015).
///
/// ```
/// use pmi_array::{DistArray, Reduce, reduce::{Max, Mean}};
/// # pmi::with_tasks(3, || {
/// let a = DistArray::from_fn(10, |i| i as f64);
/// assert_eq!((a.sum(), a.min(), a.argmax(), a.mean()), (45.0, 0.0, 9, 4.5));
/// assert_eq!((&a * &a).sum(), 285.0); // no temporary
/// assert_eq!(a.aggregate((Mean, Max)), (4.5, 9.0)); // one pass for both
/// # })
/// ```
///
/// # Panics
/// All methods panic where a closure in the expression panics, with the index of the element, and where the calling
/// thread does not control the arrays' world.
pub trait Reduce: Expression {
    /// What a reducer, or a tuple of up to six, makes of all elements, in one pass.
    ///
    /// # Panics
    /// Where there are no elements and a reducer needs some ([`Min`], [`Max`], [`ArgMin`], [`ArgMax`]).
    #[track_caller]
    fn aggregate<R: Reducer<Self::Elem>>(&self, reducer: R) -> R::Output {
        if R::NEEDS_SOME {
            require_elements(self, "aggregate");
        }
        let node = self.node();
        let layout = result_layout(&node, expect(pmi::size()));
        let count = layout.len();
        let aggregate = |task: &Task, (layout, node, reducer): (Layout, Self::Node, R)| {
            let frame = Frame::new(task, &layout);
            let held = node.hold(&frame);
            let first = if R::NEEDS_FIRST { first_element(&held, &frame) } else { Self::Elem::default() };
            let place = &frame.place;
            let add = |state: &mut R::State, start: usize, block: &[Self::Elem]| {
                reducer.add(state, block, &|i| place.number(start + i));
            };
            let states = fold(&held, &frame, || reducer.start(first), add);
            let state = states.into_iter().reduce(|mut all, next| {
                reducer.join(&mut all, &next);
                all
            });
            Partial { state: state.unwrap_or_else(|| reducer.start(first)), reducer }
        };
        let args = (layout, node, reducer);
        let all = expect(pmi::reduce(aggregate, args, |a: Partial<Self::Elem, R>, b| a.join(b)));
        all.reducer.finish(&all.state, count)
    }

    /// All elements combined by `op`, a function of two elements or a constant of [`pmi::op`]; `None` where there are
    /// none.
    ///
    /// `op` must be associative. It is applied in an order that depends on the number of elements alone, neighbours in C
    /// order first, so that even a floating-point result does not depend on tasks and threads. Arrays in other layouts
    /// than blocks of rows are moved to such first. Each task sends a few results, and at most 8190 elements at its edges.
    ///
    /// ```
    /// use pmi_array::{DistArray, Reduce};
    /// # pmi::with_tasks(3, || {
    /// let a = DistArray::from_fn(10, |i| i as i64 + 1);
    /// assert_eq!(a.reduce(|a, b| a * b), Some(3_628_800));
    /// assert_eq!(a.reduce(pmi::op::MAX), Some(10));
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where `op` panics.
    #[track_caller]
    fn reduce<O: Operator<Self::Elem>>(&self, op: O) -> Option<Self::Elem> {
        in_order(self, Fold(Code::new(op)))
    }

    /// The sum of all elements: in 64 bits for integers and `bool`, wrapping around; in their own type for others.
    #[track_caller]
    fn sum(&self) -> <Self::Elem as Element>::Sum
    where
        Self::Elem: Summable,
    {
        self.aggregate(Sum)
    }

    /// The product of all elements, 1 of none: in the type of [`sum`](Reduce::sum), in the order of
    /// [`reduce`](Reduce::reduce).
    #[track_caller]
    fn prod(&self) -> <Self::Elem as Element>::Sum
    where
        Self::Elem: Summable,
    {
        in_order(self, Multiply).unwrap_or(Self::Elem::ONE)
    }

    /// The smallest element; NaN where there is one.
    ///
    /// # Panics
    /// Where there are no elements.
    #[track_caller]
    fn min(&self) -> Self::Elem
    where
        Self::Elem: Real,
    {
        require_elements(self, "min");
        self.aggregate(Min)
    }

    /// The largest element; NaN where there is one.
    ///
    /// # Panics
    /// Where there are no elements.
    #[track_caller]
    fn max(&self) -> Self::Elem
    where
        Self::Elem: Real,
    {
        require_elements(self, "max");
        self.aggregate(Max)
    }

    /// The place in C order of the smallest element: of the first, where several are, and of the first NaN, where there
    /// is one.
    ///
    /// # Panics
    /// Where there are no elements.
    #[track_caller]
    fn argmin(&self) -> usize
    where
        Self::Elem: Real,
    {
        require_elements(self, "argmin");
        self.aggregate(ArgMin)
    }

    /// The place in C order of the largest element: of the first, where several are, and of the first NaN, where there
    /// is one.
    ///
    /// # Panics
    /// Where there are no elements.
    #[track_caller]
    fn argmax(&self) -> usize
    where
        Self::Elem: Real,
    {
        require_elements(self, "argmax");
        self.aggregate(ArgMax)
    }

    /// The largest element less the smallest: NumPy's `ptp`.
    ///
    /// # Panics
    /// Where there are no elements.
    #[track_caller]
    fn ptp(&self) -> Self::Elem
    where
        Self::Elem: Real + Number,
    {
        require_elements(self, "ptp");
        let (min, max) = self.aggregate((Min, Max));
        max.minus(min)
    }

    /// The mean: an `f64` for integers and `bool`; NaN of no elements.
    #[track_caller]
    fn mean(&self) -> <Self::Elem as Summable>::Mean
    where
        Self::Elem: Summable,
    {
        self.aggregate(Mean)
    }

    /// The mean of the squared distances from the mean; NaN of no elements. [`Var`] takes degrees of freedom off.
    #[track_caller]
    fn var(&self) -> <Self::Elem as Spread>::Real
    where
        Self::Elem: Real + Spread,
    {
        self.aggregate(Var { ddof: 0 })
    }

    /// The standard deviation, the square root of [`var`](Reduce::var). [`Std`] takes degrees of freedom off.
    #[track_caller]
    fn std(&self) -> <Self::Elem as Spread>::Real
    where
        Self::Elem: Real + Spread,
    {
        self.aggregate(Std { ddof: 0 })
    }

    /// Whether no element is 0 or `false`.
    #[track_caller]
    fn all(&self) -> bool {
        self.aggregate(All)
    }

    /// Whether an element is neither 0 nor `false`.
    #[track_caller]
    fn any(&self) -> bool {
        self.aggregate(Any)
    }

    /// How many elements are neither 0 nor `false`: NumPy's `count_nonzero`.
    #[track_caller]
    fn count(&self) -> usize {
        self.aggregate(Count)
    }

    /// Its elements along one axis, to be reduced.
    ///
    /// # Panics
    /// Where there is no such axis.
    #[track_caller]
    fn over(&self, axis: usize) -> Over<Self::Node, <Self::Dim as Dimension>::Smaller>
    where
        Self::Dim: RemoveAxis,
    {
        Over::new(self.node(), &[axis])
    }

    /// Its elements along several axes, to be reduced.
    ///
    /// # Panics
    /// Where there is no such axis, or one is named twice.
    #[track_caller]
    fn over_axes(&self, axes: &[usize]) -> Over<Self::Node, IxDyn> {
        Over::new(self.node(), axes)
    }
}

impl<X: Expression> Reduce for X {}

#[track_caller]
fn require_elements(expression: &impl Expression, name: &str) {
    let shape = expression.node().shape();
    assert!(!shape.contains(&0), "{name} of an array without elements (shape {shape:?})");
}
