//! Reductions to one value.

mod pieces;

use crate::array::{DistArray, GRAIN, expect};
use crate::element::{Element, Real};
use ndarray::Dimension;
use pieces::{CHUNK, Pieces, Rule};
use pmi::op::Operator;
use pmi::{Argument, Code, Task};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Folds with an operator of the user's, from left to right.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Fold<O>(Code<O>);

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

/// Adds, in lanes that a compiler can vectorise.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Add;

impl<T: Element> Rule<T, T::Sum> for Add {
    fn fold(&self, elements: &[T]) -> T::Sum {
        const LANES: usize = 32;
        let (groups, rest) = elements.as_chunks::<LANES>();
        let mut lanes = [T::Sum::default(); LANES];
        for group in groups {
            for (lane, x) in lanes.iter_mut().zip(group) {
                *lane = T::add_sums(*lane, x.to_sum());
            }
        }
        for (lane, x) in lanes.iter_mut().zip(rest) {
            *lane = T::add_sums(*lane, x.to_sum());
        }
        let mut len = LANES;
        while len > 1 {
            len /= 2;
            for lane in 0..len {
                lanes[lane] = T::add_sums(lanes[lane], lanes[lane + len]);
            }
        }
        lanes[0]
    }
    fn combine(&self, left: T::Sum, right: T::Sum) -> T::Sum {
        T::add_sums(left, right)
    }
}

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// All elements combined by `op`, a function of two elements or a constant of [`pmi::op`]; `None` where there are
    /// none.
    ///
    /// `op` must be associative. It is applied in an order that depends on the number of elements alone, neighbours in C
    /// order first, so that even a floating-point result does not depend on tasks and threads. Each task sends a few
    /// results, and at most 8190 elements at its edges.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(3, || {
    /// let a = DistArray::from_fn(10, |i| i as i64 + 1);
    /// assert_eq!(a.reduce(|a, b| a * b), Some(3_628_800));
    /// assert_eq!(a.reduce(pmi::op::MAX), Some(10));
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where `op` panics, or the calling thread does not control the array's world.
    #[track_caller]
    pub fn reduce<O: Operator<T>>(&self, op: O) -> Option<T> {
        self.reduce_by(Fold(Code::new(op)))
    }

    /// The sum of all elements: in 64 bits for integers and `bool`, in their own type for others, as in NumPy; 0 where
    /// there are none. Integers wrap around.
    ///
    /// Floating-point sums are pairwise, and the same bits for any number of tasks and threads. It communicates as
    /// [`reduce`](DistArray::reduce).
    ///
    /// # Panics
    /// Where the calling thread does not control the array's world.
    #[track_caller]
    pub fn sum(&self) -> T::Sum {
        self.reduce_by(Add).unwrap_or_default()
    }

    #[track_caller]
    fn reduce_by<R, U>(&self, rule: U) -> Option<R>
    where
        R: Argument + Send,
        U: Rule<T, R> + Argument + Send + Sync + 'static,
    {
        let reduce = |task: &Task, (array, rule): (Self, U)| {
            let slab = array.local(task);
            let start = array.layout.elements(task.rank()).start;
            let fold = |chunks: &[T]| task.install(|| chunks.par_chunks(CHUNK).map(|chunk| rule.fold(chunk)).collect());
            Pieces::new(rule, start, array.elements(task, &slab), fold)
        };
        expect(pmi::reduce(reduce, (self.in_rows(), rule), |left: Pieces<_, _, _>, right| left.join(right))).finish()
    }
}

impl<T: Real, D: Dimension + 'static> DistArray<T, D> {
    /// The smallest element; NaN where there is one, as in NumPy. Each task sends one element.
    ///
    /// # Panics
    /// Where the array is empty, or the calling thread does not control its world.
    #[track_caller]
    pub fn min(&self) -> T {
        self.extreme("min", |a, b| if a.is_nan() || a < b { a } else { b })
    }

    /// The largest element; NaN where there is one, as in NumPy. Each task sends one element.
    ///
    /// # Panics
    /// Where the array is empty, or the calling thread does not control its world.
    #[track_caller]
    pub fn max(&self) -> T {
        self.extreme("max", |a, b| if a.is_nan() || a > b { a } else { b })
    }

    /// The element that wins against all others; which one does must not depend on the order.
    #[track_caller]
    fn extreme<F: Fn(T, T) -> T + pmi::Portable + Send + Sync>(&self, name: &str, better: F) -> T {
        assert!(!self.is_empty(), "{name} of an array without elements (shape {:?})", self.shape());
        let extreme = |task: &Task, (array, better): (Self, Code<F>)| {
            let (better, slab) = (better.get(), array.local(task));
            let mine = array.elements(task, &slab);
            task.install(|| mine.par_iter().with_min_len(GRAIN).copied().reduce_with(better))
        };
        let of_tasks = expect(pmi::invoke(extreme, (self.clone(), Code::new(better))));
        of_tasks.into_iter().flatten().reduce(better).expect("an array with elements has them on some task")
    }
}
