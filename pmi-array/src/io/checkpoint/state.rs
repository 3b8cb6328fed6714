//! Arrays in serde values that are stored.
//!
//! An array that is serialised to be sent to a task is its handle. One that is serialised to be stored is a number: it
//! is put among the arrays of the checkpoint that is being made, and taken from there when the value is deserialised.
//! So a state is whatever serde can serialise, and its arrays may be anywhere in it.

use super::array::{Source, Stored, load};
use super::nothing::{self, DEEPEST};
use crate::array::DistArray;
use crate::element::Element;
use crate::error::{Error, Result};
use ciborium::Value;
use ndarray::Dimension;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use std::cell::RefCell;
use std::fmt::Display;
use std::path::Path;

/// The key of the map that stands for an array.
const KEY: &str = "$array";

/// What stands for an array among stored values.
#[derive(Serialize, Deserialize)]
struct Placeholder {
    #[serde(rename = "$array")]
    number: usize,
}

thread_local! {
    /// The arrays of the checkpoint that this thread is making.
    static TAKEN: RefCell<Option<Vec<Box<dyn Stored>>>> = const { RefCell::new(None) };
    /// The checkpoint whose values this thread deserialises.
    static SOURCE: RefCell<Option<Source>> = const { RefCell::new(None) };
    /// Why an array could not be loaded: more than the text that serde's errors are.
    static FAILED: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Runs `f`, which serialises or deserialises, with `value` in its place for those it meets.
fn with<V, R>(
    place: &'static std::thread::LocalKey<RefCell<Option<V>>>,
    value: V,
    f: impl FnOnce() -> R,
) -> (Option<V>, R) {
    struct End<V: 'static>(&'static std::thread::LocalKey<RefCell<Option<V>>>);
    impl<V> Drop for End<V> {
        fn drop(&mut self) {
            self.0.take();
        }
    }
    place.set(Some(value));
    let end = End(place);
    let result = f();
    (end.0.take(), result)
}

impl<T: Element, D: Dimension + 'static> Serialize for DistArray<T, D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if pmi::writing_what_is_sent() {
            return (&self.slab, &self.layout).serialize(serializer);
        }
        let number = TAKEN.with_borrow_mut(|taken| {
            let taken = taken.as_mut()?;
            taken.push(Box::new(self.clone()));
            Some(taken.len() - 1)
        });
        let why = "a distributed array is serialised by a verb, which sends its handle, or by a checkpoint, which stores its elements";
        number.map(|number| Placeholder { number }).ok_or_else(|| ser::Error::custom(why))?.serialize(serializer)
    }
}

impl<'de, T: Element, D: Dimension + 'static> Deserialize<'de> for DistArray<T, D> {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        let source = SOURCE.with_borrow(Clone::clone).filter(|_| !pmi::reading_what_was_sent());
        let Some(source) = source else {
            let (slab, layout) = Deserialize::deserialize(deserializer)?;
            return Ok(Self { slab, layout });
        };
        let Placeholder { number } = Deserialize::deserialize(deserializer)?;
        let loaded = load(&source, number);
        loaded
            .map_err(|error| {
                let text = error.to_string();
                FAILED.set(Some(error));
                de::Error::custom(text)
            })
            .inspect(|_| {
                // An earlier failure was of a type that did not fit where another does: `#[serde(untagged)]`.
                FAILED.take();
            })
    }
}

/// What a state is made of: its values in CBOR, and its arrays with their names.
pub(super) fn take_apart<S: Serialize + ?Sized>(
    path: &Path,
    state: &S,
) -> Result<(Vec<u8>, Vec<(String, Box<dyn Stored>)>)> {
    let failed = |cause: &dyn Display| {
        let state = std::any::type_name::<S>();
        Error::argument(format!("{}: the values of a {state} cannot be stored: {cause}", path.display()))
    };
    // First, as it goes no deeper than it may. The arrays that it meets are taken again.
    with(&TAKEN, Vec::new(), || nothing::check(state)).1.map_err(|cause| failed(&cause))?;
    let (arrays, values) = with(&TAKEN, Vec::new(), || Value::serialized(state));
    let values = values.map_err(|cause| failed(&cause))?;
    let arrays = arrays.unwrap_or_default();
    let mut names = vec![String::new(); arrays.len()];
    find(&values, &mut String::new(), &mut names);
    let mut bytes = Vec::new();
    ciborium::into_writer(&values, &mut bytes).expect("memory can be written");
    Ok((bytes, names.into_iter().zip(arrays).collect()))
}

/// Finds where the arrays are in `value`, which is at `path`: fields, and numbers of elements in brackets.
fn find(value: &Value, path: &mut String, names: &mut [String]) {
    let before = path.len();
    match value {
        Value::Map(entries) => match &entries[..] {
            [(Value::Text(key), Value::Integer(number))] if key == KEY => {
                let number = usize::try_from(*number).ok();
                if let Some(name) = number.and_then(|number| names.get_mut(number)) {
                    name.clone_from(path);
                }
            }
            _ => {
                for (key, value) in entries {
                    let dot = if before > 0 { "." } else { "" };
                    match key {
                        Value::Text(key) => path.push_str(&format!("{dot}{key}")),
                        Value::Integer(key) => path.push_str(&format!("[{}]", i128::from(*key))),
                        _ => path.push_str("[..]"),
                    }
                    find(value, path, names);
                    path.truncate(before);
                }
            }
        },
        Value::Array(values) => {
            for (number, value) in values.iter().enumerate() {
                path.push_str(&format!("[{number}]"));
                find(value, path, names);
                path.truncate(before);
            }
        }
        Value::Tag(_, value) => find(value, path, names),
        _ => {}
    }
}

/// The state that was made of the values and arrays of `source`.
pub(super) fn put_together<S: DeserializeOwned>(path: &Path, source: &Source) -> Result<S> {
    FAILED.take();
    // Variants without fields count as values that have others.
    let read = || ciborium::de::from_reader_with_recursion_limit::<S, _>(source.values(), DEEPEST + 1);
    let (_, state) = with(&SOURCE, source.clone(), read);
    state.map_err(|cause| {
        FAILED.take().unwrap_or_else(|| {
            let (state, cause) = (std::any::type_name::<S>(), cause.to_string());
            Error::argument(format!("{}: the values are not those of a {state}: {cause}", path.display()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DistArray;
    use ndarray::{Ix1, Ix2};
    use std::collections::BTreeMap;

    #[derive(Serialize)]
    struct Inner {
        field: DistArray<f32, Ix2>,
    }

    #[derive(Serialize)]
    enum Kind {
        Pair(DistArray<bool, Ix1>, u8),
    }

    #[derive(Serialize)]
    struct State {
        step: usize,
        u: DistArray<f64, Ix1>,
        many: Vec<Inner>,
        pair: (DistArray<f64, Ix1>, Option<DistArray<i8, Ix1>>),
        named: BTreeMap<String, DistArray<f64, Ix1>>,
        kind: Kind,
    }

    #[test]
    fn arrays_have_the_names_of_their_places() {
        pmi::with_tasks(2, || {
            let one = || DistArray::zeros(3);
            let inner = || Inner { field: DistArray::zeros((2, 2)) };
            let state = State {
                step: 3,
                u: one(),
                many: vec![inner(), inner()],
                pair: (one(), Some(DistArray::zeros(1))),
                named: BTreeMap::from([("x".into(), one())]),
                kind: Kind::Pair(DistArray::zeros(0), 1),
            };
            let names = |state: &dyn Fn() -> Result<(Vec<u8>, Vec<(String, Box<dyn Stored>)>)>| {
                state().unwrap().1.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
            };
            let expected = ["u", "many[0].field", "many[1].field", "pair[0]", "pair[1]", "named.x", "kind.Pair[0]"];
            assert_eq!(names(&|| take_apart(Path::new("p"), &state)), expected);
            assert_eq!(names(&|| take_apart(Path::new("p"), &one())), [""]);
        });
    }

    #[test]
    fn handles_are_not_stored() {
        pmi::with_tasks(2, || {
            let handle = pmi::create(|_: &pmi::Task, ()| 5u8, ()).unwrap();
            let error = take_apart(Path::new("p"), &(1, handle)).err().unwrap();
            assert!(error.is_argument() && error.to_string().contains("handle of a u8"), "{error}");
            // Nor what would come back as something else.
            let error = take_apart(Path::new("p"), &(1, Some(None::<u8>))).err().unwrap();
            assert!(error.is_argument() && error.to_string().contains("[1]: a Some(None)"), "{error}");
            // Nor arrays by anybody else.
            assert!(Value::serialized(&DistArray::<f64, Ix1>::zeros(3)).is_err());
        });
    }
}
