//! A method of the front: one verb, given a closure that calls the parallel method.

use crate::model::{Action, Argument, Method};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericParam, Type};

/// The signature of the front's method, without its visibility.
pub(super) fn signature(method: &Method) -> TokenStream {
    let Method { name, arguments, action, .. } = method;
    let (generics, _, conditions) = method.generics.split_for_impl();
    let receiver = match action {
        Action::Create => None,
        _ => Some(quote!(&self)),
    };
    let arguments = arguments.iter().map(|Argument { name, ty, .. }| quote!(#name: #ty));
    let parameters = receiver.into_iter().chain(arguments);
    let result = result(method);
    quote!(fn #name #generics (#(#parameters),*) -> pmi::Result<#result> #conditions)
}

/// What the controller gets.
fn result(method: &Method) -> TokenStream {
    let value = match &method.output.value {
        None => quote!(()),
        Some(ty) if method.output.lent => owned(ty),
        Some(ty) => quote!(#ty),
    };
    match method.action {
        Action::Create => quote!(Self),
        Action::Exec => quote!(()),
        Action::Invoke => quote!(::std::vec::Vec<#value>),
        Action::Call | Action::Reduce(_) | Action::Local => value,
    }
}

/// The type of an owned copy of what is behind a reference.
fn owned(ty: &Type) -> TokenStream {
    match ty {
        Type::Slice(slice) => {
            let element = &slice.elem;
            quote!(::std::vec::Vec<#element>)
        }
        Type::Path(path) if path.path.is_ident("str") => quote!(::std::string::String),
        _ => quote!(<#ty as ::std::borrow::ToOwned>::Owned),
    }
}

/// The body of the front's method: `path` is what the parallel method's name follows, `handle` the front's handle.
pub(super) fn body(method: &Method, path: &TokenStream, handle: &TokenStream) -> TokenStream {
    let at = place(&method.name);
    // Names that no argument can have.
    let (task, this) = (Ident::new("task", Span::mixed_site()), Ident::new("this", Span::mixed_site()));
    let run = run(method, path, &task, &this);
    let task = if method.task { quote!(#task) } else { quote!(_) };
    let names = tuple(method, |argument| argument.name.to_token_stream());
    let values = tuple(method, sent);
    match &method.action {
        Action::Create => quote_spanned!(at=> pmi::create(|#task, #names| #run, #values).map(Self::from)),
        Action::Exec => quote_spanned!(at=> #handle.exec(|#task, #this, #names| #run, #values)),
        Action::Call => quote_spanned!(at=> #handle.call(|#task, #this, #names| #run, #values)),
        Action::Invoke => quote_spanned!(at=> #handle.invoke(|#task, #this, #names| #run, #values)),
        Action::Reduce(op) => quote_spanned!(at=> #handle.reduce(|#task, #this, #names| #run, #values, #op)),
        Action::Local if method.output.fallible => {
            quote_spanned!(at=> pmi::__proxy::flatten(#handle.local(|#task, #this| #run)))
        }
        Action::Local => quote_spanned!(at=> #handle.local(|#task, #this| #run)),
    }
}

/// Where mistakes in the types show: at the user's tokens, as code of this macro, which lints pass over.
fn place(tokens: &impl Spanned) -> Span {
    Span::call_site().located_at(tokens.span())
}

/// A tuple of one element an argument.
fn tuple(method: &Method, element: impl Fn(&Argument) -> TokenStream) -> TokenStream {
    let elements = method.arguments.iter().map(element);
    quote_spanned!(place(&method.name)=> (#(#elements,)*))
}

/// An argument on its way.
fn sent(argument: &Argument) -> TokenStream {
    let Argument { name, ty, lent } = argument;
    let at = place(ty);
    if *lent { quote_spanned!(at=> pmi::__proxy::Lent::Here(#name)) } else { quote!(#name) }
}

/// The call of the parallel method on a task.
fn run(method: &Method, path: &TokenStream, task: &Ident, this: &Ident) -> TokenStream {
    let Method { name, output, action, .. } = method;
    let at = place(name);
    let this = (!matches!(action, Action::Create)).then(|| this.to_token_stream());
    let task = method.task.then(|| task.to_token_stream());
    let arguments = method.arguments.iter().map(|Argument { name, ty, lent }| {
        let at = place(ty);
        if *lent { quote_spanned!(at=> &#name) } else { quote!(#name) }
    });
    let given = this.into_iter().chain(task).chain(arguments);
    let types = turbofish(method);
    let mut run = quote_spanned!(at=> #path::#name #types(#(#given),*));
    if output.lent {
        run = match output.fallible {
            true => quote_spanned!(at=> #run.map(::std::borrow::ToOwned::to_owned)),
            false => quote_spanned!(at=> ::std::borrow::ToOwned::to_owned(#run)),
        };
    }
    if output.fallible && !matches!(action, Action::Local) {
        run = quote_spanned!(at=> pmi::__proxy::value(#run));
    }
    match (action, &output.value) {
        (Action::Exec, Some(_)) => quote_spanned!(at=> { let _ = #run; }),
        _ => run,
    }
}

/// The method's own type parameters, which its arguments need not tell.
fn turbofish(method: &Method) -> Option<TokenStream> {
    let names = method.generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
        GenericParam::Lifetime(_) => None,
    });
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| quote!(::<#(#names),*>))
}
