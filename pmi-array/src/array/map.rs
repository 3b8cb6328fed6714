//! Element-wise functions.

use super::{DistArray, GRAIN, slab};
use crate::element::Element;
use crate::layout::Layout;
use ndarray::Dimension;
use pmi::{Argument, Code, Portable, Task};
use rayon::prelude::*;

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// The array of `f(x)` for each element `x`, in the same layout. No communication.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// let roots = DistArray::from_fn(5, |i| i as f64).map(f64::sqrt);
    /// assert_eq!(roots.gather().unwrap()[4], 2.0);
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where `f` panics, or the calling thread does not control the array's world.
    #[track_caller]
    pub fn map<U: Element, F: Fn(T) -> U + Portable + Send + Sync>(&self, f: F) -> DistArray<U, D> {
        self.map_with(Code::new(f), |f, x| (f.get())(x))
    }

    /// The array of `f(&args, x)` for each element `x`: for functions that need values of the controller's.
    ///
    /// ```
    /// use pmi_array::DistArray;
    /// # pmi::with_tasks(2, || {
    /// let scale = 2.5;
    /// let scaled = DistArray::from_fn(5, |i| i as f64).map_with(scale, |scale, x| scale * x);
    /// assert_eq!(scaled.gather().unwrap()[4], 10.0);
    /// # })
    /// ```
    ///
    /// # Panics
    /// As [`map`](DistArray::map).
    #[track_caller]
    pub fn map_with<U, A, F>(&self, args: A, f: F) -> DistArray<U, D>
    where
        U: Element,
        A: Argument + Sync,
        F: Fn(&A, T) -> U + Portable + Send + Sync,
    {
        let make = |task: &Task, (layout, (array, f, args)): (Layout, (Self, Code<F>, A))| {
            let (f, mine) = (f.get(), array.local(task));
            let mine = array.elements(task, &mine);
            let mapped = task.install(|| mine.par_iter().with_min_len(GRAIN).map(|x| f(&args, *x)).collect());
            slab(&layout, task.rank(), mapped)
        };
        DistArray::create_in(self.layout.clone(), make, (self.clone(), Code::new(f), args))
    }
}
