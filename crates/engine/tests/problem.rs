//! Problems as a program in Rust writes them, and records by the names of their columns.

use superladder_engine::{Estimate, Measurement, Problem, ProblemBuilder, ProblemError, Record, Recorder};
use superladder_model::{EnsembleState, ModeState, Model, ModelError, Observable, Operator};

fn model(strength: f64) -> Model {
    let spins = Model::builder().mode("a", 1.0).ensemble("S", 2, 1.0);
    spins.interaction("tavis-cummings", ["a", "S"], strength).build().expect("valid")
}

fn problem() -> ProblemBuilder {
    Problem::builder(&model(0.1)).cutoff("a", 3).times(0.0, 0.7, 8)
}

#[test]
fn what_is_not_said_is_as_in_study_files() {
    let built = problem().build().expect("valid");
    assert_eq!(built.initial.modes, [ModeState::Fock(0)]);
    assert_eq!(built.initial.ensembles, [EnsembleState::Dicke { twice_j: 2, twice_m: -2 }]);
    let names: Vec<&str> = built.observables.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(names, ["amplitude(a)", "photons(a)", "spin(S)", "squeezing(S)"]);
    assert_eq!((built.cutoffs, built.stages.len(), built.stages[0].start), (vec![3], 1, 0.0));
}

#[test]
fn output_times_end_exactly_at_the_end() {
    let times = problem().build().expect("valid").times;
    assert_eq!((times.len(), times[0], times[7]), (8, 0.0, 0.7));
    assert!((times[3] - 0.3).abs() < 1e-15);
    assert_eq!(problem().times(2.0, 5.0, 1).build().expect("valid").times, [2.0]);
    assert_eq!(problem().at([0.0, 1.5, 1.75]).build().expect("valid").times[2], 1.75);
    let backwards = problem().times(0.7, 0.0, 8).build();
    assert!(matches!(backwards, Err(ProblemError::Times { index: 1, .. })));
    let none = problem().times(0.0, 1.0, 0).build();
    assert!(matches!(none, Err(ProblemError::Empty { what: "output times" })));
}

#[test]
fn a_quench_is_a_new_stage_with_the_same_subsystems() {
    let built = problem().quench(0.35, &model(0.5)).build().expect("valid");
    assert_eq!((built.stages[1].start, &built.stages[1].model), (0.35, &model(0.5)));
    let larger = Model::builder().mode("a", 1.0).ensemble("S", 3, 1.0).build().expect("valid");
    let other = problem().quench(0.35, &larger).build();
    assert!(matches!(other, Err(ProblemError::Mismatch { what: "the stages" })));
}

#[test]
fn every_mode_needs_a_cutoff() {
    let without = Problem::builder(&model(0.1)).times(0.0, 1.0, 2).build();
    let Err(ProblemError::Model(error @ ModelError::Missing { .. })) = without else { panic!("{without:?}") };
    assert!(error.to_string().starts_with("mode 'a' needs `cutoff`"), "{error}");
    let slip = problem().cutoff("b", 3).build();
    assert!(matches!(slip, Err(ProblemError::Model(ModelError::UnknownName { .. }))));
}

#[test]
fn observables_of_the_table_and_of_ones_own_stand_side_by_side() {
    let own = |name: &str| Observable::expectation(name, Operator::number(0));
    let built = problem().observe(["photons(a)", "default"]).observe(own("n")).build().expect("valid");
    let names: Vec<&str> = built.observables.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(names, ["photons(a)", "amplitude(a)", "spin(S)", "squeezing(S)", "n"]);
    let twice = problem().observe(own("n")).observe(own("n")).build();
    assert_eq!(twice.map(|_| ()), Err(ProblemError::DuplicateObservable { name: "n".into() }));
    let taken = problem().observe(own("photons(a)")).observe("photons(a)").build();
    assert_eq!(taken.map(|_| ()), Err(ProblemError::DuplicateObservable { name: "photons(a)".into() }));
    let absent = problem().observe(Observable::expectation("n", Operator::number(1))).build();
    assert!(matches!(absent, Err(ProblemError::Model(ModelError::OutOfRange { .. }))));
}

/// Two records; every value is `10 t` plus its number.
fn recorded(problem: &Problem, error: Option<f64>) -> Recorder {
    let levels = problem.levels();
    let record = |time: f64| {
        let mut number = 0.0;
        let mut estimate = || {
            number += 1.0;
            Estimate { value: 10.0 * time + number, standard_error: error }
        };
        let lengths = problem.observables.iter().map(|o| o.shape(problem.model(), &levels).len());
        let measurements = lengths.map(|n| Measurement { values: (0..n).map(|_| estimate()).collect() });
        Record { time, measurements: measurements.collect(), diagnostics: Vec::new() }
    };
    Recorder { records: vec![record(0.0), record(1.0)], interrupted: false }
}

#[test]
fn columns_are_read_by_name() {
    let flow = Observable::expectation("flow", Operator::create(0) * Operator::lower(0));
    let observed = problem().observe(["photons(a)", "moments(a,S)", "photon-distribution(a)"]).observe(flow);
    let problem = observed.build().expect("valid");
    let recorder = recorded(&problem, None);
    assert_eq!(recorder.get(&problem, "photons(a)").expect("known"), [1.0, 11.0]);
    assert_eq!(recorder.get(&problem, "moments(a, S).Qy").expect("known"), [3.0, 13.0]);
    assert_eq!(recorder.get(&problem, "photon-distribution(a).3").expect("known"), [11.0, 21.0]);
    assert_eq!(recorder.get(&problem, "flow.im").expect("known"), [13.0, 23.0]);
    assert_eq!(recorder.standard_errors(&problem, "flow.im").expect("known"), None);
    let sampled = recorded(&problem, Some(0.5));
    assert_eq!(sampled.standard_errors(&problem, "flow.im").expect("known"), Some(vec![0.5; 2]));
}

#[test]
fn a_column_that_is_not_there_comes_with_the_nearest() {
    let problem = problem().observe(["photons(a)", "spin(S)", "reduced-state(a)"]).build().expect("valid");
    let recorder = recorded(&problem, None);
    let message = |name: &str| recorder.get(&problem, name).expect_err("not there").to_string();
    assert_eq!(
        message("photon(a)"),
        "unknown column 'photon(a)' (did you mean 'photons(a)'?); known: photons(a), spin(S).x, spin(S).y, spin(S).z, \
         reduced-state(a).re0"
    );
    assert!(message("spin(S)").contains("did you mean 'spin(S).x'?"));
}
