//! The commands of mean field from outside: what they print, what they leave, what they refuse.

mod common;

use common::Scratch;

const STUDY: &str = r#"
title = "reference"
[parameters]
lambda = 0.2
gamma_up = 0.9
[modes.a]
frequency = 1.0
cutoff = 4
[ensembles.S]
size = 2
frequency = 1.0
[ensembles.T]
size = 2
frequency = 1.0
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = "lambda"
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
rate = "gamma_up"
[[channels]]
kind = "emission"
ensemble = "T"
rate = "1 - gamma_up"
[time]
end = 1.0
points = 2
"#;

#[test]
fn fixed_points_are_printed_with_eigenvalues() {
    let home = Scratch::new(STUDY);
    let found = home.exits(0, &["fixed-points", "study.toml"]);
    assert!(found.contains("Normal, unstable: 0 real, 1 complex pairs"), "{found}");
    assert!(found.contains("0.01321795523"), "{found}");
}

#[test]
fn a_limit_cycle_is_printed_with_its_period() {
    let home = Scratch::new(STUDY);
    let arguments = ["limit-cycles", "study.toml", "--set", "parameters.lambda=0.3", "--burn", "2000"];
    let found = home.exits(0, &arguments);
    assert!(found.contains("period 5.51183206"), "{found}");
}

#[test]
fn exponents_add_up_to_the_divergence() {
    let home = Scratch::new(STUDY);
    let arguments = ["lyapunov", "study.toml", "--time", "400", "--burn", "100"];
    let found = home.exits(0, &arguments);
    assert!(found.contains("mean divergence -2.0600000000"), "{found}");
}

#[test]
fn maps_write_tables_and_pictures() {
    let home = Scratch::new(STUDY);
    let axes = ["--x", "lambda=0.2:0.6:2", "--y", "gamma_up=0.3:0.9:2"];
    home.exits(0, &[&["stability", "study.toml"], &axes[..]].concat());
    let table = std::fs::read_to_string(home.path("out/study-stability/stability.csv")).expect("a table");
    let start: Vec<&str> = table.lines().skip(1).map(|l| &l[..11]).collect();
    assert_eq!(start[..2], ["0.2,0.3,0,0", "0.2,0.9,0,1"], "{table}");
    assert_eq!(start[2..], ["0.6,0.3,1,0", "0.6,0.9,1,1"], "{table}");
    let phases = ["phases", "study.toml", "--burn", "3000", "--window", "300"];
    home.exits(0, &[&phases, &axes[..]].concat());
    let table = std::fs::read_to_string(home.path("out/study-phases/phases.csv")).expect("a table");
    let ends: Vec<&str> = table.lines().skip(1).filter_map(|l| l.rsplit(',').next()).collect();
    assert_eq!(ends[..3], ["NS", "L1", "SR"], "{table}");
    for file in ["phases.svg", "phases.png", "phases.npz", "manifest.json", "study.toml"] {
        assert!(home.path("out/study-phases").join(file).is_file(), "{file}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let home = Scratch::new(STUDY);
    let refused = |arguments: &[&str], words: &str| {
        let output = home.output(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let found = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(found.contains(words), "{found}");
    };
    refused(&["lyapunov", "study.toml", "--time", "0"], "--time must be a finite number > 0, but is 0");
    let map = ["phases", "study.toml", "--x", "lamda=0:1:3", "--y", "gamma_up=0:1:3"];
    refused(&map, "did you mean 'lambda'");
    let map = ["stability", "study.toml", "--x", "lambda=0.3", "--y", "gamma_up=0:1:3"];
    refused(&map, "the axis 'lambda' must hold at least two numbers");
}
