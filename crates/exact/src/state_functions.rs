//! Functions of the whole state: purities, entropies, reduced density matrices.

use std::borrow::Cow;

use num_complex::Complex64;
use superladder_dense::HermitianEigenvalues;
use superladder_model::Subsystem;
use superladder_space::{Space, ladder};

use crate::layout::Layout;
use crate::state::sector_matrix;

/// A density matrix to be evaluated.
pub(crate) struct View<'a> {
    pub(crate) space: &'a Space,
    pub(crate) layout: &'a Layout,
    pub(crate) vector: Cow<'a, [f64]>,
    pub(crate) eigenvalues: &'a HermitianEigenvalues,
}

/// A function of the whole state: what probes cannot give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    Purity,
    Entropy,
    ReducedPurity(Subsystem),
    ReducedEntropy(Subsystem),
    ReducedState(Subsystem),
}

impl View<'_> {
    /// Flattened values of a function of the state, in the order of its shape.
    pub(crate) fn evaluate(&self, function: Whole) -> Vec<f64> {
        match function {
            Whole::Purity => vec![self.purity()],
            Whole::Entropy => vec![self.entropy()],
            Whole::ReducedPurity(s) => {
                let blocks = self.reduced(s);
                vec![blocks.iter().map(ReducedBlock::purity).sum()]
            }
            Whole::ReducedEntropy(s) => {
                let blocks = self.reduced(s);
                vec![blocks.iter().map(|p| self.entropy_of(&p.matrix, p.dim, p.ln_copies)).sum()]
            }
            Whole::ReducedState(s) => {
                let blocks = self.reduced(s);
                blocks.iter().flat_map(|p| p.matrix.iter().flat_map(|z| [z.re, z.im])).collect()
            }
        }
    }

    /// `rho_ij` of a sector; zero if the coherence is not stored.
    pub(crate) fn element(&self, sector: usize, i: usize, j: usize) -> Complex64 {
        match self.layout.element(sector, i, j) {
            Some((index, conjugate)) => {
                let value = Complex64::new(self.vector[index], self.vector[index + 1]);
                if conjugate { value.conj() } else { value }
            }
            None => Complex64::ZERO,
        }
    }

    /// `tr rho^2`, copies of ladders counted.
    pub(crate) fn purity(&self) -> f64 {
        let mut sum = 0.0;
        for (p, pair) in self.layout.pairs().iter().enumerate() {
            let sector = &self.space.sectors()[self.layout.tiles()[pair.row].sector];
            let weight = if pair.row == pair.column { 1.0 } else { 2.0 } / self.space.ln_copies(sector).exp();
            sum += weight * self.vector[self.layout.block(p)].iter().map(|x| x * x).sum::<f64>();
        }
        sum
    }

    fn entropy(&self) -> f64 {
        let sectors = self.space.sectors().iter().enumerate();
        sectors
            .map(|(number, sector)| {
                let dense = sector_matrix(self.space, self.layout, &self.vector, number);
                self.entropy_of(&dense, sector.dim(), self.space.ln_copies(sector))
            })
            .sum()
    }

    /// `-sum p ln(p / copies)` over the eigenvalues p; rounding below zero counts as zero.
    fn entropy_of(&self, dense: &[Complex64], dim: usize, ln_copies: f64) -> f64 {
        let terms = self.eigenvalues.of(dense, dim).into_iter().filter(|p| *p > 0.0);
        terms.map(|p| -p * (p.ln() - ln_copies)).sum()
    }

    /// Smallest eigenvalue of all sector blocks.
    pub(crate) fn smallest_eigenvalue(&self) -> f64 {
        let mut smallest = f64::INFINITY;
        for (number, sector) in self.space.sectors().iter().enumerate() {
            let dense = sector_matrix(self.space, self.layout, &self.vector, number);
            smallest = self.eigenvalues.of(&dense, sector.dim()).into_iter().fold(smallest, f64::min);
        }
        smallest
    }

    /// Reduced density matrix of a subsystem: one block for a mode, one per ladder (j ascending) for an
    /// ensemble.
    pub(crate) fn reduced(&self, subsystem: Subsystem) -> Vec<ReducedBlock> {
        match subsystem {
            Subsystem::Mode(m) => {
                let mut block = ReducedBlock::new(self.space.levels()[m], 0.0);
                for number in 0..self.space.sectors().len() {
                    self.trace_rest(number, m, 0, &mut block);
                }
                vec![block]
            }
            Subsystem::Ensemble(e) => {
                let spins = self.space.spins()[e];
                ladder::all_ladders(spins)
                    .into_iter()
                    .map(|twice_j| {
                        let mut block = ReducedBlock::new(twice_j + 1, ladder::ln_degeneracy(spins, twice_j));
                        let position = self.space.levels().len() + e;
                        for (number, sector) in self.space.sectors().iter().enumerate() {
                            if sector.twice_j[e] == twice_j {
                                self.trace_rest(number, position, (spins - twice_j) / 2, &mut block);
                            }
                        }
                        block
                    })
                    .collect()
            }
        }
    }

    /// Adds `sum_rest rho[(x, rest), (x', rest)]` of a sector to `block`; labels of the subsystem start at
    /// `lowest`.
    fn trace_rest(&self, number: usize, position: usize, lowest: usize, block: &mut ReducedBlock) {
        let sector = &self.space.sectors()[number];
        for state in 0..sector.dim() {
            let mut labels: Vec<i64> = sector.labels(state).iter().map(|l| i64::from(*l)).collect();
            let row = labels[position] as usize - lowest;
            for column in 0..block.dim {
                labels[position] = (column + lowest) as i64;
                if let Some(other) = sector.find(&labels) {
                    block.matrix[row * block.dim + column] += self.element(number, state, other);
                }
            }
        }
    }
}

/// A dense Hermitian block with `exp(ln_copies)` equivalent copies sharing its weight.
pub(crate) struct ReducedBlock {
    pub(crate) dim: usize,
    pub(crate) matrix: Vec<Complex64>,
    ln_copies: f64,
}

impl ReducedBlock {
    fn new(dim: usize, ln_copies: f64) -> Self {
        Self { dim, matrix: vec![Complex64::ZERO; dim * dim], ln_copies }
    }

    fn purity(&self) -> f64 {
        self.matrix.iter().map(Complex64::norm_sqr).sum::<f64>() / self.ln_copies.exp()
    }
}
