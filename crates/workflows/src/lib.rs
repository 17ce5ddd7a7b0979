//! What is done with studies: run, compare, sweep, squeezing, pictures of states, converge, breakdown, stationary states, spectra, maps of mean field, limit
//! cycles.
//!
//! ```text
//! Study -> plan -> run (engines) -> results: tables, arrays, pictures and
//!     one manifest in a folder of their own
//! ```
//! Every workflow has a folder: what is asked for, how it runs, its words, its picture.

pub mod attempt;
pub mod breakdown;
pub mod checkpoint;
pub mod compare;
pub mod converge;
pub mod cycles;
pub mod identity;
pub mod maps;
pub mod picture;
pub mod place;
#[cfg(feature = "mpi")]
pub mod ranks;
pub mod reductions;
pub mod run;
pub mod samples;
pub mod search;
mod shown;
pub mod spectrum;
pub mod squeezing;
pub mod steady;
pub mod store;
pub mod sweep;
pub mod watch;
pub mod workers;

pub use superladder_results as results;
