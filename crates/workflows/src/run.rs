//! One study with its own engine: from the start or from what is there to the end, and everything that is
//! known then.
//!
//! ```text
//! Plan ── prepare ──> Prepared ── run ──> Finished ── write ──> folder
//! ```

mod error;
mod extend;
mod memory;
mod outcome;
mod panels;
mod picture;
#[cfg(feature = "mpi")]
mod ranks;
mod start;
mod summary;

use std::ops::Range;
use std::path::{Path, PathBuf};

use superladder_engine::{Engine, EngineError, Evolution, Progress, Recorder, Run};
use superladder_sampling::{Sampling, SumsFileError};
use superladder_study::Study;

pub use error::RunError;
pub use memory::in_memory;
pub use outcome::Outcome;
pub use summary::summary;

use self::start::Start;
use crate::checkpoint::Checkpoint;
use crate::reductions::{ReducedValue, reduce, replicates};
use crate::results::{Clock, OutputFolder, Spent, lock};
use crate::samples;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// The study.
    pub study: &'a Study,
    /// The output folder.
    pub output: PathBuf,
    /// Replace the output folder if it exists, and give up what an interrupted run has left.
    pub force: bool,
    /// Go on with an interrupted run, add samples to a finished one, or take one to later times.
    pub resume: bool,
    /// Indices of samples in place of all that the study asks for.
    pub indices: Option<Range<u64>>,
    /// Started when the command began.
    pub clock: Clock,
}

/// A run that can begin: nothing is in its way.
pub struct Prepared<'a> {
    study: &'a Study,
    engine: Ready,
    start: Start,
    folder: OutputFolder,
    keeper: Keeper<'a>,
    clock: Clock,
    #[cfg(feature = "mpi")]
    ranks: Option<(crate::ranks::Ranks, Option<Range<u64>>)>,
}

/// A run that has ended or was stopped.
pub struct Finished<'a> {
    ended: Ended<'a>,
    folder: OutputFolder,
    keeper: Keeper<'a>,
}

/// What a run leaves in memory.
struct Ended<'a> {
    study: &'a Study,
    evolution: Box<dyn Evolution>,
    recorder: Recorder,
    /// Why the engine could not go on; what came before stands.
    failure: Option<EngineError>,
    /// The engine samples.
    samples: bool,
    clock: Clock,
    spent: Spent,
    resumed_at: Option<f64>,
}

/// Writes checkpoints of a run.
#[derive(Debug, Clone)]
pub struct Keeper<'a> {
    study: &'a Study,
    path: PathBuf,
    /// The engine samples: what is kept are its sums.
    samples: bool,
}

impl<'a> Plan<'a> {
    /// Sees to it that the run can begin. `None` on a rank of MPI that has worked for the first one, until
    /// that needed no more.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn prepare(self) -> Result<Option<Prepared<'a>>, RunError> {
        let Self { study, output: target, force, resume, indices, clock } = self;
        let engine = Ready::new(study, indices.as_ref())?;
        let keeper =
            Keeper { study, path: Checkpoint::path(&target), samples: matches!(engine, Ready::Samples(_)) };
        #[cfg(feature = "mpi")]
        let ranks = crate::ranks::Ranks::start();
        #[cfg(feature = "mpi")]
        if let Some(ranks) = ranks.as_ref().filter(|r| !r.leads()) {
            ranks::serve(ranks, study);
            return Ok(None);
        }
        // Before anything is read that another process may write.
        let _lock = target.parent().filter(|p| p.is_dir()).map(|_| lock(&target)).transpose()?;
        let start = Start::find(study, &keeper.path, &target, keeper.samples, (resume, force))?;
        // What an interrupted run left is replaced by the whole.
        let folder =
            OutputFolder::begin(&target, force || start.is_resumed()).map_err(|e| e.resuming(resume))?;
        superladder_frame::remove_partials(&keeper.path);
        Ok(Some(Prepared {
            study,
            engine,
            start,
            folder,
            keeper,
            clock,
            #[cfg(feature = "mpi")]
            ranks: ranks.map(|ranks| (ranks, indices)),
        }))
    }
}

/// The engine of a run.
enum Ready {
    InTime(Box<dyn Engine>),
    Samples(Box<dyn Sampling>),
}

impl Ready {
    /// The engine of the study, over the indices asked for.
    fn new(study: &Study, indices: Option<&Range<u64>>) -> Result<Self, RunError> {
        match (study.engine.sampling(), indices) {
            (Some(engine), Some(indices)) => Ok(Self::Samples(engine.over(indices.clone()))),
            (Some(engine), None) => Ok(Self::Samples(engine)),
            (None, Some(_)) => Err(RunError::Indices(study.engine.name())),
            (None, None) => Ok(Self::InTime(study.engine())),
        }
    }

    fn engine(&self) -> &dyn Engine {
        match self {
            Self::InTime(engine) => engine.as_ref(),
            Self::Samples(engine) => engine.as_ref(),
        }
    }
}

impl<'a> Prepared<'a> {
    /// Time from which the run goes on, if it goes on from a checkpoint.
    pub fn resumed_at(&self) -> Option<f64> {
        self.start.time()
    }

    /// What a reader should know before time starts.
    pub fn warning(&self) -> Option<&str> {
        match &self.start {
            Start::Samples(_, warning) => warning.as_deref(),
            Start::Fresh | Start::Checkpoint(_) => None,
        }
    }

    /// Writes checkpoints of this run.
    pub fn keeper(&self) -> Keeper<'a> {
        self.keeper.clone()
    }

    /// Runs to the end, until `progress` stops it, or until the engine cannot go on.
    ///
    /// # Errors
    /// [`RunError::Engine`]; a propagation that fails on its way is told by [`Finished::write`].
    pub fn run(self, progress: &mut dyn Progress) -> Result<Finished<'a>, RunError> {
        let (resumed_at, clock, fresh) = (self.resumed_at(), Clock::start(), !self.start.is_resumed());
        // What an interrupted run left is given up once this one has begun.
        let begun = || if fresh { self.keeper.remove() } else { Ok(()) };
        #[cfg(feature = "mpi")]
        let (run, failure) = match (&self.ranks, &self.engine) {
            (Some((ranks, indices)), Ready::Samples(engine)) => {
                let sums = match self.start {
                    Start::Samples(sums, _) => Some(*sums),
                    Start::Fresh | Start::Checkpoint(_) => None,
                };
                begun()?;
                let run = ranks::evolve(ranks, engine.as_ref(), self.study, sums, indices.clone(), progress);
                (run.map_err(|e| RunError::placed(self.study, e))?, None)
            }
            _ => alone(self.start, self.engine.engine(), self.study, begun, progress)?,
        };
        #[cfg(not(feature = "mpi"))]
        let (run, failure) = alone(self.start, self.engine.engine(), self.study, begun, progress)?;
        let (evolution, recorder) = run.into_parts();
        let ended = Ended {
            study: self.study,
            evolution,
            recorder,
            failure,
            samples: self.keeper.samples,
            clock: self.clock,
            spent: clock.read(),
            resumed_at,
        };
        Ok(Finished { ended, folder: self.folder, keeper: self.keeper })
    }
}

/// Runs in this process, and says when the run has `begun`. A propagation that fails after the first output time ends the run, as far as it got;
/// samples have no records before their end.
fn alone<'p>(
    start: Start,
    engine: &dyn Engine,
    study: &'p Study,
    begun: impl FnOnce() -> Result<(), RunError>,
    progress: &mut dyn Progress,
) -> Result<(Run<'p>, Option<EngineError>), RunError> {
    let placed = |e| RunError::placed(study, e);
    let mut run = start.run(engine, &study.problem, progress.halt()).map_err(placed)?;
    begun()?;
    match run.proceed(progress) {
        Ok(()) => Ok((run, None)),
        Err(failure @ (EngineError::Propagation { .. } | EngineError::TooLong { .. }))
            if study.engine.sampling().is_none() && run.recorder().records.len() > 1 =>
        {
            Ok((run, Some(failure)))
        }
        Err(other) => Err(placed(other)),
    }
}

impl Finished<'_> {
    /// Writes the output folder, removes the checkpoint of a run that does not go on, and tells what is
    /// known and where the folder is.
    ///
    /// # Errors
    /// [`RunError`]; [`RunError::Engine`] after all this where the engine could not go on.
    pub fn write<R>(self, told: impl FnOnce(&Outcome<'_>, &Path) -> R) -> Result<R, RunError> {
        let Self { ended, folder, keeper } = self;
        let (told, failure) = ended.tell(|outcome| {
            outcome.write(&folder)?;
            let target = folder.finish()?;
            if !outcome.recorder.interrupted {
                keeper.remove()?;
            }
            Ok(told(outcome, &target))
        })?;
        failure.map_or(Ok(told), |failure| Err(RunError::Engine(failure)))
    }
}

impl Ended<'_> {
    /// Gathers everything known and hands it to `told`; with it, why the engine could not go on.
    fn tell<R>(
        self,
        told: impl FnOnce(&Outcome<'_>) -> Result<R, RunError>,
    ) -> Result<(R, Option<EngineError>), RunError> {
        let Self { study, mut evolution, recorder, failure, .. } = self;
        let samples = self.samples.then(|| evolution.save()).transpose()?;
        // A run that is to end does not begin another application.
        let speed = if recorder.interrupted { None } else { evolution.speed() };
        let ended = samples.is_none() && failure.is_none() && !recorder.interrupted;
        let outcome = Outcome {
            reductions: read_off(study, &recorder, samples.as_deref())?,
            speed,
            state: evolution.state(),
            end: Some(evolution.as_ref()).filter(|end| ended && extend::is_kept(*end)),
            command: "run",
            study,
            recorder: &recorder,
            failure: failure.as_ref().map(ToString::to_string),
            diagnostics: evolution.diagnostics(),
            statistics: evolution.statistics(),
            warnings: [evolution.warnings(), evolution.diagnostics().remarks()].concat(),
            attachments: evolution.attachments(),
            samples,
            resources: evolution.resources(),
            clock: self.clock,
            evolution: self.spent,
            cutoffs: evolution.followed_cutoffs(),
            resumed_at: self.resumed_at,
        };
        let told = told(&outcome)?;
        Ok((told, failure))
    }
}

impl Keeper<'_> {
    /// Writes a checkpoint in the place of an older one.
    ///
    /// # Errors
    /// [`EngineError::Checkpoint`]; an older one is then still whole.
    pub fn keep(&self, evolution: &dyn Evolution, recorder: &Recorder) -> Result<(), EngineError> {
        let written = if self.samples {
            samples::write(&self.path, self.study, &evolution.save()?).map_err(|e| e.to_string())
        } else {
            Checkpoint::write(&self.path, self.study, recorder, evolution).map_err(|e| e.to_string())
        };
        written.map_err(EngineError::Checkpoint)
    }

    /// The study.
    pub fn study(&self) -> &Study {
        self.study
    }

    fn remove(&self) -> Result<(), RunError> {
        match std::fs::remove_file(&self.path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(RunError::Remove { path: self.path.clone(), source })
            }
            _ => Ok(()),
        }
    }
}

/// The reductions of a study, with the errors that its sums tell.
fn read_off(
    study: &Study,
    recorder: &Recorder,
    sums: Option<&[u8]>,
) -> Result<Vec<ReducedValue>, EngineError> {
    let parts = match sums.filter(|_| !study.reductions.is_empty()) {
        Some(sums) => replicates(study, &study.problem, sums)?,
        None => Vec::new(),
    };
    Ok(reduce(&study.reductions, &study.problem, recorder, &parts))
}

/// Merges the sums of runs over different samples into the output folder `target`; with `salvage` damaged
/// blocks are left out.
///
/// # Errors
/// [`RunError`].
pub fn merge<R>(
    parts: &[PathBuf],
    salvage: bool,
    (target, force): (&Path, bool),
    told: impl FnOnce(&Outcome<'_>, &Path) -> R,
) -> Result<R, RunError> {
    let clock = Clock::start();
    let (merged, lost) = samples::merged(parts, salvage)?;
    let indices = merged.sums.indices();
    let some = indices.first().ok_or(SumsFileError::Empty)?;
    let (name, text) = merged.study();
    let study = Study::parse(&merged.path().display().to_string(), name, text, &[])?;
    // All trajectories of this engine are there already.
    let engine = study.engine.sampling();
    let engine = engine.ok_or_else(|| SumsFileError::Foreign { path: merged.path().to_owned() })?;
    let engine = engine.over(some.start..some.start + 1);
    let folder = OutputFolder::begin(target, force)?;
    let evolution_clock = Clock::start();
    let start = Start::Samples(Box::new(merged.sums), None);
    let silent = &mut superladder_engine::Silent;
    let (run, _) = alone(start, engine.as_ref(), &study, || Ok(()), silent)?;
    let (evolution, recorder) = run.into_parts();
    let samples = evolution.save()?;
    let mut warnings = [evolution.warnings(), evolution.diagnostics().remarks()].concat();
    if lost > 0 {
        warnings.push(format!("{lost} damaged blocks of trajectories were left out"));
    }
    let outcome = Outcome {
        command: "merge",
        reductions: read_off(&study, &recorder, Some(&samples))?,
        study: &study,
        recorder: &recorder,
        failure: None,
        diagnostics: evolution.diagnostics(),
        speed: None,
        state: None,
        end: None,
        statistics: evolution.statistics(),
        warnings,
        attachments: evolution.attachments(),
        samples: Some(samples),
        resources: evolution.resources(),
        clock,
        evolution: evolution_clock.read(),
        cutoffs: Vec::new(),
        resumed_at: None,
    };
    outcome.write(&folder)?;
    Ok(told(&outcome, &folder.finish()?))
}
