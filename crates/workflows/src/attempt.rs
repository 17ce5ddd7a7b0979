//! A run whose failure on the way is a result: what came before stands, with the time and the reason of the
//! end.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use superladder_engine::{Diagnostics, Engine, EngineError, Halt, Problem, Progress, Recorder, Run};

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

/// Runs `engine` on `problem` until the end, a failure, or `interrupted`.
///
/// # Errors
/// [`EngineError`] when the engine refuses the problem; a failure of the propagation is a result.
pub fn attempt(
    engine: &dyn Engine,
    problem: &Problem,
    interrupted: &AtomicBool,
) -> Result<Attempt, EngineError> {
    struct Heard<'a>(&'a AtomicBool);
    impl Progress for Heard<'_> {
        fn reached(&mut self, _: f64) -> ControlFlow<()> {
            if self.0.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }

        fn halt(&self) -> &dyn Halt {
            self.0
        }
    }
    let begun = Instant::now();
    let mut run = match Run::begin_while(engine, problem, interrupted) {
        Err(EngineError::Interrupted { .. }) => {
            let recorder = Recorder { records: Vec::new(), interrupted: true };
            let diagnostics = Diagnostics::default();
            return Ok(Attempt {
                recorder,
                diagnostics,
                failure: None,
                seconds: begun.elapsed().as_secs_f64(),
            });
        }
        run => run?,
    };
    let failure = match run.proceed(&mut Heard(interrupted)) {
        Ok(()) => None,
        Err(EngineError::Propagation { time, source, .. }) => Some((time, source.to_string())),
        Err(other) => return Err(other),
    };
    let diagnostics = run.evolution().diagnostics().clone();
    let (_, recorder) = run.into_parts();
    Ok(Attempt { recorder, diagnostics, failure, seconds: begun.elapsed().as_secs_f64() })
}
