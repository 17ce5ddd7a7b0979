//! When approximate distributions fail, from outside: t_W against numbers of independent code, bounds, refusals; joint laws;
//! parts of a breakdown.

mod common;

use std::fs;
use std::path::Path;

use common::{Scratch, words};

/// The reference model on its limit cycle.
const MODEL: &str = r#"
title = "distributions test"
[parameters]
N = 2
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
"#;

const COMPARED: &str = r#"
[time]
step = 0.25
end = 40.0
[breakdown]
criteria = ["aa"]
moments = ["a", "n"]
[[breakdown.engines]]
engine = "exact"
values = [2]
[[breakdown.engines]]
engine = "truncated-wigner"
sampling = "gaussian"
samples = 12000
values = [2]
[[breakdown.engines]]
engine = "cumulant"
closure = "linear-noise"
values = [2, 100]
"#;

/// Rows of a table by heading.
fn table(folder: &Path, name: &str) -> Vec<std::collections::HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join(name)).expect("written");
    let headings = reader.headers().expect("a heading").clone();
    let row = |record: csv::StringRecord| {
        headings.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    reader.records().map(|record| row(record.expect("a row"))).collect()
}

#[test]
fn distributions_fail_when_independent_code_says_so() {
    let folder = Scratch::new(&format!("{MODEL}{COMPARED}"));
    let output = folder.output(&["breakdown", "study.toml", "-o", "out"]);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let rows = table(&folder.path("out"), "t_W.csv");
    let found = |series: &str, moment: &str, yardstick: &str| {
        let same = |r: &&std::collections::HashMap<String, String>| {
            r["series"].starts_with(series)
                && r["moment"] == moment
                && r["yardstick"] == yardstick
                && r["reading"] == "averaged"
        };
        rows.iter().find(same).unwrap_or_else(|| panic!("{series} {moment} {yardstick}: {rows:?}"))
    };
    let number = |row: &std::collections::HashMap<String, String>, key: &str| -> f64 {
        row[key].parse().unwrap_or_else(|_| panic!("{key}: {row:?}"))
    };
    // Independent code, Gaussian and sharp: 25.3(4) relative to the exact amplitude, which decays. It makes no allowance of two
    // standard errors, which delays ours a little: one half stands for that.
    let row = found("truncated-wigner", "a(a)", "reference");
    let (time, error) = (number(row, "t_W"), number(row, "standard_error"));
    assert_eq!(row["outcome"], "fails");
    assert!((time - 25.3).abs() < 3.0 * error.hypot(0.4) + 0.5, "{time} +- {error}");
    // On the scale of mean field quanta are never off by a tenth: a bound, as long as the samples can tell.
    let row = found("truncated-wigner", "n(a)", "mean-field");
    assert_eq!((row["outcome"].as_str(), row["samples_needed"].as_str()), ("holds", ""), "{row:?}");
    assert!(number(row, "t_W") > 36.0 && number(row, "largest_ratio") < 0.1, "{row:?}");
    // Linear noise does not deplete the amplitude at all, and has no samples.
    let row = found("cumulant linear-noise", "a(a)", "mean-field");
    assert_eq!(row["outcome"], "fails");
    assert!(row["standard_error"].is_empty() && number(row, "t_W") < time, "{row:?}");
    // No reference, no verdict.
    assert!(rows.iter().all(|r| r["N"] == "2"), "{rows:?}");
    assert!(words(&output).contains("When approximate distributions fail"), "{}", words(&output));
}

#[test]
fn too_few_samples_and_missing_references_are_told() {
    let short = COMPARED.replace("end = 40.0", "end = 30.0");
    let cases = [
        ("samples = 12000", "samples = 100", "128 samples or more have; there are 100"),
        ("engine = \"exact\"\nvalues = [2]", "engine = \"exact\"\nvalues = [3]", "no size at which"),
        ("moments = [\"a\", \"n\"]", "moments = [\"m\"]", "unknown moment 'm'; known: a(mode), n(mode)"),
    ];
    for (old, new, word) in cases {
        let folder = Scratch::new(&format!("{MODEL}{}", short.replace(old, new)));
        let output = folder.output(&["breakdown", "study.toml", "-o", "out"]);
        assert_eq!(output.status.code(), Some(2), "{new}: {}", words(&output));
        let told = words(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(word), "{new}: {told}");
        assert!(!folder.path("out").exists(), "{new}");
    }
    // Enough for errors, too few for a verdict: it says how many would do.
    let folder = Scratch::new(&format!("{MODEL}{}", short.replace("samples = 12000", "samples = 128")));
    let output = folder.output(&["breakdown", "study.toml", "-o", "out"]);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let rows = table(&folder.path("out"), "t_W.csv");
    let cut = rows.iter().find(|r| r["series"].starts_with("truncated") && !r["samples_needed"].is_empty());
    let needed: u64 = cut.unwrap_or_else(|| panic!("{rows:?}"))["samples_needed"].parse().expect("a number");
    assert!((129..1_000_000).contains(&needed), "{needed}");
}

/// Cumulants over many sizes.
const SIZES: &str = r#"
[time]
step = 0.2
end = "30 + round(60*N^0.45)"
[breakdown]
criteria = ["aa"]
[[breakdown.engines]]
engine = "cumulant"
closure = "sites"
values = [4, 8, 16, 32, 64, 128, 256]
[[breakdown.engines]]
engine = "exact"
values = [2]
"#;

#[test]
fn parts_of_a_breakdown_make_the_bytes_of_the_whole() {
    let folder = Scratch::new(&format!("{MODEL}{SIZES}"));
    folder.exits(0, &["breakdown", "study.toml", "-o", "whole", "--quiet"]);
    for part in ["0/3", "1/3", "2/3"] {
        let out = format!("part-{}", &part[..1]);
        folder.exits(0, &["breakdown", "study.toml", "--shard", part, "-o", &out, "--quiet"]);
    }
    folder.exits(0, &["merge", "part-2", "part-0", "part-1", "-o", "out", "--quiet"]);
    let files =
        ["t_E.csv", "summary.csv", "ratios.csv", "fit.json", "joint.json", "report.txt", "breakdown.svg"];
    for file in files {
        let read = |of: &str| fs::read(folder.path(of).join(file)).expect("written");
        assert!(read("out") == read("whole"), "{file}");
    }
    assert!(!folder.path("out.partial").exists());
    let output = folder.output(&["merge", "part-0", "part-1", "-o", "less"]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains("of 8 runs are in none of the parts"), "{}", words(&output));
    assert!(!folder.path("less").exists() && !folder.path("less.partial").exists());
    let output = folder.output(&["breakdown", "study.toml", "--shard", "3/3", "-o", "none"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(words(&output).contains("0 <= I < N"), "{}", words(&output));
}

#[test]
fn a_long_horizon_changes_no_time_that_is_read_from_averages() {
    let folder = Scratch::new(&format!("{MODEL}{SIZES}"));
    let values = "breakdown.engines.0.values=[16, 64, 2100]";
    let run = |out: &str, end: &str| {
        let set = format!("time.end={end}");
        let sets = ["--set", values, "--set", "breakdown.engines.0.closure=linear-noise", "--set", &set];
        folder.exits(0, &[&["breakdown", "study.toml", "-o", out, "--quiet"], &sets[..]].concat());
        let rows = table(&folder.path(out), "t_E.csv");
        let own = rows.into_iter().filter(|r| r["reading"] == "averaged" && r["series"].contains("linear"));
        own.map(|r| r["t_E"].parse().expect("a time")).collect::<Vec<f64>>()
    };
    // With a horizon of 119 periods all output times are kept; with 17000 of them those beyond 100 periods (576) stand in
    // windows, where the time at N = 2100 lies. Linear noise of independent code: 23.976, 54.224 at N = 16, 64.
    let (short, long) = (run("short", "685.0"), run("long", "1e5"));
    assert_eq!((short.len(), long.len()), (3, 3));
    for (a, b) in short.iter().zip(&long) {
        assert!((a / b - 1.0).abs() < 1e-3, "{a} {b}");
    }
    assert!(long[2] > 580.0 && short[2] < 680.0, "{short:?} {long:?}");
    assert!((long[0] - 23.976).abs() < 0.15 && (long[1] - 54.224).abs() < 0.2, "{long:?}");
}
