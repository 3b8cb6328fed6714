//! From ndarrays, and to other element types.

use super::redistribute::BUDGET;
use super::{DistArray, GRAIN, expect};
use crate::element::Element;
use crate::exchange::fetch;
use crate::layout::{Axis, Layout};
use crate::memory::memory;
use ndarray::{ArrayBase, Data, Dimension};
use pmi::{Handle, Task};
use rayon::prelude::*;

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// The elements of an array of the controller's, distributed: each task gets its part, in rounds. The controller has
    /// a second copy of them meanwhile.
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
        let all = expect(pmi::create(|_: &Task, ()| Vec::<T>::new(), ()));
        expect(all.local(|_, all| *all = array.iter().copied().collect()));
        let make = |task: &Task, (layout, all): (Layout, Handle<Vec<T>>)| {
            let whole = vec![Axis::Whole; layout.shape().len()];
            let on_controller = Layout::with_axes(layout.shape(), &whole, task.size());
            let mine = fetch(task, &on_controller, &task.get(&all), &|rank| layout.part(rank), BUDGET);
            mine
        };
        Self::create_in(Layout::new(array.shape(), expect(pmi::size())), make, all)
    }

    /// The array with each element converted to a `U`, in the same layout: see [`Cast`](crate::Cast). No communication.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// let a = DistArray::linspace(-1.0, 1.0, 5); // -1 -0.5 0 0.5 1
    /// assert_eq!(a.astype::<i8>().to_vec().unwrap(), [-1, 0, 0, 0, 1]);
    /// assert_eq!(a.astype::<bool>().to_vec().unwrap(), [true, true, false, true, true]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where the calling thread does not control the array's world.
    #[track_caller]
    pub fn astype<U: Element>(&self) -> DistArray<U, D> {
        let make = |task: &Task, (_, array): (Layout, Self)| {
            let mine = &*array.elements(task);
            let mut converted = memory::<U>(mine.len());
            let cast = |(to, from): (&mut [U], &[T])| to.iter_mut().zip(from).for_each(|(to, x)| *to = x.cast());
            task.install(|| converted.par_chunks_mut(GRAIN).zip(mine.par_chunks(GRAIN)).for_each(cast));
            converted
        };
        DistArray::create_in(self.layout.clone(), make, self.clone())
    }
}
