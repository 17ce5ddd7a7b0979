//! Stationary states against numbers of independent code: `data/reference/steady.json` and
//! `data/reference/steady_and_more.json` (parts A and G), copied from the project's reference numbers.

mod common;

use common::steady::{entries, model_of, number, numbers_of};
use serde_json::Value;
use superladder_engine::{EngineError, Never, Problem, StationaryOptions};
use superladder_exact::{Exact, StationaryState};
use superladder_model::Model;

fn solved(problem: &Problem, options: &StationaryOptions) -> StationaryState {
    Exact::default().stationary_state(problem, options, &Never).expect("a stationary state")
}

/// Without slow modes.
fn state_only() -> StationaryOptions {
    StationaryOptions { modes: 0, tolerance: 1e-13, ..StationaryOptions::default() }
}

fn close(found: f64, expected: f64, digits: f64, what: &str) {
    assert!((found - expected).abs() <= digits * (1e-3 + expected.abs()), "{what}: {found} for {expected}");
}

fn reference_problem(entry: &Value, observables: &[&str]) -> Problem {
    let model = model_of(entry).build().expect("valid");
    let names: Vec<String> = observables.iter().map(ToString::to_string).collect();
    Problem::builder(&model)
        .cutoff("a", number(&entry["cutoff"]) as usize)
        .observe(superladder_model::observables_by_name(&model, &names).expect("known"))
        .times(0.0, 1.0, 2)
        .build()
        .expect("valid")
}

fn check_steady(entry: &Value) {
    let names = [
        "photons(a)",
        "g2(a)",
        "spin(S)",
        "spin(T)",
        "spin-length(S)",
        "spin-length(T)",
        "purity",
        "entropy",
        "top-population(a)",
    ];
    let problem = reference_problem(entry, &names);
    let start = std::time::Instant::now();
    let state = solved(&problem, &state_only());
    let report = &state.report;
    println!(
        "{}: residual {:.1e}, {} iterations, {:?}",
        entry["id"],
        report.residual,
        report.iterations,
        start.elapsed()
    );
    assert_eq!(report.count(), 1);
    assert!(report.residual < 1e-10, "{:e}", report.residual);
    let values = &entry["values"];
    let expected = [
        ("photons(a)", 0, "photons"),
        ("g2(a)", 0, "g2"),
        ("spin(S)", 2, "Sz"),
        ("spin(T)", 2, "Tz"),
        ("spin-length(S)", 0, "SS"),
        ("spin-length(T)", 0, "TT"),
        ("purity", 0, "purity"),
        ("entropy", 0, "entropy"),
        ("top-population(a)", 0, "top_two"),
    ];
    for (name, component, key) in expected {
        let found = state.values(name).expect("observed")[component];
        close(found, number(&values[key]), 1e-9, &format!("{} {key}", entry["id"]));
    }
    for (measurement, errors) in report.measurements.iter().zip(&report.errors) {
        for (value, error) in measurement.values.iter().zip(errors) {
            assert!(*error < 1e-7 * (1.0 + value.value.abs()), "{value:?} {error:e}");
        }
    }
}

#[test]
fn the_reference_model_ends_where_it_should() {
    let small =
        entries("A-steady").into_iter().filter(|e| number(&e["N"]) <= 2.0 && number(&e["cutoff"]) <= 16.0);
    let mut count = 0;
    small.for_each(|entry| {
        check_steady(&entry);
        count += 1;
    });
    assert_eq!(count, 6);
}

#[test]
#[ignore = "minutes: the larger states of the reference model"]
fn the_larger_reference_models_end_where_they_should() {
    entries("A-steady").iter().for_each(check_steady);
}

fn check_modes(entry: &Value) {
    let problem = reference_problem(entry, &["photons(a)", "amplitude(a)"]);
    let start = std::time::Instant::now();
    let options = StationaryOptions { modes: 4, errors: false, ..StationaryOptions::default() };
    let state = solved(&problem, &options);
    println!("{}: {:?}", entry["id"], start.elapsed());
    assert_eq!(state.report.slow.len(), 2);
    for (slow, key) in state.report.slow.iter().zip(["even", "odd"]) {
        assert_eq!(slow.undamped.len(), usize::from(key == "even"), "{:?}", slow.undamped);
        let expected = entry["values"][key].as_array().expect("a list");
        assert_eq!(slow.values.len(), 4);
        for (found, expected) in slow.values.iter().zip(expected) {
            let (re, im) = (number(&expected[0]), number(&expected[1]));
            assert!(
                (found.re - re).abs() < 2e-8 && (found.im.abs() - im).abs() < 2e-8,
                "{key}: {found} {expected}"
            );
        }
    }
}

#[test]
fn slow_modes_of_the_reference_model_are_those_of_independent_code() {
    let small =
        entries("A-modes").into_iter().filter(|e| number(&e["N"]) == 1.0 && number(&e["cutoff"]) < 10.0);
    small.for_each(|entry| check_modes(&entry));
}

#[test]
#[ignore = "minutes: the slow modes of the larger models"]
fn slow_modes_of_the_larger_reference_models() {
    let middle = entries("A-modes").into_iter().filter(|e| number(&e["N"]) <= 2.0);
    middle.for_each(|entry| check_modes(&entry));
}

/// Collective emission at rate 1 and pumping at rate w: Meiser and Holland, PRA 81, 033847 (2010).
fn superradiant(n: usize, w: f64) -> Problem {
    let model = Model::builder()
        .ensemble("S", n, 1.0)
        .channel("collective-emission", "S", 1.0)
        .channel("pumping", "S", w)
        .build()
        .expect("valid");
    let observables = ["spin(S)", "spin-length(S)", "moments(S)"];
    Problem::builder(&model).observe(observables).times(0.0, 1.0, 2).build().expect("valid")
}

/// <S^+ S^-> = <S^2> - <S_z^2> + <S_z>.
fn emission(state: &StationaryState) -> [f64; 3] {
    let sz = state.values("spin(S)").expect("observed")[2];
    let s2 = state.values("spin-length(S)").expect("observed")[0];
    let moments = state.values("moments(S)").expect("observed");
    [s2 - moments[5] + sz, sz, s2]
}

#[test]
fn the_superradiant_laser_emits_what_the_rate_equation_says() {
    let file = numbers_of("steady.json");
    for row in file["superradiant_bad_cavity"]["rows"].as_array().expect("a list") {
        let state = solved(&superradiant(number(&row["N"]) as usize, number(&row["w"])), &state_only());
        for (found, key) in emission(&state).into_iter().zip(["SpSm", "Sz", "S2"]) {
            if !row[key].is_null() {
                close(found, number(&row[key]), 2e-9, &format!("{row} {key}"));
            }
        }
    }
    for (n, expected) in [(10, 15.056_807), (20, 52.683_821), (50, 306.304_019), (100, 1_226.482_509)] {
        let start = std::time::Instant::now();
        let state = solved(&superradiant(n, n as f64 / 2.0), &state_only());
        println!("N = {n}: {:?}, {} iterations", start.elapsed(), state.report.iterations);
        close(emission(&state)[0], expected, 1e-8, &format!("N = {n}"));
    }
}

/// H = Omega S^x with collective emission 1 and, on every spin, emission `gamma`.
fn driven(n: usize, omega: f64, gamma: f64) -> Problem {
    let model = Model::builder().ensemble("S", n, 0.0).interaction("spin-drive", "S", 0.5 * omega).channel(
        "collective-emission",
        "S",
        1.0,
    );
    let model = if gamma > 0.0 { model.channel("emission", "S", gamma) } else { model };
    let model = model.build().expect("valid");
    let observables = ["spin(S)", "spin-length(S)", "moments(S)", "purity"];
    Problem::builder(&model).observe(observables).times(0.0, 1.0, 2).build().expect("valid")
}

#[test]
fn driven_superradiance_is_that_of_its_closed_form() {
    for entry in entries("G-driven-superradiance") {
        let values = &entry["values"];
        let n = number(&values["N"]);
        let state = solved(&driven(n as usize, number(&values["Omega"]), 0.0), &state_only());
        let spin = state.values("spin(S)").expect("observed");
        println!(
            "{}: residual {:.1e}, {} iterations",
            entry["id"], state.report.residual, state.report.iterations
        );
        close(2.0 * spin[1] / n, number(&values["Sy2_N"]), 1e-9, "Sy");
        close(2.0 * spin[2] / n, number(&values["Sz2_N"]), 1e-9, "Sz");
        close(emission(&state)[0], number(&values["SpSm"]), 1e-9, "SpSm");
        close(state.values("purity").expect("observed")[0], number(&values["purity"]), 1e-9, "purity");
    }
    let file = numbers_of("steady.json");
    for row in file["driven_superradiance"]["rows"].as_array().expect("a list") {
        let n = number(&row["N"]);
        let state = solved(&driven(n as usize, 0.5 * n * number(&row["r"]), 0.0), &state_only());
        let spin = state.values("spin(S)").expect("observed");
        close(2.0 * spin[1] / n, number(&row["2Sy/N"]), 1e-8, "Sy");
        close(state.values("purity").expect("observed")[0], number(&row["purity"]), 1e-8, "purity");
    }
    for row in file["driven_with_local_decay"]["rows"].as_array().expect("a list") {
        let (n, omega, gamma) = (number(&row["N"]), number(&row["Omega"]), number(&row["gamma"]));
        let state = solved(&driven(n as usize, omega, gamma), &state_only());
        let spin = state.values("spin(S)").expect("observed");
        close(spin[1], number(&row["Sy"]), 1e-9, "Sy");
        close(spin[2], number(&row["Sz"]), 1e-9, "Sz");
    }
}

#[test]
fn linewidths_of_the_superradiant_laser_are_those_of_brute_force() {
    let file = numbers_of("steady.json");
    for row in file["superradiant_linewidth"]["rows"].as_array().expect("a list") {
        let options = StationaryOptions { modes: 2, ..StationaryOptions::default() };
        let state = solved(&superradiant(number(&row["N"]) as usize, number(&row["w"])), &options);
        let line = state.report.slow.iter().find(|s| s.difference == [1]).expect("the coherence of S^-");
        close(2.0 * line.gap(), number(&row["slowest"]), 5e-7, &row.to_string());
    }
}

#[test]
fn a_model_without_channels_is_refused_by_name() {
    let model = Model::builder().mode("a", 1.0).build().expect("valid");
    let problem = Problem::builder(&model).cutoff("a", 3).times(0.0, 1.0, 2).build().expect("valid");
    let refused = Exact::default().stationary_state(&problem, &state_only(), &Never);
    let Err(EngineError::Unsupported { reason, .. }) = refused else { panic!("not refused") };
    assert!(reason.contains("without channels"), "{reason}");
}

#[test]
fn gain_above_loss_shows_at_the_top_of_the_fock_space() {
    let model =
        Model::builder().mode("a", 1.0).channel("cavity-gain", "a", 0.3).channel("cavity-loss", "a", 0.2);
    let model = model.build().expect("valid");
    let problem = Problem::builder(&model).cutoff("a", 12).times(0.0, 1.0, 2).build().expect("valid");
    let state = solved(&problem, &state_only());
    let check = &state.report.diagnostics.checks["top_population"];
    assert!(!check.holds() && state.report.leaving > 0.01, "{check:?}");
}

#[test]
fn errors_of_observables_are_what_a_loose_solution_is_wrong_by() {
    let entry =
        entries("A-steady").into_iter().find(|e| number(&e["N"]) == 2.0 && number(&e["cutoff"]) == 10.0);
    let problem = reference_problem(&entry.expect("there"), &["photons(a)", "spin-length(T)", "spin(T)"]);
    let exact = solved(&problem, &state_only());
    let loose = solved(&problem, &StationaryOptions { tolerance: 1e-3, ..state_only() });
    println!("residuals {:e} {:e}", exact.report.residual, loose.report.residual);
    assert!(loose.report.residual > 1e-8, "{:e}", loose.report.residual);
    let pairs = exact.report.measurements.iter().zip(&loose.report.measurements).zip(&loose.report.errors);
    for ((exact, loose), errors) in pairs {
        for ((exact, loose), error) in exact.values.iter().zip(&loose.values).zip(errors) {
            let wrong = (exact.value - loose.value).abs();
            println!("{} is wrong by {wrong:e}, said {error:e}", loose.value);
            assert!((wrong - error).abs() <= 0.05 * error + 1e-9, "{wrong:e} {error:e}");
        }
    }
}
