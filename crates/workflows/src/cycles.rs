//! Limit cycles of mean field: the one that the start near the normal state settles on, its branch over a
//! parameter.

mod branch;
mod files;
mod picture;
mod shown;

pub use branch::{Followed, TOLERANCE, follow, range};
pub use files::write;
pub use picture::{CycleBranch, cycle_branch};
pub use shown::{Found, Shown, attracting};

use superladder_mean_field::MeanFieldError;
use superladder_propagate::PropagateError;
use superladder_study::StudyError;
use thiserror::Error;

use crate::results::OutputError;
use crate::sweep::SweepError;

/// Why a cycle cannot be found or followed.
#[derive(Debug, Error)]
pub enum CyclesError {
    /// The study is at fault.
    #[error("{0}")]
    Study(#[from] StudyError),
    /// The study is at fault at a value of the parameter.
    #[error("{0}")]
    Sweep(#[from] SweepError),
    /// The equations do not exist.
    #[error(transparent)]
    Equations(#[from] MeanFieldError),
    /// The flow cannot be integrated.
    #[error(transparent)]
    Flow(#[from] PropagateError),
    /// The axis of a branch.
    #[error("the axis '{0}' must hold at least two numbers for a map")]
    Axis(String),
    /// The results cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl CyclesError {
    /// True when another study or another axis would help, false when the machine or the flow failed.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Study(_) | Self::Equations(_) | Self::Axis(_) => true,
            Self::Sweep(error) => error.is_bad_input(),
            Self::Output(error) => error.is_bad_input(),
            Self::Flow(_) => false,
        }
    }
}
