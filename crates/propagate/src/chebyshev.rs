//! The exponential by Faber polynomials.

mod faber;

use faber::{Plan, Rectangle, plan};

use crate::options::require;
use crate::propagator::{Observer, check_arguments};
use crate::vector::{accumulate, combine, copy, norm, scale};
use crate::{Chebyshev, LinearOperator, Memory, PropagateError, Propagator, Statistics, System};

const NAME: &str = "chebyshev";
/// Terms between two norms that watch the growth of the recurrence.
const WATCH: usize = 8;
/// Halvings of a step that end a propagation.
const HALVINGS: u32 = 40;

/// exp(h A) y = Σ c_k F_k(A) y with the Faber polynomials of an ellipse around the rectangle that holds
/// the spectrum (Chebyshev polynomials, shifted and scaled), whose three-term recurrence needs three
/// vectors. The rectangle comes from [`LinearOperator::spectral_box`]. A step whose last terms are not
/// small, or whose largest term is so large that rounding shows, is halved.
///
/// Source: H. Tal-Ezer, R. Kosloff, J. Chem. Phys. 81, 3967 (1984); W. Huisinga, L. Pesce, R. Kosloff,
/// P. Saalfrank, J. Chem. Phys. 110, 5538 (1999) (Faber, open systems).
pub(crate) struct ChebyshevPropagator {
    options: Chebyshev,
    dim: usize,
    memory: Memory,
    /// F_(k-1) y, F_k y and A F_k y.
    recurrence: [Vec<f64>; 3],
    /// One sum per stop inside of the step and one for its end.
    outputs: Vec<Vec<f64>>,
    /// The longest step and its expansion, for the rectangle beside it.
    longest: Option<(Rectangle, Plan)>,
}

/// What came out of one recurrence.
enum Outcome {
    Accepted(f64),
    Rejected(f64),
}

impl ChebyshevPropagator {
    /// A propagator for vectors of length `dim`.
    pub(crate) fn new(options: Chebyshev, dim: usize) -> Self {
        let recurrence = std::array::from_fn(|_| vec![0.0; dim]);
        Self { options, dim, memory: Memory::default(), recurrence, outputs: Vec::new(), longest: None }
    }

    fn steps(
        &mut self,
        operator: &dyn LinearOperator,
        mut t: f64,
        end: f64,
        y: &mut [f64],
        mut stops: &[f64],
        observer: &mut Observer<'_>,
    ) -> Result<f64, PropagateError> {
        let rectangle = rectangle(operator)?;
        let mut left = self.options.max_steps;
        let mut halvings = 0;
        while t < end {
            if left == 0 {
                let (limit, step) = (self.options.max_steps, self.memory.statistics.last_step);
                return Err(PropagateError::MaxSteps { time: t, end, limit, step });
            }
            left -= 1;
            let plan = self.next_plan(rectangle, t, end, stops)?;
            let h = plan.step;
            let t_new = if h >= end - t { end } else { t + h };
            let inside = stops.partition_point(|&stop| stop < t_new);
            let error = match self.attempt(operator, &plan, t, y, &stops[..inside])? {
                Outcome::Accepted(error) => error,
                Outcome::Rejected(estimate) => {
                    self.memory.statistics.rejected += 1;
                    self.memory.next_step = Some(0.5 * h);
                    halvings += 1;
                    if halvings > HALVINGS || t + 0.5 * h <= t {
                        return Err(self.not_converged(t, h, estimate));
                    }
                    continue;
                }
            };
            halvings = 0;
            let statistics = &mut self.memory.statistics;
            statistics.accept(h, error);
            for (output, &stop) in self.outputs.iter().zip(&stops[..inside]) {
                if observer(stop, output).is_break() {
                    copy(y, output);
                    return Ok(stop);
                }
            }
            stops = &stops[inside..];
            copy(y, &self.outputs[inside]);
            t = t_new;
            if stops.first() == Some(&t) {
                stops = &stops[1..];
                if observer(t, y).is_break() {
                    break;
                }
            }
        }
        Ok(t)
    }

    fn not_converged(&self, time: f64, step: f64, estimate: f64) -> PropagateError {
        PropagateError::NotConverged { method: NAME, time, step, estimate, tolerance: self.options.tolerance }
    }

    /// The expansion of the next step: the longest one, or a shorter one that ends at `end` or at the
    /// last stop that may share the recurrence.
    fn next_plan(
        &mut self,
        rectangle: Rectangle,
        t: f64,
        end: f64,
        stops: &[f64],
    ) -> Result<Plan, PropagateError> {
        let known = self.longest.take().filter(|(of, _)| *of == rectangle);
        let longest = match known {
            Some((_, plan)) => plan,
            None => self.longest_plan(rectangle).ok_or_else(|| self.not_converged(t, 0.0, f64::INFINITY))?,
        };
        let target = stops.get(self.options.outputs).map_or(end, |&stop| stop.min(end));
        let wanted = (target - t).min(self.memory.next_step.unwrap_or(f64::INFINITY));
        let next = if wanted < longest.step {
            plan(rectangle, wanted, self.options.tolerance, self.options.degree)
        } else {
            Some(longest.clone())
        };
        self.longest = Some((rectangle, longest));
        next.ok_or_else(|| self.not_converged(t, wanted, f64::INFINITY))
    }

    /// The longest step that the degree allows, to within a tenth.
    fn longest_plan(&self, (left, right, height): Rectangle) -> Option<Plan> {
        let size = (right - left + height + left.abs().min(right.abs())).max(f64::MIN_POSITIVE.sqrt());
        let mut h = 4.0 * self.options.degree as f64 / size;
        for _ in 0..200 {
            let found = plan((left, right, height), h, self.options.tolerance, self.options.degree);
            if found.is_some() {
                return found;
            }
            h *= 0.9;
        }
        None
    }

    /// Runs the recurrence; the sums of the inner `stops` and of the step end wait in `outputs`.
    fn attempt(
        &mut self,
        operator: &dyn LinearOperator,
        plan: &Plan,
        t: f64,
        y: &[f64],
        stops: &[f64],
    ) -> Result<Outcome, PropagateError> {
        let count = plan.coefficients.len();
        let mut series: Vec<Vec<f64>> =
            stops.iter().map(|stop| plan.ellipse.coefficients(stop - t, count)).collect();
        series.push(plan.coefficients.clone());
        while self.outputs.len() < series.len() {
            self.outputs.push(vec![0.0; self.dim]);
        }
        let size = norm(y);
        if !size.is_finite() {
            return Err(PropagateError::NonFinite { time: t, step: plan.step });
        }
        let allowed = self.options.tolerance * size * (plan.step * right_end(operator)).max(0.0).exp();
        copy(&mut self.recurrence[1], y);
        for (output, c) in self.outputs.iter_mut().zip(&series) {
            combine(output, &[(c[0], y)]);
        }
        let (mut last, mut largest) = ([0.0_f64; 2], 0.0_f64);
        for k in 1..count {
            self.advance_recurrence(operator, plan, k);
            for (output, c) in self.outputs.iter_mut().zip(&series) {
                accumulate(output, &[(c[k], &self.recurrence[1])]);
            }
            if k + 2 < plan.terms && k % WATCH != 0 {
                continue;
            }
            let term = norm(&self.recurrence[1]) * plan.coefficients[k].abs();
            if !term.is_finite() {
                if k == 1 {
                    return Err(PropagateError::NonFinite { time: t, step: plan.step });
                }
                return Ok(Outcome::Rejected(f64::INFINITY));
            }
            largest = largest.max(term);
            last = [last[1], term];
            let error = last[0] + last[1] + largest * f64::EPSILON;
            if k + 1 >= plan.terms && error <= allowed {
                self.note_degree(k);
                return Ok(Outcome::Accepted(if size == 0.0 { 0.0 } else { error / size }));
            }
        }
        let error = last[0] + last[1] + largest * f64::EPSILON;
        Ok(Outcome::Rejected(error / size))
    }

    fn note_degree(&mut self, degree: usize) {
        let largest = &mut self.memory.statistics.largest_dimension;
        *largest = (*largest).max(degree as u64);
    }

    /// F_k = (A - c)/ρ F_(k-1) - ε/ρ F_(k-2), with twice the last term for k = 2 and none for k = 1.
    fn advance_recurrence(&mut self, operator: &dyn LinearOperator, plan: &Plan, k: usize) {
        let ellipse = plan.ellipse;
        let [before, now, next] = &mut self.recurrence;
        operator.apply(now, next);
        self.memory.statistics.applications += 1;
        let inverse = 1.0 / ellipse.capacity;
        let back = match k {
            1 => 0.0,
            2 => -2.0 * ellipse.difference * inverse,
            _ => -ellipse.difference * inverse,
        };
        scale(next, inverse);
        accumulate(next, &[(-ellipse.center * inverse, now), (back, before)]);
        self.recurrence.rotate_left(1);
    }
}

fn right_end(operator: &dyn LinearOperator) -> f64 {
    operator.spectral_box().map_or(0.0, |(_, right, _)| right)
}

/// The rectangle around the spectrum of `operator`.
fn rectangle(operator: &dyn LinearOperator) -> Result<Rectangle, PropagateError> {
    let norm = operator.norm_bound();
    let found = operator.spectral_box().unwrap_or((-norm, 0.0, norm));
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
        observer: &mut Observer<'_>,
    ) -> Result<f64, PropagateError> {
        self.options.validate()?;
        let operator = system.linear().ok_or(PropagateError::NotLinear { method: NAME })?;
        check_arguments(self.dim, system, (t, t_end), y, stops)?;
        self.steps(operator, t, t_end, y, stops, observer)
    }

    fn statistics(&self) -> Statistics {
        self.memory.statistics.clone()
    }

    fn state_vectors(&self) -> usize {
        4 + self.options.outputs
    }

    fn memory(&self) -> Memory {
        self.memory.clone()
    }

    fn restore(&mut self, memory: &Memory) {
        self.memory = memory.clone();
    }
}
