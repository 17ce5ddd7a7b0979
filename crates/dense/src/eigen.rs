//! Eigenvalues and eigenvectors.

use std::sync::{Mutex, PoisonError};

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, Side, get_global_parallelism};
use num_complex::Complex64;

/// Finds eigenvalues of Hermitian matrices without giving its memory back: buffers that come and go at every
/// output time leave holes between the records of a run that the allocator does not fill (126 MiB instead of
/// 17 for 201 output times of `first-run`).
#[derive(Default)]
pub struct HermitianEigenvalues(Mutex<Option<Workspace>>);

/// Memory for matrices up to a dimension.
struct Workspace {
    matrix: Mat<Complex64>,
    values: Diag<Complex64>,
    scratch: MemBuffer,
}

impl Workspace {
    fn new(dim: usize) -> Self {
        let (values, parallelism) = (ComputeEigenvectors::No, get_global_parallelism());
        let needed = self_adjoint_evd_scratch::<Complex64>(dim, values, parallelism, faer::Spec::default());
        Self { matrix: Mat::zeros(dim, dim), values: Diag::zeros(dim), scratch: MemBuffer::new(needed) }
    }
}

impl HermitianEigenvalues {
    /// Eigenvalues of a Hermitian matrix, row by row, in ascending order; NaN throughout if the decomposition
    /// fails.
    pub fn of(&self, dense: &[Complex64], dim: usize) -> Vec<f64> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|kept| kept.matrix.nrows() < dim) {
            *kept = None;
        }
        let Workspace { matrix, values, scratch } = kept.get_or_insert_with(|| Workspace::new(dim));
        let mut matrix = matrix.as_mut().submatrix_mut(0, 0, dim, dim);
        for j in 0..dim {
            for i in 0..dim {
                matrix[(i, j)] = dense[i * dim + j];
            }
        }
        let mut values = values.column_vector_mut().subrows_mut(0, dim);
        let found = self_adjoint_evd(
            matrix.as_ref(),
            values.as_mut().as_diagonal_mut(),
            None,
            get_global_parallelism(),
            MemStack::new(scratch),
            faer::Spec::default(),
        );
        match found {
            Ok(()) => values.iter().map(|z| z.re).collect(),
            Err(_) => vec![f64::NAN; dim],
        }
    }
}

/// Eigenvalues of a Hermitian matrix, row by row, in ascending order, and its eigenvectors in the same order.
/// `None` if the decomposition fails.
pub fn hermitian_eigen(dense: &[Complex64], dim: usize) -> Option<(Vec<f64>, Vec<Vec<Complex64>>)> {
    if dim == 0 {
        return Some((Vec::new(), Vec::new()));
    }
    let matrix = Mat::from_fn(dim, dim, |i, j| dense[i * dim + j]);
    let decomposed = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let values = (0..dim).map(|k| decomposed.S().column_vector()[k].re).collect();
    let vector = |k: usize| (0..dim).map(|i| decomposed.U()[(i, k)]).collect();
    Some((values, (0..dim).map(vector).collect()))
}

/// Eigenvalues of a real row-major matrix, largest real part first; NaN where the iteration does not
/// converge.
pub fn eigenvalues(matrix: &[f64], dim: usize) -> Vec<Complex64> {
    let matrix = Mat::from_fn(dim, dim, |i, k| matrix[i * dim + k]);
    let nan = Complex64::new(f64::NAN, f64::NAN);
    let mut values = matrix.eigenvalues().unwrap_or_else(|_| vec![nan; dim]);
    values.sort_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
    values
}

/// Eigenvalues of a complex row-major matrix, largest real part first; NaN where the iteration does not
/// converge.
pub fn complex_eigenvalues(matrix: &[Complex64], dim: usize) -> Vec<Complex64> {
    let matrix = Mat::from_fn(dim, dim, |i, k| matrix[i * dim + k]);
    let nan = Complex64::new(f64::NAN, f64::NAN);
    let mut values = matrix.eigenvalues().unwrap_or_else(|_| vec![nan; dim]);
    values.sort_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
    values
}

/// Changes a real row-major matrix to D^-1 A D, with D of powers of two such that rows and columns have
/// similar norms: the same eigenvalues, exactly, and errors of computed ones that go with the norm that is
/// left. That norm, in the sense of Frobenius, is returned.
///
/// Source: B. N. Parlett, C. Reinsch, Numer. Math. 13, 293 (1969).
pub fn balance(matrix: &mut [f64], dim: usize) -> f64 {
    balancing(matrix, dim);
    matrix.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// [`balance`] that tells the diagonal of D. A complex matrix is balanced by the D of its moduli.
pub fn balancing(matrix: &mut [f64], dim: usize) -> Vec<f64> {
    const SWEEPS: usize = 100;
    const GAIN: f64 = 0.95;
    let mut diagonal = vec![1.0; dim];
    for _ in 0..SWEEPS {
        let mut changed = false;
        for i in 0..dim {
            let others = (0..dim).filter(|k| *k != i);
            let column: f64 = others.clone().map(|k| matrix[k * dim + i].abs()).sum();
            let row: f64 = others.map(|k| matrix[i * dim + k].abs()).sum();
            if column == 0.0 || row == 0.0 || !(column + row).is_finite() {
                continue;
            }
            let factor = (0.5 * (row / column).log2()).round().exp2();
            if factor * column + row / factor < GAIN * (column + row) {
                changed = true;
                (0..dim).for_each(|k| matrix[k * dim + i] *= factor);
                (0..dim).for_each(|k| matrix[i * dim + k] /= factor);
                diagonal[i] *= factor;
            }
        }
        if !changed {
            break;
        }
    }
    diagonal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_matrices_keep_eigenvalues_that_rounding_would_hide() {
        // A rotation that decays, with one of its unknowns in units of 1e-12 of the other's.
        let mut matrix = [-0.3, 1e12, 0.0, -1e-12, -0.3, 1e12, 0.0, 1e-13, -2.0];
        let norm = balance(&mut matrix, 3);
        assert!(norm < 4.0, "{norm:e}");
        let found = eigenvalues(&matrix, 3);
        // x^3 + 2.6 x^2 + 2.19 x + 2.03 with the rotation alone; trace and determinant tell.
        let (sum, product): (Complex64, Complex64) = (found.iter().sum(), found.iter().product());
        assert!((sum.re + 2.6).abs() < 1e-13 && sum.im.abs() < 1e-13, "{found:?}");
        let determinant = -0.3 * (0.6 - 0.1) - 2.0;
        assert!((product.re - determinant).abs() < 1e-12, "{found:?}");
    }

    /// Small after large and large after small: what is left in the memory is not seen.
    #[test]
    fn memory_that_was_used_before_changes_no_bit() {
        let matrix = |dim: usize| -> Vec<Complex64> {
            let element = |i: usize, j: usize| {
                let x = ((i.min(j) * 7 + i.max(j) * 13) as f64).sin();
                let y = ((i.min(j) * 3 + i.max(j) * 5) as f64).cos();
                Complex64::new(x, if i == j { 0.0 } else { y.copysign(i as f64 - j as f64) })
            };
            (0..dim * dim).map(|k| element(k / dim, k % dim)).collect()
        };
        let kept = HermitianEigenvalues::default();
        for dim in [0, 3, 40, 1, 17, 40, 61] {
            let dense = matrix(dim);
            let found = kept.of(&dense, dim);
            let (library, vectors) = hermitian_eigen(&dense, dim).expect("finite");
            for (value, vector) in library.iter().zip(&vectors) {
                for (i, row) in dense.chunks_exact(dim).enumerate() {
                    let image: Complex64 = row.iter().zip(vector).map(|(a, v)| a * v).sum();
                    assert!((image - value * vector[i]).norm() < 1e-12 * dim as f64, "{dim}: {value}");
                }
            }
            assert_eq!(found.len(), dim);
            for (f, l) in found.iter().zip(&library) {
                assert!((f - l).abs() < 1e-12 * dim as f64, "{dim}: {f} and {l}");
            }
            assert_eq!(found, HermitianEigenvalues::default().of(&dense, dim), "{dim}");
        }
    }

    #[test]
    fn eigenvalues_of_a_companion_matrix_are_its_roots() {
        // (x - 1)(x + 2)(x^2 + 9) = x^4 + x^3 + 7 x^2 + 9 x - 18
        let matrix = [0., 0., 0., 18., 1., 0., 0., -9., 0., 1., 0., -7., 0., 0., 1., -1.];
        let found = eigenvalues(&matrix, 4);
        let roots = [(1.0, 0.0), (0.0, 3.0), (0.0, -3.0), (-2.0, 0.0)];
        for (re, im) in roots {
            let nearest = found.iter().map(|z| (z - Complex64::new(re, im)).norm()).fold(9.0, f64::min);
            assert!(nearest < 1e-13, "{found:?}");
        }
    }
}
