//! When there are enough trajectories, how they are split and merged, and what is noted of them.

use superladder_engine::{Engine, Run};

use super::*;
use superladder_sampling::{Sampling, Sums};

#[test]
fn a_target_error_ends_a_run_early_and_is_kept() {
    let mut problem = problem(reference(2), pure(), 5, 1.0);
    problem.observables =
        observables_by_name(problem.model(), &names(&["photons(a)", "spin(S)", "spin(T)"])).expect("known");
    let target =
        |observable: Option<&str>, error| ErrorTarget { observable: observable.map(Into::into), error };
    let loose = Trajectories { targets: vec![target(None, 0.02)], ..engine(5000) };
    let (evolution, recorder) = run(&loose, &problem, &mut Silent).expect("runs");
    assert!(evolution.statistics()["trajectories"].as_u64().expect("a count") < 5000);
    let values = recorder.records.iter().flat_map(|r| &r.measurements).flat_map(|m| &m.values);
    let worst = values.filter_map(|v| v.standard_error).fold(0.0, f64::max);
    assert!(worst <= 0.02 && worst > 0.0, "{worst}");
    // A target for one column alone needs fewer, and one that is reached by far the fewest that are looked
    // at.
    let done = |targets: Vec<ErrorTarget>| {
        let (evolution, _) =
            run(&Trajectories { targets, ..engine(5000) }, &problem, &mut Silent).expect("runs");
        evolution.statistics()["trajectories"].as_u64().expect("a count")
    };
    let all = done(vec![target(None, 0.02)]);
    let one = done(vec![target(Some("spin(S).z"), 0.02), target(Some("photons(a)"), 1.0)]);
    assert!(one < all, "{one} {all}");
    assert_eq!(done(vec![target(Some("spin(S)"), 10.0)]), 72);
}

/// All numbers of a run over these indices, and what it keeps.
fn over(engine: &Trajectories, problem: &Problem, indices: std::ops::Range<u64>) -> Vec<u8> {
    let part = engine.over(indices);
    run(part.as_ref(), problem, &mut Silent).expect("runs").0.save().expect("bytes")
}

#[test]
fn ranges_of_indices_merge_to_the_same_bits_as_one_run() {
    let problem = problem(reference(2), mixed(), 3, 1.0);
    let histogram = Histogram { column: "photons(a)".into(), low: 0.0, high: 3.0, bins: 6 };
    let engine = Trajectories { shown: 3, histograms: vec![histogram], ..engine(150) };
    let mut merged = Sums::from_bytes(&over(&engine, &problem, 100..150)).expect("whole").0;
    for indices in [0..2, 2..77, 77..100] {
        merged.merge(&Sums::from_bytes(&over(&engine, &problem, indices)).expect("whole").0).expect("apart");
    }
    let (whole, recorder) = run(&engine, &problem, &mut Silent).expect("runs");
    assert!(merged.to_bytes() == whole.save().expect("bytes"));
    // What was merged gives the records without running anything.
    let mut again = Run::resume(&engine, &problem, Recorder::default(), &merged.to_bytes()).expect("its own");
    again.proceed(&mut Silent).expect("runs");
    let (again, records) = again.into_parts();
    assert!(format!("{records:?}") == format!("{recorder:?}"));
    let tables = again.attachments();
    let table = |name: &str| tables.iter().find(|t| t.name == name).expect("asked for");
    assert_eq!(table("trajectories").columns[0].1.len(), 3 * problem.times.len());
    // The averages of the bins lie where the mean is, and every trajectory is counted at every time.
    let histogram = table("histograms");
    for (row, record) in recorder.records.iter().enumerate() {
        let counts: Vec<f64> = histogram.columns[1..].iter().map(|(_, column)| column[row]).collect();
        assert_eq!(counts.iter().sum::<f64>(), 150.0);
        let mean =
            counts.iter().zip(-1..).map(|(c, bin)| c * (0.5 * f64::from(bin) + 0.25)).sum::<f64>() / 150.0;
        let photons = problem.observables.iter().position(|o| o.name == "photons(a)").expect("measured");
        assert!((mean - record.measurements[photons].values[0].value).abs() < 0.25);
    }
}

#[test]
fn a_block_that_is_lost_is_repeated_and_nothing_else() {
    let problem = problem(reference(2), pure(), 3, 1.0);
    let engine = engine(130);
    let whole = over(&engine, &problem, 0..130);
    let mut damaged = whole.clone();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let mut evolution = engine.prepare(&problem).expect("valid");
    assert!(evolution.restore(&damaged).expect_err("refused").to_string().contains("1 of its 64 blocks"));
    let (rest, lost) = Sums::from_bytes(&damaged).expect("its head is whole");
    assert_eq!((rest.count(), lost), (128, vec![63]));
    evolution.restore(&rest.to_bytes()).expect("what is whole");
    let mut heard =
        |_: f64, _: Vec<_>, _: &superladder_engine::Diagnostics| std::ops::ControlFlow::Continue(());
    evolution.advance(&problem.times[1..], &mut heard).expect("runs");
    assert!(evolution.save().expect("bytes") == whole);
}

#[test]
fn channels_with_few_jumps_are_named() {
    let channels: [Entry<'_>; 2] = [("cavity-loss", &["a"], &[], 2.0), ("emission", &[], &["S"], 1e-6)];
    let model = with(&bare(&[1]), &[], &channels);
    let ensembles = vec![EnsembleState::SpinCoherent { theta: 0.9, phi: 0.4 }];
    let initial = InitialState { modes: vec![ModeState::Coherent(Complex64::ONE)], ensembles, joint: None };
    let problem = problem(model, initial, 8, 2.0);
    let (evolution, _) = run(&engine(200), &problem, &mut Silent).expect("runs");
    let warnings = evolution.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("emission(S) has jumped 0 times"), "{warnings:?}");
    let statistics = evolution.statistics();
    let loss = &statistics["jumps_by_channel"][0];
    assert_eq!(loss["channel"], "cavity-loss(a)");
    // 1 - exp(-4) quanta are lost of one on average.
    let jumps = loss["jumps"].as_f64().expect("a count");
    assert!((jumps - 196.3).abs() < 4.0 * 14.0, "{jumps}");
}

#[test]
fn channels_that_cannot_jump_are_not_named() {
    // S stays down until the quench couples it to the mode; T is up, so that pumping finds no spin.
    let channels: [Entry<'_>; 4] = [
        ("cavity-loss", &["a"], &[], 2.0),
        ("emission", &[], &["S"], 1e-6),
        ("pumping", &[], &["T"], 1e-6),
        ("dephasing", &[], &["T"], 1e-6),
    ];
    let bare = bare(&[2, 2]);
    let apart = with(&bare, &[], &channels);
    let down = EnsembleState::SpinCoherent { theta: 0.0, phi: 0.0 };
    let up = EnsembleState::Dicke { twice_j: 2, twice_m: 2 };
    let initial = InitialState {
        modes: vec![ModeState::Coherent(Complex64::ONE)],
        ensembles: vec![down, up],
        joint: None,
    };
    let mut problem = problem(apart, initial, 8, 2.0);
    let named = |problem: &Problem| {
        let warnings = run(&engine(64), problem, &mut Silent).expect("runs").0.warnings();
        let of = |channel: &str| warnings.iter().any(|w| w.contains(channel));
        [of("cavity-loss(a)"), of("emission(S)"), of("pumping(T)"), of("dephasing(T)")]
    };
    assert_eq!(named(&problem), [false, false, false, true]);
    let coupled = with(&bare, &[("tavis-cummings", &["a"], &["S"], 1e-3)], &channels);
    problem.stages.push(Stage { start: 1.0, model: coupled });
    assert_eq!(named(&problem), [false, true, false, true]);
    problem.stages[1].model = with(&bare, &[("exchange", &[], &["S", "T"], 1e-3)], &channels);
    assert_eq!(named(&problem), [false, true, true, true]);
}

#[test]
fn only_numbers_that_are_asked_for_are_taken() {
    let mut problem = problem(reference(3), pure(), 7, 1.0);
    let mut asked = Vec::new();
    // The populations of the two highest levels, which are watched, are one number more.
    let mut expected = 1;
    for (name, more) in [
        ("amplitude(a)", 2),
        ("photons(a)", 1),
        ("field-cumulants(a)", 2),
        ("spin(S)", 3),
        ("top-population(a)", 1),
        ("photon-distribution(a)", 8),
        ("ladder-distribution(T)", 2),
        ("reduced-state(a)", 128),
    ] {
        asked.push(name);
        expected += more;
        problem.observables = observables_by_name(problem.model(), &names(&asked)).expect("known");
        let (_, instruments) = engine(1).setup(&problem).expect("valid");
        assert_eq!(instruments.count(), expected, "{name}");
    }
}
