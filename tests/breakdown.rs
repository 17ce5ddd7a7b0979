//! The command `breakdown` and the engines of moment equations, from outside.

mod common;

use std::fs;
use std::path::Path;

#[cfg(unix)]
use common::{Scratch, points, to_its_error, words};

const MODEL: &str = r#"
title = "breakdown test"
[parameters]
N = 10
lambda = 0.2
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
rate = 0.9
[[channels]]
kind = "emission"
ensemble = "T"
rate = 0.1
"#;

const BREAKDOWN: &str = r#"
[time]
step = 0.1
end = "30 + round(60*N^0.45)"
[breakdown]
criteria = ["aa", "dev_a"]
[[breakdown.engines]]
engine = "cumulant"
closure = "sites"
values = [10, 30, 100]
[[breakdown.engines]]
engine = "exact"
values = [1, 2]
"#;

/// Rows of t_E.csv as (series, N, criterion, reading, outcome, t_E).
fn rows(folder: &Path) -> Vec<(String, f64, String, String, String, f64)> {
    let text = fs::read_to_string(folder.join("t_E.csv")).expect("written");
    let cell = |line: &str, k: usize| line.split(',').nth(k).expect("a cell").trim_matches('"').to_owned();
    text.lines()
        .skip(1)
        .map(|line| {
            let number = |k: usize| cell(line, k).parse().expect("a number");
            (cell(line, 0), number(1), cell(line, 2), cell(line, 3), cell(line, 4), number(5))
        })
        .collect()
}

#[test]
fn breakdown_times_of_cumulants_and_of_the_exact_engine() {
    let folder = Scratch::new(&format!("{MODEL}{BREAKDOWN}"));
    let output = folder.output(&["breakdown", "study.toml", "-o", "out"]);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let rows = rows(&folder.path("out"));
    let time = |series: &str, n: f64, reading: &str| {
        let found = rows.iter().find(|r| {
            r.0 == series && r.1 == n && r.2.starts_with("aa") && r.3 == reading && r.4 == "crossed"
        });
        found.unwrap_or_else(|| panic!("{series} at {n}: {rows:?}")).5
    };
    // Reference values of independent code (`data/reference/cumulant_targets.json`), of which the starting phase is not
    // known.
    assert!((time("cumulant sites", 10.0, "averaged") - 17.54).abs() < 0.02);
    assert!((time("cumulant sites", 100.0, "averaged") - 67.98).abs() < 0.15);
    assert!(time("exact", 1.0, "averaged") < time("exact", 2.0, "averaged"));
    for name in ["fit.json", "manifest.json", "report.txt", "study.toml", "breakdown.svg", "breakdown.png"] {
        assert!(folder.path("out").join(name).is_file(), "{name}");
    }
    let fits: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path("out/fit.json")).expect("written"))
            .expect("JSON");
    let of = |series: &str| {
        fits.as_array().expect("a list").iter().find(|f| f["series"] == series).expect("a fit")
    };
    assert_eq!(of("cumulant sites")["report"]["crossings"], 3);
    // Two sizes are no fit, and the report says so.
    assert_eq!(of("exact")["report"]["outcome"]["kind"], "no-fit");
    assert!(words(&output).contains("a fit needs at least three"), "{}", words(&output));
}

#[test]
fn a_threshold_that_is_never_reached_gives_lower_bounds() {
    let folder = Scratch::new(&format!("{MODEL}{BREAKDOWN}"));
    let sets =
        ["--set", "breakdown.threshold=1e6", "--set", "time.end=20", "--set", "breakdown.criteria=[\"aa\"]"];
    let output = folder.output(&[&["breakdown", "study.toml", "-o", "out"], &sets[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    assert!(rows(&folder.path("out")).iter().all(|r| r.4 == "never-crossed" && r.5 > 10.0));
    assert!(words(&output).contains("No fit"), "{}", words(&output));
}

#[test]
fn bad_plans_are_refused_with_their_place() {
    let cases = [
        ("criteria = [\"aa\", \"dev_a\"]", "criteria = [\"aaa\"]", "aaa"),
        ("engine = \"exact\"", "engine = \"exactly\"", "exact"),
        ("values = [1, 2]", "values = [2, 1]", "increasing"),
        ("closure = \"sites\"", "closure = \"site\"", "sites"),
        ("criteria = [\"aa\", \"dev_a\"]", "threshold = -1", "threshold"),
        ("criteria = [\"aa\", \"dev_a\"]", "parameter = \"M\"", "parameter"),
        ("criteria = [\"aa\", \"dev_a\"]", "treshold = 0.1", "threshold"),
    ];
    for (old, new, word) in cases {
        let folder = Scratch::new(&format!("{MODEL}{}", BREAKDOWN.replace(old, new)));
        let output = folder.output(&["breakdown", "study.toml", "-o", "out"]);
        assert_eq!(output.status.code(), Some(2), "{new}: {}", words(&output));
        assert!(words(&output).contains(word), "{new}: {}", words(&output));
        assert!(!folder.path("out").exists(), "{new}");
    }
    let folder = Scratch::new(&format!("{MODEL}[time]\nend = 1.0\npoints = 2\n"));
    let output = folder.output(&["breakdown", "study.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(words(&output).contains("[[breakdown.engines]]"), "{}", words(&output));
}

/// Last value of a column of observables.csv.
fn last(folder: &Path, column: &str) -> f64 {
    let text = fs::read_to_string(folder.join("observables.csv")).expect("written");
    let mut lines = text.lines();
    let position = lines.next().expect("a heading").split(',').position(|c| c == column).expect(column);
    lines.last().expect("a row").split(',').nth(position).expect("a cell").parse().expect("a number")
}

#[test]
fn one_study_runs_with_every_engine() {
    let study = format!("{MODEL}[time]\nend = 1.0\npoints = 11\n");
    let folder = Scratch::new(&study);
    let mut photons = Vec::new();
    for kind in ["exact", "cumulant", "mean-field"] {
        let (engine, output) = (format!("engine.kind={kind}"), format!("out-{kind}"));
        let sets = ["run", "study.toml", "-o", &output, "--set", "parameters.N=3", "--set", &engine];
        let observables = ["--set", "output.observables=[\"photons(a)\", \"amplitude(a)\", \"spin(T)\"]"];
        let result = folder.output(&[&sets[..], &observables[..]].concat());
        assert_eq!(result.status.code(), Some(0), "{kind}: {}", words(&result));
        photons.push(last(&folder.path(&output), "photons(a)"));
    }
    let [exact, cumulant, mean_field] = photons[..] else { unreachable!("three engines") };
    assert!((cumulant - exact).abs() < 0.02 * exact, "{photons:?}");
    assert!((mean_field - exact).abs() > (cumulant - exact).abs(), "{photons:?}");

    let observables = "output.observables=[\"photons(a)\"]";
    let sampled = |out: &str, threads: &str| {
        let sets = ["--set", "parameters.N=3", "--set", "engine.kind=trajectories", "--set", observables];
        let options = ["-o", out, "--threads", threads];
        let result = folder.output(&[&["run", "study.toml"], &options[..], &sets[..]].concat());
        assert_eq!(result.status.code(), Some(0), "{}", words(&result));
        fs::read_to_string(folder.path(out).join("observables.csv")).expect("written")
    };
    let table = sampled("sampled", "1");
    assert!(table == sampled("sampled-2", "2"), "the number of threads changes a number");
    let value = last(&folder.path("sampled"), "photons(a)");
    let error = last(&folder.path("sampled"), "photons(a).standard_error");
    assert!(error > 0.0 && (value - exact).abs() < 4.0 * error, "{value} +- {error}, exact {exact}");
    let manifest = fs::read_to_string(folder.path("sampled/manifest.json")).expect("written");
    assert!(manifest.contains("\"seed\": 1") && manifest.contains("\"method\": null"), "{manifest}");
}

#[test]
fn engines_refuse_by_name_what_they_cannot_measure() {
    let study = format!("{MODEL}[time]\nend = 1.0\npoints = 3\n[output]\nobservables = [\"purity\"]\n");
    let folder = Scratch::new(&study);
    for kind in ["cumulant", "mean-field"] {
        let engine = format!("engine.kind={kind}");
        let output = folder.output(&["run", "study.toml", "--set", &engine]);
        assert_eq!(output.status.code(), Some(2), "{}", words(&output));
        assert!(words(&output).contains("purity"), "{}", words(&output));
    }
    let output = folder.output(&["run", "study.toml", "--set", "engine.order=9"]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
}

#[cfg(unix)]
#[test]
fn a_killed_breakdown_goes_on_from_the_runs_that_are_finished() {
    // The last of the runs takes much longer than a poll.
    let slow = BREAKDOWN.replace("values = [1, 2]", "values = [1, 2, 3]");
    let folder = Scratch::new(&format!("{MODEL}{slow}"));
    let partial = folder.path("out.partial");
    let arguments = ["breakdown", "study.toml", "-o", "out", "--quiet", "--threads", "1"];
    folder.stopped(&arguments, "out.partial", 1, "-KILL");
    assert!((1..6).contains(&points(&partial).len()) && !folder.path("out").exists());

    let refused = folder.output(&["breakdown", "study.toml", "-o", "out"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(words(&refused).contains("--resume"), "{}", words(&refused));
    // Another version would repeat every run: it says so and leaves them.
    let version = partial.join("version");
    let of_this = fs::read(&version).expect("a version");
    fs::write(&version, "0.0.9 (older)").expect("written");
    let other = folder.output(&["breakdown", "study.toml", "-o", "out", "--resume"]);
    assert_eq!(other.status.code(), Some(2));
    let said = words(&other);
    assert!(
        said.contains("out.partial") && said.contains("0.0.9 (older)") && said.contains("--force"),
        "{said}"
    );
    assert!(!points(&partial).is_empty());
    fs::write(&version, of_this).expect("written");
    let resumed = folder.output(&["breakdown", "study.toml", "-o", "out", "--resume"]);
    assert_eq!(resumed.status.code(), Some(0), "{}", words(&resumed));
    assert!(!partial.exists());
    let whole = folder.output(&["breakdown", "study.toml", "-o", "whole"]);
    assert_eq!(whole.status.code(), Some(0), "{}", words(&whole));
    for file in ["t_E.csv", "fit.json"] {
        let read = |of: &str| fs::read(folder.path(of).join(file)).expect("written");
        assert!(read("out") == read("whole"), "{file}");
    }
}

#[test]
fn a_thousand_million_spins_are_a_size_like_any_other() {
    let study = format!("{MODEL}[time]\nend = 2\nstep = 0.5\n[engine]\nkind = \"cumulant\"\n");
    let folder = Scratch::new(&study);
    let run = |n: &str, out: &str| {
        let set = format!("parameters.N={n}");
        folder.output(&["run", "study.toml", "-o", out, "--quiet", "--set", &set])
    };
    let output = run("1e9", "large");
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let output = run("1e13", "refused");
    assert_eq!(output.status.code(), Some(2));
    assert!(words(&output).contains("an integer from 1 to 1e12"), "{}", words(&output));
}

const SAMPLED: &str = r#"
[time]
step = 0.2
end = "30 + round(60*N^0.45)"
[bounds]
top_population = 1e-3
[engine]
kind = "trajectories"
shown = 2
histograms = { "photons(a)" = [0, 9, 9] }
target_error = 0.1
target_observables = ["spin(S)"]
[breakdown]
criteria = ["aa"]
[[breakdown.engines]]
engine = "trajectories"
trajectories = 300
values = [2, 3]
[[breakdown.engines]]
engine = "exact"
values = [2, 3]
"#;

/// Columns of t_E.csv of a series, by heading.
fn column(folder: &Path, series: &str, reading: &str, heading: &str) -> Vec<f64> {
    let mut table = csv::Reader::from_path(folder.join("t_E.csv")).expect("written");
    let headings = table.headers().expect("a heading").clone();
    let place = |name: &str| headings.iter().position(|h| h == name).expect("a column");
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    let own = rows.iter().filter(|row| &row[place("series")] == series && &row[place("reading")] == reading);
    own.map(|row| row[place(heading)].parse().unwrap_or(f64::NAN)).collect()
}

#[test]
fn trajectories_find_the_exact_times_within_their_standard_errors() {
    let folder = Scratch::new(&format!("{MODEL}{SAMPLED}"));
    let output = folder.output(&["breakdown", "study.toml", "-o", "out"]);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let of = |series, heading| column(&folder.path("out"), series, "averaged", heading);
    let (found, errors) = (of("trajectories", "t_E"), of("trajectories", "standard_error"));
    let exact = of("exact", "t_E");
    assert!(of("exact", "standard_error").iter().all(|e| e.is_nan()), "the exact engine has no error");
    assert_eq!((found.len(), exact.len()), (2, 2));
    for ((time, error), exact) in found.iter().zip(&errors).zip(&exact) {
        assert!(*error > 0.005 * exact && *error < 0.08 * exact, "{error} of {exact}");
        assert!((time - exact).abs() < 3.5 * error, "{time} +- {error}, exact {exact}");
    }
    // t_E = 12.3(4): a value written to its error.
    let written = |line: &str| line.split_whitespace().any(to_its_error);
    assert!(words(&output).lines().any(written), "{}", words(&output));
    // Fits use the errors.
    let fits = fs::read_to_string(folder.path("out/fit.json")).expect("written");
    let fits: serde_json::Value = serde_json::from_str(&fits).expect("JSON");
    let own = fits
        .as_array()
        .expect("a list")
        .iter()
        .find(|f| f["series"] == "trajectories" && f["reading"] == "averaged");
    let used = &own.expect("a report")["report"]["used"][0]["standard_error"];
    assert!((used.as_f64().expect("an error") - errors[0]).abs() < 1e-12);
}

#[test]
fn sampling_goes_on_within_a_size() {
    let folder = Scratch::new(&format!("{MODEL}{}", SAMPLED.replace("values = [2, 3]", "values = [2]")));
    let arguments = ["breakdown", "study.toml", "-o", "out", "--quiet", "--threads", "1"];
    let mut child = folder.command(&arguments).spawn().expect("the program runs");
    // Ctrl-C at any time keeps what is done; most of the time goes into the trajectories, which come first.
    while !folder.path("out.partial").exists() && child.try_wait().expect("known").is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let running = child.try_wait().expect("known").is_none();
    if running {
        let sent = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        assert_eq!(child.wait().expect("ended").code(), Some(1));
        assert!(folder.path("out.partial").exists() && !folder.path("out").exists());
        folder.exits(0, &[&arguments[..], &["--resume"]].concat());
    }
    folder.exits(0, &["breakdown", "study.toml", "-o", "whole", "--threads", "2"]);
    for file in ["t_E.csv", "fit.json"] {
        let read = |of: &str| fs::read(folder.path(of).join(file)).expect("written");
        assert!(read("out") == read("whole"), "{file}");
    }
}
