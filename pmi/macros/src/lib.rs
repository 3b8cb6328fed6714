//! The attribute [`proxy`] of the crate `pmi`, which re-exports and documents it.
//!
//! [`parse`](self) reads the attributes, `model` what the front must know of each method, `emit` writes the front:
//! thin methods that call the verbs of `pmi`, and nothing else.

mod emit;
mod expand;
mod model;
mod parse;
mod signature;

use proc_macro::TokenStream;

/// Makes the serial front class of a parallel class, or the front trait of a parallel trait.
#[proc_macro_attribute]
pub fn proxy(front: TokenStream, item: TokenStream) -> TokenStream {
    expand::proxy(front.into(), item.into()).into()
}
