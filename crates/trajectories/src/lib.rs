//! Engine: quantum trajectories, pure states that jump inside of and between permutation-symmetric sectors.
//!
//! ```text
//! Space --jumps, effective_hamiltonians--> Dynamics --Series, threshold--> trajectory --> Sums --> Estimates
//! ```
//! A trajectory is a pure state in one sector (one ladder j per ensemble). It evolves under
//! `H_eff = H - (i/2) sum K^dag K` until its squared norm has fallen to a number drawn from [0, 1); then a jump K is
//! drawn with probability `|K psi|^2`, which may lead to another sector. Averages over trajectories are the density
//! matrix of the exact engine; the jump time is a root of the step's own power series, so that no time step biases them.
//!
//! Sources: J. Dalibard, Y. Castin and K. Moelmer, PRL 68, 580 (1992); Y. Zhang, Y.-X. Zhang and K. Moelmer,
//! NJP 20, 112001 (2018).

mod dynamics;
mod engine;
mod evolution;
mod initial;
mod instruments;
mod notes;
mod rows;
mod statistics;
mod stream;
mod sums;
mod target;
mod taylor;
#[cfg(test)]
mod tests;
mod trajectory;

pub use engine::{Trajectories, Unravelling};
pub use notes::{FEW_JUMPS, Histogram};
pub use sums::{BLOCKS, Sums, SumsError};
pub use target::Target;
