//! Squeezing, Fisher-information bounds and entanglement parameters from the moments of a collective spin.

use num_complex::Complex64;

/// First and second moments of one ensemble: `<S_k>` and `<S_k S_l + S_l S_k>/2`.
pub(crate) struct SpinMoments {
    mean: [f64; 3],
    second: [[f64; 3]; 3],
}

/// Below this `|<S>|/N` the mean spin direction is undefined.
const UNDEFINED_BELOW: f64 = 1e-10;

impl SpinMoments {
    /// From expectation values in the order x, y, z, xx, xy, xz, yy, yz, zz (symmetrised).
    pub(crate) fn from_expectations(e: &[Complex64]) -> Self {
        let v = |i: usize| e[i].re;
        Self {
            mean: [v(0), v(1), v(2)],
            second: [[v(3), v(4), v(5)], [v(4), v(6), v(7)], [v(5), v(7), v(8)]],
        }
    }

    fn length(&self) -> f64 {
        self.mean.iter().map(|x| x * x).sum::<f64>().sqrt()
    }

    fn covariance(&self) -> [[f64; 3]; 3] {
        std::array::from_fn(|k| std::array::from_fn(|l| self.second[k][l] - self.mean[k] * self.mean[l]))
    }

    /// Smallest variance perpendicular to `<S>`; `None` where the direction is undefined.
    fn minimal_perpendicular_variance(&self, n: f64) -> Option<f64> {
        let length = self.length();
        if length.is_nan() || length <= UNDEFINED_BELOW * n {
            return None;
        }
        let axis = self.mean.map(|x| x / length);
        let (e1, e2) = perpendicular_pair(axis);
        let covariance = self.covariance();
        let form = |u: [f64; 3], v: [f64; 3]| {
            (0..3).map(|k| (0..3).map(|l| u[k] * covariance[k][l] * v[l]).sum::<f64>()).sum::<f64>()
        };
        let (a, b, c) = (form(e1, e1), form(e1, e2), form(e2, e2));
        Some(0.5 * (a + c) - (0.25 * (a - c).powi(2) + b * b).sqrt())
    }

    /// `[xi_S^2, xi_R^2, |<S>|/(N/2)]`; the parameters are NaN where `<S> = 0`.
    pub(crate) fn squeezing(&self, n: f64) -> Vec<f64> {
        let length = self.length();
        match self.minimal_perpendicular_variance(n) {
            Some(variance) => vec![4.0 * variance / n, n * variance / (length * length), 2.0 * length / n],
            None => vec![f64::NAN, f64::NAN, 2.0 * length / n],
        }
    }

    /// Bounds of the quantum Fisher information per spin over all rotations:
    /// `|<S>|^2/(N min Var(S_perp)) <= F_Q/N <= 4 max Var(S_n)/N`.
    pub(crate) fn fisher(&self, n: f64) -> Vec<f64> {
        let lower = self.minimal_perpendicular_variance(n).map_or(f64::NAN, |v| self.length().powi(2) / (n * v));
        let (values, _) = symmetric_eigen(self.covariance());
        vec![lower, 4.0 * values[2] / n]
    }

    /// Tóth's generalised parameters, each < 1 only for entangled states: singlet `2 tr gamma / N`,
    /// `xi_os^2 = (N-1) gamma_nn / (tr C - C_nn - N/2)` and
    /// `xi_pl^2 = (N-1)(tr gamma - gamma_mm)/(C_mm + N(N-2)/4)` with n, m the eigenvectors of
    /// `(N-1) gamma + C` to its smallest and largest eigenvalue.
    pub(crate) fn generalised(&self, n: f64) -> Vec<f64> {
        let (gamma, c) = (self.covariance(), self.second);
        let x = std::array::from_fn(|k| std::array::from_fn(|l| (n - 1.0) * gamma[k][l] + c[k][l]));
        let (_, vectors) = symmetric_eigen(x);
        let along = |matrix: &[[f64; 3]; 3], v: [f64; 3]| {
            (0..3).map(|k| (0..3).map(|l| v[k] * matrix[k][l] * v[l]).sum::<f64>()).sum::<f64>()
        };
        let trace = |matrix: &[[f64; 3]; 3]| matrix[0][0] + matrix[1][1] + matrix[2][2];
        let ratio = |numerator: f64, denominator: f64| {
            if n > 1.0 && denominator > 1e-12 * n * n { numerator / denominator } else { f64::NAN }
        };
        let (low, high) = (vectors[0], vectors[2]);
        let optimal = ratio((n - 1.0) * along(&gamma, low), trace(&c) - along(&c, low) - 0.5 * n);
        let planar = ratio(
            (n - 1.0) * (trace(&gamma) - along(&gamma, high)),
            along(&c, high) + 0.25 * n * (n - 2.0),
        );
        vec![2.0 * trace(&gamma) / n, optimal, planar]
    }
}

/// Two unit vectors perpendicular to the unit vector `axis` and to each other.
fn perpendicular_pair(axis: [f64; 3]) -> ([f64; 3], [f64; 3]) {
    let smallest = (0..3).min_by(|&a, &b| axis[a].abs().total_cmp(&axis[b].abs())).unwrap_or(0);
    let mut e1: [f64; 3] = std::array::from_fn(|k| f64::from(u8::from(k == smallest)) - axis[smallest] * axis[k]);
    let norm = e1.iter().map(|x| x * x).sum::<f64>().sqrt();
    e1 = e1.map(|x| x / norm);
    let e2 = [
        axis[1] * e1[2] - axis[2] * e1[1],
        axis[2] * e1[0] - axis[0] * e1[2],
        axis[0] * e1[1] - axis[1] * e1[0],
    ];
    (e1, e2)
}

/// Eigenvalues in ascending order and eigenvectors of a real symmetric 3x3 matrix (cyclic Jacobi).
fn symmetric_eigen(mut a: [[f64; 3]; 3]) -> ([f64; 3], [[f64; 3]; 3]) {
    let mut v = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for _ in 0..30 {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            if a[p][q] == 0.0 {
                continue;
            }
            let angle = 0.5 * (2.0 * a[p][q]).atan2(a[q][q] - a[p][p]);
            let (s, c) = angle.sin_cos();
            for row in &mut a {
                (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
            }
            for k in 0..3 {
                (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]);
            }
            for row in &mut v {
                (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
            }
        }
    }
    let mut order = [0, 1, 2];
    order.sort_by(|&i, &k| a[i][i].total_cmp(&a[k][k]));
    (order.map(|i| a[i][i]), order.map(|i| [v[0][i], v[1][i], v[2][i]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(mean: [f64; 3], diagonal: [f64; 3]) -> SpinMoments {
        let mut e = [mean[0], mean[1], mean[2], diagonal[0], 0.0, 0.0, diagonal[1], 0.0, diagonal[2]];
        e[4] = 0.0;
        SpinMoments::from_expectations(&e.map(Complex64::from))
    }

    #[test]
    fn a_spin_coherent_state_is_at_the_standard_quantum_limit() {
        let n = 6.0;
        let s = moments([0.0, 0.0, -3.0], [1.5, 1.5, 9.0]);
        for (found, expected) in s.squeezing(n).into_iter().zip([1.0, 1.0, 1.0]) {
            assert!((found - expected).abs() < 1e-14);
        }
        for (found, expected) in s.fisher(n).into_iter().zip([1.0, 1.0]) {
            assert!((found - expected).abs() < 1e-14);
        }
    }

    #[test]
    fn squeezing_is_undefined_without_a_mean_spin() {
        let s = moments([0.0; 3], [1.0, 1.0, 1.0]);
        assert!(s.squeezing(4.0)[0].is_nan() && s.squeezing(4.0)[1].is_nan());
    }

    /// The symmetric Dicke state of 4 spins with m = 0: <Sx^2> = <Sy^2> = 3, Var Sz = 0, so xi_os^2 = 0.
    #[test]
    fn dicke_and_singlet_states_are_detected() {
        let dicke = moments([0.0; 3], [3.0, 3.0, 0.0]);
        assert!(dicke.generalised(4.0)[1].abs() < 1e-14);
        let singlet = moments([0.0; 3], [0.0; 3]);
        assert!(singlet.generalised(4.0)[0].abs() < 1e-14);
    }

    #[test]
    fn jacobi_diagonalises() {
        let a = [[2.0, 0.3, -0.1], [0.3, 1.0, 0.7], [-0.1, 0.7, -0.5]];
        let (values, vectors) = symmetric_eigen(a);
        for (value, v) in values.iter().zip(vectors) {
            for k in 0..3 {
                let image: f64 = (0..3).map(|l| a[k][l] * v[l]).sum();
                assert!((image - value * v[k]).abs() < 1e-13);
            }
        }
        assert!(values[0] <= values[1] && values[1] <= values[2]);
    }
}
