//! Engine: moment equations *derived from the model*, closed at any order.
//!
//! ```text
//! Model -> Differential (adjoint Lindbladian on the generating function) -> drift of every joint cumulant
//!       -> Hierarchy (closure under the drift, zeros dropped) -> Tape -> Evolution
//! ```
//! The unknowns are *connected* and *intensive*: the joint cumulant C of m mode variables and n sites enters
//! as `N^(m/2 + n - 1) C`, which is of order 1 as N grows, so N = 10^9 loses no digits.
//!
//! - As an engine: [`Cumulant`] with `order`, [`Closure`] and method; observables that are functions of
//!   moments, for instance `amplitude(a)`, `field-cumulants(a)` (`<aa>_c` and `<a^dag a>_c`) and
//!   `covariance(x,y)`, from which every ratio of a cumulant to mean field is read. Observables subtract
//!   products of means from moments and so carry rounding of `N` times 1e-16; the unknowns of
//!   [`Cumulant::evolution`] do not.
//! - As formulas: [`Equations::of_model`] with [`Equations::to_text`] and [`Equations::to_latex`].
//! - As a classical process: [`PhaseSpace`], the Fokker-Planck equation of the truncated Wigner approximation.
//! - Moments that no state can have break bounds of the diagnostics ([`Conditions`]).
//! - A hierarchy without bounded solution ends in [`CumulantError::BlowUp`], with time and N, inside of
//!   `EngineError::Propagation`.
//!
//! Speed is measured by `cargo run --release -p superladder-cumulant --example speed`.

mod casimir;
mod closure;
mod conditions;
mod differential;
mod drift;
mod engine;
mod equations;
mod error;
mod evolution;
mod functional;
mod generator;
mod hierarchy;
mod initial;
mod phase_space;
mod representation;
mod stationary;
mod symbols;
mod tape;
mod text;
mod two_time;
mod unknowns;
mod variables;

pub use closure::{CLOSURES, Closure, ClosureDefinition};
pub use conditions::Conditions;
pub use engine::{Cumulant, refuse_linear_methods, refuse_state_functions};
pub use equations::{Derivation, Equations};
pub use error::CumulantError;
pub use evolution::{MomentEvolution, MomentSetup};
pub use functional::Functional;
pub use phase_space::{ChannelNoise, DiffusionEntry, PhaseSpace, Symbol};
pub use tape::{Tape, TapeJacobian, TapeTerm, derivative};
pub use unknowns::{ComplexPart, Unknown};
pub use variables::Basis;
