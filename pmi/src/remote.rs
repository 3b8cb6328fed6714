//! Functions that travel: a function pointer as a number that means the same function on every task.
//!
//! All tasks run the same executable, which [`fingerprint`] makes sure of. It is loaded at another address in each
//! process, but as a whole: the distance between two of its functions is the same everywhere. So a function is sent
//! as its distance from [`anchor`].

use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use std::ptr::NonNull;

/// A function of type `P`, a `fn` pointer type, on its way to other tasks.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct Remote<P> {
    distance: u64,
    of: PhantomData<fn() -> P>,
}

impl<P> Clone for Remote<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Remote<P> {}

/// The types that [`Remote`] sends: `fn` pointers.
///
/// # Safety
/// The type is a `fn` pointer.
pub(crate) unsafe trait Pointer: Copy + 'static {}

#[inline(never)]
fn anchor() {
    std::hint::black_box(());
}

fn base() -> usize {
    anchor as fn() as usize
}

impl<P: Pointer> Remote<P> {
    /// `function`, to be sent. Panics where it is not part of the executable but of a library that was loaded at run
    /// time, whose distance differs from task to task.
    pub(crate) fn new(function: P) -> Self {
        const { assert!(size_of::<P>() == size_of::<usize>()) };
        // SAFETY: P is a fn pointer (`Pointer`), which has the size of a usize and no uninitialised bytes.
        let address = unsafe { std::mem::transmute_copy::<P, usize>(&function) };
        assert!(
            image::contains(address),
            "the function is not part of the main executable, so other tasks cannot find it"
        );
        Self { distance: address.wrapping_sub(base()) as u64, of: PhantomData }
    }

    /// The function, on this task.
    pub(crate) fn get(self) -> P {
        let address = base().wrapping_add(self.distance as usize);
        assert!(image::contains(address), "a command names a function outside the executable: the tasks differ");
        // SAFETY: the distance was computed by `new` from a P, in this process or in one that runs the same
        // executable: worlds are set up only among tasks whose `fingerprint` is equal, so the same distance from
        // `anchor` leads to the same function, of the same type. A distance is read with the type it was made with:
        // `Remote<P>` is private to this crate and travels in `Command` alone, whose fields and variants, read by the
        // same build that wrote them, each have one `P`.
        unsafe { std::mem::transmute_copy::<usize, P>(&address) }
    }
}

/// The value of a type that has only one, of which the caller's program has seen an instance.
///
/// Refuses at compile time closures that capture.
pub(crate) fn conjure<F: Copy + 'static>() -> F {
    const {
        assert!(
            size_of::<F>() == 0,
            "a function sent to other tasks must not capture variables, nor be a function pointer: pass values as arguments"
        );
    };
    // SAFETY: F has no bytes, so that any aligned pointer can be read as one. It is inhabited and need not be unique: every
    // way here starts from a verb or a `Code` that was given an F, on a task that runs the same program, and F is Copy.
    unsafe { NonNull::<F>::dangling().read() }
}

/// Equal on two tasks exactly if they run the same executable.
#[cfg_attr(not(feature = "mpi"), allow(dead_code, reason = "embedded tasks share their executable"))]
pub(crate) fn fingerprint() -> u64 {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    hasher.write(env!("CARGO_PKG_VERSION").as_bytes());
    image::constant_segments(|bytes| hasher.write(bytes));
    hasher.finish()
}

/// The executable in memory.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod image {
    use std::ffi::{c_int, c_void};
    use std::ops::Range;
    use std::sync::LazyLock;

    struct Segment {
        memory: Range<usize>,
        executable: bool,
    }

    /// The segments of the main executable that are never written.
    static CONSTANT: LazyLock<Vec<Segment>> = LazyLock::new(|| {
        let mut segments = Vec::<Segment>::new();
        // SAFETY: the callback is called before this returns, with the pointer it is given here.
        unsafe { libc::dl_iterate_phdr(Some(first_object), (&raw mut segments).cast()) };
        segments
    });

    /// Notes the constant segments of the first object, which is the executable, and stops.
    unsafe extern "C" fn first_object(info: *mut libc::dl_phdr_info, _size: usize, to: *mut c_void) -> c_int {
        // SAFETY: `to` is the vector above; the loader's description is valid during the call and has `dlpi_phnum`
        // headers.
        let (segments, info, headers) = unsafe {
            let info = &*info;
            let headers = std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum));
            (&mut *to.cast::<Vec<Segment>>(), info, headers)
        };
        for header in headers {
            if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W == 0 {
                let start = (info.dlpi_addr + header.p_vaddr) as usize;
                let executable = header.p_flags & libc::PF_X != 0;
                segments.push(Segment { memory: start..start + header.p_memsz as usize, executable });
            }
        }
        1
    }

    pub(super) fn contains(address: usize) -> bool {
        CONSTANT.iter().any(|segment| segment.executable && segment.memory.contains(&address))
    }

    pub(super) fn constant_segments(mut read: impl FnMut(&[u8])) {
        for Segment { memory, .. } in CONSTANT.iter() {
            // SAFETY: the loader has mapped this range readable and nobody may write it; it stays mapped as long as
            // the program runs.
            read(unsafe { std::slice::from_raw_parts(memory.start as *const u8, memory.len()) });
        }
    }
}

/// Elsewhere a function is taken to be part of the executable, and builds are told apart by their file.
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
mod image {
    pub(super) fn contains(_address: usize) -> bool {
        true
    }

    pub(super) fn constant_segments(mut read: impl FnMut(&[u8])) {
        if let Ok(file) = std::env::current_exe().and_then(std::fs::read) {
            read(&file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Add = fn(u32, u32) -> u32;
    // SAFETY: a fn pointer.
    unsafe impl Pointer for Add {}

    #[test]
    fn a_function_comes_back_from_its_number() {
        let remote = Remote::<Add>::new(|a, b| a + b);
        let bytes = crate::wire::encode(&remote).unwrap();
        assert_eq!(crate::wire::decode::<Remote<Add>>(&bytes).unwrap().get()(2, 3), 5);
        assert_eq!(fingerprint(), fingerprint());
    }

    #[test]
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    fn functions_of_loaded_libraries_are_refused() {
        assert!(!image::contains(libc::getpid as unsafe extern "C" fn() -> i32 as usize) || cfg!(target_env = "musl"));
        assert!(std::panic::catch_unwind(|| Remote::<Add> { distance: 1 << 60, of: PhantomData }.get()).is_err());
    }
}
