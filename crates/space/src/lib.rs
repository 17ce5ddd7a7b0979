//! Which numbers describe a model: truncated Fock x Dicke-ladder sectors, conserved charges, matrix elements.
//!
//! The permutation-symmetric Hilbert space is a direct sum of [`Sector`]s, one value of j for every ensemble.
//! Inside a sector the basis is sorted by the conserved charges found by [`Charges::find`]. One enumeration
//! of matrix elements ([`Axis`] for one subsystem, [`Space::matrix`] and [`Space::jumps`] for whole sectors)
//! serves every consumer: the assembled Liouvillian, the matrix-free one, trajectories and observables.

mod axis;
mod charges;
mod density;
mod elements;
mod error;
mod fock;
mod halting;
mod initial;
pub mod ladder;
mod sector;

pub use axis::{Axis, Ladders};
pub use charges::{Charge, Charges};
pub use density::Density;
pub use elements::{JumpBlock, SparseMatrix};
pub use error::SpaceError;
pub use fock::{cutoff_losing, initial_cutoff_losing, initial_loss, loss};
pub use halting::go_on;
pub use initial::{
    LadderWeights, density_bytes, ensemble_density, is_diagonal, mode_density, mode_vector, product_weights,
    spin_coherent_vector,
};
pub use sector::{Sector, Space};
