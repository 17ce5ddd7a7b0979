//! Engine: quantum trajectories, pure states that jump inside of and between permutation-symmetric sectors.
//!
//! ```text
//! Model --> Dynamics --Basis--> Stencil --Series, threshold--> trajectory --> Sums --> Estimates
//! ```
//! A trajectory is a pure state in one sector (one ladder j per ensemble). It evolves under
//! `H_eff = H - (i/2) sum K^dag K` until its squared norm has fallen to a number drawn from [0, 1); then a
//! jump K is drawn with probability `|K psi|^2`, which may lead to another sector. Averages over trajectories
//! are the density matrix of the exact engine; the jump time is a root of the step's own power series, so
//! that no time step biases them.
//!
//! Its basis is its own: Fock states displaced by its mean, Dicke states along its mean spins, and windows of
//! the levels that it occupies. All three follow the state between steps, change nothing but the cost, and
//! account for what they cut off ([`Trajectories::windows`], [`Trajectories::displaced`],
//! [`Trajectories::rotating`], [`Trajectories::truncation`]).
//!
//! Sources: J. Dalibard, Y. Castin and K. Moelmer, PRL 68, 580 (1992); Y. Zhang, Y.-X. Zhang and K. Moelmer,
//! NJP 20, 112001 (2018); displaced bases: R. Schack, T. A. Brun and I. C. Percival, J. Phys. A 28, 5401
//! (1995).
#![allow(
    clippy::inline_always,
    reason = "only code inlined into a dispatched function gets its instruction set"
)]

mod basis;
mod choice;
mod dynamics;
mod engine;
mod error;
mod escapes;
mod evolution;
mod following;
mod frame;
mod initial;
mod instruments;
mod laboratory;
mod leaving;
mod locality;
mod numbers;
mod options;
mod products;
mod reachable;
mod report;
mod resources;
mod rotation;
mod stencil;
mod tallying;
mod taylor;
#[cfg(test)]
mod tests;
mod trajectory;
mod two_time;
mod vector;

pub use options::{Choice, SMALLEST_TRUNCATION, Trajectories};
pub use report::FEW_JUMPS;
pub use superladder_sampling::Unravelling;
