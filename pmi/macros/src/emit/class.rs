//! The front class of a parallel class.

use super::{docs, method};
use crate::model::Method;
use crate::parse::Front;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ItemImpl, WherePredicate, parse_quote};

/// The front class: a handle, the methods, and what makes it an argument.
pub(crate) fn class(front: &Front, item: &ItemImpl, methods: &[Method]) -> TokenStream {
    let Front { vis, name } = front;
    let class = &item.self_ty;
    let mut generics = item.generics.clone();
    let lasting: Vec<WherePredicate> = generics
        .type_params()
        .map(|param| {
            let name = &param.ident;
            parse_quote!(#name: 'static)
        })
        .collect();
    if !lasting.is_empty() {
        generics.make_where_clause().predicates.extend(lasting);
    }
    let (for_impl, arguments, conditions) = generics.split_for_impl();

    let spelled = docs::spelled(class);
    let docs = docs::item(
        &item.attrs,
        &format!("The serial front of `{spelled}`."),
        &format!(
            "A value names one instance of `{spelled}` on every task, as [`pmi::Handle`] does, and its clones name the \
             same: when the last of them goes, the instances are dropped."
        ),
    );
    let methods = methods.iter().map(|method| {
        let docs = docs::method(method, &format!("{spelled}::{}", method.name));
        let (vis, signature) = (&method.vis, method::signature(method));
        let body = method::body(method, &quote!(<#class>), &quote!(self.handle));
        quote! {
            #docs
            #vis #signature {
                #body
            }
        }
    });
    let at = Span::call_site().located_at(class.span());
    let parallel = quote_spanned!(at=> type Parallel = #class;);
    let title = name.to_string();
    quote! {
        #docs
        #[derive(pmi::__proxy::serde::Serialize, pmi::__proxy::serde::Deserialize)]
        #[serde(crate = "pmi::__proxy::serde", transparent, bound = "")]
        #vis struct #name #for_impl #conditions {
            handle: pmi::Handle<#class>,
        }

        impl #for_impl #name #arguments #conditions {
            #(#methods)*

            /// The handle of the parallel object: in a parallel function, `task.get(front.handle())` is the task's
            /// instance.
            #vis fn handle(&self) -> &pmi::Handle<#class> {
                &self.handle
            }
        }

        impl #for_impl pmi::Front for #name #arguments #conditions {
            #parallel

            fn handle(&self) -> &pmi::Handle<#class> {
                &self.handle
            }
        }

        impl #for_impl ::std::convert::From<pmi::Handle<#class>> for #name #arguments #conditions {
            fn from(handle: pmi::Handle<#class>) -> Self {
                Self { handle }
            }
        }

        impl #for_impl ::std::clone::Clone for #name #arguments #conditions {
            fn clone(&self) -> Self {
                Self { handle: self.handle.clone() }
            }
        }

        impl #for_impl ::std::fmt::Debug for #name #arguments #conditions {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple(#title).field(&self.handle).finish()
            }
        }
    }
}
