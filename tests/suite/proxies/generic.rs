//! Generic classes.

use crate::{Case, cases};
use pmi::Task;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::AddAssign;

pub(crate) fn cases() -> Vec<Case> {
    cases![generic_classes]
}

/// What a generic class asks of its numbers.
trait Number: Copy + Default + AddAssign + Serialize + DeserializeOwned {}
impl<T: Copy + Default + AddAssign + Serialize + DeserializeOwned> Number for T {}

/// A running sum and the last numbers added, on every task.
struct TallyParallel<T: Number, const N: usize> {
    sum: T,
    last: [T; N],
}

#[pmi::proxy(Tally)]
impl<T: Number, const N: usize> TallyParallel<T, N>
where
    T: PartialOrd,
{
    #[pmi(create)]
    fn new() -> TallyParallel<T, N> {
        Self { sum: T::default(), last: [T::default(); N] }
    }

    #[pmi(exec)]
    fn add(&mut self, numbers: &[T]) {
        for (place, number) in numbers.iter().enumerate() {
            self.sum += *number;
            self.last[place % N] = *number;
        }
    }

    #[pmi(exec)]
    fn merge(&mut self, task: &Task, other: &Tally<T, N>) {
        self.add(&task.get(other.handle()).last);
    }

    #[pmi(reduce = |a: T, b: T| if a > b { a } else { b })]
    fn peak(&self) -> T {
        self.sum
    }

    #[pmi(property)]
    fn last(&self) -> &[T] {
        &self.last
    }
}

fn generic_classes() {
    let floats = Tally::<f64, 2>::new().unwrap();
    floats.add(&[1.0, 2.0, 3.5]).unwrap();
    assert_eq!((floats.peak().unwrap(), floats.last().unwrap()), (6.5, vec![3.5, 2.0]));
    let bytes = Tally::<u8, 3>::new().unwrap();
    bytes.add(&[1, 2, 3]).unwrap();
    bytes.merge(&Tally::new().unwrap()).unwrap();
    assert_eq!((bytes.peak().unwrap(), bytes.last().unwrap()), (6, vec![0; 3]));
}
