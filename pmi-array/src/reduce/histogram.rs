//! Counting elements: [`histogram`], [`bincount`].

use crate::array::expect;
use crate::element::Real;
use crate::expr::{Expression, Frame, Node, fold, result_layout};
use crate::layout::Layout;
use pmi::{Packed, Task};

/// How many elements lie in each of `bins` intervals of equal length from `min` to `max`: NumPy's `histogram`. The last
/// interval has its upper end, the others have not; elements outside and NaNs are left out. One command; each task sends
/// the counts, along a tree.
///
/// ```
/// use pmi_array::{DistArray, histogram};
/// # pmi::with_tasks(2, || {
/// let x = DistArray::linspace(0.0, 1.0, 11);
/// assert_eq!(histogram(&x, 5, (0.0, 1.0)), [2, 2, 2, 2, 3]);
/// # })
/// ```
///
/// # Panics
/// Where there are no bins, the limits or their distance are not finite or not in order, a closure in the expression panics, or the calling
/// thread does not control the arrays' world.
#[track_caller]
pub fn histogram<X: Expression<Elem: Real>>(x: X, bins: usize, (min, max): (f64, f64)) -> Vec<u64> {
    assert!(bins > 0, "a histogram has 1 bin or more");
    assert!(
        min < max && (max - min).is_finite(),
        "histogram from {min} to {max}: give limits in order, at a distance that is finite"
    );
    let bin = |(bins, min, max): &(usize, f64, f64), x: X::Elem| {
        let x = x.to_f64();
        let edge = |bin: usize| min + (max - min) * (bin as f64 / *bins as f64);
        if !(x >= *min && x <= *max) {
            return None;
        }
        // The quotient may be rounded across an edge.
        let guess = (((x - min) / (max - min) * *bins as f64) as usize).min(bins - 1);
        Some(match guess {
            guess if x < edge(guess) => guess - 1,
            guess if guess + 1 < *bins && x >= edge(guess + 1) => guess + 1,
            guess => guess,
        })
    };
    count(&x, bins, (bins, min, max), bin)
}

/// The most that [`bincount`] counts up to: each thread has a vector of counts.
const MOST: f64 = (1u64 << 26) as f64;

/// How often each number from 0 to the largest element occurs, but at least `minlength` numbers: NumPy's `bincount`. Two
/// commands; each task sends the counts, along a tree.
///
/// ```
/// use pmi_array::{DistArray, bincount};
/// # pmi::with_tasks(2, || {
/// assert_eq!(bincount(DistArray::from_fn(7, |i| (i % 3) as u8), 5), [3, 2, 2, 0, 0]);
/// # })
/// ```
///
/// # Panics
/// Where an element is negative or not whole, as [`histogram`].
#[track_caller]
pub fn bincount<X: Expression<Elem: Real>>(x: X, minlength: usize) -> Vec<u64> {
    use super::{Max, Min, Reduce};
    let empty = x.node().shape().contains(&0);
    let (min, max) = if empty {
        (0.0, -1.0)
    } else {
        let (min, max) = x.aggregate((Min, Max));
        (min.to_f64(), max.to_f64())
    };
    assert!(min >= 0.0, "bincount: the element {min} is no number to count from 0");
    assert!(max < MOST, "bincount: the element {max} is too large: counts are kept up to {MOST}");
    let bins = minlength.max((max + 1.0) as usize);
    let bin = |_: &(), x: X::Elem| {
        let x = x.to_f64();
        assert!(x.fract() == 0.0, "bincount: the element {x} is not whole");
        Some(x as usize)
    };
    count(&x, bins, (), bin)
}

/// How many elements are in each bin.
#[track_caller]
fn count<X, A, F>(x: &X, bins: usize, args: A, bin: F) -> Vec<u64>
where
    X: Expression,
    A: pmi::Argument + Sync + Clone,
    F: Fn(&A, X::Elem) -> Option<usize> + pmi::Portable + Send + Sync,
{
    let node = x.node();
    let layout = result_layout(&node, expect(pmi::size()));
    let work = |task: &Task, (layout, node, bins, args, bin): (Layout, X::Node, usize, A, pmi::Code<F>)| {
        let frame = Frame::new(task, &layout);
        let (held, bin) = (node.hold(&frame), bin.get());
        let add = |counts: &mut Vec<u64>, _: usize, block: &[X::Elem]| {
            block.iter().filter_map(|x| bin(&args, *x)).for_each(|bin| counts[bin] += 1);
        };
        let counts = fold(&held, &frame, || vec![0u64; bins], add);
        Packed(counts.into_iter().reduce(sum).unwrap_or_else(|| vec![0; bins]))
    };
    let args = (layout, node, bins, args, pmi::Code::new(bin));
    expect(pmi::reduce(work, args, |a: Packed<u64>, b: Packed<u64>| Packed(sum(a.0, b.0)))).0
}

fn sum(mut a: Vec<u64>, b: Vec<u64>) -> Vec<u64> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DistArray;

    #[test]
    #[should_panic(expected = "at a distance that is finite")]
    fn limits_too_far_apart() {
        pmi::with_tasks(1, || histogram(DistArray::linspace(0.0, 1.0, 3), 4, (-1e308, 1e308)));
    }
}
