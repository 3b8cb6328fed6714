//! Messages that have arrived, and receives that wait for one.

use super::Envelope;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) struct Message {
    pub(super) source: usize,
    pub(super) tag: u32,
    pub(super) bytes: Vec<u8>,
}

/// One task's messages. A message goes to the receive that was posted first among those it matches, as in MPI.
#[derive(Default)]
pub(super) struct Mailbox(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Messages that no posted receive waits for.
    arrived: VecDeque<Message>,
    posted: Vec<Waiting>,
    next_id: u64,
}

struct Waiting {
    id: u64,
    from: Option<usize>,
    tag: u32,
    message: Option<Message>,
}

/// A posted receive, and its message once that was seen.
pub(super) struct Posted {
    id: u64,
    message: Option<Message>,
}

fn matches(source: usize, tag: u32, from: Option<usize>, wanted: u32) -> bool {
    from.is_none_or(|from| from == source) && wanted == tag
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn deliver(&self, source: usize, tag: u32, bytes: &[u8]) {
        let message = Message { source, tag, bytes: bytes.to_vec() };
        let mut inner = self.lock();
        let waits =
            |waiting: &&mut Waiting| waiting.message.is_none() && matches(source, tag, waiting.from, waiting.tag);
        match inner.posted.iter_mut().find(waits) {
            Some(waiting) => waiting.message = Some(message),
            None => inner.arrived.push_back(message),
        }
    }

    pub(super) fn find(&self, from: Option<usize>, tag: u32) -> Option<Envelope> {
        let inner = self.lock();
        let message = inner.arrived.iter().find(|message| matches(message.source, message.tag, from, tag))?;
        Some(Envelope { source: message.source, tag: message.tag, bytes: message.bytes.len() })
    }

    pub(super) fn take(&self, from: Option<usize>, tag: u32) -> Option<Message> {
        self.lock().take(from, tag)
    }

    pub(super) fn post(&self, from: Option<usize>, tag: u32) -> Posted {
        let mut inner = self.lock();
        let id = inner.next_id;
        inner.next_id += 1;
        let message = inner.take(from, tag);
        if message.is_none() {
            inner.posted.push(Waiting { id, from, tag, message: None });
        }
        Posted { id, message }
    }

    /// Forgets a receive whose message was not taken.
    pub(super) fn withdraw(&self, posted: &Posted) {
        self.lock().posted.retain(|waiting| waiting.id != posted.id);
    }
}

impl Inner {
    fn take(&mut self, from: Option<usize>, tag: u32) -> Option<Message> {
        let index = self.arrived.iter().position(|message| matches(message.source, message.tag, from, tag))?;
        self.arrived.remove(index)
    }
}

impl Posted {
    /// Whether the message is here.
    pub(super) fn arrived(&mut self, mailbox: &Mailbox) -> bool {
        if self.message.is_none() {
            let mut inner = mailbox.lock();
            let here = inner.posted.iter().position(|waiting| waiting.id == self.id && waiting.message.is_some());
            self.message = here.and_then(|index| inner.posted.remove(index).message);
        }
        self.message.is_some()
    }

    pub(super) fn take_message(&mut self) -> Option<Message> {
        self.message.take()
    }
}
