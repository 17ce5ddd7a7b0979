//! Functions of the whole state: purities, entropies, reduced density matrices.

use std::borrow::Cow;

use num_complex::Complex64;
use superladder_dense::HermitianEigenvalues;
use superladder_model::Subsystem;
use superladder_propagate::vector::dot;
use superladder_space::{Sector, Space, ladder};

use crate::layout::Layout;
use crate::state::sector_matrix;

/// A density matrix to be evaluated.
pub(crate) struct View<'a> {
    pub(crate) space: &'a Space,
    pub(crate) layout: &'a Layout,
    pub(crate) vector: Cow<'a, [f64]>,
    pub(crate) eigenvalues: &'a HermitianEigenvalues,
    /// Reductions that are known; others are made anew.
    pub(crate) reductions: &'a [Reduction],
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
            let block = &self.vector[self.layout.block(p)];
            sum += weight * dot(block, block);
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
        match self.reductions.iter().find(|known| known.subsystem == subsystem) {
            Some(known) => known.of(&self.vector),
            None => Reduction::new(self.space, self.layout, subsystem, &|| false)
                .map_or_else(Vec::new, |reduction| reduction.of(&self.vector)),
        }
    }
}

/// Which elements of the state add up to which element of the reduced state of a subsystem.
#[derive(Debug)]
pub(crate) struct Reduction {
    pub(crate) subsystem: Subsystem,
    /// Dimension of every block, and the logarithm of the number of its copies.
    blocks: Vec<(usize, f64)>,
    /// Place in the blocks one after the other, index in the state vector, whether its conjugate is meant.
    elements: Vec<(u32, usize, bool)>,
}

impl Reduction {
    pub(crate) fn new(
        space: &Space,
        layout: &Layout,
        subsystem: Subsystem,
        halted: &dyn Fn() -> bool,
    ) -> Option<Self> {
        let (blocks, position): (Vec<(usize, f64)>, usize) = match subsystem {
            Subsystem::Mode(m) => (vec![(space.levels()[m], 0.0)], m),
            Subsystem::Ensemble(e) => {
                let spins = space.spins()[e];
                let ladders = ladder::all_ladders(spins).into_iter();
                let block = |twice_j| (twice_j + 1, ladder::ln_degeneracy(spins, twice_j));
                (ladders.map(block).collect(), space.levels().len() + e)
            }
        };
        let mut reduction = Self { subsystem, blocks, elements: Vec::new() };
        for (number, sector) in space.sectors().iter().enumerate() {
            let (block, lowest) = match subsystem {
                Subsystem::Mode(_) => (0, 0),
                Subsystem::Ensemble(e) => (sector.twice_j[e] / 2, (space.spins()[e] - sector.twice_j[e]) / 2),
            };
            reduction.trace_rest((sector, number), layout, position, (block, lowest), halted)?;
        }
        Some(reduction)
    }

    /// Lists `sum_rest rho[(x, rest), (x', rest)]` of a sector for a block; labels of the subsystem start at
    /// `lowest`.
    fn trace_rest(
        &mut self,
        (sector, number): (&Sector, usize),
        layout: &Layout,
        position: usize,
        (block, lowest): (usize, usize),
        halted: &dyn Fn() -> bool,
    ) -> Option<()> {
        let (dim, first) =
            (self.blocks[block].0, self.blocks[..block].iter().map(|b| b.0 * b.0).sum::<usize>());
        for state in 0..sector.dim() {
            if halted() {
                return None;
            }
            let mut labels: Vec<i64> = sector.labels(state).iter().map(|l| i64::from(*l)).collect();
            let row = labels[position] as usize - lowest;
            for column in 0..dim {
                labels[position] = (column + lowest) as i64;
                if let Some(other) = sector.find(&labels)
                    && let Some((index, conjugate)) = layout.element(number, state, other)
                {
                    self.elements.push(((first + row * dim + column) as u32, index, conjugate));
                }
            }
        }
        Some(())
    }

    /// The blocks of a state.
    fn of(&self, vector: &[f64]) -> Vec<ReducedBlock> {
        let mut sums = vec![Complex64::ZERO; self.blocks.iter().map(|b| b.0 * b.0).sum()];
        for (place, index, conjugate) in &self.elements {
            let value = Complex64::new(vector[*index], vector[*index + 1]);
            sums[*place as usize] += if *conjugate { value.conj() } else { value };
        }
        let mut rest = sums.as_slice();
        let block = |(dim, ln_copies): &(usize, f64)| {
            let (matrix, after) = rest.split_at(dim * dim);
            rest = after;
            ReducedBlock { dim: *dim, matrix: matrix.to_vec(), ln_copies: *ln_copies }
        };
        self.blocks.iter().map(block).collect()
    }
}

/// A dense Hermitian block with `exp(ln_copies)` equivalent copies sharing its weight.
pub(crate) struct ReducedBlock {
    pub(crate) dim: usize,
    pub(crate) matrix: Vec<Complex64>,
    ln_copies: f64,
}

impl ReducedBlock {
    fn purity(&self) -> f64 {
        self.matrix.iter().map(Complex64::norm_sqr).sum::<f64>() / self.ln_copies.exp()
    }
}
