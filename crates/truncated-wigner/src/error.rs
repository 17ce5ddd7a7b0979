//! How the engine says that it cannot do something.

use superladder_cumulant::CumulantError;
use superladder_engine::EngineError;
use thiserror::Error;

/// The name of the engine.
pub(crate) const NAME: &str = "truncated-wigner";

/// Why samples could not be followed to their end.
#[derive(Debug, Clone, PartialEq, Error)]
pub(crate) enum SampleError {
    /// Who may end the work has done so.
    #[error("it was given up")]
    Abandoned,
    /// A variable is not a number any more.
    #[error(
        "sample {index} left every physical range; lower `step`, or the equations have no bounded solution"
    )]
    OutOfRange {
        /// The sample.
        index: u64,
    },
    /// Something that follows time has no value.
    #[error("{0}")]
    Fault(String),
    /// No step that is tried is fine enough.
    #[error(
        "the drift is not followed to {bound:e} by steps of {step:e}; raise `propagation` in the table `bounds`"
    )]
    Step {
        /// The smallest step tried.
        step: f64,
        /// Bound of the error.
        bound: f64,
    },
}

/// What is wrong with the options or the problem, in words.
pub(crate) fn unsupported(reason: impl Into<String>) -> EngineError {
    EngineError::Unsupported { engine: NAME, reason: reason.into() }
}

/// A model whose equations cannot be derived.
pub(crate) fn underivable(error: &CumulantError) -> EngineError {
    unsupported(error.to_string())
}

/// Samples that have failed on their way from `time`.
pub(crate) fn failed(time: f64, error: SampleError) -> EngineError {
    EngineError::Propagation { engine: NAME, time, source: Box::new(error) }
}
