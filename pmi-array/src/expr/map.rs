//! Functions of elements: one node for any number of operands.
//!
//! [`Apply`] is the function, a type without values or with the controller's values in it; [`Map`] applies it to the
//! elements of a tuple of operands, which are broadcast against each other.

use super::node::{Cursor, Frame, Held, Node, View};
use crate::element::Element;
use crate::layout::Layout;
use ndarray::{Dimension, Ix0};
use pmi::{Argument, Code, Portable};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// A function of a tuple of elements.
pub trait Apply<Args>: Serialize + serde::de::DeserializeOwned + Clone + Sync + 'static {
    /// The type of its results.
    type Output: Element;

    /// The result.
    fn apply(&self, args: Args) -> Self::Output;
}

/// Operands of a function, broadcast against each other: a tuple of nodes.
pub trait Operands: Clone + Serialize + serde::de::DeserializeOwned + 'static {
    /// The tuple of their elements.
    type Elems: Copy;
    /// The tuple on a task.
    type Held<'t>: HeldOperands<Elems = Self::Elems>;

    /// The shape of each.
    fn shapes(&self) -> Vec<Vec<usize>>;
    /// Visits the arrays in them.
    fn operands(&self, visit: &mut dyn FnMut(&Layout, usize));
    /// Gets hold of each.
    fn hold<'t>(&self, frame: &Frame<'t>) -> Self::Held<'t>;
}

/// A tuple of held operands.
pub trait HeldOperands {
    /// The tuple of their elements.
    type Elems: Copy;
    /// The tuple of their views.
    type Views<'h>: ViewOperands<Elems = Self::Elems>
    where
        Self: 'h;

    /// The tuple of views.
    fn views(&self) -> Self::Views<'_>;
}

/// A tuple of views.
pub trait ViewOperands: Copy + Send + Sync {
    /// The tuple of their elements.
    type Elems: Copy;
    /// The tuple of their cursors.
    type Cursors: CursorOperands<Elems = Self::Elems>;

    /// The tuple of cursors.
    fn cursors(self) -> Self::Cursors;
}

/// A tuple of cursors.
///
/// # Safety
/// As [`Cursor`].
pub unsafe trait CursorOperands {
    /// The tuple of their elements.
    type Elems: Copy;

    /// As [`Cursor::COMPUTES`].
    const COMPUTES: bool;

    /// As [`Cursor::seek`].
    fn seek(&mut self, start: usize, len: usize);

    /// As [`Cursor::prefetch`].
    fn prefetch(&self, start: usize, len: usize);

    /// As [`Cursor::at`].
    ///
    /// # Safety
    /// As [`Cursor::at`].
    unsafe fn at(&self, i: usize) -> Self::Elems;
}

macro_rules! tuples {
    ($(($($name:ident $n:tt),+))*) => {$(
        impl<$($name: Node),+> Operands for ($($name,)+) {
            type Elems = ($($name::Elem,)+);
            type Held<'t> = ($($name::Held<'t>,)+);

            fn shapes(&self) -> Vec<Vec<usize>> {
                vec![$(self.$n.shape()),+]
            }
            fn operands(&self, visit: &mut dyn FnMut(&Layout, usize)) {
                $(self.$n.operands(visit);)+
            }
            fn hold<'t>(&self, frame: &Frame<'t>) -> Self::Held<'t> {
                ($(self.$n.hold(frame),)+)
            }
        }

        impl<$($name: Held),+> HeldOperands for ($($name,)+) {
            type Elems = ($($name::Elem,)+);
            type Views<'h> = ($($name::View<'h>,)+) where Self: 'h;

            fn views(&self) -> Self::Views<'_> {
                ($(self.$n.view(),)+)
            }
        }

        impl<$($name: View),+> ViewOperands for ($($name,)+) {
            type Elems = ($($name::Elem,)+);
            type Cursors = ($($name::Cursor,)+);

            fn cursors(self) -> Self::Cursors {
                ($(self.$n.cursor(),)+)
            }
        }

        // SAFETY: each keeps the contract, and gets the same numbers.
        unsafe impl<$($name: Cursor),+> CursorOperands for ($($name,)+) {
            type Elems = ($($name::Elem,)+);

            const COMPUTES: bool = $($name::COMPUTES)||+;

            #[inline(always)]
            fn seek(&mut self, start: usize, len: usize) {
                $(self.$n.seek(start, len);)+
            }

            #[inline(always)]
            fn prefetch(&self, start: usize, len: usize) {
                $(self.$n.prefetch(start, len);)+
            }

            #[inline(always)]
            unsafe fn at(&self, i: usize) -> Self::Elems {
                // SAFETY: the caller's promise.
                unsafe { ($(self.$n.at(i),)+) }
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

/// A function of the elements of operands; `D` is the dimension of the result.
#[derive(Serialize, Deserialize)]
#[serde(bound = "F: Serialize + serde::de::DeserializeOwned, N: Serialize + serde::de::DeserializeOwned")]
pub struct Map<F, N, D = Ix0> {
    apply: F,
    operands: N,
    #[serde(skip)]
    dim: PhantomData<fn() -> D>,
}

impl<F: Clone, N: Clone, D> Clone for Map<F, N, D> {
    fn clone(&self) -> Self {
        Self { apply: self.apply.clone(), operands: self.operands.clone(), dim: PhantomData }
    }
}

impl<F, N: Operands, D> Map<F, N, D> {
    /// The function of these operands.
    ///
    /// # Panics
    /// Where their shapes cannot be broadcast against each other.
    #[track_caller]
    pub(crate) fn new(apply: F, operands: N) -> Self {
        let map = Self { apply, operands, dim: PhantomData };
        broadcast(&map.operands.shapes());
        map
    }
}

impl<F, N: Operands, D: Dimension> Map<F, N, D> {
    /// As [`new`](Map::new), where the result's dimension does not follow from the operands'.
    ///
    /// # Panics
    /// Where the shapes cannot be broadcast together, or have more axes than the result.
    #[track_caller]
    pub(crate) fn fitting(apply: F, operands: N) -> Self {
        let map = Self::new(apply, operands);
        let shape = broadcast(&map.operands.shapes());
        if let Some(ndim) = D::NDIM {
            assert!(
                shape.len() == ndim,
                "the operands together have the shape {shape:?}, the first of them only {ndim} axes: put the operand with \
                 the most axes first"
            );
        }
        map
    }
}

/// The shape that these are broadcast to, by NumPy's rule: shapes are aligned at the last axis, and where lengths differ
/// the shorter one is 1.
///
/// # Panics
/// Where they cannot.
#[track_caller]
pub(crate) fn broadcast(shapes: &[Vec<usize>]) -> Vec<usize> {
    let ndim = shapes.iter().map(Vec::len).max().unwrap_or(0);
    let mut all = vec![1; ndim];
    for shape in shapes {
        for (axis, len) in (ndim - shape.len()..).zip(shape) {
            if all[axis] == 1 {
                all[axis] = *len;
            } else if *len != 1 && *len != all[axis] {
                let shapes = shapes.iter().map(|shape| format!("{shape:?}")).collect::<Vec<_>>().join(" and ");
                panic!(
                    "operands of shapes {shapes} cannot be broadcast together: counted from the last axis, lengths must \
                     be equal or 1"
                );
            }
        }
    }
    all
}

impl<F: Apply<N::Elems>, N: Operands, D: Dimension + 'static> Node for Map<F, N, D> {
    type Elem = F::Output;
    type Dim = D;
    type Held<'t> = HeldMap<F, N::Held<'t>>;

    fn shape(&self) -> Vec<usize> {
        broadcast(&self.operands.shapes())
    }

    fn operands(&self, visit: &mut dyn FnMut(&Layout, usize)) {
        self.operands.operands(visit);
    }

    fn hold<'t>(&self, frame: &Frame<'t>) -> Self::Held<'t> {
        HeldMap { apply: self.apply.clone(), operands: self.operands.hold(frame) }
    }
}

/// A function and its operands on a task.
pub struct HeldMap<F, N> {
    apply: F,
    operands: N,
}

impl<F: Apply<N::Elems>, N: HeldOperands> Held for HeldMap<F, N> {
    type Elem = F::Output;
    type View<'h>
        = MapView<'h, F, N::Views<'h>>
    where
        Self: 'h;

    fn view(&self) -> Self::View<'_> {
        MapView { apply: &self.apply, operands: self.operands.views() }
    }
}

/// A function and its operands for threads.
pub struct MapView<'h, F, V> {
    apply: &'h F,
    operands: V,
}

impl<F, V: Copy> Clone for MapView<'_, F, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F, V: Copy> Copy for MapView<'_, F, V> {}

impl<'h, F: Apply<V::Elems>, V: ViewOperands> View for MapView<'h, F, V> {
    type Elem = F::Output;
    type Cursor = MapCursor<'h, F, V::Cursors>;

    fn cursor(self) -> Self::Cursor {
        MapCursor { apply: self.apply, operands: self.operands.cursors() }
    }
}

/// A function and its operands at a block.
pub struct MapCursor<'h, F, C> {
    apply: &'h F,
    operands: C,
}

// SAFETY: the operands keep the contract, and get the same numbers.
unsafe impl<F: Apply<C::Elems>, C: CursorOperands> Cursor for MapCursor<'_, F, C> {
    type Elem = F::Output;

    const COMPUTES: bool = C::COMPUTES;

    #[inline(always)]
    fn seek(&mut self, start: usize, len: usize) {
        self.operands.seek(start, len);
    }

    #[inline(always)]
    fn prefetch(&self, start: usize, len: usize) {
        self.operands.prefetch(start, len);
    }

    #[inline(always)]
    unsafe fn at(&self, i: usize) -> F::Output {
        // SAFETY: the caller's promise.
        self.apply.apply(unsafe { self.operands.at(i) })
    }
}

/// A closure of the user's, called with the elements one by one.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Closure<F, U>(Code<F>, #[serde(skip)] PhantomData<fn() -> U>);

impl<F: Portable, U> Closure<F, U> {
    pub(crate) fn new(f: F) -> Self {
        Self(Code::new(f), PhantomData)
    }
}

impl<F, U> Clone for Closure<F, U> {
    fn clone(&self) -> Self {
        Self(self.0, PhantomData)
    }
}

macro_rules! closures {
    ($(($($name:ident $n:tt),+))*) => {$(
        impl<FN, U, $($name),+> Apply<($($name,)+)> for Closure<FN, U>
        where
            FN: Fn($($name),+) -> U + Portable,
            U: Element,
        {
            type Output = U;
            #[inline(always)]
            fn apply(&self, args: ($($name,)+)) -> U {
                (self.0.get())($(args.$n),+)
            }
        }
    )*};
}

closures! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, E 3)
    (A 0, B 1, C 2, E 3, F 4)
    (A 0, B 1, C 2, E 3, F 4, G 5)
}

/// A closure of the user's and the values that it takes along.
#[derive(Serialize, Deserialize)]
#[serde(bound = "A: Serialize + serde::de::DeserializeOwned")]
pub struct With<F, A, U>(Code<F>, A, #[serde(skip)] PhantomData<fn() -> U>);

impl<F: Portable, A, U> With<F, A, U> {
    pub(crate) fn new(args: A, f: F) -> Self {
        Self(Code::new(f), args, PhantomData)
    }
}

impl<F, A: Clone, U> Clone for With<F, A, U> {
    fn clone(&self) -> Self {
        Self(self.0, self.1.clone(), PhantomData)
    }
}

impl<F, A, T, U> Apply<(T,)> for With<F, A, U>
where
    F: Fn(&A, T) -> U + Portable,
    A: Argument + Clone + Sync + 'static,
    U: Element,
{
    type Output = U;
    #[inline(always)]
    fn apply(&self, (x,): (T,)) -> U {
        (self.0.get())(&self.1, x)
    }
}
