//! Parts of the generator that follow time.
//!
//! ```text
//! G(t + s) = G_0 + sum_m c_m(t + s) G_m,    c_m(t + s) = sum_i c_mi s^i   on a step, i <= 8
//!
//! psi(t + s) = sum_k s^k v_k,     (k + 1) v_(k+1) = G_0 v_k + sum_m sum_(i <= k) c_mi G_m v_(k-i)
//! ```
//! so that the series of a step stays what it is for a constant generator: its own dense output, in which the jump is
//! located. Every `G_m v_k` is made once. The polynomials go through Chebyshev nodes of pieces of the stage, which are
//! halved until they are as good as the tolerance asks for at many more times; all trajectories share them, and no step goes
//! beyond the end of a piece.

use num_complex::Complex64;
use superladder_model::Modulation;

use crate::basis::Basis;
use crate::products::Bands;
use crate::stencil::{Pattern, Stencil};
use crate::vector::Vector;

/// Degree of the polynomials.
const DEGREE: usize = 8;
/// Times between the nodes at which a polynomial is looked at.
const LOOKS: u32 = 33;
/// Pieces of a stage at first, so that no pulse is missed.
const PIECES: u32 = 16;
/// Pieces are halved at most this often: where a function has a kink they are not good whatever their length.
const HALVINGS: u32 = 36;
/// Polynomials are better than the tolerance by this factor, relative to the largest value ...
const PORTION: f64 = 0.01;
/// ... but not better than this.
const ROUNDING: f64 = 1e-13;

/// A part of the generator of a stage.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Its terms for a size of 1.
    pub(crate) pattern: Pattern,
    modulation: Modulation,
    /// The size with which it is inside of the constant generator.
    inside: f64,
}

impl Part {
    /// Of a modulation whose part is in the constant generator with the size `inside`.
    pub(crate) fn new(pattern: Pattern, modulation: &Modulation, inside: f64) -> Self {
        Self { pattern, modulation: modulation.clone(), inside }
    }

    /// The coefficient at a time; NaN where the size has no value, or is a negative rate.
    pub(crate) fn coefficient(&self, t: f64) -> f64 {
        self.modulation.beyond(self.inside, t)
    }
}

/// A coefficient along a step, in powers of the time since its start.
#[derive(Debug, Clone, Default, PartialEq)]
struct Polynomial {
    powers: Vec<f64>,
    /// Largest modulus of the coefficient.
    largest: f64,
}

impl Polynomial {
    /// Through the values of a function on `[t, t + h]`.
    fn through(function: impl Fn(f64) -> f64, t: f64, h: f64) -> Self {
        let count = DEGREE + 1;
        let node =
            |j: usize| 0.5 - 0.5 * (std::f64::consts::PI * (2 * j + 1) as f64 / (2 * count) as f64).cos();
        let nodes: Vec<f64> = (0..count).map(node).collect();
        // Newton's divided differences, then his products multiplied out from the last.
        let mut differences: Vec<f64> = nodes.iter().map(|x| function(t + h * x)).collect();
        let largest = differences.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        for order in 1..count {
            for j in (order..count).rev() {
                differences[j] = (differences[j] - differences[j - 1]) / (nodes[j] - nodes[j - order]);
            }
        }
        let mut powers = vec![0.0; count];
        for j in (0..count).rev() {
            for i in (0..count).rev() {
                let lower = if i > 0 { powers[i - 1] } else { differences[j] };
                powers[i] = lower - nodes[j] * powers[i];
            }
        }
        let mut scale = 1.0;
        for power in &mut powers {
            *power *= scale;
            scale /= h;
        }
        Self { powers, largest }
    }

    /// In powers of the time since `d` after its start.
    fn later(&self, d: f64) -> Self {
        let mut powers = self.powers.clone();
        for first in 0..powers.len() {
            for i in (first..powers.len() - 1).rev() {
                powers[i] += d * powers[i + 1];
            }
        }
        Self { powers, largest: self.largest }
    }

    fn at(&self, s: f64) -> f64 {
        self.powers.iter().rev().fold(0.0, |sum, power| sum * s + power)
    }
}

/// The coefficients of all parts on a piece of a stage.
#[derive(Debug, Clone)]
struct Piece {
    start: f64,
    end: f64,
    /// By part, with the largest error of each.
    polynomials: Vec<(Polynomial, f64)>,
}

/// The coefficients of all parts along a stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Course {
    pieces: Vec<Piece>,
}

impl Course {
    /// From `start` to `end`, for trajectories of this `tolerance`.
    ///
    /// # Errors
    /// What has no value that is allowed, in words.
    pub(crate) fn new(parts: &[Part], (start, end): (f64, f64), tolerance: f64) -> Result<Self, String> {
        let mut course = Self::default();
        if parts.is_empty() || start >= end {
            return Ok(course);
        }
        let accuracy = (PORTION * tolerance).max(ROUNDING);
        let time =
            |i: u32| if i == PIECES { end } else { start + (end - start) * f64::from(i) / f64::from(PIECES) };
        for i in 0..PIECES {
            course.add(parts, (time(i), time(i + 1)), accuracy, HALVINGS)?;
        }
        Ok(course)
    }

    fn add(
        &mut self,
        parts: &[Part],
        (start, end): (f64, f64),
        accuracy: f64,
        halvings: u32,
    ) -> Result<(), String> {
        let h = end - start;
        let (mut polynomials, mut good) = (Vec::with_capacity(parts.len()), true);
        for part in parts {
            let polynomial = Polynomial::through(|t| part.coefficient(t), start, h);
            let mut worst = 0.0_f64;
            for i in 0..=LOOKS {
                let s = h * f64::from(i) / f64::from(LOOKS);
                let away = (part.coefficient(start + s) - polynomial.at(s)).abs();
                if away.is_nan() {
                    let fault = part.modulation.first_fault(start, end);
                    return Err(fault
                        .unwrap_or_else(|| format!("{} has no value near t = {start}", part.modulation.of)));
                }
                worst = worst.max(away);
            }
            good &= worst <= accuracy * polynomial.largest;
            polynomials.push((polynomial, worst));
        }
        let middle = start + 0.5 * h;
        if good || halvings == 0 || middle <= start || middle >= end {
            self.pieces.push(Piece { start, end, polynomials });
            return Ok(());
        }
        self.add(parts, (start, middle), accuracy, halvings - 1)?;
        self.add(parts, (middle, end), accuracy, halvings - 1)
    }

    /// The piece at a time.
    fn at(&self, t: f64) -> Option<&Piece> {
        self.pieces.get(self.pieces.partition_point(|piece| piece.end <= t)).or(self.pieces.last())
    }
}

/// The parts of a stage on the windows of a basis, with their polynomials along a step.
#[derive(Debug, Default)]
pub(crate) struct Following {
    stencils: Vec<Stencil>,
    /// Bounds of their norms.
    bounds: Vec<f64>,
    /// From the start of the step on.
    polynomials: Vec<Polynomial>,
    /// Start of the step.
    start: f64,
    /// By part, `G_m v_k` of the last terms, k modulo their number.
    images: Vec<Vec<Vector>>,
    /// Bound of the error that the polynomials make in the state, per unit time.
    error: f64,
}

impl Following {
    /// State vectors that `parts` parts hold.
    pub(crate) const fn vectors(parts: usize) -> usize {
        parts * (DEGREE + 1)
    }

    /// Fills the matrices of the parts of a stage.
    pub(crate) fn fill(&mut self, parts: &[Part], bands: &Bands, basis: &Basis) {
        self.stencils.resize_with(parts.len(), Stencil::default);
        self.bounds.clear();
        for (part, stencil) in parts.iter().zip(&mut self.stencils) {
            stencil.fill(&part.pattern, bands, basis);
            self.bounds.push(stencil.bound());
        }
        self.images.resize_with(parts.len(), || vec![Vector::default(); DEGREE + 1]);
    }

    /// Takes the polynomials for a step from `t`; returns the time to which it may go, `end` or before.
    pub(crate) fn begin(&mut self, course: &Course, t: f64, end: f64) -> f64 {
        (self.error, self.start) = (0.0, t);
        self.polynomials.clear();
        let Some(piece) = course.at(t) else { return end };
        for ((polynomial, error), bound) in piece.polynomials.iter().zip(&self.bounds) {
            self.polynomials.push(polynomial.later(t - piece.start));
            self.error += error * bound;
        }
        if piece.end > t { piece.end.min(end) } else { end }
    }

    /// The coefficients at a time of the step.
    pub(crate) fn coefficients(&self, t: f64) -> Vec<f64> {
        self.polynomials.iter().map(|polynomial| polynomial.at(t - self.start)).collect()
    }

    /// Bound of the error of the polynomials in a step of length `s`, relative to the state.
    pub(crate) fn error(&self, s: f64) -> f64 {
        self.error * s
    }

    /// Adds to term number `k` of the series what the parts contribute to it, from the `terms` before.
    pub(crate) fn add(&mut self, k: usize, terms: &[Vector], out: &mut Vector) {
        let Self { stencils, polynomials, images, .. } = self;
        for ((stencil, polynomial), images) in stencils.iter().zip(polynomials.iter()).zip(images) {
            let count = images.len();
            stencil.apply(&terms[k - 1], 1.0, &mut images[(k - 1) % count]);
            for (i, power) in polynomial.powers.iter().enumerate().take(k).filter(|(_, power)| **power != 0.0)
            {
                out.add(Complex64::from(power / k as f64), &images[(k - 1 - i) % count]);
            }
        }
    }

    /// Adds `sum_m c_m G_m psi` with given coefficients.
    pub(crate) fn act(&self, coefficients: &[f64], psi: &Vector, spare: &mut Vector, out: &mut Vector) {
        for (c, stencil) in coefficients.iter().zip(&self.stencils) {
            stencil.apply(psi, 1.0, spare);
            out.add(Complex64::from(*c), spare);
        }
    }

    /// [`Stencil::exit`] of all parts, at their largest coefficients along the step.
    pub(crate) fn exit(&self, axis: usize, upper: bool, populations: &[f64]) -> f64 {
        let parts = self.polynomials.iter().zip(&self.stencils);
        parts.map(|(polynomial, stencil)| polynomial.largest * stencil.exit(axis, upper, populations)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_is_the_function_on_its_step() {
        let function = |t: f64| (0.7 * t).sin() + 0.3 * t;
        let polynomial = Polynomial::through(function, 3.0, 0.5);
        for i in 0..=100 {
            let s = 0.005 * f64::from(i);
            assert!((polynomial.at(s) - function(3.0 + s)).abs() < 1e-13, "{s}");
        }
        let later = polynomial.later(0.2);
        assert!((later.at(0.25) - function(3.45)).abs() < 1e-13);
        let line = Polynomial::through(|t| 2.0 - 3.0 * t, 1.0, 4.0);
        assert!((line.powers[0] + 1.0).abs() < 1e-12 && (line.powers[1] + 3.0).abs() < 1e-10, "{line:?}");
    }
}
