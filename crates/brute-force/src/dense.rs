//! Dense complex matrices.

use std::ops::{Index, IndexMut};

use num_complex::Complex64;

/// A dense complex matrix, row-major. Shapes that do not fit together panic.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    rows: usize,
    columns: usize,
    entries: Vec<Complex64>,
}

impl Dense {
    /// The matrix with entries `entry(row, column)`.
    pub fn from_fn(rows: usize, columns: usize, entry: impl Fn(usize, usize) -> Complex64) -> Self {
        let mut entries = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            entries.extend((0..columns).map(|column| entry(row, column)));
        }
        Self { rows, columns, entries }
    }

    /// The zero matrix.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, entries: vec![Complex64::ZERO; rows * columns] }
    }

    /// The square identity.
    pub fn identity(dimension: usize) -> Self {
        Self::diagonal(&vec![Complex64::ONE; dimension])
    }

    /// The square matrix with the given diagonal.
    pub fn diagonal(entries: &[Complex64]) -> Self {
        let mut matrix = Self::zeros(entries.len(), entries.len());
        for (i, &entry) in entries.iter().enumerate() {
            matrix[(i, i)] = entry;
        }
        matrix
    }

    /// The matrix with one column.
    pub fn column(entries: Vec<Complex64>) -> Self {
        Self { rows: entries.len(), columns: 1, entries }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The entries, row after row.
    pub fn entries(&self) -> &[Complex64] {
        &self.entries
    }

    /// `A B`; zeros of the left factor are skipped, so a left factor with few entries is cheap.
    ///
    /// # Panics
    /// If `A` has not as many columns as `B` has rows.
    pub fn mul(&self, other: &Self) -> Self {
        assert_eq!(self.columns, other.rows, "shapes of a product");
        let width = other.columns;
        let mut product = Self::zeros(self.rows, width);
        for i in 0..self.rows {
            let target = &mut product.entries[i * width..(i + 1) * width];
            for k in 0..self.columns {
                let factor = self[(i, k)];
                if factor != Complex64::ZERO {
                    let source = &other.entries[k * width..(k + 1) * width];
                    target.iter_mut().zip(source).for_each(|(t, s)| *t += factor * s);
                }
            }
        }
        product
    }

    /// `A^dag`.
    pub fn adjoint(&self) -> Self {
        Self::from_fn(self.columns, self.rows, |i, k| self[(k, i)].conj())
    }

    /// Kronecker product `A (x) B`; the index of `A` is the slow one.
    pub fn kron(&self, other: &Self) -> Self {
        let (r, c) = (other.rows, other.columns);
        Self::from_fn(self.rows * r, self.columns * c, |i, k| self[(i / r, k / c)] * other[(i % r, k % c)])
    }

    /// `A + B`.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn add(&self, other: &Self) -> Self {
        assert_eq!((self.rows, self.columns), (other.rows, other.columns), "shapes of a sum");
        let entries = self.entries.iter().zip(&other.entries).map(|(a, b)| a + b).collect();
        Self { entries, ..*self }
    }

    /// `A - B`.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn subtract(&self, other: &Self) -> Self {
        self.add(&other.scale(Complex64::from(-1.0)))
    }

    /// `factor A`.
    pub fn scale(&self, factor: Complex64) -> Self {
        Self { entries: self.entries.iter().map(|a| a * factor).collect(), ..*self }
    }

    /// `tr A`.
    pub fn trace(&self) -> Complex64 {
        (0..self.rows.min(self.columns)).map(|i| self[(i, i)]).sum()
    }

    /// Frobenius norm `sqrt(tr A^dag A)`.
    pub fn norm(&self) -> f64 {
        self.entries.iter().map(Complex64::norm_sqr).sum::<f64>().sqrt()
    }

    /// Upper bound of the largest singular value: `sqrt(max column sum * max row sum)` of the absolute
    /// values.
    pub fn spectral_norm_bound(&self) -> f64 {
        let mut row_sums = vec![0.0_f64; self.rows];
        let mut column_sums = vec![0.0_f64; self.columns];
        for i in 0..self.rows {
            for k in 0..self.columns {
                row_sums[i] += self[(i, k)].norm();
                column_sums[k] += self[(i, k)].norm();
            }
        }
        let largest = |sums: Vec<f64>| sums.into_iter().fold(0.0, f64::max);
        (largest(row_sums) * largest(column_sums)).sqrt()
    }

    /// `max |A_ik - B_ik|`; NaN if any difference is, so that a comparison with a tolerance fails.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn max_abs_difference(&self, other: &Self) -> f64 {
        let differences = self.subtract(other).entries.into_iter().map(Complex64::norm);
        differences.fold(0.0, |largest: f64, x| if x.is_nan() || x > largest { x } else { largest })
    }
}

impl Index<(usize, usize)> for Dense {
    type Output = Complex64;
    fn index(&self, (row, column): (usize, usize)) -> &Complex64 {
        &self.entries[row * self.columns + column]
    }
}

impl IndexMut<(usize, usize)> for Dense {
    fn index_mut(&mut self, (row, column): (usize, usize)) -> &mut Complex64 {
        &mut self.entries[row * self.columns + column]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rows: usize, columns: usize, seed: f64) -> Dense {
        Dense::from_fn(rows, columns, |i, k| {
            Complex64::new(
                (seed + 1.7 * i as f64 + 0.6 * k as f64).sin(),
                (seed + 0.4 * i as f64 - 2.1 * k as f64).cos(),
            )
        })
    }

    #[test]
    fn kron_of_products_is_product_of_krons() {
        let (a, b, c, d) = (sample(2, 3, 0.1), sample(3, 2, 0.2), sample(3, 2, 0.3), sample(2, 4, 0.4));
        let difference = a.kron(&b).mul(&c.kron(&d)).max_abs_difference(&a.mul(&c).kron(&b.mul(&d)));
        assert!(difference < 1e-14);
    }

    #[test]
    fn adjoint_reverses_products_and_trace_is_cyclic() {
        let (a, b) = (sample(3, 4, 0.5), sample(4, 3, 0.6));
        assert!(a.mul(&b).adjoint().max_abs_difference(&b.adjoint().mul(&a.adjoint())) < 1e-14);
        assert!((a.mul(&b).trace() - b.mul(&a).trace()).norm() < 1e-14);
        assert!(a.norm() <= a.spectral_norm_bound() * 3.0_f64.sqrt());
    }

    #[test]
    fn a_nan_shows_in_the_difference() {
        let mut a = Dense::identity(3);
        a[(0, 1)] = Complex64::from(f64::NAN);
        assert!(a.max_abs_difference(&Dense::identity(3)).is_nan());
    }
}
