//! What a run yields, and what can be run.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Display};
use std::hint::black_box;
use std::time::Instant;

/// Something that can be run again and again, and yields its figures each time.
pub(crate) trait Measure {
    fn measure(&mut self) -> Outcome;
}

/// The figures of a run, or why there are none.
pub(crate) type Outcome = Result<Figures, Missing>;

/// A closure is run; `Ok(1.0)` is one nameless figure, `Ok([("read", 1.0), ("write", 2.0)])` are two with names.
impl<F: FnMut() -> Result<T, Missing>, T: Into<Figures>> Measure for F {
    fn measure(&mut self) -> Outcome {
        self().map(Into::into)
    }
}

/// A constant: the yardstick of what has an ideal value, such as a balance of 1.
impl Measure for f64 {
    fn measure(&mut self) -> Outcome {
        Ok((*self).into())
    }
}

/// The figures of one run.
#[derive(Clone, Debug)]
pub(crate) enum Figures {
    One(f64),
    Named(BTreeMap<String, f64>),
}

impl Figures {
    /// What a program's figures look like on its standard output: lines of `figure NAME VALUE`, among any others.
    pub(super) fn parse(output: &str) -> Outcome {
        let figure = |line: &str| {
            let (name, value) = line.strip_prefix("figure ")?.split_once(' ')?;
            Some((name.to_owned(), value.trim().parse().ok()?))
        };
        let figures: BTreeMap<_, _> = output.lines().filter_map(figure).collect();
        if figures.is_empty() { Err(Missing::because("it printed no figures")) } else { Ok(Self::Named(figures)) }
    }

    /// The figure called `name`; without a name, or without names to choose from, the only one.
    pub(crate) fn get(&self, name: Option<&str>) -> Result<f64, Missing> {
        let found = match (self, name) {
            (Self::One(value), _) => Some(*value),
            (Self::Named(figures), Some(name)) => figures.get(name).copied(),
            (Self::Named(figures), None) if figures.len() == 1 => figures.values().next().copied(),
            (Self::Named(_), None) => None,
        };
        found.ok_or_else(|| match name {
            Some(name) => Missing::because(format!("no figure `{name}`")),
            None => Missing::because("several figures, and the row does not say which"),
        })
    }
}

/// The counterpart of [`Figures::parse`].
impl Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(value) => writeln!(f, "figure only {value:e}"),
            Self::Named(figures) => figures.iter().try_for_each(|(name, value)| writeln!(f, "figure {name} {value:e}")),
        }
    }
}

impl From<f64> for Figures {
    fn from(value: f64) -> Self {
        Self::One(value)
    }
}

impl<const N: usize> From<[(&str, f64); N]> for Figures {
    fn from(figures: [(&str, f64); N]) -> Self {
        Self::Named(figures.map(|(name, value)| (name.to_owned(), value)).into())
    }
}

/// Why something could not be measured, in the few words that the table has room for.
#[derive(Clone, Debug)]
pub(crate) struct Missing(String);

impl Missing {
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// So that `?` serves in the closures that measure.
impl<E: Error> From<E> for Missing {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// The wall-clock seconds that `work` takes.
pub(crate) fn seconds<R>(work: impl FnOnce() -> R) -> f64 {
    timed(work).0
}

/// The wall-clock seconds that `work` takes, and what it returns.
pub(crate) fn timed<R>(work: impl FnOnce() -> R) -> (f64, R) {
    let start = Instant::now();
    let result = black_box(work());
    (start.elapsed().as_secs_f64(), result)
}

/// The fewest wall-clock seconds that `work` takes in so many repetitions, after one that is not counted: the yardsticks
/// of memory-bound loops take the best, too.
pub(crate) fn fewest_seconds<R>(repetitions: usize, mut work: impl FnMut() -> R) -> f64 {
    black_box(work());
    (0..repetitions).map(|_| seconds(&mut work)).fold(f64::INFINITY, f64::min)
}

/// The middle one of the values, or the mean of the middle two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
