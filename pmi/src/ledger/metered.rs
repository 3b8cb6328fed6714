//! A transport that notes what goes through it.

use super::recorder::{Operation, Recorder};
use crate::comm::{Envelope, Owned, Pending, Reduction, Signature, Transport};
use std::rc::Rc;

/// Another transport, whose operations the recorder hears of. What counts as a message: see
/// [`Ledger`](crate::Ledger).
pub(crate) struct Metered {
    inner: Rc<dyn Transport>,
    recorder: Rc<Recorder>,
}

impl Metered {
    pub(crate) fn new(inner: Rc<dyn Transport>, recorder: Rc<Recorder>) -> Self {
        Self { inner, recorder }
    }

    fn wrap(&self, inner: Rc<dyn Transport>) -> Rc<dyn Transport> {
        Rc::new(Self::new(inner, self.recorder.clone()))
    }

    /// Does `f`, one operation, in which this task sends so many messages of so many bytes together.
    fn meter<R>(&self, operation: Operation, messages: usize, bytes: usize, f: impl FnOnce(&dyn Transport) -> R) -> R {
        self.recorder.open();
        let result = f(&*self.inner);
        self.recorder.close(operation, 1, messages, bytes);
        result
    }

    /// A request whose waiting counts as part of the operation.
    fn pending(&self, operation: Operation, inner: Box<dyn Pending>) -> Box<dyn Pending> {
        Box::new(MeteredPending { inner, recorder: self.recorder.clone(), operation })
    }

    fn others(&self) -> usize {
        self.inner.size() - 1
    }
}

impl Transport for Metered {
    fn rank(&self) -> usize {
        self.inner.rank()
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    #[cfg(feature = "mpi")]
    fn as_mpi(&self) -> Option<mpi::ffi::MPI_Comm> {
        self.inner.as_mpi()
    }

    fn send(&self, to: usize, tag: u32, bytes: &[u8]) {
        self.meter(Operation::Send, 1, bytes.len(), |inner| inner.send(to, tag, bytes));
    }

    fn go_on(&self) {
        self.inner.go_on();
    }

    /// The first step of a receive.
    fn probe(&self, from: Option<usize>, tag: u32) -> Envelope {
        self.recorder.open();
        self.inner.probe(from, tag)
    }

    fn try_probe(&self, from: Option<usize>, tag: u32) -> Option<Envelope> {
        self.inner.try_probe(from, tag)
    }

    fn receive(&self, envelope: Envelope, into: &mut [u8]) {
        self.meter(Operation::Receive, 0, 0, |inner| inner.receive(envelope, into));
    }

    fn start_send(&self, to: usize, tag: u32, data: Box<dyn Owned>) -> Box<dyn Pending> {
        let bytes = data.bytes().len();
        let request = self.meter(Operation::StartSend, 1, bytes, |inner| inner.start_send(to, tag, data));
        self.pending(Operation::StartSend, request)
    }

    fn start_receive(&self, from: Option<usize>, tag: u32, into: Box<dyn Owned>) -> Box<dyn Pending> {
        let request = self.meter(Operation::StartReceive, 0, 0, |inner| inner.start_receive(from, tag, into));
        self.pending(Operation::StartReceive, request)
    }

    /// The first step of a collective.
    fn agree(&self, signature: &Signature) {
        self.recorder.open();
        self.inner.agree(signature);
    }

    fn barrier(&self) {
        let messages = up_and_down(self);
        self.meter(Operation::Barrier, messages, 0, |inner| inner.barrier());
    }

    fn broadcast(&self, root: usize, buffer: &mut [u8]) {
        let messages = if self.rank() == root { self.others() } else { 0 };
        let bytes = messages * buffer.len();
        self.meter(Operation::Broadcast, messages, bytes, |inner| inner.broadcast(root, buffer));
    }

    fn gather(&self, root: usize, mine: &[u8], out: Option<(&mut [u8], &[usize])>) {
        let messages = usize::from(self.rank() != root);
        self.meter(Operation::Gather, messages, messages * mine.len(), |inner| inner.gather(root, mine, out));
    }

    fn all_gather(&self, mine: &[u8], out: &mut [u8], counts: &[usize]) {
        let messages = self.others();
        let bytes = messages * mine.len();
        self.meter(Operation::AllGather, messages, bytes, |inner| inner.all_gather(mine, out, counts));
    }

    fn scatter(&self, root: usize, parts: Option<(&[u8], &[usize])>, mine: &mut [u8]) {
        let (messages, bytes) = match parts {
            Some((all, _)) if self.rank() == root => (self.others(), all.len() - mine.len()),
            _ => (0, 0),
        };
        self.meter(Operation::Scatter, messages, bytes, |inner| inner.scatter(root, parts, mine));
    }

    fn all_to_all(&self, send: &[u8], send_counts: &[usize], receive: &mut [u8], receive_counts: &[usize]) {
        let bytes = send.len() - send_counts[self.rank()];
        self.meter(Operation::AllToAll, self.others(), bytes, |inner| {
            inner.all_to_all(send, send_counts, receive, receive_counts);
        });
    }

    fn reduce(&self, root: Option<usize>, mine: &[u8], out: &mut [u8], reduction: &Reduction<'_>) {
        let (operation, messages) = match root {
            Some(root) => (Operation::Reduce, usize::from(self.rank() != root)),
            None => (Operation::AllReduce, up_and_down(self)),
        };
        let bytes = messages * mine.len();
        self.meter(operation, messages, bytes, |inner| inner.reduce(root, mine, out, reduction));
    }

    fn scan(&self, exclusive: bool, mine: &[u8], out: &mut [u8], reduction: &Reduction<'_>) {
        let operation = if exclusive { Operation::ExclusiveScan } else { Operation::Scan };
        let messages = usize::from(self.rank() < self.others());
        let bytes = messages * mine.len();
        self.meter(operation, messages, bytes, |inner| inner.scan(exclusive, mine, out, reduction));
    }

    fn split(&self, color: Option<u32>, key: u32) -> Option<Rc<dyn Transport>> {
        let part = self.meter(Operation::Split, 0, 0, |inner| inner.split(color, key));
        part.map(|part| self.wrap(part))
    }

    fn begin_epoch(&self) {
        self.inner.begin_epoch();
    }

    fn renew(&self) -> Rc<dyn Transport> {
        self.wrap(self.inner.renew())
    }

    fn alone(&self) -> Rc<dyn Transport> {
        self.wrap(self.inner.alone())
    }

    fn revoke(&self) {
        self.inner.revoke();
    }

    fn post(&self, to: usize, tag: u32, bytes: &[u8]) {
        self.inner.post(to, tag, bytes);
    }

    fn collect(&self, from: Option<usize>, tag: u32, into: &mut Vec<u8>, idle: bool) -> usize {
        self.inner.collect(from, tag, into, idle)
    }
}

/// The messages of this task where something goes from all to task 0 and from there to all.
fn up_and_down(transport: &Metered) -> usize {
    if transport.rank() == 0 { transport.others() } else { 1 }
}

/// A request of a metered transport.
struct MeteredPending {
    inner: Box<dyn Pending>,
    recorder: Rc<Recorder>,
    operation: Operation,
}

impl Pending for MeteredPending {
    fn go_on(&self) {
        self.inner.go_on();
    }

    fn test(&mut self) -> bool {
        self.inner.test()
    }

    fn wait(&mut self) {
        self.recorder.open();
        self.inner.wait();
        self.recorder.close(self.operation, 0, 0, 0);
    }

    fn finish(self: Box<Self>) -> (Box<dyn Owned>, Envelope) {
        self.inner.finish()
    }
}
