//! Exact finite-N quantum solver for driven-dissipative light-matter and spin ensembles.
//!
//! This facade gathers the crates of the workspace as modules and adds the built-in cross-checks
//! ([`verify`]) and the program itself as functions ([`program`]), which other languages carry along. The rest of the
//! package belongs to the program: its command line and its progress bars.
//!
//! ```text
//! study.toml -> study::Study -> Problem + EngineChoice -> Recorder -> workflows::results
//! ```

// The files of the program name this library as any other user does.
extern crate self as superladder;

mod cli;
mod command;
mod errors;
mod interrupt;
mod log;
pub mod program;
mod progress;
pub mod verify;

pub use superladder_analysis as analysis;
pub use superladder_cumulant as cumulant;
pub use superladder_engine as engine;
pub use superladder_exact as exact;
pub use superladder_gallery as gallery;
pub use superladder_mean_field as mean_field;
pub use superladder_model as model;
pub use superladder_monitored as monitored;
pub use superladder_plot as plot;
pub use superladder_propagate as propagate;
pub use superladder_space as space;
pub use superladder_study as study;
pub use superladder_trajectories as trajectories;
pub use superladder_truncated_wigner as truncated_wigner;
pub use superladder_workflows as workflows;
