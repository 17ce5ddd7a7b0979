//! Stationary moments against the exact engine, long evolutions and closed forms.

mod common;

use common::{reference_model, reference_state};
use superladder_cumulant::{Closure, Cumulant};
use superladder_engine::{
    Engine, EngineError, Halt, Never, Problem, Silent, Stationary, StationaryOptions, run,
};
use superladder_exact::Exact;
use superladder_model::Model;

fn values(problem: &Problem, engine: &dyn Stationary) -> Vec<f64> {
    let found = engine.stationary(problem, &StationaryOptions::default(), &Never).expect("ends");
    assert!(found.diagnostics.broken().is_empty(), "{:?}", found.diagnostics.broken());
    found.measurements.iter().flat_map(|m| &m.values).map(|v| v.value).collect()
}

/// A laser of n atoms.
fn laser(n: usize, end: f64) -> Problem {
    let model = Model::builder()
        .mode("a", 0.0)
        .ensemble("T", n, 0.3)
        .interaction("tavis-cummings", ["a", "T"], 0.4)
        .channel("cavity-loss", "a", 0.5)
        .channel("pumping", "T", 0.9)
        .channel("emission", "T", 0.1)
        .build()
        .expect("valid");
    let problem = Problem::builder(&model).cutoff("a", 9).initial("a", "vacuum", ()).initial("T", "down", ());
    problem.observe("photons(a)").observe("spin(T)").times(0.0, end, 2).build().expect("valid")
}

#[test]
fn gaussian_states_are_exact() {
    let model = Model::builder()
        .mode("a", 0.7)
        .interaction("drive", "a", 0.3)
        .channel("thermal-bath", "a", [("rate", 0.5), ("occupation", 0.4)])
        .build()
        .expect("valid");
    let problem = Problem::builder(&model).cutoff("a", 40).observe("photons(a)").observe("amplitude(a)");
    let problem = problem.times(0.0, 1.0, 2).build().expect("valid");
    let (moments, exact) = (values(&problem, &Cumulant::default()), values(&problem, &Exact::default()));
    for (a, b) in moments.iter().zip(&exact) {
        assert!((a - b).abs() < 1e-8, "{moments:?}, {exact:?}");
    }
    // n = n_th + F^2 / (w^2 + kappa^2/4)
    let photons = 0.4 + 0.09 / (0.49 + 0.0625);
    assert!((moments[0] - photons).abs() < 1e-12, "{moments:?}, {photons}");
}

#[test]
fn a_laser_of_any_size_ends_where_its_evolution_does() {
    for n in [10, 1000, 1_000_000_000] {
        let problem = laser(n, 400.0);
        let engine = Cumulant::default();
        let found = engine.stationary(&problem, &StationaryOptions::default(), &Never).expect("ends");
        assert!(found.diagnostics.broken().is_empty(), "{:?}", found.diagnostics.broken());
        assert!(found.slow[0].gap() > 0.01 && found.iterations < 200, "{found:?}");
        let (_, recorder) = run(&engine, &problem, &mut Silent).expect("runs");
        let last = &recorder.records[1].measurements;
        for ((a, b), errors) in found.measurements.iter().zip(last).zip(&found.errors) {
            for ((a, b), error) in a.values.iter().zip(&b.values).zip(errors) {
                let scale = n as f64;
                assert!((a.value - b.value).abs() < 1e-7 * scale, "{n}: {} {}", a.value, b.value);
                assert!(*error < 1e-9 * scale, "{n}: {error:e}");
            }
        }
    }
}

#[test]
fn an_unstable_fixed_point_does_not_count() {
    // The reference model lases at lambda = 0.2 by a limit cycle: means turn for ever.
    let problem =
        common::problem(reference_model(100, 0.2), reference_state(100), &["photons(a)"], vec![0.0, 1.0]);
    let engine = Cumulant { order: 1, ..Cumulant::default() };
    match engine.stationary(&problem, &StationaryOptions::default(), &Never) {
        Ok(found) => {
            assert!(found.slow[0].gap() < 0.0, "{found:?}");
            let broken = found.diagnostics.broken().join("; ");
            assert!(broken.contains("growth") && broken.contains("not stable"), "{broken}");
        }
        Err(error) => assert!(matches!(error, EngineError::Solution { .. }), "{error}"),
    }
}

struct Ended;

impl Halt for Ended {
    fn asked(&self) -> bool {
        true
    }
}

#[test]
fn what_cannot_be_found_is_refused_and_a_stop_is_heeded() {
    let problem = laser(100, 1.0);
    let engine = Cumulant { closure: Closure::Casimir, ..Cumulant::default() };
    let refused = engine.stationary(&problem, &StationaryOptions::default(), &Never).expect_err("refused");
    assert!(refused.to_string().contains("closure 'casimir'"), "{refused}");
    let engine = Cumulant::default();
    let ended = engine.stationary(&problem, &StationaryOptions::default(), &Ended);
    assert!(matches!(ended, Err(EngineError::Interrupted { .. })), "{}", engine.name());
}
