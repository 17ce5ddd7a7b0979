//! Rows of the Liouvillian: the one enumeration behind every matrix of it.

use num_complex::Complex64;
use superladder_space::{JumpBlock, SparseMatrix};

use crate::generator::Elements;

/// Rows of `L rho = G rho + rho G^dag + sum K rho K^dag` from the matrices of every sector.
pub(crate) struct LiouvillianRows<'a> {
    /// -i times the effective Hamiltonians.
    generator: Vec<SparseMatrix>,
    /// Jumps into every sector.
    jumps: Vec<Vec<&'a JumpBlock>>,
}

impl<'a> LiouvillianRows<'a> {
    /// Rows of the generator with these elements.
    pub(crate) fn new(elements: &'a Elements) -> Self {
        let generator = elements.effective.iter().map(|h| h.map(|x| Complex64::new(0.0, -1.0) * x)).collect();
        let into = |sector| elements.jumps.iter().filter(|jump| jump.target == sector).collect();
        Self { generator, jumps: (0..elements.effective.len()).map(into).collect() }
    }

    /// Calls `add` with sector, k, l and `L_(ij, kl)` for every term of the row (i, j).
    pub(crate) fn row(
        &self,
        sector: usize,
        i: usize,
        j: usize,
        add: &mut impl FnMut(usize, usize, usize, Complex64),
    ) {
        for (k, g) in entries(&self.generator[sector], i) {
            add(sector, k, j, g);
        }
        for (l, g) in entries(&self.generator[sector], j) {
            add(sector, i, l, g.conj());
        }
        for jump in &self.jumps[sector] {
            for (k, left) in entries(&jump.matrix, i) {
                for (l, right) in entries(&jump.matrix, j) {
                    add(jump.source, k, l, left * right.conj());
                }
            }
        }
    }
}

/// Columns and values of a row.
pub(crate) fn entries(matrix: &SparseMatrix, row: usize) -> impl Iterator<Item = (usize, Complex64)> + '_ {
    let range = matrix.indptr().outer_inds_sz(row);
    matrix.indices()[range.clone()].iter().copied().zip(matrix.data()[range].iter().copied())
}
