//! `exp(t A) x` by Taylor series.

use num_complex::Complex64;

use crate::Dense;

/// `exp(time A) start` for a linear map `apply(x) = A x` with `|A x| <= bound |x|` in the Frobenius norm.
///
/// Steps h with `|h| bound <= 3`: the terms of a step's Taylor series are below `3^k/k!` (at most 4.5, so
/// nothing cancels), and it ends when a term is below 1e-18 of the step's starting value: what is left out is
/// below rounding.
pub(crate) fn exponential(apply: impl Fn(&Dense) -> Dense, time: f64, bound: f64, start: &Dense) -> Dense {
    const SMALLEST_TERM: f64 = 1e-18;
    const LONGEST_STEP: f64 = 3.0;
    const HIGHEST_ORDER: u32 = 60;
    let steps = (time.abs() * bound / LONGEST_STEP).ceil().max(1.0);
    let step = time / steps;
    let mut state = start.clone();
    for _ in 0..steps as usize {
        let negligible = SMALLEST_TERM * state.norm();
        let mut term = state.clone();
        for order in 1..=HIGHEST_ORDER {
            term = apply(&term).scale(Complex64::from(step / f64::from(order)));
            state = state.add(&term);
            if term.norm() <= negligible {
                break;
            }
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_returns_after_a_turn() {
        let generator = Dense::from_fn(2, 2, |i, k| Complex64::from(k as f64 - i as f64));
        let turn = exponential(|x| generator.mul(x), std::f64::consts::TAU, 1.0, &Dense::identity(2));
        assert!(turn.max_abs_difference(&Dense::identity(2)) < 1e-14);
    }
}
