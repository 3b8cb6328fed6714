//! Making datasets.

use super::attribute::{self, H5Value};
use super::file::{Open, Opened};
use super::info::Info;
use super::raw;
use super::scales::name_axes;
use super::transfer::{Access, Transfer};
use super::types::Kind;
use crate::element::Element;
use crate::io::chunks::fitted;
use crate::io::failure::{Failure, agree};
use crate::layout::Layout;
use hdf5_metno::dataset::{AllocTime, FillTime};
use hdf5_metno::{Dataset, Extent, SimpleExtents};
use pmi::Task;
use serde::{Deserialize, Serialize};

/// What a dataset shall be like.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Recipe {
    pub(super) name: String,
    pub(super) chunk: Option<Vec<usize>>,
    pub(super) deflate: Option<u8>,
    pub(super) shuffle: bool,
    /// Whether axis 0 can grow.
    pub(super) unlimited: bool,
    pub(super) dims: Vec<String>,
    pub(super) attributes: Vec<(String, H5Value)>,
    /// Whether a dataset of this name goes.
    pub(super) replace: bool,
}

impl Recipe {
    /// What makes no sense of an array of this shape.
    pub(super) fn mistake(&self, shape: &[usize]) -> Option<String> {
        let ndim = shape.len();
        let Self { name, chunk, deflate, dims, .. } = self;
        if let Some(chunk) = chunk {
            if chunk.len() != ndim || chunk.contains(&0) {
                return Some(format!(
                    "chunks of {chunk:?} do not fit \"{name}\", of shape {shape:?}: give {ndim} numbers, 1 or more each"
                ));
            }
            let limited = |axis: &usize| !(self.unlimited && *axis == 0);
            if let Some(axis) = (0..ndim).filter(limited).find(|axis| chunk[*axis] > shape[*axis].max(1)) {
                return Some(format!("chunks of {chunk:?} are longer along axis {axis} than \"{name}\", {shape:?}"));
            }
        }
        if deflate.is_some_and(|level| level > 9) {
            return Some(format!("\"{name}\": there is no deflate {deflate:?}: levels are 0 to 9"));
        }
        if !dims.is_empty() && dims.len() != ndim {
            return Some(format!("{dims:?} are no names for the {ndim} axes of \"{name}\": give one for each"));
        }
        if let Some(dim) = dims.iter().find(|dim| dim.is_empty() || dim.contains(['/', '\0'])) {
            return Some(format!("{dim:?} is no name for an axis of \"{name}\": it is empty, or has a slash or a NUL"));
        }
        (self.unlimited && ndim == 0).then(|| format!("\"{name}\" has no axis that could grow: give it one"))
    }

    /// Makes the dataset, which has no name yet. `filled` says that all of it will be written.
    fn make(
        &self,
        open: &mut Open,
        kind: &Kind,
        shape: &[usize],
        chunk: Vec<usize>,
        filled: bool,
    ) -> raw::Result<Dataset> {
        self.check_name(open)?;
        let extent = |(axis, len): (usize, &usize)| match axis {
            0 if self.unlimited => Extent { dim: *len, max: None },
            _ => Extent::from(*len),
        };
        let wants_chunks = self.chunk.is_some() || self.deflate.is_some() || self.shuffle;
        // What is empty for ever, or has no axes, has no chunks.
        let chunked = self.unlimited || wants_chunks && !shape.is_empty() && !shape.contains(&0);
        let mut builder = open
            .file
            .new_dataset_builder()
            .empty_as(&kind.datatype()?)
            .shape(SimpleExtents::new(shape.iter().enumerate().map(extent)));
        // What is written as a whole need not be filled before; but what is not written reads as zeros, also where the
        // dataset grows.
        let whole = filled && !self.unlimited;
        builder = builder.fill_time(if whole { FillTime::Never } else { FillTime::Alloc });
        if chunked {
            builder = builder.chunk(chunk).alloc_time(Some(AllocTime::Incr));
            if self.shuffle {
                builder = builder.shuffle();
            }
            if let Some(level) = self.deflate {
                builder = builder.deflate(level);
            }
        }
        builder.create(None)
    }

    /// Whether the name is free, and those before its slashes are groups.
    fn check_name(&self, open: &Open) -> raw::Result<()> {
        let slashes = self.name.match_indices('/').map(|(at, _)| &self.name[..at]);
        for group in slashes {
            if open.file.link_exists(group) {
                open.file.group(group).map_err(|_| format!("\"{group}\" is no group"))?;
            } else {
                return Ok(());
            }
        }
        if open.file.link_exists(&self.name) {
            if !self.replace {
                return Err("there is something of this name: choose another, or ask for replace()".into());
            }
            let old = open.file.dataset(&self.name).map_err(|_| "there is a group of this name")?;
            // Those that it is a scale of refer to this very object.
            if old.attr("REFERENCE_LIST").is_ok() {
                return Err("it is the coordinates of other datasets: change it with write_slice".into());
            }
        }
        Ok(())
    }

    /// Gives the dataset its name, attributes and dimension scales.
    fn finish(&self, open: &mut Open, dataset: &Dataset, info: &Info) -> raw::Result<()> {
        if open.file.link_exists(&self.name) {
            open.file.unlink(&self.name)?;
        }
        open.forget(&self.name);
        raw::link(dataset, &open.file, &self.name)?;
        let dressed = name_axes(open, &self.name, &self.dims, info)
            .and_then(|()| self.attributes.iter().try_for_each(|(name, value)| attribute::write(dataset, name, value)));
        // Not half of it.
        if dressed.is_err() {
            open.file.unlink(&self.name)?;
        }
        dressed
    }

    /// Makes the dataset and writes this array, or makes it with zeros. All tasks take part.
    pub(super) fn create<T: Element>(
        &self,
        task: &Task,
        opened: &mut Opened,
        layout: &Layout,
        slab: Option<&[T]>,
    ) -> Result<(), Failure> {
        let (kind, shape) = (Kind::of::<T>(), layout.shape());
        let chunk = self.chunk.clone().unwrap_or_else(|| match self.unlimited {
            true => fitted(&Layout::new(&shape[1..], layout.tasks()), true, size_of::<T>()),
            false => fitted(layout, false, size_of::<T>()),
        });
        if self.deflate.is_none() {
            opened.check_room(task, &self.name, layout.len() * size_of::<T>())?;
        }
        let mut new = None;
        let info = opened.on_all(task, &self.name, |open| {
            let dataset = self.make(open, &kind, shape, chunk, slab.is_some())?;
            let info = Info::of(&dataset)?;
            new = Some(dataset);
            Ok(info)
        })?;
        if let Some(slab) = slab {
            let origin = vec![0; shape.len()];
            let access = opened.access(&new, &kind).map_err(|cause| opened.failure(task, &self.name, cause));
            let transfer = Transfer {
                task,
                info: &info,
                origin: &origin,
                access: agree(task, access)?,
                together: opened.is_together(),
            };
            let wrote = transfer.write(layout, slab);
            agree(task, wrote.map_err(|cause| opened.failure(task, &self.name, cause)))?;
        }
        opened.infos.remove(&self.name);
        opened.grown.remove(&self.name);
        opened.on_all(task, &self.name, |open| match &new {
            Some(dataset) => self.finish(open, dataset, &info),
            None => Ok(()),
        })
    }
}

impl Opened {
    /// What this task needs to write and read a dataset; nothing where it does not have the file open.
    pub(super) fn access(&self, dataset: &Option<Dataset>, kind: &Kind) -> raw::Result<Option<Access>> {
        let (Some(open), Some(dataset)) = (&self.open, dataset) else { return Ok(None) };
        Ok(Some(Access {
            dataset: dataset.clone(),
            list: open.list.clone(),
            kind: kind.datatype()?,
            queue: None,
            #[cfg(feature = "hdf5-mpio")]
            folder: self.folder(),
        }))
    }
}
