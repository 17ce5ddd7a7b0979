//! Where engines part: deviations of every column from the last engine, by how many standard errors, and the
//! verdict.

use std::fmt::Write as _;

use serde::Serialize;
use superladder_analysis::{Deviation, Sampled};
use superladder_engine::{Diagnostics, Problem, Recorder};

use crate::reductions::{self, ReducedValue};
use crate::results::{Column, columns};

/// The run of one engine.
pub struct Ran {
    /// Name of the engine.
    pub engine: String,
    /// Its records.
    pub recorder: Recorder,
    /// Time at which it failed, and how; what was recorded before stands.
    pub failure: Option<(f64, String)>,
    /// Worst values and bounds of the diagnostics.
    pub diagnostics: Diagnostics,
    /// Numbers read off the columns.
    pub reductions: Vec<ReducedValue>,
}

/// One column by every engine.
pub struct Overlay {
    /// Name of the column.
    pub name: String,
    /// By engine, in order.
    pub curves: Vec<Sampled>,
}

/// The largest deviation of one column of one engine from the reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnDeviation {
    /// Name of the engine.
    pub engine: String,
    /// Name of the column.
    pub column: String,
    /// How far it is off.
    #[serde(flatten)]
    pub deviation: Deviation,
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
        let curve = |table: &Vec<Column>| Sampled {
            values: of(&name, table).unwrap_or_default(),
            errors: of(&format!("{name}{ERROR}"), table),
        };
        Overlay { curves: tables.iter().map(curve).collect(), name }
    };
    wanted.map(overlay).collect()
}

/// Largest deviations of every engine from the last one, at these times.
pub fn deviations(times: &[f64], runs: &[Ran], overlays: &[Overlay]) -> Vec<ColumnDeviation> {
    /// What is smaller, beside the largest component of its observable, is rounding.
    const ROUNDING: f64 = 1e-12;
    let others = &runs[..runs.len().saturating_sub(1)];
    let observable = |name: &str| name.rsplit_once('.').map_or(name, |(observable, _)| observable).to_owned();
    let scale = |name: &str| {
        let own = overlays.iter().filter(|o| observable(&o.name) == observable(name));
        let values = own.flat_map(|o| &o.curves).flat_map(|c| &c.values).filter(|x| x.is_finite());
        values.fold(0.0, |most: f64, x| most.max(x.abs()))
    };
    let of = |(index, run): (usize, &Ran)| {
        let deviation = move |overlay: &Overlay| {
            let (engine, column) = (run.engine.clone(), overlay.name.clone());
            let mut deviation = overlay.curves[index].deviation(overlay.curves.last()?, times);
            if deviation.largest <= ROUNDING * scale(&overlay.name) {
                deviation.relative = 0.0;
            }
            Some(ColumnDeviation { engine, column, deviation })
        };
        overlays.iter().filter_map(deviation).collect::<Vec<_>>()
    };
    others.iter().enumerate().flat_map(of).collect()
}

/// For every engine that disagrees with the last one beyond `tolerance`, in words, beyond what.
pub fn disagreements(runs: &[Ran], deviations: &[ColumnDeviation], tolerance: f64) -> Vec<String> {
    let Some((reference, others)) = runs.split_last() else { return Vec::new() };
    let words = |run: &Ran| {
        let own = deviations.iter().filter(|d| d.engine == run.engine && d.deviation.disagrees(tolerance));
        // Where the reference is zero there is no relative deviation.
        let size =
            |d: &ColumnDeviation| if d.deviation.relative.is_nan() { 0.0 } else { d.deviation.relative };
        let worst = own.max_by(|a, b| size(a).total_cmp(&size(b)))?;
        let ColumnDeviation { engine, column, deviation } = worst;
        let Deviation { largest, time, relative, standard_errors } = deviation;
        let sigmas = standard_errors.map_or_else(String::new, |s| format!(", {s:.1} standard errors"));
        let reference = &reference.engine;
        if relative.is_nan() {
            return Some(format!(
                "{engine} disagrees with {reference}: {column}, which is zero there, by {largest:.3e} at t = {time}{sigmas}"
            ));
        }
        let (bound, off) = (percent(tolerance), percent(*relative));
        Some(format!(
            "{engine} disagrees with {reference} beyond {bound} of the largest value: {column} by {largest:.3e} ({off}{sigmas}) at t = {time}"
        ))
    };
    others.iter().filter_map(words).collect()
}

/// Whether every engine has a value where the last one has one.
pub fn held(runs: &[Ran], deviations: &[ColumnDeviation]) -> bool {
    runs.iter().take(runs.len().saturating_sub(1)).all(|run| compared(run, deviations))
}

fn compared(run: &Ran, deviations: &[ColumnDeviation]) -> bool {
    deviations.iter().any(|d| d.engine == run.engine && !d.deviation.largest.is_nan())
}

/// What was compared less than asked for: engines without a value where the last one has one, and those that were
/// compared for a part of the time only, which ends at `end`.
fn short(runs: &[Ran], deviations: &[ColumnDeviation], end: f64) -> Vec<String> {
    let Some((reference, others)) = runs.split_last() else { return Vec::new() };
    let words = |run: &Ran| {
        let (engine, reference) = (&run.engine, &reference.engine);
        if !compared(run, deviations) {
            return Some(format!(
                "{engine} was NOT COMPARED with {reference}: there is no time at which both have a value"
            ));
        }
        let until = last(run).min(last(runs.last()?));
        (until < end)
            .then(|| format!("{engine} was compared with {reference} until t = {until} of {end} only"))
    };
    others.iter().filter_map(words).collect()
}

/// The last time that was recorded.
fn last(run: &Ran) -> f64 {
    run.recorder.records.last().map_or(f64::NEG_INFINITY, |record| record.time)
}

/// A fraction in per cent, two digits of small ones.
fn percent(fraction: f64) -> String {
    let per_cent = 100.0 * fraction;
    if per_cent >= 1.0 { format!("{per_cent:.0} %") } else { format!("{per_cent:.1e} %") }
}

/// The bounds that every engine broke while it was compared: until it, or all that it was compared with,
/// ended.
pub fn broken(runs: &[Ran]) -> Vec<Vec<String>> {
    let Some((reference, others)) = runs.split_last() else { return Vec::new() };
    let longest = others.iter().map(last).fold(f64::NEG_INFINITY, f64::max);
    let used = |run: &Ran| last(run).min(last(reference));
    let mut broken: Vec<_> = others.iter().map(|run| run.diagnostics.broken_until(used(run))).collect();
    broken.push(reference.diagnostics.broken_until(if others.is_empty() { f64::INFINITY } else { longest }));
    broken
}

/// Every column by every engine, where there is one value of each.
pub(super) fn values(runs: &[Ran], overlays: &[Overlay]) -> String {
    let width = overlays.iter().map(|o| o.name.chars().count()).max().unwrap_or(0);
    let cell = |words: String| format!("  {words:>16}");
    let heading: String = runs.iter().map(|run| cell(run.engine.clone())).collect();
    let mut text = format!("\nSteady state\n  {:<width$}{heading}\n", "");
    for Overlay { name, curves } in overlays {
        let value = |values: &[f64]| values.first().map_or("unknown".to_owned(), |x| format!("{x:.10}"));
        let row: String = curves.iter().map(|curve| cell(value(&curve.values))).collect();
        let _ = writeln!(text, "  {name:<width$}{row}");
    }
    text
}

/// The table for a reader, of a comparison that was to go to the time `end`.
pub fn report(
    title: &str,
    runs: &[Ran],
    (deviations, tolerance): (&[ColumnDeviation], f64),
    left_out: &[&str],
    end: f64,
) -> String {
    let reference = runs.last().map_or("", |run| run.engine.as_str());
    let mut text = format!("{title}\n\nLargest deviations from engine '{reference}'\n");
    let width = deviations.iter().map(|d| d.column.chars().count()).max().unwrap_or(0).max(10);
    let number = |x: f64| if x.is_nan() { "undefined".to_owned() } else { format!("{x:.3e}") };
    for run in runs.iter().take(runs.len().saturating_sub(1)) {
        let own: Vec<_> = deviations.iter().filter(|d| d.engine == run.engine).collect();
        let sampled = own.iter().any(|d| d.deviation.standard_errors.is_some());
        let heading = if sampled { "  standard errors" } else { "" };
        let engine = &run.engine;
        let _ = writeln!(text, "\n  {engine:<width$}  {:>12}  {:>9}{heading}  at t", "absolute", "relative");
        for d in own {
            let Deviation { largest, time, relative, standard_errors } = d.deviation;
            let (absolute, relative) = (number(largest), number(relative));
            let sigmas = standard_errors.map_or_else(String::new, |s| format!("  {s:>15.1}"));
            let _ = writeln!(text, "  {:<width$}  {absolute:>12}  {relative:>9}{sigmas}  {time}", d.column);
        }
    }
    for run in runs.iter().filter(|run| !run.reductions.is_empty()) {
        let _ = write!(text, "\nreductions by {}\n{}", run.engine, reductions::text(&run.reductions));
    }
    if !left_out.is_empty() {
        let names = left_out.join(", ");
        let _ = writeln!(text, "\nnot compared, since not every engine has the whole state: {names}");
    }
    let disagreements = disagreements(runs, deviations, tolerance);
    for words in short(runs, deviations, end) {
        let _ = writeln!(text, "\n{words}");
    }
    if disagreements.is_empty() && runs.len() > 1 && held(runs, deviations) {
        let bound = percent(tolerance);
        let _ = writeln!(text, "\nno engine disagrees with {reference} beyond {bound} of the largest value");
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

#[cfg(test)]
mod tests {
    use superladder_engine::Record;

    use super::*;

    fn ran(engine: &str, times: &[f64]) -> Ran {
        let record = |time: &f64| Record { time: *time, measurements: Vec::new(), diagnostics: Vec::new() };
        let recorder = Recorder { records: times.iter().map(record).collect(), interrupted: false };
        let (engine, diagnostics) = (engine.into(), Diagnostics::default());
        Ran { engine, recorder, failure: None, diagnostics, reductions: Vec::new() }
    }

    fn overlay(values: [&[f64]; 2]) -> [Overlay; 1] {
        let curves = values.map(|values| Sampled { values: values.to_vec(), errors: None }).into();
        [Overlay { name: "photons(a)".into(), curves }]
    }

    #[test]
    fn nothing_compared_is_no_agreement() {
        let runs = [ran("cumulant", &[0.0, 1.0]), ran("exact", &[])];
        let deviations = deviations(&[0.0, 1.0], &runs, &overlay([&[1.0, 2.0], &[]]));
        assert!(!held(&runs, &deviations));
        let text = report("title", &runs, (&deviations, 0.1), &[], 1.0);
        assert!(text.contains("cumulant was NOT COMPARED with exact"), "{text}");
        assert!(!text.contains("no engine disagrees"), "{text}");
    }

    #[test]
    fn what_was_compared_in_part_says_until_when() {
        let runs = [ran("cumulant", &[0.0, 1.0]), ran("exact", &[0.0])];
        let deviations = deviations(&[0.0, 1.0], &runs, &overlay([&[1.0, 2.0], &[1.0]]));
        assert!(held(&runs, &deviations));
        let text = report("title", &runs, (&deviations, 0.1), &[], 1.0);
        assert!(text.contains("was compared with exact until t = 0 of 1 only"), "{text}");
        assert!(text.contains("no engine disagrees"), "{text}");
    }
}
