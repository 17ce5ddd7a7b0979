//! Tables, fits and files of the command `breakdown`.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::Value as Json;
use superladder_analysis::Outcome;

use super::distributions::{self, Judged, judge};
use super::fitted::{Fitted, fitted};
use super::joint::{Joint, joint};
use super::reading::{Row, Sized};
use super::runs::run::BreakdownError;
use crate::results::write_rows;
use superladder_engine::with_error;
use superladder_study::Plan;

/// Columns of `t_E.csv`; the parameter stands in the empty place.
const HEADING: [&str; 14] = [
    "series",
    "",
    "criterion",
    "reading",
    "outcome",
    "t_E",
    "standard_error",
    "last_crossing",
    "upward",
    "downward",
    "largest_ratio",
    "window",
    "blow_up",
    "converged",
];

/// Everything that `breakdown` has found.
pub struct Report<'a> {
    /// What was asked for.
    pub plan: &'a Plan,
    /// By series, what was measured at every size.
    pub measured: Vec<Vec<Sized>>,
    /// Fits of every series, criterion and reading.
    pub fits: Vec<Fitted>,
    /// One law through the engines that agree, by criterion.
    pub joint: Vec<Joint>,
    /// Verdicts on approximate distributions.
    pub judged: Vec<Judged>,
}

impl<'a> Report<'a> {
    /// Fits what was measured.
    ///
    /// # Errors
    /// [`BreakdownError`] for options that cannot be used.
    pub fn new(plan: &'a Plan, measured: Vec<Vec<Sized>>) -> Result<Self, BreakdownError> {
        let fits = fitted(plan, &measured)?;
        let (joint, judged) = (joint(plan, &fits), judge(plan, &measured)?);
        Ok(Self { plan, measured, fits, joint, judged })
    }

    /// True when every engine's own run kept its bounds.
    pub fn converged(&self) -> bool {
        self.measured.iter().flatten().all(|s| s.broken.is_empty())
    }

    /// The study as resolved for the first engine at its first size; the other sizes differ from it by the
    /// parameter, the other engines by their options.
    pub(super) fn configuration(&self) -> Json {
        let first = self.plan.series.first().and_then(|s| Some((s, *s.values.first()?)));
        let study = first.and_then(|(series, value)| self.plan.study(series, value).ok());
        study.map_or(Json::Null, |study| study.resolved())
    }

    /// All crossings with their series.
    fn rows(&self) -> impl Iterator<Item = (&str, &Sized, &Row)> {
        let series = self.plan.series.iter().zip(&self.measured);
        series.flat_map(|(series, sizes)| {
            sizes.iter().flat_map(move |s| s.rows.iter().map(move |row| (series.label.as_str(), s, row)))
        })
    }

    /// One row a crossing: `t_E.csv`.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn write_csv(&self, writer: &mut impl Write) -> io::Result<()> {
        let heading = HEADING.map(|name| if name.is_empty() { self.plan.parameter.as_str() } else { name });
        let rows = self.rows().map(|(series, size, row)| {
            let c = &row.crossing;
            let (outcome, time) = in_words(&c.outcome);
            let optional = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
            [
                series.to_owned(),
                size.value.to_string(),
                row.criterion.clone(),
                row.reading.to_owned(),
                outcome.to_owned(),
                time.to_string(),
                optional(error(&c.outcome)),
                optional(c.last),
                c.upward.to_string(),
                c.downward.to_string(),
                c.largest.to_string(),
                optional(size.window),
                optional(c.blow_up),
                size.broken.is_empty().to_string(),
            ]
        });
        write_rows(writer, heading, rows)
    }

    /// Everything for a reader: the tables of every engine and criterion, the joint laws, the distributions.
    pub fn details(&self) -> String {
        let plan = self.plan;
        let mut text = format!(
            "{}\n\nBreakdown time t_E: the ratio of each criterion reaches {}.\n",
            plan.title, plan.threshold
        );
        for fitted in &self.fits {
            let _ =
                writeln!(text, "\n{}, criterion {} ({})", fitted.series, fitted.criterion, fitted.reading);
            let _ = writeln!(text, "  {:>10}  {:>19}  local exponent", plan.parameter, "t_E");
            let rows = self.rows().filter(|(series, _, row)| {
                *series == fitted.series && row.criterion == fitted.criterion && row.reading == fitted.reading
            });
            for (_, size, row) in rows {
                let c = &row.crossing;
                let (_, time) = in_words(&c.outcome);
                let time = match c.outcome {
                    Outcome::Crossed { standard_error: Some(e), .. } => with_error(time, e),
                    Outcome::Crossed { .. } => format!("{time:.4}"),
                    Outcome::AboveFromStart { .. } => format!("< {time:.4}"),
                    Outcome::NeverCrossed { .. } | Outcome::BlewUp { .. } => format!("> {time:.4}"),
                };
                let exponents = &fitted.report.local_exponents;
                let local = exponents.iter().find(|e| e.between[1] == size.value);
                let local = local.map_or_else(String::new, |e| format!("{:.3}", e.exponent));
                let mut notes: Vec<String> = size.broken.clone();
                if let (Some(last), Some(first)) = (c.last, c.first())
                    && !c.single()
                    && last > first
                {
                    notes.push(format!("not monotone, last crossing {last:.4}"));
                }
                notes.extend(c.blow_up.map(|t| format!("blew up at t = {t:.4}")));
                let _ = writeln!(text, "  {:>10}  {time:>19}  {local:>8}  {}", size.value, notes.join("; "));
            }
            let _ = writeln!(text, "  {}", fitted.report.summary());
        }
        self.joint.iter().for_each(|joint| text += &joint.text(&plan.parameter));
        text += &self.distributions();
        text += &self.remarks();
        text
    }

    /// When approximate distributions fail, for a reader; nothing where none is compared.
    pub fn distributions(&self) -> String {
        if self.judged.is_empty() {
            return String::new();
        }
        distributions::text(&self.judged, &self.plan.parameter, self.plan.threshold)
    }

    /// What a reader should know beside the numbers.
    pub fn remarks(&self) -> String {
        let (plan, mut text) = (self.plan, String::new());
        for (series, sizes) in plan.series.iter().zip(&self.measured) {
            for (size, warning) in sizes.iter().flat_map(|s| s.warnings.iter().map(move |w| (s.value, w))) {
                let _ =
                    writeln!(text, "\nwarning: {} at {} = {size}: {warning}", series.label, plan.parameter);
            }
        }
        if !self.converged() {
            text.push_str(
                "\nNOT CONVERGED: an engine broke its own bounds at the sizes marked in report.txt.\n",
            );
        }
        text
    }
}

/// The outcome in one word and its time or bound.
fn in_words(outcome: &Outcome) -> (&'static str, f64) {
    match *outcome {
        Outcome::Crossed { time, .. } => ("crossed", time),
        Outcome::AboveFromStart { start } => ("above-from-start", start),
        Outcome::NeverCrossed { horizon } => ("never-crossed", horizon),
        Outcome::BlewUp { known_to, time } => ("blew-up", known_to.unwrap_or(time)),
    }
}

/// Standard error of a crossing, where there is one.
fn error(outcome: &Outcome) -> Option<f64> {
    match outcome {
        Outcome::Crossed { standard_error, .. } => *standard_error,
        _ => None,
    }
}
