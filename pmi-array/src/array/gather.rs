//! The whole array on the controller.

use super::redistribute::BUDGET;
use super::{DistArray, from_elements};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::exchange::fetch;
use crate::layout::Part;
use ndarray::{Array, Dimension};
use pmi::{Packed, Task};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes a gather may bring to the controller.
static LIMIT: AtomicUsize = AtomicUsize::new(4 << 30);

/// Sets how many bytes [`DistArray::gather`] may bring to the controller; 4 GiB unless set.
pub fn set_gather_limit(bytes: usize) {
    LIMIT.store(bytes, Ordering::Relaxed);
}

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// Copies the whole array to the controller. Each task but the controller sends its slab, one message of its elements;
    /// in rounds, where [the layout is not in rows](crate::Layout::is_in_rows). In the scope of a [group](pmi::Group::scope) without the
    /// controller, the group's first task gets them and sends them on.
    ///
    /// # Errors
    /// Where the array has more bytes than [`set_gather_limit`] allows, or the calling thread does not control the
    /// array's world.
    pub fn gather(&self) -> Result<Array<T, D>> {
        Ok(from_elements(self.shape(), self.to_vec()?))
    }

    /// As [`gather`](DistArray::gather), the elements in C order.
    ///
    /// ```
    /// use pmi_array::{Axis, DistArray};
    /// # pmi::with_tasks(2, || {
    /// let cards = DistArray::arange(0, 5, 1).redistribute([Axis::Cyclic]);
    /// assert_eq!(cards.to_vec().unwrap(), [0, 1, 2, 3, 4]);
    /// # })
    /// ```
    ///
    /// # Errors
    /// As [`gather`](DistArray::gather).
    pub fn to_vec(&self) -> Result<Vec<T>> {
        let (bytes, limit) = (self.len().saturating_mul(size_of::<T>()), LIMIT.load(Ordering::Relaxed));
        if bytes > limit {
            return Err(Error::gather_limit(bytes, limit));
        }
        let all = pmi::first(|task: &Task, array: Self| Packed(array.gather_slabs(task)), self.clone())?;
        Ok(T::from_bits(all.0))
    }

    /// The bits of all elements on task 0, none elsewhere.
    fn gather_slabs(&self, task: &Task) -> Vec<T::Bits> {
        let mine = self.elements(task);
        if task.size() == 1 {
            return T::bits(&mine).to_vec();
        }
        if !self.layout.is_in_rows() {
            let want = |rank| if rank == 0 { Part::all(self.shape()) } else { Part::empty(self.ndim()) };
            return bytemuck::cast_vec(fetch(task, &self.layout, &mine, &want, BUDGET));
        }
        let counts: Vec<_> = (0..task.size()).map(|rank| self.layout.elements(rank).len()).collect();
        let mut all = (task.rank() == 0).then(|| bytemuck::zeroed_vec(self.len()));
        task.comm().gather_v_into(0, T::bits(&mine), all.as_deref_mut().map(|all| (all, &counts[..])));
        all.unwrap_or_default()
    }
}
