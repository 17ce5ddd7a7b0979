use thiserror::Error;

/// Why a space cannot be built.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SpaceError {
    /// The Hilbert space is too large to be enumerated.
    #[error(
        "the Hilbert space has {dimension:.3e} states, more than {limit:.1e}; lower the cutoffs or the ensemble sizes"
    )]
    TooLarge {
        /// Sum of the sector dimensions.
        dimension: f64,
        /// Largest dimension that is enumerated.
        limit: f64,
    },
    /// An initial state does not fit below the Fock cutoff.
    #[error(
        "the initial state of mode '{mode}' needs a cutoff of at least {needed}, but it is {cutoff} ({lost:.1e} of its weight would be lost)"
    )]
    Cutoff {
        /// Mode name.
        mode: String,
        /// Highest Fock state kept.
        cutoff: usize,
        /// Cutoff that loses less than the allowed weight.
        needed: usize,
        /// Weight lost at the present cutoff.
        lost: f64,
    },
    /// The work was ended.
    #[error("interrupted")]
    Halted,
}
