//! [`DistArray`]: an array whose elements lie on many tasks.

mod slab;
mod shape;
mod redistribute;
mod create;
mod fill;
mod ranges;
mod meshgrid;
mod convert;
mod gather;
mod local;
mod element_access;
mod fetch;

pub use fetch::Fetched;
pub use gather::set_gather_limit;
pub use ranges::{Inexact, Stepped};
pub(crate) use redistribute::BUDGET;
#[cfg(feature = "hdf5")]
pub(crate) use shape::layout_of;
pub use shape::{Distributed, Shape};
pub(crate) use slab::{IntoSlab, Slab};

use crate::element::Element;
use crate::layout::Layout;
use ndarray::{Array, Dimension, IxDyn};
use pmi::{Argument, Code, Handle, Portable, Task};
use std::cell::Ref;
use std::fmt;

/// An n-dimensional array of `T`, distributed over the tasks of the world.
///
/// The controller has a handle; each task has a slab, some rows of the array (see [`Layout`]). Methods read as serial:
/// each is one command that all tasks carry out on their slabs, with rayon inside each. The handle can be an argument
/// of any parallel function, which gets at the task's slab with [`local`](DistArray::local). Cloning it does not copy
/// the elements: both name the same array.
///
/// A method panics on the controller where its arguments are wrong or a closure of the user's panics on a task, and
/// returns a `Result` where the world outside can fail.
///
/// ```
/// use pmi_array::{DistArray, Expression, Reduce};
/// # pmi::with_tasks(3, || {
/// let squares = DistArray::from_fn(10, |i| (i * i) as f64);
/// assert_eq!(squares.map(|x| x / 2.0).sum(), 142.5);
/// # })
/// ```
pub struct DistArray<T: Element, D: Dimension + 'static> {
    pub(crate) slab: Handle<Slab<T, D>>,
    pub(crate) layout: Layout,
}

impl<T: Element, D: Dimension + 'static> Clone for DistArray<T, D> {
    fn clone(&self) -> Self {
        Self { slab: self.slab.clone(), layout: self.layout.clone() }
    }
}

impl<T: Element, D: Dimension + 'static> fmt::Debug for DistArray<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistArray<{}>({})", std::any::type_name::<T>(), self.layout.summary())
    }
}

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// Makes an array of this layout: `slab` makes each task's part, a [`Slab`] or a vector of its elements.
    pub(crate) fn try_create_in<A, S, F>(layout: Layout, slab: F, args: A) -> pmi::Result<Self>
    where
        A: Argument,
        S: IntoSlab<T, D>,
        F: Fn(&Task, (Layout, A)) -> S + Portable,
    {
        let make = |task: &Task, (layout, args, slab): (Layout, A, Code<F>)| {
            (slab.get())(task, (layout.clone(), args)).into_slab(&layout, task.rank())
        };
        let slab = pmi::create(make, (layout.clone(), args, Code::new(slab)))?;
        Ok(Self { slab, layout })
    }

    /// As [`try_create_in`](DistArray::try_create_in), where only the caller can be at fault.
    #[track_caller]
    pub(crate) fn create_in<A, S, F>(layout: Layout, slab: F, args: A) -> Self
    where
        A: Argument,
        S: IntoSlab<T, D>,
        F: Fn(&Task, (Layout, A)) -> S + Portable,
    {
        expect(Self::try_create_in(layout, slab, args))
    }

    /// A slab for the calling task whose elements are to be written.
    pub(crate) fn fresh(task: &Task, layout: &Layout) -> Slab<T, D> {
        Slab::fresh(layout, task.rank())
    }

    /// Puts another slab in the place of this task's.
    pub(crate) fn replace(&self, task: &Task, slab: Slab<T, D>) {
        *task.get_mut(&self.slab) = slab;
    }

    /// Panics where verbs address other tasks than those that have the array: what addresses an owner, or puts slabs in
    /// the places of others, would take some tasks for others before a task without a slab says so. Where there are no
    /// tasks, the verb says so.
    #[track_caller]
    pub(crate) fn check_tasks(&self) {
        let tasks = self.layout.tasks();
        let addressed = pmi::size().unwrap_or(tasks);
        assert!(
            tasks == addressed,
            "the array is distributed over {tasks} tasks, and verbs address {addressed}: it was made for the tasks of a \
             group, or outside of its scope; use it there"
        );
    }

    /// The elements of this task's slab, in C order.
    #[track_caller]
    pub(crate) fn elements<'t>(&self, task: &'t Task) -> Ref<'t, [T]> {
        Ref::map(task.get(&self.slab), Slab::elements)
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// How many elements the array has.
    pub fn len(&self) -> usize {
        self.layout.len()
    }

    /// How many bytes all its elements take.
    pub fn nbytes(&self) -> usize {
        self.len() * size_of::<T>()
    }

    /// Whether the array has no elements.
    pub fn is_empty(&self) -> bool {
        self.layout.is_empty()
    }

    /// How many axes the array has.
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// Which task has which elements.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

/// The ndarray of this shape with these elements, in C order.
fn from_elements<T, D: Dimension>(shape: &[usize], elements: Vec<T>) -> Array<T, D> {
    let array = Array::from_shape_vec(IxDyn(shape), elements).expect("there are as many elements as the shape says");
    array.into_dimensionality().expect("an array has as many axes as its type says")
}

/// The value of a verb that fails only where the caller is wrong.
#[track_caller]
pub(crate) fn expect<R>(result: pmi::Result<R>) -> R {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

/// How many elements one rayon job handles, at the least.
pub(crate) const GRAIN: usize = 16 * 1024;
