//! The run loop and the table of records it fills.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use superladder_model::{Evaluation, Shape, StateFunction, Subsystem};

use crate::{Diagnostics, Engine, EngineError, Evolution, Listener, Measurement, Problem, Progress};

/// Measurements at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Time.
    pub time: f64,
    /// One measurement per observable.
    pub measurements: Vec<Measurement>,
    /// Worst value so far of every diagnostic and present value of every figure, by name.
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
    /// Values of one column of one observable over time. Fock levels that a record does not have, since its cutoff was lower,
    /// are empty.
    pub fn column(&self, observable: usize, component: usize) -> Vec<f64> {
        let value = |r: &Record| r.measurements[observable].values.get(component).map_or(0.0, |e| e.value);
        self.records.iter().map(value).collect()
    }

    /// Fock levels per mode that the records reach: those of the problem, and more where its cutoffs were raised.
    pub fn levels(&self, problem: &Problem) -> Vec<usize> {
        let mut levels = problem.levels();
        for (index, observable) in problem.observables.iter().enumerate() {
            let longest = self.records.iter().map(|r| r.measurements[index].values.len()).max().unwrap_or(0);
            match observable.evaluation {
                Evaluation::State(StateFunction::PhotonDistribution(m)) => levels[m] = levels[m].max(longest),
                Evaluation::State(StateFunction::ReducedState(Subsystem::Mode(m))) => {
                    levels[m] = levels[m].max((longest / 2).isqrt());
                }
                _ => {}
            }
        }
        levels
    }

    /// Values of one observable in one record, on the Fock `levels` of all records.
    pub fn values(&self, problem: &Problem, levels: &[usize], record: usize, observable: usize) -> Vec<f64> {
        let values = &self.records[record].measurements[observable].values;
        let shape = problem.observables[observable].shape(problem.model(), levels);
        let found: Vec<f64> = values.iter().map(|e| e.value).collect();
        let mut padded = vec![0.0; shape.len()];
        let Shape::Matrix(rows) = shape else {
            padded[..found.len()].copy_from_slice(&found);
            return padded;
        };
        let own = (found.len() / 2).isqrt();
        for (row, target) in found.chunks_exact(2 * own.max(1)).zip(padded.chunks_exact_mut(2 * rows)) {
            target[..row.len()].copy_from_slice(row);
        }
        padded
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
    let recorder = record(evolution.as_mut(), problem, progress)?;
    Ok((evolution, recorder))
}

/// Takes a fresh `evolution` of `problem` through all its output times, for evolutions that are of use afterwards.
///
/// # Errors
/// [`EngineError`] of the engine.
pub fn record(
    evolution: &mut dyn Evolution,
    problem: &Problem,
    progress: &mut dyn Progress,
) -> Result<Recorder, EngineError> {
    let mut recorder = Recorder::default();
    let time = problem.times[0];
    let measurements = evolution.measure();
    recorder.records.push(Record { time, measurements, diagnostics: evolution.diagnostics().row() });
    if progress.reached(time).is_break() && progress.paused(evolution, &recorder)?.is_break() {
        recorder.interrupted = problem.times.len() > 1;
        return Ok(recorder);
    }
    proceed(evolution, &mut recorder, problem, progress)?;
    Ok(recorder)
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
        self.recorder.records.push(Record { time, measurements, diagnostics: diagnostics.row() });
        self.progress.reached(time)
    }

    fn step(&mut self, time: f64) -> ControlFlow<()> {
        self.progress.reached(time)
    }

    fn status(&mut self, text: &str) {
        self.progress.status(text);
    }
}

/// The worst values of diagnostics so far and present figures, as records hold them.
pub fn figures(diagnostics: &Diagnostics) -> Vec<(String, f64)> {
    diagnostics.row()
}
