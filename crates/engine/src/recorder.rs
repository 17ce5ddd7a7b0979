//! The run loop and the table of records it fills.

use crate::{Engine, EngineError, Evolution, Measurement, Problem, Progress};

/// Measurements at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Time.
    pub time: f64,
    /// One measurement per observable.
    pub measurements: Vec<Measurement>,
    /// Worst value so far of every diagnostic, in the order of their names.
    pub diagnostics: Vec<(String, f64)>,
}

/// All records of a run, in order of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recorder {
    /// The records.
    pub records: Vec<Record>,
    /// True when the run was stopped before its last output time.
    pub interrupted: bool,
}

impl Recorder {
    /// Values of one column of one observable over time.
    pub fn column(&self, observable: usize, component: usize) -> Vec<f64> {
        self.records.iter().map(|r| r.measurements[observable].values[component].value).collect()
    }

    /// The times.
    pub fn times(&self) -> Vec<f64> {
        self.records.iter().map(|r| r.time).collect()
    }
}

/// Runs `engine` on `problem` through all its output times.
///
/// # Errors
/// [`EngineError`] of the engine.
pub fn run(
    engine: &dyn Engine,
    problem: &Problem,
    progress: &mut dyn Progress,
) -> Result<(Box<dyn Evolution>, Recorder), EngineError> {
    problem.validate()?;
    let mut evolution = engine.prepare(problem)?;
    let mut recorder = Recorder::default();
    let first = problem.times[0];
    let measurements = evolution.measure();
    recorder.records.push(Record {
        time: first,
        measurements,
        diagnostics: figures(evolution.diagnostics()),
    });
    let remaining = &problem.times[1..];
    if progress.reached(first).is_continue() {
        let mut record = |time: f64, measurements: Vec<Measurement>, diagnostics: &crate::Diagnostics| {
            recorder.records.push(Record { time, measurements, diagnostics: figures(diagnostics) });
            progress.reached(time)
        };
        evolution.advance(remaining, &mut record)?;
    }
    recorder.interrupted = recorder.records.len() < problem.times.len();
    Ok((evolution, recorder))
}

fn figures(diagnostics: &crate::Diagnostics) -> Vec<(String, f64)> {
    diagnostics.checks.iter().map(|(name, check)| (name.clone(), check.worst)).collect()
}
