//! The Taylor series of a state under a constant generator: one step and its dense output.

use num_complex::Complex64;

use crate::rows::Rows;

/// Highest power of the series.
const ORDER: usize = 24;
/// Amplitudes that are summed together, so that they stay in the nearest memory.
const CHUNK: usize = 128;

/// `psi(t + s) = e^(i phi) sum_k s^k v_k`, `v_k = (G - i c)^k psi(t) / k!`, for `G = -i H_eff` and the real number
/// `c = Im <G>` of the state: the global phase `phi = c s` drops out of everything that is measured, and what is left
/// of G is only its spread within the state. The series is its own dense output, exact to the tolerance at every s of
/// a step.
///
/// Source: step from the last two terms as in A. Jorba and M. Zou, Experimental Mathematics 14, 99 (2005).
pub(crate) struct Series {
    terms: Vec<Vec<Complex64>>,
    dim: usize,
}

/// A step that keeps the tolerance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Its longest length.
    pub(crate) step: f64,
    /// Norms of the last two terms relative to the state's.
    last: [f64; 2],
}

impl Reach {
    /// Estimated error of a step of length `s`, relative to the norm of the state: the last two terms kept.
    pub(crate) fn error(&self, s: f64) -> f64 {
        let power = s.powi(ORDER as i32 - 1);
        power * (self.last[0] + s * self.last[1])
    }
}

impl Series {
    /// Room for states of up to `largest` amplitudes.
    pub(crate) fn new(largest: usize) -> Self {
        Self { terms: vec![vec![Complex64::ZERO; largest]; ORDER + 1], dim: 0 }
    }

    /// Vectors of the length of a state that a series holds.
    pub(crate) const fn vectors() -> usize {
        ORDER + 1
    }

    /// Expands around `psi`; `tolerance` is the relative error allowed per unit time.
    pub(crate) fn expand(&mut self, generator: &Rows, psi: &[Complex64], tolerance: f64) -> Reach {
        self.dim = psi.len();
        self.terms[0][..self.dim].copy_from_slice(psi);
        let square = norm_sqr(psi);
        let shift = Complex64::new(0.0, generator.expectation(psi).im / square);
        for k in 1..=ORDER {
            let (before, after) = self.terms.split_at_mut(k);
            let (x, y) = (&before[k - 1][..self.dim], &mut after[0][..self.dim]);
            generator.apply(x, shift, 1.0 / k as f64, y);
        }
        let norm = |k: usize| (norm_sqr(&self.terms[k][..self.dim]) / square).sqrt();
        let last = [norm(ORDER - 1), norm(ORDER)];
        // |v_k| s^k <= tolerance s / 2 for both.
        let longest = |k: usize, size: f64| (0.5 * tolerance / size).powf(1.0 / (k as f64 - 1.0));
        Reach { step: longest(ORDER - 1, last[0]).min(longest(ORDER, last[1])), last }
    }

    /// The state at `s` after the point of expansion, by Horner's rule, and its squared norm.
    pub(crate) fn evaluate(&self, s: f64, out: &mut [Complex64]) -> f64 {
        let mut square = 0.0;
        for start in (0..self.dim).step_by(CHUNK) {
            let range = start..(start + CHUNK).min(self.dim);
            let sums = &mut out[range.clone()];
            sums.copy_from_slice(&self.terms[ORDER][range.clone()]);
            for term in self.terms[..ORDER].iter().rev() {
                for (sum, v) in sums.iter_mut().zip(&term[range.clone()]) {
                    *sum = *sum * s + v;
                }
            }
            square += norm_sqr(sums);
        }
        square
    }

    /// Where in `[0, end]` the squared norm falls to `threshold`, by regula falsi (Illinois variant); it is above at 0
    /// and `at_end` at the end. The norm falls monotonically, so that the root is unique. `out` is left at the root.
    pub(crate) fn locate(&self, end: f64, at_end: f64, threshold: f64, out: &mut [Complex64]) -> f64 {
        let (mut a, mut b) = (0.0, end);
        let (mut fa, mut fb) = (norm_sqr(&self.terms[0][..self.dim]) - threshold, at_end - threshold);
        if fa <= 0.0 {
            self.evaluate(0.0, out);
            return 0.0;
        }
        let accuracy = 1e-14 * threshold;
        let mut side = 0;
        for _ in 0..100 {
            let s = (a * fb - b * fa) / (fb - fa);
            let f = self.evaluate(s, out) - threshold;
            if f.abs() <= accuracy || b - a <= 1e-15 * end {
                return s;
            }
            if f > 0.0 {
                (a, fa) = (s, f);
                if side == 1 {
                    fb *= 0.5;
                }
                side = 1;
            } else {
                (b, fb) = (s, f);
                if side == -1 {
                    fa *= 0.5;
                }
                side = -1;
            }
        }
        self.evaluate(b, out);
        b
    }
}

/// Squared norm, in a fixed order of summation.
pub(crate) fn norm_sqr(x: &[Complex64]) -> f64 {
    x.iter().map(Complex64::norm_sqr).sum()
}
