use superladder_cumulant::CumulantError;
use thiserror::Error;

/// Why mean-field equations cannot be derived.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MeanFieldError {
    /// The moment equations cannot be derived.
    #[error(transparent)]
    Cumulant(#[from] CumulantError),
    /// The Gilbert dampings do not fit the model.
    #[error("`gilbert` must have one finite number per mode ({expected}) or none, but is {found:?}")]
    Gilbert {
        /// Number of modes.
        expected: usize,
        /// What was given.
        found: Vec<f64>,
    },
}
