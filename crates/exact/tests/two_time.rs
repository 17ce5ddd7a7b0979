//! Correlations of two times, spectra and linewidths against closed forms and against numbers of
//! independent code: `data/reference/steady_and_more.json`, parts B, C and D.

mod common;

use common::steady::{entries, model_of, number};
use num_complex::Complex64;
use serde_json::Value;
use superladder_engine::{EngineError, Never, Problem, SpectrumMethod, StationaryOptions, TwoTimeState};
use superladder_exact::{Exact, StationaryState};
use superladder_model::{Correlation, Model, ModelBuilder, Operator};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

fn complex(value: &Value) -> Complex64 {
    if value.is_number() {
        return number(value).into();
    }
    Complex64::new(number(&value[0]), number(&value[1]))
}

fn state(model: ModelBuilder, cutoff: Option<usize>) -> StationaryState {
    let problem = Problem::builder(&model.build().expect("valid")).times(0.0, 1.0, 2);
    let problem = match cutoff {
        Some(cutoff) => problem.cutoff("a", cutoff),
        None => problem,
    };
    let options =
        StationaryOptions { modes: 0, tolerance: 1e-12, certify: false, ..StationaryOptions::default() };
    let problem = problem.build().expect("valid");
    Exact::default().stationary_state(&problem, &options, &Never).expect("a stationary state")
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance * (1e-2 + expected.abs()),
        "{what}: {found} for {expected}"
    );
}

fn reference(entry: &Value) -> StationaryState {
    state(model_of(entry), Some(number(&entry["cutoff"]) as usize))
}

/// g1, g2 and, if methods are given, S(w) and its line.
fn check_light(entry: &Value, state: &StationaryState, methods: &[SpectrumMethod]) {
    let id = &entry["id"];
    let values = &entry["values"];
    let times = numbers(&values["tau"]);
    let start = std::time::Instant::now();
    let [g1, g2] = [Correlation::amplitude(0), Correlation::intensity(0)]
        .map(|correlation| state.series(&correlation, &times, &Never).expect("decays").values);
    let photons = g1[0].re;
    for (k, time) in times.iter().enumerate() {
        let expected = complex(&values["g1"][k]);
        assert!(
            (g1[k] / photons - expected).norm() < 1e-8,
            "{id} g1({time}): {} {expected}",
            g1[k] / photons
        );
        let twice = if values["g2_tau"].is_null() { &values["g2"] } else { &values["g2_tau"] };
        close(g2[k].re / photons.powi(2), number(&twice[k]), 1e-8, &format!("{id} g2({time})"));
    }
    println!("{id}: correlations {:?}", start.elapsed());
    let mut omega = numbers(&values["omega"]);
    if omega[0] == 0.0 {
        omega.insert(0, -0.05);
    }
    let skipped = omega.len() - numbers(&values["omega"]).len();
    for method in methods {
        let start = std::time::Instant::now();
        let found = state.spectrum(&Correlation::amplitude(0), &omega, *method, &Never).expect("a spectrum");
        println!("{id}: {method:?} {:?}, line {:?}", start.elapsed(), found.lines);
        for (k, w) in omega.iter().enumerate().skip(skipped) {
            let expected = number(&values["S"][k - skipped]);
            let allowed = 1e-7 * (0.01 + expected.abs()) + found.errors[k];
            assert!(
                (found.values[k] - expected).abs() < allowed,
                "{id} S({w}): {} {expected}",
                found.values[k]
            );
            assert!(found.errors[k] < 1e-4 * (1.0 + expected), "{id} S({w}) error {:e}", found.errors[k]);
        }
        close(found.total, photons, 1e-9, "the integral of the spectrum");
        if !values["FWHM"].is_null() {
            close(found.highest().fwhm, number(&values["FWHM"]), 1e-5, &format!("{id} FWHM"));
            assert!(found.highest().error < 1e-4 * found.highest().fwhm, "{:?}", found.lines);
        }
        if !values["peak_omega"].is_null() {
            close(found.highest().centre, number(&values["peak_omega"]), 1e-5, &format!("{id} centre"));
        }
    }
}

#[test]
fn light_of_the_reference_model_is_that_of_independent_code() {
    for entry in
        entries("B-two-time").iter().filter(|e| number(&e["N"]) == 1.0 && number(&e["cutoff"]) < 20.0)
    {
        check_light(entry, &reference(entry), &[SpectrumMethod::Systems]);
    }
}

#[test]
#[ignore = "minutes: light of the larger models"]
fn light_of_the_larger_reference_models() {
    for entry in entries("B-two-time") {
        check_light(&entry, &reference(&entry), &[SpectrumMethod::Systems]);
    }
}

fn laser_model(n: usize) -> ModelBuilder {
    laser_model_at(n, 0.0)
}

/// Of modes and spins with one frequency.
fn laser_model_at(n: usize, frequency: f64) -> ModelBuilder {
    Model::builder()
        .mode("a", frequency)
        .ensemble("T", n, frequency)
        .interaction("tavis-cummings", ["a", "T"], 0.9)
        .channel("cavity-loss", "a", 0.8)
        .channel("pumping", "T", 0.6)
        .channel("emission", "T", 0.05)
        .channel("dephasing", "T", 0.1)
}

fn laser(n: usize, cutoff: usize) -> StationaryState {
    state(laser_model(n), Some(cutoff))
}

#[test]
fn the_laser_ends_and_relaxes_as_independent_code_says() {
    for entry in entries("C-laser").into_iter().filter(|e| e["id"] != "C N=2 cutoff=22") {
        let model = laser_model(number(&entry["N"]) as usize).build().expect("valid");
        let observables = ["photons(a)", "g2(a)", "spin(T)", "spin-length(T)", "purity", "amplitude(a)"];
        let problem = Problem::builder(&model).cutoff("a", number(&entry["cutoff"]) as usize);
        let problem = problem.observe(observables).times(0.0, 1.0, 2).build().expect("valid");
        let options = StationaryOptions { modes: 2, tolerance: 1e-12, ..StationaryOptions::default() };
        let state = Exact::default().stationary_state(&problem, &options, &Never).expect("one");
        let values = &entry["values"];
        let expected = [
            ("photons(a)", 0, "photons"),
            ("g2(a)", 0, "g2"),
            ("spin(T)", 2, "Tz"),
            ("spin-length(T)", 0, "TT"),
            ("purity", 0, "purity"),
        ];
        for (name, component, key) in expected {
            close(state.values(name).expect("observed")[component], number(&values[key]), 1e-9, key);
        }
        for (slow, key) in state.report.slow.iter().zip(["gap_charge0", "gap_charge1"]) {
            close(slow.gap(), number(&values[key]), 1e-8, key);
        }
    }
}

#[test]
fn the_laser_has_the_line_of_independent_code_by_four_methods() {
    let methods = [
        SpectrumMethod::Eigenpairs,
        SpectrumMethod::Krylov,
        SpectrumMethod::TimeSeries,
        SpectrumMethod::Propagator,
    ];
    for entry in entries("C-laser").into_iter().filter(|e| e["id"] != "C N=2 cutoff=22") {
        let state = laser(number(&entry["N"]) as usize, number(&entry["cutoff"]) as usize);
        let few = number(&entry["N"]) == 2.0;
        check_light(&entry, &state, if few { &methods } else { &methods[1..] });
        let values = &entry["values"];
        let grid = state.spectral_grid(&Correlation::amplitude(0), 3, &Never).expect("modes");
        let own = state.spectrum(&Correlation::amplitude(0), &grid, SpectrumMethod::Automatic, &Never);
        let own = own.expect("a spectrum");
        let line = own.highest();
        close(line.fwhm, number(&values["FWHM"]), 1e-6, "the width on a grid of its own");
        close(line.slowest, number(&values["linewidth_slowest"]), 1e-7, "the slowest mode");
    }
}

#[test]
fn a_laser_in_a_frame_at_rest_has_its_line_at_its_frequency() {
    let frequency = 7.3;
    let [turning, resting] = [0.0, frequency].map(|w| state(laser_model_at(3, w), Some(16)));
    let light = Correlation::amplitude(0);
    let times = [0.0, 0.3, 1.1, 2.5];
    let [slow, fast] = [&turning, &resting].map(|s| s.series(&light, &times, &Never).expect("decays").values);
    for ((slow, fast), time) in slow.iter().zip(&fast).zip(times) {
        assert!((slow * Complex64::from_polar(1.0, frequency * time) - fast).norm() < 1e-9, "{slow} {fast}");
    }
    let grid = turning.spectral_grid(&light, 3, &Never).expect("modes");
    let expected = turning.spectrum(&light, &grid, SpectrumMethod::Krylov, &Never).expect("a spectrum");
    let grid: Vec<f64> = grid.iter().map(|w| w + frequency).collect();
    for method in [SpectrumMethod::Propagator, SpectrumMethod::TimeSeries] {
        let found = resting.spectrum(&light, &grid, method, &Never).expect("a spectrum");
        close(found.highest().centre, frequency, 1e-7, "centre");
        close(found.highest().fwhm, expected.highest().fwhm, 1e-7, "width");
        close(found.highest().slowest, expected.highest().slowest, 1e-7, "the slowest mode");
        for (a, b) in found.values.iter().zip(&expected.values) {
            assert!((a - b).abs() < 1e-7 * expected.highest().height, "{a} {b}");
        }
    }
}

#[test]
fn a_driven_cavity_has_its_closed_form() {
    for entry in entries("D-driven_cavity") {
        let values = &entry["values"];
        let [f, delta, kappa, nbar] = ["F", "Delta", "kappa", "nbar"].map(|key| number(&values[key]));
        let model = Model::builder().mode("a", delta).interaction("drive", "a", f);
        let model = if nbar > 0.0 {
            model.channel("thermal-bath", "a", [("rate", kappa), ("occupation", nbar)])
        } else {
            model.channel("cavity-loss", "a", kappa)
        };
        let state = state(model, Some(if nbar > 0.0 { 32 } else { 22 }));
        let times = numbers(&values["tau"]);
        let [g1, g2] = [Correlation::amplitude(0), Correlation::intensity(0)]
            .map(|correlation| state.series(&correlation, &times, &Never).expect("decays").values);
        let photons = number(&values["photons"]);
        for k in 0..times.len() {
            assert!((g1[k] / photons - complex(&values["g1"][k])).norm() < 1e-7, "{}", g1[k]);
            close(g2[k].re / photons.powi(2), number(&values["g2_tau"][k]), 1e-6, "g2");
        }
        let omega = numbers(&values["omega"]);
        let found = state.spectrum(&Correlation::amplitude(0), &omega, SpectrumMethod::Automatic, &Never);
        if nbar == 0.0 {
            // A coherent state emits a delta function only.
            let Err(EngineError::Unsupported { reason, .. }) = found else { panic!("{found:?}") };
            assert!(reason.contains("vanish"), "{reason}");
            continue;
        }
        let found = found.expect("a spectrum");
        for (k, value) in found.values.iter().enumerate() {
            close(*value, number(&values["S_incoherent"][k]), 1e-6, "S");
        }
        close(found.coherent, number(&values["coherent_part"]), 1e-7, "coherent part");
        close(found.highest().fwhm, kappa, 1e-5, "FWHM");
        close(found.highest().centre, delta, 1e-5, "centre");
        close(found.highest().slowest, kappa, 1e-5, "slowest");
    }
}

#[test]
fn resonance_fluorescence_is_the_mollow_triplet() {
    for entry in entries("D-mollow") {
        let values = &entry["values"];
        let (omega, gamma) = (number(&values["Omega"]), number(&values["gamma"]));
        let model = Model::builder().ensemble("S", 1, 0.0).interaction("spin-drive", "S", 0.5 * omega);
        let state = state(model.channel("emission", "S", gamma), None);
        let dipole = Correlation::dipole(0);
        let times = numbers(&values["tau"]);
        let [series, twice] = [dipole.clone().connected(), Correlation::dipole_intensity(0)]
            .map(|correlation| state.series(&correlation, &times, &Never).expect("decays").values);
        let excited = number(&values["incoherent_total"]) + number(&values["coherent_part"]);
        for k in 0..times.len() {
            close(series[k].re, number(&values["corr_incoherent"][k]), 1e-9, "correlation");
            close(twice[k].re / excited.powi(2), number(&values["g2"][k]), 1e-8, "g2");
        }
        let mut grid = numbers(&values["omega"]);
        grid.insert(0, -0.2);
        let methods = [
            SpectrumMethod::Eigenpairs,
            SpectrumMethod::Krylov,
            SpectrumMethod::TimeSeries,
            SpectrumMethod::Systems,
        ];
        for method in methods {
            let found = state.spectrum(&dipole, &grid, method, &Never).expect("a spectrum");
            for (k, value) in found.values[1..].iter().enumerate() {
                close(*value, number(&values["S"][k]), 1e-6, &format!("{method:?}"));
            }
            close(found.highest().centre.abs() + 1.0, 1.0, 1e-6, "centre");
            close(found.highest().fwhm, number(&values["center_FWHM"]), 2e-6, "FWHM");
            close(found.total, number(&values["incoherent_total"]), 1e-9, "total");
            close(found.coherent, number(&values["coherent_part"]), 1e-9, "coherent part");
        }
        let side = number(&values["side"]["position"]);
        let grid: Vec<f64> = (-4..=4).map(|k| side + 0.1 * gamma * f64::from(k)).collect();
        let found = state.spectrum(&dipole, &grid, SpectrumMethod::Automatic, &Never).expect("a spectrum");
        close(found.highest().centre, side, 1e-6, "side line");
        close(found.highest().fwhm, number(&values["side"]["FWHM"]), 1e-6, "side FWHM");
    }
}

/// A weakly thermal cavity with one resonant atom: the vacuum Rabi doublet of its absorption and emission.
#[test]
fn a_weakly_thermal_jaynes_cummings_cavity_shows_the_vacuum_rabi_doublet() {
    let (g, kappa, gamma) = (1.0, 0.1, 0.05);
    let model = Model::builder()
        .mode("a", 0.0)
        .ensemble("S", 1, 0.0)
        .interaction("tavis-cummings", ["a", "S"], g)
        .channel("thermal-bath", "a", [("rate", kappa), ("occupation", 1e-3)])
        .channel("emission", "S", gamma);
    let state = state(model, Some(4));
    for sign in [1.0, -1.0] {
        let grid: Vec<f64> = (-5..=5).map(|k| sign * g + 0.02 * f64::from(k)).collect();
        let found = state.spectrum(&Correlation::amplitude(0), &grid, SpectrumMethod::Automatic, &Never);
        let found = found.expect("a spectrum");
        let line = found.highest();
        close(line.centre, sign * g, 2e-3, "position");
        close(line.fwhm, 0.5 * (kappa + gamma), 1e-2, "FWHM");
    }
}

#[test]
fn what_has_no_spectrum_is_refused_by_name() {
    let state = laser(2, 8);
    let refused = |two_time: &Correlation, grid: &[f64]| match state.spectrum(
        two_time,
        grid,
        SpectrumMethod::Automatic,
        &Never,
    ) {
        Err(EngineError::Unsupported { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let grid = [-1.0, 0.0, 1.0];
    assert!(refused(&Correlation::intensity(0), &grid).contains("two operators"));
    assert!(refused(&Correlation::amplitude(0), &[0.0, 1.0]).contains("three frequencies"));
    assert!(refused(&Correlation::amplitude(0), &[-900.0, 0.0, 900.0]).contains("does not resolve"));
    assert!(refused(&Correlation::amplitude(0), &[3.0, 4.0, 5.0]).contains("end of its grid"));
    // a a has no correlation with a^dag: nothing is left of the trace.
    let two = Correlation { b: Operator::create(0), ..Correlation::amplitude(0) };
    assert!(refused(&two, &grid).contains("vanishes at all delays"));
    let several = Model::builder().ensemble("S", 2, 1.0).channel("collective-emission", "S", 1.0);
    let several = Problem::builder(&several.build().expect("valid")).initial("S", "product", [0.0, 0.0, 0.1]);
    let several = several.times(0.0, 1.0, 2).build().expect("valid");
    let options = StationaryOptions { modes: 0, ..StationaryOptions::default() };
    let several = Exact::default().stationary_state(&several, &options, &Never).expect("two of them");
    let found = several.series(&Correlation::dipole(0), &[0.0, 1.0], &Never);
    assert!(matches!(found, Err(EngineError::Unsupported { .. })));
}
