//! From ndarrays.

use super::redistribute::BUDGET;
use super::{DistArray, expect};
use crate::element::Element;
use crate::exchange::fetch;
use crate::layout::{Axis, Layout};
use ndarray::{ArrayBase, Data, Dimension};
use pmi::{Handle, Task};

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
            fetch(task, &on_controller, &task.get(&all), &|rank| layout.part(rank), BUDGET)
        };
        Self::create_in(Layout::new(array.shape(), expect(pmi::size())), make, all)
    }
}
