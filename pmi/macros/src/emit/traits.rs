//! The front trait of a parallel trait.

use super::{docs, method};
use crate::model::Method;
use crate::parse::Front;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{ItemTrait, parse_quote};

/// The front trait, and its implementation for every front whose class implements the parallel trait.
pub(crate) fn traits(front: &Front, item: &ItemTrait, methods: &[Method]) -> TokenStream {
    let Front { vis, name } = front;
    let original = &item.ident;
    let (for_trait, arguments, conditions) = item.generics.split_for_impl();
    let docs = docs::item(
        &item.attrs,
        &format!("The front trait of `{original}`."),
        &format!("Every front class whose parallel class implements `{original}` implements it."),
    );
    let declared = methods.iter().map(|method| {
        let docs = docs::method(method, &format!("{original}::{}", method.name));
        let signature = method::signature(method);
        quote!(#docs #signature;)
    });
    let path = quote!(<__Front::Parallel as #original #arguments>);
    let written = methods.iter().map(|method| {
        let (kept, signature) = (docs::conditions(method), method::signature(method));
        let body = method::body(method, &path, &quote!(pmi::Front::handle(self)));
        quote! {
            #(#kept)*
            #signature {
                #body
            }
        }
    });
    let mut generics = item.generics.clone();
    generics.params.push(parse_quote!(__Front));
    let bound = parse_quote!(__Front: pmi::Front<Parallel: #original #arguments> + 'static);
    generics.make_where_clause().predicates.push(bound);
    let (for_impl, _, for_fronts) = generics.split_for_impl();
    quote! {
        #docs
        #vis trait #name #for_trait #conditions {
            #(#declared)*
        }

        impl #for_impl #name #arguments for __Front #for_fronts {
            #(#written)*
        }
    }
}
