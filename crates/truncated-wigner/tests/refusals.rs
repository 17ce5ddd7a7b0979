//! What is refused by name before time starts, and what is warned of.

use superladder_engine::{Engine, EngineError, Problem, Silent, run};
use superladder_model::{Model, ModelBuilder, Operator};
use superladder_sampling::{ErrorTarget, SampledEvolution, Sampling};
use superladder_truncated_wigner::TruncatedWigner;

fn base() -> ModelBuilder {
    Model::builder().mode("a", 1.0).ensemble("S", 4, 1.0)
}

fn problem(model: ModelBuilder, observable: &str) -> Problem {
    let model = model.build().expect("valid");
    let builder = Problem::builder(&model).cutoff("a", 4).observe(observable);
    builder.times(0.0, 1.0, 3).build().expect("valid")
}

fn refused(engine: &TruncatedWigner, problem: &Problem, words: &[&str]) {
    let Err(error) = engine.prepare(problem) else { panic!("it is taken") };
    assert!(error.is_bad_input(), "{error}");
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "'{word}' is not in: {text}");
    }
}

#[test]
fn states_without_a_positive_wigner_function_are_refused() {
    let engine = TruncatedWigner::default();
    let model = base().build().expect("valid");
    let start = |subsystem: &str, state: &str, given: &[(&str, f64)]| {
        let given: Vec<_> = given.iter().map(|(k, x)| ((*k).to_owned(), (*x).into())).collect();
        let builder = Problem::builder(&model).cutoff("a", 4).observe("photons(a)").times(0.0, 1.0, 2);
        builder.initial(subsystem, state, given).build().expect("valid")
    };
    refused(&engine, &start("a", "fock", &[("n", 2.0)]), &["mode 'a'", "Fock state with n = 2", "exact"]);
    refused(
        &engine,
        &start("S", "dicke", &[("j", 2.0), ("m", 0.0)]),
        &["ensemble 'S'", "Dicke state", "m = 0"],
    );
    assert!(engine.prepare(&start("S", "dicke", &[("j", 2.0), ("m", 2.0)])).is_ok(), "all up is a product");
    assert!(engine.prepare(&start("a", "fock", &[("n", 0.0)])).is_ok(), "the vacuum is coherent");
}

#[test]
fn functions_of_the_whole_state_are_refused() {
    for name in ["photon-distribution(a)", "ladder-distribution(S)", "purity", "entropy", "reduced-state(S)"]
    {
        refused(&TruncatedWigner::default(), &problem(base(), name), &[name, "full state", "photons"]);
    }
}

#[test]
fn channels_with_negative_diffusion_are_refused_and_others_are_not() {
    let a = Operator::annihilate(0);
    let pairs = base().jump(0.3, a.clone() * a.clone());
    refused(
        &TruncatedWigner::default(),
        &problem(pairs, "photons(a)"),
        &["channel 'own' (number 1)", "negative"],
    );
    for channel in ["cavity-loss", "cavity-gain", "cavity-dephasing"] {
        assert!(
            TruncatedWigner::default()
                .prepare(&problem(base().channel(channel, "a", 0.3), "photons(a)"))
                .is_ok()
        );
    }
    let spin = [
        "emission",
        "pumping",
        "dephasing",
        "collective-emission",
        "collective-pumping",
        "collective-dephasing",
    ];
    for channel in spin {
        let problem = problem(base().channel(channel, "S", 0.3), "spin(S)");
        assert!(TruncatedWigner::default().prepare(&problem).is_ok(), "{channel}");
    }
    let mixed = base().jump(0.3, a + Operator::lower(0));
    assert!(TruncatedWigner::default().prepare(&problem(mixed, "photons(a)")).is_ok());
}

#[test]
fn high_terms_are_named() {
    let evolution = TruncatedWigner { samples: 64, ..TruncatedWigner::default() };
    let warnings = |model| evolution.prepare(&problem(model, "photons(a)")).expect("taken").warnings();
    let found = warnings(base().interaction("kerr", "a", 0.1));
    assert!(found.len() == 1 && found[0].contains("'kerr(a)' has 4 operators"), "{found:?}");
    assert!(warnings(base().interaction("dicke", ["a", "S"], 0.1)).is_empty());
}

#[test]
fn bad_options_are_refused() {
    let good = problem(base(), "photons(a)");
    let default = TruncatedWigner::default;
    refused(&TruncatedWigner { samples: 0, ..default() }, &good, &["`samples`", "at least 1"]);
    refused(&TruncatedWigner { step: Some(-1.0), ..default() }, &good, &["`step`", "-1"]);
    refused(&TruncatedWigner { max_steps: 2, ..default() }, &good, &["steps", "max_steps"]);
    let target =
        |observable: Option<&str>, error| ErrorTarget { observable: observable.map(str::to_owned), error };
    refused(&TruncatedWigner { targets: vec![target(None, 0.0)], ..default() }, &good, &["`target_error`"]);
    let unknown = TruncatedWigner { targets: vec![target(Some("spin(T)"), 0.1)], ..default() };
    refused(&unknown, &good, &["spin(T)", "photons(a)"]);
}

#[test]
fn parts_merge_to_the_whole_and_targets_end_it() {
    let problem = problem(base().channel("emission", "S", 0.3), "photons(a)");
    let engine = TruncatedWigner { samples: 200, ..TruncatedWigner::default() };
    let saved =
        |engine: &dyn Engine| run(engine, &problem, &mut Silent).expect("runs").0.save().expect("bytes");
    let whole = saved(&engine);
    let mut parts: Box<dyn SampledEvolution> = engine.over(77..200).begin(&problem).expect("prepared");
    let sums = |bytes: &[u8]| superladder_sampling::Sums::from_bytes(bytes).expect("sums").0;
    let mut merged = sums(&saved(engine.over(0..77).as_ref()));
    merged.merge(&sums(&saved(engine.over(77..200).as_ref()))).expect("apart");
    assert!(merged.to_bytes() == whole, "the parts are not the whole");
    parts.restore(&whole).expect("its sums");
    assert_eq!(parts.progressed().done, 200);
    let wrong = engine.begin(&self::problem(base(), "spin(S)")).expect("prepared").restore(&whole);
    assert!(matches!(wrong, Err(EngineError::Checkpoint(_))));
    let target = ErrorTarget { observable: None, error: 0.1 };
    let targeted = TruncatedWigner { samples: 100_000, targets: vec![target], ..TruncatedWigner::default() };
    let (evolution, _) = run(&targeted, &problem, &mut Silent).expect("runs");
    let done = evolution.statistics()["samples"].as_u64().expect("a count");
    assert!((64..5000).contains(&done), "{done}");
    assert!(evolution.diagnostics().converged());
}

/// Four spins that are all down: samples are where the diffusion is not positive.
#[test]
fn clipped_noise_is_counted() {
    let model = base().channel("emission", "S", 0.5).interaction("tavis-cummings", ["a", "S"], 1.0);
    let problem = problem(model, "photons(a)");
    let (evolution, _) =
        run(&TruncatedWigner { samples: 640, ..TruncatedWigner::default() }, &problem, &mut Silent)
            .expect("runs");
    let part = evolution.statistics()["clipped_noise"].as_f64().expect("a number");
    assert!(part > 0.5 && part <= 1.0, "{part}");
    assert!(evolution.warnings().iter().any(|w| w.contains("not positive")), "{:?}", evolution.warnings());
}
