//! Expressions: what is computed element by element, when its result is asked for.
//!
//! An operator or a method like [`map`](Expression::map) runs nothing: it makes an expression, whose type says what is
//! to be computed. What asks for a result ([`eval`](Expression::eval), a reduction, an assignment) has all tasks compute
//! it: one command, one pass over the operands, no temporaries.

mod node;
mod leaf;
mod map;
mod indexed;
mod evaluate;
mod expression;
mod explain;
mod assign;
mod arithmetic;
mod operand;
mod function;
mod math;
mod compare;
mod zip;

pub use arithmetic::{Binary, Bitwise, Combine, Modulo, Mul, Number};
pub use compare::{Compare, Equal};
pub(crate) use evaluate::{blame, fill, first_element, fold, read_block, result_layout, run};
pub use explain::{Explanation, OperandMove};
pub use expression::{Expr, Expression};
pub use function::Floating;
pub use leaf::{Leaf, Scalar};
pub use map::{Apply, Map};
pub use math::Math;
pub(crate) use node::{BLOCK, Cursor, View};
pub use node::{Frame, Held, Node, Place};
pub use operand::Operand;
pub use zip::Zip;
