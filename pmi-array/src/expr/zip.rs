//! Functions of the elements of several operands: [`Zip`].

use super::expression::Expr;
use super::map::{Closure, Map};
use super::operand::Operand;
use crate::element::Element;
use pmi::Portable;

/// Tuples of two to six operands, as something to compute with.
///
/// ```
/// use pmi_array::{DistArray, Expression, Zip};
/// # pmi::with_tasks(2, || {
/// let (a, b) = (DistArray::arange(0, 4, 1), DistArray::arange(0.0, 4.0, 1.0));
/// let c = (&a, &b, 0.5).zip_map(|a, b, half| if a % 2 == 0 { b } else { half });
/// assert_eq!(c.gather().unwrap().to_vec(), [0.0, 0.5, 2.0, 0.5]);
/// # })
/// ```
pub trait Zip<F, U> {
    /// The expression.
    type Output;

    /// `f` of the elements of all operands, which are broadcast against each other; the first has as many axes as any.
    ///
    /// # Panics
    /// Where the operands cannot be broadcast together, or one has more axes than the first.
    #[track_caller]
    fn zip_map(self, f: F) -> Self::Output;
}

macro_rules! tuples {
    ($(($first:ident $n:tt $(, $name:ident $m:tt)*))*) => {$(
        impl<FN, U, $first: Operand, $($name: Operand),*> Zip<FN, U> for ($first, $($name),*)
        where
            U: Element,
            FN: Fn($first::Elem, $($name::Elem),*) -> U + Portable + Send + Sync,
        {
            type Output = Expr<U, $first::Dim, Map<Closure<FN, U>, ($first::Node, $($name::Node),*), $first::Dim>>;

            #[track_caller]
            fn zip_map(self, f: FN) -> Self::Output {
                Expr::new(Map::fitting(Closure::new(f), (self.$n.operand(), $(self.$m.operand()),*)))
            }
        }
    )*};
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, E 3)
    (A 0, B 1, C 2, E 3, G 4)
    (A 0, B 1, C 2, E 3, G 4, H 5)
}
