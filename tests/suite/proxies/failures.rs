//! Parallel methods that return errors.

use super::size;
use crate::{Case, cases};
use pmi::{Task, op};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        an_err_on_a_task_is_the_controllers
        an_err_frees_tasks_that_wait
        panics_stay_panics
    ]
}

/// Fails on the task that it is told.
struct FailingParallel;

/// A [`Result`] that the front hands out as it is.
type Outcome = Result<usize, String>;

#[pmi::proxy(Failing)]
impl FailingParallel {
    #[pmi(create)]
    fn new() -> Self {
        Self
    }

    #[pmi(exec)]
    fn exec(&self, task: &Task, bad: usize) -> Result<usize, String> {
        if task.rank() == bad { Err(format!("no {bad}")) } else { Ok(bad) }
    }

    #[pmi(call)]
    fn call(&self, task: &Task, bad: usize) -> pmi::Result<usize, String> {
        self.exec(task, bad)
    }

    #[pmi(invoke)]
    fn invoke(&self, task: &Task, bad: usize) -> Result<usize, std::io::Error> {
        self.exec(task, bad).map_err(std::io::Error::other)
    }

    #[pmi(reduce = op::SUM)]
    fn reduce(&self, task: &Task, bad: usize) -> Result<usize, Box<dyn std::error::Error>> {
        Ok(self.exec(task, bad)?)
    }

    #[pmi(local)]
    fn local(&self, task: &Task, bad: usize) -> Result<usize, String> {
        self.exec(task, bad)
    }

    #[pmi(call)]
    fn waiting(&self, task: &Task, bad: usize) -> Result<usize, String> {
        self.exec(task, bad)?;
        Ok(task.comm().all_reduce(&[1], op::SUM)[0])
    }

    #[pmi(invoke)]
    fn outcomes(&self, task: &Task, bad: usize) -> Outcome {
        self.exec(task, bad)
    }

    #[pmi(call)]
    fn panics(&self, task: &Task) -> Result<(), String> {
        assert!(task.rank() + 1 < task.size(), "the last one panics");
        Ok(())
    }
}

fn an_err_on_a_task_is_the_controllers() {
    let (n, failing) = (size(), Failing::new().unwrap());
    type Run = fn(&Failing, usize) -> Option<pmi::Error>;
    let verbs: [(&str, Run); 4] = [
        ("exec", |failing, bad| failing.exec(bad).err()),
        ("call", |failing, bad| failing.call(bad).err()),
        ("invoke", |failing, bad| failing.invoke(bad).err()),
        ("reduce", |failing, bad| failing.reduce(bad).err()),
    ];
    for (verb, run) in verbs {
        for bad in 0..n {
            let error = run(&failing, bad).unwrap();
            assert!(error.is_task_failure(), "{error:?}");
            assert_eq!(error.to_string(), format!("{verb} failed on task {bad}: no {bad}"));
            assert_eq!(error.failures().len(), 1);
            assert_eq!((error.failures()[0].rank, &error.failures()[0].place), (bad, &None));
        }
        assert!(run(&failing, n).is_none());
    }
    assert_eq!((failing.call(n).unwrap(), failing.reduce(n).unwrap()), (n, n * n));
    assert_eq!(failing.invoke(n).unwrap(), vec![n; n]);
    assert_eq!(failing.local(1).unwrap(), 1);
    assert_eq!(failing.local(0).unwrap_err().to_string(), "local failed on task 0: no 0");
    let mut expected: Vec<Outcome> = vec![Ok(n - 1); n];
    expected[n - 1] = Err(format!("no {}", n - 1));
    assert_eq!(failing.outcomes(n - 1).unwrap(), expected);
}

fn an_err_frees_tasks_that_wait() {
    let (n, failing) = (size(), Failing::new().unwrap());
    for bad in 0..n {
        assert_eq!(failing.waiting(bad).unwrap_err().failures().len(), 1);
        assert_eq!(failing.waiting(n).unwrap(), n);
    }
}

fn panics_stay_panics() {
    let error = Failing::new().unwrap().panics().unwrap_err();
    let [failure] = error.failures() else { panic!("{error}") };
    assert_eq!((failure.rank, failure.message.as_str()), (size() - 1, "the last one panics"));
    assert!(failure.place.as_ref().unwrap().contains("failures.rs"));
}
