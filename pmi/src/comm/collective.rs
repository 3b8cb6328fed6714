//! Operations that all tasks of a communicator call together, in the same order.

use super::point::{deserialised, serialised};
use super::{Comm, Reduction, Signature, zeroed};
use crate::op::Operator;
use bytemuck::Pod;
use serde::Serialize;
use serde::de::DeserializeOwned;

impl Comm {
    /// Waits until every task is here.
    pub fn barrier(&self) {
        self.agree(Signature::new("barrier"));
        self.transport.barrier();
    }

    /// Copies the buffer of task `root` into everyone's. All must have the same length. About `log2(size)` messages of
    /// the buffer on the longest path.
    ///
    /// # Panics
    /// Where `root` does not exist.
    #[track_caller]
    pub fn broadcast<T: Pod>(&self, root: usize, buffer: &mut [T]) {
        self.peer(root);
        self.agree(Signature::new("broadcast").of::<T>().count(buffer.len()).root(root));
        self.transport.broadcast(root, bytemuck::must_cast_slice_mut(buffer));
    }

    /// Everyone gets the value of task `root`; the others' `value` is not looked at and may be `None`.
    ///
    /// # Panics
    /// Where `root` does not exist or gives `None`, or the value cannot be serialised.
    #[track_caller]
    pub fn broadcast_object<T: Serialize + DeserializeOwned>(&self, root: usize, value: Option<T>) -> T {
        self.peer(root);
        let value = match (self.rank() == root, value) {
            (true, None) => panic!("broadcast_object: task {root} is the root and must give a value"),
            (true, value) => value,
            (false, _) => None,
        };
        let mut bytes = value.as_ref().map(serialised).unwrap_or_default();
        let mut len = [bytes.len() as u64];
        self.broadcast(root, &mut len);
        bytes.resize(len[0] as usize, 0);
        self.broadcast(root, &mut bytes);
        value.unwrap_or_else(|| deserialised(&bytes))
    }

    /// Task `root` gets everyone's elements, in rank order; all give the same number. `size - 1` messages to root.
    ///
    /// # Panics
    /// Where `root` does not exist.
    #[track_caller]
    pub fn gather<T: Pod>(&self, root: usize, mine: &[T]) -> Option<Vec<T>> {
        self.peer(root);
        let mut all = (self.rank() == root).then(|| zeroed(mine.len() * self.size()));
        self.gather_into(root, mine, all.as_deref_mut());
        all
    }

    /// As [`gather`](Comm::gather), into a buffer of root's (`size` times as long as `mine`).
    ///
    /// # Panics
    /// Where `root` does not exist, or has no buffer of the right length.
    #[track_caller]
    pub fn gather_into<T: Pod>(&self, root: usize, mine: &[T], out: Option<&mut [T]>) {
        self.peer(root);
        let counts = vec![mine.len(); self.size()];
        let out = self.root_buffer("gather_into", root, out, &counts);
        self.agree(Signature::new("gather").of::<T>().count(mine.len()).root(root));
        let counts = bytes_of::<T>(&counts);
        let out = out.map(|out| (bytemuck::must_cast_slice_mut(out), &counts[..]));
        self.transport.gather(root, bytemuck::must_cast_slice(mine), out);
    }

    /// As [`gather`](Comm::gather), but each task may give another number of elements: all of them, and how many came
    /// from each task.
    ///
    /// # Panics
    /// Where `root` does not exist.
    #[track_caller]
    pub fn gather_v<T: Pod>(&self, root: usize, mine: &[T]) -> Option<(Vec<T>, Vec<usize>)> {
        let counts = self.gather(root, &[mine.len()]);
        let mut all = counts.map(|counts| (zeroed(counts.iter().sum()), counts));
        self.gather_v_into(root, mine, all.as_mut().map(|(data, counts)| (&mut data[..], &counts[..])));
        all
    }

    /// As [`gather_v`](Comm::gather_v) into a buffer of root's, which knows how many elements come from each task.
    ///
    /// # Panics
    /// Where `root` does not exist, or its buffer and counts do not fit.
    #[track_caller]
    pub fn gather_v_into<T: Pod>(&self, root: usize, mine: &[T], out: Option<(&mut [T], &[usize])>) {
        self.peer(root);
        let out = self.as_root("gather_v_into", root, out);
        if let Some((data, counts)) = &out {
            self.counts_fit("gather_v_into", data, counts);
        }
        self.agree(Signature::new("gather_v").of::<T>().root(root));
        let byte_counts = out.as_ref().map(|(_, counts)| bytes_of::<T>(counts)).unwrap_or_default();
        let out = out.map(|(data, _)| (bytemuck::must_cast_slice_mut(data), &byte_counts[..]));
        self.transport.gather(root, bytemuck::must_cast_slice(mine), out);
    }

    /// Task `root` gets everyone's value, in rank order.
    ///
    /// # Panics
    /// Where `root` does not exist, or a value cannot be serialised.
    #[track_caller]
    pub fn gather_object<T: Serialize + DeserializeOwned>(&self, root: usize, value: &T) -> Option<Vec<T>> {
        let (bytes, counts) = self.gather_v(root, &serialised(value))?;
        Some(parts(&bytes, &counts).map(deserialised).collect())
    }

    /// Everyone gets everyone's elements, in rank order; all give the same number.
    pub fn all_gather<T: Pod>(&self, mine: &[T]) -> Vec<T> {
        let mut all = zeroed(mine.len() * self.size());
        self.all_gather_into(mine, &mut all);
        all
    }

    /// As [`all_gather`](Comm::all_gather), into a buffer `size` times as long as `mine`.
    ///
    /// # Panics
    /// Where the buffer has another length.
    #[track_caller]
    pub fn all_gather_into<T: Pod>(&self, mine: &[T], out: &mut [T]) {
        let counts = vec![mine.len(); self.size()];
        fits("all_gather_into", out, &counts);
        self.agree(Signature::new("all_gather").of::<T>().count(mine.len()));
        let (mine, out) = (bytemuck::must_cast_slice(mine), bytemuck::must_cast_slice_mut(out));
        self.transport.all_gather(mine, out, &bytes_of::<T>(&counts));
    }

    /// As [`all_gather`](Comm::all_gather), but each task may give another number of elements: all of them, and how
    /// many came from each task.
    pub fn all_gather_v<T: Pod>(&self, mine: &[T]) -> (Vec<T>, Vec<usize>) {
        let counts = self.all_gather(&[mine.len()]);
        self.agree(Signature::new("all_gather_v").of::<T>());
        let mut all = zeroed(counts.iter().sum());
        let out = bytemuck::must_cast_slice_mut(&mut all);
        self.transport.all_gather(bytemuck::must_cast_slice(mine), out, &bytes_of::<T>(&counts));
        (all, counts)
    }

    /// Everyone gets everyone's value, in rank order.
    ///
    /// # Panics
    /// Where a value cannot be serialised.
    #[track_caller]
    pub fn all_gather_object<T: Serialize + DeserializeOwned>(&self, value: &T) -> Vec<T> {
        let (bytes, counts) = self.all_gather_v(&serialised(value));
        parts(&bytes, &counts).map(deserialised).collect()
    }

    /// Each task gets its part, `mine.len()` elements, of root's `all`, which is `size` times as long.
    ///
    /// # Panics
    /// Where `root` does not exist, or has no buffer of the right length.
    #[track_caller]
    pub fn scatter_into<T: Pod>(&self, root: usize, all: Option<&[T]>, mine: &mut [T]) {
        self.peer(root);
        let counts = vec![mine.len(); self.size()];
        let all = self.root_buffer("scatter_into", root, all, &counts);
        self.agree(Signature::new("scatter").of::<T>().count(mine.len()).root(root));
        let counts = bytes_of::<T>(&counts);
        let parts = all.map(|all| (bytemuck::must_cast_slice(all), &counts[..]));
        self.transport.scatter(root, parts, bytemuck::must_cast_slice_mut(mine));
    }

    /// Each task gets an equal part of root's elements.
    ///
    /// # Panics
    /// Where `root` does not exist, or gives no elements or a number that `size` does not divide.
    #[track_caller]
    pub fn scatter<T: Pod>(&self, root: usize, all: Option<&[T]>) -> Vec<T> {
        let counts = all.map(|all| {
            let size = self.size();
            assert!(
                all.len().is_multiple_of(size),
                "scatter: {} elements do not divide among {size} tasks; use scatter_v",
                all.len()
            );
            vec![all.len() / size; size]
        });
        self.scatter_v(root, all.zip(counts.as_deref()))
    }

    /// Task `r` gets the `r`-th part of root's elements, `counts[r]` of them.
    ///
    /// # Panics
    /// Where `root` does not exist, or its elements and counts do not fit.
    #[track_caller]
    pub fn scatter_v<T: Pod>(&self, root: usize, all: Option<(&[T], &[usize])>) -> Vec<T> {
        self.peer(root);
        let all = self.as_root("scatter_v", root, all);
        if let Some((data, counts)) = all {
            self.counts_fit("scatter_v", data, counts);
        }
        let mut len = [0usize];
        self.scatter_into(root, all.map(|(_, counts)| counts), &mut len);
        let mut mine = zeroed(len[0]);
        self.agree(Signature::new("scatter_v").of::<T>().root(root));
        let counts = all.map(|(_, counts)| bytes_of::<T>(counts)).unwrap_or_default();
        let parts = all.map(|(data, _)| (bytemuck::must_cast_slice(data), &counts[..]));
        self.transport.scatter(root, parts, bytemuck::must_cast_slice_mut(&mut mine));
        mine
    }

    /// Task `r` gets the `r`-th of root's values.
    ///
    /// # Panics
    /// Where `root` does not exist, or does not give one value for each task.
    #[track_caller]
    pub fn scatter_object<T: Serialize + DeserializeOwned>(&self, root: usize, values: Option<&[T]>) -> T {
        self.peer(root);
        let packed = self.as_root("scatter_object", root, values).map(|values| {
            self.one_each("scatter_object", values);
            pack(values)
        });
        let all = packed.as_ref().map(|(bytes, counts)| (&bytes[..], &counts[..]));
        deserialised(&self.scatter_v(root, all))
    }

    /// Task `r` gets the `r`-th part, `counts[r]` elements, of everyone's `data`: all that came, in rank order, and how
    /// many came from each task. Each task sends one message to every other.
    ///
    /// # Panics
    /// Where `counts` has not one entry for each task, or does not add up to `data`'s length.
    #[track_caller]
    pub fn all_to_all_v<T: Pod>(&self, data: &[T], counts: &[usize]) -> (Vec<T>, Vec<usize>) {
        let came = self.all_to_all(counts);
        let mut out = zeroed(came.iter().sum());
        self.all_to_all_v_into(data, counts, &mut out, &came);
        (out, came)
    }

    /// As [`all_to_all_v`](Comm::all_to_all_v) where the receiver knows how much will come from each task.
    ///
    /// # Panics
    /// Where the counts do not fit the buffers.
    #[track_caller]
    pub fn all_to_all_v_into<T: Pod>(&self, data: &[T], counts: &[usize], out: &mut [T], out_counts: &[usize]) {
        self.counts_fit("all_to_all_v", data, counts);
        self.counts_fit("all_to_all_v", out, out_counts);
        self.agree(Signature::new("all_to_all_v").of::<T>());
        self.transport.all_to_all(
            bytemuck::must_cast_slice(data),
            &bytes_of::<T>(counts),
            bytemuck::must_cast_slice_mut(out),
            &bytes_of::<T>(out_counts),
        );
    }

    /// Task `r` gets the `r`-th of the `size` equal parts of everyone's `data`, in rank order.
    ///
    /// # Panics
    /// Where `data` does not divide into `size` parts.
    #[track_caller]
    pub fn all_to_all<T: Pod>(&self, data: &[T]) -> Vec<T> {
        let size = self.size();
        assert!(
            data.len().is_multiple_of(size),
            "all_to_all: {} elements do not divide among {size} tasks; use all_to_all_v",
            data.len()
        );
        self.agree(Signature::new("all_to_all").of::<T>().count(data.len()));
        let counts = bytes_of::<T>(&vec![data.len() / size; size]);
        let mut out = zeroed(data.len());
        let into = bytemuck::must_cast_slice_mut(&mut out);
        self.transport.all_to_all(bytemuck::must_cast_slice(data), &counts, into, &counts);
        out
    }

    /// Task `r` gets the `r`-th of everyone's values, in rank order.
    ///
    /// # Panics
    /// Where a task does not give one value for each task.
    #[track_caller]
    pub fn all_to_all_object<T: Serialize + DeserializeOwned>(&self, values: &[T]) -> Vec<T> {
        self.one_each("all_to_all_object", values);
        let (bytes, counts) = pack(values);
        let (bytes, counts) = self.all_to_all_v(&bytes, &counts);
        parts(&bytes, &counts).map(deserialised).collect()
    }

    /// Task `root` gets the element-wise combination of everyone's `mine`, which all have the same length.
    ///
    /// # Panics
    /// Where `root` does not exist.
    #[track_caller]
    pub fn reduce<T: Pod>(&self, root: usize, mine: &[T], op: impl Operator<T>) -> Option<Vec<T>> {
        self.peer(root);
        let is_root = self.rank() == root;
        let mut out = zeroed(if is_root { mine.len() } else { 0 });
        self.agree(Signature::new("reduce").of::<T>().count(mine.len()).root(root));
        let (bytes, into) = (bytemuck::must_cast_slice(mine), bytemuck::must_cast_slice_mut(&mut out));
        Reduction::with(op, |reduction| self.transport.reduce(Some(root), bytes, into, reduction));
        is_root.then_some(out)
    }

    /// Everyone gets the element-wise combination of everyone's `mine`, which all have the same length.
    ///
    /// ```
    /// # pmi::with_tasks(3, || {
    /// let sums = pmi::invoke(|task: &pmi::Task, ()| task.comm().all_reduce(&[1.5], pmi::op::SUM)[0], ())?;
    /// assert_eq!(sums, [4.5, 4.5, 4.5]);
    /// # Ok::<(), pmi::Error>(())
    /// # }).unwrap()
    /// ```
    pub fn all_reduce<T: Pod>(&self, mine: &[T], op: impl Operator<T>) -> Vec<T> {
        let mut out = zeroed(mine.len());
        self.all_reduce_into(mine, &mut out, op);
        out
    }

    /// As [`all_reduce`](Comm::all_reduce), into a buffer.
    ///
    /// # Panics
    /// Where the buffers differ in length.
    #[track_caller]
    pub fn all_reduce_into<T: Pod>(&self, mine: &[T], out: &mut [T], op: impl Operator<T>) {
        fits("all_reduce_into", out, &[mine.len()]);
        self.agree(Signature::new("all_reduce").of::<T>().count(mine.len()));
        let (bytes, into) = (bytemuck::must_cast_slice(mine), bytemuck::must_cast_slice_mut(out));
        Reduction::with(op, |reduction| self.transport.reduce(None, bytes, into, reduction));
    }

    /// Task `r` gets the element-wise combination of the `mine` of tasks `0..=r`.
    pub fn scan<T: Pod>(&self, mine: &[T], op: impl Operator<T>) -> Vec<T> {
        self.agree(Signature::new("scan").of::<T>().count(mine.len()));
        let mut out = zeroed(mine.len());
        let (bytes, into) = (bytemuck::must_cast_slice(mine), bytemuck::must_cast_slice_mut(&mut out));
        Reduction::with(op, |reduction| self.transport.scan(false, bytes, into, reduction));
        out
    }

    /// Task `r` gets the element-wise combination of the `mine` of tasks `0..r`; task 0 gets `None`.
    pub fn exclusive_scan<T: Pod>(&self, mine: &[T], op: impl Operator<T>) -> Option<Vec<T>> {
        self.agree(Signature::new("exclusive_scan").of::<T>().count(mine.len()));
        let mut out = zeroed(mine.len());
        let (bytes, into) = (bytemuck::must_cast_slice(mine), bytemuck::must_cast_slice_mut(&mut out));
        Reduction::with(op, |reduction| self.transport.scan(true, bytes, into, reduction));
        (self.rank() > 0).then_some(out)
    }

    /// What the root gives; the others' is not looked at.
    #[track_caller]
    fn as_root<B>(&self, call: &str, root: usize, buffer: Option<B>) -> Option<B> {
        let is_root = self.rank() == root;
        assert!(!is_root || buffer.is_some(), "{call}: task {root} is the root and must give a buffer");
        buffer.filter(|_| is_root)
    }

    #[track_caller]
    fn root_buffer<T, B: AsRef<[T]>>(&self, call: &str, root: usize, buffer: Option<B>, counts: &[usize]) -> Option<B> {
        let buffer = self.as_root(call, root, buffer)?;
        fits(call, buffer.as_ref(), counts);
        Some(buffer)
    }

    #[track_caller]
    fn one_each<T>(&self, call: &str, values: &[T]) {
        let size = self.size();
        assert!(values.len() == size, "{call}: {} values for {size} tasks; give one for each", values.len());
    }

    #[track_caller]
    fn counts_fit<T>(&self, call: &str, data: &[T], counts: &[usize]) {
        self.one_each(call, counts);
        fits(call, data, counts);
    }
}

#[track_caller]
fn fits<T>(call: &str, data: &[T], counts: &[usize]) {
    let total: usize = counts.iter().sum();
    assert!(data.len() == total, "{call}: the buffer has {} elements, the counts add up to {total}", data.len());
}

fn bytes_of<T>(counts: &[usize]) -> Vec<usize> {
    counts.iter().map(|count| count * size_of::<T>()).collect()
}

/// Values one behind the other, and the bytes of each.
fn pack<T: Serialize>(values: &[T]) -> (Vec<u8>, Vec<usize>) {
    let each: Vec<_> = values.iter().map(serialised).collect();
    (each.concat(), each.iter().map(Vec::len).collect())
}

/// The parts that [`pack`] put one behind the other.
fn parts<'a>(bytes: &'a [u8], counts: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    counts.iter().scan(bytes, |rest, count| {
        let (part, behind) = rest.split_at(*count);
        *rest = behind;
        Some(part)
    })
}
