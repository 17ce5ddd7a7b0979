//! The engine of monitored states: what is known of a few spins and modes to who records chosen channels at an efficiency.
//!
//! ```text
//! Model ── Space ──> blocks K of every jump ──┬── recorded: detectors, sqrt(eta) K      ── a click: rho -> K rho K^dag
//!                                             └── the rest: G rho = L rho - eta sum K rho K^dag  ── no click: rho(t), trace falls
//! record: trace falls to a random number ──> a detector clicks ──> rho of trace 1 ──> ...
//! states at the output times ── Instruments ──> Tally ──> Sums ──> averages over records with errors
//! ```
//! Between clicks the state follows a linear equation, which a Taylor series solves; nothing is discretised in time but by
//! its tolerance. With `eta = 0` that is the master equation, with all channels at `eta = 1` a quantum trajectory.

mod detectors;
mod dynamics;
mod engine;
mod error;
mod evolution;
mod instruments;
mod options;
mod record;
mod state;
mod taylor;

pub use options::Monitored;
