//! Why a figure cannot be made.

use superladder_engine::EngineError;
use superladder_mean_field::{MeanFieldError, ReferenceError};
use superladder_propagate::PropagateError;
use superladder_study::StudyError;
use superladder_workflows::maps::GridError;
use superladder_workflows::results::OutputError;
use superladder_workflows::store::StoreError;
use superladder_workflows::sweep::SweepError;
use thiserror::Error;

/// Why a figure cannot be made.
#[derive(Debug, Error)]
pub enum ReproduceError {
    /// A study is at fault.
    #[error("{0}")]
    Study(#[from] StudyError),
    /// A study is at fault at one of its points.
    #[error("{0}")]
    Sweep(#[from] SweepError),
    /// The equations cannot be derived.
    #[error(transparent)]
    Equations(#[from] MeanFieldError),
    /// The closed formulas do not apply.
    #[error(transparent)]
    Formulas(#[from] ReferenceError),
    /// An engine has refused or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The flow cannot be integrated.
    #[error(transparent)]
    Flow(#[from] PropagateError),
    /// Finished pieces cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A map cannot be made.
    #[error(transparent)]
    Maps(#[from] GridError),
    /// The results cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Something that the figure shows was not found.
    #[error("{figure}: {what} was not found")]
    NotFound {
        /// The figure.
        figure: &'static str,
        /// What.
        what: String,
    },
}

impl ReproduceError {
    /// True when other arguments would help, false when the machine or a method failed.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Study(_) => true,
            Self::Sweep(error) => error.is_bad_input(),
            Self::Maps(error) => error.is_bad_input(),
            Self::Output(error) => error.is_bad_input(),
            Self::Engine(error) => error.is_bad_input(),
            Self::Equations(_)
            | Self::Formulas(_)
            | Self::Flow(_)
            | Self::Store(_)
            | Self::NotFound { .. } => false,
        }
    }
}
