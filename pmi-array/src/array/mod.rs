//! [`DistArray`]: an array whose elements lie on many tasks.

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
mod map;

pub use gather::set_gather_limit;
pub use ranges::{Inexact, Stepped};
pub use shape::{Distributed, Shape};

use crate::element::Element;
use crate::layout::Layout;
use ndarray::{Array, Dimension, IxDyn};
use pmi::{Argument, Handle, Portable, Task};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An n-dimensional array of `T`, distributed over the tasks of the world.
///
/// The controller has a handle; each task has a slab, a part of the array as its [`Layout`] says: some rows, unless the
/// array was [made](Shape::distributed) or [moved](DistArray::redistribute) otherwise. Methods read as serial: each is
/// one command that all tasks carry out on their slabs, with rayon inside each. The handle can be an argument
/// of any parallel function, which gets at the task's slab with [`local`](DistArray::local). Cloning it does not copy
/// the elements: both name the same array.
///
/// A method panics on the controller where its arguments are wrong or a closure of the user's panics on a task, and
/// returns a `Result` where the world outside can fail.
///
/// ```
/// use pmi_array::DistArray;
/// # pmi::with_tasks(3, || {
/// let squares = DistArray::from_fn(10, |i| (i * i) as f64);
/// assert_eq!(squares.map(|x| x / 2.0).sum(), 142.5);
/// # })
/// ```
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct DistArray<T: Element, D: Dimension + 'static> {
    pub(crate) slab: Handle<Array<T, D>>,
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
    /// Makes an array of this shape, in the default layout: `slab` makes each task's part.
    ///
    /// For libraries: the public constructors are made of these. `slab` must return an array in standard layout with the
    /// layout's local shape.
    pub(crate) fn try_create<A: Argument>(
        shape: &[usize],
        slab: impl Fn(&Task, (Layout, A)) -> Array<T, D> + Portable,
        args: A,
    ) -> pmi::Result<Self> {
        Self::try_create_in(Layout::new(shape, pmi::size()?), slab, args)
    }

    /// As [`try_create`](DistArray::try_create), where only the caller can be at fault.
    #[track_caller]
    pub(crate) fn create<A: Argument>(
        shape: &[usize],
        slab: impl Fn(&Task, (Layout, A)) -> Array<T, D> + Portable,
        args: A,
    ) -> Self {
        expect(Self::try_create(shape, slab, args))
    }

    /// As [`try_create`](DistArray::try_create), in this layout.
    pub(crate) fn try_create_in<A: Argument>(
        layout: Layout,
        slab: impl Fn(&Task, (Layout, A)) -> Array<T, D> + Portable,
        args: A,
    ) -> pmi::Result<Self> {
        let slab = pmi::create(slab, (layout.clone(), args))?;
        Ok(Self { slab, layout })
    }

    /// As [`try_create_in`](DistArray::try_create_in), where only the caller can be at fault.
    #[track_caller]
    pub(crate) fn create_in<A: Argument>(
        layout: Layout,
        slab: impl Fn(&Task, (Layout, A)) -> Array<T, D> + Portable,
        args: A,
    ) -> Self {
        expect(Self::try_create_in(layout, slab, args))
    }

    /// The elements of this task's slab, in C order.
    pub(crate) fn elements<'s>(&self, task: &Task, slab: &'s Array<T, D>) -> &'s [T] {
        &slab.as_slice().expect("slabs are kept in C order")[..self.layout.part(task.rank()).len()]
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// How many elements the array has.
    pub fn len(&self) -> usize {
        self.layout.len()
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

/// A slab of a task from its elements in C order.
pub(crate) fn slab<T: Element, D: Dimension>(layout: &Layout, rank: usize, mut elements: Vec<T>) -> Array<T, D> {
    let shape = layout.local_shape(rank);
    if shape.is_empty() {
        // An ndarray without axes has an element; that of the tasks to which it does not belong is never looked at.
        elements.resize(1, T::default());
    }
    from_elements(&shape, elements)
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
