//! `superladder run`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::Context;
use superladder::checkpoint::Checkpoint;
use superladder::config::Study;
use superladder::engine::{self, Engine, EngineError, Evolution, Progress, Record, Recorder};
use superladder::output::{Clock, Effort, Outcome, OutputFolder};
use superladder::samples::{self, Samples};
use superladder::trajectories::{BLOCKS, Sums};

use super::summary::summary;
use super::{BadInput, Verdict, load, placed, start_threads};
use crate::cli::Run;
use crate::progress::{Bar, Pauses};

/// Runs a study and writes its output folder.
pub(crate) fn run(arguments: &Run, out: &mut dyn Write, interrupted: &AtomicBool) -> anyhow::Result<Verdict> {
    let begun = Instant::now();
    let study = load(&arguments.study)?;
    start_threads(arguments.execution.threads)?;
    let target = arguments.output.clone().unwrap_or_else(|| default_output(&study.name));
    let path = Checkpoint::path(&target);
    let engine = engine(arguments, &study)?;
    let samples = engine.over(0..1).is_some();
    #[cfg(feature = "mpi")]
    let ranks = super::ranks::Ranks::start();
    #[cfg(feature = "mpi")]
    if let Some(ranks) = ranks.as_ref().filter(|r| !r.leads()) {
        ranks.serve(&study)?;
        return Ok(Verdict::Done);
    }
    let start = find_start(arguments, &study, &path, &target, samples)?;
    let resources = engine.resources(&study.problem).map_err(|e| placed(&study, e))?;
    if start.is_resumed() {
        OutputFolder::remove_leftovers(&target);
    }
    // What an interrupted run left is replaced by the whole.
    let folder = OutputFolder::begin(&target, arguments.force || start.is_resumed())?;
    if !start.is_resumed() {
        remove_checkpoint(&path)?;
    }
    let resumed_at = start.time();
    let pauses = Pauses {
        path: &path,
        study: &study,
        interval: Duration::from_secs_f64(arguments.checkpoint_interval),
        deadline: arguments.time_limit.map(|seconds| begun + Duration::from_secs_f64(seconds)),
        interrupted,
        samples,
    };
    let mut bar = Bar::new(pauses, resumed_at.unwrap_or(study.problem.times[0]), arguments.execution.quiet);
    let clock = Clock::start();
    #[cfg(feature = "mpi")]
    let result = match (ranks.as_ref(), start) {
        (Some(ranks), Start::Fresh) if samples => {
            ranks.evolve(engine.as_ref(), &study, None, arguments.indices.clone(), &mut bar)
        }
        (Some(ranks), Start::Samples(sums)) => {
            ranks.evolve(engine.as_ref(), &study, Some(*sums), arguments.indices.clone(), &mut bar)
        }
        (_, start) => evolve(engine.as_ref(), &study, start, &mut bar),
    };
    #[cfg(not(feature = "mpi"))]
    let result = evolve(engine.as_ref(), &study, start, &mut bar);
    let evolution_clock = clock.read();
    bar.finish();
    let (evolution, recorder) = result.map_err(|e| placed(&study, e))?;
    let outcome = Outcome {
        study: &study,
        recorder: &recorder,
        diagnostics: evolution.diagnostics(),
        statistics: evolution.statistics(),
        warnings: evolution.warnings(),
        attachments: evolution.attachments(),
        samples: samples.then(|| samples::to_bytes(&study, &evolution.save())),
        resources: &resources,
        effort: Effort::since(begun, evolution_clock, resumed_at),
    };
    outcome.write(&folder)?;
    let target = folder.finish()?;
    if !recorder.interrupted {
        remove_checkpoint(&path)?;
    }
    if !arguments.execution.quiet {
        write!(out, "{}", summary(&outcome, &target))?;
    }
    Ok(match (recorder.interrupted, outcome.converged()) {
        (true, _) => Verdict::Interrupted,
        (false, false) => Verdict::NotConverged,
        (false, true) => Verdict::Done,
    })
}

/// Where a run starts from.
enum Start {
    /// The beginning.
    Fresh,
    /// A checkpoint in time.
    Checkpoint(Checkpoint),
    /// Trajectories that are there already.
    Samples(Box<Sums>),
}

impl Start {
    fn is_resumed(&self) -> bool {
        !matches!(self, Self::Fresh)
    }

    /// Time that a checkpoint has reached.
    fn time(&self) -> Option<f64> {
        match self {
            Self::Checkpoint(c) => c.recorder.records.last().map(|r| r.time),
            Self::Fresh | Self::Samples(_) => None,
        }
    }
}

/// The engine of the study, over the indices asked for.
fn engine(arguments: &Run, study: &Study) -> Result<Box<dyn Engine>, BadInput> {
    let engine = study.engine();
    match &arguments.indices {
        None => Ok(engine),
        Some(indices) => engine.over(indices.clone()).ok_or(BadInput::Indices(engine.name())),
    }
}

fn find_start(
    arguments: &Run,
    study: &Study,
    path: &Path,
    target: &Path,
    samples: bool,
) -> anyhow::Result<Start> {
    match (path.exists(), arguments.resume) {
        // Trajectories are added to a finished run too.
        (false, true) if samples && target.join(samples::FILE).exists() => {
            kept(&target.join(samples::FILE), study)
        }
        (false, _) => Ok(Start::Fresh),
        (true, true) if samples => kept(path, study),
        (true, true) => Ok(Start::Checkpoint(Checkpoint::read(path, study)?)),
        // Removed once it is clear that the run can start.
        (true, false) if arguments.force => Ok(Start::Fresh),
        (true, false) => Err(BadInput::Checkpoint(path.display().to_string()).into()),
    }
}

/// Trajectories that a run has left. What is damaged of them is run again.
fn kept(path: &Path, study: &Study) -> anyhow::Result<Start> {
    let found = Samples::read(path)?;
    found.check(study)?;
    if !found.damaged.is_empty() {
        let (lost, kept) = (found.damaged.len(), found.sums.count());
        let words = format!(
            "warning: '{}' is damaged: {lost} of its {BLOCKS} blocks are lost and will be run again; {kept} trajectories are whole",
            found.path().display()
        );
        writeln!(std::io::stderr(), "{words}")?;
    }
    Ok(Start::Samples(Box::new(found.sums)))
}

fn remove_checkpoint(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("cannot remove the checkpoint '{}'", path.display()))
        }
        _ => Ok(()),
    }
}

/// Runs from the start or from what is there.
fn evolve(
    engine: &dyn Engine,
    study: &Study,
    start: Start,
    progress: &mut dyn Progress,
) -> Result<(Box<dyn Evolution>, Recorder), EngineError> {
    match start {
        Start::Fresh => engine::run(engine, &study.problem, progress),
        Start::Samples(sums) => go_on(engine, study, &sums, progress),
        Start::Checkpoint(Checkpoint { mut recorder, state }) => {
            let mut evolution = engine.prepare(&study.problem)?;
            evolution.restore(&state)?;
            engine::proceed(evolution.as_mut(), &mut recorder, &study.problem, progress)?;
            Ok((evolution, recorder))
        }
    }
}

/// Goes on from trajectories that are there.
pub(super) fn go_on(
    engine: &dyn Engine,
    study: &Study,
    sums: &Sums,
    progress: &mut dyn Progress,
) -> Result<(Box<dyn Evolution>, Recorder), EngineError> {
    let mut evolution = engine.prepare(&study.problem)?;
    evolution.restore(&sums.to_bytes())?;
    let first = Record {
        time: study.problem.times[0],
        measurements: evolution.measure(),
        diagnostics: engine::figures(evolution.diagnostics()),
    };
    let mut recorder = Recorder { records: vec![first], interrupted: false };
    engine::proceed(evolution.as_mut(), &mut recorder, &study.problem, progress)?;
    Ok((evolution, recorder))
}

fn default_output(name: &str) -> PathBuf {
    Path::new("out").join(name)
}
