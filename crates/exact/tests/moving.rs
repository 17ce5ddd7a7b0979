//! Correlations of two times from a state that still moves: against closed forms and the brute force.

use num_complex::Complex64;
use superladder_brute_force::BruteForce;
use superladder_engine::{EngineError, Never, Problem, SpectrumMethod, TwoTime};
use superladder_exact::{AdaptiveCutoff, Exact};
use superladder_model::{Correlation, Model, Operator};

/// A mode that decays at kappa, from an initial state on.
fn decaying(state: &str, key: &str, value: f64) -> Problem {
    let model = Model::builder().mode("a", 1.3).channel("cavity-loss", "a", 0.4).build().expect("valid");
    let problem = Problem::builder(&model).initial("a", state, [(key, value)]).cutoff("a", 18);
    problem.times(0.5, 3.0, 2).build().expect("valid")
}

fn delays() -> Vec<f64> {
    (0..9).map(|k| 0.3 * f64::from(k)).collect()
}

#[test]
fn a_decaying_coherent_state_keeps_its_phase() {
    let problem = decaying("coherent", "amplitude", 1.1);
    let (kappa, frequency, start) = (0.4, 1.3, 2.0);
    let state = Exact::default().two_time_from(&problem, start, &Never).expect("a state");
    let at = |t: f64| Complex64::from_polar(1.1 * (-0.5 * kappa * (t - 0.5)).exp(), -frequency * (t - 0.5));
    let both = [Operator::create(0), Operator::annihilate(0)];
    // <a^dag a>, and <a a>, which a coherence between charges holds.
    for a in 0..2 {
        let pair = Correlation { a: both[a].clone(), b: both[1].clone(), c: None, connected: false };
        let series = state.series(&pair, &delays(), &Never).expect("a series");
        for (delay, value) in delays().iter().zip(&series.values) {
            let later = at(start + delay);
            let expected = at(start) * if a == 0 { later.conj() } else { later };
            assert!((value - expected).norm() < 1e-7, "{a}, {delay}: {value} for {expected}");
        }
        // All of it is coherent: nothing is left, which is told or is next to nothing.
        match state.series(&pair.connected(), &delays(), &Never) {
            Ok(rest) => assert!(rest.values.iter().all(|z| z.norm() < 1e-6), "{:?}", rest.values),
            Err(error) => assert!(error.to_string().contains("vanishes"), "{error}"),
        }
    }
    assert!(!state.has_spectra() && state.report().residual > 1e-2);
    let light = Correlation::amplitude(0);
    let refused = state.spectrum(&light, &[-1.0, 0.0, 1.0], SpectrumMethod::Automatic, &Never);
    assert!(refused.expect_err("moves").to_string().contains("still moves"));
}

#[test]
fn two_quanta_leave_one_after_the_other() {
    let problem = decaying("fock", "n", 2.0);
    let state = Exact::default().two_time_from(&problem, 1.25, &Never).expect("a state");
    let (kappa, t) = (0.4, 0.75);
    let found = state.series(&Correlation::intensity(0), &delays(), &Never).expect("a series");
    let light = state.series(&Correlation::amplitude(0), &delays(), &Never).expect("a series");
    for (k, delay) in delays().iter().enumerate() {
        let expected = 2.0 * (-2.0 * kappa * t - kappa * delay).exp();
        assert!((found.values[k] - expected).norm() < 1e-9, "{delay}: {}", found.values[k]);
        let photons = 2.0 * (-kappa * t).exp();
        let expected = Complex64::from_polar(photons * (-0.5 * kappa * delay).exp(), 1.3 * delay);
        assert!((light.values[k] - expected).norm() < 1e-9, "{delay}: {}", light.values[k]);
    }
}

/// Two spins that are pumped one by one in a lossy mode, with a quench on the way; 2^N spins tell the same.
#[test]
fn spins_in_a_mode_are_those_of_the_brute_force() {
    let model = |strength: f64| {
        let model = Model::builder().mode("a", 0.9).ensemble("S", 2, 0.7);
        let model = model.interaction("tavis-cummings", ["a", "S"], strength);
        let model = model.channel("cavity-loss", "a", 0.5).channel("pumping", "S", 0.3);
        model.channel("dephasing", "S", 0.2).build().expect("valid")
    };
    let (before, after, start) = (model(0.4), model(0.9), 1.5);
    let problem = Problem::builder(&before).initial("a", "coherent", [("amplitude", 0.6)]).cutoff("a", 5);
    let problem = problem.initial("S", "spin-coherent", [("theta", 1.0)]).times(0.0, 4.0, 2);
    let problem = problem.quench(1.0, &after).quench(3.5, &before).build().expect("valid");
    let reference = |model: &Model| BruteForce::new(model, &problem.cutoffs).expect("small");
    let (first, second) = (reference(&before), reference(&after));
    let rho = first.evolve(&first.initial_state(&problem.initial).expect("a state"), 1.0);
    let rho = second.evolve(&rho, start - 1.0);
    let state = Exact::default().two_time_from(&problem, start, &Never).expect("a state");
    let [a, up, number] = [Operator::annihilate(0), Operator::raise(0), Operator::number(0)];
    let [create, down] = [Operator::create(0), Operator::lower(0)];
    let two =
        |a: &Operator, b: &Operator| Correlation { a: a.clone(), b: b.clone(), c: None, connected: false };
    let asked = [
        two(&create, &a),
        two(&up, &down),
        two(&a, &a),
        two(&number, &up),
        two(&create, &down).connected(),
        Correlation::intensity(0),
        Correlation::dipole_intensity(0),
        Correlation { c: Some(down.clone()), ..two(&number, &a) },
    ];
    for (place, correlation) in asked.iter().enumerate() {
        let found = state.series(correlation, &delays(), &Never).expect("a series");
        let [a, b] = [&correlation.a, &correlation.b].map(|o| second.operator(o));
        let mut x = b.mul(&rho);
        if let Some(c) = &correlation.c {
            x = x.mul(&second.operator(c));
        }
        if correlation.connected {
            x = x.subtract(&rho.scale(second.expectation(&correlation.b, &rho)));
        }
        for (delay, value) in delays().iter().zip(&found.values) {
            let expected = a.mul(&second.evolve(&x, *delay)).trace();
            assert!((value - expected).norm() < 1e-8, "{place}, {delay}: {value} for {expected}");
        }
        let value = state.expectation(&correlation.b);
        assert!((value - second.expectation(&correlation.b, &rho)).norm() < 1e-8);
    }
}

#[test]
fn cutoffs_that_follow_the_state_are_refused() {
    let engine = Exact { adaptive: vec![Some(AdaptiveCutoff { max: None })], ..Exact::default() };
    match engine.two_time_from(&decaying("fock", "n", 1.0), 1.0, &Never) {
        Err(EngineError::Unsupported { reason, .. }) => assert!(reason.contains("numbers"), "{reason}"),
        _ => panic!("refused"),
    }
}
