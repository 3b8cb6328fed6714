//! Making datasets.

use super::attribute::{self, H5Value};
use super::file::{Open, Opened};
use super::info::{Filters, Info, allocated};
use super::raw;
use super::scales::{Scales, USERS};
use super::transfer::{Access, Transfer};
use super::types::Kind;
use crate::element::Element;
use crate::io::chunks::{fitted, mistake};
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
        let Self { name, chunk, deflate, dims, .. } = self;
        let wrong = mistake(&format!("\"{name}\""), shape, self.unlimited, chunk.as_deref(), dims);
        if wrong.is_some() {
            return wrong;
        }
        if deflate.is_some_and(|level| level > 9) {
            return Some(format!("\"{name}\": there is no deflate {deflate:?}: levels are 0 to 9"));
        }
        if let Some(dim) = dims.iter().find(|dim| dim.is_empty() || dim.contains(['/', '\0'])) {
            return Some(format!("{dim:?} is no name for an axis of \"{name}\": it is empty, or has a slash or a NUL"));
        }
        (self.unlimited && shape.is_empty()).then(|| format!("\"{name}\" has no axis that could grow: give it one"))
    }

    fn is_chunked(&self, shape: &[usize]) -> bool {
        let wants_chunks = self.chunk.is_some() || self.deflate.is_some() || self.shuffle;
        // What is empty for ever, or has no axes, has no chunks.
        self.unlimited || wants_chunks && !shape.is_empty() && !shape.contains(&0)
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
        let mut builder = open
            .file
            .new_dataset_builder()
            .empty_as(&kind.datatype()?)
            .shape(SimpleExtents::new(shape.iter().enumerate().map(extent)));
        // What is written as a whole need not be filled before; but what is not written reads as zeros, also where the
        // dataset grows.
        let whole = filled && !self.unlimited;
        builder = builder.fill_time(if whole { FillTime::Never } else { FillTime::Alloc });
        if self.is_chunked(shape) {
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
            if old.attr(USERS).is_ok() {
                return Err("it is the coordinates of other datasets: change it with write_slice".into());
            }
        }
        Ok(())
    }

    /// Gives the dataset attributes, dimension scales, and last its name. Where that fails, all is as it was.
    fn finish(&self, open: &mut Open, dataset: &Dataset, info: &Info) -> raw::Result<()> {
        let old = match open.file.link_exists(&self.name) {
            true => Some(open.dataset(&self.name)?),
            false => None,
        };
        self.attributes.iter().try_for_each(|(name, value)| attribute::write(dataset, name, value))?;
        let mut scales = Scales::default();
        let done = (old.as_ref().map_or(Ok(()), |old| scales.detach(old)))
            .and_then(|()| scales.attach(open, dataset, &self.name, &self.dims, info))
            .and_then(|()| self.name_it(open, dataset, old.as_ref()));
        if done.is_err() {
            scales.undo(open);
        }
        open.forget(&self.name);
        done
    }

    /// Gives the dataset its name, which an `old` one gives up for it.
    fn name_it(&self, open: &Open, dataset: &Dataset, old: Option<&Dataset>) -> raw::Result<()> {
        let Some(old) = old else { return raw::link(dataset, &open.file, &self.name) };
        open.file.unlink(&self.name)?;
        // Without a name it lives on as long as it is open.
        raw::link(dataset, &open.file, &self.name)
            .or_else(|cause| raw::link(old, &open.file, &self.name).and(Err(cause)))
    }

    /// Makes the dataset and writes this array, or makes it with zeros. All tasks take part.
    pub(super) fn create<T: Element>(
        &self,
        task: &Task,
        opened: &mut Opened,
        layout: &Layout,
        slab: Option<&[T]>,
    ) -> Result<(), Failure> {
        let mut new = None;
        let done = self.create_in(task, opened, layout, slab, &mut new);
        // What a file that is given up has stays open, too.
        if opened.open.is_none() {
            std::mem::forget(new);
        }
        done
    }

    /// As [`create`](Recipe::create); the dataset is `new`, also where something fails.
    fn create_in<T: Element>(
        &self,
        task: &Task,
        opened: &mut Opened,
        layout: &Layout,
        slab: Option<&[T]>,
        new: &mut Option<Dataset>,
    ) -> Result<(), Failure> {
        let (kind, shape) = (Kind::of::<T>(), layout.shape());
        let chunk = self.chunk.clone().unwrap_or_else(|| match self.unlimited {
            true => fitted(&Layout::new(&shape[1..], layout.tasks()), true, size_of::<T>()),
            false => fitted(layout, false, size_of::<T>()),
        });
        if self.deflate.is_none() {
            let chunk = self.is_chunked(shape).then_some(&chunk[..]);
            opened.check_room(task, &self.name, allocated(shape, chunk, size_of::<T>()))?;
        }
        let info = opened.change(task, &self.name, |open| {
            Info::of(new.insert(self.make(open, &kind, shape, chunk, slab.is_some())?))
        })?;
        if let Some(slab) = slab {
            let origin = vec![0; shape.len()];
            let access = opened.access(new, &kind).map_err(|cause| opened.failure(task, &self.name, cause));
            let transfer = Transfer {
                task,
                info: &info,
                origin: &origin,
                access: agree(task, access)?,
                together: opened.is_together(),
            };
            let wrote = transfer.write(layout, slab, None);
            let wrote = wrote.map_err(|cause| opened.failure(task, &self.name, cause));
            match info.filters {
                Filters::None => agree(task, wrote)?,
                _ => opened.agree_on_structure(task, wrote)?,
            }
        }
        opened.change(task, &self.name, |open| match new {
            Some(dataset) => self.finish(open, dataset, &info),
            None => Ok(()),
        })?;
        // What was known of another of this name.
        opened.infos.remove(&self.name);
        opened.grown.remove(&self.name);
        Ok(())
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
            folder: self.folder().into(),
        }))
    }
}
