//! What files call the types of elements.

use crate::element::Element;
use num_complex::Complex;
use std::any::TypeId;

/// An element type as formats name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dtype {
    id: TypeId,
    /// In Rust.
    pub(super) rust: &'static str,
    /// In NumPy and Zarr.
    pub(super) name: &'static str,
    /// In the array interface of Python: a letter for the kind, and how many bytes an element has.
    pub(super) code: &'static str,
    /// The bytes of one number: half an element where that is complex. A file may have them in either order.
    pub(super) word: usize,
}

macro_rules! dtypes {
    ($($type:ty, $rust:literal, $name:literal, $code:literal, $word:literal;)*) => {
        /// All element types.
        const ALL: &[Dtype] = &[$(Dtype {
            id: TypeId::of::<$type>(),
            rust: $rust,
            name: $name,
            code: $code,
            word: $word,
        }),*];
    };
}

dtypes! {
    f32, "f32", "float32", "f4", 4;
    f64, "f64", "float64", "f8", 8;
    i8, "i8", "int8", "i1", 1;
    i16, "i16", "int16", "i2", 2;
    i32, "i32", "int32", "i4", 4;
    i64, "i64", "int64", "i8", 8;
    u8, "u8", "uint8", "u1", 1;
    u16, "u16", "uint16", "u2", 2;
    u32, "u32", "uint32", "u4", 4;
    u64, "u64", "uint64", "u8", 8;
    bool, "bool", "bool", "b1", 1;
    Complex<f32>, "Complex<f32>", "complex64", "c8", 4;
    Complex<f64>, "Complex<f64>", "complex128", "c16", 8;
}

impl Dtype {
    /// Of an element type.
    pub(super) fn of<T: Element>() -> Self {
        *ALL.iter().find(|dtype| dtype.id == TypeId::of::<T>()).expect("the table has every element type")
    }

    /// The one of this name.
    #[cfg(feature = "zarr")]
    pub(super) fn with_name(name: &str) -> Option<Self> {
        ALL.iter().find(|dtype| dtype.name == name).copied()
    }

    /// Why elements of this type, which a file has, are not those of an array of another.
    pub(super) fn is_not(self, wanted: Self) -> Option<String> {
        let (found, name, wanted) = (self.rust, self.name, wanted.rust);
        (found != wanted).then(|| {
            format!(
                "its elements are {name}, not {wanted}: load them as {found}, and convert them by astype::<{wanted}>()"
            )
        })
    }

    /// The one of this code.
    pub(super) fn with_code(code: &str) -> Option<Self> {
        ALL.iter().find(|dtype| dtype.code == code).copied()
    }
}

/// Turns round the bytes of every number of `word` bytes.
pub(super) fn swap_bytes(bytes: &mut [u8], word: usize) {
    fn swap<const N: usize>(bytes: &mut [u8]) {
        bytes.as_chunks_mut::<N>().0.iter_mut().for_each(|number| number.reverse());
    }
    match word {
        2 => swap::<2>(bytes),
        4 => swap::<4>(bytes),
        8 => swap::<8>(bytes),
        _ => {}
    }
}
