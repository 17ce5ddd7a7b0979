//! Stationary averages of trajectories: against the exact engine, with errors that are those of chance.

use superladder_engine::{
    EngineError, Halt, Never, Problem, Stationary, StationaryOptions, StationaryReport,
};
use superladder_exact::Exact;
use superladder_model::{Model, ModelBuilder};
use superladder_trajectories::Trajectories;

fn problem<const K: usize>(
    model: ModelBuilder,
    cutoff: Option<usize>,
    observables: [&str; K],
    end: f64,
) -> Problem {
    let model = model.build().expect("valid");
    let builder = Problem::builder(&model).observe(observables).times(0.0, end, 2);
    cutoff.into_iter().fold(builder, |b, cutoff| b.cutoff("a", cutoff)).build().expect("valid")
}

fn found(problem: &Problem, engine: &dyn Stationary) -> StationaryReport {
    engine.stationary(problem, &StationaryOptions::default(), &Never).expect("a stationary state")
}

fn values(report: &StationaryReport) -> Vec<f64> {
    report.measurements.iter().flat_map(|m| &m.values).map(|v| v.value).collect()
}

/// A pumped ensemble that emits collectively.
fn superradiant(n: usize) -> ModelBuilder {
    Model::builder().ensemble("S", n, 0.0).channel("collective-emission", "S", 1.0).channel(
        "pumping",
        "S",
        0.5 * n as f64,
    )
}

/// Over many seeds the deviations from the exact values are as large as the errors say.
#[test]
fn deviations_are_as_large_as_the_errors() {
    let driven = Model::builder().mode("a", 0.4).interaction("drive", "a", 0.5).channel(
        "thermal-bath",
        "a",
        [("rate", 1.0), ("occupation", 0.5)],
    );
    let cases = [
        problem(superradiant(6), None, ["spin(S)", "spin-length(S)"], 4.0),
        problem(driven, Some(16), ["photons(a)", "amplitude(a)", "g2(a)"], 3.0),
    ];
    for problem in cases {
        let exact = values(&found(&problem, &Exact::default()));
        let seeds = 60;
        let (mut chi_square, mut spread, mut told) =
            (vec![0.0; exact.len()], vec![0.0; exact.len()], vec![0.0; exact.len()]);
        for seed in 0..seeds {
            let report =
                found(&problem, &Trajectories { trajectories: 128, seed, ..Trajectories::default() });
            assert!(report.diagnostics.broken().is_empty(), "{:?}", report.diagnostics.broken());
            let errors: Vec<f64> = report.errors.concat();
            for (k, value) in values(&report).into_iter().enumerate() {
                let away = value - exact[k];
                // Both are exactly zero where a symmetry says so.
                if errors[k] > 1e-12 {
                    chi_square[k] += (away / errors[k]).powi(2) / seeds as f64;
                }
                spread[k] += away * away / seeds as f64;
                told[k] += errors[k].powi(2) / seeds as f64;
            }
        }
        let seen: Vec<usize> = (0..exact.len()).filter(|k| told[*k] > 1e-20).collect();
        assert!(seen.len() >= 2, "{told:?}");
        let ratio: f64 = seen.iter().map(|k| (spread[*k] / told[*k]).sqrt()).sum::<f64>() / seen.len() as f64;
        println!("scatter over told error {ratio}, chi square {chi_square:?}");
        assert!((ratio - 1.0).abs() < 0.15, "{ratio}");
        for k in seen {
            // 60 seeds: the spread of their mean is sqrt(2/60) = 0.18.
            assert!((0.4..1.8).contains(&chi_square[k]), "{k}: {}", chi_square[k]);
        }
    }
}

/// `superradiant_bad_cavity` of data/reference/steady.json: <S^+ S^-> = <S.S> - Sz^2 + Sz at w = N/2.
#[test]
fn superradiance_is_that_of_independent_code() {
    let problem = problem(superradiant(10), None, ["spin(S)", "spin-length(S)"], 2.0);
    let engine = Trajectories { trajectories: 600, ..Trajectories::default() };
    let report = found(&problem, &engine);
    let (values, errors) = (values(&report), report.errors.concat());
    let expected = [(2, 1.988_638_601), (3, 20.482_957_901_5)];
    for (k, expected) in expected {
        println!("{} ({}) for {expected}", values[k], errors[k]);
        assert!((values[k] - expected).abs() < 4.0 * errors[k], "{k}: {} {}", values[k], errors[k]);
        assert!(errors[k] < 0.02 * expected, "{}", errors[k]);
    }
}

#[test]
fn bits_do_not_depend_on_threads_and_short_times_are_extended() {
    // In the 0.01 of the study hardly a spin jumps; the smallest rate is 1.
    let problem = problem(superradiant(4), None, ["spin(S)"], 0.01);
    let engine = Trajectories { trajectories: 64, ..Trajectories::default() };
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| found(&problem, &engine))
    };
    let (one, three) = (of(1), of(3));
    assert_eq!(values(&one), values(&three));
    assert_eq!(one.errors, three.errors);
    assert_eq!(one.diagnostics, three.diagnostics);
    assert!(one.diagnostics.figures["followed"] >= 10.0, "{:?}", one.diagnostics.figures);
    assert!(one.diagnostics.figures["burn_in"] <= 0.5 * one.diagnostics.figures["followed"]);
}

struct Ended;

impl Halt for Ended {
    fn asked(&self) -> bool {
        true
    }
}

#[test]
fn what_has_no_stationary_state_is_refused() {
    let options = StationaryOptions::default();
    let said = |problem: &Problem, engine: &Trajectories| {
        engine.stationary(problem, &options, &Never).expect_err("refused").to_string()
    };
    let few = Trajectories { trajectories: 64, ..Trajectories::default() };
    let still = problem(Model::builder().ensemble("S", 2, 1.0), None, ["spin(S)"], 1.0);
    assert!(said(&still, &few).contains("without channels"));
    let model = superradiant(2);
    let good = problem(model, None, ["spin(S)"], 1.0);
    let refused = said(&good, &Trajectories { trajectories: 8, ..Trajectories::default() });
    assert!(refused.contains("`trajectories` must be at least 16"), "{refused}");
    let ended = few.stationary(&good, &options, &Ended);
    assert!(matches!(ended, Err(EngineError::Interrupted { .. })), "{ended:?}");
    // A spin that turns for ever beside one that is damped.
    let model = Model::builder()
        .ensemble("S", 1, 1.0)
        .ensemble("T", 1, 1.0)
        .channel("emission", "T", 1.0)
        .build()
        .expect("valid");
    let turning = Problem::builder(&model)
        .initial("S", "spin-coherent", [("theta", 1.0)])
        .observe("spin(S)")
        .times(0.0, 5.0, 2)
        .build()
        .expect("valid");
    let refused = said(&turning, &few);
    assert!(refused.contains("averages still move") && refused.contains("turn for ever"), "{refused}");
}
