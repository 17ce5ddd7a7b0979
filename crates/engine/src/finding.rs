//! What a search for a stationary state finds on its way.

use num_complex::Complex64;
use serde::{Deserialize, Serialize};
use superladder_model::JointState;

/// What a search for a stationary state has found so far: enough for another search to begin there.
pub enum Finding<'a> {
    /// A state that is nearer to the stationary one than those before.
    State {
        /// Cutoffs by mode.
        cutoffs: &'a [usize],
        /// Makes the state.
        state: &'a dyn Fn() -> JointState,
    },
    /// The number of stationary states was made sure of: there is one in every class.
    Unique,
    /// The slow modes of one charge difference.
    Slow(&'a SlowModes),
    /// Samples that were followed.
    Samples {
        /// How long.
        length: f64,
        /// Makes their sums, as [`crate::Evolution::save`] does.
        sums: &'a dyn Fn() -> Vec<u8>,
    },
}

/// Samples that were followed for some time, of a search that was interrupted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowedSamples {
    /// How long.
    pub length: f64,
    /// Their sums.
    pub sums: Vec<u8>,
}

/// The eigenvalues of the generator with the largest real parts for one charge difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlowModes {
    /// Charge difference; all zero for the populations.
    pub difference: Vec<i64>,
    /// Eigenvalues of dimension 1/time that decay, slowest first; a complex one stands for its conjugate too
    /// where the charge difference is its own negative.
    pub values: Vec<Complex64>,
    /// Residual `|L x - lambda x|` of each, for |x| = 1.
    pub residuals: Vec<f64>,
    /// Eigenvalues on the imaginary axis, those of the stationary states among them: what does not decay.
    pub undamped: Vec<Complex64>,
}

impl SlowModes {
    /// Frequencies of coherences that do not decay.
    pub fn turning(&self) -> impl Iterator<Item = f64> {
        self.undamped.iter().map(|z| z.im).filter(|frequency| frequency.abs() > 1e-7)
    }

    /// `-max Re lambda` of what decays: the slowest relaxation is exp(-gap t). NaN if nothing is known.
    pub fn gap(&self) -> f64 {
        self.values.first().map_or(f64::NAN, |value| -value.re)
    }
}
