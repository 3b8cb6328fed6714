//! The door to the MPI library: every raw call goes through [`check!`], which turns an error code into a panic with
//! the library's own text.

pub(super) use mpi::ffi::*;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;

/// Calls a function of MPI. The SAFETY comment stands where the macro is used.
macro_rules! check {
    ($function:ident($($argument:expr),* $(,)?)) => {{
        let code = $crate::comm::mpi::raw::$function($($argument),*);
        if code != 0 {
            $crate::comm::mpi::raw::fail(stringify!($function), code);
        }
    }};
}
pub(super) use check;

/// Panics with the library's text for `code`.
#[track_caller]
pub(super) fn fail(function: &str, code: c_int) -> ! {
    let mut text = [0u8; 1024]; // above MPI_MAX_ERROR_STRING of Open MPI (256) and MPICH (512)
    let mut len = 0;
    // SAFETY: the buffer is longer than MPI_MAX_ERROR_STRING.
    let known = unsafe { MPI_Error_string(code, text.as_mut_ptr().cast(), &mut len) } == 0;
    let text = String::from_utf8_lossy(&text[..len.max(0) as usize]);
    panic!("{function} failed: {}", if known { &*text } else { "unknown error" });
}

/// The value that `fill` writes.
pub(super) fn filled<T>(fill: impl FnOnce(*mut T)) -> T {
    let mut value = MaybeUninit::<T>::zeroed();
    fill(value.as_mut_ptr());
    // SAFETY: the handles, integers and statuses of MPI that this is used for are plain C data, valid when zeroed, and
    // `fill` has overwritten them.
    unsafe { value.assume_init() }
}

/// The largest piece that one call moves: counts of MPI are C ints.
const PIECE: usize = 1 << 30;

/// Calls `f` with the count and type that describe `len` bytes, of any number.
pub(super) fn with_type<R>(len: usize, f: impl FnOnce(c_int, MPI_Datatype) -> R) -> R {
    // SAFETY: MPI has been initialised; RSMPI_UINT8_T is one of its constants.
    let byte = unsafe { RSMPI_UINT8_T };
    if let Ok(count) = c_int::try_from(len) {
        return f(count, byte);
    }
    let (pieces, rest) = ((len / PIECE) as c_int, (len % PIECE) as c_int);
    // SAFETY: the arrays have as many entries as their count argument says; types are committed before they are used
    // and freed after (an operation under way keeps a freed type alive, MPI 3.1 section 4.1.9).
    unsafe {
        let piece = filled(|to| check!(MPI_Type_contiguous(PIECE as c_int, byte, to)));
        let lengths = [pieces, rest];
        let offsets = [0, pieces as MPI_Aint * PIECE as MPI_Aint];
        let types = [piece, byte];
        let mut whole =
            filled(|to| check!(MPI_Type_create_struct(2, lengths.as_ptr(), offsets.as_ptr(), types.as_ptr(), to)));
        check!(MPI_Type_commit(&mut whole));
        let result = f(1, whole);
        check!(MPI_Type_free(&mut whole));
        let mut piece = piece;
        check!(MPI_Type_free(&mut piece));
        result
    }
}

/// How many bytes a message has.
pub(super) fn bytes_of(status: &MPI_Status) -> usize {
    // SAFETY: the status comes from a completed probe or receive.
    let count = unsafe { filled(|to| check!(MPI_Get_elements_x(status, RSMPI_UINT8_T, to))) };
    usize::try_from(count).expect("a message has a length")
}

pub(super) fn pointer(bytes: &[u8]) -> *const c_void {
    bytes.as_ptr().cast()
}

pub(super) fn pointer_mut(bytes: &mut [u8]) -> *mut c_void {
    bytes.as_mut_ptr().cast()
}

/// A rank, tag or small count as MPI takes it.
pub(super) fn int(value: usize) -> c_int {
    c_int::try_from(value).expect("ranks, tags and counts of pieces fit a C int")
}
