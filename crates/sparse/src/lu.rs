//! LU factors of real sparse matrices.

use std::sync::Arc;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::sparse::linalg::lu::{LuRef, LuSymbolicParams, NumericLu, SymbolicLu, factorize_symbolic_lu};
use faer::sparse::{SparseColMat, Triplet};
use faer::{Conj, MatMut, Par, Spec};

/// A square matrix A of which 1 - s A is factorised for several s, with the order of its columns that keeps
/// the factors sparse.
#[derive(Debug)]
pub struct ShiftedMatrix {
    /// A, with all of its diagonal.
    matrix: SparseColMat<usize, f64>,
    symbolic: Arc<SymbolicLu<usize>>,
}

/// P (1 - s A) Q = L U with partial pivoting. One thread, so that the same matrix gives the same bits.
///
/// Source: T. A. Davis, J. R. Gilbert, S. I. Larimore, E. G. Ng, ACM Trans. Math. Softw. 30, 353 (2004).
#[derive(Debug)]
pub struct ShiftedLu {
    symbolic: Arc<SymbolicLu<usize>>,
    numeric: NumericLu<usize, f64>,
}

impl ShiftedMatrix {
    /// A by its `columns` of (row, element). `None` if memory is short.
    pub fn new(columns: &[Vec<(u32, f64)>]) -> Option<Self> {
        let elements: Vec<_> = columns
            .iter()
            .enumerate()
            .flat_map(|(j, column)| {
                let element = move |(i, value): &(u32, f64)| Triplet::new(*i as usize, j, *value);
                column.iter().map(element).chain([Triplet::new(j, j, 0.0)])
            })
            .collect();
        let n = columns.len();
        let matrix = SparseColMat::try_new_from_triplets(n, n, &elements).ok()?;
        let symbolic = factorize_symbolic_lu(matrix.symbolic(), LuSymbolicParams::default()).ok()?;
        Some(Self { matrix, symbolic: Arc::new(symbolic) })
    }

    /// Number of rows.
    pub fn dim(&self) -> usize {
        self.matrix.nrows()
    }

    /// The factors of 1 - s A. `None` if that is singular or not finite, or if memory is short.
    pub fn factorised(&self, s: f64) -> Option<ShiftedLu> {
        let mut matrix = self.matrix.clone();
        let (pattern, values) = matrix.parts_mut();
        for j in 0..self.dim() {
            for place in pattern.col_range(j) {
                let one = f64::from(u8::from(pattern.row_idx()[place] == j));
                values[place] = one - s * values[place];
            }
        }
        if !values.iter().all(|value| value.is_finite()) {
            return None;
        }
        let (symbolic, mut numeric, spec) = (self.symbolic.clone(), NumericLu::new(), Spec::default());
        let scratch = symbolic.factorize_numeric_lu_scratch::<f64>(Par::Seq, spec);
        let mut memory = MemBuffer::try_new(scratch).ok()?;
        let stack = MemStack::new(&mut memory);
        symbolic.factorize_numeric_lu(&mut numeric, matrix.as_ref(), Par::Seq, stack, spec).ok()?;
        Some(ShiftedLu { symbolic, numeric })
    }
}

impl ShiftedLu {
    /// x becomes (1 - s A)^-1 x.
    ///
    /// # Panics
    /// If x has another length than A.
    pub fn solve(&self, x: &mut [f64]) {
        let n = x.len();
        let mut memory = MemBuffer::new(self.symbolic.solve_in_place_scratch::<f64>(1, Par::Seq));
        let stack = MemStack::new(&mut memory);
        let x = MatMut::from_column_major_slice_mut(x, n, 1);
        LuRef::new_unchecked(&self.symbolic, &self.numeric).solve_in_place_with_conj(
            Conj::No,
            x,
            Par::Seq,
            stack,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solutions_obey_the_equation_for_every_shift() {
        // A ring with one long connection, without a diagonal.
        let n = 40;
        let column = |j: usize| {
            let mut column = vec![(((j + 1) % n) as u32, 1.0 + j as f64), (((j + 7) % n) as u32, -0.5)];
            column.sort_by_key(|e| e.0);
            column
        };
        let columns: Vec<Vec<(u32, f64)>> = (0..n).map(column).collect();
        let matrix = ShiftedMatrix::new(&columns).unwrap();
        let wanted: Vec<f64> = (0..n).map(|k| (k as f64).cos()).collect();
        for s in [0.0, 0.3, 100.0] {
            let mut x: Vec<f64> = wanted.clone();
            for (j, column) in columns.iter().enumerate() {
                for (i, value) in column {
                    x[*i as usize] -= s * value * wanted[j];
                }
            }
            matrix.factorised(s).unwrap().solve(&mut x);
            let error = x.iter().zip(&wanted).fold(0.0_f64, |most, (x, w)| most.max((x - w).abs()));
            assert!(error < 1e-12, "{s}: {error:e}");
        }
        assert!(matrix.factorised(f64::NAN).is_none());
    }
}
