//! Faber polynomials on an ellipse and the expansion of the exponential in them.

use std::f64::consts::SQRT_2;

/// Ratios of the half axis to the half width of the rectangle that are tried.
const STRETCHES: [f64; 11] = [1.01, 1.02, 1.05, 1.1, 1.2, SQRT_2, 2.0, 3.0, 5.0, 10.0, 30.0];
/// How much further the spectrum may reach to the left with jumps than without.
const JUMPS: f64 = 2.0;
/// Levels of caution with ellipses that only touch the sides of a rectangle.
const TOUCHING: u32 = 3;
/// Growth of such an ellipse from one level of caution to the next.
const SWELLING: f64 = 1.6;
/// What is added to the half axes of such an ellipse, before it grows.
const MARGIN: f64 = 0.02;
/// Part of the degree that is kept for terms beyond those planned.
const SPARE: usize = 8;
/// Growth of a rectangle that the ellipse lies around, from one level of caution to the next.
const RETREAT: f64 = 1.5;

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
    /// The ellipses that are tried for a rectangle. Without caution only the one that touches its sides:
    /// coherences between extreme energies decay at mean rates, so that spectra of Lindbladians leave the
    /// corners empty. Where jumps dominate, the spectrum reaches further than the rates in the rectangle, and
    /// rounding errors grow where it leaves the ellipse; with some caution the ellipse is larger in both
    /// directions. With more of it the ellipses are those around the whole of a rectangle that reaches twice
    /// as far to the left, as Gershgorin's discs around the decay rates do, from flat to round; then around a
    /// larger one. All of them grow to the left and in height only: on the right of the spectrum exp(h z) is
    /// large, and its rounding errors would shorten the steps.
    fn candidates((left, right, height): Rectangle, caution: u32) -> Vec<Self> {
        let touching = caution < TOUCHING;
        let (width, growth) = if touching {
            (right - left, SWELLING.powi(caution.cast_signed()))
        } else {
            (JUMPS * (right - left), RETREAT.powi((caution - TOUCHING).cast_signed()))
        };
        let (width, height) = (growth * width, growth * height);
        let center = right - 0.5 * width;
        // A margin keeps a rectangle without area away from the degenerate ellipse.
        let margin = 1e-3 * (center.abs() + height.abs() + width).max(f64::MIN_POSITIVE.sqrt());
        let (p, q) = (0.5 * width + margin, height + margin);
        let axes = |(a, b): (f64, f64)| Self { center, capacity: 0.5 * (a + b), difference: 0.5 * (a - b) };
        if touching {
            let rim = 1.0 + MARGIN / growth;
            return vec![axes((rim * p, rim * q))];
        }
        let around = |s: f64| axes((p * s, q / (1.0 - 1.0 / (s * s)).sqrt()));
        STRETCHES.into_iter().map(around).collect()
    }

    /// Coefficients c_k of exp(h z), k < `count`: the Laurent coefficients of exp(h (c + ρ w + ε / w)). They
    /// obey k c_k = h ρ c_(k-1) - h ε c_(k+1), which is stable downwards (J. C. P. Miller's algorithm), and
    /// are normalised by the value of the series at w = sqrt(|ε| / ρ), or i times it: exp(h c) times 1 or
    /// exp(2 h sqrt(ε ρ)).
    pub(crate) fn coefficients(&self, h: f64, count: usize) -> Vec<f64> {
        let (rho, epsilon) = (h * self.capacity, h * self.difference);
        let width = 2.0 * (rho * epsilon.abs()).sqrt();
        let mut c = vec![0.0; count];
        c[0] = (h * self.center).exp();
        if rho == 0.0 {
            return c;
        }
        if width < 1e-8 {
            for k in 1..count {
                c[k] = c[k - 1] * rho / k as f64;
            }
            return c;
        }
        let longest = rho + epsilon.abs();
        let top = count.max((1.5 * longest) as usize) + 60;
        let ratio = (epsilon.abs() / rho).sqrt();
        let (mut above, mut here) = (0.0_f64, f64::MIN_POSITIVE.sqrt());
        // b_k = c_k ratio^k would be Bessel functions of `width`; the sum of the series at w = ratio.
        let mut sum = 0.0;
        for k in (0..=top).rev() {
            let power = ratio.powi(k as i32);
            if k < count {
                c[k] = here;
            }
            sum += match (k, epsilon > 0.0) {
                (0, _) => here,
                (_, true) => 2.0 * here * power,
                (k, false) if k % 2 == 0 => 2.0 * here * power,
                _ => 0.0,
            };
            (above, here) = (here, (k as f64 * here + epsilon * above) / rho);
            if here.abs() > 1e200 {
                (above, here, sum) = (above * 1e-200, here * 1e-200, sum * 1e-200);
                for c in &mut c[k.min(count)..] {
                    *c *= 1e-200;
                }
            }
        }
        let value = if epsilon > 0.0 { width } else { 0.0 };
        let scale = (h * self.center + value).exp() / sum;
        for c in &mut c {
            *c *= scale;
        }
        c
    }
}

/// The expansion of lowest degree for a step of `h`; None if none reaches `tolerance` within `degree` with
/// `free` terms to spare. Its coefficients go on for an eighth of the degree: where polynomials of the
/// generator grow a little, because the spectrum is not normal or reaches into a corner, more terms do.
pub(crate) fn plan(
    rectangle: Rectangle,
    caution: u32,
    h: f64,
    tolerance: f64,
    (degree, free): (usize, usize),
) -> Option<Plan> {
    let growth = (h * rectangle.1).max(0.0);
    // Terms larger than this would leave more rounding errors than the tolerance allows.
    let headroom = (0.1 * tolerance / f64::EPSILON).ln().max(1.0);
    let mut best: Option<Plan> = None;
    for ellipse in Ellipse::candidates(rectangle, caution) {
        let reach = h * (ellipse.center + ellipse.capacity + ellipse.difference);
        let longest = h * (ellipse.capacity + ellipse.difference.abs());
        if reach - growth > headroom || reach > 600.0 || longest > degree as f64 {
            continue;
        }
        let count = (degree + degree / SPARE).min((1.5 * longest) as usize + 60) + 1;
        let coefficients = ellipse.coefficients(h, count);
        let Some(terms) = terms_needed(&coefficients, 0.1 * tolerance * growth.exp()) else { continue };
        if terms + free > degree {
            continue;
        }
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
            let plan = plan(rectangle, TOUCHING, 1.0, 1e-11, (400, 0)).expect("short enough");
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

    /// c_k = (1/2π) ∮ exp(h ψ(e^{iφ})) e^{-ikφ} dφ by the trapezoidal rule, which converges geometrically.
    fn by_quadrature(e: Ellipse, h: f64, count: usize) -> Vec<f64> {
        let points = 8 * count;
        let (a, b) = (e.capacity + e.difference, e.capacity - e.difference);
        let mean = |k: usize| {
            let terms = (0..points).map(|j| {
                let phi = std::f64::consts::TAU * j as f64 / points as f64;
                let modulus = (h * (e.center + a * phi.cos())).exp();
                modulus * (h * b * phi.sin() - k as f64 * phi).cos()
            });
            terms.sum::<f64>() / points as f64
        };
        (0..count).map(mean).collect()
    }

    #[test]
    fn coefficients_equal_their_integrals() {
        for (center, a, b) in [(-3.0, 3.0, 30.0), (-10.0, 10.0, 10.0), (-20.0, 20.0, 1.0), (0.0, 0.1, 90.0)] {
            let ellipse = Ellipse { center, capacity: 0.5 * (a + b), difference: 0.5 * (a - b) };
            for h in [0.0, 1e-3, 0.1, 1.0] {
                let (found, exact) = (ellipse.coefficients(h, 150), by_quadrature(ellipse, h, 150));
                for (k, (f, e)) in found.iter().zip(&exact).enumerate() {
                    assert!((f - e).abs() < 2e-14, "{ellipse:?}, h = {h}, k = {k}: {f:e} and {e:e}");
                }
            }
        }
    }

    #[test]
    fn a_step_that_is_too_long_has_no_plan() {
        assert!(plan((-10.0, 0.0, 1000.0), TOUCHING, 1.0, 1e-10, (200, 0)).is_none());
    }
}
