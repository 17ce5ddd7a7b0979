//! Linear equations of two times: their modes, their resolvent, their motion.

use num_complex::Complex64;
use superladder_dense::{ComplexLu, GeneralEigen, Mat, balancing, complex_eigenvalues, expm_complex};
use superladder_engine::{EngineError, FourierIntegral, SpectralDensity};

use super::regression::Regression;

/// Modes with less than this part of the largest weight count as unseen.
const SEEN: f64 = 1e-9;
/// Growth rates above this, relative to the norm of the matrix, are no rounding.
const ROUNDING: f64 = 1e-14;

/// `weights . exp(M tau) start` and `weights . (i w - M)^-1 start`, in balanced unknowns: cumulants of different
/// orders have scales of different powers of N.
pub(crate) struct Resolvent {
    dim: usize,
    matrix: Vec<Complex64>,
    norm: f64,
    start: Vec<Complex64>,
    weights: Vec<Complex64>,
    /// `None` if the matrix is defective or nearly so.
    eigen: Option<GeneralEigen>,
    /// Eigenvalues, the largest real part first.
    pub(crate) values: Vec<Complex64>,
}

fn dot(x: &[Complex64], y: &[Complex64]) -> Complex64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

impl Resolvent {
    pub(crate) fn new(regression: &Regression) -> Self {
        let dim = regression.start.len();
        let mut moduli: Vec<f64> = regression.matrix.iter().map(|z| z.norm()).collect();
        let scale = balancing(&mut moduli, dim);
        let matrix: Vec<Complex64> =
            (0..dim * dim).map(|k| regression.matrix[k] * (scale[k % dim] / scale[k / dim])).collect();
        let eigen = GeneralEigen::new(&matrix, dim);
        let values = complex_eigenvalues(&matrix, dim);
        Self {
            dim,
            norm: moduli.iter().map(|x| x * x).sum::<f64>().sqrt(),
            matrix,
            start: regression.start.iter().zip(&scale).map(|(z, d)| z / d).collect(),
            weights: regression.weights.iter().zip(&scale).map(|(w, d)| w * d).collect(),
            eigen,
            values,
        }
    }

    pub(crate) fn has_eigenpairs(&self) -> bool {
        self.eigen.is_some()
    }

    /// Eigenvalues and weights of the modes that are seen, slowest first; all of them, with weights that are not
    /// known, where eigenvectors are not.
    pub(crate) fn seen(&self) -> Vec<(Complex64, Complex64)> {
        let Some(eigen) = &self.eigen else {
            return self.values.iter().map(|value| (*value, Complex64::ONE)).collect();
        };
        let weights = self.mode_weights(eigen);
        let largest = weights.iter().map(|c| c.norm()).fold(0.0, f64::max);
        let mut seen: Vec<_> = eigen.values.iter().copied().zip(weights).collect();
        seen.retain(|(_, c)| c.norm() > SEEN * largest);
        seen.sort_by(|(a, _), (b, _)| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
        seen
    }

    /// What is seen of every eigenvector, times the part of it in the start.
    fn mode_weights(&self, eigen: &GeneralEigen) -> Vec<Complex64> {
        let dim = self.dim;
        let weight = |k: usize| -> Complex64 {
            let shown: Complex64 = (0..dim).map(|i| self.weights[i] * eigen.vectors[i * dim + k]).sum();
            shown * dot(&eigen.inverse[k * dim..(k + 1) * dim], &self.start)
        };
        (0..dim).map(weight).collect()
    }

    /// The largest growth rate of what is seen, where it is no rounding: the correlation never decays then.
    pub(crate) fn growth(&self) -> Option<Complex64> {
        let bad = |z: &Complex64| z.re.is_nan() || z.re >= -ROUNDING * self.norm;
        self.seen().into_iter().map(|(value, _)| value).find(bad)
    }

    /// `C'(0)/C(0)`: how fast the correlation decays and turns at first.
    pub(crate) fn first_rate(&self) -> Option<Complex64> {
        let rows = self.matrix.chunks_exact(self.dim.max(1));
        let moved: Vec<Complex64> = rows.map(|row| dot(row, &self.start)).collect();
        let rate = dot(&self.weights, &moved) / dot(&self.weights, &self.start);
        rate.is_finite().then_some(rate)
    }

    /// `b - (i w - M) x`.
    fn rest(&self, omega: f64, x: &[Complex64], b: &[Complex64]) -> Vec<Complex64> {
        let rows = self.matrix.chunks_exact(self.dim).zip(x).zip(b);
        rows.map(|((row, own), b)| b - (Complex64::new(0.0, omega) * own - dot(row, x))).collect()
    }

    /// `2 Re weights . x` of the solution x of `(i w - M) x = start`, and what a second solution for the residual
    /// of the first changes, which is the error.
    fn refined(&self, omega: f64, solve: &dyn Fn(&[Complex64]) -> Vec<Complex64>) -> (f64, f64) {
        let mut x = solve(&self.start);
        let step = solve(&self.rest(omega, &x, &self.start));
        x.iter_mut().zip(&step).for_each(|(x, step)| *x += step);
        let size: f64 = self.weights.iter().zip(&x).map(|(w, x)| (w * x).norm()).sum();
        let error = dot(&self.weights, &step).norm() + f64::EPSILON * size;
        (2.0 * dot(&self.weights, &x).re, 2.0 * error)
    }

    /// By a linear system.
    fn by_system(&self, omega: f64) -> (f64, f64) {
        let mut matrix: Vec<Complex64> = self.matrix.iter().map(|z| -z).collect();
        (0..self.dim).for_each(|i| matrix[i * self.dim + i] += Complex64::new(0.0, omega));
        let Some(lu) = ComplexLu::new(&matrix, self.dim) else { return (f64::NAN, f64::NAN) };
        let solve = |b: &[Complex64]| {
            let mut x = b.to_vec();
            lu.solve(&mut x);
            x
        };
        self.refined(omega, &solve)
    }

    /// By eigenpairs.
    fn by_poles(&self, eigen: &GeneralEigen, omega: f64) -> (f64, f64) {
        let dim = self.dim;
        let solve = |b: &[Complex64]| -> Vec<Complex64> {
            let modes = eigen.inverse.chunks_exact(dim).zip(&eigen.values);
            let modes: Vec<Complex64> =
                modes.map(|(row, value)| dot(row, b) / (Complex64::new(0.0, omega) - value)).collect();
            eigen.vectors.chunks_exact(dim).map(|row| dot(row, &modes)).collect()
        };
        self.refined(omega, &solve)
    }

    /// The part of the correlation that decays, at `delays`, with errors: from eigenpairs, checked by
    /// exponentials of the matrix at some delays, and from those alone where eigenvectors are not known.
    pub(crate) fn series(&self, delays: &[f64]) -> (Vec<Complex64>, f64) {
        /// Delays at which eigenpairs are checked.
        const CHECKS: usize = 4;
        let first = dot(&self.weights, &self.start).norm();
        let Some(eigen) = &self.eigen else {
            let (values, of_steps) = self.stepped(delays);
            return (values, of_steps + f64::EPSILON * first * delays.len() as f64);
        };
        let weights = self.mode_weights(eigen);
        let at = |t: f64| -> Complex64 {
            eigen.values.iter().zip(&weights).map(|(value, c)| c * (value * t).exp()).sum()
        };
        let size: f64 = weights.iter().map(|c| c.norm()).sum();
        let places = (0..delays.len()).step_by(delays.len().div_ceil(CHECKS).max(1));
        let off = places.map(|k| (at(delays[k]) - self.at(delays[k])).norm()).fold(0.0, f64::max);
        (delays.iter().map(|t| at(*t)).collect(), off + 4.0 * f64::EPSILON * size)
    }

    /// `weights . exp(M t) start`.
    fn at(&self, t: f64) -> Complex64 {
        dot(&self.weights, &self.moved(t, &self.start))
    }

    fn moved(&self, t: f64, from: &[Complex64]) -> Vec<Complex64> {
        let dim = self.dim;
        let exponential = expm_complex(&Mat::from_fn(dim, dim, |i, k| self.matrix[i * dim + k] * t));
        (0..dim).map(|i| (0..dim).map(|k| exponential[(i, k)] * from[k]).sum()).collect()
    }

    /// Step by step; the end once more in one step, for the error.
    fn stepped(&self, delays: &[f64]) -> (Vec<Complex64>, f64) {
        let (mut now, mut z) = (0.0, self.start.clone());
        let mut values = Vec::with_capacity(delays.len());
        for t in delays {
            if *t > now {
                z = self.moved(t - now, &z);
                now = *t;
            }
            values.push(dot(&self.weights, &z));
        }
        let off = values.last().map_or(0.0, |last| (last - self.at(now)).norm());
        (values, off)
    }
}

/// One linear system for every frequency.
pub(crate) struct Systems<'a>(pub(crate) &'a Resolvent);

impl SpectralDensity for Systems<'_> {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        Ok(self.0.by_system(omega))
    }
}

/// All eigenpairs.
pub(crate) struct Poles<'a>(pub(crate) &'a Resolvent);

impl SpectralDensity for Poles<'_> {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        Ok(self.0.eigen.as_ref().map_or((f64::NAN, f64::NAN), |eigen| self.0.by_poles(eigen, omega)))
    }
}

impl Resolvent {
    /// The Fourier integral of the correlation up to where it has decayed; `None` where the slowest mode takes too
    /// many steps of the fastest, or nothing decays.
    pub(crate) fn decayed(&self, omega: &[f64]) -> Option<FourierIntegral> {
        const POINTS: f64 = 262_144.0;
        // To 1e-9 of the start.
        const DECAYED: f64 = 21.0;
        let slowest = -self.values.first()?.re;
        let fastest = omega.iter().map(|w| w.abs()).fold(0.0, f64::max)
            + self.values.iter().map(|z| z.norm()).fold(0.0, f64::max);
        let step = 0.06 / fastest;
        let count = DECAYED / slowest / step;
        if count.is_nan() || slowest <= 0.0 || count > POINTS {
            return None;
        }
        let count = 4 * (count as usize / 4 + 1);
        let times: Vec<f64> = (0..=count).map(|k| k as f64 * step).collect();
        Some(FourierIntegral { step, values: self.series(&times).0 })
    }
}
