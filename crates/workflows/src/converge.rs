//! Does a study still depend on its numerical settings? Cutoffs, tolerance, method, number of samples, order
//! and closure are varied, every observable is judged by one rule:
//!
//! - *from coarse to fine*: a setting is converged when it and every finer one lie within the tolerance of the
//!   converged value, as it is estimated;
//! - *by name* (methods, closures): when every other one that keeps the bounds of its run as well lies within the
//!   tolerance of the study's own;
//! - *numbers of samples*: when its standard errors lie within the tolerance. All settings share their random
//!   numbers, so that the other families see the setting and not the noise.
//!
//! ```text
//! Study -> families (settings from coarse to fine) -> measure (Series of every setting)
//!     -> Findings -> report, picture
//! ```

mod findings;
mod measure;
mod picture;
mod report;
mod vary;

use superladder_analysis::AnalysisError;
use superladder_engine::EngineError;
use thiserror::Error;

pub use findings::{Findings, Judged, Suggestion, Varied};
pub use measure::{Measured, Run, Series, measure};
pub use report::write;
pub use vary::{Choice, Family, families};

use superladder_study::StudyError;

/// What a convergence study can vary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vary {
    /// The Fock cutoff of every mode.
    Cutoff,
    /// The tolerance of the method, or its fixed step.
    Tolerance,
    /// The method.
    Method,
    /// The number of samples.
    Number,
    /// What windows and moving bases of trajectories may discard.
    Truncation,
    /// The order of moment equations.
    Order,
    /// Their closure.
    Closure,
}

impl Vary {
    /// Whether the settings are names, each held against the study's own, which is the last.
    fn is_named(self) -> bool {
        matches!(self, Self::Method | Self::Closure)
    }
}

/// Why a convergence study cannot be made.
#[derive(Debug, Error)]
pub enum ConvergenceError {
    /// A setting is at fault.
    #[error("{0}")]
    Config(#[from] StudyError),
    /// The engine refuses the study, or fails with its own setting.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The study fails on the way with its own setting.
    #[error("the study itself failed at t = {time}: {reason}; there is nothing to compare with")]
    Failed {
        /// When.
        time: f64,
        /// Why.
        reason: String,
    },
    /// The numbers cannot be judged.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// Nothing can be varied.
    #[error("there is nothing to vary: {0}")]
    Nothing(String),
    /// The threads cannot be started.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl ConvergenceError {
    /// True when another study or other arguments would help, false when the machine or a method failed.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Config(_) | Self::Analysis(_) | Self::Nothing(_) => true,
            Self::Engine(error) => error.is_bad_input(),
            Self::Failed { .. } | Self::Threads(_) | Self::Interrupted => false,
        }
    }
}
