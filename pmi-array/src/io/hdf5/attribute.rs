//! Attributes: small values that say what a dataset, a group or a file is.

use super::raw::{Result, rename_attribute};
use hdf5_metno::types::{FloatSize, IntSize, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5_metno::{Attribute, H5Type, Location};
use serde::{Deserialize, Serialize};

/// The value of an attribute.
///
/// Whatever converts to one can be set: numbers, `bool`, texts, and vectors, slices or arrays of numbers or texts. They
/// are stored as h5py stores them: integers and floating-point numbers with 64 bits, texts in UTF-8 of variable length.
/// Numbers of other lengths in files of others are read as these.
///
/// ```
/// use pmi_array::H5Value;
/// assert_eq!(H5Value::from(3), H5Value::Int(3));
/// assert_eq!(H5Value::from("K"), H5Value::Text("K".into()));
/// assert_eq!(H5Value::from([0.5, 1.5]), H5Value::Floats(vec![0.5, 1.5]));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names say it")]
pub enum H5Value {
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Text(String),
    Ints(Vec<i64>),
    UInts(Vec<u64>),
    Floats(Vec<f64>),
    Texts(Vec<String>),
}

macro_rules! from {
    ($($type:ty => $one:ident, $many:ident;)*) => {$(
        impl From<$type> for H5Value {
            fn from(value: $type) -> Self {
                Self::$one(value.into())
            }
        }
        impl From<Vec<$type>> for H5Value {
            fn from(values: Vec<$type>) -> Self {
                Self::$many(values.into_iter().map(Into::into).collect())
            }
        }
        impl From<&[$type]> for H5Value {
            fn from(values: &[$type]) -> Self {
                values.to_vec().into()
            }
        }
        impl<const N: usize> From<[$type; N]> for H5Value {
            fn from(values: [$type; N]) -> Self {
                values.to_vec().into()
            }
        }
    )*};
}

from! {
    i32 => Int, Ints;
    i64 => Int, Ints;
    u32 => UInt, UInts;
    u64 => UInt, UInts;
    f32 => Float, Floats;
    f64 => Float, Floats;
    &str => Text, Texts;
    String => Text, Texts;
}

impl From<bool> for H5Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// Sets an attribute, in the place of one of this name.
pub(super) fn write(to: &Location, name: &str, value: &H5Value) -> Result<()> {
    put(to, name, |name| match value {
        H5Value::Bool(value) => scalar(to, name, value),
        H5Value::Int(value) => scalar(to, name, value),
        H5Value::UInt(value) => scalar(to, name, value),
        H5Value::Float(value) => scalar(to, name, value),
        H5Value::Text(value) => scalar(to, name, &text(value)?),
        H5Value::Ints(values) => vector(to, name, values),
        H5Value::UInts(values) => vector(to, name, values),
        H5Value::Floats(values) => vector(to, name, values),
        H5Value::Texts(values) => {
            vector(to, name, &values.iter().map(|value| text(value)).collect::<Result<Vec<_>>>()?)
        }
    })
}

/// Has `write` make an attribute of the name that it is told. One that has this name is there until the new one is
/// complete; where it cannot be, nothing has changed.
pub(super) fn put(to: &Location, name: &str, write: impl FnOnce(&str) -> Result<()>) -> Result<()> {
    let is_there = |name: &str| to.attr(name).is_ok();
    let free = |end: &str| {
        let mut other = name.to_string();
        while is_there(&other) {
            other.push_str(end);
        }
        other
    };
    let new = free(".new");
    let replace = || {
        let old = free(".old");
        rename_attribute(to, name, &old)?;
        let replaced = rename_attribute(to, &new, name)
            .and_then(|()| to.delete_attr(&old).or_else(|cause| rename_attribute(to, name, &new).and(Err(cause))));
        replaced.or_else(|cause| rename_attribute(to, &old, name).and(Err(cause)))
    };
    let done = write(&new).and_then(|()| if new == name { Ok(()) } else { replace() });
    if done.is_err() && is_there(&new) {
        to.delete_attr(&new)?;
    }
    done
}

fn text(value: &str) -> Result<VarLenUnicode> {
    value.parse().map_err(|cause| format!("the text {value:?} cannot be stored: {cause}").into())
}

fn scalar<T: H5Type>(to: &Location, name: &str, value: &T) -> Result<()> {
    to.new_attr::<T>().create(name)?.write_scalar(value)
}

/// Makes an attribute that is a list.
pub(super) fn vector<T: H5Type>(to: &Location, name: &str, values: &[T]) -> Result<()> {
    to.new_attr::<T>().shape(values.len()).create(name)?.write_raw(values)
}

/// The value of an attribute.
pub(super) fn read(of: &Location, name: &str) -> Result<H5Value> {
    let attribute = of.attr(name)?;
    let kind = attribute.dtype()?.to_descriptor()?;
    let value = match (kind, attribute.is_scalar()) {
        (TypeDescriptor::Boolean, true) => H5Value::Bool(attribute.read_scalar()?),
        (TypeDescriptor::Integer(_), true) => H5Value::Int(attribute.read_scalar()?),
        (TypeDescriptor::Unsigned(IntSize::U1 | IntSize::U2 | IntSize::U4 | IntSize::U8), true) => {
            H5Value::UInt(attribute.read_scalar()?)
        }
        (TypeDescriptor::Float(FloatSize::U4 | FloatSize::U8), true) => H5Value::Float(attribute.read_scalar()?),
        (TypeDescriptor::Integer(_), false) => H5Value::Ints(attribute.read_raw()?),
        (TypeDescriptor::Unsigned(_), false) => H5Value::UInts(attribute.read_raw()?),
        (TypeDescriptor::Float(_), false) => H5Value::Floats(attribute.read_raw()?),
        (TypeDescriptor::VarLenUnicode, scalar) => texts(attribute.read_raw::<VarLenUnicode>()?, scalar),
        (TypeDescriptor::VarLenAscii, scalar) => texts(attribute.read_raw::<VarLenAscii>()?, scalar),
        (TypeDescriptor::FixedAscii(_) | TypeDescriptor::FixedUnicode(_), scalar) => fixed_texts(&attribute, scalar)?,
        (other, _) => return Err(format!("the attribute \"{name}\" is of the type {other}, which is not read").into()),
    };
    Ok(value)
}

fn texts(values: Vec<impl AsRef<str>>, scalar: bool) -> H5Value {
    let mut values: Vec<String> = values.iter().map(|value| value.as_ref().into()).collect();
    if scalar { H5Value::Text(values.pop().unwrap_or_default()) } else { H5Value::Texts(values) }
}

/// Texts of a length that only the file knows: read as texts that are long enough for what they are used for.
fn fixed_texts(attribute: &Attribute, scalar: bool) -> Result<H5Value> {
    use hdf5_metno::types::{FixedAscii, FixedUnicode};
    const LONGEST: usize = 4096;
    let size = attribute.dtype()?.size();
    if size > LONGEST {
        return Err(format!("a text of {size} bytes is no attribute that is read: at most {LONGEST}").into());
    }
    Ok(match attribute.dtype()?.to_descriptor()? {
        TypeDescriptor::FixedUnicode(_) => texts(attribute.read_raw::<FixedUnicode<LONGEST>>()?, scalar),
        _ => texts(attribute.read_raw::<FixedAscii<LONGEST>>()?, scalar),
    })
}
