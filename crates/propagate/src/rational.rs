//! The exponential in rational Krylov subspaces, for stiff systems.

mod subspace;

use std::ops::ControlFlow;

use superladder_sparse::{ShiftedLu, ShiftedMatrix};

use crate::explicit::KnownOperator;
use crate::pace::{APPLICATIONS_PER_STEP, Pace, within};
use crate::propagator::{Observer, Samples, check_arguments, sample_times, show};
use crate::vector::{copy, norm};
use crate::{LinearOperator, Memory, PropagateError, Propagator, RationalKrylov, System};
use subspace::RationalSubspace;

const NAME: &str = "rational-krylov";
/// Rows of the largest matrix.
pub(crate) const LARGEST: usize = 20_000;
/// Numbers that the factors take for every row, at most: 3500 where 17640 numbers are all coupled.
const FILL: usize = 4000;
/// Step over shift.
const STEP_OVER_SHIFT: f64 = 10.0;
/// First step, in units of the inverse norm: transients are resolved before steps grow beyond them.
const FIRST: f64 = 4.0;
/// Relative error that rounding leaves in any case.
const ROUNDING: f64 = 1e-13;
/// Dimensions between two looks at the error.
const LOOK: usize = 6;
/// Halvings of a step that are tried in one subspace.
const HALVINGS: usize = 6;
/// Radians of the fastest rotation between two samples, and most samples of a step.
const RADIANS: f64 = 4.0;
const SAMPLES: usize = 256;

/// exp(h A) y in the subspace span{y, Z y, Z^2 y, ...} with Z = (1 - s A)^-1 and s = h/10: one sparse LU
/// factorisation serves all steps of one length. Its dimension goes with the rotations in a step, not with
/// the norm of A. The error per unit time is kept below `tolerance` ‖y‖: it is the difference from the
/// solution in a smaller subspace, at the end of the step and at every halving of it that is still above the
/// first stop.
///
/// ```text
/// steps:   4/‖A‖, 16/‖A‖, ...  while the fast parts decay, then as long as the subspace allows
/// ```
///
/// [`Memory`]: `next_step` is the step to try, `last_error` a sum that tells operators apart.
///
/// Source: I. Moret, P. Novati, BIT Numer. Math. 44, 595 (2004); J. van den Eshof, M. Hochbruck, SIAM J. Sci.
/// Comput. 27, 1438 (2006).
pub(crate) struct RationalPropagator {
    options: RationalKrylov,
    dim: usize,
    memory: Memory,
    system: Option<StiffSystem>,
    subspace: RationalSubspace,
    state: Vec<f64>,
}

/// The matrix of an operator and its factors.
struct StiffSystem {
    known: KnownOperator,
    matrix: ShiftedMatrix,
    /// The shift and its factors.
    factors: Option<(f64, ShiftedLu)>,
}

/// A step that was found.
struct Found {
    h: f64,
    error: f64,
    /// A step to try next.
    next: f64,
}

impl RationalPropagator {
    /// A propagator for vectors of length `dim`.
    pub(crate) fn new(options: RationalKrylov, dim: usize) -> Self {
        let (memory, subspace) = (Memory::default(), RationalSubspace::default());
        Self { options, dim, memory, system: None, subspace, state: vec![0.0; dim] }
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
        if t < end && self.learn(operator, t, y, observer)?.is_break() {
            return Ok(t);
        }
        let max_steps = self.options.max_steps;
        let (mut left, taken) = (max_steps, self.memory.statistics.applications);
        let limit = max_steps.saturating_mul(APPLICATIONS_PER_STEP);
        let mut pace = Pace::new((t, end), limit);
        while t < end {
            if left == 0 {
                let (limit, step) = (self.options.max_steps, self.memory.statistics.last_step);
                return Err(PropagateError::MaxSteps { time: t, end, limit, step });
            }
            left -= 1;
            let before = self.memory.clone();
            let first = stops.first().map_or(end, |stop| *stop) - t;
            let Some(Found { h, error, next }) = self.step(operator, (t, end - t, first), y, observer)?
            else {
                self.memory = before;
                break;
            };
            let t_new = if h >= end - t { end } else { t + h };
            if observer.wants_samples() && self.review(operator, (t, t_new), observer)?.is_break() {
                self.memory = before;
                break;
            }
            self.memory.next_step = Some(next);
            self.memory.statistics.accept(h, error);
            let dimension = &mut self.memory.statistics.largest_dimension;
            *dimension = (*dimension).max(self.subspace.dimension() as u64);
            let count = stops.partition_point(|&stop| stop <= t_new);
            let (now, later) = stops.split_at(count);
            stops = later;
            let mut over = self.show(t, t_new, now, observer)?;
            copy(y, &self.state);
            t = t_new;
            over |= observer.step(t, y).is_break();
            if over {
                break;
            }
            let needed = pace.note(self.memory.statistics.applications - taken, t).unwrap_or_default();
            within(needed, "solutions of linear systems", (limit, max_steps), (t, end))?;
        }
        Ok(t)
    }

    /// Makes sure that the matrix is that of `operator` and reaches all of `y`.
    fn learn(
        &mut self,
        operator: &dyn LinearOperator,
        time: f64,
        y: &[f64],
        observer: &dyn Observer,
    ) -> Result<ControlFlow<()>, PropagateError> {
        if observer.poll().is_break() {
            return Ok(ControlFlow::Break(()));
        }
        if self.system.as_ref().is_none_or(|system| !system.known.is(operator, y)) {
            self.system = None;
            let poll = || observer.poll();
            let Some(known) = KnownOperator::learned(operator, (time, y), (NAME, LARGEST), &poll)? else {
                return Ok(ControlFlow::Break(()));
            };
            let non_finite = PropagateError::NonFinite { time, step: 0.0 };
            let matrix = ShiftedMatrix::new(known.explicit.columns()).ok_or(non_finite)?;
            self.subspace = RationalSubspace::default();
            self.system = Some(StiffSystem { known, matrix, factors: None });
        }
        let sum = self.system.as_ref().map(|system| system.known.sum());
        if self.memory.last_error != sum {
            (self.memory.last_error, self.memory.next_step) = (sum, None);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Finds a step of at most `rest` from `time`, with the `first` stop so far ahead; `None` if `observer`
    /// abandons it.
    fn step(
        &mut self,
        operator: &dyn LinearOperator,
        (time, rest, first): (f64, f64, f64),
        y: &[f64],
        observer: &dyn Observer,
    ) -> Result<Option<Found>, PropagateError> {
        let non_finite = |step| PropagateError::NonFinite { time, step };
        let Some(system) = &mut self.system else { return Ok(None) };
        let rotation = operator.spectral_box().map_or(0.0, |(.., height)| height);
        let sampled = if observer.wants_samples() { SAMPLES as f64 * RADIANS / rotation } else { rest };
        let longest = rest.min(sampled);
        let mut h = self.memory.next_step.unwrap_or(FIRST / operator.norm_bound()).min(longest);
        let mut start = vec![0.0; system.known.explicit.len()];
        system.known.explicit.gather(y, &mut start);
        loop {
            if observer.poll().is_break() {
                return Ok(None);
            }
            let moved = operator.norm_bound() * h;
            let shift = (h / moved.clamp(1.0, STEP_OVER_SHIFT)).log2().round().exp2();
            let factors = system.factorised(shift).ok_or_else(|| non_finite(h))?;
            self.subspace.start(&start, shift).ok_or_else(|| non_finite(h))?;
            let samples = if observer.wants_samples() { count_samples(rotation, h) } else { 1 };
            let least = first.min(h / samples as f64);
            let attempt = Attempt { options: &self.options, factors, dim: start.len(), h, least };
            let (subspace, statistics) = (&mut self.subspace, &mut self.memory.statistics);
            let Some(found) = attempt.run(subspace, statistics, observer, non_finite)? else {
                return Ok(None);
            };
            match found {
                Ok(mut found) => {
                    // A step that had to end early says nothing against a longer one.
                    if found.h >= longest {
                        found.next = found.next.max(self.memory.next_step.unwrap_or(0.0));
                    }
                    return Ok(Some(found));
                }
                Err(estimate) => {
                    self.memory.statistics.rejected += 1;
                    h *= 0.5_f64.powi(HALVINGS as i32 + 1);
                    if h <= 4.0 * f64::EPSILON * time.abs() || h < f64::MIN_POSITIVE {
                        return Err(PropagateError::StepUnderflow { time, step: h, estimate });
                    }
                }
            }
        }
    }

    /// Shows the samples of a step to the observer, which may refuse it.
    fn review(
        &mut self,
        operator: &dyn LinearOperator,
        (t, t_new): (f64, f64),
        observer: &mut dyn Observer,
    ) -> Result<ControlFlow<()>, PropagateError> {
        let rotation = operator.spectral_box().map_or(0.0, |(.., height)| height);
        let times = sample_times(t, t_new, count_samples(rotation, t_new - t));
        let width = observer.probe_count();
        let mut probes = vec![0.0; times.len() * width];
        for (k, coefficients) in self.coefficients(t, &times)?.into_iter().enumerate() {
            self.expand(&coefficients);
            observer.probe(&self.state, &mut probes[k * width..][..width]);
        }
        Ok(observer.review(&Samples { times: &times, probes: &probes }))
    }

    /// Shows the stops of the step from `t`, and leaves its end in `state`; true if the observer breaks off.
    fn show(
        &mut self,
        t: f64,
        t_new: f64,
        stops: &[f64],
        observer: &mut dyn Observer,
    ) -> Result<bool, PropagateError> {
        let error = self.memory.statistics.error_estimate;
        let (mut over, mut probes) = (false, Vec::new());
        for (&time, coefficients) in stops.iter().zip(self.coefficients(t, stops)?) {
            self.expand(&coefficients);
            over |= show(observer, time, &self.state, error, &mut probes).is_break();
        }
        if stops.last() != Some(&t_new) {
            for coefficients in self.coefficients(t, &[t_new])? {
                self.expand(&coefficients);
            }
        }
        Ok(over)
    }

    fn coefficients(&self, t: f64, times: &[f64]) -> Result<Vec<Vec<f64>>, PropagateError> {
        let after: Vec<f64> = times.iter().map(|time| time - t).collect();
        let step = after.last().copied().unwrap_or(0.0);
        self.subspace.coefficients(&after).ok_or(PropagateError::NonFinite { time: t, step })
    }

    /// `state` = the vector with these coefficients.
    fn expand(&mut self, coefficients: &[f64]) {
        let Some(system) = &self.system else { return };
        let mut x = vec![0.0; system.known.explicit.len()];
        self.subspace.state(coefficients, &mut x);
        system.known.explicit.scatter(&x, &mut self.state);
    }
}

fn count_samples(rotation: f64, h: f64) -> usize {
    let count = (rotation * h / RADIANS).ceil();
    if count.is_finite() { (count as usize).clamp(2, SAMPLES) } else { SAMPLES }
}

impl StiffSystem {
    /// The factors of 1 - `shift` A.
    fn factorised(&mut self, shift: f64) -> Option<&ShiftedLu> {
        if self.factors.as_ref().is_none_or(|known| known.0 != shift) {
            self.factors = None;
            self.factors = Some((shift, self.matrix.factorised(shift)?));
        }
        self.factors.as_ref().map(|known| &known.1)
    }
}

/// The search for a step in one subspace.
struct Attempt<'a> {
    options: &'a RationalKrylov,
    factors: &'a ShiftedLu,
    dim: usize,
    /// The step that is wanted.
    h: f64,
    /// Errors are looked at down to this time.
    least: f64,
}

impl Attempt<'_> {
    /// The step that the subspace allows, or the smallest error relative to what is allowed; `None` if
    /// `observer` abandons it.
    fn run(
        &self,
        subspace: &mut RationalSubspace,
        statistics: &mut crate::Statistics,
        observer: &dyn Observer,
        non_finite: impl Fn(f64) -> PropagateError,
    ) -> Result<Option<Result<Found, f64>>, PropagateError> {
        let (h, largest) = (self.h, self.options.dimension.min(self.dim));
        while !subspace.invariant() {
            let extended = subspace.extend(self.factors, self.dim, &|| observer.poll());
            if extended.ok_or_else(|| non_finite(h))?.is_break() {
                return Ok(None);
            }
            statistics.applications += 1;
            let size = subspace.dimension();
            if subspace.invariant() || size >= largest {
                break;
            }
            if size.is_multiple_of(LOOK) && size > LOOK {
                let errors = subspace.errors(h, self.least);
                if let Some(error) = errors.filter(|errors| self.keeps(h, errors)).map(|errors| errors[0]) {
                    let growth = if 2 * size <= largest { 4.0 } else { 2.0 };
                    return Ok(Some(Ok(Found { h, error, next: growth * h })));
                }
            }
        }
        if subspace.invariant() {
            return Ok(Some(Ok(Found { h, error: ROUNDING, next: 4.0 * h })));
        }
        let errors = subspace.errors(h, self.least.min(h * 0.5_f64.powi(HALVINGS as i32)));
        let errors = errors.ok_or_else(|| non_finite(h))?;
        let mut best = f64::INFINITY;
        for halvings in 0..=HALVINGS {
            let shorter = h * 0.5_f64.powi(halvings as i32);
            if self.keeps(shorter, &errors[halvings..]) {
                return Ok(Some(Ok(Found { h: shorter, error: errors[halvings], next: shorter })));
            }
            best = best.min(errors[halvings] / self.allowed(shorter));
        }
        Ok(Some(Err(best)))
    }

    fn allowed(&self, h: f64) -> f64 {
        (self.options.tolerance * h).max(ROUNDING)
    }

    /// Whether the errors at h, h/2, ... are small enough for a step of h.
    fn keeps(&self, h: f64, errors: &[f64]) -> bool {
        errors.iter().all(|error| *error <= self.allowed(h))
    }
}

impl Propagator for RationalPropagator {
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
        if !norm(y).is_finite() {
            return Err(PropagateError::NonFinite { time: t, step: 0.0 });
        }
        self.steps(operator, t, t_end, y, stops, observer)
    }

    fn state_vectors(&self, _states: bool) -> usize {
        self.options.dimension.min(self.dim) + FILL.min(self.dim) + 6
    }

    fn memory(&self) -> Memory {
        self.memory.clone()
    }

    fn restore(&mut self, memory: &Memory) {
        self.memory = memory.clone();
    }
}
