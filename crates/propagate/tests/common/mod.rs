//! Systems with known solutions.
#![allow(dead_code, reason = "each test file uses its part")]

use std::ops::ControlFlow;

use faer::Mat;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use superladder_dense::expm;
use superladder_propagate::{
    LinearOperator, Method, OptionValue, PropagateError, Propagator, System, VectorField,
};

/// A dense matrix as an operator; its diagonal is offered to the integrating factor.
pub(crate) struct Dense(pub(crate) Mat<f64>);

impl LinearOperator for Dense {
    fn dim(&self) -> usize {
        self.0.nrows()
    }
    fn apply(&self, x: &[f64], out: &mut [f64]) {
        for (i, value) in out.iter_mut().enumerate() {
            *value = (0..x.len()).map(|j| self.0[(i, j)] * x[j]).sum();
        }
    }
    fn norm_bound(&self) -> f64 {
        let row = |i| (0..self.dim()).map(|j: usize| self.0[(i, j)].abs()).sum::<f64>();
        (0..self.dim()).map(row).fold(0.0, f64::max)
    }
    fn exponential_of_diagonal(&self, dt: f64, x: &mut [f64]) -> bool {
        for (i, value) in x.iter_mut().enumerate() {
            *value *= (dt * self.0[(i, i)]).exp();
        }
        true
    }
    fn apply_off_diagonal(&self, x: &[f64], out: &mut [f64]) {
        for (i, value) in out.iter_mut().enumerate() {
            *value = (0..x.len()).filter(|&j| j != i).map(|j| self.0[(i, j)] * x[j]).sum();
        }
    }
}

impl Dense {
    /// exp(t A) y.
    pub(crate) fn exact(&self, t: f64, y: &[f64]) -> Vec<f64> {
        let n = self.dim();
        let e = expm(&Mat::from_fn(n, n, |i, j| t * self.0[(i, j)]));
        (0..n).map(|i| (0..n).map(|j| e[(i, j)] * y[j]).sum()).collect()
    }

    /// Random entries in [-1, 1] minus `shift` on the diagonal.
    pub(crate) fn random(n: usize, shift: f64, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        Self(Mat::from_fn(n, n, |i, j| random.random_range(-1.0..1.0) - if i == j { shift } else { 0.0 }))
    }
}

/// A damped oscillator of frequency `w` and rate `g`: (x + iv)' = (iw - g)(x + iv).
pub(crate) fn damped(w: f64, g: f64) -> Dense {
    Dense(faer::mat![[-g, -w], [w, -g]])
}

/// A tridiagonal operator of any length: rotation between neighbours plus decay, never assembled.
pub(crate) struct Chain(pub(crate) usize);

impl LinearOperator for Chain {
    fn dim(&self) -> usize {
        self.0
    }
    fn apply(&self, x: &[f64], out: &mut [f64]) {
        let last = x.len() - 1;
        for (i, value) in out.iter_mut().enumerate() {
            let left = if i > 0 { x[i - 1] } else { 0.0 };
            let right = if i < last { x[i + 1] } else { 0.0 };
            *value = left - right - 0.1 * x[i];
        }
    }
    fn norm_bound(&self) -> f64 {
        2.1
    }
    fn exponential_of_diagonal(&self, dt: f64, x: &mut [f64]) -> bool {
        let factor = (-0.1 * dt).exp();
        for v in x {
            *v *= factor;
        }
        true
    }
    fn apply_off_diagonal(&self, x: &[f64], out: &mut [f64]) {
        self.apply(x, out);
        for (value, x) in out.iter_mut().zip(x) {
            *value += 0.1 * x;
        }
    }
    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        Some((-0.1, -0.1, 2.0))
    }
}

/// A field from a closure.
pub(crate) struct Closure<F>(pub(crate) usize, pub(crate) F);

impl<F: Fn(f64, &[f64], &mut [f64]) + Sync> VectorField for Closure<F> {
    fn dim(&self) -> usize {
        self.0
    }
    fn derivative(&self, t: f64, y: &[f64], out: &mut [f64]) {
        (self.1)(t, y, out);
    }
}

/// x' = x (1 - v), v' = v (x - 1); keeps x + v - ln x - ln v.
pub(crate) fn lotka_volterra() -> Closure<impl Fn(f64, &[f64], &mut [f64]) + Sync> {
    Closure(2, |_t: f64, y: &[f64], out: &mut [f64]| {
        out[0] = y[0] * (1.0 - y[1]);
        out[1] = y[1] * (y[0] - 1.0);
    })
}

/// A nonlinear rotation with explicit time: (x + iv)' = i φ'(t) |x + iv|^2 (x + iv), φ = t + sin(t)/2.
pub(crate) fn driven() -> Closure<impl Fn(f64, &[f64], &mut [f64]) + Sync> {
    Closure(2, |t: f64, y: &[f64], out: &mut [f64]| {
        let rate = (1.0 + 0.5 * t.cos()) * (y[0] * y[0] + y[1] * y[1]);
        out[0] = -rate * y[1];
        out[1] = rate * y[0];
    })
}

/// The solution of [`driven`] on the unit circle.
pub(crate) fn driven_exact(t: f64) -> [f64; 2] {
    let (sin, cos) = (t + 0.5 * t.sin()).sin_cos();
    [cos, sin]
}

/// The method `name` with options.
pub(crate) fn method(name: &str, options: &[(&str, f64)]) -> Method {
    let options: Vec<_> = options.iter().map(|&(key, value)| (key, OptionValue::Real(value))).collect();
    Method::from_name_and_options(name, &options).expect("valid options")
}

/// Advances without stops.
pub(crate) fn advance(
    propagator: &mut dyn Propagator,
    system: &dyn System,
    (t, end): (f64, f64),
    y: &mut [f64],
) -> Result<f64, PropagateError> {
    propagator.advance(system, t, end, y, &[], &mut |_: f64, _: &[f64]| ControlFlow::Continue(()))
}

/// Advances and returns the states at the stops.
pub(crate) fn observe(
    propagator: &mut dyn Propagator,
    system: &dyn System,
    (t, end): (f64, f64),
    y: &mut [f64],
    stops: &[f64],
) -> Vec<(f64, Vec<f64>)> {
    let mut seen = Vec::new();
    propagator
        .advance(system, t, end, y, stops, &mut |t: f64, y: &[f64]| {
            seen.push((t, y.to_vec()));
            ControlFlow::Continue(())
        })
        .expect("reaches the end");
    seen
}

/// Euclidean distance relative to `b`.
pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    let square = |v: f64| v * v;
    let difference: f64 = a.iter().zip(b).map(|(a, b)| square(a - b)).sum();
    let size: f64 = b.iter().map(|b| square(*b)).sum();
    difference.sqrt() / size.sqrt().max(f64::MIN_POSITIVE)
}
