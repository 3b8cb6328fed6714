//! Linear algebra.

mod lu;
mod products;
mod qr;

use crate::Case;

pub(crate) fn cases() -> Vec<Case> {
    [lu::cases(), products::cases(), qr::cases()].into_iter().flatten().collect()
}
