//! Stiff problems: strong loss beside slow collective decay.

use superladder_engine::{EngineError, Problem, Silent, run};
use superladder_exact::Exact;
use superladder_model::Model;
use superladder_propagate::{Chebyshev, Method};

/// A bad cavity with superradiant emission through it: loss kappa, coupling sqrt(N) g per spin.
fn bad_cavity(n: usize, cutoff: usize, kappa: f64, end: f64, points: usize) -> Problem {
    let model = Model::builder()
        .mode("a", 0.0)
        .ensemble("S", n, 0.0)
        .interaction("tavis-cummings", ["a", "S"], (n as f64).sqrt())
        .channel("cavity-loss", "a", kappa)
        .build()
        .expect("valid");
    Problem::builder(&model)
        .initial("a", "vacuum", ())
        .initial("S", "up", ())
        .cutoff("a", cutoff)
        .observe("photons(a)")
        .observe("spin(S)")
        .times(0.0, end, points)
        .build()
        .expect("valid")
}

/// Values of all measurements at the output times, and the engine's statistics.
fn ran(engine: &Exact, problem: &Problem) -> (Vec<f64>, serde_json::Value) {
    let (evolution, recorder) = run(engine, problem, &mut Silent).expect("runs");
    let values = recorder.records.iter().flat_map(|r| &r.measurements).flat_map(|m| &m.values);
    (values.map(|v| v.value).collect(), evolution.statistics())
}

fn difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Excited spins of a cascade down the ladder of spin N/2 at the rate gamma (N/2 + m)(N/2 - m + 1), by the
/// series of uniformisation.
fn cascade(n: usize, gamma: f64, time: f64) -> f64 {
    let rate = |k: usize| gamma * (k * (n - k + 1)) as f64;
    let fastest = (0..=n).map(rate).fold(0.0, f64::max);
    let mut populations: Vec<f64> = (0..=n).map(|k| if k == n { 1.0 } else { 0.0 }).collect();
    let (mut weight, mut mean) = ((-fastest * time).exp(), 0.0);
    for term in 0..400 {
        mean += weight * populations.iter().enumerate().map(|(k, p)| k as f64 * p).sum::<f64>();
        let out: Vec<f64> = (0..=n).map(|k| populations[k] * rate(k) / fastest).collect();
        for k in 0..=n {
            populations[k] += out.get(k + 1).copied().unwrap_or(0.0) - out[k];
        }
        weight *= fastest * time / f64::from(term + 1);
    }
    mean
}

#[test]
fn a_stiff_problem_takes_the_exponential_and_keeps_its_figures() {
    for (kappa, tolerance) in [(200.0, 1e-9), (2000.0, 1e-8)] {
        let problem = bad_cavity(4, 4, kappa, kappa / 2.0, 5);
        let automatic = Exact::default();
        let (values, statistics) = ran(&automatic, &problem);
        if kappa > 1000.0 {
            assert_eq!(statistics["method"], "exponential");
            let report = superladder_engine::Engine::resources(&automatic, &problem).expect("fits").report;
            let line = report.iter().find(|(name, _)| name == "method").expect("a line");
            assert!(line.1.starts_with("exponential (stiff"), "{}", line.1);
        }
        let estimate = statistics["propagator"]["error_estimate"].as_f64().expect("a number");
        assert!(estimate < tolerance, "{estimate:e}");
        let method = Method::from_name_and_options("exponential", &[]).expect("valid");
        let (forced, _) = ran(&Exact { method, ..Exact::default() }, &problem);
        assert!(difference(&values, &forced) < tolerance);
        if kappa < 1000.0 {
            let chebyshev = Method::Chebyshev(Chebyshev::default());
            let (slow, _) = ran(&Exact { method: chebyshev, automatic: false, ..Exact::default() }, &problem);
            assert!(difference(&forced, &slow) < tolerance, "{:e}", difference(&forced, &slow));
        }
        // Adiabatic elimination of the cavity: emission at the rate 4/kappa, off by terms of order 1/kappa^2.
        for (row, time) in [(2, 0.25 * kappa), (4, 0.5 * kappa)] {
            let excited = values[4 * row + 3] + 2.0;
            let error = (excited - cascade(4, 4.0 / kappa, time)).abs();
            assert!(error < 100.0 / kappa.powi(2), "kappa {kappa}, t = {time}: {error:e}");
        }
    }
    assert!((cascade(4, 4.0 / 2000.0, 500.0) - 2.0 - -1.522_693).abs() < 1e-6);
    assert!((cascade(4, 4.0 / 2000.0, 1000.0) - 2.0 - -1.980_285).abs() < 1e-6);
}

#[test]
fn a_larger_stiff_problem_takes_rational_krylov_subspaces() {
    let (n, kappa) = (16, 2000.0);
    let problem = bad_cavity(n, n, kappa, kappa / 2.0, 5);
    let (values, statistics) = ran(&Exact::default(), &problem);
    assert_eq!(statistics["method"], "rational-krylov");
    let estimate = statistics["propagator"]["error_estimate"].as_f64().expect("a number");
    assert!(estimate < 1e-8, "{estimate:e}");
    for (row, time) in [(2, 0.25 * kappa), (4, 0.5 * kappa)] {
        let excited = values[4 * row + 3] + n as f64 / 2.0;
        let error = (excited - cascade(n, 4.0 / kappa, time)).abs();
        assert!(error < 2e4 / kappa.powi(2), "t = {time}: {error:e}");
    }
}

#[test]
fn two_stiff_methods_agree() {
    let problem = bad_cavity(7, 7, 2000.0, 1000.0, 5);
    let [whole, rational] = ["exponential", "rational-krylov"].map(|name| {
        let method = Method::from_name_and_options(name, &[]).expect("valid");
        ran(&Exact { method, ..Exact::default() }, &problem)
    });
    let estimate = rational.1["propagator"]["error_estimate"].as_f64().expect("a number");
    let error = difference(&whole.0, &rational.0);
    assert!(error < 10.0 * estimate && error < 1e-7, "{error:e}, told {estimate:e}");
}

#[test]
fn a_choice_by_name_is_kept_and_small_work_changes_nothing() {
    let gentle = bad_cavity(4, 4, 20.0, 10.0, 5);
    assert_eq!(ran(&Exact::default(), &gentle).1["method"], "chebyshev");
    let stiff = bad_cavity(2, 2, 500.0, 250.0, 3);
    let named = Exact { automatic: false, ..Exact::default() };
    assert_eq!(ran(&named, &stiff).1["method"], "chebyshev");
}

#[test]
fn a_matrix_that_is_too_large_is_refused_by_its_size() {
    let method = Method::from_name_and_options("exponential", &[]).expect("valid");
    let engine = Exact { method, ..Exact::default() };
    let problem = bad_cavity(30, 40, 2.0, 1.0, 2);
    let error = run(&engine, &problem, &mut Silent).err().expect("is refused");
    assert!(matches!(error, EngineError::Propagation { .. }), "{error}");
    let text = format!("{error}: {}", std::error::Error::source(&error).expect("a reason"));
    assert!(text.contains("at most 2000 rows"), "{text}");
}
