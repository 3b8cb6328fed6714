//! Reductions whose order of operations depends on nothing but the number of elements.
//!
//! The elements, numbered in C order, are cut into chunks of [`CHUNK`]; each chunk is folded, and the chunks' results
//! are combined along a binary tree over their numbers: chunks `2k` and `2k + 1`, then pairs of these, and so on.
//! Which task does what does not change what is computed, so that floating-point results are the same bits for any
//! number of tasks and threads. The tree is also pairwise summation, whose error grows with the logarithm of the
//! length (Higham, *The accuracy of floating point summation*, SIAM J. Sci. Comput. 14, 1993).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Elements of a chunk.
pub(super) const CHUNK: usize = 4096;

/// A run of elements, reduced as far as its own elements allow: what a task knows of its slab, and, combined with its
/// neighbours', of theirs.
#[derive(Serialize, Deserialize)]
#[serde(bound(
    serialize = "T: Serialize, R: Serialize, U: Serialize",
    deserialize = "T: DeserializeOwned, R: DeserializeOwned, U: DeserializeOwned"
))]
pub(super) struct Pieces<T, R, U> {
    rule: U,
    /// The number of the element after the last.
    end: usize,
    /// From left to right.
    pieces: Vec<Piece<T, R>>,
}

#[derive(Serialize, Deserialize)]
enum Piece<T, R> {
    /// Elements of a chunk of which others have the rest.
    Raw(Vec<T>),
    /// The result of the chunks `[number << level, (number + 1) << level)`.
    Node { level: u32, number: usize, value: R },
}

/// The two functions of a reduction.
pub(super) trait Rule<T, R>: Copy {
    /// The result of one chunk or of a part of the last; there is at least one element.
    fn fold(&self, elements: &[T]) -> R;
    /// The result of two neighbours.
    fn combine(&self, left: R, right: R) -> R;
}

impl<T: Copy, R, U: Rule<T, R>> Pieces<T, R, U> {
    /// Of a task's elements, the first of which has the number `start`. `fold_chunks` folds many whole chunks.
    pub(super) fn new(rule: U, start: usize, elements: &[T], fold_chunks: impl FnOnce(&[T]) -> Vec<R>) -> Self {
        let mut all = Self { rule, end: start, pieces: Vec::new() };
        let to_boundary = (start.next_multiple_of(CHUNK) - start).min(elements.len());
        let (head, rest) = elements.split_at(to_boundary);
        all.push_raw(head);
        let (chunks, tail) = rest.split_at(rest.len() / CHUNK * CHUNK);
        for value in fold_chunks(chunks) {
            all.push_node(0, all.end / CHUNK, value);
        }
        all.push_raw(tail);
        all
    }

    fn push_raw(&mut self, elements: &[T]) {
        if elements.is_empty() {
            return;
        }
        let in_chunk = !self.end.is_multiple_of(CHUNK);
        self.end += elements.len();
        match self.pieces.last_mut() {
            Some(Piece::Raw(last)) if in_chunk => last.extend_from_slice(elements),
            _ => self.pieces.push(Piece::Raw(elements.to_vec())),
        }
        // A chunk that is complete is no longer raw. (One that ends here and starts elsewhere waits for its start.)
        if let Some(Piece::Raw(last)) = self.pieces.last()
            && last.len() == CHUNK
        {
            let value = self.rule.fold(last);
            self.pieces.pop();
            self.end -= CHUNK;
            self.push_node(0, self.end / CHUNK, value);
        }
    }

    fn push_node(&mut self, mut level: u32, mut number: usize, mut value: R) {
        self.end = ((number + 1) << level) * CHUNK;
        while number % 2 == 1
            && let Some(Piece::Node { level: l, number: n, .. }) = self.pieces.last()
            && (*l, *n) == (level, number - 1)
            && let Some(Piece::Node { value: left, .. }) = self.pieces.pop()
        {
            (level, number, value) = (level + 1, number / 2, self.rule.combine(left, value));
        }
        self.pieces.push(Piece::Node { level, number, value });
    }

    /// Together with those of the elements that follow.
    pub(super) fn join(mut self, right: Self) -> Self {
        for piece in right.pieces {
            match piece {
                Piece::Raw(elements) => self.push_raw(&elements),
                Piece::Node { level, number, value } => self.push_node(level, number, value),
            }
        }
        self.end = right.end;
        self
    }

    /// The result; `None` where there are no elements. `self` has all of them.
    pub(super) fn finish(self) -> Option<R> {
        let rule = self.rule;
        let values = self.pieces.into_iter().map(|piece| match piece {
            Piece::Raw(elements) => rule.fold(&elements),
            Piece::Node { value, .. } => value,
        });
        // The nodes are of descending levels; the right ones combine first, as in a full tree.
        values.rev().reduce(|right, left| rule.combine(left, right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes down the order of operations.
    #[derive(Clone, Copy)]
    struct Trace;
    impl Rule<u32, String> for Trace {
        fn fold(&self, elements: &[u32]) -> String {
            format!("{}..{}", elements[0], elements[elements.len() - 1])
        }
        fn combine(&self, left: String, right: String) -> String {
            format!("({left} {right})")
        }
    }

    #[test]
    fn the_order_of_operations_does_not_depend_on_the_cuts() {
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 17, 8 * CHUNK] {
            let elements: Vec<u32> = (0..len as u32).collect();
            let reduce = |cuts: &[usize]| {
                let slabs = cuts.windows(2).map(|cut| {
                    let fold = |chunks: &[u32]| chunks.chunks(CHUNK).map(|chunk| Trace.fold(chunk)).collect();
                    Pieces::new(Trace, cut[0], &elements[cut[0]..cut[1]], fold)
                });
                slabs.reduce(|a, b| a.join(b)).unwrap().finish()
            };
            let whole = reduce(&[0, len]);
            for parts in 2..9 {
                let cuts: Vec<_> = (0..=parts).map(|part| len * part / parts).collect();
                assert_eq!(reduce(&cuts), whole, "{len} elements in {parts} parts");
                let crowded: Vec<_> =
                    (0..=parts).map(|part| (CHUNK - 2 + part).min(len) * usize::from(part > 0)).collect();
                let crowded: Vec<_> = crowded.into_iter().chain([len]).collect();
                assert_eq!(reduce(&crowded), whole, "{len} elements cut at {crowded:?}");
            }
        }
    }
}
