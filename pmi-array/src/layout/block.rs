//! An axis in contiguous blocks, one a task.

use std::ops::Range;

/// `len` indices in `parts` contiguous blocks that differ by at most one in length: the first `len % parts` have
/// `len / parts + 1`, the others `len / parts`. Seven indices on three tasks: `0 0 0 1 1 2 2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    len: usize,
    parts: usize,
}

impl Block {
    /// Of `len` indices in `parts` blocks; `parts` is at least 1.
    pub fn new(len: usize, parts: usize) -> Self {
        Self { len, parts }
    }

    /// The indices of block `part`: `[part q + min(part, r), (part + 1) q + min(part + 1, r))` with `q = len / parts`
    /// and `r = len % parts`.
    pub fn range(&self, part: usize) -> Range<usize> {
        let start = |part: usize| self.len / self.parts * part + part.min(self.len % self.parts);
        start(part)..start(part + 1)
    }

    /// The block that has `index`.
    pub fn owner(&self, index: usize) -> usize {
        let (short, longer) = (self.len / self.parts, self.len % self.parts);
        let in_longer = longer * (short + 1);
        if index < in_longer { index / (short + 1) } else { longer + (index - in_longer) / short }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_tile_the_axis_and_know_their_owner() {
        for len in 0..40 {
            for parts in 1..9 {
                let block = Block::new(len, parts);
                let mut next = 0;
                for part in 0..parts {
                    let range = block.range(part);
                    assert_eq!(range.start, next);
                    assert!(range.len() == len / parts || range.len() == len / parts + 1);
                    range.clone().for_each(|index| assert_eq!(block.owner(index), part));
                    next = range.end;
                }
                assert_eq!(next, len);
            }
        }
    }
}
