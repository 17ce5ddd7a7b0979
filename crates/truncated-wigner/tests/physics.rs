//! Samples against the exact engine, linear noise and independent code.

use serde_json::Value as Json;
use superladder_cumulant::{Closure, Cumulant};
use superladder_engine::{Engine, Problem, Recorder, Silent, run};
use superladder_exact::Exact;
use superladder_model::{Model, Operator};
use superladder_truncated_wigner::{SpinLength, SpinSampling, TruncatedWigner};

fn ran(engine: &dyn Engine, problem: &Problem) -> Recorder {
    run(engine, problem, &mut Silent).unwrap_or_else(|e| panic!("{}: {e}", engine.name())).1
}

fn engine(samples: u64) -> TruncatedWigner {
    TruncatedWigner { samples, ..TruncatedWigner::default() }
}

/// Sum of squared deviations in units of the standard errors over their number; values of `expected` have none.
fn chi_square(problem: &Problem, sampled: &Recorder, expected: &Recorder, names: &[&str]) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for name in names {
        let found = sampled.get(problem, name).expect("measured");
        let errors = sampled.standard_errors(problem, name).expect("measured").expect("sampled");
        let right = expected.get(problem, name).expect("measured");
        for k in 1..found.len() {
            println!("{name} {k}: {} +- {} for {}", found[k], errors[k], right[k]);
            sum += ((found[k] - right[k]) / errors[k]).powi(2);
            count += 1.0;
        }
    }
    sum / count
}

/// Of k numbers with Gaussian errors it is 1 with a spread of sqrt(2/k); times are correlated.
fn assert_equal(problem: &Problem, sampled: &Recorder, expected: &Recorder, names: &[&str]) {
    let found = chi_square(problem, sampled, expected, names);
    assert!((0.05..3.0).contains(&found), "chi-square per number is {found}");
}

#[test]
fn a_driven_damped_thermal_mode_is_exact() {
    let model = Model::builder()
        .mode("a", 0.7)
        .interaction("drive", "a", 0.4)
        .hamiltonian(
            0.1 * (Operator::create(0) * Operator::create(0)
                + Operator::annihilate(0) * Operator::annihilate(0)),
        )
        .channel("thermal-bath", "a", [("rate", 0.5), ("occupation", 0.6)])
        .channel("cavity-gain", "a", 0.1)
        .channel("cavity-dephasing", "a", 0.2)
        .build()
        .expect("valid");
    let names = ["amplitude(a).re", "amplitude(a).im", "photons(a)", "g2(a)", "covariance(a).QP"];
    let builder =
        Problem::builder(&model).initial("a", "displaced-thermal", [("amplitude", 0.6), ("occupation", 0.3)]);
    let builder = builder.cutoff("a", 40).observe(["amplitude(a)", "photons(a)", "g2(a)", "covariance(a)"]);
    let problem = builder.times(0.0, 6.0, 4).build().expect("valid");
    let (sampled, exact) = (ran(&engine(40_000), &problem), ran(&Exact::default(), &problem));
    assert_equal(&problem, &sampled, &exact, &names);
}

#[test]
fn independent_spins_relax_as_they_do() {
    let model = Model::builder()
        .ensemble("T", 20, 0.8)
        .channel("pumping", "T", 0.5)
        .channel("emission", "T", 0.4)
        .channel("dephasing", "T", 0.2)
        .build()
        .expect("valid");
    let builder = Problem::builder(&model).initial("T", "product", [0.4, -0.2, -0.3]);
    let problem = builder.observe(["spin(T)", "covariance(T)", "squeezing(T)"]).times(0.0, 4.0, 3).build();
    let problem = problem.expect("valid");
    let (sampled, exact) = (ran(&engine(30_000), &problem), ran(&Exact::default(), &problem));
    let names = [
        "spin(T).x",
        "spin(T).y",
        "spin(T).z",
        "covariance(T).xx",
        "covariance(T).xy",
        "covariance(T).xz",
        "covariance(T).zz",
    ];
    assert_equal(&problem, &sampled, &exact, &names);
}

#[test]
fn a_hundred_spins_emit_together_and_alone() {
    for (channel, rate) in [("collective-emission", 0.01), ("emission", 0.7)] {
        let model =
            Model::builder().ensemble("S", 100, 1.0).channel(channel, "S", rate).build().expect("valid");
        // The sharp ladder of the collective channel; local emission closes on means and second moments.
        let exact: &dyn Engine = if channel == "emission" { &Cumulant::default() } else { &Exact::default() };
        let builder = Problem::builder(&model).initial("S", "spin-coherent", [("theta", 2.0), ("phi", 0.4)]);
        let builder = builder.observe(["spin(S)", "covariance(S)", "spin-length(S)"]);
        let problem = builder.times(0.0, 3.0, 4).build().expect("valid");
        let (sampled, right) = (ran(&engine(4000), &problem), ran(exact, &problem));
        for (name, scale) in [
            ("spin(S).x", 50.0),
            ("spin(S).y", 50.0),
            ("spin(S).z", 50.0),
            ("covariance(S).xx", 250.0),
            ("covariance(S).xz", 250.0),
            ("covariance(S).zz", 250.0),
            ("spin-length(S)", 2550.0),
        ] {
            let found = sampled.get(&problem, name).expect("measured");
            let errors = sampled.standard_errors(&problem, name).expect("measured").expect("sampled");
            let right = right.get(&problem, name).expect("measured");
            for k in 1..4 {
                println!("{channel} {name} {k}: {} +- {} for {}", found[k], errors[k], right[k]);
                // Truncation leaves 1/N of the size.
                let allowed = 4.5 * errors[k] + 0.003 * scale;
                assert!(
                    (found[k] - right[k]).abs() < allowed,
                    "{channel}: {name}: {} for {}",
                    found[k],
                    right[k]
                );
            }
        }
    }
}

#[test]
fn twisting_squeezes_at_short_times() {
    let model = Model::builder().ensemble("S", 60, 0.0).interaction("one-axis-twisting", "S", 1.0);
    let builder = Problem::builder(&model.build().expect("valid"))
        .initial("S", "spin-coherent", std::f64::consts::FRAC_PI_2)
        .observe(["squeezing(S)", "spin(S)"]);
    let problem = builder.times(0.0, 4.0, 5).build().expect("valid");
    let (sampled, exact) = (ran(&engine(20_000), &problem), ran(&Exact::default(), &problem));
    for (name, scale) in [("squeezing(S).kitagawa_ueda", 1.0), ("spin(S).x", 30.0)] {
        let found = sampled.get(&problem, name).expect("measured");
        let errors = sampled.standard_errors(&problem, name).expect("measured").expect("sampled");
        let right = exact.get(&problem, name).expect("measured");
        for k in 1..5 {
            println!("{name} {k}: {} +- {} for {}", found[k], errors[k], right[k]);
            // Truncation leaves a part of 1/N of the noise of a coherent state.
            let allowed = 4.5 * errors[k] + 0.5 * scale / 60.0;
            assert!((found[k] - right[k]).abs() < allowed, "{name}: {} for {}", found[k], right[k]);
        }
    }
}

/// The reference model at the L1 point, N spins in each ensemble, from the limit cycle.
fn reference(n: usize, start: &[f64], times: &[f64], observables: &[&str]) -> Problem {
    let model = Model::builder()
        .mode("a", 1.0)
        .ensemble("S", n, 1.0)
        .ensemble("T", n, 1.0)
        .interaction("dicke", ["a", "S"], 0.2)
        .interaction("tavis-cummings", ["a", "T"], 0.1)
        .interaction("exchange", ["S", "T"], 0.1)
        .channel("cavity-loss", "a", 0.06)
        .channel("pumping", "T", 0.9)
        .channel("emission", "T", 0.1)
        .build()
        .expect("valid");
    let root = (n as f64 / 2.0).sqrt();
    // The reference is rounded: a pure spin has the length 1.
    let length = 2.0 * start[2..5].iter().map(|s| s * s).sum::<f64>().sqrt();
    let names: Vec<String> = observables.iter().map(ToString::to_string).collect();
    Problem::builder(&model)
        .initial("a", "coherent", num_complex::Complex64::new(root * start[0], root * start[1]))
        .initial("S", "product", [2, 3, 4].map(|k| 2.0 * start[k] / length))
        .initial("T", "product", [5, 6, 7].map(|k| 2.0 * start[k]))
        .cutoff("a", 1)
        .observe(names)
        .at(times.to_vec())
        .build()
        .expect("valid")
}

fn targets() -> Json {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference/truncated_wigner.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("reference data")).expect("JSON")
}

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn start(targets: &Json) -> Vec<f64> {
    numbers(&targets["initial_means_per_spin (q,p,sx,sy,sz,tx,ty,tz), q=<Q>/sqrtN"])
}

/// Moments at N = 10 of independent code: means and all covariances, samplings A (discrete, free) and C (Gaussian,
/// sharp).
#[test]
fn moments_of_the_reference_model_are_those_of_independent_code() {
    let targets = targets();
    let times = [0.0, 1.0, 5.0, 10.0, 20.0];
    let all = [
        "moments(a)",
        "covariance(a)",
        "covariance(S)",
        "covariance(T)",
        "covariance(a,S)",
        "covariance(a,T)",
        "covariance(S,T)",
    ];
    let observed = [&["amplitude(a)", "spin(S)", "spin(T)"], &all[1..]].concat();
    let problem = reference(10, &start(&targets), &times, &observed);
    for (letter, sampling, length) in
        [("A", SpinSampling::Discrete, SpinLength::Free), ("C", SpinSampling::Gaussian, SpinLength::Sharp)]
    {
        let engine = TruncatedWigner { sampling, length, ..engine(20_000) };
        let found = ran(&engine, &problem);
        let moments = targets["moments"].as_array().expect("a list");
        let own = moments.iter().find(|m| m["sampling"] == letter).expect("this sampling");
        let (mut chi, mut count) = (0.0, 0.0);
        for (row, time) in times.iter().enumerate().skip(1) {
            let at = &own["times"][format!("{time}")];
            let (means, errors) = (numbers(&at["v=(q,p,sx,sy,sz,tx,ty,tz)"]), numbers(&at["v_error"]));
            let names = [
                "amplitude(a).re",
                "amplitude(a).im",
                "spin(S).x",
                "spin(S).y",
                "spin(S).z",
                "spin(T).x",
                "spin(T).y",
                "spin(T).z",
            ];
            for (k, name) in names.iter().enumerate() {
                let scale = if k < 2 { (10.0_f64 / 2.0).sqrt() } else { 10.0 };
                let value = found.get(&problem, name).expect("measured")[row] / scale;
                let error =
                    found.standard_errors(&problem, name).expect("measured").expect("sampled")[row] / scale;
                chi += (value - means[k]).powi(2) / (error * error + errors[k] * errors[k]);
                count += 1.0;
            }
            let components = ["Q", "P", "x", "y", "z", "x", "y", "z"];
            let place = |k: usize| ["a", "a", "S", "S", "S", "T", "T", "T"][k];
            let (g, spread) = (&at["G=N Cov(v), 8x8"], &at["G_error"]);
            for i in 0..8 {
                for k in i..8 {
                    let (x, y) = (place(i), place(k));
                    let subsystems = if x == y { x.to_owned() } else { format!("{x},{y}") };
                    let name = format!("covariance({subsystems}).{}{}", components[i], components[k]);
                    // N Cov of Q/sqrt N and S/N.
                    let scale = 10.0_f64.powf(0.5 * (f64::from(i > 1) + f64::from(k > 1)));
                    let value = found.get(&problem, &name).expect("measured")[row] / scale;
                    let own = found.standard_errors(&problem, &name).expect("measured").expect("sampled")
                        [row]
                        / scale;
                    let (right, error) = (numbers(&g[i])[k], numbers(&spread[i])[k]);
                    chi += (value - right).powi(2) / (own * own + error * error);
                    count += 1.0;
                }
            }
        }
        println!("{letter}: chi-square {} of {count} numbers", chi / count);
        assert!((0.6..1.45).contains(&(chi / count)), "{letter}: {}", chi / count);
    }
}

/// Covariances of linear noise are approached as 1/N.
#[test]
fn many_spins_follow_linear_noise() {
    let targets = targets();
    let names = [
        "covariance(a).QQ",
        "covariance(a).PP",
        "covariance(S).xx",
        "covariance(T).zz",
        "covariance(S,T).xy",
    ];
    let mut away = Vec::new();
    for n in [100, 10_000] {
        let problem = reference(
            n,
            &start(&targets),
            &[0.0, 12.0],
            &["covariance(a)", "covariance(S)", "covariance(T)", "covariance(S,T)"],
        );
        let linear = Cumulant { order: 2, closure: Closure::LinearNoise, ..Cumulant::default() };
        let (sampled, right) = (ran(&engine(20_000), &problem), ran(&linear, &problem));
        let mut chi = 0.0;
        for name in names {
            let scale = if name.contains('Q') || name.contains('P') { 1.0 } else { n as f64 };
            let found = sampled.get(&problem, name).expect("measured")[1] / scale;
            let error =
                sampled.standard_errors(&problem, name).expect("measured").expect("sampled")[1] / scale;
            let right = right.get(&problem, name).expect("measured")[1] / scale;
            println!("N = {n}, {name}: {found} +- {error} for {right}");
            chi += ((found - right) / error).powi(2) / names.len() as f64;
        }
        away.push(chi);
    }
    assert!(away[1] < 3.0, "N = 10000 is not linear noise: {away:?}");
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let targets = targets();
    let problem = reference(6, &start(&targets), &[0.0, 1.0, 2.0], &["photons(a)", "covariance(S,T)"]);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| run(&engine(500), &problem, &mut Silent).expect("runs").0.save().expect("bytes"))
    };
    assert_eq!(on(1), on(2));
}
