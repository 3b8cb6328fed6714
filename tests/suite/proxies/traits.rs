//! Traits of parallel classes and of fronts.

use super::counter::Counter;
use crate::{Case, cases};
use pmi::{Task, op};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        front_traits_take_the_place_of_hierarchies
        fronts_have_traits_of_their_own
    ]
}

/// A pair potential, on every task.
#[pmi::proxy(Potential)]
trait PotentialParallel<T: PartialOrd> {
    fn energy(&self, r: T) -> f64;

    #[pmi(property)]
    fn set_strength(&mut self, strength: f64);

    /// What the base class does for all.
    #[pmi(reduce = op::SUM)]
    fn energies(&self, task: &Task, distances: &[T]) -> Result<f64, String>
    where
        T: Copy + Serialize + DeserializeOwned,
    {
        let mine = distances.iter().skip(task.rank()).step_by(task.size());
        let energy = mine.map(|r| self.energy(*r)).sum::<f64>();
        if energy.is_finite() { Ok(energy) } else { Err("too close".into()) }
    }

    #[pmi(call)]
    #[cfg(any())]
    fn never_there(&self, _: NoSuchType);

    #[pmi(local)]
    fn kind(&self) -> &'static str {
        "potential"
    }
}

struct CoulombParallel(f64);

#[pmi::proxy(Coulomb)]
impl CoulombParallel {
    #[pmi(create)]
    fn new(charge: f64) -> Self {
        Self(charge)
    }
}

impl PotentialParallel<f64> for CoulombParallel {
    fn energy(&self, r: f64) -> f64 {
        self.0 / r
    }

    fn set_strength(&mut self, strength: f64) {
        self.0 = strength;
    }

    fn kind(&self) -> &'static str {
        "coulomb"
    }
}

struct SpringParallel<U>(U);

#[pmi::proxy(Spring)]
impl<U: Serialize + DeserializeOwned> SpringParallel<U> {
    #[pmi(create)]
    fn new(stiffness: U) -> Self {
        Self(stiffness)
    }
}

impl PotentialParallel<f64> for SpringParallel<f64> {
    fn energy(&self, r: f64) -> f64 {
        self.0 * r * r
    }

    fn set_strength(&mut self, strength: f64) {
        self.0 = strength;
    }
}

fn front_traits_take_the_place_of_hierarchies() {
    let potentials: [Box<dyn Potential<f64>>; 2] =
        [Box::new(Coulomb::new(2.0).unwrap()), Box::new(Spring::new(3.0).unwrap())];
    let distances = [1.0, 2.0, 4.0, 1.0];
    let energies = potentials.each_ref().map(|potential| potential.energies(&distances).unwrap());
    assert_eq!(energies, [5.5, 66.0]);
    potentials[1].set_strength(1.0).unwrap();
    assert_eq!(potentials[1].energies(&distances).unwrap(), 22.0);
    assert_eq!(potentials.each_ref().map(|potential| potential.kind().unwrap()), ["coulomb", "potential"]);
    let error = potentials[0].energies(&[0.0]).unwrap_err();
    assert_eq!(error.to_string(), "reduce failed on task 0: too close");
}

/// A trait of fronts that is written by hand.
trait Describe {
    fn describe(&self) -> pmi::Result<String>;
}

impl Describe for Counter {
    fn describe(&self) -> pmi::Result<String> {
        Ok(format!("{} at {}", self.name()?, self.count()?))
    }
}

impl Describe for Coulomb {
    fn describe(&self) -> pmi::Result<String> {
        Ok(format!("{} charges", Potential::energies(self, &[1.0])?))
    }
}

fn fronts_have_traits_of_their_own() {
    let list: [&dyn Describe; 2] = [&Counter::new("a").unwrap(), &Coulomb::new(2.0).unwrap()];
    assert_eq!(list.map(|front| front.describe().unwrap()), ["a at 0", "2 charges"]);
    assert!(format!("{:?}", Coulomb::new(1.0).unwrap()).starts_with("Coulomb(Handle<"));
}
