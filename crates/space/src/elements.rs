//! The one enumeration of matrix elements: operators inside sectors, jumps between sectors.

use num_complex::Complex64;
use sprs::{CsMat, TriMat};
use superladder_model::{Factor, Jump, Model, Operator, Subsystem, Term};

use crate::halting::{PIECES, go_on};
use crate::ladder::LocalPart;
use crate::{Axis, Sector, Space};

/// Compressed sparse rows of complex numbers.
pub type SparseMatrix = CsMat<Complex64>;

/// A jump operator between two sectors, `sqrt(rate)` included.
#[derive(Debug, Clone)]
pub struct JumpBlock {
    /// Number of the dissipator in the order of [`Model::dissipators`].
    pub dissipator: usize,
    /// Sector the jump starts from (columns).
    pub source: usize,
    /// Sector the jump ends in (rows).
    pub target: usize,
    /// Matrix of target dimension x source dimension.
    pub matrix: SparseMatrix,
}

/// A jump of single spins: coefficients of `sigma^+`, `sigma^-` and `sigma^z`, and an operator of modes that goes with
/// it.
struct LocalJump<'a> {
    ensemble: usize,
    parts: [Complex64; 3],
    dressing: Option<&'a Operator>,
}

impl Space {
    /// Matrix of `operator` in a sector (S^+- and S^z keep j).
    pub fn matrix(&self, operator: &Operator, sector: usize) -> SparseMatrix {
        self.matrix_while(operator, sector, &|| false).unwrap_or_else(|| unreachable!("nobody ends it"))
    }

    /// [`Space::matrix`], `None` once `halted` says so, which is asked for every few thousand states.
    pub fn matrix_while(
        &self,
        operator: &Operator,
        sector: usize,
        halted: &dyn Fn() -> bool,
    ) -> Option<SparseMatrix> {
        let sector = &self.sectors()[sector];
        let mut triplets = TriMat::new((sector.dim(), sector.dim()));
        let mut labels = vec![0; self.levels().len() + self.spins().len()];
        for column in 0..sector.dim() {
            go_on(column, PIECES, halted)?;
            for term in &operator.terms {
                if let Some((row, value)) = self.image(sector, term, column, &mut labels) {
                    triplets.add_triplet(row, column, value);
                }
            }
        }
        Some(without_zeros(&triplets.to_csr()))
    }

    /// `term |column> = value |row>`, or `None` for zero.
    fn image(
        &self,
        sector: &Sector,
        term: &Term,
        column: usize,
        labels: &mut [i64],
    ) -> Option<(usize, Complex64)> {
        for (label, source) in labels.iter_mut().zip(sector.labels(column)) {
            *label = i64::from(*source);
        }
        self.moved(sector, term, labels)
    }

    /// The number of the state that a term makes of `labels`, which it changes, and its coefficient; `None` for zero.
    fn moved(&self, sector: &Sector, term: &Term, labels: &mut [i64]) -> Option<(usize, Complex64)> {
        let mut value = term.coefficient;
        for factor in term.factors.iter().rev() {
            value *= self.factor_element(sector, *factor, labels);
            if value == Complex64::ZERO {
                return None;
            }
        }
        sector.find(labels).map(|row| (row, value))
    }

    /// Matrix element of one factor on the state `labels`, which are changed to those of the image.
    fn factor_element(&self, sector: &Sector, factor: Factor, labels: &mut [i64]) -> f64 {
        let position = match factor.subsystem() {
            Subsystem::Mode(m) => m,
            Subsystem::Ensemble(e) => self.levels().len() + e,
        };
        let level = labels[position] - sector.offset(position);
        labels[position] += factor.shift();
        self.axis(sector, position).element(factor.shift(), level)
    }

    /// All jumps of `model` between sectors, `sqrt(rate)` included; blocks without entries are left out.
    /// `None` once `halted` says so, which is asked for every few thousand states.
    pub fn jumps(&self, model: &Model, halted: &dyn Fn() -> bool) -> Option<Vec<JumpBlock>> {
        let mut blocks = Vec::new();
        for (number, dissipator) in model.dissipators().enumerate() {
            match &dissipator.jump {
                Jump::Collective(operator) => {
                    let scaled = operator.clone() * Complex64::from(dissipator.rate.sqrt());
                    for sector in 0..self.sectors().len() {
                        let matrix = self.matrix_while(&scaled, sector, halted)?;
                        blocks.push(JumpBlock { dissipator: number, source: sector, target: sector, matrix });
                    }
                }
                Jump::Local { ensemble, raise, lower, z } => {
                    let site = LocalJump { ensemble: *ensemble, parts: [*raise, *lower, *z], dressing: None };
                    self.local_jumps((number, dissipator.rate), &site, &mut blocks, halted)?;
                }
                Jump::Dressed { dressing, ensemble, raise, lower, z } => {
                    let dressing = Some(dressing);
                    let site = LocalJump { ensemble: *ensemble, parts: [*raise, *lower, *z], dressing };
                    self.local_jumps((number, dissipator.rate), &site, &mut blocks, halted)?;
                }
            }
        }
        blocks.retain(|b| b.matrix.nnz() > 0);
        Some(blocks)
    }

    fn local_jumps(
        &self,
        (number, rate): (usize, f64),
        jump: &LocalJump<'_>,
        blocks: &mut Vec<JumpBlock>,
        halted: &dyn Fn() -> bool,
    ) -> Option<()> {
        let LocalJump { ensemble, parts: [raise, lower, z], dressing } = *jump;
        let parts = [(LocalPart::Raise, raise), (LocalPart::Lower, lower), (LocalPart::Z, 2.0 * z)];
        let position = self.levels().len() + ensemble;
        for (source, sector) in self.sectors().iter().enumerate() {
            let axis = self.axis(sector, position);
            for dj in -1..=1i64 {
                let Some((Axis::Dicke { twice_j, .. }, weight)) = axis.branch(dj) else { continue };
                let mut final_ladders = sector.twice_j.clone();
                final_ladders[ensemble] = twice_j;
                let Some(target) = self.sector_number(&final_ladders) else { continue };
                let scale = (weight * rate).sqrt();
                let image = &self.sectors()[target];
                let mut triplets = TriMat::new((image.dim(), sector.dim()));
                for column in 0..sector.dim() {
                    go_on(column, PIECES, halted)?;
                    let level = i64::from(sector.labels(column)[position]) - sector.offset(position);
                    for (part, coefficient) in parts {
                        let value = coefficient * (scale * axis.branch_element(part, dj, level));
                        if value == Complex64::ZERO {
                            continue;
                        }
                        let mut labels: Vec<i64> =
                            sector.labels(column).iter().map(|l| i64::from(*l)).collect();
                        labels[position] += part.shift();
                        let Some(dressing) = dressing else {
                            if let Some(row) = image.find(&labels) {
                                triplets.add_triplet(row, column, value);
                            }
                            continue;
                        };
                        for term in &dressing.terms {
                            if let Some((row, factor)) = self.moved(image, term, &mut labels.clone()) {
                                triplets.add_triplet(row, column, factor * value);
                            }
                        }
                    }
                }
                let matrix = without_zeros(&triplets.to_csr());
                blocks.push(JumpBlock { dissipator: number, source, target, matrix });
            }
        }
        Some(())
    }

    /// `H - (i/2) sum K^dag K` of every sector, from the same jump blocks: the trace is kept to rounding.
    /// `None` once `halted` says so, which is asked for every jump and every few thousand states.
    pub fn effective_hamiltonians(
        &self,
        model: &Model,
        jumps: &[JumpBlock],
        halted: &dyn Fn() -> bool,
    ) -> Option<Vec<SparseMatrix>> {
        let hamiltonian = model.hamiltonian();
        (0..self.sectors().len())
            .map(|sector| {
                let mut sum = self.matrix_while(&hamiltonian, sector, halted)?;
                for jump in jumps.iter().filter(|j| j.source == sector) {
                    if halted() {
                        return None;
                    }
                    let adjoint = jump.matrix.map(Complex64::conj).transpose_into().to_csr();
                    let decay = (&adjoint * &jump.matrix).map(|x| x * Complex64::new(0.0, -0.5));
                    sum = &sum + &decay;
                }
                Some(without_zeros(&sum))
            })
            .collect()
    }
}

/// Entries that are exactly zero are dropped: cancelled sums must not look like couplings.
fn without_zeros(matrix: &SparseMatrix) -> SparseMatrix {
    let mut kept = TriMat::with_capacity(matrix.shape(), matrix.nnz());
    for (value, (row, column)) in matrix {
        if *value != Complex64::ZERO {
            kept.add_triplet(row, column, *value);
        }
    }
    kept.to_csr()
}
