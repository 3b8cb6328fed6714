//! Which type of HDF5 elements have: numbers as they are, `bool` and complex numbers as h5py stores them.

use crate::element::Element;
use hdf5_metno::Datatype;
use hdf5_metno::types::{CompoundField, CompoundType, FloatSize, IntSize, TypeDescriptor};
use num_complex::Complex;
use serde::{Deserialize, Serialize};
use std::any::TypeId;
use std::fmt;

/// What the elements of a dataset are, whatever the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// With this many bytes.
    Signed(usize),
    Unsigned(usize),
    Float(usize),
    /// A compound of a real part `r` and an imaginary part `i`, with this many bytes together.
    Complex(usize),
    /// An enumeration of `FALSE` and `TRUE` in one byte.
    Bool,
    /// Nothing that arrays have.
    Other(String),
}

impl Kind {
    /// That of an element.
    pub(super) fn of<T: Element>() -> Self {
        let (id, size) = (TypeId::of::<T>(), size_of::<T>());
        let is = |ids: &[TypeId]| ids.contains(&id);
        if is(&[TypeId::of::<i8>(), TypeId::of::<i16>(), TypeId::of::<i32>(), TypeId::of::<i64>()]) {
            Self::Signed(size)
        } else if is(&[TypeId::of::<u8>(), TypeId::of::<u16>(), TypeId::of::<u32>(), TypeId::of::<u64>()]) {
            Self::Unsigned(size)
        } else if is(&[TypeId::of::<f32>(), TypeId::of::<f64>()]) {
            Self::Float(size)
        } else if is(&[TypeId::of::<Complex<f32>>(), TypeId::of::<Complex<f64>>()]) {
            Self::Complex(size)
        } else {
            assert!(is(&[TypeId::of::<bool>()]), "elements are of one of these types");
            Self::Bool
        }
    }

    /// That of a dataset.
    pub(super) fn of_file(file: &Datatype) -> Self {
        match file.to_descriptor() {
            Ok(TypeDescriptor::Integer(size)) => Self::Signed(size as usize),
            Ok(TypeDescriptor::Unsigned(size)) => Self::Unsigned(size as usize),
            Ok(TypeDescriptor::Float(size)) => Self::Float(size as usize),
            Ok(TypeDescriptor::Boolean) => Self::Bool,
            Ok(TypeDescriptor::Compound(compound)) => match &compound.fields[..] {
                [r, i] if (&r.name[..], &i.name[..]) == ("r", "i") && r.ty == i.ty => match &r.ty {
                    TypeDescriptor::Float(size) => Self::Complex(2 * *size as usize),
                    _ => Self::Other(TypeDescriptor::Compound(compound).to_string()),
                },
                _ => Self::Other(TypeDescriptor::Compound(compound).to_string()),
            },
            Ok(other) => Self::Other(other.to_string()),
            Err(_) => Self::Other(format!("a type of {} bytes", file.size())),
        }
    }

    /// The bytes of an element; 0 where arrays have none such.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Signed(bytes) | Self::Unsigned(bytes) | Self::Float(bytes) | Self::Complex(bytes) => *bytes,
            Self::Bool => 1,
            Self::Other(_) => 0,
        }
    }

    fn descriptor(&self) -> TypeDescriptor {
        let integer = |bytes: &usize| IntSize::from_int(*bytes).expect("integers have 1, 2, 4 or 8 bytes");
        let float = |bytes: usize| FloatSize::from_int(bytes).expect("floating-point numbers have 4 or 8 bytes");
        match self {
            Self::Signed(bytes) => TypeDescriptor::Integer(integer(bytes)),
            Self::Unsigned(bytes) => TypeDescriptor::Unsigned(integer(bytes)),
            Self::Float(bytes) => TypeDescriptor::Float(float(*bytes)),
            Self::Complex(bytes) => {
                let part = |name, number| {
                    CompoundField::new(name, TypeDescriptor::Float(float(bytes / 2)), number * bytes / 2, number)
                };
                TypeDescriptor::Compound(CompoundType { fields: vec![part("r", 0), part("i", 1)], size: *bytes })
            }
            Self::Bool => TypeDescriptor::Boolean,
            Self::Other(name) => unreachable!("no array has elements of type {name}"),
        }
    }

    /// The type in memory, and in new datasets, of elements of this kind.
    pub(super) fn datatype(&self) -> super::raw::Result<Datatype> {
        Datatype::from_descriptor(&self.descriptor())
    }

    /// Whether HDF5 can convert numbers of this kind to those of the other.
    pub(super) fn converts_to(&self, other: &Self) -> bool {
        let real = |kind: &Self| matches!(kind, Self::Signed(_) | Self::Unsigned(_) | Self::Float(_));
        self == other
            || real(self) && real(other)
            || matches!(self, Self::Complex(_)) && matches!(other, Self::Complex(_))
    }
}

impl fmt::Display for Kind {
    /// NumPy's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed(bytes) => write!(f, "int{}", 8 * bytes),
            Self::Unsigned(bytes) => write!(f, "uint{}", 8 * bytes),
            Self::Float(bytes) => write!(f, "float{}", 8 * bytes),
            Self::Complex(bytes) => write!(f, "complex{}", 8 * bytes),
            Self::Bool => f.write_str("bool"),
            Self::Other(name) => f.write_str(name),
        }
    }
}
