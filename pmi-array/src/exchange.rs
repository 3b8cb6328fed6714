//! Moving elements between tasks.

use crate::element::Element;
use crate::layout::Layout;
use pmi::Task;

/// What the calling task needs of an operand for its part of a result; `None` where that is its own slab.
pub(crate) fn align<T: Element>(task: &Task, operand: &Layout, mine: &[T], result: &Layout) -> Option<Vec<T>> {
    if operand == result || task.size() == 1 {
        return None;
    }
    let counts: Vec<_> = (0..task.size()).map(|rank| operand.elements(rank).len()).collect();
    let (all, found) = task.comm().guarded(false).all_gather_v(T::bits(mine));
    debug_assert_eq!(found, counts);
    let all = T::from_bits(all);
    let local = result.local_shape(task.rank());
    let offset = result.global_index(task.rank(), &vec![0; local.len()]);
    let (shape, skip) = (operand.shape(), local.len() - operand.shape().len());
    let mut elements = Vec::new();
    let want: Vec<_> = (0..shape.len())
        .map(|axis| if shape[axis] == 1 { 0..1 } else { offset[skip + axis]..offset[skip + axis] + local[skip + axis] })
        .collect();
    fn walk<T: Copy>(all: &[T], shape: &[usize], want: &[std::ops::Range<usize>], at: usize, out: &mut Vec<T>) {
        match want.split_first() {
            None => out.push(all[at]),
            Some((range, rest)) => {
                range.clone().for_each(|i| walk(all, shape, rest, at * shape[shape.len() - want.len()] + i, out))
            }
        }
    }
    walk(&all, shape, &want, 0, &mut elements);
    Some(elements)
}
