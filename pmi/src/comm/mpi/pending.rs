//! Requests: operations of MPI under way.

use super::SMALL;
use super::library::{Library, Wait};
use super::raw::{self, check, filled, pointer, pointer_mut, with_type};
use crate::comm::{Envelope, Owned, Pending, Revoked, VOID};
use std::ffi::c_int;
use std::rc::Rc;

/// Where a message goes to or comes from: the communicator, the other rank and the tag, as MPI takes them.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) comm: raw::MPI_Comm,
    pub(super) peer: c_int,
    pub(super) tag: c_int,
}

/// A request of MPI.
pub(super) struct Request {
    raw: raw::MPI_Request,
    status: raw::MPI_Status,
    done: bool,
    /// Whether it is done, and ended in an error.
    failed: bool,
}

impl Request {
    /// Starts to send.
    ///
    /// # Safety
    /// The bytes stay valid and unchanged until the request is done, or the receiver can no longer receive them.
    pub(super) unsafe fn send(route: Route, bytes: &[u8]) -> Self {
        let Route { comm, peer, tag } = route;
        // SAFETY: type and count describe the slice; the rest is the caller's.
        let raw = with_type(bytes.len(), |count, kind| unsafe {
            filled(|to| check!(MPI_Isend(pointer(bytes), count, kind, peer, tag, comm, to)))
        });
        Self::new(raw)
    }

    /// Starts to receive a message of at most the buffer's length.
    ///
    /// # Safety
    /// The buffer stays valid and otherwise unused until the request is done or cancelled.
    pub(super) unsafe fn receive(route: Route, into: &mut [u8]) -> Self {
        let Route { comm, peer, tag } = route;
        let (data, len) = (pointer_mut(into), into.len());
        // SAFETY: type and count describe the slice; the rest is the caller's.
        let raw = with_type(len, |count, kind| unsafe {
            filled(|to| check!(MPI_Irecv(data, count, kind, peer, tag, comm, to)))
        });
        Self::new(raw)
    }

    pub(super) fn new(raw: raw::MPI_Request) -> Self {
        Self { raw, status: filled(|_| ()), done: false, failed: false }
    }

    /// The request; this one counts as done.
    fn take(&mut self) -> Self {
        let Self { raw, status, done, failed } = *self;
        self.done = true;
        Self { raw, status, done, failed }
    }

    pub(super) fn test(&mut self) -> bool {
        if !self.done {
            let mut done = 0;
            // SAFETY: the request is valid as it is not done; its buffer is, as `send` and `receive` demand.
            let code = unsafe { raw::MPI_Test(&mut self.raw, &mut done, &mut self.status) };
            // A message that is too long is an error, after which the request is done.
            self.failed = code != 0;
            self.done = done != 0 || self.failed;
        }
        self.done
    }

    /// The bytes that a receive which is done has got; `None` where the message was longer than the buffer.
    pub(super) fn received(&self) -> Option<usize> {
        (!self.failed).then(|| raw::bytes_of(&self.status))
    }

    /// Waits; false where the wait ended early.
    pub(super) fn wait(&mut self, library: &Library, how: Wait<'_>) -> bool {
        library.wait(how, || self.test())
    }

    /// Takes back a receive, or finishes it where its message is already coming. Its buffer is free afterwards.
    pub(super) fn cancel_receive(&mut self, library: &Library) {
        if !self.test() {
            // SAFETY: the request is valid as it is not done.
            unsafe { check!(MPI_Cancel(&mut self.raw)) };
            self.wait(library, Wait::Certain);
        }
    }

    /// Forgets a send that nobody may receive. Its buffer must stay, unless its receiver has left.
    pub(super) fn forget_send(&mut self) {
        if !self.test() {
            // SAFETY: the request is valid as it is not done.
            unsafe { check!(MPI_Request_free(&mut self.raw)) };
        }
    }

    pub(super) fn envelope(&self) -> Envelope {
        Envelope {
            source: self.status.MPI_SOURCE.max(0) as usize,
            tag: Library::user_tag(self.status.MPI_TAG),
            bytes: raw::bytes_of(&self.status),
        }
    }
}

/// A send or a receive of a buffer that it owns.
pub(super) struct OwnedRequest {
    library: Rc<Library>,
    epoch: u64,
    request: Request,
    /// `None` once it was given back.
    data: Option<Box<dyn Owned>>,
    receives: bool,
}

impl OwnedRequest {
    pub(super) fn send(library: Rc<Library>, route: Route, data: Box<dyn Owned>) -> Self {
        // SAFETY: the buffer's heap memory stays where it is; `drop` has the library keep it where the
        // send is not done.
        let request = unsafe { Request::send(route, data.bytes()) };
        Self { epoch: library.epoch(), library, request, data: Some(data), receives: false }
    }

    pub(super) fn receive(library: Rc<Library>, route: Route, mut into: Box<dyn Owned>) -> Self {
        // SAFETY: the buffer's heap memory stays where it is, nobody uses it before `finish`, and `drop` cancels.
        let request = unsafe { Request::receive(route, into.bytes_mut()) };
        Self { epoch: library.epoch(), library, request, data: Some(into), receives: true }
    }
}

impl Pending for OwnedRequest {
    fn test(&mut self) -> bool {
        self.request.test()
    }

    fn go_on(&self) {
        self.library.hear();
        if self.library.anyone_left() {
            Revoked::raise();
        }
    }

    fn wait(&mut self) {
        assert!(self.request.test() || self.epoch == self.library.epoch(), "{VOID}");
        if !self.request.wait(&self.library, Wait::Revocable(&Library::anyone_left)) {
            Revoked::raise();
        }
    }

    fn finish(mut self: Box<Self>) -> (Box<dyn Owned>, Envelope) {
        assert!(self.request.test(), "a request is finished when it is done");
        let Some(_) = self.request.received() else {
            panic!("the message is longer than the receive expects: give irecv a larger capacity");
        };
        let envelope = if self.receives { self.request.envelope() } else { Envelope { source: 0, tag: 0, bytes: 0 } };
        (self.data.take().expect("a request is finished once"), envelope)
    }
}

impl OwnedRequest {
    /// Gives up a large send of an earlier epoch, which nobody receives any more; whether it did. A small one goes on:
    /// its receiver [throws it away](Library::drain).
    pub(super) fn expire(&mut self, epoch: u64) -> bool {
        let large = self.data.as_ref().is_some_and(|data| data.bytes().len() > SMALL);
        let expired = large && self.epoch < epoch;
        if expired {
            self.request.forget_send();
            self.data = None;
        }
        expired
    }
}

impl Drop for OwnedRequest {
    fn drop(&mut self) {
        if self.receives && self.data.is_some() {
            self.request.cancel_receive(&self.library);
        } else if self.data.is_some() && !self.request.test() {
            // The message may still be received: the library keeps the buffer.
            let (request, data) = (self.request.take(), self.data.take());
            let (library, epoch) = (self.library.clone(), self.epoch);
            self.library.keep_until_done(Self { library, epoch, request, data, receives: false });
        }
    }
}
