//! Reductions along axes: [`Over`].

use super::extremes::{ArgMax, ArgMin, Max, Min};
use super::groups::states;
use super::moments::{Spread, Std, Var};
use super::ordered::{Fold, FoldAlong, Multiplied, Multiply, in_order};
use super::reducer::Reducer;
use super::sums::{Mean, Sum, Summable};
use super::truth::{All, Any, Count};
use crate::array::{DistArray, expect};
use crate::element::{Element, Real};
use crate::expr::{Expr, Frame, Node, first_element, result_layout};
use crate::layout::{Axis, Indices, Layout, Part};
use ndarray::Dimension;
use pmi::op::Operator;
use pmi::{Code, Task};
use std::marker::PhantomData;

/// An array or an expression whose elements along some axes are to be reduced: from [`Reduce::over`](super::Reduce::over).
///
/// The result is an array of the other axes. Where none of the reduced axes is divided among tasks, it keeps their
/// layout, and nothing is sent; otherwise it is in blocks of rows, and each task sends every other what it knows of its
/// part of the result, some 50 bytes an element for floating-point sums: `2 p (p - 1)` messages on `p` tasks, the first
/// of two saying how long the other is.
///
/// ```
/// use pmi_array::{DistArray, Reduce};
/// # pmi::with_tasks(3, || {
/// let a = DistArray::from_fn((2, 3), |(i, j)| (10 * i + j) as f64);
/// assert_eq!(a.over(0).sum().to_vec().unwrap(), [10.0, 12.0, 14.0]);
/// assert_eq!(a.over(1).mean().to_vec().unwrap(), [1.0, 11.0]);
/// let centred = &a - a.over(1).keepdims().mean(); // shape (2, 1)
/// assert_eq!(centred.over_axes(&[0, 1]).sum().to_vec().unwrap(), [0.0]);
/// # use pmi_array::Expression;
/// # })
/// ```
///
/// # Panics
/// All methods panic where a closure in the expression panics, with the index of the element, and where the calling
/// thread does not control the arrays' world.
#[must_use = "nothing is computed before a reduction is asked for"]
pub struct Over<N, D> {
    node: N,
    /// Ascending.
    axes: Vec<usize>,
    keepdims: bool,
    dim: PhantomData<fn() -> D>,
}

/// Values that arrays can have as elements: elements, and `usize` as `u64`.
pub trait Store {
    /// The type of the elements.
    type Elem: Element;
    /// The value as an element.
    fn store(self) -> Self::Elem;
}

impl<T: Element> Store for T {
    type Elem = T;
    fn store(self) -> T {
        self
    }
}

impl Store for usize {
    type Elem = u64;
    fn store(self) -> u64 {
        self as u64
    }
}

impl<N: Node, D: Dimension + 'static> Over<N, D> {
    #[track_caller]
    pub(super) fn new(node: N, axes: &[usize]) -> Self {
        let (mut sorted, ndim) = (axes.to_vec(), node.shape().len());
        sorted.sort_unstable();
        if let Some(axis) = axes.iter().find(|axis| **axis >= ndim) {
            panic!("axis {axis} does not exist: the array has {ndim} axes, from 0");
        }
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            panic!("axis {} is named twice in {axes:?}", twice[0]);
        }
        Self { node, axes: sorted, keepdims: false, dim: PhantomData }
    }

    /// The reduced axes stay, with length 1, so that the result can be combined with the array.
    pub fn keepdims(self) -> Over<N, N::Dim> {
        Over { node: self.node, axes: self.axes, keepdims: true, dim: PhantomData }
    }

    /// How many elements become one.
    fn along(&self) -> usize {
        let shape = self.node.shape();
        self.axes.iter().map(|axis| shape[*axis]).product()
    }

    /// What a reducer makes of the elements along the axes.
    ///
    /// # Panics
    /// Where there are none and the reducer needs some.
    #[track_caller]
    pub fn aggregate<R>(&self, reducer: R) -> DistArray<<R::Output as Store>::Elem, D>
    where
        R: Reducer<N::Elem, Output: Store>,
    {
        if R::NEEDS_SOME {
            self.require("aggregate");
        }
        let tasks = expect(pmi::size());
        let mut layout = result_layout(&self.node, tasks);
        let divided = |layout: &Layout| self.axes.iter().any(|axis| layout.grid()[*axis] > 1);
        if R::ORDERED && divided(&layout) {
            layout = self.undivided(&layout);
        }
        let kept = kept_layout(&layout, &self.axes, self.keepdims, divided(&layout));
        let work = |task: &Task, (result, (layout, node, axes, reducer)): (Layout, (Layout, N, Vec<usize>, R))| {
            let frame = Frame::new(task, &layout);
            let held = node.hold(&frame);
            let first = if R::NEEDS_FIRST { first_element(&held, &frame) } else { N::Elem::default() };
            let mut states = states(&held, &frame, &reducer, first, &axes);
            if axes.iter().any(|axis| layout.grid()[*axis] > 1) {
                states = combine(task, &layout, &axes, &result, &reducer, first, states);
            }
            let count = axes.iter().map(|axis| layout.shape()[*axis]).product();
            states.iter().map(|state| reducer.finish(state, count).store()).collect::<Vec<_>>()
        };
        DistArray::create_in(kept, work, (layout, self.node.clone(), self.axes.clone(), reducer))
    }

    /// A layout in which none of the reduced axes is divided.
    fn undivided(&self, layout: &Layout) -> Layout {
        let mut divided = false;
        let axis = |axis: usize| {
            let divide = !divided && !self.axes.contains(&axis);
            divided |= divide;
            if divide { Axis::Block } else { Axis::Whole }
        };
        Layout::with_axes(layout.shape(), &(0..layout.shape().len()).map(axis).collect::<Vec<_>>(), layout.tasks())
    }

    /// The elements along the axes combined by `op`, from left to right in C order. Where the axes are divided among
    /// tasks, the array is moved into another layout first. Over all axes it is
    /// [the reduction of all elements](super::Reduce::reduce), in its order, and one more command.
    ///
    /// # Panics
    /// Where there are none, or `op` panics.
    #[track_caller]
    pub fn reduce<O: Operator<N::Elem>>(&self, op: O) -> DistArray<N::Elem, D> {
        self.require("reduce");
        if self.is_whole() {
            let value = in_order(&Expr::new(self.node.clone()), Fold(Code::new(op)));
            return self.only(value.expect("there are elements"));
        }
        self.aggregate(FoldAlong(Code::new(op)))
    }

    /// The sum: see [`Sum`].
    #[track_caller]
    pub fn sum(&self) -> DistArray<<N::Elem as Element>::Sum, D>
    where
        N::Elem: Summable,
    {
        self.aggregate(Sum)
    }

    /// The product, 1 of no elements, in the order of [`reduce`](Over::reduce).
    #[track_caller]
    pub fn prod(&self) -> DistArray<<N::Elem as Element>::Sum, D>
    where
        N::Elem: Summable,
    {
        if self.is_whole() {
            let product = in_order(&Expr::new(self.node.clone()), Multiply);
            return self.only(product.unwrap_or(<N::Elem as Summable>::ONE));
        }
        self.aggregate(Multiplied)
    }

    /// The mean: see [`Mean`].
    #[track_caller]
    pub fn mean(&self) -> DistArray<<N::Elem as Summable>::Mean, D>
    where
        N::Elem: Summable,
    {
        self.aggregate(Mean)
    }

    /// The variance: see [`Var`].
    #[track_caller]
    pub fn var(&self) -> DistArray<<N::Elem as Spread>::Real, D>
    where
        N::Elem: Real + Spread,
    {
        self.aggregate(Var { ddof: 0 })
    }

    /// The standard deviation: see [`Std`].
    #[track_caller]
    pub fn std(&self) -> DistArray<<N::Elem as Spread>::Real, D>
    where
        N::Elem: Real + Spread,
    {
        self.aggregate(Std { ddof: 0 })
    }

    /// The smallest element: see [`Min`].
    ///
    /// # Panics
    /// Where there are none.
    #[track_caller]
    pub fn min(&self) -> DistArray<N::Elem, D>
    where
        N::Elem: Real,
    {
        self.require("min");
        self.aggregate(Min)
    }

    /// The largest element: see [`Max`].
    ///
    /// # Panics
    /// Where there are none.
    #[track_caller]
    pub fn max(&self) -> DistArray<N::Elem, D>
    where
        N::Elem: Real,
    {
        self.require("max");
        self.aggregate(Max)
    }

    /// The place of the smallest element along the axis, or in the C order of the axes: see [`ArgMin`].
    ///
    /// # Panics
    /// Where there are none.
    #[track_caller]
    pub fn argmin(&self) -> DistArray<u64, D>
    where
        N::Elem: Real,
    {
        self.require("argmin");
        self.aggregate(ArgMin)
    }

    /// The place of the largest element along the axis, or in the C order of the axes: see [`ArgMax`].
    ///
    /// # Panics
    /// Where there are none.
    #[track_caller]
    pub fn argmax(&self) -> DistArray<u64, D>
    where
        N::Elem: Real,
    {
        self.require("argmax");
        self.aggregate(ArgMax)
    }

    /// Whether no element is 0 or `false`.
    #[track_caller]
    pub fn all(&self) -> DistArray<bool, D> {
        self.aggregate(All)
    }

    /// Whether an element is neither 0 nor `false`.
    #[track_caller]
    pub fn any(&self) -> DistArray<bool, D> {
        self.aggregate(Any)
    }

    /// How many elements are neither 0 nor `false`: NumPy's `count_nonzero`.
    #[track_caller]
    pub fn count(&self) -> DistArray<u64, D> {
        self.aggregate(Count)
    }

    /// Whether all axes are reduced, so that the result is one element.
    fn is_whole(&self) -> bool {
        self.axes.len() == self.node.shape().len()
    }

    /// The result with this one element.
    #[track_caller]
    fn only<T: Element>(&self, value: T) -> DistArray<T, D> {
        let shape = vec![1; if self.keepdims { self.axes.len() } else { 0 }];
        let make = |task: &Task, (layout, value): (Layout, T)| vec![value; layout.local_len(task.rank())];
        DistArray::create_in(Layout::new(&shape, expect(pmi::size())), make, value)
    }

    #[track_caller]
    fn require(&self, name: &str) {
        let (axes, shape) = (&self.axes, self.node.shape());
        assert!(
            self.along() > 0 || shape.contains(&0) && self.is_void(),
            "{name} over axes {axes:?} of an array of shape {shape:?}: there are no elements along them"
        );
    }

    /// Whether the result has no elements, so that none are missed.
    fn is_void(&self) -> bool {
        let shape = self.node.shape();
        (0..shape.len()).any(|axis| !self.axes.contains(&axis) && shape[axis] == 0)
    }
}

/// The layout of the result.
fn kept_layout(layout: &Layout, axes: &[usize], keepdims: bool, divided: bool) -> Layout {
    let kept: Vec<_> = (0..layout.shape().len()).filter(|axis| keepdims || !axes.contains(axis)).collect();
    let of = |axis: &usize| match axes.contains(axis) {
        true => (1, Axis::Whole, 1),
        false => (layout.shape()[*axis], layout.axes()[*axis].clone(), layout.grid()[*axis]),
    };
    let (mut shape, mut how, mut grid) = (Vec::new(), Vec::new(), Vec::new());
    for (len, axis, parts) in kept.iter().map(of) {
        shape.push(len);
        how.push(axis);
        grid.push(parts);
    }
    match divided {
        true => Layout::new(&shape, layout.tasks()),
        false => Layout::with_grid(&shape, &how, &grid, layout.tasks()),
    }
}

/// The groups that a task has elements of: its part of the kept axes, in the result's form.
fn kept_part(layout: &Layout, axes: &[usize], result: &Layout, rank: usize) -> Part {
    let part = layout.part(rank);
    if part.is_empty() {
        return Part::empty(result.shape().len());
    }
    let keepdims = result.shape().len() == layout.shape().len();
    let kept = (0..layout.shape().len()).filter(|axis| keepdims || !axes.contains(axis));
    let indices = |axis: usize| if axes.contains(&axis) { Indices::all(1) } else { part.axes()[axis] };
    Part::new(kept.map(indices).collect::<Vec<_>>())
}

/// Sends every other task what this one knows of that task's part of the result, and joins what comes.
fn combine<T: Element, R: Reducer<T>>(
    task: &Task,
    layout: &Layout,
    axes: &[usize],
    result: &Layout,
    reducer: &R,
    first: T,
    states: Vec<R::State>,
) -> Vec<R::State> {
    let rank = task.rank();
    let part_of = |rank| kept_part(layout, axes, result, rank);
    let (mine, own) = (part_of(rank), result.part(rank));
    let to = |other: usize| {
        let (overlap, mut sent) = (mine.overlap(&result.part(other)), Vec::new());
        overlap.for_each_run(0..overlap.len(), |[from, _], len| sent.extend_from_slice(&states[from..from + len]));
        sent
    };
    let sent: Vec<Vec<R::State>> =
        (0..task.size()).map(|other| if other == rank { vec![] } else { to(other) }).collect();
    // Guarded: a closure of the user's may have panicked on another task, which then does not come here.
    let came = task.comm().all_to_all_object(&sent);
    let mut joined = vec![reducer.start(first); own.len()];
    let mut join = |to: usize, states: &[R::State]| {
        joined[to..].iter_mut().zip(states).for_each(|(state, other)| reducer.join(state, other));
    };
    for (other, came) in came.iter().enumerate() {
        let (overlap, mut at) = (part_of(other).overlap(&own), 0);
        overlap.for_each_run(0..overlap.len(), |[from, to], len| {
            if other == rank {
                join(to, &states[from..from + len]);
            } else {
                join(to, &came[at..at + len]);
            }
            at += len;
        });
    }
    joined
}
