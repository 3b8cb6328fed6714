//! Functions as arguments of parallel functions.

use crate::remote::conjure;
use crate::wire;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::marker::PhantomData;

/// A function, or a closure that captures nothing, as a value that can be sent to other tasks.
///
/// Parallel functions get the functions they are to call as arguments of this type: libraries that take closures
/// from their users need it. It has no bytes: the type says all.
///
/// ```
/// # pmi::with_tasks(2, || {
/// /// Applies `f` on every task to its rank.
/// fn of_ranks<F: Fn(usize) -> usize + Copy + 'static>(f: F) -> Vec<usize> {
///     let apply = |task: &pmi::Task, f: pmi::Code<F>| (f.get())(task.rank());
///     pmi::invoke(apply, pmi::Code::new(f)).unwrap()
/// }
/// assert_eq!(of_ranks(|rank| rank * 10), [0, 10]);
/// # })
/// ```
pub struct Code<F>(PhantomData<fn() -> F>);

impl<F: Copy + 'static> Code<F> {
    /// The function `f` as a value.
    pub fn new(_: F) -> Self {
        // The same check as in `get`, so that a closure that captures does not compile where it is given.
        const {
            assert!(
                size_of::<F>() == 0,
                "a function sent to other tasks must not capture variables: pass them as arguments"
            );
        };
        Self(PhantomData)
    }

    /// The function.
    pub fn get(&self) -> F {
        conjure()
    }
}

impl<F> Clone for Code<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Code<F> {}

impl<F> std::fmt::Debug for Code<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({})", std::any::type_name::<F>())
    }
}

impl<F> Serialize for Code<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de, F> Deserialize<'de> for Code<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Only what a verb has sent is proof that there is an F.
        if !wire::reading_what_was_sent() {
            return Err(de::Error::custom("a function can only be read from what a verb has sent"));
        }
        <()>::deserialize(deserializer)?;
        Ok(Self(PhantomData))
    }
}
