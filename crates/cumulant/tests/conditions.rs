//! What the moments of every state obey: kept by product states, and by closures in their range.

mod common;

use common::{problem, reference_model, reference_state};
use superladder_cumulant::{Closure, Cumulant};
use superladder_engine::{Diagnostics, Problem, Silent, run};
use superladder_model::{EnsembleState, InitialState, ModeState};

fn diagnostics(engine: &Cumulant, problem: &Problem) -> Diagnostics {
    run(engine, problem, &mut Silent).expect("runs").0.diagnostics().clone()
}

fn times(end: f64) -> Vec<f64> {
    (0..=20).map(|i| end * f64::from(i) / 20.0).collect()
}

/// Coherent states and pure spins saturate the uncertainty relation, so that anything wrong in the matrix
/// of covariances and commutators would show: it stays zero at N = 2 and within rounding at N = 10^9.
#[test]
fn a_pure_product_state_keeps_every_condition_exactly() {
    for n in [2, 1_000_000_000] {
        let state = InitialState {
            modes: vec![ModeState::Coherent(num_complex::Complex64::new(0.3, -0.8) * (n as f64).sqrt())],
            ensembles: vec![
                EnsembleState::SpinCoherent { theta: 0.7, phi: 0.3 },
                EnsembleState::Product { bloch: [0.6, 0.0, 0.8] },
            ],
            joint: None,
        };
        let problem = problem(reference_model(n, 0.2), state, &["default", "covariance(S,T)"], vec![0.0]);
        for closure in [Closure::Sites, Closure::Symmetrised, Closure::LinearNoise] {
            let checks = diagnostics(&Cumulant { closure, ..Cumulant::default() }, &problem).checks;
            for name in ["photon_number", "spin_length", "variance", "uncertainty", "g2"] {
                assert!(checks[name].worst.abs() < 1e-11, "{closure:?} {n} {name}: {:?}", checks[name]);
            }
        }
    }
}

/// The closure `symmetrised` keeps covariances positive, but not the uncertainty relation: it is broken by
/// less and less as N grows.
#[test]
fn small_violations_are_figures_that_fall_with_the_size() {
    let violation = |n| {
        let problem = problem(reference_model(n, 0.2), reference_state(n), &["default"], times(10.0));
        let engine = Cumulant { closure: Closure::Symmetrised, ..Cumulant::default() };
        let found = diagnostics(&engine, &problem);
        assert!(found.converged() && found.checks["variance"].worst == 0.0, "{found:?}");
        found.checks["uncertainty"].worst
    };
    let (small, large) = (violation(10), violation(100));
    assert!((1e-3..5e-2).contains(&small) && large < 0.1 * small, "{small} {large}");
}
