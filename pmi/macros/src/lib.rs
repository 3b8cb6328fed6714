//! The attribute [`proxy`] of the crate `pmi`, which re-exports and documents it.
//!
//! `parse` reads the attributes, `model` what the front must know of each method, `emit` writes the front: thin methods
//! that call the verbs of `pmi`, and nothing else.

// Bottom-up: a module uses only those above it in this list.
mod signature;
mod parse;
mod model;
mod emit;
mod expand;

use proc_macro::TokenStream;

/// Makes the serial front class of a parallel class, or the front trait of a parallel trait.
#[proc_macro_attribute]
pub fn proxy(front: TokenStream, item: TokenStream) -> TokenStream {
    expand::proxy(front.into(), item.into()).into()
}
