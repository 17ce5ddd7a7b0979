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

    /// The covariance perpendicular to `<S>` as `(a, b, c)` in the directions e1, e2 that come with it; `None`
    /// where the direction of `<S>` is undefined.
    fn perpendicular(&self, n: f64) -> Option<([f64; 3], [[f64; 3]; 2])> {
        let length = self.length();
        if length.is_nan() || length <= UNDEFINED_BELOW * n {
            return None;
        }
        let (e1, e2) = perpendicular_pair(self.mean.map(|x| x / length));
        let covariance = self.covariance();
        Some(([form(&covariance, e1, e1), form(&covariance, e1, e2), form(&covariance, e2, e2)], [e1, e2]))
    }

    /// Smallest variance perpendicular to `<S>`; `None` where the direction is undefined.
    fn minimal_perpendicular_variance(&self, n: f64) -> Option<f64> {
        let ([a, b, c], _) = self.perpendicular(n)?;
        Some(0.5 * (a + c) - (0.25 * (a - c).powi(2) + b * b).sqrt())
    }

    /// Direction of the smallest variance perpendicular to `<S>`; `None` where that is undefined.
    fn minimal_perpendicular_direction(&self, n: f64) -> Option<[f64; 3]> {
        let ([a, b, c], [e1, e2]) = self.perpendicular(n)?;
        let (sine, cosine) = (0.5 * (2.0 * b).atan2(a - c)).sin_cos();
        Some(std::array::from_fn(|k| cosine * e2[k] - sine * e1[k]))
    }

    /// Variance in the direction in which `guide` has its smallest one perpendicular to its mean spin.
    fn guided_variance(&self, n: f64, guide: &Self) -> f64 {
        let direction = guide.minimal_perpendicular_direction(n);
        direction.map_or(f64::NAN, |u| form(&self.covariance(), u, u))
    }

    /// `[xi_S^2, xi_R^2, |<S>|/(N/2)]`; the parameters are NaN where `<S> = 0`.
    pub(crate) fn squeezing(&self, n: f64) -> Vec<f64> {
        let length = self.length();
        match self.minimal_perpendicular_variance(n) {
            Some(variance) => vec![4.0 * variance / n, n * variance / (length * length), 2.0 * length / n],
            None => vec![f64::NAN, f64::NAN, 2.0 * length / n],
        }
    }

    /// [`SpinMoments::squeezing`] in the direction of `guide`.
    pub(crate) fn squeezing_along(&self, n: f64, guide: &Self) -> Vec<Option<f64>> {
        let variance = self.guided_variance(n, guide);
        vec![Some(4.0 * variance / n), Some(n * variance / self.length().powi(2)), None]
    }

    /// Bounds of the quantum Fisher information per spin over all rotations:
    /// `|<S>|^2/(N min Var(S_perp)) <= F_Q/N <= 4 max Var(S_n)/N`.
    pub(crate) fn fisher(&self, n: f64) -> Vec<f64> {
        let lower =
            self.minimal_perpendicular_variance(n).map_or(f64::NAN, |v| self.length().powi(2) / (n * v));
        let (values, _) = symmetric_eigen(self.covariance());
        vec![lower, 4.0 * values[2] / n]
    }

    /// [`SpinMoments::fisher`] in the directions of `guide`.
    pub(crate) fn fisher_along(&self, n: f64, guide: &Self) -> Vec<Option<f64>> {
        let lower = self.length().powi(2) / (n * self.guided_variance(n, guide));
        let (_, directions) = symmetric_eigen(guide.covariance());
        let largest = form(&self.covariance(), directions[2], directions[2]);
        vec![Some(lower), Some(4.0 * largest / n)]
    }

    /// Parameters of Tóth's complete set of inequalities, each < 1 only for entangled states, whatever j is:
    /// `2 tr gamma / N`, `lambda_min(X)/(tr C - N/2)` and `[(N-1) tr gamma - N(N-2)/4]/lambda_max(X)` with
    /// `X = (N-1) gamma + C`, gamma the covariance and C the second moments. NaN where an inequality is void.
    pub(crate) fn generalised(&self, n: f64) -> Vec<f64> {
        let (values, _) = symmetric_eigen(self.toth(n));
        let [optimal, planar] = self.ratios(n, values[0], values[2]);
        vec![2.0 * trace(&self.covariance()) / n, optimal, planar]
    }

    /// [`SpinMoments::generalised`] in the directions of `guide`.
    pub(crate) fn generalised_along(&self, n: f64, guide: &Self) -> Vec<Option<f64>> {
        let (_, directions) = symmetric_eigen(guide.toth(n));
        let x = self.toth(n);
        let along = |u: [f64; 3]| form(&x, u, u);
        let [optimal, planar] = self.ratios(n, along(directions[0]), along(directions[2]));
        vec![None, Some(optimal), Some(planar)]
    }

    /// `X = (N-1) gamma + C`.
    fn toth(&self, n: f64) -> [[f64; 3]; 3] {
        let (gamma, c) = (self.covariance(), self.second);
        std::array::from_fn(|k| std::array::from_fn(|l| (n - 1.0) * gamma[k][l] + c[k][l]))
    }

    /// The optimal and the planar parameter from the smallest and the largest eigenvalue of X.
    fn ratios(&self, n: f64, smallest: f64, largest: f64) -> [f64; 2] {
        let ratio = |numerator: f64, denominator: f64| {
            if denominator > 1e-12 * n * n { numerator / denominator } else { f64::NAN }
        };
        let spread = (n - 1.0) * trace(&self.covariance()) - 0.25 * n * (n - 2.0);
        [ratio(smallest, trace(&self.second) - 0.5 * n), ratio(spread, largest)]
    }
}

fn trace(matrix: &[[f64; 3]; 3]) -> f64 {
    matrix[0][0] + matrix[1][1] + matrix[2][2]
}

/// u^T A v.
fn form(a: &[[f64; 3]; 3], u: [f64; 3], v: [f64; 3]) -> f64 {
    (0..3).map(|k| (0..3).map(|l| u[k] * a[k][l] * v[l]).sum::<f64>()).sum()
}

/// Two unit vectors perpendicular to the unit vector `axis` and to each other.
fn perpendicular_pair(axis: [f64; 3]) -> ([f64; 3], [f64; 3]) {
    let smallest = (0..3).min_by(|&a, &b| axis[a].abs().total_cmp(&axis[b].abs())).unwrap_or(0);
    let mut e1: [f64; 3] =
        std::array::from_fn(|k| f64::from(u8::from(k == smallest)) - axis[smallest] * axis[k]);
    let norm = e1.iter().map(|x| x * x).sum::<f64>().sqrt();
    e1 = e1.map(|x| x / norm);
    let e2 = [
        axis[1] * e1[2] - axis[2] * e1[1],
        axis[2] * e1[0] - axis[0] * e1[2],
        axis[0] * e1[1] - axis[1] * e1[0],
    ];
    (e1, e2)
}

/// Eigenvalues in ascending order of a real symmetric 3x3 matrix, and their eigenvectors (cyclic Jacobi).
fn symmetric_eigen(mut a: [[f64; 3]; 3]) -> ([f64; 3], [[f64; 3]; 3]) {
    let mut vectors = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
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
            let (upper, lower) = (a[p], a[q]);
            a[p] = std::array::from_fn(|k| c * upper[k] - s * lower[k]);
            a[q] = std::array::from_fn(|k| s * upper[k] + c * lower[k]);
            let (upper, lower) = (vectors[p], vectors[q]);
            vectors[p] = std::array::from_fn(|k| c * upper[k] - s * lower[k]);
            vectors[q] = std::array::from_fn(|k| s * upper[k] + c * lower[k]);
        }
    }
    let mut order = [0, 1, 2];
    order.sort_by(|&i, &k| a[i][i].total_cmp(&a[k][k]));
    (order.map(|k| a[k][k]), order.map(|k| vectors[k]))
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

    /// The symmetric Dicke state of 4 spins with m = 0: <Sx^2> = <Sy^2> = 3, Var Sz = 0.
    #[test]
    fn dicke_and_singlet_states_are_detected() {
        let dicke = moments([0.0; 3], [3.0, 3.0, 0.0]);
        assert!(dicke.generalised(4.0)[1].abs() < 1e-14);
        let singlet = moments([0.0; 3], [0.0; 3]);
        assert!(singlet.generalised(4.0)[0].abs() < 1e-14 && singlet.generalised(4.0)[1].is_nan());
    }

    #[test]
    fn a_spin_coherent_state_saturates_every_inequality() {
        for n in [1.0, 2.0, 7.0] {
            let s = moments([0.0, 0.0, -0.5 * n], [0.25 * n, 0.25 * n, 0.25 * n * n]);
            for parameter in s.generalised(n) {
                assert!((parameter - 1.0).abs() < 1e-13);
            }
        }
    }

    /// Trace, sum of squares and determinant are those of the matrix.
    #[test]
    fn jacobi_keeps_the_invariants() {
        let a: [[f64; 3]; 3] = [[2.0, 0.3, -0.1], [0.3, 1.0, 0.7], [-0.1, 0.7, -0.5]];
        let (values, vectors) = symmetric_eigen(a);
        let squares: f64 = a.iter().flatten().map(|x| x * x).sum();
        let minor = |i: usize, k: usize| a[1][i] * a[2][k] - a[1][k] * a[2][i];
        let determinant = a[0][0] * minor(1, 2) - a[0][1] * minor(0, 2) + a[0][2] * minor(0, 1);
        assert!((values.iter().sum::<f64>() - 2.5).abs() < 1e-13);
        assert!((values.iter().map(|x| x * x).sum::<f64>() - squares).abs() < 1e-13);
        assert!((values.iter().product::<f64>() - determinant).abs() < 1e-13);
        assert!(values.is_sorted());
        for (value, vector) in values.iter().zip(vectors) {
            for k in 0..3 {
                let image: f64 = (0..3).map(|l| a[k][l] * vector[l]).sum();
                assert!((image - value * vector[k]).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn in_its_own_directions_a_state_has_its_extremes() {
        let e = [0.3, -0.8, 0.5, 2.1, 0.2, -0.4, 1.7, 0.3, 1.2].map(Complex64::from);
        let (s, n) = (SpinMoments::from_expectations(&e), 6.0);
        let pairs = [
            (s.squeezing(n), s.squeezing_along(n, &s)),
            (s.fisher(n), s.fisher_along(n, &s)),
            (s.generalised(n), s.generalised_along(n, &s)),
        ];
        let mut guided = 0;
        for (plain, along) in pairs {
            for (plain, along) in plain.iter().zip(along) {
                assert!(along.is_none_or(|along| (along - plain).abs() < 1e-12), "{plain} {along:?}");
                guided += usize::from(along.is_some());
            }
        }
        assert_eq!(guided, 6);
    }
}
