//! Where states end, without going there in time.
//!
//! Files from those that know little to those that know all: `coherence` (operators of one charge
//! difference as blocks), `action` (the generator and its adjoint on them), `no_jump` (the preconditioner),
//! `classes` (which blocks are never left), `solver` (linear systems and kernels), `limit` (the limit of a
//! state), `slow` (slow eigenvalues), [`StationaryState`] (`state`), [`TwoTime`] (`two_time`, correlations
//! of two times), [`Spectrum`] (`spectrum`).

mod action;
mod classes;
mod coherence;
mod limit;
mod no_jump;
mod slow;
mod solver;
mod spectrum;
mod state;
mod two_time;

pub use spectrum::{Line, Spectrum, SpectrumMethod};
pub use state::StationaryState;
pub use two_time::TwoTime;

#[cfg(test)]
mod tests;
