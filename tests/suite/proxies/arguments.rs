//! Arguments of all kinds; generic methods.

use super::size;
use crate::{Case, cases};
use pmi::Task;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        arguments_by_value_and_by_reference
        generic_methods
    ]
}

/// Takes arguments of many kinds.
struct TakerParallel;

#[derive(Clone, Serialize, Deserialize)]
struct Parts {
    name: String,
    numbers: Vec<f64>,
}

#[pmi::proxy(Taker)]
impl TakerParallel {
    #[pmi(create)]
    fn new() -> Self {
        Self
    }

    #[pmi(invoke)]
    fn by_value(&self, parts: Parts, (a, b): (u8, f32), mut flag: bool) -> String {
        flag = !flag;
        format!("{} {:?} {a} {b} {flag}", parts.name, parts.numbers)
    }

    #[pmi(invoke)]
    fn by_reference(&self, task: &Task, text: &str, numbers: &[f64], parts: &Parts, n: &u32) -> (usize, String, f64) {
        (task.rank(), format!("{text}{}{n}", parts.name), numbers.iter().sum())
    }

    /// The names of the parameters are those that the macro might use.
    #[pmi(call)]
    fn names(&self, this: u8, args: u8, handle: u8) -> [u8; 3] {
        [this, args, handle]
    }

    #[pmi(call)]
    fn path(&self, path: &std::path::Path) -> bool {
        path.is_absolute()
    }

    #[pmi(invoke)]
    fn twice<T, const N: usize>(&self, x: &T) -> Vec<T>
    where
        T: Clone + Serialize + DeserializeOwned,
    {
        vec![x.clone(); N]
    }

    #[pmi(call)]
    fn zero<T: Default>(&self) -> T {
        T::default()
    }

    #[pmi(local)]
    fn borrowed<T: Clone>(&self, x: Option<&T>) -> Option<T> {
        x.cloned()
    }
}

fn arguments_by_value_and_by_reference() {
    let taker = Taker::new().unwrap();
    let parts = Parts { name: "x".into(), numbers: vec![1.5] };
    assert_eq!(taker.by_value(parts.clone(), (1, 2.5), true).unwrap(), vec!["x [1.5] 1 2.5 false"; size()]);
    let sums = taker.by_reference("t", &[1.0, 2.0], &parts, &9).unwrap();
    assert_eq!(sums, (0..size()).map(|rank| (rank, "tx9".to_string(), 3.0)).collect::<Vec<_>>());
    assert_eq!(taker.names(1, 2, 3).unwrap(), [1, 2, 3]);
    assert!(taker.path("/a/b".as_ref()).unwrap());
}

fn generic_methods() {
    let taker = Taker::new().unwrap();
    assert_eq!(taker.twice::<_, 2>(&"a".to_string()).unwrap(), vec![vec!["a".to_string(); 2]; size()]);
    assert_eq!(taker.zero::<u16>().unwrap(), 0);
    let only_here = std::rc::Rc::new(1);
    assert_eq!(taker.borrowed(Some(&only_here)).unwrap(), Some(only_here));
}
