//! What the front must know of a parallel method.

use crate::parse::{Marked, Verb};
use crate::signature::{NameSelf, is_task, refuse_borrows, refuse_self, result_of, same};
use quote::format_ident;
use syn::{Attribute, Error, Expr, FnArg, GenericParam, Generics, Ident, Pat, PatType, Result, ReturnType, Signature};
use syn::{Type, TypeReference, Visibility};

/// A method of the front.
pub(crate) struct Method {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) action: Action,
    /// Whether the parallel method wants its task.
    pub(crate) task: bool,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) output: Output,
}

/// What a method of the front does. A property is one of these, too: [`property`].
pub(crate) enum Action {
    Create,
    Exec,
    Call,
    Invoke,
    Reduce(Expr),
    Local,
}

/// An argument, the task apart.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    /// Whether the method takes a reference: it gets one to the task's copy.
    pub(crate) lent: bool,
}

/// What a parallel method returns.
pub(crate) struct Output {
    /// The type of the value; `None` is `()`.
    pub(crate) value: Option<Type>,
    /// Whether the value is inside a `Result`.
    pub(crate) fallible: bool,
    /// Whether the method returns a reference to the value, which then leaves as a copy.
    pub(crate) lent: bool,
}

/// Where a method is from.
pub(crate) enum Owner<'a> {
    Class(&'a Type),
    Trait,
}

impl Owner<'_> {
    /// A type of the signature, as the front can say it.
    fn name(&self, ty: &Type) -> Result<Type> {
        match self {
            Owner::Class(class) => Ok(NameSelf(class).in_type(ty)),
            Owner::Trait => {
                refuse_self(ty, "the front trait does not know this type: `Self` is a front there")?;
                Ok(ty.clone())
            }
        }
    }
}

impl Method {
    pub(crate) fn read(
        attrs: &[Attribute],
        vis: &Visibility,
        signature: &Signature,
        marked: Marked,
        owner: &Owner<'_>,
    ) -> Result<Self> {
        check_qualifiers(signature)?;
        let creates = matches!(marked.verb, Verb::Create);
        if creates && matches!(owner, Owner::Trait) {
            return Err(Error::new(marked.span, "a trait has no constructors: mark those of the classes"));
        }
        check_receiver(signature, creates)?;
        let local = matches!(marked.verb, Verb::Local);
        let mut inputs = signature.inputs.iter().filter_map(typed).enumerate().peekable();
        let task = inputs.next_if(|(_, input)| is_task(&input.ty)).is_some();
        let arguments =
            inputs.map(|(place, input)| argument(place, input, local, owner)).collect::<Result<Vec<_>>>()?;
        let output = output(signature, creates, owner)?;
        let action = match marked.verb {
            Verb::Create => Action::Create,
            Verb::Exec => Action::Exec,
            Verb::Call => Action::Call,
            Verb::Invoke => Action::Invoke,
            Verb::Local => Action::Local,
            Verb::Property => property(signature, &arguments, &output)?,
            Verb::Reduce(op) => Action::Reduce(match owner {
                Owner::Class(class) => NameSelf(class).in_expr(*op),
                Owner::Trait => *op,
            }),
        };
        Ok(Self {
            attrs: attrs.to_vec(),
            vis: vis.clone(),
            name: signature.ident.clone(),
            generics: signature.generics.clone(),
            action,
            task,
            arguments,
            output,
        })
    }
}

/// Refuses what makes a function other than a plain one.
fn check_qualifiers(signature: &Signature) -> Result<()> {
    let refuse = |what: &dyn quote::ToTokens, text: &str| Err(Error::new_spanned(what, text));
    match signature {
        Signature { asyncness: Some(word), .. } => {
            refuse(word, "a parallel method is not `async`: it ends when it returns")
        }
        Signature { unsafety: Some(word), .. } => {
            refuse(word, "the front is safe to call: a parallel method cannot be `unsafe`")
        }
        _ => refuse_lifetimes(
            &signature.generics,
            "a parallel method has no lifetimes: other tasks get copies of its arguments",
        ),
    }
}

/// Refuses lifetime parameters.
pub(crate) fn refuse_lifetimes(generics: &Generics, text: &str) -> Result<()> {
    match generics.params.iter().find(|param| matches!(param, GenericParam::Lifetime(_))) {
        Some(param) => Err(Error::new_spanned(param, text)),
        None => Ok(()),
    }
}

fn check_receiver(signature: &Signature, creates: bool) -> Result<()> {
    match (signature.receiver(), creates) {
        (Some(receiver), true) => {
            Err(Error::new_spanned(receiver, "a constructor has no `self`, as in `fn new(task: &Task) -> Self`"))
        }
        (Some(receiver), false) if receiver.reference.is_none() || receiver.colon_token.is_some() => {
            Err(Error::new_spanned(receiver, "the instances stay on their tasks: take `&self` or `&mut self`"))
        }
        (None, false) => {
            let text =
                "the method needs `&self` or `&mut self`, the task's instance; only `#[pmi(create)]` goes without";
            Err(Error::new_spanned(&signature.ident, text))
        }
        _ => Ok(()),
    }
}

fn typed(input: &FnArg) -> Option<&PatType> {
    match input {
        FnArg::Typed(input) => Some(input),
        FnArg::Receiver(_) => None,
    }
}

fn argument(place: usize, input: &PatType, local: bool, owner: &Owner<'_>) -> Result<Argument> {
    let name = match &*input.pat {
        Pat::Ident(pattern) => pattern.ident.clone(),
        _ => format_ident!("argument_{place}"),
    };
    let ty = owner.name(&input.ty)?;
    // Nothing of a local method is sent.
    if local {
        return Ok(Argument { name, ty, lent: false });
    }
    let lent = match &ty {
        Type::Reference(TypeReference { mutability: Some(_), .. }) => {
            let text =
                "other tasks change copies of their own, which do not come back: take `&` and return what is new";
            return Err(Error::new_spanned(&input.ty, text));
        }
        Type::Reference(reference) => {
            refuse_borrows(
                &reference.elem,
                "inside an argument there can be no reference to what is on this task alone",
            )?;
            if let Some(lifetime) = &reference.lifetime {
                return Err(Error::new_spanned(
                    lifetime,
                    "leave out the lifetime: the method gets a reference to a copy",
                ));
            }
            true
        }
        _ => {
            refuse_borrows(&ty, "inside an argument there can be no reference to what is on this task alone")?;
            false
        }
    };
    Ok(Argument { name, ty, lent })
}

fn output(signature: &Signature, creates: bool, owner: &Owner<'_>) -> Result<Output> {
    let ReturnType::Type(_, written) = &signature.output else {
        return match creates {
            true => Err(Error::new_spanned(&signature.ident, NO_INSTANCE)),
            false => Ok(Output { value: None, fallible: false, lent: false }),
        };
    };
    let (inner, fallible) = match result_of(written) {
        Some(inner) => (inner, true),
        None => (Some(&**written), false),
    };
    if creates {
        let class = |ty: &Type| match owner {
            Owner::Class(class) => owner.name(ty).is_ok_and(|ty| same(&ty, class)),
            Owner::Trait => false,
        };
        return match inner.is_some_and(class) {
            true => Ok(Output { value: None, fallible, lent: false }),
            false => Err(Error::new_spanned(written, NO_INSTANCE)),
        };
    }
    let Some(inner) = inner else {
        let text = "the front has to name what is in this `Result`: write `Result<value, error>`";
        return Err(Error::new_spanned(written, text));
    };
    let ty = owner.name(inner)?;
    let (value, lent) = match ty {
        Type::Reference(TypeReference { mutability: None, elem, .. }) => (*elem, true),
        ty => (ty, false),
    };
    refuse_borrows(&value, "a result leaves the instance it was taken from: return a value of its own")?;
    let unit = matches!(&value, Type::Tuple(tuple) if tuple.elems.is_empty());
    Ok(Output { value: (!unit || lent).then_some(value), fallible, lent })
}

const NO_INSTANCE: &str = "a constructor returns the instance: `Self` or `Result<Self, E>`";

/// What reading a property, or writing it, is.
fn property(signature: &Signature, arguments: &[Argument], output: &Output) -> Result<Action> {
    let sets = signature.ident.to_string().starts_with("set_");
    match (sets, arguments.len(), &output.value) {
        (true, 1, None) => Ok(Action::Exec),
        (false, 0, Some(_)) => Ok(Action::Local),
        _ => {
            let text = "a property is read by `fn x(&self) -> X` and written by `fn set_x(&mut self, x: X)`";
            Err(Error::new_spanned(&signature.ident, text))
        }
    }
}
