//! The tensor-product space and its operators, all from single-site matrices.

use num_complex::Complex64;
use superladder_model::{Factor, Jump, Model, Operator};

use crate::Dense;

/// Modes with `levels` states each, then `sizes[e]` spins of ensemble e.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    pub(crate) levels: Vec<usize>,
    pub(crate) sizes: Vec<usize>,
}

impl Space {
    pub(crate) fn of_model(model: &Model, cutoffs: &[usize]) -> Self {
        Self {
            levels: cutoffs.iter().map(|cutoff| cutoff + 1).collect(),
            sizes: model.ensembles().iter().map(|e| e.size).collect(),
        }
    }

    /// `n` spins and nothing else.
    pub(crate) fn of_spins(n: usize) -> Self {
        Self { levels: Vec::new(), sizes: vec![n] }
    }

    pub(crate) fn spin_count(&self) -> usize {
        self.sizes.iter().sum()
    }

    pub(crate) fn dimension(&self) -> usize {
        self.levels.iter().product::<usize>() << self.spin_count()
    }

    /// Numbers of the spins of an ensemble, counted through all ensembles.
    pub(crate) fn spins(&self, ensemble: usize) -> std::ops::Range<usize> {
        let first = self.sizes[..ensemble].iter().sum();
        first..first + self.sizes[ensemble]
    }

    /// `1 (x) ... (x) matrix (x) ... (x) 1` with `matrix` on a mode.
    fn on_mode(&self, mode: usize, matrix: &Dense) -> Dense {
        let before = self.levels[..mode].iter().product();
        let after = self.levels[mode + 1..].iter().product::<usize>() << self.spin_count();
        Dense::identity(before).kron(matrix).kron(&Dense::identity(after))
    }

    /// `1 (x) ... (x) matrix (x) ... (x) 1` with `matrix` on one spin.
    pub(crate) fn on_spin(&self, spin: usize, matrix: &Dense) -> Dense {
        let before = self.levels.iter().product::<usize>() << spin;
        let after = 1 << (self.spin_count() - spin - 1);
        Dense::identity(before).kron(matrix).kron(&Dense::identity(after))
    }

    /// `sum_i matrix_i` over the spins of an ensemble.
    fn collective(&self, ensemble: usize, matrix: &Dense) -> Dense {
        let zero = Dense::zeros(self.dimension(), self.dimension());
        self.spins(ensemble).fold(zero, |sum, spin| sum.add(&self.on_spin(spin, matrix)))
    }

    fn factor(&self, factor: Factor) -> Dense {
        let [plus, minus, z] = ladder_and_z();
        match factor {
            Factor::Annihilate(m) => self.on_mode(m, &annihilation(self.levels[m])),
            Factor::Create(m) => self.on_mode(m, &annihilation(self.levels[m]).adjoint()),
            Factor::Lower(e) => self.collective(e, &minus),
            Factor::Raise(e) => self.collective(e, &plus),
            Factor::Sz(e) => self.collective(e, &z.scale(Complex64::from(0.5))),
        }
    }

    /// The matrix of an operator: sums of products of (truncated) matrices in written order.
    pub(crate) fn operator(&self, operator: &Operator) -> Dense {
        let dimension = self.dimension();
        operator.terms.iter().fold(Dense::zeros(dimension, dimension), |sum, term| {
            let start = Dense::identity(dimension).scale(term.coefficient);
            sum.add(&term.factors.iter().fold(start, |product, &f| product.mul(&self.factor(f))))
        })
    }

    /// The jump operators of a jump: one if collective, one per site if local.
    pub(crate) fn jumps(&self, jump: &Jump) -> Vec<Dense> {
        match jump {
            Jump::Collective(operator) => vec![self.operator(operator)],
            Jump::Local { ensemble, raise, lower, z } => {
                let [plus, minus, sigma_z] = ladder_and_z();
                let site = plus.scale(*raise).add(&minus.scale(*lower)).add(&sigma_z.scale(*z));
                self.spins(*ensemble).map(|spin| self.on_spin(spin, &site)).collect()
            }
            Jump::Dressed { dressing, ensemble, raise, lower, z } => {
                let local = Jump::Local { ensemble: *ensemble, raise: *raise, lower: *lower, z: *z };
                let modes = self.operator(dressing);
                self.jumps(&local).iter().map(|site| modes.mul(site)).collect()
            }
        }
    }
}

/// `sigma^+ = |up><down|`, `sigma^- = |down><up|` and the Pauli matrix `sigma^z = |up><up| - |down><down|`.
pub(crate) fn ladder_and_z() -> [Dense; 3] {
    let mut plus = Dense::zeros(2, 2);
    plus[(1, 0)] = Complex64::ONE;
    let minus = plus.adjoint();
    [plus, minus, Dense::diagonal(&[Complex64::from(-1.0), Complex64::ONE])]
}

/// `a = sum_n sqrt(n) |n-1><n|` on the levels `0 .. levels`.
pub(crate) fn annihilation(levels: usize) -> Dense {
    Dense::from_fn(levels, levels, |i, k| Complex64::from(if k == i + 1 { (k as f64).sqrt() } else { 0.0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commutator(a: &Dense, b: &Dense) -> Dense {
        a.mul(b).subtract(&b.mul(a))
    }

    #[test]
    fn collective_spins_obey_the_algebra_and_ensembles_commute() {
        let space = Space { levels: vec![2], sizes: vec![2, 3] };
        for e in 0..2 {
            let [plus, minus, z] =
                [Factor::Raise(e), Factor::Lower(e), Factor::Sz(e)].map(|f| space.factor(f));
            assert!(commutator(&plus, &minus).max_abs_difference(&z.scale(Complex64::from(2.0))) < 1e-14);
            assert!(commutator(&z, &plus).max_abs_difference(&plus) < 1e-14);
            assert!(minus.max_abs_difference(&plus.adjoint()) == 0.0);
        }
        let mixed = commutator(&space.factor(Factor::Raise(0)), &space.factor(Factor::Lower(1)));
        assert!(mixed.norm() == 0.0);
    }

    #[test]
    fn a_mode_is_bosonic_below_its_cutoff() {
        let (cutoff, space) = (4, Space { levels: vec![2, 5], sizes: vec![1] });
        let c = commutator(&space.factor(Factor::Annihilate(1)), &space.factor(Factor::Create(1)));
        for i in 0..space.dimension() {
            let n = i / 2 % 5;
            let expected = if n < cutoff { 1.0 } else { -(cutoff as f64) };
            assert!((c[(i, i)] - expected).norm() < 1e-14);
        }
        assert!(
            commutator(&space.factor(Factor::Annihilate(0)), &space.factor(Factor::Create(1))).norm() == 0.0
        );
    }
}
