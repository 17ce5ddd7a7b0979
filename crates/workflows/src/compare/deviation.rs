//! Where engines part: deviations of every column from the last engine, by how many standard errors, and the
//! verdict.

use std::fmt::Write as _;

use serde::Serialize;
use superladder_engine::Problem;

use super::Ran;
use crate::results::{Column, columns};

/// An engine disagrees with the reference where a column is off by more than this part of the largest value
/// of the reference ...
pub const DISAGREEMENT: f64 = 0.1;
/// ... and, where a side samples, by more than so many standard errors.
const SIGNIFICANT: f64 = 4.0;

/// One column of one engine.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// By output time; short where the engine failed.
    pub values: Vec<f64>,
    /// Their standard errors, of an engine that samples.
    pub errors: Option<Vec<f64>>,
}

/// One column by every engine.
pub struct Overlay {
    /// Name of the column.
    pub name: String,
    /// By engine, in order.
    pub curves: Vec<Curve>,
}

/// The largest deviation of one column of one engine from the reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deviation {
    /// Name of the engine.
    pub engine: String,
    /// Name of the column.
    pub column: String,
    /// Largest absolute difference.
    pub largest: f64,
    /// When.
    pub time: f64,
    /// The difference relative to the largest value of the reference; NaN if that is zero.
    pub relative: f64,
    /// The difference then in standard errors of both engines together, where one of them samples.
    pub standard_errors: Option<f64>,
}

/// All columns of the observables by every engine. The first column, time, is left out.
pub fn overlays(problem: &Problem, runs: &[Ran]) -> Vec<Overlay> {
    const ERROR: &str = ".standard_error";
    let tables: Vec<_> = runs.iter().map(|run| columns(problem, &run.recorder)).collect();
    let names = tables.first().map(|t| t.iter().map(|c| c.name.clone()).collect::<Vec<_>>());
    let apart = |name: &str| name == "t" || name.starts_with("diagnostic.") || name.ends_with(ERROR);
    let of = |name: &str, table: &[Column]| table.iter().find(|c| c.name == name).map(|c| c.values.clone());
    let wanted = names.unwrap_or_default().into_iter().filter(|name| !apart(name));
    let overlay = |name: String| {
        let curve = |table: &Vec<Column>| Curve {
            values: of(&name, table).unwrap_or_default(),
            errors: of(&format!("{name}{ERROR}"), table),
        };
        Overlay { curves: tables.iter().map(curve).collect(), name }
    };
    wanted.map(overlay).collect()
}

/// Largest deviations of every engine from the last one.
pub fn deviations(problem: &Problem, runs: &[Ran], overlays: &[Overlay]) -> Vec<Deviation> {
    let others = &runs[..runs.len().saturating_sub(1)];
    let of = |(index, run): (usize, &Ran)| {
        let deviation = move |overlay: &Overlay| {
            let (engine, column) = (run.engine.clone(), overlay.name.clone());
            let reference = overlay.curves.last()?;
            Some(Deviation { engine, column, ..overlay.curves[index].deviation(reference, &problem.times) })
        };
        overlays.iter().filter_map(deviation).collect::<Vec<_>>()
    };
    others.iter().enumerate().flat_map(of).collect()
}

impl Curve {
    /// The largest deviation from `reference`, not yet named.
    fn deviation(&self, reference: &Self, times: &[f64]) -> Deviation {
        let differences = self.values.iter().zip(&reference.values).map(|(a, b)| (a - b).abs()).enumerate();
        let finite = differences.filter(|(_, difference)| difference.is_finite());
        let largest = finite.fold(None, |most: Option<(usize, f64)>, (row, difference)| match most {
            Some((_, known)) if known >= difference => most,
            _ => Some((row, difference)),
        });
        let size = reference.values.iter().filter(|x| x.is_finite()).fold(0.0_f64, |m, x| m.max(x.abs()));
        let (engine, column) = (String::new(), String::new());
        let Some((row, largest)) = largest else {
            let (largest, time, relative) = (f64::NAN, f64::NAN, f64::NAN);
            return Deviation { engine, column, largest, time, relative, standard_errors: None };
        };
        let relative = if size > 0.0 { largest / size } else { f64::NAN };
        let error = |curve: &Self| curve.errors.as_ref().map(|e| e.get(row).copied().unwrap_or(f64::NAN));
        let errors = [error(self), error(reference)];
        let both = errors.iter().flatten().fold(0.0_f64, |sum, e| sum.hypot(*e));
        let standard_errors = errors.iter().any(Option::is_some).then_some(largest / both);
        Deviation { engine, column, largest, time: times[row], relative, standard_errors }
    }
}

impl Deviation {
    /// Beyond [`DISAGREEMENT`], and no matter of chance.
    fn disagrees(&self) -> bool {
        // An error that is not a number excuses nothing.
        let chance = self.standard_errors.is_some_and(|sigmas| sigmas <= SIGNIFICANT);
        self.relative > DISAGREEMENT && !chance
    }
}

/// For every engine that disagrees with the last one, in words, beyond what.
pub fn disagreements(runs: &[Ran], deviations: &[Deviation]) -> Vec<String> {
    let Some((reference, others)) = runs.split_last() else { return Vec::new() };
    let words = |run: &Ran| {
        let own = deviations.iter().filter(|d| d.engine == run.engine && d.disagrees());
        let worst = own.max_by(|a, b| a.relative.total_cmp(&b.relative))?;
        let Deviation { engine, column, largest, time, relative, standard_errors } = worst;
        let sigmas = standard_errors.map_or_else(String::new, |s| format!(", {s:.1} standard errors"));
        Some(format!(
            "{engine} disagrees with {} beyond {:.0} % of the largest value: {column} by {largest:.3e} ({:.0} %{sigmas}) at t = {time}",
            reference.engine,
            100.0 * DISAGREEMENT,
            100.0 * relative
        ))
    };
    others.iter().filter_map(words).collect()
}

/// The bounds that every engine broke while it was compared: until it, or all that it was compared with,
/// ended.
pub fn broken(runs: &[Ran]) -> Vec<Vec<String>> {
    let end = |run: &Ran| run.recorder.records.last().map_or(f64::NEG_INFINITY, |r| r.time);
    let Some((reference, others)) = runs.split_last() else { return Vec::new() };
    let longest = others.iter().map(end).fold(f64::NEG_INFINITY, f64::max);
    let used = |run: &Ran| end(run).min(end(reference));
    let mut broken: Vec<_> = others.iter().map(|run| run.diagnostics.broken_until(used(run))).collect();
    broken.push(reference.diagnostics.broken_until(if others.is_empty() { f64::INFINITY } else { longest }));
    broken
}

/// The table for a reader.
pub fn report(title: &str, runs: &[Ran], deviations: &[Deviation]) -> String {
    let reference = runs.last().map_or("", |run| run.engine.as_str());
    let mut text = format!("{title}\n\nLargest deviations from engine '{reference}'\n");
    let width = deviations.iter().map(|d| d.column.chars().count()).max().unwrap_or(0).max(10);
    let number = |x: f64| if x.is_nan() { "undefined".to_owned() } else { format!("{x:.3e}") };
    for run in runs.iter().take(runs.len().saturating_sub(1)) {
        let own: Vec<_> = deviations.iter().filter(|d| d.engine == run.engine).collect();
        let sampled = own.iter().any(|d| d.standard_errors.is_some());
        let heading = if sampled { "  standard errors" } else { "" };
        let engine = &run.engine;
        let _ = writeln!(text, "\n  {engine:<width$}  {:>12}  {:>9}{heading}  at t", "absolute", "relative");
        for d in own {
            let (absolute, relative) = (number(d.largest), number(d.relative));
            let sigmas = d.standard_errors.map_or_else(String::new, |s| format!("  {s:>15.1}"));
            let _ =
                writeln!(text, "  {:<width$}  {absolute:>12}  {relative:>9}{sigmas}  {}", d.column, d.time);
        }
    }
    let disagreements = disagreements(runs, deviations);
    if disagreements.is_empty() && runs.len() > 1 {
        let percent = 100.0 * DISAGREEMENT;
        let _ = writeln!(
            text,
            "\nno engine disagrees with {reference} beyond {percent:.0} % of the largest value"
        );
    }
    for words in disagreements {
        let _ = writeln!(text, "\n{words}");
    }
    for (run, broken) in runs.iter().zip(broken(runs)) {
        if let Some((time, reason)) = &run.failure {
            let _ = writeln!(text, "\n{} ended at t = {time}: {reason}", run.engine);
        }
        if !broken.is_empty() {
            let _ = writeln!(text, "\n{} is NOT CONVERGED: {}", run.engine, broken.join("; "));
        }
    }
    text
}
