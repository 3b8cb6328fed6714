//! From the user's item to the item and its front.

use crate::emit;
use crate::model::{Method, Owner, refuse_lifetimes};
use crate::parse::{Front, take_verb};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Error, ImplItem, Item, ItemImpl, ItemTrait, Result, Signature, TraitItem, Visibility};

/// The mistakes found so far: all of them are reported at once.
#[derive(Default)]
struct Mistakes(Option<Error>);

impl Mistakes {
    /// The value; without one, the mistake is noted.
    fn sort<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.note(error)).ok()
    }

    fn note(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            none => *none = Some(error),
        }
    }
}

/// The item, without the attributes that are for us, and behind it the front and what is wrong.
pub(crate) fn proxy(front: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let front = mistakes.sort(syn::parse2(front));
    let (item, front) = match syn::parse2(item.clone()) {
        Ok(Item::Impl(mut item)) => {
            let front = of_class(front, &mut item, &mut mistakes);
            (item.into_token_stream(), front)
        }
        Ok(Item::Trait(mut item)) => {
            let front = of_trait(front, &mut item, &mut mistakes);
            (item.into_token_stream(), front)
        }
        Ok(_) => {
            let text = "`pmi::proxy` goes on the `impl` of a parallel class or on a parallel trait";
            mistakes.note(Error::new(proc_macro2::Span::call_site(), text));
            (item, None)
        }
        Err(error) => {
            mistakes.note(error);
            (item, None)
        }
    };
    let mistakes = mistakes.0.map(Error::into_compile_error);
    quote!(#item #front #mistakes)
}

fn of_class(front: Option<Front>, item: &mut ItemImpl, mistakes: &mut Mistakes) -> Option<TokenStream> {
    let owner = Owner::Class(&item.self_ty);
    let mut methods = Vec::new();
    for inside in &mut item.items {
        match inside {
            ImplItem::Fn(method) => {
                let method = read(&mut method.attrs, &method.vis, &method.sig, &owner);
                methods.extend(mistakes.sort(method).flatten());
            }
            ImplItem::Const(constant) => drop(mistakes.sort(refuse_verb(&mut constant.attrs))),
            ImplItem::Type(alias) => drop(mistakes.sort(refuse_verb(&mut alias.attrs))),
            _ => {}
        }
    }
    if let Some((_, of, _)) = &item.trait_ {
        let text = "put `#[pmi::proxy(Front)]` where the trait is defined: every front whose class implements the trait \
                    then has its front trait";
        mistakes.note(Error::new_spanned(of, text));
        return None;
    }
    let text = "a parallel class has no lifetimes: what it borrows would be on one task only";
    mistakes.sort(refuse_lifetimes(&item.generics, text))?;
    Some(emit::class(&front?, item, &methods))
}

fn of_trait(front: Option<Front>, item: &mut ItemTrait, mistakes: &mut Mistakes) -> Option<TokenStream> {
    let mut methods = Vec::new();
    for inside in &mut item.items {
        match inside {
            TraitItem::Fn(method) => {
                let method = read(&mut method.attrs, &Visibility::Inherited, &method.sig, &Owner::Trait);
                methods.extend(mistakes.sort(method).flatten());
            }
            TraitItem::Const(constant) => drop(mistakes.sort(refuse_verb(&mut constant.attrs))),
            TraitItem::Type(alias) => drop(mistakes.sort(refuse_verb(&mut alias.attrs))),
            _ => {}
        }
    }
    let text = "a parallel trait has no lifetimes: what it borrows would be on one task only";
    mistakes.sort(refuse_lifetimes(&item.generics, text))?;
    Some(emit::traits(&front?, item, &methods))
}

/// The front's method for a method that has a verb.
fn read(
    attrs: &mut Vec<Attribute>,
    vis: &Visibility,
    signature: &Signature,
    owner: &Owner<'_>,
) -> Result<Option<Method>> {
    let Some(marked) = take_verb(attrs)? else { return Ok(None) };
    Method::read(attrs, vis, signature, marked, owner).map(Some)
}

fn refuse_verb(attrs: &mut Vec<Attribute>) -> Result<()> {
    match take_verb(attrs)? {
        Some(marked) => Err(Error::new(marked.span, "only methods have a verb")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that the expansion has these tokens in a row.
    #[track_caller]
    fn assert_has(expansion: &TokenStream, part: &TokenStream) {
        let spaceless = |tokens: &TokenStream| tokens.to_string().replace(char::is_whitespace, "");
        let (expansion, part) = (spaceless(expansion), spaceless(part));
        assert!(expansion.contains(&part), "{part}\n\nis not in\n\n{expansion}");
    }

    #[test]
    fn a_front_method_is_one_verb() {
        let class = quote! {
            impl<T: Real> SumParallel<T> {
                #[pmi(create)]
                pub fn new(task: &Task, name: &str, (a, b): (T, T)) -> Result<Self, String> {}
                #[pmi(invoke)]
                fn scaled(&self, task: &pmi::Task, by: T) -> Vec<T> {}
                #[pmi(reduce = Self::pick)]
                pub(crate) fn picked<U: Key>(&mut self, keys: &[U]) -> Result<U, Error> where U: Copy {}
                #[pmi(exec)]
                fn forget(&mut self) -> usize {}
                #[pmi(property)]
                fn name(&self) -> &str {}
                fn unmarked(self) {}
            }
        };
        let expansion = proxy(quote!(pub Sum), class);
        let methods = [
            quote! {
                pub fn new(name: &str, argument_2: (T, T)) -> pmi::Result<Self> {
                    pmi::create(
                        |task, (name, argument_2,)| pmi::__proxy::value(<SumParallel<T>>::new(task, &name, argument_2)),
                        (pmi::__proxy::Lent::Here(name), argument_2,)
                    ).map(Self::from)
                }
            },
            quote! {
                fn scaled(&self, by: T) -> pmi::Result<::std::vec::Vec<Vec<T>>> {
                    self.handle.invoke(|task, this, (by,)| <SumParallel<T>>::scaled(this, task, by), (by,))
                }
            },
            quote! {
                pub(crate) fn picked<U: Key>(&self, keys: &[U]) -> pmi::Result<U> where U: Copy {
                    self.handle.reduce(
                        |_, this, (keys,)| pmi::__proxy::value(<SumParallel<T>>::picked::<U>(this, &keys)),
                        (pmi::__proxy::Lent::Here(keys),),
                        <SumParallel<T>>::pick
                    )
                }
            },
            quote! {
                fn forget(&self) -> pmi::Result<()> {
                    self.handle.exec(|_, this, ()| { let _ = <SumParallel<T>>::forget(this); }, ())
                }
            },
            quote! {
                fn name(&self) -> pmi::Result<::std::string::String> {
                    self.handle.local(|_, this| ::std::borrow::ToOwned::to_owned(<SumParallel<T>>::name(this)))
                }
            },
            quote!(
                fn unmarked(self) {}
            ),
        ];
        methods.iter().for_each(|method| assert_has(&expansion, method));
        assert!(!expansion.to_string().contains("# [pmi"), "our attributes stay");
    }

    #[test]
    fn attributes_go_where_they_belong() {
        let class = quote! {
            #[doc = "Of the class."]
            impl DocumentedParallel {
                #[doc = "What it does."]
                #[must_use]
                #[inline]
                #[pmi(call)]
                pub fn documented(&self) {}

                #[doc = "Does it.\n\n# Errors\nNever."]
                #[must_use = "reason"]
                #[cfg(windows)]
                #[deprecated]
                #[pmi(invoke)]
                pub fn with_errors(&self) -> u8 {}

                #[pmi(exec)]
                pub fn bare(&self) {}
            }
        };
        let expansion = proxy(quote!(pub Documented), class);
        assert_has(
            &expansion,
            &quote!(
                #[doc = "What it does."]
                #[must_use]
                #[inline]
                pub fn documented(&self) {}
            ),
        );
        assert_has(
            &expansion,
            &quote! {
                #[doc = "What it does."]
                #[doc = ""]
                #[doc = "# Errors"]
                #[doc = "As [`pmi::Handle::call`]."]
                pub fn documented(&self) -> pmi::Result<()>
            },
        );
        assert_has(
            &expansion,
            &quote! {
                #[doc = "Does it.\n\n# Errors\nNever."]
                #[cfg(windows)]
                #[deprecated]
                #[must_use = "reason"]
                pub fn with_errors(&self) -> pmi::Result<::std::vec::Vec<u8>>
            },
        );
        assert_has(&expansion, &quote!(#[doc = "Runs `DocumentedParallel::bare` on every task."]));
    }
}
