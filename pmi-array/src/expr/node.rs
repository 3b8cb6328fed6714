//! What an expression is made of, on the controller and on a task.
//!
//! The type of an expression is its program; what travels is its operands, handles of arrays and scalars. On a task an
//! expression goes through four forms, each made of the one before:
//!
//! | form | what it has | how many |
//! |---|---|---|
//! | [`Node`] | handles | one a command |
//! | [`Held`] | the operands' slabs, borrowed or fetched | one a command |
//! | [`View`] | slices of them, to be shared by threads | one a command |
//! | [`Cursor`] | a block of elements, ready to be read | one a rayon job |
//!
//! Blocks are runs of at most [`BLOCK`] elements of the result's slab in C order. A cursor is moved to a block, which
//! brings operands that are not just there (broadcast ones, the results of [`math`](crate::math)) into buffers of the
//! first-level cache; then the elements are read one by one, in a loop into which everything is inlined.

use crate::element::Element;
use crate::layout::Layout;
use ndarray::Dimension;
use pmi::Task;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many elements are computed at a time.
pub(crate) const BLOCK: usize = 1024;

/// How many elements are brought from memory at a time.
const PREFETCH: usize = 128;

/// An expression, or a part of one.
pub trait Node: Clone + Serialize + DeserializeOwned + 'static {
    /// The type of its elements.
    type Elem: Element;
    /// Its number of axes, as ndarray's dimension type.
    type Dim: Dimension + 'static;
    /// Its form with the operands at hand.
    type Held<'t>: Held<Elem = Self::Elem>;

    /// The length of each axis.
    fn shape(&self) -> Vec<usize>;

    /// Calls `visit` with the layout and the size of an element of each array in it, from left to right.
    fn operands(&self, visit: &mut dyn FnMut(&Layout, usize));

    /// Gets hold of the operands. All tasks do so: where layouts differ they exchange elements.
    fn hold<'t>(&self, frame: &Frame<'t>) -> Self::Held<'t>;
}

/// What an expression is evaluated for: the elements of the result that are this task's.
pub struct Frame<'t> {
    /// The task.
    pub task: &'t Task,
    /// Its part of the result.
    pub place: Place,
}

impl<'t> Frame<'t> {
    /// Of this task, for a result of this layout.
    pub fn new(task: &'t Task, layout: &Layout) -> Self {
        Self { task, place: Place::new(layout, task.rank()) }
    }
}

/// A task's part of an array.
#[derive(Clone)]
pub struct Place {
    /// The array's layout.
    pub layout: Layout,
    /// The task.
    pub rank: usize,
    /// The shape of its slab.
    pub local: Vec<usize>,
}

impl Place {
    /// The part of task `rank`.
    pub fn new(layout: &Layout, rank: usize) -> Self {
        Self { layout: layout.clone(), rank, local: layout.local_shape(rank) }
    }

    /// Whether the task has a place in the layout, if not elements.
    pub fn owns(&self) -> bool {
        self.rank < self.layout.grid().iter().product()
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.layout.local_len(self.rank)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index in the array of the element with this number in the slab's C order.
    pub fn index(&self, mut number: usize) -> Vec<usize> {
        let mut local = self.local.clone();
        for side in local.iter_mut().rev() {
            (*side, number) = (number % *side, number / *side);
        }
        self.layout.global_index(self.rank, &local)
    }

    /// Calls `f` with the index in the array of each of `len` elements of the slab, from number `start` on.
    pub fn each_index(&self, start: usize, len: usize, mut f: impl FnMut(&[usize])) {
        if len == 0 {
            return;
        }
        let part = self.layout.part(self.rank);
        let (mut local, mut number) = (self.local.clone(), start);
        for side in local.iter_mut().rev() {
            (*side, number) = (number % *side, number / *side);
        }
        let mut global: Vec<_> = part.axes().iter().zip(&local).map(|(axis, i)| axis.get(*i)).collect();
        f(&global);
        for _ in 1..len {
            for axis in (0..local.len()).rev() {
                local[axis] += 1;
                if local[axis] < self.local[axis] {
                    global[axis] = part.axes()[axis].get(local[axis]);
                    break;
                }
                local[axis] = 0;
                global[axis] = part.axes()[axis].get(0);
            }
            f(&global);
        }
    }

    /// The number in the whole array's C order of the element with this number in the slab's.
    pub fn number(&self, number: usize) -> usize {
        self.index(number).iter().zip(self.layout.shape()).fold(0, |number, (i, side)| number * side + i)
    }
}

/// An expression with its operands at hand.
pub trait Held {
    /// The type of its elements.
    type Elem: Element;
    /// Its form for the threads.
    type View<'h>: View<Elem = Self::Elem>
    where
        Self: 'h;

    /// The form for the threads.
    fn view(&self) -> Self::View<'_>;
}

/// An expression that threads can share.
pub trait View: Copy + Send + Sync {
    /// The type of its elements.
    type Elem: Element;
    /// Its form for one thread.
    type Cursor: Cursor<Elem = Self::Elem>;

    /// The form for one thread.
    fn cursor(self) -> Self::Cursor;
}

/// An expression on its way through the blocks.
///
/// # Safety
/// After `seek(start, len)`, `at(i)` is sound for each `i` below `len`.
pub unsafe trait Cursor {
    /// The type of its elements.
    type Elem: Element;

    /// Goes to the block of `len` elements, at most [`BLOCK`], whose first has the number `start` in the slab's C order.
    fn seek(&mut self, start: usize, len: usize);

    /// Element `i` of the block.
    ///
    /// # Safety
    /// `i` is below the length of the last `seek`.
    unsafe fn at(&self, i: usize) -> Self::Elem;

    /// Whether there are elementary functions in it, so that reading and writing memory better go on while they compute.
    const COMPUTES: bool = false;

    /// Has the operands of so many elements brought from memory, where that is useful: they will be read soon. There need
    /// not be elements of these numbers.
    #[inline(always)]
    fn prefetch(&self, start: usize, len: usize) {
        let _ = (start, len);
    }

    /// Writes a block to where it belongs; has as many elements from number `next` on brought from memory, where functions
    /// are computed meanwhile. What `at` and `block` give afterwards is known only after the next `seek`.
    #[inline(always)]
    fn write(&mut self, start: usize, next: usize, out: &mut [Self::Elem]) {
        self.seek(start, out.len());
        // SAFETY: the cursor has just sought a block of this length.
        unsafe {
            match Self::COMPUTES {
                true => read(self, out, next),
                // Arithmetic alone is so quick that asking ahead would only slow it down.
                false => read_group(self, out, 0),
            }
        }
    }

    /// The block, where its elements are there already and need not be computed.
    #[inline(always)]
    fn block(&self) -> Option<&[Self::Elem]> {
        None
    }
}

/// Reads the block that the cursor is at, and has as many elements from number `next` on brought from memory: a few at a
/// time, since asking for a whole block at once is slower than not asking.
///
/// # Safety
/// `block` is no longer than the last `seek` was.
#[inline(always)]
pub(super) unsafe fn read<C: Cursor + ?Sized>(cursor: &C, block: &mut [C::Elem], next: usize) {
    for (start, group) in (0..).step_by(PREFETCH).zip(block.chunks_mut(PREFETCH)) {
        cursor.prefetch(next + start, group.len());
        // SAFETY: all groups together are as long as the block.
        unsafe { read_group(cursor, group, start) };
    }
}

/// Reads elements from number `start` of the block on. A function, so that the compiler knows that they are not written to
/// where the cursor is.
///
/// # Safety
/// These elements are within the last `seek`.
#[inline(always)]
unsafe fn read_group<C: Cursor + ?Sized>(cursor: &C, group: &mut [C::Elem], start: usize) {
    for (i, to) in group.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *to = unsafe { cursor.at(start + i) };
    }
}
