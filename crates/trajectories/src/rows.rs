//! Sparse matrices by rows, as trajectories apply them.

use num_complex::Complex64;
use superladder_space::SparseMatrix;

/// Compressed sparse rows without checks of dimensions in the inner loop.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<Complex64>,
}

impl Rows {
    /// `factor` times a sparse matrix.
    pub(crate) fn new(matrix: &SparseMatrix, factor: Complex64) -> Self {
        let mut rows = Self { starts: vec![0], columns: Vec::new(), values: Vec::new() };
        for row in matrix.outer_iterator() {
            for (column, value) in row.iter() {
                rows.columns.push(column as u32);
                rows.values.push(factor * value);
            }
            rows.starts.push(rows.columns.len());
        }
        rows
    }

    /// Number of rows.
    pub(crate) fn dim(&self) -> usize {
        self.starts.len() - 1
    }

    /// Element `row` of the product with `x`.
    fn row(&self, row: usize, x: &[Complex64]) -> Complex64 {
        let range = self.starts[row]..self.starts[row + 1];
        let mut sum = Complex64::ZERO;
        for (column, value) in self.columns[range.clone()].iter().zip(&self.values[range]) {
            sum += value * x[*column as usize];
        }
        sum
    }

    /// `out = scale (A - shift) x`; a shift other than zero asks for a square matrix.
    pub(crate) fn apply(&self, x: &[Complex64], shift: Complex64, scale: f64, out: &mut [Complex64]) {
        for (row, y) in out.iter_mut().enumerate() {
            let moved = if shift == Complex64::ZERO { Complex64::ZERO } else { shift * x[row] };
            *y = (self.row(row, x) - moved) * scale;
        }
    }

    /// `<x| A |x>`, not divided by the norm.
    pub(crate) fn expectation(&self, x: &[Complex64]) -> Complex64 {
        (0..self.dim()).map(|row| x[row].conj() * self.row(row, x)).sum()
    }

    /// `|A x|^2`.
    pub(crate) fn weight(&self, x: &[Complex64]) -> f64 {
        (0..self.dim()).map(|row| self.row(row, x).norm_sqr()).sum()
    }

    /// Bytes.
    pub(crate) fn memory(&self) -> u64 {
        (8 * self.starts.len() + 20 * self.values.len()) as u64
    }
}
