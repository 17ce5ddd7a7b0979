//! Engine: mean field, order 1 of the moment equations.
//!
//! `N -> infinity` keeps, of every term of the model, the contributions of its highest power of N (for the
//! reference model the equations (A1) of Chelpanova et al., PRB 108, 104302 (2023)); the equations at finite
//! N keep all. Unknowns are intensive: `<Q>/sqrt N`, `<P>/sqrt N` of modes and `<S>/N_e` of ensembles, with N
//! the largest ensemble.
//!
//! - As an engine: [`MeanField`] with [`Limit`], Gilbert damping and method; second moments are those of the
//!   product state with the mean-field means.
//! - The initial state 'mean-field state': [`MeanField::product_state_at`].
//! - Long-time behaviour: [`fixed_points`], [`Cycle`], [`lyapunov()`], [`long_time`] (phases).
//! - Closed formulas of the reference model, printed and corrected: [`ReferenceModel`], listed in
//!   [`FORMULAS`].
//! - As a vector field with its exact Jacobian, for fixed points, stability and limit cycles:
//!   [`MeanFieldEquations`].

mod blocking;
mod classify;
mod continuation;
mod cycle;
mod engine;
mod equations;
mod error;
mod family;
mod fixed;
mod flow;
mod formula_table;
mod formulas;
mod lanes;
mod least_squares;
mod lyapunov;
mod phase;
mod reference;
mod symmetry;
mod tally;

pub use classify::{Classifier, LongTime, long_time, start_near_normal};
pub use continuation::{Continuation, followed};
pub use cycle::{Bifurcation, Branch, BranchPoint, Cycle, Settled, Waveform, instability};
pub use engine::MeanField;
pub use equations::{Limit, MeanFieldEquations};
pub use error::MeanFieldError;
pub use family::Family;
pub use fixed::{FixedKind, FixedPoint, GROWING, fixed_points, refine, root};
pub use formula_table::{FORMULAS, FormulaDefinition, Group};
pub use formulas::{Eliminated, Lasing, Polariton, Superradiance};
pub use lanes::{LANES, LaneEquations};
pub use lyapunov::{Spectrum, lyapunov};
pub use phase::Phase;
pub use reference::{ReferenceError, ReferenceModel};
pub use symmetry::{parity, turned};
