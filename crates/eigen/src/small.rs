//! Small real matrices between iterations: invariant subspaces and linear systems.

use num_complex::Complex64;

use crate::schur::ComplexSchur;

/// Columns of a real orthonormal basis, each of `dim` entries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns(pub(crate) Vec<Vec<f64>>);

impl Columns {
    /// Adds the part of `column` that is orthogonal to those before it, if it is not rounding.
    pub(crate) fn push(&mut self, mut column: Vec<f64>) -> bool {
        let length = norm(&column);
        for _ in 0..2 {
            for known in &self.0 {
                subtract(&mut column, known);
            }
        }
        let rest = norm(&column);
        let new = rest > 1e-13 * length && rest > 0.0;
        if new {
            for c in &mut column {
                *c /= rest;
            }
            self.0.push(column);
        }
        new
    }

    /// Grows to `count` columns by the real span of the first `count` Schur vectors, which must be closed
    /// under conjugation. Of the real and imaginary parts those with most to add come first, so that
    /// rounding is never divided by rounding.
    pub(crate) fn span(&mut self, schur: &ComplexSchur, count: usize) {
        let vectors = (0..count).map(|k| schur.schur_vector(k));
        let parts = |v: Vec<Complex64>| -> [Vec<f64>; 2] {
            [v.iter().map(|z| z.re).collect(), v.iter().map(|z| z.im).collect()]
        };
        let mut parts: Vec<Vec<f64>> = vectors.flat_map(parts).collect();
        for known in &self.0 {
            for part in &mut parts {
                subtract(part, known);
            }
        }
        while self.0.len() < count {
            let mut best = (0.0, 0);
            for (number, part) in parts.iter_mut().enumerate() {
                if let Some(known) = self.0.last() {
                    subtract(part, known);
                }
                let length = norm(part);
                if length > best.0 {
                    best = (length, number);
                }
            }
            if best.0 == 0.0 || !self.push(parts[best.1].clone()) {
                break;
            }
        }
    }

    /// The columns as a matrix, row by row.
    pub(crate) fn matrix(&self, dim: usize) -> Vec<f64> {
        (0..dim).flat_map(|i| self.0.iter().map(move |column| column[i])).collect()
    }
}

/// Takes the part along `known`, of length 1, off a column.
fn subtract(column: &mut [f64], known: &[f64]) {
    let along: f64 = known.iter().zip(column.iter()).map(|(a, b)| a * b).sum();
    column.iter_mut().zip(known).for_each(|(c, k)| *c -= along * k);
}

pub(crate) fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The number of first eigenvalues, `count` or one more, that holds every complex one with its conjugate.
pub(crate) fn closed(values: &[Complex64], count: usize) -> usize {
    let count = count.min(values.len());
    let imaginary: f64 = values[..count].iter().map(|z| z.im).sum();
    let scale = values.iter().map(|z| z.norm()).fold(f64::MIN_POSITIVE, f64::max);
    if imaginary.abs() > 1e-9 * scale && count < values.len() { count + 1 } else { count }
}

/// P^T A P with A of `rows` x `dim` (row by row), P of `dim` x k and the left P given as columns too.
pub(crate) fn projected(left: &Columns, matrix: &[f64], dim: usize, right: &Columns) -> Vec<f64> {
    let image = |column: &Vec<f64>| -> Vec<f64> {
        matrix.chunks_exact(dim).map(|row| row.iter().zip(column).map(|(a, b)| a * b).sum()).collect()
    };
    let images: Vec<Vec<f64>> = right.0.iter().map(image).collect();
    let along = |l: &Vec<f64>, r: &Vec<f64>| -> f64 { l.iter().zip(r).map(|(a, b)| a * b).sum() };
    left.0.iter().flat_map(|l| images.iter().map(move |r| along(l, r))).collect()
}

/// The solution of A x = b by elimination with partial pivoting; `None` if A is singular.
pub(crate) fn solved(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|i, j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs()))?;
        if a[pivot * n + k] == 0.0 || !a[pivot * n + k].is_finite() {
            return None;
        }
        if pivot != k {
            (0..n).for_each(|j| a.swap(k * n + j, pivot * n + j));
            b.swap(k, pivot);
        }
        for i in k + 1..n {
            let factor = a[i * n + k] / a[k * n + k];
            if factor != 0.0 {
                (k..n).for_each(|j| a[i * n + j] -= factor * a[k * n + j]);
                b[i] -= factor * b[k];
            }
        }
    }
    for k in (0..n).rev() {
        let sum: f64 = (k + 1..n).map(|j| a[k * n + j] * b[j]).sum();
        b[k] = (b[k] - sum) / a[k * n + k];
    }
    Some(b)
}
