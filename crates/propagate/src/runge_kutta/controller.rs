//! Step-size control.

/// PI controller: h_new = h · clamp(0.9 · err^-α · err_old^β) with err = 1 at the tolerance.
///
/// Source: K. Gustafsson, ACM Trans. Math. Softw. 17, 533 (1991); constants as in Hairer, Norsett,
/// Wanner (1993), section IV.2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Controller {
    /// Exponent 1/k of the error estimate h^k.
    pub(crate) exponent: f64,
    /// Weight of the error of the step before.
    pub(crate) beta: f64,
    /// Smallest and largest factor between two steps.
    pub(crate) limits: (f64, f64),
}

const SAFETY: f64 = 0.9;
/// Errors below this are remembered as this, so that one lucky step does not blow up the next.
pub(crate) const SMALLEST_ERROR: f64 = 1e-4;

impl Controller {
    /// Factor for the step after an accepted one.
    pub(crate) fn after_accept(&self, error: f64, last_error: f64) -> f64 {
        let alpha = self.exponent - 0.75 * self.beta;
        let factor = SAFETY * error.powf(-alpha) * last_error.max(SMALLEST_ERROR).powf(self.beta);
        factor.clamp(self.limits.0, self.limits.1)
    }

    /// Factor for the repetition of a rejected step.
    pub(crate) fn after_reject(&self, error: f64) -> f64 {
        if error.is_finite() {
            (SAFETY * error.powf(-self.exponent)).clamp(self.limits.0, SAFETY)
        } else {
            0.1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROLLER: Controller = Controller { exponent: 1.0 / 5.0, beta: 0.04, limits: (0.2, 5.0) };

    #[test]
    fn steps_grow_after_small_errors_and_shrink_after_large_ones() {
        assert_eq!(CONTROLLER.after_accept(0.0, 1e-4), 5.0);
        assert!((CONTROLLER.after_accept(1.0, 1.0) - 0.9).abs() < 1e-15);
        assert!(CONTROLLER.after_accept(0.5, 1.0) > CONTROLLER.after_accept(0.5, 0.1));
        assert!(CONTROLLER.after_reject(1.0 + 1e-9) < 1.0);
        assert_eq!(CONTROLLER.after_reject(1e30), 0.2);
        assert_eq!(CONTROLLER.after_reject(f64::NAN), 0.1);
    }
}
