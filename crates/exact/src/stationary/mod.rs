//! Where states end, without going there in time.
//!
//! Files from those that know little to those that know all: `operators` (operators of one charge difference
//! as blocks, the generator and its adjoint on them, the preconditioner, classes of blocks that are never
//! left), `through_time` (exponentials, the generator of runs, a state on its way to rest), `solver` (linear systems
//! and kernels), `limit` (the limit of a state), `slow` (slow eigenvalues),
//! [`StationaryState`] (`state`), its correlations and spectra (`two_time`).

mod cutoffs;
mod limit;
mod operators;
mod slow;
mod solver;
mod state;
mod through_time;
mod two_time;

pub use state::StationaryState;

#[cfg(test)]
mod tests;
