//! Where a state ends: what an engine that finds stationary states promises.

use std::sync::Arc;

use superladder_model::JointState;

use crate::{Diagnostics, Engine, EngineError, FollowedSamples, Halt, Measurement, Problem, SlowModes};

/// How stationary states are looked for, the same for every engine.
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
#[derive(Debug, Clone, PartialEq)]
pub struct StationaryOptions {
    /// Largest `|L rho|_1` of a state that counts as stationary.
    pub tolerance: f64,
    /// Slow eigenvalues wanted per charge difference; 0 for none.
    pub modes: usize,
    /// Whether uniqueness is made sure of by a second solution from another start. Without it a class of
    /// blocks that are all reached from each other counts as having one stationary state.
    pub certify: bool,
    /// Whether errors of the observables are computed.
    pub errors: bool,
    /// Whether cutoffs that follow the state are raised as far as it needs.
    pub raise_cutoffs: bool,
    /// Whether the report holds the state itself.
    pub keep_state: bool,
    /// A state near by, from which the search begins: that of other parameters or lower cutoffs. One of other
    /// modes, ensembles or sizes is left aside, and so is any by engines without a density matrix.
    pub guess: Option<Arc<JointState>>,
    /// Slow modes of this very problem that are known already, from a search that was interrupted.
    pub known: Vec<SlowModes>,
    /// Samples of this very problem that were followed already, for engines that sample.
    pub followed: Option<Arc<FollowedSamples>>,
}

impl Default for StationaryOptions {
    fn default() -> Self {
        Self {
            tolerance: 1e-10,
            modes: 4,
            certify: true,
            errors: true,
            raise_cutoffs: true,
            keep_state: false,
            guess: None,
            known: Vec::new(),
            followed: None,
        }
    }
}

/// A class of blocks of the density matrix that is never left, and the stationary states inside of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StationaryClass {
    /// What keeps a state in the class, in words: ladders, charges.
    pub conserved: String,
    /// Dimension of the kernel of the generator on the class.
    pub states: usize,
    /// Weight of the class in the limit of the initial state.
    pub weight: f64,
}

/// The end of a state.
#[derive(Debug, Clone, PartialEq)]
pub struct StationaryReport {
    /// Classes that the initial state ends in, or could: several stationary states are told, never averaged
    /// over in silence. None where the engine has no density matrix, or the state still moves.
    pub classes: Vec<StationaryClass>,
    /// The observables in the limit of the initial state, in the order of the problem.
    pub measurements: Vec<Measurement>,
    /// `|<y, L rho>|` of every value, with `L^dag y = O - <O>`; NaN if not computed.
    pub errors: Vec<Vec<f64>>,
    /// `|L rho|_1`: how far the state still moves. It is not the error.
    pub residual: f64,
    /// Slow eigenvalues by charge difference; that of the populations first.
    pub slow: Vec<SlowModes>,
    /// Trace, positivity, population of the highest levels and rate at which the state would leave the
    /// cutoffs.
    pub diagnostics: Diagnostics,
    /// `|(L - L_P) rho|_1` is at most this: what would leave through the cutoffs, per unit time.
    pub leaving: f64,
    /// Cutoffs that the state was found with, by mode; those that follow the state have been raised.
    pub cutoffs: Vec<usize>,
    /// Iterations of linear systems, all together.
    pub iterations: u64,
    /// The state itself, if it was asked for and the engine has a density matrix.
    pub state: Option<JointState>,
}

impl StationaryReport {
    /// Nothing known yet of a state with these cutoffs: no class, no slow mode, no figure.
    pub fn unknown(cutoffs: Vec<usize>) -> Self {
        Self {
            classes: Vec::new(),
            measurements: Vec::new(),
            errors: Vec::new(),
            residual: f64::NAN,
            slow: Vec::new(),
            diagnostics: Diagnostics::default(),
            leaving: f64::NAN,
            cutoffs,
            iterations: 0,
            state: None,
        }
    }

    /// Why the state does not count as found; empty when it does.
    pub fn reasons(&self) -> Vec<String> {
        let turning = self.slow.iter().flat_map(SlowModes::turning).count();
        let turning = (turning > 0).then(|| {
            "coherences that observables see or the initial state has turn for ever: the state has no limit".to_owned()
        });
        self.diagnostics.broken().into_iter().chain(turning).collect()
    }

    /// Number of stationary states, all classes together.
    pub fn count(&self) -> usize {
        self.classes.iter().map(|class| class.states).sum()
    }

    /// How far the cutoffs move the state, in trace distance: what would leave over the gap of the
    /// populations, as if the generator were normal. NaN if the gap is not known.
    pub fn truncation(&self) -> f64 {
        self.slow.first().map_or(f64::NAN, |slow| self.leaving / slow.gap())
    }

    /// Residual over gap of the populations: the error *if* the generator were normal.
    pub fn residual_over_gap(&self) -> f64 {
        self.slow.first().map_or(f64::NAN, |slow| self.residual / slow.gap())
    }
}

/// An engine that finds where states end, without going there in time.
pub trait Stationary: Engine {
    /// The limit of the initial state of `problem` under its last stage.
    ///
    /// # Errors
    /// [`EngineError`]: a model that has no limit, or several where the problem does not say which, is
    /// refused by name.
    fn stationary(
        &self,
        problem: &Problem,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<StationaryReport, EngineError>;
}
