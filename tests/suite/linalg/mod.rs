//! Linear algebra.

mod lu;
mod products;

use crate::Case;

pub(crate) fn cases() -> Vec<Case> {
    [lu::cases(), products::cases()].into_iter().flatten().collect()
}
