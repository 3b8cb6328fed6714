//! From numbers to colours.

use crate::array::GRAIN;
use crate::element::Real;
use crate::error::{Error, Result};
use pmi::{Task, op};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The numbers between which the colours run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(in crate::io) struct Scale {
    pub(in crate::io) min: f64,
    pub(in crate::io) max: f64,
    /// Whether colours go with the logarithm.
    pub(in crate::io) log: bool,
}

impl Scale {
    /// Between two numbers of the user's.
    pub(in crate::io) fn between((min, max): (f64, f64), log: bool) -> Result<Self> {
        if !(min.is_finite() && max.is_finite() && min <= max) {
            return Err(Error::argument(format!(
                "colours cannot run from {min} to {max}: give two numbers that ascend"
            )));
        }
        if log && min <= 0.0 {
            return Err(Error::argument(format!(
                "colours cannot run from {min} to {max} on a logarithmic scale, which has only numbers above 0"
            )));
        }
        Ok(Self { min, max, log })
    }

    /// Between the smallest and the largest finite element that tasks have, above 0 for a logarithmic scale. One
    /// reduction of two numbers.
    pub(in crate::io) fn of<T: Real>(task: &Task, elements: &[T], log: bool) -> Self {
        let inside = |x: f64| x.is_finite() && (!log || x > 0.0);
        let extremes = |chunk: &[T]| {
            let inside = chunk.iter().map(|x| x.to_f64()).filter(|x| inside(*x));
            inside.fold([f64::NEG_INFINITY; 2], |[min, max], x| [min.max(-x), max.max(x)])
        };
        let larger = |a: [f64; 2], b: [f64; 2]| [a[0].max(b[0]), a[1].max(b[1])];
        let mine = task.install(|| elements.par_chunks(GRAIN).map(extremes).reduce(|| [f64::NEG_INFINITY; 2], larger));
        let all = task.comm().all_reduce(&mine, op::MAX);
        // None at all: any two numbers will do.
        if all[1].is_finite() { Self { min: -all[0], max: all[1], log } } else { Self { min: 1.0, max: 1.0, log } }
    }

    /// Where a number is on the way from one end to the other, from 0 to 1; `None` where it is nowhere. Every number is
    /// at the beginning where both ends are one, as with Matplotlib's `Normalize`.
    pub(in crate::io) fn place(&self, x: f64) -> Option<f64> {
        if x.is_nan() || (self.log && x <= 0.0) {
            return None;
        }
        let on_axis = |x: f64| if self.log { x.ln() } else { x };
        let (min, max) = (on_axis(self.min), on_axis(self.max));
        // Half of each: the whole span of f64 is no number.
        let span = max / 2.0 - min / 2.0;
        Some(if span > 0.0 { ((on_axis(x) / 2.0 - min / 2.0) / span).clamp(0.0, 1.0) } else { 0.0 })
    }
}

/// How numbers become colours.
#[derive(Debug, Clone)]
pub(in crate::io) struct Palette {
    pub(in crate::io) table: Vec<[u8; 3]>,
    pub(in crate::io) nan: [u8; 3],
    pub(in crate::io) scale: Scale,
}

impl Palette {
    pub(in crate::io) fn color(&self, x: f64) -> [u8; 3] {
        let last = self.table.len() - 1;
        self.scale.place(x).map_or(self.nan, |t| self.table[(t * last as f64).round() as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_on_scales() {
        let linear = Scale::between((-2.0, 2.0), false).unwrap();
        let places = [f64::NEG_INFINITY, -2.0, 0.0, 1.0, 9.0, f64::NAN].map(|x| linear.place(x));
        assert_eq!(places, [Some(0.0), Some(0.0), Some(0.5), Some(0.75), Some(1.0), None]);
        let log = Scale::between((1.0, 100.0), true).unwrap();
        let places = [-1.0, 0.0, 0.1, 10.0, 100.0, f64::INFINITY].map(|x| log.place(x));
        assert_eq!(places, [None, None, Some(0.0), Some(0.5), Some(1.0), Some(1.0)]);
        assert_eq!(Scale::between((f64::MIN, f64::MAX), false).unwrap().place(0.0), Some(0.5));
        let single = Scale::between((3.0, 3.0), false).unwrap();
        let places = [f64::NEG_INFINITY, 3.0, 9.0, f64::INFINITY, f64::NAN].map(|x| single.place(x));
        assert_eq!(places, [Some(0.0), Some(0.0), Some(0.0), Some(0.0), None]);
        assert_eq!(Scale::between((3.0, 3.0), true).unwrap().place(0.0), None);
        for (range, log) in [((1.0, 0.0), false), ((f64::NAN, 1.0), false), ((0.0, 1.0), true)] {
            assert!(Scale::between(range, log).unwrap_err().is_argument());
        }
    }

    #[test]
    fn scales_of_what_tasks_have() {
        for tasks in [1, 2, 3] {
            pmi::with_tasks(tasks, || {
                let of = |task: &Task, log: bool| {
                    let mine: &[f64] = match task.rank() {
                        0 => &[3.0, f64::NAN, -7.0, f64::INFINITY, 0.5],
                        1 => &[],
                        _ => &[1e300],
                    };
                    Scale::of(task, mine, log)
                };
                let max = if tasks > 2 { 1e300 } else { 3.0 };
                assert_eq!(pmi::call(of, false).unwrap(), Scale { min: -7.0, max, log: false });
                assert_eq!(pmi::call(of, true).unwrap(), Scale { min: 0.5, max, log: true });
                let none = |task: &Task, ()| Scale::of(task, &[f64::NAN], false);
                assert_eq!(pmi::call(none, ()).unwrap().place(5.0), Some(0.0));
            });
        }
    }
}
