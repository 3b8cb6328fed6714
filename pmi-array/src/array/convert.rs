//! From ndarrays.

use super::redistribute::BUDGET;
use super::{DistArray, expect};
use crate::element::Element;
use crate::exchange::fetch;
use crate::layout::{Axis, Distribution, Layout};
use ndarray::{ArrayBase, Data, Dimension};
use pmi::{Handle, Packed, Task};

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// The elements of an array of the controller's, distributed: each task gets its part, in rounds. The controller has
    /// a second copy of them meanwhile. In the scope of a [group](pmi::Group::scope) without the controller, the group's
    /// first task gets all of them and deals them out.
    ///
    /// ```
    /// use ndarray::array;
    /// use pmi_array::{DistArray, Reduce};
    /// # pmi::with_tasks(2, || {
    /// let a = DistArray::from_array(&array![[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!((a.layout().local_shape(1), a.sum()), (vec![1, 2], 10.0));
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where the calling thread controls no world.
    #[track_caller]
    pub fn from_array<S: Data<Elem = T>>(array: &ArrayBase<S, D>) -> Self {
        Self::deal(array, Layout::new(array.shape(), expect(pmi::size())))
    }

    /// As [`from_array`](DistArray::from_array), distributed in another way than by default: an [`Axis`] for each axis,
    /// perhaps with the grid of tasks, or the [`Layout`] of another array.
    ///
    /// ```
    /// use ndarray::array;
    /// use pmi_array::{Axis, DistArray};
    /// # pmi::with_tasks(2, || {
    /// let a = DistArray::from_array_as(&array![[1, 2], [3, 4]], [Axis::Whole, Axis::Block]);
    /// assert_eq!(a.layout().local_shape(1), [2, 1]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where the distribution does not fit the array's shape or the number of tasks, or the calling thread controls no
    /// world.
    #[track_caller]
    pub fn from_array_as<S: Data<Elem = T>>(array: &ArrayBase<S, D>, distribution: impl Into<Distribution>) -> Self {
        Self::deal(array, Layout::distributed(array.shape(), distribution, expect(pmi::size())))
    }

    #[track_caller]
    fn deal<S: Data<Elem = T>>(array: &ArrayBase<S, D>, layout: Layout) -> Self {
        let all = expect(pmi::create(|_: &Task, ()| Vec::<T>::new(), ()));
        let elements = || array.iter().copied().collect::<Vec<_>>();
        if all.local(|_, all| *all = elements()).is_err() {
            // In the scope of a group that leaves the controller out, its first task has them.
            let give = |task: &Task, (all, elements): (Handle<Vec<T>>, Packed<T::Bits>)| {
                *task.get_mut(&all) = T::from_bits(elements.0);
            };
            expect(pmi::call_on(0, give, (all.clone(), Packed(T::bits(&elements()).to_vec()))));
        }
        let make = |task: &Task, (layout, all): (Layout, Handle<Vec<T>>)| {
            let whole = vec![Axis::Whole; layout.shape().len()];
            let on_controller = Layout::with_axes(layout.shape(), &whole, task.size());
            // The object itself is dropped with the next command only.
            let all = std::mem::take(&mut *task.get_mut(&all));
            fetch(task, &on_controller, &all, &|rank| layout.part(rank), BUDGET)
        };
        Self::create_in(layout, make, all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_the_scope_of_a_group_without_the_controller() {
        pmi::with_tasks(3, || {
            let there_and_back = || {
                let numbers = ndarray::Array2::from_shape_fn((5, 3), |(i, j)| 10 * i as i64 + j as i64);
                assert_eq!(DistArray::from_array(&numbers).gather().unwrap(), numbers);
                let flags = numbers.map(|x| x % 2 == 0);
                assert_eq!(DistArray::from_array(&flags.t()).gather().unwrap(), flags.t());
            };
            pmi::Group::new([1, 2]).unwrap().scope(there_and_back).unwrap();
        });
    }
}
