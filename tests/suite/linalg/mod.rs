//! Linear algebra.

mod lu;

use crate::Case;

pub(crate) fn cases() -> Vec<Case> {
    lu::cases()
}
