//! The tasks that a command is for.

use serde::{Deserialize, Serialize};

/// Which tasks carry out a command.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    All,
    /// Those of the group with this number.
    Group(u64),
    /// The one with this rank.
    One(usize),
}
