//! Where a run starts from: the beginning, a checkpoint, or samples that are there already.

use std::path::Path;

use superladder_engine::{Engine, EngineError, Halt, Problem, Recorder, Run};
use superladder_sampling::{BLOCKS, Sums};
use superladder_study::Study;

use super::error::RunError;
use super::extend;
use crate::checkpoint::Checkpoint;
use crate::samples;

/// Where a run starts from.
#[derive(Debug)]
pub(super) enum Start {
    /// The beginning.
    Fresh,
    /// A checkpoint in time.
    Checkpoint(Checkpoint),
    /// Samples that are there already, and what is to be said about them.
    Samples(Box<Sums>, Option<String>),
}

impl Start {
    /// Finds what an earlier run of `study` has left at `checkpoint` or in the output folder `target`. Fails
    /// where it is neither to be continued (`resume`) nor to be given up (`force`).
    pub(super) fn find(
        study: &Study,
        checkpoint: &Path,
        target: &Path,
        samples: bool,
        (resume, force): (bool, bool),
    ) -> Result<Self, RunError> {
        match (checkpoint.exists(), resume) {
            // Samples are added to a finished run too.
            (false, true) if samples && target.join(samples::FILE).exists() => {
                Self::kept(&target.join(samples::FILE), study)
            }
            (false, true) if !samples && !force && target.join(extend::FILE).exists() => {
                Ok(Self::Checkpoint(extend::read(target, study)?))
            }
            (false, _) => Ok(Self::Fresh),
            (true, true) if samples => Self::kept(checkpoint, study),
            (true, true) => Ok(Self::Checkpoint(Checkpoint::read(checkpoint, study)?)),
            // Removed once it is clear that the run can start.
            (true, false) if force => Ok(Self::Fresh),
            (true, false) => Err(RunError::Waiting(checkpoint.display().to_string())),
        }
    }

    /// Samples that a run has left. What is damaged of them is run again.
    fn kept(path: &Path, study: &Study) -> Result<Self, RunError> {
        let found = samples::read(path, study)?;
        let (lost, kept) = (found.damaged.len(), found.sums.count());
        let warning = (lost > 0).then(|| {
            format!(
                "'{}' is damaged: {lost} of its {BLOCKS} blocks are lost and will be run again; {kept} trajectories are whole",
                found.path().display()
            )
        });
        Ok(Self::Samples(Box::new(found.sums), warning))
    }

    pub(super) fn is_resumed(&self) -> bool {
        !matches!(self, Self::Fresh)
    }

    /// Time that a checkpoint has reached.
    pub(super) fn time(&self) -> Option<f64> {
        match self {
            Self::Checkpoint(c) => c.recorder.records.last().map(|r| r.time),
            Self::Fresh | Self::Samples(..) => None,
        }
    }

    /// The run from here; `halt` may end it before time starts.
    pub(super) fn run<'p>(
        self,
        engine: &dyn Engine,
        problem: &'p Problem,
        halt: &dyn Halt,
    ) -> Result<Run<'p>, EngineError> {
        match self {
            Self::Fresh => Run::begin_while(engine, problem, halt),
            Self::Samples(sums, _) => {
                Run::resume_while(engine, problem, Recorder::default(), &sums.to_bytes(), halt)
            }
            Self::Checkpoint(Checkpoint { recorder, state }) => {
                Run::resume_while(engine, problem, recorder, &state, halt)
            }
        }
    }
}
