//! Rational Krylov subspaces against the dense exponential, on a system with rates of 1e5.

use std::ops::ControlFlow;

use superladder_dense::{Mat, expm, multiply_vector, scaled};
use superladder_propagate::{Linear, LinearOperator, Method, Observer, Samples, Stop};

/// Pairs that rotate at frequencies up to 3, each driven by and driving a fast mode: adiabatic elimination
/// leaves slow decays.
///
/// ```text
/// a' = -w b,   b' = w a - g c,   c' = g b - K c,      neighbours weakly coupled
/// ```
struct Cascade(usize);

impl Cascade {
    fn matrix(&self) -> Mat<f64> {
        let n = self.0;
        let mut m = Mat::zeros(3 * n, 3 * n);
        for k in 0..n {
            let (a, b, c) = (3 * k, 3 * k + 1, 3 * k + 2);
            let frequency = 3.0 * (k + 1) as f64 / n as f64;
            (m[(a, b)], m[(b, a)]) = (-frequency, frequency);
            (m[(b, c)], m[(c, b)]) = (-30.0, 30.0);
            m[(c, c)] = -1e5 * (k + 1) as f64 / n as f64;
            let next = 3 * ((k + 1) % n);
            (m[(a, next)], m[(next, a)]) = (0.1, -0.1);
        }
        m
    }
}

impl LinearOperator for Cascade {
    fn dim(&self) -> usize {
        3 * self.0
    }
    fn apply(&self, x: &[f64], out: &mut [f64]) {
        multiply_vector(&self.matrix(), x, out);
    }
    fn norm_bound(&self) -> f64 {
        1e5
    }
    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        Some((-1e5, 0.0, 40.0))
    }
}

/// Keeps the states at the stops, and the first numbers of the samples.
#[derive(Default)]
struct Keeping {
    states: Vec<(f64, Vec<f64>)>,
    samples: Vec<(f64, f64)>,
    sampling: bool,
}

impl Observer for Keeping {
    fn stop(&mut self, stop: &Stop<'_>) -> ControlFlow<()> {
        self.states.push((stop.time, stop.state.expect("a state").to_vec()));
        ControlFlow::Continue(())
    }
    fn wants_samples(&self) -> bool {
        self.sampling
    }
    fn probe_count(&self) -> usize {
        1
    }
    fn probe(&self, vector: &[f64], out: &mut [f64]) {
        out[0] = vector[0];
    }
    fn review(&mut self, samples: &Samples<'_>) -> ControlFlow<()> {
        self.samples.extend(samples.times.iter().copied().zip(samples.probes.iter().copied()));
        ControlFlow::Continue(())
    }
}

fn difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn stiff_systems_keep_their_error_at_every_stop() {
    let system = Cascade(40);
    let dim = system.dim();
    let start: Vec<f64> = (0..dim).map(|k| (0.7 * k as f64).sin()).collect();
    let size = start.iter().map(|x| x * x).sum::<f64>().sqrt();
    // Inside of the transient, at equal distances, and far out.
    let stops = [3e-6, 1e-4, 0.1, 0.2, 0.3, 0.4, 1.7, 20.0, 50.0];
    for (tolerance, sampling) in [(1e-10, false), (1e-6, true)] {
        let options = [("tolerance", tolerance.into())];
        let method = Method::from_name_and_options("rational-krylov", &options).expect("valid");
        let mut propagator = method.propagator(dim);
        let (mut y, mut seen) = (start.clone(), Keeping { sampling, ..Keeping::default() });
        let reached = propagator.advance(&Linear(&system), 0.0, 60.0, &mut y, &stops, &mut seen);
        assert_eq!(reached.expect("ends"), 60.0);
        seen.states.push((60.0, y));
        let statistics = propagator.statistics();
        for (time, state) in &seen.states {
            let mut exact = vec![0.0; dim];
            multiply_vector(&expm(&scaled(&system.matrix(), *time)), &start, &mut exact);
            let error = difference(state, &exact) / size;
            assert!(error < tolerance * time + 1e-11, "t = {time}: {error:e}");
            assert!(error < 2.0 * statistics.error_estimate + 1e-11, "t = {time}: {error:e}, {statistics:?}");
        }
        // Polynomials would need some 6e6 applications.
        assert!(statistics.applications < 4000, "{statistics:?}");
        assert_eq!(seen.samples.is_empty(), !sampling);
        for (time, value) in &seen.samples {
            let mut exact = vec![0.0; dim];
            multiply_vector(&expm(&scaled(&system.matrix(), *time)), &start, &mut exact);
            assert!((value - exact[0]).abs() < 1e-4 * size, "t = {time}");
        }
    }
}

#[test]
fn a_restored_memory_goes_on_with_the_same_bits() {
    let (system, method) =
        (Cascade(10), Method::from_name_and_options("rational-krylov", &[]).expect("valid"));
    let dim = system.dim();
    let mut whole = vec![1.0; dim];
    let mut one = method.propagator(dim);
    let mut ignore = |_: f64, _: &[f64]| ControlFlow::Continue(());
    one.advance(&Linear(&system), 0.0, 2.0, &mut whole, &[], &mut ignore).expect("ends");
    let mut again = method.propagator(dim);
    again.restore(&one.memory());
    let mut copy = whole.clone();
    one.advance(&Linear(&system), 2.0, 9.0, &mut whole, &[], &mut ignore).expect("ends");
    again.advance(&Linear(&system), 2.0, 9.0, &mut copy, &[], &mut ignore).expect("ends");
    assert!(whole == copy, "other bits");
}
