//! Numbers as arguments and results, copied as a whole.

use bytemuck::{NoUninit, Pod};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// A vector of plain numbers that travels as one copy of its memory, where a `Vec` is taken number by number: use it
/// for arguments and results of more than some hundred numbers.
///
/// It derefs to the vector. What is large stays on the tasks, in parallel objects, or travels through
/// [`Comm`](crate::Comm).
///
/// ```
/// # pmi::with_tasks(2, || {
/// use pmi::{Packed, Task};
/// let doubled = |_: &Task, x: Packed<f64>| Packed(x.iter().map(|x| 2.0 * x).collect());
/// assert_eq!(pmi::invoke(doubled, Packed(vec![1.0, 2.5]))?[1][..], [2.0, 5.0]);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Packed<T>(pub Vec<T>);

impl<T> Deref for Packed<T> {
    type Target = Vec<T>;
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> DerefMut for Packed<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T: NoUninit> Serialize for Packed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytemuck::cast_slice(&self.0))
    }
}

impl<'de, T: Pod> Deserialize<'de> for Packed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes<T>(PhantomData<T>);
        impl<T: Pod> de::Visitor<'_> for Bytes<T> {
            type Value = Packed<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "the bytes of numbers of type {}", std::any::type_name::<T>())
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Packed<T>, E> {
                let size = size_of::<T>();
                if size == 0 || !bytes.len().is_multiple_of(size) {
                    return Err(E::invalid_length(bytes.len(), &self));
                }
                Ok(Packed(bytes.chunks_exact(size).map(bytemuck::pod_read_unaligned).collect()))
            }
        }
        deserializer.deserialize_bytes(Bytes(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    #[test]
    fn numbers_come_back_and_half_ones_are_refused() {
        for len in [0, 1, 1000] {
            let packed = Packed((0..len).map(f64::from).collect());
            let bytes = wire::encode(&packed).unwrap();
            assert!(bytes.len() <= 8 * packed.len() + 2);
            assert_eq!(wire::decode::<Packed<f64>>(&bytes).unwrap(), packed);
        }
        assert!(wire::decode::<Packed<f64>>(&wire::encode(&Packed(vec![1u8; 12])).unwrap()).is_err());
    }
}
