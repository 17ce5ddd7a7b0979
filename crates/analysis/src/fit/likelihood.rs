//! Maximum likelihood of a curve through logarithms of times with normal residuals, some times known as
//! bounds only.
//!
//! With `z = (y - mu(x)) / sigma_i`, `sigma_i^2 = sigma^2 + error_i^2`, a time contributes
//! `ln sigma_i + z^2/2`, a lower bound `-ln Q(z)` and an upper bound `-ln Q(-z)` to the negative logarithm of
//! the likelihood (Tobin, Econometrica 26, 24 (1958)). Minimised over the curve's parameters and
//! `s = ln sigma` by Newton's method with Marquardt damping.

use super::linear::{Matrix, SIZE, Vector, inverse, solve};
use crate::statistics::{hazard, log_survival};

/// Smallest scatter: residuals below are rounding, and the likelihood must stay bounded.
pub(super) const SMALLEST_SCATTER: f64 = 1e-9;

/// How a time is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Exactly,
    AtLeast,
    AtMost,
}

/// A time in logarithms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Datum {
    /// `ln N`.
    pub(super) x: f64,
    /// `ln t`, or the bound.
    pub(super) y: f64,
    pub(super) known: Known,
    /// Squared standard error of `ln t`.
    pub(super) variance: f64,
    /// Logarithm of the horizon: later times would only be known as a bound.
    pub(super) cap: Option<f64>,
}

/// A curve `y = mu(x)`, with `u = x - centre`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Curve {
    /// `p0 + p1 u`: a power law.
    Straight { centre: f64 },
    /// `p0 + p1 u + p2 u^2 / 2`: an exponent that changes at the rate p2 per unit of ln N.
    Bent { centre: f64 },
    /// `level + ln(p0 + p1 u)`: a time linear in ln N.
    Logarithm { centre: f64, level: f64 },
}

impl Curve {
    pub(super) fn parameters(self) -> usize {
        if matches!(self, Self::Bent { .. }) { 3 } else { 2 }
    }

    /// `mu` and its gradient; none where the curve does not exist.
    pub(super) fn at(self, p: &Vector, x: f64) -> Option<(f64, Vector)> {
        match self {
            Self::Straight { centre } => {
                let u = x - centre;
                Some((p[0] + p[1] * u, [1.0, u, 0.0, 0.0]))
            }
            Self::Bent { centre } => {
                let u = x - centre;
                Some((p[0] + p[1] * u + 0.5 * p[2] * u * u, [1.0, u, 0.5 * u * u, 0.0]))
            }
            Self::Logarithm { centre, level } => {
                let u = x - centre;
                let m = p[0] + p[1] * u;
                (m > 0.0 && m.is_finite()).then(|| (level + m.ln(), [1.0 / m, u / m, 0.0, 0.0]))
            }
        }
    }

    /// Least squares through the times that are known exactly; relative ones for the logarithm.
    fn start(self, data: &[Datum]) -> Option<Vector> {
        let (mut matrix, mut right) = (Matrix::default(), Vector::default());
        for d in data.iter().filter(|d| d.known == Known::Exactly) {
            let (basis, value) = match self {
                Self::Straight { .. } | Self::Bent { .. } => (self.at(&Vector::default(), d.x)?.1, d.y),
                Self::Logarithm { centre, level } => {
                    let w = (level - d.y).exp();
                    ([w, w * (d.x - centre), 0.0, 0.0], 1.0)
                }
            };
            for k in 0..SIZE {
                right[k] += basis[k] * value;
                for l in 0..SIZE {
                    matrix[k][l] += basis[k] * basis[l];
                }
            }
        }
        let found = solve(&matrix, &right, self.parameters())?;
        let exists = data.iter().all(|d| self.at(&found, d.x).is_some());
        match self {
            _ if exists => Some(found),
            Self::Logarithm { .. } => Some([1.0, 0.0, 0.0, 0.0]),
            _ => None,
        }
    }
}

/// The most likely curve.
#[derive(Debug, Clone, Copy)]
pub(super) struct Solution {
    pub(super) curve: Curve,
    pub(super) parameters: Vector,
    /// Scatter sigma beyond the known standard errors.
    pub(super) scatter: f64,
    /// Logarithm of the likelihood of the logarithms of the times.
    pub(super) log_likelihood: f64,
    /// Covariance of the parameters: inverse observed information, times `m / (m - p)` (m exactly known
    /// times, p parameters) as far as the scatter is estimated and not given.
    pub(super) covariance: Matrix,
    /// That factor.
    pub(super) correction: f64,
}

impl Solution {
    /// `mu` at x and its standard error.
    pub(super) fn predict(&self, x: f64) -> Option<(f64, f64)> {
        let (value, gradient) = self.curve.at(&self.parameters, x)?;
        let mut variance = 0.0;
        for k in 0..self.curve.parameters() {
            for l in 0..self.curve.parameters() {
                variance += gradient[k] * self.covariance[k][l] * gradient[l];
            }
        }
        Some((value, variance.max(0.0).sqrt()))
    }

    /// Standard error of parameter `k`.
    pub(super) fn error(&self, k: usize) -> f64 {
        self.covariance[k][k].max(0.0).sqrt()
    }
}

/// Negative logarithm of the likelihood with gradient and Hessian in (parameters, s); the last index is s.
struct Derivatives {
    value: f64,
    gradient: Vector,
    hessian: Matrix,
}

fn derivatives(curve: Curve, data: &[Datum], p: &Vector, s: f64) -> Option<Derivatives> {
    let count = curve.parameters();
    let square = (2.0 * s).exp();
    let mut sum = Derivatives { value: 0.0, gradient: Vector::default(), hessian: Matrix::default() };
    for d in data {
        let (mu, slope) = curve.at(p, d.x)?;
        let sigma = (square + d.variance).sqrt();
        let rho = square / (sigma * sigma);
        let z = (d.y - mu) / sigma;
        let (value, [g_mu, g_s], [h_mu_mu, h_mu_s, h_s_s]) = contribution(d.known, z, sigma, rho);
        sum.value += value;
        let bend = if matches!(curve, Curve::Logarithm { .. }) { g_mu } else { 0.0 };
        for k in 0..count {
            sum.gradient[k] += g_mu * slope[k];
            sum.hessian[k][count] += h_mu_s * slope[k];
            sum.hessian[count][k] += h_mu_s * slope[k];
            for l in 0..count {
                // The second derivative of a logarithm is minus the product of its first ones.
                sum.hessian[k][l] += (h_mu_mu - bend) * slope[k] * slope[l];
            }
        }
        sum.gradient[count] += g_s;
        sum.hessian[count][count] += h_s_s;
    }
    sum.value.is_finite().then_some(sum)
}

/// Value, gradient and second derivatives of one contribution in (mu, s), where `d ln sigma_i / ds = rho` and
/// `d rho / ds = 2 rho (1 - rho)`.
fn contribution(known: Known, z: f64, sigma: f64, rho: f64) -> (f64, [f64; 2], [f64; 3]) {
    let bend = 2.0 * rho * (1.0 - rho);
    match known {
        Known::Exactly => (
            sigma.ln() + 0.5 * z * z + 0.5 * (2.0 * std::f64::consts::PI).ln(),
            [-z / sigma, rho * (1.0 - z * z)],
            [1.0 / (sigma * sigma), 2.0 * z * rho / sigma, bend * (1.0 - z * z) + 2.0 * rho * rho * z * z],
        ),
        Known::AtLeast | Known::AtMost => {
            let sign = if known == Known::AtLeast { 1.0 } else { -1.0 };
            let w = sign * z;
            let h = hazard(w);
            let dh = h * (h - w);
            (
                -log_survival(w),
                [-sign * h / sigma, -h * w * rho],
                [
                    dh / (sigma * sigma),
                    sign * (dh * w + h) * rho / sigma,
                    dh * w * w * rho * rho + h * w * (rho * rho - bend),
                ],
            )
        }
    }
}

/// The most likely curve; none without enough exactly known times, or when Newton's method fails.
pub(super) fn maximise(curve: Curve, data: &[Datum]) -> Option<Solution> {
    let count = curve.parameters();
    let floor = SMALLEST_SCATTER.ln();
    let mut p = curve.start(data)?;
    let mut s = first_scatter(curve, data, &p)?.ln().max(floor);
    let mut damping = 0.0;
    let mut here = derivatives(curve, data, &p, s)?;
    for _ in 0..200 {
        // At the smallest scatter, and drawn below it: only the curve moves.
        let free = if s <= floor && here.gradient[count] > 0.0 { count } else { count + 1 };
        let step = damped(&here, damping, free);
        let decrement = step.map(|d| (0..free).map(|k| here.gradient[k] * d[k]).sum::<f64>());
        if damping == 0.0 && decrement.is_some_and(|d| (0.0..1e-11).contains(&d)) {
            return Some(solution(curve, data, p, s, &here));
        }
        let moved = step.and_then(|d| {
            let mut q = p;
            (0..count).for_each(|k| q[k] -= d[k]);
            let r = (s - if free > count { d[count].clamp(-3.0, 3.0) } else { 0.0 }).max(floor);
            derivatives(curve, data, &q, r)
                .filter(|there| there.value < here.value)
                .map(|there| (q, r, there))
        });
        match moved {
            Some((q, r, there)) => {
                (p, s, here) = (q, r, there);
                damping = if damping < 1e-3 { 0.0 } else { 0.1 * damping };
            }
            // No descent left at any damping: the minimum to rounding.
            None if damping > 1e8 => return Some(solution(curve, data, p, s, &here)),
            None => damping = (10.0 * damping).max(1e-3),
        }
    }
    None
}

/// Newton step with the diagonal raised by the factor `1 + damping`; none where that is not positive
/// definite.
fn damped(d: &Derivatives, damping: f64, free: usize) -> Option<Vector> {
    let mut matrix = d.hessian;
    for k in 0..free {
        matrix[k][k] += damping * matrix[k][k].abs().max(1e-12);
    }
    solve(&matrix, &d.gradient, free)
}

/// Root mean square of the residuals of exactly known times and violated bounds.
fn first_scatter(curve: Curve, data: &[Datum], p: &Vector) -> Option<f64> {
    let mut sum = 0.0;
    for d in data {
        let residual = d.y - curve.at(p, d.x)?.0;
        sum += match d.known {
            Known::Exactly => residual,
            Known::AtLeast => residual.max(0.0),
            Known::AtMost => residual.min(0.0),
        }
        .powi(2);
    }
    Some((sum / data.len() as f64).sqrt().max(SMALLEST_SCATTER))
}

fn solution(curve: Curve, data: &[Datum], parameters: Vector, s: f64, at: &Derivatives) -> Solution {
    let count = curve.parameters();
    let exact: Vec<&Datum> = data.iter().filter(|d| d.known == Known::Exactly).collect();
    let square = (2.0 * s).exp();
    let estimated =
        exact.iter().map(|d| square / (square + d.variance)).sum::<f64>() / exact.len().max(1) as f64;
    let freedom = exact.len().saturating_sub(count).max(1) as f64;
    let correction = 1.0 + (exact.len() as f64 / freedom - 1.0).max(0.0) * estimated;
    let full = inverse(&at.hessian, count + 1).or_else(|| inverse(&at.hessian, count)).unwrap_or_default();
    let covariance = full.map(|row| row.map(|c| c * correction));
    Solution { curve, parameters, scatter: s.exp(), log_likelihood: -at.value, covariance, correction }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datum(x: f64, y: f64, known: Known, variance: f64) -> Datum {
        Datum { x, y, known, variance, cap: None }
    }

    fn mixed() -> Vec<Datum> {
        vec![
            datum(0.0, 0.1, Known::Exactly, 0.0),
            datum(1.0, 0.9, Known::Exactly, 0.04),
            datum(2.0, 2.3, Known::Exactly, 0.01),
            datum(3.0, 2.9, Known::Exactly, 0.0),
            datum(4.0, 3.5, Known::AtLeast, 0.0),
            datum(-1.0, -0.7, Known::AtMost, 0.09),
        ]
    }

    #[test]
    fn derivatives_agree_with_differences() {
        for curve in [
            Curve::Straight { centre: 1.0 },
            Curve::Bent { centre: 1.5 },
            Curve::Logarithm { centre: -1.2, level: 0.4 },
        ] {
            let (data, count, s) = (mixed(), curve.parameters(), -0.7);
            let p = [0.8, 0.9, 0.05, 0.0];
            let at = |p: &Vector, s: f64| derivatives(curve, &data, p, s).expect("exists");
            let here = at(&p, s);
            for k in 0..=count {
                let shifted = |h: f64| {
                    let mut q = p;
                    if k < count {
                        q[k] += h;
                    }
                    at(&q, if k == count { s + h } else { s })
                };
                let (up, down) = (shifted(1e-5), shifted(-1e-5));
                assert!(((up.value - down.value) / 2e-5 - here.gradient[k]).abs() < 1e-7, "{curve:?} {k}");
                for l in 0..=count {
                    let slope = (up.gradient[l] - down.gradient[l]) / 2e-5;
                    assert!((slope - here.hessian[k][l]).abs() < 1e-5, "{curve:?} {k} {l}");
                }
            }
        }
    }

    #[test]
    fn without_bounds_it_is_least_squares() {
        let data: Vec<Datum> =
            [(0.0, 1.0), (1.0, 1.0), (2.0, 4.0)].map(|(x, y)| datum(x, y, Known::Exactly, 0.0)).to_vec();
        let found = maximise(Curve::Straight { centre: 1.0 }, &data).expect("three points");
        // Slope 3/2, mean 2, residuals 1/2, -1, 1/2; unbiased variance 1.5, error of the slope sqrt(1.5 / 2).
        assert!((found.parameters[1] - 1.5).abs() < 1e-12 && (found.parameters[0] - 2.0).abs() < 1e-12);
        assert!((found.scatter - 0.5_f64.sqrt()).abs() < 1e-12);
        assert!((found.error(1) - 0.75_f64.sqrt()).abs() < 1e-9, "{}", found.error(1));
    }

    #[test]
    fn exact_data_and_consistent_bounds_give_the_exact_curve() {
        let line = |x: f64| 0.3 + 0.5 * x;
        let mut data: Vec<Datum> =
            (1..6).map(|k| datum(f64::from(k), line(f64::from(k)), Known::Exactly, 0.0)).collect();
        data.push(datum(7.0, line(7.0) - 1.0, Known::AtLeast, 0.0));
        let found = maximise(Curve::Straight { centre: 3.0 }, &data).expect("points");
        assert!((found.parameters[1] - 0.5).abs() < 1e-9 && found.scatter < 1e-8);
        data.push(datum(8.0, line(8.0) + 1.0, Known::AtLeast, 0.0));
        let found = maximise(Curve::Straight { centre: 3.0 }, &data).expect("points");
        assert!(found.parameters[1] > 0.55 && found.scatter > 0.02);
    }
}
