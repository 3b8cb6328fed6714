//! [`Expression`]: what arrays and expressions have in common.

use super::evaluate::{fill, result_layout};
use super::explain::Explanation;
use super::indexed::Indexed;
use super::leaf::Leaf;
use super::map::{Closure, Map, With};
use super::node::{Frame, Node};
use crate::array::{DistArray, expect};
use crate::element::Element;
use crate::error::Result;
use ndarray::{Array, Dimension};
use pmi::{Argument, Portable, Task};
use std::fmt;
use std::marker::PhantomData;

/// Something to be computed element by element, and not computed yet: made by operators and by the methods of
/// [`Expression`].
///
/// It names the arrays in it, and keeps them. It can be used any number of times; each use computes it anew.
pub struct Expr<T, D, N> {
    node: N,
    of: PhantomData<fn() -> (T, D)>,
}

impl<T: Element, D: Dimension + 'static, N: Node<Elem = T, Dim = D>> Expr<T, D, N> {
    pub(crate) fn new(node: N) -> Self {
        Self { node, of: PhantomData }
    }
}

impl<T, D, N: Clone> Clone for Expr<T, D, N> {
    fn clone(&self) -> Self {
        Self { node: self.node.clone(), of: PhantomData }
    }
}

impl<T: Element, D: Dimension + 'static, N: Node<Elem = T, Dim = D>> fmt::Debug for Expr<T, D, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr<{}>(shape {:?})", std::any::type_name::<T>(), self.node.shape())
    }
}

/// What can be computed with: a [`DistArray`] or an expression of arrays and scalars, an [`Expr`].
///
/// Its methods come in three kinds. Those that return an [`Expr`] run nothing. Those that return a [`DistArray`] or plain
/// values are one command, which all tasks carry out in one pass over the operands. They are spread over this trait,
/// [`Math`](crate::Math) and [`Reduce`](crate::Reduce); all three are in the prelude.
///
/// ```
/// use pmi_array::{DistArray, Expression, Math, Reduce};
/// # pmi::with_tasks(2, || {
/// let x = DistArray::from_fn(5, |i| i as f64);
/// let y = (&x * 2.0 + 1.0).sqrt(); // nothing has run
/// assert_eq!(y.sum(), [1.0, 3.0, 5.0, 7.0, 9.0].map(f64::sqrt).iter().sum::<f64>());
/// assert_eq!(y.eval().gather().unwrap()[4], 3.0);
/// # })
/// ```
///
/// # Shapes
/// Operands of different shapes are broadcast as in NumPy: shapes are aligned at the last axis, and axes of length 1 are
/// repeated. Shapes that do not fit panic where the expression is made.
///
/// # Layouts
/// The result has the layout of the first array in the expression with the result's shape, else blocks of rows. Operands
/// in other layouts are moved to it while the expression is computed; [`explain`](Expression::explain) tells what that
/// costs.
///
/// # Messages
/// On `p` tasks a command is `2 (p - 1)` messages, its replies among them. Each operand that must be moved takes an exchange as
/// [`redistribute`](DistArray::redistribute) does, of the elements that tasks need and have not: `p - 1` times a row that is
/// broadcast, for one.
pub trait Expression: Sized {
    /// The type of the elements.
    type Elem: Element;
    /// The number of axes, as ndarray's dimension type.
    type Dim: Dimension + 'static;
    /// The expression as it travels.
    #[doc(hidden)]
    type Node: Node<Elem = Self::Elem, Dim = Self::Dim>;

    #[doc(hidden)]
    fn node(&self) -> Self::Node;

    /// The array itself, where it is one; else [`eval`](Expression::eval).
    #[doc(hidden)]
    #[track_caller]
    fn stored(&self) -> DistArray<Self::Elem, Self::Dim> {
        self.eval()
    }

    /// Computes it: the array of its elements. One command; tasks exchange elements where layouts differ.
    ///
    /// # Panics
    /// Where a closure in it panics, with the index of the element; where the calling thread does not control the
    /// arrays' world.
    #[track_caller]
    fn eval(&self) -> DistArray<Self::Elem, Self::Dim> {
        let node = self.node();
        let layout = result_layout(&node, expect(pmi::size()));
        let make = |task: &Task, (layout, node): (crate::Layout, Self::Node)| {
            let mut slab = DistArray::<Self::Elem, Self::Dim>::fresh(task, &layout);
            fill(&node, &Frame::new(task, &layout), slab.elements_mut());
            slab
        };
        DistArray::create_in(layout, make, node)
    }

    /// Computes it into an array that is there, whose layout stays: [`DistArray::assign`], from the expression's
    /// side, so one command likewise.
    ///
    /// ```
    /// use pmi_array::{DistArray, Expression};
    /// # pmi::with_tasks(2, || {
    /// let (a, mut b) = (DistArray::arange(0, 4, 1), DistArray::zeros(4));
    /// (&a * 2 + 1).eval_into(&mut b);
    /// assert_eq!(b.to_vec().unwrap(), [1, 3, 5, 7]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// As [`DistArray::assign`].
    #[track_caller]
    fn eval_into<D: Dimension + 'static>(&self, array: &mut DistArray<Self::Elem, D>) {
        array.assign_broadcast(self.node());
    }

    /// Computes it and copies the result to the controller: [`eval`](Expression::eval), then
    /// [`DistArray::gather`].
    ///
    /// # Errors
    /// As [`DistArray::gather`].
    ///
    /// # Panics
    /// As [`eval`](Expression::eval).
    #[track_caller]
    fn gather(&self) -> Result<Array<Self::Elem, Self::Dim>> {
        self.eval().gather()
    }

    /// Computes it and copies the elements to the controller, in C order: [`eval`](Expression::eval), then
    /// [`DistArray::to_vec`].
    ///
    /// # Errors
    /// As [`DistArray::gather`].
    ///
    /// # Panics
    /// As [`eval`](Expression::eval).
    #[track_caller]
    fn to_vec(&self) -> Result<Vec<Self::Elem>> {
        self.eval().to_vec()
    }

    /// What computing it will move between tasks: bytes, messages and memory. Nothing runs, nothing is sent.
    ///
    /// ```
    /// use pmi_array::{Axis, DistArray, Expression, Shape};
    /// # pmi::with_tasks(2, || {
    /// let rows = DistArray::<f64, _>::ones((4, 4));
    /// let columns = DistArray::<f64, _>::ones((4, 4).distributed([Axis::Whole, Axis::Block]));
    /// assert_eq!((&rows + &rows).explain().bytes(), 0);
    /// let moves = (&rows + &columns).explain();
    /// assert_eq!((moves.bytes(), moves.messages()), (64, 2)); // each task needs 4 elements of the other
    /// println!("{moves}");
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where the calling thread does not control the arrays' world.
    #[track_caller]
    fn explain(&self) -> Explanation {
        Explanation::of(self)
    }

    /// `f(x)` of each element.
    ///
    /// ```
    /// use pmi_array::{DistArray, Expression};
    /// # pmi::with_tasks(2, || {
    /// let roots = DistArray::from_fn(5, |i| i as f64).map(f64::sqrt);
    /// assert_eq!(roots.gather().unwrap()[4], 2.0);
    /// # })
    /// ```
    fn map<U, F>(&self, f: F) -> Expr<U, Self::Dim, Map<Closure<F, U>, (Self::Node,), Self::Dim>>
    where
        U: Element,
        F: Fn(Self::Elem) -> U + Portable + Send + Sync,
    {
        Expr::new(Map::new(Closure::new(f), (self.node(),)))
    }

    /// `f(&args, x)` of each element: for functions that need values of the controller's.
    ///
    /// ```
    /// use pmi_array::{DistArray, Expression};
    /// # pmi::with_tasks(2, || {
    /// let scale = 2.5;
    /// let scaled = DistArray::from_fn(5, |i| i as f64).map_with(scale, |scale, x| scale * x);
    /// assert_eq!(scaled.gather().unwrap()[4], 10.0);
    /// # })
    /// ```
    fn map_with<U, A, F>(&self, args: A, f: F) -> Expr<U, Self::Dim, Map<With<F, A, U>, (Self::Node,), Self::Dim>>
    where
        U: Element,
        A: Argument + Clone + Sync + 'static,
        F: Fn(&A, Self::Elem) -> U + Portable + Send + Sync,
    {
        Expr::new(Map::new(With::new(args, f), (self.node(),)))
    }

    /// `f(index, x)` of each element `x` and its index: `i` for one axis, `(i, j)` for two.
    ///
    /// ```
    /// use pmi_array::{DistArray, Expression};
    /// # pmi::with_tasks(2, || {
    /// let a = DistArray::ones((2, 3)).indexed_map(|(i, j), x: f64| x + (10 * i + j) as f64);
    /// assert_eq!(a.gather().unwrap()[(1, 2)], 13.0);
    /// # })
    /// ```
    fn indexed_map<U, F>(&self, f: F) -> Expr<U, Self::Dim, Indexed<F, Self::Node, Self::Dim, U>>
    where
        U: Element,
        F: Fn(<Self::Dim as Dimension>::Pattern, Self::Elem) -> U + Portable + Send + Sync,
    {
        Expr::new(Indexed::new(f, self.node()))
    }
}

impl<T: Element, D: Dimension + 'static> Expression for DistArray<T, D> {
    type Elem = T;
    type Dim = D;
    type Node = Leaf<T, D>;

    fn node(&self) -> Leaf<T, D> {
        Leaf(self.clone())
    }

    fn stored(&self) -> Self {
        self.clone()
    }
}

impl<T: Element, D: Dimension + 'static, N: Node<Elem = T, Dim = D>> Expression for Expr<T, D, N> {
    type Elem = T;
    type Dim = D;
    type Node = N;

    fn node(&self) -> N {
        self.node.clone()
    }
}

impl<X: Expression> Expression for &X {
    type Elem = X::Elem;
    type Dim = X::Dim;
    type Node = X::Node;

    fn node(&self) -> X::Node {
        (**self).node()
    }

    #[track_caller]
    fn stored(&self) -> DistArray<X::Elem, X::Dim> {
        (**self).stored()
    }
}
