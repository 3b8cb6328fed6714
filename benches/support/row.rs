//! A row of the table: what is asked for, and what came of it.

use super::{Figures, Measure, Missing, median};
use serde::Serialize;
use std::fmt::{self, Display};

/// A row to be measured: its name, its unit, which way is better, the target, and the figures it is about.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    name: String,
    unit: &'static str,
    less_is_better: bool,
    target: Option<f64>,
    ours: Option<String>,
    yardstick: Option<String>,
}

impl Row {
    /// A figure of which less is better.
    pub(crate) fn time(name: impl Into<String>, unit: &'static str) -> Self {
        Self { name: name.into(), unit, less_is_better: true, target: None, ours: None, yardstick: None }
    }

    /// A figure of which more is better.
    pub(crate) fn rate(name: impl Into<String>, unit: &'static str) -> Self {
        Self { less_is_better: false, ..Self::time(name, unit) }
    }

    /// The least ratio to be content with.
    pub(crate) fn target(self, ratio: f64) -> Self {
        Self { target: Some(ratio), ..self }
    }

    /// The name of the row's figure, where the two sides yield several.
    pub(crate) fn figure(self, name: &str) -> Self {
        Self { ours: Some(name.into()), yardstick: Some(name.into()), ..self }
    }

    /// The name of the yardstick's figure, where it differs from that of ours.
    pub(crate) fn against(self, name: &str) -> Self {
        Self { yardstick: Some(name.into()), ..self }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn finish(self, ours: &Side, yardstick: &Side) -> Finished {
        let ours = ours.median(self.ours.as_deref());
        let yardstick = match &ours {
            Ok(_) => yardstick.median(self.yardstick.as_deref()),
            Err(missing) => Err(missing.clone()),
        };
        let ratio = match (&ours, &yardstick) {
            (Ok(ours), Ok(yardstick)) if self.less_is_better => Some(yardstick / ours),
            (Ok(ours), Ok(yardstick)) => Some(ours / yardstick),
            _ => None,
        };
        let note = match (&yardstick, ratio, self.target) {
            (Err(missing), ..) => missing.to_string(),
            (Ok(_), Some(ratio), Some(target)) if ratio >= target => "met".into(),
            (Ok(_), Some(_), Some(_)) => "missed".into(),
            _ => String::new(),
        };
        Finished {
            name: self.name,
            ours: ours.ok(),
            yardstick: yardstick.ok(),
            unit: self.unit,
            ratio,
            target: self.target,
            note,
        }
    }
}

/// The runs of one side, ours or the yardstick's; the first that fails is the last.
#[derive(Default)]
pub(super) struct Side {
    runs: Vec<Figures>,
    missing: Option<Missing>,
}

impl Side {
    pub(super) fn run(&mut self, measure: &mut impl Measure) {
        if !self.is_missing() {
            match measure.measure() {
                Ok(figures) => self.runs.push(figures),
                Err(missing) => self.missing = Some(missing),
            }
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        self.missing.is_some()
    }

    fn median(&self, figure: Option<&str>) -> Result<f64, Missing> {
        if let Some(missing) = &self.missing {
            return Err(missing.clone());
        }
        Ok(median(self.runs.iter().map(|run| run.get(figure)).collect::<Result<_, _>>()?))
    }
}

/// A row of the table and of the JSON file.
#[derive(Debug, Serialize)]
pub(super) struct Finished {
    name: String,
    ours: Option<f64>,
    yardstick: Option<f64>,
    unit: &'static str,
    ratio: Option<f64>,
    target: Option<f64>,
    /// Whether the target is met, or why the row could not be measured.
    #[serde(skip)]
    note: String,
}

impl Finished {
    pub(super) const HEADER: &str = concat!(
        "name                                                     ours  yardstick  unit         ratio  target\n",
        "------------------------------------------------  ----------  ---------  -----------  -----  ------",
    );
}

impl Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: Option<f64>| value.map_or("-".into(), four_digits);
        let (ours, yardstick) = (number(self.ours), number(self.yardstick));
        let fixed = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.2}"));
        let (ratio, target) = (fixed(self.ratio), fixed(self.target));
        let Self { name, unit, note, .. } = self;
        let line = format!("{name:<48}  {ours:>10}  {yardstick:>9}  {unit:<11}  {ratio:>5}  {target:>6}  {note}");
        f.write_str(line.trim_end())
    }
}

/// A number in four significant digits.
fn four_digits(value: f64) -> String {
    let magnitude = value.abs().log10().floor();
    if (-4.0..6.0).contains(&magnitude) {
        let decimals = (3.0 - magnitude).max(0.0) as usize;
        format!("{value:.decimals$}")
    } else if value == 0.0 {
        "0".into()
    } else {
        format!("{value:.3e}")
    }
}
