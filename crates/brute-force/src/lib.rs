//! The slow and obviously right reference: truncated Fock spaces and all `2^N` spins, as dense matrices.
//!
//! Conformance tests compare the engines with it, so it shares no matrix element and no formula with them:
//! collective spins are sums of Pauli matrices on single sites, ladders |j, m, copy> come out of `S^2` and
//! repeated `S^-`, time evolution is a Taylor series of `exp(t L)`. Meant for total dimensions up to a few
//! hundred.
//!
//! Basis: `mode 0 (x) mode 1 (x) ... (x) spins of ensemble 0 (x) spins of ensemble 1 ...`, the first factor
//! slowest; a mode has the levels `0 ..= cutoff`, a spin the levels `0 = down, 1 = up`.

mod brute_force;
mod cases;
mod dense;
mod error;
mod schur_weyl;
mod space;
mod states;
mod symmetric;
mod taylor;

pub use brute_force::BruteForce;
pub use cases::{CASE_SIZES, Case, cases};
pub use dense::Dense;
pub use error::BruteForceError;
pub use symmetric::SymmetricBlock;
