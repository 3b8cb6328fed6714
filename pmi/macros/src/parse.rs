//! The attributes: `#[pmi::proxy(pub Hello)]` on the item, `#[pmi(call)]` on its methods.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Expr, Ident, Meta, Result, Token, Visibility};

/// What `#[pmi::proxy(...)]` is given: the visibility and the name of the front.
pub(crate) struct Front {
    pub(crate) vis: Visibility,
    pub(crate) name: Ident,
}

impl Parse for Front {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let nameless = |error: Error| Error::new(error.span(), "name the front, as in `#[pmi::proxy(pub Hello)]`");
        let vis = input.parse().map_err(nameless)?;
        let name = input.parse().map_err(nameless)?;
        if !input.is_empty() {
            return Err(
                input.error("`pmi::proxy` takes a visibility and a name only, as in `#[pmi::proxy(pub Hello)]`")
            );
        }
        Ok(Self { vis, name })
    }
}

/// What the front's method does with the parallel one.
pub(crate) enum Verb {
    Create,
    Exec,
    Call,
    Invoke,
    Reduce(Box<Expr>),
    Local,
    Property,
}

/// A verb, and where the user wrote it.
pub(crate) struct Marked {
    pub(crate) verb: Verb,
    pub(crate) span: Span,
}

const VERBS: &str =
    "write one of `create`, `exec`, `call`, `invoke`, `reduce = operator`, `local` and `property` in `#[pmi(...)]`";

impl Parse for Marked {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name: Ident = input.parse().map_err(|error| Error::new(error.span(), VERBS))?;
        let verb = match name.to_string().as_str() {
            "reduce" if !input.peek(Token![=]) => {
                let text = "`reduce` needs an operator, as in `#[pmi(reduce = pmi::op::SUM)]`";
                return Err(Error::new(name.span(), text));
            }
            "reduce" => {
                input.parse::<Token![=]>()?;
                Verb::Reduce(input.parse()?)
            }
            "create" => Verb::Create,
            "exec" => Verb::Exec,
            "call" => Verb::Call,
            "invoke" => Verb::Invoke,
            "local" => Verb::Local,
            "property" => Verb::Property,
            other => return Err(Error::new(name.span(), format!("unknown verb `{other}`: {VERBS}"))),
        };
        if input.peek(Token![,]) {
            return Err(input.error("a method has one verb: write another method for another"));
        }
        if !input.is_empty() {
            return Err(input.error(format!("nothing can follow `{name}` here")));
        }
        Ok(Self { verb, span: name.span() })
    }
}

/// Takes the `#[pmi(...)]` attributes off an item; the verb that they give it.
pub(crate) fn take_verb(attrs: &mut Vec<Attribute>) -> Result<Option<Marked>> {
    let (ours, theirs): (Vec<_>, Vec<_>) =
        std::mem::take(attrs).into_iter().partition(|attr| attr.path().is_ident("pmi"));
    *attrs = theirs;
    let mut ours = ours.into_iter();
    let Some(first) = ours.next() else { return Ok(None) };
    if let Some(second) = ours.next() {
        return Err(Error::new_spanned(second, "a method has one verb: write another method for another"));
    }
    match &first.meta {
        Meta::List(list) if list.tokens.is_empty() => Err(Error::new_spanned(&first, VERBS)),
        Meta::List(list) => list.parse_args().map(Some),
        _ => Err(Error::new_spanned(&first, VERBS)),
    }
}
