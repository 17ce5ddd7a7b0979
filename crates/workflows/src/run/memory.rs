//! A run that leaves no files.

use superladder_engine::Progress;
use superladder_study::Study;

use super::start::Start;
use super::{Ended, Outcome, Ready, RunError, alone};
use crate::results::Clock;

/// Runs `study` from its beginning to its end, until `progress` stops it or until the engine cannot go on, and hands
/// everything that is known then to `told`: numbers, verdict and manifest are those of the command `run`, and no file is
/// written. What an engine that could not go on has recorded stands ([`Outcome::failure`]).
///
/// # Errors
/// [`RunError`] when there is nothing to tell.
pub fn in_memory<R>(
    study: &Study,
    progress: &mut dyn Progress,
    told: impl FnOnce(&Outcome<'_>) -> R,
) -> Result<R, RunError> {
    let (clock, engine) = (Clock::start(), Ready::new(study, None)?);
    let evolution_clock = Clock::start();
    let (run, failure) = alone(Start::Fresh, engine.engine(), study, || Ok(()), progress)?;
    let (evolution, recorder) = run.into_parts();
    let samples = matches!(engine, Ready::Samples(_));
    let spent = evolution_clock.read();
    let ended = Ended { study, evolution, recorder, failure, samples, clock, spent, resumed_at: None };
    Ok(ended.tell(|outcome| Ok(told(outcome)))?.0)
}
