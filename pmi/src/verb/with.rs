//! `with!`: captured values as arguments.

/// Gives a closure values of the calling function, which it cannot capture, as arguments.
///
/// `with!(a, b => verb(|task| ...))` clones `a` and `b`, sends the clones along, and binds them to the same names inside
/// the closure. The verb is one of `exec call invoke`; a further argument may follow the closure.
///
/// ```
/// # pmi::with_tasks(3, || {
/// let (scale, name) = (2.5, String::from("task"));
/// let texts = pmi::with!(scale, name => invoke(|task| format!("{name} {}", scale * task.rank() as f64)))?;
/// assert_eq!(texts, ["task 0", "task 2.5", "task 5"]);
/// let sum = pmi::with!(scale => call(|task, x: f64| task.comm().all_reduce(&[scale * x], pmi::op::SUM)[0], 10.0))?;
/// assert_eq!(sum, 75.0);
/// # Ok::<(), pmi::Error>(())
/// # }).unwrap()
/// ```
#[macro_export]
macro_rules! with {
    ($($value:ident),+ => $verb:ident(|$task:pat_param| $body:expr $(,)?)) => {
        $crate::$verb(
            |$task: &$crate::Task, ($($value,)+)| $body,
            ($(::core::clone::Clone::clone(&$value),)+),
        )
    };
    ($($value:ident),+ => $verb:ident(|$task:pat_param, $arg:ident $(: $type:ty)?| $body:expr, $args:expr $(,)?)) => {
        $crate::$verb(
            |$task: &$crate::Task, (($($value,)+), $arg)| {
                $(let $arg: $type = $arg;)?
                $body
            },
            (($(::core::clone::Clone::clone(&$value),)+), $args),
        )
    };
}
