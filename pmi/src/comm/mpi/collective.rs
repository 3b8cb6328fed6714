//! Collectives over MPI: the library's own where it has one that takes 64-bit counts in rounds, messages of ours
//! otherwise. All tasks are in the call or on their way to it, so these waits end.

use super::library::Wait;
use super::pending::Request;
use super::raw::{self, check, filled, int, pointer, pointer_mut};
use super::{COLLECTIVE, MpiTransport};
use crate::comm::{Reduction, transport::Number};
use crate::op::Native;
use std::any::Any;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The largest piece of a buffer that one call of a collective moves: counts of MPI are C ints.
const ROUND: usize = 1 << 30;

/// Calls a collective: the blocking form, or where there are more tasks than cores the non-blocking one, polled so
/// that the others can run.
macro_rules! collective {
    ($comm:expr, $blocking:ident / $polled:ident($($argument:expr),*)) => {
        if $comm.library.crowded() {
            let raw = filled(|to| check!($polled($($argument,)* $comm.comm.raw, to)));
            Request::new(raw).wait(&$comm.library, Wait::Certain);
        } else {
            check!($blocking($($argument,)* $comm.comm.raw));
        }
    };
}

pub(super) fn barrier(comm: &MpiTransport) {
    // SAFETY: the communicator is alive.
    unsafe { collective!(comm, MPI_Barrier / MPI_Ibarrier()) };
}

pub(super) fn broadcast(comm: &MpiTransport, root: usize, buffer: &mut [u8]) {
    for piece in buffer.chunks_mut(ROUND) {
        let (data, count) = (pointer_mut(piece), int(piece.len()));
        // SAFETY: the piece has that many bytes and is borrowed until the call is done.
        unsafe { collective!(comm, MPI_Bcast / MPI_Ibcast(data, count, raw::RSMPI_UINT8_T, int(root))) };
    }
}

/// Messages of one collective that are under way.
///
/// # Safety
/// Whoever adds a buffer keeps it borrowed until [`Exchange::finish`], and does nothing before that can panic: dropped
/// unfinished, it ends the job, since the library may still write.
struct Exchange<'a> {
    comm: &'a MpiTransport,
    requests: Vec<Request>,
    /// For each receive its request, its sender and the bytes to come.
    receives: Vec<(usize, usize, usize)>,
}

impl<'a> Exchange<'a> {
    fn new(comm: &'a MpiTransport) -> Self {
        Self { comm, requests: Vec::new(), receives: Vec::new() }
    }

    /// # Safety
    /// See the type.
    unsafe fn send(&mut self, to: usize, bytes: &[u8]) {
        // SAFETY: the caller's.
        self.requests.push(unsafe { Request::send(self.comm.route(Some(to), COLLECTIVE), bytes) });
    }

    /// # Safety
    /// See the type.
    unsafe fn receive(&mut self, from: usize, into: &mut [u8]) {
        self.receives.push((self.requests.len(), from, into.len()));
        // SAFETY: the caller's.
        self.requests.push(unsafe { Request::receive(self.comm.route(Some(from), COLLECTIVE), into) });
    }

    /// Waits for all messages, then panics where one had another length than its receiver expected.
    fn finish(mut self) {
        let mut requests = std::mem::take(&mut self.requests);
        for request in &mut requests {
            request.wait(&self.comm.library, Wait::Certain);
        }
        for (request, from, expected) in std::mem::take(&mut self.receives) {
            let came = requests[request].received();
            assert!(
                came == Some(expected),
                "task {from} sends {} bytes where task {} expects {expected}: the counts disagree",
                came.map_or("more".to_string(), |came| came.to_string()),
                self.comm.rank
            );
        }
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if !self.requests.is_empty() {
            eprintln!("pmi: a collective of the MPI library failed half way: the job ends");
            std::process::abort();
        }
    }
}

/// Sends one message and waits until it has left.
fn send(comm: &MpiTransport, to: usize, bytes: &[u8]) {
    let mut exchange = Exchange::new(comm);
    // SAFETY: finished before the borrow ends.
    unsafe { exchange.send(to, bytes) };
    exchange.finish();
}

/// Receives one message of exactly this length.
fn receive(comm: &MpiTransport, from: usize, into: &mut [u8]) {
    let mut exchange = Exchange::new(comm);
    // SAFETY: finished before the borrow ends.
    unsafe { exchange.receive(from, into) };
    exchange.finish();
}

/// Combines, and keeps a panic of the user's operator for when the messages are done: the others wait for them.
fn combine(how: &Reduction<'_>, low: &mut [u8], high: &[u8], panic: &mut Option<Box<dyn Any + Send>>) {
    // Half-combined bytes are sent on, but nobody sees them: the call fails.
    let combined = catch_unwind(AssertUnwindSafe(|| (how.into_low)(low, high)));
    *panic = panic.take().or(combined.err());
}

/// Cuts a buffer into parts that are `counts` long.
fn cut<'a>(mut buffer: &'a mut [u8], counts: &[usize]) -> Vec<&'a mut [u8]> {
    let parts = counts.iter().map(|count| buffer.split_off_mut(..*count).expect("the counts add up to the buffer"));
    parts.collect()
}

/// As [`cut`].
fn cut_ref<'a>(mut buffer: &'a [u8], counts: &[usize]) -> Vec<&'a [u8]> {
    let parts = counts.iter().map(|count| buffer.split_off(..*count).expect("the counts add up to the buffer"));
    parts.collect()
}

/// Root posts all receives at once: what the libraries do, too, for messages of some size.
pub(super) fn gather(comm: &MpiTransport, root: usize, mine: &[u8], out: Option<(&mut [u8], &[usize])>) {
    let Some((out, counts)) = out.filter(|_| comm.rank == root) else {
        return send(comm, root, mine);
    };
    let (mut exchange, mut own) = (Exchange::new(comm), None);
    for (rank, part) in cut(out, counts).into_iter().enumerate() {
        if rank == root {
            own = Some(part);
        } else {
            // SAFETY: `out` is borrowed until the end of this function.
            unsafe { exchange.receive(rank, part) };
        }
    }
    exchange.finish();
    copy(comm, mine, own.expect("root has a part of its own"));
}

/// Copies what a task sends to itself.
fn copy(comm: &MpiTransport, from: &[u8], to: &mut [u8]) {
    let (rank, came, expected) = (comm.rank, from.len(), to.len());
    assert!(came == expected, "task {rank} sends itself {came} bytes where it expects {expected}: the counts disagree");
    to.copy_from_slice(from);
}

pub(super) fn scatter(comm: &MpiTransport, root: usize, parts: Option<(&[u8], &[usize])>, mine: &mut [u8]) {
    let Some((bytes, counts)) = parts.filter(|_| comm.rank == root) else {
        return receive(comm, root, mine);
    };
    let (mut exchange, mut own) = (Exchange::new(comm), &[][..]);
    for (rank, part) in cut_ref(bytes, counts).into_iter().enumerate() {
        if rank == root {
            own = part;
        } else {
            // SAFETY: `bytes` is borrowed until the end of this function.
            unsafe { exchange.send(rank, part) };
        }
    }
    exchange.finish();
    copy(comm, own, mine);
}

pub(super) fn all_gather(comm: &MpiTransport, mine: &[u8], out: &mut [u8], counts: &[usize]) {
    // All tasks know all counts, so all take the same way.
    if out.len() > ROUND {
        let mut parts = cut(out, counts);
        parts[comm.rank].copy_from_slice(mine);
        for (rank, part) in parts.into_iter().enumerate() {
            broadcast(comm, rank, part);
        }
        return;
    }
    let lengths: Vec<c_int> = counts.iter().map(|count| int(*count)).collect();
    let offsets: Vec<c_int> = lengths.iter().scan(0, |sum, n| Some(std::mem::replace(sum, *sum + n))).collect();
    let (from, count, into) = (pointer(mine), int(mine.len()), pointer_mut(out));
    // SAFETY: counts and offsets describe `out`; all buffers live until the call is done.
    unsafe {
        let byte = raw::RSMPI_UINT8_T;
        let (lengths, offsets) = (lengths.as_ptr(), offsets.as_ptr());
        collective!(comm, MPI_Allgatherv / MPI_Iallgatherv(from, count, byte, into, lengths, offsets, byte));
    }
}

pub(super) fn all_to_all(
    comm: &MpiTransport,
    send: &[u8],
    send_counts: &[usize],
    receive: &mut [u8],
    receive_counts: &[usize],
) {
    let (rank, size) = (comm.rank, comm.members.len());
    let outgoing = cut_ref(send, send_counts);
    let mut incoming = cut(receive, receive_counts);
    let mut exchange = Exchange::new(comm);
    // Everyone starts with another partner, so that nobody is flooded.
    for step in 1..size {
        let (to, from) = ((rank + step) % size, (rank + size - step) % size);
        // SAFETY: both buffers are borrowed until the end of this function.
        unsafe {
            exchange.receive(from, incoming[from]);
            exchange.send(to, outgoing[to]);
        }
    }
    exchange.finish();
    copy(comm, outgoing[rank], incoming[rank]);
}

pub(super) fn reduce(comm: &MpiTransport, root: Option<usize>, mine: &[u8], out: &mut [u8], how: &Reduction<'_>) {
    let Some((op, kind)) = how.native else {
        return reduce_by_tree(comm, root, mine, out, how);
    };
    let round = ROUND / how.element * how.element;
    let root_only = root.is_some_and(|root| root != comm.rank);
    for (n, piece) in mine.chunks(round).enumerate() {
        let into = if root_only { &mut [][..] } else { &mut out[n * round..][..piece.len()] };
        let (from, into, count) = (pointer(piece), pointer_mut(into), int(piece.len() / how.element));
        // SAFETY: both buffers have that many elements (root's alone receives) and live until the call is done.
        unsafe {
            let (op, kind) = (operator(op), number(kind));
            match root {
                Some(root) => collective!(comm, MPI_Reduce / MPI_Ireduce(from, into, count, kind, op, int(root))),
                None => collective!(comm, MPI_Allreduce / MPI_Iallreduce(from, into, count, kind, op)),
            }
        }
    }
}

/// The bytes of one piece of a [`reduce_by_tree`] or a [`scan`], a whole number of elements: large enough that its
/// messages cost little, and small enough that tasks work on different pieces at the same time and that copies take no
/// memory to speak of.
fn piece(how: &Reduction<'_>) -> usize {
    const PIECE: usize = 1 << 20;
    let element = how.element.max(1);
    (PIECE / element).max(1) * element
}

/// A binomial tree towards task 0 that combines neighbours in rank order, then on to who wants the result.
fn reduce_by_tree(comm: &MpiTransport, root: Option<usize>, mine: &[u8], out: &mut [u8], how: &Reduction<'_>) {
    let (rank, size) = (comm.rank, comm.members.len());
    let wanted = root.is_none_or(|root| root == rank);
    let (mut sum, mut theirs, mut panic) = (Vec::new(), Vec::new(), None);
    for (n, mine) in mine.chunks(piece(how)).enumerate() {
        sum.clear();
        sum.extend_from_slice(mine);
        theirs.resize(mine.len(), 0);
        let mut distance = 1;
        while distance < size && rank.is_multiple_of(2 * distance) {
            if rank + distance < size {
                receive(comm, rank + distance, &mut theirs);
                combine(how, &mut sum, &theirs, &mut panic);
            }
            distance *= 2;
        }
        if rank > 0 {
            send(comm, rank - distance, &sum);
        }
        match root {
            None => broadcast(comm, 0, &mut sum),
            Some(root) if root > 0 && rank == 0 => send(comm, root, &sum),
            Some(root) if root > 0 && rank == root => receive(comm, 0, &mut sum),
            Some(_) => {}
        }
        if wanted {
            out[n * piece(how)..][..sum.len()].copy_from_slice(&sum);
        }
    }
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
}

/// A chain: each task waits for the tasks before it, for one piece after the other.
pub(super) fn scan(comm: &MpiTransport, exclusive: bool, mine: &[u8], out: &mut [u8], how: &Reduction<'_>) {
    let (rank, size) = (comm.rank, comm.members.len());
    let (mut through, mut panic) = (Vec::new(), None);
    for (mine, out) in mine.chunks(piece(how)).zip(out.chunks_mut(piece(how))) {
        through.clear();
        through.extend_from_slice(mine);
        if rank > 0 {
            receive(comm, rank - 1, &mut through);
            if exclusive {
                out.copy_from_slice(&through);
            }
            combine(how, &mut through, mine, &mut panic);
        }
        if !exclusive {
            out.copy_from_slice(&through);
        }
        if rank + 1 < size {
            send(comm, rank + 1, &through);
        }
    }
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
}

fn number(number: Number) -> raw::MPI_Datatype {
    // SAFETY: constants of the initialised library.
    unsafe {
        match number {
            Number::I8 => raw::RSMPI_INT8_T,
            Number::I16 => raw::RSMPI_INT16_T,
            Number::I32 => raw::RSMPI_INT32_T,
            Number::I64 => raw::RSMPI_INT64_T,
            Number::U8 => raw::RSMPI_UINT8_T,
            Number::U16 => raw::RSMPI_UINT16_T,
            Number::U32 => raw::RSMPI_UINT32_T,
            Number::U64 => raw::RSMPI_UINT64_T,
            Number::F32 => raw::RSMPI_FLOAT,
            Number::F64 => raw::RSMPI_DOUBLE,
        }
    }
}

fn operator(operator: Native) -> raw::MPI_Op {
    // SAFETY: constants of the initialised library.
    unsafe {
        match operator {
            Native::Sum => raw::RSMPI_SUM,
            Native::Prod => raw::RSMPI_PROD,
            Native::Min => raw::RSMPI_MIN,
            Native::Max => raw::RSMPI_MAX,
            Native::And => raw::RSMPI_BAND,
            Native::Or => raw::RSMPI_BOR,
            Native::Xor => raw::RSMPI_BXOR,
        }
    }
}
