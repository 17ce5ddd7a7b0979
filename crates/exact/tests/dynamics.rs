//! Dynamics of every channel and interaction against the dense brute force, and a quench.

use superladder_brute_force::{BruteForce, Case, cases};
use superladder_engine::{End, Problem, Silent, Stage, run};
use superladder_exact::Exact;
use superladder_model::{Evaluation, observables_by_name};
use superladder_propagate::{Dop853, Method};

fn engine() -> Exact {
    Exact {
        method: Method::Dop853(Dop853 { rtol: 1e-12, atol: 1e-14, ..Dop853::default() }),
        ..Exact::default()
    }
}

/// Largest deviation of all moment observables at the last time.
fn deviation(problem: &Problem) -> f64 {
    let (_, recorder) = run(&engine(), problem, &mut Silent).expect("runs");
    let mut rho = None;
    for (i, stage) in problem.stages.iter().enumerate() {
        let brute = BruteForce::new(&stage.model, &problem.cutoffs).expect("small");
        let before = rho.take().unwrap_or_else(|| brute.initial_state(&problem.initial).expect("valid"));
        let end = problem.stages.get(i + 1).map_or(problem.times[problem.times.len() - 1], |s| s.start);
        rho = Some(brute.evolve(&before, end - stage.start));
    }
    let rho = rho.expect("at least one stage");
    let brute = BruteForce::new(problem.model(), &problem.cutoffs).expect("small");
    let last = recorder.records.last().expect("records");
    let mut worst: f64 = 0.0;
    for (observable, measurement) in problem.observables.iter().zip(&last.measurements) {
        if let Evaluation::Moments { operators, combine, context } = &observable.evaluation {
            let expectations: Vec<_> = operators.iter().map(|o| brute.expectation(o, &rho)).collect();
            for (found, expected) in measurement.values.iter().zip(combine(&expectations, context)) {
                if !expected.is_nan() {
                    worst = worst.max((found.value - expected).abs());
                }
            }
        }
    }
    worst
}

fn with_observables(case: &Case, end: f64) -> Problem {
    let model = case.model().expect("valid");
    let mut problem = Problem {
        stages: vec![Stage { start: 0.0, model }],
        initial: case.initial(),
        observables: Vec::new(),
        times: vec![0.0, 0.5 * end, end],
        cutoffs: case.cutoffs(),
        end: End::Records,
    };
    let names: Vec<String> =
        ["amplitude(a)", "photons(a)", "energy"].iter().map(ToString::to_string).collect();
    let mut observables = observables_by_name(problem.model(), &names).expect("known");
    let spins: Vec<String> = problem
        .model()
        .ensembles()
        .iter()
        .flat_map(|e| {
            [format!("spin({})", e.name), format!("moments(a,{})", e.name), format!("moments({})", e.name)]
        })
        .collect();
    observables.extend(observables_by_name(problem.model(), &spins).expect("known"));
    problem.observables = observables;
    problem
}

#[test]
fn every_channel_and_interaction_evolves_as_the_brute_force() {
    let mut worst: f64 = 0.0;
    for sizes in [(1, 1), (2, 1)] {
        for case in cases(sizes) {
            let found = deviation(&with_observables(&case, 0.8));
            worst = worst.max(found);
            assert!(found < 1e-10, "{case:?}: {found:e}");
        }
    }
    println!("largest deviation {worst:.1e}");
}

#[test]
fn a_quench_evolves_as_two_brute_force_stretches() {
    let first =
        cases((2, 1)).into_iter().find(|c| c.interaction == "dicke" && c.channel == "pumping").expect("case");
    let second = cases((2, 1)).into_iter().find(|c| c.interaction == "exchange" && c.channel == "dephasing");
    let mut problem = with_observables(&first, 1.0);
    problem.stages.push(Stage { start: 0.35, model: second.expect("case").model().expect("valid") });
    // `energy` refers to the Hamiltonian of the start in both.
    let found = deviation(&problem);
    assert!(found < 1e-10, "{found:e}");
}
