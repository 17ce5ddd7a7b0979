//! Engine: the exact density matrix in permutation-symmetric sector blocks.
//!
//! The file tree is the table of contents, from the files that know little to those that know all: [`Exact`]
//! (`options`), [`Layout`] (which blocks are stored and where), `programs`, `tasks` and `kernel` (sparse
//! factors, what they act on, inner loops), [`Lindbladian`] (the matrix-free generator), [`assembled`] (the
//! same generator as a sparse matrix), [`RealGenerator`] (as a real one, where a gauge makes it real), `probes` and `state_functions` (observables), `spectrum` (where the
//! eigenvalues of the generator lie), `leakage` (a bound of the error of truncation), [`DensityMatrix`] (the
//! state for a reader), [`Exported`] (a problem for other programs), `monitors` (trace, positivity, truncation), `instruments` (all that measures),
//! `adaptive` (cutoffs that follow the state), `resources` (memory), `evolution`, `stationary` (where states end, and what they emit),
//! `engine`.

mod adaptive;
mod assembled;
mod choice;
mod density_matrix;
mod engine;
mod error;
mod evolution;
mod exported;
mod functionals;
mod generator;
mod instruments;
mod kernel;
mod layout;
mod leakage;
mod measuring;
mod monitors;
mod options;
mod probes;
mod programs;
mod real_half;
mod resources;
mod rows;
mod setting;
mod spectrum;
mod state;
mod state_functions;
mod stationary;
mod stiff;
mod tasks;

pub use assembled::{Assembled, AssembledIndex, assembled};
pub use density_matrix::{
    BasisState, DensityMatrix, DensityMatrixError, Element, LadderBlock, Matrix, SectorView,
};
pub use evolution::ExactEvolution;
pub use exported::{Expectation, Exported, Unknown};
pub use generator::{Elements, Lindbladian};
pub use layout::{Layout, Pair, Place, Tile};
pub use options::{AdaptiveCutoff, Exact, Generator, Positivity};
pub use real_half::{RealGenerator, RealHalf, StoredHalf};
pub use setting::{Setting, reduced_space};
pub use state::{initial_vector, pack, sector_matrix};
pub use stationary::StationaryState;
