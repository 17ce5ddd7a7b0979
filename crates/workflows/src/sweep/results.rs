//! Tables, words and files of a sweep.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use superladder_engine::{End, with_error};
use superladder_model::Shape;

use superladder_study::Study;

use super::{Outcome, Point, Sweep};
use crate::reductions::{HEADINGS, ReducedValue};
use crate::results::TableWriter;

/// More points than this are left to the table.
const MOST_ROWS: usize = 40;
/// More observables than this do not fit beside each other in a terminal.
const MOST_COLUMNS: usize = 6;
/// End of the name of a column of standard errors.
const ERROR: &str = ".standard_error";
/// End of the name of a column of errors that are no standard errors.
const BOUND: &str = ".error";

/// A sweep that has run.
pub struct Results<'a> {
    /// What was swept.
    pub sweep: &'a Sweep,
    /// What became of every point.
    pub outcomes: Vec<Outcome>,
    /// Points that ran at a time.
    pub workers: usize,
    /// Names of all columns that any point has.
    names: Vec<String>,
}

impl<'a> Results<'a> {
    /// Puts the outcomes of all points together.
    pub fn new(sweep: &'a Sweep, outcomes: Vec<Outcome>, workers: usize) -> Self {
        let mut names: Vec<String> = Vec::new();
        for outcome in &outcomes {
            let Outcome::Ran(kept) = outcome else { continue };
            // A column that only some points have, such as a level of a larger ladder, stands behind its
            // neighbour.
            let mut place = 0;
            for column in kept.columns.iter().filter(|c| c.name != "t") {
                let known = names.iter().position(|name| *name == column.name);
                if known.is_none() {
                    names.insert(place, column.name.clone());
                }
                place = known.unwrap_or(place) + 1;
            }
        }
        Self { sweep, outcomes, workers, names }
    }

    /// Names of all columns but `t`.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Every point with its outcome.
    pub fn points(&self) -> impl Iterator<Item = (&Point, &Outcome)> {
        self.sweep.points.iter().zip(&self.outcomes)
    }

    /// Columns with one number an output time, without the parts of distributions and without standard errors:
    /// what a picture shows.
    pub fn scalars(&self) -> Vec<String> {
        let mut parts = BTreeSet::new();
        for point in &self.sweep.points {
            let problem = &point.study.problem;
            let levels = problem.levels();
            for observable in &problem.observables {
                // By the name alone: cutoffs may rise during a run.
                if matches!(observable.shape(problem.model(), &levels), Shape::Vector(_)) {
                    parts.insert(format!("{}.", observable.name));
                }
            }
        }
        let is_part = |name: &&String| parts.iter().any(|part| name.starts_with(part));
        let is_error = |name: &&String| name.ends_with(ERROR) || name.ends_with(BOUND);
        self.names.iter().filter(|name| !is_part(name) && !is_error(name)).cloned().collect()
    }

    /// What is shown: what the table `plot` names, else the reductions, else the final values of all scalars.
    pub fn quantities(&self) -> Vec<String> {
        let Study { plot, reductions, .. } = &self.sweep.base;
        match (plot.what.is_empty(), reductions.is_empty()) {
            (false, _) => plot.what.clone(),
            (true, false) => reductions.iter().map(|entry| entry.name.clone()).collect(),
            (true, true) => self.scalars(),
        }
    }

    /// A reduction at a point, if the name is that of one.
    fn reduction<'k>(outcome: &'k Outcome, name: &str) -> Option<&'k ReducedValue> {
        let Outcome::Ran(kept) = outcome else { return None };
        kept.reductions.iter().find(|value| value.name == name)
    }

    /// A reduction, or the last value of a column, at a point; NaN where there is none.
    pub fn value(outcome: &Outcome, name: &str) -> f64 {
        Self::reduction(outcome, name).map_or_else(|| Self::last(outcome, name), |found| found.value)
    }

    /// The error of [`Results::value`]; `None` where none is known.
    pub fn error(outcome: &Outcome, name: &str) -> Option<f64> {
        let found = Self::reduction(outcome, name);
        found.map_or_else(|| Self::last_error(outcome, name), |found| found.standard_error)
    }

    /// Why a point does not count as converged; empty when it does.
    pub fn reasons(outcome: &Outcome) -> Vec<String> {
        match outcome {
            Outcome::Missing => vec!["not run".to_owned()],
            Outcome::Refused(refusal) => vec![refusal.to_string()],
            Outcome::Ran(kept) => {
                let failure = kept.failure.iter().map(|(time, why)| format!("failed at t = {time}: {why}"));
                failure.chain(kept.diagnostics.broken()).collect()
            }
        }
    }

    /// The last value of a column at a point; NaN where it has none, as after a failure.
    pub fn last(outcome: &Outcome, name: &str) -> f64 {
        let Outcome::Ran(kept) = outcome else { return f64::NAN };
        if kept.failure.is_some() {
            return f64::NAN;
        }
        let column = kept.columns.iter().find(|c| c.name == name);
        column.and_then(|c| c.values.last()).copied().unwrap_or(f64::NAN)
    }

    /// The error of [`Results::last`]; `None` where none is known.
    pub fn last_error(outcome: &Outcome, name: &str) -> Option<f64> {
        let errors = [ERROR, BOUND].map(|ending| Self::last(outcome, &format!("{name}{ending}")));
        errors.into_iter().find(|error| error.is_finite())
    }

    /// True when every point ran to its end and kept its bounds.
    pub fn converged(&self) -> bool {
        self.outcomes.iter().all(|outcome| Self::reasons(outcome).is_empty())
    }

    /// Headings of the axes; the dotted path where an observable has the same name.
    fn headings(&self) -> Vec<String> {
        let taken = |key: &str| key == "t" || key == "converged" || self.names.iter().any(|n| n == key);
        let axes = self.sweep.axes.iter();
        axes.map(|a| if taken(&a.key) { a.path.clone() } else { a.key.clone() }).collect()
    }

    /// One row a point and time: parameters, `t`, observables (empty where a point has no such column),
    /// `converged`.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn write_csv(&self, writer: &mut impl Write) -> io::Result<()> {
        let mut table = TableWriter::new(writer);
        let mut heading = self.headings();
        heading.push("t".into());
        heading.extend(self.names.iter().cloned());
        heading.push("converged".into());
        table.row(&heading)?;
        for (point, outcome) in self.points() {
            let Outcome::Ran(kept) = outcome else { continue };
            let converged = Self::reasons(outcome).is_empty().to_string();
            let column = |name: &str| kept.columns.iter().find(|c| c.name == name);
            let columns: Vec<_> =
                ["t"].into_iter().chain(self.names.iter().map(String::as_str)).map(column).collect();
            for row in 0..columns[0].map_or(0, |t| t.values.len()) {
                let mut cells: Vec<String> = point.values.iter().map(|v| v.text.clone()).collect();
                let cell = |c: Option<&crate::results::Column>| c.map(|c| format!("{:?}", c.values[row]));
                cells.extend(columns.iter().map(|c| cell(*c).unwrap_or_default()));
                cells.push(converged.clone());
                table.row(&cells)?;
            }
        }
        table.finish()
    }

    /// One row a point and reduction: parameters, name, value, error, time, error of the time, remark.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn write_reductions(&self, writer: &mut impl Write) -> io::Result<()> {
        let mut table = TableWriter::new(writer);
        let headings = ["reduction"].into_iter().chain(HEADINGS).map(str::to_owned);
        table.row(self.headings().into_iter().chain(headings))?;
        for (point, outcome) in self.points() {
            let Outcome::Ran(kept) = outcome else { continue };
            for value in &kept.reductions {
                let axes = point.values.iter().map(|v| v.text.clone());
                table.row(axes.chain([value.name.clone()]).chain(value.cells()))?;
            }
        }
        table.finish()
    }

    /// One row a point: parameters, time reached, reductions with their errors, last values, worst diagnostics, `converged`, `reason`,
    /// `seconds`.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn write_summary(&self, writer: &mut impl Write) -> io::Result<()> {
        let mut checks = BTreeSet::new();
        for outcome in &self.outcomes {
            if let Outcome::Ran(kept) = outcome {
                checks.extend(kept.diagnostics.checks.keys());
            }
        }
        let mut table = TableWriter::new(writer);
        let mut heading = self.headings();
        heading.push("t".into());
        let reductions: Vec<&str> = self.sweep.base.reductions.iter().map(|r| r.name.as_str()).collect();
        heading.extend(reductions.iter().flat_map(|name| [(*name).to_owned(), format!("{name}{ERROR}")]));
        heading.extend(self.names.iter().cloned());
        heading.extend(checks.iter().map(|name| format!("diagnostic.{name}")));
        heading.extend(["converged", "reason", "seconds"].map(str::to_owned));
        table.row(&heading)?;
        for (point, outcome) in self.points() {
            let mut cells: Vec<String> = point.values.iter().map(|v| v.text.clone()).collect();
            let kept = if let Outcome::Ran(kept) = outcome { Some(kept) } else { None };
            let value = |name: &str| {
                let column = kept.and_then(|k| k.columns.iter().find(|c| c.name == name));
                column.and_then(|c| c.values.last()).map(|x| format!("{x:?}")).unwrap_or_default()
            };
            cells.push(value("t"));
            for name in &reductions {
                let found = Self::reduction(outcome, name).map(ReducedValue::cells);
                cells.extend(found.map_or_else(Default::default, |[value, error, ..]| [value, error]));
            }
            cells.extend(self.names.iter().map(|name| value(name)));
            let worst = |name: &&String| kept.and_then(|k| k.diagnostics.checks.get(*name)).map(|c| c.worst);
            cells.extend(checks.iter().map(|name| worst(name).map(|x| format!("{x:?}")).unwrap_or_default()));
            let reasons = Self::reasons(outcome);
            cells.push(reasons.is_empty().to_string());
            cells.push(reasons.join("; "));
            cells.push(kept.map(|k| format!("{:.3}", k.seconds)).unwrap_or_default());
            table.row(&cells)?;
        }
        table.finish()
    }

    /// What is tabulated: reductions, final values, or those in the steady state where all points end there.
    pub(super) fn what(&self) -> &'static str {
        let reduced = |name: &String| self.sweep.base.reductions.iter().any(|r| r.name == *name);
        if self.quantities().iter().all(reduced) && !self.sweep.base.reductions.is_empty() {
            return "Reductions";
        }
        let steady = |point: &Point| point.study.problem.end == End::Stationary;
        if self.sweep.points.iter().all(steady) { "Steady-state values" } else { "Final values" }
    }

    /// Last values of the first observables at every point, and what did not go well.
    pub fn text(&self) -> String {
        let quantities = self.quantities();
        let shown: Vec<String> = quantities.iter().take(MOST_COLUMNS).cloned().collect();
        let mut text =
            format!("{}\n\n{} at {} points\n", self.sweep.title(), self.what(), self.outcomes.len());
        let mut rows = vec![[self.headings(), shown.clone(), vec![String::new()]].concat()];
        for (point, outcome) in self.points().take(MOST_ROWS) {
            let mut row: Vec<String> = point.values.iter().map(|v| v.text.clone()).collect();
            let number = |name: &String| match (Self::value(outcome, name), Self::error(outcome, name)) {
                (x, _) if x.is_nan() => "-".to_owned(),
                (x, Some(error)) => with_error(x, error),
                (x, None) => format!("{x:.6}"),
            };
            row.extend(shown.iter().map(number));
            row.push(if Self::reasons(outcome).is_empty() { "" } else { "NOT CONVERGED" }.to_owned());
            rows.push(row);
        }
        let widths: Vec<usize> = (0..rows[0].len())
            .map(|k| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0))
            .collect();
        for row in &rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("  {cell:>width$}"));
            let _ = writeln!(text, "{}", cells.collect::<String>().trim_end());
        }
        let is_error = |name: &&String| name.ends_with(ERROR) || name.ends_with(BOUND);
        let whole = quantities == self.scalars();
        let values =
            if whole { self.names.iter().filter(|n| !is_error(n)).count() } else { quantities.len() };
        let (more, hidden) =
            (self.outcomes.len().saturating_sub(MOST_ROWS), values.saturating_sub(shown.len()));
        for (count, what) in [(more, "points"), (hidden, "columns")] {
            if count > 0 {
                let _ = writeln!(text, "  and {count} more {what} in summary.csv");
            }
        }
        for note in &self.sweep.notes {
            let _ = writeln!(text, "\nnote: {note}");
        }
        let bad: Vec<_> = self.points().filter(|(_, o)| !Self::reasons(o).is_empty()).collect();
        let _ = match bad.len() {
            0 => writeln!(text, "\nconverged: every point ran to its end and kept its bounds"),
            n => writeln!(text, "\nNOT CONVERGED at {n} of {} points:", self.outcomes.len()),
        };
        for (point, outcome) in bad.iter().take(MOST_ROWS) {
            let _ = writeln!(text, "  {}: {}", self.sweep.words(point), Self::reasons(outcome).join("; "));
        }
        if bad.len() > MOST_ROWS {
            let _ = writeln!(text, "  and {} more in summary.csv", bad.len() - MOST_ROWS);
        }
        text
    }
}
