//! The command `converge`, from outside: verdicts, suggestions, exit codes.

mod common;

use std::fs;

use common::Scratch;
use serde_json::Value;

/// A driven-free cavity with spins: a coherent state of three photons needs a cutoff of about 16.
const STUDY: &str = r#"
title = "three photons"
[parameters]
N = 2
[modes.a]
frequency = 1.0
cutoff = 18
initial = { state = "coherent", amplitude = 1.7 }
[ensembles.S]
size = "N"
frequency = 1.0
[[interactions]]
kind = "tavis-cummings"
mode = "a"
ensemble = "S"
strength = 0.5
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.2
[[channels]]
kind = "emission"
ensemble = "S"
rate = 0.1
[time]
end = 3.0
points = 7
[output]
observables = ["photons(a)", "amplitude(a)", "spin(S)", "photon-distribution(a)"]
"#;

impl Scratch {
    fn found(&self, folder: &str) -> Value {
        let text = fs::read_to_string(self.path(folder).join("converge.json")).expect("written");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Column of observables.csv of a run with other settings.
    fn single(&self, folder: &str, set: &str, column: &str) -> Vec<f64> {
        self.exits(0, &["run", "study.toml", "-o", folder, "--set", set, "--set", "bounds.top_population=1"]);
        let mut reader = csv::Reader::from_path(self.path(folder).join("observables.csv")).expect("a table");
        let place = reader.headers().expect("a heading").iter().position(|h| h == column).expect(column);
        reader.records().map(|r| r.expect("a row")[place].parse().expect("a number")).collect()
    }
}

/// The judgement of one observable in one family.
fn judged<'a>(found: &'a Value, key: &str, name: &str) -> &'a Value {
    let family = found["varied"].as_array().expect("families").iter().find(|v| v["family"]["key"] == key);
    let family = family.unwrap_or_else(|| panic!("no family {key}"));
    let all = family["judged"].as_array().expect("observables");
    all.iter().find(|j| j["convergence"]["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn a_converged_study_is_called_so_and_its_numbers_are_those_of_single_runs() {
    let scratch = Scratch::new(STUDY);
    let said = scratch.exits(0, &["converge", "study.toml", "-o", "out"]);
    assert!(said.contains("converged: no observable changes by more than 1e-4"), "{said}");
    for name in ["converge.csv", "report.txt", "manifest.json", "study.toml", "converge.svg", "converge.png"]
    {
        assert!(scratch.path("out").join(name).is_file(), "{name}");
    }
    let found = scratch.found("out");
    let photons = judged(&found, "cutoff(a)", "photons(a)");
    let settings = photons["convergence"]["settings"].as_array().expect("settings");
    let sizes: Vec<f64> = settings.iter().map(|s| s["size"].as_f64().expect("a number")).collect();
    assert_eq!(sizes, [10.0, 14.0, 18.0, 22.0]);
    let (coarse, fine) = (
        scratch.single("coarse", "modes.a.cutoff=10", "photons(a)"),
        scratch.single("fine", "modes.a.cutoff=14", "photons(a)"),
    );
    let change = coarse.iter().zip(&fine).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let stated = settings[1]["change"].as_f64().expect("a number");
    assert!((stated - change).abs() < 1e-12 && change > 1e-6, "{stated} {change}");
    let exact = scratch.single("exact", "modes.a.cutoff=40", "photons(a)");
    let estimate = photons["convergence"]["extrapolation"]["values"][6].as_f64().expect("a number");
    assert!((estimate - exact[6]).abs() < 1e-6, "{estimate} {}", exact[6]);
    // All five methods, and tolerances that fall.
    let methods =
        judged(&found, "method", "spin(S).z")["convergence"]["settings"].as_array().expect("a list");
    assert_eq!(methods.len(), 5);
    let suggested = found["suggestion"]["sets"].as_array().expect("a list");
    let cutoff = suggested.iter().filter_map(Value::as_str).find(|s| s.starts_with("modes.a.cutoff="));
    assert_eq!(cutoff, Some("modes.a.cutoff=14"), "{said}");
    // What is suggested runs, and is as good as it says.
    let mut arguments = vec!["run", "study.toml", "-o", "cheap"];
    arguments.extend(suggested.iter().filter_map(Value::as_str).flat_map(|s| ["--set", s]));
    scratch.exits(0, &arguments);
}

#[test]
fn a_cutoff_that_is_too_small_is_found_and_a_larger_one_suggested() {
    let scratch = Scratch::new(&STUDY.replace("cutoff = 18", "cutoff = 9"));
    let said = scratch.exits(3, &["converge", "study.toml", "--vary", "cutoff", "-o", "out"]);
    assert!(said.contains("NOT CONVERGED in the cutoff of mode 'a': photons(a)"), "{said}");
    let found = scratch.found("out");
    assert_eq!(found["converged"], false);
    let set = found["suggestion"]["sets"][0].as_str().expect("a suggestion").to_owned();
    let cutoff: usize = set.strip_prefix("modes.a.cutoff=").expect("a cutoff").parse().expect("a number");
    assert!((12..=20).contains(&cutoff), "{set}");
    assert!(said.contains(&format!("suggested setting: --set {set}")), "{said}");
    // Going where it points, a step or two, one arrives.
    let mut set = set;
    for round in 0..3 {
        let folder = format!("round-{round}");
        let arguments = ["converge", "study.toml", "--vary", "cutoff", "-o", &folder, "--set", &set];
        let output = scratch.output(&arguments);
        if output.status.code() == Some(0) {
            return;
        }
        assert_eq!(output.status.code(), Some(3));
        scratch.found(&folder)["suggestion"]["sets"][0].as_str().expect("a suggestion").clone_into(&mut set);
    }
    panic!("not converged after three rounds: {set}");
}

#[test]
fn what_the_initial_state_or_the_engine_does_not_allow_is_left_out_with_words() {
    let fock = STUDY.replace("state = \"coherent\", amplitude = 1.7", "state = \"fock\", n = 6");
    let scratch = Scratch::new(&fock.replace("cutoff = 18", "cutoff = 6"));
    // Six quanta in all, of which none leaves cutoff 6.
    let said = scratch.exits(0, &["converge", "study.toml", "--vary", "cutoff", "-o", "out"]);
    assert!(said.contains("does not allow two cutoffs below 6"), "{said}");

    let scratch = Scratch::new(&STUDY.replace(", \"photon-distribution(a)\"", ""));
    let arguments = ["converge", "study.toml", "-o", "cumulant", "--set", "engine.kind=cumulant"];
    // Numerics agree to 1e-4; orders and closures do not, at two spins.
    let said = scratch.exits(3, &arguments);
    assert!(said.contains("engine 'cumulant' has no truncated Fock spaces"), "{said}");
    assert!(said.contains("NOT CONVERGED in the order of closure 'sites'"), "{said}");
    assert!(said.contains("NOT CONVERGED in the closure of order 2"), "{said}");
    assert!(!said.contains("NOT CONVERGED in the method"), "{said}");
    let found = scratch.found("cumulant");
    let families: Vec<&str> = found["varied"]
        .as_array()
        .expect("families")
        .iter()
        .map(|v| v["family"]["key"].as_str().expect("a key"))
        .collect();
    assert_eq!(families, ["rtol", "method", "order", "closure"]);
    let orders = judged(&found, "order", "photons(a)")["convergence"]["settings"].as_array().expect("a list");
    assert_eq!(orders.len(), 3, "orders 1, 2 and 3");
    let methods =
        judged(&found, "method", "photons(a)")["convergence"]["settings"].as_array().expect("a list");
    assert_eq!(methods.len(), 3, "Krylov and Chebyshev are for linear equations");
    let said = scratch.exits(
        2,
        &["converge", "study.toml", "-o", "none", "--vary", "cutoff", "--set", "engine.kind=mean-field"],
    );
    assert!(said.contains("nothing to vary") && !scratch.path("none").exists(), "{said}");
}

#[test]
fn a_tolerance_that_is_too_coarse_is_found() {
    let scratch = Scratch::new(&format!("{STUDY}[method]\nname = \"tsit5\"\nrtol = 0.02\natol = 0.02\n"));
    let arguments = ["converge", "study.toml", "--vary", "tolerance", "-o", "out", "--tolerance", "1e-7"];
    let said = scratch.exits(3, &arguments);
    assert!(said.contains("NOT CONVERGED in the rtol of method 'tsit5'"), "{said}");
    assert!(said.contains("rtol = 2e0 is left out"), "{said}");
}

#[test]
fn bad_arguments_are_refused() {
    let scratch = Scratch::new(STUDY);
    for (arguments, expected) in [
        (vec!["--vary", "cutof"], "cutoff"),
        (vec!["--tolerance", "0"], "(0, 1)"),
        (vec!["--tolerance", "fine"], "(0, 1)"),
        (vec!["--set", "modes.a.cutoff=2"], "too small"),
        (vec!["--set", "modes.b.cutoff=2"], "modes.a"),
        (vec!["--set", "engine.memory_limit=1000"], "memory"),
    ] {
        let said = scratch.exits(2, &[&["converge", "study.toml", "-o", "out"], &arguments[..]].concat());
        assert!(said.contains(expected), "{arguments:?}: {said}");
        assert!(!scratch.path("out").exists());
    }
}
