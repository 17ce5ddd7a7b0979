//! The engine `truncated-wigner` from outside: parts, comparisons, breakdown times, refusals.

mod common;

use std::fs;

use common::Scratch;
use serde_json::Value;

/// The L1 point from the limit cycle.
const STUDY: &str = r#"
[parameters]
N = 4
[initial]
state = "mean-field"
time = 2000.8
[modes.a]
frequency = 1.0
cutoff = "ceil(1.05*N + 8.5*sqrt(N))"
initial = { state = "coherent", amplitude = "-0.01*sqrt(N)" }
[ensembles.S]
size = "N"
frequency = 1.0
initial = { state = "spin-coherent", theta = 0.02 }
[ensembles.T]
size = "N"
frequency = 1.0
initial = { state = "product", bloch = [0, 0, 0.8] }
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = 0.2
[[interactions]]
kind = "tavis-cummings"
mode = "a"
ensemble = "T"
strength = 0.1
[[interactions]]
kind = "exchange"
ensembles = ["S", "T"]
strength = 0.1
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.06
[[channels]]
kind = "pumping"
ensemble = "T"
rate = 0.9
[[channels]]
kind = "emission"
ensemble = "T"
rate = 0.1
[engine]
kind = "truncated-wigner"
samples = 500
[time]
step = 0.25
end = "15 + round(9*sqrt(N))"
[output]
observables = ["photons(a)", "amplitude(a)", "squeezing(S)", "covariance(a,T)"]
[breakdown]
criteria = ["aa", "dev_a"]
[[breakdown.engines]]
engine = "truncated-wigner"
samples = 16000
values = [4, 8, 16]
"#;

const SHORT: [&str; 4] = ["--set", "time.end=3.0", "--set", "time.step=1.0"];

fn run(scratch: &Scratch, out: &str, more: &[&str]) {
    scratch.exits(0, &[&["run", "study.toml", "-o", out], &SHORT[..], more].concat());
}

fn table(scratch: &Scratch, folder: &str) -> String {
    fs::read_to_string(scratch.path(folder).join("observables.csv")).expect("a table")
}

#[test]
fn parts_and_more_samples_are_the_bytes_of_one_run() {
    let scratch = Scratch::new(STUDY);
    run(&scratch, "one", &["--threads", "1"]);
    run(&scratch, "two", &["--threads", "2"]);
    assert!(table(&scratch, "one") == table(&scratch, "two"));
    run(&scratch, "a", &["--indices", "0..130"]);
    run(&scratch, "b", &["--indices", "130..500"]);
    scratch.exits(0, &["merge", "b", "a", "-o", "merged"]);
    assert!(table(&scratch, "one") == table(&scratch, "merged"));
    run(&scratch, "grown", &["--set", "engine.samples=77"]);
    run(&scratch, "grown", &["--resume"]);
    assert!(table(&scratch, "one") == table(&scratch, "grown"));
    let manifest = fs::read(scratch.path("one/manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    assert_eq!(manifest["statistics"]["samples"], 500);
    assert_eq!(manifest["configuration"]["engine"]["length"], "sharp");
    assert!(manifest["statistics"]["clipped_noise"].as_f64().is_some_and(|x| x > 0.0));
    // Samples of another engine are no samples of this one.
    run(&scratch, "other", &["--set", "engine.kind=trajectories", "--set", "engine.trajectories=2"]);
    let said = scratch.exits(2, &["merge", "one", "other", "-o", "no"]);
    assert!(said.contains("engine.kind"), "{said}");
}

#[test]
fn it_is_held_against_the_exact_engine() {
    let scratch = Scratch::new(STUDY);
    let compare =
        ["compare", "study.toml", "--engines", "exact,truncated-wigner", "--require-agreement", "-o", "out"];
    let observed = "output.observables=['photons(a)','amplitude(a)']";
    let few = ["--set", "parameters.N=2", "--set", "engine.samples=4000", "--set", observed];
    scratch.exits(0, &[&compare, &SHORT[..], &few].concat());
}

/// Sharp sampling at N = 4, 8 and 16: independent code has 10.57(4), 17.25(5) and, Gaussian, 26.56(5); dev_a 18.33(5),
/// 26.60(7), 38.91(5); errors of 16000 samples are about five times as large as those of its 524288.
#[test]
fn breakdown_times_are_those_of_independent_code() {
    let scratch = Scratch::new(STUDY);
    let said = scratch.exits(0, &["breakdown", "study.toml", "-o", "out"]);
    let text = fs::read_to_string(scratch.path("out/t_E.csv")).expect("a table");
    println!("{said}\n{text}");
    let time = |n: &str, criterion: &str| -> f64 {
        let row = text.lines().map(|line| line.split(',').collect::<Vec<_>>()).find(|cells| {
            cells[1] == n && cells[2].trim_matches('"').starts_with(criterion) && cells[3] == "averaged"
        });
        row.unwrap_or_else(|| panic!("{n}, {criterion}: {text}"))[5].parse().expect("a number")
    };
    for (n, aa, deviation) in [("4", 10.57, 18.33), ("8", 17.25, 26.60), ("16", 26.4, 38.9)] {
        let (found, other) = (time(n, "aa"), time(n, "dev_a"));
        assert!((found / aa - 1.0).abs() < 0.045, "aa at N = {n}: {found} for {aa}");
        assert!((other / deviation - 1.0).abs() < 0.035, "dev_a at N = {n}: {other} for {deviation}");
    }
}

#[test]
fn faults_are_named() {
    let scratch = Scratch::new(STUDY);
    let refused = |set: &str, words: &[&str]| {
        let said = scratch.exits(2, &["run", "study.toml", "-o", "m", "--set", set]);
        for word in words {
            assert!(said.contains(word), "{set}: '{word}' is not in: {said}");
        }
    };
    refused("engine.samples=0", &["`samples`", "an integer from 1"]);
    refused("engine.sampling=\"wigner\"", &["wigner", "discrete", "gaussian"]);
    refused("engine.length=\"long\"", &["long", "sharp", "free"]);
    refused("engine.step=-1", &["`step`", "> 0"]);
    refused("engine.sample=3", &["sample"]);
    refused("method={ name = \"dop853\" }", &["truncated-wigner", "method"]);
    refused("output.observables=[\"purity\"]", &["purity", "full state"]);
    refused("engine.target_error={ 'spin(S)' = 0.1 }", &["spin(S)", "photons(a)"]);
    let listed = scratch.exits(0, &["list", "engines"]);
    assert!(listed.contains("truncated-wigner") && listed.contains("|S| of pure ensembles"), "{listed}");
}
