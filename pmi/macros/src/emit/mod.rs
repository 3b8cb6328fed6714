//! The front, as tokens.

mod class;
mod docs;
mod method;
mod traits;

pub(crate) use class::class;
pub(crate) use traits::traits;
