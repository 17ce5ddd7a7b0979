//! General matrices: eigenvectors, linear systems, products of row-major slices.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::lu::partial_pivoting::{factor, solve};
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::perm::Perm;
use faer::prelude::Solve;
use faer::traits::ComplexField;
use faer::{Accum, Mat, MatMut, MatRef, Par, Spec};
use num_complex::{Complex32, Complex64};

/// A = V diag(values) V^-1 of a complex matrix, everything row by row.
#[derive(Debug, Clone)]
pub struct GeneralEigen {
    /// Eigenvalues.
    pub values: Vec<Complex64>,
    /// V: eigenvectors as columns, of length 1.
    pub vectors: Vec<Complex64>,
    /// V^-1.
    pub inverse: Vec<Complex64>,
}

impl GeneralEigen {
    /// Decomposes a row-major matrix. `None` if the decomposition fails, or if V is singular to rounding: the
    /// matrix is defective or nearly so.
    pub fn new(matrix: &[Complex64], dim: usize) -> Option<Self> {
        if matrix.iter().any(|z| !z.is_finite()) {
            return None;
        }
        let decomposed = Mat::from_fn(dim, dim, |i, j| matrix[i * dim + j]).eigen().ok()?;
        let values: Vec<Complex64> = decomposed.S().column_vector().iter().copied().collect();
        let mut vectors = decomposed.U().to_owned();
        for j in 0..dim {
            let length = (0..dim).map(|i| vectors[(i, j)].norm_sqr()).sum::<f64>().sqrt();
            (0..dim).for_each(|i| vectors[(i, j)] /= length);
        }
        let inverse = vectors.partial_piv_lu().solve(Mat::<Complex64>::identity(dim, dim));
        let rows = |m: &Mat<Complex64>| -> Vec<Complex64> {
            (0..dim).flat_map(|i| (0..dim).map(move |j| m[(i, j)])).collect()
        };
        let largest = inverse.col_iter().flat_map(|c| c.iter().map(|z| z.norm()).collect::<Vec<_>>());
        let largest = largest.fold(0.0, |a: f64, b| if b.is_nan() { f64::NAN } else { a.max(b) });
        (largest < 1e10).then(|| Self { values, vectors: rows(&vectors), inverse: rows(&inverse) })
    }
}

/// Complex numbers of double or single precision whose row-major matrices can be multiplied.
pub trait ComplexNumber: Copy + Send + Sync {
    /// The nearest number.
    fn from_double(z: Complex64) -> Self;

    /// The same number in double precision.
    fn to_double(self) -> Complex64;

    /// `out` = A B for row-major slices, A of `rows` x `inner`, B of `inner` x `columns`; on one thread.
    ///
    /// # Panics
    /// If a slice is too short.
    fn multiply(out: &mut [Self], a: &[Self], b: &[Self], shape: [usize; 3]);

    /// The lower half of [`ComplexNumber::multiply`] for a product that is square, diagonal included.
    ///
    /// # Panics
    /// If a slice is too short.
    fn multiply_lower(out: &mut [Self], a: &[Self], b: &[Self], dim: usize);
}

fn product<T: ComplexField>(out: &mut [T], a: &[T], b: &[T], [rows, inner, columns]: [usize; 3]) {
    let out = MatMut::from_row_major_slice_mut(&mut out[..rows * columns], rows, columns);
    let a = MatRef::from_row_major_slice(&a[..rows * inner], rows, inner);
    let b = MatRef::from_row_major_slice(&b[..inner * columns], inner, columns);
    matmul(out, Accum::Replace, a, b, T::one_impl(), Par::Seq);
}

fn lower_product<T: ComplexField>(out: &mut [T], a: &[T], b: &[T], dim: usize) {
    let out = MatMut::from_row_major_slice_mut(&mut out[..dim * dim], dim, dim);
    let a = MatRef::from_row_major_slice(&a[..dim * dim], dim, dim);
    let b = MatRef::from_row_major_slice(&b[..dim * dim], dim, dim);
    let (lower, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
    triangular::matmul(out, lower, Accum::Replace, a, full, b, full, T::one_impl(), Par::Seq);
}

impl ComplexNumber for Complex64 {
    fn from_double(z: Complex64) -> Self {
        z
    }

    fn to_double(self) -> Complex64 {
        self
    }

    fn multiply(out: &mut [Self], a: &[Self], b: &[Self], shape: [usize; 3]) {
        product(out, a, b, shape);
    }

    fn multiply_lower(out: &mut [Self], a: &[Self], b: &[Self], dim: usize) {
        lower_product(out, a, b, dim);
    }
}

impl ComplexNumber for Complex32 {
    fn from_double(z: Complex64) -> Self {
        Self::new(z.re as f32, z.im as f32)
    }

    fn to_double(self) -> Complex64 {
        Complex64::new(self.re.into(), self.im.into())
    }

    fn multiply(out: &mut [Self], a: &[Self], b: &[Self], shape: [usize; 3]) {
        product(out, a, b, shape);
    }

    fn multiply_lower(out: &mut [Self], a: &[Self], b: &[Self], dim: usize) {
        lower_product(out, a, b, dim);
    }
}

/// LU factors with partial pivoting, on one thread.
struct Factors<T> {
    matrix: Mat<T>,
    forward: Vec<usize>,
    backward: Vec<usize>,
}

impl<T: ComplexField<Real = f64>> Factors<T> {
    fn new(mut matrix: Mat<T>) -> Self {
        let dim = matrix.nrows();
        let (mut forward, mut backward) = (vec![0_usize; dim], vec![0_usize; dim]);
        let need = factor::lu_in_place_scratch::<usize, T>(dim, dim, Par::Seq, Spec::default());
        let mut buffer = MemBuffer::new(need);
        let stack = MemStack::new(&mut buffer);
        factor::lu_in_place(matrix.as_mut(), &mut forward, &mut backward, Par::Seq, stack, Spec::default());
        Self { matrix, forward, backward }
    }

    fn solve(&self, x: &mut [T], transposed: bool) {
        let n = self.matrix.nrows();
        let right = MatMut::from_column_major_slice_mut(x, n, 1);
        let order = Perm::new_checked(
            self.forward.clone().into_boxed_slice(),
            self.backward.clone().into_boxed_slice(),
            n,
        );
        let need = solve::solve_in_place_scratch::<usize, T>(n, 1, Par::Seq)
            .or(solve::solve_transpose_in_place_scratch::<usize, T>(n, 1, Par::Seq));
        let mut buffer = MemBuffer::new(need);
        let stack = MemStack::new(&mut buffer);
        let (factors, order) = (self.matrix.as_ref(), order.as_ref());
        if transposed {
            solve::solve_transpose_in_place(factors, factors, order, right, Par::Seq, stack);
        } else {
            solve::solve_in_place(factors, factors, order, right, Par::Seq, stack);
        }
    }
}

/// LU factors of a real matrix with partial pivoting, for many right-hand sides.
pub struct RealLu(Factors<f64>);

impl RealLu {
    /// Factorises a row-major matrix of `dim` rows, on one thread: 2/3 dim^3 multiplications and additions.
    /// `None` if it is not finite.
    pub fn new(matrix: &[f64], dim: usize) -> Option<Self> {
        let finite = matrix.iter().all(|x| x.is_finite());
        finite.then(|| Self(Factors::new(Mat::from_fn(dim, dim, |i, j| matrix[i * dim + j]))))
    }

    /// `x` <- A^-1 `x`, or A^-T `x` if `transposed`.
    ///
    /// # Panics
    /// If the vector has another length than the matrix.
    pub fn solve(&self, x: &mut [f64], transposed: bool) {
        self.0.solve(x, transposed);
    }
}

/// [`RealLu`] of a complex matrix.
pub struct ComplexLu(Factors<Complex64>);

impl ComplexLu {
    /// As [`RealLu::new`].
    pub fn new(matrix: &[Complex64], dim: usize) -> Option<Self> {
        let finite = matrix.iter().all(|z| z.is_finite());
        finite.then(|| Self(Factors::new(Mat::from_fn(dim, dim, |i, j| matrix[i * dim + j]))))
    }

    /// `x` <- A^-1 `x`.
    ///
    /// # Panics
    /// If the vector has another length than the matrix.
    pub fn solve(&self, x: &mut [Complex64]) {
        self.0.solve(x, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complex_eigenvalues;

    fn matrix(dim: usize) -> Vec<Complex64> {
        let element = |k: usize| {
            let x = (k as f64).powf(1.3);
            Complex64::new((x * 1.7).sin(), (x * 0.9).cos())
        };
        (0..dim * dim).map(element).collect()
    }

    #[test]
    fn a_general_matrix_is_put_together_again() {
        let dim = 17;
        let a = matrix(dim);
        let eigen = GeneralEigen::new(&a, dim).expect("not defective");
        let scaled: Vec<Complex64> =
            (0..dim * dim).map(|k| eigen.vectors[k] * eigen.values[k % dim]).collect();
        let mut again = vec![Complex64::ZERO; dim * dim];
        Complex64::multiply(&mut again, &scaled, &eigen.inverse, [dim; 3]);
        let worst = a.iter().zip(&again).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
        assert!(worst < 1e-11, "{worst:e}");
        let mut half = vec![Complex64::ZERO; dim * dim];
        Complex64::multiply_lower(&mut half, &scaled, &eigen.inverse, dim);
        for (k, (half, full)) in half.iter().zip(&again).enumerate() {
            assert!(k % dim > k / dim || (half - full).norm() < 1e-12);
        }
        let single = |m: &[Complex64]| m.iter().map(|z| Complex32::from_double(*z)).collect::<Vec<_>>();
        let mut short = vec![Complex32::ZERO; dim * dim];
        Complex32::multiply(&mut short, &single(&scaled), &single(&eigen.inverse), [dim; 3]);
        let far = a.iter().zip(&short).map(|(a, b)| (a - b.to_double()).norm()).fold(0.0, f64::max);
        assert!(far > worst && far < 1e-3, "{far:e}");
        let jordan = [Complex64::ONE, Complex64::ONE, Complex64::ZERO, Complex64::ONE];
        assert!(GeneralEigen::new(&jordan, 2).is_none());
    }

    #[test]
    fn systems_and_transposed_systems_are_solved() {
        let dim = 23;
        let a: Vec<f64> = matrix(dim).iter().map(|z| z.re + 0.3 * z.im).collect();
        let lu = RealLu::new(&a, dim).expect("finite");
        let b: Vec<f64> = (0..dim).map(|i| (i as f64).cos()).collect();
        for transposed in [false, true] {
            let mut x = b.clone();
            lu.solve(&mut x, transposed);
            for i in 0..dim {
                let at = |j: usize| if transposed { a[j * dim + i] } else { a[i * dim + j] };
                let image: f64 = (0..dim).map(|j| at(j) * x[j]).sum();
                assert!((image - b[i]).abs() < 1e-10, "{transposed} {i}");
            }
        }
        assert!(RealLu::new(&[f64::NAN], 1).is_none());
        let a = matrix(dim);
        let b: Vec<Complex64> = (0..dim).map(|i| Complex64::new((i as f64).cos(), 0.1 * i as f64)).collect();
        let mut x = b.clone();
        ComplexLu::new(&a, dim).expect("finite").solve(&mut x);
        for (row, b) in a.chunks_exact(dim).zip(&b) {
            let image: Complex64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
            assert!((image - b).norm() < 1e-10, "{image} for {b}");
        }
        let values = complex_eigenvalues(&a, dim);
        let trace: Complex64 = (0..dim).map(|i| a[i * dim + i]).sum();
        assert!((values.iter().sum::<Complex64>() - trace).norm() < 1e-11, "{values:?}");
    }
}
