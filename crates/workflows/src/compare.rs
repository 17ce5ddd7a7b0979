//! Several engines on one study: the same observables at the same times, and where they part.

mod picture;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use serde_json::json;
use superladder_engine::{EngineError, Problem, Recorder};
use superladder_model::Evaluation;
use superladder_study::Study;

use crate::attempt::attempt;
use crate::results::{Clock, Column, Head, OutputError, OutputFolder, columns, write_rows};

/// The run of one engine.
pub struct Ran {
    /// Name of the engine.
    pub engine: String,
    /// Its records.
    pub recorder: Recorder,
    /// Time at which it failed, and how; what was recorded before stands.
    pub failure: Option<(f64, String)>,
    /// Bounds that it broke.
    pub broken: Vec<String>,
}

/// The largest deviation of one column of one engine from the reference.
#[derive(Debug, Clone, PartialEq)]
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
}

/// Values of one column by every engine.
pub struct Overlay {
    /// Name of the column.
    pub name: String,
    /// By engine, in order; short where an engine failed.
    pub values: Vec<Vec<f64>>,
}

/// All columns of the observables by every engine. The first column, time, is left out.
pub fn overlays(problem: &Problem, runs: &[Ran]) -> Vec<Overlay> {
    let tables: Vec<_> = runs.iter().map(|run| columns(problem, &run.recorder)).collect();
    let names = tables.first().map(|t| t.iter().map(|c| c.name.clone()).collect::<Vec<_>>());
    let wanted = names.unwrap_or_default().into_iter().filter(|n| n != "t" && !n.starts_with("diagnostic."));
    let of = |name: &str, table: &[Column]| {
        table.iter().find(|c| c.name == name).map(|c| c.values.clone()).unwrap_or_default()
    };
    wanted
        .map(|name| {
            let values = tables.iter().map(|table| of(&name, table)).collect();
            Overlay { name, values }
        })
        .collect()
}

/// Largest deviations of every engine from the last one.
pub fn deviations(problem: &Problem, runs: &[Ran], overlays: &[Overlay]) -> Vec<Deviation> {
    let Some((_, others)) = runs.split_last() else { return Vec::new() };
    let mut found = Vec::new();
    for (index, run) in others.iter().enumerate() {
        for overlay in overlays {
            let reference = &overlay.values[runs.len() - 1];
            let pairs = overlay.values[index].iter().zip(reference).zip(&problem.times);
            let (mut largest, mut when) = (f64::NAN, f64::NAN);
            for ((a, b), t) in pairs {
                let difference = (a - b).abs();
                if difference.is_finite() && (largest.is_nan() || difference > largest) {
                    (largest, when) = (difference, *t);
                }
            }
            let size = reference.iter().filter(|x| x.is_finite()).fold(0.0_f64, |m, x| m.max(x.abs()));
            let relative = if size > 0.0 { largest / size } else { f64::NAN };
            let (engine, column) = (run.engine.clone(), overlay.name.clone());
            found.push(Deviation { engine, column, largest, time: when, relative });
        }
    }
    found
}

/// The table for a reader.
pub fn report(title: &str, runs: &[Ran], deviations: &[Deviation]) -> String {
    let reference = runs.last().map_or("", |run| run.engine.as_str());
    let mut text = format!("{title}\n\nLargest deviations from engine '{reference}'\n");
    let width = deviations.iter().map(|d| d.column.chars().count()).max().unwrap_or(0).max(10);
    for run in runs.iter().take(runs.len().saturating_sub(1)) {
        let _ = writeln!(text, "\n  {:<width$}  {:>12}  {:>9}  at t", run.engine, "absolute", "relative");
        for d in deviations.iter().filter(|d| d.engine == run.engine) {
            let number = |x: f64| if x.is_nan() { "undefined".to_owned() } else { format!("{x:.3e}") };
            let (absolute, relative) = (number(d.largest), number(d.relative));
            let _ = writeln!(text, "  {:<width$}  {absolute:>12}  {relative:>9}  {}", d.column, d.time);
        }
    }
    for run in runs {
        if let Some((time, reason)) = &run.failure {
            let _ = writeln!(text, "\n{} ended at t = {time}: {reason}", run.engine);
        }
        if !run.broken.is_empty() {
            let _ = writeln!(text, "\n{} is NOT CONVERGED: {}", run.engine, run.broken.join("; "));
        }
    }
    text
}

/// The problem with the observables that every engine can measure.
pub fn shared(problem: &Problem) -> Problem {
    let mut problem = problem.clone();
    problem.observables.retain(|o| matches!(o.evaluation, Evaluation::Moments { .. }));
    problem
}

/// Runs one engine; a failure on the way, such as the blow-up of a hierarchy, keeps what came before.
///
/// # Errors
/// [`EngineError`] when the engine refuses the study.
pub fn run(name: &str, study: &Study, interrupted: &AtomicBool) -> Result<Ran, EngineError> {
    let ran = attempt(study.engine().as_ref(), &shared(&study.problem), interrupted)?;
    let broken = ran.diagnostics.broken();
    Ok(Ran { engine: name.to_owned(), failure: ran.failure, broken, recorder: ran.recorder })
}

/// One row a time: the time, then every column by every engine, `column [engine]`.
fn write_csv(file: &mut impl Write, problem: &Problem, runs: &[Ran], overlays: &[Overlay]) -> io::Result<()> {
    let names = overlays.iter().flat_map(|o| runs.iter().map(|r| format!("{} [{}]", o.name, r.engine)));
    let heading = std::iter::once("t".to_owned()).chain(names);
    let row = |(row, time): (usize, &f64)| {
        let values = overlays.iter().flat_map(|o| &o.values);
        let values = values.map(move |v| v.get(row).copied().unwrap_or(f64::NAN).to_string());
        std::iter::once(time.to_string()).chain(values).collect::<Vec<_>>()
    };
    write_rows(file, heading, problem.times.iter().enumerate().map(row))
}

/// A comparison: several engines on one study, the last one the reference.
pub struct Comparison<'a> {
    /// The study as every engine reads it.
    pub studies: &'a [Study],
    /// Their runs.
    pub runs: &'a [Ran],
}

impl Comparison<'_> {
    fn study(&self) -> &Study {
        &self.studies[self.studies.len() - 1]
    }

    /// True when every engine went to its end and kept its bounds.
    pub fn converged(&self) -> bool {
        self.runs.iter().all(|run| run.broken.is_empty() && run.failure.is_none())
    }

    /// Writes table, report, picture and manifest, and puts the folder in its place; returns it and the
    /// report.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn write(&self, folder: OutputFolder, clock: &Clock) -> Result<(PathBuf, String), OutputError> {
        let (study, runs) = (self.study(), self.runs);
        let problem = shared(&study.problem);
        let overlays = overlays(&problem, runs);
        let deviations = deviations(&problem, runs, &overlays);
        let text = report(&study.title, runs, &deviations);
        let engines: Vec<String> = runs.iter().map(|r| r.engine.clone()).collect();
        folder.write("compare.csv", |file| write_csv(file, &problem, runs, &overlays))?;
        folder.write_text("report.txt", &text)?;
        let head = Head { command: "compare", study: &study.name, configuration: study.resolved(), clock };
        let broken = runs.iter().map(|r| json!({ "engine": r.engine, "broken": r.broken }));
        let manifest = head.manifest(json!({
            "converged": self.converged(),
            "engines": engines,
            "not_converged": broken.collect::<Vec<_>>(),
            "configurations": self.studies.iter().map(Study::resolved).collect::<Vec<_>>(),
        }));
        folder.write_json("manifest.json", &manifest)?;
        folder.write_text("study.toml", study.text())?;
        folder.write_picture("compare", &picture::picture(&study.title, &problem, &engines, &overlays))?;
        Ok((folder.finish()?, text))
    }
}
