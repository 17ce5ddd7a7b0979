//! Differential operators on a generating function: the Weyl algebra of sources and derivatives.

use std::collections::BTreeMap;

use num_complex::Complex64;

use crate::variables::Variable;

/// `N_0^p0 N_1^p1 ... eta^K d^D`: powers of ensemble sizes, sources, then derivatives (both sorted).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Monomial {
    pub(crate) sizes: Vec<u8>,
    pub(crate) sources: Vec<Variable>,
    pub(crate) derivatives: Vec<Variable>,
}

/// A sum of [`Monomial`]s. Powers of N are kept apart so that what cancels, cancels exactly.
#[derive(Debug, Clone, Default)]
pub(crate) struct Differential {
    pub(crate) terms: BTreeMap<Monomial, Complex64>,
}

/// Coefficients below this fraction of the largest are rounding errors of what cancels.
const ROUNDING: f64 = 1e-13;

impl Differential {
    pub(crate) fn zero() -> Self {
        Self::default()
    }

    /// The identity for a model with so many ensembles.
    pub(crate) fn identity(ensembles: usize) -> Self {
        let mut one = Self::zero();
        one.add(Complex64::ONE, ensembles, None, &[], &[]);
        one
    }

    /// Adds `coefficient N_size eta^sources d^derivatives`.
    pub(crate) fn add(
        &mut self,
        coefficient: impl Into<Complex64>,
        ensembles: usize,
        size: Option<usize>,
        sources: &[Variable],
        derivatives: &[Variable],
    ) {
        let mut sizes = vec![0; ensembles];
        if let Some(e) = size {
            sizes[e] = 1;
        }
        let (mut sources, mut derivatives) = (sources.to_vec(), derivatives.to_vec());
        sources.sort_unstable();
        derivatives.sort_unstable();
        self.accumulate(Monomial { sizes, sources, derivatives }, coefficient.into());
    }

    fn accumulate(&mut self, monomial: Monomial, coefficient: Complex64) {
        if coefficient != Complex64::ZERO {
            *self.terms.entry(monomial).or_default() += coefficient;
        }
    }

    pub(crate) fn plus(mut self, other: &Self, factor: Complex64) -> Self {
        for (monomial, coefficient) in &other.terms {
            self.accumulate(monomial.clone(), coefficient * factor);
        }
        self
    }

    /// The operator product `self other`, sources moved to the left of derivatives.
    pub(crate) fn times(&self, other: &Self) -> Self {
        self.times_within(other, usize::MAX)
    }

    /// [`Differential::times`] without terms of more than `limit` sources. A further factor on the right
    /// leaves the sources of a term where they are: what is dropped here would be dropped at the end.
    pub(crate) fn times_within(&self, other: &Self, limit: usize) -> Self {
        let mut product = Self::zero();
        for (left, a) in &self.terms {
            let derived = left.derivatives.iter().fold(other.clone(), |sum, variable| sum.derived(*variable));
            for (right, b) in derived.terms {
                if left.sources.len() + right.sources.len() > limit {
                    continue;
                }
                let sizes = left.sizes.iter().zip(&right.sizes).map(|(x, y)| x + y).collect();
                let sources = merged(&left.sources, &right.sources);
                product.accumulate(Monomial { sizes, sources, derivatives: right.derivatives }, a * b);
            }
        }
        product
    }

    /// `d_leg self`.
    fn derived(&self, variable: Variable) -> Self {
        let mut result = Self::zero();
        for (monomial, coefficient) in &self.terms {
            let count: usize = monomial.sources.iter().map(|l| usize::from(*l == variable)).sum();
            if let Some(position) = monomial.sources.iter().position(|l| *l == variable) {
                let mut contracted = monomial.clone();
                contracted.sources.remove(position);
                result.accumulate(contracted, coefficient * count as f64);
            }
            let mut passed = monomial.clone();
            passed.derivatives = merged(&passed.derivatives, &[variable]);
            result.accumulate(passed, *coefficient);
        }
        result
    }

    /// Without rounding errors and without terms of more than `sources` sources.
    pub(crate) fn pruned(mut self, sources: usize) -> Self {
        let largest = self.terms.values().map(|c| c.norm()).fold(0.0, f64::max);
        self.terms.retain(|m, c| m.sources.len() <= sources && c.norm() > ROUNDING * largest);
        self
    }

    /// All coefficients times `factor`.
    pub(crate) fn scaled(mut self, factor: Complex64) -> Self {
        self.terms.values_mut().for_each(|c| *c *= factor);
        self
    }
}

fn merged(a: &[Variable], b: &[Variable]) -> Vec<Variable> {
    let mut all = [a, b].concat();
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_pass_sources() {
        let mut d = Differential::zero();
        d.add(1.0, 0, None, &[], &[3, 3]);
        let mut x = Differential::zero();
        x.add(1.0, 0, None, &[3, 3], &[]);
        // d^2 x^2 = x^2 d^2 + 4 x d + 2
        let found: Vec<f64> = d.times(&x).terms.values().map(|c| c.re).collect();
        assert_eq!(found, [2.0, 4.0, 1.0]);
    }
}
