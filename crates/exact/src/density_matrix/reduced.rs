//! Reduced density matrices.

use std::ops::Index;

use num_complex::Complex64;
use superladder_model::Subsystem;

use super::{DensityMatrix, DensityMatrixError};
use crate::setting::subsystem_coherences;

/// A dense complex square matrix, read as `matrix[(row, column)]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    dim: usize,
    elements: Vec<Complex64>,
}

/// The part of an ensemble's reduced density matrix on one of its ladders; rows and columns run over m = -j,
/// ..., j.
#[derive(Debug, Clone, PartialEq)]
pub struct LadderBlock {
    /// `2 j`.
    pub twice_j: usize,
    /// Number d_j of equivalent copies of the ladder, whose sum the matrix is.
    pub copies: f64,
    /// The block.
    pub matrix: Matrix,
}

impl Matrix {
    pub(crate) fn new(dim: usize, elements: Vec<Complex64>) -> Self {
        Self { dim, elements }
    }

    /// Number of rows.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The elements row by row.
    pub fn elements(&self) -> &[Complex64] {
        &self.elements
    }

    /// The sum of the diagonal, which is real in a density matrix.
    pub fn trace(&self) -> f64 {
        (0..self.dim).map(|i| self[(i, i)].re).sum()
    }
}

impl Index<(usize, usize)> for Matrix {
    type Output = Complex64;

    fn index(&self, (row, column): (usize, usize)) -> &Complex64 {
        &self.elements[row * self.dim..][..self.dim][column]
    }
}

impl DensityMatrix<'_> {
    /// The reduced density matrix of a subsystem: one block for a mode, one per ladder for an ensemble.
    pub(super) fn reduced(
        &self,
        subsystem: Subsystem,
        name: &str,
    ) -> Result<Vec<Matrix>, DensityMatrixError> {
        let charges = self.setting.space.charges();
        let needed = subsystem_coherences(self.evolution.problem(), charges, subsystem, &|| false);
        let needed = needed.unwrap_or_else(|_| unreachable!("nobody ends it"));
        let stored = |c| self.setting.coherences.contains(c) || !self.populated.contains(c);
        if self.setting.reduced && !needed.iter().all(stored) {
            let (part, observable) =
                (format!("the reduced state of '{name}'"), format!("reduced-state({name})"));
            return Err(DensityMatrixError::NotStored { part, observable });
        }
        let blocks = self.view.reduced(subsystem).into_iter();
        Ok(blocks.map(|part| Matrix::new(part.dim, part.matrix)).collect())
    }
}
