//! Scans: running sums, products and extremes along an axis; differences.
//!
//! A running sum of floating-point numbers depends on the order. Along an axis beside which there are [`MANY`] lanes or
//! more (the elements that differ along the other axes) it is simply sequential, as in NumPy: tasks and threads work on
//! different lanes, and tasks that share lanes follow each other from tile of lanes to tile of lanes. Where there are
//! fewer, the axis is cut into chunks of [`CHUNK`] elements: totals of chunks, running totals of these, and then each
//! chunk from the running total before it (Blelloch, *Prefix sums and their applications*, 1990). The cuts depend on the
//! shape alone, and so does the result.

mod chunked;
mod sequential;
mod diff;

use chunked::chunked;
use diff::differences;
use sequential::Sequential;

use crate::array::{DistArray, expect};
use crate::element::{Element, Real};
use crate::expr::{Apply, Expression, Frame, Held, Map, Node, Number, fill, result_layout};
use crate::layout::{Axis, Layout};
use crate::memory::memory;
use crate::reduce::sums::Summable;
use pmi::Task;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// From so many lanes on they are enough to occupy all threads and tasks.
const MANY: usize = 64;
/// Elements of a chunk.
const CHUNK: usize = 4096;
/// The tag of the messages between tasks that share lanes: one that users' messages hardly have.
const TAG: u32 = pmi::MAX_TAG;

/// A rule of running values.
pub(super) trait Rule<T: Element>: Copy + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// The type of the values.
    type Out: Element;
    /// The first value.
    fn lift(x: T) -> Self::Out;
    /// The next value.
    fn next(value: Self::Out, x: Self::Out) -> Self::Out;
}

macro_rules! rules {
    ($($name:ident<$t:ident: $bound:path> -> $out:ty = |$x:ident| $lift:expr, |$a:ident, $b:ident| $next:expr;)*) => {$(
        #[derive(Clone, Copy, Serialize, Deserialize)]
        struct $name;
        impl<$t: $bound> Rule<$t> for $name {
            type Out = $out;
            #[inline(always)]
            fn lift($x: $t) -> $out {
                $lift
            }
            #[inline(always)]
            fn next($a: $out, $b: $out) -> $out {
                $next
            }
        }
    )*};
}

rules! {
    CumSum<T: Summable> -> T::Sum = |x| x.to_sum(), |a, b| T::add_sums(a, b);
    CumProd<T: Summable> -> T::Sum = |x| x.to_sum(), |a, b| T::multiply(a, b);
    CumMax<T: Real> -> T = |x| x, |a, b| if a > b || a.is_nan() { a } else { b };
    CumMin<T: Real> -> T = |x| x, |a, b| if a < b || a.is_nan() { a } else { b };
}

/// The first values, as an expression.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "")]
struct Lift<R>(#[serde(skip)] PhantomData<fn() -> R>);

impl<T: Element, R: Rule<T>> Apply<(T,)> for Lift<R> {
    type Output = R::Out;
    #[inline(always)]
    fn apply(&self, (x,): (T,)) -> R::Out {
        R::lift(x)
    }
}

/// Where a task's lanes lie in its slab, and who has the elements before and after them.
struct Lanes {
    /// How many elements lie before the axis, along it, and after it.
    outer: usize,
    len: usize,
    inner: usize,
    /// The place along the axis of the first.
    start: usize,
    before: Option<usize>,
    after: Option<usize>,
}

impl Lanes {
    fn new(frame: &Frame<'_>, axis: usize) -> Self {
        let (place, grid) = (&frame.place, frame.place.layout.grid());
        let step: usize = grid[axis + 1..].iter().product();
        let at = place.rank / step % grid[axis];
        let part = place.layout.part(place.rank);
        let neighbour = |there: bool, rank: usize| (there && place.owns()).then_some(rank);
        Self {
            outer: place.local[..axis].iter().product(),
            len: place.local[axis],
            inner: place.local[axis + 1..].iter().product(),
            start: part.axes()[axis].as_range().map_or(0, |range| range.start),
            before: neighbour(at > 0, place.rank.wrapping_sub(step)),
            after: neighbour(at + 1 < grid[axis], place.rank + step),
        }
    }
}

/// The running values of an expression along an axis.
#[track_caller]
fn scan<X: Expression, R: Rule<X::Elem>>(expression: &X, axis: usize, rule: R) -> DistArray<R::Out, X::Dim> {
    let node = expression.node();
    let ndim = node.shape().len();
    assert!(axis < ndim, "axis {axis} does not exist: the array has {ndim} axes, from 0");
    let layout = in_runs(&result_layout(&node, expect(pmi::size())), axis);
    let make = |task: &Task, (layout, (node, axis, _)): (Layout, (X::Node, usize, R))| {
        let frame = Frame::new(task, &layout);
        let lanes = Lanes::new(&frame, axis);
        let mut out = memory::<R::Out>(frame.place.len());
        let count: usize =
            (0..layout.shape().len()).filter(|other| *other != axis).map(|axis| layout.shape()[axis]).product();
        if count >= MANY {
            let held = node.hold(&frame);
            Sequential::<_, R> { view: held.view(), place: &frame.place, lanes: &lanes, rule: PhantomData }
                .run(task, &mut out);
        } else {
            fill(&Map::<_, _, X::Dim>::new(Lift::<R>(PhantomData), (node,)), &frame, &mut out);
            chunked::<X::Elem, R>(task, &lanes, &mut out);
        }
        out
    };
    DistArray::create_in(layout, make, (node, axis, rule))
}

/// The layout, or where a task's indices along the axis are no run, one where they are.
fn in_runs(layout: &Layout, axis: usize) -> Layout {
    let mut axes = layout.axes().to_vec();
    if matches!(axes[axis], Axis::Cyclic | Axis::BlockCyclic(_)) {
        axes[axis] = Axis::Block;
    }
    Layout::with_grid(layout.shape(), &axes, layout.grid(), layout.tasks())
}

macro_rules! methods {
    ($($(#[$doc:meta])* $method:ident = $rule:ident, $bound:path => $out:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Panics
        /// Where there is no such axis, or a closure in the expression panics.
        #[track_caller]
        fn $method(&self, axis: usize) -> DistArray<$out, Self::Dim>
        where
            Self::Elem: $bound,
        {
            scan(self, axis, $rule)
        }
    )*};
}

/// Running values along an axis, under NumPy's names. The result has the expression's layout, with the axis in blocks
/// where it is dealt out cyclically.
///
/// The same bits for any number of tasks and threads. Where other tasks have parts of the same lanes a task gets one
/// value a lane from the one before and sends one on; tasks work one after the other, overlapped from tile to tile of 512
/// lanes; along few lanes only a chunk of each task is done in turn. So `p` tasks that share `n` lanes, 64 or more, send
/// `(p - 1) ceil(n / 512)` messages, and `(p - 1) n` values in all; where no task has parts of another's lanes, none.
///
/// ```
/// use pmi_array::{DistArray, Scan};
/// # pmi::with_tasks(2, || {
/// let a = DistArray::arange(1i64, 5, 1);
/// assert_eq!(a.cumsum(0).to_vec().unwrap(), [1, 3, 6, 10]);
/// assert_eq!(a.cumprod(0).to_vec().unwrap(), [1, 2, 6, 24]);
/// assert_eq!(a.diff(0).to_vec().unwrap(), [1, 1, 1]);
/// # })
/// ```
pub trait Scan: Expression {
    methods! {
        /// Running sums: in 64 bits for integers and `bool`.
        cumsum = CumSum, Summable => <Self::Elem as Element>::Sum;
        /// Running products: in 64 bits for integers and `bool`.
        cumprod = CumProd, Summable => <Self::Elem as Element>::Sum;
        /// The largest element so far; NaN from the first NaN on.
        cummax = CumMax, Real => Self::Elem;
        /// The smallest element so far; NaN from the first NaN on.
        cummin = CumMin, Real => Self::Elem;
    }

    /// The differences between each element and the one before it along an axis, which becomes one shorter. Tasks get
    /// from their neighbours the elements at the edges of their blocks, as these are cut anew: an exchange as
    /// [`redistribute`](DistArray::redistribute)'s, of a value a lane from each task but the first, where the blocks are
    /// even. An expression is computed first, an array is not copied.
    ///
    /// # Panics
    /// Where there is no such axis, it has no elements, or a closure in the expression panics.
    #[track_caller]
    fn diff(&self, axis: usize) -> DistArray<Self::Elem, Self::Dim>
    where
        Self::Elem: Number,
    {
        differences(&self.stored(), axis)
    }
}

impl<X: Expression> Scan for X {}
