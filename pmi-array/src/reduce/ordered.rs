//! Reductions by operators whose order matters.

use super::pieces::{CHUNK, Pieces, Rule};
use super::reducer::{Plain, Reducer};
use super::sums::Summable;
use crate::array::expect;
use crate::element::Element;
use crate::expr::{Expression, Frame, fill};
use crate::layout::Layout;
use crate::memory::{memory, recycle};
use pmi::op::Operator;
use pmi::{Argument, Code, Task};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Folds with an operator of the user's, from left to right.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Fold<O>(pub(super) Code<O>);

impl<O> Clone for Fold<O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O> Copy for Fold<O> {}

impl<T: Copy, O: Operator<T>> Rule<T, T> for Fold<O> {
    fn fold(&self, elements: &[T]) -> T {
        let op = self.0.get();
        let (first, rest) = elements.split_first().expect("a chunk has elements");
        rest.iter().fold(*first, |a, b| op.apply(a, *b))
    }
    fn combine(&self, left: T, right: T) -> T {
        self.0.get().apply(left, right)
    }
}

/// Multiplies.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Multiply;

impl<T: Summable> Rule<T, T::Sum> for Multiply {
    fn fold(&self, elements: &[T]) -> T::Sum {
        // Not from 1 on: as a complex number, it times infinity is NaN.
        let (first, rest) = elements.split_first().expect("a chunk has elements");
        rest.iter().fold(first.to_sum(), |product, x| T::multiply(product, x.to_sum()))
    }
    fn combine(&self, left: T::Sum, right: T::Sum) -> T::Sum {
        T::multiply(left, right)
    }
}

/// Folds with an operator of the user's, along axes.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct FoldAlong<O>(pub(super) Code<O>);

impl<O> Clone for FoldAlong<O> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<T: Element, O: Operator<T>> Reducer<T> for FoldAlong<O> {
    type State = Option<T>;
    type Output = T;
    type Columns = Plain<T, Option<T>>;
    const ORDERED: bool = true;
    const NEEDS_SOME: bool = true;

    fn start(&self, _: T) -> Option<T> {
        None
    }
    fn add(&self, state: &mut Option<T>, elements: &[T], _: &dyn Fn(usize) -> usize) {
        let op = self.0.get();
        for x in elements {
            *state = Some(state.map_or(*x, |all| op.apply(all, *x)));
        }
    }
    fn join(&self, _: &mut Option<T>, _: &Option<T>) {
        unreachable!("what is ordered is not joined");
    }
    fn finish(&self, state: &Option<T>, _: usize) -> T {
        state.expect("there are elements")
    }
}

/// Multiplies, along axes.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Multiplied;

impl<T: Summable> Reducer<T> for Multiplied {
    type State = Option<T::Sum>;
    type Output = T::Sum;
    type Columns = Plain<T, Option<T::Sum>>;
    const ORDERED: bool = true;

    fn start(&self, _: T) -> Option<T::Sum> {
        None
    }
    fn add(&self, state: &mut Option<T::Sum>, elements: &[T], _: &dyn Fn(usize) -> usize) {
        for x in elements {
            *state = Some(state.map_or(x.to_sum(), |product| T::multiply(product, x.to_sum())));
        }
    }
    fn join(&self, _: &mut Option<T::Sum>, _: &Option<T::Sum>) {
        unreachable!("what is ordered is not joined");
    }
    fn finish(&self, state: &Option<T::Sum>, _: usize) -> T::Sum {
        state.unwrap_or(T::ONE)
    }
}

/// All elements of an expression combined by a rule; `None` of none. In blocks of rows, whatever the operands' layouts.
#[track_caller]
pub(super) fn in_order<X, R, U>(expression: &X, rule: U) -> Option<R>
where
    X: Expression,
    R: Argument + Send,
    U: Rule<X::Elem, R> + Argument + Send + Sync + 'static,
{
    let node = expression.node();
    let layout = Layout::new(&crate::expr::Node::shape(&node), expect(pmi::size()));
    let reduce = |task: &Task, (layout, node, rule): (Layout, X::Node, U)| {
        let frame = Frame::new(task, &layout);
        let mut elements = memory::<X::Elem>(frame.place.len());
        fill(&node, &frame, &mut elements);
        let start = layout.elements(task.rank()).start;
        let fold =
            |chunks: &[X::Elem]| task.install(|| chunks.par_chunks(CHUNK).map(|chunk| rule.fold(chunk)).collect());
        let pieces = Pieces::new(rule, start, &elements, fold);
        recycle(elements);
        pieces
    };
    let join = |left: Pieces<X::Elem, R, U>, right| left.join(right);
    expect(pmi::reduce(reduce, (layout, node, rule), join)).finish()
}

#[cfg(test)]
mod tests {
    use crate::{DistArray, Reduce};
    use num_complex::Complex;

    #[test]
    fn products_of_infinite_complex_numbers() {
        pmi::with_tasks(2, || {
            let a = DistArray::full((1, 1), Complex::new(f64::INFINITY, 0.0));
            assert_eq!(a.prod(), Complex::new(f64::INFINITY, 0.0));
            assert_eq!(a.over(0).prod().to_vec().unwrap(), [a.prod()]);
            let none = DistArray::<Complex<f64>, _>::zeros((0, 1));
            assert_eq!((none.prod(), none.over(0).prod().to_vec().unwrap()[0]), (1.0.into(), 1.0.into()));
        });
    }
}
