//! Quadrature squeezing of a mode from its first and second moments.

use num_complex::Complex64;

/// Covariance `(QQ, QP, PP)` from the expectation values of Q, P, QQ, QP, PP (symmetrised).
fn covariance(e: &[Complex64]) -> [f64; 3] {
    let v = |i: usize| e[i].re;
    [v(2) - v(0) * v(0), v(3) - v(0) * v(1), v(4) - v(1) * v(1)]
}

/// `2 min eig Cov(Q,P)`, 1 for the vacuum and every coherent state.
pub(super) fn squeezing(e: &[Complex64]) -> Vec<f64> {
    let [a, b, c] = covariance(e);
    vec![a + c - ((a - c).powi(2) + 4.0 * b * b).sqrt()]
}

/// Twice the variance of the quadrature that is the quietest one of `guide`.
pub(super) fn squeezing_along(e: &[Complex64], guide: &[Complex64]) -> Vec<Option<f64>> {
    let ([a, b, c], [p, q, r]) = (covariance(e), covariance(guide));
    let (sine, cosine) = (0.5 * (2.0 * q).atan2(p - r)).sin_cos();
    vec![Some(2.0 * (sine * sine * a - 2.0 * sine * cosine * b + cosine * cosine * c))]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A squeezed vacuum of parameter r, its quiet quadrature turned by an angle and displaced: `exp(-2r)`.
    #[test]
    fn a_squeezed_state_is_as_quiet_as_its_parameter_says() {
        for (r, angle, q, p) in [(0.0, 0.3, 1.0, -2.0), (0.7, 0.0, 0.0, 0.0), (1.2, 1.1, -0.4, 3.0)] {
            let (r, angle, q, p): (f64, f64, f64, f64) = (r, angle, q, p);
            let (quiet, loud) = (0.5 * (-2.0 * r).exp(), 0.5 * (2.0 * r).exp());
            let (s, c) = angle.sin_cos();
            let [a, b, d] =
                [quiet * c * c + loud * s * s, (quiet - loud) * s * c, quiet * s * s + loud * c * c];
            let e = [q, p, a + q * q, b + q * p, d + p * p].map(Complex64::from);
            let found = squeezing(&e)[0];
            assert!((found - (-2.0 * r).exp()).abs() < 1e-12 * (2.0 * r).exp(), "{r} {angle}: {found}");
            let along = squeezing_along(&e, &e)[0].expect("guided");
            assert!((along - found).abs() < 1e-12 * (2.0 * r).exp(), "{along} {found}");
        }
    }
}
