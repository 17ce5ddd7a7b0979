//! Why a run cannot begin, fails or cannot be written.

use std::io;
use std::path::PathBuf;

use superladder_engine::EngineError;
use superladder_sampling::SumsFileError;
use superladder_study::{Study, StudyError};
use thiserror::Error;

use crate::checkpoint::CheckpointError;
use crate::results::OutputError;

/// Why a run cannot begin, fails or cannot be written.
#[derive(Debug, Error)]
pub enum RunError {
    /// The study is at fault.
    #[error("{0}")]
    Study(#[from] StudyError),
    /// The engine refuses the study, or fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The checkpoint cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The samples cannot be used.
    #[error(transparent)]
    Samples(#[from] SumsFileError),
    /// The results cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// An interrupted run waits to be continued.
    #[error(
        "a checkpoint of an interrupted run exists: '{0}'; continue with --resume, or start anew with --force"
    )]
    Waiting(String),
    /// A finished run of another study.
    #[error("the finished run in '{}' has {key} = {was}, and the study has {is}; --resume takes a finished run to later times (`time.end`, with `points` or `step`) and nothing else; --force runs it anew, --output writes another", path.display())]
    Other {
        /// The output folder.
        path: PathBuf,
        /// The first key that differs.
        key: String,
        /// Its value in the finished run.
        was: String,
        /// Its value in the study.
        is: String,
    },
    /// A finished run whose output times are not the first ones of the study.
    #[error("the output times of the finished run in '{}' are not the first ones of the study: number {number} was {was}, and is {is}; choose `time.end` with `time.points` or `time.step` so that they go on", path.display())]
    Times {
        /// The output folder.
        path: PathBuf,
        /// Number of the first output time that differs, from 1 on.
        number: usize,
        /// That of the finished run.
        was: String,
        /// That of the study.
        is: String,
    },
    /// A finished run whose cutoffs have followed the state.
    #[error(
        "a finished run is not continued where a cutoff follows the state (`modes.{mode}.cutoff` = \"auto\"): its budget was that of the time up to the end; run the study anew with --force"
    )]
    Follows {
        /// The mode.
        mode: String,
    },
    /// Indices for an engine that does not sample.
    #[error(
        "--indices is for the engines 'trajectories' and 'truncated-wigner', and the study asks for '{0}'"
    )]
    Indices(&'static str),
    /// A checkpoint that is no longer needed stays.
    #[error("cannot remove the checkpoint '{}': {source}", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
}

impl RunError {
    /// The refusal of an engine at its place in `study`, where it has one.
    pub(super) fn placed(study: &Study, error: EngineError) -> Self {
        study.refusal(error).map_or_else(Self::Engine, Self::Study)
    }

    /// True when other arguments would help, false when the machine or a method failed.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Study(_)
            | Self::Waiting(_)
            | Self::Indices(_)
            | Self::Other { .. }
            | Self::Times { .. }
            | Self::Follows { .. } => true,
            Self::Engine(error) => error.is_bad_input(),
            Self::Checkpoint(error) => error.is_bad_input(),
            Self::Samples(error) => error.is_bad_input(),
            Self::Output(error) => error.is_bad_input(),
            Self::Remove { .. } => false,
        }
    }
}
