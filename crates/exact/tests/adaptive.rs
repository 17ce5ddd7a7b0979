//! Cutoffs that follow the state: the error stays within the bound, and the bound within its budget.

mod common;

use common::reference::reference_problem;
use num_complex::Complex64;
use superladder_engine::{
    Bounds, End, Engine, EngineError, Evolution, Problem, Recorder, Silent, Stage, run,
};
use superladder_exact::{AdaptiveCutoff, Exact};
use superladder_model::{
    Channel, Ensemble, EnsembleState, InitialState, Interaction, Mode, ModeState, Model, Value,
    observables_by_name,
};
use superladder_propagate::{METHODS, Method};

/// An engine whose cutoffs all follow the state.
fn adaptive(modes: usize, budget: f64, max: Option<usize>) -> Exact {
    let bounds = Bounds { truncation: budget, ..Bounds::default() };
    Exact { bounds, adaptive: vec![Some(AdaptiveCutoff { max }); modes], ..Exact::default() }
}

/// What a run leaves, with what it says of its cutoffs.
struct Left {
    recorder: Recorder,
    bound: f64,
    cutoffs: serde_json::Value,
    evolution: Box<dyn Evolution>,
}

fn left(engine: &Exact, problem: &Problem) -> Left {
    let (evolution, recorder) = run(engine, problem, &mut Silent).expect("runs");
    let bound = evolution.diagnostics().checks.get("truncation").map_or(0.0, |check| check.worst);
    let cutoffs = evolution.statistics()["cutoffs"].clone();
    Left { recorder, bound, cutoffs, evolution }
}

fn largest(left: &Left, mode: &str) -> u64 {
    left.cutoffs["largest"][mode].as_u64().expect("a cutoff")
}

fn reasons(left: &Left) -> Vec<&str> {
    let changes = left.cutoffs["changes"].as_array().expect("a list");
    changes.iter().map(|c| c["reason"].as_str().expect("a reason")).collect()
}

/// Asserts that spin components, of norm N/2, deviate by at most the bound of every record.
#[track_caller]
fn assert_within_bound(cut: &Left, whole: &Recorder, spins: usize) {
    for (a, b) in cut.recorder.records.iter().zip(&whole.records) {
        let bound = a.diagnostics.iter().find(|(name, _)| name == "truncation").expect("is noted").1;
        for (x, y) in a.measurements.iter().zip(&b.measurements) {
            for (x, y) in x.values.iter().zip(&y.values) {
                let error = (x.value - y.value).abs() / (0.5 * spins as f64);
                // Both runs were propagated to about 1e-9.
                assert!(error <= bound + 1e-8, "t = {}: {error:e} above {bound:e}", a.time);
            }
        }
    }
}

fn model(modes: &[&str], spins: usize) -> Model {
    let modes = modes.iter().map(|name| Mode { name: (*name).into(), frequency: 1.0 }).collect();
    let ensembles = match spins {
        0 => Vec::new(),
        size => vec![Ensemble { name: "S".into(), size, frequency: 1.0 }],
    };
    Model::new(modes, ensembles).expect("valid")
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn real(key: &str, x: f64) -> Vec<(String, Value)> {
    vec![(key.to_owned(), Value::Real(x))]
}

fn driven(model: Model, mode: &str, amplitude: f64) -> Model {
    let built = Interaction::new(&model, "drive", &names(&[mode]), &[], &real("amplitude", amplitude));
    model.with_interaction(built.expect("valid"))
}

fn with_interaction(model: Model, kind: &str, modes: &[&str], ensembles: &[&str], strength: f64) -> Model {
    let built = Interaction::new(&model, kind, &names(modes), &names(ensembles), &real("strength", strength));
    model.with_interaction(built.expect("valid"))
}

fn with_channel(model: Model, kind: &str, modes: &[&str], ensembles: &[&str], rate: f64) -> Model {
    let built = Channel::new(&model, kind, &names(modes), &names(ensembles), &real("rate", rate));
    model.with_channel(built.expect("valid"))
}

fn problem(model: Model, alphas: &[f64], cutoffs: &[usize], end: f64, observables: &[&str]) -> Problem {
    let coherent = |alpha: &f64| ModeState::Coherent(Complex64::from(*alpha));
    let down = |e: &Ensemble| EnsembleState::Dicke { twice_j: e.size, twice_m: -(e.size as i64) };
    Problem {
        observables: observables_by_name(&model, &names(observables)).expect("known"),
        initial: InitialState {
            modes: alphas.iter().map(coherent).collect(),
            ensembles: model.ensembles().iter().map(down).collect(),
            joint: None,
        },
        stages: vec![Stage { start: 0.0, model }],
        times: (0..=20).map(|i| end * f64::from(i) / 20.0).collect(),
        cutoffs: cutoffs.to_vec(),
        end: End::Records,
    }
}

#[test]
fn cutoffs_grow_with_the_state_of_the_reference_model_and_the_error_stays_within_the_bound() {
    let observables = ["spin(S)", "spin(T)"];
    for (n, lambda, budget) in [(1, 0.7, 1e-3), (2, 0.7, 1e-2), (2, 0.2, 1e-3), (3, 0.4, 1e-2)] {
        let mut start = reference_problem(n, 6, lambda, &observables);
        start.times.retain(|t| *t <= 6.0);
        let adapted = left(&adaptive(1, budget, None), &start);
        assert!(adapted.bound <= budget, "{:e}", adapted.bound);
        assert!(adapted.bound > 1e-3 * budget, "levels are wasted: {:e}", adapted.bound);
        let reached = largest(&adapted, "a");
        assert!(reached > 8, "has grown to {reached}");
        let generous = Problem { cutoffs: vec![reached as usize + 10], ..start.clone() };
        assert_within_bound(&adapted, &left(&Exact::default(), &generous).recorder, n);
        println!("N = {n}, lambda = {lambda}: cutoff 6 to {reached}, bound {:.1e}", adapted.bound);
    }
}

#[test]
fn every_method_keeps_the_budget() {
    let mut start = reference_problem(1, 6, 0.7, &["spin(S)", "spin(T)"]);
    start.times.retain(|t| *t <= 3.0);
    let generous = Problem { cutoffs: vec![40], ..start.clone() };
    let whole = left(&Exact::default(), &generous);
    // The exponential of the whole matrix ends where that is too large.
    for definition in METHODS.iter().filter(|m| m.largest.is_none()) {
        let method = Method::from_name_and_options(definition.name, &[]).expect("a method");
        let engine = Exact { method, ..adaptive(1, 1e-2, None) };
        let adapted = left(&engine, &start);
        assert!(adapted.bound <= 1e-2, "{}: {:e}", definition.name, adapted.bound);
        assert!(largest(&adapted, "a") > 8, "{}", definition.name);
        for (a, b) in adapted.recorder.records.iter().zip(&whole.recorder.records) {
            for (x, y) in a.measurements.iter().zip(&b.measurements) {
                for (x, y) in x.values.iter().zip(&y.values) {
                    let error = (x.value - y.value).abs() / 0.5;
                    assert!(error <= 1e-2, "{}, t = {}: {error:e}", definition.name, a.time);
                }
            }
        }
    }
}

/// A cavity that is driven from the vacuum: the state stays coherent, `|alpha|^2` grows from 0 to about 10.
#[test]
fn a_driven_cavity_fills_from_the_vacuum() {
    let mut driven = driven(model(&["a"], 1), "a", 1.1);
    driven = with_interaction(driven, "tavis-cummings", &["a"], &["S"], 0.1);
    driven = with_channel(driven, "cavity-loss", &["a"], &[], 0.1);
    let observables = ["spin(S)"];
    let start = problem(driven, &[0.0], &[2], 4.0, &observables);
    let adapted = left(&adaptive(1, 1e-3, None), &start);
    assert!(adapted.bound <= 1e-3, "{:e}", adapted.bound);
    let reached = largest(&adapted, "a") as usize;
    assert!(reached > 12, "{reached}");
    let generous = Problem { cutoffs: vec![reached + 10], ..start };
    assert_within_bound(&adapted, &left(&Exact::default(), &generous).recorder, 1);
}

/// An intense pulse in a lossy cavity, which dies away: most levels are given back.
#[test]
fn cutoffs_are_lowered_when_light_has_left() {
    let mut lossy = with_interaction(model(&["a"], 2), "dicke", &["a"], &["S"], 0.1);
    lossy = with_channel(lossy, "cavity-loss", &["a"], &[], 2.0);
    let start = problem(lossy, &[3.0], &[30], 8.0, &["spin(S)", "photon-distribution(a)"]);
    let adapted = left(&adaptive(1, 1e-3, None), &start);
    assert!(adapted.bound <= 1e-3, "{:e}", adapted.bound);
    assert!(reasons(&adapted).contains(&"lowered"), "{:?}", reasons(&adapted));
    let last = adapted.cutoffs["final"]["a"].as_u64().expect("a cutoff");
    assert!(last <= 12, "{last}");
    let generous = Problem { cutoffs: vec![45], ..start.clone() };
    let whole = left(&Exact::default(), &generous);
    let spins = |left: &Left| {
        let mut recorder = left.recorder.clone();
        recorder.records.iter_mut().for_each(|r| r.measurements.truncate(1));
        recorder
    };
    let adapted = Left { recorder: spins(&adapted), ..adapted };
    assert_within_bound(&adapted, &spins(&whole), 2);
    // The trace stays 1 through the changes.
    assert!(adapted.evolution.diagnostics().checks["trace"].worst < 1e-9);
}

#[test]
fn records_of_different_cutoffs_are_filled_up_with_empty_levels() {
    let mut lossy = driven(model(&["a"], 1), "a", 1.0);
    lossy = with_channel(lossy, "cavity-loss", &["a"], &[], 0.5);
    let start = problem(lossy, &[0.0], &[2], 3.0, &["photon-distribution(a)", "reduced-state(a)"]);
    let adapted = left(&adaptive(1, 1e-3, None), &start);
    let levels = adapted.recorder.levels(&start);
    let reached = largest(&adapted, "a") as usize + 1;
    assert_eq!(levels, [reached]);
    let lengths: Vec<usize> =
        adapted.recorder.records.iter().map(|r| r.measurements[0].values.len()).collect();
    assert!(lengths[0] < reached, "{lengths:?}");
    let mut last = 0.0;
    for record in 0..adapted.recorder.records.len() {
        let populations = adapted.recorder.values(&start, &levels, record, 0);
        let state = adapted.recorder.values(&start, &levels, record, 1);
        assert_eq!((populations.len(), state.len()), (reached, 2 * reached * reached));
        for n in 0..reached {
            assert!((state[2 * (n * reached + n)] - populations[n]).abs() < 1e-12, "level {n}");
        }
        last = populations.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
    }
    // From the vacuum, `d alpha/dt = -(i + 1/4) alpha - i`, so alpha = -i (1 - exp(-(i + 1/4) t))/(i + 1/4).
    let pole = Complex64::new(0.25, 1.0);
    let alpha = -Complex64::i() * (1.0 - (-pole * 3.0).exp()) / pole;
    assert!((last - alpha.norm_sqr()).abs() < 1e-5, "{last} instead of {}", alpha.norm_sqr());
}

/// Quanta move from a mode with a fixed cutoff to one whose cutoff follows, and only that one changes.
#[test]
fn one_of_two_modes_may_be_fixed() {
    let mut coupled = with_interaction(model(&["a", "b"], 1), "beam-splitter", &["a", "b"], &[], 0.7);
    coupled = with_interaction(coupled, "tavis-cummings", &["b"], &["S"], 0.3);
    coupled = with_channel(coupled, "cavity-loss", &["b"], &[], 0.1);
    let start = problem(coupled, &[1.0, 0.0], &[14, 2], 2.0, &["spin(S)"]);
    let bounds = Bounds { truncation: 1e-2, ..Bounds::default() };
    let engine =
        Exact { bounds, adaptive: vec![None, Some(AdaptiveCutoff { max: None })], ..Exact::default() };
    let adapted = left(&engine, &start);
    assert!(adapted.cutoffs["largest"].get("a").is_none(), "{}", adapted.cutoffs);
    let reached = largest(&adapted, "b") as usize;
    assert!((6..=20).contains(&reached), "{reached}");
    let generous = Problem { cutoffs: vec![22, 22], ..start };
    assert_within_bound(&adapted, &left(&Exact::default(), &generous).recorder, 1);
}

#[test]
fn a_cutoff_that_may_not_grow_is_said_and_leaves_the_run_unconverged() {
    let mut start = reference_problem(1, 6, 0.7, &["spin(S)"]);
    start.times.retain(|t| *t <= 2.0);
    let adapted = left(&adaptive(1, 1e-3, Some(8)), &start);
    assert_eq!(largest(&adapted, "a"), 8);
    let diagnostics = adapted.evolution.diagnostics();
    assert!(!diagnostics.checks["truncation"].holds());
    assert!(!diagnostics.converged());
    let notes = adapted.evolution.warnings();
    let [note] = &notes[..] else { panic!("{notes:?}") };
    assert!(note.contains("mode 'a' could not be raised beyond 8") && note.contains("`max`"), "{note}");
    // Too little memory for more levels says so too.
    let engine = adaptive(1, 1e-3, None);
    let needed = engine.resources(&start).expect("fits").memory;
    let engine = Exact { memory_limit: Some(needed + (1 << 17)), ..engine };
    let adapted = left(&engine, &start);
    let notes = adapted.evolution.warnings();
    assert!(notes.iter().any(|n| n.contains("memory")), "{notes:?}");
}

#[test]
fn what_adapts_needs_a_bound() {
    let start = reference_problem(1, 6, 0.7, &["spin(S)"]);
    for budget in [f64::INFINITY, 0.0] {
        match adaptive(1, budget, None).prepare(&start).err() {
            Some(EngineError::Unsupported { reason, .. }) => {
                assert!(reason.contains("truncation"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
    let error = adaptive(1, 1e-3, Some(4)).prepare(&start).err().expect("a start above the largest");
    assert!(error.to_string().contains("`max` = 4"), "{error}");
}

/// The bound follows the state and not the output times: two of them give what a hundred give.
#[test]
fn the_bound_does_not_depend_on_the_output_times() {
    for name in ["chebyshev", "krylov", "dop853"] {
        let method = Method::from_name_and_options(name, &[]).expect("a method");
        let engine = Exact { method, ..Exact::default() };
        let many = reference_problem(1, 12, 0.7, &["spin(S)"]);
        let few = Problem { times: vec![0.0, 10.0], ..many.clone() };
        let (many, few) = (left(&engine, &many).bound, left(&engine, &few).bound);
        assert!((many / few - 1.0).abs() < 1e-2, "{name}: {many:e} and {few:e}");
    }
}
