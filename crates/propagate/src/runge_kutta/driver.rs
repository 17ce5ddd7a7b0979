//! The loop around the steps: control, stops, errors.

use super::controller::SMALLEST_ERROR;
use super::scheme::{Estimate, Evaluator, Scheme, Step};
use super::start::first_step;
use crate::pace::{Pace, within};
use crate::propagator::{Observer, Samples, check_arguments, show};
use crate::vector::{Tolerance, norm};
use crate::{Dop853, Lawson, LowStorage, Memory, PropagateError, Propagator, System, Tsit5, VectorField};

/// Rejections in a row without a finite result that end a propagation.
const NON_FINITE_LIMIT: u32 = 20;
/// Rejections in a row that end a propagation.
const REJECTION_LIMIT: u32 = 100;

/// The options that all Runge-Kutta methods share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) rtol: f64,
    pub(crate) atol: f64,
    pub(crate) initial_step: Option<f64>,
    pub(crate) fixed_step: Option<f64>,
    pub(crate) max_steps: u64,
    pub(crate) lawson: bool,
    pub(crate) exact_stops: bool,
}

macro_rules! settings {
    ($options:ty, $exact:expr) => {
        impl From<&$options> for Settings {
            fn from(o: &$options) -> Self {
                Self {
                    rtol: o.rtol,
                    atol: o.atol,
                    initial_step: o.initial_step,
                    fixed_step: o.fixed_step,
                    max_steps: o.max_steps,
                    lawson: o.lawson,
                    exact_stops: $exact(o),
                }
            }
        }
    };
}
settings!(Dop853, |o: &Dop853| o.exact_stops);
settings!(Tsit5, |o: &Tsit5| o.exact_stops);
settings!(LowStorage, |_| true);

/// An adaptive Runge-Kutta propagator.
pub(crate) struct Adaptive<S> {
    settings: Settings,
    scheme: S,
    dim: usize,
    memory: Memory,
    /// Scratch vector of the integrating factor between two calls.
    workspace: Vec<f64>,
}

/// What a call of `advance` is asked to do.
struct Task<'a> {
    end: f64,
    stops: &'a [f64],
    probes: Vec<f64>,
}

impl Task<'_> {
    /// Shows a stop; true if the observer breaks off.
    fn show(&mut self, field: &mut Evaluator<'_>, time: f64, state: &[f64], error_estimate: f64) -> bool {
        show(field.observer, time, state, error_estimate, &mut self.probes).is_break()
    }

    /// Shows the end of a step to an observer that wants samples; true if it refuses the step.
    fn review(&mut self, field: &mut Evaluator<'_>, time: f64, state: &[f64]) -> bool {
        let observer = &mut *field.observer;
        if !observer.wants_samples() {
            return false;
        }
        self.probes.clear();
        self.probes.resize(observer.probe_count(), 0.0);
        observer.probe(state, &mut self.probes);
        observer.review(&Samples { times: &[time], probes: &self.probes }).is_break()
    }
}

impl<S: Scheme> Adaptive<S> {
    pub(crate) fn new(settings: Settings, scheme: S, dim: usize) -> Self {
        Self { settings, scheme, dim, memory: Memory::default(), workspace: Vec::new() }
    }

    /// Runs with the field as it is, or in the frame of the diagonal.
    fn run(
        &mut self,
        field: &dyn VectorField,
        t: f64,
        y: &mut [f64],
        task: Task<'_>,
        observer: &mut dyn Observer,
    ) -> Result<f64, PropagateError> {
        let mut field = Evaluator::new(field, observer);
        self.scheme.forget();
        let result = self.steps(&mut field, t, y, task);
        self.memory.statistics.applications += field.applications;
        result
    }

    fn steps(
        &mut self,
        field: &mut Evaluator<'_>,
        mut t: f64,
        y: &mut [f64],
        mut task: Task<'_>,
    ) -> Result<f64, PropagateError> {
        let limit = self.settings.max_steps;
        let (mut left, end, fixed) = (limit, task.end, self.settings.fixed_step.is_some());
        let mut pace = Pace::new((t, end), limit);
        while t < end {
            let before = (self.memory.clone(), field.applications);
            field.open = true;
            match self.next_step(field, t, y, &mut task, &mut left) {
                _ if field.abandoned => {
                    (self.memory, field.applications) = before;
                    self.scheme.forget();
                    return Ok(t);
                }
                Err(error) => return Err(error),
                Ok(None) => return Ok(t),
                Ok(Some((t_new, over))) => {
                    t = t_new;
                    if over {
                        break;
                    }
                    // Steps that the time does not show any more are another matter.
                    let needed = pace.note(limit - left, t).filter(|needed| needed.is_finite() || fixed);
                    let needed = needed.unwrap_or_default();
                    within(needed, "steps", (limit, limit), (t, end))?;
                }
            }
        }
        Ok(t)
    }

    /// One step from `t`: where it ends, and whether the observer breaks off; `None` if it refuses the step.
    fn next_step(
        &mut self,
        field: &mut Evaluator<'_>,
        t: f64,
        y: &mut [f64],
        task: &mut Task<'_>,
        left: &mut u64,
    ) -> Result<Option<(f64, bool)>, PropagateError> {
        if !self.scheme.started() {
            self.scheme.start(field, t, y);
        }
        let target = match task.stops.first() {
            Some(&stop) if self.settings.exact_stops => stop,
            _ => task.end,
        };
        let wanted = self.wanted_step(field, t, target, y)?;
        let (step, estimate, t_new) = self.accepted_step(field, t, target, wanted, left, task.end, y)?;
        if field.abandoned || task.review(field, t_new, self.scheme.proposed()) {
            return Ok(None);
        }
        self.memory.statistics.accept(step.h, estimate.relative);
        let Some(mut over) = self.inner_stops(field, step, t_new, y, task) else { return Ok(None) };
        field.open = false;
        self.scheme.finish(field, step, y);
        if task.stops.first() == Some(&t_new) {
            task.stops = &task.stops[1..];
            over |= task.show(field, t_new, y, self.memory.statistics.error_estimate);
        }
        over |= field.observer.step(t_new, y).is_break();
        Ok(Some((t_new, over)))
    }

    /// Length of the next step before it is shortened to the target.
    fn wanted_step(
        &mut self,
        field: &mut Evaluator<'_>,
        t: f64,
        target: f64,
        y: &[f64],
    ) -> Result<f64, PropagateError> {
        if let Some(step) = self.settings.fixed_step {
            return Ok(step);
        }
        if let Some(step) = self.memory.next_step {
            return Ok(step);
        }
        if field.abandoned {
            return Ok(0.0);
        }
        let (slope, ..) = self.scheme.first_slope();
        if !norm(slope).is_finite() || !norm(y).is_finite() {
            return Err(PropagateError::NonFinite { time: t, step: 0.0 });
        }
        if let Some(step) = self.settings.initial_step {
            return Ok(step);
        }
        let step = first_step(&mut self.scheme, field, (t, target - t), y, self.settings.tolerance());
        if step.is_finite() { Ok(step) } else { Err(PropagateError::NonFinite { time: t, step: 0.0 }) }
    }

    /// Repeats an attempt with shorter steps until one is accepted; returns it, its error and its end.
    #[allow(clippy::too_many_arguments, reason = "private; the pieces of one loop")]
    fn accepted_step(
        &mut self,
        field: &mut Evaluator<'_>,
        t: f64,
        target: f64,
        mut h: f64,
        left: &mut u64,
        end: f64,
        y: &[f64],
    ) -> Result<(Step, Estimate, f64), PropagateError> {
        let mut rejections = 0;
        loop {
            if *left == 0 {
                return Err(PropagateError::MaxSteps {
                    time: t,
                    end,
                    limit: self.settings.max_steps,
                    step: h,
                });
            }
            *left -= 1;
            let rest = target - t;
            // A step that would leave a sliver takes it along.
            let stretch = if self.settings.fixed_step.is_some() { 1.0 + 1e-10 } else { 1.01 };
            let clipped = h * stretch >= rest;
            let (length, t_new) = if clipped { (rest, target) } else { (h, t + h) };
            if t_new <= t && self.settings.fixed_step.is_none() {
                return Err(PropagateError::StepUnderflow {
                    time: t,
                    step: length,
                    estimate: self.memory.last_error.unwrap_or(1.0),
                });
            }
            let step = Step { t, h: length, tolerance: self.settings.tolerance() };
            let estimate = self.scheme.attempt(field, step, y);
            if field.abandoned {
                return Ok((step, estimate, t));
            }
            if self.decide(&estimate) {
                self.learn(h, length, clipped, estimate.weighted);
                return Ok((step, estimate, t_new));
            }
            rejections += 1;
            self.memory.statistics.rejected += 1;
            self.memory.rejected = true;
            h = length * S::CONTROLLER.after_reject(estimate.weighted);
            self.give_up(t, length, h, rejections, estimate.weighted)?;
            if !self.scheme.started() {
                self.scheme.start(field, t, y);
            }
        }
    }

    fn decide(&self, estimate: &Estimate) -> bool {
        estimate.weighted.is_finite() && (estimate.weighted <= 1.0 || self.settings.fixed_step.is_some())
    }

    /// Keeps what the next step needs to know from an accepted one.
    fn learn(&mut self, wanted: f64, length: f64, clipped: bool, error: f64) {
        let last = self.memory.last_error.unwrap_or(SMALLEST_ERROR);
        let mut next = length * S::CONTROLLER.after_accept(error, last);
        if self.memory.rejected {
            next = next.min(length);
        }
        if clipped {
            // The step was short because of the target, which says nothing against the wanted length.
            next = next.max(wanted);
        } else {
            self.memory.last_error = Some(error.max(SMALLEST_ERROR));
        }
        self.memory.rejected = false;
        self.memory.next_step = Some(next);
    }

    fn give_up(
        &self,
        time: f64,
        tried: f64,
        next: f64,
        rejections: u32,
        estimate: f64,
    ) -> Result<(), PropagateError> {
        let finite = estimate.is_finite();
        if !finite && (rejections >= NON_FINITE_LIMIT || self.settings.fixed_step.is_some()) {
            return Err(PropagateError::NonFinite { time, step: tried });
        }
        if rejections >= REJECTION_LIMIT
            || next <= 4.0 * f64::EPSILON * time.abs()
            || next < f64::MIN_POSITIVE
        {
            return Err(if finite {
                PropagateError::StepUnderflow { time, step: next, estimate }
            } else {
                PropagateError::NonFinite { time, step: tried }
            });
        }
        Ok(())
    }

    /// Shows the stops strictly inside of an accepted step; true if the observer breaks off, `None` if it
    /// abandons the step before anything is shown.
    fn inner_stops(
        &mut self,
        field: &mut Evaluator<'_>,
        step: Step,
        t_new: f64,
        y: &[f64],
        task: &mut Task<'_>,
    ) -> Option<bool> {
        let inside = task.stops.partition_point(|&stop| stop < t_new);
        let (now, later) = task.stops.split_at(inside);
        task.stops = later;
        if !now.is_empty() && S::DENSE {
            self.scheme.prepare_dense(field, step, y);
        }
        if field.abandoned {
            return None;
        }
        field.open = false;
        let mut over = false;
        for &stop in now {
            let state = self.scheme.interpolate(field, step, (stop - step.t) / step.h, y);
            over |= task.show(field, stop, state, self.memory.statistics.error_estimate);
        }
        Some(over)
    }
}

impl Settings {
    fn tolerance(&self) -> Tolerance {
        Tolerance { rtol: self.rtol, atol: self.atol }
    }
}

impl<S: Scheme> Propagator for Adaptive<S> {
    fn advance(
        &mut self,
        system: &dyn System,
        t: f64,
        t_end: f64,
        y: &mut [f64],
        stops: &[f64],
        observer: &mut dyn Observer,
    ) -> Result<f64, PropagateError> {
        self.settings.validate()?;
        check_arguments(self.dim, system, (t, t_end), y, stops)?;
        let task = Task { end: t_end, stops, probes: Vec::new() };
        if !self.settings.lawson {
            return self.run(system.field(), t, y, task, observer);
        }
        let operator = system.linear().ok_or(PropagateError::NotLinear { method: "the option `lawson`" })?;
        match Lawson::with_workspace(operator, std::mem::take(&mut self.workspace)) {
            Ok(lawson) => {
                let result = self.run(&lawson, t, y, task, observer);
                self.workspace = lawson.into_workspace();
                result
            }
            Err(workspace) => {
                self.workspace = workspace;
                let allowed = "false for an operator that does not offer the exponential of its diagonal";
                Err(PropagateError::InvalidOption { name: "lawson", value: "true".to_owned(), allowed })
            }
        }
    }

    fn state_vectors(&self, _states: bool) -> usize {
        self.scheme.state_vectors() + usize::from(self.settings.lawson)
    }

    fn memory(&self) -> Memory {
        self.memory.clone()
    }

    fn restore(&mut self, memory: &Memory) {
        self.memory = memory.clone();
        self.scheme.forget();
    }
}
