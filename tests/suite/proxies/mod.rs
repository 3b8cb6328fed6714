//! Front classes and front traits: `#[pmi::proxy]`.

mod arguments;
mod counter;
mod failures;
mod generic;
mod nested;
mod traits;

use crate::Case;

pub(crate) fn cases() -> Vec<Case> {
    let cases =
        [counter::cases(), arguments::cases(), generic::cases(), nested::cases(), failures::cases(), traits::cases()];
    cases.into_iter().flatten().collect()
}

fn size() -> usize {
    pmi::size().unwrap()
}
