//! What the front's items take over of the attributes of the parallel ones, and their documentation.

use crate::model::{Action, Method};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The documentation of a front class or trait: that of the parallel one, or `summary`, and `rest`.
pub(super) fn item(attrs: &[Attribute], summary: &str, rest: &str) -> TokenStream {
    let theirs = kept(attrs, &["doc", "deprecated"]);
    let summary = (!attrs.iter().any(is_text)).then(|| quote!(#[doc = #summary]));
    quote!(#(#theirs)* #summary #[doc = ""] #[doc = #rest])
}

/// The attributes of a front method that is documented where it stands, with a section on errors.
pub(super) fn method(method: &Method, original: &str) -> TokenStream {
    let theirs = kept(&method.attrs, &["doc", "cfg", "cfg_attr", "deprecated", "allow"]);
    // That a `Result` must be used needs no saying; why, may.
    let must_use =
        method.attrs.iter().filter(|attr| attr.path().is_ident("must_use") && !matches!(attr.meta, Meta::Path(_)));
    let runs = match method.action {
        Action::Create => format!("Runs `{original}` on every task: the parallel object."),
        Action::Exec => format!("Runs `{original}` on every task."),
        Action::Call => format!("Runs `{original}` on every task: the controller's result."),
        Action::Invoke => format!("Runs `{original}` on every task: the results, in the order of the ranks."),
        Action::Reduce(_) => format!("Runs `{original}` on every task: the results, combined."),
        Action::Local => format!("Runs `{original}` on the controller alone."),
    };
    let summary = (!method.attrs.iter().any(is_text)).then(|| quote!(#[doc = #runs]));
    let verb = match method.action {
        Action::Create => "[`pmi::create`](pmi::create())",
        Action::Exec => "[`pmi::Handle::exec`]",
        Action::Call => "[`pmi::Handle::call`]",
        Action::Invoke => "[`pmi::Handle::invoke`]",
        Action::Reduce(_) => "[`pmi::Handle::reduce`]",
        Action::Local => "[`pmi::Handle::local`]",
    };
    let own = if method.output.fallible { ", and where the method returns an error" } else { "" };
    let errors = format!("As {verb}{own}.");
    let errors =
        (!method.attrs.iter().any(has_errors)).then(|| quote!(#[doc = ""] #[doc = "# Errors"] #[doc = #errors]));
    quote!(#(#theirs)* #summary #errors #(#must_use)*)
}

/// The attributes that decide whether a method is there at all.
pub(super) fn conditions(method: &Method) -> impl Iterator<Item = &Attribute> {
    kept(&method.attrs, &["cfg"])
}

fn kept<'a>(attrs: &'a [Attribute], names: &'static [&str]) -> impl Iterator<Item = &'a Attribute> {
    attrs.iter().filter(|attr| names.iter().any(|name| attr.path().is_ident(name)))
}

/// Whether an attribute is a line of documentation, not a setting such as `doc(hidden)`.
fn is_text(attr: &Attribute) -> bool {
    attr.path().is_ident("doc") && matches!(attr.meta, Meta::NameValue(_))
}

fn has_errors(attr: &Attribute) -> bool {
    let Meta::NameValue(pair) = &attr.meta else { return false };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return false };
    is_text(attr) && text.value().lines().any(|line| line.trim() == "# Errors")
}

/// A type or path as documentation spells it: without the spaces between tokens.
pub(super) fn spelled(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(' ', "")
}
