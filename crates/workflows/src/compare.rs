//! Several engines on one study: the same observables at the same times, and where they part.

mod deviation;
mod picture;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use serde_json::json;
use superladder_engine::{End, EngineError, Problem};
use superladder_model::Evaluation;
use superladder_study::Study;

pub use self::deviation::{
    ColumnDeviation, Overlay, Ran, broken, deviations, disagreements, held, overlays, report,
};
use crate::attempt::{Attempt, attempt_reduced};
use crate::reductions::{self, HEADINGS};
use crate::results::{Arrays, Clock, Head, OutputError, OutputFolder, write_rows};
use crate::shown::write_panels;

/// The problem with the observables that every engine can measure.
pub fn shared(problem: &Problem) -> Problem {
    let mut problem = problem.clone();
    problem.observables.retain(|o| matches!(o.evaluation, Evaluation::Moments { .. }));
    problem
}

/// The times that engines are compared at; a stationary state stands at the end of all times.
fn times(problem: &Problem) -> Vec<f64> {
    if problem.end == End::Stationary { vec![f64::INFINITY] } else { problem.times.clone() }
}

/// Names of the observables that [`shared`] leaves out: functions of the whole state, which not every engine
/// has.
fn left_out(problem: &Problem) -> Vec<&str> {
    let alone = problem.observables.iter().filter(|o| !matches!(o.evaluation, Evaluation::Moments { .. }));
    alone.map(|o| o.name.as_str()).collect()
}

/// Runs one engine; a failure on the way, such as the blow-up of a hierarchy, keeps what came before.
///
/// # Errors
/// [`EngineError`] when the engine refuses the study.
pub fn run(name: &str, study: &Study, interrupted: &AtomicBool) -> Result<Ran, EngineError> {
    let (ran, reductions) = attempt_reduced(study, &shared(&study.problem), interrupted)?;
    let Attempt { recorder, diagnostics, failure, .. } = ran;
    Ok(Ran { engine: name.to_owned(), failure, diagnostics, recorder, reductions })
}

/// One row a time: the time, then every column by every engine, `column [engine]`, each with its standard
/// errors where the engine has them.
fn write_csv(file: &mut impl Write, problem: &Problem, columns: &[(String, &[f64])]) -> io::Result<()> {
    let heading = std::iter::once("t").chain(columns.iter().map(|(name, _)| name.as_str()));
    let row = |(row, time): (usize, &f64)| {
        let values = columns.iter().map(move |(_, v)| v.get(row).copied().unwrap_or(f64::NAN).to_string());
        std::iter::once(time.to_string()).chain(values).collect::<Vec<_>>()
    };
    write_rows(file, heading, times(problem).iter().enumerate().map(row))
}

/// The same as arrays of shape (T,), a real and an imaginary part as one complex number.
fn arrays(study: &Study, problem: &Problem, columns: &[(String, &[f64])]) -> Arrays {
    let (times, mut arrays) = (times(problem), Arrays::of(study));
    let length = times.len();
    let filled = |values: &[f64]| {
        let missing = std::iter::repeat_n(f64::NAN, length.saturating_sub(values.len()));
        values.iter().copied().take(length).chain(missing).collect()
    };
    arrays.real("t", &[length as u64], times);
    arrays.columns(&[length as u64], columns.iter().map(|(name, values)| (name.clone(), filled(values))));
    arrays
}

/// What the table holds besides the times.
fn columns<'a>(runs: &[Ran], overlays: &'a [Overlay]) -> Vec<(String, &'a [f64])> {
    let mut columns: Vec<(String, &[f64])> = Vec::new();
    for Overlay { name, curves } in overlays {
        for (run, curve) in runs.iter().zip(curves) {
            columns.push((format!("{name} [{}]", run.engine), &curve.values));
            let errors = curve.errors.iter();
            columns.extend(errors.map(|e| (format!("{name}.standard_error [{}]", run.engine), e.as_slice())));
        }
    }
    columns
}

/// One row an engine and reduction.
fn write_reductions(file: &mut impl Write, runs: &[Ran]) -> io::Result<()> {
    let row = |(engine, value): (&String, &reductions::ReducedValue)| {
        [vec![engine.clone(), value.name.clone()], value.cells().to_vec()].concat()
    };
    let values = runs.iter().flat_map(|run| run.reductions.iter().map(|value| (&run.engine, value)));
    write_rows(file, ["engine", "reduction"].into_iter().chain(HEADINGS), values.map(row))
}

/// A comparison: several engines on one study, the last one the reference.
pub struct Comparison<'a> {
    /// The study as every engine reads it.
    pub studies: &'a [Study],
    /// Their runs.
    pub runs: &'a [Ran],
    /// An engine disagrees where it is off by more than this part of the largest value of the reference.
    pub tolerance: f64,
}

impl Comparison<'_> {
    fn study(&self) -> &Study {
        &self.studies[self.studies.len() - 1]
    }

    /// True when every engine went to its end and kept its bounds as long as it was compared.
    pub fn converged(&self) -> bool {
        let failed = self.runs.iter().any(|run| run.failure.is_some());
        !failed && broken(self.runs).iter().all(Vec::is_empty)
    }

    /// True when every engine was compared with the reference and none disagrees. That approximations disagree is a
    /// result, and no failure.
    pub fn agreed(&self) -> bool {
        let problem = shared(&self.study().problem);
        let deviations = deviations(&times(&problem), self.runs, &overlays(&problem, self.runs));
        held(self.runs, &deviations) && disagreements(self.runs, &deviations, self.tolerance).is_empty()
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
        let deviations = deviations(&times(&problem), runs, &overlays);
        let left_out = left_out(&study.problem);
        let end = times(&problem).last().copied().unwrap_or(0.0);
        let mut text = report(&study.title, runs, (&deviations, self.tolerance), &left_out, end);
        if problem.end == End::Stationary {
            text.push_str(&deviation::values(runs, &overlays));
        }
        let engines: Vec<String> = runs.iter().map(|r| r.engine.clone()).collect();
        let columns = columns(runs, &overlays);
        folder.write("compare.csv", |file| write_csv(file, &problem, &columns))?;
        folder.write("compare.npz", |file| arrays(study, &problem, &columns).write(file))?;
        if runs.iter().any(|run| !run.reductions.is_empty()) {
            folder.write("reductions.csv", |file| write_reductions(file, runs))?;
        }
        folder.write_text("report.txt", &text)?;
        let head = Head { command: "compare", study: &study.name, configuration: study.resolved(), clock };
        let broken = runs.iter().zip(broken(runs));
        let broken = broken.map(|(run, broken)| json!({ "engine": run.engine, "broken": broken }));
        let manifest = head.manifest(json!({
            "converged": self.converged(),
            "engines": engines,
            "not_converged": broken.collect::<Vec<_>>(),
            "deviations": deviations,
            "left_out": left_out,
            "reductions": runs.iter().map(|run| json!({
                "engine": run.engine, "values": reductions::manifest(&run.reductions),
            })).collect::<Vec<_>>(),
            "disagreement_bound": self.tolerance,
            "disagreements": disagreements(runs, &deviations, self.tolerance),
            "configurations": self.studies.iter().map(Study::resolved).collect::<Vec<_>>(),
        }));
        folder.write_json("manifest.json", &manifest)?;
        folder.write_text("study.toml", study.text())?;
        // One value an engine is a table.
        if problem.end != End::Stationary {
            let panels = picture::panels(study, &engines, &overlays);
            write_panels(&folder, "compare", (&study.title, &panels), study.plot.separate)?;
        }
        Ok((folder.finish()?, text))
    }
}
