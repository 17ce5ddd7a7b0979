//! Operators of one charge difference, as blocks between charge groups.
//!
//! An operator X with `charge(i) - charge(j) = d` wherever `X_ij` is not zero is stored as the full complex
//! blocks (sector; group of rows, group of columns), row by row. Other than in a [`crate::Layout`] it need
//! not be Hermitian: that is what the adjoint generator, coherences and two-time functions act on.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use num_complex::Complex64;
use superladder_dense::HermitianEigenvalues;
use superladder_space::{Charge, Space, SparseMatrix};

/// One block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) sector: usize,
    /// Groups of rows and of columns.
    pub(crate) groups: [usize; 2],
    /// Basis states of the rows and of the columns.
    pub(crate) rows: Range<usize>,
    pub(crate) columns: Range<usize>,
    /// First complex number of the block.
    pub(crate) offset: usize,
}

impl Block {
    /// The trace norm of its elements `x` is at most this: the Frobenius norm times the root of the smaller
    /// dimension.
    pub(crate) fn trace_norm_bound(&self, x: &[Complex64]) -> f64 {
        let dim = self.rows.len().min(self.columns.len()) as f64;
        (dim * x.iter().map(Complex64::norm_sqr).sum::<f64>()).sqrt()
    }

    pub(crate) fn size(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    pub(crate) fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.size()
    }
}

/// All blocks of one charge difference, or some of them.
#[derive(Debug, Clone)]
pub(crate) struct Coherence {
    pub(crate) difference: Charge,
    pub(crate) blocks: Vec<Block>,
    by_groups: HashMap<(usize, usize, usize), usize>,
    pub(crate) len: usize,
}

impl Coherence {
    /// The blocks (sector, row group, column group) of charge difference `difference` that are `wanted`.
    pub(crate) fn new(
        space: &Space,
        difference: &Charge,
        wanted: &dyn Fn(usize, usize, usize) -> bool,
    ) -> Self {
        let charges = space.charges();
        let (mut blocks, mut by_groups, mut len) = (Vec::new(), HashMap::new(), 0);
        for (sector, basis) in space.sectors().iter().enumerate() {
            let numbers: HashMap<&Charge, usize> =
                basis.groups().iter().enumerate().map(|(g, (charge, _))| (charge, g)).collect();
            for (row, (charge, rows)) in basis.groups().iter().enumerate() {
                let Some(&column) = numbers.get(&charges.difference(charge, difference)) else { continue };
                if !wanted(sector, row, column) {
                    continue;
                }
                let (rows, columns) = (rows.clone(), basis.groups()[column].1.clone());
                by_groups.insert((sector, row, column), blocks.len());
                let block = Block { sector, groups: [row, column], rows, columns, offset: len };
                len += block.size();
                blocks.push(block);
            }
        }
        Self { difference: difference.clone(), blocks, by_groups, len }
    }

    /// Number of the block between two groups.
    pub(crate) fn find(&self, sector: usize, row: usize, column: usize) -> Option<usize> {
        self.by_groups.get(&(sector, row, column)).copied()
    }

    /// Whether X and X^dag have the same charge difference.
    pub(crate) fn is_self_adjoint(&self, space: &Space) -> bool {
        let zero = vec![0; self.difference.len()];
        space.charges().difference(&zero, &self.difference) == self.difference
    }

    /// The weights of `tr(O X)`: the conjugate of what stands at X_ij is O_ji, so that the trace is the
    /// scalar product with this vector.
    pub(crate) fn functional(&self, matrices: &[SparseMatrix]) -> Vec<Complex64> {
        let mut weights = vec![Complex64::ZERO; self.len];
        for block in &self.blocks {
            let width = block.columns.len();
            for column in block.columns.clone() {
                let Some(row) = matrices[block.sector].outer_view(column) else { continue };
                for (state, value) in row.iter().filter(|(state, _)| block.rows.contains(state)) {
                    let place = (state - block.rows.start) * width + column - block.columns.start;
                    weights[block.offset + place] += value.conj();
                }
            }
        }
        weights
    }

    /// Sum of the diagonal elements; 0 for a coherence between different charges.
    pub(crate) fn trace(&self, x: &[Complex64]) -> Complex64 {
        let diagonal = self.blocks.iter().filter(|b| b.groups[0] == b.groups[1]);
        diagonal.flat_map(|b| (0..b.rows.len()).map(|i| x[b.offset + i * (b.columns.len() + 1)])).sum()
    }

    /// The trace norm of a Hermitian X of charge difference zero: the sum of the moduli of the eigenvalues of its
    /// blocks; of blocks too large for that an upper bound.
    pub(crate) fn trace_norm(&self, x: &[Complex64]) -> f64 {
        const LARGEST: usize = 800;
        let solver = HermitianEigenvalues::default();
        let of = |block: &Block| -> f64 {
            let (x, dim) = (&x[block.range()], block.rows.len());
            if dim <= LARGEST {
                return solver.of(x, dim).iter().map(|e| e.abs()).sum();
            }
            block.trace_norm_bound(x)
        };
        self.blocks.iter().map(of).sum()
    }

    /// The trace norm is at most this.
    pub(crate) fn trace_norm_bound(&self, x: &[Complex64]) -> f64 {
        self.blocks.iter().map(|block| block.trace_norm_bound(&x[block.range()])).sum()
    }

    /// The identity.
    pub(crate) fn identity(&self) -> Vec<Complex64> {
        let mut one = vec![Complex64::ZERO; self.len];
        for block in self.blocks.iter().filter(|b| b.groups[0] == b.groups[1]) {
            (0..block.rows.len())
                .for_each(|i| one[block.offset + i * (block.columns.len() + 1)] = Complex64::ONE);
        }
        one
    }
}

/// Two complex vectors for [`Unknowns::through`].
#[derive(Debug)]
pub(crate) struct ComplexScratch(Mutex<[Vec<Complex64>; 2]>);

impl ComplexScratch {
    /// Vectors of so many `elements`.
    pub(crate) fn new(elements: usize) -> Self {
        Self(Mutex::new([vec![Complex64::ZERO; elements], vec![Complex64::ZERO; elements]]))
    }
}

/// How real vectors stand for X, so that their scalar product is `Re tr(X^dag Y)`.
#[derive(Debug, Clone)]
pub(crate) enum Unknowns {
    /// (re, im) of every element.
    General(usize),
    /// X is Hermitian: diagonal blocks as their diagonal and sqrt 2 times the real parts above and the
    /// imaginary parts below it, and of a block and its adjoint one, times sqrt 2.
    Hermitian {
        /// Block, its adjoint, first real number.
        spans: Vec<(Block, Block, usize)>,
        len: usize,
    },
}

impl Unknowns {
    /// Hermitian unknowns where the charge difference allows them, general ones otherwise.
    pub(crate) fn new(space: &Space, coherence: &Coherence) -> Self {
        if !coherence.is_self_adjoint(space) {
            return Self::General(2 * coherence.len);
        }
        let (mut spans, mut len) = (Vec::new(), 0);
        for block in &coherence.blocks {
            let [row, column] = block.groups;
            let Some(adjoint) = coherence.find(block.sector, column, row) else { continue };
            if row <= column {
                spans.push((block.clone(), coherence.blocks[adjoint].clone(), len));
                len += if row == column { block.size() } else { 2 * block.size() };
            }
        }
        Self::Hermitian { spans, len }
    }

    /// `out` = A `x` on real vectors of an operator that `act(from, to)` applies to complex ones; `from` is scratch
    /// afterwards.
    pub(crate) fn through(
        &self,
        scratch: &ComplexScratch,
        (x, out): (&[f64], &mut [f64]),
        act: impl FnOnce(&mut [Complex64], &mut [Complex64]),
    ) {
        let mut scratch = scratch.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [from, to] = &mut *scratch;
        self.unpack(x, from);
        act(from, to);
        self.pack(to, out);
    }

    /// Length of the real vectors.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::General(len) | Self::Hermitian { len, .. } => *len,
        }
    }

    /// The operator of a real vector.
    pub(crate) fn unpack(&self, vector: &[f64], x: &mut [Complex64]) {
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let Self::Hermitian { spans, .. } = self else {
            x.iter_mut().zip(vector.chunks_exact(2)).for_each(|(z, v)| *z = Complex64::new(v[0], v[1]));
            return;
        };
        for (block, adjoint, start) in spans {
            let (rows, width) = (block.rows.len(), block.columns.len());
            if block.groups[0] == block.groups[1] {
                let (x, v) = (&mut x[block.range()], &vector[*start..*start + rows * rows]);
                for i in 0..rows {
                    x[i * rows + i] = Complex64::from(v[i * rows + i]);
                    for j in i + 1..rows {
                        let z = Complex64::new(v[i * rows + j], v[j * rows + i]) * half;
                        (x[i * rows + j], x[j * rows + i]) = (z, z.conj());
                    }
                }
            } else {
                let v = vector[*start..*start + 2 * rows * width].chunks_exact(2);
                for (k, v) in v.enumerate() {
                    let z = Complex64::new(v[0], v[1]) * half;
                    x[block.offset + k] = z;
                    x[adjoint.offset + (k % width) * rows + k / width] = z.conj();
                }
            }
        }
    }

    /// The real vector of an operator; of a Hermitian one its Hermitian part.
    pub(crate) fn pack(&self, x: &[Complex64], vector: &mut [f64]) {
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let Self::Hermitian { spans, .. } = self else {
            vector.chunks_exact_mut(2).zip(x).for_each(|(v, z)| (v[0], v[1]) = (z.re, z.im));
            return;
        };
        for (block, adjoint, start) in spans {
            let (rows, width) = (block.rows.len(), block.columns.len());
            if block.groups[0] == block.groups[1] {
                let (x, v) = (&x[block.range()], &mut vector[*start..*start + rows * rows]);
                for i in 0..rows {
                    v[i * rows + i] = x[i * rows + i].re;
                    for j in i + 1..rows {
                        let z = (x[i * rows + j] + x[j * rows + i].conj()) * half;
                        (v[i * rows + j], v[j * rows + i]) = (z.re, z.im);
                    }
                }
            } else {
                let v = vector[*start..*start + 2 * rows * width].chunks_exact_mut(2);
                for (k, v) in v.enumerate() {
                    let back = x[adjoint.offset + (k % width) * rows + k / width].conj();
                    let z = (x[block.offset + k] + back) * half;
                    (v[0], v[1]) = (z.re, z.im);
                }
            }
        }
    }
}
