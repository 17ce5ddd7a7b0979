//! The exponential by Faber polynomials.

mod estimate;
mod faber;
mod outputs;
mod retreat;

use std::ops::ControlFlow;

use faber::{Plan, Rectangle, plan};
use outputs::{Outputs, shape};
use retreat::{Failure, recover, retreat};

use crate::options::require;
use crate::pace::{APPLICATIONS_PER_STEP, within};
use crate::propagator::{Observer, Samples, Stop, check_arguments, sample_times, show};
use crate::vector::{copy, norm};
use crate::{Action, Chebyshev, LinearOperator, Memory, Poll, PropagateError, Propagator, System};

const NAME: &str = "chebyshev";
/// Terms between two norms that watch the growth of the recurrence.
const WATCH: usize = 8;
/// Halvings of a step that end a propagation.
const HALVINGS: u32 = 40;
/// Terms of a step for one of its samples.
const TERMS_PER_SAMPLE: usize = 4;
/// The last terms of a step are summed until they are smaller than the tolerance by this factor, as far as there
/// are coefficients.
const CONVERGED: f64 = 0.003;
/// Rounding errors of polynomials that grow are smaller than the tolerance by this factor, as far as they can:
/// they fall on all components, also where a sum over many of them is asked for.
const ROUNDING: f64 = 0.01;
/// Rounding errors that a recurrence may have in any case, in units of the last place of the state.
const UNAVOIDABLE: f64 = 16.0;

/// exp(h A) y = Σ c_k F_k(A) y with the Faber polynomials of an ellipse around the spectrum (Chebyshev
/// polynomials, shifted and scaled), whose three-term recurrence needs three vectors. The ellipse comes from
/// the rectangle of [`LinearOperator::spectral_box`], at first without its corners. A step whose last terms
/// are not small, or whose largest term is so large that rounding shows, is repeated with an ellipse around
/// more, and in the end halved: what is accepted has converged, whatever was known about the spectrum.
///
/// Linear probes are evaluated on the vectors of the recurrence, so that any number of stops shares one step;
/// if the observer needs states, `outputs` of them do.
///
/// Source: H. Tal-Ezer, R. Kosloff, J. Chem. Phys. 81, 3967 (1984); W. Huisinga, L. Pesce, R. Kosloff,
/// P. Saalfrank, J. Chem. Phys. 110, 5538 (1999) (Faber, open systems).
pub(crate) struct ChebyshevPropagator {
    options: Chebyshev,
    dim: usize,
    memory: Memory,
    /// ..., F_(k-1) y, F_k y and A F_k y: the last three, and before them those that wait for the outputs.
    recurrence: Vec<Vec<f64>>,
    /// The sum at the end of the step, then those at the stops inside of it if the observer needs states.
    outputs: Outputs,
    /// Probes of every F_k y, one row a term.
    probes: Vec<f64>,
    longest: Option<Longest>,
    /// Ways are short: the expansion of a whole way is tried before that of the longest step.
    brief: bool,
}

/// The expansion of the longest step, and what it was planned for: the rectangle, the caution and the terms
/// that are left free for what grows.
struct Longest {
    conditions: (Rectangle, u32, u32),
    plan: Plan,
}

/// What came out of one recurrence.
enum Outcome {
    /// The number of terms that were summed, the relative error, and the rounding errors in units of the
    /// tolerance.
    Accepted { terms: usize, error: f64, rounding: f64 },
    /// The relative error, and the term at which it was given up.
    Rejected { error: f64, at: usize },
    /// The observer has abandoned it.
    Abandoned,
}

impl ChebyshevPropagator {
    /// A propagator for vectors of length `dim`.
    pub(crate) fn new(options: Chebyshev, dim: usize) -> Self {
        Self {
            options,
            dim,
            memory: Memory::default(),
            recurrence: (0..3).map(|_| vec![0.0; dim]).collect(),
            outputs: Outputs::default(),
            probes: Vec::new(),
            longest: None,
            brief: false,
        }
    }

    /// The same for many ways, each of about one step, under another operator each time.
    pub(crate) fn brief(options: Chebyshev, dim: usize) -> Self {
        Self { brief: true, ..Self::new(options, dim) }
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
        let rectangle = rectangle(operator)?;
        let mut left = self.options.max_steps;
        let (mut halvings, mut halved) = (0, false);
        while t < end {
            if left == 0 {
                let (limit, step) = (self.options.max_steps, self.memory.statistics.last_step);
                return Err(PropagateError::MaxSteps { time: t, end, limit, step });
            }
            left -= 1;
            let before = self.memory.clone();
            let shared =
                if observer.needs_state() { shape(self.options.outputs, self.dim).0 } else { usize::MAX };
            let target = stops.get(shared).map_or(end, |&stop| stop.min(end));
            let plan = self.next_plan(rectangle, t, target)?;
            let h = plan.step;
            self.can_arrive(t, end)?;
            let t_new = if h >= end - t { end } else { t + h };
            let inside = stops.partition_point(|&stop| stop < t_new);
            let series: Vec<Vec<f64>> = stops[..inside]
                .iter()
                .map(|stop| plan.ellipse.coefficients(stop - t, plan.coefficients.len()))
                .collect();
            let (terms, error, rounding) = match self.attempt(operator, &plan, t, y, &series, observer)? {
                Outcome::Accepted { terms, error, rounding } => (terms, error, rounding),
                Outcome::Abandoned => {
                    self.memory = before;
                    break;
                }
                Outcome::Rejected { error, at } => {
                    self.memory.statistics.rejected += 1;
                    let failure = Failure { step: h, terms: plan.terms, at };
                    halved = retreat(&mut self.memory, &failure, halved);
                    halvings += u32::from(halved);
                    if halvings > HALVINGS || t + 0.5 * h <= t {
                        return Err(self.not_converged(t, h, error));
                    }
                    continue;
                }
            };
            (halvings, halved) = (0, false);
            if observer.wants_samples() && self.review(&plan, t, t_new, terms, observer) {
                break;
            }
            self.memory.statistics.accept(h, error);
            self.memory.surplus = terms.saturating_sub(plan.terms) as u32;
            let longest = self.longest_step();
            recover(&mut self.memory, rounding, longest);
            let mut over = self.show(&stops[..inside], &series, terms, observer);
            stops = &stops[inside..];
            copy(y, self.outputs.of(0));
            t = t_new;
            if stops.first() == Some(&t) {
                stops = &stops[1..];
                let error = self.memory.statistics.error_estimate;
                over |= show(observer, t, y, error, &mut Vec::new()).is_break();
            }
            over |= observer.step(t, y).is_break();
            if over {
                break;
            }
        }
        Ok(t)
    }

    /// Shows the samples of a step to the observer; true if it refuses the step.
    fn review(&self, plan: &Plan, t: f64, t_new: f64, terms: usize, observer: &mut dyn Observer) -> bool {
        let count = (terms / TERMS_PER_SAMPLE).max(2);
        let mut probes = vec![0.0; count * observer.probe_count()];
        let times = sample_times(t, t_new, count);
        for (time, values) in times.iter().zip(probes.chunks_exact_mut(observer.probe_count().max(1))) {
            let coefficients = plan.ellipse.coefficients(time - t, plan.coefficients.len());
            self.sum(&coefficients[..terms], values);
        }
        observer.review(&Samples { times: &times, probes: &probes }).is_break()
    }

    /// The probes of a sum over the terms of the step, from those of the terms.
    fn sum(&self, coefficients: &[f64], values: &mut [f64]) {
        values.fill(0.0);
        for (c, row) in coefficients.iter().zip(self.probes.chunks_exact(values.len().max(1))) {
            for (value, p) in values.iter_mut().zip(row) {
                *value += c * p;
            }
        }
    }

    /// Shows the stops inside of an accepted step; true if the observer breaks off.
    fn show(&self, stops: &[f64], series: &[Vec<f64>], terms: usize, observer: &mut dyn Observer) -> bool {
        let error_estimate = self.memory.statistics.error_estimate;
        let mut values = vec![0.0; observer.probe_count()];
        let mut over = false;
        for (s, (&time, coefficients)) in stops.iter().zip(series).enumerate() {
            self.sum(&coefficients[..terms], &mut values);
            let state = observer.needs_state().then(|| self.outputs.of(1 + s));
            over |= observer.stop(&Stop { time, probes: &values, state, error_estimate }).is_break();
        }
        over
    }

    fn longest_step(&self) -> f64 {
        self.longest.as_ref().map_or(f64::INFINITY, |longest| longest.plan.step)
    }

    /// Fails at once if the way that is left takes far too many applications, even by the longest steps.
    fn can_arrive(&self, time: f64, end: f64) -> Result<(), PropagateError> {
        let max_steps = self.options.max_steps;
        let limit = max_steps.saturating_mul(APPLICATIONS_PER_STEP);
        let Some(Longest { plan, .. }) = &self.longest else { return Ok(()) };
        let needed = (end - time) / plan.step * plan.terms as f64;
        within(needed, "applications of the operator", (limit, max_steps), (time, end))
    }

    fn not_converged(&self, time: f64, step: f64, estimate: f64) -> PropagateError {
        PropagateError::NotConverged {
            method: NAME,
            time,
            step,
            estimate,
            tolerance: self.options.step_tolerance,
        }
    }

    /// The expansion of the next step: the longest one, or a shorter one that ends at `target`.
    fn next_plan(&mut self, rectangle: Rectangle, t: f64, target: f64) -> Result<Plan, PropagateError> {
        let wanted = (target - t).min(self.memory.next_step.unwrap_or(f64::INFINITY));
        if let Some(plan) = self.brief.then(|| self.plan(rectangle, wanted, 0)).flatten() {
            return Ok(plan);
        }
        let conditions = (rectangle, self.memory.caution, self.memory.surplus);
        let known = self.longest.take().filter(|known| known.conditions == conditions);
        let longest = match known {
            Some(longest) => longest.plan,
            None => self.longest_plan(rectangle).ok_or_else(|| self.not_converged(t, 0.0, f64::INFINITY))?,
        };
        let next =
            if wanted < longest.step { self.plan(rectangle, wanted, 0) } else { Some(longest.clone()) };
        self.longest = Some(Longest { conditions, plan: longest });
        next.ok_or_else(|| self.not_converged(t, wanted, f64::INFINITY))
    }

    /// The expansion for a step of `h` with `free` terms to spare.
    fn plan(&self, rectangle: Rectangle, h: f64, free: usize) -> Option<Plan> {
        let Chebyshev { step_tolerance, degree, .. } = self.options;
        plan(rectangle, self.memory.caution, h, step_tolerance, (degree, free))
    }

    /// The longest step that the degree allows, to within a tenth.
    fn longest_plan(&self, rectangle: Rectangle) -> Option<Plan> {
        let (left, right, height) = rectangle;
        let size = (right - left + height + left.abs().min(right.abs())).max(f64::MIN_POSITIVE.sqrt());
        let mut h = 4.0 * self.options.degree as f64 / size;
        for _ in 0..200 {
            // What grew in the last step is left free, but no more than half of the degree.
            let free = (self.memory.surplus as usize).min(self.options.degree / 2);
            let found = self.plan(rectangle, h, free);
            if found.is_some() {
                return found;
            }
            h *= 0.9;
        }
        None
    }

    /// Runs the recurrence: the new state waits in `outputs`, the states or the probes for the `series` of the
    /// stops there or in `probes`.
    fn attempt(
        &mut self,
        operator: &dyn LinearOperator,
        plan: &Plan,
        t: f64,
        y: &[f64],
        series: &[Vec<f64>],
        observer: &dyn Observer,
    ) -> Result<Outcome, PropagateError> {
        let states = if observer.needs_state() { series.len() } else { 0 };
        let all = || [&plan.coefficients].into_iter().chain(&series[..states]).map(Vec::as_slice);
        self.outputs.start(states + 1, self.dim);
        let (_, kept) = shape(states, self.dim);
        while self.recurrence.len() < kept + 2 {
            self.recurrence.insert(0, vec![0.0; self.dim]);
        }
        let size = norm(y);
        if !size.is_finite() {
            return Err(PropagateError::NonFinite { time: t, step: plan.step });
        }
        let allowed = self.options.step_tolerance * size * (plan.step * right_end(operator)).max(0.0).exp();
        let newest = self.recurrence.len() - 2;
        copy(&mut self.recurrence[newest], y);
        self.probes.clear();
        let unused = series.is_empty() && !observer.wants_samples();
        let probes = if unused { 0 } else { observer.probe_count() };
        self.note_probes(observer, probes);
        let (mut last, mut largest) = ([0.0_f64; 2], 0.0_f64);
        for k in 1..plan.coefficients.len() {
            let (waiting, terms) = (self.outputs.waiting(k - 1), &self.recurrence[..=newest]);
            if waiting == kept && self.outputs.add(all(), k - 1, terms, &|| observer.poll()).is_break() {
                return Ok(Outcome::Abandoned);
            }
            if self.advance_recurrence(operator, plan, k, &|| observer.poll()).is_break() {
                return Ok(Outcome::Abandoned);
            }
            self.note_probes(observer, probes);
            if k + 2 < plan.terms && k % WATCH != 0 {
                continue;
            }
            let term = norm(&self.recurrence[newest]) * plan.coefficients[k].abs();
            if !term.is_finite() {
                if k == 1 {
                    return Err(PropagateError::NonFinite { time: t, step: plan.step });
                }
                return Ok(Outcome::Rejected { error: f64::INFINITY, at: k });
            }
            largest = largest.max(term);
            last = [last[1], term];
            let rounding = largest * f64::EPSILON;
            let error = last[0] + last[1] + rounding;
            if rounding > (ROUNDING * allowed).max(UNAVOIDABLE * f64::EPSILON * size).min(allowed) {
                return Ok(Outcome::Rejected { error: error / size, at: k });
            }
            let converged = last[0] + last[1] <= CONVERGED * allowed || k + 1 == plan.coefficients.len();
            if k + 1 >= plan.terms && converged && error <= allowed {
                let terms = &self.recurrence[..=newest];
                if self.outputs.add(all(), k, terms, &|| observer.poll()).is_break() {
                    return Ok(Outcome::Abandoned);
                }
                self.note_degree(k);
                let error = if size == 0.0 { 0.0 } else { error / size };
                let rounding = if size == 0.0 { 0.0 } else { rounding / allowed };
                return Ok(Outcome::Accepted { terms: k + 1, error, rounding });
            }
        }
        let error = last[0] + last[1] + largest * f64::EPSILON;
        Ok(Outcome::Rejected { error: error / size, at: plan.coefficients.len() })
    }

    /// Evaluates the probes of the present vector of the recurrence.
    fn note_probes(&mut self, observer: &dyn Observer, count: usize) {
        if count > 0 {
            let start = self.probes.len();
            self.probes.resize(start + count, 0.0);
            let newest = &self.recurrence[self.recurrence.len() - 2];
            observer.probe(newest, &mut self.probes[start..]);
        }
    }

    fn note_degree(&mut self, degree: usize) {
        let largest = &mut self.memory.statistics.largest_dimension;
        *largest = (*largest).max(degree as u64);
    }

    /// F_k = (A - c)/ρ F_(k-1) - ε/ρ F_(k-2), with twice the last term for k = 2 and none for k = 1, unless `poll`
    /// breaks it off.
    fn advance_recurrence(
        &mut self,
        operator: &dyn LinearOperator,
        plan: &Plan,
        k: usize,
        poll: Poll<'_>,
    ) -> ControlFlow<()> {
        let ellipse = plan.ellipse;
        let Some([before, now, next]) = self.recurrence.last_chunk_mut() else {
            return ControlFlow::Continue(());
        };
        let inverse = 1.0 / ellipse.capacity;
        let back = match k {
            1 => 0.0,
            2 => -2.0 * ellipse.difference * inverse,
            _ => -ellipse.difference * inverse,
        };
        let action = Action::Recurrence([inverse, -ellipse.center * inverse, back], before);
        operator.act(action, now, next, poll)?;
        self.memory.statistics.applications += 1;
        self.recurrence.rotate_left(1);
        ControlFlow::Continue(())
    }
}

/// Vectors of length `dim` that a propagator holds: those of the recurrence, the sums, and the end of the step.
pub(crate) fn state_vectors(options: &Chebyshev, dim: usize, states: bool) -> usize {
    let (sums, kept) = shape(if states { options.outputs } else { 0 }, dim);
    2 + kept + sums + 1
}

fn right_end(operator: &dyn LinearOperator) -> f64 {
    operator.spectral_box().map_or(0.0, |(_, right, _)| right)
}

/// The rectangle around the spectrum of `operator`.
fn rectangle(operator: &dyn LinearOperator) -> Result<Rectangle, PropagateError> {
    let found = operator.rectangle();
    let (left, right, height) = found;
    let good = left.is_finite() && right.is_finite() && height.is_finite() && left <= right && height >= 0.0;
    let allowed = "a finite rectangle (real_min <= real_max, imag_max >= 0)";
    require(good, "spectral_box", format!("{found:?}"), allowed)?;
    Ok(found)
}

impl Propagator for ChebyshevPropagator {
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

    fn state_vectors(&self, states: bool) -> usize {
        state_vectors(&self.options, self.dim, states)
    }

    fn memory(&self) -> Memory {
        self.memory.clone()
    }

    fn restore(&mut self, memory: &Memory) {
        self.memory = memory.clone();
    }
}
