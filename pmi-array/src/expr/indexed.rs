//! Functions of elements and their indices: [`Indexed`].

use super::node::{BLOCK, Cursor, Frame, Held, Node, Place, View};
use crate::element::Element;
use crate::layout::Layout;
use ndarray::Dimension;
use pmi::{Code, Portable};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// A closure of the user's, called with each element and its index; `A` is the operand as a node, held or a view.
#[derive(Serialize, Deserialize)]
#[serde(bound = "A: Serialize + serde::de::DeserializeOwned")]
pub struct Indexed<F, A, D, U> {
    f: Code<F>,
    operand: A,
    of: PhantomData<fn() -> (D, U)>,
}

impl<F, A: Clone, D, U> Clone for Indexed<F, A, D, U> {
    fn clone(&self) -> Self {
        Self { f: self.f, operand: self.operand.clone(), of: PhantomData }
    }
}

impl<F: Portable, A, D, U> Indexed<F, A, D, U> {
    pub(super) fn new(f: F, operand: A) -> Self {
        Self { f: Code::new(f), operand, of: PhantomData }
    }
}

impl<F, N, D, U> Node for Indexed<F, N, D, U>
where
    N: Node<Dim = D>,
    D: Dimension + 'static,
    U: Element,
    F: Fn(D::Pattern, N::Elem) -> U + Portable,
{
    type Elem = U;
    type Dim = D;
    type Held<'t> = HeldIndexed<F, N::Held<'t>, D, U>;

    fn shape(&self) -> Vec<usize> {
        self.operand.shape()
    }

    fn operands(&self, visit: &mut dyn FnMut(&Layout, usize)) {
        self.operand.operands(visit);
    }

    fn hold<'t>(&self, frame: &Frame<'t>) -> Self::Held<'t> {
        // Where the expression is broadcast further, an index has only its own axes, and 0 where the axis is repeated.
        let (place, shape) = (frame.place.clone(), self.shape());
        HeldIndexed { f: self.f, operand: self.operand.hold(frame), place, shape, of: PhantomData }
    }
}

/// The closure, the operand, and the part of the array that is computed.
pub struct HeldIndexed<F, A, D, U> {
    f: Code<F>,
    operand: A,
    place: Place,
    shape: Vec<usize>,
    of: PhantomData<fn() -> (D, U)>,
}

impl<F, H, D, U> Held for HeldIndexed<F, H, D, U>
where
    H: Held,
    D: Dimension + 'static,
    U: Element,
    F: Fn(D::Pattern, H::Elem) -> U + Portable,
{
    type Elem = U;
    type View<'h>
        = IndexedView<'h, F, H::View<'h>, D, U>
    where
        Self: 'h;

    fn view(&self) -> Self::View<'_> {
        let Self { f, operand, place, shape, .. } = self;
        IndexedView { f: *f, operand: operand.view(), place, shape, of: PhantomData }
    }
}

/// The same for threads.
pub struct IndexedView<'h, F, A, D, U> {
    f: Code<F>,
    operand: A,
    place: &'h Place,
    shape: &'h [usize],
    of: PhantomData<fn() -> (D, U)>,
}

impl<F, A: Copy, D, U> Clone for IndexedView<'_, F, A, D, U> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F, A: Copy, D, U> Copy for IndexedView<'_, F, A, D, U> {}

impl<'h, F, W, D, U> View for IndexedView<'h, F, W, D, U>
where
    W: View,
    D: Dimension + 'static,
    U: Element,
    F: Fn(D::Pattern, W::Elem) -> U + Portable,
{
    type Elem = U;
    type Cursor = IndexedCursor<'h, F, W::Cursor, D, U>;

    fn cursor(self) -> Self::Cursor {
        let Self { f, operand, place, shape, .. } = self;
        let indices = Vec::with_capacity(BLOCK);
        IndexedCursor { f: f.get(), operand: operand.cursor(), place, shape, indices, of: PhantomData }
    }
}

/// A block of indices, and the operand at it.
pub struct IndexedCursor<'h, F, C, D, U> {
    f: F,
    operand: C,
    place: &'h Place,
    shape: &'h [usize],
    indices: Vec<D>,
    of: PhantomData<fn() -> U>,
}

// SAFETY: the operand gets the same numbers; the indices are read with a check.
unsafe impl<F, C, D, U> Cursor for IndexedCursor<'_, F, C, D, U>
where
    C: Cursor,
    D: Dimension,
    U: Element,
    F: Fn(D::Pattern, C::Elem) -> U,
{
    type Elem = U;

    fn seek(&mut self, start: usize, len: usize) {
        self.operand.seek(start, len);
        self.indices.clear();
        let skip = self.place.local.len() - self.shape.len();
        self.place.each_index(start, len, |global| {
            let mut index = D::zeros(self.shape.len());
            for (axis, len) in self.shape.iter().enumerate() {
                index[axis] = if *len == 1 { 0 } else { global[skip + axis] };
            }
            self.indices.push(index);
        });
    }

    #[inline(always)]
    unsafe fn at(&self, i: usize) -> U {
        // SAFETY: the caller's promise.
        let x = unsafe { self.operand.at(i) };
        (self.f)(self.indices[i].clone().into_pattern(), x)
    }
}
