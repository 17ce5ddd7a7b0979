use thiserror::Error;

/// Why the reference cannot do what it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BruteForceError {
    /// A list has not one entry per mode, per ensemble or per basis state.
    #[error("{what} must have {expected} entries, but has {found}")]
    Count {
        /// The list.
        what: &'static str,
        /// Number of entries needed.
        expected: usize,
        /// Number of entries given.
        found: usize,
    },
    /// A Fock state above the cutoff.
    #[error("Fock state |{n}> of mode {mode} is above its cutoff {cutoff}")]
    AboveCutoff {
        /// Mode number.
        mode: usize,
        /// Fock number.
        n: usize,
        /// Highest Fock number kept.
        cutoff: usize,
    },
    /// A state `|j, m>` that the spins of the ensemble do not have.
    #[error("{size} spins (ensemble {ensemble}) have no state with 2j = {twice_j}, 2m = {twice_m}")]
    NoDickeState {
        /// Ensemble number.
        ensemble: usize,
        /// Number of spins.
        size: usize,
        /// `2 j`.
        twice_j: usize,
        /// `2 m`.
        twice_m: i64,
    },
}

impl BruteForceError {
    /// `Ok` if a list has the length it must have.
    pub(crate) fn check_count(what: &'static str, expected: usize, found: usize) -> Result<(), Self> {
        if expected == found { Ok(()) } else { Err(Self::Count { what, expected, found }) }
    }
}
