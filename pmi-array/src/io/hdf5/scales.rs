//! Names of axes, and their coordinates: HDF5's convention of dimension scales, by which netCDF and xarray know them.
//!
//! A scale is a dataset that says of itself `CLASS = "DIMENSION_SCALE"`. A dataset's attribute `DIMENSION_LIST` refers to
//! the scale of each axis, a scale's `REFERENCE_LIST` to the datasets that it belongs to (*HDF5 Dimension Scale
//! Specification and Design Notes*). netCDF's rule: the scale of an axis `x` is the dataset `x` of the same group; where
//! axes have no coordinates, the scale has no values and a name that says so.

use super::attribute::vector;
use super::file::Open;
use super::info::Info;
use super::raw::{Result, write_text};
use hdf5_metno::types::{FloatSize, TypeDescriptor, VarLenArray};
use hdf5_metno::{Dataset, H5Type, ObjectReference, ObjectReference1, ReferencedObject};
use std::ops::Deref;

/// What netCDF calls a scale without values.
const NO_VARIABLE: &str = "This is a netCDF dimension but not a netCDF variable.";

/// An entry of a scale's list of datasets.
#[derive(Clone, H5Type)]
#[repr(C)]
struct User {
    dataset: ObjectReference1,
    dimension: i32,
}

/// Names the axes of the dataset `name`, which has just been made.
pub(super) fn name_axes(open: &mut Open, name: &str, dims: &[String], info: &Info) -> Result<()> {
    if dims.is_empty() {
        return Ok(());
    }
    let dataset = open.file.dataset(name)?;
    let (group, own) = name.rsplit_once('/').map_or(("", name), |(group, own)| (group, own));
    if dims == [own] {
        return make_scale(&dataset, own);
    }
    let mut list = Vec::new();
    for (axis, dim) in dims.iter().enumerate() {
        let path = if group.is_empty() { dim.clone() } else { format!("{group}/{dim}") };
        if !open.file.link_exists(&path) {
            make_empty(open, &path, info.shape[axis], info.unlimited[axis])?;
        }
        let scale = open.dataset(&path)?;
        check(&scale, &path, info, axis)?;
        let user = User { dataset: ObjectReference1::create(&open.file, name)?, dimension: axis as i32 };
        let mut users = match scale.attr("REFERENCE_LIST") {
            Ok(attribute) => attribute.read_raw::<User>()?,
            Err(_) => Vec::new(),
        };
        users.push(user);
        if scale.attr("REFERENCE_LIST").is_ok() {
            scale.delete_attr("REFERENCE_LIST")?;
        }
        vector(&scale, "REFERENCE_LIST", &users)?;
        list.push(VarLenArray::from_slice(&[ObjectReference1::create(&open.file, &path)?]));
    }
    vector(&dataset, "DIMENSION_LIST", &list)
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
    Ok(())
}

/// The scale of axis 0, where it has no values and must grow with the dataset.
pub(super) fn growing(dataset: &Dataset) -> Result<Option<Dataset>> {
    let Ok(list) = dataset.attr("DIMENSION_LIST") else { return Ok(None) };
    let list = list.read_raw::<VarLenArray<ObjectReference1>>()?;
    let Some(reference) = list.first().and_then(|scales| scales.deref().first()) else { return Ok(None) };
    let ReferencedObject::Dataset(scale) = reference.dereference(dataset)? else { return Ok(None) };
    let named = super::attribute::read(&scale, "NAME")?;
    let empty = matches!(named, super::H5Value::Text(name) if name.starts_with(NO_VARIABLE));
    Ok(empty.then_some(scale))
}
