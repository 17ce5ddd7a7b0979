//! Verdicts, from outside: what is called converged is right, and what is wrong is not called converged.

mod common;

use std::fs;
use std::path::Path;

use common::Scratch;
use serde_json::Value;

fn case(name: &str) -> Scratch {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/cases").join(format!("{name}.toml"));
    Scratch::new(&fs::read_to_string(path).expect("the case"))
}

impl Scratch {
    fn manifest(&self, folder: &str) -> Value {
        let text = fs::read_to_string(self.path(folder).join("manifest.json")).expect("written");
        serde_json::from_str(&text).expect("JSON")
    }

    /// A column of a table by time.
    fn column(&self, table: &str, name: &str) -> Vec<(f64, f64)> {
        let mut reader = csv::Reader::from_path(self.path(table)).expect("a table");
        let place = reader.headers().expect("a heading").iter().position(|h| h == name).expect(name);
        let number = |cell: &str| cell.parse().expect("a number");
        let row = |r: csv::StringRecord| (number(&r[0]), number(&r[place]));
        reader.records().map(|r| row(r.expect("a row"))).collect()
    }
}

#[track_caller]
fn at(column: &[(f64, f64)], time: f64) -> f64 {
    column.iter().find(|(t, _)| (t - time).abs() < 1e-9).expect("an output time").1
}

/// Second order gives -3.48 photons and a spin five times too long at t = 10, where 0.41 photons are right
/// (brute force over 2^4 spins).
#[test]
fn moments_that_no_state_can_have_are_not_converged() {
    let case = case("cumulant-unphysical");
    let said = case.exits(3, &["run", "study.toml", "-o", "two"]);
    assert!(
        said.contains("NOT CONVERGED: g2 reached") && said.contains("no state has such moments"),
        "{said}"
    );
    let checks = case.manifest("two")["diagnostics"].clone();
    for name in ["photon_number", "spin_length", "variance", "uncertainty", "g2"] {
        let broken_at = checks[name]["broken_at"].as_f64().expect(name);
        assert!(
            checks[name]["holds"] == false && (3.0..7.0).contains(&broken_at),
            "{name}: {}",
            checks[name]
        );
    }
    // n = -3.48 at t = 10, relative to |n| + 1/2.
    let (worst, n) = (checks["photon_number"]["worst"].as_f64().expect("worst"), -3.480_190_8);
    let amplitude: f64 = 1.697_149_5;
    assert!((worst - (amplitude.powi(2) - n) / (n.abs() + 0.5)).abs() < 1e-5, "{worst}");
    // A bound is configured as any other; what is left broken is still told.
    let mut relaxed = vec!["run", "study.toml", "-o", "relaxed"];
    let sets =
        ["photon_number", "spin_length", "variance", "uncertainty", "g2"].map(|n| format!("bounds.{n}=inf"));
    sets.iter().for_each(|set| relaxed.extend(["--set", set]));
    case.exits(0, &relaxed);
    // Inside of its range the closure is as good as its word.
    case.exits(0, &["run", "study.toml", "-o", "early", "--set", "time.end=2", "--set", "time.points=21"]);
}

#[test]
fn what_came_before_a_blow_up_is_written_with_its_time() {
    let case = case("cumulant-unphysical");
    let said = case.exits(1, &["run", "study.toml", "-o", "three", "--set", "engine.order=3"]);
    assert!(said.contains("blew up at time 7.22") && said.contains("up to t = 7.2, was written"), "{said}");
    // Closure 'symmetrised' has order 2 only.
    assert!(!said.contains("symmetrised"), "{said}");
    let photons = case.column("three/observables.csv", "photons(a)");
    assert_eq!(photons.len(), 73);
    // Brute force; third order has not failed yet at t = 0.5.
    case.exits(
        0,
        &["run", "study.toml", "-o", "exact", "--set", "engine.kind=exact", "--set", "engine.order=2"],
    );
    let exact = case.column("exact/observables.csv", "photons(a)");
    for (time, right) in [(5.0, 0.393_289_6), (6.0, 0.884_306_3), (8.0, 0.503_519_8), (10.0, 0.410_906_2)] {
        assert!((at(&exact, time) - right).abs() < 1e-6, "{time}: {}", at(&exact, time));
    }
    for (component, right) in [("x", -0.091_078_7), ("z", -1.209_853_1)] {
        let spin = at(&case.column("exact/observables.csv", &format!("spin(S).{component}")), 10.0);
        assert!((spin - right).abs() < 1e-6, "{component}: {spin}");
    }
    assert!((at(&photons, 0.5) - at(&exact, 0.5)).abs() < 0.01, "{}", at(&photons, 0.5) - at(&exact, 0.5));
    let manifest = case.manifest("three");
    assert!(manifest["converged"] == false && manifest["interrupted"] == false);
}

#[test]
fn compare_says_which_engine_disagrees_and_judges_the_times_it_used() {
    let case = case("cumulant-unphysical");
    let engines = ["--engines", "mean-field,cumulant,exact"];
    let said = case.exits(3, &[&["compare", "study.toml", "-o", "all"], &engines[..]].concat());
    assert!(said.contains("cumulant disagrees with exact beyond 10 % of the largest value"), "{said}");
    assert!(said.contains("cumulant is NOT CONVERGED: g2"), "{said}");
    assert_eq!(case.manifest("all")["disagreements"].as_array().map(Vec::len), Some(2));
    let short = ["--set", "time.end=1", "--set", "time.points=11"];
    let said = case.exits(0, &[&["compare", "study.toml", "-o", "early"], &engines[..], &short[..]].concat());
    assert!(!said.contains("cumulant disagrees"), "{said}");
}
