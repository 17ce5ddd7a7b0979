//! Exponentials of small dense matrices.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::lu::partial_pivoting::{factor, solve};
use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::traits::math_utils::{abs, from_f64, is_finite};
use faer::{Accum, Mat, MatMut, MatRef, Par, Spec};
use num_complex::Complex64;

/// Numerator coefficients of the [13/13] Pade approximant of exp.
const PADE: [f64; 14] = [
    64_764_752_532_480_000.0,
    32_382_376_266_240_000.0,
    7_771_770_303_897_600.0,
    1_187_353_796_428_800.0,
    129_060_195_264_000.0,
    10_559_470_521_600.0,
    670_442_572_800.0,
    33_522_128_640.0,
    1_323_241_920.0,
    40_840_800.0,
    960_960.0,
    16_380.0,
    182.0,
    1.0,
];
/// Largest 1-norm for which the approximant is exact to double precision.
const THETA: f64 = 5.371_920_351_148_152;

/// exp(A) of a real square matrix by Pade approximation, scaling and squaring:
/// exp(A) = [r(A / 2^s)]^(2^s). All NaN if A is not finite.
///
/// Source: N. J. Higham, SIAM J. Matrix Anal. Appl. 26, 1179 (2005), algorithm 2.3.
///
/// # Panics
/// If the matrix is not square.
pub fn expm(a: &Mat<f64>) -> Mat<f64> {
    exponential(a)
}

/// [`expm`] of a complex matrix.
///
/// # Panics
/// If the matrix is not square.
pub fn expm_complex(a: &Mat<Complex64>) -> Mat<Complex64> {
    exponential(a)
}

/// [`expm`] one product at a time, for large matrices: exp(A / 2^left) now, exp(A) when nothing is left.
#[derive(Debug, Clone)]
pub struct Squaring {
    matrix: Mat<f64>,
    left: u32,
}

impl Squaring {
    /// Begins with the Pade approximant of exp(A / 2^s). `more`: squarings beyond those that double precision
    /// asks for; two runs that differ in it differ by the rounding errors of both.
    ///
    /// # Panics
    /// If the matrix is not square.
    pub fn new(a: &Mat<f64>, more: u32) -> Self {
        assert_eq!(a.nrows(), a.ncols(), "the exponential needs a square matrix");
        let n = a.nrows();
        let Some(norm) = finite_norm(a) else {
            return Self { matrix: Mat::from_fn(n, n, |_, _| f64::NAN), left: 0 };
        };
        let left = squarings(norm) + more;
        Self { matrix: pade(&times(a, 0.5_f64.powi(left as i32))), left }
    }

    /// Squarings that are left.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// Does the next one; none if nothing is left.
    pub fn square(&mut self) {
        if self.left > 0 {
            self.matrix = squared(&self.matrix);
            self.left -= 1;
        }
    }

    /// exp(A / 2^left).
    pub fn matrix(&self) -> &Mat<f64> {
        &self.matrix
    }
}

fn squarings(norm: f64) -> u32 {
    if norm > THETA { (norm / THETA).log2().ceil().max(0.0) as u32 } else { 0 }
}

fn exponential<T: ComplexField<Real = f64>>(a: &Mat<T>) -> Mat<T> {
    assert_eq!(a.nrows(), a.ncols(), "the exponential needs a square matrix");
    let n = a.nrows();
    let Some(norm) = finite_norm(a) else {
        return Mat::from_fn(n, n, |_, _| from_f64::<T>(f64::NAN));
    };
    let squarings = squarings(norm);
    let mut result = pade(&times(a, 0.5_f64.powi(squarings as i32)));
    for _ in 0..squarings {
        result = product(&result, &result);
    }
    result
}

/// Largest column sum of moduli; `None` if it is not finite.
pub fn one_norm(a: &Mat<f64>) -> Option<f64> {
    finite_norm(a)
}

fn finite_norm<T: ComplexField<Real = f64>>(a: &Mat<T>) -> Option<f64> {
    let mut largest = 0.0_f64;
    for j in 0..a.ncols() {
        let mut column = 0.0;
        for i in 0..a.nrows() {
            if !is_finite(&a[(i, j)]) {
                return None;
            }
            column += abs(&a[(i, j)]);
        }
        largest = largest.max(column);
    }
    largest.is_finite().then_some(largest)
}

/// The [13/13] approximant, evaluated with six products and one solution.
fn pade<T: ComplexField<Real = f64>>(a: &Mat<T>) -> Mat<T> {
    let n = a.nrows();
    let a2 = product(a, a);
    let a4 = product(&a2, &a2);
    let a6 = product(&a4, &a2);
    let sum = |c: [f64; 4]| {
        Mat::<T>::from_fn(n, n, |i, j| {
            let at = |m: &Mat<T>, c: f64| from_f64::<T>(c) * m[(i, j)].clone();
            let constant = from_f64::<T>(if i == j { c[0] } else { 0.0 });
            constant + at(&a2, c[1]) + at(&a4, c[2]) + at(&a6, c[3])
        })
    };
    let b = PADE;
    let odd = add(&product(&a6, &sum([0.0, b[9], b[11], b[13]])), &sum([b[1], b[3], b[5], b[7]]));
    let odd = product(a, &odd);
    let even = add(&product(&a6, &sum([0.0, b[8], b[10], b[12]])), &sum([b[0], b[2], b[4], b[6]]));
    let denominator = Mat::from_fn(n, n, |i, j| even[(i, j)].clone() - odd[(i, j)].clone());
    solved(denominator, add(&even, &odd))
}

/// A^-1 B by LU factors with partial pivoting, on one thread (the bits may not depend on threads).
fn solved<T: ComplexField<Real = f64>>(mut a: Mat<T>, mut b: Mat<T>) -> Mat<T> {
    let n = a.nrows();
    let (mut forward, mut backward) = (vec![0_usize; n], vec![0_usize; n]);
    let need = factor::lu_in_place_scratch::<usize, T>(n, n, Par::Seq, Spec::default())
        .or(solve::solve_in_place_scratch::<usize, T>(n, n, Par::Seq));
    let mut buffer = MemBuffer::new(need);
    let stack = MemStack::new(&mut buffer);
    let (_, permutation) =
        factor::lu_in_place(a.as_mut(), &mut forward, &mut backward, Par::Seq, stack, Spec::default());
    solve::solve_in_place(a.as_ref(), a.as_ref(), permutation, b.as_mut(), Par::Seq, stack);
    b
}

fn product<T: ComplexField<Real = f64>>(a: &Mat<T>, b: &Mat<T>) -> Mat<T> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    matmul(&mut out, Accum::Replace, a, b, from_f64::<T>(1.0), Par::Seq);
    out
}

fn add<T: ComplexField<Real = f64>>(a: &Mat<T>, b: &Mat<T>) -> Mat<T> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)].clone() + b[(i, j)].clone())
}

/// s A.
pub fn scaled(a: &Mat<f64>, s: f64) -> Mat<f64> {
    times(a, s)
}

fn times<T: ComplexField<Real = f64>>(a: &Mat<T>, s: f64) -> Mat<T> {
    let s = from_f64::<T>(s);
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| s.clone() * a[(i, j)].clone())
}

/// A A, on one thread.
pub fn squared(a: &Mat<f64>) -> Mat<f64> {
    product(a, a)
}

/// `out` = A `x`, on one thread.
///
/// # Panics
/// If the lengths do not fit.
pub fn multiply_vector(a: &Mat<f64>, x: &[f64], out: &mut [f64]) {
    let out = MatMut::from_column_major_slice_mut(out, a.nrows(), 1);
    matmul(out, Accum::Replace, a, MatRef::from_column_major_slice(x, a.ncols(), 1), 1.0, Par::Seq);
}
