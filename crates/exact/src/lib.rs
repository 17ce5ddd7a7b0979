//! Engine: the exact density matrix in permutation-symmetric sector blocks.
//!
//! The file tree is the table of contents: [`Layout`] (which blocks are stored and where), `programs` and `kernel`
//! (sparse factors and inner loops), [`Lindbladian`] (the matrix-free generator), [`assembled`] (the same
//! generator as a sparse matrix), `probes` and `state_functions` (observables), [`DensityMatrix`] (the state for a
//! reader), `eigenvalues` (of dense sectors), `spectrum` (where those of the generator lie), `monitors` (trace,
//! positivity, truncation), `leakage` (a bound of the error of truncation), `adaptive` (cutoffs that follow the
//! state), [`Exact`] (the engine).

mod adaptive;
mod assembled;
mod density_matrix;
mod eigenvalues;
mod engine;
mod evolution;
mod functionals;
mod generator;
mod instruments;
mod kernel;
mod layout;
mod leakage;
mod measuring;
mod monitors;
mod probes;
mod programs;
mod setting;
mod spectrum;
mod state;
mod state_functions;

pub use adaptive::AdaptiveCutoff;
pub use assembled::{Assembled, AssembledIndex, assembled};
pub use density_matrix::{
    BasisState, DensityMatrix, DensityMatrixError, Element, LadderBlock, Matrix, SectorView,
};
pub use engine::{Exact, Generator, Positivity, available_memory};
pub use evolution::ExactEvolution;
pub use generator::{Elements, Lindbladian};
pub use layout::{Layout, Pair, Place, Tile};
pub use setting::{Setting, reduced_space};
pub use state::{initial_vector, pack, sector_matrix};
