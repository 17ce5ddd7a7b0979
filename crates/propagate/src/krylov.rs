//! The exponential in Krylov subspaces.

mod subspace;

use subspace::Subspace;

use crate::pace::{APPLICATIONS_PER_STEP, Pace, within};
use crate::propagator::{Observer, Samples, Stop, check_arguments, sample_times, show};
use crate::vector::copy;

use crate::{Krylov, LinearOperator, Memory, PropagateError, Propagator, System};

const NAME: &str = "krylov";
/// Vectors of a step for one of its samples.
const VECTORS_PER_SAMPLE: usize = 4;
/// Relative error that rounding leaves in any case.
const ROUNDING: f64 = 4.0 * f64::EPSILON;
/// Fraction of the longest step that the estimate allows.
const SAFETY: f64 = 0.9;
/// Largest factor between two steps that fill the subspace.
const GROWTH: f64 = 5.0;
/// Attempts to lengthen a good step, which take this part of the longest step that the estimate allows, if that
/// is so much longer.
const STRETCHES: u32 = 3;
const STRETCH: f64 = 0.97;
const WORTHWHILE: f64 = 1.02;
/// Repetitions of the search for a step in one subspace.
const SEARCHES: u32 = 60;

/// exp(h A) y in the Krylov subspace span{y, A y, ..., A^(m-1) y}: with the Arnoldi relation A V = V H +
/// h_(m+1,m) v_(m+1) e_m^T the new state is ‖y‖ V exp(h H) e_1, corrected by one more vector. The error per
/// unit time is kept below `tolerance` ‖y‖ (y at the start of the step) with the estimate ‖y‖ h_(m+1,m)
/// |e_m^T h φ_1(h H) e_1|; dimension and step adapt, and all stops inside of a step are taken from the same
/// subspace.
///
/// Source: Y. Saad, SIAM J. Numer. Anal. 29, 209 (1992); R. B. Sidje, ACM Trans. Math. Softw. 24, 130 (1998).
pub(crate) struct KrylovPropagator {
    options: Krylov,
    dim: usize,
    memory: Memory,
    subspace: Subspace,
    output: Vec<f64>,
    probes: Vec<f64>,
}

impl KrylovPropagator {
    /// A propagator for vectors of length `dim`.
    pub(crate) fn new(options: Krylov, dim: usize) -> Self {
        Self {
            options,
            dim,
            memory: Memory::default(),
            subspace: Subspace::default(),
            output: vec![0.0; dim],
            probes: Vec::new(),
        }
    }

    fn steps(
        &mut self,
        operator: &dyn LinearOperator,
        mut t: f64,
        end: f64,
        y: &mut [f64],
        mut stops: &[f64],
        observer: &mut dyn Observer,
    ) -> Result<f64, PropagateError> {
        let max_steps = self.options.max_steps;
        let (mut left, first) = (max_steps, self.memory.statistics.applications);
        let limit = max_steps.saturating_mul(APPLICATIONS_PER_STEP);
        let mut pace = Pace::new((t, end), limit);
        while t < end {
            if left == 0 {
                let (limit, step) = (self.options.max_steps, self.memory.statistics.last_step);
                return Err(PropagateError::MaxSteps { time: t, end, limit, step });
            }
            left -= 1;
            let before = self.memory.clone();
            let Some((h, error)) = self.step(operator, t, end - t, y, observer)? else {
                self.memory = before;
                break;
            };
            let t_new = if h >= end - t { end } else { t + h };
            if observer.wants_samples() && self.review(t, t_new, observer)? {
                break;
            }
            let statistics = &mut self.memory.statistics;
            statistics.accept(h, error);
            statistics.largest_dimension = statistics.largest_dimension.max(self.subspace.dimension() as u64);
            let inside = stops.partition_point(|&stop| stop < t_new);
            let last = stops.get(inside) == Some(&t_new);
            let (now, later) = stops.split_at(inside + usize::from(last));
            stops = later;
            let mut over = self.show(t, &now[..inside], observer)?;
            self.state(t, h)?;
            copy(y, &self.output);
            t = t_new;
            if last {
                let error = self.memory.statistics.error_estimate;
                over |= show(observer, t, y, error, &mut self.probes).is_break();
            }
            over |= observer.step(t, y).is_break();
            if over {
                break;
            }
            let needed = pace.note(self.memory.statistics.applications - first, t).unwrap_or_default();
            within(needed, "applications of the operator", (limit, max_steps), (t, end))?;
        }
        Ok(t)
    }

    /// Shows the samples of a step to the observer; true if it refuses the step.
    fn review(&mut self, t: f64, t_new: f64, observer: &mut dyn Observer) -> Result<bool, PropagateError> {
        let count = (self.subspace.dimension() / VECTORS_PER_SAMPLE).max(2);
        self.subspace.evaluate(observer);
        let mut probes = vec![0.0; count * observer.probe_count()];
        let spacing = (t_new - t) / count as f64;
        let wrong = PropagateError::NonFinite { time: t, step: spacing };
        self.subspace.samples(spacing, count, &mut probes).ok_or(wrong)?;
        let times = sample_times(t, t_new, count);
        Ok(observer.review(&Samples { times: &times, probes: &probes }).is_break())
    }

    /// Shows the stops inside of the step from `t`; true if the observer breaks off.
    fn show(&mut self, t: f64, stops: &[f64], observer: &mut dyn Observer) -> Result<bool, PropagateError> {
        let error_estimate = self.memory.statistics.error_estimate;
        let mut over = false;
        if !observer.needs_state() && !stops.is_empty() {
            if !observer.wants_samples() {
                self.subspace.evaluate(observer);
            }
            self.probes.resize(observer.probe_count(), 0.0);
        }
        for &time in stops {
            if observer.needs_state() {
                self.state(t, time - t)?;
                over |= show(observer, time, &self.output, error_estimate, &mut self.probes).is_break();
            } else {
                let wrong = PropagateError::NonFinite { time: t, step: time - t };
                self.subspace.probes(time - t, &mut self.probes).ok_or(wrong)?;
                let stop = Stop { time, probes: &self.probes, state: None, error_estimate };
                over |= observer.stop(&stop).is_break();
            }
        }
        Ok(over)
    }

    /// Builds a subspace of `y` and finds a step of at most `rest` in it; returns it and its relative error,
    /// `None` if `observer` abandons it.
    fn step(
        &mut self,
        operator: &dyn LinearOperator,
        time: f64,
        rest: f64,
        y: &[f64],
        observer: &dyn Observer,
    ) -> Result<Option<(f64, f64)>, PropagateError> {
        let non_finite = || PropagateError::NonFinite { time, step: rest };
        self.subspace.start(y).ok_or_else(non_finite)?;
        let largest = self.options.dimension.min(self.dim);
        while !self.subspace.invariant() {
            if self.subspace.extend(operator, &|| observer.poll()).ok_or_else(non_finite)?.is_break() {
                return Ok(None);
            }
            self.memory.statistics.applications += 1;
            let size = self.subspace.dimension();
            if self.subspace.invariant() {
                break;
            }
            if size >= largest {
                return self.search(time, rest).map(Some);
            }
            if size.is_multiple_of(4) && self.subspace.promising(rest) {
                let error = self.subspace.error(rest).ok_or_else(non_finite)?;
                if error <= self.allowed(rest) {
                    return Ok(Some((rest, error)));
                }
            }
        }
        Ok(Some((rest, 0.0)))
    }

    fn allowed(&self, h: f64) -> f64 {
        (self.options.tolerance * h).max(ROUNDING)
    }

    /// The longest step that the full subspace allows.
    fn search(&mut self, time: f64, rest: f64) -> Result<(f64, f64), PropagateError> {
        // The estimate of the last full subspace is a good guess for the next one.
        let mut h = self.subspace.reach(rest).min(self.memory.next_step.unwrap_or(rest));
        let order = self.subspace.dimension() as f64;
        let mut estimate = f64::INFINITY;
        for _ in 0..SEARCHES {
            // An overflow of the small exponential only means that the step is far too long.
            estimate = self.subspace.error(h).unwrap_or(f64::INFINITY);
            let allowed = self.allowed(h);
            if estimate <= allowed {
                return Ok(self.stretched((h, estimate), rest));
            }
            self.memory.statistics.rejected += 1;
            let factor = SAFETY * (allowed / estimate).powf(1.0 / order);
            h *= factor.clamp(0.1, SAFETY);
            if h <= 4.0 * f64::EPSILON * time.abs() || h < f64::MIN_POSITIVE {
                return Err(PropagateError::StepUnderflow { time, step: h, estimate: estimate / allowed });
            }
        }
        let tolerance = self.allowed(h);
        Err(PropagateError::NotConverged { method: NAME, time, step: h, estimate, tolerance })
    }

    /// A good step, longer where the same subspace allows it: exponentials of its small matrix cost nothing
    /// beside the applications that made it.
    fn stretched(&mut self, (mut h, mut estimate): (f64, f64), rest: f64) -> (f64, f64) {
        let order = self.subspace.dimension() as f64;
        let reach = self.subspace.reach(rest);
        let grown = |h: f64, factor: f64, estimate: f64, allowed: f64| {
            h * (factor * (allowed / estimate).powf(1.0 / order)).clamp(SAFETY, GROWTH)
        };
        for _ in 0..STRETCHES {
            let longer = grown(h, STRETCH, estimate, self.allowed(h)).min(reach);
            if longer <= WORTHWHILE * h {
                break;
            }
            match self.subspace.error(longer) {
                Some(error) if error <= self.allowed(longer) => (h, estimate) = (longer, error),
                _ => break,
            }
        }
        self.memory.next_step = Some(grown(h, SAFETY, estimate, self.allowed(h)));
        (h, estimate)
    }

    /// `output` = the state `h` after the start of the step at `time`.
    fn state(&mut self, time: f64, h: f64) -> Result<(), PropagateError> {
        let wrong = PropagateError::NonFinite { time, step: h };
        self.subspace.state(h, &mut self.output).ok_or(wrong)
    }
}

impl Propagator for KrylovPropagator {
    fn advance(
        &mut self,
        system: &dyn System,
        t: f64,
        t_end: f64,
        y: &mut [f64],
        stops: &[f64],
        observer: &mut dyn Observer,
    ) -> Result<f64, PropagateError> {
        self.options.validate()?;
        let operator = system.linear().ok_or(PropagateError::NotLinear { method: NAME })?;
        check_arguments(self.dim, system, (t, t_end), y, stops)?;
        self.steps(operator, t, t_end, y, stops, observer)
    }

    fn state_vectors(&self, _states: bool) -> usize {
        self.options.dimension.min(self.dim) + 2
    }

    fn memory(&self) -> Memory {
        self.memory.clone()
    }

    fn restore(&mut self, memory: &Memory) {
        self.memory = memory.clone();
    }
}
