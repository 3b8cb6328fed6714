//! Linear algebra.

mod qr;

use crate::Case;

pub(crate) fn cases() -> Vec<Case> {
    qr::cases()
}
