//! The reference itself: generator, states, evolution and expectation values.

use num_complex::Complex64;
use superladder_model::{InitialState, Model, Operator};

use crate::schur_weyl::{Ladder, ladders};
use crate::space::Space;
use crate::states::product_state;
use crate::symmetric::SchurWeylBasis;
use crate::taylor::exponential;
use crate::{BruteForceError, Dense, SymmetricBlock};

/// A model on truncated Fock spaces and all `2^N` spins.
#[derive(Debug, Clone)]
pub struct BruteForce {
    space: Space,
    hamiltonian: Dense,
    jumps: Vec<(f64, Dense)>,
    /// `G = -i H - sum_k rate_k L_k^dag L_k / 2`.
    drift: Dense,
    ladders: Vec<Vec<Ladder>>,
}

impl BruteForce {
    /// The model with levels `0 ..= cutoffs[m]` of mode m. Products of mode operators are products of the
    /// truncated matrices, so `a a^dag` vanishes on the highest level.
    ///
    /// # Errors
    /// [`BruteForceError::Count`] unless there is one cutoff per mode.
    pub fn new(model: &Model, cutoffs: &[usize]) -> Result<Self, BruteForceError> {
        BruteForceError::check_count("cutoffs", model.modes().len(), cutoffs.len())?;
        let space = Space::of_model(model, cutoffs);
        let hamiltonian = space.operator(&model.hamiltonian());
        let mut jumps = Vec::new();
        for dissipator in model.dissipators() {
            jumps.extend(space.jumps(&dissipator.jump).into_iter().map(|jump| (dissipator.rate, jump)));
        }
        let mut drift = hamiltonian.scale(Complex64::new(0.0, -1.0));
        for (rate, jump) in &jumps {
            drift = drift.add(&jump.adjoint().mul(jump).scale((-0.5 * rate).into()));
        }
        let ladders = space.sizes.iter().map(|&n| ladders(n)).collect();
        Ok(Self { space, hamiltonian, jumps, drift, ladders })
    }

    /// Dimension of the Hilbert space.
    pub fn dimension(&self) -> usize {
        self.space.dimension()
    }

    /// The Hamiltonian.
    pub fn hamiltonian(&self) -> &Dense {
        &self.hamiltonian
    }

    /// Rates and jump operators; a local jump appears once per site.
    pub fn jumps(&self) -> &[(f64, Dense)] {
        &self.jumps
    }

    /// The matrix of an operator.
    pub fn operator(&self, operator: &Operator) -> Dense {
        self.space.operator(operator)
    }

    /// `tr(O rho)`.
    pub fn expectation(&self, operator: &Operator, rho: &Dense) -> Complex64 {
        self.operator(operator).mul(rho).trace()
    }

    /// `L(rho) = -i [H, rho] + sum_k rate_k (L_k rho L_k^dag - {L_k^dag L_k, rho}/2)` for any matrix,
    /// Hermitian or not, written `G rho + rho G^dag + sum_k rate_k L_k rho L_k^dag` with
    /// `G = -i H - sum_k rate_k L_k^dag L_k / 2`.
    pub fn generator(&self, rho: &Dense) -> Dense {
        let drift = self.drift.mul(rho).add(&times_adjoint(rho, &self.drift));
        self.jumps.iter().fold(drift, |sum, (rate, jump)| {
            sum.add(&times_adjoint(&jump.mul(rho), jump).scale((*rate).into()))
        })
    }

    /// `exp(t L) rho` by Taylor series in steps h with `|h| |L| <= 3`, every step to rounding.
    pub fn evolve(&self, rho: &Dense, time: f64) -> Dense {
        let jumps = self.jumps.iter().map(|(rate, jump)| rate * jump.spectral_norm_bound().powi(2));
        let bound = 2.0 * self.drift.spectral_norm_bound() + jumps.sum::<f64>();
        exponential(|x| self.generator(x), time, bound, rho)
    }

    /// The density matrix of a product state, trace 1. Coherent and displaced thermal states are those of the
    /// untruncated mode, cut at the cutoff and renormalised.
    ///
    /// # Errors
    /// [`BruteForceError`] if the state does not fit the model or lies above a cutoff.
    pub fn initial_state(&self, state: &InitialState) -> Result<Dense, BruteForceError> {
        product_state(&self.space, state)
    }

    /// Zero [`SymmetricBlock`]s that together span every permutation-symmetric state: j descending; in a
    /// block Fock numbers slowest, excitation numbers ascending.
    pub fn symmetric_blocks(&self) -> Vec<SymmetricBlock> {
        self.schur_weyl().all_blocks()
    }

    /// The density matrix on all spins of a permutation-symmetric state given in blocks:
    /// `rho = sum_blocks sum_{a b} B_ab (1/d) sum_copies |a, copy><b, copy|`, d the number of copies (product
    /// over the ensembles of `d_j`). Phases within a ladder are those of repeated `S^-`.
    ///
    /// # Errors
    /// [`BruteForceError`] for labels that do not exist or a matrix of another size.
    pub fn embed(&self, blocks: &[SymmetricBlock]) -> Result<Dense, BruteForceError> {
        self.schur_weyl().embed(blocks)
    }

    /// The blocks `B_ab = sum_copies <a, copy| rho |b, copy>` on the labels of `like`, whose matrices are not
    /// read.
    ///
    /// # Errors
    /// [`BruteForceError`] for labels that do not exist.
    pub fn project(
        &self,
        rho: &Dense,
        like: &[SymmetricBlock],
    ) -> Result<Vec<SymmetricBlock>, BruteForceError> {
        like.iter().map(|block| self.schur_weyl().project(rho, block)).collect()
    }

    /// Does rho stay the same to `tolerance` when any two spins of an ensemble are swapped? (Neighbours
    /// suffice.)
    pub fn is_permutation_symmetric(&self, rho: &Dense, tolerance: f64) -> bool {
        (0..self.space.sizes.len()).all(|ensemble| {
            let spins = self.space.spins(ensemble);
            spins.skip(1).all(|spin| self.swapped(rho, spin - 1, spin).max_abs_difference(rho) <= tolerance)
        })
    }

    /// rho with two spins swapped: two bits of each index.
    fn swapped(&self, rho: &Dense, first: usize, second: usize) -> Dense {
        let bits = [first, second].map(|spin| self.space.spin_count() - 1 - spin);
        let swap = |i: usize| {
            let different = (i >> bits[0] ^ i >> bits[1]) & 1;
            i ^ (different << bits[0] | different << bits[1])
        };
        Dense::from_fn(rho.rows(), rho.columns(), |i, k| rho[(swap(i), swap(k))])
    }

    fn schur_weyl(&self) -> SchurWeylBasis<'_> {
        SchurWeylBasis { space: &self.space, ladders: &self.ladders }
    }
}

/// `A B^dag = (B A^dag)^dag`, so that the sparse factor stands on the left, where zeros are skipped.
fn times_adjoint(a: &Dense, b: &Dense) -> Dense {
    b.mul(&a.adjoint()).adjoint()
}

#[cfg(test)]
mod tests;
