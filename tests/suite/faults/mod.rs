//! What happens when something fails: in a world that goes on (cases), and where the job must end (processes).
//!
//! The tests of the original PMI, and what stands for them here:
//!
//! | topic of the original | here |
//! |---|---|
//! | call by function | `verbs::functions_and_closures_are_equal`, `verbs::call_returns_the_controllers_result` |
//! | positional and keyword arguments | a tuple or a struct is the one argument: `verbs::results_come_in_rank_order`, `verbs::handles_nest_in_arguments`; a front's methods have several: `proxies::arguments` |
//! | unserialisable arguments | `verbs::values_that_do_not_serialise` |
//! | invoke | `verbs::results_come_in_rank_order` |
//! | reduce by function | `verbs::reduce_combines_in_rank_order`, `proxies::counter::operators_of_any_kind` |
//! | reduce by operator | `verbs::named_operators` |
//! | exec | `verbs::call_returns_the_controllers_result`; a statement as a text has no counterpart: functions are compiled |
//! | classes created | `verbs::handles_nest_in_arguments`, `proxies::counter::each_verb_does_what_it_says` |
//! | classes destroyed | `verbs::instances_are_dropped_once_when_the_last_handle_goes`, `proxies::counter::the_last_front_releases_the_instances` |
//! | methods of classes, with each verb | `proxies::counter::each_verb_does_what_it_says`, `groups::objects_of_a_group` |
//! | instances as arguments | `verbs::handles_nest_in_arguments`, `proxies::nested` |
//! | wrong commands on workers | `verbs::verbs_inside_a_parallel_function_are_refused`; an unknown function, class or method does not compile |
//! | proxies with local, call, invoke | `proxies::counter::each_verb_does_what_it_says`, `proxies::counter::local_methods_run_on_the_controller_alone` |
//! | proxies with properties | `proxies::counter::properties_are_read_here_and_written_everywhere` |
//! | modified proxies | `proxies::counter::hand_written_methods_stand_beside` |
//! | hierarchies of proxies | `proxies::traits` |

mod job;
mod original;
mod panics;
mod processes;
mod program;
mod stray;

pub(crate) use job::{Ended, Job, own};
pub(crate) use processes::trials;
pub(crate) use program::{program, wanted};

use crate::Case;
use pmi::{Task, op};

pub(crate) fn cases() -> Vec<Case> {
    [panics::cases(), stray::cases(), original::cases()].into_iter().flatten().collect()
}

fn size() -> usize {
    pmi::size().unwrap()
}

/// The call failed, as these tasks say with these words, and the world answers the next ones.
#[track_caller]
fn failed<R>(result: pmi::Result<R>, ranks: &[usize], words: &str) {
    let error = result.err().expect("the call fails");
    let failures: Vec<_> = error.failures().iter().map(|failure| failure.rank).collect();
    assert_eq!(failures, ranks, "{error}");
    assert!(error.failures().iter().all(|failure| failure.message.contains(words)), "{error}");
    works();
}

/// The world answers, correctly.
#[track_caller]
fn works() {
    let sum = |task: &Task, ()| (task.rank(), task.comm().all_reduce(&[task.rank()], op::SUM)[0]);
    let n = size();
    assert_eq!(pmi::invoke(sum, ()).unwrap(), (0..n).map(|rank| (rank, n * (n - 1) / 2)).collect::<Vec<_>>());
}
