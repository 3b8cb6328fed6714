//! Memory for slabs, recycled.
//!
//! Pages that the system has just given cost several times what writing to them does (a triad into fresh memory runs at a
//! quarter of the bandwidth), and a large vector that is freed goes back to the system at once. So a task keeps the memory
//! of dropped slabs for new ones of the same element type, as long as it is no more than what its living slabs have, or
//! [`SPARE`].

use bytemuck::Zeroable;
use rayon::prelude::*;
use std::any::{Any, TypeId};
use std::cell::RefCell;

/// How many bytes of dropped slabs a task keeps in any case.
const SPARE: usize = 64 << 20;
/// Slabs of fewer bytes are left to the allocator.
const SMALL: usize = 64 << 10;

/// A vector of this length, of any values: of recycled memory, or zeros.
pub(crate) fn memory<T: Zeroable + Copy + 'static>(len: usize) -> Vec<T> {
    POOL.with_borrow_mut(|pool| pool.take(len)).unwrap_or_else(|| fresh(len))
}

/// A vector of this many zeros.
pub(crate) fn zeros<T: Zeroable + Copy + 'static>(len: usize) -> Vec<T> {
    let Some(mut recycled) = POOL.with_borrow_mut(|pool| pool.take::<T>(len)) else { return fresh(len) };
    recycled.fill(T::zeroed());
    recycled
}

/// A copy in recycled memory, made by all threads of the task.
pub(crate) fn copied<T: Zeroable + Copy + Send + Sync + 'static>(elements: &[T]) -> Vec<T> {
    let mut copy = memory(elements.len());
    let pieces = copy.par_chunks_mut(PIECE).zip(elements.par_chunks(PIECE));
    pieces.for_each(|(to, from)| to.copy_from_slice(from));
    copy
}

/// How many elements a thread copies at a time.
const PIECE: usize = 64 << 10;

/// Arrays of this many bytes and more ask for huge pages: two of x86-64's, so that there is a whole one inside.
#[cfg(target_os = "linux")]
const LARGE: usize = 4 << 20;

/// `len` zeros: fresh from the system where there are many, so that they cost nothing until they are written.
///
/// Many are put in huge pages where the system has them for programs that ask. Fresh memory is then written six times as
/// fast (on a virtual machine with AMD Zen 5 64 MiB take 9 ms instead of 55), since the system is entered once in 2 MiB,
/// not in 4 KiB.
///
/// # Panics
/// Where the system has not as much memory.
fn fresh<B: Zeroable>(len: usize) -> Vec<B> {
    let Ok(elements) = bytemuck::allocation::try_zeroed_vec(len) else {
        panic!("a task has no memory for {len} elements of {} bytes: use more tasks, or smaller arrays", size_of::<B>())
    };
    #[cfg(target_os = "linux")]
    advise(&elements);
    elements
}

/// Asks for huge pages behind these elements.
#[cfg(target_os = "linux")]
fn advise<B>(elements: &[B]) {
    // Smaller than any page of Linux is not asked for; larger pages than this make the system refuse, which is no harm.
    const PAGE: usize = 4096;
    let bytes = size_of_val(elements);
    if bytes < LARGE {
        return;
    }
    let start = elements.as_ptr().cast::<u8>();
    let skip = start.align_offset(PAGE);
    let whole = (bytes - skip) / PAGE * PAGE;
    // SAFETY: the range lies within the slice, which is borrowed. The advice says how the system may back these pages; it
    // changes neither their contents nor what may be done with them, so that a refusal can be ignored, too.
    unsafe {
        libc::madvise(start.add(skip).cast_mut().cast(), whole, libc::MADV_HUGEPAGE);
    }
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

/// How many bytes this task's slabs have.
#[cfg(all(test, feature = "hdf5"))]
pub(crate) fn living() -> usize {
    POOL.with_borrow(|pool| pool.living)
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

    #[test]
    fn zeros_of_every_size() {
        for len in [0, 1, 1000, LARGE / 8 - 1, LARGE / 8, LARGE / 8 + 513, 3 * LARGE] {
            let mut zeros = zeros::<f64>(len);
            assert!(zeros.len() == len && zeros.iter().all(|x| x.to_bits() == 0));
            zeros.fill(1.0);
            assert_eq!(zeros.iter().sum::<f64>(), len as f64);
        }
        assert_eq!(zeros::<u8>(LARGE + 1), vec![0; LARGE + 1]);
    }
}
