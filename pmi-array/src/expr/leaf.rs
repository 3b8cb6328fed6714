//! Arrays and scalars as operands.

use super::node::{BLOCK, Cursor, Frame, Held, Node, View};
use crate::array::{BUDGET, DistArray};
use crate::element::Element;
use crate::exchange::fetch;
use crate::layout::{Indices, Layout, Part};
use crate::memory::recycle;
use crate::simd::prefetch;
use ndarray::{Dimension, Ix0};
use pmi::Task;
use serde::{Deserialize, Serialize};
use std::cell::Ref;

/// An array.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Leaf<T: Element, D: Dimension + 'static>(pub(crate) DistArray<T, D>);

impl<T: Element, D: Dimension + 'static> Clone for Leaf<T, D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Element, D: Dimension + 'static> Node for Leaf<T, D> {
    type Elem = T;
    type Dim = D;
    type Held<'t> = HeldLeaf<'t, T>;

    fn shape(&self) -> Vec<usize> {
        self.0.shape().to_vec()
    }

    fn operands(&self, visit: &mut dyn FnMut(&Layout, usize)) {
        visit(self.0.layout(), size_of::<T>());
    }

    fn hold<'t>(&self, frame: &Frame<'t>) -> HeldLeaf<'t, T> {
        let mine = self.0.elements(frame.task);
        let data = match align(frame.task, self.0.layout(), &mine, &frame.place.layout) {
            None => Data::Own(mine),
            Some(elements) => Data::Fetched(elements),
        };
        let shape = wanted_shape(self.0.shape(), &frame.place.local);
        let walk = (shape != frame.place.local).then(|| Walk::new(&shape, &frame.place.local));
        HeldLeaf { data, walk }
    }
}

/// What the task needs of an operand for its part of a result; `None` where that is its own slab, on all tasks.
fn align<T: Element>(task: &Task, operand: &Layout, mine: &[T], result: &Layout) -> Option<Vec<T>> {
    let wanted = |rank: usize| demand(operand.shape(), result, rank);
    if operand == result || (0..task.size()).all(|rank| operand.part(rank) == wanted(rank)) {
        return None;
    }
    Some(fetch(task, operand, mine, &wanted, BUDGET))
}

/// What task `rank` needs of an operand of this shape for its part of a result that it is broadcast to.
pub(super) fn demand(operand: &[usize], result: &Layout, rank: usize) -> Part {
    let part = result.part(rank);
    if part.is_empty() {
        return Part::empty(operand.len());
    }
    let skip = result.shape().len() - operand.len();
    let axis = |(axis, len): (usize, &usize)| match *len == result.shape()[skip + axis] {
        true => part.axes()[skip + axis],
        false => Indices::all(1),
    };
    Part::new(operand.iter().enumerate().map(axis).collect::<Vec<_>>())
}

/// The shape of what a task needs of an operand that is broadcast to `local`.
fn wanted_shape(operand: &[usize], local: &[usize]) -> Vec<usize> {
    let mine = &local[local.len() - operand.len()..];
    operand.iter().zip(mine).map(|(whole, mine)| if *whole == 1 { (*mine).min(1) } else { *mine }).collect()
}

/// An array's elements, as far as the task needs them.
pub struct HeldLeaf<'t, T: Element> {
    data: Data<'t, T>,
    walk: Option<Walk>,
}

enum Data<'t, T: Element> {
    /// The task's own slab has them.
    Own(Ref<'t, [T]>),
    /// They came from other tasks.
    Fetched(Vec<T>),
}

impl<T: Element> Drop for Data<'_, T> {
    fn drop(&mut self) {
        if let Self::Fetched(elements) = self {
            recycle(std::mem::take(elements));
        }
    }
}

impl<T: Element> Held for HeldLeaf<'_, T> {
    type Elem = T;
    type View<'h>
        = LeafView<'h, T>
    where
        Self: 'h;

    fn view(&self) -> LeafView<'_, T> {
        let data: &[T] = match &self.data {
            Data::Own(elements) => elements,
            Data::Fetched(elements) => elements,
        };
        LeafView { data, walk: self.walk.as_ref() }
    }
}

/// A way through a broadcast operand along the C order of the result.
#[derive(Debug)]
pub(super) struct Walk {
    /// The lengths of the result's axes and the operand's steps along them, with axes merged where that is the same.
    axes: Vec<(usize, usize)>,
}

impl Walk {
    fn new(operand: &[usize], result: &[usize]) -> Self {
        let mut steps = vec![0; result.len()];
        let (offset, mut step) = (result.len() - operand.len(), 1);
        for axis in (0..operand.len()).rev() {
            if operand[axis] == result[offset + axis] {
                steps[offset + axis] = step;
            }
            step *= operand[axis];
        }
        let mut axes: Vec<(usize, usize)> = Vec::new();
        for (len, step) in result.iter().copied().zip(steps) {
            if len == 1 {
                continue;
            }
            match axes.last_mut() {
                Some((outer, by)) if *by == len * step => (*outer, *by) = (*outer * len, step),
                _ => axes.push((len, step)),
            }
        }
        if axes.is_empty() {
            axes.push((1, 0));
        }
        Self { axes }
    }

    /// The operand's element at the start of run number `run` of the innermost axis.
    #[inline]
    fn run_start(&self, mut run: usize) -> usize {
        let outer = &self.axes[..self.axes.len() - 1];
        let mut start = 0;
        for (len, step) in outer.iter().rev() {
            start += run % len * step;
            run /= len;
        }
        start
    }
}

/// An array's elements and the way through them.
#[derive(Clone, Copy)]
pub struct LeafView<'h, T> {
    data: &'h [T],
    walk: Option<&'h Walk>,
}

impl<'h, T: Element> View for LeafView<'h, T> {
    type Elem = T;
    type Cursor = LeafCursor<'h, T>;

    fn cursor(self) -> LeafCursor<'h, T> {
        let buffer = if self.walk.is_some() { vec![T::default(); BLOCK] } else { Vec::new() };
        LeafCursor { view: self, buffer, now: self.data.as_ptr(), len: 0, splat: None }
    }
}

/// A block of an array's elements.
pub struct LeafCursor<'h, T> {
    view: LeafView<'h, T>,
    buffer: Vec<T>,
    /// The block's first element: in the data, or in the buffer, which never moves.
    now: *const T,
    /// The block's length.
    len: usize,
    /// The element that fills the whole buffer, if one does.
    splat: Option<usize>,
}

impl<T: Element> LeafCursor<'_, T> {
    /// Finds the block of a broadcast operand, or copies it together.
    fn walk(&mut self, walk: &Walk, start: usize, len: usize) {
        let data = self.view.data;
        let (inner, step) = walk.axes[walk.axes.len() - 1];
        let (mut run, mut from) = (start / inner, start % inner);
        if from + len <= inner {
            let first = walk.run_start(run) + from * step;
            if step == 1 {
                self.now = data[first..first + len].as_ptr();
                return;
            }
            if step == 0 {
                if self.splat != Some(first) {
                    self.buffer.fill(data[first]);
                    self.splat = Some(first);
                }
                self.now = self.buffer[..len].as_ptr();
                return;
            }
        }
        self.splat = None;
        let mut rest = &mut self.buffer[..len];
        while !rest.is_empty() {
            let count = (inner - from).min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            let first = walk.run_start(run) + from * step;
            match step {
                0 => now.fill(data[first]),
                1 => now.copy_from_slice(&data[first..first + count]),
                _ => now.iter_mut().zip(data[first..].iter().step_by(step)).for_each(|(to, x)| *to = *x),
            }
            (rest, run, from) = (later, run + 1, 0);
        }
        self.now = self.buffer.as_ptr();
    }
}

// SAFETY: `seek` leaves `now` at the start of `len` elements, of the data or of the buffer, whose slices it has checked;
// both live as long as the cursor and do not move.
unsafe impl<T: Element> Cursor for LeafCursor<'_, T> {
    type Elem = T;

    #[inline(always)]
    fn seek(&mut self, start: usize, len: usize) {
        match self.view.walk {
            None => self.now = self.view.data[start..start + len].as_ptr(),
            Some(walk) => self.walk(walk, start, len),
        }
        self.len = len;
    }

    #[inline(always)]
    fn prefetch(&self, start: usize, len: usize) {
        if self.view.walk.is_none() {
            prefetch(self.view.data.as_ptr().wrapping_add(start), len);
        }
    }

    #[inline(always)]
    unsafe fn at(&self, i: usize) -> T {
        // SAFETY: the caller keeps `i` within the block, whose elements are there, see above.
        unsafe { *self.now.add(i) }
    }

    #[inline(always)]
    fn block(&self) -> Option<&[T]> {
        // SAFETY: `now` is the start of `len` elements, see above; at first, of none. Nothing writes to them while the
        // cursor is borrowed.
        Some(unsafe { std::slice::from_raw_parts(self.now, self.len) })
    }
}

/// A number, the same at each index.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Scalar<T: Element>(pub T);

impl<T: Element> Node for Scalar<T> {
    type Elem = T;
    type Dim = Ix0;
    type Held<'t> = Self;

    fn shape(&self) -> Vec<usize> {
        Vec::new()
    }

    fn operands(&self, _: &mut dyn FnMut(&Layout, usize)) {}

    fn hold<'t>(&self, _: &Frame<'t>) -> Self {
        *self
    }
}

impl<T: Element> Held for Scalar<T> {
    type Elem = T;
    type View<'h> = Self;

    fn view(&self) -> Self {
        *self
    }
}

impl<T: Element> View for Scalar<T> {
    type Elem = T;
    type Cursor = Self;

    fn cursor(self) -> Self {
        self
    }
}

// SAFETY: the element is there for any number.
unsafe impl<T: Element> Cursor for Scalar<T> {
    type Elem = T;

    #[inline(always)]
    fn seek(&mut self, _: usize, _: usize) {}

    #[inline(always)]
    unsafe fn at(&self, _: usize) -> T {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{ArrayD, IxDyn};

    #[test]
    fn broadcast_operands_are_walked_as_ndarray_does() {
        let shapes: [(&[usize], &[usize]); 9] = [
            (&[3], &[2, 3]),
            (&[2, 1], &[2, 3]),
            (&[1, 1], &[4, 5]),
            (&[], &[7]),
            (&[4, 1, 5], &[4, 3, 5]),
            (&[3, 1], &[6, 3, 700]),
            (&[1, 3000], &[2, 3000]),
            (&[5, 1, 1, 2], &[5, 2, 3, 2]),
            (&[1], &[0, 1]),
        ];
        for (operand, result) in shapes {
            let count: usize = operand.iter().product();
            let data: Vec<u32> = (0..count as u32).collect();
            let expected = ArrayD::from_shape_vec(IxDyn(operand), data.clone()).unwrap();
            let expected: Vec<u32> = expected.broadcast(IxDyn(result)).unwrap().iter().copied().collect();
            let walk = Walk::new(operand, result);
            let mut cursor = LeafView { data: &data, walk: Some(&walk) }.cursor();
            for block in [1, 2, 7, BLOCK] {
                for start in (0..expected.len()).step_by(block) {
                    let len = block.min(expected.len() - start);
                    cursor.seek(start, len);
                    // SAFETY: within the block.
                    let found: Vec<u32> = (0..len).map(|i| unsafe { cursor.at(i) }).collect();
                    assert_eq!(found, expected[start..start + len], "{operand:?} to {result:?} at {start}");
                }
            }
        }
    }
}
