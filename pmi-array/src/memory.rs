//! Memory for slabs, recycled.
//!
//! Pages that the system has just given cost several times what writing to them does (a triad into fresh memory runs at a
//! quarter of the bandwidth), and a large vector that is freed goes back to the system at once. So a task keeps the memory
//! of dropped slabs for new ones of the same element type, as long as it is no more than what its living slabs have, or
//! [`SPARE`].

use bytemuck::Zeroable;
use std::any::{Any, TypeId};
use std::cell::RefCell;

/// How many bytes of dropped slabs a task keeps in any case.
const SPARE: usize = 64 << 20;
/// Slabs of fewer bytes are left to the allocator.
const SMALL: usize = 64 << 10;

/// A vector of this length, of any values: of recycled memory, or zeros.
pub(crate) fn memory<T: Zeroable + Copy + 'static>(len: usize) -> Vec<T> {
    POOL.with_borrow_mut(|pool| pool.take(len)).unwrap_or_else(|| bytemuck::zeroed_vec(len))
}

/// Gives a vector's memory back, for [`memory`].
pub(crate) fn recycle<T: 'static>(elements: Vec<T>) {
    // A thread that is going away has no more pool.
    let _ = POOL.try_with(|pool| pool.borrow_mut().keep(elements));
}

/// Says that a slab of so many bytes has come to live.
pub(crate) fn slab_made(bytes: usize) {
    POOL.with_borrow_mut(|pool| pool.living += bytes);
}

/// Says that a slab of so many bytes lives no more.
pub(crate) fn slab_dropped(bytes: usize) {
    let _ = POOL.try_with(|pool| {
        let mut pool = pool.borrow_mut();
        pool.living = pool.living.saturating_sub(bytes);
    });
}

thread_local! {
    /// The memory of this task's dropped slabs.
    static POOL: RefCell<Pool> = RefCell::default();
}

#[derive(Default)]
struct Pool {
    /// The bytes of the task's slabs.
    living: usize,
    /// The bytes of what is kept.
    spare: usize,
    /// What is kept, oldest first.
    kept: Vec<Kept>,
}

struct Kept {
    of: TypeId,
    capacity: usize,
    bytes: usize,
    /// A vector of that type.
    elements: Box<dyn Any>,
}

impl Pool {
    fn take<T: Zeroable + Copy + 'static>(&mut self, len: usize) -> Option<Vec<T>> {
        let fits = |kept: &Kept| kept.of == TypeId::of::<T>() && (len..=2 * len).contains(&kept.capacity);
        let best = (0..self.kept.len()).filter(|i| fits(&self.kept[*i])).min_by_key(|i| self.kept[*i].capacity)?;
        let kept = self.kept.remove(best);
        self.spare -= kept.bytes;
        let mut elements = *kept.elements.downcast::<Vec<T>>().ok()?;
        elements.resize(len, T::zeroed());
        Some(elements)
    }

    fn keep<T: 'static>(&mut self, elements: Vec<T>) {
        let (capacity, bytes) = (elements.capacity(), elements.capacity() * size_of::<T>());
        if bytes < SMALL {
            return;
        }
        self.spare += bytes;
        self.kept.push(Kept { of: TypeId::of::<T>(), capacity, bytes, elements: Box::new(elements) });
        let limit = self.living.max(SPARE);
        let mut excess = self.spare.saturating_sub(limit);
        let oldest = self.kept.iter().take_while(|kept| {
            let goes = excess > 0;
            excess = excess.saturating_sub(kept.bytes);
            goes
        });
        let count = oldest.count();
        self.spare -= self.kept.drain(..count).map(|kept| kept.bytes).sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_recycled_by_type_and_size_and_not_hoarded() {
        let numbers = memory::<f64>(100_000);
        let place = numbers.as_ptr();
        recycle(numbers);
        let (other, shorter) = (memory::<u64>(100_000), memory::<f64>(10_000));
        assert!(other.as_ptr().cast() != place && shorter.as_ptr() != place);
        let again = memory::<f64>(90_000);
        assert_eq!((again.as_ptr(), again.len()), (place, 90_000));
        let all: Vec<_> = (0..5).map(|_| memory::<f64>(4 << 20)).collect();
        all.into_iter().for_each(recycle);
        let spare = POOL.with_borrow(|pool| (pool.spare, pool.kept.len()));
        assert!(spare.0 <= SPARE && spare.1 <= 2, "{spare:?}");
    }
}
