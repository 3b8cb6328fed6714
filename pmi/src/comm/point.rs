//! Messages from one task to another.

use super::{Comm, Envelope, Owned, Pending, zeroed};
use crate::wire;
use bytemuck::Pod;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::marker::PhantomData;

/// The largest tag of a message: every MPI library allows as much (32 767), less a few for our own use.
pub const MAX_TAG: u32 = 32_700;

/// Where a received message came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// The sender's rank.
    pub source: usize,
    /// The message's tag.
    pub tag: u32,
    /// How many elements it had.
    pub count: usize,
}

impl Received {
    fn new<T>(envelope: Envelope) -> Self {
        let count = envelope.bytes.checked_div(size_of::<T>()).unwrap_or(0);
        Self { source: envelope.source, tag: envelope.tag, count }
    }
}

/// A send under way; see [`Comm::isend`]. Dropping it before it is done abandons it: the message may be lost.
#[must_use = "a request must be waited for"]
pub struct SendRequest<T>(Box<dyn Pending>, PhantomData<T>);

/// A receive under way; see [`Comm::irecv`]. Dropping it before it is done abandons it.
#[must_use = "a request must be waited for"]
pub struct RecvRequest<T>(Box<dyn Pending>, PhantomData<T>);

impl<T: Pod> SendRequest<T> {
    /// Whether the message has left, without waiting.
    pub fn test(&mut self) -> bool {
        done(&mut *self.0)
    }

    /// Waits until the message has left and gives the buffer back.
    pub fn wait(mut self) -> Vec<T> {
        self.0.wait();
        vector(self.0.finish().0)
    }
}

impl<T: Pod> RecvRequest<T> {
    /// Whether the message is here, without waiting.
    pub fn test(&mut self) -> bool {
        done(&mut *self.0)
    }

    /// Waits for the message; the vector has its length.
    pub fn wait(mut self) -> (Vec<T>, Received) {
        self.0.wait();
        let (buffer, envelope) = self.0.finish();
        let received = whole::<T>(envelope);
        let mut data: Vec<T> = vector(buffer);
        data.truncate(received.count);
        (data, received)
    }
}

/// Whether a request is done; ends the call where that is in vain, as the caller may ask until it is.
fn done(request: &mut dyn Pending) -> bool {
    let done = request.test();
    if !done {
        request.go_on();
    }
    done
}

fn vector<T: Pod>(buffer: Box<dyn Owned>) -> Vec<T> {
    let buffer: Box<dyn Any> = buffer;
    *buffer.downcast().expect("a request gives back the vector it was given")
}

/// Checks that a message consists of whole elements.
#[track_caller]
fn whole<T>(envelope: Envelope) -> Received {
    let size = size_of::<T>().max(1);
    assert!(
        envelope.bytes.is_multiple_of(size),
        "the message from task {} with tag {} has {} bytes, not a multiple of the {size} bytes of {}: receive it as the \
         type it was sent as",
        envelope.source,
        envelope.tag,
        envelope.bytes,
        std::any::type_name::<T>(),
    );
    Received::new::<T>(envelope)
}

#[track_caller]
fn checked(tag: u32) -> u32 {
    assert!(tag <= MAX_TAG, "tag {tag} is too large: tags go up to {MAX_TAG}");
    tag
}

impl Comm {
    /// Sends `data` to task `to`. It may return before the message is received. One message of `data`'s bytes.
    ///
    /// # Panics
    /// Where `to` does not exist or `tag` is above [`MAX_TAG`].
    #[track_caller]
    pub fn send<T: Pod>(&self, to: usize, tag: u32, data: &[T]) {
        self.transport.send(self.peer(to), checked(tag), bytemuck::must_cast_slice(data));
    }

    /// Receives a message of any length from task `from` (`None`: from any) with `tag`.
    ///
    /// # Panics
    /// Where `from` does not exist, or the message is not made of whole `T`s.
    #[track_caller]
    pub fn recv<T: Pod>(&self, from: impl Into<Option<usize>>, tag: u32) -> Vec<T> {
        self.recv_with_source(from, tag).0
    }

    /// As [`recv`](Comm::recv), and says who sent it.
    ///
    /// # Panics
    /// As [`recv`](Comm::recv).
    #[track_caller]
    pub fn recv_with_source<T: Pod>(&self, from: impl Into<Option<usize>>, tag: u32) -> (Vec<T>, Received) {
        let from = from.into().map(|from| self.peer(from));
        let envelope = self.transport.probe(from, checked(tag));
        let received = whole::<T>(envelope);
        let mut data = zeroed(received.count);
        self.transport.receive(envelope, bytemuck::must_cast_slice_mut(&mut data));
        (data, received)
    }

    /// Receives a message into `buffer`, which may be longer than it.
    ///
    /// # Panics
    /// Where `from` does not exist, or the message is longer than the buffer or not made of whole `T`s.
    #[track_caller]
    pub fn recv_into<T: Pod>(&self, from: impl Into<Option<usize>>, tag: u32, buffer: &mut [T]) -> Received {
        let from = from.into().map(|from| self.peer(from));
        let envelope = self.transport.probe(from, checked(tag));
        let received = whole::<T>(envelope);
        assert!(
            received.count <= buffer.len(),
            "the message from task {} has {} elements, the buffer only {}: make the buffer longer, or use recv",
            received.source,
            received.count,
            buffer.len()
        );
        self.transport.receive(envelope, &mut bytemuck::must_cast_slice_mut(buffer)[..envelope.bytes]);
        received
    }

    /// Whether a message from `from` (`None`: from any task) with `tag` can be received at once.
    ///
    /// # Panics
    /// Where `from` does not exist or `tag` is above [`MAX_TAG`].
    #[track_caller]
    pub fn probe(&self, from: impl Into<Option<usize>>, tag: u32) -> bool {
        let from = from.into().map(|from| self.peer(from));
        let found = self.transport.try_probe(from, checked(tag)).is_some();
        if !found {
            self.transport.go_on();
        }
        found
    }

    /// Sends `data` to `to` and receives a message from `from`, both with `tag`, without the deadlock that a send
    /// followed by a receive on both sides may be.
    ///
    /// # Panics
    /// As [`send`](Comm::send) and [`recv`](Comm::recv).
    #[track_caller]
    pub fn sendrecv<T: Pod>(&self, to: usize, data: &[T], from: impl Into<Option<usize>>, tag: u32) -> Vec<T> {
        let sending = self.isend(to, tag, data.to_vec());
        let received = self.recv(from, tag);
        sending.wait();
        received
    }

    /// Starts to send `data`; the request gives the vector back when the message has left.
    ///
    /// # Panics
    /// As [`send`](Comm::send).
    #[track_caller]
    pub fn isend<T: Pod>(&self, to: usize, tag: u32, data: Vec<T>) -> SendRequest<T> {
        SendRequest(self.transport.start_send(self.peer(to), checked(tag), Box::new(data)), PhantomData)
    }

    /// Starts to receive a message of at most `capacity` elements.
    ///
    /// # Panics
    /// Where `from` does not exist; waiting for it panics where the message is longer than `capacity`.
    #[track_caller]
    pub fn irecv<T: Pod>(&self, from: impl Into<Option<usize>>, tag: u32, capacity: usize) -> RecvRequest<T> {
        let from = from.into().map(|from| self.peer(from));
        let buffer: Box<dyn Owned> = Box::new(zeroed::<T>(capacity));
        RecvRequest(self.transport.start_receive(from, checked(tag), buffer), PhantomData)
    }

    /// Sends a value of any serde type.
    ///
    /// # Panics
    /// As [`send`](Comm::send), and where the value cannot be serialised.
    #[track_caller]
    pub fn send_object<T: Serialize + ?Sized>(&self, to: usize, tag: u32, value: &T) {
        self.send(to, tag, &serialised(value));
    }

    /// Receives a value that was sent with [`send_object`](Comm::send_object).
    ///
    /// # Panics
    /// As [`recv`](Comm::recv), and where the message is not a `T`.
    #[track_caller]
    pub fn recv_object<T: DeserializeOwned>(&self, from: impl Into<Option<usize>>, tag: u32) -> T {
        deserialised(&self.recv::<u8>(from, tag))
    }
}

/// Messages of the verbs themselves: their tags are above the users'.
impl Comm {
    pub(crate) fn send_own<T: Serialize>(&self, to: usize, tag: OwnTag, value: &T) {
        self.transport.send(to, tag as u32, &serialised(value));
    }

    /// The next message with this tag, and its sender.
    pub(crate) fn recv_own<T: DeserializeOwned>(&self, from: Option<usize>, tag: OwnTag) -> (T, usize) {
        let envelope = self.transport.probe(from, tag as u32);
        let mut bytes = vec![0; envelope.bytes];
        self.transport.receive(envelope, &mut bytes);
        (deserialised(&bytes), envelope.source)
    }

    /// Whether there is a message with this tag.
    pub(crate) fn has_own(&self, tag: OwnTag) -> bool {
        self.transport.try_probe(None, tag as u32).is_some()
    }
}

/// The tags of messages of the verbs themselves.
#[derive(Clone, Copy)]
pub(crate) enum OwnTag {
    /// From a task of a farm: what it has done; it wants more.
    Done = MAX_TAG as isize + 8,
    /// To a task of a farm: items.
    Items,
}

#[track_caller]
pub(super) fn serialised<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    match wire::encode(value) {
        Ok(bytes) => bytes,
        Err(cause) => panic!("a value of type {} cannot be serialised: {cause}", std::any::type_name::<T>()),
    }
}

#[track_caller]
pub(super) fn deserialised<T: DeserializeOwned>(bytes: &[u8]) -> T {
    match wire::decode(bytes) {
        Ok(value) => value,
        Err(cause) => panic!("the message is not a value of type {}: {cause}", std::any::type_name::<T>()),
    }
}
