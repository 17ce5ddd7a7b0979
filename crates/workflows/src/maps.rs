//! Maps of mean field over two parameters of a study: linear stability and phases.
//!
//! ```text
//! Grid (study, axes) -> Points (the equations anywhere on it) -> fixed points -> Growth, lines
//!                                                             -> phases (Store keeps what is finished)
//! ```

mod diagram;
mod grid;
mod lines;
mod phases;
mod stability;
mod written;

use std::path::Path;

use rayon::prelude::*;
use superladder_mean_field::{
    FixedKind, FixedPoint, Limit, MeanFieldEquations, MeanFieldError, fixed_points,
};

use crate::sweep::Sweep;
use superladder_study::{Study, StudyError};

pub use diagram::{Diagram, diagram};
pub use grid::{Grid, GridError, Points};
pub use lines::{Line, lines};
pub use phases::{COLUMNS, numbers, phases};
pub use stability::{Linear, stability};
pub use written::Map;

/// The mean-field equations of a study as N grows, with the Gilbert damping of its engine if that is
/// `mean-field`.
///
/// # Errors
/// [`MeanFieldError`].
pub fn equations(study: &Study) -> Result<MeanFieldEquations, MeanFieldError> {
    MeanFieldEquations::with_options(study.problem.model(), Limit::Infinite, study.engine.gilbert())
}

/// Numbers of growing real eigenvalues and pairs, and the largest real parts of both kinds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Growing real eigenvalues.
    pub real: usize,
    /// Growing complex pairs.
    pub pairs: usize,
    /// Largest real part of the real eigenvalues.
    pub real_rate: f64,
    /// Largest real part of the complex ones.
    pub pair_rate: f64,
}

impl Growth {
    /// At a fixed point.
    pub fn at(point: &FixedPoint) -> Self {
        let ((real, pairs), (real_rate, pair_rate)) = (point.unstable(), point.leading());
        Self { real, pairs, real_rate, pair_rate }
    }

    /// Of the first fixed point of a kind, if there is one.
    pub fn of(points: &[FixedPoint], kind: FixedKind) -> Option<Self> {
        points.iter().find(|p| p.kind == kind).map(Self::at)
    }
}

/// Number of the points along the two axes of a sweep, and their coordinates.
pub fn coordinates(sweep: &Sweep) -> (Vec<f64>, Vec<f64>) {
    let numbers = |k: usize| sweep.axes[k].values.iter().filter_map(|v| v.number).collect();
    (numbers(0), numbers(1))
}

/// The fixed points of every model, on all threads.
pub fn all_fixed_points(models: &[MeanFieldEquations]) -> Vec<Vec<FixedPoint>> {
    models.par_iter().map(fixed_points).collect()
}

/// Reads the study at `KEY=VALUE` for every value.
///
/// # Errors
/// [`StudyError`].
pub fn study_at(path: &Path, sets: &[String], key: &str, value: f64) -> Result<Study, StudyError> {
    let sets: Vec<String> = sets.iter().cloned().chain([format!("{key}={value:?}")]).collect();
    Study::load(path, &sets)
}
