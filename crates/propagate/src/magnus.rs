//! Exponentials one after the other, for linear systems that follow time.

use std::cell::Cell;
use std::ops::ControlFlow;

use crate::chebyshev::ChebyshevPropagator;
use crate::in_time::LinearInTime;
use crate::krylov::KrylovPropagator;
use crate::pace::{Pace, within};
use crate::propagator::{Observer, Samples, Stop, check_arguments, show};
use crate::runge_kutta::Controller;
use crate::vector::{accumulate, copy, norm};
use crate::{Chebyshev, Krylov, Linear, LinearOperator, Memory, PropagateError, Propagator, System};

/// Gauss-Legendre nodes of order 4 on a step of length 1.
const NODES: [f64; 2] = [0.211_324_865_405_187_1, 0.788_675_134_594_812_9];
/// Weights of the nearer and of the farther node in one half of a step: 1/2 +- 1/sqrt 3.
const WEIGHTS: [f64; 2] = [1.077_350_269_189_625_8, -0.077_350_269_189_625_76];
/// Two halves of a step have an error so many times smaller than the whole, plus one: 2^4.
const GAIN: f64 = 15.0;
/// Exponentials are this much more accurate than a step.
const FINER: f64 = 0.02;
/// Relative error that rounding leaves in any case.
const ROUNDING: f64 = 32.0 * f64::EPSILON;
/// Smallest tolerance that a method takes.
const SMALLEST: f64 = 1e-15;
/// Rejections of one step that end a propagation.
const REJECTIONS: u32 = 60;
/// Pieces of a step on which coefficients must be nearly straight.
const PIECES: u32 = 8;
/// Radians of the fastest rotation between two samples.
const RADIANS_PER_SAMPLE: f64 = 4.0;

/// A method of exponentials of a constant matrix.
pub(crate) trait Exponentials {
    const NAME: &'static str;
    /// Exponent of the step in the error that is compared with the tolerance.
    const ORDER: f64;

    /// Checks the options.
    fn check(&self) -> Result<(), PropagateError>;
    /// Moves constant systems of length `dim`.
    fn constant(&self, dim: usize) -> Box<dyn Propagator + Send>;
    /// The same for the exponentials of a step, which are [`FINER`].
    fn inside(&self, dim: usize) -> Box<dyn Propagator + Send>;
    /// Relative error allowed in a step of `h`.
    fn allowed(&self, h: f64) -> f64;
    fn max_steps(&self) -> u64;
    fn fixed_step(&self) -> Option<f64>;
}

impl Exponentials for Krylov {
    const NAME: &'static str = "krylov";
    const ORDER: f64 = 4.0;

    fn check(&self) -> Result<(), PropagateError> {
        self.validate()
    }
    fn constant(&self, dim: usize) -> Box<dyn Propagator + Send> {
        Box::new(KrylovPropagator::new(self.clone(), dim))
    }
    fn inside(&self, dim: usize) -> Box<dyn Propagator + Send> {
        let tolerance = (FINER * self.tolerance).max(SMALLEST);
        Box::new(KrylovPropagator::new(Self { tolerance, ..self.clone() }, dim))
    }
    fn allowed(&self, h: f64) -> f64 {
        (self.tolerance * h).max(ROUNDING)
    }
    fn max_steps(&self) -> u64 {
        self.max_steps
    }
    fn fixed_step(&self) -> Option<f64> {
        self.fixed_step
    }
}

impl Exponentials for Chebyshev {
    const NAME: &'static str = "chebyshev";
    const ORDER: f64 = 5.0;

    fn check(&self) -> Result<(), PropagateError> {
        self.validate()
    }
    fn constant(&self, dim: usize) -> Box<dyn Propagator + Send> {
        Box::new(ChebyshevPropagator::new(self.clone(), dim))
    }
    fn inside(&self, dim: usize) -> Box<dyn Propagator + Send> {
        let step_tolerance = (FINER * self.step_tolerance).max(SMALLEST);
        Box::new(ChebyshevPropagator::brief(Self { step_tolerance, ..self.clone() }, dim))
    }
    fn allowed(&self, _h: f64) -> f64 {
        self.step_tolerance.max(ROUNDING)
    }
    fn max_steps(&self) -> u64 {
        self.max_steps
    }
    fn fixed_step(&self) -> Option<f64> {
        self.fixed_step
    }
}

/// Moves constant systems as the method does, and y' = A(t) y by commutator-free Magnus steps of order 4,
///
/// ```text
/// y(t + h) = exp(h/2 (v A_1 + u A_2)) exp(h/2 (u A_1 + v A_2)) y(t),   u, v = 1/2 +- 1/sqrt 3,
/// ```
///
/// with `A_1`, `A_2` at the Gauss nodes of the step. Every step is made once as a whole and once in two halves; the
/// halves count, and the difference over 2^4 - 1 is their error. Steps end at the stops. A step along which
/// the coefficients are not resolved by a few times is not tried.
///
/// Source: S. Blanes, P. C. Moan, Appl. Numer. Math. 56, 1519 (2006); A. Alvermann, H. Fehske, J. Comput. Phys. 230,
/// 5930 (2011), scheme CF4:2.
pub(crate) struct Magnus<E> {
    options: E,
    dim: usize,
    memory: Memory,
    inner: Box<dyn Propagator + Send>,
    /// Whether `inner` is that of the exponentials of a system that follows time.
    finer: bool,
    whole: Vec<f64>,
    halves: Vec<f64>,
    /// Probes in the middle of the step and at its end.
    samples: Vec<f64>,
}

/// A step that can be accepted.
struct Accepted {
    length: f64,
    end: f64,
    error: f64,
}

impl<E: Exponentials> Magnus<E> {
    /// A propagator for vectors of length `dim`.
    pub(crate) fn new(options: E, dim: usize) -> Self {
        let inner = options.constant(dim);
        let (whole, halves, samples) = (Vec::new(), Vec::new(), Vec::new());
        Self { options, dim, memory: Memory::default(), inner, finer: false, whole, halves, samples }
    }

    /// Sees to it that `inner` is the one for constant systems, or a `finer` one.
    fn set(&mut self, finer: bool) {
        if finer != self.finer {
            self.inner = if finer { self.options.inside(self.dim) } else { self.options.constant(self.dim) };
            self.finer = finer;
        }
        let length = if finer { self.dim } else { 0 };
        self.whole.resize(length, 0.0);
        self.halves.resize(length, 0.0);
    }

    fn steps(
        &mut self,
        system: &LinearInTime<'_>,
        (mut t, end): (f64, f64),
        y: &mut [f64],
        mut stops: &[f64],
        observer: &mut dyn Observer,
    ) -> Result<f64, PropagateError> {
        let limit = self.options.max_steps();
        let (mut left, mut pace, mut probes) = (limit, Pace::new((t, end), limit), Vec::new());
        while t < end {
            let before = self.memory.clone();
            let target = stops.first().map_or(end, |stop| stop.min(end));
            let step = self.accepted_step(system, (t, target, end), y, &mut left, observer)?;
            let Some(step) = step else {
                self.memory = before;
                break;
            };
            if observer.wants_samples() {
                let times = [t + 0.5 * step.length, step.end];
                if observer.review(&Samples { times: &times, probes: &self.samples }).is_break() {
                    break;
                }
            }
            self.memory.statistics.accept(step.length, step.error);
            copy(y, &self.halves);
            t = step.end;
            let mut over = false;
            if stops.first() == Some(&t) {
                stops = &stops[1..];
                over = show(observer, t, y, self.memory.statistics.error_estimate, &mut probes).is_break();
            }
            over |= observer.step(t, y).is_break();
            if over {
                break;
            }
            let needed = pace.note(limit - left, t).filter(|needed| needed.is_finite());
            within(needed.unwrap_or_default(), "steps", (limit, limit), (t, end))?;
        }
        Ok(t)
    }

    /// Repeats an attempt with shorter steps until one can be accepted; its end waits in `halves`. `None` if the
    /// observer abandons it.
    fn accepted_step(
        &mut self,
        system: &LinearInTime<'_>,
        (t, target, end): (f64, f64, f64),
        y: &[f64],
        left: &mut u64,
        observer: &mut dyn Observer,
    ) -> Result<Option<Accepted>, PropagateError> {
        let fixed = self.options.fixed_step();
        let mut h = match fixed.or(self.memory.magnus_step) {
            Some(step) => step,
            None => first_step(system, t, end)?,
        };
        if fixed.is_none() && observer.wants_samples() {
            h = h.min(longest_sampled(system, t));
        }
        let rejected = self.memory.statistics.rejected;
        for _ in 0..REJECTIONS {
            if *left == 0 {
                let limit = self.options.max_steps();
                return Err(PropagateError::MaxSteps { time: t, end, limit, step: h });
            }
            *left -= 1;
            let rest = target - t;
            // A step that would leave a sliver takes it along.
            let clipped = h * if fixed.is_some() { 1.0 + 1e-10 } else { 1.01 } >= rest;
            let (length, end) = if clipped { (rest, target) } else { (h, t + h) };
            let allowed = self.options.allowed(length);
            if fixed.is_none() && system.unresolved(t, length, PIECES) > allowed {
                h = 0.5 * length;
                self.reject(t, h, f64::INFINITY)?;
                continue;
            }
            let Some(error) = self.attempt(system, t, length, y, observer)? else { return Ok(None) };
            if fixed.is_some() && error.is_finite() || error <= allowed {
                let again = self.memory.statistics.rejected > rejected;
                let next = length * Self::CONTROLLER.after_accept(error / allowed, 1.0);
                let next = if again { next.min(length) } else { next };
                // A step that was short because of the target says nothing against the wanted length.
                self.memory.magnus_step = Some(if clipped { next.max(h) } else { next });
                return Ok(Some(Accepted { length, end, error }));
            }
            h = length * Self::CONTROLLER.after_reject(error / allowed);
            self.reject(t, h, error / allowed)?;
        }
        Err(PropagateError::StepUnderflow { time: t, step: h, estimate: f64::INFINITY })
    }

    const CONTROLLER: Controller = Controller { exponent: 1.0 / E::ORDER, beta: 0.0, limits: (0.2, 5.0) };

    /// Notes a step that is not accepted; fails if the next one, of `h`, would be too short.
    fn reject(&mut self, time: f64, h: f64, estimate: f64) -> Result<(), PropagateError> {
        self.memory.statistics.rejected += 1;
        if h <= 4.0 * f64::EPSILON * time.abs() || h < f64::MIN_POSITIVE {
            return Err(PropagateError::StepUnderflow { time, step: h, estimate });
        }
        Ok(())
    }

    /// A step of `h` as a whole and in halves; returns the error of the halves relative to the state, `None` if the
    /// observer abandons it.
    fn attempt(
        &mut self,
        system: &LinearInTime<'_>,
        t: f64,
        h: f64,
        y: &[f64],
        observer: &dyn Observer,
    ) -> Result<Option<f64>, PropagateError> {
        let (mut whole, mut halves) = (std::mem::take(&mut self.whole), std::mem::take(&mut self.halves));
        copy(&mut whole, y);
        copy(&mut halves, y);
        let moved = self.both(system, (t, h), (&mut whole, &mut halves), observer);
        accumulate(&mut whole, &[(-1.0, &halves)]);
        let (size, difference) = (norm(y), norm(&whole));
        (self.whole, self.halves) = (whole, halves);
        let error = if size == 0.0 { 0.0 } else { difference / (GAIN * size) };
        Ok(moved?.is_continue().then_some(error))
    }

    fn both(
        &mut self,
        system: &LinearInTime<'_>,
        (t, h): (f64, f64),
        (whole, halves): (&mut [f64], &mut [f64]),
        observer: &dyn Observer,
    ) -> Result<ControlFlow<()>, PropagateError> {
        self.samples.clear();
        for (state, start, length, sampled) in [(&mut *whole, t, h, false), (&mut *halves, t, 0.5 * h, true)]
        {
            if self.pair(system, start, length, state, observer)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if sampled {
                self.sample(state, observer);
            }
        }
        let second = self.pair(system, t + 0.5 * h, 0.5 * h, halves, observer)?;
        self.sample(halves, observer);
        Ok(second)
    }

    fn sample(&mut self, state: &[f64], observer: &dyn Observer) {
        if observer.wants_samples() {
            let start = self.samples.len();
            self.samples.resize(start + observer.probe_count(), 0.0);
            observer.probe(state, &mut self.samples[start..]);
        }
    }

    /// The two exponentials of a step of `h`, unless the observer abandons it.
    fn pair(
        &mut self,
        system: &LinearInTime<'_>,
        t: f64,
        h: f64,
        state: &mut [f64],
        observer: &dyn Observer,
    ) -> Result<ControlFlow<()>, PropagateError> {
        let [early, late] = NODES.map(|node| t + node * h);
        for (part, [near, far]) in [[early, late], [late, early]].into_iter().enumerate() {
            let times = [(near, WEIGHTS[0]), (far, WEIGHTS[1])];
            let average = system.averaged(times).ok_or(PropagateError::NonFinite { time: t, step: h })?;
            // What has been learnt about the spectrum stays; steps of exponentials begin anew.
            self.inner.restore(&Memory { next_step: None, ..self.memory.clone() });
            let mut quiet = Quiet { observer, abandoned: Cell::new(false) };
            let start = t + 0.5 * h * part as f64;
            self.inner
                .advance(&Linear(&average), 0.0, 0.5 * h, state, &[], &mut quiet)
                .map_err(|error| error.later(start))?;
            if quiet.abandoned.get() {
                return Ok(ControlFlow::Break(()));
            }
            let Memory { caution, calm, patience, surplus, statistics, .. } = self.inner.memory();
            let own = &mut self.memory;
            (own.caution, own.calm, own.patience, own.surplus) = (caution, calm, patience, surplus);
            own.statistics.applications = statistics.applications;
            own.statistics.largest_dimension = statistics.largest_dimension;
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// The longest step whose samples are near enough to each other.
fn longest_sampled(system: &LinearInTime<'_>, t: f64) -> f64 {
    let average = system.averaged([(t, 1.0), (t, 0.0)]);
    let height = average.and_then(|average| average.spectral_box()).map_or(0.0, |(_, _, height)| height);
    2.0 * RADIANS_PER_SAMPLE / height
}

/// About the time in which the state can change much: steps grow quickly from there.
fn first_step(system: &LinearInTime<'_>, t: f64, end: f64) -> Result<f64, PropagateError> {
    let average = system.averaged([(t, 1.0), (t, 0.0)]);
    let norm = average.map_or(f64::NAN, |average| average.norm_bound());
    if norm.is_finite() {
        Ok((end - t).min(1.0 / norm))
    } else {
        Err(PropagateError::NonFinite { time: t, step: 0.0 })
    }
}

/// Lets the observer of the steps break off the exponentials inside of them, and shows it nothing.
struct Quiet<'a> {
    observer: &'a dyn Observer,
    abandoned: Cell<bool>,
}

impl Observer for Quiet<'_> {
    fn needs_state(&self) -> bool {
        false
    }
    fn poll(&self) -> ControlFlow<()> {
        let answer = self.observer.poll();
        self.abandoned.set(self.abandoned.get() || answer.is_break());
        answer
    }
    fn stop(&mut self, _: &Stop<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<E: Exponentials> Propagator for Magnus<E> {
    fn advance(
        &mut self,
        system: &dyn System,
        t: f64,
        t_end: f64,
        y: &mut [f64],
        stops: &[f64],
        observer: &mut dyn Observer,
    ) -> Result<f64, PropagateError> {
        self.options.check()?;
        let constant = system.linear().map(LinearInTime::new);
        let in_time = match (&constant, self.options.fixed_step()) {
            (Some(constant), Some(_)) => Some(constant),
            (Some(_), None) => None,
            (None, _) => Some(system.linear_in_time().ok_or(PropagateError::NotLinear { method: E::NAME })?),
        };
        self.set(in_time.is_some());
        let Some(in_time) = in_time else {
            self.inner.restore(&self.memory);
            let moved = self.inner.advance(system, t, t_end, y, stops, observer);
            self.memory = Memory { magnus_step: self.memory.magnus_step, ..self.inner.memory() };
            return moved;
        };
        check_arguments(self.dim, system, (t, t_end), y, stops)?;
        self.steps(in_time, (t, t_end), y, stops, observer)
    }

    fn state_vectors(&self, states: bool) -> usize {
        let more = if self.finer { VECTORS_IN_TIME } else { 0 };
        self.inner.state_vectors(states && !self.finer) + more
    }

    fn memory(&self) -> Memory {
        self.memory.clone()
    }

    fn restore(&mut self, memory: &Memory) {
        self.memory = memory.clone();
    }
}

/// Vectors beside those of the exponentials: a step as a whole and in halves.
pub(crate) const VECTORS_IN_TIME: usize = 2;
