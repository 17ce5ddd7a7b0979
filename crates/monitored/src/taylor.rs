//! One step without a click: a Taylor series whose length and order follow the tolerance.

use num_complex::Complex64;

use crate::dynamics::Dynamics;
use crate::state::{Layout, norm};

/// Highest power of a step.
const ORDER: usize = 24;
/// A step is lengthened where fewer powers did.
const FEW: usize = 14;
/// A step is expected to reach the click and so much beyond.
const BEYOND: f64 = 1.25;

/// The powers `G^k rho h^k / k!` of a step.
#[derive(Debug, Default)]
pub(crate) struct Series {
    terms: Vec<Vec<Complex64>>,
    /// Their traces.
    traces: Vec<f64>,
    used: usize,
    half: Vec<Complex64>,
    /// Length of the step.
    pub(crate) length: f64,
    /// Length that the next one may have.
    pub(crate) guess: f64,
    /// Its error relative to the state.
    pub(crate) error: f64,
    /// Applications of G so far.
    pub(crate) applications: u64,
}

impl Series {
    /// A record of its own: nothing is known of its steps.
    pub(crate) fn begin(&mut self) {
        (self.guess, self.applications) = (f64::INFINITY, 0);
    }

    /// Expands the way of `rho` over `most` of time at most, to the error `tolerance` per unit time, and hardly beyond
    /// where its trace falls to `threshold`. `None` where numbers are not finite.
    pub(crate) fn expand(
        &mut self,
        (dynamics, layout): (&Dynamics, &Layout),
        rho: &[Complex64],
        (most, threshold): (f64, f64),
        tolerance: f64,
    ) -> Option<()> {
        self.terms.resize_with(ORDER + 1, Vec::new);
        for term in &mut self.terms {
            term.resize(rho.len(), Complex64::ZERO);
        }
        self.terms[0].copy_from_slice(rho);
        let size = norm(rho);
        let mut norms = vec![size];
        let mut h = most.min(self.guess);
        for k in 1..=ORDER {
            let (before, after) = self.terms.split_at_mut(k);
            dynamics.apply(layout, &before[k - 1], &mut after[0], &mut self.half);
            self.applications += 1;
            if k == 1 {
                let (trace, slope) = (layout.trace(rho), layout.trace(&after[0]));
                let wait = if slope < 0.0 && threshold > 0.0 {
                    -(trace / threshold).ln() * trace / slope
                } else {
                    f64::INFINITY
                };
                h = h.min((BEYOND * wait).max(1e-6 * h));
            }
            for x in &mut after[0] {
                *x *= h / k as f64;
            }
            norms.push(norm(&after[0]));
            self.used = k;
            if norms[k] + norms[k - 1] <= tolerance * h * size {
                break;
            }
        }
        let left = |part: f64, k: usize| part.powi(k as i32) * norms[k];
        let mut part = 1.0;
        while left(part, self.used) + left(part, self.used - 1) > tolerance * part * h * size {
            part *= 0.8;
            if part < 1e-30 {
                return None;
            }
        }
        if !norms.iter().all(|x| x.is_finite()) {
            return None;
        }
        if part < 1.0 {
            for (k, term) in self.terms[..=self.used].iter_mut().enumerate() {
                let scale = part.powi(k as i32);
                for x in term.iter_mut() {
                    *x *= scale;
                }
            }
        }
        self.length = part * h;
        self.error = (left(part, self.used) / size).max(0.0);
        self.guess = match (part < 1.0, self.used < FEW) {
            (true, _) => self.length,
            (false, true) => self.guess.max(2.0 * self.length),
            (false, false) => self.guess.max(self.length),
        };
        self.traces = self.terms[..=self.used].iter().map(|term| layout.trace(term)).collect();
        Some(())
    }

    /// The trace at the part `x` of the step.
    pub(crate) fn trace(&self, x: f64) -> f64 {
        self.traces.iter().rev().fold(0.0, |sum, t| sum * x + t)
    }

    /// The part of the step at which the trace has fallen to `threshold`, which it has at the end.
    pub(crate) fn root(&self, threshold: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if self.trace(middle) > threshold {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// The state at the part `x` of the step.
    pub(crate) fn state(&self, x: f64, rho: &mut [Complex64]) {
        rho.copy_from_slice(&self.terms[self.used]);
        for term in self.terms[..self.used].iter().rev() {
            rho.iter_mut().zip(term).for_each(|(sum, t)| *sum = *sum * x + t);
        }
    }
}
