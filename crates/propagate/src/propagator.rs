//! What every propagator promises.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::{PropagateError, System};

/// What is shown at a stop.
#[derive(Debug, Clone, Copy)]
pub struct Stop<'a> {
    /// Time.
    pub time: f64,
    /// Values of the linear probes of the observer, in their order.
    pub probes: &'a [f64],
    /// The state. Always there if the observer needs it; otherwise only where the method has it anyway.
    pub state: Option<&'a [f64]>,
    /// Sum of the estimated local errors of all steps up to the end of the one that holds this stop, relative
    /// to the norm of the state.
    pub error_estimate: f64,
}

/// The linear probes at times inside of one step, in order of time, the last at its end.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    /// The times.
    pub times: &'a [f64],
    /// The probes, one row a time.
    pub probes: &'a [f64],
}

impl<'a> Samples<'a> {
    /// The times with their probes.
    pub fn rows(&self) -> impl Iterator<Item = (f64, &'a [f64])> + use<'a> {
        let count = (self.probes.len() / self.times.len().max(1)).max(1);
        self.times.iter().copied().zip(self.probes.chunks_exact(count))
    }
}

/// `count` times evenly spaced in a step, the last at its end.
pub(crate) fn sample_times(t: f64, t_new: f64, count: usize) -> Vec<f64> {
    (1..=count)
        .map(|i| if i == count { t_new } else { t + (t_new - t) * (i as f64 / count as f64) })
        .collect()
}

/// Sees a propagation at its stops and at the ends of its steps. Closures `|time: f64, state: &[f64]|` that
/// need nothing but the state are observers.
///
/// A `Break` asks to end the propagation at the end of the step in progress, where it can be continued with
/// the same bits; stops inside of that step are still shown.
pub trait Observer {
    /// Number of linear functionals of the state that are wanted at every stop.
    fn probe_count(&self) -> usize {
        0
    }

    /// Evaluates the functionals of any vector. Methods for linear systems evaluate them on the vectors of a
    /// recurrence or of a subspace and combine numbers, for any number of stops.
    fn probe(&self, _vector: &[f64], _out: &mut [f64]) {}

    /// Whether the state is needed at every stop, beside the probes.
    fn needs_state(&self) -> bool {
        true
    }

    /// Whether the probes are wanted along every step, whatever the stops are: with methods of long steps
    /// some four radians of the fastest rotation apart, with Runge-Kutta methods at the ends of the steps.
    fn wants_samples(&self) -> bool {
        false
    }

    /// Sees the samples of a step that could be accepted, before anything of it is shown. `Break` refuses the
    /// step: the propagation ends at its start, with the state there. Only called if samples are wanted.
    fn review(&mut self, _samples: &Samples<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Asked before every application of the field, also inside of steps. `Break` abandons the step: the
    /// propagation ends at its start, with the state and the memory there, as if it had not been begun.
    fn poll(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Called at every stop.
    fn stop(&mut self, stop: &Stop<'_>) -> ControlFlow<()>;

    /// Called at the end of every accepted step, after its stops.
    fn step(&mut self, _time: f64, _state: &[f64]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<F: FnMut(f64, &[f64]) -> ControlFlow<()>> Observer for F {
    fn stop(&mut self, stop: &Stop<'_>) -> ControlFlow<()> {
        match stop.state {
            Some(state) => self(stop.time, state),
            None => ControlFlow::Continue(()),
        }
    }
}

/// Shows a state at a stop, its probes evaluated.
pub(crate) fn show(
    observer: &mut dyn Observer,
    time: f64,
    state: &[f64],
    error_estimate: f64,
    probes: &mut Vec<f64>,
) -> ControlFlow<()> {
    probes.clear();
    probes.resize(observer.probe_count(), 0.0);
    observer.probe(state, probes);
    observer.stop(&Stop { time, probes, state: Some(state), error_estimate })
}

/// Moves a state in time. Holds its workspace and step-size memory; the state is owned by the caller.
pub trait Propagator {
    /// Advances `y` from `t` to `t_end` and calls `observer` at each of the sorted `stops` in (t, `t_end`].
    /// Returns the time reached: `t_end`, the end of the step in which the observer broke off, or the start
    /// of the step that it refused or abandoned; `y` is the state at that time. The result is the same in every bit for
    /// any number of threads.
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
        observer: &mut dyn Observer,
    ) -> Result<f64, PropagateError>;

    /// Counts and estimates since the propagator was made.
    fn statistics(&self) -> Statistics {
        self.memory().statistics
    }

    /// Largest number of vectors of length dim it holds beside `y`, for observers that need `states` at the
    /// stops or do not.
    fn state_vectors(&self, states: bool) -> usize;

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
    /// The same of systems that follow time (`krylov`, `chebyshev`).
    pub magnus_step: Option<f64>,
    /// Error of the last accepted step in units of the tolerance, at least 1e-4 (PI controller).
    pub last_error: Option<f64>,
    /// Whether the last attempt was rejected (the next step may then not grow).
    pub rejected: bool,
    /// How far the method has retreated from its first guess of the spectrum (`chebyshev`).
    pub caution: u32,
    /// Steps accepted since the caution last changed (`chebyshev`).
    pub calm: u32,
    /// How often less caution was tried: each time after twice as many steps (`chebyshev`).
    pub patience: u32,
    /// Terms that the last step took beyond its plan (`chebyshev`).
    pub surplus: u32,
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
