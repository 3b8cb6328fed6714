//! What is known of a dataset.

use super::raw;
use super::types::Kind;
use hdf5_metno::Dataset;
use hdf5_metno::filters::Filter;
use serde::{Deserialize, Serialize};

/// What chunks go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Filters {
    None,
    /// After a shuffle of bytes or without.
    Deflate {
        shuffle: bool,
        level: u8,
    },
    Other,
}

/// What is known of a dataset.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Info {
    pub(super) shape: Vec<usize>,
    /// Which axes can grow without limit.
    pub(super) unlimited: Vec<bool>,
    pub(super) chunk: Option<Vec<usize>>,
    pub(super) kind: Kind,
    pub(super) filters: Filters,
}

/// How many bytes the file has for the elements of a dataset, all of them or whole chunks, where these go through no
/// filters.
pub(super) fn allocated(shape: &[usize], chunk: Option<&[usize]>, element: usize) -> u64 {
    let whole = |(axis, len): (usize, &usize)| match chunk {
        Some(chunk) => len.div_ceil(chunk[axis]).saturating_mul(chunk[axis]) as u64,
        None => *len as u64,
    };
    shape.iter().enumerate().map(whole).fold(element as u64, u64::saturating_mul)
}

impl Info {
    /// How many bytes the file has for its elements, where these go through no filters.
    pub(super) fn allocated(&self) -> u64 {
        match self.filters {
            Filters::None => allocated(&self.shape, self.chunk.as_deref(), self.kind.size()),
            _ => 0,
        }
    }

    pub(super) fn of(dataset: &Dataset) -> raw::Result<Self> {
        let filters = match &dataset.filters()[..] {
            [] => Filters::None,
            [Filter::Deflate(level)] => Filters::Deflate { shuffle: false, level: *level },
            [Filter::Shuffle, Filter::Deflate(level)] => Filters::Deflate { shuffle: true, level: *level },
            _ => Filters::Other,
        };
        Ok(Self {
            shape: dataset.get_shape()?,
            unlimited: dataset.space()?.maxdims().iter().map(Option::is_none).collect(),
            chunk: dataset.chunk(),
            kind: Kind::of_file(&dataset.dtype()?),
            filters,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_allocated_as_a_whole() {
        assert_eq!(allocated(&[], None, 8), 8);
        assert_eq!(allocated(&[3, 5], None, 8), 120);
        assert_eq!(allocated(&[3, 5], Some(&[2, 4]), 8), 4 * 8 * 8);
        assert_eq!(allocated(&[0, 5], Some(&[1000, 5]), 8), 0);
        assert_eq!(allocated(&[1, 5], Some(&[1000, 5]), 8), 40_000);
        assert_eq!(allocated(&[usize::MAX, 2, 2], Some(&[7, 1, 1]), 16), u64::MAX);
        assert_eq!(allocated(&[usize::MAX, 0], None, 16), 0);
    }
}
