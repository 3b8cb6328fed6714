//! Names of axes, and their coordinates: HDF5's convention of dimension scales, by which netCDF and xarray know them.
//!
//! A scale is a dataset that says of itself `CLASS = "DIMENSION_SCALE"`. A dataset's attribute `DIMENSION_LIST` refers
//! to the scale of each axis, a scale's `REFERENCE_LIST` to the datasets that it belongs to (*HDF5 Dimension Scale
//! Specification and Design Notes*). netCDF's rule: the scale of an axis `x` is the dataset `x` of the same group;
//! where axes have no coordinates, the scale has no values and a name that says so.

use super::attribute::{put, vector};
use super::file::Open;
use super::info::Info;
use super::raw::{Result, write_text};
use hdf5_metno::types::{FloatSize, TypeDescriptor, VarLenArray};
use hdf5_metno::{Dataset, H5Type, ObjectReference, ObjectReference1, ReferencedObject};
use std::ops::Deref;

/// What netCDF calls a scale without values.
const NO_VARIABLE: &str = "This is a netCDF dimension but not a netCDF variable.";

/// The attribute of a scale that lists the datasets that it belongs to.
pub(super) const USERS: &str = "REFERENCE_LIST";

/// An entry of this list.
#[derive(Clone, H5Type)]
#[repr(C)]
struct User {
    dataset: ObjectReference1,
    dimension: i32,
}

/// What changes outside of a dataset that gets names for its axes, and how to undo that.
#[derive(Default)]
pub(super) struct Scales {
    /// The groups and the scales without values that were made for it.
    made: Vec<String>,
    /// The scales that it is now a user of, or another is not any more, and the users that each had before.
    changed: Vec<(Dataset, Vec<User>)>,
}

impl Scales {
    /// Takes a dataset that goes, and others that have no name any more, from the lists of its scales. Before
    /// [`attach`](Scales::attach): what is still to get its name would be taken for one that has lost it.
    pub(super) fn detach(&mut self, old: &Dataset) -> Result<()> {
        let token = old.loc_info()?.token;
        for scale in scales_of(old).into_iter().flatten() {
            let stays = |user: &User| match user.dataset.dereference(&scale) {
                Ok(ReferencedObject::Dataset(other)) => other.loc_info().is_ok_and(|info| info.token != token),
                _ => false,
            };
            self.change(scale.clone(), |users| users.retain(stays))?;
        }
        Ok(())
    }

    /// Names the axes of a dataset, which has no name yet and is to be called `name`.
    pub(super) fn attach(
        &mut self,
        open: &mut Open,
        dataset: &Dataset,
        name: &str,
        dims: &[String],
        info: &Info,
    ) -> Result<()> {
        let (group, own) = name.rsplit_once('/').map_or(("", name), |(group, own)| (group, own));
        if dims.is_empty() {
            return Ok(());
        }
        if dims == [own] {
            return make_scale(dataset, own);
        }
        if dims.iter().any(|dim| dim == own) {
            return Err("its own name is that of an axis, but it has others, too: choose another name".into());
        }
        // A group that is missing is made with its first scale.
        let groups = name.match_indices('/').map(|(at, _)| &name[..at]);
        if let Some(missing) = groups.into_iter().find(|group| !open.file.link_exists(group)) {
            self.made.push(missing.into());
            open.file.create_group(group)?;
        }
        let mut list = Vec::new();
        for (axis, dim) in dims.iter().enumerate() {
            let path = if group.is_empty() { dim.clone() } else { format!("{group}/{dim}") };
            if !open.file.link_exists(&path) {
                self.made.push(path.clone());
                make_empty(open, &path, info.shape[axis], info.unlimited[axis])?;
            }
            let scale = open.dataset(&path)?;
            check(&scale, &path, info, axis)?;
            list.push(VarLenArray::from_slice(&[itself(&scale)?]));
            let user = User { dataset: itself(dataset)?, dimension: axis as i32 };
            self.change(scale, |users| users.push(user))?;
        }
        vector(dataset, "DIMENSION_LIST", &list)
    }

    /// Changes the list of a scale's users.
    fn change(&mut self, scale: Dataset, change: impl FnOnce(&mut Vec<User>)) -> Result<()> {
        let before = match scale.attr(USERS) {
            Ok(attribute) => attribute.read_raw::<User>()?,
            Err(_) => Vec::new(),
        };
        let mut users = before.clone();
        change(&mut users);
        set_users(&scale, &users)?;
        self.changed.push((scale, before));
        Ok(())
    }

    /// Makes all as it was, as far as that is possible: what went wrong before is what is told.
    pub(super) fn undo(self, open: &mut Open) {
        for (scale, before) in self.changed.into_iter().rev() {
            let _ = set_users(&scale, &before);
        }
        for path in self.made.into_iter().rev() {
            open.forget(&path);
            let _ = open.file.unlink(&path);
        }
    }
}

fn set_users(scale: &Dataset, users: &[User]) -> Result<()> {
    if !users.is_empty() {
        return put(scale, USERS, |name| vector(scale, name, users));
    }
    if scale.attr(USERS).is_ok() { scale.delete_attr(USERS) } else { Ok(()) }
}

/// A reference to this dataset, which need not have a name.
fn itself(dataset: &Dataset) -> Result<ObjectReference1> {
    ObjectReference1::create(dataset, ".")
}

fn make_scale(dataset: &Dataset, name: &str) -> Result<()> {
    write_text(dataset, "CLASS", "DIMENSION_SCALE")?;
    write_text(dataset, "NAME", name)
}

/// A scale without values, as long as the axis.
fn make_empty(open: &mut Open, path: &str, len: usize, unlimited: bool) -> Result<()> {
    let builder = open.file.new_dataset_builder().empty_as(TypeDescriptor::Float(FloatSize::U4));
    let scale = match unlimited {
        true => builder.shape((len..,)).chunk((1024,)).create(path)?,
        false => builder.shape((len,)).create(path)?,
    };
    make_scale(&scale, &format!("{NO_VARIABLE} {len:10}"))
}

/// Whether a dataset can be the scale of an axis.
fn check(scale: &Dataset, path: &str, info: &Info, axis: usize) -> Result<()> {
    let (shape, len) = (scale.get_shape()?, info.shape[axis]);
    if scale.attr("CLASS").is_err() {
        return Err(format!(
            "the dataset \"{path}\" cannot be the coordinates of axis {axis}: create it with dims of its own name"
        )
        .into());
    }
    if shape != [len] && !info.unlimited[axis] {
        return Err(
            format!("axis {axis} has {len} indices, its coordinates \"{path}\" have the shape {shape:?}").into()
        );
    }
    if info.unlimited[axis] && !can_grow(scale) {
        return Err(format!(
            "axis {axis} can grow, its coordinates \"{path}\" cannot: make them unlimited, or give the axis another name"
        )
        .into());
    }
    Ok(())
}

fn can_grow(scale: &Dataset) -> bool {
    scale.space().is_ok_and(|space| space.maxdims() == [None])
}

/// The scales of a dataset's axes, where these have any that are still there: other programs delete a scale and leave
/// what refers to it, by which HDF5 finds what has no name any more until something else takes its place.
fn scales_of(dataset: &Dataset) -> Vec<Option<Dataset>> {
    let list = dataset.attr("DIMENSION_LIST").and_then(|list| list.read_raw::<VarLenArray<ObjectReference1>>());
    let scale = |scales: &VarLenArray<ObjectReference1>| match scales.deref().first()?.dereference(dataset) {
        Ok(ReferencedObject::Dataset(scale)) => scale.loc_info().is_ok_and(|info| info.num_links > 0).then_some(scale),
        _ => None,
    };
    list.unwrap_or_default().iter().map(scale).collect()
}

/// The scale of axis 0, where it has no values and grows with the dataset.
pub(super) fn growing(dataset: &Dataset) -> Option<Dataset> {
    let scale = scales_of(dataset).into_iter().next().flatten()?;
    let named = super::attribute::read(&scale, "NAME");
    let empty = matches!(named, Ok(super::H5Value::Text(name)) if name.starts_with(NO_VARIABLE));
    (empty && can_grow(&scale)).then_some(scale)
}
