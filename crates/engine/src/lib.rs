//! What every engine promises: prepare a problem, advance it in time, measure observables.
//!
//! ```text
//! Problem --Engine::prepare--> Evolution --advance--> records --> Recorder
//! ```
//! Engines (exact density matrix, trajectories, cumulants, mean field) are siblings behind this seam, so that
//! the same [`Problem`] can be held against each of them.

mod attachment;
mod builder;
mod columns;
mod diagnostics;
mod evolution;
mod finding;
mod halt;
mod line;
mod memory;
mod problem;
mod recorder;
mod refusals;
mod run;
mod stationary;
mod two_time;
mod written;

pub use attachment::Attachment;
pub use builder::{Observables, ProblemBuilder};
pub use diagnostics::{Bounds, Check, Diagnostics};
pub use evolution::{
    Concluded, Engine, EngineError, Estimate, Evolution, FollowedCutoff, Heeding, Listener, Measurement,
    Progress, Resources, Silent, refuse,
};
pub use finding::{Finding, FollowedSamples, SlowModes};
pub use halt::{Halt, Never};
pub use line::{FourierIntegral, SpectralDensity, SpectralLine};
pub use memory::{available_memory, check_memory, memory_of_records};
pub use problem::{End, Problem, ProblemError, Stage};
pub use recorder::{Record, Recorder};
pub use run::{Run, record, run, run_while};
pub use stationary::{Stationary, StationaryClass, StationaryOptions, StationaryReport};
pub use two_time::{
    CorrelationSeries, EmissionSpectrum, SpectrumComparison, SpectrumMethod, TwoTime, TwoTimeState,
};
pub use written::with_error;
