//! What a new Zarr array shall be like.

use crate::element::Element;
use crate::io::chunks::{fitted, mistake};
use crate::io::dtype::Dtype;
use crate::layout::Layout;
use serde_json::{Map, Value, json};

/// What chunks go through.
#[derive(Debug, Clone, Copy)]
pub(super) enum Compression {
    Gzip(u32),
    Zstd(i32),
}

/// What the user says of an array to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Recipe {
    pub(super) chunk: Option<Vec<usize>>,
    pub(super) compression: Option<Compression>,
    pub(super) dims: Vec<String>,
    pub(super) attributes: Map<String, Value>,
}

impl Recipe {
    /// What makes no sense of an array of this shape.
    pub(super) fn mistake(&self, shape: &[usize]) -> Option<String> {
        let Self { chunk, compression, dims, .. } = self;
        let wrong = mistake("the array", shape, false, chunk.as_deref(), dims);
        if wrong.is_some() {
            return wrong;
        }
        match *compression {
            Some(Compression::Gzip(level)) if level > 9 => Some(format!("there is no gzip {level}: levels are 0 to 9")),
            Some(Compression::Zstd(level)) if !(-7..=22).contains(&level) => {
                Some(format!("there is no zstd {level}: levels are -7 to 22"))
            }
            _ => None,
        }
    }

    /// The extents of the chunks of an array of this layout.
    pub(super) fn chunk<T>(&self, layout: &Layout) -> Vec<usize> {
        self.chunk.clone().unwrap_or_else(|| fitted(layout, false, size_of::<T>()))
    }

    /// The array's metadata: what its `zarr.json` has.
    pub(super) fn metadata<T: Element>(&self, shape: &[usize], chunk: &[usize]) -> String {
        let dtype = Dtype::of::<T>();
        let zero = match dtype.name {
            "bool" => json!(false),
            name if name.starts_with("complex") => json!([0.0, 0.0]),
            name if name.starts_with("float") => json!(0.0),
            _ => json!(0),
        };
        // The order of bytes is said where there is any.
        let mut codecs = vec![match dtype.word {
            1 => json!({"name": "bytes"}),
            _ => json!({"name": "bytes", "configuration": {"endian": "little"}}),
        }];
        codecs.extend(self.compression.map(|compression| match compression {
            Compression::Gzip(level) => json!({"name": "gzip", "configuration": {"level": level}}),
            Compression::Zstd(level) => json!({"name": "zstd", "configuration": {"level": level, "checksum": false}}),
        }));
        let mut metadata = json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": shape,
            "data_type": dtype.name,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": zero,
            "codecs": codecs,
            "attributes": self.attributes,
        });
        if !self.dims.is_empty() {
            metadata["dimension_names"] = json!(self.dims);
        }
        format!("{metadata:#}")
    }
}
