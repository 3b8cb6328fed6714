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

impl Info {
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
