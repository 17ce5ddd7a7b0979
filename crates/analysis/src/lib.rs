//! What is read off time series of any engine: breakdown time, power-law fit with confidence interval,
//! convergence.
//!
//! ```text
//! Table, Table -> Criterion::ratio -> RatioSeries -> crossing -> Crossing -> FitPoint -> fit -> FitReport
//! values at several settings -> converge -> Convergence
//! ```
//! Pure functions on series of numbers: no engine is known or run here, nothing is read or written. A
//! quantity that was not reached is kept as what it is, a bound: a ratio that never crosses its threshold
//! gives a lower bound of the breakdown time, and the fit takes it into account as such. Results can be
//! serialised and carry everything that led to them (window, weights, seed, resamples, numbers of bounds,
//! verdict).

mod average;
mod convergence;
mod criterion;
mod crossing;
mod deviation;
mod error;
mod fit;
mod interpolate;
mod period;
mod ratio;
mod reduction;
mod statistics;
mod subsystems;
mod table;

pub use average::{Averaging, Placement};
pub use convergence::{
    Convergence, ConvergenceOptions, Extrapolation, Law, Regime, SettingReport, SettingValues, Tolerance,
    converge,
};
pub use criterion::{
    CRITERIA, Compared, Criterion, CriterionDefinition, CriterionTarget, MOMENTS, Moment, MomentDefinition,
    Need, Needs, Yardstick, criteria_by_name, moments_by_name, needs_of,
};
pub use crossing::{Crossing, CrossingOptions, Interpolation, Outcome, crossing};
pub use deviation::{DISAGREEMENT, Deviation, Sampled};
pub use error::AnalysisError;
pub use fit::{
    Bootstrap, Comparison, Curvature, Excluded, Fit, FitOptions, FitOutcome, FitPoint, FitReport, Interval,
    Jackknife, JointFit, JointPoint, LeftOut, LocalExponent, LogarithmFit, Observed, PowerLaw, Prediction,
    Preferred, Quality, RankedSeries, Resampling, SmoothExponent, Weights, Which, agreeing, fit, joint_fit,
    local_exponents,
};
pub use period::{Period, PeriodMethod, period};
pub use ratio::RatioSeries;
pub use reduction::{Quantity, REDUCTIONS, Reduced, Reduction, ReductionDefinition, Remark};
pub use subsystems::{EnsembleSize, Subsystems};
pub use table::{Column, Table};
