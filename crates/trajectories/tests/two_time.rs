//! Correlations of two times from trajectories: against the exact engine, within errors that are those of chance.

use num_complex::Complex64;
use superladder_engine::{
    CorrelationSeries, EngineError, Halt, Never, Problem, SpectrumMethod, StationaryOptions, TwoTime,
};
use superladder_exact::Exact;
use superladder_model::{Correlation, Model, ModelBuilder, Operator};
use superladder_trajectories::Trajectories;

const DELAYS: [f64; 4] = [0.0, 0.2, 0.7, 2.0];

fn problem(model: ModelBuilder, cutoff: Option<usize>) -> Problem {
    let builder = Problem::builder(&model.build().expect("valid")).times(0.0, 5.0, 2);
    cutoff.into_iter().fold(builder, |b, cutoff| b.cutoff("a", cutoff)).build().expect("valid")
}

fn series(problem: &Problem, engine: &dyn TwoTime, correlation: &Correlation) -> CorrelationSeries {
    let state = engine.two_time(problem, &StationaryOptions::default(), &Never).expect("a stationary state");
    state.series(correlation, &DELAYS, &Never).expect("a series")
}

fn spins() -> Problem {
    let model = Model::builder()
        .ensemble("S", 4, 0.5)
        .channel("collective-emission", "S", 1.0)
        .channel("pumping", "S", 2.0);
    problem(model, None)
}

fn cavity() -> Problem {
    let model = Model::builder().mode("a", 0.4).interaction("drive", "a", 0.5).channel(
        "thermal-bath",
        "a",
        [("rate", 1.0), ("occupation", 0.3)],
    );
    problem(model, Some(12))
}

#[test]
fn correlations_are_those_of_the_density_matrix_within_their_errors() {
    let own = |a: Operator, b: Operator| Correlation { a, b, c: None, connected: true };
    let product = Operator::raise(0) * Operator::lower(0);
    let with_c = Correlation {
        a: Operator::sz(0),
        b: Operator::lower(0) * Operator::sz(0),
        c: Some(Operator::raise(0)),
        connected: false,
    };
    let cases = [
        (
            spins(),
            vec![
                Correlation::dipole(0),
                Correlation::dipole_intensity(0),
                own(product, Operator::sz(0)),
                with_c,
            ],
        ),
        (
            cavity(),
            vec![Correlation::amplitude(0), Correlation::intensity(0), Correlation::amplitude(0).connected()],
        ),
    ];
    let seeds = 12;
    let (mut spread, mut count) = (0.0, 0.0);
    for (problem, correlations) in cases {
        for correlation in correlations {
            let exact = series(&problem, &Exact::default(), &correlation).values;
            let mut chi_square = 0.0;
            for seed in 0..seeds {
                let engine = Trajectories { trajectories: 192, seed, ..Trajectories::default() };
                let found = series(&problem, &engine, &correlation);
                for ((value, exact), error) in found.values.iter().zip(&exact).zip(&found.errors) {
                    let away: Complex64 = value - exact;
                    assert!(
                        away.norm() < 5.5 * error + 1e-9,
                        "{correlation:?}: {value} ({error}) for {exact}"
                    );
                    chi_square += (away.norm() / error).powi(2) / (seeds * DELAYS.len() as u64) as f64;
                }
            }
            println!("{chi_square} of {:?} {:?}", correlation.a.to_string(), correlation.b.to_string());
            assert!((0.4..2.0).contains(&chi_square), "{chi_square}: {correlation:?}");
            (spread, count) = (spread + chi_square, count + 1.0);
        }
    }
    let ratio: f64 = f64::sqrt(spread / count);
    println!("scatter over told error {ratio}");
    assert!((ratio - 1.0).abs() < 0.15, "{ratio}");
}

/// A driven mode with two pumped spins, from a coherent start and with a quench before the correlations begin.
fn moving() -> Problem {
    let model = |strength: f64| {
        let model = Model::builder().mode("a", 0.9).ensemble("S", 2, 0.7).interaction("drive", "a", 0.3);
        let model = model.interaction("tavis-cummings", ["a", "S"], strength);
        let model = model.channel("cavity-loss", "a", 0.5).channel("pumping", "S", 0.3);
        model.channel("dephasing", "S", 0.2).build().expect("valid")
    };
    let problem = Problem::builder(&model(0.4)).initial("a", "coherent", [("amplitude", 0.6)]).cutoff("a", 8);
    let problem = problem.initial("S", "spin-coherent", [("theta", 1.0)]).times(0.0, 4.0, 2);
    problem.quench(1.0, &model(0.9)).build().expect("valid")
}

#[test]
fn correlations_from_a_time_on_are_those_of_the_density_matrix() {
    let problem = moving();
    let start = 1.5;
    let of = |engine: &dyn TwoTime, correlation: &Correlation| {
        let state = engine.two_time_from(&problem, start, &Never).expect("a state");
        state.series(correlation, &DELAYS, &Never).expect("a series")
    };
    let pair =
        Correlation { a: Operator::annihilate(0), b: Operator::annihilate(0), c: None, connected: false };
    let seeds = 8;
    let (mut spread, mut count) = (0.0, 0.0);
    for correlation in [Correlation::amplitude(0), Correlation::intensity(0), Correlation::dipole(0), pair] {
        let exact = of(&Exact::default(), &correlation).values;
        assert!((exact[0] - exact[3]).norm() > 0.05, "it moves: {exact:?}");
        for seed in 0..seeds {
            let engine = Trajectories { trajectories: 128, seed: 40 + seed, ..Trajectories::default() };
            let found = of(&engine, &correlation);
            for ((value, exact), error) in found.values.iter().zip(&exact).zip(&found.errors) {
                let away: Complex64 = value - exact;
                assert!(away.norm() < 5.5 * error + 1e-9, "{correlation:?}: {value} ({error}) for {exact}");
                (spread, count) = (spread + (away.norm() / error).powi(2), count + 1.0);
            }
        }
    }
    let ratio: f64 = f64::sqrt(spread / count);
    println!("scatter over told error {ratio}");
    assert!((0.75..1.25).contains(&ratio), "{ratio}");
}

#[test]
fn bits_do_not_depend_on_threads() {
    let engine = Trajectories { trajectories: 64, ..Trajectories::default() };
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| series(&spins(), &engine, &Correlation::dipole(0)))
    };
    assert_eq!(of(1), of(3));
}

struct Ended;

impl Halt for Ended {
    fn asked(&self) -> bool {
        true
    }
}

#[test]
fn spectra_and_bad_delays_are_refused_by_name() {
    let engine = Trajectories { trajectories: 64, ..Trajectories::default() };
    let state = engine.two_time(&spins(), &StationaryOptions::default(), &Never).expect("a state");
    let light = Correlation::dipole(0);
    let said = |error: EngineError| error.to_string();
    let refused = state.spectrum(&light, &[-1.0, 0.0, 1.0], SpectrumMethod::Automatic, &Never);
    assert!(said(refused.expect_err("noise")).contains("'exact' or 'cumulant'"));
    assert!(said(state.delay_grid(&light, &Never).expect_err("unknown")).contains("give `delays`"));
    for delays in [&[1.0, 0.5][..], &[], &[-1.0]] {
        assert!(said(state.series(&light, delays, &Never).expect_err("delays")).contains("increasing"));
    }
    let other = Correlation::dipole(3);
    assert!(state.series(&other, &[0.0], &Never).is_err());
    let ended = state.series(&light, &[0.0, 1.0], &Ended);
    assert!(matches!(ended, Err(EngineError::Interrupted { .. })), "{ended:?}");
    // Later delays alone are those of the whole series.
    let whole = state.series(&light, &[0.0, 0.5, 1.0], &Never).expect("a series");
    let later = state.series(&light, &[0.5, 1.0], &Never).expect("a series");
    assert_eq!(whole.values[1..], later.values);
    assert_eq!(state.series(&light, &[0.0], &Never).expect("one").values, whole.values[..1]);
}
