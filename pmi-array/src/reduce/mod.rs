//! Reductions: rules that make one value of many elements, and the arrays they are applied to.

mod pieces;
mod reducer;
mod parts;
mod binned;
mod columns;
mod sums;
mod moments;
mod extremes;
mod truth;
mod ordered;
mod groups;
mod axes;
mod whole;
mod equality;
mod scan;
mod products;
mod nan;
mod histogram;

pub use axes::Over;
pub use equality::{allclose, array_equal};
pub use extremes::{ArgMax, ArgMin, Max, Min};
pub use histogram::{bincount, histogram};
pub use moments::{Std, Var};
pub use nan::{NanReduce, SkipNan};
pub use products::Products;
pub use reducer::Reducer;
pub use scan::Scan;
pub use sums::{Mean, Sum};
pub use truth::{All, Any, Count};
pub use whole::Reduce;
