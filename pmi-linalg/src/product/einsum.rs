//! Einstein's notation: [`einsum`].

use super::contract::{Factor, contract};
use super::indexing::Indexing;
use crate::numeric::Numeric;
use ndarray::Dimension;
use pmi_array::{DistArray, Promote};

/// A label: a letter, or one of the axes that `...` stands for, counted from the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Symbol {
    Ellipsis(usize),
    Letter(char),
}

/// The sums of products that subscripts name: NumPy's `einsum` of two operands. A letter names an axis; axes with the same
/// letter go together, also within an operand, of which that is a diagonal; letters that the result has not are summed over.
/// `...` stands for any axes, broadcast. Without `->` the result has those of the ellipsis and then, in alphabetical order, the letters that
/// are there once.
///
/// | subscripts | is |
/// |---|---|
/// | `ik,kj->ij` or `ik,kj` | [`matmul`](crate::matmul) |
/// | `i,j->ij` | [`outer`](crate::outer) |
/// | `...ik,...kj->...ij` | [`batched_matmul`](crate::batched_matmul) |
/// | `ij,ij->` | the inner product of two matrices |
/// | `ii,i->` | the weighted trace |
///
/// The result's dimension is that of the type asked for; `IxDyn` will always do. Elementwise products (`ij,ij->ij`) are better
/// written as such: `&a * &b`. Costs are those of [`tensordot`](crate::tensordot); a letter of one operand alone that is summed over is
/// not divided among the tasks: sum that operand before.
///
/// ```
/// use ndarray::Ix3;
/// use pmi_array::DistArray;
/// use pmi_linalg::einsum;
/// # pmi::with_tasks(2, || {
/// let a = DistArray::from_fn((2, 3, 4), |(i, j, k)| (12 * i + 4 * j + k) as f64);
/// let b = DistArray::from_fn((4, 5), |(k, l)| if k == l { 1.0 } else { 0.0 });
/// let c: DistArray<f64, Ix3> = einsum("ijk,kl->ijl", &a, &b);
/// assert_eq!((c.shape(), c.get((1, 2, 3))), (&[2, 3, 5][..], 23.0));
/// # })
/// ```
///
/// # Panics
/// Where the subscripts are not of two operands of so many axes, an ellipsis of operands is not in the result, axes with one letter differ in length (but for 1), the result
/// names a letter twice or one that no operand has, or has not as many axes as its type, or the calling thread does not control
/// the world of both.
#[track_caller]
pub fn einsum<T, U, V, A, B, C>(subscripts: &str, a: &DistArray<T, A>, b: &DistArray<U, B>) -> DistArray<V, C>
where
    T: Numeric + Promote<U, Output = V>,
    U: Numeric,
    V: Numeric,
    A: Dimension + 'static,
    B: Dimension + 'static,
    C: Dimension + 'static,
{
    let text: String = subscripts.chars().filter(|c| !c.is_whitespace()).collect();
    let (operands, result) = match text.split_once("->") {
        Some((operands, result)) => (operands, Some(result)),
        None => (&text[..], None),
    };
    let named: Vec<_> = operands.split(',').collect();
    let [of_a, of_b] = named[..] else {
        panic!("einsum {subscripts:?} names {} operands: there are two, with a comma between", named.len())
    };
    let (of_a, of_b) = (symbols(subscripts, of_a, Some(a.ndim())), symbols(subscripts, of_b, Some(b.ndim())));
    let all = [&of_a[..], &of_b].concat();
    let broadcast: Vec<_> = {
        let count =
            all.iter().filter_map(|of| if let Symbol::Ellipsis(number) = of { Some(number + 1) } else { None }).max();
        (0..count.unwrap_or(0)).rev().map(Symbol::Ellipsis).collect()
    };
    let of_c = match result {
        Some(result) => {
            let mut named = symbols(subscripts, result, None);
            // Without a shape an ellipsis is one symbol.
            if let Some(at) = named.iter().position(|symbol| matches!(symbol, Symbol::Ellipsis(_))) {
                named.splice(at..=at, broadcast.iter().copied());
            }
            named
        }
        None => {
            let mut once: Vec<_> =
                all.iter().copied().filter(|symbol| all.iter().filter(|s| *s == symbol).count() == 1).collect();
            once.retain(|symbol| matches!(symbol, Symbol::Letter(_)));
            once.sort_unstable();
            [broadcast.clone(), once].concat()
        }
    };
    for (number, symbol) in of_c.iter().enumerate() {
        let told = told(*symbol);
        assert!(all.contains(symbol), "einsum {subscripts:?}: the result has {told}, which no operand has");
        assert!(!of_c[..number].contains(symbol), "einsum {subscripts:?}: the result has {told} twice");
    }
    assert!(
        broadcast.iter().all(|symbol| of_c.contains(symbol)),
        "einsum {subscripts:?}: the result has no `...`, which an operand has: axes without letters are not summed over"
    );
    let mut distinct = all.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let numbers = |symbols: &[Symbol]| -> Vec<usize> {
        symbols.iter().map(|symbol| distinct.binary_search(symbol).expect("all are among the distinct")).collect()
    };
    let [labels_a, labels_b, labels_c] = [&of_a[..], &of_b, &of_c].map(numbers);
    let operands = [(&labels_a[..], a.shape()), (&labels_b, b.shape())];
    let indexing = Indexing::new("einsum", &|label| told(distinct[label]), operands, &labels_c);
    contract(Factor::promoted(a, false), Factor::promoted(b, false), indexing)
}

/// A symbol, for messages.
fn told(symbol: Symbol) -> String {
    match symbol {
        Symbol::Letter(letter) => format!("`{letter}`"),
        Symbol::Ellipsis(_) => "`...`".into(),
    }
}

/// The symbols of a term, for an array of so many axes.
#[track_caller]
fn symbols(subscripts: &str, term: &str, ndim: Option<usize>) -> Vec<Symbol> {
    let letters = |term: &str| -> Vec<Symbol> {
        let letter = |letter: char| {
            assert!(
                letter.is_ascii_alphabetic(),
                "einsum {subscripts:?}: {letter:?} is no letter from a to z or A to Z"
            );
            Symbol::Letter(letter)
        };
        term.chars().map(letter).collect()
    };
    let (before, rest) = match term.split_once("...") {
        Some((before, after)) => (letters(before), Some(letters(after))),
        None => (letters(term), None),
    };
    let count = before.len() + rest.as_ref().map_or(0, Vec::len);
    if let Some(ndim) = ndim {
        let fits = if rest.is_some() { count <= ndim } else { count == ndim };
        assert!(fits, "einsum {subscripts:?}: {term:?} does not describe an array of {ndim} axes");
    }
    let Some(after) = rest else { return before };
    let between = (0..ndim.map_or(1, |ndim| ndim - count)).rev().map(Symbol::Ellipsis);
    before.into_iter().chain(between).chain(after).collect()
}
