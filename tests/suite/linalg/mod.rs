//! Linear algebra.

mod products;

use crate::Case;

pub(crate) fn cases() -> Vec<Case> {
    products::cases()
}
