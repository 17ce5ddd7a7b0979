//! What a propagation by Faber polynomials will cost.

use super::faber::{Rectangle, plan};
use crate::Chebyshev;

/// Shorter and shorter steps that are tried.
const TRIES: i32 = 200;

impl Chebyshev {
    /// Estimate of the applications of an operator with eigenvalues in the rectangle `(real_min, real_max,
    /// imag_max)` over a time `span`; infinite if no step is short enough. Output times that need states, and
    /// what is learnt on the way about the spectrum, make them more.
    pub fn estimated_applications(&self, rectangle: (f64, f64, f64), span: f64) -> f64 {
        let (left, right, height): Rectangle = rectangle;
        if span.is_nan() || span <= 0.0 {
            return 0.0;
        }
        let size = (right - left + height + left.abs().min(right.abs())).max(f64::MIN_POSITIVE.sqrt());
        let longest = span.min(4.0 * self.degree as f64 / size);
        let step = |k: i32| {
            let h = longest * 0.9_f64.powi(k);
            let found = plan(rectangle, 0, h, self.step_tolerance, (self.degree, 0))?;
            Some(span / h * found.terms as f64)
        };
        (0..TRIES).find_map(step).unwrap_or(f64::INFINITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_cost_their_angle_and_stiffness_its_rate() {
        let options = Chebyshev::default();
        // A rotation by an angle of 1000 needs about as many terms.
        let rotation = options.estimated_applications((0.0, 0.0, 10.0), 100.0);
        assert!((900.0..1600.0).contains(&rotation), "{rotation}");
        let stiff = options.estimated_applications((-8000.0, 0.0, 10.0), 1000.0);
        assert!((1e5..3e6).contains(&stiff), "{stiff}");
        assert_eq!(options.estimated_applications((-1.0, 0.0, 1.0), 0.0), 0.0);
    }
}
