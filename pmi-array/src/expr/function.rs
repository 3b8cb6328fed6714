//! Elementary functions as nodes: computed a block at a time, by [`crate::math`].

use super::map::broadcast;
use super::node::{BLOCK, Cursor, Frame, Held, Node, View};
use crate::element::Element;
use crate::layout::Layout;
use crate::math::{Binary, Unary};
use crate::promote::Promote;
use crate::simd::LINE;
use ndarray::Dimension;
use num_complex::Complex;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// Numbers that elementary functions take: floating-point ones as they are, others as `f64`.
pub trait Floating: Element {
    /// The type of the argument and of the value.
    type Float: Element;
    /// The number as an argument.
    fn float(self) -> Self::Float;
}

macro_rules! floating {
    ($($type:ty => $float:ty, |$x:ident| $value:expr;)*) => {$(
        impl Floating for $type {
            type Float = $float;
            #[inline(always)]
            fn float(self) -> $float {
                let $x = self;
                $value
            }
        }
    )*};
}

floating! {
    bool => f64, |x| u8::from(x).into();
    u8 => f64, |x| x.into();
    u16 => f64, |x| x.into();
    u32 => f64, |x| x.into();
    u64 => f64, |x| x as f64;
    i8 => f64, |x| x.into();
    i16 => f64, |x| x.into();
    i32 => f64, |x| x.into();
    i64 => f64, |x| x as f64;
    f32 => f32, |x| x;
    f64 => f64, |x| x;
    Complex<f32> => Complex<f32>, |x| x;
    Complex<f64> => Complex<f64>, |x| x;
}

/// A function of one argument; `A` is the operand as a node, as a held node, as a view or as a cursor.
#[derive(Serialize, Deserialize)]
#[serde(bound = "A: Serialize + serde::de::DeserializeOwned")]
pub struct Function<F, A>(A, #[serde(skip)] PhantomData<fn() -> F>);

impl<F, A: Clone> Clone for Function<F, A> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<F, A: Copy> Copy for Function<F, A> {}

impl<F, A> Function<F, A> {
    pub(super) fn new(operand: A) -> Self {
        Self(operand, PhantomData)
    }
}

impl<F, N> Node for Function<F, N>
where
    N: Node<Elem: Floating>,
    F: Unary<<N::Elem as Floating>::Float> + 'static,
{
    type Elem = <N::Elem as Floating>::Float;
    type Dim = N::Dim;
    type Held<'t> = Function<F, N::Held<'t>>;

    fn shape(&self) -> Vec<usize> {
        self.0.shape()
    }

    fn operands(&self, visit: &mut dyn FnMut(&Layout, usize)) {
        self.0.operands(visit);
    }

    fn hold<'t>(&self, frame: &Frame<'t>) -> Self::Held<'t> {
        Function::new(self.0.hold(frame))
    }
}

impl<F, H> Held for Function<F, H>
where
    H: Held<Elem: Floating>,
    F: Unary<<H::Elem as Floating>::Float> + 'static,
{
    type Elem = <H::Elem as Floating>::Float;
    type View<'h>
        = Function<F, H::View<'h>>
    where
        Self: 'h;

    fn view(&self) -> Self::View<'_> {
        Function::new(self.0.view())
    }
}

impl<F, W> View for Function<F, W>
where
    W: View<Elem: Floating>,
    F: Unary<<W::Elem as Floating>::Float> + 'static,
{
    type Elem = <W::Elem as Floating>::Float;
    type Cursor = FunctionCursor<F, W::Cursor, Self::Elem>;

    fn cursor(self) -> Self::Cursor {
        FunctionCursor { operand: self.0.cursor(), values: Values::new(), function: PhantomData }
    }
}

/// A function's values, or arguments, at a block.
struct Values<T> {
    /// [`BLOCK`] of them from number `first` on, which is where a line of the cache begins.
    all: Vec<T>,
    first: usize,
    /// The block's length.
    len: usize,
}

impl<T: Element> Values<T> {
    fn new() -> Self {
        let slack = LINE / size_of::<T>();
        let all = vec![T::default(); BLOCK + slack];
        Self { first: all.as_ptr().align_offset(LINE).min(slack), all, len: 0 }
    }

    /// Those of a block of this length, to be written.
    #[inline(always)]
    fn renew(&mut self, len: usize) -> &mut [T] {
        self.len = len;
        &mut self.all[self.first..][..len]
    }

    /// # Safety
    /// `i` is below the block's length.
    #[inline(always)]
    unsafe fn at(&self, i: usize) -> T {
        // SAFETY: the caller keeps `i` below the block's length, which `renew` has compared with the buffer's.
        unsafe { *self.all.get_unchecked(self.first + i) }
    }

    #[inline(always)]
    fn block(&self) -> &[T] {
        &self.all[self.first..][..self.len]
    }
}

/// Writes a function's values at a block.
#[inline(always)]
fn compute<F, C>(operand: &mut C, start: usize, values: &mut [<C::Elem as Floating>::Float])
where
    C: Cursor<Elem: Floating>,
    F: Unary<<C::Elem as Floating>::Float>,
{
    operand.seek(start, values.len());
    for (i, value) in values.iter_mut().enumerate() {
        // SAFETY: `i` is below the length that was sought.
        *value = unsafe { operand.at(i) }.float();
    }
    F::apply(values);
}

/// A function at a block.
pub struct FunctionCursor<F, C, T> {
    operand: C,
    values: Values<T>,
    function: PhantomData<fn() -> F>,
}

// SAFETY: `seek` renews as many values as the block has.
unsafe impl<F, C> Cursor for FunctionCursor<F, C, <C::Elem as Floating>::Float>
where
    C: Cursor<Elem: Floating>,
    F: Unary<<C::Elem as Floating>::Float>,
{
    type Elem = <C::Elem as Floating>::Float;

    const COMPUTES: bool = true;

    #[inline(always)]
    fn seek(&mut self, start: usize, len: usize) {
        compute::<F, C>(&mut self.operand, start, self.values.renew(len));
    }

    #[inline(always)]
    fn prefetch(&self, start: usize, len: usize) {
        self.operand.prefetch(start, len);
    }

    #[inline(always)]
    fn write(&mut self, start: usize, next: usize, out: &mut [Self::Elem]) {
        self.prefetch(next, out.len());
        compute::<F, C>(&mut self.operand, start, out);
    }

    #[inline(always)]
    unsafe fn at(&self, i: usize) -> Self::Elem {
        // SAFETY: the caller's promise.
        unsafe { self.values.at(i) }
    }

    #[inline(always)]
    fn block(&self) -> Option<&[Self::Elem]> {
        Some(self.values.block())
    }
}

/// A function of two arguments, broadcast against each other; `A` and `B` are the operands in one of the four forms, and
/// `D` is the dimension of the result.
#[derive(Serialize, Deserialize)]
#[serde(bound = "A: Serialize + serde::de::DeserializeOwned, B: Serialize + serde::de::DeserializeOwned")]
pub struct Function2<F, A, B, D = ()>(A, B, #[serde(skip)] PhantomData<fn() -> (F, D)>);

impl<F, A: Clone, B: Clone, D> Clone for Function2<F, A, B, D> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), self.1.clone(), PhantomData)
    }
}

impl<F, A: Copy, B: Copy, D> Copy for Function2<F, A, B, D> {}

impl<F, A: Node, B: Node, D> Function2<F, A, B, D> {
    /// # Panics
    /// Where the operands cannot be broadcast together.
    #[track_caller]
    pub(super) fn new(a: A, b: B) -> Self {
        broadcast(&[a.shape(), b.shape()]);
        Self(a, b, PhantomData)
    }
}

/// The type of a function's arguments, made of elements of two types.
pub(super) type Common<A, B> = <<A as Promote<B>>::Output as Floating>::Float;

impl<F, A, B, D> Node for Function2<F, A, B, D>
where
    A: Node<Elem: Promote<B::Elem, Output: Floating>>,
    B: Node,
    D: Dimension + 'static,
    F: Binary<Common<A::Elem, B::Elem>> + 'static,
{
    type Elem = Common<A::Elem, B::Elem>;
    type Dim = D;
    type Held<'t> = Function2<F, A::Held<'t>, B::Held<'t>>;

    fn shape(&self) -> Vec<usize> {
        broadcast(&[self.0.shape(), self.1.shape()])
    }

    fn operands(&self, visit: &mut dyn FnMut(&Layout, usize)) {
        self.0.operands(visit);
        self.1.operands(visit);
    }

    fn hold<'t>(&self, frame: &Frame<'t>) -> Self::Held<'t> {
        Function2(self.0.hold(frame), self.1.hold(frame), PhantomData)
    }
}

impl<F, A, B> Held for Function2<F, A, B>
where
    A: Held<Elem: Promote<B::Elem, Output: Floating>>,
    B: Held,
    F: Binary<Common<A::Elem, B::Elem>> + 'static,
{
    type Elem = Common<A::Elem, B::Elem>;
    type View<'h>
        = Function2<F, A::View<'h>, B::View<'h>>
    where
        Self: 'h;

    fn view(&self) -> Self::View<'_> {
        Function2(self.0.view(), self.1.view(), PhantomData)
    }
}

impl<F, A, B> View for Function2<F, A, B>
where
    A: View<Elem: Promote<B::Elem, Output: Floating>>,
    B: View,
    F: Binary<Common<A::Elem, B::Elem>> + 'static,
{
    type Elem = Common<A::Elem, B::Elem>;
    type Cursor = Function2Cursor<F, A::Cursor, B::Cursor, Self::Elem>;

    fn cursor(self) -> Self::Cursor {
        let (a, b) = (self.0.cursor(), self.1.cursor());
        Function2Cursor { a, b, values: Values::new(), others: Values::new(), function: PhantomData }
    }
}

/// Writes a function's values at a block, its second arguments to `others`.
#[inline(always)]
fn compute2<F, A, B>(
    a: &mut A,
    b: &mut B,
    start: usize,
    values: &mut [Common<A::Elem, B::Elem>],
    others: &mut [Common<A::Elem, B::Elem>],
) where
    A: Cursor<Elem: Promote<B::Elem, Output: Floating>>,
    B: Cursor,
    F: Binary<Common<A::Elem, B::Elem>>,
{
    a.seek(start, values.len());
    b.seek(start, values.len());
    for (i, (value, other)) in values.iter_mut().zip(others.iter_mut()).enumerate() {
        // SAFETY: `i` is below the length that was sought.
        (*value, *other) = unsafe { (a.at(i).left().float(), A::Elem::right(b.at(i)).float()) };
    }
    F::apply(values, others);
}

/// A function of two arguments at a block.
pub struct Function2Cursor<F, A, B, T> {
    a: A,
    b: B,
    values: Values<T>,
    /// The second arguments.
    others: Values<T>,
    function: PhantomData<fn() -> F>,
}

// SAFETY: `seek` renews as many values as the block has.
unsafe impl<F, A, B> Cursor for Function2Cursor<F, A, B, Common<A::Elem, B::Elem>>
where
    A: Cursor<Elem: Promote<B::Elem, Output: Floating>>,
    B: Cursor,
    F: Binary<Common<A::Elem, B::Elem>>,
{
    type Elem = Common<A::Elem, B::Elem>;

    const COMPUTES: bool = true;

    #[inline(always)]
    fn seek(&mut self, start: usize, len: usize) {
        compute2::<F, A, B>(&mut self.a, &mut self.b, start, self.values.renew(len), self.others.renew(len));
    }

    #[inline(always)]
    fn prefetch(&self, start: usize, len: usize) {
        self.a.prefetch(start, len);
        self.b.prefetch(start, len);
    }

    #[inline(always)]
    fn write(&mut self, start: usize, next: usize, out: &mut [Self::Elem]) {
        self.prefetch(next, out.len());
        let others = self.others.renew(out.len());
        compute2::<F, A, B>(&mut self.a, &mut self.b, start, out, others);
    }

    #[inline(always)]
    unsafe fn at(&self, i: usize) -> Self::Elem {
        // SAFETY: the caller's promise.
        unsafe { self.values.at(i) }
    }

    #[inline(always)]
    fn block(&self) -> Option<&[Self::Elem]> {
        Some(self.values.block())
    }
}
