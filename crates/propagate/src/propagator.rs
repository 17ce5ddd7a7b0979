//! What every propagator promises.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::{PropagateError, System};

/// Called at every stop with the time and the state there; `Break` ends the propagation at that stop.
pub type Observer<'a> = dyn FnMut(f64, &[f64]) -> ControlFlow<()> + 'a;

/// Moves a state in time. Holds its workspace and step-size memory; the state is owned by the caller.
pub trait Propagator {
    /// Advances `y` from `t` to `t_end` and calls `observer` at each of the sorted `stops` in
    /// (t, `t_end`]. Returns the time reached: `t_end`, or the stop at which the observer broke off; `y`
    /// is the state at that time. The result is the same in every bit for any number of threads.
    ///
    /// # Errors
    /// [`PropagateError`]; what is left in `y` is then the state at the start of the failed step.
    fn advance(
        &mut self,
        system: &dyn System,
        t: f64,
        t_end: f64,
        y: &mut [f64],
        stops: &[f64],
        observer: &mut Observer<'_>,
    ) -> Result<f64, PropagateError>;

    /// Counts and estimates since the propagator was made.
    fn statistics(&self) -> Statistics;

    /// Largest number of vectors of length dim it holds beside `y`.
    fn state_vectors(&self) -> usize;

    /// All that is needed to continue with the same bits (derivatives are evaluated anew by `advance`).
    fn memory(&self) -> Memory;

    /// Continues where `memory` was taken.
    fn restore(&mut self, memory: &Memory);
}

/// What a propagation has cost and how far it can be trusted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Accepted steps.
    pub accepted: u64,
    /// Rejected attempts.
    pub rejected: u64,
    /// Right-hand sides or matrix-vector products.
    pub applications: u64,
    /// Length of the last accepted step.
    pub last_step: f64,
    /// Length of the shortest accepted step; 0 before the first one.
    pub smallest_step: f64,
    /// Length of the longest accepted step.
    pub largest_step: f64,
    /// Sum over the accepted steps of the estimated local error, relative to the norm of the state.
    pub error_estimate: f64,
    /// Largest Krylov dimension or polynomial degree used; 0 for Runge-Kutta methods.
    pub largest_dimension: u64,
}

impl Statistics {
    pub(crate) fn accept(&mut self, step: f64, relative_error: f64) {
        self.smallest_step = if self.accepted == 0 { step } else { self.smallest_step.min(step) };
        self.largest_step = self.largest_step.max(step);
        self.accepted += 1;
        self.last_step = step;
        self.error_estimate += relative_error;
    }
}

/// Step-size memory of a propagator, for checkpoints.
///
/// Store the floating-point numbers exactly (binary, or a text form that reads back the same bits).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Length of the next step to try; None: choose at the start.
    pub next_step: Option<f64>,
    /// Error of the last accepted step in units of the tolerance, at least 1e-4 (PI controller).
    pub last_error: Option<f64>,
    /// Whether the last attempt was rejected (the next step may then not grow).
    pub rejected: bool,
    /// Counts so far.
    pub statistics: Statistics,
}

/// Checks the arguments of `advance` that all methods share.
pub(crate) fn check_arguments(
    dim: usize,
    system: &dyn System,
    (t, t_end): (f64, f64),
    y: &[f64],
    stops: &[f64],
) -> Result<(), PropagateError> {
    for found in [system.field().dim(), y.len()] {
        if found != dim {
            return Err(PropagateError::Dimension { expected: dim, found });
        }
    }
    let invalid = |name, value: String, allowed| Err(PropagateError::InvalidOption { name, value, allowed });
    if !t.is_finite() {
        return invalid("t", t.to_string(), "finite");
    }
    if !t_end.is_finite() || t_end < t {
        return invalid("t_end", t_end.to_string(), "finite and not before t");
    }
    if !stops.is_sorted_by(|a, b| a < b) || stops.iter().any(|&s| !(s > t && s <= t_end)) {
        return invalid("stops", format!("{stops:?}"), "strictly increasing times in (t, t_end]");
    }
    Ok(())
}
