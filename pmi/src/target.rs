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
    /// Of the group with this number, the one with this number in it.
    Member(u64, usize),
}

impl Target {
    /// The number of the group that the tasks are members of.
    pub(crate) fn group(self) -> Option<u64> {
        match self {
            Self::All | Self::One(_) => None,
            Self::Group(number) | Self::Member(number, _) => Some(number),
        }
    }
}
