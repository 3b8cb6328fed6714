//! Computing the elements of expressions.

use super::node::{BLOCK, Cursor, Frame, Held, Node, Place, View, read};
use crate::element::Element;
use crate::layout::Layout;
use crate::simd::{Kernel, LINE, Vector, dispatch, level, prefetch_to_write};
use pmi::Task;
use rayon::prelude::*;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// How many elements one rayon job computes, at the least.
pub(crate) const PIECE: usize = 32 * BLOCK;

/// How many elements are computed at a time where elementary functions keep the processor busy: few enough that the
/// processor, which looks some hundred instructions ahead, reads and writes memory meanwhile.
const COMPUTED: usize = 128;

/// So many elements ahead the memory is told what will be wanted.
const AHEAD: usize = 4 * COMPUTED;

/// The layout of an expression's result: that of the first array in it that has the result's shape; else blocks of
/// rows.
pub(crate) fn result_layout<N: Node>(node: &N, tasks: usize) -> Layout {
    let shape = node.shape();
    let mut found = None;
    node.operands(&mut |layout, _| {
        if found.is_none() && layout.shape() == shape && layout.tasks() == tasks {
            found = Some(layout.clone());
        }
    });
    found.unwrap_or_else(|| Layout::new(&shape, tasks))
}

/// Brings the cursor to a block, and its elements to where they can be read: to `buffer`, unless they are there already.
struct Read<'a, C: Cursor> {
    cursor: &'a mut C,
    start: usize,
    next: usize,
    buffer: &'a mut [C::Elem],
}

impl<'a, C: Cursor> Kernel for Read<'a, C> {
    type Output = &'a [C::Elem];

    #[inline(always)]
    fn run<V: Vector>(self) -> &'a [C::Elem] {
        self.cursor.seek(self.start, self.buffer.len());
        if self.cursor.block().is_none() {
            // SAFETY: a block of the buffer's length has been sought.
            unsafe { read(self.cursor, self.buffer, self.next) };
            return self.buffer;
        }
        self.cursor.block().unwrap_or_default()
    }
}

/// The elements from number `start` on, as many as `buffer` has room for, at most [`BLOCK`]. Those from `next` on will
/// probably be read next.
pub(crate) fn read_block<'a, C: Cursor>(
    cursor: &'a mut C,
    start: usize,
    next: usize,
    buffer: &'a mut [C::Elem],
) -> &'a [C::Elem] {
    dispatch(level(), Read { cursor, start, next, buffer })
}

/// Writes a run of elements to where they belong.
struct Fill<'a, C: Cursor> {
    cursor: &'a mut C,
    start: usize,
    out: &'a mut [C::Elem],
}

impl<C: Cursor> Kernel for Fill<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let (len, mut at) = (self.out.len(), 0);
        let step = if C::COMPUTES { COMPUTED } else { BLOCK };
        // A short block first, so that no vector of the others is across two lines of the cache: allocators put large slabs
        // a few bytes behind the start of a page.
        let mut end = match self.out.as_ptr().align_offset(LINE) {
            0 => step.min(len),
            unaligned => unaligned.min(step).min(len),
        };
        while at < len {
            if C::COMPUTES {
                prefetch_to_write(self.out.as_ptr().wrapping_add(at + AHEAD), COMPUTED);
            }
            self.cursor.write(self.start + at, self.start + at + AHEAD, &mut self.out[at..end]);
            (at, end) = (end, len.min(end + step));
        }
    }
}

/// Runs `f` over a run of elements; where a closure of the user's panics in it, the panic that goes on says at which
/// element.
pub(crate) fn blame<W: View, R>(view: W, place: &Place, start: usize, len: usize, f: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| {
        let mut cursor = view.cursor();
        for number in start..start + len {
            let element = || {
                cursor.seek(number, 1);
                // SAFETY: one element was sought.
                let _ = unsafe { cursor.at(0) };
            };
            if let Err(payload) = catch_unwind(AssertUnwindSafe(element)) {
                match text(&*payload) {
                    Some(text) => resume_unwind(Box::new(format!("{text} (at element {:?})", place.index(number)))),
                    None => resume_unwind(payload),
                }
            }
        }
        // It does not panic any more: the closure is not a function of its arguments.
        resume_unwind(payload)
    })
}

fn text(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// Computes the task's elements of a result into `out`, in C order.
pub(crate) fn fill<N: Node>(node: &N, frame: &Frame<'_>, out: &mut [N::Elem]) {
    let held = node.hold(frame);
    let (view, place) = (held.view(), &frame.place);
    let job = |(piece, out): (usize, &mut [N::Elem])| {
        let (start, len) = (piece * PIECE, out.len());
        blame(view, place, start, len, || dispatch(level(), Fill { cursor: &mut view.cursor(), start, out }));
    };
    if frame.task.threads() == 1 || out.len() <= PIECE {
        out.chunks_mut(PIECE).enumerate().for_each(job);
    } else {
        frame.task.install(|| out.par_chunks_mut(PIECE).enumerate().for_each(job));
    }
}

/// The element at index 0 of all, on all tasks; there it is broadcast from the one that has it. Any where there is none.
pub(crate) fn first_element<H: Held>(held: &H, frame: &Frame<'_>) -> H::Elem {
    let Place { layout, rank, .. } = &frame.place;
    let mut first = vec![H::Elem::default()];
    if !layout.is_empty() {
        let owner = layout.owner(&vec![0; layout.shape().len()]);
        let mut panic = None;
        if owner == *rank {
            let view = held.view();
            let read_first = || {
                let mut cursor = view.cursor();
                cursor.seek(0, 1);
                // SAFETY: one element was sought.
                unsafe { cursor.at(0) }
            };
            // The others wait for the broadcast: it takes place in any case.
            match catch_unwind(AssertUnwindSafe(|| blame(view, &frame.place, 0, 1, read_first))) {
                Ok(element) => first[0] = element,
                Err(payload) => panic = Some(payload),
            }
        }
        let mut bits = H::Elem::bits(&first).to_vec();
        frame.task.comm().guarded(false).broadcast(owner, &mut bits);
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
        first = H::Elem::from_bits(bits);
    }
    first[0]
}

/// Computes the task's elements block by block: `take` gets a state, the number in the slab of a block's first element,
/// and the block. Each rayon job has a state of its own; they come back in the order of the elements.
pub(crate) fn fold<H: Held, S: Send>(
    held: &H,
    frame: &Frame<'_>,
    begin: impl Fn() -> S + Sync,
    take: impl Fn(&mut S, usize, &[H::Elem]) + Sync,
) -> Vec<S> {
    let (view, place, len) = (held.view(), &frame.place, frame.place.len());
    let pieces = len.div_ceil(PIECE).min(8 * frame.task.threads());
    let job = |piece: usize| {
        let cut = |piece: usize| (len.div_ceil(BLOCK) * piece / pieces * BLOCK).min(len);
        let (start, end, mut state) = (cut(piece), cut(piece + 1), begin());
        blame(view, place, start, end - start, || {
            let (mut cursor, mut buffer) = (view.cursor(), [H::Elem::default(); BLOCK]);
            for start in (start..end).step_by(BLOCK) {
                let len = BLOCK.min(end - start);
                take(&mut state, start, read_block(&mut cursor, start, start + len, &mut buffer[..len]));
            }
        });
        state
    };
    run(frame.task, pieces, job)
}

/// Runs so many jobs in the task's pool; their results are in order.
pub(crate) fn run<S: Send>(task: &Task, jobs: usize, job: impl Fn(usize) -> S + Sync) -> Vec<S> {
    if jobs <= 1 || task.threads() == 1 {
        (0..jobs).map(job).collect()
    } else {
        task.install(|| (0..jobs).into_par_iter().map(&job).collect())
    }
}
