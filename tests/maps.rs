//! The commands of mean field from outside: what they print, what they leave, what they refuse.

mod common;

use common::Scratch;
#[cfg(unix)]
use common::goes_on_to_the_same_bytes;

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
fn what_depends_on_a_free_phase_is_named() {
    // A laser of T beside a spin S that only takes part in the total number of excitations.
    let home =
        Scratch::new(&STUDY.replace("rate = 0.06", "rate = 0.02").replace("lambda = 0.2", "lambda = 0"));
    let laser = ["limit-cycles", "study.toml", "--set", "interactions.2.strength=0"];
    let found = home.exits(0, &laser);
    let words = "a continuous symmetry turns <Q(a)>, <P(a)>, <s_x(S,1)>, <s_y(S,1)>, <s_x(T,1)>, <s_y(T,1)>: their phases";
    assert!(found.contains(words), "{found}");
    let found = home.exits(0, &[&laser[..], &["--json", "-o", "out"]].concat());
    let json: serde_json::Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(json["phase_of_the_start"][0], "<Q(a)>");
    // A torus: the flow does not settle, which is said and is no success.
    let torus = ["limit-cycles", "study.toml", "--set", "parameters.lambda=0.3", "--burn", "200"];
    let found = home.exits(3, &torus);
    assert!(!found.contains("continuous symmetry") && found.contains("NOT CONVERGED"), "{found}");
}

#[test]
fn a_search_without_a_cycle_says_where_it_started_and_what_it_settled_on() {
    let home = Scratch::new(STUDY);
    // Pumped without a loss: what grows is not searched for returns.
    let lossless = ["limit-cycles", "study.toml", "--burn", "150", "--set", "channels.0.rate=0"];
    let output = home.output(&lossless);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("the modes still grow"), "{said}");
    let normal = ["limit-cycles", "study.toml", "--burn", "300", "--set", "channels.1.rate=0.1"];
    let found = home.exits(3, &normal);
    assert!(found.contains("settles on a fixed point") && found.contains("near the normal state"), "{found}");
    let json = home.exits(3, &[&normal[..], &["--json", "--start", "study"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(json["cycle"].is_null() && json["start"] == "in the study's initial state", "{json}");
    // Far too short a burn for the cycle: the search goes on until it has settled.
    let found =
        home.exits(0, &["limit-cycles", "study.toml", "--set", "parameters.lambda=0.3", "--burn", "150"]);
    assert!(found.contains("period 5.51183206"), "{found}");
}

#[test]
fn a_branch_of_cycles_is_followed_through_its_pitchfork_and_around_its_saddle_node() {
    let home = Scratch::new(STUDY);
    let follow = ["limit-cycles", "study.toml", "--follow", "lambda=0.5:0.515:6", "-o", "branch"];
    let said = home.exits(0, &follow);
    assert!(said.contains("Pitchfork at lambda = 0.50775"), "{said}");
    for file in ["cycle.json", "branch.csv", "bifurcations.csv", "branch.svg", "branch.png", "manifest.json"]
    {
        assert!(home.path("branch").join(file).is_file(), "{file}");
    }
    let table = std::fs::read_to_string(home.path("branch/branch.csv")).expect("a table");
    assert!(table.starts_with("lambda,period,multiplier,stable,<Q(a)>.mean,<Q(a)>.amplitude,"), "{table}");
    let stable: Vec<bool> = table.lines().skip(1).map(|l| l.split(',').nth(3) == Some("true")).collect();
    assert!(stable[0] && !stable[stable.len() - 1] && stable.is_sorted_by(|a, b| a >= b), "{stable:?}");
    let said = home.exits(0, &["limit-cycles", "study.toml", "--follow", "lambda=0.63:0.6:16", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let nodes = json["branch"]["bifurcations"].as_array().expect("a list");
    assert!(nodes.iter().any(|b| b["kind"] == "saddle-node"), "{nodes:?}");
    let output = home.output(&["limit-cycles", "study.toml", "--follow", "lambda=0.5"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn exponents_add_up_to_the_divergence() {
    let home = Scratch::new(STUDY);
    let chaos = ["lyapunov", "study.toml", "--set", "parameters.lambda=0.6"];
    let found = home.exits(0, &chaos);
    assert!(found.contains("sum -2.06000") && found.contains("mean divergence -2.0600000000"), "{found}");
    // On the way to the limit cycle growth changes all the time.
    let found = home.exits(3, &["lyapunov", "study.toml", "--time", "400", "--burn", "100"]);
    assert!(found.contains("mean divergence -2.0600000000"), "{found}");
    assert!(found.contains("NOT CONVERGED"), "{found}");
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
    for file in ["lines.csv", "phases.svg", "phases.png", "phases.npz", "manifest.json", "study.toml"] {
        assert!(home.path("out/study-phases").join(file).is_file(), "{file}");
    }
}

#[cfg(unix)]
#[test]
fn a_stopped_phase_diagram_goes_on_to_the_same_bytes() {
    let home = Scratch::new(STUDY);
    // Twelve batches of sixteen points.
    let map = ["phases", "study.toml", "--x", "lambda=0.02:0.7:16", "--y", "gamma_up=0.2:1:12"];
    let times = ["--burn", "3000", "--window", "600", "--threads", "1"];
    let arguments = [&map[..], &times[..]].concat();
    home.exits(0, &[&arguments[..], &["-o", "whole"]].concat());
    let files = ["phases.csv", "phases.npz", "lines.csv", "phases.svg", "phases.png", "study.toml"];
    goes_on_to_the_same_bytes(
        &home,
        &[&arguments[..], &["-o", "out"]].concat(),
        ("out", "whole"),
        12,
        &files,
    );
}

#[test]
fn lines_of_the_maps_are_roots() {
    let home = Scratch::new(STUDY);
    let map = ["stability", "study.toml", "--x", "lambda=0.1:0.3:2", "--y", "gamma_up=0.5:0.9:2"];
    let told = home.exits(0, &map);
    assert!(told.contains("line 'normal state: pair': 2 points by root finding"), "{told}");
    let table = std::fs::read_to_string(home.path("out/study-stability/lines.csv")).expect("a table");
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|l| l.split(',').collect()).collect();
    // `NS_hopf_gup` of data/reference/mean_field_targets.json.
    for (row, [lambda, up]) in
        rows.iter().zip([[0.1, 0.692_284_877_655_980_7], [0.3, 0.733_773_103_267_159_6]])
    {
        let number = |k: usize| row[k].parse::<f64>().expect("a number");
        assert!((number(2) - lambda).abs() < 1e-12 && (number(3) - up).abs() < 1e-9, "{table}");
    }
    assert_eq!(rows.len(), 2, "{table}");
}

#[test]
fn maps_run_over_dotted_keys_and_without_cutoffs() {
    let home = Scratch::new(&STUDY.replace("cutoff = 4\n", ""));
    let axes = ["--x", "ensembles.T.frequency=0.8:1.2:2", "--y", "interactions.0.strength=0.2:0.6:2"];
    home.exits(0, &[&["stability", "study.toml", "--threads", "1"], &axes[..]].concat());
    let table = std::fs::read_to_string(home.path("out/study-stability/stability.csv")).expect("a table");
    let start: Vec<&str> = table.lines().skip(1).map(|l| &l[..11]).collect();
    assert_eq!(start, ["0.8,0.2,0,1", "0.8,0.6,1,0", "1.2,0.2,0,1", "1.2,0.6,1,1"], "{table}");
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
    refused(&map, "--x lamda=0:1:3: the study has no parameter 'lamda' (did you mean 'lambda'?)");
    let map = ["phases", "study.toml", "--x", "lambda=0:1:3", "--y", "lambda=0:1:3"];
    refused(&map, "'lambda' is swept twice");
    let map = ["stability", "study.toml", "--x", "lambda=0:1:3", "--y", "gamma_up=0:2:3"];
    refused(&map, "at lambda = 0, gamma_up = 2: ");
    refused(&map, "`rate` of channel 'emission' must be finite and >= 0, but is -1");
    let map = ["stability", "study.toml", "--x", "lambda=0.3", "--y", "gamma_up=0:1:3"];
    refused(&map, "the axis 'lambda' must hold at least two numbers");
}
