//! Exact finite-N quantum solver for driven-dissipative light-matter and spin ensembles.
//!
//! This facade gathers the crates of the workspace as modules and adds what only the program needs: study files
//! ([`config`]), the table of engines ([`engines`]), checkpoints ([`checkpoint`]), output files ([`output`]), plots
//! ([`plot`]) and the built-in cross-checks ([`verify`]).
//!
//! ```text
//! study.toml -> config::Study -> Problem + Engine -> Recorder -> output
//! ```

pub use superladder_analysis as analysis;
pub use superladder_cumulant as cumulant;
pub use superladder_engine as engine;
pub use superladder_exact as exact;
pub use superladder_mean_field as mean_field;
pub use superladder_model as model;
pub use superladder_propagate as propagate;
pub use superladder_space as space;
pub use superladder_trajectories as trajectories;

pub mod atlas;
pub mod attempt;
pub mod breakdown;
pub mod checkpoint;
pub mod comparison;
pub mod config;
pub mod convergence;
pub mod engines;
pub mod output;
pub mod plot;
pub mod reproduce;
pub mod samples;
pub mod store;
pub mod sweep;
pub mod verify;
pub mod workers;
