//! Few lanes: in chunks.

use super::{CHUNK, Lanes, Rule, TAG};
use crate::element::Element;
use pmi::Task;
use rayon::prelude::*;

/// What goes on from task to task along few lanes: the running values before the chunk that is under way, its total so
/// far, and the running values so far, of each lane. The latter two are there where a chunk is under way.
type Carry<O> = (Option<Vec<O>>, Option<Vec<O>>, Option<Vec<O>>);

/// Scans few lanes: in chunks. `out` has the first values.
pub(super) fn chunked<T: Element, R: Rule<T>>(task: &Task, lanes: &Lanes, out: &mut [R::Out]) {
    if lanes.inner == 0 {
        // There are no lanes here, nor on the tasks before and after.
        return;
    }
    let comm = task.comm();
    for outer in 0..lanes.outer {
        let size = lanes.len * lanes.inner;
        let out = &mut out[outer * size..][..size];
        let to_boundary = (lanes.start.next_multiple_of(CHUNK) - lanes.start).min(lanes.len);
        let (head, rest) = out.split_at_mut(to_boundary * lanes.inner);
        let mut chunks: Vec<&mut [R::Out]> = rest.chunks_mut(CHUNK * lanes.inner).collect();
        let total = |chunk: &&mut [R::Out]| {
            let (first, rest) = chunk.split_at(lanes.inner);
            let mut total = first.to_vec();
            rest.chunks_exact(lanes.inner).for_each(|row| advance::<T, R>(&mut total, row));
            total
        };
        let totals: Vec<_> = task.install(|| chunks.par_iter().map(total).collect());

        let carry: Carry<R::Out> = lanes.before.map_or((None, None, None), |before| comm.recv_object(before, TAG));
        let (mut prefix, mut partial, mut value) = carry;
        if to_boundary > 0 {
            let (value, partial_now) = (value.as_mut(), partial.as_mut());
            let (value, partial_now) = value.zip(partial_now).expect("a chunk that is under way was begun");
            for row in head.chunks_exact_mut(lanes.inner) {
                advance::<T, R>(partial_now, row);
                advance::<T, R>(value, row);
                row.copy_from_slice(value);
            }
            if (lanes.start + to_boundary).is_multiple_of(CHUNK) {
                prefix = Some(joined::<T, R>(prefix, partial.take().unwrap_or_default()));
            }
        }
        let mut prefixes = Vec::with_capacity(chunks.len());
        for (chunk, total) in chunks.iter().zip(totals) {
            prefixes.push(prefix.clone());
            if chunk.len() == CHUNK * lanes.inner {
                prefix = Some(joined::<T, R>(prefix, total));
            } else {
                partial = Some(total);
            }
        }
        let run = |(chunk, prefix): (&mut &mut [R::Out], Option<Vec<R::Out>>)| {
            let mut value = prefix;
            for row in chunk.chunks_exact_mut(lanes.inner) {
                match &mut value {
                    Some(value) => advance::<T, R>(value, row),
                    None => value = Some(row.to_vec()),
                }
                row.copy_from_slice(value.as_deref().unwrap_or_default());
            }
            value
        };
        // The last chunk first: the next task waits for its values.
        if let (Some(chunk), Some(prefix)) = (chunks.last_mut(), prefixes.pop()) {
            value = run((chunk, prefix));
        }
        if let Some(after) = lanes.after {
            comm.send_object(after, TAG, &(prefix, partial, value));
        }
        task.install(|| {
            chunks.par_iter_mut().zip(prefixes).for_each(|job| {
                run(job);
            });
        });
    }
}

/// The next value of each lane.
fn advance<T: Element, R: Rule<T>>(values: &mut [R::Out], row: &[R::Out]) {
    values.iter_mut().zip(row).for_each(|(value, x)| *value = R::next(*value, *x));
}

/// The running values after a chunk.
fn joined<T: Element, R: Rule<T>>(prefix: Option<Vec<R::Out>>, total: Vec<R::Out>) -> Vec<R::Out> {
    let Some(mut prefix) = prefix else { return total };
    advance::<T, R>(&mut prefix, &total);
    prefix
}
