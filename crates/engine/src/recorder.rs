//! The run loop and the table of records it fills.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::{Diagnostics, Engine, EngineError, Evolution, Listener, Measurement, Problem, Progress};

/// Measurements at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Time.
    pub time: f64,
    /// One measurement per observable.
    pub measurements: Vec<Measurement>,
    /// Worst value so far of every diagnostic, in the order of their names.
    pub diagnostics: Vec<(String, f64)>,
}

/// All records of a run, in order of time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
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
    let time = problem.times[0];
    let measurements = evolution.measure();
    recorder.records.push(Record { time, measurements, diagnostics: figures(evolution.diagnostics()) });
    if progress.reached(time).is_break() && progress.paused(evolution.as_ref(), &recorder)?.is_break() {
        recorder.interrupted = problem.times.len() > 1;
        return Ok((evolution, recorder));
    }
    proceed(evolution.as_mut(), &mut recorder, problem, progress)?;
    Ok((evolution, recorder))
}

/// Goes on with a run: from what `recorder` holds through the output times that are left.
///
/// # Errors
/// [`EngineError`] of the engine.
pub fn proceed(
    evolution: &mut dyn Evolution,
    recorder: &mut Recorder,
    problem: &Problem,
    progress: &mut dyn Progress,
) -> Result<(), EngineError> {
    recorder.interrupted = false;
    while recorder.records.len() < problem.times.len() {
        let remaining = &problem.times[recorder.records.len()..];
        evolution.advance(remaining, &mut Recording { recorder, progress })?;
        if recorder.records.len() < problem.times.len() && progress.paused(evolution, recorder)?.is_break() {
            recorder.interrupted = true;
            recorder.records.extend(evolution.preview(&problem.times[recorder.records.len()..]));
            break;
        }
    }
    if let (Some(first), Some(record)) = (evolution.first_record(), recorder.records.first_mut()) {
        *record = first;
    }
    Ok(())
}

/// Records and passes on what the engine says.
struct Recording<'a> {
    recorder: &'a mut Recorder,
    progress: &'a mut dyn Progress,
}

impl Listener for Recording<'_> {
    fn record(
        &mut self,
        time: f64,
        measurements: Vec<Measurement>,
        diagnostics: &Diagnostics,
    ) -> ControlFlow<()> {
        self.recorder.records.push(Record { time, measurements, diagnostics: figures(diagnostics) });
        self.progress.reached(time)
    }

    fn step(&mut self, time: f64) -> ControlFlow<()> {
        self.progress.reached(time)
    }

    fn status(&mut self, text: &str) {
        self.progress.status(text);
    }
}

/// The worst values of diagnostics so far, as records hold them.
pub fn figures(diagnostics: &Diagnostics) -> Vec<(String, f64)> {
    diagnostics.checks.iter().map(|(name, check)| (name.clone(), check.worst)).collect()
}
