//! What a run tells at its end.

use std::fmt::Write;
use std::path::Path;

use superladder_engine::{FollowedCutoff, with_error};

use super::outcome::Outcome;
use crate::reductions;
use crate::results::{columns, write_checks};

/// More rows than this are left to the table.
const MOST_ROWS: usize = 32;

/// Final values, the verdict on the diagnostics, and where the files are.
pub fn summary(outcome: &Outcome<'_>, folder: &Path) -> String {
    let mut text = String::new();
    write_all(&mut text, outcome, folder).unwrap_or_default();
    text
}

fn write_all(text: &mut String, outcome: &Outcome<'_>, folder: &Path) -> std::fmt::Result {
    let columns = columns(&outcome.study.problem, outcome.recorder);
    let last = outcome.recorder.records.last().map_or(f64::NAN, |r| r.time);
    writeln!(text, "{}\n", outcome.study.title)?;
    let error = |name: &str| {
        let column = columns.iter().find(|c| c.name.strip_suffix(".standard_error") == Some(name));
        column.and_then(|c| c.values.last().copied())
    };
    let apart =
        |name: &str| name == "t" || name.starts_with("diagnostic.") || name.ends_with(".standard_error");
    let shown = columns.iter().filter(|c| !apart(&c.name));
    let rows: Vec<_> = shown.filter_map(|c| c.values.last().map(|x| (c.name.as_str(), *x))).collect();
    let width = rows.iter().take(MOST_ROWS).map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    writeln!(text, "  {:<width$}  at t = {last}", "observable")?;
    for (name, value) in rows.iter().take(MOST_ROWS) {
        let value = match error(name) {
            _ if value.is_nan() => "undefined".to_owned(),
            Some(error) => with_error(*value, error),
            None => format!("{value:.8}"),
        };
        writeln!(text, "  {name:<width$}  {value:>15}")?;
    }
    if rows.len() > MOST_ROWS {
        writeln!(text, "  and {} more in observables.csv", rows.len() - MOST_ROWS)?;
    }
    if !outcome.reductions.is_empty() {
        write!(text, "\nreductions\n{}", reductions::text(&outcome.reductions))?;
    }
    write_checks(text, outcome.diagnostics, "worst")?;
    if let Some(speed) = outcome.speed {
        writeln!(
            text,
            "\n  |L rho| = {speed:.2e} at t = {last}: so much the state still moves per unit time"
        )?;
    }
    if !outcome.cutoffs.is_empty() {
        writeln!(text)?;
    }
    for FollowedCutoff { mode, last, largest } in &outcome.cutoffs {
        writeln!(text, "  cutoff of mode '{mode}': {last} in the end, {largest} at most")?;
    }
    for warning in outcome.study.warnings.iter().chain(&outcome.warnings) {
        writeln!(text, "\nwarning: {warning}")?;
    }
    if let Some(done) = outcome.done() {
        write!(text, "\naverages over {done} trajectories")?;
        match outcome.recorder.largest_error(&outcome.study.problem) {
            Some((name, time, error)) => {
                writeln!(text, "; largest standard error {:.2} % ({name} at t = {time})", 100.0 * error)?;
            }
            None => writeln!(text)?,
        }
    }
    if outcome.recorder.interrupted && outcome.samples.is_some() {
        writeln!(text, "\ninterrupted: {}; --resume goes on", outcome.reasons().join("; "))?;
    } else if outcome.recorder.interrupted {
        writeln!(
            text,
            "\ninterrupted: results up to t = {last} and a checkpoint were written; --resume goes on"
        )?;
    } else if outcome.converged() {
        writeln!(text, "\nconverged: every bound is kept")?;
    } else {
        writeln!(text, "\nNOT CONVERGED: {}", outcome.reasons().join("; "))?;
    }
    let unknowns = outcome.resources.unknowns;
    let unknowns = if outcome.cutoffs.is_empty() {
        format!("{unknowns} unknowns")
    } else {
        format!("{unknowns} unknowns at the start")
    };
    let (wall, threads) = (outcome.clock.read().wall_seconds, rayon::current_num_threads());
    writeln!(text, "{unknowns}, {wall:.2} s on {threads} thread(s)")?;
    writeln!(text, "results in {}", folder.display())
}
