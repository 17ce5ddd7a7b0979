//! `superladder run`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::Context;
use superladder::checkpoint::Checkpoint;
use superladder::config::Study;
use superladder::engine::{self, EngineError, Evolution, Progress, Recorder};
use superladder::output::{Clock, Effort, Outcome, OutputFolder};

use super::summary::summary;
use super::{BadInput, Verdict, load, placed, start_threads};
use crate::cli::Run;
use crate::progress::{Bar, Pauses};

/// Runs a study and writes its output folder.
pub(crate) fn run(arguments: &Run, out: &mut dyn Write, interrupted: &AtomicBool) -> anyhow::Result<Verdict> {
    let begun = Instant::now();
    let study = load(&arguments.study)?;
    start_threads(arguments.threads)?;
    let target = arguments.output.clone().unwrap_or_else(|| default_output(&study.name));
    let path = Checkpoint::path(&target);
    let checkpoint = find_checkpoint(arguments, &study, &path)?;
    let engine = study.engine();
    let resources = engine.resources(&study.problem).map_err(|e| placed(&study, e))?;
    if checkpoint.is_some() {
        OutputFolder::remove_leftovers(&target);
    }
    // What an interrupted run left is replaced by the whole.
    let folder = OutputFolder::begin(&target, arguments.force || checkpoint.is_some())?;
    if checkpoint.is_none() {
        remove_checkpoint(&path)?;
    }
    let resumed_at = checkpoint.as_ref().and_then(|c| c.recorder.records.last()).map(|r| r.time);
    let pauses = Pauses {
        path: &path,
        study: &study,
        interval: Duration::from_secs_f64(arguments.checkpoint_interval),
        deadline: arguments.time_limit.map(|seconds| begun + Duration::from_secs_f64(seconds)),
        interrupted,
    };
    let mut bar = Bar::new(pauses, resumed_at.unwrap_or(study.problem.times[0]), arguments.quiet);
    let clock = Clock::start();
    let result = evolve(engine.as_ref(), &study, checkpoint, &mut bar);
    let evolution_clock = clock.read();
    bar.finish();
    let (evolution, recorder) = result.map_err(|e| placed(&study, e))?;
    let outcome = Outcome {
        study: &study,
        recorder: &recorder,
        diagnostics: evolution.diagnostics(),
        statistics: evolution.statistics(),
        resources: &resources,
        effort: Effort::since(begun, evolution_clock, resumed_at),
    };
    outcome.write(&folder)?;
    let target = folder.finish()?;
    if !recorder.interrupted {
        remove_checkpoint(&path)?;
    }
    if !arguments.quiet {
        write!(out, "{}", summary(&outcome, &target))?;
    }
    Ok(match (recorder.interrupted, outcome.converged()) {
        (true, _) => Verdict::Interrupted,
        (false, false) => Verdict::NotConverged,
        (false, true) => Verdict::Done,
    })
}

/// The checkpoint to go on from, if there is one and it is wanted.
fn find_checkpoint(arguments: &Run, study: &Study, path: &Path) -> anyhow::Result<Option<Checkpoint>> {
    match (path.exists(), arguments.resume) {
        (false, _) => Ok(None),
        (true, true) => Ok(Some(Checkpoint::read(path, study)?)),
        // Removed once it is clear that the run can start.
        (true, false) if arguments.force => Ok(None),
        (true, false) => Err(BadInput::Checkpoint(path.display().to_string()).into()),
    }
}

fn remove_checkpoint(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("cannot remove the checkpoint '{}'", path.display()))
        }
        _ => Ok(()),
    }
}

/// Runs from the start or from a checkpoint.
fn evolve(
    engine: &dyn engine::Engine,
    study: &Study,
    checkpoint: Option<Checkpoint>,
    progress: &mut dyn Progress,
) -> Result<(Box<dyn Evolution>, Recorder), EngineError> {
    let Some(Checkpoint { mut recorder, state }) = checkpoint else {
        return engine::run(engine, &study.problem, progress);
    };
    let mut evolution = engine.prepare(&study.problem)?;
    evolution.restore(&state)?;
    engine::proceed(evolution.as_mut(), &mut recorder, &study.problem, progress)?;
    Ok((evolution, recorder))
}

fn default_output(name: &str) -> PathBuf {
    Path::new("out").join(name)
}
