//! A run whose failure on the way is a result: what came before stands, with the time and the reason of the
//! end.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use superladder_engine::{
    Diagnostics, End, Engine, EngineError, Evolution, Heeding, Problem, Record, Recorder, Run,
    StationaryOptions, StationaryReport,
};
use superladder_study::Study;

use crate::reductions::{ReducedValue, reduce, replicates};

/// A run, to its end or to its failure.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// What was recorded; `interrupted` when Ctrl-C has stopped it.
    pub recorder: Recorder,
    /// Worst values and bounds of the diagnostics.
    pub diagnostics: Diagnostics,
    /// Time at which it failed, and how, for instance the blow-up of a hierarchy of moments.
    pub failure: Option<(f64, String)>,
    /// Seconds on the clock, preparation included.
    pub seconds: f64,
}

impl Attempt {
    fn interrupted(begun: Instant) -> Self {
        Self {
            recorder: Recorder { records: Vec::new(), interrupted: true },
            diagnostics: Diagnostics::default(),
            failure: None,
            seconds: begun.elapsed().as_secs_f64(),
        }
    }
}

/// Runs `engine` on `problem` until the end, a failure, or `interrupted`.
///
/// # Errors
/// [`EngineError`] when the engine refuses the problem; a failure of the propagation is a result.
pub fn attempt(
    engine: &dyn Engine,
    problem: &Problem,
    interrupted: &AtomicBool,
) -> Result<Attempt, EngineError> {
    Ok(attempt_and(engine, problem, interrupted, |_| ())?.0)
}

/// Runs the engine of `study` on `problem` as [`attempt`] does, and reads off the reductions of the study.
///
/// # Errors
/// As [`attempt`].
pub fn attempt_reduced(
    study: &Study,
    problem: &Problem,
    interrupted: &AtomicBool,
) -> Result<(Attempt, Vec<ReducedValue>), EngineError> {
    let samples = !study.reductions.is_empty() && study.engine.sampling().is_some();
    let keep = |evolution: &dyn Evolution| samples.then(|| evolution.save()).transpose();
    let (attempt, sums) = attempt_and(study.engine().as_ref(), problem, interrupted, keep)?;
    if attempt.recorder.interrupted {
        return Ok((attempt, Vec::new()));
    }
    let parts = match sums.transpose()?.flatten() {
        Some(sums) => replicates(study, problem, &sums)?,
        None => Vec::new(),
    };
    let values = reduce(&study.reductions, problem, &attempt.recorder, &parts);
    Ok((attempt, values))
}

/// [`attempt`], and what `last` makes of the evolution at its end, if there is one.
fn attempt_and<R>(
    engine: &dyn Engine,
    problem: &Problem,
    interrupted: &AtomicBool,
    last: impl FnOnce(&dyn Evolution) -> R,
) -> Result<(Attempt, Option<R>), EngineError> {
    let begun = Instant::now();
    if problem.end == End::Stationary {
        return Ok((stationary(engine, problem, interrupted, begun)?, None));
    }
    let mut run = match Run::begin_while(engine, problem, interrupted) {
        Err(EngineError::Interrupted { .. }) => {
            return Ok((Attempt::interrupted(begun), None));
        }
        run => run?,
    };
    let failure = match run.proceed(&mut Heeding(interrupted)) {
        Ok(()) => None,
        Err(EngineError::Propagation { time, source, .. }) => Some((time, source.to_string())),
        Err(other) => return Err(other),
    };
    let diagnostics = run.evolution().diagnostics().clone();
    let made = last(run.evolution());
    let (_, recorder) = run.into_parts();
    let seconds = begun.elapsed().as_secs_f64();
    Ok((Attempt { recorder, diagnostics, failure, seconds }, Some(made)))
}

/// The stationary state as one record, at the time infinity. What has no limit has failed.
fn stationary(
    engine: &dyn Engine,
    problem: &Problem,
    interrupted: &AtomicBool,
    begun: Instant,
) -> Result<Attempt, EngineError> {
    let Some(finder) = engine.as_stationary() else {
        let reason = "it has no stationary states, which `time = \"steady\"` asks for; the engines 'exact', \
                      'cumulant' and 'trajectories' have";
        return Err(EngineError::Unsupported { engine: engine.name(), reason: reason.into() });
    };
    let options = StationaryOptions { modes: 1, ..StationaryOptions::default() };
    let found = match finder.stationary(problem, &options, interrupted) {
        Err(EngineError::Interrupted { .. }) => return Ok(Attempt::interrupted(begun)),
        Err(error @ EngineError::Solution { .. }) => {
            let failure = Some((f64::INFINITY, error.to_string()));
            return Ok(Attempt { failure, recorder: Recorder::default(), ..Attempt::interrupted(begun) });
        }
        found => found?,
    };
    let broken = found.diagnostics.broken();
    let failure = found.reasons().into_iter().find(|reason| !broken.contains(reason));
    let StationaryReport { measurements, diagnostics, .. } = found;
    let record = Record { time: f64::INFINITY, measurements, diagnostics: diagnostics.row() };
    Ok(Attempt {
        recorder: Recorder { records: vec![record], interrupted: false },
        diagnostics,
        failure: failure.map(|reason| (f64::INFINITY, reason)),
        seconds: begun.elapsed().as_secs_f64(),
    })
}
