//! How one axis is divided.

use super::block::Block;
use super::indices::Indices;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How the indices of one axis, `n` of them, are distributed over `p` parts. Index `i` belongs to part
///
/// | | part of `i` | ten indices, three parts |
/// |---|---|---|
/// | `Block` | that of a contiguous block, all as long within 1 ([`Block`](crate::Block)) | `0 0 0 0 1 1 1 2 2 2` |
/// | `Cyclic` | `i mod p` | `0 1 2 0 1 2 0 1 2 0` |
/// | `BlockCyclic(b)` | `floor(i / b) mod p` | `0 0 1 1 2 2 0 0 1 1` for `b = 2` |
/// | `Bounds(s)` | the `k` with `s[k] <= i < s[k + 1]`; `s` ascends from 0 to `n`, `p + 1` numbers | `0 2 2 2 2 2 2 2 2 2` for `[0, 1, 1, 10]` |
/// | `Whole` | 0: not divided | `0 0 0 0 0 0 0 0 0 0` |
///
/// These are the distributions of High Performance Fortran and ScaLAPACK.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Axis {
    /// In contiguous blocks, equally long as far as possible.
    Block,
    /// Dealt out one by one, like cards.
    Cyclic,
    /// Dealt out in blocks of so many indices.
    BlockCyclic(usize),
    /// In contiguous parts between these bounds.
    Bounds(Vec<usize>),
    /// Not divided.
    Whole,
}

impl Axis {
    /// The indices of part `part`, of `parts`, of an axis of length `len`.
    pub(super) fn indices(&self, len: usize, parts: usize, part: usize) -> Indices {
        match self {
            Axis::Block => Indices::range(Block::new(len, parts).range(part)),
            Axis::Cyclic => dealt(len, 1, parts, part),
            Axis::BlockCyclic(block) => dealt(len, *block, parts, part),
            Axis::Bounds(bounds) => Indices::range(bounds[part]..bounds[part + 1]),
            Axis::Whole => Indices::all(len),
        }
    }

    /// The part that has `index`.
    pub(super) fn owner(&self, len: usize, parts: usize, index: usize) -> usize {
        match self {
            Axis::Block => Block::new(len, parts).owner(index),
            Axis::Cyclic => index % parts,
            Axis::BlockCyclic(block) => index / block % parts,
            Axis::Bounds(bounds) => bounds.partition_point(|bound| *bound <= index) - 1,
            Axis::Whole => 0,
        }
    }

    /// How many parts there must be; `None` where any number will do.
    pub(super) fn parts(&self) -> Option<usize> {
        match self {
            Axis::Bounds(bounds) => Some(bounds.len().saturating_sub(1)),
            Axis::Whole => Some(1),
            Axis::Block | Axis::Cyclic | Axis::BlockCyclic(_) => None,
        }
    }

    /// What is wrong with it for an axis of length `len`.
    pub(super) fn mistake(&self, len: usize) -> Option<String> {
        match self {
            Axis::BlockCyclic(0) => Some("BlockCyclic(0) deals out no indices: a block has 1 index or more".into()),
            Axis::Bounds(bounds)
                if bounds.len() < 2 || bounds[0] != 0 || bounds.last() != Some(&len) || !bounds.is_sorted() =>
            {
                Some(format!("the bounds {bounds:?} do not ascend from 0 to {len}, the length of the axis"))
            }
            _ => None,
        }
    }
}

/// The indices of a part where blocks of `block` are dealt out.
fn dealt(len: usize, block: usize, parts: usize, part: usize) -> Indices {
    // Blocks longer than the axis are as good as those of its length, and cannot overflow.
    let block = block.min(len.max(1));
    let (blocks, rest) = (len / block, len % block);
    let whole = (blocks + parts - 1 - part) / parts;
    let mine = whole * block + if blocks % parts == part { rest } else { 0 };
    Indices::block_cyclic(block * part, block, block * parts, mine)
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Axis::Block => f.write_str("Block"),
            Axis::Cyclic => f.write_str("Cyclic"),
            Axis::BlockCyclic(block) => write!(f, "BlockCyclic({block})"),
            Axis::Bounds(bounds) => write!(f, "Bounds({bounds:?})"),
            Axis::Whole => f.write_str("Whole"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_tile_the_axis_and_know_their_owner() {
        for len in 0..24 {
            for parts in 1..6 {
                let bounds = (0..=parts).map(|part| len * part * part / (parts * parts)).collect();
                let mut axes = vec![Axis::Block, Axis::Cyclic, Axis::Bounds(bounds)];
                axes.extend((1..9).map(Axis::BlockCyclic));
                axes.push(Axis::BlockCyclic(usize::MAX));
                for axis in axes {
                    let mut owners = vec![None; len];
                    for part in 0..parts {
                        for index in axis.indices(len, parts, part).iter() {
                            assert_eq!(owners[index].replace(part), None, "{axis} {len} {parts}");
                        }
                    }
                    let expected: Vec<_> = (0..len).map(|index| Some(axis.owner(len, parts, index))).collect();
                    assert_eq!(owners, expected, "{axis} {len} {parts}");
                }
            }
        }
    }

    #[test]
    fn owners_as_documented() {
        let owners = |axis: Axis, parts| (0..10).map(|i| axis.owner(10, parts, i)).collect::<Vec<_>>();
        assert_eq!(owners(Axis::Block, 3), [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]);
        assert_eq!(owners(Axis::Cyclic, 3), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
        assert_eq!(owners(Axis::BlockCyclic(2), 3), [0, 0, 1, 1, 2, 2, 0, 0, 1, 1]);
        assert_eq!(owners(Axis::Bounds(vec![0, 1, 1, 10]), 3), [0, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!(owners(Axis::Whole, 1), [0; 10]);
    }
}
