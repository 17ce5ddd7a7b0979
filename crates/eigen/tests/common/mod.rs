//! Dense matrices as operators.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this module")]

use superladder_eigen::LinearMap;

/// A dense matrix, row by row.
#[derive(Clone)]
pub struct Dense {
    pub dim: usize,
    pub a: Vec<f64>,
}

impl Dense {
    pub fn from_fn(dim: usize, f: impl Fn(usize, usize) -> f64) -> Self {
        Self { dim, a: (0..dim * dim).map(|k| f(k / dim, k % dim)).collect() }
    }

    /// Numbers between -1 and 1 without structure.
    pub fn random(dim: usize, seed: f64) -> Self {
        Self::from_fn(dim, |i, j| ((i * 131 + j * 71) as f64 * 12.9898 + seed).sin() * 43_758.547 % 1.0)
    }

    pub fn diagonal(values: &[f64]) -> Self {
        Self::from_fn(values.len(), |i, j| if i == j { values[i] } else { 0.0 })
    }

    pub fn transposed(&self) -> Self {
        Self::from_fn(self.dim, |i, j| self.a[j * self.dim + i])
    }

    pub fn plus(&self, other: &Self) -> Self {
        Self::from_fn(self.dim, |i, j| self.a[i * self.dim + j] + other.a[i * self.dim + j])
    }

    pub fn times(&self, other: &Self) -> Self {
        let n = self.dim;
        Self::from_fn(n, |i, j| (0..n).map(|k| self.a[i * n + k] * other.a[k * n + j]).sum())
    }

    pub fn inverse(&self) -> Self {
        let n = self.dim;
        let mut left = self.a.clone();
        let mut right = Self::from_fn(n, |i, j| f64::from(i == j)).a;
        for k in 0..n {
            let pivot =
                (k..n).max_by(|i, j| left[i * n + k].abs().total_cmp(&left[j * n + k].abs())).unwrap();
            for j in 0..n {
                left.swap(k * n + j, pivot * n + j);
                right.swap(k * n + j, pivot * n + j);
            }
            let p = left[k * n + k];
            for j in 0..n {
                left[k * n + j] /= p;
                right[k * n + j] /= p;
            }
            for i in (0..n).filter(|i| *i != k) {
                let f = left[i * n + k];
                for j in 0..n {
                    left[i * n + j] -= f * left[k * n + j];
                    right[i * n + j] -= f * right[k * n + j];
                }
            }
        }
        Self { dim: n, a: right }
    }

    /// B A B^-1 with a well-conditioned B.
    pub fn hidden(&self) -> Self {
        let b = Self::random(self.dim, 3.0);
        let b = Self::from_fn(self.dim, |i, j| {
            f64::from(i == j) + 0.5 * b.a[i * self.dim + j] / (self.dim as f64).sqrt()
        });
        b.times(self).times(&b.inverse())
    }

    pub fn image(&self, x: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.dim];
        self.apply(x, &mut out);
        out
    }
}

impl LinearMap for Dense {
    fn dim(&self) -> usize {
        self.dim
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        for (out, row) in out.iter_mut().zip(self.a.chunks_exact(self.dim)) {
            *out = row.iter().zip(x).map(|(a, x)| a * x).sum();
        }
    }
}

pub fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

pub fn start(n: usize) -> Vec<f64> {
    (0..n).map(|i| (0.1 * i as f64).sin() + 1.0 / (1.0 + i as f64)).collect()
}
