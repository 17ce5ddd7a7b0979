//! How the engine says that it cannot do something.

use superladder_engine::EngineError;
use thiserror::Error;

/// The name of the engine.
pub(crate) const NAME: &str = "monitored";

/// Why a record could not be followed to its end.
#[derive(Debug, Clone, PartialEq, Error)]
pub(crate) enum RecordError {
    /// Who may end the work has done so.
    #[error("it was given up")]
    Abandoned,
    /// A number is not finite.
    #[error(
        "record {index} has a state that is not finite; the rates of the model are too large for each other"
    )]
    OutOfRange {
        /// The record.
        index: u64,
    },
    /// Too many steps.
    #[error(
        "record {index} needs more than {limit} steps (`max_steps`); lower `oscillator_flux` or shorten the time"
    )]
    Steps {
        /// The record.
        index: u64,
        /// How many are allowed.
        limit: u64,
    },
}

/// What is wrong with the options or the problem, in words.
pub(crate) fn unsupported(reason: impl Into<String>) -> EngineError {
    EngineError::Unsupported { engine: NAME, reason: reason.into() }
}

/// A record that has failed on its way from `time`.
pub(crate) fn failed(time: f64, error: RecordError) -> EngineError {
    EngineError::Propagation { engine: NAME, time, source: Box::new(error) }
}
