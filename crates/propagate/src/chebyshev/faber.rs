//! Faber polynomials on an ellipse and the expansion of the exponential in them.

use std::f64::consts::{SQRT_2, TAU};

/// Ratios of the half axis to the half width of the rectangle that are tried.
const STRETCHES: [f64; 11] = [1.01, 1.02, 1.05, 1.1, 1.2, SQRT_2, 2.0, 3.0, 5.0, 10.0, 30.0];

/// An ellipse ψ(w) = c + ρ w + ε / w, |w| = 1, symmetric to the real axis.
///
/// Its Faber polynomials are real: F_0 = 1, F_1 = (z - c)/ρ, F_2 = (z - c)/ρ F_1 - 2 ε/ρ F_0 and
/// F_(k+1) = (z - c)/ρ F_k - ε/ρ F_(k-1). On the ellipse F_k(ψ(w)) = w^k + (ε / (ρ w))^k.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ellipse {
    /// Center c.
    pub(crate) center: f64,
    /// Capacity ρ, the mean of the half axes.
    pub(crate) capacity: f64,
    /// Half difference ε of the half axes, real minus imaginary.
    pub(crate) difference: f64,
}

/// Expansion exp(h z) = Σ c_k F_k(z) on an ellipse.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) step: f64,
    pub(crate) ellipse: Ellipse,
    pub(crate) coefficients: Vec<f64>,
    /// Number of terms after which the rest should be below the tolerance.
    pub(crate) terms: usize,
}

/// A rectangle `(real_min, real_max, imag_max)` around the spectrum.
pub(crate) type Rectangle = (f64, f64, f64);

impl Ellipse {
    /// The ellipses around a rectangle, from flat to round.
    fn around((left, right, height): Rectangle) -> impl Iterator<Item = Self> {
        let center = left.midpoint(right);
        // A margin keeps a rectangle without area away from the degenerate ellipse.
        let margin = 1e-3 * (center.abs() + height.abs() + (right - left)).max(f64::MIN_POSITIVE.sqrt());
        let (p, q) = (0.5 * (right - left) + margin, height + margin);
        STRETCHES.into_iter().map(move |stretch| {
            let (a, b) = (p * stretch, q / (1.0 - 1.0 / (stretch * stretch)).sqrt());
            Self { center, capacity: 0.5 * (a + b), difference: 0.5 * (a - b) }
        })
    }

    /// c_k = (1/2π) ∮ exp(h ψ(e^{iφ})) e^{-ikφ} dφ for k < `count`, by the trapezoidal rule, which
    /// converges geometrically.
    pub(crate) fn coefficients(&self, h: f64, count: usize) -> Vec<f64> {
        let points = 2 * count;
        let table: Vec<f64> = (0..points).map(|j| (TAU * j as f64 / points as f64).cos()).collect();
        let sine = |j: usize| table[(j + points - points / 4) % points];
        let sines: Vec<f64> = if points.is_multiple_of(4) {
            (0..points).map(sine).collect()
        } else {
            (0..points).map(|j| (TAU * j as f64 / points as f64).sin()).collect()
        };
        let (a, b) = (self.capacity + self.difference, self.capacity - self.difference);
        let value = |j: usize| {
            let modulus = (h * (self.center + a * table[j])).exp();
            let (sin, cos) = (h * b * sines[j]).sin_cos();
            (modulus * cos, modulus * sin)
        };
        // Points j and points - j are complex conjugates: only the upper half is visited.
        let values: Vec<(f64, f64)> = (0..=count).map(value).collect();
        (0..count)
            .map(|k| {
                let part = |j: usize| {
                    let at = (j * k) % points;
                    values[j].0 * table[at] + values[j].1 * sines[at]
                };
                let inner: f64 = (1..count).map(part).sum();
                (part(0) + part(count) + 2.0 * inner) / points as f64
            })
            .collect()
    }
}

/// The expansion of lowest degree for a step of `h`; None if none reaches `tolerance` within `degree`.
pub(crate) fn plan(rectangle: Rectangle, h: f64, tolerance: f64, degree: usize) -> Option<Plan> {
    let growth = (h * rectangle.1).max(0.0);
    // Terms larger than this would leave more rounding errors than the tolerance allows.
    let headroom = (0.1 * tolerance / f64::EPSILON).ln().max(1.0);
    let mut best: Option<Plan> = None;
    for ellipse in Ellipse::around(rectangle) {
        let reach = h * (ellipse.center + ellipse.capacity + ellipse.difference);
        let longest = h * (ellipse.capacity + ellipse.difference.abs());
        if reach - growth > headroom || reach > 600.0 || longest > degree as f64 {
            continue;
        }
        let count = degree.min((1.5 * longest) as usize + 60) + 1;
        let coefficients = ellipse.coefficients(h, count);
        let Some(terms) = terms_needed(&coefficients, 0.1 * tolerance * growth.exp()) else { continue };
        if best.as_ref().is_none_or(|best| terms < best.terms) {
            best = Some(Plan { step: h, ellipse, coefficients, terms });
        }
    }
    best
}

/// Number of terms whose omitted rest, with |F_k| <= 2, stays below `tolerance`.
fn terms_needed(coefficients: &[f64], tolerance: f64) -> Option<usize> {
    let mut rest = 0.0;
    for (k, c) in coefficients.iter().enumerate().rev() {
        rest += 2.0 * c.abs();
        if rest.is_nan() || rest > tolerance {
            return (k + 2 < coefficients.len()).then_some(k + 2);
        }
    }
    Some(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Value of the expansion at a complex number, as (real, imaginary).
    fn value(plan: &Plan, (x, y): (f64, f64)) -> (f64, f64) {
        let e = plan.ellipse;
        let (x, y) = ((x - e.center) / e.capacity, y / e.capacity);
        let d = e.difference / e.capacity;
        let (mut before, mut now) = ((1.0, 0.0), (x, y));
        let mut sum = (plan.coefficients[0], 0.0);
        for (k, c) in plan.coefficients.iter().enumerate().take(plan.terms).skip(1) {
            sum = (sum.0 + c * now.0, sum.1 + c * now.1);
            let d = if k == 1 { 2.0 * d } else { d };
            let next = (x * now.0 - y * now.1 - d * before.0, x * now.1 + y * now.0 - d * before.1);
            before = now;
            now = next;
        }
        sum
    }

    #[test]
    fn the_expansion_is_the_exponential_on_the_rectangle() {
        for rectangle in
            [(-10.0, 0.0, 5.0), (-1.0, 0.0, 30.0), (-50.0, 0.0, 0.0), (-0.0, 0.0, 20.0), (-2.0, 1.0, 3.0)]
        {
            let plan = plan(rectangle, 1.0, 1e-11, 400).expect("short enough");
            for i in 0..=10 {
                for j in 0..=10 {
                    let x = rectangle.0 + (rectangle.1 - rectangle.0) * f64::from(i) / 10.0;
                    let y = rectangle.2 * f64::from(j) / 10.0;
                    let (re, im) = value(&plan, (x, y));
                    let exact = (x.exp() * y.cos(), x.exp() * y.sin());
                    let error = (re - exact.0).hypot(im - exact.1);
                    assert!(error < 1e-10, "{rectangle:?} at {x} + {y}i: {error:e}");
                }
            }
        }
    }

    #[test]
    fn a_step_that_is_too_long_has_no_plan() {
        assert!(plan((-10.0, 0.0, 1000.0), 1.0, 1e-10, 200).is_none());
    }
}
