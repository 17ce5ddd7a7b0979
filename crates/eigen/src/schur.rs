//! The Schur form of small complex matrices, in an order of choice.

use num_complex::Complex64;

/// A = Q T Q^dag with unitary Q and upper triangular T, both row by row.
#[derive(Debug, Clone)]
pub struct ComplexSchur {
    dim: usize,
    t: Vec<Complex64>,
    q: Vec<Complex64>,
}

/// Sweeps per eigenvalue.
const SWEEPS: usize = 60;

/// A rotation `[c, s; -conj(s), c]`.
#[derive(Clone, Copy)]
struct Rotation {
    c: f64,
    s: Complex64,
}

impl Rotation {
    /// The rotation that takes (f, g) to (r, 0).
    fn new(f: Complex64, g: Complex64) -> Self {
        let length = f.norm().hypot(g.norm());
        if g == Complex64::ZERO || length == 0.0 {
            return Self { c: 1.0, s: Complex64::ZERO };
        }
        if f == Complex64::ZERO {
            return Self { c: 0.0, s: g.conj() / g.norm() };
        }
        let phase = f / f.norm();
        Self { c: f.norm() / length, s: phase * g.conj() / length }
    }

    /// Rows (i, i + 1) of a matrix of `dim` columns, from column `from` on.
    fn rows(self, matrix: &mut [Complex64], dim: usize, i: usize, from: usize) {
        let (upper, lower) = matrix[i * dim..(i + 2) * dim].split_at_mut(dim);
        for (x, y) in upper[from..].iter_mut().zip(&mut lower[from..]) {
            (*x, *y) = (self.c * *x + self.s * *y, self.c * *y - self.s.conj() * *x);
        }
    }

    /// Columns (i, i + 1) by the adjoint, rows `0..end`.
    fn columns(self, matrix: &mut [Complex64], dim: usize, i: usize, end: usize) {
        for row in matrix.chunks_exact_mut(dim).take(end) {
            let (x, y) = (row[i], row[i + 1]);
            row[i] = self.c * x + self.s.conj() * y;
            row[i + 1] = self.c * y - self.s * x;
        }
    }
}

impl ComplexSchur {
    /// The Schur form of a matrix, row by row: Householder reduction to Hessenberg form, then the QR
    /// algorithm with Wilkinson's shifts. `None` if the matrix is not finite or the iteration does not
    /// converge.
    pub fn new(matrix: &[Complex64], dim: usize) -> Option<Self> {
        if matrix.len() != dim * dim || matrix.iter().any(|z| !z.is_finite()) {
            return None;
        }
        let mut q = vec![Complex64::ZERO; dim * dim];
        (0..dim).for_each(|i| q[i * dim + i] = Complex64::ONE);
        let mut schur = Self { dim, t: matrix.to_vec(), q };
        schur.reduce();
        schur.iterate().then_some(schur)
    }

    /// [`ComplexSchur::new`] of a real matrix.
    pub fn of_real(matrix: &[f64], dim: usize) -> Option<Self> {
        Self::new(&matrix.iter().map(|x| Complex64::from(*x)).collect::<Vec<_>>(), dim)
    }

    /// The eigenvalues in the order of the diagonal of T.
    pub fn values(&self) -> Vec<Complex64> {
        (0..self.dim).map(|i| self.t[i * self.dim + i]).collect()
    }

    /// Schur vector `k`, the column of Q.
    pub fn schur_vector(&self, k: usize) -> Vec<Complex64> {
        (0..self.dim).map(|i| self.q[i * self.dim + k]).collect()
    }

    /// Eigenvector of eigenvalue number `k`, of length 1. Equal eigenvalues of a defective matrix give the
    /// same vector up to the square root of rounding.
    pub fn eigenvector(&self, k: usize) -> Vec<Complex64> {
        let n = self.dim;
        let value = self.t[k * n + k];
        let smallest = f64::EPSILON * self.t.iter().map(|z| z.norm()).fold(0.0, f64::max);
        let mut y = vec![Complex64::ZERO; n];
        y[k] = Complex64::ONE;
        for i in (0..k).rev() {
            let sum: Complex64 = (i + 1..=k).map(|j| self.t[i * n + j] * y[j]).sum();
            let mut pivot = value - self.t[i * n + i];
            if pivot.norm() < smallest {
                pivot = Complex64::from(smallest.max(f64::MIN_POSITIVE));
            }
            y[i] = sum / pivot;
        }
        let mut x: Vec<Complex64> =
            self.q.chunks_exact(n).map(|row| row.iter().zip(&y).map(|(q, y)| q * y).sum()).collect();
        let length = x.iter().map(Complex64::norm_sqr).sum::<f64>().sqrt();
        for x in &mut x {
            *x /= length;
        }
        x
    }

    /// Orders the eigenvalues by `rank`, smallest first, by exchanges of neighbours.
    pub fn order(&mut self, rank: impl Fn(Complex64) -> f64) {
        let n = self.dim;
        for end in (1..n).rev() {
            for i in 0..end {
                let (a, b) = (self.t[i * n + i], self.t[(i + 1) * n + i + 1]);
                if rank(b) < rank(a) {
                    let turn = Rotation::new(self.t[i * n + i + 1], b - a);
                    turn.rows(&mut self.t, n, i, i);
                    turn.columns(&mut self.t, n, i, i + 2);
                    turn.columns(&mut self.q, n, i, n);
                    self.t[(i + 1) * n + i] = Complex64::ZERO;
                    (self.t[i * n + i], self.t[(i + 1) * n + i + 1]) = (b, a);
                }
            }
        }
    }

    /// To Hessenberg form by Householder reflections.
    fn reduce(&mut self) {
        let n = self.dim;
        for k in 0..n.saturating_sub(2) {
            let mut v: Vec<Complex64> = (k + 1..n).map(|i| self.t[i * n + k]).collect();
            let below: f64 = v[1..].iter().map(Complex64::norm_sqr).sum();
            if below == 0.0 {
                continue;
            }
            let length = (below + v[0].norm_sqr()).sqrt();
            let phase = if v[0] == Complex64::ZERO { Complex64::ONE } else { v[0] / v[0].norm() };
            v[0] += phase * length;
            let norm: f64 = v.iter().map(Complex64::norm_sqr).sum();
            self.reflect(k + 1, &v, 2.0 / norm);
        }
    }

    /// T <- P T P, Q <- Q P with P = 1 - factor v v^dag on the rows from `first` on.
    fn reflect(&mut self, first: usize, v: &[Complex64], factor: f64) {
        let n = self.dim;
        for j in 0..n {
            let along: Complex64 =
                v.iter().enumerate().map(|(i, v)| v.conj() * self.t[(first + i) * n + j]).sum();
            v.iter().enumerate().for_each(|(i, v)| self.t[(first + i) * n + j] -= v * along * factor);
        }
        for row in self.t.chunks_exact_mut(n).chain(self.q.chunks_exact_mut(n)) {
            let row = &mut row[first..];
            let along: Complex64 = row.iter().zip(v).map(|(x, v)| x * v).sum();
            row.iter_mut().zip(v).for_each(|(x, v)| *x -= along * v.conj() * factor);
        }
    }

    /// The QR algorithm on the Hessenberg matrix.
    fn iterate(&mut self) -> bool {
        let n = self.dim;
        for k in 0..n {
            for i in k + 2..n {
                self.t[i * n + k] = Complex64::ZERO;
            }
        }
        let scale = self.t.iter().map(|z| z.norm()).fold(0.0, f64::max);
        let mut end = n;
        let mut sweeps = 0;
        while end > 1 {
            let start = self.active(end, scale);
            if start + 1 == end {
                end -= 1;
                sweeps = 0;
                continue;
            }
            sweeps += 1;
            if sweeps > SWEEPS {
                return false;
            }
            let shift = self.shift(end, sweeps);
            self.sweep(start, end, shift);
        }
        true
    }

    /// First row of the block that ends before `end` and has no negligible element below its diagonal.
    fn active(&mut self, end: usize, scale: f64) -> usize {
        let n = self.dim;
        let mut start = end - 1;
        while start > 0 {
            let around = self.t[start * n + start].norm() + self.t[(start - 1) * n + start - 1].norm();
            let around = if around == 0.0 { scale } else { around };
            if self.t[start * n + start - 1].norm() <= f64::EPSILON * around {
                self.t[start * n + start - 1] = Complex64::ZERO;
                break;
            }
            start -= 1;
        }
        start
    }

    /// The eigenvalue of the last 2x2 block that is nearest to its last element.
    fn shift(&self, end: usize, sweeps: usize) -> Complex64 {
        let n = self.dim;
        let at = |i: usize, j: usize| self.t[(end - 2 + i) * n + end - 2 + j];
        if sweeps.is_multiple_of(10) {
            return at(1, 1) + at(1, 0).norm();
        }
        let half = 0.5 * (at(0, 0) - at(1, 1));
        let root = (half * half + at(0, 1) * at(1, 0)).sqrt();
        let away = if (half + root).norm() < (half - root).norm() { half + root } else { half - root };
        at(1, 1) + away
    }

    fn sweep(&mut self, start: usize, end: usize, shift: Complex64) {
        let n = self.dim;
        let mut bulge = (self.t[start * n + start] - shift, self.t[(start + 1) * n + start]);
        for k in start..end - 1 {
            if k > start {
                bulge = (self.t[k * n + k - 1], self.t[(k + 1) * n + k - 1]);
            }
            let turn = Rotation::new(bulge.0, bulge.1);
            turn.rows(&mut self.t, n, k, k.saturating_sub(1).max(start));
            turn.columns(&mut self.t, n, k, (k + 3).min(end));
            turn.columns(&mut self.q, n, k, n);
            if k > start {
                self.t[(k + 1) * n + k - 1] = Complex64::ZERO;
            }
        }
    }
}
