//! The Taylor series of a state under a constant generator: one step and its dense output.

use num_complex::Complex64;
use pulp::NullaryFnOnce;

use crate::following::Following;
use crate::stencil::Stencil;
use crate::vector::{Vector, sum_of_squares, wide};

/// Highest power of the series.
const ORDER: usize = 30;
/// Relative error of the squared norm at which a jump is located.
const ACCURACY: f64 = 1e-14;
/// Amplitudes that are summed together, so that they stay in the nearest memory.
const CHUNK: usize = 128;

/// `psi(t + s) = e^(i phi) sum_k s^k v_k`, `v_k = (G - i c)^k psi(t) / k!`, for `G = -i H_eff` and the real
/// number `c = Im <G>` of the state: the global phase `phi = c s` drops out of everything that is measured,
/// and what is left of G is only its spread within the state. The generator passed in stays shifted, and the
/// next step shifts it further: c is the mean of what is left. The series is its own dense output, exact to
/// the tolerance at every s of a step.
///
/// Source: step from the last two terms as in A. Jorba and M. Zou, Experimental Mathematics 14, 99 (2005).
#[derive(Debug)]
pub(crate) struct Series {
    terms: Vec<Vector>,
    order: usize,
}

/// A step that keeps the tolerance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Its longest length.
    pub(crate) step: f64,
    order: usize,
    /// Norms of the last two terms relative to the state's.
    last: [f64; 2],
}

impl Reach {
    /// Estimated error of a step of length `s`, relative to the norm of the state: the last two terms kept.
    pub(crate) fn error(&self, s: f64) -> f64 {
        let power = s.powi(self.order as i32 - 1);
        power * (self.last[0] + s * self.last[1])
    }

    /// Highest power that was needed.
    pub(crate) fn order(&self) -> usize {
        self.order
    }
}

impl Series {
    pub(crate) fn new() -> Self {
        Self { terms: vec![Vector::default(); ORDER + 1], order: 0 }
    }

    /// Vectors of the length of a state that a series holds.
    pub(crate) const fn vectors() -> usize {
        ORDER + 1
    }

    /// Expands around `psi` under a constant generator; `tolerance` is the relative error allowed per unit time. `wish` gives the length
    /// of the step that would be enough from the rate `-d ln|psi|^2/dt`: no more terms are made than it
    /// needs.
    #[cfg(test)]
    pub(crate) fn expand(
        &mut self,
        generator: &mut Stencil,
        psi: &Vector,
        tolerance: f64,
        wish: impl Fn(f64) -> f64,
    ) -> Reach {
        self.expand_in_time((generator, &mut Following::default()), psi, tolerance, wish)
    }

    /// [`Series::expand`] with the parts of the generator that follow time, along the step of their polynomials.
    pub(crate) fn expand_in_time(
        &mut self,
        (generator, following): (&mut Stencil, &mut Following),
        psi: &Vector,
        tolerance: f64,
        wish: impl Fn(f64) -> f64,
    ) -> Reach {
        self.terms[0].copy(psi);
        let square = psi.norm_sqr();
        let norm = |v: &Vector| (v.norm_sqr() / square).sqrt();
        generator.apply(psi, 1.0, &mut self.terms[1]);
        let (before, after) = self.terms.split_at_mut(1);
        following.add(1, before, &mut after[0]);
        let mean = psi.dot(&self.terms[1]) / square;
        let phase = Complex64::new(0.0, mean.im);
        self.terms[1].add(-phase, psi);
        generator.subtract_frequency(mean.im);
        let target = wish(-2.0 * mean.re);
        // |v_k| s^k <= tolerance s / 2 for the last two terms.
        let longest = |k: usize, size: f64| (0.5 * tolerance / size).powf(1.0 / (k as f64 - 1.0));
        let mut last = [0.0, norm(&self.terms[1])];
        for k in 2..=ORDER {
            let (before, after) = self.terms.split_at_mut(k);
            generator.apply(&before[k - 1], 1.0 / k as f64, &mut after[0]);
            following.add(k, before, &mut after[0]);
            last = [last[1], norm(&self.terms[k])];
            self.order = k;
            if k > 2 && longest(k - 1, last[0]).min(longest(k, last[1])) >= target {
                return Reach { step: target, order: k, last };
            }
        }
        Reach { step: longest(ORDER - 1, last[0]).min(longest(ORDER, last[1])), order: ORDER, last }
    }

    /// The state at `s` after the point of expansion, by Horner's rule, and its squared norm.
    pub(crate) fn evaluate(&self, s: f64, out: &mut Vector) -> f64 {
        out.reshape(self.terms[0].len());
        wide(Evaluate { terms: &self.terms[..=self.order], s, out })
    }

    /// Where in `[0, end]` the squared norm falls to `threshold`, by regula falsi (Illinois variant) for its
    /// logarithm, which is nearly linear; it is above at 0 and `at_end` at the end. The norm falls
    /// monotonically, so that the root is unique. `out` is left at the root.
    pub(crate) fn locate(&self, end: f64, at_end: f64, threshold: f64, out: &mut Vector) -> f64 {
        let (mut a, mut b) = (0.0, end);
        let excess = |square: f64| (square / threshold).ln();
        let (mut fa, mut fb) = (excess(self.terms[0].norm_sqr()), excess(at_end));
        if fa <= 0.0 {
            self.evaluate(0.0, out);
            return 0.0;
        }
        let mut side = 0;
        for _ in 0..100 {
            let s = (a * fb - b * fa) / (fb - fa);
            let f = excess(self.evaluate(s, out));
            if f.abs() <= ACCURACY || b - a <= 1e-15 * end {
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

struct Evaluate<'a> {
    terms: &'a [Vector],
    s: f64,
    out: &'a mut Vector,
}

impl NullaryFnOnce for Evaluate<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let Self { terms, s, out } = self;
        let highest = terms.len() - 1;
        let dim = out.len();
        let mut square = 0.0;
        for start in (0..dim).step_by(CHUNK) {
            let range = start..(start + CHUNK).min(dim);
            for (sums, part) in [(&mut out.re, false), (&mut out.im, true)] {
                let values = |k: usize| {
                    let term: &Vector = &terms[k];
                    if part { &term.im[range.clone()] } else { &term.re[range.clone()] }
                };
                let sums = &mut sums[range.clone()];
                sums.copy_from_slice(values(highest));
                for k in (0..highest).rev() {
                    sums.iter_mut().zip(values(k)).for_each(|(sum, v)| *sum = *sum * s + v);
                }
                square += sum_of_squares(sums);
            }
        }
        square
    }
}
