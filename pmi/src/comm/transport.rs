//! The one seam below [`Comm`](super::Comm): what a way of moving bytes between tasks must do.

use crate::op::Native;
use std::any::{Any, TypeId};
use std::rc::Rc;

/// One communicator of a backend, as one of its tasks sees it.
///
/// Everything is in bytes; ranks and tags were checked by the caller. Calls that wait end with a [`Revoked`] unwind
/// when a task of the communicator has given up, so that nobody waits for it; which calls do, each says.
pub(crate) trait Transport {
    fn rank(&self) -> usize;
    fn size(&self) -> usize;
    /// How messages travel, in a few words.
    fn describe(&self) -> String;
    /// See [`Comm::as_mpi`](super::Comm::as_mpi).
    #[cfg(feature = "mpi")]
    fn as_mpi(&self) -> Option<mpi::ffi::MPI_Comm> {
        None
    }

    /// Sends a message. May return before it is received. Revocable.
    fn send(&self, to: usize, tag: u32, bytes: &[u8]);
    /// Waits for a message that matches and says what it is. Revocable.
    fn probe(&self, from: Option<usize>, tag: u32) -> Envelope;
    /// Whether a message that matches is there.
    fn try_probe(&self, from: Option<usize>, tag: u32) -> Option<Envelope>;
    /// Raises [`Revoked`] where a task has given up: for loops of the user's own that wait for something.
    fn go_on(&self);
    /// Takes the message that a probe has just found.
    fn receive(&self, envelope: Envelope, into: &mut [u8]);
    /// Starts to send.
    fn start_send(&self, to: usize, tag: u32, data: Box<dyn Owned>) -> Box<dyn Pending>;
    /// Starts to receive a message of at most the buffer's length.
    fn start_receive(&self, from: Option<usize>, tag: u32, into: Box<dyn Owned>) -> Box<dyn Pending>;

    /// Makes sure that every task enters the same collective, described by `signature`, right now. Revocable; after it
    /// no task is revoked before the collective is done. The collectives below may be called without it where no task
    /// can fail.
    fn agree(&self, signature: &Signature);

    fn barrier(&self);
    /// Copies root's buffer into everyone's; all have the same length.
    fn broadcast(&self, root: usize, buffer: &mut [u8]);
    /// Root gets everyone's bytes in rank order; `out` is root's buffer and what comes from each task.
    fn gather(&self, root: usize, mine: &[u8], out: Option<(&mut [u8], &[usize])>);
    /// Everyone gets everyone's bytes in rank order.
    fn all_gather(&self, mine: &[u8], out: &mut [u8], counts: &[usize]);
    /// Each task gets its part of root's bytes.
    fn scatter(&self, root: usize, parts: Option<(&[u8], &[usize])>, mine: &mut [u8]);
    /// Task `r` gets the `r`-th part of everyone's bytes, in rank order.
    fn all_to_all(&self, send: &[u8], send_counts: &[usize], receive: &mut [u8], receive_counts: &[usize]);
    /// Combines everyone's elements; the result goes to `root`, or to all. `out` is untouched elsewhere.
    fn reduce(&self, root: Option<usize>, mine: &[u8], out: &mut [u8], reduction: &Reduction<'_>);
    /// Combines the elements of the tasks up to this one; without this one where `exclusive` (then task 0's `out` is
    /// untouched).
    fn scan(&self, exclusive: bool, mine: &[u8], out: &mut [u8], reduction: &Reduction<'_>);

    /// See [`Comm::split`](super::Comm::split).
    fn split(&self, color: Option<u32>, key: u32) -> Option<Rc<dyn Transport>>;
    /// This task goes on from a call that failed: communicators made before are void, but for the runtime's messages and
    /// `renew`. All tasks of the world do so before they take part in the next call.
    fn begin_epoch(&self);
    /// The last call has ended well on all tasks: what was left of it can go.
    fn tidy(&self) {}
    /// A fresh communicator of the same tasks, for this epoch; all of them ask for it, none waits.
    fn renew(&self) -> Rc<dyn Transport>;
    /// A communicator of this task alone.
    fn alone(&self) -> Rc<dyn Transport>;
    /// Tells the world's other tasks that this one gives up in this epoch: whoever waits for it is revoked.
    fn revoke(&self);

    /// Sends a message of the runtime: small, never revoked, done when it returns.
    fn post(&self, to: usize, tag: u32, bytes: &[u8]);
    /// Waits, not revocably, for a message of the runtime and returns its sender. A wait for long uses next to no
    /// processor time where `idle`.
    fn collect(&self, from: Option<usize>, tag: u32, into: &mut Vec<u8>, idle: bool) -> usize;
}

/// What using a communicator of an earlier, failed call panics with.
pub(crate) const VOID: &str =
    "this communicator was made before a call that failed, and is void since: make a new one with split";

/// What unwinds a task that waited for one that gave up.
pub(crate) struct Revoked;

impl Revoked {
    /// Unwinds without the message of a panic: the task that gave up has said why.
    pub(crate) fn raise() -> ! {
        std::panic::resume_unwind(Box::new(Revoked))
    }
}

/// What a probe found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope {
    pub source: usize,
    pub tag: u32,
    pub bytes: usize,
}

/// A buffer that a transport owns while an operation is under way.
pub(crate) trait Owned: Any {
    fn bytes(&self) -> &[u8];
    fn bytes_mut(&mut self) -> &mut [u8];
}

impl<T: bytemuck::Pod> Owned for Vec<T> {
    fn bytes(&self) -> &[u8] {
        bytemuck::must_cast_slice(self)
    }
    fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::must_cast_slice_mut(self)
    }
}

/// A send or a receive under way. Dropped before it is done, it is abandoned.
pub(crate) trait Pending {
    /// As [`Transport::go_on`].
    fn go_on(&self);
    /// Whether it is done.
    fn test(&mut self) -> bool;
    /// Waits until it is done. Revocable.
    fn wait(&mut self);
    /// The buffer of one that is done and, of a receive, what came.
    fn finish(self: Box<Self>) -> (Box<dyn Owned>, Envelope);
}

/// The numbers that MPI knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "mpi"), allow(dead_code, reason = "only MPI has operators of its own"))]
pub(crate) enum Number {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
}

impl Number {
    fn of<T: 'static>() -> Option<Self> {
        let id = TypeId::of::<T>();
        let word =
            if cfg!(target_pointer_width = "64") { (Number::I64, Number::U64) } else { (Number::I32, Number::U32) };
        [
            (TypeId::of::<i8>(), Number::I8),
            (TypeId::of::<i16>(), Number::I16),
            (TypeId::of::<i32>(), Number::I32),
            (TypeId::of::<i64>(), Number::I64),
            (TypeId::of::<isize>(), word.0),
            (TypeId::of::<u8>(), Number::U8),
            (TypeId::of::<u16>(), Number::U16),
            (TypeId::of::<u32>(), Number::U32),
            (TypeId::of::<u64>(), Number::U64),
            (TypeId::of::<usize>(), word.1),
            (TypeId::of::<f32>(), Number::F32),
            (TypeId::of::<f64>(), Number::F64),
        ]
        .into_iter()
        .find_map(|(known, number)| (known == id).then_some(number))
    }
}

/// How elements are combined.
pub(crate) struct Reduction<'a> {
    /// Bytes of an element.
    pub element: usize,
    /// The transport's own operator for it, if MPI has one.
    #[cfg_attr(not(feature = "mpi"), allow(dead_code, reason = "only MPI has operators of its own"))]
    pub native: Option<(Native, Number)>,
    /// `low[i] = op(low[i], high[i])`, `low` from the lower ranks.
    pub into_low: &'a dyn Fn(&mut [u8], &[u8]),
}

impl Reduction<'_> {
    /// Calls `f` with the reduction by `op` of elements of type `T`.
    pub(crate) fn with<T: bytemuck::Pod, O: crate::op::Operator<T>>(op: O, f: impl FnOnce(&Reduction<'_>)) {
        let into_low = |low: &mut [u8], high: &[u8]| {
            // The buffers may be parts of messages, aligned to nothing.
            if let (Ok(low), Ok(high)) =
                (bytemuck::try_cast_slice_mut::<u8, T>(low), bytemuck::try_cast_slice::<u8, T>(high))
            {
                for (l, h) in low.iter_mut().zip(high) {
                    *l = op.apply(*l, *h);
                }
                return;
            }
            let size = size_of::<T>();
            for (l, h) in low.chunks_exact_mut(size).zip(high.chunks_exact(size)) {
                let value = op.apply(bytemuck::pod_read_unaligned(l), bytemuck::pod_read_unaligned(h));
                l.copy_from_slice(bytemuck::bytes_of::<T>(&value));
            }
        };
        f(&Reduction { element: size_of::<T>(), native: O::NATIVE.zip(Number::of::<T>()), into_low: &into_low });
    }
}

/// What a task is about to do together with the others; all must be about to do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Signature {
    operation: [u8; 16],
    element: [u8; 16],
    count: u64,
    root: u64,
}

impl Signature {
    const ANY: u64 = u64::MAX;

    /// Of an operation whose counts may differ and that has no root.
    pub(crate) fn new(operation: &str) -> Self {
        Self { operation: clip(operation), element: [0; 16], count: Self::ANY, root: Self::ANY }
    }

    /// With elements of this type.
    pub(crate) fn of<T>(self) -> Self {
        let name = std::any::type_name::<T>();
        Self { element: clip(name.rsplit("::").next().unwrap_or(name)), ..self }
    }

    /// With this many elements on every task.
    pub(crate) fn count(self, count: usize) -> Self {
        Self { count: count as u64, ..self }
    }

    /// With this root.
    pub(crate) fn root(self, root: usize) -> Self {
        Self { root: root as u64, ..self }
    }
}

/// The first 16 bytes of a name.
fn clip(name: &str) -> [u8; 16] {
    let mut clipped = [0; 16];
    for (to, from) in clipped.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    clipped
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |bytes: &[u8; 16]| {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(16);
            String::from_utf8_lossy(&bytes[..end]).into_owned()
        };
        f.write_str(&text(&self.operation))?;
        match (self.element[0], self.count) {
            (0, _) => {}
            (_, Self::ANY) => write!(f, " of {}", text(&self.element))?,
            (_, count) => write!(f, " of {count} {}", text(&self.element))?,
        }
        if self.root != Self::ANY {
            write!(f, " with root {}", self.root)?;
        }
        Ok(())
    }
}
