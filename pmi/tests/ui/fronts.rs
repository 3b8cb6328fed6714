//! `#[pmi::proxy]` where it cannot be, or without a name.

pub struct AParallel;

#[pmi::proxy]
impl AParallel {}

#[pmi::proxy(pub)]
impl AParallel {}

#[pmi::proxy(A, B)]
impl AParallel {}

#[pmi::proxy(A)]
impl Clone for AParallel {
    fn clone(&self) -> Self {
        Self
    }
}

#[pmi::proxy(A)]
pub struct BParallel;

pub struct Borrows<'a>(&'a str);

#[pmi::proxy(Owns)]
impl<'a> Borrows<'a> {}

#[pmi::proxy(View)]
trait ViewParallel<'a> {
    #[pmi(create)]
    fn new() -> Self;

    #[pmi(call)]
    fn same(&self, other: &Self);
}

fn main() {}
