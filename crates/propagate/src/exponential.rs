//! The exponential of the whole matrix, for stiff systems of few numbers.

use std::ops::ControlFlow;

use superladder_dense::{Mat, Squaring, multiply_vector};

use crate::explicit::KnownOperator;
use crate::pace::{APPLICATIONS_PER_STEP, within};
use crate::propagator::{Observer, Samples, check_arguments, show};
use crate::vector::{copy, norm};
use crate::{Exponential, LinearOperator, Memory, PropagateError, Propagator, System};

const NAME: &str = "exponential";
/// Rows of the largest matrix: one product takes 1.5 s of a processor, and 14 matrices 450 MB.
pub(crate) const LARGEST: usize = 2000;
/// Matrices that are held while an exponential is computed.
const MATRICES: usize = 14;
/// Radians of the fastest rotation between two samples.
const RADIANS: f64 = 4.0;
/// Substeps of one step.
const SUBSTEPS: usize = 256;
/// Substeps that differ by so many roundings of the time are the same.
const SAME: f64 = 4.0 * f64::EPSILON;

/// y(t + h) = exp(h A) y(t) with the dense exponential, by Pade approximation, scaling and squaring, of the
/// matrix on the independent numbers that the state can reach. Its cost does not grow with the norm of A but
/// with its logarithm. Every exponential is computed twice, the second time with one squaring more: the two
/// differ by rounding errors, about ε ‖A‖ t, which are what is left of errors here, and the difference is the
/// estimate.
///
/// ```text
/// a step:     t --d-- t + d --d-- t + 2 d ...        d: at most four radians, the same up to the next stop
/// samples:    t + d/2^s, ..., t + d/4, t + d/2, t + d, t + 2 d, ...    the first ones when A or d is new
/// ```
///
/// [`Memory`]: `next_step` is the substep whose exponential is known, `last_error` a sum that tells operators
/// apart.
///
/// Source: N. J. Higham, SIAM J. Matrix Anal. Appl. 26, 1179 (2005).
pub(crate) struct ExponentialPropagator {
    options: Exponential,
    dim: usize,
    memory: Memory,
    system: Option<KnownSystem>,
    state: Vec<f64>,
}

/// The matrix of an operator and its exponential.
struct KnownSystem {
    known: KnownOperator,
    exponential: Option<Pair>,
}

/// exp(step A), computed in two ways.
struct Pair {
    step: f64,
    matrices: [Mat<f64>; 2],
}

/// The state within a step, moved by both exponentials, and the samples seen so far.
struct Way {
    states: [Vec<f64>; 2],
    next: Vec<f64>,
    times: Vec<f64>,
    probes: Vec<f64>,
}

impl Way {
    fn new(start: Vec<f64>) -> Self {
        let next = vec![0.0; start.len()];
        Self { states: [start.clone(), start], next, times: Vec::new(), probes: Vec::new() }
    }

    fn advance(&mut self, pair: &Pair) {
        for (state, matrix) in self.states.iter_mut().zip(&pair.matrices) {
            multiply_vector(matrix, state, &mut self.next);
            std::mem::swap(state, &mut self.next);
        }
    }

    /// How far the two states are apart, relative to them.
    fn error(&self) -> f64 {
        let [a, b] = &self.states;
        let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let size = norm(a);
        if size == 0.0 { 0.0 } else { norm(&difference) / size }
    }
}

impl ExponentialPropagator {
    /// A propagator for vectors of length `dim`.
    pub(crate) fn new(options: Exponential, dim: usize) -> Self {
        Self { options, dim, memory: Memory::default(), system: None, state: vec![0.0; dim] }
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
        let mut left = self.options.max_steps;
        while t < end {
            if left == 0 {
                let (limit, step) = (self.options.max_steps, self.memory.statistics.last_step);
                return Err(PropagateError::MaxSteps { time: t, end, limit, step });
            }
            left -= 1;
            let target = stops.first().map_or(end, |stop| stop.min(end));
            let before = self.memory.clone();
            let Some((t_new, error)) = self.step(operator, t, (target, end), y, observer)? else {
                self.memory = before;
                break;
            };
            self.memory.statistics.accept(t_new - t, error);
            copy(y, &self.state);
            t = t_new;
            let mut over = false;
            if stops.first() == Some(&t) {
                stops = &stops[1..];
                let error = self.memory.statistics.error_estimate;
                over = show(observer, t, y, error, &mut Vec::new()).is_break();
            }
            over |= observer.step(t, y).is_break();
            if over {
                break;
            }
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
        if self.system.as_ref().is_some_and(|system| system.known.is(operator, y)) {
            return Ok(ControlFlow::Continue(()));
        }
        self.system = None;
        let poll = || observer.poll();
        let Some(known) = KnownOperator::learned(operator, (time, y), (NAME, LARGEST), &poll)? else {
            return Ok(ControlFlow::Break(()));
        };
        let largest = &mut self.memory.statistics.largest_dimension;
        *largest = (*largest).max(known.explicit.len() as u64);
        self.system = Some(KnownSystem { known, exponential: None });
        Ok(ControlFlow::Continue(()))
    }

    /// A step from `t` to at most `target` on the way to `end`: the new state waits in `state`. Returns the time
    /// and the relative error; `None` if the observer refuses or abandons it.
    fn step(
        &mut self,
        operator: &dyn LinearOperator,
        t: f64,
        (target, end): (f64, f64),
        y: &[f64],
        observer: &mut dyn Observer,
    ) -> Result<Option<(f64, f64)>, PropagateError> {
        let (memory, options) = (&mut self.memory, &self.options);
        let Some(system) = &mut self.system else { return Ok(None) };
        let sampled = observer.wants_samples();
        let rotations = operator.spectral_box().map_or(0.0, |(.., height)| height * (target - t) / RADIANS);
        let count = if sampled && rotations.is_finite() { rotations.ceil().max(1.0) as usize } else { 1 };
        let (wanted, taken) = ((target - t) / count as f64, count.min(SUBSTEPS));
        let limit = options.max_steps.saturating_mul(APPLICATIONS_PER_STEP);
        let needed = 2.0 * (end - t) / wanted;
        within(needed, "products with the exponential", (limit, options.max_steps), (t, end))?;
        let same = |step: &f64| (step - wanted).abs() <= SAME * t.abs().max(target.abs()) / count as f64;
        let known = memory.last_error == Some(system.known.sum());
        let old = memory.next_step.filter(|step| known && same(step));
        let step = old.unwrap_or(wanted);
        let mut start = vec![0.0; system.known.explicit.len()];
        system.known.explicit.gather(y, &mut start);
        let mut way = Way::new(start);
        let state = &mut self.state;
        if system.exponential.as_ref().is_none_or(|pair| pair.step != step) {
            let first = (sampled && old.is_none()).then_some(t);
            if system.compute(step, first, &mut way, state, observer).is_break() {
                return Ok(None);
            }
        }
        (memory.next_step, memory.last_error) = (Some(step), Some(system.known.sum()));
        let Some(pair) = &system.exponential else { return Ok(None) };
        let mut t_new = t;
        for k in 1..=taken {
            if observer.poll().is_break() {
                return Ok(None);
            }
            way.advance(pair);
            memory.statistics.applications += 2;
            t_new = if k == count { target } else { t + step * k as f64 };
            if sampled {
                system.known.explicit.scatter(&way.states[0], state);
                way.note(t_new, state, observer);
            }
        }
        let (error, allowed) = (way.error(), options.step_tolerance);
        if !error.is_finite() {
            return Err(PropagateError::NonFinite { time: t, step });
        }
        if error > allowed {
            let (method, tolerance) = (NAME, allowed);
            return Err(PropagateError::Rounding { method, time: t, step, estimate: error, tolerance });
        }
        let samples = Samples { times: &way.times, probes: &way.probes };
        if sampled && observer.review(&samples).is_break() {
            return Ok(None);
        }
        system.known.explicit.scatter(&way.states[0], state);
        Ok(Some((t_new, error)))
    }
}

impl Way {
    fn note(&mut self, time: f64, state: &[f64], observer: &dyn Observer) {
        let (from, count) = (self.probes.len(), observer.probe_count());
        self.probes.resize(from + count, 0.0);
        observer.probe(state, &mut self.probes[from..]);
        self.times.push(time);
    }
}

impl KnownSystem {
    /// Computes the exponential of a step. With `first`, the time at its start, the states at the halvings of
    /// the step are samples: they see how a stiff part decays.
    fn compute(
        &mut self,
        step: f64,
        first: Option<f64>,
        way: &mut Way,
        state: &mut [f64],
        observer: &dyn Observer,
    ) -> ControlFlow<()> {
        let matrix = self.known.explicit.dense(step);
        let mut finished = Vec::with_capacity(2);
        for more in 0..2 {
            let mut squaring = Squaring::new(&matrix, more);
            while squaring.left() > 0 {
                if observer.poll().is_break() {
                    return ControlFlow::Break(());
                }
                if let (Some(t), 0) = (first, more) {
                    multiply_vector(squaring.matrix(), &way.states[0], &mut way.next);
                    self.known.explicit.scatter(&way.next, state);
                    way.note(t + step * 0.5_f64.powi(squaring.left() as i32), state, observer);
                }
                squaring.square();
            }
            finished.push(squaring.matrix().clone());
        }
        let matrices = finished.try_into().unwrap_or_else(|_| unreachable!("two were computed"));
        self.exponential = Some(Pair { step, matrices });
        ControlFlow::Continue(())
    }
}

impl Propagator for ExponentialPropagator {
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
        MATRICES * self.dim.min(LARGEST) + 6
    }

    fn memory(&self) -> Memory {
        self.memory.clone()
    }

    fn restore(&mut self, memory: &Memory) {
        self.memory = memory.clone();
    }
}
