//! Copying the elements of an overlap, run by run.

use crate::layout::Overlap;
use std::ops::Range;

/// Runs shorter than this are copied in a loop: a call of `memcpy` takes longer.
const SHORT: usize = 16;

#[inline(always)]
fn copy_run<B: Copy>(from: &[B], to: &mut [B]) {
    if from.len() < SHORT {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    } else {
        to.copy_from_slice(from);
    }
}

/// From the part on one side to the part on the other.
pub(super) fn straight<B: Copy>(overlap: &Overlap, from: &[B], to: &mut [B]) {
    overlap.for_each_run(0..overlap.len(), |[source, target], len| {
        copy_run(&from[source..][..len], &mut to[target..][..len]);
    });
}

/// The elements number `range` of the first part, one behind the other.
pub(super) fn pack<B: Copy>(overlap: &Overlap, range: Range<usize>, from: &[B], to: &mut [B]) {
    let mut rest = to;
    overlap.for_each_run(range, |[source, _], len| {
        let run = rest.split_off_mut(..len).expect("a buffer has the room that its range needs");
        copy_run(&from[source..][..len], run);
    });
}

/// The elements number `range` to their places in the second part.
pub(super) fn unpack<B: Copy>(overlap: &Overlap, range: Range<usize>, from: &[B], to: &mut [B]) {
    let mut rest = from;
    overlap.for_each_run(range, |[_, target], len| {
        let run = rest.split_off(..len).expect("a buffer has the elements of its range");
        copy_run(run, &mut to[target..][..len]);
    });
}
