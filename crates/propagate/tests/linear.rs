//! Linear systems against the dense exponential.
mod common;

use std::ops::ControlFlow;

use common::{Chain, Dense, advance, damped, distance, method, observe};
use faer::Mat;
use proptest::prelude::*;
use superladder_propagate::{Linear, LinearOperator, METHODS, Method, Observer, OptionValue, Samples, Stop};

/// Every method at a tight tolerance.
fn tight(name: &str) -> Method {
    match name {
        "krylov" | "rational-krylov" => method(name, &[("tolerance", 1e-11)]),
        "chebyshev" | "exponential" => method(name, &[("step_tolerance", 1e-12)]),
        _ => method(name, &[("rtol", 1e-11), ("atol", 1e-13)]),
    }
}

fn start(n: usize) -> Vec<f64> {
    (0..n).map(|i| (1.0 + i as f64).sin()).collect()
}

/// Distance relative to the larger of the start and the exact state: tolerances refer to the former.
fn error_of(y: &[f64], exact: &[f64], start: &[f64]) -> f64 {
    let size = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
    distance(y, exact) * size(exact) / size(exact).max(size(start))
}

#[test]
fn all_methods_agree_with_the_dense_exponential() {
    for (n, shift, seed) in [(1, 0.0, 1), (2, 0.0, 2), (7, 1.0, 3), (40, 3.0, 4), (60, 12.0, 5)] {
        let operator = Dense::random(n, shift, seed);
        let stops: Vec<f64> = (1..=12).map(|k| 0.25 * f64::from(k)).collect();
        for definition in METHODS {
            let mut propagator = tight(definition.name).propagator(n);
            let mut y = start(n);
            let seen = observe(&mut *propagator, &Linear(&operator), (0.0, 3.0), &mut y, &stops);
            assert_eq!(seen.iter().map(|(t, _)| *t).collect::<Vec<_>>(), stops);
            for (t, y) in &seen {
                let error = error_of(y, &operator.exact(*t, &start(n)), &start(n));
                assert!(error < 2e-9, "{} n={n} at {t}: {error:e}", definition.name);
            }
            let error = error_of(&y, &operator.exact(3.0, &start(n)), &start(n));
            println!("{} n={n}: error {error:.1e}, {:?}", definition.name, propagator.statistics());
        }
    }
}

#[test]
fn krylov_meets_its_tolerance_per_unit_time() {
    for (n, shift, seed) in [(80, 0.0, 11), (80, 8.0, 12), (200, 20.0, 13)] {
        let operator = Dense::random(n, shift, seed);
        for tolerance in [1e-4, 1e-7, 1e-10] {
            for dimension in [8, 20, 40] {
                let options = [
                    ("tolerance", OptionValue::Real(tolerance)),
                    ("dimension", OptionValue::Integer(dimension)),
                ];
                let m = Method::from_name_and_options("krylov", &options).expect("valid");
                let mut propagator = m.propagator(n);
                let mut y = start(n);
                advance(&mut *propagator, &Linear(&operator), (0.0, 1.0), &mut y).expect("ends");
                let error = error_of(&y, &operator.exact(1.0, &start(n)), &start(n));
                let s = propagator.statistics();
                println!("n={n} shift={shift} tol={tolerance:e} m={dimension}: {error:.1e} {s:?}");
                assert!(error < 10.0 * tolerance + 1e-12, "n={n} tol={tolerance:e} m={dimension}: {error:e}");
            }
        }
    }
}

#[test]
fn krylov_is_exact_in_an_invariant_subspace() {
    // The first two entries rotate by themselves.
    let n = 50;
    let operator = Dense(Mat::from_fn(n, n, |i, j| match (i, j) {
        (0, 1) => -2.0,
        (1, 0) => 2.0,
        _ if i == j && i > 1 => -(i as f64),
        _ => 0.0,
    }));
    let mut y = vec![0.0; n];
    y[0] = 3.0;
    let mut propagator = method("krylov", &[]).propagator(n);
    advance(&mut *propagator, &Linear(&operator), (0.0, 1000.0), &mut y).expect("ends");
    let statistics = propagator.statistics();
    assert_eq!((statistics.accepted, statistics.largest_dimension), (1, 2));
    assert!((y[0] - 3.0 * 2000.0_f64.cos()).abs() < 1e-11, "{}", y[0]);
    assert!((y[1] - 3.0 * 2000.0_f64.sin()).abs() < 1e-11, "{}", y[1]);
    assert!(y[2..].iter().all(|v| *v == 0.0));
}

#[test]
fn zero_vectors_and_zero_matrices_stay() {
    for definition in METHODS {
        let operator = Dense::random(5, 0.0, 1);
        let mut y = [0.0; 5];
        let mut propagator = (definition.method)().propagator(5);
        let seen = observe(&mut *propagator, &Linear(&operator), (0.0, 2.0), &mut y, &[0.5, 2.0]);
        assert!(seen.len() == 2 && y == [0.0; 5], "{}", definition.name);

        let operator = Dense(Mat::zeros(5, 5));
        let mut y = [1.0, 2.0, 3.0, 4.0, 5.0];
        let mut propagator = (definition.method)().propagator(5);
        advance(&mut *propagator, &Linear(&operator), (0.0, 1e6), &mut y).expect("ends");
        assert!(distance(&y, &[1.0, 2.0, 3.0, 4.0, 5.0]) < 1e-15, "{}", definition.name);
        println!("{}: {:?}", definition.name, propagator.statistics());
    }
}

#[test]
fn the_integrating_factor_is_exact_for_a_stiff_diagonal() {
    let rates = [0.0, 1.0, 1e2, 6e2];
    let operator = Dense(Mat::from_fn(4, 4, |i, j| if i == j { -rates[i] } else { 0.0 }));
    for name in ["dop853", "tsit5", "low-storage"] {
        let options = [("lawson", OptionValue::Boolean(true))];
        let mut propagator = Method::from_name_and_options(name, &options).expect("valid").propagator(4);
        let mut y = [1.0; 4];
        let stops: &[f64] = if name == "low-storage" { &[] } else { &[0.25] };
        let seen = observe(&mut *propagator, &Linear(&operator), (0.0, 1.0), &mut y, stops);
        assert_eq!(propagator.statistics().accepted, 1, "{name}");
        for (t, y) in seen.iter().map(|(t, y)| (*t, &y[..])).chain([(1.0, &y[..])]) {
            for (value, rate) in y.iter().zip(rates) {
                let exact = (-rate * t).exp();
                assert!((value - exact).abs() <= 1e-13 * exact, "{name}: {value} {exact}");
            }
        }
    }
}

/// Pairs (re, im) with nearly the same fast frequency, slow decays and a weak coupling of the pairs.
struct Phases(usize);

impl Phases {
    fn frequency(pair: usize) -> f64 {
        500.0 + 0.3 * pair as f64
    }
}

impl LinearOperator for Phases {
    fn dim(&self) -> usize {
        2 * self.0
    }
    fn apply(&self, x: &[f64], out: &mut [f64]) {
        self.apply_off_diagonal(x, out);
        for (pair, (out, x)) in out.chunks_exact_mut(2).zip(x.chunks_exact(2)).enumerate() {
            out[0] += -0.2 * x[0] - Self::frequency(pair) * x[1];
            out[1] += -0.2 * x[1] + Self::frequency(pair) * x[0];
        }
    }
    fn norm_bound(&self) -> f64 {
        502.0 + 0.3 * self.0 as f64
    }
    fn exponential_of_diagonal(&self, dt: f64, x: &mut [f64]) -> bool {
        let decay = (-0.2 * dt).exp();
        for (pair, x) in x.chunks_exact_mut(2).enumerate() {
            let (s, c) = (Self::frequency(pair) * dt).sin_cos();
            (x[0], x[1]) = (decay * (c * x[0] - s * x[1]), decay * (s * x[0] + c * x[1]));
        }
        true
    }
    fn apply_off_diagonal(&self, x: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for i in 2..x.len() {
            out[i - 2] -= 0.7 * x[i];
            out[i] += 0.7 * x[i - 2];
        }
    }
}

#[test]
fn the_integrating_factor_removes_fast_phases() {
    let operator = Phases(4);
    let basis = |j: usize| (0..8).map(|i| f64::from(u8::from(i == j))).collect::<Vec<f64>>();
    let columns: Vec<Vec<f64>> = (0..8)
        .map(|j| {
            let mut column = vec![0.0; 8];
            operator.apply(&basis(j), &mut column);
            column
        })
        .collect();
    let dense = Dense(Mat::from_fn(8, 8, |i, j| columns[j][i]));
    for name in ["dop853", "tsit5", "low-storage"] {
        let run = |lawson: bool| {
            let options = [("lawson", lawson.into()), ("rtol", 1e-9.into()), ("atol", 1e-12.into())];
            let mut propagator = Method::from_name_and_options(name, &options).expect("valid").propagator(8);
            let mut y = start(8);
            let stops: Vec<f64> = (1..=20).map(|k| 0.05 * f64::from(k)).filter(|t| *t <= 1.0).collect();
            let mut worst = 0.0_f64;
            for (t, y) in observe(&mut *propagator, &Linear(&operator), (0.0, 1.0), &mut y, &stops) {
                worst = worst.max(distance(&y, &dense.exact(t, &start(8))));
            }
            (worst, propagator.statistics().applications)
        };
        let (plain, framed) = (run(false), run(true));
        println!("{name}: plain {plain:?}, lawson {framed:?}");
        assert!(framed.0 < 1e-7, "{name}: {:e}", framed.0);
        assert!(20 * framed.1 < plain.1, "{name}: {framed:?} {plain:?}");
    }
}

#[test]
fn long_times_of_a_large_chain_agree() {
    let operator = Chain(3000);
    let mut reference: Option<Vec<f64>> = None;
    for name in ["krylov", "chebyshev", "dop853"] {
        let mut propagator = tight(name).propagator(3000);
        let mut y = vec![0.0; 3000];
        y[1500] = 1.0;
        advance(&mut *propagator, &Linear(&operator), (0.0, 100.0), &mut y).expect("ends");
        println!("{name}: {:?}", propagator.statistics());
        // Rotations between neighbours keep the norm, so that only the decay is seen in it.
        let size = y.iter().map(|v| v * v).sum::<f64>().sqrt();
        assert!((size - (-10.0_f64).exp()).abs() < 1e-11, "{name}: {size}");
        if let Some(reference) = &reference {
            let error = distance(&y, reference) * size;
            assert!(error < 1e-11, "{name}: {error:e}");
        }
        reference.get_or_insert(y);
    }
}

#[test]
fn chebyshev_survives_a_box_that_is_too_small() {
    struct Liar(Dense);
    impl LinearOperator for Liar {
        fn dim(&self) -> usize {
            self.0.dim()
        }
        fn apply(&self, x: &[f64], out: &mut [f64]) {
            self.0.apply(x, out);
        }
        fn norm_bound(&self) -> f64 {
            self.0.norm_bound()
        }
        fn spectral_box(&self) -> Option<(f64, f64, f64)> {
            Some((-0.5, 0.0, 2.0))
        }
    }
    let operator = Liar(damped(10.0, 0.3));
    let mut propagator = method("chebyshev", &[]).propagator(2);
    let mut y = [1.0, 0.0];
    advance(&mut *propagator, &Linear(&operator), (0.0, 20.0), &mut y).expect("ends");
    let error = distance(&y, &operator.0.exact(20.0, &[1.0, 0.0]));
    println!("{error:.1e} {:?}", propagator.statistics());
    assert!(error < 1e-7, "{error:e}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_small_system_agrees_with_its_exponential(
        entries in proptest::collection::vec(-3.0..3.0_f64, 16),
        y in proptest::collection::vec(-1.0..1.0_f64, 4),
        end in 0.01..3.0_f64,
        part in 0.01..0.99_f64,
    ) {
        let operator = Dense(Mat::from_fn(4, 4, |i, j| entries[4 * i + j] - if i == j { 3.0 } else { 0.0 }));
        for definition in METHODS {
            let mut propagator = tight(definition.name).propagator(4);
            let mut state = y.clone();
            let stop = part * end;
            let seen = observe(&mut *propagator, &Linear(&operator), (0.0, end), &mut state, &[stop]);
            for (t, state) in [(stop, &seen[0].1), (end, &state)] {
                let error = error_of(state, &operator.exact(t, &y), &y);
                prop_assert!(error < 1e-8, "{} at {t}: {error:e}", definition.name);
            }
        }
    }
}

/// x_0 decays at a rate of 1e5 into x_1, which turns into x_2 at a frequency of 1.
struct Stiff;

impl LinearOperator for Stiff {
    fn dim(&self) -> usize {
        4
    }
    fn apply(&self, x: &[f64], out: &mut [f64]) {
        let fast = 1e5 * x[0];
        out.copy_from_slice(&[-fast, fast - x[2], x[1], x[3]]);
    }
    fn norm_bound(&self) -> f64 {
        2e5
    }
    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        Some((-1e5, 1.0, 1.0))
    }
}

/// Collects samples, and wants no state.
#[derive(Default)]
struct Sampling(Vec<(f64, f64)>);

impl Observer for Sampling {
    fn probe_count(&self) -> usize {
        1
    }
    fn probe(&self, vector: &[f64], out: &mut [f64]) {
        out[0] = vector[0];
    }
    fn wants_samples(&self) -> bool {
        true
    }
    fn review(&mut self, samples: &Samples<'_>) -> ControlFlow<()> {
        self.0.extend(samples.rows().map(|(t, row)| (t, row[0])));
        ControlFlow::Continue(())
    }
    fn stop(&mut self, _: &Stop<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[test]
fn the_exponential_does_not_feel_stiffness_and_its_samples_see_the_fast_part() {
    let mut propagator = method("exponential", &[]).propagator(4);
    let (mut y, mut sampling) = ([1.0, 0.0, 0.0, 0.0], Sampling::default());
    propagator.advance(&Linear(&Stiff), 0.0, 100.0, &mut y, &[50.0], &mut sampling).expect("ends");
    // x_1 + i x_2 = 1e5/(1e5 + i) e^(it), but for what is still in x_0.
    let (exact_1, exact_2) = (100.0_f64.cos(), 100.0_f64.sin());
    assert!((y[1] - exact_1).abs() < 2e-5 && (y[2] - exact_2).abs() < 2e-5, "{y:?}");
    assert_eq!(y[3], 0.0);
    let statistics = propagator.statistics();
    assert_eq!(statistics.largest_dimension, 3, "what cannot be reached has no row");
    assert!(statistics.applications < 100, "{statistics:?}");
    assert!(statistics.error_estimate < 1e-8, "{statistics:?}");
    // The integral of x_0 is 1e-5: the trapezoidal rule on the samples finds its size.
    let mut integral = 0.0;
    let mut last = (0.0, 1.0);
    for (t, x) in &sampling.0 {
        integral += 0.5 * (x + last.1) * (t - last.0);
        last = (*t, *x);
    }
    assert!((0.9e-5..1.3e-5).contains(&integral), "{integral:e}");
    assert!(sampling.0.windows(2).all(|w| w[0].0 < w[1].0 && w[1].0 - w[0].0 <= 4.0 + 1e-12));
}

/// Rotations at frequencies up to 5, and decays up to 20 that are not in the rectangle told: polynomials grow
/// there, and what the state has of those modes is rounding only.
struct Beyond(usize);

impl Beyond {
    fn rate(&self, k: usize) -> f64 {
        if k < 2 * self.0 { 0.05 } else { 8.0 + 12.0 * (k - 2 * self.0) as f64 / self.0 as f64 }
    }
}

impl LinearOperator for Beyond {
    fn dim(&self) -> usize {
        3 * self.0
    }
    fn apply(&self, x: &[f64], out: &mut [f64]) {
        for k in 0..self.0 {
            let frequency = 5.0 * k as f64 / self.0 as f64;
            let (a, b) = (x[2 * k], x[2 * k + 1]);
            out[2 * k] = -0.05 * a - frequency * b;
            out[2 * k + 1] = frequency * a - 0.05 * b;
        }
        for k in 2 * self.0..3 * self.0 {
            out[k] = -self.rate(k) * x[k];
        }
    }
    fn norm_bound(&self) -> f64 {
        30.0
    }
    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        Some((-10.0, 0.0, 5.0))
    }
}

#[test]
fn terms_count_by_what_they_add_and_not_by_their_coefficients() {
    let operator = Beyond(20);
    let start = |k: usize| if k < 40 { 1.0 } else { 1e-17 };
    for stops in [vec![], vec![10.0, 20.0]] {
        let mut propagator = method("chebyshev", &[]).propagator(60);
        let mut y: Vec<f64> = (0..60).map(start).collect();
        let seen = observe(&mut *propagator, &Linear(&operator), (0.0, 30.0), &mut y, &stops);
        let ends = seen.iter().map(|(t, y)| (*t, y.clone())).chain([(30.0, y)]);
        for (t, y) in ends {
            for k in 0..20 {
                let (s, c) = (0.25 * k as f64 * t).sin_cos();
                let size = (-0.05 * t).exp();
                assert!((y[2 * k] - size * (c - s)).abs() < 1e-9, "{k} at {t}");
                assert!((y[2 * k + 1] - size * (c + s)).abs() < 1e-9, "{k} at {t}");
            }
            let worst = y[40..].iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            assert!(worst < 1e-9, "what has decayed is {worst:e} at {t}: {:?}", propagator.statistics());
        }
    }
}
