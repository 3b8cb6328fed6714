//! The verbs: what the controller can have the tasks do.

mod call;
mod call_on;
mod create;
mod describe;
mod exec;
mod farm;
mod first;
mod group;
mod invoke;
mod ledger;
mod local;
mod reduce;
mod with;

pub use call::call;
pub use call_on::call_on;
pub use create::create;
pub use describe::{describe, size};
pub use exec::exec;
pub use farm::farm;
pub use first::first;
pub use group::Group;
pub use invoke::invoke;
pub use ledger::{ledger, record};
pub use reduce::reduce;

use crate::handle::Handle;
use crate::remote::conjure;
use crate::runtime::command::Refusal;
use crate::task::Task;
use crate::wire;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;
use std::marker::PhantomData;

/// What can be an argument of a parallel function: it is sent to every task.
pub trait Argument: Serialize + DeserializeOwned {}
impl<A: Serialize + DeserializeOwned> Argument for A {}

/// What can be sent to every task to be run there: a function, or a closure that captures nothing.
pub trait Portable: Copy + 'static {}
impl<F: Copy + 'static> Portable for F {}

/// A function as a type alone, which is all that travels.
trait Body {
    type Args: Argument;
    type Output;
    fn run(task: &Task, args: Self::Args) -> Self::Output;
    /// The name of the function's type.
    fn name() -> &'static str;
}

/// A function of a task and arguments.
struct Function<F, A, R>(PhantomData<(F, A, R)>);

impl<F: Fn(&Task, A) -> R + Portable, A: Argument, R> Body for Function<F, A, R> {
    type Args = A;
    type Output = R;
    fn run(task: &Task, args: A) -> R {
        conjure::<F>()(task, args)
    }
    fn name() -> &'static str {
        type_name::<F>()
    }
}

/// A function of a task, its instance of a parallel object, and arguments.
struct Method<F, T, A, R>(PhantomData<(F, T, A, R)>);

impl<F: Fn(&Task, &mut T, A) -> R + Portable, T: 'static, A: Argument, R> Body for Method<F, T, A, R> {
    type Args = (Handle<T>, A);
    type Output = R;
    fn run(task: &Task, (handle, args): (Handle<T>, A)) -> R {
        conjure::<F>()(task, &mut task.get_mut(&handle), args)
    }
    fn name() -> &'static str {
        type_name::<F>()
    }
}

/// Decodes the arguments and runs the function.
fn run<B: Body>(task: &Task, args: &[u8]) -> Result<B::Output, Refusal> {
    let args = wire::decode_sent(args)
        .map_err(|cause| format!("the argument cannot be read as a {}: {cause}", type_name::<B::Args>()))?;
    Ok(B::run(task, args))
}

/// As [`run`], and forgets the result.
fn run_only<B: Body>(task: &Task, args: &[u8], _: &mut Vec<u8>) -> Result<(), Refusal> {
    run::<B>(task, args).map(drop)
}

/// As [`run`], and appends the result to `out`.
fn run_and_return<B: Body<Output: Serialize>>(task: &Task, args: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
    append_result::<B>(&run::<B>(task, args)?, out)
}

fn append_result<B: Body<Output: Serialize>>(result: &B::Output, out: &mut Vec<u8>) -> Result<(), Refusal> {
    wire::append(result, out)
        .map_err(|cause| format!("the result of type {} cannot be sent: {cause}", type_name::<B::Output>()))
}
