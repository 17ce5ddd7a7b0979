//! `data/reference/cumulant_targets.json`: closures A (sites) and B (symmetrised) at N = 10 and 100.

mod common;

use common::{problem, reference_model, reference_state};
use num_complex::Complex64;
use superladder_cumulant::{Closure, Cumulant};
use superladder_engine::{End, Problem, Recorder, Silent, Stage, run};
use superladder_model::{
    Channel, Ensemble, EnsembleState, InitialState, Interaction, Mode, ModeState, Model, Value,
    observables_by_name,
};
use superladder_propagate::{Dop853, Method};

fn targets() -> serde_json::Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference/cumulant_targets.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("present")).expect("JSON")
}

fn precise(closure: Closure, rtol: f64) -> Cumulant {
    let method =
        Method::Dop853(Dop853 { rtol, atol: 1e-2 * rtol, max_steps: 100_000_000, ..Dop853::default() });
    Cumulant { closure, method, ..Cumulant::default() }
}

const OBSERVABLES: [&str; 9] = [
    "amplitude(a)",
    "spin(S)",
    "spin(T)",
    "field-cumulants(a)",
    "photons(a)",
    "covariance(S)",
    "covariance(T)",
    "covariance(S,T)",
    "covariance(a,S)",
];

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    match value.as_array() {
        Some(list) => list.iter().filter_map(serde_json::Value::as_f64).collect(),
        None => value.as_f64().into_iter().collect(),
    }
}

/// The quantity called `key` in the targets.
fn found(key: &str, n: f64, v: &dyn Fn(usize, usize) -> f64) -> Vec<f64> {
    let root = n.sqrt();
    match key {
        "a_over_sqrtN" => vec![v(0, 0) / root, v(0, 1) / root],
        "S_over_N" => (0..3).map(|k| v(1, k) / n).collect(),
        "T_over_N" => (0..3).map(|k| v(2, k) / n).collect(),
        "aa_c" => vec![v(3, 0), v(3, 1)],
        "ada_c" => vec![v(3, 2)],
        "n_tot_over_N" => vec![v(4, 0) / n],
        "NCov_SxSx" => vec![v(5, 0) / n],
        "NCov_SxSy" => vec![v(5, 1) / n],
        "NCov_SySy" => vec![v(5, 3) / n],
        "NCov_SzSz" => vec![v(5, 5) / n],
        "NCov_TxTx" => vec![v(6, 0) / n],
        "NCov_TzTz" => vec![v(6, 5) / n],
        "NCov_SxTx" => vec![v(7, 0) / n],
        "NCov_Q_Sx" => vec![v(8, 0) / root],
        other => panic!("no reading for {other}"),
    }
}

#[test]
fn closures_a_and_b_are_reproduced() {
    let targets = targets();
    for (name, closure) in [("A", Closure::Sites), ("B", Closure::Symmetrised)] {
        for n in [10, 100] {
            let problem =
                problem(reference_model(n, 0.2), reference_state(n), &OBSERVABLES, vec![0.0, 1.0, 10.0]);
            let (_, recorder): (_, Recorder) =
                run(&precise(closure, 1e-13), &problem, &mut Silent).expect("runs");
            let mut worst: f64 = 0.0;
            for (row, t) in [(1, "t1"), (2, "t10")] {
                let v = |o: usize, c: usize| recorder.records[row].measurements[o].values[c].value;
                let expected = &targets["cumulant_REF"][format!("N{n}_{name}_{t}")];
                for (key, value) in expected.as_object().expect("an entry") {
                    for (f, e) in found(key, n as f64, &v).into_iter().zip(numbers(value)) {
                        assert!((f - e).abs() < 1e-10, "{name} N = {n} {t} {key}: {f} instead of {e}");
                        worst = worst.max((f - e).abs());
                    }
                }
            }
            println!("closure {name}, N = {n}: {worst:.1e}");
        }
    }
}

/// Minimum over t = 0, 0.1, ..., 6 (the grid of the targets: a finer one finds 0.923088 in place of 0.923222)
/// of `xi_S^2` and `xi_R^2` after S down, vacuum, T at its local steady state.
fn least_squeezing(engine: &Cumulant, n: usize, lambda: f64) -> [f64; 2] {
    let start = InitialState {
        modes: vec![ModeState::Fock(0)],
        ensembles: vec![
            EnsembleState::SpinCoherent { theta: 0.0, phi: 0.0 },
            EnsembleState::Product { bloch: [0.0, 0.0, 0.8] },
        ],
        joint: None,
    };
    let times = (0..=60).map(|i| 0.1 * f64::from(i)).collect();
    let problem = problem(reference_model(n, lambda), start, &["squeezing(S)"], times);
    let (_, recorder) = run(engine, &problem, &mut Silent).expect("runs");
    [0, 1].map(|c| recorder.column(0, c).into_iter().fold(f64::INFINITY, f64::min))
}

#[test]
fn squeezing_after_a_quench() {
    let targets = targets();
    for (lambda, key) in [(0.2, "lambda0.2_gup0.9"), (0.5, "lambda0.5_gup0.9")] {
        let entry = &targets["squeezing_normal_state_quench"][key];
        let found = least_squeezing(&precise(Closure::Sites, 1e-11), 100, lambda);
        for (f, e) in found.iter().zip(numbers(&entry["closureA_N100"])) {
            assert!((f - e).abs() < 6e-7, "closure A, lambda = {lambda}: {f} instead of {e}");
        }
        let [found, _] = least_squeezing(&precise(Closure::LinearNoise, 1e-11), 1_000_000, lambda);
        let expected = entry["LNA"].as_f64().expect("a number");
        assert!(
            (found - expected).abs() < 6e-7,
            "linear noise, lambda = {lambda}: {found} instead of {expected}"
        );
    }
}

/// Superradiant laser of QuantumCumulants.jl's tests: N two-level emitters at single-emitter coupling g.
fn superradiant_laser(n: usize) -> Problem {
    let mode = Mode { name: "a".into(), frequency: 0.0 };
    let ensemble = Ensemble { name: "S".into(), size: n, frequency: 0.0 };
    let model = Model::new(vec![mode], vec![ensemble]).expect("valid");
    let on_mode = ["a".to_owned()];
    let on_ensemble = ["S".to_owned()];
    let real = |key: &str, x: f64| vec![(key.to_owned(), Value::Real(x))];
    let coupling = real("strength", (n as f64).sqrt());
    let coupling =
        Interaction::new(&model, "tavis-cummings", &on_mode, &on_ensemble, &coupling).expect("valid");
    let mut model = model.with_interaction(coupling);
    for (name, modes, ensembles, rate) in [
        ("cavity-loss", &on_mode[..], &[][..], 1.0),
        ("emission", &[], &on_ensemble, 0.25),
        ("pumping", &[], &on_ensemble, 4.0),
    ] {
        let channel = Channel::new(&model, name, modes, ensembles, &real("rate", rate)).expect("valid");
        model = model.with_channel(channel);
    }
    let observables = observables_by_name(&model, &["photons(a)".to_owned()]).expect("known");
    let initial = InitialState {
        modes: vec![ModeState::Fock(0)],
        ensembles: vec![EnsembleState::SpinCoherent { theta: 0.0, phi: 0.0 }],
        joint: None,
    };
    let stages = vec![Stage { start: 0.0, model }];
    Problem { stages, initial, observables, times: vec![0.0, 30.0], cutoffs: vec![0], end: End::Records }
}

#[test]
fn superradiant_laser_of_quantum_cumulants() {
    let problem = superradiant_laser(50);
    let (evolution, recorder) = run(&Cumulant::default(), &problem, &mut Silent).expect("runs");
    let photons = recorder.column(0, 0)[1];
    println!("{photons}");
    assert!((photons / 91.9609 - 1.0).abs() < 1e-4, "{photons}");
    // U(1): <a^dag a>, <a^dag s^->, <s^z>, <s^+ s^->, and of the zz correlations that the observable does not
    // need, one.
    let unknowns = evolution.statistics()["unknowns"].as_u64().expect("a number");
    assert!(unknowns <= 7, "{unknowns}");
}

/// The deviation of order 2 from mean field falls as 1/N: from N = 10^3 to 10^4 by 10, up to the next order.
#[test]
fn order_two_approaches_order_one_as_one_over_n() {
    let end = |order: usize, n: usize| -> Vec<f64> {
        let engine = Cumulant { order, ..precise(Closure::Sites, 1e-12) };
        let problem = problem(
            reference_model(n, 0.2),
            reference_state(n),
            &["amplitude(a)", "spin(S)", "spin(T)"],
            vec![0.0, 3.0],
        );
        let (_, recorder) = run(&engine, &problem, &mut Silent).expect("runs");
        let root = (n as f64).sqrt();
        let a = Complex64::new(recorder.column(0, 0)[1], recorder.column(0, 1)[1]) / root;
        let spins = [1, 2].into_iter().flat_map(|o| (0..3).map(move |c| (o, c)));
        let spins = spins.map(|(o, c)| recorder.column(o, c)[1] / n as f64);
        [a.re, a.im].into_iter().chain(spins).collect()
    };
    let deviation = |n: usize| {
        let pairs = end(2, n).into_iter().zip(end(1, n));
        pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    };
    let [d3, d4, d5] = [1_000, 10_000, 100_000].map(deviation);
    println!("N d: {} {} {}", 1e3 * d3, 1e4 * d4, 1e5 * d5);
    assert!((d3 / d4 - 10.0).abs() < 0.05 && (d4 / d5 - 10.0).abs() < 0.005);
}

/// Closure `casimir` keeps `s . C_sX = 0` and s^2 of the coherent ensemble; the symmetrised one does not keep
/// the former.
#[test]
fn casimir_keeps_its_relation() {
    let n = 1000;
    let leak = |closure: Closure| {
        let names = ["spin(S)", "covariance(a,S)", "covariance(S)"];
        let problem = problem(reference_model(n, 0.2), reference_state(n), &names, vec![0.0, 20.0]);
        let (_, recorder) = run(&precise(closure, 1e-11), &problem, &mut Silent).expect("runs");
        let m = &recorder.records[1].measurements;
        let value = |o: usize, c: usize| m[o].values[c].value;
        let s: Vec<f64> = (0..3).map(|c| value(0, c) / n as f64).collect();
        // s . C_sQ and s . C_s,z, both of order 1 in natural size.
        let along_q: f64 = (0..3).map(|c| s[c] * value(1, c) / (n as f64).sqrt()).sum();
        let along_z: f64 = [2, 4, 5].iter().zip(&s).map(|(c, s)| s * value(2, *c) / n as f64).sum();
        along_q.abs().max(along_z.abs())
    };
    let (kept, lost) = (leak(Closure::Casimir), leak(Closure::Symmetrised));
    println!("casimir {kept:.1e}, symmetrised {lost:.1e}");
    assert!(kept < 1e-8 && lost > 1e-5);
}
