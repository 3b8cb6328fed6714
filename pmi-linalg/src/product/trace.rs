//! The sum of a diagonal.

use crate::numeric::Numeric;
use ndarray::Ix2;
use pmi::Task;
use pmi_array::{DistArray, Span};

/// The sum of the diagonal of a matrix; NumPy's `trace`. Integers are summed in 64 bits.
///
/// Each task sends its elements of the diagonal to the first, one message, where they are summed in their order: the sum does not
/// depend on the layout or the number of tasks.
///
/// ```
/// use pmi_array::DistArray;
/// use pmi_linalg::trace;
/// # pmi::with_tasks(2, || {
/// assert_eq!(trace(&DistArray::from_fn((3, 4), |(i, j)| (i * j) as f64)), 5.0);
/// # })
/// ```
///
/// # Panics
/// Where the calling thread does not control the world of the array.
#[track_caller]
pub fn trace<T: Numeric>(a: &DistArray<T, Ix2>) -> T::Sum {
    let sum = |task: &Task, a: DistArray<T, Ix2>| {
        // Of the elements of the diagonal that a task has: the places on it, and in the slab.
        let places = |rank: usize| {
            let part = a.layout().part(rank);
            let (rows, columns) = (part.axes()[0], part.axes()[1]);
            let spans: Vec<_> = rows.overlap(&columns).iter().collect();
            let places = |span: Span| (0..span.len).map(move |i| span.start.map(|start| start + i));
            spans.into_iter().flat_map(places).map(move |place| (rows.get(place[0]), place))
        };
        let slab = a.local(task);
        let mine: Vec<T> = places(task.rank()).map(|(_, place)| slab[place]).collect();
        let counts: Vec<_> = (0..task.size()).map(|rank| places(rank).count()).collect();
        let mut all = (task.rank() == 0).then(|| vec![T::default(); counts.iter().sum()]);
        task.comm().guarded(false).gather_v_into(0, &mine, all.as_deref_mut().map(|all| (all, &counts[..])));
        let mut diagonal: Vec<_> = (0..task.size()).flat_map(places).zip(all.unwrap_or_default()).collect();
        diagonal.sort_unstable_by_key(|((place, _), _)| *place);
        diagonal.into_iter().fold(T::Sum::default(), |sum, (_, x)| T::add_sums(sum, x.to_sum()))
    };
    pmi::first(sum, a.clone()).unwrap_or_else(|error| panic!("{error}"))
}
