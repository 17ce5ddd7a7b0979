//! The run loop: an evolution through all output times of a problem, and the records on the way.

use std::ops::ControlFlow;

use crate::{
    Concluded, Diagnostics, Engine, EngineError, Evolution, Halt, Heeding, Listener, Measurement, Never,
    Problem, Progress, Record, Recorder, available_memory, check_memory, memory_of_records,
};

/// A problem on its way through its output times, with what was recorded so far.
///
/// ```text
/// begin, or resume from a checkpoint ── proceed ──> paused and ended by Progress, failed, or at the end
/// ```
/// What was recorded stands whatever became of the run: [`Run::recorder`] after an error of [`Run::proceed`]
/// is the partial result.
pub struct Run<'a> {
    problem: &'a Problem,
    evolution: Box<dyn Evolution>,
    recorder: Recorder,
    /// The first output time has still to be told.
    fresh: bool,
}

impl<'a> Run<'a> {
    /// Prepares `problem` and records the first output time.
    ///
    /// # Errors
    /// [`EngineError`] when the problem is not well posed or the engine refuses it.
    pub fn begin(engine: &dyn Engine, problem: &'a Problem) -> Result<Self, EngineError> {
        Self::begin_while(engine, problem, &Never)
    }

    /// [`Run::begin`] that `halt` may end while the engine is prepared.
    ///
    /// # Errors
    /// As [`Run::begin`]; [`EngineError::Interrupted`].
    pub fn begin_while(
        engine: &dyn Engine,
        problem: &'a Problem,
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        problem.validate()?;
        // Engines count what else they need.
        check_memory(engine.name(), memory_of_records(problem), available_memory(), 0)?;
        Ok(Self::of(engine.prepare_while(problem, halt)?, problem))
    }

    /// Prepares `problem` and goes on from `state`, what [`Evolution::save`] gave, and the records made until
    /// then. With no records, as engines that sample need none, the first output time is recorded.
    ///
    /// # Errors
    /// As [`Run::begin`]; [`EngineError::Checkpoint`] when the state does not belong to the problem.
    pub fn resume(
        engine: &dyn Engine,
        problem: &'a Problem,
        recorder: Recorder,
        state: &[u8],
    ) -> Result<Self, EngineError> {
        Self::resume_while(engine, problem, recorder, state, &Never)
    }

    /// [`Run::resume`] that `halt` may end while the engine is prepared.
    ///
    /// # Errors
    /// As [`Run::resume`]; [`EngineError::Interrupted`].
    pub fn resume_while(
        engine: &dyn Engine,
        problem: &'a Problem,
        recorder: Recorder,
        state: &[u8],
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        let mut evolution = engine.prepare_while(problem, halt)?;
        evolution.restore(state)?;
        if recorder.records.is_empty() {
            return Ok(Self { fresh: false, ..Self::of(evolution, problem) });
        }
        Ok(Self { problem, evolution, recorder, fresh: false })
    }

    /// The run of an evolution that stands at the first output time of its problem.
    pub fn of(mut evolution: Box<dyn Evolution>, problem: &'a Problem) -> Self {
        let recorder = begun(evolution.as_mut(), problem);
        Self { problem, evolution, recorder, fresh: true }
    }

    /// Goes through the output times that are left, until `progress` ends the run.
    ///
    /// # Errors
    /// [`EngineError`] of the engine, or of `progress` when it could not write a checkpoint.
    pub fn proceed(&mut self, progress: &mut dyn Progress) -> Result<(), EngineError> {
        let fresh = std::mem::take(&mut self.fresh);
        proceed(self.evolution.as_mut(), &mut self.recorder, self.problem, progress, fresh)
    }

    /// Ends the run where it is. Of engines that sample, what is known of later times is recorded.
    pub fn stop(&mut self) {
        stop(self.evolution.as_mut(), &mut self.recorder, self.problem);
    }

    /// The evolution where it is.
    pub fn evolution(&self) -> &dyn Evolution {
        self.evolution.as_ref()
    }

    /// The records so far.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// The evolution and the records.
    pub fn into_parts(self) -> (Box<dyn Evolution>, Recorder) {
        (self.evolution, self.recorder)
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
    let mut run = Run::begin(engine, problem)?;
    run.proceed(progress)?;
    Ok(run.into_parts())
}

/// Runs `engine` on `problem` through all its output times, unless `halt` ends that.
///
/// # Errors
/// [`EngineError`] of the engine; [`EngineError::Interrupted`].
pub fn run_while(
    engine: &dyn Engine,
    problem: &Problem,
    halt: &dyn Halt,
) -> Result<(Box<dyn Evolution>, Recorder), EngineError> {
    let mut run = Run::begin_while(engine, problem, halt)?;
    run.proceed(&mut Heeding(halt))?;
    let parts = run.into_parts();
    if parts.1.interrupted { Err(EngineError::Interrupted { engine: engine.name() }) } else { Ok(parts) }
}

/// Takes a fresh `evolution` of `problem` through all its output times, for evolutions that are of use
/// afterwards.
///
/// # Errors
/// [`EngineError`] of the engine.
pub fn record(
    evolution: &mut dyn Evolution,
    problem: &Problem,
    progress: &mut dyn Progress,
) -> Result<Recorder, EngineError> {
    let mut recorder = begun(evolution, problem);
    proceed(evolution, &mut recorder, problem, progress, true)?;
    Ok(recorder)
}

/// The record at the first output time.
fn begun(evolution: &mut dyn Evolution, problem: &Problem) -> Recorder {
    let (time, measurements) = (problem.times[0], evolution.measure());
    let first = Record { time, measurements, diagnostics: evolution.diagnostics().row() };
    Recorder { records: vec![first], interrupted: false }
}

/// Goes on through the output times that are left; a `fresh` run tells its first one.
fn proceed(
    evolution: &mut dyn Evolution,
    recorder: &mut Recorder,
    problem: &Problem,
    progress: &mut dyn Progress,
    fresh: bool,
) -> Result<(), EngineError> {
    recorder.interrupted = false;
    let times = &problem.times;
    let pauses = fresh && progress.reached(times[0]).is_break();
    if pauses && progress.paused(evolution, recorder)?.is_break() {
        stop(evolution, recorder, problem);
        return Ok(());
    }
    while recorder.records.len() < times.len() {
        let remaining = &times[recorder.records.len()..];
        evolution.advance(remaining, &mut Recording { recorder, progress })?;
        if recorder.records.len() < times.len() && progress.paused(evolution, recorder)?.is_break() {
            stop(evolution, recorder, problem);
            return Ok(());
        }
    }
    conclude(evolution, recorder, problem);
    Ok(())
}

fn stop(evolution: &mut dyn Evolution, recorder: &mut Recorder, problem: &Problem) {
    recorder.interrupted = recorder.records.len() < problem.times.len();
    conclude(evolution, recorder, problem);
}

/// Takes in what is known only when the run ends.
fn conclude(evolution: &mut dyn Evolution, recorder: &mut Recorder, problem: &Problem) {
    let left = &problem.times[recorder.records.len()..];
    if let Some(Concluded { first, later }) = evolution.concluded(left) {
        recorder.records[0] = first;
        recorder.records.extend(later);
    }
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

    fn halt(&self) -> &dyn Halt {
        self.progress.halt()
    }

    fn status(&mut self, text: &str) {
        self.progress.status(text);
    }
}
