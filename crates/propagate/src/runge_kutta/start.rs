//! The first step.

use super::scheme::{Evaluator, Scheme};
use crate::vector::{Tolerance, combine, weighted_norm};

/// A first step such that an explicit Euler step changes y by about one percent and the error of the
/// method is about the tolerance. NaN if y or its derivative is not finite.
///
/// Source: Hairer, Norsett, Wanner (1993), section II.4, starting step size algorithm.
pub(crate) fn first_step<S: Scheme>(
    scheme: &mut S,
    field: &mut Evaluator<'_>,
    (t, span): (f64, f64),
    y: &[f64],
    tolerance: Tolerance,
) -> f64 {
    let (slope, state, next) = scheme.first_slope();
    let size = weighted_norm(y, y, tolerance);
    let speed = weighted_norm(slope, y, tolerance);
    if !size.is_finite() || !speed.is_finite() {
        return f64::NAN;
    }
    if speed == 0.0 {
        return span;
    }
    let guess = if size < 1e-5 || speed < 1e-5 { 1e-6 } else { 0.01 * size / speed }.min(span);
    combine(state, &[(1.0, y), (guess, slope)]);
    if field.derivative(t, guess, state, next).is_break() {
        return guess;
    }
    combine(state, &[(1.0, &*next), (-1.0, slope)]);
    let bend = weighted_norm(state, y, tolerance) / guess;
    let fastest = speed.max(bend);
    let step =
        if fastest <= 1e-15 { (guess * 1e-3).max(1e-6) } else { (0.01 / fastest).powf(1.0 / S::ORDER) };
    // A bend that overflows leaves nothing of it.
    let step = if step.is_finite() && step > 0.0 { step } else { guess };
    step.min(100.0 * guess).min(span)
}
