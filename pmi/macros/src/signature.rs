//! What can be read off the types in a signature.

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Error, Expr, ExprPath, GenericArgument, Lifetime, Path, PathArguments, PathSegment, QSelf, Result, Token, Type,
    TypeImplTrait, TypePath, TypeReference,
};

/// Whether a type is that of the parameter `task: &Task`.
pub(crate) fn is_task(ty: &Type) -> bool {
    let Type::Reference(TypeReference { mutability: None, elem, .. }) = ty else { return false };
    last_segment(elem).is_some_and(|segment| segment.ident == "Task")
}

/// Whether two types are spelled alike.
pub(crate) fn same(a: &Type, b: &Type) -> bool {
    quote::quote!(#a).to_string() == quote::quote!(#b).to_string()
}

/// The `R` of a `Result<R, E>`, by whatever path, or of an alias of that name; `Some(None)` where an alias does not say.
pub(crate) fn result_of(ty: &Type) -> Option<Option<&Type>> {
    let segment = last_segment(ty).filter(|segment| segment.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return Some(None) };
    Some(arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }))
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(TypePath { qself: None, path }) => path.segments.last(),
        _ => None,
    }
}

/// Refuses types that hold what cannot leave the task: references, lifetimes other than `'static`, `impl Trait`.
pub(crate) fn refuse_borrows(ty: &Type, text: &str) -> Result<()> {
    struct Find<'a>(&'a str, Result<()>);
    impl Find<'_> {
        fn note(&mut self, what: &dyn ToTokens, text: &str) {
            if self.1.is_ok() {
                self.1 = Err(Error::new_spanned(what, text));
            }
        }
    }
    impl<'ast> Visit<'ast> for Find<'_> {
        fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
            self.note(reference, self.0);
        }
        fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
            if lifetime.ident != "static" {
                self.note(lifetime, self.0);
            }
        }
        fn visit_type_impl_trait(&mut self, opaque: &'ast TypeImplTrait) {
            self.note(opaque, "the front has to name this type: write it out, or as a type parameter");
        }
    }
    let mut find = Find(text, Ok(()));
    find.visit_type(ty);
    find.1
}

/// Refuses types that mention `Self`.
pub(crate) fn refuse_self(ty: &Type, text: &str) -> Result<()> {
    struct Find<'a>(&'a str, Result<()>);
    impl<'ast> Visit<'ast> for Find<'_> {
        fn visit_path(&mut self, path: &'ast Path) {
            if path.segments.first().is_some_and(|segment| segment.ident == "Self") {
                self.1 = Err(Error::new_spanned(path, self.0));
            }
            visit::visit_path(self, path);
        }
    }
    let mut find = Find(text, Ok(()));
    find.visit_type(ty);
    find.1
}

/// Puts the class in the place of `Self`, which in the front is another.
pub(crate) struct NameSelf<'a>(pub(crate) &'a Type);

impl NameSelf<'_> {
    pub(crate) fn in_type(&mut self, ty: &Type) -> Type {
        let mut ty = ty.clone();
        self.visit_type_mut(&mut ty);
        ty
    }

    pub(crate) fn in_expr(&mut self, mut expr: Expr) -> Expr {
        self.visit_expr_mut(&mut expr);
        expr
    }

    /// Makes the path `Self::rest` to `<Class>::rest`.
    fn rewrite(&self, qself: &mut Option<QSelf>, path: &mut Path) {
        if qself.is_some() || path.segments.len() < 2 || path.segments[0].ident != "Self" {
            return;
        }
        let span = path.segments[0].span();
        *qself = Some(QSelf {
            lt_token: Token![<](span),
            ty: Box::new(self.0.clone()),
            position: 0,
            as_token: None,
            gt_token: Token![>](span),
        });
        path.leading_colon = Some(Token![::](span));
        path.segments = std::mem::take(&mut path.segments).into_iter().skip(1).collect();
    }
}

impl VisitMut for NameSelf<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::Path(TypePath { qself: None, path }) = ty
            && path.is_ident("Self")
        {
            *ty = self.0.clone();
            return;
        }
        visit_mut::visit_type_mut(self, ty);
    }

    fn visit_type_path_mut(&mut self, path: &mut TypePath) {
        self.rewrite(&mut path.qself, &mut path.path);
        visit_mut::visit_type_path_mut(self, path);
    }

    fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
        self.rewrite(&mut path.qself, &mut path.path);
        visit_mut::visit_expr_path_mut(self, path);
    }
}
