//! What the code that [`proxy`](macro@crate::proxy) writes needs. Nobody else's.

use crate::error::{Error, Failure, Result};
use crate::panics;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt::Display;
use std::ops::Deref;
use std::path::{Path, PathBuf};

pub use serde;

/// The value; with an error instead, the end of the parallel function, which the controller hears of.
pub fn value<R, E: Display>(result: Result<R, E>) -> R {
    result.unwrap_or_else(|error| panics::fail(format!("{error:#}")))
}

/// The value of a function that only the controller ran.
///
/// # Errors
/// Where it did not run, or returned an error.
pub fn flatten<R, E: Display>(result: Result<Result<R, E>>) -> Result<R> {
    result?
        .map_err(|error| Error::tasks("local", vec![Failure { rank: 0, message: format!("{error:#}"), place: None }]))
}

/// What an argument can be a reference to.
#[diagnostic::on_unimplemented(message = "a reference to `{Self}` cannot be an argument of a parallel method")]
pub trait Referent: Serialize {
    /// What the tasks get, which is serialised in the same way.
    type Owned: Borrow<Self> + DeserializeOwned;
}

impl<T: Serialize + DeserializeOwned> Referent for T {
    type Owned = T;
}

impl Referent for str {
    type Owned = String;
}

impl<T: Serialize + DeserializeOwned> Referent for [T] {
    type Owned = Vec<T>;
}

impl Referent for Path {
    type Owned = PathBuf;
}

/// An argument by reference: the reference on the controller, which is sent without a copy, a value where it arrives.
pub enum Lent<'a, T: Referent + ?Sized> {
    /// On the controller.
    Here(&'a T),
    /// On a task.
    There(T::Owned),
}

impl<T: Referent + ?Sized> Deref for Lent<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Lent::Here(value) => value,
            Lent::There(value) => value.borrow(),
        }
    }
}

impl<T: Referent + ?Sized> Serialize for Lent<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Referent + ?Sized> Deserialize<'de> for Lent<'_, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::Owned::deserialize(deserializer).map(Lent::There)
    }
}
